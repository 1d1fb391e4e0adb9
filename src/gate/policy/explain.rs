//! Rules in plain sentences, for the verdict page and `policy show`.
//!
//! In: a validated rule. Out: what it demands, of which models, and what happens when it does not
//! hold. Text only; whoever shows it escapes it.

use super::{
    Allowance, Approval, Bound, Demand, DigestRule, FreshRule, GapRule, Identified, MetricRule, Mode, OnMissing,
    Policy, RatchetRule, Rule, RuleSeverity, Treatment, Verify,
};
use crate::diag::{count, visible};
use crate::gate::number::with_unit;
use crate::gate::rules::card::cfg::CardRule;
use crate::gate::rules::drift::cfg::DriftRule;
use crate::gate::rules::tests::cfg::TestsRule;

/// A rule as plain English.
pub fn explain(policy: &Policy, rule: &Rule) -> String {
    let mut sentences = match &rule.demand {
        Demand::Metric(demand) => metric(policy, rule, demand),
        Demand::Drift(demand) => drift(demand),
        Demand::Card(demand) => card(demand),
        Demand::Tests(demand) => tests(demand),
        Demand::Gap(demand) => gap(rule, demand),
        Demand::Ratchet(demand) => ratchet(policy, rule, demand),
        Demand::Fresh(demand) => fresh(demand),
        Demand::Digest(demand) => digest(demand),
    };
    sentences.push(severity(policy, rule));
    if !rule.models.is_empty() {
        let models: Vec<String> = rule.models.iter().map(|m| visible(m.as_str(), 80)).collect();
        sentences.push(format!("It holds for the models {}.", words(&models)));
    }
    sentences.join(" ")
}

/// What an approval demands, as plain English: a phrase without an end.
pub fn approval(approval: &Approval) -> String {
    let seats: Vec<String> = approval.need.iter().map(|n| format!("{} of {}", n.count, visible(&n.role, 80))).collect();
    let binds: Vec<String> = approval.binds.iter().map(|b| b.as_str().to_owned()).collect();
    let mut out = format!("signatures of {}, over {} and what the rules say", words(&seats), words(&binds));
    if approval.distinct && approval.need.iter().map(|n| n.count).sum::<usize>() > 1 {
        out.push_str("; one person fills one seat");
    }
    if approval.not_author {
        out.push_str("; not by the author of the run or the card");
    }
    if let Some(age) = &approval.max_age {
        out.push_str(&format!("; at most {} old", visible(&age.text, 40)));
    }
    let list = |what: &str, items: Vec<String>| format!("; {what} {}", words(&items));
    if !approval.stages.is_empty() {
        out.push_str(&list("at", approval.stages.iter().map(|s| visible(s, 80)).collect()));
    }
    if !approval.models.is_empty() {
        out.push_str(&list("for the models", approval.models.iter().map(|m| visible(m.as_str(), 80)).collect()));
    }
    out
}

/// `a, b and c`.
fn words(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

fn severity(policy: &Policy, rule: &Rule) -> String {
    let does = |severity: RuleSeverity| match severity {
        RuleSeverity::Block => "blocks",
        RuleSeverity::Warn => "warns",
        RuleSeverity::Info => "only informs",
    };
    let all: Vec<(&str, RuleSeverity)> = policy.stages().map(|s| (s, rule.severity_at(s))).collect();
    match all.first() {
        Some((_, first)) if all.iter().all(|(_, s)| s == first) => {
            let everywhere = if all.len() > 1 { " at every stage" } else { "" };
            format!("If not, it {}{everywhere}.", does(*first))
        }
        _ => {
            let parts: Vec<String> =
                all.iter().map(|(stage, s)| format!("{} at {}", does(*s), visible(stage, 60))).collect();
            format!("If not, it {}.", words(&parts))
        }
    }
}

fn metric(policy: &Policy, rule: &Rule, demand: &MetricRule) -> Vec<String> {
    let show = |v: f64| with_unit(&format!("{v}"), demand.unit.as_deref());
    let mut must: Vec<String> = demand
        .bounds
        .iter()
        .map(|bound| match bound {
            Bound::Min(v) => format!("at least {}", show(*v)),
            Bound::Max(v) => format!("at most {}", show(*v)),
            Bound::Above(v) => format!("more than {}", show(*v)),
            Bound::Below(v) => format!("less than {}", show(*v)),
            Bound::Equals { value, tolerance } if *tolerance == 0.0 => format!("exactly {}", show(*value)),
            Bound::Equals { value, tolerance } => format!("{} give or take {}", show(*value), show(*tolerance)),
            Bound::Within(low, high) => format!("between {} and {}", show(*low), show(*high)),
            Bound::MaxDeviation(limit) => {
                format!("at most {} away from {}", show(*limit), demand.target.map_or_else(String::new, show))
            }
        })
        .collect();
    let mut out = Vec::new();
    if let Some(relative) = &demand.relative {
        let base = policy.baselines.get(&relative.baseline);
        let who = match base {
            Some(b) => format!("baseline {} ({})", visible(&relative.baseline, 60), b.select),
            None => format!("baseline {}", visible(&relative.baseline, 60)),
        };
        let amount = |a: &Allowance| match (a.abs, a.rel) {
            (Some(abs), Some(rel)) => format!("the larger of {} and {}% of its value", show(abs), percent(rel)),
            (Some(abs), None) => show(abs),
            (None, Some(rel)) => format!("{}% of its value", percent(rel)),
            (None, None) => "nothing".to_owned(),
        };
        if let Some(a) = &relative.max_regression {
            must.push(format!("as good as {who}, or worse by at most {}", amount(a)));
        }
        if let Some(a) = &relative.min_improvement {
            must.push(format!("better than {who} by at least {}", amount(a)));
        }
        if let Some(a) = &relative.max_improvement {
            must.push(format!("better than {who} by no more than {}: more would be suspicious", amount(a)));
        }
        if base.is_some_and(|b| b.on_missing == OnMissing::Bootstrap) {
            out.push(
                "The first version of a model has nothing to compare with and is let through, marked as such."
                    .to_owned(),
            );
        }
    }
    let mut subject = visible(&demand.metric, 80);
    if let Some(class) = &demand.class {
        subject.push_str(&format!(" for class {}", visible(class, 60)));
    }
    if let Some(dataset) = &demand.dataset {
        subject.push_str(&format!(" on {}", visible(dataset, 60)));
    }
    if let Some(split) = &demand.split {
        subject.push_str(&format!(" (split {})", visible(split, 60)));
    }
    if let Some(slices) = &demand.slices {
        let patterns: Vec<String> = slices.patterns.iter().map(|p| visible(&p.text, 80)).collect();
        let exclude: Vec<String> = slices.exclude.iter().map(|p| visible(&p.text, 80)).collect();
        let required: Vec<String> = slices.require.iter().map(|s| visible(&s.to_string(), 80)).collect();
        subject.push_str(" for every slice");
        if !patterns.is_empty() {
            subject.push_str(&format!(" {}", words(&patterns)));
        }
        if !exclude.is_empty() {
            subject.push_str(&format!(" except {}", words(&exclude)));
        }
        if !required.is_empty() {
            out.push(format!("It must be there for {}.", words(&required)));
        }
        if let Some(least) = slices.expect_at_least {
            out.push(format!("There must be at least {least} such slices."));
        }
        if demand.relative.is_some() && slices.vanished == Treatment::Fail {
            out.push("A slice that the baseline has must not be gone.".to_owned());
        }
    }
    if let Some(repeats) = &demand.repeats {
        let least = count(usize::try_from(repeats.min).unwrap_or(usize::MAX), "run");
        out.push(format!("What counts is the {} of at least {least} of the version.", repeats.aggregate.as_str()));
    }
    if let Some(proof) = &demand.proof {
        let sure = percent(proof.confidence);
        out.push(match proof.mode {
            Mode::Noninferior => format!("This must be shown with {sure}% confidence; what is not shown blocks."),
            _ => format!(
                "It fails when the opposite is shown with {sure}% confidence, by data that could have shown a harm of {}.",
                proof.mde.map_or_else(String::new, show)
            ),
        });
    }
    out.extend(small_sample(rule, demand.min_n));
    out.insert(0, format!("{subject} must be {}.", words(&must)));
    out
}

fn gap(rule: &Rule, demand: &GapRule) -> Vec<String> {
    let subject = visible(&demand.of.metric, 80);
    let patterns: Vec<String> =
        demand.of.slices.iter().flat_map(|s| &s.patterns).map(|p| visible(&p.text, 80)).collect();
    let mut must = Vec::new();
    if let Some(gap) = demand.max_gap {
        must.push(format!("lie at most {} apart", with_unit(&format!("{gap}"), demand.of.unit.as_deref())));
    }
    if let Some(ratio) = demand.min_ratio {
        must.push(format!("the smallest must be at least {}% of the largest", percent(ratio)));
    }
    let mut out =
        vec![format!("The values of {subject} for the slices {} must {}.", words(&patterns), must.join(", and "))];
    out.extend(small_sample(rule, demand.of.min_n));
    out
}

fn ratchet(policy: &Policy, rule: &Rule, demand: &RatchetRule) -> Vec<String> {
    let subject = visible(&demand.of.metric, 80);
    let show = |v: f64| with_unit(&format!("{v}"), demand.of.unit.as_deref());
    let slack = match demand.slack.map(|s| (s.abs, s.rel)) {
        Some((Some(abs), Some(rel))) => {
            format!(", by more than the larger of {} and {}% of it", show(abs), percent(rel))
        }
        Some((Some(abs), None)) => format!(", by more than {}", show(abs)),
        Some((None, Some(rel))) => format!(", by more than {}% of it", percent(rel)),
        _ => String::new(),
    };
    let window = usize::try_from(demand.window).unwrap_or(usize::MAX);
    let mut out = vec![format!(
        "{subject} must not be worse than the model has sustained{slack}: the best median of any {}.",
        count(window, "consecutive passing version")
    )];
    let levels: Vec<String> = policy
        .levels
        .iter()
        .filter(|l| l.rule == rule.id)
        .map(|l| format!("{} for {}", show(l.value), visible(&l.model, 80)))
        .collect();
    if !levels.is_empty() {
        out.push(format!("The level is {}.", words(&levels)));
    }
    out.extend(small_sample(rule, demand.of.min_n));
    out
}

fn fresh(demand: &FreshRule) -> Vec<String> {
    let of: Vec<String> = demand.of.iter().map(|d| d.as_str().to_owned()).collect();
    let mut must = Vec::new();
    if let Some(age) = &demand.max_age {
        must.push(format!("not be older than {}", age.text));
    }
    if demand.newer_than_model {
        must.push("have been made after the model".to_owned());
    }
    vec![format!("The {} must {}.", words(&of), words(&must))]
}

fn digest(demand: &DigestRule) -> Vec<String> {
    let of: Vec<String> = demand
        .of
        .iter()
        .map(|d| {
            match d {
                Identified::Model => "the model's files",
                Identified::Dataset => "the evaluation data",
                Identified::Card => "the model card",
            }
            .to_owned()
        })
        .collect();
    let how = match demand.verify {
        Verify::Recompute => "must be among the files of the run, with exactly the digests that are declared",
        Verify::Declared => "must have digests that are declared",
    };
    let mut sentence = format!("{} {how}.", words(&of));
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut out = vec![sentence];
    if let Some(most) = demand.max_dataset_uses {
        out.push(format!("After {most} decisions on the same data it warns: data that is tuned to measures little."));
    }
    out
}

/// What becomes of a sample below the smallest that decides.
fn small_sample(rule: &Rule, least: Option<u64>) -> Option<String> {
    let then = match rule.on.small_n {
        None | Some(Treatment::Fail) => "a smaller sample counts as not shown",
        Some(Treatment::Warn) => "a smaller sample only warns",
        Some(Treatment::Skip) => "a smaller sample is left out",
    };
    let least = count(usize::try_from(least?).unwrap_or(usize::MAX), "example");
    Some(format!("It takes at least {least} to decide; {then}."))
}

/// A share as per cent, without the noise of binary fractions.
fn percent(share: f64) -> String {
    crate::gate::number::rounded(share * 100.0, 6)
}

fn drift(demand: &DriftRule) -> Vec<String> {
    let report = visible(demand.report.as_str(), 120);
    let method = demand.method.map_or_else(String::new, |m| format!(" by {m}"));
    let drifts = match (demand.max_score, demand.min_p) {
        (Some(max), _) => format!("a feature drifts when its score{method} is above {max}"),
        (None, Some(p)) => format!("a feature drifts when its p-value{method} is below {p}"),
        (None, None) => format!("a feature drifts{method} when the report says so"),
    };
    let mut out = vec![format!("In every drift report {report}, {drifts}.")];
    match (demand.max_drifted_share, demand.max_score.or(demand.min_p)) {
        (Some(share), _) => out.push(format!("At most {}% of the features may drift.", percent(share))),
        (None, Some(_)) => out.push("None may drift.".to_owned()),
        (None, None) => {}
    }
    if !demand.critical.is_empty() {
        let critical: Vec<String> = demand.critical.iter().map(|c| visible(c, 60)).collect();
        out.push(format!("{} must be there and never drift.", words(&critical)));
    }
    if !demand.exclude.is_empty() {
        let exclude: Vec<String> = demand.exclude.iter().map(|c| visible(c.as_str(), 60)).collect();
        out.push(format!("{} are left out.", words(&exclude)));
    }
    if let Some(n) = demand.min_columns {
        out.push(format!(
            "Every report must judge at least {}.",
            count(usize::try_from(n).unwrap_or(usize::MAX), "feature")
        ));
    }
    out.extend(reports(demand.min_reports));
    out.extend(required(&demand.require));
    out
}

fn reports(least: Option<u64>) -> Option<String> {
    let least = count(usize::try_from(least?).unwrap_or(usize::MAX), "report");
    Some(format!("There must be at least {least}."))
}

fn required(require: &[super::Pattern]) -> Option<String> {
    let files: Vec<String> = require.iter().map(|p| visible(p.as_str(), 80)).collect();
    (!files.is_empty()).then(|| format!("{} must be there.", words(&files)))
}

fn card(demand: &CardRule) -> Vec<String> {
    let mut out = Vec::new();
    if !demand.sections.is_empty() {
        let names: Vec<String> = demand.sections.iter().map(|s| visible(&s.name, 80)).collect();
        let least = demand.min_words.unwrap_or(1);
        let least = count(usize::try_from(least).unwrap_or(usize::MAX), "word");
        out.push(format!("The model card must have the sections {}, each of at least {least}.", words(&names)));
    }
    if !demand.front_matter.is_empty() {
        let keys: Vec<String> = demand.front_matter.iter().map(|k| visible(k, 80)).collect();
        out.push(format!("Its front matter must fill {}.", words(&keys)));
    }
    if demand.forbid_placeholders {
        out.push("It must hold no placeholders such as TODO.".to_owned());
    }
    if let Some(numbers) = &demand.numbers {
        let give =
            if numbers.tolerance > 0.0 { format!(", give or take {}", numbers.tolerance) } else { String::new() };
        out.push(format!("The metrics that it quotes must be those of the run{give}."));
    }
    if let Some(file) = &demand.file {
        out.push(format!("It must be the file {}.", visible(file, 120)));
    }
    out
}

fn tests(demand: &TestsRule) -> Vec<String> {
    let mut out = vec![format!("Every test in {} must pass.", visible(demand.report.as_str(), 120))];
    for (what, treatment) in
        [("could not run", demand.error), ("was skipped", demand.skipped), ("gives a warning", demand.warning)]
    {
        match treatment {
            Treatment::Fail => {}
            Treatment::Warn => out.push(format!("A test that {what} only warns.")),
            Treatment::Skip => out.push(format!("A test that {what} is left out.")),
        }
    }
    if let Some(n) = demand.min_tests {
        out.push(format!("At least {} must have run.", count(usize::try_from(n).unwrap_or(usize::MAX), "test")));
    }
    out.extend(reports(demand.min_reports));
    out.extend(required(&demand.require));
    out
}
