//! What the evidence shows: from per-example records, counts, standard errors or repeated runs to an interval
//! for the value or for the difference to a baseline.
//!
//! In: a rule that wants proof, the values of both sides and, where there are any, their per-example records.
//! Out: evidence that knows its estimate and bounds, and how it was made; or why there is none. Which evidence is
//! best for which metric: docs/gate/statistics.md.

use super::cfg::MetricRule;
use super::proof::{Method, Mode, Proof};
use super::values::Value;
use crate::diag::visible;
use crate::digest::Sha256;
use crate::gate::examples::{Example, Examples, Records, aligned};
use crate::gate::stats::bootstrap::{self, CountMetric, Data, Plan, bootstrap};
use crate::gate::stats::mcnemar::{self, Side};
use crate::gate::stats::mean::{Normal, Student};
use crate::gate::stats::proportion::{PairedProportions, Proportion, TwoProportions};
use crate::gate::stats::{Evidence, Interval, Level, Undecidable, delong};
use crate::model::{ExampleSpec, Run, Slice};

/// Fewer repeated runs say nothing about their spread.
const FEWEST_RUNS: usize = 5;

/// Evidence about a value or a difference.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) evidence: Box<dyn Evidence>,
    /// How many independent units it rests on: examples, clusters or runs.
    pub(super) n: Option<u64>,
    /// The key of the random streams, where any were used.
    pub(super) seed: Option<Sha256>,
    pub(super) clusters: Option<u64>,
    pub(super) notes: Vec<String>,
    /// Counts of a paired comparison, for the exact test of "no worse at all".
    pairs: Option<PairedProportions>,
}

impl Shown {
    fn new(evidence: impl Evidence + 'static, n: Option<u64>) -> Self {
        Self { evidence: Box::new(evidence), n, seed: None, clusters: None, notes: Vec::new(), pairs: None }
    }

    /// The p-value of "worse than the limit". Without an allowance paired proportions have an exact test.
    pub(super) fn p_worse(&self, limit: f64, higher: bool) -> Result<f64, Undecidable> {
        match &self.pairs {
            Some(pairs) if limit == 0.0 => {
                let side = if higher { Side::Less } else { Side::Greater };
                mcnemar::mid_p(pairs.wins(), pairs.losses(), side)
            }
            _ if higher => self.evidence.p_below(limit),
            _ => self.evidence.p_above(limit),
        }
    }

    pub(super) fn interval(&self, level: Level) -> Result<Interval, Undecidable> {
        self.evidence.interval(level)
    }
}

/// What evidence is made of.
pub(super) struct Made<'a> {
    pub(super) rule: &'a MetricRule,
    pub(super) proof: &'a Proof,
    pub(super) records: &'a dyn Records,
    pub(super) slice: &'a Slice,
    /// Policy and rule: what the seed is made of, besides the data.
    pub(super) key: Sha256,
}

/// One side: its value, and the run whose records may be read.
#[derive(Clone, Copy)]
pub(super) struct OneSide<'a> {
    pub(super) value: &'a Value<'a>,
    pub(super) run: &'a Run,
}

/// Why there is no evidence.
pub(super) enum Refused {
    /// Every way that could not be gone, and why.
    Ways(Vec<String>),
    /// The per-example records say something else than the values, or the two sides are of different examples:
    /// no other way makes that good.
    Contradiction(String),
}

/// Why one way cannot be gone; an empty text where the evidence for it is not there at all.
enum Stop {
    Way(String),
    Contradiction(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Way(why)
    }
}

impl From<&str> for Stop {
    fn from(why: &str) -> Self {
        Self::Way(why.to_owned())
    }
}

/// The methods that a way serves, and the way.
type Way<'w> = (&'w [Method], &'w dyn Fn() -> Result<Shown, Stop>);

impl Made<'_> {
    /// Evidence about the value itself.
    pub(super) fn of_value(&self, ours: OneSide<'_>) -> Result<Shown, Refused> {
        self.first(&[
            (&[Method::Delong, Method::Mcnemar, Method::PairedBootstrap], &|| self.records_of(ours, None)),
            (&[Method::Runs], &|| {
                let n = enough_runs(&ours.value.repeats)?;
                Student::of(&ours.value.repeats).map(|s| Shown::new(s, Some(n))).map_err(|e| e.to_string().into())
            }),
            (&[Method::Wilson], &|| {
                let counts = self.counts(ours.value)?;
                Ok(Shown::new(counts, ours.value.n))
            }),
            (&[Method::Stderr], &|| {
                let value = normal(ours.value)?;
                Ok(Shown::new(value, ours.value.n))
            }),
        ])
    }

    /// Evidence about the difference to a baseline's value.
    pub(super) fn of_difference(&self, ours: OneSide<'_>, theirs: OneSide<'_>) -> Result<Shown, Refused> {
        let smaller = || Some(ours.value.n?.min(theirs.value.n?));
        self.first(&[
            (&[Method::Delong, Method::Mcnemar, Method::PairedBootstrap], &|| self.records_of(ours, Some(theirs))),
            (&[Method::Runs], &|| {
                let n = enough_runs(&ours.value.repeats)?.min(enough_runs(&theirs.value.repeats)?);
                Student::welch(&ours.value.repeats, &theirs.value.repeats)
                    .map(|s| Shown::new(s, Some(n)))
                    .map_err(|e| e.to_string().into())
            }),
            (&[Method::Wilson], &|| {
                let two = TwoProportions { candidate: self.counts(ours.value)?, baseline: self.counts(theirs.value)? };
                let mut shown = Shown::new(two, smaller());
                shown.notes.push("unpaired, conservative".to_owned());
                Ok(shown)
            }),
            (&[Method::Stderr], &|| {
                let both = Normal::difference(normal(ours.value)?, normal(theirs.value)?).map_err(|e| e.to_string())?;
                let mut shown = Shown::new(both, smaller());
                shown.notes.push("unpaired, conservative".to_owned());
                Ok(shown)
            }),
        ])
    }

    /// The first way that the rule's method allows and the evidence supports.
    fn first(&self, ways: &[Way<'_>]) -> Result<Shown, Refused> {
        let mut refused = Vec::new();
        for (methods, way) in ways {
            if self.proof.method != Method::Auto && !methods.contains(&self.proof.method) {
                continue;
            }
            match way() {
                Ok(shown) => return Ok(shown),
                Err(Stop::Way(why)) if why.is_empty() => {}
                Err(Stop::Way(why)) => refused.push(why),
                Err(Stop::Contradiction(why)) => return Err(Refused::Contradiction(why)),
            }
        }
        Err(Refused::Ways(refused))
    }

    /// A proportion as a count.
    fn counts(&self, value: &Value<'_>) -> Result<Proportion, String> {
        if !self.rule.proportion {
            return Err(String::new());
        }
        if !value.repeats.is_empty() {
            return Err("several runs over the same examples are no larger sample".to_owned());
        }
        let n = value.n.ok_or("nobody says on how many examples it was measured")?;
        Proportion::of_rate(value.number, n).map_err(|e| e.to_string())
    }

    fn records_of(&self, ours: OneSide<'_>, theirs: Option<OneSide<'_>>) -> Result<Shown, Stop> {
        let Some(spec) = &self.rule.examples else { return Err(String::new().into()) };
        if !ours.value.repeats.is_empty() {
            return Err("per-example records are of one run, the value is of several".into());
        }
        let features: Vec<String> = self.slice.0.keys().cloned().collect();
        let read = |side: OneSide<'_>| self.records.examples(side.run, spec, &features);
        let here = read(ours)?;
        let there = theirs.map(read).transpose()?;
        if let Some(there) = &there {
            aligned(&here.on(self.slice), &there.on(self.slice)).map_err(Stop::Contradiction)?;
        }
        let sides = Paired::new(spec, self.slice, &here, there.as_deref())?;
        let seed = Sha256::of_parts([
            self.key.hex().as_bytes(),
            self.slice.to_string().as_bytes(),
            here.sha256.hex().as_bytes(),
            there.as_ref().map(|t| t.sha256.hex()).unwrap_or_default().as_bytes(),
        ]);
        reported(&self.rule.metric, &sides, ours.value.number, theirs.map(|t| t.value.number))
            .map_err(Stop::Contradiction)?;
        Ok(sides.evidence(&self.rule.metric, self.proof, seed)?)
    }
}

/// The records must give the numbers that were reported, as far as those have digits.
fn reported(metric: &str, sides: &Paired<'_>, ours: f64, theirs: Option<f64>) -> Result<(), String> {
    for (number, side) in [(Some(ours), &sides.candidate), (theirs, &sides.baseline)] {
        let (Some(number), Some(found)) = (number, sides.value_of(metric, side)) else { continue };
        let text = format!("{number}");
        let decimals = text.split_once('.').map_or(0, |(_, d)| d.len().min(15));
        // Shares are reported with two digits or more: a bare 1 is all of them, not most.
        let decimals = if sides.spec.value.is_some() && number.abs() > 1.0 { decimals } else { decimals.max(2) };
        let half = 0.5 * 10_f64.powi(-i32::try_from(decimals).unwrap_or(15));
        let same = (found - number).abs() <= half + 1e-9;
        if !same {
            return Err(format!("the per-example records give {found}, the reported value is {number}"));
        }
    }
    Ok(())
}

/// At least so many runs, or why that is too few.
fn enough_runs(repeats: &[f64]) -> Result<u64, String> {
    match repeats.len() {
        0 | 1 => Err(String::new()),
        n if n < FEWEST_RUNS => Err(format!("{n} runs are fewer than {FEWEST_RUNS}")),
        n => u64::try_from(n).map_err(|_| String::new()),
    }
}

/// A value with its standard error: as reported, or as wide as the reported interval.
fn normal(value: &Value<'_>) -> Result<Normal, String> {
    if !value.repeats.is_empty() {
        return Err(String::new());
    }
    let of_interval = || {
        let ci = value.result.ci?;
        let level = Level::two_sided(ci.level.get()).ok()?;
        Some((ci.upper.get() - ci.lower.get()) / (2.0 * level.z()))
    };
    let stderr = value.stderr.or_else(of_interval).ok_or_else(String::new)?;
    Normal::new(value.number, stderr).map_err(|e| e.to_string())
}

/// The columns of one run's records that a metric is made of.
#[derive(Default)]
struct OneColumn {
    scores: Vec<f64>,
    predictions: Vec<bool>,
    values: Vec<f64>,
    /// Whether each prediction is right; for classes of any number.
    right: Vec<bool>,
}

/// Every example's own class, when being right is all that counts.
struct Ones(Vec<bool>);

/// The records of one or two runs over the same examples.
struct Paired<'s> {
    spec: &'s ExampleSpec,
    labels: Vec<bool>,
    ones: Ones,
    candidate: OneColumn,
    baseline: OneColumn,
    two: bool,
    clusters: Option<Vec<u64>>,
    n: u64,
}

impl<'s> Paired<'s> {
    fn new(spec: &'s ExampleSpec, slice: &Slice, here: &Examples, there: Option<&Examples>) -> Result<Self, String> {
        let ours = here.on(slice);
        let theirs = there.map(|t| t.on(slice));
        let clusters = match &spec.cluster {
            None => None,
            Some(_) => {
                let mut ids = std::collections::BTreeMap::new();
                let named: Option<Vec<&String>> = ours.iter().map(|e| e.cluster.as_ref()).collect();
                let named = named.ok_or("an example names no cluster")?;
                let next =
                    |ids: &std::collections::BTreeMap<&String, u64>| u64::try_from(ids.len()).unwrap_or(u64::MAX);
                let mut numbers = Vec::with_capacity(named.len());
                for name in named {
                    let number = next(&ids);
                    numbers.push(*ids.entry(name).or_insert(number));
                }
                Some(numbers)
            }
        };
        let positive = |label: &str| match &spec.positive {
            Some(class) => label == class,
            None => matches!(label.to_ascii_lowercase().as_str(), "1" | "1.0" | "true" | "yes"),
        };
        let column = |side: &[&Example]| -> Result<OneColumn, String> {
            let mut out = OneColumn::default();
            let lacks = |e: &Example, what: &str| format!("example '{}' has no {what}", visible(&e.id, 60));
            for e in side {
                if spec.value.is_some() {
                    out.values.push(e.value.filter(|v| v.is_finite()).ok_or_else(|| lacks(e, "finite value"))?);
                    continue;
                }
                let label = e.label.as_deref().ok_or_else(|| lacks(e, "label"))?;
                if spec.score.is_some() {
                    out.scores.push(e.score.filter(|v| v.is_finite()).ok_or_else(|| lacks(e, "finite score"))?);
                }
                if spec.prediction.is_some() {
                    let prediction = e.prediction.as_deref().ok_or_else(|| lacks(e, "prediction"))?;
                    out.predictions.push(positive(prediction));
                    out.right.push(prediction == label);
                }
            }
            Ok(out)
        };
        let labels = ours.iter().map(|e| e.label.as_deref().is_some_and(positive)).collect();
        Ok(Self {
            spec,
            labels,
            ones: Ones(vec![true; ours.len()]),
            candidate: column(&ours)?,
            baseline: theirs.as_deref().map(column).transpose()?.unwrap_or_default(),
            two: theirs.is_some(),
            clusters,
            n: u64::try_from(ours.len()).unwrap_or(u64::MAX),
        })
    }

    fn evidence(&self, metric: &str, proof: &Proof, seed: Sha256) -> Result<Shown, String> {
        let words = |e: Undecidable| e.to_string();
        let resample = || -> Result<Shown, String> {
            let data = self.data(metric)?;
            let plan = Plan { seed: seed.bytes(), resamples: bootstrap::RESAMPLES, clusters: self.clusters.as_deref() };
            let found = bootstrap(&data, &plan).map_err(words)?;
            let units = found.units();
            let mut shown = Shown::new(found, Some(units));
            shown.seed = Some(seed);
            shown.clusters = self.clusters.as_ref().map(|_| units);
            Ok(shown)
        };
        let is_auc = metric == "auc" && self.spec.score.is_some();
        let is_accuracy = metric == "accuracy" && self.spec.prediction.is_some();
        let wants = |method: Method| proof.method == method;
        match proof.method {
            Method::Delong if !is_auc => return Err("DeLong's method is for auc with a column of scores".to_owned()),
            Method::Mcnemar if !is_accuracy => {
                return Err("McNemar's test is for accuracy with a column of predictions".to_owned());
            }
            Method::Delong | Method::Mcnemar if self.clusters.is_some() => {
                return Err("examples in clusters are not independent: use paired-bootstrap".to_owned());
            }
            _ => {}
        }
        if wants(Method::PairedBootstrap) || self.clusters.is_some() {
            return resample();
        }
        let n = Some(self.n);
        if is_auc {
            return if self.two {
                let found = delong::paired(&self.labels, &self.candidate.scores, &self.baseline.scores);
                found.map(|f| Shown::new(f, n)).map_err(words)
            } else {
                delong::auc(&self.labels, &self.candidate.scores).map(|f| Shown::new(f, n)).map_err(words)
            };
        }
        if is_accuracy {
            if !self.two {
                let right = self.candidate.right.iter().filter(|r| **r).count();
                let right = u64::try_from(right).unwrap_or(u64::MAX);
                return Proportion::new(right, self.n).map(|f| Shown::new(f, n)).map_err(words);
            }
            let pairs = PairedProportions::of(&self.candidate.right, &self.baseline.right).map_err(words)?;
            let mut shown = Shown::new(pairs, n);
            // The exact test is of the detecting kind; a proof needs the bound.
            shown.pairs = (proof.mode == Mode::NotInferior).then_some(pairs);
            return Ok(shown);
        }
        resample()
    }

    /// What is resampled for a metric.
    fn data(&self, metric: &str) -> Result<Data<'_>, String> {
        let two = |column: &'_ OneColumn| self.two && !column_is_empty(column);
        if self.spec.value.is_some() {
            let baseline = two(&self.baseline).then_some(self.baseline.values.as_slice());
            return Ok(Data::Mean { candidate: &self.candidate.values, baseline });
        }
        if metric == "accuracy" && self.spec.prediction.is_some() {
            let baseline = two(&self.baseline).then_some(self.baseline.right.as_slice());
            let (metric, labels) = (CountMetric::Accuracy, self.ones.0.as_slice());
            return Ok(Data::Counts { metric, labels, candidate: &self.candidate.right, baseline });
        }
        let counted = match metric {
            "precision" => Some(CountMetric::Precision),
            "recall" => Some(CountMetric::Recall),
            "f1" => Some(CountMetric::F1),
            _ => None,
        };
        match (metric, counted) {
            ("auc", _) if self.spec.score.is_some() => Ok(Data::Auc {
                labels: &self.labels,
                candidate: &self.candidate.scores,
                baseline: two(&self.baseline).then_some(self.baseline.scores.as_slice()),
            }),
            (_, Some(metric)) if self.spec.prediction.is_some() => Ok(Data::Counts {
                metric,
                labels: &self.labels,
                candidate: &self.candidate.predictions,
                baseline: two(&self.baseline).then_some(self.baseline.predictions.as_slice()),
            }),
            _ => Err(format!(
                "'{}' cannot be made of these records: name a column 'value' whose mean it is",
                visible(metric, 80)
            )),
        }
    }

    /// The metric as one side's records give it.
    #[expect(clippy::cast_precision_loss, reason = "numbers of examples are far below 2^53")]
    fn value_of(&self, metric: &str, side: &OneColumn) -> Option<f64> {
        let share = |hits: usize, of: usize| (of > 0).then(|| hits as f64 / of as f64);
        if self.spec.value.is_some() {
            let n = side.values.len() as f64;
            return (n > 0.0).then(|| side.values.iter().map(|v| v / n).sum());
        }
        let hits = |f: &dyn Fn(bool, bool) -> bool| {
            self.labels.iter().zip(&side.predictions).filter(|(l, p)| f(**l, **p)).count()
        };
        match metric {
            "auc" if !side.scores.is_empty() => {
                delong::auc(&self.labels, &side.scores).ok().map(|found| found.estimate())
            }
            "accuracy" => share(side.right.iter().filter(|r| **r).count(), side.right.len()),
            "precision" => share(hits(&|l, p| l && p), hits(&|_, p| p)),
            "recall" => share(hits(&|l, p| l && p), hits(&|l, _| l)),
            "f1" => share(2 * hits(&|l, p| l && p), 2 * hits(&|l, p| l && p) + hits(&|l, p| l != p)),
            _ => None,
        }
    }
}

fn column_is_empty(column: &OneColumn) -> bool {
    column.scores.is_empty() && column.predictions.is_empty() && column.values.is_empty()
}
