//! Where data that is compared comes from: files of the project, or an object store.
//!
//! In: the name of a file, a folder or a pattern, or an address of a store. Out: files on the disk with the names that
//! people know them by. What lies in a store is fetched into a folder that ends with the command; where one object cannot
//! be fetched, nothing of its name is taken, since the rest would stand for the whole.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Diagnostic;
use crate::cli::project::now;
use crate::cli::terminal::{environment, environment_below};
use crate::diag::{Code, visible};
use crate::output::Scratch;
use crate::remote::{self, Access, Address, Service, Surroundings};
use crate::source::{self, RowFiles};

/// How long one request to a store may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Schemes of stores, of which a pattern or a prefix can be named.
const STORES: [&str; 3] = ["s3://", "gs://", "az://"];

/// The project, and what was fetched for it.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    pub(super) folder: &'a Path,
    scratch: OnceLock<Result<Scratch, String>>,
    fetched: AtomicUsize,
}

impl<'a> Inputs<'a> {
    /// Those of a project.
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder, scratch: OnceLock::new(), fetched: AtomicUsize::new(0) }
    }

    /// The files of a name.
    pub(super) fn files(&self, name: &str) -> Result<RowFiles, Box<Diagnostic>> {
        let store = STORES.iter().any(|scheme| name.starts_with(scheme));
        if !store && !name.starts_with("https://") && !name.starts_with("http://") {
            return source::row_files(self.folder, name);
        }
        let (base, pattern) = if store { split(name) } else { (name, None) };
        let wants = source::row_filter(pattern).map_err(|why| {
            Box::new(
                Diagnostic::new(Code::FileUnreadable, format!("'{}' is no pattern: {why}", visible(name, 200)))
                    .at(name)
                    .help("write a folder, a file, or * within a folder"),
            )
        })?;
        let address = Address {
            url: base.trim_end_matches('/').to_owned(),
            service: Service::Files,
            access: Access::default(),
            timeout: PATIENCE,
            experiments: Vec::new(),
            queries: Vec::new(),
        };
        let surroundings =
            Surroundings { variable: &environment, variables: &environment_below, now: now().seconds(), cache: None };
        let place = || {
            let scratch = self.scratch.get_or_init(|| Scratch::new().map_err(|error| source::plain(&error)));
            let n = self.fetched.fetch_add(1, Ordering::Relaxed);
            let made = scratch.as_ref().map_err(Clone::clone)?.file(&format!("{n}"));
            let (path, file) = made.map_err(|error| source::plain(&error))?;
            Ok((path, Box::new(file) as Box<dyn std::io::Write + Send>))
        };
        let found = remote::fetch_rows(&address, &surroundings, &*wants, &place)?;
        let together = found.together && pattern.is_none();
        if found.files.is_empty() {
            let what = if pattern.is_some() { "matches no object" } else { "holds no file of rows" };
            let message = format!("'{}' {what}", visible(name, 200));
            return Err(Box::new(
                Diagnostic::new(Code::FileUnreadable, message)
                    .at(name)
                    .help("name an object, a prefix with files of rows, or a pattern in quotes"),
            ));
        }
        Ok(RowFiles { files: found.files, together })
    }
}

/// The prefix above the first wildcard, and the pattern below it.
fn split(name: &str) -> (&str, Option<&str>) {
    let Some(wild) = name.find(['*', '?', '[']) else { return (name, None) };
    match name.get(..wild).and_then(|fixed| fixed.rfind('/')) {
        Some(slash) => (name.get(..slash).unwrap_or(name), name.get(slash + 1..)),
        None => (name, None),
    }
}
