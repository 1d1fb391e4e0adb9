//! The gate on a large project: 200 rules × 500 slices, one candidate of 10,000 versions.
//!
//! `cargo bench --bench gate` writes the project below target/ (about 600 MB), runs the real binary as a pipeline
//! would, reading included, and prints the best of five. `-- VERSIONS` sets another number of versions.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should stop where it stands")]
#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench writes what it measures")]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[expect(dead_code, reason = "only the generator of numbers is used here")]
mod generate;

const METRICS: [&str; 4] = ["accuracy", "f1", "precision", "recall"];
const RULES: usize = 200;
const SLICES: usize = 500;
const ROUNDS: usize = 5;

fn main() {
    let versions: usize = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gate-{versions}"));
    if !root.join("presscheck.toml").exists() {
        write_project(&root, versions);
    }
    let candidate = format!("m@{}", versions - 1);
    let mut best = Duration::MAX;
    let mut verdict = String::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let out = Command::new(env!("CARGO_BIN_EXE_presscheck"))
            .args(["gate", &candidate, "--out", "human", "-C"])
            .arg(&root)
            .output()
            .unwrap();
        best = best.min(start.elapsed());
        verdict = String::from_utf8(out.stdout).unwrap().lines().next().unwrap_or_default().to_owned();
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    }
    println!("{RULES} rules × {SLICES} slices, 1 of {versions} versions, best of {ROUNDS}: {best:.2?}");
    println!("{verdict}");
}

fn write_project(root: &Path, versions: usize) {
    let mut numbers = generate::Numbers(7);
    for version in 0..versions {
        let folder = root.join(format!("runs/m/{version}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("run.toml"), format!("created = 2026-01-01T00:{:02}:00Z\n", version % 60)).unwrap();
        // The candidate and the champion have all four metrics on every slice, the others one.
        let metrics = if version + 2 >= versions { &METRICS[..] } else { &METRICS[..1] };
        let mut text = String::from("{\"schema\": \"presscheck.metrics/1\", \"results\": [\n");
        for metric in METRICS {
            writeln!(text, "{{\"metric\": \"{metric}\", \"value\": 0.9, \"dataset\": \"test\"}},").unwrap();
        }
        for metric in metrics {
            for slice in 0..SLICES {
                let value = 0.85 + 0.1 * numbers.next();
                writeln!(text, "{{\"metric\": \"{metric}\", \"value\": {value:.4}, \"dataset\": \"test\", \"slice\": {{\"region\": \"r{slice}\"}}, \"n\": 1000}},").unwrap();
            }
        }
        text.truncate(text.trim_end().len() - 1);
        text.push_str("]}\n");
        std::fs::write(folder.join("metrics.json"), text).unwrap();
    }
    std::fs::write(root.join("runs/m/model.toml"), format!("[aliases]\nchampion = \"{}\"\n", versions - 2)).unwrap();
    let mut policy = String::from("schema = 1\n[baseline.champion]\nselect = \"alias:champion\"\n");
    for rule in 0..RULES {
        let metric = METRICS[rule % METRICS.len()];
        writeln!(policy, "[[rule]]\nid = \"r{rule}\"\ncheck = \"metric\"\nmetric = \"{metric}\"\ndataset = \"test\"\nslices = [\"region=*\"]\nexpect_at_least = {SLICES}").unwrap();
        match rule % 2 {
            0 => policy.push_str("baseline = \"champion\"\nmax_regression = { abs = 0.2 }\n"),
            _ => writeln!(policy, "min = {}", 0.5 + rule as f64 / 1_000.0).unwrap(),
        }
    }
    // Last, so that a project that was not written in full is written again.
    std::fs::write(root.join("presscheck.toml"), policy).unwrap();
}
