//! `metrics.json` and `metrics.toml`: the flat, the nested and the full form.
//!
//! In: a file. Out: results, and values that are no numbers as rejected. Flat: `{"auc": 0.91}`.
//! Nested: a table per dataset, with `slices` and `classes` as tables of such tables and `n` for the
//! number of examples behind the values beside it. Full: a list of records with the field names of
//! the model (`metric`, `value`, `dataset`, `split`, `slice`, `class`, `step`, `n`, `stderr`, `ci`,
//! `harness`). A metric may also be a table with `value`. Null is missing; text is never coerced.

use std::collections::BTreeMap;

use super::super::json::{self, push_token};
use super::manifest::toml_datum;
use crate::diag::{Code, Diagnostic, visible};
use crate::model::{Datum, Document, Finite, Interval, MetricResult, Pointer, Rejected, Slice};
use crate::source::FileData;

/// Fields of a full record.
const FIELDS: &[&str] =
    &["metric", "value", "dataset", "split", "slice", "class", "step", "n", "stderr", "ci", "harness", "source"];

/// Reads the file.
pub(crate) fn read(file: &FileData) -> Document {
    let mut reader = Reader {
        path: &file.path,
        folder: crate::source::parent(&file.path),
        document: Document::default(),
        moved: BTreeMap::new(),
    };
    let mut duplicates = Vec::new();
    let value = if file.path.ends_with(".toml") {
        toml_datum(file)
    } else {
        json::parse(file).map(|parsed| {
            reader.document.problems.extend(parsed.duplicate_problems(&file.path));
            duplicates = parsed.duplicates;
            parsed.value
        })
    };
    match value {
        Ok(Datum::List(items)) => reader.records(&items, ""),
        Ok(Datum::Map(entries)) => match entries.as_slice() {
            [.., (key, Datum::List(items))]
                if key == "results" && entries.iter().all(|(k, _)| k == "results" || k == "schema") =>
            {
                reader.records(items, "/results");
            }
            _ => reader.block(&entries, &Context::default(), "", true),
        },
        Ok(other) => reader.document.problems.push(
            Diagnostic::new(
                Code::JsonShape,
                format!("metrics are {}, not an object or a list of results", other.kind()),
            )
            .at(file.path.clone())
            .help("write {\"auc\": 0.91}, a table per dataset, or a list of result records"),
        ),
        Err(problem) => reader.document.problems.push(*problem),
    }
    reject_duplicates(&mut reader.document, &duplicates);
    for result in &mut reader.document.run.results {
        if let Some(place) = reader.moved.remove(&result.source.pointer) {
            result.source = place;
        }
    }
    reader.document
}

/// What the tables around a value say about it.
#[derive(Clone, Default)]
struct Context {
    dataset: Option<String>,
    split: Option<String>,
    slice: Slice,
    class: Option<String>,
    n: Option<u64>,
    /// Names of groups inside a dataset, joined by dots.
    group: String,
}

struct Reader<'a> {
    path: &'a str,
    folder: &'a str,
    document: Document,
    /// Where values were read before they were imported, by their place here.
    moved: BTreeMap<String, Pointer>,
}

impl Reader<'_> {
    /// A table of metrics. `top`: tables in it are datasets.
    fn block(&mut self, entries: &[(String, Datum)], context: &Context, pointer: &str, top: bool) {
        let mut context = context.clone();
        if let Some((_, Datum::Int(n))) = entries.iter().find(|(k, v)| k == "n" && matches!(v, Datum::Int(_))) {
            context.n = u64::try_from(*n).ok();
        }
        for (key, value) in entries {
            let mut at = pointer.to_owned();
            push_token(&mut at, key);
            match (key.as_str(), value) {
                ("n", Datum::Int(_)) if context.n.is_some() => {}
                ("slices", Datum::Map(slices)) => {
                    for (name, block) in slices {
                        let inner =
                            Context { slice: join(&context.slice, &Slice::parse(name)), n: None, ..context.clone() };
                        self.part(block, &inner, &at, name);
                    }
                }
                ("classes", Datum::Map(classes)) => {
                    for (name, block) in classes {
                        let inner = Context { class: Some(name.clone()), n: None, ..context.clone() };
                        self.part(block, &inner, &at, name);
                    }
                }
                ("splits", Datum::Map(splits)) => {
                    for (name, block) in splits {
                        let inner = Context { split: Some(name.clone()), n: None, ..context.clone() };
                        self.part(block, &inner, &at, name);
                    }
                }
                (_, Datum::Map(record)) if record.iter().any(|(k, _)| k == "value") => {
                    self.record(record, Some(key), &context, &at)
                }
                (_, Datum::Map(inner)) if top => {
                    let context = Context { dataset: Some(key.clone()), n: None, ..context.clone() };
                    self.block(inner, &context, &at, false);
                }
                (_, Datum::Map(inner)) => {
                    let group = if context.group.is_empty() { key.clone() } else { format!("{}.{key}", context.group) };
                    self.block(inner, &Context { group, ..context.clone() }, &at, false);
                }
                (_, Datum::Null) => {}
                _ => {
                    let metric =
                        if context.group.is_empty() { key.clone() } else { format!("{}.{key}", context.group) };
                    self.value(metric, value, &context, at);
                }
            }
        }
    }

    /// The table of one slice, class or split.
    fn part(&mut self, block: &Datum, context: &Context, pointer: &str, name: &str) {
        let mut at = pointer.to_owned();
        push_token(&mut at, name);
        match block {
            Datum::Map(entries) => self.block(entries, context, &at, false),
            other => self.shape(&at, &format!("{} stands where a table of metrics is due", other.kind())),
        }
    }

    fn value(&mut self, metric: String, value: &Datum, context: &Context, pointer: String) {
        let source = Pointer::new(self.path, pointer);
        match value.as_number() {
            Some(number) => {
                let mut result = MetricResult::new(metric, number, source);
                result.dataset.clone_from(&context.dataset);
                result.split.clone_from(&context.split);
                result.slice = context.slice.clone();
                result.class.clone_from(&context.class);
                result.n = context.n;
                self.document.run.results.push(result);
            }
            None => self.reject(metric, value, context, source),
        }
    }

    fn reject(&mut self, metric: String, value: &Datum, context: &Context, source: Pointer) {
        let found = match value {
            Datum::Text(text) => format!("text \"{}\"", visible(text, 40)),
            other => other.kind().to_owned(),
        };
        self.document.problems.push(
            Diagnostic::new(Code::MetricInvalid, format!("metric '{}' is {found}, not a number", visible(&metric, 80)))
                .at(self.path)
                .pointer(source.pointer.clone())
                .help("write a bare number; a rule on this metric fails as long as it is none"),
        );
        self.document.run.rejected.push(Rejected {
            metric,
            dataset: context.dataset.clone(),
            slice: context.slice.clone(),
            class: context.class.clone(),
            found,
            source,
        });
    }

    fn records(&mut self, items: &[Datum], pointer: &str) {
        for (i, item) in items.iter().enumerate() {
            let at = format!("{pointer}/{i}");
            match item {
                Datum::Map(record) => self.record(record, None, &Context::default(), &at),
                other => self.shape(&at, &format!("{} stands where a result record is due", other.kind())),
            }
        }
    }

    /// A result record; `metric` is its name when the key above it said so.
    fn record(&mut self, record: &[(String, Datum)], metric: Option<&str>, context: &Context, pointer: &str) {
        for (key, _) in record.iter().filter(|(k, _)| !FIELDS.contains(&k.as_str())) {
            let near = FIELDS.iter().find(|f| strsim::damerau_levenshtein(f, key) <= 2);
            let problem = Diagnostic::new(Code::FieldInvalid, format!("a result has no field '{}'", visible(key, 80)))
                .at(self.path)
                .pointer(pointer);
            self.document.problems.push(match near {
                Some(near) => problem.help(format!("did you mean '{near}'?")),
                None => problem.help(format!("a result has the fields {}", FIELDS.join(", "))),
            });
        }
        let get = |key: &str| record.iter().find(|(k, _)| k == key).map(|(_, v)| v).filter(|v| **v != Datum::Null);
        let text = |key: &str| get(key).map(Datum::display).filter(|t| !t.is_empty());
        let Some(metric) = metric.map(str::to_owned).or_else(|| text("metric")) else {
            self.shape(pointer, "a result has no 'metric'");
            return;
        };
        let slice = match get("slice") {
            Some(Datum::Map(terms)) => Slice(terms.iter().map(|(k, v)| (k.clone(), v.display())).collect()),
            Some(other) => Slice::parse(&other.display()),
            None => Slice::default(),
        };
        let context = Context {
            dataset: text("dataset").or_else(|| context.dataset.clone()),
            split: text("split").or_else(|| context.split.clone()),
            slice: join(&context.slice, &slice),
            class: text("class").or_else(|| context.class.clone()),
            n: match get("n") {
                Some(Datum::Int(n)) => u64::try_from(*n).ok(),
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count written as a float"
                )]
                Some(Datum::Number(n)) => {
                    n.finite().filter(|n| n.get() >= 0.0 && n.get().fract() == 0.0).map(|n| n.get() as u64)
                }
                _ => context.n,
            },
            group: String::new(),
        };
        let before = self.document.run.results.len();
        match get("value") {
            Some(value) => self.value(metric, value, &context, format!("{pointer}/value")),
            None => return,
        }
        let number = |datum: Option<&Datum>| datum.and_then(Datum::as_number).and_then(|n| n.finite());
        let ci = get("ci").and_then(|ci| {
            let bound = |key: &str| number(ci.get(key));
            Some(Interval {
                lower: bound("lower")?,
                upper: bound("upper")?,
                level: bound("level").or_else(|| Finite::new(0.95))?,
            })
        });
        if let (Some(_), None) = (get("ci"), &ci) {
            self.shape(&format!("{pointer}/ci"), "an interval needs finite 'lower' and 'upper'");
        }
        if let Some(result) = self.document.run.results.get_mut(before) {
            result.ci = ci.filter(|c| c.lower <= c.upper && c.level.get() > 0.0 && c.level.get() < 1.0);
            result.stderr = number(get("stderr")).filter(|s| s.get() >= 0.0);
            result.step = match get("step") {
                Some(Datum::Int(step)) => Some(*step),
                _ => None,
            };
            result.harness = text("harness");
            if let Some(place) = get("source").and_then(|s| super::records::place(s, self.folder)) {
                self.moved.insert(result.source.pointer.clone(), place);
            }
        }
    }

    fn shape(&mut self, pointer: &str, message: &str) {
        self.document.problems.push(
            Diagnostic::new(Code::JsonShape, message)
                .at(self.path)
                .pointer(pointer)
                .help("see docs/formats/native.md for the three forms of metrics"),
        );
    }
}

/// Both slices' terms.
fn join(a: &Slice, b: &Slice) -> Slice {
    Slice(a.0.iter().chain(&b.0).map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// Values below a key that stands twice are contradictory evidence: they are no results.
pub(crate) fn reject_duplicates(document: &mut Document, duplicates: &[String]) {
    if duplicates.is_empty() {
        return;
    }
    let twice = |pointer: &str| {
        duplicates
            .iter()
            .any(|d| pointer == d || pointer.strip_prefix(d.as_str()).is_some_and(|rest| rest.starts_with('/')))
    };
    let (bad, good) = std::mem::take(&mut document.run.results).into_iter().partition(|r| twice(&r.source.pointer));
    document.run.results = good;
    let bad: Vec<MetricResult> = bad;
    document.run.rejected.extend(bad.into_iter().map(|r| Rejected {
        metric: r.metric,
        dataset: r.dataset,
        slice: r.slice,
        class: r.class,
        found: "given twice under one key".to_owned(),
        source: r.source,
    }));
}
