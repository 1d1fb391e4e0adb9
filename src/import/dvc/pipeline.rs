//! `dvc.yaml`: which files are metrics, params, plots, outputs and artifacts.
//!
//! In: the parsed file and the values its templates may use. Out: paths relative to the folder of
//! the file, stages' `wdir` applied. `foreach` and `matrix` stages are unrolled; a `${…}` that
//! cannot be filled is a finding. It reads no file itself.

use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::Datum;

/// More stages than this do not come out of one `foreach` or `matrix`.
const MOST_STAGES: usize = 1_000;

/// How a plot is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlotSpec {
    /// Column of the horizontal axis.
    pub(crate) x: Option<String>,
    /// Columns of the vertical axis; empty when not said.
    pub(crate) y: Vec<String>,
    /// DVC's template: `linear`, `confusion`, `bar_horizontal`, …
    pub(crate) template: Option<String>,
}

/// An entry of `artifacts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Its path.
    pub(crate) path: String,
    /// Its type (`model`).
    pub(crate) kind: Option<String>,
}

/// What a `dvc.yaml` declares; paths relative to its folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipeline {
    /// Names of the stages.
    pub(crate) stages: Vec<String>,
    /// Files or folders of metrics.
    pub(crate) metrics: Vec<String>,
    /// Files or folders of plots, in the order of the file.
    pub(crate) plots: Vec<(String, PlotSpec)>,
    /// Files of params beside `params.yaml`.
    pub(crate) params: Vec<String>,
    /// Other outputs of stages.
    pub(crate) outs: Vec<String>,
    /// Named artifacts.
    pub(crate) artifacts: Vec<Declared>,
    /// Working folders of stages that have one.
    pub(crate) wdirs: Vec<(String, String)>,
    /// Findings, without a path.
    pub(crate) problems: Vec<Diagnostic>,
}

/// Whether a parsed file has anything that only a `dvc.yaml` has.
pub(crate) fn is_pipeline(value: &Datum) -> bool {
    ["stages", "metrics", "plots", "params", "artifacts", "datasets"]
        .iter()
        .any(|k| value.get(k).is_some_and(|v| !matches!(v, Datum::Null)))
}

/// A path with `.` and `..` resolved against a folder; nothing when it is absolute, an address, or
/// leaves the project.
pub(crate) fn resolve(folder: &str, path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') || path.contains("://") || path.chars().nth(1) == Some(':') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Values that `${…}` may name, the innermost last.
type Scope = Vec<(String, Datum)>;

/// Reads a `dvc.yaml`. `vars` are the values of `params.yaml`.
pub(crate) fn read(value: &Datum, vars: &Datum) -> Pipeline {
    let mut out = Pipeline::default();
    let mut globals: Scope = vars.entries().unwrap_or_default().to_vec();
    for var in value.get("vars").and_then(Datum::items).unwrap_or_default() {
        globals.extend(var.entries().unwrap_or_default().iter().cloned());
    }
    for (name, stage) in value.get("stages").and_then(Datum::entries).unwrap_or_default() {
        out.stages.push(name.clone());
        for (body, scope) in unroll(stage, &globals) {
            out.stage(name, body, &scope);
        }
    }
    let scope = globals;
    for path in list(value.get("metrics")).filter_map(|entry| key(entry).0) {
        out.add_path("", path, &scope, |p| &mut p.metrics);
    }
    for entry in list(value.get("params")) {
        if let (Some(path), _) = key(entry) {
            out.add_path("", path, &scope, |p| &mut p.params);
        }
    }
    let plots = value.get("plots");
    for (name, options) in list(plots).map(key).chain(named(plots)) {
        if let Some(name) = name {
            out.top_level_plot(name, options, &scope);
        }
    }
    for (_, artifact) in value.get("artifacts").and_then(Datum::entries).unwrap_or_default() {
        if let Some(path) = artifact.get("path").and_then(Datum::as_str).and_then(|p| out.fill(p, &scope)) {
            let path = resolve("", &path).unwrap_or(path);
            let kind = artifact.get("type").and_then(Datum::as_str).map(str::to_owned);
            out.artifacts.push(Declared { path, kind });
        }
    }
    out
}

/// The items of a list, or a single text.
fn list(value: Option<&Datum>) -> impl Iterator<Item = &Datum> {
    let (items, single) = match value {
        Some(Datum::List(items)) => (items.as_slice(), None),
        Some(text @ Datum::Text(_)) => (&[][..], Some(text)),
        _ => (&[][..], None),
    };
    items.iter().chain(single)
}

/// The members of a map.
fn named(value: Option<&Datum>) -> impl Iterator<Item = (Option<&str>, Option<&Datum>)> {
    value.and_then(Datum::entries).unwrap_or_default().iter().map(|(k, v)| (Some(k.as_str()), Some(v)))
}

/// `path` or `{path: options}`.
fn key(entry: &Datum) -> (Option<&str>, Option<&Datum>) {
    match entry {
        Datum::Text(path) => (Some(path), None),
        Datum::Map(entries) => entries.first().map_or((None, None), |(k, v)| (Some(k), Some(v))),
        _ => (None, None),
    }
}

/// The stage itself, or one body for each turn of its `foreach` or `matrix`.
fn unroll<'a>(stage: &'a Datum, globals: &Scope) -> Vec<(&'a Datum, Scope)> {
    let with = |extra: Vec<(String, Datum)>| {
        let mut scope = globals.clone();
        scope.extend(extra);
        scope
    };
    // Lists and maps may be named by a template too.
    let named = |value: &Datum| match value.as_str() {
        Some(text) => text
            .strip_prefix("${")
            .and_then(|t| t.strip_suffix('}'))
            .and_then(|name| look_up(globals, name.trim()))
            .cloned(),
        None => Some(value.clone()),
    };
    if let (Some(each), Some(body)) = (stage.get("foreach"), stage.get("do")) {
        return match named(each) {
            Some(Datum::List(items)) => {
                items.into_iter().take(MOST_STAGES).map(|item| (body, with(vec![("item".to_owned(), item)]))).collect()
            }
            Some(Datum::Map(entries)) => entries
                .into_iter()
                .take(MOST_STAGES)
                .map(|(key, item)| (body, with(vec![("key".to_owned(), Datum::Text(key)), ("item".to_owned(), item)])))
                .collect(),
            _ => Vec::new(),
        };
    }
    let Some(axes) = stage.get("matrix").and_then(Datum::entries) else {
        return vec![(stage, globals.clone())];
    };
    let mut turns: Vec<Vec<(String, Datum)>> = vec![Vec::new()];
    for (axis, values) in axes {
        let Some(Datum::List(values)) = named(values) else { continue };
        turns = turns
            .iter()
            .flat_map(|turn| {
                values.iter().map(move |v| turn.iter().cloned().chain([(axis.clone(), v.clone())]).collect())
            })
            .take(MOST_STAGES)
            .collect();
    }
    turns.into_iter().map(|turn| (stage, with(vec![("item".to_owned(), Datum::Map(turn))]))).collect()
}

fn look_up<'a>(scope: &'a Scope, name: &str) -> Option<&'a Datum> {
    let mut parts = name.split('.');
    let first = parts.next()?;
    let (_, start) = scope.iter().rev().find(|(k, _)| k == first)?;
    parts.try_fold(start, |value, part| value.get(part))
}

impl Pipeline {
    /// Whether nothing is declared but what lies in folders for which `inside` holds.
    pub(crate) fn speaks_only_of(&self, inside: impl Fn(&str) -> bool) -> bool {
        let mut paths =
            self.metrics.iter().chain(&self.params).chain(self.plots.iter().map(|(path, _)| path)).peekable();
        self.stages.is_empty() && paths.peek().is_some() && paths.all(|p| inside(p))
    }

    /// Fills templates; a finding when one names nothing.
    fn fill(&mut self, text: &str, scope: &Scope) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let value =
                after.split_once('}').and_then(|(name, after)| look_up(scope, name.trim()).map(|value| (value, after)));
            let Some((value, after)) = value else {
                self.problems.push(
                    Diagnostic::new(
                        Code::FieldInvalid,
                        format!("the path '{}' uses a value that is not in params.yaml or vars", visible(text, 200)),
                    )
                    .severity(Severity::Note)
                    .help("the file it names is not read as a metric or plot; write its path out"),
                );
                return None;
            };
            out.push_str(&value.display());
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    fn add_path(&mut self, folder: &str, path: &str, scope: &Scope, to: impl Fn(&mut Self) -> &mut Vec<String>) {
        let Some(path) = self.fill(path, scope).and_then(|p| resolve(folder, &p)) else { return };
        let list = to(self);
        if !list.contains(&path) {
            list.push(path);
        }
    }

    fn stage(&mut self, name: &str, body: &Datum, scope: &Scope) {
        let wdir = body.get("wdir").and_then(Datum::as_str).unwrap_or("");
        let wdir = self.fill(wdir, scope).and_then(|w| resolve("", &w)).unwrap_or_default();
        if !wdir.is_empty() {
            self.wdirs.push((name.to_owned(), wdir.clone()));
        }
        for path in list(body.get("metrics")).filter_map(|e| key(e).0) {
            self.add_path(&wdir, path, scope, |p| &mut p.metrics);
        }
        for path in list(body.get("outs")).filter_map(|e| key(e).0) {
            self.add_path(&wdir, path, scope, |p| &mut p.outs);
        }
        for entry in list(body.get("params")) {
            // A plain text is a key of params.yaml; `{file: keys}` names another file.
            if let (Some(path), Some(_)) = key(entry) {
                self.add_path(&wdir, path, scope, |p| &mut p.params);
            }
        }
        for (path, options) in list(body.get("plots")).map(key) {
            let Some(path) = path.and_then(|p| self.fill(p, scope)).and_then(|p| resolve(&wdir, &p)) else { continue };
            self.plots.push((path, spec(options)));
        }
    }

    /// A top-level plot: a path, or a name whose `y` (or `x`) maps files to columns.
    fn top_level_plot(&mut self, name: &str, options: Option<&Datum>, scope: &Scope) {
        let base = spec(options);
        let files = |axis: &str| options.and_then(|o| o.get(axis)).and_then(Datum::entries).unwrap_or_default();
        let (xs, ys) = (files("x"), files("y"));
        if xs.is_empty() && ys.is_empty() {
            if let Some(path) = self.fill(name, scope).and_then(|p| resolve("", &p)) {
                self.plots.push((path, base));
            }
            return;
        }
        let x_of = |file: &str| match xs {
            [] => base.x.clone(),
            [(_, only)] => columns(only).into_iter().next(),
            many => many.iter().find(|(f, _)| f == file).and_then(|(_, c)| columns(c).into_iter().next()),
        };
        for (file, column) in if ys.is_empty() { xs } else { ys } {
            let y = if ys.is_empty() { base.y.clone() } else { columns(column) };
            let spec = PlotSpec { x: x_of(file), y, template: base.template.clone() };
            if let Some(path) = self.fill(file, scope).and_then(|p| resolve("", &p)) {
                self.plots.push((path, spec));
            }
        }
    }
}

/// One column or a list of columns.
fn columns(value: &Datum) -> Vec<String> {
    match value {
        Datum::Text(column) => vec![column.clone()],
        Datum::List(columns) => columns.iter().filter_map(Datum::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn spec(options: Option<&Datum>) -> PlotSpec {
    let axis = |key: &str| options.and_then(|o| o.get(key)).map(columns).unwrap_or_default();
    PlotSpec {
        x: axis("x").into_iter().next(),
        y: axis("y"),
        template: options.and_then(|o| o.get("template")).and_then(Datum::as_str).map(str::to_owned),
    }
}
