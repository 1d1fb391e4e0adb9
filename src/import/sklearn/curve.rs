//! ROC, precision–recall, DET, calibration and learning curves.
//!
//! In: a frame whose column names say which curve it is. Out: curves with their points in drawing
//! order. A first ROC threshold of `Infinity` and a missing last precision–recall threshold are how
//! scikit-learn writes them, not faults. What cannot be drawn (no number, not finite, outside 0 to 1,
//! columns of different lengths, x that goes to and fro) is left out or put in order, and one
//! diagnostic for each curve says so.

use indexmap::IndexMap;

use super::frame::{Frame, Place};
use crate::diag::{Code, Diagnostic, count, visible};
use crate::model::{Curve, CurveKind, CurvePoint, Datum, Document, Measured};

/// Names of a column that tells curves of one table apart.
const CLASS: &[&str] = &["class", "label", "class_name", "target", "curve", "category"];
/// Names of the decision threshold.
const THRESHOLD: &[&str] = &["threshold", "thresholds"];
/// Names of the number of examples behind a point.
const COUNT: &[&str] = &["count", "counts", "n", "n_samples", "bin_count", "bin_counts", "size", "support"];
/// Columns that say nothing about the curve: an index, DVC's revision.
const IDLE: &[&str] = &["", "index", "unnamed:_0", "rev", "i", "row"];
/// Mean predicted probability of a bin.
const PREDICTED: &[&str] = &[
    "prob_pred",
    "mean_predicted",
    "mean_predicted_value",
    "mean_predicted_values",
    "mean_predicted_probability",
    "predicted_probability",
    "mean_pred",
];
/// Share of positives in a bin.
const OBSERVED: &[&str] = &[
    "prob_true",
    "fraction_positive",
    "fraction_positives",
    "fraction_of_positives",
    "fraction_pos",
    "observed_frequency",
    "true_probability",
];

/// Names of the area under a curve.
const AREAS: &[(CurveKind, &[&str])] = &[
    (CurveKind::Roc, &["auc", "roc_auc", "area"]),
    (CurveKind::PrecisionRecall, &["average_precision", "ap", "pr_auc", "auc", "area"]),
];

/// Which columns make which curve.
#[derive(Clone, Debug)]
pub(super) struct CurveSpec {
    kind: CurveKind,
    x: usize,
    y: usize,
    threshold: Option<usize>,
    count: Option<usize>,
    class: Option<usize>,
}

/// Whether a number beside a curve's columns speaks of the curve itself.
pub(super) fn is_own(key: &str) -> bool {
    AREAS.iter().any(|(_, names)| names.contains(&key)) || matches!(key, "base_value" | "expected_value")
}

/// The curves that a frame's columns make; more than one only when ROC and precision–recall share
/// an object.
pub(super) fn recognise(frame: &Frame<'_>) -> Vec<CurveSpec> {
    let threshold = frame.column(THRESHOLD);
    let class = frame.column(CLASS);
    let spec = |kind, x, y| CurveSpec { kind, x, y, threshold, count: None, class };
    if let (Some(x), Some(y)) = (frame.column(&["fpr"]), frame.column(&["tpr"])) {
        let mut curves = vec![spec(CurveKind::Roc, x, y)];
        if let (Some(y), Some(x)) = (frame.column(&["precision"]), frame.column(&["recall"])) {
            // The thresholds belong to one of the two, by their number.
            let threshold = threshold.filter(|t| frame.length(*t) + 1 == frame.length(x) || frame.is_delimited());
            curves.push(CurveSpec { threshold, ..spec(CurveKind::PrecisionRecall, x, y) });
        }
        return curves;
    }
    if let (Some(x), Some(y)) = (frame.column(&["fpr"]), frame.column(&["fnr"])) {
        return vec![spec(CurveKind::Det, x, y)];
    }
    if let (Some(x), Some(y)) = (frame.column(PREDICTED), frame.column(OBSERVED)) {
        let count = frame.column(COUNT);
        return vec![CurveSpec { count, threshold: None, ..spec(CurveKind::Calibration, x, y) }];
    }
    // The long names are also metrics of a group or class, so nothing else may stand beside them.
    let (long_x, long_y) = (&["false_positive_rate", "fp_rate"][..], &["true_positive_rate", "tp_rate"][..]);
    if let (Some(x), Some(y)) = (frame.column(long_x), frame.column(long_y)) {
        let alone = frame.only(&[long_x, long_y, THRESHOLD, CLASS, IDLE]);
        return alone.then(|| spec(CurveKind::Roc, x, y)).into_iter().collect();
    }
    let (Some(precision), Some(recall)) = (frame.column(&["precision"]), frame.column(&["recall"])) else {
        return Vec::new();
    };
    let alone = frame.only(&[&["precision", "recall", "f1"], THRESHOLD, CLASS, IDLE]);
    // Without thresholds it may be one value for each class; a curve ends at recall 0.
    let ends = || frame.len() > 2 && (0..frame.len()).any(|row| frame.number(row, recall) == Some(Measured::new(0.0)));
    let curve = alone && (threshold.is_some() || ends());
    curve.then(|| spec(CurveKind::PrecisionRecall, recall, precision)).into_iter().collect()
}

/// Reads the curves of a frame: one, or one for each value of its class column.
pub(super) fn read(frame: &Frame<'_>, spec: &CurveSpec, name: Option<&str>, beside: &[(String, Datum)]) -> Document {
    let mut document = Document::default();
    let mut groups: IndexMap<String, Vec<usize>> = IndexMap::new();
    let rows = frame.length(spec.x).min(frame.length(spec.y));
    for row in 0..rows {
        let class = spec.class.and_then(|c| frame.label(row, c));
        let name = match (name, class) {
            (Some(name), Some(class)) => format!("{name} {class}"),
            (None, Some(class)) => class,
            (Some(name), None) => name.to_owned(),
            (None, None) => frame.place.stem.clone(),
        };
        groups.entry(name).or_default().push(row);
    }
    if groups.is_empty() {
        groups.insert(name.unwrap_or(&frame.place.stem).to_owned(), Vec::new());
    }
    let alone = groups.len() == 1;
    let mut faults = Vec::new();
    let (wide, tall) = (frame.length(spec.x), frame.length(spec.y));
    if wide != tall {
        faults.push(format!("its columns have {wide} and {tall} values, only the first {rows} are used"));
    }
    let threshold = spec.threshold.filter(|t| {
        let length = frame.length(*t);
        // precision_recall_curve gives one threshold less than points.
        let sound = length == rows || length + 1 == rows || frame.is_delimited();
        if !sound && wide == tall {
            faults.push(format!(
                "it has {} and {}, so thresholds are not shown",
                count(rows, "point"),
                count(length, "threshold")
            ));
        }
        sound
    });
    let area = alone.then(|| area(spec.kind, beside)).flatten();
    for (name, rows) in groups {
        let points = rows
            .iter()
            .map(|row| {
                let x = frame.number(*row, spec.x)?;
                let y = frame.number(*row, spec.y)?;
                let threshold = threshold.and_then(|t| frame.number(*row, t));
                let count = spec.count.and_then(|c| frame.number(*row, c)).and_then(whole);
                Some(CurvePoint { x, y, threshold, count })
            })
            .collect();
        finish(spec.kind, name, points, area, &frame.place, std::mem::take(&mut faults), &mut document);
    }
    document
}

/// The area under the curve that stands beside its columns.
fn area(kind: CurveKind, beside: &[(String, Datum)]) -> Option<Measured> {
    let names = AREAS.iter().find(|(k, _)| *k == kind).map_or(&[][..], |(_, names)| names);
    names.iter().find_map(|n| beside.iter().find(|(k, _)| k == n)).and_then(|(_, v)| v.as_number())
}

/// A count that is a whole number and not negative.
pub(super) fn whole(value: Measured) -> Option<u64> {
    let value = value.finite()?.get();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: whole and within 2^53")]
    (value >= 0.0 && value.fract() == 0.0 && value <= 9_007_199_254_740_992.0).then_some(value as u64)
}

/// Checks the points, puts them in drawing order and adds the curve.
fn finish(
    kind: CurveKind,
    name: String,
    points: Vec<Option<CurvePoint>>,
    area: Option<Measured>,
    place: &Place,
    mut faults: Vec<String>,
    document: &mut Document,
) {
    let total = points.len();
    let share = kind != CurveKind::Learning;
    let inside = |v: f64| (-1e-9..=1.0 + 1e-9).contains(&v);
    let (mut missing, mut nonfinite, mut outside) = (0, 0, 0);
    let mut kept: Vec<CurvePoint> = Vec::with_capacity(total);
    for point in points {
        let Some(point) = point else {
            missing += 1;
            continue;
        };
        match (point.x.finite(), point.y.finite()) {
            (Some(x), Some(y)) if !share || (inside(x.get()) && inside(y.get())) => kept.push(point),
            (Some(_), Some(_)) => outside += 1,
            _ => nonfinite += 1,
        }
    }
    for (n, what) in [(missing, "no number"), (nonfinite, "not finite"), (outside, "outside 0 to 1")] {
        if n > 0 {
            faults.push(format!("{} of {} left out: {what}", n, count(total, "point")));
        }
    }
    let rising = kept.windows(2).all(|w| w[0].x.as_f64() <= w[1].x.as_f64());
    let falling = kept.windows(2).all(|w| w[0].x.as_f64() >= w[1].x.as_f64());
    if !rising && !falling {
        faults.push("its points are not in order of x; they are drawn in order".to_owned());
        kept.sort_by(|a, b| a.x.as_f64().total_cmp(&b.x.as_f64()).then(a.y.as_f64().total_cmp(&b.y.as_f64())));
    }
    if kept.is_empty() {
        faults.push("no point is left to draw".to_owned());
    }
    if !faults.is_empty() {
        document.problems.push(
            Diagnostic::new(
                Code::CurveInvalid,
                format!("{} curve '{}': {}", kind.as_str(), visible(&name, 80), faults.join("; ")),
            )
            .at(place.path.clone())
            .pointer(place.pointer.clone())
            .help("write the arrays as scikit-learn returns them, all of one call"),
        );
    }
    if !kept.is_empty() {
        document.run.curves.push(Curve { kind, name, dataset: None, points: kept, area, source: place.here() });
    }
}

/// Scores of a learning curve: `train` or `test`, the key they stand under, one entry for each size.
type Scores<'a> = (&'static str, &'static str, &'a [Datum]);

/// The sizes and scores of `learning_curve`, by their names.
fn learning_members(value: &Datum) -> Option<(&[Datum], Vec<Scores<'_>>)> {
    let sizes = ["train_sizes", "train_sizes_abs"].iter().find_map(|k| value.get(k)).and_then(Datum::items)?;
    let named: [(&'static str, &[&'static str]); 2] = [
        ("train", &["train_scores", "train_score", "train_scores_mean"]),
        ("test", &["test_scores", "test_score", "test_scores_mean", "validation_scores", "valid_scores"]),
    ];
    let scores: Vec<_> = named
        .iter()
        .filter_map(|(name, keys)| {
            keys.iter().find_map(|k| value.get(k).and_then(Datum::items).map(|items| (*name, *k, items)))
        })
        .collect();
    (!scores.is_empty()).then_some((sizes, scores))
}

/// Whether an object holds what `learning_curve` returns.
pub(super) fn is_learning(value: &Datum) -> bool {
    learning_members(value).is_some()
}

/// Reads what `learning_curve` returns: for each size the mean over folds; the half width of the
/// error bar is the folds' standard deviation (divisor n, as scikit-learn's own display draws it).
pub(super) fn read_learning(value: &Datum, place: &Place, name: Option<&str>) -> Document {
    let mut document = Document::default();
    let Some((sizes, scores)) = learning_members(value) else { return document };
    for (part, key, items) in scores {
        let mut faults = Vec::new();
        if sizes.len() != items.len() {
            faults.push(format!("it has {} and {}", count(sizes.len(), "size"), count(items.len(), "score")));
        }
        let points = sizes
            .iter()
            .zip(items)
            .map(|(size, score)| {
                let x = size.as_number()?;
                let folds: Vec<f64> = match score {
                    Datum::List(folds) => {
                        folds.iter().map(|f| f.as_number().map(Measured::as_f64)).collect::<Option<_>>()?
                    }
                    score => vec![score.as_number()?.as_f64()],
                };
                let (mean, deviation) = mean_and_deviation(&folds)?;
                let threshold = (folds.len() > 1).then(|| Measured::new(deviation));
                Some(CurvePoint { x, y: Measured::new(mean), threshold, count: None })
            })
            .collect();
        let name = name.map_or_else(|| part.to_owned(), |n| format!("{n} {part}"));
        finish(CurveKind::Learning, name, points, None, &place.below(key), faults, &mut document);
    }
    document
}

/// Mean and standard deviation (divisor n) of a non-empty list.
#[expect(clippy::cast_precision_loss, reason = "numbers of folds are small")]
pub(super) fn mean_and_deviation(values: &[f64]) -> Option<(f64, f64)> {
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((mean, (squares / n).sqrt()))
}
