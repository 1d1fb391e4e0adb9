//! Settings of drift, from what was typed.
//!
//! In: the options of the command, or the table of the configuration. Out: [`Settings`], or a diagnostic that names the
//! option and what it may be.

use std::collections::{BTreeMap, BTreeSet};

use super::args::Drift;
use crate::config::byte_size;
use crate::config::drift::{DriftConfig, DriftReportConfig};
use crate::diag::{Code, Diagnostic, visible};
use crate::drift::settings::{Bins, Correction, Every, Kind, Settings, TOGETHER};
use crate::gate::Pattern;
use crate::model::Method;

/// What was asked for, wherever it was typed.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// What stands before the name of an option.
    prefix: &'static str,
    bins: String,
    correction: String,
    share: f64,
    memory_limit: String,
    duplicates: bool,
    multivariate: bool,
    prediction: Option<String>,
    target: Option<String>,
    time: Option<String>,
    every: Option<String>,
    methods: Vec<String>,
    thresholds: Vec<String>,
    kinds: Vec<String>,
    importances: Vec<String>,
    exclude: Vec<String>,
    critical: Vec<String>,
    /// Whether the time column need not be there: summaries have it no more.
    merge: bool,
}

impl Asked {
    /// By the command's options.
    pub(super) fn typed(options: &Drift) -> Self {
        let o = options.clone();
        Self {
            prefix: "--",
            bins: o.bins,
            correction: o.correction,
            share: o.share,
            memory_limit: o.memory_limit,
            duplicates: o.duplicates,
            multivariate: o.multivariate,
            prediction: o.prediction,
            target: o.target,
            time: o.time,
            every: o.every,
            methods: o.methods,
            thresholds: o.thresholds,
            kinds: o.kinds,
            importances: o.importances,
            exclude: o.exclude,
            critical: o.critical,
            merge: o.merge,
        }
    }

    /// By the configuration.
    pub(super) fn configured(config: &DriftConfig, report: &DriftReportConfig) -> Self {
        let c = config.clone();
        let numbers = |map: BTreeMap<String, f64>| map.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        Self {
            prefix: "[drift] ",
            bins: c.bins.unwrap_or_else(|| "quantiles:10".to_owned()),
            correction: c.correction.unwrap_or_else(|| "holm".to_owned()),
            share: c.share.unwrap_or(0.5),
            memory_limit: c.memory_limit.unwrap_or_else(|| "2GB".to_owned()),
            duplicates: c.duplicates,
            multivariate: c.multivariate,
            prediction: c.prediction,
            target: c.target,
            time: report.time.clone(),
            every: report.every.clone(),
            methods: c.methods,
            thresholds: numbers(c.thresholds),
            kinds: c.kinds.into_iter().map(|(k, v)| format!("{k}={v}")).collect(),
            importances: numbers(c.importances),
            exclude: c.exclude,
            critical: Vec::new(),
            merge: false,
        }
    }

    fn wrong(&self, option: &str, value: &str, help: impl Into<String>) -> Box<Diagnostic> {
        let message = format!("{}{option} cannot be '{}'", self.prefix, visible(value, 80));
        Box::new(Diagnostic::new(Code::ConfigValue, message).help(help))
    }
}

/// What the options say. Patterns of columns are resolved against the columns that there are.
pub(super) fn settings(options: &Asked, columns: &BTreeSet<String>) -> Result<Settings, Box<Diagnostic>> {
    let names: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let known = |option: &str, typed: &str, column: &str| {
        if names.contains(column) {
            return Ok(());
        }
        let near = names.iter().map(|n| (strsim::damerau_levenshtein(n, column), n)).min();
        let near = near.filter(|(d, n)| *d <= n.len().max(column.len()) / 3);
        let help = near.map_or_else(
            || format!("no file has a column '{}'", visible(column, 80)),
            |(_, near)| format!("did you mean the column '{}'?", visible(near, 80)),
        );
        Err(options.wrong(option, typed, help))
    };
    let mut out = Settings {
        bins: bins(options, &options.bins)?,
        correction: match options.correction.as_str() {
            "holm" => Correction::Holm,
            "bh" => Correction::BenjaminiHochberg,
            "none" => Correction::None,
            other => return Err(options.wrong("correction", other, "use holm, bh or none")),
        },
        share: options.share,
        time: options.time.clone(),
        duplicates: options.duplicates,
        multivariate: options.multivariate,
        memory: byte_size(&options.memory_limit).filter(|n| *n >= 1 << 20).ok_or_else(|| {
            options.wrong("memory-limit", &options.memory_limit, "write a size of at least 1MB, like 500MB or 2GB")
        })?,
        ..Settings::default()
    };
    if !(out.share > 0.0 && out.share <= 1.0) {
        return Err(options.wrong("share", &options.share.to_string(), "a share is above 0 and at most 1"));
    }
    if let Some(text) = &options.every {
        let every = Every::parse(text)
            .ok_or_else(|| options.wrong("every", text, "write a whole number and m, h, d, w or mo: 1w"))?;
        out.every = Some(every);
    }
    if let Some(time) = &options.time {
        // Summaries have it no more.
        if !options.merge {
            known("time", time, time)?;
        }
    }
    for (option, name) in [("prediction", &options.prediction), ("target", &options.target)] {
        if let Some(name) = name {
            known(option, name, name)?;
        }
    }
    out.labels = match (&options.prediction, &options.target) {
        (Some(prediction), Some(target)) => Some((prediction.clone(), target.clone())),
        (None, None) => None,
        (Some(name), None) => return Err(options.wrong("prediction", name, "name the target as well")),
        (None, Some(name)) => return Err(options.wrong("target", name, "name the prediction as well")),
    };
    for typed in &options.kinds {
        let (column, kind) = split(typed).ok_or_else(|| options.wrong("kind", typed, "write COLUMN=KIND"))?;
        known("kind", typed, column)?;
        let kind = Kind::from_name(kind)
            .ok_or_else(|| options.wrong("kind", typed, "a kind is numeric, categorical, text or embedding"))?;
        out.columns.entry(column.to_owned()).or_default().kind = Some(kind);
    }
    for typed in &options.importances {
        let (column, number) = split(typed).ok_or_else(|| options.wrong("importance", typed, "write COLUMN=NUMBER"))?;
        known("importance", typed, column)?;
        let number: f64 = number
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite() && *n >= 0.0)
            .ok_or_else(|| options.wrong("importance", typed, "an importance is a number of 0 or more"))?;
        out.columns.entry(column.to_owned()).or_default().importance = Some(number);
    }
    for typed in &options.methods {
        match split(typed) {
            Some((column, name)) => {
                known("method", typed, column)?;
                let method = method(options, name, "method", typed)?;
                out.columns.entry(column.to_owned()).or_default().methods.push(method);
            }
            None => {
                let method = method(options, typed, "method", typed)?;
                for kind in Kind::ALL.iter().filter(|k| k.methods().contains(&method)) {
                    out.methods.entry(*kind).or_default().push(method);
                }
            }
        }
    }
    for typed in &options.thresholds {
        let (target, number) = split(typed)
            .ok_or_else(|| options.wrong("threshold", typed, "write METHOD=NUMBER or COLUMN:METHOD=NUMBER"))?;
        let number: f64 = number
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite() && *n > 0.0)
            .ok_or_else(|| options.wrong("threshold", typed, "a threshold is a number above 0"))?;
        match target.rsplit_once(':') {
            Some((column, name)) => {
                known("threshold", typed, column)?;
                let method = method(options, name, "threshold", typed)?;
                out.columns.entry(column.to_owned()).or_default().thresholds.insert(method, number);
            }
            None => {
                out.thresholds.insert(method(options, target, "threshold", typed)?, number);
            }
        }
    }
    for typed in &options.exclude {
        let pattern = Pattern::name(typed).map_err(|why| options.wrong("exclude", typed, why))?;
        out.exclude.extend(names.iter().filter(|n| **n == typed || pattern.matches(n)).map(|n| (*n).to_owned()));
    }
    for typed in &options.critical {
        if !(out.multivariate && typed == TOGETHER) {
            known("critical", typed, typed)?;
        }
        if out.exclude.contains(typed) {
            return Err(options.wrong("critical", typed, "the column is excluded"));
        }
    }
    Ok(out)
}

/// `NAME=VALUE` at the last `=`: names of columns may hold one.
fn split(typed: &str) -> Option<(&str, &str)> {
    typed.rsplit_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

fn method(options: &Asked, name: &str, option: &str, typed: &str) -> Result<Method, Box<Diagnostic>> {
    let usable = |m: &Method| Kind::ALL.iter().any(|k| k.methods().contains(m));
    Method::from_name(name).filter(usable).ok_or_else(|| {
        let names: Vec<&str> = Method::ALL.iter().filter(|m| usable(m)).map(|m| m.as_str()).collect();
        options.wrong(option, typed, format!("methods: {}", names.join(", ")))
    })
}

fn bins(options: &Asked, text: &str) -> Result<Bins, Box<Diagnostic>> {
    let number = |n: &str| n.parse::<usize>().ok().filter(|n| (2..=1_000).contains(n));
    let found = match text.split_once(':') {
        Some(("quantiles", n)) => number(n).map(Bins::Quantiles),
        Some(("fixed", n)) => number(n).map(Bins::Fixed),
        None if text == "evidently" => Some(Bins::Evidently),
        _ => None,
    };
    found.ok_or_else(|| options.wrong("bins", text, "use quantiles:N, fixed:N with 2 to 1000 bins, or evidently"))
}
