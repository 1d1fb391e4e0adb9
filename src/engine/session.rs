//! Where queries run.
//!
//! In: the name of an engine and the memory it may take. Out: a [`Session`] that runs queries which only read, and gives
//! their batches one after the other.

use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures_util::StreamExt as _;

use super::failed;
use crate::diag::Diagnostic;

/// Where an engine runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// In this process.
    Here,
    /// On the scheduler at this address, `df://host:port`.
    Cluster(String),
}

/// A connection to an engine.
pub struct Session {
    pub(super) context: SessionContext,
    runtime: tokio::runtime::Runtime,
    at: At,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Session {
    /// An engine that groups within so many bytes, then on disk. A scheduler is first spoken to by the first query; its
    /// executors have their own limits.
    ///
    /// # Errors
    /// When no threads or no memory pool can be had, or the address of the scheduler is none.
    pub fn open(at: At, memory: u64) -> Result<Self, Box<Diagnostic>> {
        let name = match &at {
            At::Here => "datafusion".to_owned(),
            At::Cluster(url) => url.clone(),
        };
        let problem = |why: String| failed(&name, &why);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_stack_size(8 << 20)
            .build()
            .map_err(|error| problem(crate::source::plain(&error)))?;
        let pool = FairSpillPool::new(usize::try_from(memory).unwrap_or(usize::MAX));
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .build_arc()
            .map_err(|error| problem(error.to_string()))?;
        let config = SessionConfig::new().with_information_schema(false);
        let state =
            SessionStateBuilder::new().with_config(config).with_runtime_env(env).with_default_features().build();
        let context = match &at {
            At::Here => SessionContext::new_with_state(state),
            At::Cluster(url) => runtime.block_on(cluster(url, state)).map_err(problem)?,
        };
        Ok(Self { context, runtime, at })
    }

    /// Where it runs.
    pub fn at(&self) -> &At {
        &self.at
    }

    /// A query that only reads.
    pub(super) fn query(&self, sql: &str) -> Result<DataFrame, String> {
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        self.runtime.block_on(self.context.sql_with_options(sql, options)).map_err(|error| error.to_string())
    }

    /// Runs a query and gives each batch of its result, in no order.
    pub(super) fn run(
        &self,
        sql: &str,
        each: &mut dyn FnMut(&RecordBatch) -> Result<(), String>,
    ) -> Result<(), String> {
        let frame = self.query(sql)?;
        self.runtime.block_on(async {
            let mut stream = frame.execute_stream().await.map_err(|error| error.to_string())?;
            while let Some(batch) = stream.next().await {
                each(&batch.map_err(|error| error.to_string())?)?;
            }
            Ok(())
        })
    }
}

#[cfg(feature = "cluster")]
async fn cluster(url: &str, state: datafusion::execution::SessionState) -> Result<SessionContext, String> {
    use ballista::prelude::SessionContextExt as _;
    SessionContext::remote_with_state(url, state).await.map_err(|error| error.to_string())
}

#[cfg(not(feature = "cluster"))]
async fn cluster(_: &str, _: datafusion::execution::SessionState) -> Result<SessionContext, String> {
    Err("this presscheck was built without the feature 'cluster'".to_owned())
}
