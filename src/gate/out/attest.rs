//! What the attestations share: the in-toto Statement v1 around a predicate, and its descriptors.
//!
//! In: a verdict and a predicate. Out: an unsigned statement about the digest of the evidence that
//! was judged. Signing is somebody else's: what is not signed proves nothing.

use serde_json::{Value, json};

use super::shared::{self, Standing, plain, short, uri};
use crate::digest::Sha256;
use crate::gate::verdict::{Clock, Outcome, Verdict};

/// Who verifies. The number changes with what the properties mean, not with every release.
pub(super) const VERIFIER: &str = "https://presscheck.dev/gate/v1";

/// The statement about what the verdict judged.
pub(super) fn statement(verdict: &Verdict, predicate_type: &str, predicate: &Value) -> Vec<u8> {
    shared::json(&json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": short(&verdict.subject.name, shared::NAME),
            "digest": { "sha256": verdict.subject.digest.hex() },
        }],
        "predicateType": predicate_type,
        "predicate": predicate,
    }))
}

/// The policy's files as resource descriptors.
pub(super) fn policies(verdict: &Verdict) -> Vec<Value> {
    verdict
        .policy
        .files
        .iter()
        .map(|file| {
            let mut annotations = json!({
                "policy": short(&verdict.policy.name, shared::NAME),
                "policySha256": verdict.policy.digest.hex(),
            });
            if let Some(reference) = &verdict.policy.trusted_ref {
                annotations["trustedRef"] = plain(reference, shared::NAME).into();
            }
            json!({
                "name": plain(&file.path, 1_000),
                "digest": { "sha256": file.sha256.hex() },
                "annotations": annotations,
            })
        })
        .collect()
}

/// The digest of the policy's bytes: of its one file, or of the list `sha256  path` of several.
pub(super) fn policy_sha256(verdict: &Verdict) -> String {
    if let [file] = verdict.policy.files.as_slice() {
        return file.sha256.hex();
    }
    let mut lines: Vec<String> = verdict.policy.files.iter().map(|f| format!("{}  {}\n", f.sha256, f.path)).collect();
    lines.sort();
    Sha256::of_parts(lines.iter().map(|l| l.as_bytes())).hex()
}

/// What holds of a version that passed. Only a verdict that promotes has properties.
pub(super) fn properties(verdict: &Verdict) -> Vec<String> {
    if !verdict.verdict.promotes() {
        return Vec::new();
    }
    // `production` is PRODUCTION; what has no upper case of its own is percent-encoded, so that no
    // two stages share a property.
    let stage: String = verdict
        .stage
        .chars()
        .map(|c| match c {
            'a'..='z' => c.to_ascii_uppercase().to_string(),
            '0'..='9' => c.to_string(),
            '-' => "_".to_owned(),
            'A'..='Z' | '_' => format!("%{:02X}", u32::from(c)),
            c => uri(&c.to_string(), false),
        })
        .collect();
    let standings: Vec<Standing> = verdict.rules.iter().map(Standing::of).collect();
    let none = |standing: Standing| !standings.contains(&standing);
    let mut out = vec![format!("PRESSCHECK_STAGE_{stage}")];
    let mut when = |holds: bool, property: &str| {
        if holds {
            out.push(property.to_owned());
        }
    };
    let approved = !verdict.approvals.is_empty() && verdict.approvals.iter().all(|a| a.satisfied);
    when(approved, "PRESSCHECK_APPROVED");
    when(verdict.verdict != Outcome::PassWithWaivers && none(Standing::Waived), "PRESSCHECK_NO_WAIVERS");
    when(verdict.verdict != Outcome::PassWithWarnings && none(Standing::Warns), "PRESSCHECK_NO_WARNINGS");
    when(none(Standing::Skipped), "PRESSCHECK_NOTHING_SKIPPED");
    when(verdict.policy.trusted_ref.is_some(), "PRESSCHECK_TRUSTED_POLICY");
    // Without it the time of the statement is one that somebody typed.
    when(verdict.clock == Clock::Wall, "PRESSCHECK_WALL_CLOCK");
    out
}
