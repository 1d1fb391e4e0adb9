//! Totals: what the tool counted, in all and for each prompt and provider.
//!
//! In: `results.stats`, the prompts' `metrics`, and what the rows say. Out: results. Names are the
//! tool's (`score` is the sum over the tests, as `namedScores.NAME` is); only `pass_rate` is worked
//! out here, as the tool's terminal shows it. Totals that the rows contradict are rejected.

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::{Facts, below, count, present};
use super::rows::{Outcomes, Tally, prompt, provider};
use super::{ITSELF, SUITE};
use crate::diag::{Code, Severity};
use crate::model::{CheckStatus, Datum, Measured, Slice};

/// Scalars of a prompt's metrics.
const SCALARS: [&str; 8] = [
    "score",
    "testPassCount",
    "testFailCount",
    "testErrorCount",
    "assertPassCount",
    "assertFailCount",
    "totalLatencyMs",
    "cost",
];
/// Counts of tokens.
const TOKENS: [&str; 5] = ["total", "prompt", "completion", "cached", "numRequests"];

/// The totals of a whole output.
pub(super) fn from_output(results: &Datum, tally: &Tally, facts: &mut Facts<'_>) {
    let stats = results.get("stats");
    let named = |key: &str| stats.and_then(|s| count(s, key));
    let claimed = Outcomes {
        passed: named("successes").unwrap_or_default(),
        failed: named("failures").unwrap_or_default(),
        errors: named("errors").unwrap_or_default(),
    };
    // Old versions count errors as failures.
    let bad = claimed.failed + claimed.errors == tally.total.failed + tally.total.errors;
    let agree = claimed.passed == tally.total.passed && bad;
    for key in ["successes", "failures", "errors"] {
        let pointer = below("/results/stats", &[key]);
        match stats.and_then(|s| present(s, key)) {
            Some(value) if agree => {
                if let Some(result) = facts.metric(key, value, &pointer) {
                    result.n = Some(claimed.all());
                }
            }
            Some(value) => {
                facts.reject(key, format!("{} in a total that the rows contradict", value.display()), &pointer)
            }
            None => {}
        }
    }
    if agree {
        pass_rate(claimed, "/results/stats", facts);
    } else {
        let text = format!(
            "the totals are {} passed, {} failed, {} errors; the rows say {}, {} and {}",
            claimed.passed, claimed.failed, claimed.errors, tally.total.passed, tally.total.failed, tally.total.errors
        );
        facts.report(
            Code::FieldInvalid,
            Severity::Error,
            text.clone(),
            "/results/stats",
            "was the file cut or edited?",
        );
        facts.check(SUITE, ITSELF, CheckStatus::Error, &text, "/results/stats");
        facts.reject("pass_rate", "contradicted by the rows".to_owned(), "/results/stats");
    }
    tokens(stats.and_then(|s| s.get("tokenUsage")), "/results/stats/tokenUsage", facts);
    let (prompts, at) = match results.get("prompts").and_then(Datum::items) {
        Some(prompts) => (prompts, "/results/prompts"),
        None => {
            let head = results.get("table").and_then(|t| t.get("head"));
            let prompts = head.and_then(|h| h.get("prompts")).and_then(Datum::items);
            (prompts.unwrap_or_default(), "/results/table/head/prompts")
        }
    };
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut providers = BTreeSet::new();
    for (i, head) in prompts.iter().enumerate() {
        let (provider, mut label) = (provider(head.get("provider")), prompt(Some(head)));
        let times = seen.entry((provider.clone(), label.clone())).or_default();
        *times += 1;
        if *times > 1 {
            label = format!("{label} ({times})");
        }
        facts.slice = slice(&provider, &label);
        providers.insert(provider);
        if let Some(metrics) = present(head, "metrics") {
            prompt_metrics(metrics, &format!("{at}/{i}/metrics"), facts);
        }
    }
    facts.slice = Slice::default();
    model(&providers, facts);
}

/// The totals of rows alone.
pub(super) fn from_rows(tally: &Tally, facts: &mut Facts<'_>) {
    outcomes(["successes", "failures", "errors"], tally.total, facts);
    let mut providers = BTreeSet::new();
    for ((provider, prompt), part) in &tally.parts {
        facts.slice = slice(provider, prompt);
        providers.insert(provider.clone());
        outcomes(["testPassCount", "testFailCount", "testErrorCount"], *part, facts);
    }
    facts.slice = Slice::default();
    model(&providers, facts);
}

fn slice(provider: &str, prompt: &str) -> Slice {
    Slice(BTreeMap::from([("provider".to_owned(), provider.to_owned()), ("prompt".to_owned(), prompt.to_owned())]))
}

/// An evaluation of one provider is an evaluation of that model.
fn model(providers: &BTreeSet<String>, facts: &mut Facts<'_>) {
    if let Some(provider) = providers.first().filter(|p| providers.len() == 1 && !p.is_empty()) {
        facts.document.run.model = Some(provider.clone());
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests")]
fn outcomes(names: [&str; 3], found: Outcomes, facts: &mut Facts<'_>) {
    for (name, value) in names.into_iter().zip([found.passed, found.failed, found.errors]) {
        facts.number(name, Measured::new(value as f64), "").n = Some(found.all());
    }
    pass_rate(found, "", facts);
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests")]
fn pass_rate(found: Outcomes, pointer: &str, facts: &mut Facts<'_>) {
    if found.all() > 0 {
        let rate = found.passed as f64 / found.all() as f64;
        facts.number("pass_rate", Measured::new(rate), pointer).n = Some(found.all());
    }
}

fn prompt_metrics(metrics: &Datum, pointer: &str, facts: &mut Facts<'_>) {
    let of = |key: &str| count(metrics, key).unwrap_or_default();
    let found = Outcomes { passed: of("testPassCount"), failed: of("testFailCount"), errors: of("testErrorCount") };
    for key in SCALARS {
        if let Some(value) = present(metrics, key)
            && let Some(result) = facts.metric(key, value, &below(pointer, &[key]))
        {
            result.n = Some(found.all()).filter(|n| *n > 0);
        }
    }
    pass_rate(found, pointer, facts);
    let counts = metrics.get("namedScoresCount");
    for (name, value) in metrics.get("namedScores").and_then(Datum::entries).unwrap_or_default() {
        let at = below(pointer, &["namedScores", name]);
        if let Some(result) = facts.metric(&format!("namedScores.{name}"), value, &at) {
            result.n = counts.and_then(|c| count(c, name));
        }
    }
    tokens(metrics.get("tokenUsage"), &below(pointer, &["tokenUsage"]), facts);
}

fn tokens(usage: Option<&Datum>, pointer: &str, facts: &mut Facts<'_>) {
    for key in TOKENS {
        if let Some(value) = usage.and_then(|u| present(u, key)) {
            facts.metric(&format!("tokenUsage.{key}"), value, &below(pointer, &[key]));
        }
    }
}
