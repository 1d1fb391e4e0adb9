//! The MLflow file store against a plain loop over the same files and against MLflow's own client.
//!
//! `cargo bench --bench mlflow` makes a store of 10,000 runs × 20 metrics × 30 params (once, in the
//! target folder), reads it, reads the same files with `std::fs::read` and nothing else, and prints
//! the ratio. With `PRESSCHECK_MLFLOW_PYTHON` (a Python that has mlflow) it also times
//! `MlflowClient.search_runs` with all its pages. `-- RUNS` sets another number of runs.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should stop where it stands")]
#![expect(clippy::disallowed_methods, reason = "a bench makes its own input and times it")]
#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use presscheck::import;
use presscheck::model::{Catalogue, Registry, assemble};
use presscheck::source::{Limits, Source};

#[expect(dead_code, reason = "only the generator of numbers is used here")]
mod generate;

const METRICS: usize = 20;
const PARAMS: usize = 30;
const ROUNDS: usize = 3;
/// The argument of the process that reads once and tells its peak memory.
const ONCE: &str = "--once";

fn main() {
    let runs = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("mlflow-{runs}"));
    let store = folder.join("mlruns");
    if !folder.join("complete").exists() {
        println!("making a store of {runs} runs in {}", folder.display());
        make(&store, runs);
        std::fs::write(folder.join("complete"), "").unwrap();
    }
    if std::env::args().any(|a| a == ONCE) {
        // In a process of its own: the most memory that reading alone takes.
        assert_eq!(read(&store).runs.len(), runs);
        println!("{}", peak_memory().unwrap_or_default());
        return;
    }
    let mut ours = Vec::new();
    let mut plain = Vec::new();
    let mut count = 0;
    for _ in 0..ROUNDS {
        let (files, bytes, took) = read_plainly(&store);
        plain.push(took);
        let start = Instant::now();
        let registry = read(&store);
        ours.push(start.elapsed());
        assert_eq!(registry.runs.len(), runs);
        assert_eq!(registry.runs.iter().map(|r| r.results.len()).sum::<usize>(), runs * METRICS);
        assert_eq!(registry.runs.iter().map(|r| r.params.len()).sum::<usize>(), runs * PARAMS);
        count = files;
        println!("  {files} files, {bytes} bytes: loop {took:.2?}, presscheck {:.2?}", ours.last().unwrap());
    }
    let (ours, plain) = (best(&ours), best(&plain));
    println!("{runs} runs × {METRICS} metrics × {PARAMS} params, {count} files, best of {ROUNDS}");
    println!("plain loop over the same files   {plain:.2?}");
    println!("presscheck, all linked           {ours:.2?}   {:.2} × the loop", ratio(ours, plain));
    let alone = std::process::Command::new(std::env::current_exe().unwrap()).args([ONCE, &runs.to_string()]).output();
    let peak = String::from_utf8_lossy(&alone.unwrap().stdout).trim().to_owned();
    println!("peak memory of presscheck        {peak} MB");
    let Some(python) = std::env::var_os("PRESSCHECK_MLFLOW_PYTHON") else {
        println!("MlflowClient                     not timed: set PRESSCHECK_MLFLOW_PYTHON");
        return;
    };
    let output = std::process::Command::new(python)
        .args(["-c", CLIENT, store.to_str().unwrap()])
        .env("MLFLOW_ALLOW_FILE_STORE", "true")
        .env("GIT_PYTHON_REFRESH", "quiet")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = |line: &str| -> Vec<f64> { line.split_whitespace().filter_map(|n| n.parse().ok()).collect() };
    let Some([seconds, cpu]) = text.lines().last().and_then(|l| <[f64; 2]>::try_from(numbers(l)).ok()) else {
        println!("MlflowClient                     failed: {}", String::from_utf8_lossy(&output.stderr));
        return;
    };
    let client = Duration::from_secs_f64(seconds);
    println!("MlflowClient.search_runs         {client:.2?}   {:.0} × presscheck", ratio(client, ours));
    println!("  its CPU time                   {cpu:.0} s");
}

/// All runs of all experiments, page by page.
const CLIENT: &str = "
import sys, time
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
start = time.perf_counter()
experiments = [e.experiment_id for e in client.search_experiments()]
token, runs = None, 0
while True:
    page = client.search_runs(experiments, max_results=1000, page_token=token)
    runs += len(page)
    token = page.token
    if not token: break
print(runs, file=sys.stderr)
print(time.perf_counter() - start, time.process_time())
";

fn best(times: &[Duration]) -> Duration {
    times.iter().min().copied().unwrap_or_default()
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

fn read(store: &Path) -> Registry {
    let source = Source::discover(store, "mlruns", &[], Limits::default()).unwrap();
    assemble(import::import(&source, None), Catalogue::built_in(), &[])
}

/// Reads every file of the store, one after the other; listing them is not counted.
fn read_plainly(store: &Path) -> (usize, usize, Duration) {
    let files: Vec<PathBuf> = walkdir::WalkDir::new(store)
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    let start = Instant::now();
    let mut bytes = 0;
    for file in &files {
        bytes += std::hint::black_box(std::fs::read(file).unwrap()).len();
    }
    (files.len(), bytes, start.elapsed())
}

/// The most memory that this process has had, in megabytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

/// A store as MLflow 2 and 3 write it: two experiments, finished runs, short histories.
fn make(store: &Path, runs: usize) {
    let mut numbers = generate::Numbers(42);
    let put = |path: PathBuf, content: &str| std::fs::write(path, content).unwrap();
    for experiment in ["0", "584217634098123456"] {
        std::fs::create_dir_all(store.join(experiment)).unwrap();
        let name = if experiment == "0" { "Default" } else { "sweep" };
        put(
            store.join(experiment).join("meta.yaml"),
            &format!(
                "artifact_location: file:///srv/ml/mlruns/{experiment}\ncreation_time: 1793498738868\nexperiment_id: '{experiment}'\nlast_update_time: 1793498738868\nlifecycle_stage: active\nname: {name}\n"
            ),
        );
    }
    for i in 0..runs {
        let experiment = "584217634098123456";
        let id = format!("{:016x}{:016x}", numbers.next().to_bits(), i);
        let run = store.join(experiment).join(&id);
        for folder in ["artifacts", "metrics", "params", "tags"] {
            std::fs::create_dir_all(run.join(folder)).unwrap();
        }
        let start = 1_793_498_738_868_u64 + i as u64 * 60_000;
        put(
            run.join("meta.yaml"),
            &format!(
                "artifact_uri: file:///srv/ml/mlruns/{experiment}/{id}/artifacts\nend_time: {}\nentry_point_name: ''\nexperiment_id: '{experiment}'\nlifecycle_stage: active\nrun_id: {id}\nrun_name: sweep-{i:05}\nsource_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: {start}\nstatus: 3\ntags: []\nuser_id: ml\n",
                start + 45_000
            ),
        );
        for j in 0..METRICS {
            let mut lines = String::new();
            for step in 0..if j < 4 { 10 } else { 1 } {
                let _ = writeln!(lines, "{} {} {step}", start + step * 1000, numbers.next());
            }
            put(run.join("metrics").join(format!("metric_{j:02}")), &lines);
        }
        for j in 0..PARAMS {
            put(run.join("params").join(format!("param_{j:02}")), &format!("{:.6}", numbers.next()));
        }
        for (key, value) in [
            ("mlflow.runName", format!("sweep-{i:05}")),
            ("mlflow.user", "ml".to_owned()),
            ("mlflow.source.name", "train.py".to_owned()),
            ("mlflow.source.type", "LOCAL".to_owned()),
        ] {
            put(run.join("tags").join(key), &value);
        }
    }
}
