//! Sources that are not folders: a tracking server, a Prometheus server, an object store.
//!
//! In: an [`Address`] from the configuration and the credentials that the environment holds. Out: a
//! [`Source`] whose files are what the server answered, byte for byte, so that
//! importers read and hash them as they do files. What could not be fetched is a diagnostic. Nothing
//! here knows what an answer means beyond what it needs to ask for the next page, and nothing that a
//! server answers is ever followed to another host.

pub mod http;
mod mlflow;
#[cfg(feature = "object-store")]
mod objects;
mod pages;
mod prometheus;
mod redact;

use std::path::PathBuf;
use std::time::Duration;

use crate::diag::{Code, Diagnostic};
use crate::source::{Limits, Source};
use http::Credentials;

pub use redact::without_credentials;

/// What answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// An MLflow tracking server.
    Mlflow,
    /// A Prometheus server, or anything with its query API.
    Prometheus,
    /// Files: an object store, or a file on a web server.
    Files,
}

/// Names of environment variables that hold credentials; the values are never configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Holds a bearer token.
    pub token: Option<String>,
    /// Holds a user name for basic authentication.
    pub username: Option<String>,
    /// Holds the password of that user.
    pub password: Option<String>,
}

/// A query to a Prometheus server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What the result is called.
    pub name: String,
    /// The expression, in PromQL.
    pub expr: String,
    /// How far back from the moment of the command.
    pub range: Duration,
    /// The distance of two points.
    pub step: Duration,
}

/// A source that is not a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Where it is, as configured: never with credentials in it.
    pub url: String,
    /// What answers there.
    pub service: Service,
    /// How to authenticate.
    pub access: Access,
    /// How long one request may take.
    pub timeout: Duration,
    /// The experiments to read, as exact names; empty for all. MLflow only.
    pub experiments: Vec<String>,
    /// What to ask a Prometheus server.
    pub queries: Vec<Query>,
}

/// What the surroundings of a command give: nothing else is asked for.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The value of an environment variable.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The environment variables whose names begin with a prefix.
    pub variables: &'a (dyn Fn(&str) -> Vec<(String, String)> + Sync),
    /// The moment of the command, in seconds since the Unix epoch: the end of every range.
    pub now: i64,
    /// Where fetched files are kept.
    pub cache: Option<&'a dyn Cache>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Keeps fetched files from one command to the next.
pub trait Cache: Sync {
    /// The file kept under a key, when it is there and has the size that it should have.
    fn find(&self, key: &str, bytes: u64) -> Option<PathBuf>;

    /// Keeps content under a key; nothing when it could not be written, which is no error.
    fn keep(&self, key: &str, bytes: &[u8]) -> Option<PathBuf>;
}

/// Which files of a store are wanted.
#[derive(Clone, Copy)]
pub struct Selection<'a> {
    /// Whether a file is wanted, by its path below the address.
    pub wants: &'a (dyn Fn(&str) -> bool + Sync),
    /// What files may cost.
    pub limits: Limits,
}

impl std::fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selection").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Fetches a source.
///
/// # Errors
/// When nothing could be fetched; what could be fetched only in part is a problem of the source.
pub fn fetch(
    address: &Address,
    surroundings: &Surroundings<'_>,
    selection: &Selection<'_>,
) -> Result<Source, Box<Diagnostic>> {
    if address.service == Service::Files {
        return files(address, surroundings, selection);
    }
    let credentials = credentials(address, surroundings)?;
    let client = http::Client::new(&address.url, &credentials, address.timeout);
    let pages = match address.service {
        Service::Mlflow => mlflow::fetch(&client, &address.url, &address.experiments)?,
        Service::Prometheus | Service::Files => {
            prometheus::fetch(&client, &address.url, &address.queries, surroundings.now)?
        }
    };
    Ok(pages.into_source(&address.url))
}

/// A new file to write into, and where it lies.
pub type Place<'a> = dyn Fn() -> Result<(PathBuf, Box<dyn std::io::Write + Send>), String> + Sync + 'a;

/// Files of rows that were fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchedRows {
    /// Where each lies on the disk, and its address.
    pub files: Vec<(PathBuf, String)>,
    /// Whether they were found below a prefix.
    pub together: bool,
}

/// Fetches files of rows, however large, piece by piece: those that are wanted below the address, or the one that it
/// names.
///
/// # Errors
/// When one of them cannot be fetched.
#[cfg(feature = "object-store")]
pub fn fetch_rows(
    address: &Address,
    surroundings: &Surroundings<'_>,
    wants: &(dyn Fn(&str) -> bool + Sync),
    place: &Place<'_>,
) -> Result<FetchedRows, Box<Diagnostic>> {
    objects::fetch_rows(address, surroundings, wants, place)
}

/// Without object stores there is nothing to fetch from.
///
/// # Errors
/// Always.
#[cfg(not(feature = "object-store"))]
pub fn fetch_rows(
    address: &Address,
    _: &Surroundings<'_>,
    _: &(dyn Fn(&str) -> bool + Sync),
    _: &Place<'_>,
) -> Result<FetchedRows, Box<Diagnostic>> {
    Err(without_stores(address))
}

#[cfg(feature = "object-store")]
use objects::fetch as files;

#[cfg(not(feature = "object-store"))]
fn files(address: &Address, _: &Surroundings<'_>, _: &Selection<'_>) -> Result<Source, Box<Diagnostic>> {
    Err(without_stores(address))
}

#[cfg(not(feature = "object-store"))]
fn without_stores(address: &Address) -> Box<Diagnostic> {
    let shown = crate::diag::visible(&address.url, 200);
    Box::new(
        Diagnostic::new(
            Code::SourceUnreachable,
            format!("'{shown}' cannot be read: this presscheck was built without object stores"),
        )
        .at(address.url.clone())
        .help("use a released binary, build with --features object-store, or copy the files and name the folder"),
    )
}

/// The credentials for an address: from the variables that the configuration names, else from those
/// that MLflow's own client reads.
fn credentials(address: &Address, surroundings: &Surroundings<'_>) -> Result<Credentials, Box<Diagnostic>> {
    let access = &address.access;
    let value = |name: &str| (surroundings.variable)(name).filter(|v| !v.is_empty());
    let named = |name: &Option<String>, usual: &str| match name {
        Some(name) => value(name).map(Some).ok_or_else(|| {
            Box::new(
                Diagnostic::new(Code::SourceDenied, format!("the environment variable {name} is not set"))
                    .at(address.url.clone())
                    .help("set it to the credential of this source, in CI as a masked secret"),
            )
        }),
        None if address.service == Service::Mlflow => Ok(value(usual)),
        None => Ok(None),
    };
    let token = named(&access.token, "MLFLOW_TRACKING_TOKEN")?;
    let username = named(&access.username, "MLFLOW_TRACKING_USERNAME")?;
    let password = named(&access.password, "MLFLOW_TRACKING_PASSWORD")?;
    Ok(match (token, username) {
        (_, Some(username)) => Credentials::Basic(username, password.unwrap_or_default()),
        (Some(token), None) => Credentials::Bearer(token),
        (None, None) => Credentials::Anonymous,
    })
}
