//! How one policy differs from another, in plain sentences.
//!
//! In: the policy that judges and the one that is proposed. Out: one sentence per rule, baseline, stage, waiver,
//! approval and role that was added, removed or changed. Text only; whoever shows it escapes it.

use serde::Serialize;

use super::{Policy, explain, explain_approval};
use crate::diag::visible;

/// The differences, in the order: rules, baselines, stages, waivers, approvals, levels.
pub fn changes(judges: &Policy, proposed: &Policy) -> Vec<String> {
    let mut out = Vec::new();
    let id = |text: &str| visible(text, 100);
    let rules = |policy: &Policy| {
        let all = policy.rules.iter().map(|rule| (rule.id.clone(), (same(rule), explain(policy, rule))));
        all.collect::<Vec<_>>()
    };
    let (old, new) = (rules(judges), rules(proposed));
    each(&old, &new, |name, before, after| {
        let name = id(name);
        out.push(match (before, after) {
            (None, Some((_, says))) => format!("rule {name} is new: {says}"),
            (Some((_, says)), None) => format!("rule {name} is gone: {says}"),
            (Some((_, was)), Some((_, is))) if was == is => format!("rule {name} is changed: {is}"),
            (Some((_, was)), Some((_, is))) => format!("rule {name} is changed. Before: {was} Now: {is}"),
            (None, None) => return,
        });
    });
    let baselines = |policy: &Policy| {
        let all = policy.baselines.iter().map(|(name, b)| (name.clone(), (same(b), b.select.to_string())));
        all.collect::<Vec<_>>()
    };
    let (old, new) = (baselines(judges), baselines(proposed));
    each(&old, &new, |name, before, after| {
        out.push(listed("baseline", &id(name), before.map(|b| b.1.as_str()), after.map(|a| a.1.as_str())));
    });
    let stages = |policy: &Policy| {
        let all = policy.stages.iter().map(|s| (s.name.clone(), (same(s), String::new())));
        all.collect::<Vec<_>>()
    };
    let (old, new) = (stages(judges), stages(proposed));
    each(&old, &new, |name, before, after| {
        out.push(listed("stage", &id(name), before.map(|_| ""), after.map(|_| "")));
    });
    let waivers = |policy: &Policy| {
        let all = policy.waivers.iter().map(|w| {
            let says = format!(
                "of rule {} until {}, by {}: {}",
                visible(&w.rule, 100),
                visible(&w.expires, 20),
                visible(&w.owner, 100),
                visible(&w.reason, 200)
            );
            (w.id.clone(), (same(w), says))
        });
        all.collect::<Vec<_>>()
    };
    let (old, new) = (waivers(judges), waivers(proposed));
    each(&old, &new, |name, before, after| {
        out.push(listed("waiver", &id(name), before.map(|b| b.1.as_str()), after.map(|a| a.1.as_str())));
    });
    if same(&judges.waiver_limits) != same(&proposed.waiver_limits) {
        out.push("the limits of waivers are changed".to_owned());
    }
    approvals(judges, proposed, &mut out);
    let levels = |policy: &Policy| {
        let all = policy.levels.iter().map(|l| {
            let name = format!("of {} for {}", visible(&l.rule, 100), visible(&l.model, 100));
            (name, (same(l), format!("{}", l.value)))
        });
        all.collect::<Vec<_>>()
    };
    let (old, new) = (levels(judges), levels(proposed));
    each(&old, &new, |name, before, after| {
        out.push(listed("level", name, before.map(|b| b.1.as_str()), after.map(|a| a.1.as_str())));
    });
    if judges.name != proposed.name {
        out.push(format!("the policy is called {} instead of {}", id(&proposed.name), id(&judges.name)));
    }
    out
}

/// Approvals, roles, and where they are read.
fn approvals(judges: &Policy, proposed: &Policy, out: &mut Vec<String>) {
    let required = |policy: &Policy| -> Vec<_> {
        let all = policy.approvals.required.iter();
        all.map(|a| (a.id.clone(), (same(a), explain_approval(a)))).collect()
    };
    let roles = |policy: &Policy| -> Vec<_> {
        let all = policy.approvals.roles.iter();
        all.map(|(name, members)| (name.clone(), (same(members), visible(&members.join(", "), 400)))).collect()
    };
    let both = [("approval", required(judges), required(proposed)), ("role", roles(judges), roles(proposed))];
    for (what, old, new) in &both {
        each(old, new, |name, before, after| {
            let says = |part: Option<&(String, String)>| part.map(|p| p.1.clone());
            out.push(listed(what, &visible(name, 100), says(before).as_deref(), says(after).as_deref()));
        });
    }
    let places = |policy: &Policy| {
        let a = &policy.approvals;
        [a.dir.clone(), a.allowed_signers.clone(), a.namespace.clone()].map(|text| visible(&text, 120)).join(", ")
    };
    let asks = |policy: &Policy| !policy.approvals.is_empty();
    if (asks(judges) || asks(proposed)) && places(judges) != places(proposed) {
        let (was, is) = (places(judges), places(proposed));
        out.push(format!("approvals are read otherwise: before {was}, now {is}"));
    }
}

/// What makes two parts of policies the same: what enters the policy's digest.
fn same<T: Serialize>(part: &T) -> String {
    serde_json::to_string(part).unwrap_or_default()
}

/// Calls for every name whose part is not the same on both sides, first those of the old one.
fn each<'p, T: PartialEq>(
    old: &'p [(String, T)],
    new: &'p [(String, T)],
    mut call: impl FnMut(&str, Option<&'p T>, Option<&'p T>),
) {
    let of = |list: &'p [(String, T)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, part)| part);
    for (name, before) in old {
        let after = of(new, name);
        if after != Some(before) {
            call(name, Some(before), after);
        }
    }
    for (name, after) in new.iter().filter(|(name, _)| of(old, name).is_none()) {
        call(name, None, Some(after));
    }
}

fn listed(what: &str, name: &str, before: Option<&str>, after: Option<&str>) -> String {
    let says = |text: &str| if text.is_empty() { String::new() } else { format!(": {text}") };
    match (before, after) {
        (None, Some(is)) => format!("{what} {name} is new{}", says(is)),
        (Some(was), None) => format!("{what} {name} is gone{}", says(was)),
        (Some(was), Some(is)) if was == is => format!("{what} {name} is changed{}", says(is)),
        (Some(was), Some(is)) => format!("{what} {name} is changed: before {was}, now {is}"),
        (None, None) => String::new(),
    }
}
