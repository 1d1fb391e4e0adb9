//! Metrics of predicted numbers, and sums that keep their digits.
//!
//! In: actual and predicted numbers with weights. Out: values, or why there is none. Definitions:
//! scikit-learn's user guide, "Regression metrics".

/// A sum whose error does not grow with its length (Neumaier).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    sum: f64,
    rest: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64) {
        let next = self.sum + value;
        // Once it is infinite there is nothing to compensate.
        if next.is_finite() {
            self.rest +=
                if self.sum.abs() >= value.abs() { (self.sum - next) + value } else { (value - next) + self.sum };
        }
        self.sum = next;
    }

    pub(super) fn get(self) -> f64 {
        self.sum + self.rest
    }
}

/// The sum of some numbers.
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut out = Sum::default();
    values.into_iter().for_each(|value| out.add(value));
    out.get()
}

/// A metric's name, and its value or why there is none.
pub(super) type Score = (&'static str, Result<f64, &'static str>);

/// An example: actual, predicted, weight.
pub(super) type Pair = (f64, f64, f64);

/// The metrics of predicted numbers. `weighted`: whether the weights are not all one.
pub(super) fn regression(pairs: &[Pair], weighted: bool) -> Vec<Score> {
    let total = sum(pairs.iter().map(|(_, _, w)| *w));
    if total <= 0.0 {
        return ["mae", "mse", "rmse", "r2"].map(|name| (name, Err("all weights are zero"))).to_vec();
    }
    let mean = |value: &dyn Fn(f64, f64) -> f64| sum(pairs.iter().map(|(a, p, w)| w * value(*a, *p))) / total;
    let mse = mean(&|a, p| (a - p) * (a - p));
    let centre = mean(&|a, _| a);
    let spread = mean(&|a, _| (a - centre) * (a - centre));
    let constant = pairs.windows(2).all(|two| matches!(two, [(a, ..), (b, ..)] if a == b));
    let mut out: Vec<Score> = vec![
        ("mae", Ok(mean(&|a, p| (a - p).abs()))),
        ("mse", Ok(mse)),
        ("rmse", Ok(mse.sqrt())),
        ("r2", if constant { Err("the actual values are all the same") } else { Ok(1.0 - mse / spread) }),
        ("max_error", Ok(pairs.iter().map(|(a, p, _)| (a - p).abs()).fold(0.0, f64::max))),
    ];
    if !weighted {
        let mut errors: Vec<f64> = pairs.iter().map(|(a, p, _)| (a - p).abs()).collect();
        errors.sort_unstable_by(f64::total_cmp);
        let at = |i: usize| errors.get(i).copied().unwrap_or(f64::NAN);
        let half = errors.len() / 2;
        let median = if errors.len() % 2 == 1 { at(half) } else { at(half.saturating_sub(1)).midpoint(at(half)) };
        out.push(("median_ae", Ok(median)));
    }
    let zero = pairs.iter().any(|(a, ..)| *a == 0.0);
    let mape = mean(&|a, p| ((a - p) / a).abs());
    out.push(("mape", if zero { Err("an actual value is zero") } else { Ok(mape) }));
    out
}
