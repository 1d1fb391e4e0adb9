//! Waivers: what they cover, what they never cover, and what is said about those that cover nothing.

use presscheck::gate::verdict::{Status, Verdict, WaiverState};

use crate::gate_case::{Case, case, says, two};

const RULES: &str = "[metrics.gain]\ndirection = \"higher\"\n[metrics.cost]\ndirection = \"lower\"\n\
[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"gain\"\nmin = 0.88\n\
[[rule]]\nid = \"regions\"\ncheck = \"metric\"\nmetric = \"gain\"\nslices = [\"region=*\"]\nmin = 0.8\n\
[[rule]]\nid = \"budget\"\ncheck = \"metric\"\nmetric = \"cost\"\nmax = 100\n";

fn waiver(id: &str, rule: &str, more: &str) -> String {
    format!(
        "[[waiver]]\nid = \"{id}\"\nrule = \"{rule}\"\nreason = \"a reason\"\nowner = \"bob@example.com\"\n\
         created = 2026-06-01\nexpires = 2026-06-30\n{more}\n"
    )
}

/// Waivers over a version whose every number is given.
fn judged(waivers: &str, gain: &str, eu: &str, us: &str, cost: &str) -> Case {
    two(
        &format!("{RULES}{waivers}"),
        "{}",
        &format!(
            r#"{{"test": {{"gain": {gain}, "cost": {cost}, "slices": {{"region=eu": {{"gain": {eu}}}, "region=us": {{"gain": {us}}}}}}}}}"#
        ),
    )
}

fn state(verdict: &Verdict, id: &str) -> WaiverState {
    verdict.waivers.iter().find(|w| w.id == id).unwrap().state
}

#[test]
fn a_waiver_covers_the_records_that_it_names() {
    let eu = waiver("W-1", "regions", "match = { slice = \"region=eu\" }");
    let verdict = judged(&eu, "0.9", "0.7", "0.9", "1").judge();
    assert_eq!(says(&verdict), "0 pass_with_waivers waived(below-bound)");
    let record = verdict.rules.iter().find(|r| r.target == "region=eu").unwrap();
    assert_eq!((record.status, record.waiver.as_deref()), (Status::Waived, Some("W-1")));
    assert!(record.message.ends_with("[waived by W-1 until 2026-06-30: a reason]"), "{}", record.message);
    assert!(verdict.sentence.starts_with("churn@2 passes the gate with 1 waiver (W-1)"), "{}", verdict.sentence);
    assert_eq!((verdict.waivers[0].used, verdict.waivers[0].days_left), (1, 15));
    // The other region is not covered.
    assert_eq!(judged(&eu, "0.9", "0.7", "0.7", "1").says(), "1 blocked fail(below-bound)");
    // A pattern covers both.
    let both = eu.replace("region=eu", "region=*");
    assert_eq!(judged(&both, "0.9", "0.7", "0.7", "1").judge().waivers[0].used, 2);
    // No other rule is covered.
    assert_eq!(judged(&both, "0.8", "0.7", "0.7", "1").says(), "1 blocked fail(below-bound)");
}

#[test]
fn a_floor_is_a_bound_that_holds_even_so() {
    let cost = waiver("W-1", "budget", "floor = 120");
    assert_eq!(judged(&cost, "0.9", "0.9", "0.9", "120").says(), "0 pass_with_waivers waived(above-bound)");
    assert_eq!(judged(&cost, "0.9", "0.9", "0.9", "120.5").says(), "1 blocked fail(above-bound)");
    let gain = waiver("W-1", "floor", "floor = 0.8");
    assert_eq!(judged(&gain, "0.8", "0.9", "0.9", "1").says(), "0 pass_with_waivers waived(below-bound)");
    assert_eq!(judged(&gain, "0.79", "0.9", "0.9", "1").says(), "1 blocked fail(below-bound)");
}

#[test]
fn evidence_that_is_not_there_or_no_number_is_never_waived() {
    let all = format!("{}{}", waiver("W-1", "floor", ""), waiver("W-2", "regions", ""));
    for (gain, eu) in [("null", "0.9"), ("NaN", "0.9"), ("\"0.9\"", "0.9"), ("0.9", "NaN")] {
        let verdict = judged(&all, gain, eu, "0.9", "1").judge();
        assert_eq!(verdict.exit_code, 1, "{}", verdict.sentence);
        assert!(verdict.waivers.iter().all(|w| w.used == 0));
    }
    let vanished = two(&format!("{RULES}{all}"), "{}", r#"{"test": {"gain": 0.9, "cost": 1}}"#);
    assert_eq!(vanished.says(), "1 blocked fail(empty-match)");
    // Nor is evidence that contradicts itself, nor what cannot be read.
    assert_eq!(judged(&all, "0.8, \"gain\": 0.9", "0.9", "0.9", "1").judge().exit_code, 1);
    let broken = judged(&all, "0.8", "0.9", "0.9", "1").file("churn/2/extra.json", "{\"a\": ");
    assert_eq!(broken.says(), "1 blocked invalid(unreadable-evidence)");
}

#[test]
fn a_waiver_may_be_for_one_stage_model_or_subject() {
    let at = |more: &str| judged(&waiver("W-1", "floor", more), "0.8", "0.9", "0.9", "1");
    assert_eq!(at("models = [\"chu*\"]").judge().exit_code, 0);
    let elsewhere = at("models = [\"other\"]").judge();
    assert_eq!((elsewhere.exit_code, state(&elsewhere, "W-1")), (1, WaiverState::Elsewhere));
    let digest = elsewhere.subject.digest.hex();
    assert_eq!(at(&format!("subject = \"sha256:{digest}\"")).judge().exit_code, 0);
    assert_eq!(at(&format!("subject = \"{}\"", &digest[..8].to_uppercase())).judge().exit_code, 0);
    assert_eq!(at("subject = \"0000000\"").judge().exit_code, 1);
    assert_eq!(at("subject = \"xyz\"").says(), "2 config-value");
    let staged = |stage| at("stages = [\"s\"]\n[stage.s]\n[stage.p]").stage(stage).judge().exit_code;
    assert_eq!((staged("s"), staged("p")), (0, 1));
    assert_eq!(at("stages = [\"nowhere\"]").says(), "2 policy-unknown-reference");
}

#[test]
fn people_hear_of_waivers_that_cover_nothing_or_end() {
    let one = |more: &str| judged(&waiver("W-1", "floor", more), "0.8", "0.9", "0.9", "1");
    let reasons = |verdict: &Verdict| {
        verdict.rules.iter().filter(|r| r.id == "waivers").map(|r| r.reason.clone()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&one("").judge()), [""; 0]);
    let unused = judged(&waiver("W-1", "floor", ""), "0.9", "0.9", "0.9", "1").judge();
    assert_eq!(
        (reasons(&unused), says(&unused)),
        (vec!["unused-waiver".to_owned()], "0 pass_with_warnings warn(unused-waiver)".to_owned())
    );
    assert_eq!(reasons(&one("").at("2026-07-01T00:00:00Z").judge()), ["expired-waiver"]);
    assert_eq!(reasons(&one("").at("2026-05-31T00:00:00Z").judge()), ["early-waiver"]);
    let soon =
        Case { policy: format!("[defaults]\nwaiver = {{ warn_before = \"14d\" }}\n{}", one("").policy), ..one("") };
    assert_eq!(reasons(&soon.judge()), [""; 0]);
    assert_eq!(reasons(&Case { at: "2026-06-17T00:00:00Z", ..soon }.judge()), ["ending-waiver"]);
    let two = format!("{}{}", waiver("W-2", "floor", ""), waiver("W-1", "floor", ""));
    let verdict = judged(&two, "0.8", "0.9", "0.9", "1").judge();
    assert_eq!((state(&verdict, "W-1"), state(&verdict, "W-2")), (WaiverState::Used, WaiverState::Redundant));
}

#[test]
fn limits_hold() {
    let two = format!("{}{}", waiver("W-1", "floor", ""), waiver("W-2", "budget", ""));
    let at = |most: u64| judged(&format!("{two}[stage.s]\nmax_waivers = {most}\n"), "0.8", "0.9", "0.9", "200");
    assert_eq!(at(2).judge().exit_code, 0);
    assert_eq!(at(1).says(), "1 blocked fail(too-many-waivers)");
    let limited = |keys: &str| {
        let case = judged(&two, "0.8", "0.9", "0.9", "200");
        Case { policy: format!("[defaults]\nwaiver = {{ {keys} }}\n{}", case.policy), ..case }
    };
    assert_eq!(limited("max_active = 2").judge().exit_code, 0);
    assert_eq!(limited("max_active = 1").says(), "2 error");
    assert_eq!(limited("max_days = 29").judge().exit_code, 0);
    assert_eq!(limited("max_days = 28").says(), "2 policy-waiver");
    assert_eq!(limited("roles = [\"risk\"]").says(), "2 policy-unsupported");
}

#[test]
fn waivers_are_refused_when_they_are_none() {
    let with =
        |from: &str, to: &str| judged(&waiver("W-1", "floor", "").replace(from, to), "0.8", "0.9", "0.9", "1").says();
    assert_eq!(with("2026-06-30", "2026-05-30"), "2 policy-waiver");
    assert_eq!(with("2026-06-30", "\"June\""), "2 config-value");
    assert_eq!(with("2026-06-30", "2026-06-30T12:00:00Z"), "2 config-value");
    assert_eq!(with("\"floor\"", "\"flour\""), "2 policy-unknown-reference");
    assert_eq!(with("\"floor\"", "\"evidence\""), "2 policy-unknown-reference");
    assert_eq!(with("owner = ", "ticked = 1\nowner = "), "2 config-unknown-key");
    assert_eq!(with("id = \"W-1\"", "id = \"waivers\""), "2 config-value");
    assert_eq!(with("reason = ", "match = {}\nreason = "), "2 policy-rule-incomplete");
    // What is the gate's own cannot be waived: there is no rule of that name.
    let ours = case(&format!("{RULES}{}", waiver("W-1", "stage-order", "")), &[("churn/2/metrics.json", "{}")]);
    assert_eq!(ours.says(), "2 policy-unknown-reference");
}
