//! The statistics of the gate against reference values, as properties, and by simulation.
//!
//! `tests/fixtures/stats/make.py` computed the reference values with scipy and statsmodels.
//! `cargo nextest run --run-ignored only coverage` prints the table of docs/gate/statistics.md.

use presscheck::gate::stats::bootstrap::{Bootstrap, CountMetric, Data, Plan, bootstrap};
use presscheck::gate::stats::decide::{Better, Decision, Detect, Why, noninferior, not_inferior, p_worse};
use presscheck::gate::stats::mcnemar::{self, Side};
use presscheck::gate::stats::mean::{Constant, Normal, Student};
use presscheck::gate::stats::multiplicity::{Correction, adjust};
use presscheck::gate::stats::proportion::{PairedProportions, Proportion, TwoProportions};
use presscheck::gate::stats::{Evidence, Interval, Level, Method, Undecidable, delong, distributions as dist, power};
use proptest::prelude::*;
use serde_json::Value;

const REFERENCE: &str = include_str!("../fixtures/stats/reference.json");

fn reference(key: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(REFERENCE).unwrap();
    let list = all[key].as_array().unwrap().clone();
    assert!(!list.is_empty());
    list
}

fn f(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn u(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(f).collect()
}

/// Equal to within `tolerance`, relative for large numbers, absolute for small ones.
#[track_caller]
fn near(ours: f64, theirs: f64, tolerance: f64, what: &dyn std::fmt::Display) {
    let off = (ours - theirs).abs() / theirs.abs().max(1.0);
    assert!(off <= tolerance, "{what}: {ours} and not {theirs}, off by {off:e}");
}

/// Equal in relative terms: for probabilities in a tail.
#[track_caller]
fn close(ours: f64, theirs: f64, tolerance: f64, what: &dyn std::fmt::Display) {
    let off = (ours - theirs).abs() / theirs.abs().max(1e-290);
    assert!(off <= tolerance, "{what}: {ours} and not {theirs}, off by {off:e}");
}

#[track_caller]
fn bounds(ours: Interval, theirs: &Value, what: &dyn std::fmt::Display) {
    near(ours.low, f(&theirs[0]), 1e-9, &format_args!("low of {what}"));
    near(ours.high, f(&theirs[1]), 1e-9, &format_args!("high of {what}"));
}

fn tail(row: &Value) -> Level {
    Level::of_tail(f(&row["tail"])).unwrap()
}

fn level(confidence: f64) -> Level {
    Level::one_sided(confidence).unwrap()
}

// Reference values.

#[test]
fn normal_probabilities_are_those_of_scipy() {
    for row in reference("normal") {
        close(dist::normal_cdf(f(&row["z"])), f(&row["cdf"]), 1e-13, &row);
        close(dist::normal_sf(f(&row["z"])), f(&row["sf"]), 1e-13, &row);
    }
    for row in reference("normal_quantile") {
        near(dist::normal_quantile(f(&row["p"])), f(&row["z"]), 1e-13, &row);
    }
}

#[test]
fn student_probabilities_are_those_of_scipy() {
    for row in reference("student") {
        close(dist::student_sf(f(&row["t"]), f(&row["df"])), f(&row["sf"]), 1e-11, &row);
    }
    for row in reference("student_quantile") {
        near(dist::student_quantile(f(&row["tail"]), f(&row["df"])), f(&row["t"]), 1e-11, &row);
    }
}

#[test]
fn binomial_probabilities_are_those_of_scipy() {
    for row in reference("binomial") {
        let (k, n, p) = (u(&row["k"]), u(&row["n"]), f(&row["p"]));
        close(dist::binomial_pmf(k, n, p), f(&row["pmf"]), 1e-11, &row);
        close(dist::binomial_cdf(k, n, p).unwrap(), f(&row["cdf"]), 1e-10, &row);
    }
    for row in reference("beta_quantile") {
        near(dist::beta_quantile(f(&row["a"]), f(&row["b"]), f(&row["p"])), f(&row["x"]), 1e-12, &row);
    }
    assert!(matches!(dist::binomial_cdf(1, u64::MAX, 0.5), Err(Undecidable::TooMany { .. })));
}

#[test]
fn intervals_of_a_proportion_are_those_of_statsmodels() {
    for row in reference("proportion") {
        let p = Proportion::new(u(&row["k"]), u(&row["n"])).unwrap();
        bounds(p.wilson(tail(&row)).unwrap(), &row["wilson"], &row);
        bounds(p.clopper_pearson(tail(&row)).unwrap(), &row["exact"], &row);
        let used = p.interval(tail(&row)).unwrap();
        let degenerate = row["k"] == 0 || row["k"] == row["n"];
        assert_eq!(used.method == Method::ClopperPearson, degenerate, "{row}");
    }
}

#[test]
fn intervals_of_a_difference_are_those_of_statsmodels() {
    for row in reference("newcombe") {
        let of = |k: &str, n: &str| Proportion::new(u(&row[k]), u(&row[n])).unwrap();
        let both = TwoProportions { candidate: of("a", "m"), baseline: of("b", "n") };
        bounds(both.interval(tail(&row)).unwrap(), &row["interval"], &row);
    }
    // Newcombe 1998, table II, method 10: 56/70 − 48/80 is 0.2 with 0.0524 to 0.3339.
    let both =
        TwoProportions { candidate: Proportion::new(56, 70).unwrap(), baseline: Proportion::new(48, 80).unwrap() };
    let published = both.interval(Level::two_sided(0.95).unwrap()).unwrap();
    assert_eq!((format!("{:.4}", published.low), format!("{:.4}", published.high)), ("0.0524".into(), "0.3339".into()));
}

#[test]
fn intervals_of_a_paired_difference_solve_the_score_equation() {
    for row in reference("tango") {
        let pairs = PairedProportions::new(u(&row["wins"]), u(&row["losses"]), u(&row["n"])).unwrap();
        bounds(pairs.interval(tail(&row)).unwrap(), &row["interval"], &row);
    }
    for row in reference("tango_p") {
        let pairs = PairedProportions::new(u(&row["wins"]), u(&row["losses"]), u(&row["n"])).unwrap();
        close(pairs.p_below(f(&row["limit"])).unwrap(), f(&row["p"]), 1e-9, &row);
    }
}

#[test]
fn mcnemar_is_that_of_scipy_and_statsmodels() {
    for row in reference("mcnemar") {
        let (wins, losses) = (u(&row["wins"]), u(&row["losses"]));
        for (side, name) in [(Side::Less, "less"), (Side::Greater, "greater"), (Side::Both, "both")] {
            near(mcnemar::exact(wins, losses, side).unwrap(), f(&row["exact"][name]), 1e-9, &row);
            near(mcnemar::mid_p(wins, losses, side).unwrap(), f(&row["mid_p"][name]), 1e-9, &row);
        }
    }
}

#[test]
fn delong_is_the_double_sum_over_pairs() {
    for row in reference("delong") {
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let labels: Vec<bool> = row["labels"].as_array().unwrap().iter().map(|l| l.as_bool().unwrap()).collect();
        let (a, b) = (list(&row["candidate"]), list(&row["baseline"]));
        let pair = delong::paired(&labels, &a, &b).unwrap();
        for (auc, at) in [(pair.candidate, 0), (pair.baseline, 1)] {
            near(auc.value, f(&row["auc"][at]), 1e-12, &"auc");
            near(auc.variance, f(&row["variance"][at]), 1e-12, &"variance");
        }
        near(pair.covariance, f(&row["covariance"]), 1e-12, &"covariance");
        near(pair.stderr(), f(&row["stderr"]), 1e-12, &"stderr");
        near(pair.p_below(0.0).unwrap(), f(&row["p_below_zero"]), 1e-9, &"p");
        let auc = delong::auc(&labels, &a).unwrap();
        assert_eq!(pair.candidate, auc);
        let interval = auc.interval(level(0.95)).unwrap();
        let half = 1.644_853_626_951_472_7 * auc.variance.sqrt() / (auc.value * (1.0 - auc.value));
        near(logit(interval.low), logit(auc.value) - half, 1e-12, &"log odds of the lower bound");
        near(logit(interval.high), logit(auc.value) + half, 1e-12, &"log odds of the upper bound");
    }
}

#[test]
fn a_perfect_auc_has_a_score_interval() {
    for row in reference("auc_score") {
        let (m, n) = (u(&row["positives"]), u(&row["negatives"]));
        let labels: Vec<bool> = (0..m + n).map(|i| i < m).collect();
        let scores: Vec<f64> = labels.iter().map(|l| f64::from(u8::from(*l))).collect();
        let interval = delong::auc(&labels, &scores).unwrap().interval(tail(&row)).unwrap();
        assert_eq!((interval.method, interval.high), (Method::AucScore, 1.0));
        near(interval.low, f(&row["low"]), 1e-9, &row);
    }
}

#[test]
fn students_t_is_that_of_scipy_and_statsmodels() {
    for row in reference("student_mean") {
        let (a, b) = (list(&row["a"]), list(&row["b"]));
        let (one, welch) = (Student::of(&a).unwrap(), Student::welch(&a, &b).unwrap());
        for at in row["tails"].as_array().unwrap() {
            bounds(one.interval(tail(at)).unwrap(), &at["one"], at);
            bounds(welch.interval(tail(at)).unwrap(), &at["welch"], at);
        }
        near(one.p_below(0.89).unwrap(), f(&row["p_below"]), 1e-9, &"p");
        near(welch.p_below(0.01).unwrap(), f(&row["welch_p_below"]), 1e-9, &"welch p");
        let k = a.len().min(b.len());
        let paired = Student::paired(&a[..k], &b[..k]).unwrap();
        bounds(paired.interval(level(0.95)).unwrap(), &row["paired_90"], &"paired");
    }
}

#[test]
fn adjusted_p_values_are_those_of_statsmodels() {
    for row in reference("multiplicity") {
        for (key, correction) in [("holm", Correction::Holm), ("bh", Correction::BenjaminiHochberg)] {
            let ours = adjust(&list(&row["p"]), correction).unwrap();
            for (ours, theirs) in ours.iter().zip(list(&row[key])) {
                near(*ours, theirs, 1e-12, &row);
            }
        }
    }
    assert!(adjust(&[0.1, f64::NAN], Correction::Holm).is_err());
    assert!(adjust(&[0.1, 1.1], Correction::BenjaminiHochberg).is_err());
}

#[test]
fn numbers_of_examples_are_those_of_the_docs() {
    let all: Value = serde_json::from_str(REFERENCE).unwrap();
    let docs = include_str!("../../docs/gate/statistics.md");
    for row in all["power"]["paired"].as_array().unwrap() {
        let n = power::paired_n(0.1, f(&row["margin"]), level(0.95), 0.8).unwrap().unwrap();
        assert_eq!(n, f(&row["n"]).ceil() as u64, "{row}");
        assert!(docs.contains(&format!("| {} | {n} |", row["margin"])), "the docs lack {n}");
    }
    for row in all["power"]["floor"].as_array().unwrap() {
        let n = power::floor_n(f(&row["rate"]), f(&row["min"]), level(0.95)).unwrap();
        assert_eq!(n, Some(u(&row["n"])), "{row}");
    }
    for row in all["power"]["hoeffding"].as_array().unwrap() {
        let n = power::hoeffding_n(f(&row["epsilon"]), f(&row["delta"])).unwrap();
        assert_eq!(n, Some(f(&row["n"]).ceil() as u64), "{row}");
    }
    for row in all["power"]["false_block"].as_array().unwrap() {
        let ours = power::false_block(u32::try_from(u(&row["rules"])).unwrap(), level(0.95));
        near(ours, f(&row["p"]), 1e-12, row);
        assert!(docs.contains(&format!("| {} | {:.0} % |", row["rules"], 100.0 * ours)), "the docs lack {ours}");
    }
    for n in [30, 100, 300, 1000, 3000] {
        let low = Proportion::new(n * 9 / 10, n).unwrap().interval(level(0.95)).unwrap().low;
        assert!(docs.contains(&format!("| {n} | {low:.3} |")), "the docs lack {low} for {n}");
    }
    // All wins: 2^−5 is the first below 5 %, with mid-p 2^−5 of four.
    assert_eq!((power::sign_n(level(0.95), false), power::sign_n(level(0.95), true)), (5, 4));
    assert!(mcnemar::exact(5, 0, Side::Greater).unwrap() < 0.05 && mcnemar::exact(4, 0, Side::Greater).unwrap() > 0.05);
    assert!(mcnemar::mid_p(4, 0, Side::Greater).unwrap() < 0.05 && mcnemar::mid_p(3, 0, Side::Greater).unwrap() > 0.05);
}

// The bootstrap.

const SEED: [u8; 32] = [9; 32];

fn plan(resamples: u32, clusters: Option<&[u64]>) -> Plan<'_> {
    Plan { seed: SEED, resamples, clusters }
}

/// Real numbers that look random.
fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..n).map(|_| next()).collect()
}

#[test]
fn the_bootstrap_of_a_mean_is_that_of_scipy() {
    let all: Value = serde_json::from_str(REFERENCE).unwrap();
    let row = &all["bootstrap_mean"];
    let scores = list(&row["scores"]);
    let drawn = bootstrap(&Data::Mean { candidate: &scores, baseline: None }, &plan(40_000, None)).unwrap();
    // scipy's are plain percentiles of another random sample of the same distribution.
    let at = |share: f64| drawn.replicates()[(share * 40_000.0) as usize];
    let width = f(&row["high"]) - f(&row["low"]);
    near(at(0.05), f(&row["low"]), 0.02 * width, &"low");
    near(at(0.95), f(&row["high"]), 0.02 * width, &"high");
}

/// The spread of the bootstrap is known exactly for a mean: √(Σ(x − x̄)²)/n.
#[test]
fn the_spread_of_the_bootstrap_of_a_mean_is_the_exact_one() {
    for (scores, name) in [(noise(500, 1), "real"), (noise(500, 2).iter().map(|v| v.round()).collect(), "0 and 1")] {
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let exact = scores.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt() / n;
        let drawn = bootstrap(&Data::Mean { candidate: &scores, baseline: None }, &plan(20_000, None)).unwrap();
        let of = drawn.replicates();
        let middle = of.iter().sum::<f64>() / of.len() as f64;
        let spread = (of.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / of.len() as f64).sqrt();
        near(spread / exact, 1.0, 0.02, &name);
        near(middle, mean, 4.0 * exact / (of.len() as f64).sqrt(), &name);
    }
}

fn examples(n: usize) -> (Vec<bool>, Vec<f64>, Vec<f64>, Vec<u64>) {
    let labels: Vec<bool> = noise(n, 3).iter().map(|v| *v < 0.4).collect();
    let score = |seed, by: f64| {
        noise(n, seed).iter().zip(&labels).map(|(v, l)| ((v + by * f64::from(u8::from(*l))) * 50.0).round()).collect()
    };
    let clusters = (0..n as u64).map(|i| 1_000_000_007 * (i / 4) % 999_983).collect();
    (labels.clone(), score(4, 0.3), score(5, 0.35), clusters)
}

/// All kinds of data that the bootstrap lays out differently.
fn all_kinds(n: usize, order: &[usize], clustered: bool) -> Vec<Bootstrap> {
    let (labels, a, b, clusters) = examples(n);
    let labels: Vec<bool> = order.iter().map(|i| labels[*i]).collect();
    let a: Vec<f64> = order.iter().map(|i| a[*i]).collect();
    let b: Vec<f64> = order.iter().map(|i| b[*i]).collect();
    let clusters: Vec<u64> = order.iter().map(|i| clusters[*i]).collect();
    let (said_a, said_b): (Vec<bool>, Vec<bool>) = a.iter().zip(&b).map(|(a, b)| (*a > 40.0, *b > 40.0)).unzip();
    let right = |said: &[bool]| said.iter().zip(&labels).map(|(s, l)| f64::from(u8::from(s == l))).collect::<Vec<_>>();
    let (right_a, right_b) = (right(&said_a), right(&said_b));
    let third = |of: &[f64]| of.iter().map(|v| v / 3.0).collect::<Vec<f64>>();
    let (third_a, third_b) = (third(&a), third(&b));
    let plan = plan(300, clustered.then_some(clusters.as_slice()));
    let mut kinds = vec![
        Data::Mean { candidate: &right_a, baseline: Some(&right_b) },
        Data::Mean { candidate: &third_a, baseline: Some(&third_b) },
        Data::Mean { candidate: &third_a, baseline: None },
        Data::Auc { labels: &labels, candidate: &a, baseline: Some(&b) },
        Data::Auc { labels: &labels, candidate: &a, baseline: None },
    ];
    for metric in [CountMetric::Accuracy, CountMetric::Precision, CountMetric::Recall, CountMetric::F1] {
        kinds.push(Data::Counts { metric, labels: &labels, candidate: &said_a, baseline: Some(&said_b) });
        kinds.push(Data::Counts { metric, labels: &labels, candidate: &said_a, baseline: None });
    }
    kinds.iter().map(|data| bootstrap(data, &plan).unwrap()).collect()
}

#[test]
fn the_bootstrap_is_the_same_on_any_number_of_threads_and_in_any_order() {
    let n = 1500;
    let forwards: Vec<usize> = (0..n).collect();
    // 1500 has no factor 7.
    let shuffled: Vec<usize> = (0..n).map(|i| (i * 7 + 3) % n).collect();
    for clustered in [false, true] {
        let on = |threads: usize, order: &[usize]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| all_kinds(n, order, clustered))
        };
        let once = on(1, &forwards);
        for threads in [2, 3, 8] {
            assert!(once == on(threads, &forwards), "other bits on {threads} threads");
        }
        let other = on(2, &shuffled);
        for (a, b) in once.iter().zip(&other) {
            assert_eq!(a.replicates(), b.replicates(), "the order of the examples made a difference");
        }
    }
}

/// The values that a release gave must not change: a verdict would.
#[test]
fn the_draws_never_change() {
    let drawn = all_kinds(1500, &(0..1500).collect::<Vec<usize>>(), false);
    let text: Vec<String> =
        drawn.iter().map(|b| format!("{:?} {:?}", b.estimate(), b.replicates()[..3].to_vec())).collect();
    insta::assert_snapshot!(text.join("\n"));
}

/// Two ways to one number: accuracy counted, accuracy as a mean; the difference of two metrics.
#[test]
fn different_layouts_give_the_same_resamples() {
    let (labels, a, _, _) = examples(400);
    let said: Vec<bool> = a.iter().map(|v| *v > 40.0).collect();
    let right: Vec<f64> = said.iter().zip(&labels).map(|(s, l)| f64::from(u8::from(s == l))).collect();
    let spread = |data| {
        let drawn = bootstrap(&data, &plan(20_000, None)).unwrap();
        (drawn.estimate(), drawn.interval(level(0.95)).unwrap())
    };
    let (counted, by_count) =
        spread(Data::Counts { metric: CountMetric::Accuracy, labels: &labels, candidate: &said, baseline: None });
    let (mean, by_mean) = spread(Data::Mean { candidate: &right, baseline: None });
    near(counted, mean, 1e-12, &"accuracy");
    near(by_count.low, by_mean.low, 0.003, &"low");
    near(by_count.high, by_mean.high, 0.003, &"high");
    // The AUC against DeLong.
    let (auc, boot) = spread(Data::Auc { labels: &labels, candidate: &a, baseline: None });
    let exact = delong::auc(&labels, &a).unwrap();
    near(auc, exact.value, 1e-12, &"auc");
    near(boot.stderr() / exact.variance.sqrt(), 1.0, 0.05, &"stderr of auc");
    // Clusters of one are examples.
    let alone: Vec<u64> = (0..400).rev().collect();
    let data = Data::Mean { candidate: &a, baseline: None };
    let (one, other) =
        (bootstrap(&data, &plan(500, None)).unwrap(), bootstrap(&data, &plan(500, Some(&alone))).unwrap());
    near(one.replicates()[250], other.replicates()[250], 1e-12, &"clusters of one");
    // Clusters of equal examples: as many units as clusters, not as examples.
    let four: Vec<f64> = a[..100].iter().flat_map(|v| [*v; 4]).collect();
    let of: Vec<u64> = (0..400).map(|i| i / 4).collect();
    let wide = bootstrap(&Data::Mean { candidate: &four, baseline: None }, &plan(4000, Some(&of))).unwrap();
    let narrow = bootstrap(&Data::Mean { candidate: &four, baseline: None }, &plan(4000, None)).unwrap();
    let ratio = wide.interval(level(0.95)).unwrap().stderr() / narrow.interval(level(0.95)).unwrap().stderr();
    near(ratio, 2.0, 0.1, &"clusters of four equal ones");
}

#[test]
fn what_the_bootstrap_cannot_say_is_an_error() {
    let run = |candidate: &[f64], baseline: Option<&[f64]>| {
        bootstrap(&Data::Mean { candidate, baseline }, &plan(1000, None)).map(|b| b.units())
    };
    let same = vec![0.25; 100];
    assert_eq!(run(&same, None), Err(Undecidable::NoVariation));
    assert_eq!(run(&same, Some(&same)), Err(Undecidable::NoVariation));
    assert_eq!(run(&[], None), Err(Undecidable::TooFew { n: 0, needs: 10 }));
    assert_eq!(run(&[0.0; 9], None), Err(Undecidable::TooFew { n: 9, needs: 10 }));
    let mut few = same.clone();
    few[3] = 1.0;
    assert_eq!(run(&few, None), Err(Undecidable::TooAlike { varying: 1, needs: 5 }));
    assert_eq!(run(&noise(100, 1), Some(&same[1..])), Err(Undecidable::Lengths(100, 99)));
    for bad in [f64::NAN, f64::INFINITY] {
        few[7] = bad;
        assert_eq!(run(&few, None), Err(Undecidable::NotFinite));
        assert_eq!(run(&same, Some(&few)), Err(Undecidable::NotFinite));
    }
    assert_eq!(run(&vec![f64::MAX; 50], Some(&vec![f64::MIN; 50])), Err(Undecidable::NotFinite));
    let labels = vec![true; 30];
    let scores = noise(30, 5);
    let auc = Data::Auc { labels: &labels, candidate: &scores, baseline: None };
    assert_eq!(bootstrap(&auc, &plan(10, None)), Err(Undecidable::OneClass));
    // One positive in thirty: a third of the resamples have none.
    let rare: Vec<bool> = (0..30).map(|i| i == 7).collect();
    let auc = Data::Auc { labels: &rare, candidate: &scores, baseline: None };
    assert_eq!(bootstrap(&auc, &plan(1000, None)), Err(Undecidable::NoValue));
    let never = vec![false; 30];
    let precision = Data::Counts { metric: CountMetric::Precision, labels: &rare, candidate: &never, baseline: None };
    assert!(bootstrap(&precision, &plan(1000, None)).is_err());
    for resamples in [0, u32::MAX] {
        let plan = plan(resamples, None);
        assert!(bootstrap(&Data::Mean { candidate: &scores, baseline: None }, &plan).is_err());
    }
    // Ten resamples do not reach to 99.9 %.
    let drawn = bootstrap(&Data::Mean { candidate: &scores, baseline: None }, &plan(10, None)).unwrap();
    assert!(matches!(drawn.interval(level(0.999)), Err(Undecidable::TooFew { n: 10, .. })));
}

// Degenerate evidence.

#[test]
fn no_interval_has_no_width() {
    assert_eq!(Student::of(&[0.9]).unwrap_err(), Undecidable::TooFew { n: 1, needs: 2 });
    assert_eq!(Student::of(&[]).unwrap_err(), Undecidable::TooFew { n: 0, needs: 2 });
    for constant in [0.1, 0.9, 1e-300, -7.0] {
        assert_eq!(Student::of(&[constant; 7]).unwrap_err(), Undecidable::NoVariation);
        assert_eq!(Student::welch(&[constant; 7], &[0.5; 3]).unwrap_err(), Undecidable::NoVariation);
    }
    assert!(Student::welch(&[0.5; 7], &[0.5, 0.6]).is_ok());
    assert_eq!(Normal::new(0.9, 0.0).unwrap_err(), Undecidable::NoVariation);
    assert_eq!(Normal::new(1e30, 1e-9).unwrap_err(), Undecidable::NoVariation);
    assert!(Normal::new(0.9, -0.1).is_err() && Normal::new(f64::NAN, 0.1).is_err());
    assert!(Proportion::new(0, 0).is_err() && Proportion::new(3, 2).is_err());
    assert!(PairedProportions::new(2, 2, 3).is_err() && PairedProportions::new(u64::MAX, 1, u64::MAX).is_err());
    assert!(Proportion::new(1, u64::MAX).is_err() && PairedProportions::new(0, 0, u64::MAX).is_err());
    for n in [1, 2, 30, 1_000_000_000_000, 1 << 50] {
        for k in [0, n] {
            let interval = Proportion::new(k, n).unwrap().interval(level(0.95)).unwrap();
            assert!(interval.low < interval.high, "{interval:?}");
        }
        let interval = PairedProportions::new(0, 0, n).unwrap().interval(level(0.95)).unwrap();
        assert!(interval.low < 0.0 && interval.high > 0.0, "{interval:?}");
    }
    // The rule of three: 0 of 300 is at most 1 %.
    near(Proportion::new(0, 300).unwrap().interval(level(0.95)).unwrap().high, 0.01, 1e-4, &"3/n");
    let constant = Constant::new(0.0, 300, (-1.0, 1.0)).unwrap().interval(level(0.95)).unwrap();
    near(constant.low, -0.01, 1e-4, &"−3/n");
    assert!(Constant::new(2.0, 3, (0.0, 1.0)).is_err());
}

#[test]
fn an_auc_needs_both_classes_and_equal_ranks_are_not_certain() {
    let labels = [true, true, false, false, true, false];
    let scores = [0.9, 0.4, 0.5, 0.1, 0.8, 0.2];
    assert_eq!(delong::auc(&[true; 6], &scores).unwrap_err(), Undecidable::OneClass);
    assert_eq!(delong::auc(&labels, &scores[1..]).unwrap_err(), Undecidable::Lengths(6, 5));
    let one = [true, false, false, false, false, false];
    assert_eq!(delong::auc(&one, &scores).unwrap_err(), Undecidable::TooFew { n: 1, needs: 2 });
    // All scores equal: AUC ½, and nothing known.
    let flat = delong::auc(&labels, &[0.5; 6]).unwrap();
    let interval = flat.interval(level(0.95)).unwrap();
    assert!(flat.value == 0.5 && interval.low < 0.2 && interval.high > 0.8, "{interval:?}");
    // The same ranks: no difference seen, which is not the same as none.
    let twice = scores.map(|s| s * 2.0);
    let pair = delong::paired(&labels, &twice, &scores).unwrap();
    let interval = pair.interval(level(0.95)).unwrap();
    assert!(interval.method == Method::Constant && interval.low < -0.5 && interval.high > 0.5, "{interval:?}");
    assert!((pair.p_below(0.0).unwrap(), pair.p_above(0.0).unwrap()) == (1.0, 1.0));
    assert_eq!(delong::auc(&labels, &[0.0, -0.0, 0.0, -0.0, 0.0, -0.0]).unwrap().value, 0.5);
}

// Decisions.

fn interval(low: f64, estimate: f64, high: f64) -> Interval {
    Interval::new(estimate, low, high, level(0.95), Method::Stderr).unwrap()
}

#[test]
fn to_prove_is_to_have_the_whole_interval_on_the_good_side() {
    let straddles = |needs_n| Decision::Inconclusive(Why::Straddles { needs_n });
    for (low, high, limit, better, expected) in [
        (0.88, 0.92, 0.88, Better::Higher, Decision::Pass),
        (0.88, 0.92, 0.8801, Better::Higher, straddles(Some(102))),
        (0.88, 0.92, 0.91, Better::Higher, straddles(None)),
        (0.88, 0.92, 0.92, Better::Higher, straddles(None)),
        (0.88, 0.92, 0.93, Better::Higher, Decision::Fail),
        (0.88, 0.92, 0.92, Better::Lower, Decision::Pass),
        (0.88, 0.92, 0.91, Better::Lower, straddles(Some(400))),
        (0.88, 0.92, 0.87, Better::Lower, Decision::Fail),
    ] {
        assert_eq!(noninferior(&interval(low, 0.9, high), limit, better, Some(100)), expected, "{low} {high} {limit}");
    }
    let nothing = noninferior(&interval(0.1, 0.2, 0.3), f64::NAN, Better::Higher, None);
    assert_eq!(nothing, Decision::Inconclusive(Why::Evidence(Undecidable::NotFinite)));
}

#[test]
fn to_detect_is_to_have_been_able_to() {
    let wide = interval(-0.05, 0.0, 0.05);
    let detectable = power::detectable_by(&wide, 0.8).unwrap();
    near(detectable, 0.05 / 1.644_853_626_951_472_7 * 2.486_474_860_523_728, 1e-9, &"mde");
    let demand = |p, mde| Detect { p, mde, power: 0.8 };
    assert_eq!(not_inferior(&wide, demand(0.049, 0.1), None), Decision::Fail);
    assert_eq!(not_inferior(&wide, demand(0.051, 0.1), None), Decision::Pass);
    let too_little = Decision::Inconclusive(Why::Underpowered { detectable, needs_n: Some(1429) });
    assert_eq!(not_inferior(&wide, demand(0.5, 0.02), Some(100)), too_little);
    for (p, mde) in [(f64::NAN, 0.1), (1.5, 0.1), (0.5, f64::NAN), (0.5, 0.0)] {
        let decision = not_inferior(&wide, demand(p, mde), None);
        assert!(matches!(decision, Decision::Inconclusive(Why::Evidence(_))), "{p} {mde}");
    }
}

// Properties.

fn any_evidence() -> impl Strategy<Value = (String, Box<dyn Evidence>)> {
    let counts = (1u64..5000).prop_flat_map(|n| (0..=n, Just(n)));
    let pairs = (1u64..3000).prop_flat_map(|n| (0..=n, Just(n))).prop_flat_map(|(b, n)| (Just(b), 0..=n - b, Just(n)));
    let values = || prop::collection::vec(-100.0..100.0f64, 2..20);
    let boxed = |e: Box<dyn Evidence>, name: String| (name, e);
    prop_oneof![
        counts.clone().prop_map(move |(k, n)| boxed(Box::new(Proportion::new(k, n).unwrap()), format!("{k} of {n}"))),
        (counts.clone(), counts).prop_map(move |((a, m), (b, n))| boxed(
            Box::new(TwoProportions {
                candidate: Proportion::new(a, m).unwrap(),
                baseline: Proportion::new(b, n).unwrap()
            }),
            format!("{a}/{m} − {b}/{n}")
        )),
        pairs.prop_map(move |(b, c, n)| boxed(
            Box::new(PairedProportions::new(b, c, n).unwrap()),
            format!("+{b} −{c} of {n}")
        )),
        (-10.0..10.0f64, 1e-6..10.0f64)
            .prop_map(move |(v, s)| boxed(Box::new(Normal::new(v, s).unwrap()), format!("{v} ± {s}"))),
        values().prop_filter_map("equal", move |v| Some(boxed(Box::new(Student::of(&v).ok()?), format!("{v:?}")))),
        (values(), values()).prop_filter_map("equal", move |(a, b)| Some(boxed(
            Box::new(Student::welch(&a, &b).ok()?),
            format!("{a:?} − {b:?}")
        ))),
        (0.0..=1.0f64, 1u64..1000)
            .prop_map(move |(v, n)| boxed(Box::new(Constant::new(v, n, (0.0, 1.0)).unwrap()), format!("{n} × {v}"))),
        prop::collection::vec((any::<bool>(), 0u8..9, 0u8..9), 4..60).prop_filter_map("one class", move |rows| {
            let labels: Vec<bool> = rows.iter().map(|r| r.0).collect();
            let of = |i: usize| rows.iter().map(|r| f64::from([r.1, r.2][i])).collect::<Vec<f64>>();
            let pair = delong::paired(&labels, &of(0), &of(1)).ok()?;
            pair.interval(Level::of_tail(0.1).ok()?).ok()?;
            Some(boxed(Box::new(pair), format!("{rows:?}")))
        }),
        prop::collection::vec((any::<bool>(), 0u8..9), 4..60).prop_filter_map("one class", move |rows| {
            let labels: Vec<bool> = rows.iter().map(|r| r.0).collect();
            let auc = delong::auc(&labels, &rows.iter().map(|r| f64::from(r.1)).collect::<Vec<f64>>()).ok()?;
            Some(boxed(Box::new(auc), format!("{rows:?}")))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_interval_holds_its_estimate_and_grows_with_confidence(
        (name, evidence) in any_evidence(), tail in 0.0005..0.49f64, share in 0.1..0.99f64,
    ) {
        let wide = evidence.interval(Level::of_tail(tail * share).unwrap()).unwrap();
        let narrow = evidence.interval(Level::of_tail(tail).unwrap()).unwrap();
        for i in [wide, narrow] {
            prop_assert!(i.low <= i.estimate && i.estimate <= i.high && i.low < i.high, "{name}: {i:?}");
        }
        let hair = 1e-12 * (1.0 + wide.estimate.abs());
        prop_assert!(wide.low <= narrow.low + hair && narrow.high <= wide.high + hair, "{name}: {wide:?} {narrow:?}");
    }

    #[test]
    fn a_p_value_is_a_probability_falls_with_the_distance_and_agrees_with_the_bound(
        (name, evidence) in any_evidence(), tail in 0.01..0.4f64, limit in -3.0..3.0f64, step in 0.0..1.0f64,
    ) {
        let (near, far) = (evidence.p_below(limit).unwrap(), evidence.p_below(limit + step).unwrap());
        prop_assert!((0.0..=1.0).contains(&near) && far <= near + 1e-9, "{name}: {near} {far}");
        let (near, far) = (evidence.p_above(limit).unwrap(), evidence.p_above(limit - step).unwrap());
        prop_assert!((0.0..=1.0).contains(&near) && far <= near + 1e-9, "{name}: {near} {far}");
        // A limit just outside the bounds is rejected, one just inside is not. At no difference at
        // all McNemar's mid-p takes the place of Tango's score.
        let i = evidence.interval(Level::of_tail(tail).unwrap()).unwrap();
        let out = (i.high - i.low) * 1e-3;
        let cut_off = i.method == Method::Delong && (i.low <= -1.0 || i.high >= 1.0);
        if !cut_off && (i.method != Method::Constant || evidence.estimate() != 0.0) {
            prop_assert!(evidence.p_below(i.high + out).unwrap() <= tail + 1e-9, "{name}: {i:?}");
            prop_assert!(evidence.p_above(i.low - out).unwrap() <= tail + 1e-9, "{name}: {i:?}");
        }
        prop_assert!(evidence.p_below(f64::NAN).is_err() && evidence.p_above(f64::INFINITY).is_err(), "{name}");
    }

    #[test]
    fn candidate_and_baseline_swapped_is_the_interval_negated(
        (b, c, rest) in (0u64..500, 0u64..500, 1u64..2000), (k, j) in (0u64..=40, 0u64..=30), tail in 0.001..0.4f64,
    ) {
        let level = Level::of_tail(tail).unwrap();
        let same = |a: Interval, b: Interval| {
            let b = b.negated();
            (a.low - b.low).abs() < 1e-9 && (a.high - b.high).abs() < 1e-9 && a.estimate == b.estimate
        };
        let pairs = |b, c| PairedProportions::new(b, c, b + c + rest).unwrap();
        prop_assert!(same(pairs(b, c).interval(level).unwrap(), pairs(c, b).interval(level).unwrap()));
        let (below, above) = (pairs(b, c).p_below(0.01).unwrap(), pairs(c, b).p_above(-0.01).unwrap());
        prop_assert!((below - above).abs() <= 1e-9 * below, "{below} {above}");
        let (x, y) = (Proportion::new(k, 40).unwrap(), Proportion::new(j, 30).unwrap());
        let two = |candidate, baseline| TwoProportions { candidate, baseline }.interval(level).unwrap();
        prop_assert!(same(two(x, y), two(y, x)));
        let (less, greater) = (mcnemar::mid_p(b, c, Side::Less).unwrap(), mcnemar::mid_p(c, b, Side::Greater).unwrap());
        prop_assert!((less - greater).abs() <= 1e-9 * less, "{less} {greater}");
    }

    #[test]
    fn adjusted_p_values_are_no_smaller_and_belong_to_their_own(mut p in prop::collection::vec(0.0..=1.0f64, 1..40)) {
        for correction in [Correction::Holm, Correction::BenjaminiHochberg] {
            let adjusted = adjust(&p, correction).unwrap();
            prop_assert!(p.iter().zip(&adjusted).all(|(raw, adjusted)| raw <= adjusted && *adjusted <= 1.0));
            let mut both: Vec<(f64, f64)> = p.iter().copied().zip(adjusted).collect();
            both.sort_by(|a, b| a.0.total_cmp(&b.0));
            prop_assert!(both.windows(2).all(|w| w[0].1 <= w[1].1));
            p.reverse();
            let mut reversed = adjust(&p, correction).unwrap();
            reversed.sort_by(f64::total_cmp);
            prop_assert_eq!(reversed, both.iter().map(|b| b.1).collect::<Vec<f64>>());
            p.reverse();
        }
        let (holm, bh) = (adjust(&p, Correction::Holm).unwrap(), adjust(&p, Correction::BenjaminiHochberg).unwrap());
        prop_assert!(holm.iter().zip(&bh).all(|(h, b)| *h >= *b - 1e-15));
    }

    #[test]
    fn nothing_panics_whatever_the_numbers(
        a in prop::collection::vec(any::<f64>(), 0..30), b in prop::collection::vec(any::<f64>(), 0..30),
        labels in prop::collection::vec(any::<bool>(), 0..30), k in any::<u64>(), n in any::<u64>(), x in any::<f64>(),
    ) {
        let check = |evidence: Result<Box<dyn Evidence>, Undecidable>| {
            let Ok(evidence) = evidence else { return true };
            let fine = |p: Result<f64, Undecidable>| p.is_err() || p.is_ok_and(|p| (0.0..=1.0).contains(&p));
            let interval = evidence.interval(Level::of_tail(0.05).unwrap());
            interval.is_err_or_wide() && fine(evidence.p_below(x)) && fine(p_worse(&*evidence, x, Better::Lower))
        };
        prop_assert!(check(Student::of(&a).map(|e| Box::new(e) as _)));
        prop_assert!(check(Student::welch(&a, &b).map(|e| Box::new(e) as _)));
        prop_assert!(check(Student::paired(&a, &b).map(|e| Box::new(e) as _)));
        prop_assert!(check(Normal::new(x, a.first().copied().unwrap_or(1.0)).map(|e| Box::new(e) as _)));
        prop_assert!(check(Constant::new(x, n, (-1.0, 1.0)).map(|e| Box::new(e) as _)));
        prop_assert!(check(Proportion::new(k, n).map(|e| Box::new(e) as _)));
        prop_assert!(check(Proportion::of_rate(x, n).map(|e| Box::new(e) as _)));
        prop_assert!(check(PairedProportions::new(k, n / 2, n).map(|e| Box::new(e) as _)));
        let m = labels.len().min(a.len()).min(b.len());
        prop_assert!(check(delong::auc(&labels[..m], &a[..m]).map(|e| Box::new(e) as _)));
        prop_assert!(check(delong::paired(&labels[..m], &a[..m], &b[..m]).map(|e| Box::new(e) as _)));
        let data = Data::Mean { candidate: &a[..m], baseline: Some(&b[..m]) };
        prop_assert!(check(bootstrap(&data, &plan(50, None)).map(|e| Box::new(e) as _)));
        let _ = (power::detectable(x, level(0.95), 0.8), power::paired_n(x, x, level(0.9), 0.9), power::hoeffding_n(x, x));
        let _ = (power::floor_n(x, 0.5, level(0.95)), Level::one_sided(x), Level::two_sided(x), adjust(&a, Correction::Holm));
    }
}

trait Wide {
    fn is_err_or_wide(&self) -> bool;
}

impl Wide for Result<Interval, Undecidable> {
    fn is_err_or_wide(&self) -> bool {
        self.as_ref().is_err() || self.as_ref().is_ok_and(|i| i.low < i.high && i.low.is_finite() && i.high.is_finite())
    }
}

// Coverage.

struct Coverage {
    name: &'static str,
    sims: u32,
    low: u32,
    high: u32,
    none: u32,
}

impl Coverage {
    /// How often each one-sided 95 % bound is on the right side of the truth.
    fn of(
        name: &'static str,
        sims: u32,
        truth: f64,
        draw: impl Fn(&mut Chance) -> Result<Interval, Undecidable>,
    ) -> Self {
        let mut chance = Chance(name.bytes().fold(1, |s, b| s.wrapping_mul(257).wrapping_add(u64::from(b))));
        let mut out = Self { name, sims, low: 0, high: 0, none: 0 };
        for _ in 0..sims {
            match draw(&mut chance) {
                Ok(i) => {
                    out.low += u32::from(i.low <= truth);
                    out.high += u32::from(truth <= i.high);
                }
                Err(_) => out.none += 1,
            }
        }
        out
    }

    fn shares(&self) -> (f64, f64, f64) {
        let said = f64::from(self.sims - self.none).max(1.0);
        (f64::from(self.low) / said, f64::from(self.high) / said, f64::from(self.none) / f64::from(self.sims))
    }
}

/// A generator for simulations.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn count(&mut self, n: u64, p: f64) -> u64 {
        (0..n).filter(|_| self.unit() < p).count() as u64
    }
}

/// Prints the table of docs/gate/statistics.md; takes some minutes without optimisation.
#[test]
#[ignore = "a simulation of some minutes"]
#[expect(clippy::disallowed_macros, reason = "the table is what the test is for")]
fn coverage_of_every_interval() {
    let l = level(0.95);
    let sims = 10_000;
    let fewer = 3_000;
    let mut all: Vec<(Coverage, f64)> = Vec::new();
    let mut add = |coverage, least| all.push((coverage, least));
    let one = |n, p| move |c: &mut Chance| Proportion::new(c.count(n, p), n)?.interval(l);
    add(Coverage::of("Wilson, n=30, p=0.9", sims, 0.9, one(30, 0.9)), 0.90);
    add(Coverage::of("Wilson, n=300, p=0.9", sims, 0.9, one(300, 0.9)), 0.93);
    add(Coverage::of("Wilson, n=300, p=0.99", sims, 0.99, one(300, 0.99)), 0.90);
    let exact = |n, p| move |c: &mut Chance| Proportion::new(c.count(n, p), n)?.clopper_pearson(l);
    add(Coverage::of("Clopper–Pearson, n=30, p=0.9", sims, 0.9, exact(30, 0.9)), 0.945);
    add(Coverage::of("Clopper–Pearson, n=300, p=0.99", sims, 0.99, exact(300, 0.99)), 0.945);
    let two = |n, p, q| {
        move |c: &mut Chance| {
            let (candidate, baseline) = (Proportion::new(c.count(n, p), n)?, Proportion::new(c.count(n, q), n)?);
            TwoProportions { candidate, baseline }.interval(l)
        }
    };
    add(Coverage::of("Newcombe, n=50, 0.9 and 0.8", sims, 0.1, two(50, 0.9, 0.8)), 0.93);
    add(Coverage::of("Newcombe, n=300, 0.95 and 0.95", sims, 0.0, two(300, 0.95, 0.95)), 0.93);
    let pairs = |n: u64, win: f64, loss: f64| {
        move |c: &mut Chance| {
            let (mut b, mut k) = (0, 0);
            for _ in 0..n {
                let x = c.unit();
                b += u64::from(x < win);
                k += u64::from(x >= win && x < win + loss);
            }
            PairedProportions::new(b, k, n)?.interval(l)
        }
    };
    add(Coverage::of("Tango, n=100, +5 % −5 %", sims, 0.0, pairs(100, 0.05, 0.05)), 0.93);
    add(Coverage::of("Tango, n=100, +1 % −3 %", sims, -0.02, pairs(100, 0.01, 0.03)), 0.90);
    add(Coverage::of("Tango, n=1000, +4 % −6 %", sims, -0.02, pairs(1000, 0.04, 0.06)), 0.94);
    let runs = |n: usize| {
        move |c: &mut Chance| Student::of(&(0..n).map(|_| 0.9 + 0.01 * c.normal()).collect::<Vec<f64>>())?.interval(l)
    };
    add(Coverage::of("t, 5 normal runs", sims, 0.9, runs(5)), 0.94);
    let skew = |n: usize| {
        move |c: &mut Chance| Student::of(&(0..n).map(|_| -c.unit().ln()).collect::<Vec<f64>>())?.interval(l)
    };
    add(Coverage::of("t, 5 exponential runs", sims, 1.0, skew(5)), 0.80);
    add(Coverage::of("t, 100 exponential scores", sims, 1.0, skew(100)), 0.91);
    let welch = |c: &mut Chance| {
        let a: Vec<f64> = (0..5).map(|_| c.normal()).collect();
        let b: Vec<f64> = (0..8).map(|_| 3.0 * c.normal()).collect();
        Student::welch(&a, &b)?.interval(l)
    };
    add(Coverage::of("Welch, 5 and 8 runs, σ 1 and 3", sims, 0.0, welch), 0.93);
    add(Coverage::of("stderr, known", sims, 0.5, |c| Normal::new(0.5 + 0.01 * c.normal(), 0.01)?.interval(l)), 0.94);
    // Positives are normal with mean s, negatives with mean 0: the AUC is Φ(s/√2).
    let ranks = |c: &mut Chance, n: usize, shift: f64| {
        let labels: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
        let base: Vec<f64> = labels.iter().map(|l| shift * f64::from(u8::from(*l)) + c.normal()).collect();
        // Correlated with the first, and as good.
        let rho = 0.8f64;
        let other: Vec<f64> = labels
            .iter()
            .zip(&base)
            .map(|(l, b)| {
                let mean = shift * f64::from(u8::from(*l));
                mean + rho * (b - mean) + (1.0 - rho * rho).sqrt() * c.normal()
            })
            .collect();
        (labels, base, other)
    };
    let auc = |n, shift| {
        move |c: &mut Chance| {
            let (labels, a, _) = ranks(c, n, shift);
            delong::auc(&labels, &a)?.interval(l)
        }
    };
    let plain = |n, shift| {
        move |c: &mut Chance| {
            let (labels, a, _) = ranks(c, n, shift);
            delong::auc(&labels, &a)?.normal()?.interval(l)
        }
    };
    let truth = |shift: f64| dist::normal_cdf(shift / std::f64::consts::SQRT_2);
    add(Coverage::of("DeLong logit, n=60, AUC 0.80", sims, truth(1.19), auc(60, 1.19)), 0.93);
    add(Coverage::of("DeLong logit, n=300, AUC 0.95", sims, truth(2.326), auc(300, 2.326)), 0.93);
    add(Coverage::of("DeLong plain (not used), n=300, AUC 0.95", sims, truth(2.326), plain(300, 2.326)), 0.85);
    let paired = |n, shift| {
        move |c: &mut Chance| {
            let (labels, a, b) = ranks(c, n, shift);
            delong::paired(&labels, &a, &b)?.interval(l)
        }
    };
    add(Coverage::of("DeLong paired, n=60, AUC 0.80", sims, 0.0, paired(60, 1.19)), 0.93);
    add(Coverage::of("DeLong paired, n=300, AUC 0.95", sims, 0.0, paired(300, 2.326)), 0.93);
    let seed = |c: &mut Chance| std::array::from_fn(|_| (c.unit() * 256.0) as u8);
    let boot = |c: &mut Chance, data: &Data<'_>, clusters: Option<&[u64]>| {
        bootstrap(data, &Plan { seed: seed(c), resamples: 999, clusters })?.interval(l)
    };
    let mean = |n: usize| {
        move |c: &mut Chance| {
            let scores: Vec<f64> = (0..n).map(|_| c.normal()).collect();
            boot(c, &Data::Mean { candidate: &scores, baseline: None }, None)
        }
    };
    add(Coverage::of("bootstrap, mean, n=10", fewer, 0.0, mean(10)), 0.92);
    add(Coverage::of("bootstrap, mean, n=30", fewer, 0.0, mean(30)), 0.93);
    add(Coverage::of("bootstrap, mean, n=200", fewer, 0.0, mean(200)), 0.935);
    let skewed = |c: &mut Chance| {
        let scores: Vec<f64> = (0..50).map(|_| -c.unit().ln()).collect();
        boot(c, &Data::Mean { candidate: &scores, baseline: None }, None)
    };
    add(Coverage::of("bootstrap, exponential, n=50", fewer, 1.0, skewed), 0.90);
    let clustered = |groups: u64| {
        move |c: &mut Chance| {
            let (mut scores, mut of) = (Vec::new(), Vec::new());
            for g in 0..groups {
                let shared = c.normal();
                for _ in 0..5 {
                    scores.push(shared + c.normal());
                    of.push(g);
                }
            }
            boot(c, &Data::Mean { candidate: &scores, baseline: None }, Some(&of))
        }
    };
    add(Coverage::of("bootstrap, 40 clusters of 5", fewer, 0.0, clustered(40)), 0.93);
    // Precision 0.8 of 0.5/0.8·…: labels half and half, right with 0.8, so F1 is 0.8 in the limit.
    let f1 = |c: &mut Chance| {
        let labels: Vec<bool> = (0..150).map(|_| c.unit() < 0.5).collect();
        let said: Vec<bool> = labels.iter().map(|l| *l == (c.unit() < 0.8)).collect();
        boot(c, &Data::Counts { metric: CountMetric::F1, labels: &labels, candidate: &said, baseline: None }, None)
    };
    add(Coverage::of("bootstrap, F1 0.8, n=150", fewer, 0.8, f1), 0.92);
    let both = |c: &mut Chance| {
        let (labels, a, b) = ranks(c, 100, 1.19);
        boot(c, &Data::Auc { labels: &labels, candidate: &a, baseline: Some(&b) }, None)
    };
    add(Coverage::of("bootstrap, paired AUC, n=100", 1_000, 0.0, both), 0.92);
    println!("| method | lower bound | upper bound | no statement |\n|---|---|---|---|");
    let mut short = Vec::new();
    for (coverage, least) in &all {
        let (low, high, none) = coverage.shares();
        println!("| {} | {:.1} % | {:.1} % | {:.1} % |", coverage.name, 100.0 * low, 100.0 * high, 100.0 * none);
        if low < *least || high < *least {
            short.push(coverage.name);
        }
    }
    assert!(short.is_empty(), "below their bounds: {short:?}");
}

/// What the message says about examples is enough, and one fewer is not.
#[test]
fn the_examples_that_are_asked_for_are_enough() {
    let l = level(0.95);
    let asked = |right: u64, n: u64, limit: f64, better: Better| {
        let interval = Proportion::new(right, n).unwrap().interval(l).unwrap();
        noninferior(&interval, limit, better, Some(n))
    };
    let needs = |n| Decision::Inconclusive(Why::Straddles { needs_n: Some(n) });
    assert_eq!(asked(24, 24, 0.9, Better::Higher), needs(29));
    assert_eq!(asked(0, 24, 0.1, Better::Lower), needs(29));
    assert_eq!(asked(28, 28, 0.9, Better::Higher), needs(29));
    assert_eq!(asked(29, 29, 0.9, Better::Higher), Decision::Pass);
    assert_eq!(asked(0, 29, 0.1, Better::Lower), Decision::Pass);
    // A share that is neither none nor all is estimated by the interval's width.
    assert!(
        matches!(asked(24, 25, 0.9, Better::Higher), Decision::Inconclusive(Why::Straddles { needs_n: Some(n) }) if n > 25)
    );
}
