//! The preview: a small server for one person, on this machine.
//!
//! In: the files of each build, or the reason why there are none. Out: pages over HTTP that reload
//! themselves, and [`Event`]s for whoever talks to the person. It must not print, build, or read or
//! write a file: what is served is what was published to it, from memory.
//!
//! One thread with a current-thread runtime. `wire` moves bytes, `answer` decides about a request, `page` adds what built
//! pages do not contain, `hosts` knows who may ask, `site` holds the files.

mod answer;
mod hosts;
mod page;
mod site;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{Semaphore, watch};

use answer::Rules;
use hosts::Hosts;
use site::Edition;
use wire::Shared;

/// How many ports above a default one are tried.
const FURTHER_PORTS: u16 = 20;
/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the site will be, e.g. `/models/`, so that wrong links show before it is published.
    pub base_path: String,
    /// Further names to answer to; `.example.com` stands for all below it.
    pub allow_hosts: Vec<String>,
    /// Whether to take one of the next twenty ports when the wanted one is taken: yes when nobody
    /// chose it, no when somebody did.
    pub other_port: bool,
    /// Open connections at a time.
    pub connections: usize,
    /// Open pages that wait for news at a time.
    pub listeners: usize,
    /// How long a client may take to ask.
    pub request_time: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            base_path: "/".to_owned(),
            allow_hosts: Vec::new(),
            other_port: true,
            connections: 256,
            listeners: 64,
            request_time: Duration::from_secs(10),
        }
    }
}

/// What a person may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The wanted port was taken.
    OtherPort {
        /// The port that was asked for.
        wanted: u16,
        /// The port that is used.
        used: u16,
    },
    /// A request was answered.
    Answered {
        /// Its method.
        method: String,
        /// Its path as it was sent, in ASCII.
        path: String,
        /// The status of the answer.
        status: u16,
    },
    /// A host name was refused.
    ForeignHost {
        /// The name, control characters escaped.
        host: String,
    },
    /// A connection was closed at once, because there are too many.
    TooMany,
    /// The system gave no connection.
    Failed {
        /// Its reason.
        why: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::OtherPort { wanted, used } => {
                write!(out, "port {wanted} is taken, using {used}")
            }
            Event::Answered { method, path, status } => write!(out, "{status} {method} {path}"),
            Event::ForeignHost { host } => {
                write!(out, "refused a request for the host {host}; --allow-host {host} would let it in")
            }
            Event::TooMany => out.write_str("closed a connection, because too many are open"),
            Event::Failed { why } => write!(out, "could not take a connection: {why}"),
        }
    }
}

/// Is told of events, on the server's thread.
pub type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// A running preview. Stops when dropped.
pub struct Server {
    address: SocketAddr,
    base_path: String,
    edition: watch::Sender<Arc<Edition>>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Server").field(&self.url()).finish()
    }
}

impl Server {
    /// Binds and starts to serve "the site is being built". Port 0 takes any free port.
    ///
    /// # Errors
    /// When the base path is not one, or the address cannot be bound.
    pub fn start(address: SocketAddr, options: &Options, listener: Listener) -> io::Result<Server> {
        let base_path = base_path(&options.base_path)?;
        let socket = bind(address, options.other_port)?;
        let bound = socket.local_addr()?;
        if address.port() != 0 && bound.port() != address.port() {
            listener(Event::OtherPort { wanted: address.port(), used: bound.port() });
        }
        socket.set_nonblocking(true)?;
        let rules = Rules {
            hosts: Hosts::new(bound, &options.allow_hosts),
            base_path: base_path.clone(),
            session: format!("{:08x}", session()),
        };
        let (edition, editions) = watch::channel(Arc::new(Edition::default()));
        let (stop, stopped) = watch::channel(false);
        let shared = Shared {
            rules: Arc::new(rules),
            editions,
            stopped,
            listeners: Arc::new(Semaphore::new(options.listeners)),
            listener,
        };
        let (connections, request_time) = (options.connections, options.request_time);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let thread = std::thread::Builder::new().name("presscheck-serve".to_owned()).spawn(move || {
            runtime.block_on(wire::accept(socket, shared, connections, request_time));
            // What has not ended by now is cut off with the runtime.
        })?;
        Ok(Server { address: bound, base_path, edition, stop, thread: Some(thread) })
    }

    /// Where the site is, for a browser on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}{}", SocketAddr::new(ip, self.address.port()), self.base_path)
    }

    /// The address that is bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves these files from now on; open pages reload.
    pub fn publish(&self, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
        let files: BTreeMap<String, Bytes> =
            files.into_iter().map(|(name, bytes)| (name, Bytes::from(bytes))).collect();
        self.replace(|last| Edition { files: Some(Arc::new(files)), error: None, number: last.number + 1 });
    }

    /// Shows this HTML on top of the last good site, or alone when there is none; open pages reload.
    /// The HTML is trusted: whoever made it has escaped what came from outside.
    pub fn publish_error(&self, html: String) {
        self.replace(|last| Edition { files: last.files.clone(), error: Some(html), number: last.number + 1 });
    }

    /// Ends the server. Open connections get a moment to finish.
    pub fn stop(mut self) {
        self.end();
    }

    fn replace(&self, next: impl FnOnce(&Edition) -> Edition) {
        self.edition.send_modify(|edition| *edition = Arc::new(next(edition)));
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic over there has been reported there, and there is nothing left to end.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// With one slash at both ends, and nothing in it that a browser would change.
fn base_path(text: &str) -> io::Result<String> {
    let inner = text.trim_matches('/');
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    if inner.is_empty() {
        return Ok("/".to_owned());
    }
    match inner.split('/').all(is_plain) && !format!("/{inner}/").starts_with(page::OWN) {
        true => Ok(format!("/{inner}/")),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the base path {text:?} is not plain parts between slashes, like /models/"),
        )),
    }
}

fn bind(address: SocketAddr, other_port: bool) -> io::Result<TcpListener> {
    let mut wanted = address;
    loop {
        match TcpListener::bind(wanted) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && other_port && address.port() != 0 => {
                match wanted.port().checked_add(1) {
                    Some(next) if next - address.port() <= FURTHER_PORTS => wanted.set_port(next),
                    _ => return Err(in_use(address, error)),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(in_use(address, error));
            }
            other => return other,
        }
    }
}

fn in_use(address: SocketAddr, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{address} is taken; choose another port, or port 0 for any free one"))
}

/// A number that differs between two starts, so that pages of the last one notice.
fn session() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    (random >> 32) as u32
}
