//! `dvc.yaml`: which files are metrics, params, plots, outputs and artifacts.
//!
//! In: the parsed file and a way to load the values its templates may use. Out: paths relative to the folder of
//! the file, stages' `wdir` applied. `foreach` and `matrix` stages are unrolled; a `${…}` that
//! cannot be filled is a finding. It reads no file itself.

use std::sync::Arc;

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
    /// Its name, which GTO's tags use.
    pub(crate) name: String,
    /// Its path.
    pub(crate) path: String,
    /// Its type (`model`).
    pub(crate) kind: Option<String>,
    /// What it is, for people.
    pub(crate) description: Option<String>,
    /// Words to find it by.
    pub(crate) labels: Vec<String>,
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

/// Files that templates may use: reads one of the project by its path, or says that it is not there.
pub(crate) type Load<'a> = &'a mut dyn FnMut(&str) -> Option<Datum>;

/// For whoever only wants to know what kind of file it is: no file is there.
pub(crate) fn no_files(_: &str) -> Option<Datum> {
    None
}

/// Values that `${…}` may name.
#[derive(Clone, Default)]
struct Scope {
    /// `params.yaml` and `vars`; those of a stage first.
    globals: Vec<Arc<Datum>>,
    /// `item` and `key` of a turn.
    local: Turn,
}

impl Scope {
    /// The value of a dotted or bracketed name: `models.0`, `models[0]`. Maps of several files are one
    /// map to DVC, so each is asked for the whole name.
    fn look_up(&self, name: &str) -> Option<&Datum> {
        let name = name.trim().replace('[', ".").replace(']', "");
        let (first, rest) = name.split_once('.').map_or((name.as_str(), ""), |(f, r)| (f, r));
        let descend = |start| {
            rest.split('.').filter(|p| !p.is_empty()).try_fold(start, |value: &Datum, part| match value {
                Datum::List(items) => items.get(part.parse::<usize>().ok()?),
                value => value.get(part),
            })
        };
        match self.local.iter().find(|(k, _)| *k == first) {
            Some((_, value)) => descend(value),
            None => self.globals.iter().find_map(|g| descend(g.get(first)?)),
        }
    }

    /// The scope with the `vars` of a list: maps, or files as `PATH` or `PATH:KEY,KEY`.
    fn with_vars(mut self, vars: Option<&Datum>, folder: &str, load: Load<'_>, missing: &mut Vec<String>) -> Self {
        for entry in vars.and_then(Datum::items).unwrap_or_default() {
            match entry {
                Datum::Text(text) => {
                    let (path, keys) = text.split_once(':').map_or((text.as_str(), None), |(p, k)| (p, Some(k)));
                    match resolve(folder, path).and_then(|p| load(&p)) {
                        Some(Datum::Map(mut entries)) => {
                            if let Some(keys) = keys {
                                entries.retain(|(k, _)| keys.split(',').any(|wanted| wanted == k));
                            }
                            self.globals.insert(0, Arc::new(Datum::Map(entries)));
                        }
                        _ => missing.push(text.clone()),
                    }
                }
                values => self.globals.insert(0, Arc::new(values.clone())),
            }
        }
        self
    }
}

/// Reads a `dvc.yaml`; `load` reads the files whose values its templates may use.
pub(crate) fn read(value: &Datum, load: Load<'_>) -> Pipeline {
    let mut out = Pipeline::default();
    let mut missing = Vec::new();
    let scope = Scope { globals: load("params.yaml").into_iter().map(Arc::new).collect(), local: Vec::new() };
    let scope = scope.with_vars(value.get("vars"), "", load, &mut missing);
    let mut turns = 0;
    for (name, stage) in value.get("stages").and_then(Datum::entries).unwrap_or_default() {
        out.stages.push(name.clone());
        let bodies = unroll(stage, &scope);
        if bodies.is_none() {
            out.problems.push(
                Diagnostic::new(
                    Code::FieldInvalid,
                    format!("stage '{}' is made for values that are not in params.yaml or vars", visible(name, 80)),
                )
                .severity(Severity::Note)
                .help("its metrics and plots are not read; write its foreach or matrix out"),
            );
        }
        let bodies = bodies.unwrap_or_default();
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
        for Unrolled { body, key, local } in bodies.into_iter().take(left) {
            let name = key.map_or_else(|| name.clone(), |key| format!("{name}@{key}"));
            out.stage(&name, body, Scope { globals: scope.globals.clone(), local }, load, &mut missing);
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
    for (name, artifact) in value.get("artifacts").and_then(Datum::entries).unwrap_or_default() {
        if let Some(path) = artifact.get("path").and_then(Datum::as_str).and_then(|p| out.fill(p, &scope)) {
            let path = resolve("", &path).unwrap_or(path);
            let text = |key: &str| artifact.get(key).and_then(Datum::as_str).map(str::to_owned);
            let labels = artifact.get("labels").and_then(Datum::items).unwrap_or_default();
            out.artifacts.push(Declared {
                name: name.clone(),
                path,
                kind: text("type"),
                description: text("desc"),
                labels: labels.iter().filter_map(Datum::as_str).map(str::to_owned).collect(),
            });
        }
    }
    missing.sort();
    missing.dedup();
    out.problems.extend(missing.into_iter().map(|file| {
        Diagnostic::new(Code::FieldInvalid, format!("the file of values '{}' cannot be used", visible(&file, 200)))
            .severity(Severity::Note)
            .help("paths that use its values are not read as metrics or plots")
    }));
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

/// Whether a value is a short list of small ones, or small itself.
fn is_light(value: &Datum) -> bool {
    is_small(value) || value.items().is_some_and(|i| i.len() <= 100 && i.iter().all(is_small))
}

/// Values of a turn.
type Turn = Vec<(&'static str, Datum)>;

/// One turn of a stage.
struct Unrolled<'a> {
    body: &'a Datum,
    /// What DVC puts behind the stage's name, when that is simple.
    key: Option<String>,
    local: Turn,
}

/// A value as DVC writes it into text.
fn written(value: &Datum) -> String {
    match value {
        Datum::Null => "None".to_owned(),
        value => value.display(),
    }
}

/// A value with its templates filled, those of its members as well; what cannot be filled is nothing.
fn filled(value: &Datum, scope: &Scope, depth: usize) -> Option<Datum> {
    match value {
        Datum::Text(text) => {
            let name = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).filter(|n| !n.contains('}'));
            match name {
                // The whole may be of any size, but what stands in many places must be light.
                Some(name) => scope.look_up(name).filter(|v| depth == 0 || is_light(v)).cloned(),
                None => fill(text, scope).map(Datum::Text),
            }
        }
        Datum::List(items) if depth < 8 => {
            items.iter().take(MOST_TURNS).map(|v| filled(v, scope, depth + 1)).collect::<Option<_>>().map(Datum::List)
        }
        Datum::Map(entries) if depth < 8 => entries
            .iter()
            .take(MOST_TURNS)
            .map(|(k, v)| Some((fill(k, scope)?, filled(v, scope, depth + 1)?)))
            .collect::<Option<_>>()
            .map(Datum::Map),
        other => Some(other.clone()),
    }
}

/// Text with its templates filled; nothing when one names nothing, or a list or map. `\${` is text.
fn fill(text: &str, scope: &Scope) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('\\') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let (name, after) = after.split_once('}')?;
        let value = scope.look_up(name)?;
        if value.items().is_some() || value.entries().is_some() {
            return None;
        }
        out.push_str(&written(value));
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// The stage itself, or its body for each turn of `foreach` or `matrix`; nothing when what it is to
/// be made for is not known.
fn unroll<'a>(stage: &'a Datum, scope: &Scope) -> Option<Vec<Unrolled<'a>>> {
    let scalar = |d: &Datum| d.items().is_none() && d.entries().is_none();
    if let (Some(each), Some(body)) = (stage.get("foreach"), stage.get("do")) {
        let turn = |key: String, mut local: Turn, item: Datum| {
            local.push(("item", item));
            Unrolled { body, key: Some(key), local }
        };
        return match filled(each, scope, 0)? {
            Datum::List(items) => {
                let simple = items.iter().all(scalar);
                let items = items.into_iter().take(MOST_TURNS).enumerate();
                let key = |at: usize, item: &Datum| if simple { written(item) } else { at.to_string() };
                Some(items.map(|(at, item)| turn(key(at, &item), Vec::new(), item)).collect())
            }
            Datum::Map(entries) => Some(
                entries
                    .into_iter()
                    .take(MOST_TURNS)
                    .map(|(key, item)| turn(key.clone(), vec![("key", Datum::Text(key))], item))
                    .collect(),
            ),
            _ => None,
        };
    }
    let Some(matrix) = stage.get("matrix") else {
        return Some(vec![Unrolled { body: stage, key: None, local: Vec::new() }]);
    };
    let Datum::Map(axes) = filled(matrix, scope, 0)? else { return None };
    let mut turns: Vec<Vec<(String, Datum)>> = vec![Vec::new()];
    for (axis, values) in &axes {
        let values = values.items()?;
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
    Some(
        turns
            .into_iter()
            .map(|turn| {
                let simple = turn.iter().all(|(_, v)| scalar(v));
                let key = simple.then(|| turn.iter().map(|(_, v)| written(v)).collect::<Vec<_>>().join("-"));
                let name = key.clone().map(|k| ("key", Datum::Text(k)));
                let local = [("item", Datum::Map(turn))].into_iter().chain(name).collect();
                Unrolled { body: stage, key, local }
            })
            .collect(),
    )
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
        let out = fill(text, scope);
        if out.is_none() {
            self.problems.push(
                Diagnostic::new(
                    Code::FieldInvalid,
                    format!("the path '{}' uses a value that is not in params.yaml or vars", visible(text, 200)),
                )
                .severity(Severity::Note)
                .help("the file it names is not read as a metric or plot; write its path out"),
            );
        }
        out
    }

    fn add_path(&mut self, folder: &str, path: &str, scope: &Scope, to: impl Fn(&mut Self) -> &mut IndexSet<String>) {
        let Some(path) = self.fill(path, scope).and_then(|p| resolve(folder, &p)) else { return };
        to(self).insert(path);
    }

    fn stage(&mut self, name: &str, body: &Datum, scope: Scope, load: Load<'_>, missing: &mut Vec<String>) {
        let wdir = body.get("wdir").and_then(Datum::as_str).unwrap_or("");
        let wdir = self.fill(wdir, &scope).and_then(|w| resolve("", &w)).unwrap_or_default();
        let scope = &scope.with_vars(body.get("vars"), &wdir, load, missing);
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
