//! What can be told from a policy alone.
//!
//! In: rules and waivers. Out: diagnostics about rules that nothing can break, that only a pattern feeds, that are
//! loosened where they block, and about waivers that have ended or whose floor says nothing.

use super::{at, blocks};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::gate::policy::{
    Allowance, Bound, Demand, DriftRule, MetricRule, Mode, Policy, Rule, Slices, TestsRule, Treatment,
};
use crate::model::{Direction, Instant, Method};

pub(super) fn check(policy: &Policy, rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut never_fails = |why: String, help: &str| {
        let message = format!("rule '{}' cannot fail: {why}", rule.id);
        out.push(at(&rule.span, Code::LintNeverFails, message).help(help.to_owned()));
    };
    match &rule.demand {
        Demand::Metric(demand) => bounds(demand, &mut never_fails),
        Demand::Ratchet(demand) => {
            if let (Some(slack), Some(width)) = (demand.slack, width(&demand.of))
                && slack.abs.is_some_and(|abs| abs >= width)
            {
                never_fails(format!("its slack is as wide as the range of {}", demand.of.metric), "narrow it");
            }
        }
        Demand::Drift(demand) => drift(demand, &mut never_fails),
        Demand::Gap(_) | Demand::Tests(_) | Demand::Card(_) | Demand::Fresh(_) | Demand::Digest(_) => {}
    }
    if !blocks(rule) {
        return;
    }
    glob_only(rule, out);
    loosened(rule, out);
    let _ = policy;
    if let Some(measured) = rule.measured()
        && let (Some(proof), Some(_), None) = (&measured.proof, &measured.slices, measured.min_n)
        && proof.mode == Mode::NotInferior
    {
        let message = format!(
            "rule '{}' compares every slice, however small: with each of them a harm must be larger to be found",
            rule.id
        );
        out.push(at(&rule.span, Code::LintFamilyPadded, message).help("add min_n: slices below it do not count"));
    }
}

fn width(rule: &MetricRule) -> Option<f64> {
    let (low, high) = rule.range?;
    Some(high? - low?)
}

fn bounds(rule: &MetricRule, never_fails: &mut dyn FnMut(String, &str)) {
    let (low, high) = rule.range.unwrap_or((None, None));
    let every = rule.bounds.iter().all(|bound| match *bound {
        Bound::Min(v) => low.is_some_and(|l| v <= l),
        Bound::Max(v) => high.is_some_and(|h| v >= h),
        Bound::Above(_) | Bound::Below(_) => false,
        Bound::Within(a, b) => low.is_some_and(|l| a <= l) && high.is_some_and(|h| b >= h),
        Bound::Equals { value, tolerance } => {
            low.is_some_and(|l| value - tolerance <= l) && high.is_some_and(|h| value + tolerance >= h)
        }
        Bound::MaxDeviation(limit) => match (rule.target, low, high) {
            (Some(target), Some(l), Some(h)) => limit >= (target - l).max(h - target),
            _ => false,
        },
    });
    if !rule.bounds.is_empty() && every && rule.relative.is_none() {
        never_fails(
            format!("every value within the range of {} is within its bounds", rule.metric),
            "a bound at the end of the range demands nothing: move it, or correct the range",
        );
    }
    let Some(relative) = &rule.relative else { return };
    if let Some(Allowance { abs, rel }) = relative.max_regression
        && relative.min_improvement.is_none()
        && relative.max_improvement.is_none()
        && rule.bounds.is_empty()
    {
        if let (Some(abs), Some(width)) = (abs, width(rule))
            && abs >= width
        {
            never_fails(
                format!("it allows a regression of {abs}, and the range of {} is no wider", rule.metric),
                "a percentage where a fraction is meant? narrow the allowance",
            );
        } else if rel.is_some_and(|r| r >= 1.0)
            && rule.direction == Some(Direction::Higher)
            && low.is_some_and(|l| l >= 0.0)
        {
            never_fails(format!("it allows {} to lose all of its value", rule.metric), "rel = 0.05 stands for 5 %");
        }
    }
}

fn drift(rule: &DriftRule, never_fails: &mut dyn FnMut(String, &str)) {
    let bounded = matches!(
        rule.method,
        Some(Method::Ks | Method::JensenShannon | Method::Hellinger | Method::TotalVariation | Method::CramersV)
    );
    if let (Some(max), true, Some(method)) = (rule.max_score, bounded, rule.method)
        && max >= 1.0
    {
        never_fails(format!("no score of {method} is above {max}"), "scores of this method lie between 0 and 1");
    }
}

/// Whether a rule speaks of whatever is there, and nothing says what must be.
fn starved(slices: &Slices, relative: bool) -> bool {
    let open = slices.patterns.iter().any(|p| p.text.contains('*'));
    let watched = relative && slices.vanished == Treatment::Fail;
    open && slices.require.is_empty() && slices.expect_at_least.is_none() && !watched
}

fn glob_only(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut say = |what: &str, help: &str| {
        let message =
            format!("rule '{}' judges whatever {what}: one that fails can be deleted, and nobody notices", rule.id);
        out.push(at(&rule.span, Code::LintGlobOnly, message).help(help.to_owned()));
    };
    match &rule.demand {
        Demand::Tests(TestsRule { report, min_tests: None, min_reports: None, require, .. })
            if require.is_empty() && !report.is_literal() =>
        {
            say(
                "reports its pattern finds",
                "add require = [\"…\"] with the files that must be there, min_reports or min_tests",
            );
        }
        Demand::Drift(DriftRule { report, min_reports: None, require, .. })
            if require.is_empty() && !report.is_literal() =>
        {
            say("reports its pattern finds", "add require = [\"…\"] with the files that must be there, or min_reports");
        }
        _ => {
            if let Some(measured) = rule.measured()
                && measured.slices.as_ref().is_some_and(|s| starved(s, measured.relative.is_some()))
            {
                say("slices its pattern finds", "add require = [\"…\"] or expect_at_least");
            }
        }
    }
}

fn loosened(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let mut say =
        |key: &str, treatment: Treatment, severity: Severity, what: &str| {
            if treatment == Treatment::Fail {
                return;
            }
            let message = format!("rule '{}' blocks, but not when {what}: {key} = \"{}\"", rule.id, treatment.as_str());
            out.push(at(&rule.span, Code::LintLoosened, message).severity(severity).help(
                "whoever can remove the evidence can pass the rule; leave the key out, or let the rule only warn",
            ));
        };
    let warning = Severity::Warning;
    // A sample that is too small is no attack; leaving it out without a word is.
    let milder = |t: Treatment| if t == Treatment::Skip { Severity::Warning } else { Severity::Note };
    let applies = |demands: &[&str]| demands.contains(&rule.kind().as_str());
    if applies(&["metric", "gap", "ratchet", "fresh", "digest"]) {
        say("on_missing", rule.on.missing, warning, "the value is not there");
    }
    if applies(&["metric", "gap", "ratchet", "drift", "fresh"]) {
        say("on_invalid", rule.on.invalid, warning, "a value cannot be judged");
    }
    if applies(&["ratchet"]) || rule.baseline().is_some() {
        say("on_no_baseline", rule.on.no_baseline, warning, "there is no baseline");
    }
    let patterns = rule.measured().is_some_and(|m| m.slices.is_some()) || applies(&["drift", "tests"]);
    if patterns {
        say("on_empty", rule.on.empty, warning, "its pattern finds nothing");
    }
    let least = rule.measured().is_some_and(|m| m.min_n.is_some());
    if let (Some(treatment), true) = (rule.on.small_n, least) {
        say("on_small_n", treatment, milder(treatment), "there are too few examples");
    }
    let proof = rule.measured().is_some_and(|m| m.proof.is_some());
    if let (Some(treatment), true) = (rule.on.inconclusive, proof) {
        say("on_inconclusive", treatment, milder(treatment), "nothing is shown");
    }
    if let Demand::Tests(tests) = &rule.demand {
        for (key, treatment, what) in [
            ("treat.error", tests.error, "a test could not run"),
            ("treat.skipped", tests.skipped, "a test was skipped"),
        ] {
            say(key, treatment, milder(treatment), what);
        }
    }
    if let Some(slices) = rule.measured().and_then(|m| m.slices.as_ref())
        && rule.baseline().is_some()
    {
        say("vanished", slices.vanished, warning, "a slice of the baseline is gone");
    }
}

pub(super) fn waivers(policy: &Policy, now: Instant, out: &mut Vec<Diagnostic>) {
    for waiver in &policy.waivers {
        let name = visible(&waiver.id, 80);
        if now >= waiver.ends {
            let message = format!("waiver {name} ended on {}", waiver.expires);
            out.push(at(&waiver.span, Code::LintWaiver, message).help("remove it, or renew it with a new reason"));
            continue;
        }
        if now < waiver.created {
            let message = format!("waiver {name} does not hold yet");
            out.push(
                at(&waiver.span, Code::LintWaiver, message).severity(Severity::Note).help("it holds from 'created' on"),
            );
        }
        let Some(floor) = waiver.floor else { continue };
        let Some(rule) = policy.rules.iter().find(|r| r.id == waiver.rule) else { continue };
        let Some(measured) = rule.measured() else {
            let message = format!("the floor of waiver {name} says nothing: rule '{}' judges no value", rule.id);
            out.push(at(&waiver.span, Code::LintWaiver, message).help("remove the floor"));
            continue;
        };
        let beyond = measured.bounds.iter().find_map(|bound| match *bound {
            Bound::Min(v) | Bound::Above(v) => (floor >= v).then_some(("at or above", v)),
            Bound::Max(v) | Bound::Below(v) => (floor <= v).then_some(("at or below", v)),
            _ => None,
        });
        if let Some((how, bound)) = beyond {
            let message =
                format!("the floor {floor} of waiver {name} is {how} the bound {bound}: the waiver covers nothing");
            out.push(
                at(&waiver.span, Code::LintWaiver, message).help("a floor lies on the far side of the rule's bound"),
            );
        }
        let (low, high) = measured.range.unwrap_or((None, None));
        let upward = measured.bounds.iter().any(|b| matches!(b, Bound::Max(_) | Bound::Below(_)));
        let useless = if upward { high.is_some_and(|h| floor >= h) } else { low.is_some_and(|l| floor <= l) };
        if useless {
            let message = format!(
                "the floor {floor} of waiver {name} is the end of the range of {}: it stops nothing",
                measured.metric
            );
            out.push(at(&waiver.span, Code::LintWaiver, message).help("name the value that is too bad even so"));
        }
    }
}
