//! A small blocking HTTP client over ureq: time limits, retries with back-off, bounded answers.
//!
//! In: paths below one base address. Out: the bytes of the answer, or a diagnostic that names the
//! source and says what to do. Credentials go to that one host only, and never into a message.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ureq::http::StatusCode;

use super::without_credentials;
use crate::diag::{Code, Diagnostic, visible};

/// How often a request is tried: once, and again after 429, 502, 503, 504, 500 or a broken connection.
const TRIES: u32 = 4;

/// The first pause between two tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(400);

/// The longest pause that a server may ask for with `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The largest answer, in bytes.
pub const ANSWER_BYTES: u64 = 256 << 20;

/// How a client proves who it is. The values come from the environment and are shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// None.
    Anonymous,
    /// `Authorization: Bearer …`.
    Bearer(String),
    /// `Authorization: Basic …`.
    Basic(String, String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Bearer(_) => "Bearer(…)",
            Self::Basic(..) => "Basic(…)",
        })
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    authorization: Option<String>,
    pause: Duration,
}

/// A request that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with another status than 2xx; the beginning of what it said.
    Status(u16, String),
    /// No answer: no connection, no such host, a time limit, a broken certificate.
    Unreachable(String),
    /// The answer is larger than [`ANSWER_BYTES`].
    TooLarge,
}

impl Client {
    /// A client of the server at `base` (`https://host/prefix`). `timeout` holds for one request from
    /// the connection to the last byte. User information in the address is ignored.
    pub fn new(base: &str, credentials: &Credentials, timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .timeout_connect(Some(timeout.min(Duration::from_secs(10))))
            .http_status_as_error(false)
            .max_redirects(3)
            .redirect_auth_headers(ureq::config::RedirectAuthHeaders::SameHost)
            .user_agent(concat!("presscheck/", env!("CARGO_PKG_VERSION")))
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build())
            .build();
        let authorization = match credentials {
            Credentials::Anonymous => None,
            Credentials::Bearer(token) => Some(format!("Bearer {token}")),
            Credentials::Basic(user, password) => {
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
            }
        };
        Self {
            agent: config.new_agent(),
            base: without_credentials(base).trim_end_matches('/').to_owned(),
            authorization,
            pause: PAUSE,
        }
    }

    /// The address that the client asks, without credentials.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks for `path` (with a leading `/`) with the query's pairs, which are encoded here.
    ///
    /// # Errors
    /// When no try got an answer with a status of 2xx.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{path}", self.base);
        self.retry(|| {
            let mut request = self.agent.get(&url);
            for (key, value) in query {
                request = request.query(key, value);
            }
            if let Some(authorization) = &self.authorization {
                request = request.header("Authorization", authorization);
            }
            request.call()
        })
    }

    /// Sends a JSON body to `path`. Only for requests that change nothing, such as a search: it is
    /// tried again like any other.
    ///
    /// # Errors
    /// When no try got an answer with a status of 2xx.
    pub fn post_json(&self, path: &str, body: &serde_json::Value) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{path}", self.base);
        let body = body.to_string();
        self.retry(|| {
            let mut request = self.agent.post(&url).header("Content-Type", "application/json");
            if let Some(authorization) = &self.authorization {
                request = request.header("Authorization", authorization);
            }
            request.send(&body)
        })
    }

    fn retry(
        &self,
        send: impl Fn() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Vec<u8>, Failure> {
        let mut pause = self.pause;
        let mut tried = 0;
        loop {
            tried += 1;
            let (failure, wait) = match send() {
                Ok(response) if response.status().is_success() => return body(response),
                Ok(response) => {
                    let status = response.status();
                    let wait = again(status).then(|| retry_after(&response).unwrap_or(pause));
                    (Failure::Status(status.as_u16(), said(response)), wait)
                }
                // A server that hangs has cost a whole time limit already: it is asked once more.
                Err(error @ ureq::Error::Timeout(_)) => (unreachable(&error), (tried < 2).then_some(pause)),
                Err(error) => (unreachable(&error), transient(&error).then_some(pause)),
            };
            match wait {
                Some(wait) if tried < TRIES => std::thread::sleep(wait.min(LONGEST_PAUSE)),
                _ => return Err(failure),
            }
            pause *= 2;
        }
    }
}

impl Failure {
    /// The failure as a diagnostic about the source.
    pub fn diagnostic(&self, source: &str) -> Diagnostic {
        let source = without_credentials(source);
        let shown = visible(&source, 200);
        let (code, message, help) = match self {
            Self::Status(status @ (401 | 403 | 407), said) => (
                Code::SourceDenied,
                format!("'{shown}' refuses access ({status}){}", quoted(said)),
                "set the credentials in the environment (docs/formats/remote.md names the variables) and check that they may read",
            ),
            Self::Status(404, said) => (
                Code::SourceMissing,
                format!("'{shown}' does not know what was asked for (404){}", quoted(said)),
                "check the address: it is that of the server, without the path of a page",
            ),
            Self::Status(429, _) => (
                Code::SourceUnreachable,
                format!("'{shown}' refuses further requests (429) after {TRIES} tries"),
                "wait, or ask for less with 'experiments', 'include' or 'max_age'",
            ),
            Self::Status(status, said) => (
                Code::SourceUnreachable,
                format!("'{shown}' answered with an error ({status}){}", quoted(said)),
                "look at the server's log; the evidence of this source counts as missing until it answers",
            ),
            Self::Unreachable(cause) => (
                Code::SourceUnreachable,
                format!("'{shown}' cannot be reached: {}", visible(cause, 200)),
                "check the address and the network; the evidence of this source counts as missing until it answers",
            ),
            Self::TooLarge => (
                Code::FileTooLarge,
                format!("an answer of '{shown}' is larger than {ANSWER_BYTES} bytes"),
                "ask for less with 'experiments', 'include' or a shorter range",
            ),
        };
        Diagnostic::new(code, message).at(source.clone()).help(help)
    }
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": \"{}\"", visible(said, 200)) }
}

fn body(response: ureq::http::Response<ureq::Body>) -> Result<Vec<u8>, Failure> {
    match response.into_body().into_with_config().limit(ANSWER_BYTES).read_to_vec() {
        Ok(bytes) => {
            crate::source::activity::bytes(bytes.len());
            crate::source::activity::read();
            Ok(bytes)
        }
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(Failure::TooLarge),
        Err(error) => Err(unreachable(&error)),
    }
}

/// The beginning of an error's text on one line, for the message.
fn said(response: ureq::http::Response<ureq::Body>) -> String {
    let bytes = response.into_body().into_with_config().limit(4 << 10).lossy_utf8(true).read_to_string();
    let text = bytes.unwrap_or_default();
    // An error page of a proxy says nothing to a person in a terminal.
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn again(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// What a server asks for in seconds; the form with a date is not waited for.
fn retry_after(response: &ureq::http::Response<ureq::Body>) -> Option<Duration> {
    let seconds: u64 = response.headers().get("Retry-After")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn transient(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(_) | ureq::Error::ConnectionFailed)
}

fn unreachable(error: &ureq::Error) -> Failure {
    Failure::Unreachable(match error {
        ureq::Error::Timeout(_) => "it does not answer in time".to_owned(),
        ureq::Error::HostNotFound => "there is no host of that name".to_owned(),
        ureq::Error::Io(cause) => crate::source::plain(cause),
        other => other.to_string(),
    })
}
