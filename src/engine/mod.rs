//! Engines of SQL for drift: Apache DataFusion in this process, or a cluster of Apache Ballista.
//!
//! In: files of rows, a query over them, and the settings of drift. Out: the same summaries that reading the files row by
//! row gives ([`crate::drift::grouped`]), so that every method and every report is computed by one code. An engine does
//! what it is good at: it filters, joins, groups equal values of a column and counts them, spilling to disk where memory
//! ends. Its plans hold nothing but its own operators, so that an unmodified cluster runs them. Queries only read.

mod relation;
mod session;
mod summarise;

pub use session::{At, Session};
pub use summarise::{Prepared, View};

use crate::diag::{Code, Diagnostic, visible};

/// A problem that an engine has with some data.
fn failed(what: &str, why: &str) -> Box<Diagnostic> {
    let message = format!("the engine cannot read '{}': {}", visible(what, 200), visible(why, 600));
    Box::new(Diagnostic::new(Code::DriftEngine, message).at(what))
}
