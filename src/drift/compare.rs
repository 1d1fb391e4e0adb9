//! One column, reference against one window: entries of a report, not yet judged together with other columns.
//!
//! In: both sides, finished or with the reason why they are not. Out: one entry for each method, or one that says why
//! nothing was computed.

use super::column::Finished;
use super::measure::{self, Score};
use super::settings::{Kind, Settings};
use super::summary::{Categories, Texts};
use super::{NotComputed, quality};
use crate::model::{Column, FeatureDrift, Finite, Measured, Method};

/// A side of a column.
pub(super) type Side<'s> = Result<&'s Finished, String>;

/// A reference with more different values than this share of its rows is no column of categories.
const MOST_DISTINCT: f64 = 0.5;
/// At fewer different values nobody can tell.
const FEW: usize = 100;

/// The entries of a column.
pub(super) fn compare(
    name: &str,
    whole: bool,
    reference: Side<'_>,
    current: Side<'_>,
    lacking: usize,
    settings: &Settings,
) -> Vec<FeatureDrift> {
    let importance = settings.columns.get(name).and_then(|c| c.importance).and_then(Finite::new);
    let mut column = Column { importance, ..Column::default() };
    if lacking > 0 {
        column.quality.push(format!("{} lack the column", crate::diag::count(lacking, "file")));
    }
    let (reference, current) = match (reference, current) {
        (Ok(reference), Ok(current)) => (reference, current),
        (Err(why), _) | (_, Err(why)) => return vec![not_computed(name, "", why, column)],
    };
    column.reference = Some(reference.profile());
    column.current = Some(current.profile());
    if reference.kind() != current.kind() {
        let why = match (is_empty(reference), is_empty(current)) {
            (true, _) | (_, true) => NotComputed::Empty.to_string(),
            _ => format!(
                "the type changed: {} in the reference, {} in the current data",
                reference.kind().as_str(),
                current.kind().as_str()
            ),
        };
        return vec![not_computed(name, reference.kind().as_str(), why, column)];
    }
    column.quality.extend(quality::findings(reference, current));
    // Text that was read as categories is told by how many different values it has.
    let asked = settings.columns.get(name).is_some_and(|c| c.kind.is_some());
    let as_text = match (reference, current) {
        (Finished::Categories(a), Finished::Categories(b)) if !asked => match nature(a) {
            Nature::Categories => None,
            Nature::Text => Some((of_texts(a), of_texts(b))),
            Nature::Identifier => {
                let why = "nearly every value is different: an identifier? name its kind to compare it".to_owned();
                return vec![not_computed(name, "identifier", why, column)];
            }
        },
        _ => None,
    };
    if let Some((a, b)) = &as_text {
        column.reference = Some(a.profile());
        column.current = Some(b.profile());
    }
    let (reference, current) = as_text.as_ref().map_or((reference, current), |(a, b)| (a, b));
    column.effect = measure::effect(reference, current);
    (column.new, column.vanished) = quality::changes(reference, current);
    let errors = [reference.error(), current.error()].into_iter().flatten().reduce(f64::max);
    column.approximate = errors.map(|e| format!("computed with values that may be off by {e:.1e} of themselves"));
    let kind = reference.kind();
    let mut entries: Vec<Result<Score, (Option<Method>, NotComputed)>> = Vec::new();
    let methods = settings.methods_of(name, kind);
    for method in methods {
        let score = match (reference, current) {
            (Finished::Numbers(a), Finished::Numbers(b)) => measure::numbers(method, (settings.bins, whole), a, b),
            (Finished::Categories(a), Finished::Categories(b)) => measure::categories(method, settings.bins, a, b),
            (Finished::Texts(a, _), Finished::Texts(b, _)) => {
                let score = measure::numbers(method, (settings.bins, true), &a.lengths, &b.lengths);
                score.map(|s| Score { label: format!("{} of lengths", s.label), ..s })
            }
            _ => Err(NotComputed::OtherKind),
        };
        entries.push(score.map_err(|why| (Some(method), why)));
    }
    match (reference, current) {
        (Finished::Texts(a, _), Finished::Texts(b, _)) => entries.extend(measure::vocabulary(a, b).map(Ok)),
        (Finished::Vectors(a), Finished::Vectors(b)) => match measure::vectors(a, b) {
            Ok((score, effect)) => {
                column.effect = Some(effect);
                entries.push(Ok(score));
            }
            Err(why) => entries.push(Err((None, why))),
        },
        _ => {}
    }
    let drawn = measure::distribution(reference, current);
    if let Some((_, beyond)) = &drawn
        && *beyond > 0.02
    {
        column.quality.push(format!("up to {:.1} % of the rows of a side lie beyond what is drawn", beyond * 100.0));
    }
    let mut drawn = drawn.map(|(distribution, _)| distribution);
    entries
        .into_iter()
        .enumerate()
        .map(|(i, entry)| {
            // What is known of the column stands with its first entry.
            let column = if i == 0 { std::mem::take(&mut column) } else { Column::default() };
            let mut out = match entry {
                Ok(score) => scored(name, kind, score, column, settings),
                Err((method, why)) => FeatureDrift {
                    method,
                    method_label: method.map_or("", Method::as_str).to_owned(),
                    ..not_computed(name, kind.as_str(), why.to_string(), column)
                },
            };
            out.distribution = drawn.take();
            out
        })
        .collect()
}

/// A column of which nothing was computed.
fn not_computed(name: &str, kind: &str, why: String, column: Column) -> FeatureDrift {
    FeatureDrift {
        feature: name.to_owned(),
        kind: kind.to_owned(),
        method: None,
        method_label: String::new(),
        score: None,
        threshold: None,
        p_value: None,
        drifted: None,
        distribution: None,
        column: Column { not_computed: Some(why), ..column },
    }
}

fn scored(name: &str, kind: Kind, score: Score, mut column: Column, settings: &Settings) -> FeatureDrift {
    let usual = match (score.method, kind) {
        (Some(method), _) => settings.threshold_of(name, method),
        // The error of the reconstruction has doubled; a tenth of the words are new.
        (None, Kind::Embedding) => Some(1.0),
        (None, _) => Some(0.1),
    };
    // A distance that chance alone reaches is no drift.
    let threshold = match (usual, score.noise) {
        (Some(usual), Some(noise)) if noise > usual => Some(noise),
        (usual, _) => usual,
    };
    if let (Some(usual), Some(noise)) = (usual, score.noise)
        && noise > usual
    {
        column
            .quality
            .push(format!("chance alone reaches {noise:.4} with so few rows, above the threshold of {usual}"));
    }
    FeatureDrift {
        feature: name.to_owned(),
        kind: kind.as_str().to_owned(),
        method: score.method,
        method_label: score.label,
        score: Some(Measured::from(score.value)),
        threshold: threshold.and_then(Finite::new),
        p_value: score.p_value.map(Measured::from),
        drifted: None,
        distribution: None,
        column,
    }
}

fn is_empty(side: &Finished) -> bool {
    let profile = side.profile();
    profile.rows == profile.missing + profile.not_finite
}

enum Nature {
    Categories,
    Text,
    Identifier,
}

/// What a column of texts is, by its reference.
fn nature(reference: &Categories) -> Nature {
    let distinct = reference.counts().len();
    if reference.too_many() || distinct < FEW || (distinct as f64) < MOST_DISTINCT * reference.rows() as f64 {
        return Nature::Categories;
    }
    let words: usize = reference.counts().keys().map(|text| text.split_whitespace().count()).sum();
    if words as f64 >= 1.5 * distinct as f64 { Nature::Text } else { Nature::Identifier }
}

fn of_texts(categories: &Categories) -> Finished {
    let mut texts = Texts::default();
    categories.counts().iter().for_each(|(text, rows)| texts.add_many(text, *rows));
    texts.add_nulls(categories.nulls());
    let nulls = categories.nulls();
    Finished::Texts(texts.finish(), nulls)
}
