//! Who may talk to the preview: names and origins.
//!
//! In: the `Host` and `Origin` headers. Out: yes or no. The preview shows reports that are not
//! published yet, and any web page in the same browser can reach a local port: by a name that it makes
//! resolve to 127.0.0.1 (DNS rebinding), or directly, as a stranger. It must not look anything up.

use std::net::{IpAddr, SocketAddr};

/// The names by which the preview answers.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    bound: IpAddr,
    allowed: Vec<String>,
}

impl Hosts {
    /// `allowed` are further names; one that starts with a dot stands for everything below it.
    pub(super) fn new(bound: SocketAddr, allowed: &[String]) -> Hosts {
        Hosts { bound: bound.ip(), allowed: allowed.iter().map(|host| host.to_ascii_lowercase()).collect() }
    }

    /// Whether a `Host` header names us. The port does not matter: it may be forwarded.
    pub(super) fn knows(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else {
            return false;
        };
        let host = host.to_ascii_lowercase();
        if host == "localhost" || self.is_allowed(&host) {
            return true;
        }
        // A name can be made to lead anywhere, an address cannot. Bound to all addresses, each is ours.
        match host.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || ip == self.bound || self.bound.is_unspecified(),
            Err(_) => false,
        }
    }

    /// Whether a request with this `Origin` comes from one of our own pages.
    pub(super) fn is_own(&self, origin: &str, authority: &str) -> bool {
        let Some((_, from)) = origin.split_once("://") else {
            return false;
        };
        from.eq_ignore_ascii_case(authority)
            || host_of(from).is_some_and(|host| self.is_allowed(&host.to_ascii_lowercase()))
    }

    fn is_allowed(&self, host: &str) -> bool {
        self.allowed.iter().any(|allowed| match allowed.strip_prefix('.') {
            Some(domain) => host == domain || host.ends_with(allowed),
            None => host == allowed,
        })
    }
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`; v6 without its brackets.
fn host_of(authority: &str) -> Option<&str> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?,
        None => match authority.find(':') {
            Some(colon) => authority.split_at(colon),
            None => (authority, ""),
        },
    };
    let port_is_fine = match rest.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => rest.is_empty(),
    };
    (port_is_fine && !host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names_are_ours() {
        let allowed = ["reports.test".to_owned(), ".app.dev".to_owned()];
        let hosts = Hosts::new("127.0.0.1:8000".parse().unwrap(), &allowed);
        for own in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1",
            "127.0.0.1:9",
            "127.0.0.2",
            "[::1]",
            "[::1]:8000",
            "reports.test:80",
            "app.dev",
            "x.app.dev",
        ] {
            assert!(hosts.knows(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.example:8000",
            "192.168.1.9",
            "[::2]",
            "::1",
            "127.0.0.1.evil.example",
            "localhost:80@evil",
            "xapp.dev",
            "[::1",
            "localhost:x",
            ":80",
        ] {
            assert!(!hosts.knows(foreign), "{foreign}");
        }
        let everywhere = Hosts::new("0.0.0.0:8000".parse().unwrap(), &[]);
        assert!(everywhere.knows("192.168.1.9:8000"));
        assert!(!everywhere.knows("evil.example"));
    }

    #[test]
    fn origins_must_be_the_page_itself() {
        let hosts = Hosts::new("127.0.0.1:8000".parse().unwrap(), &["x.dev".to_owned()]);
        assert!(hosts.is_own("http://localhost:8000", "localhost:8000"));
        assert!(hosts.is_own("https://x.dev", "localhost:8000"));
        for foreign in ["http://localhost:3000", "https://evil.example", "null", "http://localhost", ""] {
            assert!(!hosts.is_own(foreign, "localhost:8000"), "{foreign}");
        }
    }
}
