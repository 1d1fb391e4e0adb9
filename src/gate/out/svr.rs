//! A passed verdict as an in-toto Simple Verification Result (SVR) v0.2.
//!
//! In: a verdict. Out: an unsigned statement of the properties that hold, or a refusal: an SVR states
//! what passed, so there is none of a version that did not pass. One with an empty list of properties
//! would still verify.

use serde_json::json;

use super::shared::plain;
use super::{Context, Refused, Writer, attest};
use crate::gate::verdict::{RuleRecord, Verdict};

/// The format `svr`.
#[derive(Clone, Copy, Debug)]
pub struct Svr;

impl Writer for Svr {
    fn name(&self) -> &'static str {
        "svr"
    }

    fn about(&self) -> &'static str {
        "in-toto statement, Simple Verification Result v0.2, unsigned; of a pass only"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        if !verdict.verdict.promotes() || verdict.rules.iter().any(RuleRecord::blocks) {
            let why = format!("the verdict is {}, and an SVR attests only what passed", verdict.verdict);
            return Err(Refused(why));
        }
        let predicate = json!({
            "verifier": {
                "id": attest::VERIFIER,
                "version": { "presscheck": plain(&verdict.tool.version, 80) },
                "policies": attest::policies(verdict),
            },
            "timeCreated": verdict.evaluated_at.to_string(),
            "properties": attest::properties(verdict),
        });
        Ok(attest::statement(verdict, "https://in-toto.io/attestation/svr/v0.2", &predicate))
    }
}
