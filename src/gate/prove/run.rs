//! Changes to the run as a whole: what the gate sees to, whatever the rules say.
//!
//! In: the evidence. Out: changes: files that cannot be read, runs that failed or are not done, versions that two
//! claim. Nothing is judged here.

use super::case::{Case, Mutation};
use crate::diag::{Code, Diagnostic};
use crate::gate::ledger::Ledger;
use crate::model::RunStatus;

pub(super) fn mutations(case: &Case<'_>) -> Vec<Mutation> {
    let mut out = Vec::new();
    for status in [RunStatus::Failed, RunStatus::Killed, RunStatus::Running, RunStatus::Scheduled] {
        out.push(Mutation::new("run", format!("the run's status is {}", status.as_str()), move |case| {
            case.change_own(|run| run.status = status);
        }));
    }
    out.push(Mutation::new("run", "the run is deleted", |case| case.change_own(|run| run.deleted = true)));
    let files: Vec<String> = case.files().map(|e| e.path.clone()).collect();
    let own: Vec<String> =
        files.into_iter().filter(|path| case.run().is_some_and(|run| run.relative(path).is_some())).collect();
    for path in own.into_iter().take(100) {
        let what = format!("{path} cannot be read");
        out.push(Mutation::new("unreadable", what, move |case| {
            let problem = Diagnostic::new(Code::FileUnreadable, "it could not be read").at(path.clone());
            case.registry.problems.push(problem);
        }));
    }
    out.push(Mutation::new("duplicated", "two runs claim to be the version", |case| {
        case.version.ambiguous = Some("two runs claim to be it".to_owned());
    }));
    out.push(Mutation::new("missing", "the run of the version is gone", |case| case.version.run = None));
    out.push(Mutation::new("forged", "a line of the ledger was changed", |case| {
        case.ledger = Some(Ledger::broken("a line was changed".to_owned()));
    }));
    out
}
