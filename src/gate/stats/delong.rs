//! The area under the ROC curve: its value with ties, its variance, and paired differences.
//!
//! In: labels and scores. Out: estimates with E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson's
//! variance (1988, Biometrics 44, 837–845), computed from midranks in O(n log n) as X. Sun and W. Xu
//! show (2014, IEEE Signal Processing Letters 21, 1389–1393).

use super::distributions::{bisect, normal_sf};
use super::{Evidence, Interval, Level, Method, Undecidable, finite, mean::Normal, same_length};

/// The AUC of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    /// The share of pairs that are ranked rightly; ties count one half.
    pub value: f64,
    /// DeLong's variance of it.
    pub variance: f64,
    /// Examples of the positive class.
    pub positives: u64,
    /// Examples of the negative class.
    pub negatives: u64,
}

/// The AUC of two models on the same examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedAuc {
    /// The candidate's.
    pub candidate: Auc,
    /// The baseline's.
    pub baseline: Auc,
    /// DeLong's covariance of the two.
    pub covariance: f64,
    /// The variance of the difference, computed from differences: without cancellation.
    variance: f64,
    /// Whether the two rank each example alike.
    identical: bool,
}

/// For each positive the share of negatives below it, for each negative the share of positives above.
struct Placements {
    positives: Vec<f64>,
    negatives: Vec<f64>,
    value: f64,
}

/// The AUC of scores, where a higher score speaks for the positive class (`true`).
///
/// # Errors
/// When the lists differ in length, a score is not finite, or a class has fewer than two examples.
pub fn auc(labels: &[bool], scores: &[f64]) -> Result<Auc, Undecidable> {
    Ok(single(&placements(labels, scores)?))
}

/// The AUCs of two models on the same examples.
///
/// # Errors
/// As [`auc`].
pub fn paired(labels: &[bool], candidate: &[f64], baseline: &[f64]) -> Result<PairedAuc, Undecidable> {
    let (a, b) = (placements(labels, candidate)?, placements(labels, baseline)?);
    let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
    let positives = minus(&a.positives, &b.positives);
    let negatives = minus(&a.negatives, &b.negatives);
    let (m, n) = (positives.len() as f64, negatives.len() as f64);
    Ok(PairedAuc {
        candidate: single(&a),
        baseline: single(&b),
        covariance: covariance(&a.positives, &b.positives) / m + covariance(&a.negatives, &b.negatives) / n,
        variance: covariance(&positives, &positives) / m + covariance(&negatives, &negatives) / n,
        identical: positives.iter().chain(&negatives).all(|d| *d == 0.0),
    })
}

fn single(p: &Placements) -> Auc {
    let (m, n) = (p.positives.len(), p.negatives.len());
    Auc {
        value: p.value,
        variance: covariance(&p.positives, &p.positives) / m as f64 + covariance(&p.negatives, &p.negatives) / n as f64,
        positives: m as u64,
        negatives: n as u64,
    }
}

/// The sample covariance of two lists of one length; exactly zero when one is constant.
fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    // From the first value, so that a constant list has differences of exactly zero.
    let (a0, b0) = (a.first().copied().unwrap_or(0.0), b.first().copied().unwrap_or(0.0));
    let (ma, mb) = (a.iter().map(|v| v - a0).sum::<f64>() / n, b.iter().map(|v| v - b0).sum::<f64>() / n);
    a.iter().zip(b).map(|(x, y)| (x - a0 - ma) * (y - b0 - mb)).sum::<f64>() / (n - 1.0)
}

fn placements(labels: &[bool], scores: &[f64]) -> Result<Placements, Undecidable> {
    same_length(labels, scores)?;
    finite(scores)?;
    let m = labels.iter().filter(|l| **l).count();
    let n = labels.len() - m;
    if m == 0 || n == 0 {
        return Err(Undecidable::OneClass);
    }
    if m.min(n) < 2 {
        return Err(Undecidable::TooFew { n: m.min(n) as u64, needs: 2 });
    }
    // Adding zero makes −0 and 0 one score.
    let mut order: Vec<(f64, bool)> = scores.iter().zip(labels).map(|(s, l)| (s + 0.0, *l)).collect();
    let mut at: Vec<usize> = (0..order.len()).collect();
    at.sort_unstable_by(|i, j| scores[*i].partial_cmp(&scores[*j]).unwrap_or(std::cmp::Ordering::Equal).then(i.cmp(j)));
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // For each tie group the placements of its members; then back into the order of the examples.
    let mut of_example = vec![0.0; labels.len()];
    let (mut below_m, mut below_n, mut twice) = (0usize, 0usize, 0u128);
    let mut start = 0;
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let here_m = group.iter().filter(|(_, l)| *l).count();
        let here_n = group.len() - here_m;
        let positive = (2 * below_n + here_n) as f64 / (2.0 * n as f64);
        let negative = (2 * (m - below_m - here_m) + here_m) as f64 / (2.0 * m as f64);
        twice += here_m as u128 * (2 * below_n + here_n) as u128;
        for i in at.iter().skip(start).take(group.len()) {
            if let (Some(place), Some(label)) = (of_example.get_mut(*i), labels.get(*i)) {
                *place = if *label { positive } else { negative };
            }
        }
        start += group.len();
        (below_m, below_n) = (below_m + here_m, below_n + here_n);
    }
    let of_class =
        |class: bool| labels.iter().zip(&of_example).filter(|(l, _)| **l == class).map(|(_, p)| *p).collect();
    Ok(Placements {
        positives: of_class(true),
        negatives: of_class(false),
        value: twice as f64 / (2.0 * m as f64 * n as f64),
    })
}

impl Auc {
    /// The standard error of the log odds, where the AUC has them and varies.
    fn logit_stderr(&self) -> Option<f64> {
        let stderr = self.variance.sqrt() / (self.value * (1.0 - self.value));
        (stderr.is_finite() && stderr > 0.0).then_some(stderr)
    }

    /// DeLong's variance as evidence on the plain scale, for the difference of AUCs of different
    /// examples: [`Normal::difference`].
    ///
    /// # Errors
    /// When the variance is zero.
    pub fn normal(&self) -> Result<Normal, Undecidable> {
        Normal::new(self.value, self.variance.sqrt())
    }
}

fn logit(p: f64) -> f64 {
    p.ln() - (-p).ln_1p()
}

/// DeLong's variance on the scale of log odds (M. S. Pepe 2003, section 5.2.5): on the plain scale the
/// lower bound of a high AUC covers too rarely (docs/gate/statistics.md). Where the variance is zero
/// (all pairs ranked rightly, or all wrongly), the score interval of R. G. Newcombe (2006, Statistics
/// in Medicine 25, 559–573, method 5), with the variance of Hanley and McNeil (1982).
impl Evidence for Auc {
    fn estimate(&self) -> f64 {
        self.value
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        if let Some(stderr) = self.logit_stderr() {
            let (middle, half) = (logit(self.value), level.z() * stderr);
            let back = |x: f64| 1.0 / (1.0 + (-x).exp());
            return Interval::new(self.value, back(middle - half), back(middle + half), level, Method::DelongLogit);
        }
        let z = level.z();
        let (m, n) = (self.positives as f64, self.negatives as f64);
        let off = |theta: f64| {
            let more = (m + n) / 2.0 - 1.0;
            let spread = 1.0 + more * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta));
            (self.value - theta).abs() > z * (theta * (1.0 - theta) * spread / (m * n)).sqrt()
        };
        let low = if self.value > 0.0 { bisect(0.0, self.value, off) } else { 0.0 };
        let high = if self.value < 1.0 { bisect(self.value, 1.0, |t| !off(t)) } else { 1.0 };
        Interval::new(self.value, low, high, level, Method::AucScore)
    }
}

impl PairedAuc {
    /// The standard error of the difference.
    pub fn stderr(&self) -> f64 {
        self.variance.max(0.0).sqrt()
    }
}

/// The difference candidate − baseline with a normal interval. When the two rank every example
/// alike, the rule of three takes its place: with this confidence no more than a share of
/// 1 − (tail/2)^(1/m) of the positives and 1 − (tail/2)^(1/n) of the negatives are ranked
/// differently at all, and the AUC cannot change by more than the sum of the two.
impl Evidence for PairedAuc {
    fn estimate(&self) -> f64 {
        if self.identical { 0.0 } else { self.candidate.value - self.baseline.value }
    }

    fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        if self.identical {
            let unseen = |n: u64| -((level.tail() / 2.0).ln() / n as f64).exp_m1();
            let most = (unseen(self.candidate.positives) + unseen(self.candidate.negatives)).min(1.0);
            return Interval::new(0.0, -most, most, level, Method::Constant);
        }
        let Interval { low, high, .. } = Normal::new(self.estimate(), self.stderr())?.interval(level)?;
        Interval::new(self.estimate(), low.max(-1.0), high.min(1.0), level, Method::Delong)
    }

    fn p_below(&self, limit: f64) -> Result<f64, Undecidable> {
        if self.identical { inverted(self, limit) } else { z_test(self.estimate() - limit, self.stderr()) }
    }

    fn p_above(&self, limit: f64) -> Result<f64, Undecidable> {
        if self.identical { inverted(self, -limit) } else { z_test(limit - self.estimate(), self.stderr()) }
    }
}

fn z_test(distance: f64, stderr: f64) -> Result<f64, Undecidable> {
    if !distance.is_finite() {
        return Err(Undecidable::NotFinite);
    }
    if stderr > 0.0 { Ok(normal_sf(-distance / stderr)) } else { Err(Undecidable::NoVariation) }
}

/// Without any difference seen: the tail at which the rule of three reaches the limit.
fn inverted(pair: &PairedAuc, limit: f64) -> Result<f64, Undecidable> {
    if !limit.is_finite() {
        return Err(Undecidable::NotFinite);
    }
    if limit <= 0.0 {
        return Ok(1.0);
    }
    let width = |tail: f64| {
        let unseen = |n: u64| -((tail / 2.0).ln() / n as f64).exp_m1();
        unseen(pair.candidate.positives) + unseen(pair.candidate.negatives)
    };
    Ok(bisect(0.0, 1.0, |tail| width(tail) > limit))
}
