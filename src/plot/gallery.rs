//! Every kind of chart with plausible data: a page to look at, and a yardstick for size and speed.
//!
//! In: nothing. Out: `target/plot-gallery/index.html`, light and dark. Must not: assert on looks.

use super::*;

/// Small deterministic noise in −1..1.
fn noise(seed: u64) -> f64 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678;
    x ^= x >> 31;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 29;
    (x % 20_001) as f64 / 10_000.0 - 1.0
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

pub(crate) fn trend_spec(versions: usize, lines: usize) -> TrendSpec {
    TrendSpec {
        heading: Heading::new(format!("trend{versions}-{lines}"), "AUC over versions"),
        metric: "AUC on holdout".to_owned(),
        place: "version".to_owned(),
        labels: (0..versions).map(|i| format!("1.{i}.0")).collect(),
        series: (0..lines)
            .map(|l| TrendSeries {
                name: ["holdout", "validation", "地域=東京", "train"][l % 4].to_owned(),
                points: (0..versions)
                    .map(|i| {
                        let v = 0.86 + 0.05 * (i as f64 / versions as f64) - 0.012 * l as f64
                            + 0.008 * noise((i * 7 + l) as u64);
                        TrendPoint {
                            value: (i != 4).then_some(v),
                            interval: (lines == 1).then_some((v - 0.011, v + 0.010)),
                            promoted: lines == 1 && (i % if versions > 40 { 61 } else { 5 } == 2),
                        }
                    })
                    .collect(),
            })
            .collect(),
        interval_name: "95 % interval".to_owned(),
        threshold: Some(Threshold { value: 0.86, label: "at least 0.86".to_owned(), passes: Side::AtLeast }),
        from_zero: false,
        marks: Vec::new(),
    }
}

pub(crate) fn series_spec(steps: u32) -> SeriesSpec {
    let line = |name: &str, floor: f64, seed: u64| StepSeries {
        name: name.to_owned(),
        points: (0..steps)
            .map(|i| {
                let t = f64::from(i) / f64::from(steps);
                let y = floor + 1.4 * (-5.0 * t).exp() + 0.05 * noise(u64::from(i) + seed);
                (f64::from(i * 20), if (0.42..0.46).contains(&t) && seed > 0 { f64::NAN } else { y })
            })
            .collect(),
        total: None,
    };
    SeriesSpec {
        heading: Heading::new("series", "Loss"),
        metric: "loss (nats)".to_owned(),
        step: "step".to_owned(),
        series: vec![line("train", 0.2, 0), line("validation", 0.29, 999_999)],
    }
}

pub(crate) fn curve_spec(kind: CurveKind, curves: usize, points: usize) -> CurveSpec {
    CurveSpec {
        heading: Heading::new(format!("curve{kind:?}"), "Curve"),
        kind,
        curves: (0..curves)
            .map(|c| Curve {
                name: ["champion 1.3.0", "candidate 1.4.0", "a class with quite a long name", "클래스", "e", "f"][c]
                    .to_owned(),
                points: (0..=points)
                    .map(|i| {
                        let t = i as f64 / points as f64;
                        let power = 0.12 + 0.1 * c as f64;
                        match kind {
                            CurveKind::Roc => (t, t.powf(power)),
                            CurveKind::PrecisionRecall => (t, 1.0 - 0.7 * t.powf(1.0 / power / 2.0)),
                            CurveKind::Det => (t, 1.0 - t.powf(power)),
                        }
                    })
                    .collect(),
                area: Some(1.0 / (1.12 + 0.1 * c as f64)),
            })
            .collect(),
        prevalence: Some(0.3),
    }
}

pub(crate) fn calibration_spec() -> CalibrationSpec {
    CalibrationSpec {
        heading: Heading::new("calibration", "Calibration"),
        bins: (0..10)
            .map(|i| {
                let p = 0.05 + 0.1 * f64::from(i);
                let o = (p * p * 0.6 + 0.36 * p + 0.02 * noise(i as u64)).clamp(0.0, 1.0);
                Bin {
                    predicted: p,
                    observed: o,
                    interval: Some((o - 0.03, o + 0.03)),
                    count: Some((1200.0 * (-3.0 * p).exp()).round()),
                }
            })
            .collect(),
        summary: Some(("ECE".to_owned(), 0.0312)),
    }
}

pub(crate) fn matrix_spec(names: &[&str]) -> MatrixSpec {
    let n = names.len();
    MatrixSpec {
        heading: Heading::new(format!("matrix{n}"), "Confusion matrix"),
        classes: words(names),
        counts: (0..n)
            .map(|r| {
                (0..n)
                    .map(|c| {
                        if r == c {
                            180.0 + 9.0 * r as f64
                        } else {
                            (12.0 * noise((r * 31 + c) as u64)).max(0.0).round()
                                * if r.abs_diff(c) == 1 { 5.0 } else { 1.0 }
                        }
                    })
                    .collect()
            })
            .collect(),
    }
}

pub(crate) fn slices_spec() -> BarsSpec {
    let names = [
        "all",
        "region=north",
        "region=south",
        "country=日本",
        "age<25",
        "age>=65 & contract=month-to-month & payment=electronic check",
        "язык=русский",
        "plan=premium",
    ];
    BarsSpec {
        heading: Heading::new("slices", "AUC by slice"),
        measure: "AUC".to_owned(),
        mark: Mark::Point,
        bars: names
            .iter()
            .enumerate()
            .map(|(i, n)| {
                let v = 0.89 + 0.04 * noise(i as u64 + 3);
                Bar {
                    label: (*n).to_owned(),
                    value: (i != 3).then_some(v),
                    interval: Some((v - 0.02, v + 0.018)),
                    flagged: i == 4,
                }
            })
            .collect(),
        reference: Some((0.85, "at least".to_owned())),
    }
}

pub(crate) fn importance_spec() -> BarsSpec {
    let names = [
        "tenure_months",
        "monthly_charges",
        "contract_type",
        "support_calls_90d",
        "payment_method",
        "age",
        "random_noise",
    ];
    BarsSpec {
        heading: Heading::new("importance", "Permutation importance"),
        measure: "drop in AUC".to_owned(),
        mark: Mark::Bar,
        bars: names
            .iter()
            .enumerate()
            .map(|(i, n)| {
                let v = 0.08 * (-0.6 * i as f64).exp() - 0.004;
                Bar { label: (*n).to_owned(), value: Some(v), interval: Some((v - 0.003, v + 0.003)), flagged: false }
            })
            .collect(),
        reference: None,
    }
}

pub(crate) fn heatmap_spec(features: usize, windows: usize) -> HeatmapSpec {
    const NAMES: [&str; 8] = [
        "tenure_months",
        "monthly_charges",
        "contract_type",
        "support_calls_90d_rolling_mean",
        "年齢",
        "age",
        "payment_method",
        "zip",
    ];
    HeatmapSpec {
        heading: Heading::new(format!("heat{features}"), "Drift by feature and window"),
        features: (0..features).map(|i| if i < 8 { NAMES[i].to_owned() } else { format!("feature_{i:03}") }).collect(),
        windows: (0..windows).map(|i| format!("2026-W{:02}", i + 20)).collect(),
        cells: (0..features)
            .map(|r| {
                (0..windows)
                    .map(|c| {
                        let v = (0.5 + 0.45 * noise((r * 101 + c) as u64) + if r < 3 { 0.11 * c as f64 } else { 0.0 })
                            .max(0.0);
                        if (r + c) % 17 == 9 {
                            Cell::default()
                        } else {
                            Cell {
                                ratio: Some(v),
                                drifted: v >= 1.0,
                                label: format!("PSI {:.2}, threshold 0.2", v * 0.2),
                                ..Cell::default()
                            }
                        }
                    })
                    .collect()
            })
            .collect(),
        rows: Vec::new(),
    }
}

pub(crate) fn histogram_spec(categories: bool) -> HistogramSpec {
    let named = |shift: usize| {
        Distribution::Categories(
            ["month-to-month", "one year", "two years", "无合同", "legacy contract from before 2019"]
                .iter()
                .enumerate()
                .map(|(i, n)| ((*n).to_owned(), 50.0 / (1 + (i + shift) % 5) as f64))
                .collect(),
        )
    };
    let edges: Vec<f64> = (0..=20).map(|i| f64::from(i) * 4.0).collect();
    let bell = |m: f64| Distribution::Numbers {
        edges: edges.clone(),
        counts: edges.windows(2).map(|e| 1000.0 * (-((e[0] - m) / 14.0).powi(2)).exp()).collect(),
    };
    let (reference, current) = if categories { (named(0), named(1)) } else { (bell(30.0), bell(40.0)) };
    HistogramSpec {
        heading: Heading::new(format!("hist{categories}"), "Distribution"),
        feature: if categories { "contract" } else { "tenure (months)" }.to_owned(),
        reference,
        current,
    }
}

pub(crate) fn sparkline_spec() -> SparklineSpec {
    SparklineSpec {
        heading: Heading::new("spark", "AUC"),
        values: (0..24).map(|i| Some(0.8 + 0.004 * f64::from(i) + 0.02 * noise(i as u64))).collect(),
        extremes: true,
    }
}

pub(crate) fn score_spec() -> ScoreOverTimeSpec {
    ScoreOverTimeSpec {
        heading: Heading::new("score", "PSI of tenure_months"),
        score: "PSI".to_owned(),
        windows: (0..16).map(|i| format!("2026-W{:02}", i + 20)).collect(),
        values: (0..16).map(|i| (i != 6).then_some(0.04 + 0.014 * f64::from(i) + 0.02 * noise(i as u64))).collect(),
        threshold: Some((0.2, "drift from 0.2".to_owned())),
        quiet: None,
        alarm: Some(12),
    }
}

fn odd_trend(values: &[f64]) -> TrendSpec {
    TrendSpec {
        heading: Heading::new(format!("odd{}", values[1]), "Odd values"),
        metric: "loss".to_owned(),
        place: "version".to_owned(),
        labels: (0..values.len()).map(|i| format!("release/2026-11-{i:02}-a-long-name")).collect(),
        series: vec![TrendSeries {
            name: String::new(),
            points: values.iter().map(|v| TrendPoint { value: Some(*v), ..TrendPoint::default() }).collect(),
        }],
        ..TrendSpec::default()
    }
}

fn many_bars() -> BarsSpec {
    let bar = |i: u64| Bar {
        label: format!("feature_{i:02}"),
        value: Some(noise(i) * 1234.5),
        interval: None,
        flagged: i % 13 == 5,
    };
    BarsSpec {
        heading: Heading::new("sixty", "Sixty"),
        measure: "SHAP".to_owned(),
        bars: (0..70).map(bar).collect(),
        reference: Some((900.0, "bound".to_owned())),
        ..BarsSpec::default()
    }
}

fn unequal_bins() -> HistogramSpec {
    let side = |edges: &[f64], counts: &[f64]| Distribution::Numbers { edges: edges.to_vec(), counts: counts.to_vec() };
    HistogramSpec {
        heading: Heading::new("unequal", "Unequal bins"),
        feature: "amount (€)".to_owned(),
        reference: side(&[f64::NEG_INFINITY, 10.0, 20.0, 35.0, 60.0, f64::INFINITY], &[20.0, 20.0, 20.0, 20.0, 20.0]),
        current: side(&[0.0, 15.0, 25.0, 40.0, 80.0], &[10.0, 30.0, 40.0, 30.0]),
    }
}

/// A name and how to draw it, for the page and for timing.
type Sample = (&'static str, Box<dyn Fn() -> Figure>);

fn samples() -> Vec<Sample> {
    fn sample<S: 'static>(name: &'static str, spec: S, draw: fn(&S) -> Figure) -> Sample {
        (name, Box::new(move || draw(&spec)))
    }
    let long: Vec<String> = (0..60).map(|i| format!("class {i}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    vec![
        sample("trend", trend_spec(14, 1), trend),
        sample("trend, three lines", trend_spec(14, 3), trend),
        sample("trend, long", trend_spec(400, 1), trend),
        sample("trend, one version", trend_spec(1, 1), trend),
        sample("score over time", score_spec(), score_over_time),
        sample("series", series_spec(5000), series),
        sample("roc", curve_spec(CurveKind::Roc, 3, 500), curve),
        sample("pr", curve_spec(CurveKind::PrecisionRecall, 2, 500), curve),
        sample("det", curve_spec(CurveKind::Det, 2, 2000), curve),
        sample("calibration", calibration_spec(), calibration),
        sample("matrix 2", matrix_spec(&["stays", "churns"]), matrix),
        sample(
            "matrix 8",
            matrix_spec(&[
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "とても長いクラスの名前です",
                "frog",
                "a class with a name that is far too long to be shown",
            ]),
            matrix,
        ),
        sample("matrix 60", matrix_spec(&long), matrix),
        sample("slices", slices_spec(), bars),
        sample("importance", importance_spec(), bars),
        sample("heatmap", heatmap_spec(14, 12), heatmap),
        sample("heatmap 90", heatmap_spec(90, 40), heatmap),
        sample("histogram", histogram_spec(false), histogram),
        sample("histogram, categories", histogram_spec(true), histogram),
        sample("sparkline", sparkline_spec(), sparkline),
        sample("odd: huge values", odd_trend(&[1e250, 3e250, f64::NAN, 2e250]), trend),
        sample("odd: one far value", odd_trend(&[0.1, 0.3, 1e99, 0.2]), trend),
        sample("odd: equal values", odd_trend(&[0.9, 0.9, 0.9]), trend),
        sample("odd: tiny steps", odd_trend(&[1e9, 1e9 + 0.001, 1e9 + 0.002]), trend),
        sample("six curves", curve_spec(CurveKind::Roc, 6, 300), curve),
        sample("sixty bars", many_bars(), bars),
        sample("one window", heatmap_spec(6, 1), heatmap),
        sample("unequal bins", unequal_bins(), histogram),
        sample("empty", TrendSpec { heading: Heading::new("e", "Nothing"), ..TrendSpec::default() }, trend),
    ]
}

const SHEET: &str = "body{font:14px system-ui,sans-serif;margin:24px;background:#fff;color:#1f2328}\
.dark{background:#14171a;color:#e6e8ea}section{padding:16px;display:flex;flex-wrap:wrap;gap:28px}figure{margin:0;max-width:660px}\
figcaption{font-weight:600;margin-bottom:8px}p{font-size:12px;opacity:.75;margin:4px 0;max-width:600px}svg.plot{max-width:100%;height:auto}\
section{--c1:#2563ab;--c2:#c2570c;--c3:#2f855a;--c4:#8b4cb8;--c5:#a16207;--c6:#be185d;--bad:#b3261e;--g:#d8dde2;--heat:37,99,171}\
.dark{--c1:#6cb0f5;--c2:#f59e5b;--c3:#6ccf9a;--c4:#c79bea;--c5:#e5c15a;--c6:#f58fbd;--bad:#ff8a80;--g:#333a41;--heat:108,176,245}\
.gr{stroke:var(--g);stroke-opacity:1}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}\
.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}\
.th{stroke:var(--bad)}.beyond{fill:var(--bad);fill-opacity:.06}.bad{stroke:var(--bad)}.iv{stroke:var(--c1);stroke-opacity:.6}.bar{fill:var(--c1);fill-opacity:.75}.cur{stroke:var(--c1)}\
.q0{fill:rgba(var(--heat),.04)}.q1{fill:rgba(var(--heat),.1)}.q2{fill:rgba(var(--heat),.17)}.q3{fill:rgba(var(--heat),.25)}.q4{fill:rgba(var(--heat),.34)}\
.q5{fill:rgba(var(--heat),.55)}.q6{fill:rgba(var(--heat),.66)}.q7{fill:rgba(var(--heat),.77)}.q8{fill:rgba(var(--heat),.88)}.q9{fill:rgb(var(--heat))}\
.q0,.q1,.q2,.q3,.q4,.q5,.q6,.q7,.q8,.q9{fill-opacity:1}.tx-d{fill:#fff}.dark .tx-d{fill:#0b1117}";

#[test]
#[expect(clippy::disallowed_methods, reason = "a page for the eyes of the author, below target/")]
fn gallery_page() {
    let mut page = format!("<!doctype html><meta charset=utf-8><title>plots</title><style>{SHEET}</style>");
    for theme in ["light", "dark"] {
        page.push_str(&format!("<section class={theme}>"));
        for (name, draw) in samples() {
            let f = draw();
            let svg = f.svg.as_str();
            page.push_str(&format!(
                "<figure><figcaption>{name} ({} bytes)</figcaption>{svg}<p>{}</p><p>{}</p></figure>",
                svg.len(),
                super::clean(&f.description).replace('<', "&lt;"),
                f.notes.join("; ").replace('<', "&lt;")
            ));
        }
        page.push_str("</section>");
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/plot-gallery");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), &page).unwrap();
    // The same charts without any stylesheet, as a feed reader or a printer may show them.
    let bare = page.split("</style>").nth(1).and_then(|p| p.split("<section class=dark>").next()).unwrap();
    std::fs::write(folder.join("bare.html"), format!("<!doctype html><meta charset=utf-8>{bare}")).unwrap();
}

#[test]
fn typical_charts_are_light() {
    for (name, draw) in samples() {
        let most = match name {
            "heatmap 90" => 60_000,
            "matrix 60" => 40_000,
            "series" | "trend, long" | "heatmap" | "matrix 8" => 9_000,
            "sixty bars" => 13_000,
            "trend, three lines" | "six curves" => 7_000,
            _ => 6_000,
        };
        let weight = draw().svg.as_str().len();
        assert!(weight <= most, "{name}: {weight} bytes");
    }
}

#[test]
fn same_spec_same_bytes() {
    for (name, draw) in samples() {
        assert_eq!(draw(), draw(), "{name}");
    }
}

#[test]
#[ignore = "timing: run in a release build on a quiet machine"]
fn timing() {
    use std::io::Write as _;
    for (name, draw) in samples() {
        let rounds = 200u32;
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(draw());
        }
        let each = start.elapsed() / rounds;
        let _ = writeln!(std::io::stderr(), "{name:26} {each:>12?} {:>7} bytes", draw().svg.as_str().len());
    }
}
