//! `presscheck.records/1`: what a run directory has no other file for, as JSON.
//!
//! In: parts of a run and what hangs on it. Out: one or more JSON documents, each below the size that
//! is parsed. Places in files are written relative to the run's folder. `import/native/records.rs`
//! reads them back; docs/formats/native.md defines the keys.

use super::text::json;
use crate::diag::{Code, Severity};
use crate::model::{
    Card, Check, Datum, DriftReport, Evidence, Finite, Instant, Measured, MetricResult, Pointer, Registry, Run, Slice,
    evidence_below,
};

/// The size at which a file ends and the next one begins.
pub(super) const FILE_BYTES: usize = 8 << 20;

pub(super) fn text_of(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

pub(super) fn opt(text: Option<&str>) -> Datum {
    text.map_or(Datum::Null, text_of)
}

/// A count; as text where it is too large for a whole number of the format.
pub(super) fn count(n: Option<u64>) -> Datum {
    n.map_or(Datum::Null, |n| i64::try_from(n).map_or_else(|_| Datum::Text(n.to_string()), Datum::Int))
}

pub(super) fn finite(n: Option<Finite>) -> Datum {
    n.map_or(Datum::Null, |n| Datum::Number(Measured::Finite(n)))
}

pub(super) fn measured(n: Option<Measured>) -> Datum {
    n.map_or(Datum::Null, Datum::Number)
}

pub(super) fn truth(b: Option<bool>) -> Datum {
    b.map_or(Datum::Null, Datum::Bool)
}

pub(super) fn time(t: Option<Instant>) -> Datum {
    t.map_or(Datum::Null, |t| Datum::Text(t.to_string()))
}

/// A map without its nulls.
pub(super) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Datum)>) -> Datum {
    Datum::Map(entries.into_iter().filter(|(_, v)| *v != Datum::Null).map(|(k, v)| (k.to_owned(), v)).collect())
}

pub(super) fn list<T>(items: &[T], each: impl FnMut(&T) -> Datum) -> Datum {
    Datum::List(items.iter().map(each).collect())
}

/// A place, relative to the run's folder where it lies in it.
fn place(at: &Pointer, run: Option<&Run>) -> Datum {
    let (key, path) = match run.and_then(|r| r.relative(&at.path)) {
        Some(below) => ("path", below),
        None => ("outside", at.path.as_str()),
    };
    map([(key, text_of(path)), ("pointer", text_of(&at.pointer))])
}

fn slice(slice: &Slice) -> Datum {
    if slice.is_overall() {
        return Datum::Null;
    }
    Datum::Map(slice.0.iter().map(|(k, v)| (k.clone(), text_of(v))).collect())
}

/// A result record, and whether `metrics.json` can hold it as it is.
pub(super) fn result(r: &MetricResult, run: &Run) -> (Datum, bool) {
    let filled = |t: &Option<String>| t.as_ref().is_none_or(|t| !t.is_empty());
    let plain = !r.metric.is_empty()
        && [&r.dataset, &r.split, &r.class, &r.harness].into_iter().all(filled)
        && r.n.is_none_or(|n| i64::try_from(n).is_ok())
        && r.stderr.is_none_or(|s| s.get() >= 0.0)
        && r.ci.is_none_or(|c| c.lower <= c.upper && c.level.get() > 0.0 && c.level.get() < 1.0);
    let ci = r.ci.map_or(Datum::Null, |c| {
        map([("lower", finite(Some(c.lower))), ("upper", finite(Some(c.upper))), ("level", finite(Some(c.level)))])
    });
    let datum = map([
        ("metric", text_of(&r.metric)),
        ("value", Datum::Number(r.value)),
        ("dataset", opt(r.dataset.as_deref())),
        ("split", opt(r.split.as_deref())),
        ("slice", slice(&r.slice)),
        ("class", opt(r.class.as_deref())),
        ("step", r.step.map_or(Datum::Null, Datum::Int)),
        ("n", count(r.n)),
        ("stderr", finite(r.stderr)),
        ("ci", ci),
        ("harness", opt(r.harness.as_deref())),
        ("source", place(&r.source, Some(run))),
    ]);
    (datum, plain)
}

/// All parts of a run that have no other file.
pub(super) fn run_parts(run: &Run, registry: &Registry) -> Vec<(&'static str, Vec<Datum>)> {
    let at = |p: &Pointer| place(p, Some(run));
    let pair = |k: &str, v: Datum| Datum::List(vec![text_of(k), v]);
    let point = |p: &crate::model::Point| {
        let mut out = vec![Datum::Int(p.step), Datum::Number(p.value)];
        out.extend(p.time.map(|t| Datum::Text(t.to_string())));
        Datum::List(out)
    };
    let series = run.series.iter().map(|s| {
        let t = &s.totals;
        let totals = map([
            ("points", count(Some(t.points as u64))),
            ("finite", count(Some(t.finite as u64))),
            ("min", finite(t.min)),
            ("max", finite(t.max)),
            ("first", t.first.as_ref().map_or(Datum::Null, point)),
            ("last", t.last.as_ref().map_or(Datum::Null, point)),
        ]);
        map([
            ("metric", text_of(&s.metric)),
            ("totals", totals),
            ("points", list(&s.points, point)),
            ("source", at(&s.source)),
        ])
    });
    let curves = run.curves.iter().map(|c| {
        let point = |p: &crate::model::CurvePoint| {
            Datum::List(vec![Datum::Number(p.x), Datum::Number(p.y), measured(p.threshold), count(p.count)])
        };
        map([
            ("kind", text_of(c.kind.as_str())),
            ("name", text_of(&c.name)),
            ("dataset", opt(c.dataset.as_deref())),
            ("area", measured(c.area)),
            ("points", list(&c.points, point)),
            ("source", at(&c.source)),
        ])
    });
    let matrices = run.matrices.iter().map(|m| {
        map([
            ("name", text_of(&m.name)),
            ("dataset", opt(m.dataset.as_deref())),
            ("labels", list(&m.labels, |l| text_of(l))),
            ("rows", list(&m.rows, |row| list(row, |v| Datum::Number(*v)))),
            ("source", at(&m.source)),
        ])
    });
    let importances = run.importances.iter().map(|i| {
        let item = |x: &crate::model::ImportanceItem| {
            Datum::List(vec![text_of(&x.feature), Datum::Number(x.mean), measured(x.std)])
        };
        map([("name", text_of(&i.name)), ("items", list(&i.items, item)), ("source", at(&i.source))])
    });
    let rejected = run.rejected.iter().map(|r| {
        map([
            ("metric", text_of(&r.metric)),
            ("dataset", opt(r.dataset.as_deref())),
            ("slice", slice(&r.slice)),
            ("class", opt(r.class.as_deref())),
            ("found", text_of(&r.found)),
            ("source", at(&r.source)),
        ])
    });
    let own = |id: &Option<String>| id.as_deref() == Some(run.id.as_str());
    vec![
        ("rejected", rejected.collect()),
        ("series", series.collect()),
        ("curves", curves.collect()),
        ("matrices", matrices.collect()),
        ("importances", importances.collect()),
        (
            "params",
            run.params.iter().filter(|(_, v)| !super::fits_run_toml(v)).map(|(k, v)| pair(k, v.clone())).collect(),
        ),
        ("directions", run.directions.iter().map(|(k, d)| pair(k, text_of(direction(*d)))).collect()),
        ("extra", run.extra.iter().map(|(k, v)| pair(k, v.clone())).collect()),
        ("drift", registry.drift.iter().filter(|d| own(&d.run)).map(|d| drift(d, Some(run))).collect()),
        ("checks", registry.checks.iter().filter(|c| own(&c.run)).map(|c| check(c, Some(run))).collect()),
        (
            "cards",
            registry
                .cards
                .iter()
                .filter(|c| run_of_card(c, registry) == Some(run.id.as_str()))
                .map(|c| card(c, Some(run)))
                .collect(),
        ),
        ("problems", problems(run, registry)),
        ("unread", unread(run, registry)),
        ("files", files(run, registry)),
    ]
}

fn direction(d: crate::model::Direction) -> &'static str {
    use crate::model::Direction;
    match d {
        Direction::Higher => "higher",
        Direction::Lower => "lower",
        Direction::Target => "target",
        Direction::None => "none",
    }
}

/// Findings that say something of the run's files could not be read, or only in part: the gate must
/// go on refusing what it refused. Those that follow from the values are found anew.
fn problems(run: &Run, registry: &Registry) -> Vec<Datum> {
    let anew = [Code::MetricConflict, Code::MetricNonFinite, Code::MetricRange, Code::MetricInvalid, Code::RunEmpty];
    let kept = registry.problems.iter().filter(|p| p.severity != Severity::Note && !anew.contains(&p.code));
    kept.filter_map(|p| {
        let below = run.relative(p.path.as_deref()?)?;
        Some(map([
            ("code", text_of(p.code.as_str())),
            ("severity", text_of(if p.severity == Severity::Error { "error" } else { "warning" })),
            ("path", text_of(below)),
            ("line", count(p.line.map(u64::from))),
            ("column", count(p.column.map(u64::from))),
            ("pointer", opt(p.pointer.as_deref())),
            ("message", text_of(&p.message)),
            ("help", opt(p.help.as_deref())),
        ]))
    })
    .collect()
}

/// Files of the run that nobody understood: a rule that asks for one of them must still fail.
fn unread(run: &Run, registry: &Registry) -> Vec<Datum> {
    registry.unrecognised.iter().filter_map(|path| run.relative(path)).map(text_of).collect()
}

/// The files that the run was read from: a rule that asks for one of them, and finds it to be none of
/// the kind, must say so of the archive too.
fn files(run: &Run, registry: &Registry) -> Vec<Datum> {
    let one = |path: &str, file: &Evidence| {
        Datum::List(vec![text_of(path), text_of(&file.sha256.hex()), count(Some(file.bytes))])
    };
    if !run.archived.is_empty() {
        return run.archived.iter().map(|file| one(&file.path, file)).collect();
    }
    let files = run.folders().flat_map(|f| registry.evidence.get(evidence_below(&registry.evidence, f))).flatten();
    let mut files: Vec<(&str, &Evidence)> = files.filter_map(|e| Some((run.relative(&e.path)?, e))).collect();
    files.sort();
    files.dedup();
    files.into_iter().map(|(below, file)| one(below, file)).collect()
}

pub(super) fn drift(d: &DriftReport, run: Option<&Run>) -> Datum {
    let mut report = super::drift::report(d);
    if let Datum::Map(entries) = &mut report {
        entries.insert(0, ("id".to_owned(), text_of(&d.id)));
        entries.extend(d.run.as_deref().map(|run| ("run".to_owned(), text_of(run))));
        entries.push(("source".to_owned(), place(&d.source, run)));
    }
    report
}

pub(super) fn check(c: &Check, run: Option<&Run>) -> Datum {
    map([
        ("id", text_of(&c.id)),
        ("run", opt(c.run.as_deref())),
        ("suite", text_of(&c.suite)),
        ("name", text_of(&c.name)),
        ("status", text_of(c.status.as_str())),
        ("message", text_of(&c.message)),
        ("source", place(&c.source, run)),
    ])
}

/// The run in whose folder a card is written.
pub(super) fn run_of_card<'a>(card: &Card, registry: &'a Registry) -> Option<&'a str> {
    let version = registry.model(card.model.as_deref()?)?.version(card.version.as_deref()?)?;
    registry.run_of(version).map(|r| r.id.as_str())
}

pub(super) fn card(c: &Card, run: Option<&Run>) -> Datum {
    let sections = list(&c.sections, |s| {
        map([
            ("id", text_of(&s.id)),
            ("title", text_of(&s.title)),
            ("level", Datum::Int(i64::from(s.level))),
            ("words", count(Some(s.words as u64))),
            ("markdown", text_of(&s.markdown)),
        ])
    });
    // A value may be null: it is written in a list, so that it is not left out.
    let results = list(&c.results, |r| {
        map([
            ("metric", text_of(&r.metric)),
            ("metric_name", opt(r.metric_name.as_deref())),
            ("value", Datum::List(vec![r.value.clone()])),
            ("task", opt(r.task.as_deref())),
            ("task_name", opt(r.task_name.as_deref())),
            ("dataset", opt(r.dataset.as_deref())),
            ("dataset_name", opt(r.dataset_name.as_deref())),
            ("config", opt(r.config.as_deref())),
            ("split", opt(r.split.as_deref())),
            ("revision", opt(r.revision.as_deref())),
            ("slice", opt(r.slice.as_deref())),
            ("interval", r.interval.as_ref().map_or(Datum::Null, |(a, b)| Datum::List(vec![a.clone(), b.clone()]))),
            ("threshold", r.threshold.as_ref().map_or(Datum::Null, |t| Datum::List(vec![t.clone()]))),
            ("verified", Datum::Bool(r.verified)),
            ("source", place(&r.source, run)),
        ])
    });
    map([
        ("path", text_of(&c.path)),
        ("model", opt(c.model.as_deref())),
        ("version", opt(c.version.as_deref())),
        ("metadata", Datum::List(vec![c.metadata.clone()])),
        ("sections", sections),
        ("results", results),
    ])
}

/// The parts as `records.json`, `records-2.json`, …; nothing when there is none.
pub(super) fn write_records(above: &str, parts: Vec<(&'static str, Vec<Datum>)>) -> Vec<(String, Vec<u8>)> {
    let (mut files, mut text, mut open): (Vec<String>, String, Option<&str>) = (Vec::new(), String::new(), None);
    for (key, items) in parts {
        for item in items {
            if text.len() > FILE_BYTES {
                text.push_str("]}\n");
                files.push(std::mem::take(&mut text));
                open = None;
            }
            if text.is_empty() {
                text.push_str("{\"schema\":\"presscheck.records/1\"");
            }
            if open == Some(key) {
                text.push_str(",\n");
            } else {
                text.push_str(if open.is_some() { "],\n" } else { ",\n" });
                text.push_str(&format!("\"{key}\":[\n"));
                open = Some(key);
            }
            json(&mut text, &item);
        }
    }
    if !text.is_empty() {
        text.push_str("]}\n");
        files.push(text);
    }
    let name = |i: usize| if i == 0 { "records.json".to_owned() } else { format!("records-{}.json", i + 1) };
    files.into_iter().enumerate().map(|(i, text)| (format!("{above}{}", name(i)), text.into_bytes())).collect()
}
