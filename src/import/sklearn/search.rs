//! Cross-validation scores and hyperparameter searches.
//!
//! In: what `cross_validate` returns, a search's best candidate, or its `cv_results_` (JSON or CSV).
//! Out: for each score its mean over folds, `n` the number of folds, and the standard error of that
//! mean: the folds' standard deviation (divisor k − 1) over √k. Folds share training data, so this
//! error is too small rather than too large. Of a search's candidates only the one ranked first (by
//! the first scorer) is kept, with its parameters; how many were tried stands beside it.

use super::curve::mean_and_deviation;
use super::frame::{Frame, Place};
use crate::model::{Datum, Document, Finite, Measured, MetricResult, Pointer};

/// Members of `cross_validate`'s result that are no scores.
const TIMES: &[&str] = &["fit_time", "score_time"];

/// A search's results have a few columns for each split and scorer.
const MOST_COLUMNS: usize = 2_000;

fn is_score(name: &str) -> bool {
    name.starts_with("test_") || name.starts_with("train_")
}

/// Whether a JSON object is what `cross_validate` returns.
pub(super) fn is_cross_validation(value: &Datum, _place: &Place) -> bool {
    let Some(entries) = value.entries() else { return false };
    let folds =
        |v: &Datum| v.items().filter(|i| i.len() > 1 && i.iter().all(|d| d.as_number().is_some())).map(<[_]>::len);
    let scores: Vec<usize> =
        entries.iter().filter(|(k, _)| k.starts_with("test_")).filter_map(|(_, v)| folds(v)).collect();
    let known = |k: &str| is_score(k) || TIMES.contains(&k) || matches!(k, "estimator" | "indices");
    // learning_curve has the same names, and sizes beside them.
    !scores.is_empty()
        && scores.iter().all(|n| *n == scores[0])
        && entries.iter().all(|(k, _)| known(k) && k != "train_sizes")
}

/// Reads the scores of a cross-validation.
pub(super) fn read_cross_validation(value: &Datum, place: &Place) -> Document {
    let mut document = Document::default();
    for (name, folds) in value.entries().unwrap_or_default() {
        let Some(folds) = folds.items() else { continue };
        let Some(folds) = folds.iter().map(|d| d.as_number().map(Measured::as_f64)).collect::<Option<Vec<f64>>>()
        else {
            continue;
        };
        let Some((mean, deviation)) = mean_and_deviation(&folds) else { continue };
        document.run.results.push(folded(name, mean, deviation, folds.len(), place.below(name).here()));
    }
    document
}

/// A mean over `k` folds; the deviation has the divisor k.
fn folded(name: &str, mean: f64, deviation: f64, k: usize, at: Pointer) -> MetricResult {
    let mut result = MetricResult::new(name, mean, at);
    result.n = u64::try_from(k).ok();
    #[expect(clippy::cast_precision_loss, reason = "numbers of folds are small")]
    if k > 1 {
        result.stderr = Finite::new(deviation / ((k - 1) as f64).sqrt());
    }
    result
}

/// Whether a JSON object is the best candidate of a search.
pub(super) fn is_best(value: &Datum, _place: &Place) -> bool {
    value.get("best_params").or_else(|| value.get("best_params_")).is_some_and(|p| p.entries().is_some())
}

/// Reads the best candidate of a search.
pub(super) fn read_best(value: &Datum, place: &Place) -> Document {
    let mut document = Document::default();
    for (key, member) in value.entries().unwrap_or_default() {
        match key.as_str() {
            "best_params" | "best_params_" => {
                document.run.params.extend(member.entries().unwrap_or_default().iter().cloned())
            }
            "best_score" | "best_score_" => {
                if let Some(score) = member.as_number() {
                    document.run.results.push(MetricResult::new("best_score", score, place.below(key).here()));
                }
            }
            _ => {
                document.run.params.insert(key.clone(), member.clone());
            }
        }
    }
    document
}

/// The first `rank_test_*` column, when the frame is a search's `cv_results_`.
fn rank_column(frame: &Frame<'_>) -> Option<usize> {
    if frame.names.len() > MOST_COLUMNS {
        return None;
    }
    let rank = frame.names.iter().position(|n| n.starts_with("rank_test_"))?;
    frame.names.iter().any(|n| n.starts_with("mean_test_")).then_some(rank)
}

/// Whether a frame is a search's `cv_results_`.
pub(super) fn is_results(frame: &Frame<'_>) -> bool {
    rank_column(frame).is_some()
}

/// Whether a JSON object is a search's `cv_results_`.
pub(super) fn is_results_json(value: &Datum, place: &Place) -> bool {
    Frame::from_json(value, place).is_some_and(|f| is_results(&f))
}

/// Reads a search's `cv_results_` from JSON, where `params` is a list of objects.
pub(super) fn read_results_json(value: &Datum, place: &Place) -> Document {
    let Some(frame) = Frame::from_json(value, place) else { return Document::default() };
    let (mut document, best) = results(&frame);
    if let Some(params) = best.and_then(|b| value.get("params")?.items()?.get(b)?.entries()) {
        document.run.params.extend(params.iter().cloned());
    }
    document
}

/// Reads a search's `cv_results_`.
pub(super) fn read_results(frame: &Frame<'_>) -> Document {
    results(frame).0
}

fn results(frame: &Frame<'_>) -> (Document, Option<usize>) {
    let mut document = Document::default();
    let Some(rank) = rank_column(frame) else { return (document, None) };
    let best = (0..frame.len())
        .filter_map(|row| Some((row, frame.number(row, rank)?.finite()?)))
        .min_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0)));
    let Some((best, _)) = best else { return (document, None) };
    for (column, name) in frame.names.iter().enumerate() {
        let Some(value) = frame.number(best, column) else {
            if let (Some(param), Some(text)) = (name.strip_prefix("param_"), frame.label(best, column)) {
                document.run.params.insert(param.to_owned(), Datum::Text(text));
            } else if let (true, Some(text)) = (name == "params", frame.label(best, column)) {
                document.run.params.insert(name.clone(), Datum::Text(text));
            }
            continue;
        };
        if let Some(param) = name.strip_prefix("param_") {
            document.run.params.insert(param.to_owned(), Datum::Number(value));
        } else if let Some(score) = name.strip_prefix("mean_").filter(|s| is_score(s)) {
            let folds =
                frame.names.iter().filter(|n| n.starts_with("split") && n.ends_with(&format!("_{score}"))).count();
            let spread = frame.names.iter().position(|n| n.strip_prefix("std_") == Some(score));
            let spread = spread.and_then(|s| frame.number(best, s)).map_or(f64::NAN, Measured::as_f64);
            let mut result = folded(name, value.as_f64(), spread, folds, frame.pointer(best, column));
            result.n = result.n.filter(|n| *n > 0);
            document.run.results.push(result);
        }
    }
    document
        .run
        .params
        .insert("search candidates".to_owned(), Datum::Int(i64::try_from(frame.len()).unwrap_or(i64::MAX)));
    (document, Some(best))
}
