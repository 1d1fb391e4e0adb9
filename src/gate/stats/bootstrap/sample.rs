//! The observed sample, laid out for resampling, and the metric of one resample.
//!
//! In: data and clusters. Out: the metric of the data and of any resample. Few distinct units (right
//! and wrong, counted predictions) are sorted, so that counting a resample is comparing its indices
//! with a few cuts; many are summed up one by one; AUCs are counted over examples in order of score.

use std::cmp::Ordering;

use super::draws::Draws;
use super::{CountMetric, Data};
use crate::gate::stats::{Undecidable, finite, same_length};

/// The most examples.
const MOST_EXAMPLES: usize = 1 << 30;

/// Up to this many distinct units are counted rather than summed.
const FEW: usize = 24;

/// What one example says: (score or difference), (label, candidate, baseline) or, for ranks,
/// (candidate, baseline, label), so that examples lie in the order of the candidate's scores.
type Row = [f64; 3];

/// Sums over examples: (sum, count), or TP, FP, FN, TN of the candidate and then of the baseline.
type Sums = [f64; 8];

/// What the sums mean.
#[derive(Clone, Copy)]
enum Meaning {
    Mean,
    Counts(CountMetric, bool),
}

/// An observed sample.
pub(super) struct Sample {
    units: u32,
    varying: u64,
    layout: Layout,
}

enum Layout {
    /// Distinct units: where each group of equal ones ends, and the sums of one of them.
    Few { meaning: Meaning, cuts: Vec<(u32, Sums)> },
    /// Scores of single examples.
    Scores(Vec<f64>),
    /// Clusters of scores: sum and count.
    Clusters(Vec<[f64; 2]>),
    /// Clusters of predictions.
    Sums { meaning: Meaning, of: Vec<Sums> },
    /// Examples by the candidate's score and by the baseline's.
    Ranks { candidate: Vec<Ranked>, baseline: Option<Vec<Ranked>> },
}

/// An example in order of score: its unit, its class, and whether the next has a higher score, packed
/// into one word since a resample reads them all.
#[derive(Clone, Copy)]
struct Ranked(u32);

impl Ranked {
    fn new(unit: u32, positive: bool, last: bool) -> Self {
        Self(unit << 2 | u32::from(positive) << 1 | u32::from(last))
    }

    fn unit(self) -> u32 {
        self.0 >> 2
    }

    /// All bits for a positive, none for a negative.
    fn positive(self) -> u64 {
        u64::from(self.0 >> 1 & 1).wrapping_neg()
    }

    fn last(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Sample {
    pub(super) fn new(data: &Data<'_>, clusters: Option<&[u64]>) -> Result<Self, Undecidable> {
        let rows = rows(data)?;
        if let Some(clusters) = clusters {
            same_length(&rows, clusters)?;
        }
        if rows.len() > MOST_EXAMPLES {
            return Err(Undecidable::TooMany { n: rows.len() as u64, limit: MOST_EXAMPLES as u64 });
        }
        let units = units(rows, clusters);
        let mut distinct: Vec<(u32, &[Row])> = Vec::new();
        let mut most = 0;
        for (i, unit) in units.iter().enumerate() {
            let end = i as u32 + 1;
            match distinct.last_mut() {
                Some((last, same)) if compare(same, unit) == Ordering::Equal => *last = end,
                _ => distinct.push((end, unit)),
            }
        }
        let mut start = 0;
        for (end, _) in &distinct {
            most = most.max(end - start);
            start = *end;
        }
        let meaning = match data {
            Data::Auc { baseline, .. } => {
                let ranked = |column| ranked(&units, column);
                // Weighted counts of pairs must fit 64 bits.
                let largest = units.iter().map(Vec::len).max().unwrap_or(0) as u64;
                let (n, limit) = (largest.saturating_mul(units.len() as u64), MOST_EXAMPLES as u64);
                if n > limit {
                    return Err(Undecidable::TooMany { n, limit });
                }
                let layout = Layout::Ranks { candidate: ranked(0), baseline: baseline.map(|_| ranked(1)) };
                return Ok(Self { units: units.len() as u32, varying: units.len() as u64 - u64::from(most), layout });
            }
            Data::Mean { .. } => Meaning::Mean,
            Data::Counts { metric, baseline, .. } => Meaning::Counts(*metric, baseline.is_some()),
        };
        let sums = |unit: &[Row]| unit.iter().fold([0.0; 8], |sums, row| add(sums, &meaning.of(row)));
        let layout = if distinct.len() <= FEW {
            Layout::Few { meaning, cuts: distinct.iter().map(|(end, unit)| (*end, sums(unit))).collect() }
        } else {
            match (meaning, clusters) {
                (Meaning::Mean, None) => Layout::Scores(units.iter().flatten().map(|row| row[0]).collect()),
                (Meaning::Mean, Some(_)) => {
                    Layout::Clusters(units.iter().map(|unit| sums(unit)).map(|s| [s[0], s[1]]).collect())
                }
                (Meaning::Counts(..), _) => Layout::Sums { meaning, of: units.iter().map(|unit| sums(unit)).collect() },
            }
        };
        Ok(Self { units: units.len() as u32, varying: units.len() as u64 - u64::from(most), layout })
    }

    /// The number of units.
    pub(super) fn units(&self) -> u32 {
        self.units
    }

    /// How many units differ from the most frequent one.
    pub(super) fn varying(&self) -> u64 {
        self.varying
    }

    /// Room for the weights of one resample.
    pub(super) fn scratch(&self) -> Vec<u32> {
        match &self.layout {
            Layout::Few { cuts, .. } => vec![0; cuts.len()],
            Layout::Ranks { .. } => vec![0; self.units as usize],
            _ => Vec::new(),
        }
    }

    /// The metric of the data.
    pub(super) fn observed(&self) -> Option<f64> {
        match &self.layout {
            Layout::Few { meaning, cuts } => {
                let mut start = 0;
                let mut counts = Vec::with_capacity(cuts.len());
                for (end, _) in cuts {
                    counts.push(end - start);
                    start = *end;
                }
                meaning.value(&counted(cuts, &counts))
            }
            Layout::Scores(of) => Meaning::Mean.value(&sums(of.iter().sum(), of.len() as f64)),
            Layout::Clusters(of) => {
                let [sum, count] = of.iter().fold([0.0; 2], |[s, c], [x, n]| [s + x, c + n]);
                Meaning::Mean.value(&sums(sum, count))
            }
            Layout::Sums { meaning, of } => meaning.value(&of.iter().fold([0.0; 8], add)),
            Layout::Ranks { candidate, baseline } => auc(candidate, baseline.as_deref(), |_| 1),
        }
    }

    /// The metric of one resample; `None` when it has none.
    pub(super) fn replicate(&self, seed: &[u8; 32], replicate: u64, scratch: &mut [u32]) -> Option<f64> {
        let mut draws = Draws::new(seed, replicate, self.units);
        match &self.layout {
            Layout::Few { meaning, cuts } => {
                // How many indices lie below each cut; neighbours' differences are the counts.
                scratch.fill(0);
                draws.each_block(self.units, |indices| {
                    for (below, (cut, _)) in scratch.iter_mut().zip(cuts) {
                        *below += indices.iter().map(|i| u32::from(i < cut)).sum::<u32>();
                    }
                });
                let mut before = 0;
                for count in scratch.iter_mut() {
                    (*count, before) = (*count - before, *count);
                }
                meaning.value(&counted(cuts, scratch))
            }
            Layout::Scores(of) => {
                // Four sums side by side, always the same four.
                let mut four = [0.0; 4];
                let score = |i: u32| of.get(i as usize).copied().unwrap_or(f64::NAN);
                draws.each_block(self.units, |indices| {
                    let (quads, rest) = indices.as_chunks::<4>();
                    for [a, b, c, d] in quads {
                        four[0] += score(*a);
                        four[1] += score(*b);
                        four[2] += score(*c);
                        four[3] += score(*d);
                    }
                    for i in rest {
                        four[0] += score(*i);
                    }
                });
                Meaning::Mean.value(&sums(four[0] + four[1] + (four[2] + four[3]), of.len() as f64))
            }
            Layout::Clusters(of) => {
                let (mut sum, mut count) = (0.0, 0.0);
                draws.each_block(self.units, |indices| {
                    for [s, c] in indices.iter().filter_map(|i| of.get(*i as usize)) {
                        sum += s;
                        count += c;
                    }
                });
                Meaning::Mean.value(&sums(sum, count))
            }
            Layout::Sums { meaning, of } => {
                let mut total = [0.0; 8];
                draws.each_block(self.units, |indices| {
                    total = indices.iter().filter_map(|i| of.get(*i as usize)).fold(total, add);
                });
                meaning.value(&total)
            }
            Layout::Ranks { candidate, baseline } => {
                scratch.fill(0);
                draws.each_block(self.units, |indices| {
                    for i in indices {
                        if let Some(weight) = scratch.get_mut(*i as usize) {
                            *weight += 1;
                        }
                    }
                });
                auc(candidate, baseline.as_deref(), |unit| scratch.get(unit as usize).copied().unwrap_or(0))
            }
        }
    }
}

impl Meaning {
    /// What one example adds to the sums.
    fn of(self, row: &Row) -> Sums {
        let [first, candidate, baseline] = *row;
        match self {
            Self::Mean => sums(first, 1.0),
            Self::Counts(..) => {
                let mut out = [0.0; 8];
                for (predicted, at) in [(candidate, 0), (baseline, 4)] {
                    let cell = match (first == 1.0, predicted == 1.0) {
                        (true, true) => 0,
                        (false, true) => 1,
                        (true, false) => 2,
                        (false, false) => 3,
                    };
                    if let Some(count) = out.get_mut(at + cell) {
                        *count = 1.0;
                    }
                }
                out
            }
        }
    }

    fn value(self, sums: &Sums) -> Option<f64> {
        let ratio = |above: f64, below: f64| (below > 0.0).then(|| above / below).filter(|v| v.is_finite());
        let [sum, count, ..] = *sums;
        match self {
            Self::Mean => ratio(sum, count),
            Self::Counts(metric, two) => {
                let of = |tp: f64, fp: f64, false_negatives: f64, tn: f64| match metric {
                    CountMetric::Accuracy => ratio(tp + tn, tp + fp + false_negatives + tn),
                    CountMetric::Precision => ratio(tp, tp + fp),
                    CountMetric::Recall => ratio(tp, tp + false_negatives),
                    CountMetric::F1 => ratio(2.0 * tp, 2.0 * tp + fp + false_negatives),
                };
                let [a, b, c, d, e, f, g, h] = *sums;
                let candidate = of(a, b, c, d)?;
                Some(if two { candidate - of(e, f, g, h)? } else { candidate })
            }
        }
    }
}

fn sums(sum: f64, count: f64) -> Sums {
    [sum, count, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
}

fn add(mut sums: Sums, more: &Sums) -> Sums {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
    sums
}

fn counted(cuts: &[(u32, Sums)], counts: &[u32]) -> Sums {
    cuts.iter().zip(counts).fold([0.0; 8], |sums, ((_, one), count)| add(sums, &one.map(|v| v * f64::from(*count))))
}

/// One row per example; −0 becomes 0.
fn rows(data: &Data<'_>) -> Result<Vec<Row>, Undecidable> {
    let number = |b: bool| f64::from(u8::from(b));
    match *data {
        Data::Mean { candidate, baseline } => {
            finite(candidate)?;
            let Some(baseline) = baseline else {
                return Ok(candidate.iter().map(|v| [v + 0.0, 0.0, 0.0]).collect());
            };
            same_length(candidate, baseline)?;
            finite(baseline)?;
            let rows: Vec<Row> = candidate.iter().zip(baseline).map(|(a, b)| [a - b + 0.0, 0.0, 0.0]).collect();
            rows.iter().try_for_each(|row| finite(row))?;
            Ok(rows)
        }
        Data::Counts { labels, candidate, baseline, .. } => {
            same_length(labels, candidate)?;
            let baseline = baseline.unwrap_or(candidate);
            same_length(labels, baseline)?;
            let rows = labels.iter().zip(candidate).zip(baseline);
            Ok(rows.map(|((label, a), b)| [number(*label), number(*a), number(*b)]).collect())
        }
        Data::Auc { labels, candidate, baseline } => {
            same_length(labels, candidate)?;
            let baseline = baseline.unwrap_or(candidate);
            same_length(labels, baseline)?;
            finite(candidate)?;
            finite(baseline)?;
            if labels.iter().all(|l| *l) || labels.iter().all(|l| !*l) {
                return Err(Undecidable::OneClass);
            }
            let rows = labels.iter().zip(candidate).zip(baseline);
            Ok(rows.map(|((label, a), b)| [a + 0.0, b + 0.0, number(*label)]).collect())
        }
    }
}

fn compare(a: &[Row], b: &[Row]) -> Ordering {
    let numbers = |rows: &[Row], other: &[Row]| {
        rows.iter()
            .flatten()
            .zip(other.iter().flatten())
            .map(|(x, y)| x.total_cmp(y))
            .find(|o| *o != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    };
    numbers(a, b).then(a.len().cmp(&b.len()))
}

/// The units in an order that depends on what they are, not on where they stood.
fn units(rows: Vec<Row>, clusters: Option<&[u64]>) -> Vec<Vec<Row>> {
    let mut units: Vec<Vec<Row>> = match clusters {
        None => rows.into_iter().map(|row| vec![row]).collect(),
        Some(clusters) => {
            let mut named: Vec<(u64, Row)> = clusters.iter().copied().zip(rows).collect();
            named.sort_unstable_by(|(a, x), (b, y)| a.cmp(b).then_with(|| compare(&[*x], &[*y])));
            named.chunk_by(|(a, _), (b, _)| a == b).map(|c| c.iter().map(|(_, row)| *row).collect()).collect()
        }
    };
    units.sort_unstable_by(|a, b| compare(a, b));
    units
}

/// The examples of all units in order of one column.
fn ranked(units: &[Vec<Row>], column: usize) -> Vec<Ranked> {
    let score = |row: &Row| row.get(column).copied().unwrap_or_default();
    let mut all: Vec<(f64, u32, bool)> =
        (0u32..).zip(units).flat_map(|(i, unit)| unit.iter().map(move |row| (score(row), i, row[2] == 1.0))).collect();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let next = all.iter().skip(1).map(|n| Some(n.0)).chain([None]);
    all.iter().zip(next).map(|(e, next)| Ranked::new(e.1, e.2, next != Some(e.0))).collect()
}

/// The candidate's AUC, less the baseline's, with each example weighted like its unit.
fn auc(candidate: &[Ranked], baseline: Option<&[Ranked]>, weight: impl Fn(u32) -> u32) -> Option<f64> {
    let of = |ranked: &[Ranked]| {
        let (mut negatives, mut positives, mut twice) = (0u64, 0u64, 0u64);
        let (mut n, mut p) = (0u64, 0u64);
        for example in ranked {
            let weight = u64::from(weight(example.unit()));
            p += weight & example.positive();
            n += weight & !example.positive();
            if example.last() {
                twice += p * (2 * negatives + n);
                negatives += n;
                positives += p;
                (n, p) = (0, 0);
            }
        }
        let pairs = negatives * positives;
        (pairs > 0).then(|| twice as f64 / (2.0 * pairs as f64))
    };
    let value = of(candidate)?;
    match baseline {
        None => Some(value),
        Some(baseline) => Some(value - of(baseline)?),
    }
}
