//! `presscheck serve`: the preview as a browser sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::Project;

/// A running preview; ended when dropped.
struct Preview {
    child: Child,
    address: String,
    base: String,
}

impl Preview {
    fn start(project: &Project) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_presscheck"))
            .args(["serve", "--port", "0"])
            .current_dir(project.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = lines
            .find_map(|l| l.ok()?.split_whitespace().find(|w| w.starts_with("http://")).map(str::to_owned))
            .unwrap();
        // What is said later must be read, or the preview would wait for it.
        std::thread::spawn(move || lines.for_each(drop));
        let rest = url.strip_prefix("http://").unwrap();
        let (address, base) = rest.split_once('/').unwrap();
        Self { child, address: address.to_owned(), base: format!("/{base}") }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {}{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.base, self.address)
            .unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
    }

    /// Waits until a page says something.
    #[track_caller]
    fn until(&self, path: &str, text: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let (_, page) = self.get(path);
            if page.contains(text) {
                return;
            }
            assert!(Instant::now() < end, "{path} never said '{text}':\n{page}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a person edits a file")]
fn edit(project: &Project, path: &str, text: &str) {
    std::fs::write(project.path().join(path), text).unwrap();
}

#[test]
fn a_preview_follows_the_files_and_shows_errors_in_the_page() {
    let project = Project::new()
        .file(
            "presscheck.toml",
            "schema = 1\n[site]\ntitle = \"First title\"\nbase_url = \"https://example.com/deep/er/\"\n",
        )
        .file("runs/m/1/metrics.json", r#"{"auc": 0.91}"#);
    let preview = Preview::start(&project);
    assert_eq!(preview.base, "/deep/er/");
    preview.until("index.html", "First title");
    edit(&project, "presscheck.toml", "schema = 1\n[site]\ntitle = \"Second title\"\n");
    preview.until("index.html", "Second title");
    // A broken configuration keeps the last good site on show and says what is wrong on top of it.
    edit(&project, "presscheck.toml", "schema = 1\n[site]\ntitel = \"Third\"\n");
    preview.until("index.html", "did you mean");
    preview.until("index.html", "Second title");
    edit(&project, "presscheck.toml", "schema = 1\n[site]\ntitle = \"Third title\"\n");
    preview.until("index.html", "Third title");
    // A broken input is shown too, and the rest is served.
    edit(&project, "runs/m/1/metrics.json", "{\"auc\": ");
    preview.until("index.html", "json-syntax");
    assert_eq!(preview.get("nowhere.html").0, 404);
    assert!(!project.path().join("public").exists(), "a preview writes nothing");
}

/// Data that the configuration compares is watched as well: files that change, and files that come.
#[test]
fn a_preview_follows_the_data_of_drift() {
    let table = |from: u32| "x\n".to_owned() + &(0..200).map(|i| format!("{}\n", i % 20 + from)).collect::<String>();
    let project = Project::new()
        .file(
            "presscheck.toml",
            "schema = 1\n[[source]]\npath = \"runs\"\n[[drift.report]]\nrun = \"runs/m/1\"\n\
             reference = \"data/ref.csv\"\ncurrent = \"data/in/week*.csv\"\n",
        )
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9}")
        .file("data/ref.csv", table(0))
        .file("data/in/week1.csv", table(0));
    let preview = Preview::start(&project);
    let page = "models/m/1-drift.html";
    preview.until(page, "week1.csv (200 rows");
    preview.until(page, "0 of 1 feature drifted");
    edit(&project, "data/in/week2.csv", &table(9));
    preview.until(page, "week2.csv (200 rows");
    preview.until(page, "1 of 1 feature drifted");
    edit(&project, "data/ref.csv", &table(9));
    preview.until(page, "0 of 1 feature drifted");
}
