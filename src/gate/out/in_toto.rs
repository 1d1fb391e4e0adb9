//! The verdict as an in-toto statement with the predicate test-result v0.1.
//!
//! In: a verdict. Out: an unsigned statement that lists what passed, what warns and what failed,
//! whatever the outcome. What was skipped is in none of the lists: it was not tested. The list of
//! failures of a verdict that may not be promoted is never empty.

use serde_json::{Value, json};

use super::shared::{META, Standing, Whole, names};
use super::{Context, Refused, Writer, attest};
use crate::gate::verdict::{Outcome, Verdict};

/// The format `in-toto`.
#[derive(Clone, Copy, Debug)]
pub struct InToto;

impl Writer for InToto {
    fn name(&self) -> &'static str {
        "in-toto"
    }

    fn about(&self) -> &'static str {
        "in-toto statement, test-result v0.1, unsigned"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let mut passed: Vec<String> = Vec::new();
        let mut warned: Vec<String> = Vec::new();
        let mut failed: Vec<String> = Vec::new();
        match Whole::of(verdict) {
            Whole::Said => &mut passed,
            Whole::Pending | Whole::Failed => &mut failed,
        }
        .push(META.to_owned());
        for (record, name) in verdict.rules.iter().zip(names(verdict)) {
            match Standing::of(record) {
                Standing::Holds => passed.push(name),
                Standing::Warns | Standing::Informs | Standing::Waived => warned.push(name),
                Standing::Blocks => failed.push(name),
                Standing::Skipped => {}
            }
        }
        let result = match verdict.verdict {
            // A record that blocks outweighs an outcome that says otherwise.
            _ if !failed.is_empty() => "FAILED",
            Outcome::Pass => "PASSED",
            Outcome::PassWithWarnings | Outcome::PassWithWaivers => "WARNED",
            Outcome::Pending | Outcome::Blocked | Outcome::Error => "FAILED",
        };
        let mut predicate = json!({ "result": result, "configuration": attest::policies(verdict) });
        if let Some(url) = verdict.provenance.as_ref().and_then(|p| p.run_url.as_deref()) {
            predicate["url"] = Value::from(url);
        }
        predicate["passedTests"] = passed.into();
        predicate["warnedTests"] = warned.into();
        predicate["failedTests"] = failed.into();
        Ok(attest::statement(verdict, "https://in-toto.io/attestation/test-result/v0.1", &predicate))
    }
}
