//! Many p-values at once: Holm and Benjamini–Hochberg.
//!
//! In: raw p-values. Out: adjusted ones in the same order, to be compared with the same α.

use super::{Undecidable, finite};

/// How a family of p-values is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// S. Holm (1979): the chance of any false alarm stays below α, whatever depends on what.
    Holm,
    /// Y. Benjamini and Y. Hochberg (1995): the expected share of false alarms among the alarms stays
    /// below α, for independent or positively dependent tests.
    BenjaminiHochberg,
    /// None.
    None,
}

/// The adjusted p-values, in the order of the raw ones.
///
/// # Errors
/// When a p-value is not within 0 and 1: a family with such a member must not be thinned out.
pub fn adjust(p: &[f64], correction: Correction) -> Result<Vec<f64>, Undecidable> {
    finite(p)?;
    if p.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(Undecidable::OutOfRange("a p-value"));
    }
    let mut sorted: Vec<(usize, f64)> = p.iter().copied().enumerate().collect();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let count = p.len();
    let mut out = p.to_vec();
    let mut set = |at: usize, value: f64| {
        if let Some(slot) = out.get_mut(at) {
            *slot = value;
        }
    };
    match correction {
        Correction::None => {}
        Correction::Holm => {
            let mut largest = 0.0f64;
            for (rank, (at, p)) in sorted.iter().enumerate() {
                largest = largest.max(p * (count - rank) as f64).min(1.0);
                set(*at, largest);
            }
        }
        Correction::BenjaminiHochberg => {
            let mut smallest = 1.0f64;
            for (rank, (at, p)) in sorted.iter().enumerate().rev() {
                // The quotient first: then the last factor is exactly one.
                smallest = smallest.min(p * (count as f64 / (rank + 1) as f64));
                set(*at, smallest);
            }
        }
    }
    Ok(out)
}
