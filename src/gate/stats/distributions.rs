//! The distributions that the methods need: normal, Student's t, binomial, beta.
//!
//! In: finite numbers. Out: probabilities and quantiles, never NaN for arguments in range. Erfc and
//! ln Γ come from `libm`. The incomplete beta function is ours: that of `statrs` stops after 140 terms
//! and takes its factor from differences of ln Γ, which is wrong without a word from some ten
//! thousand observations on. Quantiles are found by bisection, to the last digit.

use libm::{erfc, lgamma};

use super::Undecidable;

/// The most observations for which exact binomial tails are computed (a fraction of a second).
pub const EXACT_LIMIT: u64 = 1_000_000_000;

/// P(Z ≤ z) of the standard normal.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// P(Z > z) of the standard normal, exact in the far tail too.
pub fn normal_sf(z: f64) -> f64 {
    normal_cdf(-z)
}

/// The z with P(Z ≤ z) = `p`; infinite at 0 and 1, NaN outside.
pub fn normal_quantile(p: f64) -> f64 {
    match p {
        0.0 => f64::NEG_INFINITY,
        1.0 => f64::INFINITY,
        p if !(0.0..=1.0).contains(&p) => f64::NAN,
        p if p < 0.5 => -bisect(0.0, 39.0, |z| normal_sf(z) > p),
        p => bisect(0.0, 39.0, |z| normal_sf(z) > 1.0 - p),
    }
}

/// ln Γ(z+1) − ln(√(2πz)·(z/e)^z), the error of Stirling's formula.
fn stirling_error(z: f64) -> f64 {
    if z <= 15.0 {
        let half_ln_2pi = 0.918_938_533_204_672_8;
        return lgamma(z + 1.0) - (z + 0.5) * z.ln() + z - half_ln_2pi;
    }
    let s = z * z;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0) / s) / s) / s) / s) / z
}

/// x·ln(x/m) + m − x without cancellation when x is near m (Loader's `bd0`).
fn deviance(x: f64, m: f64) -> f64 {
    let d = x - m;
    if d.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = d / (x + m);
    let mut sum = d * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// Γ(n+1)/(Γ(x+1)·Γ(n−x+1))·p^x·q^(n−x) for real 0 ≤ x ≤ n, by the saddle-point expansion of
/// C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000).
fn binomial_term(x: f64, n: f64, p: f64, q: f64) -> f64 {
    let y = n - x;
    if p <= 0.0 || q <= 0.0 {
        return f64::from(u8::from((p <= 0.0 && x == 0.0) || (q <= 0.0 && y == 0.0)));
    }
    if x == 0.0 || y == 0.0 {
        let log = if p < q { [(-p).ln_1p(), p.ln()] } else { [q.ln(), (-q).ln_1p()] };
        return if x == 0.0 { n * log[0] } else { n * log[1] }.exp();
    }
    let log = stirling_error(n) - stirling_error(x) - stirling_error(y) - deviance(x, n * p) - deviance(y, n * q);
    (log - 0.5 * (std::f64::consts::TAU * x * (y / n)).ln()).exp()
}

/// P(X = k) of a binomial.
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if k > n { 0.0 } else { binomial_term(k as f64, n as f64, p, 1.0 - p) }
}

/// P(X ≤ k) of a binomial.
///
/// # Errors
/// Above [`EXACT_LIMIT`] observations.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> Result<f64, Undecidable> {
    if n > EXACT_LIMIT {
        return Err(Undecidable::TooMany { n, limit: EXACT_LIMIT });
    }
    if k >= n {
        return Ok(1.0);
    }
    // P(X ≤ k) = I_q(n−k, k+1) = 1 − I_p(k+1, n−k).
    Ok(beta_tails(k as f64 + 1.0, (n - k) as f64, p, 1.0 - p).1)
}

/// I_x(a, b), the regularised incomplete beta function, for `a`, `b` > 0 and 0 ≤ `x` ≤ 1.
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    beta_tails(a, b, x, 1.0 - x).0
}

/// I_x(a, b) and its complement, each exact where it is small. `y` is 1 − x.
///
/// The continued fraction of DiDonato and Morris (1992, their BFRAC) by Lentz's method; the factor
/// in front of it by Loader's expansion.
fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let swap = x > a / (a + b);
    let (p, q, x, y) = if swap { (b, a, y, x) } else { (a, b, x, y) };
    let factor = binomial_term(p, p + q, x, y) * (p * q / (p + q));
    let tail = (factor * fraction(p, q, x, y)).clamp(0.0, 1.0);
    if swap { (1.0 - tail, tail) } else { (tail, 1.0 - tail) }
}

/// The continued fraction of I_x(a, b) without its factor x^a·y^b / B(a, b).
fn fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let lambda = a * y - b * x;
    let mut f = TINY;
    let (mut c, mut d) = (f, 0.0);
    // Some √(a+b) terms are needed near the mean; this is far more.
    let most = 1000 + 20 * ((a + b).sqrt() as u64).min(100_000);
    for n in 0..most {
        let n = n as f64;
        let s = a + 2.0 * n;
        let last = (a + n) * (lambda + 1.0 + n * (1.0 + y)) / (s + 1.0);
        let (above, below) = if n == 0.0 {
            (1.0, last)
        } else {
            let above = (a + n - 1.0) * (a + b + n - 1.0) * n * (b - n) * x * x / ((s - 1.0) * (s - 1.0));
            (above, n + n * (b - n) * x / (s - 1.0) + last)
        };
        d = below + above * d;
        c = below + above / c;
        if d == 0.0 {
            d = TINY;
        }
        if c == 0.0 {
            c = TINY;
        }
        d = 1.0 / d;
        let step = c * d;
        f *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    f
}

/// The x with I_x(a, b) = `p`.
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    bisect(0.0, 1.0, |x| beta_cdf(a, b, x) < p)
}

/// P(T > t) of Student's t.
pub fn student_sf(t: f64, df: f64) -> f64 {
    if df > EXACT_LIMIT as f64 {
        return normal_sf(t);
    }
    let square = t * t;
    let tail = 0.5 * beta_tails(0.5 * df, 0.5, df / (df + square), square / (df + square)).0;
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The t with P(T > t) = `tail`, for tails below one half.
pub fn student_quantile(tail: f64, df: f64) -> f64 {
    let mut high = 2.0;
    while student_sf(high, df) > tail && high < 1e300 {
        high *= 2.0;
    }
    bisect(0.0, high, |t| student_sf(t, df) > tail)
}

/// Where `before` turns from true to false between `low` and `high`.
pub(crate) fn bisect(low: f64, high: f64, before: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if before(middle) { low = middle } else { high = middle }
    }
    low + (high - low) / 2.0
}
