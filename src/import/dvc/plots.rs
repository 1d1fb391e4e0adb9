//! Plot files of DVC and DVCLive: typed curves where their columns say so, else series.
//!
//! In: a file and how it is declared. Out: a document, or nothing when the file is no plot that is
//! understood. Columns decide first (scikit-learn's recognisers); the declared template and axes
//! say what remains: pairs to count, bars of features, lines over a whole-numbered x. A line over
//! any other x is not understood.

use super::pipeline::PlotSpec;
use super::values;
use crate::diag::{Code, Diagnostic, visible};
use crate::import::sklearn::frame::{Frame, Place, normal};
use crate::import::sklearn::{confusion_of_columns, curves_from_json, curves_from_table, importance_of_columns, merge};
use crate::import::table;
use crate::model::{Datum, Document, Instant, Measured, Point, Series};
use crate::source::FileData;

/// Names of a column that counts steps.
const STEPS: &[&str] = &["step", "epoch", "iteration", "iter", "index"];

/// Whether a file can be a plot of data.
pub(crate) fn is_data(path: &str) -> bool {
    ends_in(path, &[".csv", ".tsv", ".json", ".yaml", ".yml"])
}

/// Whether a file is an image.
pub(crate) fn is_image(path: &str) -> bool {
    ends_in(path, &[".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"])
}

fn ends_in(path: &str, endings: &[&str]) -> bool {
    let path = path.to_ascii_lowercase();
    endings.iter().any(|e| path.ends_with(e))
}

/// Reads a plot file that may be declared several times.
pub(crate) fn read(file: &FileData, specs: &[&PlotSpec]) -> Option<Document> {
    let place = Place::of(file);
    if ends_in(&file.path, &[".csv", ".tsv"]) {
        return match table::parse(file) {
            Ok(table) => {
                let frame = Frame::from_table(&table, place.clone());
                let frames = std::slice::from_ref(&frame);
                typed(frames, specs, || curves_from_table(&table, &place)).or_else(|| lines(frames, specs))
            }
            Err(problem) => Some(Document { problems: vec![*problem], ..Document::default() }),
        };
    }
    let mut problems = Vec::new();
    let value = match values::parse(file, &mut problems) {
        Ok(value) => value,
        Err(problem) => return Some(Document { problems: vec![*problem], ..Document::default() }),
    };
    let frames = frames(&value, &place);
    let mut document = typed(&frames, specs, || curves_from_json(&value, &place)).or_else(|| lines(&frames, specs))?;
    document.problems.append(&mut problems);
    Some(document)
}

/// The lists of objects in a value: itself, or its members, as DVC looks for them.
fn frames<'a>(value: &'a Datum, place: &Place) -> Vec<Frame<'a>> {
    if value.items().is_some() {
        return Frame::from_json(value, place).into_iter().collect();
    }
    let members = value.entries().unwrap_or_default().iter();
    members.filter(|(_, m)| m.items().is_some()).filter_map(|(k, m)| Frame::from_json(m, &place.below(k))).collect()
}

/// Curves, matrices, importances.
fn typed(frames: &[Frame<'_>], specs: &[&PlotSpec], recognised: impl FnOnce() -> Document) -> Option<Document> {
    let template = |name: &str| specs.iter().find(|s| s.template.as_deref().is_some_and(|t| t.starts_with(name)));
    let column = |frame: &Frame<'_>, name: &str| frame.names.iter().position(|n| n == name);
    if let Some(spec) = template("confusion") {
        let actual = spec.x.as_deref().unwrap_or("actual");
        let predicted = spec.y.first().map_or("predicted", String::as_str);
        let found = frames.iter().find_map(|f| confusion_of_columns(f, column(f, actual)?, column(f, predicted)?));
        if found.is_some() {
            return found;
        }
    }
    let document = recognised();
    if document != Document::default() {
        return Some(document);
    }
    let spec = template("bar")?;
    frames.iter().find_map(|f| {
        let (x, y) = (column(f, spec.x.as_deref()?)?, column(f, spec.y.first()?)?);
        // bar_horizontal has the features on y, bar_vertical on x.
        importance_of_columns(f, y, x).or_else(|| importance_of_columns(f, x, y))
    })
}

/// Series: every declared y, or every column of numbers, over x.
fn lines(frames: &[Frame<'_>], specs: &[&PlotSpec]) -> Option<Document> {
    let mut out = Document::default();
    let anything = PlotSpec::default();
    let specs = if specs.is_empty() { vec![&anything] } else { specs.to_vec() };
    for frame in frames {
        for spec in &specs {
            if let Some(document) = line(frame, spec) {
                merge(document, &mut out);
            }
        }
    }
    // A file may be declared as a path and again under a name.
    let mut seen = std::collections::BTreeSet::new();
    out.run.series.retain(|s| seen.insert(s.metric.clone()));
    (out != Document::default()).then_some(out)
}

fn line(frame: &Frame<'_>, spec: &PlotSpec) -> Option<Document> {
    let mut document = Document::default();
    let named = |name: &str| frame.names.iter().position(|n| n == name);
    let x = match &spec.x {
        Some(name) => Some(named(name)?),
        None => frame.column(STEPS),
    };
    let time = frame.column(&["timestamp"]);
    let ys: Vec<usize> = if spec.y.is_empty() {
        (0..frame.names.len())
            .filter(|c| {
                Some(*c) != x && Some(*c) != time && !STEPS.contains(&frame.normal_name(*c)) && frame.is_numeric(*c)
            })
            .collect()
    } else {
        for absent in spec.y.iter().filter(|y| named(y).is_none()) {
            document.problems.push(
                Diagnostic::new(Code::FieldMissing, format!("the plot has no column '{}'", visible(absent, 80)))
                    .at(frame.place.path.clone())
                    .help("name a column of the file in dvc.yaml"),
            );
        }
        spec.y.iter().filter_map(|y| named(y)).collect()
    };
    for y in ys {
        let column = &frame.names[y];
        let stem = &frame.place.stem;
        let metric = if normal(stem) == normal(column) { column.clone() } else { format!("{stem}/{column}") };
        document.run.series.push(series(frame, x, y, time, metric)?);
    }
    (document != Document::default()).then_some(document)
}

/// A series, in order of step; nothing when x is not made of whole numbers or y has other things
/// than numbers. Without x the row counts, as in DVC.
pub(crate) fn series(
    frame: &Frame<'_>,
    x: Option<usize>,
    y: usize,
    time: Option<usize>,
    metric: String,
) -> Option<Series> {
    let mut points = Vec::with_capacity(frame.len());
    for row in 0..frame.len() {
        if frame.is_empty_cell(row, y) {
            continue;
        }
        let at = match x {
            Some(x) => step(frame.number(row, x)?)?,
            None => i64::try_from(row).ok()?,
        };
        let time = time.and_then(|t| frame.number(row, t)).and_then(step).and_then(Instant::from_millis);
        points.push(Point { step: at, time, value: frame.number(row, y)? });
    }
    points.sort_by_key(|p| (p.step, p.time));
    (!points.is_empty()).then(|| Series::new(metric, points, frame.place.here()))
}

/// A whole number that fits exactly.
pub(crate) fn step(value: Measured) -> Option<i64> {
    let value = value.finite()?.get();
    #[expect(clippy::cast_possible_truncation, reason = "checked: whole and within 2^53")]
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}
