//! `stats.json`: a list of counters, each with a name of several parts.
//!
//! In: the list. Out: a result for each counter that counted anything: its mean, with the split, and
//! the perturbation and sub-split as slice. A counter gathers one value for each trial, so its
//! deviation gives a standard error only where there were several.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic};
use crate::import::harness::{Findings, count, due, finite, present, text, whole};
use crate::model::{Datum, Direction, Finite, Pointer, Run, Slice};

/// The counter that says on how many instances a split was measured.
const INSTANCES: &str = "num_instances";
/// Flags of a perturbation that its name implies.
const IMPLIED: &[&str] = &["robustness", "fairness", "name_override"];
/// Metrics of which HELM's own schema says that more is better.
const HIGHER: &[&str] = &[
    "exact_match",
    "quasi_exact_match",
    "prefix_exact_match",
    "quasi_prefix_exact_match",
    "f1_score",
    "rouge_1",
    "rouge_2",
    "rouge_l",
    "bleu_1",
    "bleu_4",
    "math_equiv",
    "math_equiv_chain_of_thought",
    "final_number_exact_match",
    "bbq_accuracy",
    // Safety: judged harmless.
    "harm_bench_score",
    "sst_score",
    "art_score",
    "xst_score",
];

/// Reads the list.
pub(super) fn read(value: &Datum, path: &str, dataset: &str, run: &mut Run, findings: &mut Findings<'_>) {
    let Some(stats) = value.items() else {
        findings.report(Diagnostic::new(Code::JsonShape, "a list of counters is due here"), "");
        return;
    };
    let names: Vec<Option<Name<'_>>> = stats.iter().map(|s| s.get("name").and_then(Name::of)).collect();
    let mut instances: BTreeMap<(Option<&str>, &Slice), u64> = BTreeMap::new();
    for (stat, name) in stats.iter().zip(&names) {
        if let (Some(name), Some(n)) = (name, stat.get("mean").and_then(Datum::as_number).and_then(whole))
            && name.metric == INSTANCES
        {
            instances.insert((name.split, &name.slice), n);
        }
    }
    for (i, (stat, name)) in stats.iter().zip(&names).enumerate() {
        let Some(name) = name else {
            findings.report(
                Diagnostic::new(Code::FieldInvalid, "a counter without a name is left out")
                    .help("nobody can tell what it counts"),
                &format!("/{i}/name"),
            );
            continue;
        };
        let trials = stat.get("count").and_then(count);
        // Nothing was counted: HELM lists what a run might have measured.
        if trials == Some(0) {
            continue;
        }
        let mut result = due(name.metric, Pointer::new(path, format!("/{i}/mean")));
        result.dataset = Some(dataset.to_owned());
        result.split = name.split.map(str::to_owned);
        result.slice = name.slice.clone();
        result.harness = Some("HELM".to_owned());
        result.n = instances.get(&(name.split, &name.slice)).copied().filter(|_| name.metric != INSTANCES);
        result.stderr = trials.filter(|n| *n > 1).and_then(|n| stderr(stat, n));
        if HIGHER.contains(&name.metric) {
            run.direct(name.metric, Direction::Higher);
        }
        findings.value(run, result, present(stat, "mean").unwrap_or(&Datum::Null));
    }
}

/// The standard error of a mean over trials: HELM's deviation is that of the values themselves.
fn stderr(stat: &Datum, trials: u64) -> Option<Finite> {
    let deviation = finite(stat, "stddev")?.get();
    #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
    let trials = trials as f64;
    // Bessel's correction: the file holds the deviation of the population.
    Finite::new(deviation / (trials - 1.0).sqrt()).filter(|e| e.get() >= 0.0)
}

/// The name of a counter.
struct Name<'a> {
    metric: &'a str,
    split: Option<&'a str>,
    slice: Slice,
}

impl<'a> Name<'a> {
    fn of(value: &'a Datum) -> Option<Self> {
        let mut slice = Slice::default();
        if let Some(sub) = text(value, "sub_split") {
            slice.0.insert("sub_split".to_owned(), sub.to_owned());
        }
        for (key, field) in value.get("perturbation").and_then(Datum::entries).unwrap_or_default() {
            let key = if key == "name" { "perturbation" } else { key };
            let shown = field.display();
            if !shown.is_empty() && !IMPLIED.contains(&key) {
                slice.0.insert(key.to_owned(), shown);
            }
        }
        Some(Self { metric: text(value, "name")?, split: text(value, "split"), slice })
    }
}
