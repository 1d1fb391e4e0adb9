//! From an interval or a p-value to pass, fail or inconclusive.
//!
//! In: evidence about a value or a difference, and the limit that it must keep. Out: a [`Decision`]
//! with its reason as data. A difference is candidate − baseline; its limit is −margin when higher is
//! better and +margin when lower is.

use super::power::{detectable_by, floor_n, needed_n};
use super::{Evidence, Interval, Method, Undecidable};

/// Which side of the limit is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// At or above the limit.
    Higher,
    /// At or below the limit.
    Lower,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// The statement holds.
    Pass,
    /// It does not.
    Fail,
    /// The evidence does not tell.
    Inconclusive(Why),
}

/// Why the evidence does not tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    /// The limit lies within the bounds.
    Straddles {
        /// The examples at which this estimate would prove it; `None` when no number would, or the
        /// present number is not known.
        needs_n: Option<u64>,
    },
    /// No harm was found, but it would not have been found either.
    Underpowered {
        /// What could have been found.
        detectable: f64,
        /// The examples at which `mde` could be found.
        needs_n: Option<u64>,
    },
    /// There is no interval or p-value.
    Evidence(Undecidable),
}

/// "Prove": passes when the whole interval is on the good side of the limit, the limit included;
/// fails when the whole interval is on the other side. `n` is the number of examples, if known.
///
/// When all of several rules must pass, no correction is needed: it is an intersection-union test
/// (R. L. Berger 1982, Technometrics 24, 295–300).
pub fn noninferior(interval: &Interval, limit: f64, better: Better, n: Option<u64>) -> Decision {
    let (interval, limit) = match better {
        Better::Higher => (*interval, limit),
        Better::Lower => (interval.negated(), -limit),
    };
    if !limit.is_finite() {
        return Decision::Inconclusive(Why::Evidence(Undecidable::NotFinite));
    }
    if interval.low >= limit {
        Decision::Pass
    } else if interval.high < limit {
        Decision::Fail
    } else {
        let needs_n = n.and_then(|n| enough(&interval, n, limit).filter(|needed| *needed > n));
        Decision::Inconclusive(Why::Straddles { needs_n })
    }
}

/// The examples at which the lower bound would reach the limit, if the estimate stayed. Of a share of all or none the
/// exact bound says it exactly; of others the interval is taken to shrink like 1/√n.
fn enough(interval: &Interval, n: u64, limit: f64) -> Option<u64> {
    let (exact, estimate) = (interval.method == Method::ClopperPearson, interval.estimate);
    let share = match () {
        () if exact && estimate == 1.0 => Some(limit),
        // Turned round: no failure at all against the largest share that may fail.
        () if exact && estimate == 0.0 && limit < 0.0 => Some(1.0 + limit),
        () => None,
    };
    match share.filter(|s| (0.0..1.0).contains(s)) {
        Some(share) => floor_n(1.0, share, interval.level).ok().flatten(),
        None => needed_n(interval, n, limit),
    }
}

/// The raw p-value of "worse than the limit", for [`super::multiplicity::adjust`].
///
/// # Errors
/// As the evidence's own.
pub fn p_worse(evidence: &dyn Evidence, limit: f64, better: Better) -> Result<f64, Undecidable> {
    match better {
        Better::Higher => evidence.p_below(limit),
        Better::Lower => evidence.p_above(limit),
    }
}

/// What a "detect" rule demands besides its limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detect {
    /// The p-value of "worse than the limit", adjusted within its family.
    pub p: f64,
    /// The effect that the evidence must be able to show.
    pub mde: f64,
    /// With which power.
    pub power: f64,
}

/// "Detect": fails when the harm is significant at the interval's level; passes when it is not and
/// the minimum detectable effect is at most `mde`; else it is inconclusive.
pub fn not_inferior(interval: &Interval, demand: Detect, n: Option<u64>) -> Decision {
    let Detect { p, mde, power } = demand;
    let inconclusive = |why| Decision::Inconclusive(Why::Evidence(why));
    if !(0.0..=1.0).contains(&p) {
        return inconclusive(Undecidable::OutOfRange("a p-value"));
    }
    if p < interval.level.tail() {
        return Decision::Fail;
    }
    if !(mde.is_finite() && mde > 0.0) {
        return inconclusive(Undecidable::OutOfRange("mde"));
    }
    match detectable_by(interval, power) {
        Err(why) => inconclusive(why),
        Ok(detectable) if detectable <= mde => Decision::Pass,
        Ok(detectable) => {
            // An effect that shrinks like 1/√n, as in `needed_n`.
            let needed = n.map(|n| (n as f64 * (detectable / mde).powi(2)).ceil());
            let needs_n = needed.filter(|n| *n < 9.0e15).map(|n| n as u64);
            Decision::Inconclusive(Why::Underpowered { detectable, needs_n })
        }
    }
}
