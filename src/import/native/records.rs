//! `presscheck.records/1`: what `presscheck import` wrote of a run beside its other files.
//!
//! In: a JSON document with that `schema`. Out: the records as they were, which already say what they
//! belong to. Everything that cannot be read is an error, so that the gate refuses the run: nothing
//! of an archive may be lost in silence. The writer is `export`.

use super::super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::digest::Sha256;
use crate::model::{
    Artifact, Card, CardResult, Check, CheckStatus, Curve, CurveKind, CurvePoint, Dataset, Datum, Direction, Document,
    DriftReport, Evidence, FeatureDrift, Finite, Importance, ImportanceItem, Instant, Interval, Matrix, Method,
    MetricResult, Point, Pointer, Rejected, Section, Series, Slice, Totals, Window,
};
use crate::source::parent;

/// Records of an archive.
pub(crate) struct NativeRecords;

const SCHEMA: &str = "presscheck.records/1";

impl DocumentImporter for NativeRecords {
    fn kind(&self) -> &'static str {
        "native"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let schema = content.json().and_then(|j| j.get("schema")).and_then(Datum::as_str);
        schema.is_some_and(|s| s.starts_with("presscheck.records/"))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut document = Document { complete: true, ..Document::default() };
        let path = content.file.path.as_str();
        let folder = parent(path);
        for (key, value) in content.json().and_then(Datum::entries).unwrap_or_default() {
            if key == "schema" {
                if value.as_str() != Some(SCHEMA) {
                    document.problems.push(bad(path, "/schema", "the schema is not presscheck.records/1"));
                }
                continue;
            }
            let Some(items) = value.items() else {
                document.problems.push(bad(path, key, "a list of records is due"));
                continue;
            };
            for (i, item) in items.iter().enumerate() {
                if take(key, item, folder, path, &mut document).is_none() {
                    let message = format!("a record under '{}' cannot be read", visible(key, 40));
                    document.problems.push(bad(path, &format!("/{key}/{i}"), &message));
                }
            }
        }
        document
    }
}

fn bad(path: &str, pointer: &str, message: &str) -> Diagnostic {
    Diagnostic::new(Code::JsonShape, message)
        .severity(Severity::Error)
        .at(path)
        .pointer(pointer)
        .help("the archive was changed after it was written: import it again")
}

/// Reads one record into the document; nothing when it is not as the schema says.
fn take(key: &str, item: &Datum, folder: &str, path: &str, document: &mut Document) -> Option<()> {
    let run = &mut document.run;
    match key {
        "results" => run.results.push(result(item, folder)?),
        "rejected" => {
            let rejected = Rejected {
                metric: text(item, "metric")?,
                dataset: opt(item, "dataset")?,
                slice: slice(item)?,
                class: opt(item, "class")?,
                found: text(item, "found")?,
                source: place(item.get("source")?, folder)?,
            };
            let message =
                format!("metric '{}' is {}, not a number", visible(&rejected.metric, 80), visible(&rejected.found, 80));
            document.problems.push(
                Diagnostic::new(Code::MetricInvalid, message)
                    .at(rejected.source.path.clone())
                    .pointer(rejected.source.pointer.clone())
                    .help("write a bare number; a rule on this metric fails as long as it is none"),
            );
            run.rejected.push(rejected);
        }
        "series" => run.series.push(series(item, folder)?),
        "curves" => run.curves.push(curve(item, folder)?),
        "matrices" => run.matrices.push(Matrix {
            name: text(item, "name")?,
            dataset: opt(item, "dataset")?,
            labels: each(item.get("labels")?, |l| l.as_str().map(str::to_owned))?,
            rows: each(item.get("rows")?, |row| each(row, Datum::as_number))?,
            source: place(item.get("source")?, folder)?,
        }),
        "importances" => run.importances.push(Importance {
            name: text(item, "name")?,
            items: each(item.get("items")?, |i| match i.items()? {
                [feature, mean, std] => Some(ImportanceItem {
                    feature: feature.as_str()?.to_owned(),
                    mean: mean.as_number()?,
                    std: maybe(std, Datum::as_number)?,
                }),
                _ => None,
            })?,
            source: place(item.get("source")?, folder)?,
        }),
        "params" => {
            let (key, value) = pair(item)?;
            run.params.insert(key, value);
        }
        "extra" => run.extra.push(pair(item)?),
        "directions" => {
            let (metric, value) = pair(item)?;
            let direction = match value.as_str()? {
                "higher" => Direction::Higher,
                "lower" => Direction::Lower,
                "target" => Direction::Target,
                "none" => Direction::None,
                _ => return None,
            };
            run.direct(&metric, direction);
        }
        "datasets" => run.datasets.push(Dataset {
            name: text(item, "name")?,
            digest: opt(item, "digest")?,
            role: opt(item, "role")?,
            rows: field(item, "rows", whole)?,
            uri: opt(item, "uri")?,
        }),
        "artifacts" => run.artifacts.push(Artifact {
            path: text(item, "path")?,
            bytes: field(item, "bytes", whole)?,
            sha256: opt(item, "sha256")?,
            kind: opt(item, "kind")?,
            created: opt(item, "created")?.map_or(Some(None), |text| Instant::parse(&text).map(Some))?,
        }),
        "drift" => document.drift.push(drift(item, folder)?),
        "checks" => document.checks.push(Check {
            id: text(item, "id")?,
            run: opt(item, "run")?,
            suite: text(item, "suite")?,
            name: text(item, "name")?,
            status: check_status(item.get("status")?.as_str()?)?,
            message: text(item, "message")?,
            source: place(item.get("source")?, folder)?,
        }),
        "cards" => document.cards.push(card(item, folder, path)?),
        "problems" => document.problems.push(problem(item, folder)?),
        "files" => match item.items()? {
            [path, sha256, bytes] => run.archived.push(Evidence {
                path: path.as_str()?.to_owned(),
                sha256: sha256.as_str()?.parse::<Sha256>().ok()?,
                bytes: whole(bytes)?,
            }),
            _ => return None,
        },
        "unread" => document.unread.push(join(folder, item.as_str()?)),
        _ => return None,
    }
    Some(())
}

fn join(folder: &str, below: &str) -> String {
    match (folder, below) {
        ("", below) => below.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, below) => format!("{folder}/{below}"),
    }
}

/// A place in a file: of the run's folder, or as it was.
pub(super) fn place(value: &Datum, folder: &str) -> Option<Pointer> {
    let path = match value.get("path") {
        Some(path) => join(folder, path.as_str()?),
        None => value.get("outside")?.as_str()?.to_owned(),
    };
    Some(Pointer::new(path, value.get("pointer")?.as_str()?))
}

pub(super) fn text(item: &Datum, key: &str) -> Option<String> {
    item.get(key)?.as_str().map(str::to_owned)
}

/// A value that may be absent; the outer nothing is one of the wrong type.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
pub(super) fn field<T>(item: &Datum, key: &str, read: impl Fn(&Datum) -> Option<T>) -> Option<Option<T>> {
    item.get(key).map_or(Some(None), |value| maybe(value, read))
}

#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn maybe<T>(value: &Datum, read: impl Fn(&Datum) -> Option<T>) -> Option<Option<T>> {
    if *value == Datum::Null { Some(None) } else { read(value).map(Some) }
}

#[expect(clippy::option_option, reason = "absent and wrong are two things")]
pub(super) fn opt(item: &Datum, key: &str) -> Option<Option<String>> {
    field(item, key, |v| v.as_str().map(str::to_owned))
}

pub(super) fn each<T>(value: &Datum, read: impl Fn(&Datum) -> Option<T>) -> Option<Vec<T>> {
    value.items()?.iter().map(read).collect()
}

pub(super) fn whole(value: &Datum) -> Option<u64> {
    match value {
        Datum::Int(n) => u64::try_from(*n).ok(),
        Datum::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn step(value: &Datum) -> Option<i64> {
    match value {
        Datum::Int(n) => Some(*n),
        _ => None,
    }
}

pub(super) fn finite(value: &Datum) -> Option<Finite> {
    value.as_number()?.finite()
}

fn truth(value: &Datum) -> Option<bool> {
    match value {
        Datum::Bool(value) => Some(*value),
        _ => None,
    }
}

fn moment(value: &Datum) -> Option<Instant> {
    Instant::parse(value.as_str()?)
}

fn pair(item: &Datum) -> Option<(String, Datum)> {
    match item.items()? {
        [key, value] => Some((key.as_str()?.to_owned(), value.clone())),
        _ => None,
    }
}

fn slice(item: &Datum) -> Option<Slice> {
    let Some(value) = item.get("slice") else { return Some(Slice::default()) };
    let terms = value.entries()?.iter().map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())));
    terms.collect::<Option<_>>().map(Slice)
}

fn result(item: &Datum, folder: &str) -> Option<MetricResult> {
    let number = |v: &Datum, key| finite(v.get(key)?);
    let ci = |v: &Datum| {
        Some(Interval { lower: number(v, "lower")?, upper: number(v, "upper")?, level: number(v, "level")? })
    };
    Some(MetricResult {
        metric: text(item, "metric")?,
        value: item.get("value")?.as_number()?,
        dataset: opt(item, "dataset")?,
        split: opt(item, "split")?,
        slice: slice(item)?,
        class: opt(item, "class")?,
        step: field(item, "step", step)?,
        n: field(item, "n", whole)?,
        stderr: field(item, "stderr", finite)?,
        ci: field(item, "ci", ci)?,
        harness: opt(item, "harness")?,
        source: place(item.get("source")?, folder)?,
    })
}

fn point(value: &Datum) -> Option<Point> {
    match value.items()? {
        [at, value] => Some(Point { step: step(at)?, time: None, value: value.as_number()? }),
        [at, value, time] => Some(Point { step: step(at)?, time: Some(moment(time)?), value: value.as_number()? }),
        _ => None,
    }
}

fn series(item: &Datum, folder: &str) -> Option<Series> {
    let totals = item.get("totals")?;
    let size = |key: &str| usize::try_from(whole(totals.get(key)?)?).ok();
    Some(Series {
        metric: text(item, "metric")?,
        points: each(item.get("points")?, point)?,
        totals: Totals {
            points: size("points")?,
            finite: size("finite")?,
            min: field(totals, "min", finite)?,
            max: field(totals, "max", finite)?,
            first: field(totals, "first", point)?,
            last: field(totals, "last", point)?,
        },
        source: place(item.get("source")?, folder)?,
    })
}

fn curve(item: &Datum, folder: &str) -> Option<Curve> {
    let kinds =
        [CurveKind::Roc, CurveKind::PrecisionRecall, CurveKind::Calibration, CurveKind::Det, CurveKind::Learning];
    let kind = item.get("kind")?.as_str()?;
    Some(Curve {
        kind: kinds.into_iter().find(|k| k.as_str() == kind)?,
        name: text(item, "name")?,
        dataset: opt(item, "dataset")?,
        points: each(item.get("points")?, |p| match p.items()? {
            [x, y, threshold, count] => Some(CurvePoint {
                x: x.as_number()?,
                y: y.as_number()?,
                threshold: maybe(threshold, Datum::as_number)?,
                count: maybe(count, whole)?,
            }),
            _ => None,
        })?,
        area: field(item, "area", Datum::as_number)?,
        source: place(item.get("source")?, folder)?,
    })
}

fn check_status(name: &str) -> Option<CheckStatus> {
    [CheckStatus::Pass, CheckStatus::Warn, CheckStatus::Fail, CheckStatus::Error, CheckStatus::Skipped]
        .into_iter()
        .find(|s| s.as_str() == name)
}

fn drift(item: &Datum, folder: &str) -> Option<DriftReport> {
    Some(DriftReport {
        id: text(item, "id")?,
        run: opt(item, "run")?,
        tool: text(item, "tool")?,
        reference: text(item, "reference")?,
        current: text(item, "current")?,
        window: field(item, "window", |w| {
            Some(Window { start: field(w, "start", moment)?, end: field(w, "end", moment)? })
        })?
        .unwrap_or_default(),
        drifted: field(item, "drifted", truth)?,
        share_drifted: field(item, "share_drifted", finite)?,
        share_threshold: field(item, "share_threshold", finite)?,
        features: each(item.get("features")?, feature)?,
        source: place(item.get("source")?, folder)?,
        beside: super::beside::beside(item)?,
    })
}

fn feature(item: &Datum) -> Option<FeatureDrift> {
    Some(FeatureDrift {
        feature: text(item, "feature")?,
        kind: text(item, "kind")?,
        method: field(item, "method", |m| Method::from_name(m.as_str()?))?,
        method_label: text(item, "method_label")?,
        score: field(item, "score", Datum::as_number)?,
        threshold: field(item, "threshold", finite)?,
        p_value: field(item, "p_value", Datum::as_number)?,
        drifted: field(item, "drifted", truth)?,
        distribution: field(item, "distribution", super::column::distribution)?,
        column: super::column::column(item)?,
    })
}

fn card(item: &Datum, folder: &str, path: &str) -> Option<Card> {
    let version = opt(item, "version")?;
    // A card that versions inherit is evidence of each of them: by the file that was read.
    let path = if version.is_none() { path.to_owned() } else { text(item, "path")? };
    let only = |v: &Datum| match v.items()? {
        [one] => Some(one.clone()),
        _ => None,
    };
    let two = |v: &Datum| match v.items()? {
        [a, b] => Some((a.clone(), b.clone())),
        _ => None,
    };
    Some(Card {
        path,
        model: opt(item, "model")?,
        version,
        metadata: only(item.get("metadata")?)?,
        sections: each(item.get("sections")?, |s| {
            Some(Section {
                id: text(s, "id")?,
                title: text(s, "title")?,
                level: u8::try_from(whole(s.get("level")?)?).ok()?,
                markdown: text(s, "markdown")?,
                words: usize::try_from(whole(s.get("words")?)?).ok()?,
            })
        })?,
        results: each(item.get("results")?, |r| {
            Some(CardResult {
                task: opt(r, "task")?,
                task_name: opt(r, "task_name")?,
                dataset: opt(r, "dataset")?,
                dataset_name: opt(r, "dataset_name")?,
                config: opt(r, "config")?,
                split: opt(r, "split")?,
                revision: opt(r, "revision")?,
                slice: opt(r, "slice")?,
                metric: text(r, "metric")?,
                metric_name: opt(r, "metric_name")?,
                value: only(r.get("value")?)?,
                interval: field(r, "interval", two)?,
                threshold: field(r, "threshold", only)?,
                verified: truth(r.get("verified")?)?,
                source: place(r.get("source")?, folder)?,
            })
        })?,
    })
}

fn problem(item: &Datum, folder: &str) -> Option<Diagnostic> {
    let code = text(item, "code")?;
    let line = |key: &str| field(item, key, |v| u32::try_from(whole(v)?).ok());
    Some(Diagnostic {
        severity: match item.get("severity")?.as_str()? {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => return None,
        },
        path: Some(join(folder, item.get("path")?.as_str()?)),
        line: line("line")?,
        column: line("column")?,
        pointer: opt(item, "pointer")?,
        help: opt(item, "help")?,
        ..Diagnostic::new(Code::ALL.iter().copied().find(|c| c.as_str() == code)?, text(item, "message")?)
    })
}
