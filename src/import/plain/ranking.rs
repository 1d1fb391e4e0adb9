//! Metrics of scores: how well they rank (ROC, precision and recall), and how true they are as
//! probabilities.
//!
//! In: for each example whether it is of the class, its score and its weight. Out: values and curves,
//! or why there is none. Equal scores are one point of a curve. Definitions: scikit-learn's user
//! guide, "Receiver operating characteristic", "Precision, recall", "Log loss", "Brier score loss"
//! and "Probability calibration".

use super::numbers::{Score, Sum, sum};
use crate::model::{CurvePoint, Measured};

/// An example: its score, whether it is of the class, its weight.
pub(super) type Pair = (f64, bool, f64);

/// Points that a curve keeps.
const MAX_POINTS: usize = 1_000;

/// Bins of a calibration curve.
const BINS: usize = 10;

/// Weights of examples at and above each score, from the highest score down.
pub(super) struct Ranking {
    /// Score, weight of the class, weight of the others; each from this score up.
    steps: Vec<(f64, f64, f64)>,
}

/// Why a ranking of one kind of examples says nothing.
const ONE_CLASS: &str = "all examples are of one class";

impl Ranking {
    pub(super) fn new(pairs: &[Pair]) -> Self {
        let mut sorted: Vec<&Pair> = pairs.iter().collect();
        sorted.sort_unstable_by(|(a, ..), (b, ..)| b.total_cmp(a));
        let mut steps: Vec<(f64, f64, f64)> = Vec::new();
        let (mut of, mut others) = (Sum::default(), Sum::default());
        for (score, is_of, weight) in sorted {
            if *is_of {
                of.add(*weight)
            } else {
                others.add(*weight)
            }
            let step = (*score, of.get(), others.get());
            match steps.last_mut() {
                // `==`: the two zeros are one score.
                Some(last) if last.0 == *score => *last = step,
                _ => steps.push(step),
            }
        }
        Self { steps }
    }

    fn totals(&self) -> (f64, f64) {
        self.steps.last().map_or((0.0, 0.0), |(_, of, others)| (*of, *others))
    }

    fn both(&self) -> Result<(f64, f64), &'static str> {
        let (of, others) = self.totals();
        if of > 0.0 && others > 0.0 { Ok((of, others)) } else { Err(ONE_CLASS) }
    }

    /// The area under the ROC curve.
    pub(super) fn auc(&self) -> Result<f64, &'static str> {
        let (of, others) = self.both()?;
        let (mut area, mut x, mut y) = (Sum::default(), 0.0, 0.0);
        for (_, next_y, next_x) in &self.steps {
            area.add((next_x - x) * (next_y + y) / 2.0);
            (x, y) = (*next_x, *next_y);
        }
        Ok(area.get() / (of * others))
    }

    /// The mean precision, by the recall that each score adds.
    pub(super) fn average_precision(&self) -> Result<f64, &'static str> {
        let (of, _) = self.both()?;
        let (mut mean, mut before) = (Sum::default(), 0.0);
        for (_, hits, misses) in &self.steps {
            if hits + misses > 0.0 {
                mean.add((hits - before) * hits / (hits + misses));
            }
            before = *hits;
        }
        Ok(mean.get() / of)
    }

    /// The ROC curve from its lower left; nothing when it is undefined.
    pub(super) fn roc(&self) -> Vec<CurvePoint> {
        let Ok((of, others)) = self.both() else { return Vec::new() };
        let mut out = vec![point(0.0, 0.0, f64::INFINITY)];
        out.extend(self.thinned().map(|(score, hits, misses)| point(misses / others, hits / of, *score)));
        out
    }

    /// The curve of precision over recall, from the lowest score up to recall 0.
    pub(super) fn precision_recall(&self) -> Vec<CurvePoint> {
        let Ok((of, _)) = self.both() else { return Vec::new() };
        let there = self.thinned().filter(|(_, hits, misses)| hits + misses > 0.0);
        let mut out: Vec<CurvePoint> =
            there.map(|(score, hits, misses)| point(hits / of, hits / (hits + misses), *score)).collect();
        out.reverse();
        out.push(CurvePoint { threshold: None, ..point(0.0, 1.0, 0.0) });
        out
    }

    /// The corners of the ROC curve, and of those at most [`MAX_POINTS`], evenly.
    fn thinned(&self) -> impl DoubleEndedIterator<Item = &(f64, f64, f64)> {
        let steps = &self.steps;
        let straight = |i: &usize| {
            let (Some(a), Some(b), Some(c)) =
                (i.checked_sub(1).and_then(|i| steps.get(i)), steps.get(*i), steps.get(i + 1))
            else {
                return false;
            };
            (b.1 - a.1) * (c.2 - b.2) == (c.1 - b.1) * (b.2 - a.2)
        };
        let corners: Vec<usize> = (0..steps.len()).filter(|i| steps.len() <= MAX_POINTS || !straight(i)).collect();
        let length = corners.len();
        let kept = length.min(MAX_POINTS);
        let chosen: Vec<&(f64, f64, f64)> = (0..kept)
            .filter_map(|i| corners.get(if length > MAX_POINTS { i * (length - 1) / (kept - 1) } else { i }))
            .filter_map(|i| steps.get(*i))
            .collect();
        chosen.into_iter()
    }
}

fn point(x: f64, y: f64, threshold: f64) -> CurvePoint {
    CurvePoint { x: Measured::new(x), y: Measured::new(y), threshold: Some(Measured::new(threshold)), count: None }
}

/// Log loss and Brier score of probabilities of one class against all others.
pub(super) fn probabilities(pairs: &[Pair]) -> [Score; 2] {
    let total = sum(pairs.iter().map(|(.., w)| *w));
    if let Some(why) = no_probabilities(pairs.iter().map(|(p, ..)| *p), total) {
        return [("log_loss", Err(why)), ("brier", Err(why))];
    }
    let loss = pairs.iter().map(|(p, is_of, w)| w * log(if *is_of { *p } else { 1.0 - p }));
    let square = pairs.iter().map(|(p, is_of, w)| w * (p - f64::from(u8::from(*is_of))).powi(2));
    [("log_loss", Ok(sum(loss) / total)), ("brier", Ok(sum(square) / total))]
}

fn no_probabilities(mut scores: impl Iterator<Item = f64>, total: f64) -> Option<&'static str> {
    if total <= 0.0 {
        return Some("all weights are zero");
    }
    (!scores.all(|p| (0.0..=1.0).contains(&p))).then_some("a score lies outside 0 to 1 and is no probability")
}

/// The loss of one probability; a certain mistake costs much, not everything.
fn log(p: f64) -> f64 {
    -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

/// Log loss of probabilities of all classes: each example's row, actual class and weight.
pub(super) fn log_loss(rows: &[(Vec<f64>, usize, f64)]) -> Result<f64, &'static str> {
    let total = sum(rows.iter().map(|(.., w)| *w));
    if let Some(why) = no_probabilities(rows.iter().flat_map(|(row, ..)| row.iter().copied()), total) {
        return Err(why);
    }
    if rows.iter().any(|(row, ..)| (sum(row.iter().copied()) - 1.0).abs() > 1e-3) {
        return Err("the scores of a row do not add up to 1");
    }
    Ok(sum(rows.iter().map(|(row, class, w)| w * row.get(*class).map_or(f64::NAN, |p| log(*p)))) / total)
}

/// The calibration curve: mean probability and share of the class in ten bins of equal width.
pub(super) fn calibration(pairs: &[Pair]) -> Vec<CurvePoint> {
    if !pairs.iter().all(|(p, ..)| (0.0..=1.0).contains(p)) {
        return Vec::new();
    }
    #[derive(Clone, Copy, Default)]
    struct Bin {
        scores: Sum,
        of: Sum,
        weight: Sum,
        examples: u64,
    }
    let mut bins = [Bin::default(); BINS];
    for (p, is_of, weight) in pairs {
        let at = (1..BINS).filter(|edge| f64::from(u32::try_from(*edge).unwrap_or(0)) * 0.1 < *p).count();
        let Some(bin) = bins.get_mut(at) else { continue };
        bin.scores.add(p * weight);
        bin.of.add(if *is_of { *weight } else { 0.0 });
        bin.weight.add(*weight);
        bin.examples += 1;
    }
    let there = bins.iter().filter(|bin| bin.weight.get() > 0.0);
    there
        .map(|bin| CurvePoint {
            x: Measured::new(bin.scores.get() / bin.weight.get()),
            y: Measured::new(bin.of.get() / bin.weight.get()),
            threshold: None,
            count: Some(bin.examples),
        })
        .collect()
}
