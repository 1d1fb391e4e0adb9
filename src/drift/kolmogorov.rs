//! The distribution of the Kolmogorov–Smirnov statistic.
//!
//! In: sizes and a statistic. Out: the chance of such a statistic or a larger one under the same distribution.
//! Exact for two samples by counting paths (J. L. Hodges 1958), as the share of paths that leave the band, so that
//! small chances keep their digits. For one sample after R. Simard and P. L'Ecuyer 2011 (J. Stat. Softw. 39, 11): the
//! matrix of J. Durbin 1973 as G. Marsaglia, W. W. Tsang and J. Wang 2003 use it, the tail of N. V. Smirnov, and the
//! expansion of W. Pelz and I. J. Good 1976.

use std::f64::consts::PI;

use libm::lgamma;

/// P(D ≥ d) of two samples, whatever the distribution, without ties.
pub fn exact(m: usize, n: usize, d: f64) -> f64 {
    let shared = gcd(m, n).max(1);
    // The statistic is a whole number of steps of 1/lcm: compared as such, rounding cannot move it.
    let (step_i, step_j) = ((n / shared) as f64, (m / shared) as f64);
    let band = (d * m as f64 * step_i).round();
    if band <= 0.0 {
        return 1.0;
    }
    let outside = |i: usize, j: usize| (i as f64 * step_i - j as f64 * step_j).abs() >= band;
    let mut row: Vec<f64> = Vec::with_capacity(n + 1);
    for j in 0..=n {
        let before = row.last().copied().unwrap_or(0.0);
        row.push(if outside(0, j) { 1.0 } else { before });
    }
    for i in 1..=m {
        let mut left = 0.0;
        for (j, chance) in row.iter_mut().enumerate() {
            let all = (i + j) as f64;
            *chance = if outside(i, j) { 1.0 } else { (i as f64 * *chance + j as f64 * left) / all };
            left = *chance;
        }
    }
    row.last().copied().unwrap_or(1.0)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// P(D ≥ d) of two samples as of one of m·n/(m + n) rows, rounded, as `scipy` has it.
pub fn asymptotic(m: u64, n: u64, d: f64) -> f64 {
    let (m, n) = (m as f64, n as f64);
    one_sample((m * n / (m + n)).round_ties_even(), d)
}

/// Above this the chance that both sides are crossed is nothing beside the chance of one.
const TAIL: f64 = 4.0;

/// P(D ≥ d) of one sample of `n` rows against a continuous distribution, two-sided.
pub fn one_sample(n: f64, d: f64) -> f64 {
    let scaled = n * d * d;
    if d <= 0.0 || n * d <= 0.5 || n < 1.0 {
        1.0
    } else if d >= 1.0 {
        0.0
    } else if d >= 0.5 || scaled > TAIL {
        (2.0 * smirnov(n, d)).min(1.0)
    } else if n <= 140.0 {
        1.0 - durbin(n, d)
    } else {
        1.0 - pelz_good(n, d)
    }
}

/// P(D⁺ ≥ d) of one sample: the sum of Z. W. Birnbaum and F. H. Tingey 1951, its terms as logarithms.
fn smirnov(n: f64, d: f64) -> f64 {
    let last = (n * (1.0 - d)).floor();
    let mut sum = 0.0;
    let mut j = 0.0;
    while j <= last {
        let (rising, falling) = (d + j / n, 1.0 - d - j / n);
        let choose = lgamma(n + 1.0) - lgamma(j + 1.0) - lgamma(n - j + 1.0);
        let tail = if n - j > 0.0 { (n - j) * falling.max(0.0).ln() } else { 0.0 };
        sum += (choose + (j - 1.0) * rising.ln() + tail).exp();
        j += 1.0;
    }
    (d * sum).clamp(0.0, 1.0)
}

/// P(D < d) of one sample, by the n-th power of a matrix.
fn durbin(n: f64, d: f64) -> f64 {
    let k = (n * d).floor() as usize + 1;
    let size = 2 * k - 1;
    let h = k as f64 - n * d;
    let mut matrix = vec![0.0; size * size];
    let set = |matrix: &mut Vec<f64>, i: usize, j: usize, value: f64| {
        if let Some(slot) = matrix.get_mut(i * size + j) {
            *slot = value;
        }
    };
    for i in 0..size {
        for j in 0..size {
            if i + 1 >= j {
                let mut value = 1.0;
                // The first column and the last row hold what is left of the band's edges.
                if j == 0 {
                    value -= h.powi(i as i32 + 1);
                }
                if i == size - 1 {
                    value -= h.powi((size - j) as i32);
                }
                if j == 0 && i == size - 1 && 2.0 * h > 1.0 {
                    value += (2.0 * h - 1.0).powi(size as i32);
                }
                for g in 1..=(i + 1 - j) {
                    value /= g as f64;
                }
                set(&mut matrix, i, j, value);
            }
        }
    }
    let (power, mut exponent) = raised(&matrix, size, n as u64);
    let mut chance = power.get((k - 1) * size + k - 1).copied().unwrap_or(0.0);
    let mut i = 1.0;
    while i <= n {
        chance = chance * i / n;
        if chance < 1e-140 {
            chance *= 1e140;
            exponent -= 140;
        }
        i += 1.0;
    }
    (chance * 10_f64.powi(exponent)).clamp(0.0, 1.0)
}

/// A power of a square matrix, with a power of ten taken out.
fn raised(matrix: &[f64], size: usize, n: u64) -> (Vec<f64>, i32) {
    if n <= 1 {
        return (matrix.to_vec(), 0);
    }
    let (half, exponent) = raised(matrix, size, n / 2);
    let square = product(&half, &half, size);
    let (mut out, mut exponent) =
        if n.is_multiple_of(2) { (square, 2 * exponent) } else { (product(matrix, &square, size), 2 * exponent) };
    let middle = (size / 2) * size + size / 2;
    if out.get(middle).is_some_and(|v| *v > 1e140) {
        out.iter_mut().for_each(|v| *v *= 1e-140);
        exponent += 140;
    }
    (out, exponent)
}

fn product(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut out = vec![0.0; size * size];
    for (row, into) in a.chunks(size).zip(out.chunks_mut(size)) {
        for (factor, line) in row.iter().zip(b.chunks(size)) {
            into.iter_mut().zip(line).for_each(|(slot, value)| *slot += factor * value);
        }
    }
    out
}

/// P(D < d) of one sample by the first four terms in 1/√n.
fn pelz_good(n: f64, d: f64) -> f64 {
    let z = n.sqrt() * d;
    let (z2, z3, z4, z6) = (z.powi(2), z.powi(3), z.powi(4), z.powi(6));
    let (z7, z8, z10) = (z.powi(7), z.powi(8), z.powi(10));
    let (pi2, pi4, pi6) = (PI.powi(2), PI.powi(4), PI.powi(6));
    let mut terms = [0.0; 4];
    let most = (16.0 * z / PI).ceil().max(1.0) as u32;
    for k in (1..=most).rev() {
        let m2 = (f64::from(2 * k) - 1.0).powi(2);
        let weight = (-pi2 * m2 / (8.0 * z2)).exp();
        let (m4, m6) = (m2 * m2, m2 * m2 * m2);
        let parts = [
            1.0,
            -z2 + pi2 / 4.0 * m2,
            6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2 + pi4 * (1.0 - 2.0 * z2) / 16.0 * m4,
            -30.0 * z6 - 90.0 * z8
                + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + pi4 * (-60.0 * z2 + 212.0 * z4) / 16.0 * m4
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m6,
        ];
        terms.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part * weight);
    }
    let root = (2.0 * PI).sqrt();
    let mut scaled: Vec<f64> =
        terms.iter().zip([z, 6.0 * z4, 72.0 * z7, 6480.0 * z10]).map(|(term, by)| term * root / by).collect();
    let (mut second, mut third) = (0.0, 0.0);
    for k in (1..=most).rev() {
        let k2 = f64::from(k).powi(2);
        let weight = (-pi2 * k2 / (2.0 * z2)).exp();
        second += k2 * weight;
        third += (3.0 * z2 - pi2 * k2) * k2 * weight;
    }
    if let [_, _, k2, k3] = scaled.as_mut_slice() {
        *k2 += second * pi2 * root / (-36.0 * z3);
        *k3 += third * pi2 * root / (216.0 * z6);
    }
    let sum: f64 = scaled.iter().enumerate().map(|(i, k)| k / n.powf(i as f64 / 2.0)).sum();
    sum.clamp(0.0, 1.0)
}
