//! `dvc.yaml`: which files are metrics, params, plots, outputs and artifacts.
//!
//! In: the parsed file and the values its templates may use. Out: paths relative to the folder of
//! the file, stages' `wdir` applied. `foreach` and `matrix` stages are unrolled; a `${…}` that
//! cannot be filled is a finding. It reads no file itself.

use indexmap::IndexSet;

use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::Datum;

/// More turns than this are not made of one `foreach` or `matrix`.
const MOST_TURNS: usize = 1_000;
/// More turns than this are not made in all.
const MOST_TURNS_IN_ALL: usize = 10_000;

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
    pub(crate) metrics: IndexSet<String>,
    /// Files or folders of plots, in the order of the file.
    pub(crate) plots: Vec<(String, PlotSpec)>,
    /// Files of params beside `params.yaml`.
    pub(crate) params: IndexSet<String>,
    /// Other outputs of stages.
    pub(crate) outs: IndexSet<String>,
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

/// Values that `${…}` may name.
struct Scope<'a> {
    /// `params.yaml` and `vars`, later ones first.
    globals: &'a [&'a Datum],
    /// `item` and `key` of a turn.
    local: Vec<(&'static str, Datum)>,
}

impl Scope<'_> {
    fn look_up(&self, name: &str) -> Option<&Datum> {
        let mut parts = name.split('.');
        let first = parts.next()?;
        let local = self.local.iter().find(|(k, _)| *k == first).map(|(_, v)| v);
        let start = local.or_else(|| self.globals.iter().find_map(|g| g.get(first)))?;
        parts.try_fold(start, |value, part| value.get(part))
    }
}

/// Reads a `dvc.yaml`. `vars` are the values of `params.yaml`.
pub(crate) fn read(value: &Datum, vars: &Datum) -> Pipeline {
    let mut out = Pipeline::default();
    let mut globals: Vec<&Datum> = value.get("vars").and_then(Datum::items).unwrap_or_default().iter().rev().collect();
    globals.push(vars);
    let scope = Scope { globals: &globals, local: Vec::new() };
    let mut turns = 0;
    for (name, stage) in value.get("stages").and_then(Datum::entries).unwrap_or_default() {
        out.stages.push(name.clone());
        let bodies = unroll(stage, &scope);
        if bodies.len() == MOST_TURNS || turns + bodies.len() > MOST_TURNS_IN_ALL {
            out.problems.push(
                Diagnostic::new(
                    Code::FieldInvalid,
                    format!("stage '{}' has more turns than are unrolled", visible(name, 80)),
                )
                .help("metrics and plots of the turns after the first thousand are not read"),
            );
        }
        let left = MOST_TURNS_IN_ALL.saturating_sub(turns);
        turns += bodies.len();
        for (body, local) in bodies.into_iter().take(left) {
            out.stage(name, body, &Scope { globals: &globals, local });
        }
    }
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

/// Whether a value is light enough to be copied for every turn: a scalar, or a few of them.
fn is_small(value: &Datum) -> bool {
    let scalar = |d: &Datum| d.items().is_none() && d.entries().is_none();
    scalar(value)
        || value.items().is_some_and(|i| i.len() <= 32 && i.iter().all(scalar))
        || value.entries().is_some_and(|e| e.len() <= 32 && e.iter().all(|(_, v)| scalar(v)))
}

/// Values of a turn.
type Turn = Vec<(&'static str, Datum)>;

/// The stage itself, or its body for each turn of `foreach` or `matrix`.
fn unroll<'a>(stage: &'a Datum, scope: &'a Scope<'a>) -> Vec<(&'a Datum, Turn)> {
    // Lists and maps may be named by a template, too.
    let meant = |value: &'a Datum| match value.as_str() {
        Some(text) => {
            let name = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
            name.and_then(|name| scope.look_up(name.trim()))
        }
        None => Some(value),
    };
    if let (Some(each), Some(body)) = (stage.get("foreach"), stage.get("do")) {
        return match meant(each) {
            Some(Datum::List(items)) => {
                items.iter().take(MOST_TURNS).map(|item| (body, vec![("item", item.clone())])).collect()
            }
            Some(Datum::Map(entries)) => entries
                .iter()
                .take(MOST_TURNS)
                .map(|(key, item)| (body, vec![("key", Datum::Text(key.clone())), ("item", item.clone())]))
                .collect(),
            _ => Vec::new(),
        };
    }
    let Some(axes) = stage.get("matrix").and_then(Datum::entries) else { return vec![(stage, Vec::new())] };
    let mut turns: Vec<Vec<(String, Datum)>> = vec![Vec::new()];
    for (axis, values) in axes {
        let Some(values) = meant(values).and_then(Datum::items) else { continue };
        turns = turns
            .iter()
            .flat_map(|turn| {
                values
                    .iter()
                    .filter(|v| is_small(v))
                    .map(move |v| turn.iter().cloned().chain([(axis.clone(), v.clone())]).collect())
            })
            .take(MOST_TURNS)
            .collect();
    }
    turns.into_iter().map(|turn| (stage, vec![("item", Datum::Map(turn))])).collect()
}

impl Pipeline {
    /// Whether nothing is declared but what lies in folders for which `inside` holds.
    pub(crate) fn speaks_only_of(&self, inside: impl Fn(&str) -> bool) -> bool {
        let mut paths =
            self.metrics.iter().chain(&self.params).chain(self.plots.iter().map(|(path, _)| path)).peekable();
        self.stages.is_empty() && paths.peek().is_some() && paths.all(|p| inside(p))
    }

    /// Fills templates; a finding when one names nothing.
    fn fill(&mut self, text: &str, scope: &Scope<'_>) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let value =
                after.split_once('}').and_then(|(name, after)| scope.look_up(name.trim()).map(|value| (value, after)));
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

    fn add_path(
        &mut self,
        folder: &str,
        path: &str,
        scope: &Scope<'_>,
        to: impl Fn(&mut Self) -> &mut IndexSet<String>,
    ) {
        let Some(path) = self.fill(path, scope).and_then(|p| resolve(folder, &p)) else { return };
        to(self).insert(path);
    }

    fn stage(&mut self, name: &str, body: &Datum, scope: &Scope<'_>) {
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
    fn top_level_plot(&mut self, name: &str, options: Option<&Datum>, scope: &Scope<'_>) {
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
