//! Approvals that nobody gave: the gate must go on waiting.
//!
//! In: what the gate judges by, a stage and a model. Out: for each approval of it whether statements without a valid
//! signature fill a seat. Every member of every role is made to say yes to exactly what is judged, so that nothing but
//! the signature can be what is missing.

use super::{Nothing, Passed, Shown};
use crate::gate::approvals::{Decision, Digests, Statement, Submission};
use crate::gate::evaluate::evaluate;
use crate::gate::inputs::Inputs;
use crate::gate::policy::{APPROVAL_RULE, Approval, Policy};
use crate::model::{Model, Version};

/// Ways to make a statement look signed.
const FORGERIES: [(&str, &[u8]); 3] = [
    ("unsigned", b""),
    ("signed with nothing", b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"),
    ("signed with other bytes", b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n"),
];

/// Shows of the approvals of a stage that forged statements do not fill them.
pub(super) fn prove(policy: &Policy, inputs: &Inputs<'_>, stage: &str, model: &Model) -> Vec<Shown> {
    let newest = model.latest();
    policy
        .approvals
        .for_stage(stage, &model.name)
        .map(|approval| shown(policy, inputs, stage, model, newest, approval))
        .collect()
}

fn shown(
    policy: &Policy,
    inputs: &Inputs<'_>,
    stage: &str,
    model: &Model,
    newest: Option<&Version>,
    approval: &Approval,
) -> Shown {
    let mut out = Shown {
        stage: stage.to_owned(),
        rule: format!("{APPROVAL_RULE} [{}]", approval.id),
        model: model.name.clone(),
        version: newest.map(|v| v.version.clone()),
        tried: 0,
        passed: Vec::new(),
        excepted: Vec::new(),
        nothing: None,
        span: approval.span.clone(),
    };
    let Some(version) = newest else {
        out.nothing = Some(Nothing::NoEvidence("the model has no version".to_owned()));
        return out;
    };
    let namespace = &policy.approvals.namespace;
    let none = inputs.approvals.with(namespace, Vec::new());
    let before = evaluate(policy, &Inputs { approvals: &none, ..*inputs }, version, stage);
    if before.approvals.is_empty() {
        out.nothing = Some(Nothing::AlreadyBlocks(before.sentence));
        return out;
    }
    let digests = Digests::of(&before, version, inputs.registry);
    for (how, signature) in FORGERIES {
        let mut forged = Vec::new();
        for need in &approval.need {
            for member in policy.approvals.members(&need.role) {
                let statement = Statement {
                    subject: before.subject.name.clone(),
                    decision: Decision::Approved,
                    stage: stage.to_owned(),
                    role: need.role.clone(),
                    reviewer: member.clone(),
                    issued_at: inputs.at,
                    expires_at: None,
                    comment: String::new(),
                    binds: digests.binds.clone(),
                    verdict: digests.rules,
                };
                forged.push(Submission {
                    file: format!("{}/forged-{}.json", policy.approvals.dir, forged.len()),
                    statement: Ok(statement.to_json()),
                    signature: Ok(signature.to_vec()),
                });
            }
        }
        out.tried += 1;
        let forged = none.with(namespace, forged);
        let after = evaluate(policy, &Inputs { approvals: &forged, ..*inputs }, version, stage);
        let fills = after.approvals.iter().any(|a| a.id == approval.id && (a.satisfied || !a.have.is_empty()));
        if fills || after.verdict.promotes() {
            out.passed.push(Passed {
                kind: "forged",
                change: format!("every member approves, {how}"),
                said: after.sentence,
                help: "this is a fault of presscheck: report it".to_owned(),
            });
        }
    }
    out
}
