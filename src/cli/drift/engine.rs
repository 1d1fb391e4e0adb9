//! Which engine computes drift.
//!
//! In: its name, a query and further tables, as typed or configured; the data. Out: what was computed. An engine that
//! this binary was built without is refused by name, never replaced by another one.

use std::collections::BTreeSet;

use super::args::Drift;
use super::inputs::Inputs;
use super::names;
use crate::cli::exit;
use crate::config::drift::DriftConfig;
use crate::diag::{Code, Diagnostic, visible};
use crate::drift::compute::{self, Data, Outcome};
use crate::drift::settings::Settings;
use crate::rows::Table;

/// Bytes of the stack of a thread that plans.
const STACK: usize = 32 << 20;

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    /// What stands before the name of an option.
    prefix: &'static str,
    name: String,
    sql: Option<String>,
    /// `NAME=PATH`.
    tables: Vec<String>,
    memory_limit: String,
}

impl Engine {
    /// By the command's options.
    pub(super) fn typed(options: &Drift) -> Self {
        Self {
            prefix: "--",
            name: options.engine.clone(),
            sql: options.sql.clone(),
            tables: options.tables.clone(),
            memory_limit: options.memory_limit.clone(),
        }
    }

    /// By the configuration.
    pub(super) fn configured(config: &DriftConfig) -> Self {
        Self {
            prefix: "[drift] ",
            name: config.engine.clone().unwrap_or_else(|| "embedded".to_owned()),
            sql: config.sql.clone(),
            tables: config.tables.iter().map(|(name, path)| format!("{name}={path}")).collect(),
            memory_limit: config.memory_limit.clone().unwrap_or_else(|| "2GB".to_owned()),
        }
    }

    fn wrong(&self, option: &str, value: &str, help: &str) -> (Box<Diagnostic>, u8) {
        let message = format!("{}{option} cannot be '{}'", self.prefix, visible(value, 120));
        (Box::new(Diagnostic::new(Code::DriftEngine, message).help(help)), exit::USAGE)
    }
}

/// Compares the data. What the columns are called is known to the engine; the settings are made of that.
///
/// # Errors
/// When there is no such engine, the settings do not fit, or nothing could be read, with the exit code.
pub(super) fn compute(
    inputs: &Inputs<'_>,
    engine: &Engine,
    reference: &Data,
    current: &[Data],
    settings: impl FnOnce(&BTreeSet<String>) -> Result<Settings, Box<Diagnostic>> + Send,
) -> Result<Outcome, (Box<Diagnostic>, u8)> {
    let cluster = engine.name.starts_with("df://");
    match engine.name.as_str() {
        "embedded" if engine.sql.is_none() => {
            let tables: Vec<&Table> = current.iter().chain([reference]).flat_map(|d| &d.tables).collect();
            let settings = settings(&names(&tables)).map_err(|problem| (problem, exit::USAGE))?;
            Ok(compute::compute(reference, current, &settings))
        }
        "embedded" => Err(engine.wrong("engine", "embedded", "a query needs an engine: datafusion or df://HOST:PORT")),
        name if cluster && !cfg!(feature = "cluster") => {
            Err(engine.wrong("engine", name, "this presscheck was built without the feature 'cluster'"))
        }
        name if name == "datafusion" || cluster => {
            // Plans are walked by recursion, deeper than the stack of a small thread.
            let run = || elsewhere(inputs, engine, reference, current, settings);
            std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
                let failed = |why: &str| engine.wrong("engine", name, why);
                thread.map_err(|error| failed(&error.to_string()))?.join().map_err(|_| failed("it stopped"))?
            })
        }
        other => Err(engine.wrong("engine", other, "use embedded, datafusion or df://HOST:PORT")),
    }
}

#[cfg(not(feature = "engine"))]
fn elsewhere(
    _: &Inputs<'_>,
    engine: &Engine,
    _: &Data,
    _: &[Data],
    _: impl FnOnce(&BTreeSet<String>) -> Result<Settings, Box<Diagnostic>>,
) -> Result<Outcome, (Box<Diagnostic>, u8)> {
    let _ = (&engine.tables, &engine.memory_limit);
    Err(engine.wrong("engine", &engine.name, "this presscheck was built without the feature 'engine'"))
}

#[cfg(feature = "engine")]
fn elsewhere(
    inputs: &Inputs<'_>,
    engine: &Engine,
    reference: &Data,
    current: &[Data],
    settings: impl FnOnce(&BTreeSet<String>) -> Result<Settings, Box<Diagnostic>> + Send,
) -> Result<Outcome, (Box<Diagnostic>, u8)> {
    use crate::engine::{At, Prepared, Session, View};

    let unread = |problem: Box<Diagnostic>| (problem, exit::EVIDENCE);
    let mut view = View { sql: engine.sql.clone(), tables: Vec::new() };
    for typed in &engine.tables {
        let (name, path) = typed
            .split_once('=')
            .filter(|(name, path)| !path.is_empty() && !name.is_empty() && *name != "data")
            .ok_or_else(|| engine.wrong("table", typed, "write NAME=PATH; data is the rows of each side"))?;
        let mut problems = Vec::new();
        let data = super::reference(inputs, &[path.to_owned()], &mut problems);
        let Some(data) = data else {
            let problem = problems.into_iter().next();
            return Err(problem.map_or_else(|| engine.wrong("table", typed, "it cannot be read"), |p| unread(p.into())));
        };
        view.tables.push((name.to_owned(), data.tables));
    }
    let tables = || {
        let sides = current.iter().chain([reference]).flat_map(|data| &data.tables);
        sides.chain(view.tables.iter().flat_map(|(_, tables)| tables))
    };
    if engine.name != "datafusion"
        && let Some(fetched) = tables().find(|table| table.shown().contains("://"))
    {
        let help =
            "what lies in a store is fetched to this machine, and a cluster cannot see it: mount it on all of them";
        return Err(engine.wrong("engine", &format!("{} with {}", engine.name, fetched.shown()), help));
    }
    let at = if engine.name == "datafusion" { At::Here } else { At::Cluster(engine.name.clone()) };
    // The summaries take the other half of the memory.
    let limit = crate::config::byte_size(&engine.memory_limit).unwrap_or(2 << 30) / 2;
    let session = Session::open(at, limit).map_err(unread)?;
    let prepared = Prepared::new(&session, reference, current, &view).map_err(unread)?;
    let mut settings = settings(&prepared.columns()).map_err(|problem| (problem, exit::USAGE))?;
    if settings.duplicates {
        return Err(engine.wrong("duplicates", "true", "repeated rows are counted by the embedded engine only"));
    }
    if settings.multivariate {
        return Err(engine.wrong("multivariate", "true", "rows as a whole are compared by the embedded engine only"));
    }
    settings.memory -= settings.memory / 2;
    prepared.compute(&settings).map_err(unread)
}
