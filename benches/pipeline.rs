//! Benches of the pipeline on a generated project: load, gate, charts, render, write.
//!
//! `cargo bench` runs them. `cargo bench --bench pipeline -- --generate FOLDER VERSIONS` writes a
//! project for timing whole commands.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should stop where it stands")]

mod generate;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use divan::counter::ItemsCount;
use presscheck::config::Config;
use presscheck::gate::verdict::{Clock, Verdict};
use presscheck::model::{Instant, Registry, assemble};
use presscheck::source::{Limits, Source};
use presscheck::{gate, import, output, plot, site};

const VERSIONS: usize = 2_000;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("generated-{VERSIONS}"));
    if !folder.join("presscheck.toml").exists() {
        generate::project(&folder, VERSIONS).unwrap();
    }
    folder
});
static CONFIG: LazyLock<Config> =
    LazyLock::new(|| Config::parse(generate::CONFIG, "presscheck.toml", "generated").unwrap());
static REGISTRY: LazyLock<Registry> = LazyLock::new(load_all);
static HISTORY: gate::history::History = gate::history::History::EMPTY;
static VERDICTS: LazyLock<BTreeMap<(String, String), Vec<Verdict>>> = LazyLock::new(judge_all);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|a| a == "--generate") {
        generate::project(&PathBuf::from(&arguments[at + 1]), arguments[at + 2].parse().unwrap()).unwrap();
        return;
    }
    divan::main();
}

fn load_all() -> Registry {
    let source = Source::discover(&FOLDER.join("runs"), "runs", &[], Limits::default()).unwrap();
    assemble(import::import(&source, None), CONFIG.catalogue.clone(), &[])
}

fn judge_all() -> BTreeMap<(String, String), Vec<Verdict>> {
    let policy = CONFIG.policy.as_ref().unwrap();
    let at = Instant::parse("2026-11-01").unwrap();
    REGISTRY
        .models
        .iter()
        .flat_map(|m| &m.versions)
        .map(|v| {
            let verdict = gate::evaluate(policy, &gate::Inputs::new(&REGISTRY, at, Clock::AsOf), v, "production");
            ((v.model.clone(), v.version.clone()), vec![verdict])
        })
        .collect()
}

fn render_all() -> Vec<(String, Vec<u8>)> {
    let options = site::SiteOptions {
        title: "Generated".to_owned(),
        base_url: None,
        leaderboards: Vec::new(),
        overrides: BTreeMap::new(),
        footer: None,
        generator: "bench".to_owned(),
        data_as_of: Instant::parse("2026-11-01"),
    };
    let input = site::SiteInput {
        registry: &REGISTRY,
        verdicts: &VERDICTS,
        history: &HISTORY,
        policy: None,
        options: &options,
    };
    site::render(&input, &|_, _| {}).unwrap()
}

/// Read, hash, import and link every file.
#[divan::bench(sample_count = 5)]
fn load(bencher: divan::Bencher<'_, '_>) {
    LazyLock::force(&FOLDER);
    bencher.counter(ItemsCount::new(VERSIONS)).bench(load_all);
}

/// Judge every version.
#[divan::bench(sample_count = 10)]
fn judge(bencher: divan::Bencher<'_, '_>) {
    LazyLock::force(&REGISTRY);
    bencher.counter(ItemsCount::new(VERSIONS)).bench(judge_all);
}

/// Draw the three charts of a version page.
#[divan::bench]
fn charts(bencher: divan::Bencher<'_, '_>) {
    let run = &REGISTRY.runs[0];
    let roc: Vec<(f64, f64)> = run.curves[0].points.iter().map(|p| (p.x.as_f64(), p.y.as_f64())).collect();
    let counts: Vec<Vec<f64>> = run.matrices[0].rows.iter().map(|r| r.iter().map(|c| c.as_f64()).collect()).collect();
    let series: Vec<(String, Vec<(f64, f64)>)> = run
        .series
        .iter()
        .map(|s| (s.metric.clone(), s.points.iter().map(|p| (p.step as f64, p.value.as_f64())).collect()))
        .collect();
    bencher.counter(ItemsCount::new(3usize)).bench(|| {
        let heading = |id: &str| plot::Heading::new(id, id);
        let curve = plot::CurveSpec {
            heading: heading("roc"),
            kind: plot::CurveKind::Roc,
            curves: vec![plot::Curve { name: "test".to_owned(), points: divan::black_box(roc.clone()), area: None }],
            prevalence: None,
        };
        let matrix = plot::MatrixSpec {
            heading: heading("confusion"),
            classes: run.matrices[0].labels.clone(),
            counts: counts.clone(),
        };
        let series = plot::SeriesSpec {
            heading: heading("loss"),
            metric: "loss".to_owned(),
            step: "step".to_owned(),
            series: series
                .iter()
                .map(|(name, points)| plot::StepSeries { name: name.clone(), points: points.clone(), total: None })
                .collect(),
        };
        (plot::curve(&curve), plot::matrix(&matrix), plot::series(&series))
    });
}

/// Render all pages.
#[divan::bench(sample_count = 3)]
fn render(bencher: divan::Bencher<'_, '_>) {
    LazyLock::force(&VERDICTS);
    bencher.counter(ItemsCount::new(VERSIONS)).bench(render_all);
}

/// Write the site into an empty folder, then once more over itself.
#[divan::bench(sample_count = 3, args = ["cold", "warm"])]
fn write(bencher: divan::Bencher<'_, '_>, how: &str) {
    let files = render_all();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("public");
    let target =
        output::Target { root: &root, inputs: &[], home: None, working_dir: None, adopt: false, generator: "bench" };
    if how == "warm" {
        output::commit(&target, files.clone()).unwrap();
    }
    bencher
        .counter(ItemsCount::new(files.len()))
        .with_inputs(|| {
            if how == "cold" {
                let _ = output::commit(&target, Vec::new());
            }
            files.clone()
        })
        .bench_values(|files| output::commit(&target, files).unwrap());
}
