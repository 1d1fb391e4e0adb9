//! A verdict for a command: the policy from where it is trusted, the evidence from the folder, one stage.
//!
//! In: the options of a command. Out: the verdict with what it was reached from, or the exit code after what is wrong
//! was said. It writes nothing and records nothing.

use std::collections::BTreeSet;

use super::args::Global;
use super::beside::Beside;
use super::project::{Project, now};
use super::records::RecordFiles;
use super::terminal::{Terminal, environment};
use super::tree::Tree;
use super::{exit, signatures};
use crate::diag::{Code, Diagnostic, visible};
use crate::gate::examples::NoRecords;
use crate::gate::policy::Policy;
use crate::gate::verdict::{Clock, Verdict};
use crate::model::{Instant, Registry};

/// What is to be judged.
pub(super) struct Asked<'a> {
    pub(super) selector: &'a str,
    pub(super) stage: Option<&'a str>,
    pub(super) clock: (Instant, Clock),
}

/// A verdict, and what it was reached from.
pub(super) struct Judged {
    pub(super) project: Project,
    pub(super) policy: Policy,
    pub(super) beside: Beside,
    pub(super) registry: Registry,
    pub(super) verdict: Verdict,
}

/// Judges a version. What people should hear of the policy and its approvals is said on the way.
///
/// # Errors
/// The exit code where there is no verdict.
pub(super) fn judge(global: &Global, trusted: &Tree, asked: &Asked<'_>, terminal: &Terminal) -> Result<Judged, u8> {
    let refuse = |problems: &[Diagnostic], code: u8| {
        terminal.diagnostics(problems);
        code
    };
    let loaded = match trusted {
        Tree::Folder(_) => Project::load(global),
        Tree::Commit { .. } => Project::at(global, trusted),
    };
    let project = loaded.map_err(|problems| refuse(&problems, exit::USAGE))?;
    let Some(policy) = project.config.policy.clone() else {
        let problem = Diagnostic::new(Code::PolicyNothingBlocks, "there is no policy: presscheck.toml has no [[rule]]")
            .help("add a [[rule]]; `presscheck init` writes an example");
        return Err(refuse(&[problem], exit::NOTHING));
    };
    let stage = stage(&policy, asked.stage).map_err(|problem| refuse(&[*problem], exit::USAGE))?;
    let clock = asked.clock;
    let beside = Beside::read(&policy, trusted, &project.folder);
    let registry = terminal
        .reading(|| project.registry_for(clock.0, |known| needed(&policy, &beside, known, asked.selector, clock)));
    let version = registry.select(asked.selector).map_err(|error| {
        terminal.diagnostics(&registry.problems);
        terminal.complain(&format!("error: {}", visible(&error.to_string(), 1_000)));
        exit::EVIDENCE
    })?;
    // A rule that fits no model judges nothing; whoever relies on it should hear of it.
    terminal.diagnostics(policy.warnings.iter().chain(&policy.unmatched_models(&registry)));
    let records = RecordFiles::new(&project.folder, &registry);
    let mut verdict = crate::gate::evaluate(&policy, &beside.inputs(&registry, &records, clock), version, &stage);
    verdict.add_evidence(records.evidence());
    terminal.diagnostics(&signatures::problems(&policy, beside.approvals(), &verdict));
    Ok(Judged { project, policy, beside, registry, verdict })
}

/// The stage that was asked for; the one of a policy that has only one.
fn stage(policy: &Policy, asked: Option<&str>) -> Result<String, Box<Diagnostic>> {
    let stages: Vec<&str> = policy.stages().collect();
    let refuse = |message: String, help: String| {
        Err(Box::new(Diagnostic::new(Code::PolicyUnknownReference, message).help(help)))
    };
    match (asked, stages.as_slice()) {
        (Some(stage), known) if known.contains(&stage) => Ok(stage.to_owned()),
        (Some(stage), known) => {
            let near = known.iter().map(|k| (strsim::damerau_levenshtein(k, stage), k)).min();
            let help = near.map_or_else(String::new, |(d, k)| {
                if d <= 3 { format!("did you mean '{k}'?") } else { format!("stages: {}", known.join(", ")) }
            });
            refuse(format!("the policy has no stage '{}'", visible(stage, 60)), help)
        }
        (None, [only]) => Ok((*only).to_owned()),
        (None, known) => refuse(
            "the policy has several stages; say which one the version is to enter".to_owned(),
            format!("add --stage {}", known.join(" or --stage ")),
        ),
    }
}

/// Where the policy is read from: the ref that was given, the branch that a pull request is to enter, or the folder.
pub(super) fn trusted(
    global: &Global,
    trusted_ref: Option<&String>,
    enforce: bool,
    clock: (Instant, Clock),
) -> Result<Tree, Box<Diagnostic>> {
    let folder = &global.directory;
    if enforce && clock.1 == Clock::AsOf {
        let off = clock.0.seconds().abs_diff(now().seconds());
        if off > 86_400 {
            return Err(Box::new(
                Diagnostic::new(Code::ConfigValue, "--as-of with --enforce must be within 24 hours of now")
                    .help("a moment of choice could bring back a waiver that has ended"),
            ));
        }
    }
    if let Some(name) = trusted_ref {
        return Tree::at(folder, std::slice::from_ref(name));
    }
    let target = ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"].iter().find_map(|n| environment(n));
    match target.filter(|t| !t.is_empty()) {
        Some(branch) => {
            let found = Tree::at(folder, &[format!("refs/remotes/origin/{branch}"), format!("refs/heads/{branch}")]);
            // Without --enforce a checkout that lacks the branch is judged as it is, and the verdict says so.
            if enforce { found } else { Ok(found.unwrap_or_else(|_| Tree::Folder(folder.clone()))) }
        }
        None if enforce => Err(Box::new(
            Diagnostic::new(Code::TrustedRef, "--enforce needs a trusted ref, and none is known here")
                .help("add --trusted-ref main; in a pull request of GitHub or GitLab its target branch is taken"),
        )),
        None => Ok(Tree::Folder(folder.clone())),
    }
}

/// The folders of the runs that the verdict on a version rests on, by what is known of the versions; nothing for all.
pub(super) fn needed(
    policy: &Policy,
    beside: &Beside,
    known: &Registry,
    selector: &str,
    clock: (Instant, Clock),
) -> Option<BTreeSet<String>> {
    // A version that is not there is looked for with everything read: the answer lists what there is.
    let version = known.select(selector).ok()?;
    crate::gate::needs(policy, &beside.inputs(known, &NoRecords, clock), version)
}
