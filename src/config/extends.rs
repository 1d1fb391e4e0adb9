//! `extends`: policies that a configuration builds on, each pinned by its digest.
//!
//! In: the list as typed and whoever reads files. Out: the policies as one, the catalogue with their metrics, and
//! what is wrong with them. Only the policy keys of such a file count: it configures no site and no sources. A
//! file that is not exactly the one that was pinned is not read at all.

use std::sync::Arc;

use toml::Spanned;

use super::raw::{self, RawExtends};
use super::{Check, Read};
use crate::diag::{Code, Diagnostic, visible};
use crate::digest::Sha256;
use crate::gate::policy::{self, Policy, inherit as join};
use crate::model::Catalogue;

/// More levels than anybody needs.
const DEPTH: usize = 8;

/// What a file inherits.
pub(super) struct Inherited {
    pub(super) policy: Option<Policy>,
    pub(super) catalogue: Catalogue,
    pub(super) problems: Vec<Diagnostic>,
}

/// Reads what a file extends. `chain` holds the files that lead to it, itself last.
pub(super) fn inherit(
    check: &mut Check<'_>,
    list: Vec<Spanned<RawExtends>>,
    read: Read<'_>,
    chain: &mut Vec<String>,
    catalogue: Catalogue,
) -> Inherited {
    let mut out = Inherited { policy: None, catalogue, problems: Vec::new() };
    for entry in list {
        let span = entry.span();
        let entry = entry.into_inner();
        let shown = visible(entry.path.get_ref(), 120);
        let Some(path) = beside(chain.last().map(String::as_str).unwrap_or_default(), entry.path.get_ref()) else {
            check.refuse(
                Code::ConfigValue,
                entry.path.span(),
                format!("'{shown}' is no path of a file"),
                "not a relative path",
                "write it as \"../org/base.toml\", relative to this file",
            );
            continue;
        };
        let Ok(pinned) = entry.sha256.get_ref().parse::<Sha256>() else {
            check.refuse(
                Code::ConfigValue,
                entry.sha256.span(),
                "'sha256' is the whole digest of the file".to_owned(),
                "not 64 hexadecimal digits",
                "`sha256sum FILE` prints it",
            );
            continue;
        };
        let refuse = |check: &mut Check<'_>, message: String, label: &str, help: &str| {
            check.refuse(Code::PolicyLoosened, span.clone(), message, label, help);
        };
        if chain.contains(&path) {
            refuse(check, format!("'{shown}' extends itself"), "a cycle", "remove one of the two");
            continue;
        }
        if chain.len() > DEPTH {
            refuse(check, format!("policies extend each other {DEPTH} levels deep"), "too deep", "join some of them");
            continue;
        }
        let bytes = match read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                refuse(
                    check,
                    format!("there is no file '{shown}'"),
                    "not there",
                    "vendor the policy, or correct the path",
                );
                continue;
            }
            Err(problem) => {
                let why = visible(&problem.message, 200);
                refuse(check, format!("'{shown}' cannot be read: {why}"), "unreadable", "");
                continue;
            }
        };
        let found = Sha256::of(&bytes);
        if found != pinned {
            refuse(
                check,
                format!("'{shown}' has the digest {found}, not the pinned one"),
                "another file",
                "review the change, then pin its digest",
            );
            continue;
        }
        let Ok(text) = String::from_utf8(bytes) else {
            refuse(check, format!("'{shown}' is not UTF-8"), "not text", "");
            continue;
        };
        chain.push(path.clone());
        let parsed = parent(&text, &path, read, chain, out.catalogue.clone());
        chain.pop();
        out.problems.extend(parsed.problems);
        out.catalogue = parsed.catalogue;
        out.policy = match (out.policy.take(), parsed.policy) {
            (None, policy) => policy,
            (Some(first), None) => Some(first),
            (Some(first), Some(second)) => match join::join(first.clone(), second) {
                Ok(both) => Some(both),
                Err(what) => {
                    let what = visible(&what, 120);
                    let message = format!("{what} is defined differently by two policies that are extended");
                    refuse(check, message, "two meanings", "name them apart, or extend one of them only");
                    Some(first)
                }
            },
        };
    }
    out
}

/// One extended file, with what it extends itself.
fn parent(text: &str, path: &str, read: Read<'_>, chain: &mut Vec<String>, catalogue: Catalogue) -> Inherited {
    let text: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
    let raw = match raw::parse(&text, path) {
        Ok(raw) => raw,
        Err(problem) => return Inherited { policy: None, catalogue, problems: vec![*problem] },
    };
    let mut check = Check { text: &text, file: path, problems: Vec::new() };
    check.schema(&raw);
    if raw.site.is_some() || !raw.source.is_empty() || !raw.leaderboard.is_empty() {
        let message = "a policy that is extended configures no site, sources or leaderboards".to_owned();
        check.refuse(Code::ConfigValue, 0..0, message, "this file", "keep policy and metrics in it only");
    }
    if let Some(waiver) = raw.policy.waivers.first() {
        let message = "waivers are not inherited".to_owned();
        check.refuse(
            Code::PolicyWaiver,
            waiver.span(),
            message,
            "in an extended policy",
            "move it to the policy that needs it",
        );
    }
    let approvals = raw.policy.approvals.as_ref().map(Spanned::span);
    let roles = raw.policy.roles.keys().next().map(Spanned::span);
    if let Some(span) = approvals.or(roles).or_else(|| raw.policy.approval.first().map(Spanned::span)) {
        let message = "approvals and roles are not inherited".to_owned();
        let help = "move them to the policy that needs them";
        check.refuse(Code::PolicyApproval, span, message, "in an extended policy", help);
    }
    let mut inherited = inherit(&mut check, raw.extends, read, chain, catalogue);
    let catalogue = check.catalogue(raw.metrics, inherited.catalogue);
    let mut problems = check.problems;
    problems.append(&mut inherited.problems);
    let policy = match policy::validate_below(raw.policy, path, &text, &catalogue, inherited.policy.as_ref()) {
        Ok(policy) => Some(policy),
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    Inherited { policy, catalogue, problems }
}

/// A path relative to a file, relative to the project: `..` may lead above the project.
fn beside(file: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.contains(['\\', '\0', ':', '\n']) {
        return None;
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => return None,
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
