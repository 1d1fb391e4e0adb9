//! What metric rules say: every reason with its sentence.
//!
//! In: what was compared. Out: findings and texts in which the shown numbers stand in the order of
//! the real ones. User text is made visible here.

use std::collections::BTreeSet;

use super::super::{Cause, Finding, list};
use super::BaseValue;
use super::cfg::{Allowance, MetricRule, SlicePattern};
use super::compare::Judged;
use super::demand::Held;
use super::proof::Proof;
use super::values::{Index, NoValue, Value};
use crate::diag::{Diagnostic, visible};
use crate::gate::baseline::Base;
use crate::gate::number::{digits_for, plain, rounded, with_unit};
use crate::gate::policy::reader::closest;
use crate::gate::verdict::Status;
use crate::model::{MetricResult, Rejected, Slice};

fn metric(rule: &MetricRule) -> String {
    visible(&rule.metric, 80)
}

/// ` for region=eu on test, class malignant`: what exactly was measured.
fn of(rule: &MetricRule, slice: &Slice, dataset: Option<&str>) -> String {
    let mut out = String::new();
    if !slice.is_overall() {
        out.push_str(&format!(" for {}", visible(&slice.to_string(), 120)));
    }
    if let Some(class) = &rule.class {
        out.push_str(&format!(" for class {}", visible(class, 60)));
    }
    if let Some(dataset) = dataset {
        out.push_str(&format!(" on {}", visible(dataset, 60)));
    }
    if let Some(split) = &rule.split {
        out.push_str(&format!(" (split {})", visible(split, 60)));
    }
    out
}

/// The sentence of a comparison that took place.
pub(super) fn compared(
    rule: &MetricRule,
    slice: &Slice,
    value: &Value<'_>,
    judged: &Judged,
    base: Option<&BaseValue<'_>>,
) -> String {
    let digits = digits_for(&[judged.compared, judged.bound]);
    let unit = rule.unit.as_deref();
    let show = |v: f64| with_unit(&rounded(v, digits), unit);
    let off_target = judged.op.starts_with("deviation");
    let subject = if off_target { format!("{} deviation from target", metric(rule)) } else { metric(rule) };
    let ours = show(judged.compared);
    let relation = match (judged.op, judged.holds) {
        (">=" | "deviation >=", true) => ">=",
        (">=" | "deviation >=", false) => "<",
        ("<=" | "deviation <=", true) => "<=",
        ("<=" | "deviation <=", false) => ">",
        (">", true) => ">",
        (">", false) => "<=",
        ("<", true) => "<",
        ("<", false) => ">=",
        _ => "",
    };
    let comparison = match (judged.op, base) {
        ("within", _) if judged.holds => format!("{ours} is {}", judged.label),
        ("within", _) => format!("{ours} is not {}", judged.label),
        ("==", _) if judged.holds => format!("{ours} equals {} within the tolerance", show(judged.bound)),
        ("==", _) => format!("{ours} differs from {} by more than the tolerance", show(judged.bound)),
        (_, Some(base)) if !matches!(judged.label.as_str(), "min" | "max" | "above" | "below" | "max_deviation") => {
            format!(
                "{ours} {relation} {} ({} {}: {}, {})",
                show(judged.bound),
                visible(&base.record.id, 60),
                visible(&base.record.version, 60),
                with_unit(&rounded(base.number, digits), unit),
                judged.label
            )
        }
        _ => format!("{ours} {relation} {} {}", judged.label, show(judged.bound)),
    };
    let mut notes: Vec<String> = Vec::new();
    notes.extend(value.n.map(|n| format!("n={n}")));
    if let (Some(repeats), true) = (rule.repeats, value.repeats.len() > 1) {
        notes.push(format!("{} of {} runs", repeats.aggregate.as_str(), value.repeats.len()));
    }
    if off_target {
        notes.push(format!("value {}", with_unit(&plain(value.number), unit)));
    }
    if let Some(base) = base {
        notes.extend(base.notes.iter().cloned());
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    format!("{subject} {comparison}{}{notes}", of(rule, slice, value.result.dataset.as_deref()))
}

/// `allowed regression 0.01`, with a note where a share of nothing is nothing.
pub(super) fn amount(rule: &MetricRule, what: &str, amount: f64, allowance: &Allowance, baseline: f64) -> String {
    let shown = with_unit(&plain(amount), rule.unit.as_deref());
    if baseline == 0.0 && allowance.abs.is_none() {
        return format!("{what} {shown}: a share of a baseline of 0 is 0, add abs");
    }
    format!("{what} {shown}")
}

pub(super) fn missing(rule: &MetricRule, index: &Index<'_>, slice: &Slice) -> String {
    let mut out = format!("{}{} is missing", metric(rule), of(rule, slice, rule.dataset.as_deref()));
    if index.knows(rule) {
        let there: Vec<String> = index
            .measured_on(rule)
            .into_iter()
            .map(|(key, names)| {
                let names: Vec<String> = names.iter().map(|n| visible(n, 40)).collect();
                format!("{key} {}", list(&names, 4))
            })
            .collect();
        if !there.is_empty() {
            out.push_str(&format!("; it was measured on {}", there.join(", ")));
        }
    } else if let Some(near) = closest(&rule.metric, index.run.results.iter().map(|r| r.metric.as_str())) {
        out.push_str(&format!("; the run has '{}'", visible(near, 60)));
    }
    out
}

pub(super) fn not_a_number(rule: &MetricRule, rejected: &Rejected) -> NoValue {
    NoValue::Invalid {
        reason: "not-a-number",
        message: format!(
            "{}{} is no number: {} in {}",
            metric(rule),
            of(rule, &rejected.slice, rejected.dataset.as_deref()),
            visible(&rejected.found, 120),
            visible(&rejected.source.to_string(), 200)
        ),
        value: None,
        source: Some(rejected.source.to_string()),
    }
}

pub(super) fn nonfinite(rule: &MetricRule, slice: &Slice, result: &MetricResult) -> NoValue {
    NoValue::Invalid {
        reason: "nonfinite",
        message: format!("{}{} is {}", metric(rule), of(rule, slice, result.dataset.as_deref()), result.value),
        value: Some(result.value),
        source: Some(result.source.to_string()),
    }
}

pub(super) fn ambiguous(rule: &MetricRule, slice: &Slice, found: &[&MetricResult]) -> NoValue {
    let numbers: Vec<f64> = found.iter().map(|r| r.value.as_f64()).collect();
    let digits = digits_for(&numbers);
    let values: Vec<String> = found
        .iter()
        .map(|r| {
            let place = match (&r.dataset, &r.split) {
                (Some(dataset), Some(split)) => format!("{}/{}", visible(dataset, 40), visible(split, 40)),
                (Some(dataset), None) => visible(dataset, 60),
                (None, Some(split)) => format!("split {}", visible(split, 40)),
                (None, None) => visible(&r.source.to_string(), 120),
            };
            format!("{} ({place})", rounded(r.value.as_f64(), digits))
        })
        .collect();
    let several =
        |place: fn(&MetricResult) -> &Option<String>| found.iter().map(|r| place(r)).collect::<BTreeSet<_>>().len() > 1;
    let advice = if several(|r| &r.dataset) {
        "set dataset = \"…\" in the rule"
    } else if several(|r| &r.split) {
        "set split = \"…\" in the rule"
    } else {
        "keep one of them"
    };
    NoValue::Invalid {
        reason: "ambiguous",
        message: format!(
            "{}{} has several values: {}; {advice}",
            metric(rule),
            of(rule, slice, rule.dataset.as_deref()),
            list(&values, 4)
        ),
        value: None,
        source: found.first().map(|r| r.source.to_string()),
    }
}

pub(super) fn out_of_range(
    rule: &MetricRule,
    slice: &Slice,
    result: &MetricResult,
    number: f64,
    (low, high): (Option<f64>, Option<f64>),
) -> NoValue {
    let ends: Vec<f64> = [Some(number), low, high].into_iter().flatten().collect();
    let digits = digits_for(&ends);
    let end = |v: Option<f64>, open: &str| v.map_or(open.to_owned(), |v| rounded(v, digits));
    NoValue::Invalid {
        reason: "out-of-range",
        message: format!(
            "{} {}{} is outside its range {} to {}: a percentage where a fraction is meant?",
            metric(rule),
            rounded(number, digits),
            of(rule, slice, result.dataset.as_deref()),
            end(low, "-Infinity"),
            end(high, "Infinity")
        ),
        value: Some(result.value),
        source: Some(result.source.to_string()),
    }
}

pub(super) fn small_n(rule: &MetricRule, slice: &Slice, n: Option<u64>, least: u64) -> String {
    let of = of(rule, slice, rule.dataset.as_deref());
    match n {
        Some(n) => format!("{}{of} was measured on {n} examples, {least} are needed to decide", metric(rule)),
        None => format!("{}{of} does not say on how many examples, {least} are needed to decide", metric(rule)),
    }
}

pub(super) fn too_few_runs(rule: &MetricRule, slice: &Slice, found: usize, least: u64) -> NoValue {
    NoValue::Invalid {
        reason: "too-few-runs",
        message: format!(
            "{}{} was measured by {}, at least {least} are needed: runs that repeat a version name it as their parent",
            metric(rule),
            of(rule, slice, rule.dataset.as_deref()),
            crate::diag::count(found, "run")
        ),
        value: None,
        source: None,
    }
}

pub(super) fn unusable_run(rule: &MetricRule, slice: &Slice, run: &crate::model::Run, why: &str) -> NoValue {
    NoValue::Invalid {
        reason: "unusable-run",
        message: format!(
            "{}{}: the run '{}' repeats this version and cannot be used: {why}",
            metric(rule),
            of(rule, slice, rule.dataset.as_deref()),
            visible(&run.name, 80)
        ),
        value: None,
        source: None,
    }
}

pub(super) fn other_harness(here: &BTreeSet<Option<String>>, there: &BTreeSet<Option<String>>) -> String {
    let show = |names: &BTreeSet<Option<String>>| {
        let names = names.iter().map(|n| n.as_deref().map_or("an unnamed tool".to_owned(), |n| visible(n, 60)));
        names.collect::<Vec<_>>().join(", ")
    };
    format!("measured by {} here and by {} there", show(here), show(there))
}

pub(super) fn overflow(rule: &MetricRule, slice: &Slice) -> Finding {
    let message = format!("{}{} is too large to compare", metric(rule), of(rule, slice, None));
    Finding::new("", "overflow", message).invalid()
}

pub(super) fn empty(rule: &MetricRule, pattern: &SlicePattern) -> Finding {
    let text = visible(&pattern.text, 120);
    let mut finding =
        Finding::new(pattern.text.clone(), "empty-match", format!("no slice of the run matches '{text}'"))
            .cause(Cause::Empty);
    finding.metric = Some(rule.metric.clone());
    finding
}

pub(super) fn required(rule: &MetricRule, slice: &Slice) -> Finding {
    let message = format!("the required slice {} is not in the run", visible(&slice.to_string(), 120));
    let mut finding = Finding::new(slice.to_string(), "missing-slice", message);
    finding.metric = Some(rule.metric.clone());
    finding
}

pub(super) fn too_few(rule: &MetricRule, found: usize, least: u64) -> Finding {
    let message = format!("{} was measured on {found} slices, at least {least} are expected", metric(rule));
    let mut finding = Finding::new("number of slices", "too-few-slices", message);
    finding.metric = Some(rule.metric.clone());
    finding
}

pub(super) fn vanished(rule: &MetricRule, slice: &Slice, base: &Base<'_>) -> Finding {
    let message = format!(
        "slice {} is in baseline {}, but not in this version",
        visible(&slice.to_string(), 120),
        visible(&base.name, 60)
    );
    let mut finding = Finding::new(slice.to_string(), "vanished", message).cause(Cause::Vanished);
    finding.metric = Some(rule.metric.clone());
    finding
}

pub(super) fn half_read(rule: &MetricRule, problem: &Diagnostic) -> Finding {
    let message = format!(
        "a part of the file that holds the slices was left out: {}: {}",
        visible(&problem.place(), 200),
        visible(&problem.message, 200)
    );
    let mut finding = Finding::new("file", "half-read", message).invalid();
    finding.metric = Some(rule.metric.clone());
    finding
}

fn baseline_words(rule: &MetricRule, slice: &Slice, id: &str) -> String {
    format!(
        "{}{} cannot be compared with baseline '{}'",
        metric(rule),
        of(rule, slice, rule.dataset.as_deref()),
        visible(id, 60)
    )
}

pub(super) fn no_baseline(rule: &MetricRule, slice: &Slice, id: &str, why: &str) -> Finding {
    Finding::new("", "no-baseline", format!("{}: {why}", baseline_words(rule, slice, id))).cause(Cause::NoBaseline)
}

pub(super) fn bootstrap(rule: &MetricRule, slice: &Slice, id: &str, why: &str) -> Finding {
    let message = format!("{}: {why}; skipped for the first version (bootstrap)", baseline_words(rule, slice, id));
    Finding::new("", "bootstrap", message).status(Status::Skipped).cause(Cause::Bootstrap)
}

pub(super) fn own(rule: &MetricRule, slice: &Slice, id: &str, base: &Base<'_>, why: &str) -> Finding {
    let message = format!("{}: {why} ({})", baseline_words(rule, slice, id), visible(&base.name, 60));
    Finding::new("", "self-baseline", message).status(Status::Invalid)
}

pub(super) fn unusable_baseline(rule: &MetricRule, slice: &Slice, id: &str, why: &str) -> Finding {
    Finding::new("", "invalid-baseline", format!("{}: {why}", baseline_words(rule, slice, id))).invalid()
}

pub(super) fn not_comparable(rule: &MetricRule, slice: &Slice, id: &str, base: &Base<'_>, why: &str) -> Finding {
    let message = format!("{} {}: {why}", baseline_words(rule, slice, id), visible(&base.name, 60));
    Finding::new("", "not-comparable", message)
}

pub(super) fn missing_baseline(rule: &MetricRule, slice: &Slice, id: &str, base: &Base<'_>) -> Finding {
    let message = format!("{}: {} does not have the value", baseline_words(rule, slice, id), visible(&base.name, 60));
    Finding::new("", "missing-baseline", message).cause(Cause::NoBaseline)
}

pub(super) fn invalid_baseline(rule: &MetricRule, slice: &Slice, id: &str, base: &Base<'_>, why: &str) -> Finding {
    let message = format!("{} {}: its {why}", baseline_words(rule, slice, id), visible(&base.name, 60));
    Finding::new("", "invalid-baseline", message).invalid()
}

pub(super) fn other_place(what: &str, here: &BTreeSet<Option<&str>>, there: &BTreeSet<Option<&str>>) -> String {
    let show = |places: &BTreeSet<Option<&str>>| {
        places.iter().flatten().map(|p| visible(p, 40)).collect::<Vec<_>>().join(", ")
    };
    format!("measured on {what} {} here and {} there", show(here), show(there))
}

/// What the evidence says of a limit.
pub(super) enum Outcome {
    /// It holds.
    Shown,
    /// It is broken.
    Opposite,
    /// Neither; the number of examples that would decide, if any would.
    Neither { needs: Option<u64> },
    /// It is decided together with others.
    Open,
}

/// The sentence of a limit that evidence was held against.
pub(super) fn held(rule: &MetricRule, slice: &Slice, value: &Value<'_>, held: &Held, outcome: Outcome) -> String {
    let unit = rule.unit.as_deref();
    let digits = digits_for(&[held.interval.low, held.interval.high, held.limit, held.interval.estimate]);
    let show = |v: f64| with_unit(&rounded(v, digits), unit);
    let percent = rounded((1.0 - held.interval.level.tail()) * 100.0, 6);
    // The end of the interval that decides: a proof looks at the near one, its refutation at the far one.
    let far = matches!(outcome, Outcome::Opposite);
    let (side, end) = if held.higher == far { ("upper", held.interval.high) } else { ("lower", held.interval.low) };
    let holds = if held.higher { end >= held.limit } else { end <= held.limit };
    let relation = match (held.higher, holds) {
        (true, true) => ">=",
        (true, false) => "<",
        (false, true) => "<=",
        (false, false) => ">",
    };
    let what = if held.relative { "difference" } else { "value" };
    let found = match outcome {
        Outcome::Shown => "shown".to_owned(),
        Outcome::Opposite => "the opposite is shown".to_owned(),
        Outcome::Neither { needs: Some(n) } => format!("not shown, needs n >= {n}"),
        Outcome::Neither { needs: None } => "not shown".to_owned(),
        Outcome::Open => String::new(),
    };
    let mut notes: Vec<String> = vec![held.interval.method.as_str().to_owned()];
    notes.extend(value.n.map(|n| format!("n={n}")));
    notes.extend(held.notes.iter().cloned());
    let found = if found.is_empty() { found } else { format!(": {found}") };
    format!(
        "{}{} {}, {what} {} with {percent}% {side} bound {} {relation} {} {}{found} ({})",
        metric(rule),
        of(rule, slice, value.result.dataset.as_deref()),
        with_unit(&plain(value.number), unit),
        show(held.interval.estimate),
        show(end),
        held.label,
        show(held.limit),
        notes.join("; ")
    )
}

pub(super) fn no_evidence(rule: &MetricRule, slice: &Slice, proof: &Proof, why: &[String]) -> String {
    let why: Vec<String> = why.iter().filter(|w| !w.is_empty()).map(|w| visible(w, 200)).collect();
    let why = if why.is_empty() {
        "a number alone shows nothing: give n of a proportion, a standard error, repeated runs or per-example records"
            .to_owned()
    } else {
        why.join("; ")
    };
    let method = match proof.method {
        super::proof::Method::Auto => String::new(),
        method => format!(" by {}", method.as_str()),
    };
    format!("{}{} has no interval{method}: {why}", metric(rule), of(rule, slice, rule.dataset.as_deref()))
}

pub(super) fn records_differ(rule: &MetricRule, slice: &Slice, why: &str) -> String {
    let of = of(rule, slice, rule.dataset.as_deref());
    format!("{}{of}: the per-example records cannot be used: {}", metric(rule), visible(why, 300))
}

pub(super) fn nothing_to_show(rule: &MetricRule, slice: &Slice) -> String {
    let of = of(rule, slice, rule.dataset.as_deref());
    format!("{}{of}: distances to a target can only be compared, write evidence = \"point\"", metric(rule))
}
