//! From a request to an answer.
//!
//! In: a request's head and the edition of the moment. Out: status, headers and bytes, or the wish to
//! be told of new editions. Pure: it must not wait, read or write.

use hyper::body::Bytes;
use hyper::header::{ALLOW, HOST, HeaderMap, LOCATION, ORIGIN};
use hyper::{Method, StatusCode, Uri};

use super::hosts::Hosts;
use super::page::{Extras, OWN, own_page, with_extras};
use super::site::{Edition, Found, media_type};

/// What a page may do. The pages carry the same policy themselves, without the last source.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) media_type: &'static str,
    pub(super) body: Body,
    /// One header more: where to go, or which methods there are.
    pub(super) extra: Option<(hyper::header::HeaderName, String)>,
}

/// What follows the headers.
#[derive(Debug)]
pub(super) enum Body {
    Bytes(Bytes),
    /// Events, for as long as the client listens.
    Events,
}

/// What requests are judged by.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) hosts: Hosts,
    /// Starts and ends with a slash.
    pub(super) base_path: String,
    /// Differs between two starts of the server.
    pub(super) session: String,
}

impl Rules {
    /// Tells one edition from all others.
    pub(super) fn name_of(&self, edition: &Edition) -> String {
        format!("{}-{}", self.session, edition.number)
    }

    /// Answers a request.
    pub(super) fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, edition: &Edition) -> Answer {
        if method != Method::GET && method != Method::HEAD {
            let extra = Some((ALLOW, "GET, HEAD".to_owned()));
            return Answer { extra, ..text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered") };
        }
        if let Err(why) = self.check_sender(uri, headers) {
            return text(StatusCode::BAD_REQUEST, why);
        }
        let Some(path) = decode(uri.path()) else {
            return text(StatusCode::BAD_REQUEST, "the path is not readable");
        };
        if let Some(own) = path.strip_prefix(OWN) {
            return own_file(own);
        }
        let name = self.name_of(edition);
        let Some(inside) = path.strip_prefix(&self.base_path) else {
            if path == "/" || format!("{path}/") == self.base_path {
                return redirect(self.base_path.clone(), uri);
            }
            let page = own_page(
                "Not here",
                &format!("<p>The site is served below <a href=\"{0}\">{0}</a>.</p>", self.base_path),
                &name,
                false,
            );
            return html(StatusCode::NOT_FOUND, page.into());
        };
        let extras = Extras { edition: &name, error: edition.error.as_deref() };
        match edition.find(inside) {
            Found::File(file, bytes) => Answer {
                status: StatusCode::OK,
                media_type: media_type(&file),
                body: Body::Bytes(dress(&file, bytes, extras)),
                extra: None,
            },
            // From the undecoded path, so that nothing needs to be encoded again.
            Found::Folder => redirect(format!("{}/", uri.path()), uri),
            Found::Nothing => match (&edition.files, &edition.error) {
                (None, Some(error)) => {
                    html(StatusCode::SERVICE_UNAVAILABLE, own_page("Build failed", error, &name, true).into())
                }
                (None, None) => {
                    let page = own_page("Building", "<p>The site is being built.</p>", &name, false);
                    html(StatusCode::SERVICE_UNAVAILABLE, page.into())
                }
                (Some(files), _) => match files.get("404.html") {
                    Some(bytes) => html(StatusCode::NOT_FOUND, dress("404.html", bytes, extras)),
                    None => {
                        let page = own_page("Not found", "<p>There is no such page.</p>", &name, false);
                        html(StatusCode::NOT_FOUND, page.into())
                    }
                },
            },
        }
    }

    fn check_sender(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), &'static str> {
        if uri.scheme().is_some() || uri.authority().is_some() {
            return Err("this is not a proxy");
        }
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err("the request names no host, or several");
        };
        let host = host.to_str().unwrap_or_default();
        if !self.hosts.knows(host) {
            return Err(FOREIGN_HOST);
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(|origin| self.hosts.is_own(origin, host))) {
            return Err("the request comes from another site");
        }
        match headers.get("sec-fetch-site").map(hyper::header::HeaderValue::as_bytes) {
            // A link from elsewhere may lead here, but only to a page of its own.
            Some(b"cross-site") if headers.get("sec-fetch-mode").is_none_or(|mode| mode != "navigate") => {
                Err("the request comes from another site")
            }
            _ => Ok(()),
        }
    }
}

/// The refusal that a person may want to do something about.
pub(super) const FOREIGN_HOST: &str =
    "the preview does not answer to this host name; start it with --allow-host NAME if it should";

/// Adds the preview's extras to pages, and leaves everything else as it was built.
fn dress(file: &str, bytes: &Bytes, extras: Extras<'_>) -> Bytes {
    match media_type(file) == HTML {
        true => with_extras(bytes, extras).map_or_else(|| bytes.clone(), Bytes::from),
        false => bytes.clone(),
    }
}

fn own_file(name: &str) -> Answer {
    let (media_type, body) = match name {
        "reload.js" => ("text/javascript; charset=utf-8", Body::Bytes(Bytes::from_static(include_bytes!("reload.js")))),
        "overlay.css" => ("text/css; charset=utf-8", Body::Bytes(Bytes::from_static(include_bytes!("overlay.css")))),
        "events" => ("text/event-stream", Body::Events),
        _ => return text(StatusCode::NOT_FOUND, "there is no such file"),
    };
    Answer { status: StatusCode::OK, media_type, body, extra: None }
}

fn redirect(mut to: String, uri: &Uri) -> Answer {
    if let Some(query) = uri.query() {
        to.push('?');
        to.push_str(query);
    }
    Answer { extra: Some((LOCATION, to)), ..text(StatusCode::FOUND, "moved") }
}

fn html(status: StatusCode, body: Bytes) -> Answer {
    Answer { status, media_type: HTML, body: Body::Bytes(body), extra: None }
}

/// A short answer in plain text.
pub(super) fn text(status: StatusCode, message: &'static str) -> Answer {
    Answer { status, media_type: TEXT, body: Body::Bytes(Bytes::from_static(message.as_bytes())), extra: None }
}

/// Decodes a path once. `None` for what no link of a site contains: broken escapes, control
/// characters, backslashes. The `..` that remain are looked up like any other name, and not found.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else {
            return None;
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
        rest = tail;
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_odd = |c: char| c.is_control() || c == '\\';
    (text.starts_with('/') && !text.contains(is_odd)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        assert_eq!(decode("/a%20b/%C3%A9").as_deref(), Some("/a b/é"));
        assert_eq!(decode("/%252e%252e/x").as_deref(), Some("/%2e%2e/x"));
        for bad in ["/%", "/%2", "/%zz", "/%+1", "/%ff", "/%00", "/%5c", "/a\\b", "/%0d%0a", "x", "*", ""] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
