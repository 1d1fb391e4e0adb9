//! Results of two runs that speak of the same thing.
//!
//! In: the results of both, their datasets, the catalogue. Out: [`ResultChange`]s. What was measured on other
//! data or by another harness is set apart with the reason, never subtracted.

use std::collections::BTreeMap;

use crate::diag::visible;
use crate::gate::stats::mean::Normal;
use crate::gate::stats::multiplicity::{Correction, adjust};
use crate::gate::stats::proportion::{Proportion, TwoProportions};
use crate::gate::stats::{Evidence, Level};
use crate::model::{Dataset, Direction, Finite, MetricDefinition, MetricResult, Registry, Run, Slice};

/// Which way a result moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Move {
    /// To the worse.
    Worse,
    /// To the better.
    Better,
    /// It moved, and the evidence does not carry that it did.
    Unclear,
    /// It moved; nobody said which way is better.
    Moved,
    /// The two numbers do not speak of the same thing, or one of them is none.
    Apart,
    /// Only `before` has it.
    Gone,
    /// Only `after` has it.
    New,
    /// It is the same number.
    Same,
}

impl Move {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Unclear => "unclear",
            Self::Moved => "moved",
            Self::Apart => "not comparable",
            Self::Gone => "gone",
            Self::New => "new",
            Self::Same => "same",
        }
    }
}

/// The evidence for a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// Two-sided p-value of "there is no difference", adjusted by Holm's method over all tested results.
    pub p: f64,
    /// Bounds of the difference at 95 % (not adjusted), in the metric's unit.
    pub interval: Option<(f64, f64)>,
    /// What it rests on.
    pub method: &'static str,
}

/// A result of one or both.
#[derive(Clone, Debug)]
pub struct ResultChange<'a> {
    /// The canonical name.
    pub metric: &'a str,
    /// Which way is better, when known.
    pub direction: Option<Direction>,
    /// The unit, empty when there is none.
    pub unit: &'a str,
    /// The earlier result.
    pub before: Option<&'a MetricResult>,
    /// The later one.
    pub after: Option<&'a MetricResult>,
    /// `after` − `before`, in the metric's unit, where both are comparable numbers.
    pub difference: Option<f64>,
    /// The evidence, where both sides bring their uncertainty.
    pub test: Option<Test>,
    /// Which way it moved.
    pub moved: Move,
    /// Why the two are not comparable, or why nothing can be said.
    pub why: String,
}

impl<'a> ResultChange<'a> {
    /// One of the results: what it speaks of.
    pub fn subject(&self) -> Option<&'a MetricResult> {
        self.after.or(self.before)
    }
}

/// Below this a difference is called one.
pub(super) const ALPHA: f64 = 0.05;

type Key<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a Slice, Option<&'a str>);

/// Compares all results.
pub(super) fn compare<'a>(
    registry: &'a Registry,
    before: Option<&'a Run>,
    after: Option<&'a Run>,
) -> Vec<ResultChange<'a>> {
    let key = |r: &'a MetricResult| -> Key<'a> {
        let (metric, dataset, split, slice, class) = r.key();
        (registry.catalogue.canonical(metric), dataset, split, slice, class)
    };
    let list = |run: Option<&'a Run>| run.map(|r| r.results.as_slice()).unwrap_or_default();
    let mut sides: BTreeMap<Key<'a>, [Vec<&'a MetricResult>; 2]> = BTreeMap::new();
    let mut order: Vec<Key<'a>> = Vec::new();
    // What is looked at gives the order; what it lacks comes behind.
    for r in list(after) {
        let entry = sides.entry(key(r)).or_insert_with(|| {
            order.push(key(r));
            Default::default()
        });
        entry[1].push(r);
    }
    for r in list(before) {
        let entry = sides.entry(key(r)).or_insert_with(|| {
            order.push(key(r));
            Default::default()
        });
        entry[0].push(r);
    }
    let mut out: Vec<ResultChange<'a>> = order
        .iter()
        .filter_map(|key| {
            let [a, b] = sides.get(key)?;
            Some(one(registry, key, (before, a), (after, b)))
        })
        .collect();
    settle(&mut out);
    out.sort_by_key(|r| r.subject().is_some_and(|s| !s.is_overall()));
    out
}

type Found<'a, 'l> = (Option<&'a Run>, &'l [&'a MetricResult]);

fn one<'a>(registry: &'a Registry, key: &Key<'a>, before: Found<'a, '_>, after: Found<'a, '_>) -> ResultChange<'a> {
    let definition = registry.catalogue.get(key.0);
    let mut out = ResultChange {
        metric: key.0,
        direction: definition.and_then(|d| d.direction),
        unit: definition.and_then(|d| d.unit.as_deref()).unwrap_or_default(),
        before: before.1.first().copied(),
        after: after.1.first().copied(),
        difference: None,
        test: None,
        moved: Move::Apart,
        why: String::new(),
    };
    let (Some(a), Some(b)) = (out.before, out.after) else {
        out.moved = if out.after.is_some() { Move::New } else { Move::Gone };
        return out;
    };
    for (found, name) in [(before.1, "the earlier"), (after.1, "the later")] {
        if found.iter().any(|r| Some(r.value) != found.first().map(|f| f.value)) {
            out.why = format!("{name} version has {} different values", found.len());
            return out;
        }
    }
    if let Some(why) = apart(a, b, before.0, after.0) {
        out.why = why;
        return out;
    }
    let (Some(x), Some(y)) = (a.value.finite().map(Finite::get), b.value.finite().map(Finite::get)) else {
        // NaN twice is still no number that stayed the same.
        out.why = "not a number on both sides".to_owned();
        return out;
    };
    out.difference = Some(y - x);
    out.test = test(definition, a, b);
    out.moved = if x == y { Move::Same } else { direction(definition, x, y) };
    out
}

/// Better or worse by the numbers alone.
fn direction(definition: Option<&MetricDefinition>, before: f64, after: f64) -> Move {
    let better = |yes: bool| if yes { Move::Better } else { Move::Worse };
    match definition.and_then(|d| d.direction) {
        Some(Direction::Higher) => better(after > before),
        Some(Direction::Lower) => better(after < before),
        Some(Direction::Target) => {
            let target = definition.and_then(|d| d.target).map_or(0.0, Finite::get);
            let (a, b) = ((before - target).abs(), (after - target).abs());
            if a == b { Move::Moved } else { better(b < a) }
        }
        Some(Direction::None) | None => Move::Moved,
    }
}

/// Why two results do not speak of the same thing although they have the same names.
fn apart(a: &MetricResult, b: &MetricResult, before: Option<&Run>, after: Option<&Run>) -> Option<String> {
    if let (Some(x), Some(y)) = (&a.harness, &b.harness)
        && x != y
    {
        return Some(format!("the harness differs: {} → {}", visible(x, 80), visible(y, 80)));
    }
    let data = |run: Option<&'_ Run>| -> Vec<String> {
        let mut digests: Vec<String> = run
            .map(|r| r.evaluation_data(a.dataset.as_deref()))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|d: &Dataset| d.digest.clone())
            .collect();
        digests.sort_unstable();
        digests.dedup();
        digests
    };
    let (x, y) = (data(before), data(after));
    // Where a side does not say, nothing contradicts.
    if x.is_empty() || y.is_empty() || x == y {
        return None;
    }
    let show = |list: &[String]| list.iter().map(|d| visible(d, 20)).collect::<Vec<_>>().join(" and ");
    Some(format!("the data differs: {} → {}", show(&x), show(&y)))
}

/// The test of two independent results; nothing where a side does not say how sure it is.
fn test(definition: Option<&MetricDefinition>, a: &MetricResult, b: &MetricResult) -> Option<Test> {
    let (evidence, method) = evidence(definition, a, b)?;
    let p = 2.0 * evidence.p_below(0.0).ok()?.min(evidence.p_above(0.0).ok()?);
    let interval = Level::two_sided(1.0 - ALPHA).ok().and_then(|l| evidence.interval(l).ok()).map(|i| (i.low, i.high));
    Some(Test { p: p.min(1.0), interval, method })
}

fn evidence(
    definition: Option<&MetricDefinition>,
    a: &MetricResult,
    b: &MetricResult,
) -> Option<(Box<dyn Evidence>, &'static str)> {
    if definition.is_some_and(|d| d.proportion)
        && let (Some(x), Some(y)) = (counts(a), counts(b))
    {
        return Some((
            Box::new(TwoProportions { candidate: y, baseline: x }),
            "Newcombe's interval of two independent shares",
        ));
    }
    let normal = |r: &MetricResult| Normal::new(r.value.finite()?.get(), spread(r)?).ok();
    let evidence = Normal::difference(normal(b)?, normal(a)?).ok()?;
    Some((Box::new(evidence), "normal, from the standard errors of two independent results"))
}

fn counts(r: &MetricResult) -> Option<Proportion> {
    Proportion::of_rate(r.value.finite()?.get(), r.n?).ok()
}

/// The standard error: the result's own, else that of its interval if it were a normal one.
fn spread(r: &MetricResult) -> Option<f64> {
    if let Some(stderr) = r.stderr {
        return Some(stderr.get());
    }
    let ci = r.ci?;
    let level = Level::two_sided(ci.level.get()).ok()?;
    Some((ci.upper.get() - ci.lower.get()) / (2.0 * level.z())).filter(|s| *s > 0.0)
}

/// Adjusts the p-values, and takes back what the evidence does not carry.
fn settle(changes: &mut [ResultChange<'_>]) {
    let raw: Vec<f64> = changes.iter().filter_map(|c| Some(c.test?.p)).collect();
    let Ok(adjusted) = adjust(&raw, Correction::Holm) else { return };
    let tested = changes.iter_mut().filter(|c| c.test.is_some());
    for (change, p) in tested.zip(adjusted) {
        if let Some(test) = &mut change.test {
            test.p = p;
        }
        if p >= ALPHA && matches!(change.moved, Move::Better | Move::Worse | Move::Moved) {
            change.moved = Move::Unclear;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Catalogue, Interval, Pointer};

    fn result(metric: &str, value: f64) -> MetricResult {
        MetricResult::new(metric, value, Pointer::default())
    }

    fn sure(metric: &str, value: f64, stderr: f64) -> MetricResult {
        MetricResult { stderr: Finite::new(stderr), ..result(metric, value) }
    }

    fn moves(before: Vec<MetricResult>, after: Vec<MetricResult>) -> Vec<(String, Move)> {
        let registry = Registry { catalogue: Catalogue::built_in(), ..Registry::default() };
        let (before, after) = (Run { results: before, ..Run::default() }, Run { results: after, ..Run::default() });
        let found = compare(&registry, Some(&before), Some(&after));
        found.iter().map(|c| (c.metric.to_owned(), c.moved)).collect()
    }

    #[test]
    fn numbers_move_in_their_metrics_direction() {
        let before = ["auc", "mae", "mystery", "accuracy", "f1"].map(|m| result(m, 0.5)).to_vec();
        let after = vec![
            result("auc", 0.6),
            result("mae", 0.6),
            result("mystery", 0.6),
            result("acc", 0.5),
            result("ece", 0.1),
        ];
        let expected = [
            ("auc", Move::Better),
            ("mae", Move::Worse),
            ("mystery", Move::Moved),
            ("accuracy", Move::Same),
            ("ece", Move::New),
            ("f1", Move::Gone),
        ];
        assert_eq!(moves(before, after), expected.map(|(m, v)| (m.to_owned(), v)));
    }

    #[test]
    fn a_difference_within_the_noise_is_unclear() {
        // z = 0.02/√(0.01² + 0.01²) = 1.414, p = 0.157; z = 0.05/0.01414 = 3.54.
        let one = |b: f64| moves(vec![sure("auc", 0.8, 0.01)], vec![sure("auc", b, 0.01)])[0].1;
        assert_eq!((one(0.82), one(0.85), one(0.75)), (Move::Unclear, Move::Better, Move::Worse));
    }

    #[test]
    fn p_values_are_adjusted_together() {
        // z = 2.12: p = 0.034 alone, and 0.034 × 2 beside another one that is tested.
        let alone = moves(vec![sure("auc", 0.8, 0.01)], vec![sure("auc", 0.83, 0.01)]);
        assert_eq!(alone[0].1, Move::Better);
        let two = moves(
            vec![sure("auc", 0.8, 0.01), sure("f1", 0.5, 0.1)],
            vec![sure("auc", 0.83, 0.01), sure("f1", 0.51, 0.1)],
        );
        assert_eq!((two[0].1, two[1].1), (Move::Unclear, Move::Unclear));
    }

    #[test]
    fn an_interval_says_how_sure_a_result_is() {
        let with = |v: f64, half: f64| {
            let [lower, upper, level] = [v - half, v + half, 0.95].map(Finite::new);
            let ci = Interval { lower: lower.unwrap(), upper: upper.unwrap(), level: level.unwrap() };
            MetricResult { ci: Some(ci), ..result("auc", v) }
        };
        let registry = Registry { catalogue: Catalogue::built_in(), ..Registry::default() };
        let runs = [with(0.8, 0.0196), with(0.85, 0.0196)].map(|r| Run { results: vec![r], ..Run::default() });
        let found = compare(&registry, Some(&runs[0]), Some(&runs[1]));
        let test = found[0].test.unwrap();
        // scipy.stats.norm.sf(0.05 / (0.0196 / 1.959963984540054 * 2 ** 0.5)) * 2
        assert!((test.p - 4.062e-4).abs() < 2e-6, "{}", test.p);
        let (low, high) = test.interval.unwrap();
        assert!((low - 0.022_28).abs() < 1e-4 && (high - 0.077_72).abs() < 1e-4, "{low} {high}");
    }

    #[test]
    fn other_data_another_harness_and_nan_are_set_apart() {
        let registry = Registry { catalogue: Catalogue::built_in(), ..Registry::default() };
        let run = |digest: &str, r: MetricResult| Run {
            results: vec![r],
            datasets: vec![Dataset {
                name: "test".to_owned(),
                digest: Some(digest.to_owned()),
                role: Some("test".to_owned()),
                rows: None,
                uri: None,
            }],
            ..Run::default()
        };
        let why = |a: &Run, b: &Run| {
            let found = compare(&registry, Some(a), Some(b));
            assert_eq!((found[0].moved, found[0].difference), (Move::Apart, None));
            found[0].why.clone()
        };
        let (a, b) = (run("aa", result("auc", 0.8)), run("bb", result("auc", 0.9)));
        assert_eq!(why(&a, &b), "the data differs: aa → bb");
        let nan = run("aa", result("auc", f64::NAN));
        assert_eq!(why(&a, &nan), "not a number on both sides");
        let by = |h: &str| run("aa", MetricResult { harness: Some(h.to_owned()), ..result("auc", 0.8) });
        assert_eq!(
            why(&by("lm-eval 0.4.2"), &by("lm-eval 0.4.9")),
            "the harness differs: lm-eval 0.4.2 → lm-eval 0.4.9"
        );
        let mut twice = run("aa", result("auc", 0.8));
        twice.results.push(result("auc", 0.7));
        assert_eq!(why(&a, &twice), "the later version has 2 different values");
    }
}
