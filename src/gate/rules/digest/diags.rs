//! What digest rules say.
//!
//! In: what is declared and what was read. Out: findings with both.

use super::super::{Cause, Finding};
use crate::diag::{count, visible};
use crate::gate::verdict::Status;
use crate::model::Evidence;

fn target(what: &str, name: &str) -> String {
    format!("{what} {name}")
}

pub(super) fn undeclared(what: &str, name: &str) -> Finding {
    let message = format!("no digest is declared for the {what} '{}'", visible(name, 160));
    Finding::new(target(what, name), "no-digest", message)
}

pub(super) fn declared(what: &str, name: &str, digest: &str) -> Finding {
    let message = format!("the {what} '{}' has the declared digest {}", visible(name, 160), visible(digest, 24));
    Finding::new(target(what, name), "no-digest", message).holds(!digest.trim().is_empty())
}

pub(super) fn recomputed(what: &str, name: &str, declared: &str, file: Option<&Evidence>) -> Finding {
    let shown = visible(name, 160);
    let Some(file) = file else {
        let message =
            format!("the {what} '{shown}' is not among the files of the run: its digest cannot be recomputed");
        return Finding::new(target(what, name), "not-recomputed", message);
    };
    let wanted = declared.trim().to_ascii_lowercase();
    let wanted = wanted.strip_prefix("sha256:").unwrap_or(&wanted);
    let holds = wanted == file.sha256.hex();
    let message = if holds {
        format!("the {what} '{shown}' has the digest {} that is declared", file.sha256.short())
    } else {
        format!("the {what} '{shown}' has the digest {}, not the declared {}", file.sha256.short(), visible(wanted, 24))
    };
    Finding::new(target(what, name), "other-digest", message).holds(holds).source(file.path.clone())
}

pub(super) fn no_model() -> Finding {
    let message = "the run names no model file: an artifact of kind \"model\"";
    Finding::new("model", "missing", message).cause(Cause::Missing)
}

pub(super) fn no_data() -> Finding {
    Finding::new("dataset", "missing", "the run names no evaluation data").cause(Cause::Missing)
}

pub(super) fn no_card() -> Finding {
    Finding::new("card", "missing", "the version has no model card").cause(Cause::Missing)
}

pub(super) fn card(path: &str, evidence: &Evidence) -> Finding {
    let message = format!("the card '{}' has the digest {}", visible(path, 160), evidence.sha256.short());
    Finding::new("card", "no-digest", message).holds(evidence.bytes > 0).source(path)
}

pub(super) fn card_not_evidence(path: &str) -> Finding {
    let message = format!("the card '{}' is not among the files that were read", visible(path, 160));
    Finding::new("card", "not-recomputed", message)
}

pub(super) fn worn_out(name: &str, uses: usize, most: u64) -> Finding {
    let message = format!(
        "the dataset '{}' was used for {}, more than {most}: what was tuned to it no longer measures much",
        visible(name, 160),
        count(uses, "decision")
    );
    Finding::new(format!("uses of {name}"), "dataset-uses", message).status(Status::Warn)
}
