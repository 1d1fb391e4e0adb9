//! What a policy says and does not mean: rules that cannot fail, cannot pass, or can be starved.
//!
//! In: a validated policy and what the gate judges by. Out: diagnostics at the rules' lines, none of which changes a
//! verdict. [`demands`] looks at the policy alone; [`history`] judges the newest versions that were read and asks
//! what their evidence could have shown.

mod demands;
mod history;

use super::{Policy, Rule};
use crate::diag::{Code, Diagnostic};
use crate::gate::inputs::Inputs;
use crate::gate::verdict::{RuleSeverity, RuleSpan};

/// Everything that is allowed and probably not meant, in the order of the file.
pub fn lint(policy: &Policy, inputs: &Inputs<'_>) -> Vec<Diagnostic> {
    let mut out = policy.warnings.clone();
    out.extend(policy.unmatched_models(inputs.registry));
    for rule in &policy.rules {
        demands::check(policy, rule, &mut out);
    }
    demands::waivers(policy, inputs.at, &mut out);
    history::check(policy, inputs, &mut out);
    out.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    out.dedup();
    out
}

/// Whether a rule blocks at any stage.
fn blocks(rule: &Rule) -> bool {
    rule.severity.values().any(|s| *s == RuleSeverity::Block)
}

fn at(span: &RuleSpan, code: Code, message: String) -> Diagnostic {
    Diagnostic::new(code, message).at(span.file.clone()).at_line(span.line, span.col)
}
