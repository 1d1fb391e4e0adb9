//! `presscheck policy show`: the policy in plain English, and every effective value with where it came from.

use std::fmt::Write;

use serde::Serialize;

use super::super::args::{Format, Global, PolicyShow};
use super::super::exit;
use super::super::terminal::Terminal;
use crate::diag::visible;
use crate::gate::policy::{OnMissing, Policy, Resolved, Rule, Same, Stage, explain, explain_approval, resolved};
use crate::gate::verdict::PolicyIdentity;

pub(super) fn run(global: &Global, options: &PolicyShow, terminal: &mut Terminal) -> u8 {
    let policy = match super::load(global, terminal) {
        Ok((_, policy)) => policy,
        Err(code) => return code,
    };
    if let Some(id) = &options.rule
        && !policy.rules.iter().any(|r| r.id == *id)
    {
        let near = policy.rules.iter().map(|r| (strsim::damerau_levenshtein(&r.id, id), r.id.as_str())).min();
        let help = near.map_or(String::new(), |(_, near)| format!("; did you mean '{}'?", visible(near, 80)));
        terminal.complain(&format!("error: there is no rule '{}'{help}", visible(id, 80)));
        return exit::USAGE;
    }
    let rules: Vec<&Rule> =
        policy.rules.iter().filter(|r| options.rule.as_ref().is_none_or(|id| r.id == *id)).collect();
    match options.format {
        Format::Json => {
            let shown = Shown {
                policy: policy.identity(),
                rules: rules
                    .iter()
                    .map(|rule| ShownRule {
                        id: &rule.id,
                        place: place(rule),
                        says: explain(&policy, rule),
                        values: resolved(&policy, rule),
                    })
                    .collect(),
            };
            let mut json = serde_json::to_vec_pretty(&shown).unwrap_or_default();
            json.push(b'\n');
            terminal.print(&json);
        }
        Format::Text => {
            let text = text(&policy, &rules, options, terminal.colour());
            terminal.print(text.as_bytes());
            terminal.diagnostics(&policy.warnings);
        }
    }
    exit::PASS
}

/// The JSON form.
#[derive(Serialize)]
struct Shown<'a> {
    policy: PolicyIdentity,
    rules: Vec<ShownRule<'a>>,
}

#[derive(Serialize)]
struct ShownRule<'a> {
    id: &'a str,
    place: String,
    says: String,
    values: Vec<Resolved>,
}

fn place(rule: &Rule) -> String {
    format!("{}:{}", visible(&rule.span.file, 200), rule.span.line)
}

fn text(policy: &Policy, rules: &[&Rule], options: &PolicyShow, colour: bool) -> String {
    let strong = |text: &str| if colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let faint = |text: &str| if colour { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let w = &mut out;
    if options.rule.is_none() {
        let _ = writeln!(w, "{}  {}", strong(&visible(&policy.name, 200)), faint(&policy.digest.short()));
        for file in &policy.files {
            let _ = writeln!(w, "  {}  {}", visible(&file.path, 200), faint(&file.sha256.short()));
        }
        let _ = writeln!(w, "\n{}", strong("Stages"));
        for stage in &policy.stages {
            let _ = writeln!(w, "  {}: {}.", visible(&stage.name, 80), stage_says(stage));
        }
        if !policy.baselines.is_empty() {
            let _ = writeln!(w, "\n{}", strong("Baselines"));
        }
        for (id, baseline) in &policy.baselines {
            let first = match baseline.on_missing {
                OnMissing::Fail => "",
                OnMissing::Bootstrap => "; the first version of a model needs none",
            };
            let passing = if baseline.only_passing { "; only versions that passed the gate" } else { "" };
            let same: Vec<&str> = baseline.same.iter().map(|s| same_says(*s)).collect();
            let same = if same.is_empty() { String::new() } else { format!("; {} must be the same", same.join(", ")) };
            let _ = writeln!(w, "  {}: {}{first}{passing}{same}.", visible(id, 80), baseline.select);
        }
        let _ = writeln!(w, "\n{}", strong("Rules"));
    }
    for rule in rules {
        let _ = writeln!(w, "  {}  {}", strong(&visible(&rule.id, 80)), faint(&place(rule)));
        let _ = writeln!(w, "    {}", explain(policy, rule));
        if let Some(why) = &rule.why {
            let _ = writeln!(w, "    Why: {}", visible(why, 400));
        }
        if options.resolved {
            let values = resolved(policy, rule);
            let width = values.iter().map(|v| v.key.chars().count()).max().unwrap_or(0);
            for value in &values {
                let shown = visible(&value.value.to_string(), 200);
                let pad = " ".repeat(width - value.key.chars().count());
                let _ = writeln!(w, "      {}{pad} = {shown}  {}", value.key, faint(&visible(&value.from, 200)));
            }
        }
    }
    if options.rule.is_none() && !policy.approvals.is_empty() {
        let _ = writeln!(w, "\n{}", strong("Approvals"));
        let approvals = &policy.approvals;
        for approval in &approvals.required {
            let place = format!("{}:{}", visible(&approval.span.file, 200), approval.span.line);
            let _ = writeln!(w, "  {}  {}", strong(&visible(&approval.id, 80)), faint(&place));
            let _ = writeln!(w, "    It takes {}.", explain_approval(approval));
        }
        for (role, members) in &approvals.roles {
            let _ = writeln!(w, "  {} is {}.", visible(role, 80), visible(&members.join(", "), 600));
        }
        let _ = writeln!(
            w,
            "  Statements are read from {}/, keys from {}; signatures are for {}.",
            visible(&approvals.dir, 200),
            visible(&approvals.allowed_signers, 200),
            visible(&approvals.namespace, 200)
        );
    }
    if options.rule.is_none() && !policy.waivers.is_empty() {
        let _ = writeln!(w, "\n{}", strong("Waivers"));
        for waiver in &policy.waivers {
            let floor = waiver.floor.map_or(String::new(), |floor| format!(", down to {floor}"));
            let _ = writeln!(
                w,
                "  {}: rule {}{floor}, until {}, by {}: {}",
                visible(&waiver.id, 80),
                visible(&waiver.rule, 80),
                visible(&waiver.expires, 20),
                visible(&waiver.owner, 80),
                visible(&waiver.reason, 300)
            );
        }
    }
    out
}

fn stage_says(stage: &Stage) -> String {
    let words: Vec<&str> = stage.block_on.iter().map(|s| s.as_str()).collect();
    let mut out = format!("blocks on {}", words.join(", "));
    if !stage.from.is_empty() {
        let _ = write!(out, "; the same model must have passed {}", visible(&stage.from.join(", "), 300));
        if let Some(soak) = &stage.soak {
            let _ = write!(out, " at least {} before", visible(&soak.text, 40));
        }
    }
    if let Some(most) = stage.max_waivers {
        let _ = write!(out, "; at most {most} waivers");
    }
    out
}

fn same_says(same: Same) -> &'static str {
    match same {
        Same::DatasetDigest => "the evaluation data",
        Same::Split => "the split",
        Same::EvalCodeDigest => "the evaluation code",
        Same::Harness => "the harness",
    }
}
