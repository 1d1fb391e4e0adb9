//! The paired bootstrap: 10,000 resamples of 100,000 examples, for each kind of metric.
//!
//! `cargo bench --bench bootstrap` prints the best of three and the interval, which must be the same
//! on any machine. `-- EXAMPLES` sets another number of examples, `-- NAME` picks the lines with
//! this name. RAYON_NUM_THREADS sets the threads.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should stop where it stands")]
#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]

use std::time::{Duration, Instant};

use presscheck::gate::stats::bootstrap::{CountMetric, Data, Plan, RESAMPLES, bootstrap};
use presscheck::gate::stats::{Evidence, Level};

#[expect(dead_code, reason = "only the generator of numbers is used here")]
mod generate;

const ROUNDS: usize = 3;

fn main() {
    let n: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(100_000);
    let mut numbers = generate::Numbers(42);
    let mut scores = |shift: f64| (0..n).map(|_| numbers.next() + shift).collect::<Vec<f64>>();
    let (a, b, base) = (scores(0.0), scores(0.01), scores(0.0));
    let labels: Vec<bool> = base.iter().map(|v| *v < 0.3).collect();
    let right = |of: &[f64], most: f64| of.iter().map(|v| f64::from(u8::from(*v < most))).collect::<Vec<f64>>();
    let (right_a, right_b) = (right(&a, 0.9), right(&b, 0.9));
    // Four in five predictions are right.
    let predicted = |of: &[f64]| labels.iter().zip(of).map(|(l, v)| *l == (*v < 0.8)).collect::<Vec<bool>>();
    let (said_a, said_b) = (predicted(&a), predicted(&b));
    let ranks =
        |of: &[f64]| labels.iter().zip(of).map(|(l, v)| v + 0.3 * f64::from(u8::from(*l))).collect::<Vec<f64>>();
    let (rank_a, rank_b) = (ranks(&a), ranks(&b));
    let clusters: Vec<u64> = (0..n as u64).map(|i| i / 5).collect();

    println!("{RESAMPLES} resamples × {n} examples, {} threads, best of {ROUNDS}", rayon::current_num_threads());
    let only = std::env::args().skip(1).find(|a| !a.starts_with('-') && a.parse::<usize>().is_err());
    let time = |name: &str, data: Data<'_>, clusters: Option<&[u64]>| {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        let plan = Plan { seed: [7; 32], resamples: RESAMPLES, clusters };
        let mut best = Duration::MAX;
        let mut interval = None;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let drawn = bootstrap(&data, &plan).unwrap();
            best = best.min(start.elapsed());
            interval = Some(drawn.interval(Level::one_sided(0.95).unwrap()).unwrap());
        }
        let interval = interval.unwrap();
        println!("{name:<28} {best:>9.2?}   {:.6} [{:.6}, {:.6}]", interval.estimate, interval.low, interval.high);
    };
    let both = |a, b| Data::Mean { candidate: a, baseline: Some(b) };
    time("mean of real scores", both(&a, &b), None);
    time("mean of right and wrong", both(&right_a, &right_b), None);
    time("mean, clusters of 5", both(&a, &b), Some(&clusters));
    let f1 = Data::Counts { metric: CountMetric::F1, labels: &labels, candidate: &said_a, baseline: Some(&said_b) };
    time("F1", f1, None);
    time("F1, clusters of 5", f1, Some(&clusters));
    time("AUC", Data::Auc { labels: &labels, candidate: &rank_a, baseline: Some(&rank_b) }, None);
}
