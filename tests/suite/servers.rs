//! Real servers on the loopback address: MLflow, Prometheus, and an S3 endpoint.
//!
//! `.ci/servers` installs them and names them in PRESSCHECK_TEST_PYTHON and PRESSCHECK_TEST_PROMETHEUS.
//! Where one is not installed its tests skip, and say so.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::project::Project;

/// A server that is stopped when the test ends.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server may have stopped by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the set-up names the servers in the environment")]
#[expect(clippy::disallowed_macros, reason = "a skipped test says so on standard error")]
fn program(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|p| Path::new(p).exists());
    if found.is_none() {
        eprintln!("skipped: {variable} names no program; run .ci/servers");
    }
    found
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts a program and waits until something answers `GET path` with 200 on its port.
fn start(mut command: Command, port: u16, path: &str) -> Server {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let server = Server { child, port };
    let until = Instant::now() + Duration::from_secs(120);
    while Instant::now() < until {
        if get(port, path).is_some_and(|a| a.starts_with("HTTP/1.1 200") || a.starts_with("HTTP/1.0 200")) {
            return server;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("the server on port {port} does not answer");
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

fn inspect(project: &Project) -> Value {
    let ran = project.run(&["inspect", "--format", "json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr))
}

fn codes(view: &Value) -> Vec<&str> {
    view["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect()
}

fn mlflow(python: &str, folder: &Path, auth: bool) -> Server {
    let port = free_port();
    let mut command = Command::new(python);
    command
        .args(["-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1", "--port", &port.to_string()])
        .args(["--backend-store-uri", &format!("sqlite:///{}/mlflow.db", folder.display())])
        .args(["--artifacts-destination", &format!("{}/artifacts", folder.display())])
        .args(if auth { &["--app-name", "basic-auth"][..] } else { &[] })
        .current_dir(folder)
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .env("MLFLOW_FLASK_SERVER_SECRET_KEY", "for this test only")
        .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
    start(command, port, "/health")
}

/// Runs a script of tests/fixtures/servers.
fn script(python: &str, name: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/servers").join(name);
    let output =
        Command::new(python).arg(path).args(arguments).env("MLFLOW_DISABLE_TELEMETRY", "true").output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    // MLflow greets on standard output; the last line is the script's own.
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap_or_default().to_owned()
}

fn config(uri: &str, more: &str) -> String {
    format!("schema = 1\n[[source]]\nkind = \"mlflow\"\nuri = \"{uri}\"\n{more}\n")
}

/// What a view says of a run, without the places that it was read at.
fn without_places(run: &Value) -> Value {
    let mut run = run.clone();
    run["source"] = Value::Null;
    for result in run["results"].as_array_mut().unwrap() {
        result["source"] = Value::Null;
    }
    run
}

#[test]
fn a_tracking_server_gives_what_its_client_and_its_database_give() {
    let Some(python) = program("PRESSCHECK_TEST_PYTHON") else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = mlflow(&python, folder.path(), false);
    let uri = format!("http://127.0.0.1:{}", server.port);
    // The script logs runs and prints what the client says of them.
    let truth: Value = serde_json::from_str(&script(&python, "log_runs.py", &[&uri])).unwrap();

    let project = Project::new().file("presscheck.toml", config(&uri, ""));
    let view = inspect(&project);
    let runs = view["runs"].as_array().unwrap();
    assert_eq!(runs.len(), truth["runs"].as_array().unwrap().len());
    for expected in truth["runs"].as_array().unwrap() {
        let run = runs.iter().find(|r| r["id"] == expected["id"]).unwrap();
        for key in ["name", "status", "experiment", "params", "tags", "deleted"] {
            assert_eq!(run[key], expected[key], "{key} of {}", expected["name"]);
        }
        for (metric, value) in expected["metrics"].as_object().unwrap() {
            let found = run["results"].as_array().unwrap().iter().find(|r| r["metric"] == *metric).unwrap();
            assert!(crate::corpus::same_number(&found["value"], &value["last"]), "{metric}: {found}");
            let points = value["points"].as_u64().unwrap();
            let series = run["series"].as_array().unwrap().iter().find(|s| s["metric"] == *metric);
            assert_eq!(series.map_or(1, |s| s["points"].as_u64().unwrap()), points, "{metric}");
        }
        let artifacts: Vec<&str> =
            run["artifacts"].as_array().unwrap().iter().map(|a| a["path"].as_str().unwrap()).collect();
        assert_eq!(json!(artifacts), expected["artifacts"], "{}", expected["name"]);
    }
    let model = &view["models"][0];
    assert_eq!(model["name"], "churn");
    assert_eq!(model["versions"][0]["aliases"], json!(["champion"]));
    assert_eq!(model["versions"][0]["tags"], json!({"approved": "yes"}));
    // A document among the artifacts of a registered version was fetched and read.
    assert!(view["cards"].as_array().unwrap().iter().any(|c| c["model"] == "churn"), "{}", view["cards"]);
    let report = runs
        .iter()
        .flat_map(|r| r["results"].as_array().unwrap())
        .find(|r| r["class"] == "yes" && r["metric"] == "recall");
    assert_eq!(report.map(|r| &r["value"]), Some(&json!(0.75)), "the report of the registered version");

    // The database of the same server says the same of every run, but for artifacts that only a server finds.
    let database = inspect(&Project::new().file(
        "mlflow.db",
        #[expect(clippy::disallowed_methods, reason = "the test copies what the server wrote")]
        std::fs::read(folder.path().join("mlflow.db")).unwrap(),
    ));
    for run in database["runs"].as_array().unwrap() {
        let other = runs.iter().find(|r| r["id"] == run["id"]).unwrap();
        let (mut ours, mut theirs) = (without_places(other), without_places(run));
        for side in [&mut ours, &mut theirs] {
            side["artifacts"] = Value::Null;
            let logged = |r: &Value| r["step"].is_i64();
            side["results"] = side["results"].as_array().unwrap().iter().filter(|r| logged(r)).cloned().collect();
            side["curves"] = Value::Null;
        }
        assert_eq!(ours, theirs);
    }

    // Only what was asked for; what is not there is a problem.
    let some = Project::new().file("presscheck.toml", config(&uri, "experiments = [\"sweeps\", \"no such\"]"));
    let view = inspect(&some);
    assert!(view["runs"].as_array().unwrap().iter().all(|r| r["experiment"] == "sweeps"));
    assert!(codes(&view).contains(&"source-missing"));
    assert_eq!(some.run(&["build"]).code, 3);
}

#[test]
fn a_tracking_server_with_passwords_is_read_with_the_right_one_only() {
    let Some(python) = program("PRESSCHECK_TEST_PYTHON") else { return };
    let folder = tempfile::tempdir().unwrap();
    let config_file = folder.path().join("auth.ini");
    #[expect(clippy::disallowed_methods, reason = "the test configures its server")]
    std::fs::write(
        &config_file,
        format!(
            "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{}/auth.db\nadmin_username = admin\nadmin_password = correct-horse-battery\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
            folder.path().display()
        ),
    )
    .unwrap();
    let port = free_port();
    let mut command = Command::new(&python);
    command
        .args(["-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1", "--port", &port.to_string()])
        .args(["--backend-store-uri", &format!("sqlite:///{}/mlflow.db", folder.path().display())])
        .args(["--app-name", "basic-auth"])
        .current_dir(folder.path())
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .env("MLFLOW_FLASK_SERVER_SECRET_KEY", "for this test only")
        .env("MLFLOW_AUTH_CONFIG_PATH", &config_file);
    let server = start(command, port, "/health");
    let uri = format!("http://127.0.0.1:{}", server.port);
    let project = || Project::new().file("presscheck.toml", config(&uri, ""));

    let refused = project().run(&["inspect"]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("source-denied") && refused.stderr.contains(&uri), "{}", refused.stderr);
    let wrong = project().env("MLFLOW_TRACKING_USERNAME", "admin").env("MLFLOW_TRACKING_PASSWORD", "wrong-secret");
    let wrong = wrong.run(&["inspect"]);
    assert_eq!(wrong.code, 3);
    assert!(!wrong.stderr.contains("wrong-secret"), "{}", wrong.stderr);
    let right = project()
        .env("MLFLOW_TRACKING_USERNAME", "admin")
        .env("MLFLOW_TRACKING_PASSWORD", "correct-horse-battery")
        .run(&["inspect"]);
    assert!(!right.stderr.contains("source-denied"), "{}", right.stderr);
    let unset = Project::new().file("presscheck.toml", config(&uri, "token_env = \"NO_SUCH_TOKEN\"")).run(&["inspect"]);
    assert!(unset.stderr.contains("NO_SUCH_TOKEN is not set"), "{}", unset.stderr);
}

#[test]
fn prometheus_answers_queries_over_http() {
    let Some(prometheus) = program("PRESSCHECK_TEST_PROMETHEUS") else { return };
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    #[expect(clippy::disallowed_methods, reason = "the test configures its server")]
    std::fs::write(
        folder.path().join("prometheus.yml"),
        format!("global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: self\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"),
    )
    .unwrap();
    let mut command = Command::new(prometheus);
    command
        .arg(format!("--config.file={}/prometheus.yml", folder.path().display()))
        .arg(format!("--storage.tsdb.path={}/data", folder.path().display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let server = start(command, port, "/-/ready");
    // Until it has scraped itself a few times.
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until
        && !get(server.port, "/api/v1/query?query=count_over_time(up%5B1m%5D)%20%3E%204")
            .is_some_and(|a| a.contains("\"value\""))
    {
        std::thread::sleep(Duration::from_millis(500));
    }
    let project = Project::new().file(
        "presscheck.toml",
        format!(
            "schema = 1\n[[source]]\nkind = \"prometheus\"\nuri = \"http://127.0.0.1:{port}\"\n\
             [[source.query]]\nname = \"up\"\nexpr = \"up\"\nrange = \"5m\"\nstep = \"1s\"\n\
             [[source.query]]\nname = \"broken\"\nexpr = \"sum(\"\n"
        ),
    );
    let view = inspect(&project);
    let run = view["runs"].as_array().unwrap().iter().find(|r| r["name"].as_str().unwrap().contains("up")).unwrap();
    let series = &run["series"][0];
    assert!(series["points"].as_u64().unwrap() >= 2, "{run}");
    assert_eq!(series["max"], json!(1.0));
    // The query that the server refuses is a problem, and not the end of the others.
    assert!(codes(&view).contains(&"source-unreachable"), "{:?}", codes(&view));
    assert!(view["problems"].to_string().contains("query broken"), "{}", view["problems"]);
}

/// A server of a few lines that does what real ones do on bad days.
fn misbehaving(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (i, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            // What was asked does not matter.
            let _ = stream.read(&mut request);
            answer(i, &mut stream);
        }
    });
    port
}

fn say(stream: &mut TcpStream, status: &str, body: &str) {
    // A client that has gone away is the client's matter.
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
}

#[test]
fn what_servers_do_on_bad_days_is_named_and_the_rest_builds() {
    type Answer = fn(usize, &mut TcpStream);
    let cases: [(&str, Answer, &str, &str); 7] = [
        ("401", |_, s| say(s, "401 Unauthorized", "who are you?"), "source-denied", "who are you?"),
        ("404", |_, s| say(s, "404 Not Found", ""), "source-missing", "404"),
        ("429", |_, s| say(s, "429 Too Many Requests", ""), "source-unreachable", "after 4 tries"),
        ("500", |_, s| say(s, "500 Internal Server Error", "<html>oops"), "source-unreachable", "(500)"),
        ("html", |_, s| say(s, "200 OK", "<html>a proxy's login page"), "source-unreachable", "not JSON"),
        (
            "cut",
            |_, s| drop(write!(s, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{{")),
            "source-unreachable",
            "cannot be reached",
        ),
        ("hangs", |_, _| std::thread::sleep(Duration::from_secs(3)), "source-unreachable", "does not answer in time"),
    ];
    std::thread::scope(|scope| {
        for (name, answer, code, said) in cases {
            scope.spawn(move || {
                let uri = format!("http://127.0.0.1:{}", misbehaving(answer));
                let project = Project::new()
                    .file("presscheck.toml", config(&uri, "timeout = \"1s\"\n[[source]]\npath = \"runs\""))
                    .file("runs/m/1/metrics.json", r#"{"auc": 0.9}"#);
                let view = inspect(&project);
                assert_eq!(view["runs"].as_array().unwrap().len(), 1, "{name}: the other source is read");
                let problem = &view["problems"][0];
                assert_eq!(problem["code"], code, "{name}: {problem}");
                assert!(problem["message"].as_str().unwrap().contains(said), "{name}: {problem}");
                assert_eq!(problem["path"], uri, "{name}");
                assert!(!problem["help"].as_str().unwrap().is_empty());
            });
        }
    });
}

#[test]
fn a_server_that_recovers_is_asked_again() {
    let port = misbehaving(|i, s| match i {
        0 => say(s, "503 Service Unavailable", ""),
        1 => drop(write!(
            s,
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )),
        _ => say(s, "200 OK", r#"{"experiments": [], "runs": [], "registered_models": [], "model_versions": []}"#),
    });
    let project = Project::new().file("presscheck.toml", config(&format!("http://127.0.0.1:{port}"), ""));
    let view = inspect(&project);
    assert!(!codes(&view).contains(&"source-unreachable"), "{:?}", view["problems"]);
}

#[test]
fn a_server_that_leads_in_circles_or_never_ends_is_left() {
    let port = misbehaving(|_, s| {
        say(
            s,
            "200 OK",
            r#"{"experiments": [{"experiment_id": "1", "name": "e", "lifecycle_stage": "active"}], "next_page_token": "again", "files": [{"path": "", "is_dir": true}]}"#,
        );
    });
    let project =
        Project::new().file("presscheck.toml", config(&format!("http://127.0.0.1:{port}"), "timeout = \"2s\""));
    assert!(inspect(&project)["runs"].as_array().unwrap().is_empty());
}

#[cfg(feature = "object-store")]
#[test]
fn an_object_store_gives_what_the_folder_gives_and_is_fetched_once() {
    let Some(python) = program("PRESSCHECK_TEST_PYTHON") else { return };
    let port = free_port();
    let mut command = Command::new(&python);
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    let server = start(command, port, "/moto-api/");
    let endpoint = format!("http://127.0.0.1:{}", server.port);

    let local = Project::example();
    let runs = local.path().join("runs");
    script(&python, "put_objects.py", &[&endpoint, &runs.display().to_string(), "models", "prod/runs"]);
    let cache = tempfile::tempdir().unwrap();
    let remote = |uri: &str, more: &str| {
        Project::new()
            .file("presscheck.toml", format!("schema = 1\n[[source]]\nuri = \"{uri}\"\ntimeout = \"10s\"\n{more}\n"))
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .env("XDG_CACHE_HOME", &cache.path().display().to_string())
    };
    let project = remote("s3://models/prod/runs", "");
    let far = inspect(&project);
    let folder = Project::new();
    crate::project::copy(&runs, &folder.path().join("runs"));
    let folder = folder.file("presscheck.toml", "schema = 1\n[[source]]\npath = \"runs\"\n");
    let near = inspect(&folder);
    assert!(!near["runs"].as_array().unwrap().is_empty());
    let ids = |view: &Value, prefix: &str| -> Vec<String> {
        let runs = view["runs"].as_array().unwrap().iter();
        runs.map(|r| r["id"].as_str().unwrap().trim_start_matches(prefix).to_owned()).collect()
    };
    assert_eq!(ids(&far, "s3://models/prod/runs/"), ids(&near, "runs/"));
    let values = |view: &Value| -> Vec<Value> {
        let runs = view["runs"].as_array().unwrap().iter();
        runs.flat_map(|r| r["results"].as_array().unwrap()).map(|r| r["value"].clone()).collect()
    };
    assert_eq!(values(&far), values(&near));
    assert_eq!(far["drift"].as_array().unwrap().len(), near["drift"].as_array().unwrap().len());

    // One object alone, and a prefix that is not there.
    let one = inspect(&remote("s3://models/prod/runs/no-such-prefix", ""));
    assert!(one["runs"].as_array().unwrap().is_empty());
    assert!(codes(&one).contains(&"source-empty"));
    // What did not change comes from the cache: a value that is altered there is what is read.
    let altered = alter(cache.path(), "\"auc\", \"value\": 0.9", "\"auc\", \"value\": 0.1");
    assert!(altered > 0, "no cached file holds the value");
    assert_ne!(values(&inspect(&project)), values(&far));
    // The cache may be deleted at any time.
    #[expect(clippy::disallowed_methods, reason = "the test clears its own cache")]
    std::fs::remove_dir_all(cache.path().join("presscheck")).unwrap();
    assert_eq!(values(&inspect(&project)), values(&far));
    // A bucket that does not exist.
    let missing = remote("s3://no-such-bucket/x", "").run(&["inspect"]);
    assert_eq!(missing.code, 3, "{}", missing.stderr);
    assert!(missing.stderr.contains("s3://no-such-bucket/x"), "{}", missing.stderr);
    drop(server);
    let gone = remote("s3://models/prod/runs", "").run(&["inspect"]);
    assert_eq!(gone.code, 3);
    assert!(gone.stderr.contains("source-unreachable"), "{}", gone.stderr);
}

#[cfg(feature = "object-store")]
#[test]
fn an_object_store_holds_what_drift_compares() {
    use crate::drift_command::{csv, drift, numbers, parquet, reports};

    let Some(python) = program("PRESSCHECK_TEST_PYTHON") else { return };
    let port = free_port();
    let mut command = Command::new(&python);
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    let server = start(command, port, "/moto-api/");
    let endpoint = format!("http://127.0.0.1:{}", server.port);
    let x = |seed, shift| numbers(300, seed, shift);
    let local = Project::new()
        .file("ref/country=DE/a.csv", csv(&[("x", &x(1, 0.0))]))
        .file("ref/country=FR/a.csv", csv(&[("x", &x(2, 0.0))]))
        .file("ref/notes.md", "not rows")
        .file("days/1.parquet", parquet(&[("x", true, &x(3, 0.0))]))
        .file("days/2.parquet", parquet(&[("x", true, &x(4, 2.0))]))
        .file("days/old/3.parquet", parquet(&[("x", true, &x(5, 0.0))]));
    script(&python, "put_objects.py", &[&endpoint, &local.path().display().to_string(), "data", "churn"]);
    let scratch = tempfile::tempdir().unwrap();
    let far = Project::new()
        .env("AWS_ENDPOINT_URL", &endpoint)
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("TMPDIR", &scratch.path().display().to_string());
    let ask = |project: &Project, root: &str, current: &str, more: &[&str]| {
        let (reference, current) = (format!("{root}ref"), format!("{root}{current}"));
        drift(project, &[&["--reference", &reference, "--current", &current, "--format", "json"], more].concat())
    };
    let s3 = "s3://data/churn/";
    // A prefix, a pattern that does not cross folders, and one object.
    for (current, windows) in [("days/*.parquet", 2), ("days/2.parquet", 1), ("days", 1)] {
        let (near, far) = (ask(&local, "", current, &[]).code(0), ask(&far, s3, current, &[]).code(0));
        let (near, far) = (reports(&near), reports(&far));
        assert_eq!((near.len(), far.len()), (windows, windows), "{current}");
        for (near, far) in near.iter().zip(&far) {
            assert_eq!(near["features"], far["features"], "{current}");
            assert!(far["current"].as_str().unwrap().starts_with("s3://data/churn/days"), "{}", far["current"]);
        }
    }
    // What was fetched ended with the command.
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    ask(&far, s3, "days/*.csv", &[]).code(3).says("matches no object");
    ask(&far, "s3://no-such-bucket/", "days", &[]).code(3).says("s3://no-such-bucket/ref");
    #[cfg(feature = "engine")]
    {
        let ran = ask(&far, s3, "days/2.parquet", &["--engine", "datafusion", "--sql", "SELECT x FROM data"]).code(0);
        let near = reports(&ask(&local, "", "days/2.parquet", &[]).code(0));
        assert_eq!(reports(&ran)[0]["features"], near[0]["features"]);
        let partition = ["--engine", "datafusion", "--sql", "SELECT country FROM data WHERE country = 'FR'"];
        ask(&far, s3, "ref", &partition).code(0);
    }
    #[cfg(feature = "cluster")]
    ask(&far, s3, "days", &["--engine", "df://127.0.0.1:1"]).code(2).says("a cluster cannot see it");
}

#[cfg(not(feature = "object-store"))]
#[test]
fn without_object_stores_an_address_of_one_is_refused_by_name() {
    let project = Project::new().file("presscheck.toml", "schema = 1\n[[source]]\nuri = \"s3://models/runs\"\n");
    let ran = project.run(&["inspect"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("s3://models/runs") && ran.stderr.contains("object-store"), "{}", ran.stderr);
    let ran = project.run(&["drift", "--reference", "s3://data/ref.csv", "--current", "s3://data/*.csv"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("s3://data/ref.csv") && ran.stderr.contains("object-store"), "{}", ran.stderr);
}

/// Replaces a text in every file below a folder; the number of files that held it.
#[cfg(feature = "object-store")]
#[expect(clippy::disallowed_methods, reason = "the test alters its own cache")]
fn alter(folder: &Path, from: &str, to: &str) -> usize {
    let mut altered = 0;
    for (path, bytes) in crate::project::tree(folder) {
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if text.contains(from) {
            std::fs::write(folder.join(path), text.replace(from, to)).unwrap();
            altered += 1;
        }
    }
    altered
}
