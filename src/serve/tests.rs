//! The preview over real sockets, each test bounded in time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Instant;

use super::*;

const PAGE: &str = "<!doctype html><html><head><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\"><title>t</title></head><body><p>hello</p></body></html>";

fn options(base_path: &str) -> Options {
    Options { base_path: base_path.to_owned(), request_time: Duration::from_millis(400), ..Options::default() }
}

fn start(options: &Options) -> Server {
    Server::start("127.0.0.1:0".parse().unwrap(), options, Arc::new(|_| {})).unwrap()
}

fn site() -> Vec<(String, Vec<u8>)> {
    [
        ("index.html", PAGE.replace("hello", "home")),
        ("churn/index.html", PAGE.to_owned()),
        ("404.html", PAGE.replace("hello", "not found here")),
        ("assets/a.css", "p{}".to_owned()),
    ]
    .map(|(name, body)| (name.to_owned(), body.into_bytes()))
    .to_vec()
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

struct Got {
    status: u16,
    head: String,
    body: String,
}

/// Sends bytes as they are and reads until the server closes.
fn send(server: &Server, request: &[u8]) -> Got {
    let mut stream = connect(server);
    stream.write_all(request).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    Got { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

fn get(server: &Server, path: &str) -> Got {
    send(server, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
}

#[test]
fn pages_come_with_the_reload_script_and_the_right_headers() {
    let server = start(&options("/"));
    server.publish(site());
    assert!(server.url().starts_with("http://127.0.0.1:") && server.url().ends_with('/'));
    let got = get(&server, "/");
    assert_eq!(got.status, 200);
    assert!(got.body.contains("<p>home</p>"));
    assert!(got.body.contains("<script src=\"/__presscheck/reload.js?edition="));
    assert!(!got.body.contains("Content-Security-Policy"));
    for header in [
        "content-type: text/html; charset=utf-8",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'",
    ] {
        assert!(got.head.contains(header), "{header} is not in {}", got.head);
    }
    let got = get(&server, "/assets/a.css?v=1");
    assert_eq!((got.status, got.body.as_str()), (200, "p{}"));
    let got = get(&server, "/missing.html");
    assert_eq!(got.status, 404);
    assert!(got.body.contains("not found here") && got.body.contains("reload.js"));
    for (own, kind) in [("reload.js", "text/javascript"), ("overlay.css", "text/css")] {
        let got = get(&server, &format!("/__presscheck/{own}"));
        assert_eq!(got.status, 200);
        assert!(got.head.contains(kind));
    }
    assert_eq!(get(&server, "/__presscheck/x").status, 404);
}

#[test]
fn the_site_is_below_its_base_path_only() {
    let server = start(&options("models/eu"));
    server.publish(site());
    assert!(server.url().ends_with("/models/eu/"));
    for (path, status, location) in [
        ("/", 302, "location: /models/eu/"),
        ("/models/eu", 302, "location: /models/eu/"),
        ("/models/eu/churn?a=1", 302, "location: /models/eu/churn/?a=1"),
        ("/models/eu/churn/", 200, ""),
        ("/models/eu/", 200, ""),
        ("/index.html", 404, ""),
        ("/models/", 404, ""),
        ("/models/eux", 404, ""),
    ] {
        let got = get(&server, path);
        assert_eq!(got.status, status, "{path}");
        assert!(got.head.contains(location), "{path}: {}", got.head);
    }
    for bad in ["/a/../b", "a b", "/a//b", "/__presscheck/x", "/%41", "\r\n"] {
        let error = Server::start("127.0.0.1:0".parse().unwrap(), &options(bad), Arc::new(|_| {})).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{bad}");
    }
}

#[test]
fn head_answers_like_get_without_the_body() {
    let server = start(&options("/"));
    server.publish(site());
    let length = |got: &Got| got.head.lines().find(|line| line.starts_with("content-length")).unwrap().to_owned();
    for path in ["/", "/assets/a.css", "/nothing"] {
        let ask = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let (head, get) = (send(&server, ask.as_bytes()), get(&server, path));
        assert_eq!((head.status, head.body.as_str()), (get.status, ""));
        assert_eq!(length(&head), length(&get));
    }
    let got = send(&server, b"HEAD /__presscheck/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(got.status, 200);
}

#[test]
fn nothing_outside_the_site_can_be_reached() {
    let server = start(&options("/"));
    server.publish(site());
    for path in [
        "/../../etc/passwd",
        "/..",
        "/./index.html",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%2e%2e%2fetc/passwd",
        "/..%5c..%5cx",
        "/%5cetc",
        "\\etc",
        "//etc/passwd",
        "//",
        "/churn//index.html",
        "/%00",
        "/index.html%00.css",
        "/%252e%252e/x",
        "/churn/../index.html",
        "/%c0%ae%c0%ae/x",
        "/%",
        "/index.html/",
        "/churn/index.html/..",
        "/%2f",
        "*",
        "http://localhost/",
        "http://evil.example/",
        "file:///etc/passwd",
        "/\u{0}",
        "/a b",
        "evil.example:443",
    ] {
        let got = get(&server, path);
        assert!(matches!(got.status, 400 | 404), "{path:?}: {}", got.status);
        assert!(!got.body.contains("root:") && !got.body.contains("home</p>"), "{path:?}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        let ask = format!("{method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let got = send(&server, ask.as_bytes());
        assert_eq!(got.status, 405, "{method}");
        assert!(got.head.contains("allow: get, head"));
    }
    assert_ne!(send(&server, b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
    assert_eq!(send(&server, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").status, 400);
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(100_000));
    let mut stream = connect(&server);
    let _ = stream.write_all(long.as_bytes()); // The server may have closed before all was sent.
    drop(stream);
    assert_eq!(get(&server, "/").status, 200);
}

#[test]
fn strangers_are_refused() {
    let refused = Arc::new(Mutex::new(Vec::new()));
    let listener: Listener = {
        let refused = Arc::clone(&refused);
        Arc::new(move |event| {
            if let Event::ForeignHost { .. } = event {
                refused.lock().unwrap().push(event.to_string());
            }
        })
    };
    let options = Options { allow_hosts: vec!["reports.test".to_owned()], ..options("/") };
    let server = Server::start("127.0.0.1:0".parse().unwrap(), &options, listener).unwrap();
    server.publish(site());
    let ask = |headers: &str, path: &str| {
        send(&server, format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").as_bytes()).status
    };
    for path in ["/", "/assets/a.css", "/__presscheck/events", "/__presscheck/reload.js"] {
        for stranger in [
            "Host: evil.example\r\n",
            "Host: evil.example\r\nOrigin: http://evil.example\r\n",
            "Host: localhost.evil.example\r\n",
            "",
            "Host: localhost\r\nHost: evil.example\r\n",
            "Host: localhost\r\nOrigin: https://evil.example\r\n",
            "Host: localhost:1\r\nOrigin: http://localhost:2\r\n",
            "Host: localhost\r\nOrigin: null\r\n",
            "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
            "Host: \u{e9}\r\n",
        ] {
            assert_eq!(ask(stranger, path), 400, "{stranger:?} {path}");
        }
    }
    for friend in [
        "Host: reports.test\r\n",
        "Host: 127.0.0.1:80\r\n",
        "Host: [::1]:80\r\n",
        "Host: localhost:1\r\nOrigin: http://localhost:1\r\n",
        "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
    ] {
        assert_eq!(ask(friend, "/"), 200, "{friend:?}");
    }
    let refused = refused.lock().unwrap();
    assert_eq!(refused[0], "refused a request for the host evil.example; --allow-host evil.example would let it in");
}

/// A page that listens.
struct Page {
    lines: BufReader<TcpStream>,
}

impl Page {
    fn open(server: &Server) -> Page {
        let mut stream = connect(server);
        stream.write_all(b"GET /__presscheck/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        Page { lines: BufReader::new(stream) }
    }

    /// The next event, and the edition it names. `None` when the server has closed.
    fn next(&mut self) -> Option<(String, String)> {
        let mut kind = String::new();
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(name) = line.strip_prefix("event: ") {
                kind = name.trim().to_owned();
            } else if let Some(edition) = line.strip_prefix("data: ") {
                return Some((kind, edition.trim().to_owned()));
            }
        }
    }
}

/// The edition that a page was served with.
fn edition(server: &Server) -> String {
    let body = get(server, "/").body;
    body.split_once("reload.js?edition=").unwrap().1.split('"').next().unwrap().to_owned()
}

#[test]
fn open_pages_are_told_of_each_new_edition() {
    let server = start(&options("/"));
    let mut first = Page::open(&server);
    assert_eq!(first.next().unwrap(), ("edition".to_owned(), edition(&server)));
    server.publish(site());
    assert_eq!(first.next().unwrap(), ("reload".to_owned(), edition(&server)));
    server.publish_error("<p>broken</p>".to_owned());
    assert_eq!(first.next().unwrap(), ("reload".to_owned(), edition(&server)));
    // A page that connects late learns of the edition at once.
    assert_eq!(Page::open(&server).next().unwrap(), ("edition".to_owned(), edition(&server)));
    let other = start(&options("/"));
    assert_ne!(edition(&other), edition(&server), "a restart is a new edition");
}

#[test]
fn a_failed_build_shows_on_top_of_the_last_good_site() {
    let server = start(&options("/"));
    let got = get(&server, "/churn/");
    assert_eq!(got.status, 503);
    assert!(got.body.contains("is being built") && got.body.contains("reload.js"));

    server.publish_error("<h1>no rule</h1>".to_owned());
    let got = get(&server, "/churn/");
    assert_eq!(got.status, 503);
    assert!(
        got.body.contains("<h1>no rule</h1>") && got.body.contains("reload.js") && got.body.contains("overlay.css")
    );

    server.publish(site());
    let got = get(&server, "/churn/");
    assert!(got.status == 200 && !got.body.contains("overlay"));

    server.publish_error("<h1>again</h1>".to_owned());
    for (path, status, text) in [("/churn/", 200, "<p>hello</p>"), ("/nothing", 404, "not found here")] {
        let got = get(&server, path);
        assert_eq!(got.status, status);
        assert!(got.body.contains("<h1>again</h1>") && got.body.contains(text) && got.body.contains("overlay.css"));
    }
    assert_eq!(get(&server, "/assets/a.css").body, "p{}");
    server.publish(site());
    assert!(!get(&server, "/").body.contains("again"));
}

#[test]
fn a_slow_client_blocks_nobody_and_is_cut_off() {
    let server = start(&options("/"));
    server.publish([("big.txt".to_owned(), vec![b'x'; 20_000_000]), ("index.html".to_owned(), PAGE.into())]);
    let mut slow = connect(&server);
    slow.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
    let mut lazy = connect(&server);
    lazy.write_all(b"GET /big.txt HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap(); // And never reads.
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(get(&server, "/").status, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let mut rest = Vec::new();
    assert!(slow.read_to_end(&mut rest).is_ok(), "the server closes a request that does not come");
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn connections_and_listeners_are_limited() {
    let told = Arc::new(Mutex::new(0));
    let listener: Listener = {
        let told = Arc::clone(&told);
        Arc::new(move |event| {
            if event == Event::TooMany {
                *told.lock().unwrap() += 1;
            }
        })
    };
    let options = Options { connections: 8, listeners: 2, ..options("/") };
    let server = Server::start("127.0.0.1:0".parse().unwrap(), &options, listener).unwrap();
    server.publish(site());
    let mut pages: Vec<Page> = (0..2).map(|_| Page::open(&server)).collect();
    assert!(pages.iter_mut().all(|page| page.next().is_some()));
    assert_eq!(get(&server, "/__presscheck/events").status, 503);

    let idle: Vec<TcpStream> = (0..300).map(|_| connect(&server)).collect();
    // Those that were let in time out, and then there is room again.
    let start = Instant::now();
    let mut status = 0;
    while status != 200 && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(50));
        let mut stream = connect(&server);
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        status = if text.starts_with("HTTP/1.1 200") { 200 } else { 0 };
    }
    assert_eq!(status, 200);
    assert!(*told.lock().unwrap() > 200);
    drop(idle);
    // A listener that went away makes room for another.
    drop(pages);
    let start = Instant::now();
    while Page::open(&server).next().is_none() {
        assert!(start.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_taken_port_is_told() {
    let first = start(&options("/"));
    let events = Arc::new(Mutex::new(Vec::new()));
    let listener: Listener = {
        let events = Arc::clone(&events);
        Arc::new(move |event| events.lock().unwrap().push(event))
    };
    let second = Server::start(first.address(), &options("/"), Arc::clone(&listener)).unwrap();
    assert_ne!(second.address(), first.address());
    let (wanted, used) = (first.address().port(), second.address().port());
    assert_eq!(*events.lock().unwrap(), [Event::OtherPort { wanted, used }]);
    assert_eq!(events.lock().unwrap()[0].to_string(), format!("port {wanted} is taken, using {used}"));

    let chosen = Options { other_port: false, ..options("/") };
    let error = Server::start(first.address(), &chosen, listener).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains("is taken; choose another port"), "{error}");
}

#[test]
fn stopping_is_quick_and_ends_open_pages() {
    let server = start(&options("/"));
    server.publish(site());
    let address = server.address();
    let mut page = Page::open(&server);
    page.next().unwrap();
    let _idle = connect(&server);
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(page.next(), None);
    assert!(TcpStream::connect(address).is_err());
    let again = Server::start(address, &Options { other_port: false, ..options("/") }, Arc::new(|_| {})).unwrap();
    assert_eq!(get(&again, "/").status, 503);
}

#[test]
fn a_listener_that_does_not_read_costs_little_and_an_edition_reaches_everyone() {
    let server = start(&options("/"));
    let deaf: Vec<Page> = (0..10).map(|_| Page::open(&server)).collect();
    let mut page = Page::open(&server);
    page.next().unwrap();
    for _ in 0..500 {
        server.publish(site());
    }
    let last = edition(&server);
    while page.next().unwrap().1 != last {} // Editions may be skipped, the last one is not.
    drop(deaf);
}

/// `cargo nextest run --lib serve::tests::a_browser --run-ignored only`, with chromium in the path.
#[test]
#[ignore = "needs a browser"]
fn a_browser_reloads_shows_the_error_and_breaks_no_policy() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let listener: Listener = {
        let asked = Arc::clone(&asked);
        Arc::new(move |event| asked.lock().unwrap().push(event.to_string()))
    };
    let server = Server::start("127.0.0.1:0".parse().unwrap(), &options("/m/"), listener).unwrap();
    let wait_for = |what: &str, times: usize| {
        let start = Instant::now();
        while asked.lock().unwrap().iter().filter(|line| line.as_str() == what).count() < times {
            assert!(start.elapsed() < Duration::from_secs(20), "{times} × {what} in {:#?}", asked.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let profile = tempfile::tempdir().unwrap();
    let log = profile.path().join("log");
    let mut browser = std::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", profile.path().join("p").display()))
        .arg(server.url())
        .stdout(std::process::Stdio::null())
        .stderr(std::fs::OpenOptions::new().create_new(true).write(true).open(&log).unwrap())
        .spawn()
        .unwrap();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for("503 GET /m/", 1);
        wait_for("200 GET /__presscheck/events", 1);
        server.publish(site());
        wait_for("200 GET /m/", 1);
        wait_for("200 GET /__presscheck/events", 2);
        server.publish_error("<h1>no</h1>".to_owned());
        wait_for("200 GET /m/", 2);
        wait_for("200 GET /__presscheck/overlay.css", 1);
        wait_for("200 GET /__presscheck/events", 3);
        let address = server.address();
        server.edition.send_modify(|_| {});
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(
            asked.lock().unwrap().iter().filter(|line| *line == "200 GET /m/").count(),
            2,
            "no change, no reload"
        );
        address
    }));
    let address = outcome.unwrap_or_else(|panic| {
        browser.kill().unwrap();
        std::panic::resume_unwind(panic)
    });
    // Started again, the page finds its way back.
    server.stop();
    let events: Listener = {
        let asked = Arc::clone(&asked);
        Arc::new(move |event| asked.lock().unwrap().push(format!("again {event}")))
    };
    let again = Server::start(address, &Options { other_port: false, ..options("/m/") }, events).unwrap();
    again.publish(site());
    let start = Instant::now();
    while !asked.lock().unwrap().iter().any(|line| line == "again 200 GET /m/") && start.elapsed().as_secs() < 20 {
        std::thread::sleep(Duration::from_millis(20));
    }
    browser.kill().unwrap();
    browser.wait().unwrap();
    assert!(asked.lock().unwrap().iter().any(|line| line == "again 200 GET /m/"), "{:#?}", asked.lock().unwrap());
    let mut text = String::new();
    std::io::BufReader::new(std::fs::OpenOptions::new().read(true).open(&log).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    assert!(!text.contains("CONSOLE") || !text.contains("Content Security Policy"), "{text}");
}
