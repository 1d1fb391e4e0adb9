//! Bytes in and out: connections, limits, and the stream of events.
//!
//! In: a bound socket, and what `answer` says. Out: responses. All waiting is here and all of it is
//! bounded: how many connect, how long they may ask, how long they may stay. It must not know what a
//! page is.

use std::convert::Infallible;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, mpsc, watch};

use super::answer::{self, Answer, Body, Rules};
use super::site::Edition;
use super::{Event, Listener};

/// A connection is closed after so long, whatever it does; browsers come back by themselves.
const LONGEST_CONNECTION: Duration = Duration::from_secs(600);
/// How often a silent listener is sent something, to learn whether it is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What open connections get to finish when the server stops.
const GRACE: Duration = Duration::from_millis(300);

/// What every connection uses.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) rules: Arc<Rules>,
    pub(super) editions: watch::Receiver<Arc<Edition>>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) listeners: Arc<Semaphore>,
    pub(super) listener: Listener,
}

/// Takes connections until the server stops.
pub(super) async fn accept(socket: TcpListener, shared: Shared, connections: usize, request_time: Duration) {
    let socket = match tokio::net::TcpListener::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => {
            return (shared.listener)(Event::Failed { why: error.to_string() });
        }
    };
    let open = Arc::new(Semaphore::new(connections));
    let mut stopped = shared.stopped.clone();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file handles, as a rule: later there may be some again.
                (shared.listener)(Event::Failed { why: error.to_string() });
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&open).try_acquire_owned() else {
            (shared.listener)(Event::TooMany);
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            connection(stream, shared, request_time).await;
            drop(permit);
        });
    }
    drop(socket);
    let all = u32::try_from(connections).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(GRACE, open.acquire_many(all)).await;
}

async fn connection(stream: tokio::net::TcpStream, shared: Shared, request_time: Duration) {
    let mut stopped = shared.stopped.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(&request, &shared);
        async move { Ok::<_, Infallible>(response) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(request_time)
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let end = tokio::time::sleep(LONGEST_CONNECTION);
    // What goes wrong here is the client's doing or its end, and of no interest to anybody.
    tokio::select! {
        _ = serving.as_mut() => return,
        () = end => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}

fn respond(request: &Request<Incoming>, shared: &Shared) -> Response<Reply> {
    let edition = Arc::clone(&shared.editions.borrow());
    let mut answer = shared.rules.answer(request.method(), request.uri(), request.headers(), &edition);
    let is_head = request.method() == Method::HEAD;
    let mut length = None;
    let reply = match &answer.body {
        Body::Bytes(bytes) => {
            length = Some(bytes.len());
            if is_head { Reply::empty() } else { Reply::Bytes(Some(bytes.clone())) }
        }
        Body::Events if is_head => Reply::empty(),
        Body::Events => match events(shared) {
            Some(events) => Reply::Events(events),
            None => {
                answer = answer::text(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open");
                Reply::empty()
            }
        },
    };
    tell(request, &answer, shared);
    let mut response = Response::new(reply);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(answer::POLICY));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    // Scripts and images need no Origin header; this keeps other sites from embedding ours.
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Some((name, value)) = answer.extra
        && let Ok(value) = HeaderValue::from_str(&value)
    {
        headers.insert(name, value);
    }
    response
}

fn tell(request: &Request<Incoming>, answer: &Answer, shared: &Shared) {
    if matches!(&answer.body, Body::Bytes(bytes) if *bytes == answer::FOREIGN_HOST.as_bytes()) {
        let host = request.headers().get(hyper::header::HOST).map(HeaderValue::as_bytes).unwrap_or_default();
        (shared.listener)(Event::ForeignHost { host: host.escape_ascii().to_string() });
    }
    (shared.listener)(Event::Answered {
        method: request.method().to_string(),
        path: request.uri().path().as_bytes().escape_ascii().to_string(),
        status: answer.status.as_u16(),
    });
}

/// Starts to tell one open page of new editions; `None` when too many listen already.
fn events(shared: &Shared) -> Option<mpsc::Receiver<Bytes>> {
    let permit = Arc::clone(&shared.listeners).try_acquire_owned().ok()?;
    let (sender, receiver) = mpsc::channel(4);
    let (mut editions, mut stopped, rules) =
        (shared.editions.clone(), shared.stopped.clone(), Arc::clone(&shared.rules));
    tokio::spawn(async move {
        let _permit = permit;
        let mut kind = "retry: 1000\nevent: edition";
        loop {
            let name = rules.name_of(&editions.borrow_and_update());
            let message = format!("{kind}\ndata: {name}\n\n");
            if sender.send(Bytes::from(message)).await.is_err() {
                return;
            }
            kind = "event: reload";
            loop {
                tokio::select! {
                    changed = editions.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    () = sender.closed() => return,
                    _ = stopped.wait_for(|stopped| *stopped) => return,
                    () = tokio::time::sleep(HEARTBEAT) => {
                        if sender.try_send(Bytes::from_static(b": still here\n\n")).is_err() {
                            return; // It has not read the last ones either.
                        }
                    }
                }
            }
        }
    });
    Some(receiver)
}

/// The body of a response.
enum Reply {
    Bytes(Option<Bytes>),
    Events(mpsc::Receiver<Bytes>),
}

impl Reply {
    fn empty() -> Reply {
        Reply::Bytes(None)
    }
}

impl hyper::body::Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut *self {
            Reply::Bytes(bytes) => bytes.take(),
            Reply::Events(events) => match events.poll_recv(context) {
                Poll::Ready(next) => next,
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Reply::Bytes(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Bytes(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Reply::Events(_) => SizeHint::default(),
        }
    }
}
