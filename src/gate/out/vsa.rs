//! The verdict as a SLSA Verification Summary Attestation (VSA) v1.
//!
//! In: a verdict. Out: an unsigned statement that says PASSED with the properties that hold, or FAILED
//! and nothing else. A consumer must match signer, verifier and resource; use it only where a tool
//! insists on this predicate.

use serde_json::json;

use super::shared::{self, plain, short, uri};
use super::{Context, Refused, Writer, attest};
use crate::gate::verdict::{RuleRecord, Verdict};

/// The format `vsa`.
#[derive(Clone, Copy, Debug)]
pub struct Vsa;

impl Writer for Vsa {
    fn name(&self) -> &'static str {
        "vsa"
    }

    fn about(&self) -> &'static str {
        "in-toto statement, SLSA Verification Summary v1, unsigned"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let passed = verdict.verdict.promotes() && !verdict.rules.iter().any(RuleRecord::blocks);
        let (result, levels) =
            if passed { ("PASSED", attest::properties(verdict)) } else { ("FAILED", vec!["FAILED".to_owned()]) };
        let resource = match verdict.subject.version.as_str() {
            "" => format!("pkg:generic/{}", uri(&verdict.subject.model, false)),
            version => format!("pkg:generic/{}@{}", uri(&verdict.subject.model, false), uri(version, false)),
        };
        let predicate = json!({
            "verifier": {
                "id": attest::VERIFIER,
                "version": { "presscheck": plain(&verdict.tool.version, 80) },
            },
            "timeVerified": verdict.evaluated_at.to_string(),
            "resourceUri": resource,
            "policy": {
                "uri": format!("presscheck:policy/{}", uri(&short(&verdict.policy.name, shared::NAME), false)),
                "digest": { "sha256": attest::policy_sha256(verdict) },
            },
            "inputAttestations": [],
            "verificationResult": result,
            "verifiedLevels": levels,
        });
        Ok(attest::statement(verdict, "https://slsa.dev/verification_summary/v1", &predicate))
    }
}
