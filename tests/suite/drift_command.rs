//! `presscheck drift`: the same numbers from every format and however the data is split, a status for every column, and
//! what it writes for others.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use presscheck::drift::summary::{Numbers, Sample};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::project::{Project, Ran};
use crate::{corpus, drift_methods};

/// Options that give the numbers of the reference tables.
const PLAIN: &[&str] = &["--correction", "none", "--bins", "evidently", "--format", "json"];

pub(crate) fn reports(ran: &Ran) -> Vec<Value> {
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{}", ran.stderr)))
        .collect()
}

fn entry<'r>(report: &'r Value, feature: &str, method: &str) -> &'r Value {
    let entries = report["features"].as_array().unwrap();
    entries
        .iter()
        .find(|f| f["feature"] == feature && (method.is_empty() || f["method"] == method))
        .unwrap_or_else(|| panic!("{feature} {method}: {report}"))
}

pub(crate) fn drift(project: &Project, arguments: &[&str]) -> Ran {
    project.run(&[&["drift"], arguments].concat())
}

/// Columns of equal length as CSV.
pub(crate) fn csv(columns: &[(&str, &[Option<String>])]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|(name, _)| *name)).unwrap();
    for row in 0..columns[0].1.len() {
        writer.write_record(columns.iter().map(|(_, cells)| cells[row].as_deref().unwrap_or(""))).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn batch(columns: &[(&str, bool, &[Option<String>])]) -> RecordBatch {
    let array = |numeric: bool, cells: &[Option<String>]| -> ArrayRef {
        if numeric {
            let numbers = cells.iter().map(|c| c.as_ref().map(|t| t.parse::<f64>().unwrap()));
            Arc::new(numbers.collect::<Float64Array>())
        } else {
            Arc::new(cells.iter().map(|c| c.as_deref()).collect::<StringArray>())
        }
    };
    RecordBatch::try_from_iter_with_nullable(columns.iter().map(|(name, n, cells)| (*name, array(*n, cells), true)))
        .unwrap()
}

pub(crate) fn parquet(columns: &[(&str, bool, &[Option<String>])]) -> Vec<u8> {
    let batch = batch(columns);
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_max_row_group_row_count(Some(200))
        .set_compression(parquet::basic::Compression::SNAPPY)
        .build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

pub(crate) fn arrow(columns: &[(&str, bool, &[Option<String>])], stream: bool) -> Vec<u8> {
    let batch = batch(columns);
    let mut out = Vec::new();
    if stream {
        let mut writer = arrow_ipc::writer::StreamWriter::try_new(&mut out, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
    } else {
        let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut out, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
    }
    out
}

pub(crate) fn lines(columns: &[(&str, bool, &[Option<String>])]) -> String {
    let rows = columns[0].2.len();
    (0..rows)
        .map(|row| {
            let object: serde_json::Map<String, Value> = columns
                .iter()
                .filter_map(|(name, numeric, cells)| {
                    let cell = cells[row].as_ref()?;
                    let value = if *numeric { json!(cell.parse::<f64>().unwrap()) } else { json!(cell) };
                    Some(((*name).to_owned(), value))
                })
                .collect();
            Value::Object(object).to_string() + "\n"
        })
        .collect()
}

#[track_caller]
fn near(what: &str, ours: &Value, theirs: &Value) {
    let (a, b) = (ours.as_f64().unwrap_or(f64::NAN), theirs.as_f64().unwrap_or(f64::NAN));
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {ours} is not {theirs}");
}

/// The columns of the fixture in a file of each format, both sides, against the reference values of scipy and Evidently.
#[test]
fn every_format_gives_the_reference_values() {
    for (name, numeric, sides, truth) in drift_methods::columns() {
        let column = |side: usize| [(name.as_str(), numeric, sides[side].as_slice())];
        let plain = |side: usize| csv(&[(name.as_str(), sides[side].as_slice())]);
        let project = Project::new()
            .file("ref.csv", plain(0))
            .file("cur.csv", plain(1))
            .file("cur.tsv", plain(1).replace(',', "\t"))
            .file("cur.parquet", parquet(&column(1)))
            .file("ref.parquet", parquet(&column(0)))
            .file("cur.arrow", arrow(&column(1), false))
            .file("cur.stream", arrow(&column(1), true))
            .file("cur.jsonl", lines(&column(1)));
        let methods: &[&str] = if numeric {
            &["psi", "ks", "wasserstein", "jensen_shannon", "kl_divergence"]
        } else {
            &["psi", "jensen_shannon", "hellinger", "total_variation"]
        };
        let mut arguments = PLAIN.to_vec();
        methods.iter().for_each(|m| arguments.extend(["--method", *m]));
        for reference in ["ref.csv", "ref.parquet"] {
            let files = ["cur.csv", "cur.tsv", "cur.parquet", "cur.arrow", "cur.stream", "cur.jsonl"];
            for current in files {
                let sides = ["--reference", reference, "--current", current];
                let ran = drift(&project, &[&arguments[..], &sides].concat()).code(0);
                let reports = reports(&ran);
                let what = |m: &str| format!("{name} {m} {reference} {current}");
                let score = |m: &str| &entry(&reports[0], &name, m)["score"];
                if truth.get("ks").is_some() {
                    near(&what("ks"), score("ks"), &truth["ks"]["auto"]["statistic"]);
                    let p = &entry(&reports[0], &name, "ks")["p_value"];
                    near(&what("ks p"), p, &truth["ks"]["auto"]["p_value"]);
                    near(&what("wasserstein"), score("wasserstein"), &truth["wasserstein"]["raw"]);
                } else {
                    near(&what("hellinger"), score("hellinger"), &truth["hellinger"]);
                    near(&what("total variation"), score("total_variation"), &truth["total_variation"]);
                }
                // numpy never cuts whole numbers below a width of 1; only CSV says here that they are whole.
                if !numeric || reference == "ref.csv" && current == "cur.csv" {
                    near(&what("psi"), score("psi"), &truth["evidently"]["psi"]["score"]);
                }
            }
        }
    }
}

/// All columns at once, from the CSV and Parquet files of the corpus: other encodings, compressions and row groups.
#[test]
fn the_corpus_agrees_whatever_its_encoding() {
    let Some(root) = corpus::folder("drift/truth") else { return };
    let truth = corpus::json(&root.join("truth.json"));
    let project = Project::new();
    let file = |name: &str| root.join(name).display().to_string();
    let mut pairs = vec![(file("wide.ref.csv"), file("wide.cur.csv"))];
    for name in [
        "none-plain",
        "snappy-dict",
        "zstd-v2pages",
        "gzip-rowgroups",
        "lz4-smallpages",
        "brotli-bss",
        "v1",
        "zstd-delta",
    ] {
        pairs.push((file(&format!("parquet/{name}.ref.parquet")), file(&format!("parquet/{name}.cur.parquet"))));
    }
    let methods = ["ks", "wasserstein", "hellinger", "chi_square", "total_variation"];
    let mut seen = 0;
    for (reference, current) in pairs {
        let mut arguments = vec!["--reference", &reference, "--current", &current];
        arguments.extend(PLAIN);
        methods.iter().for_each(|m| arguments.extend(["--method", m]));
        let reports = reports(&drift(&project, &arguments).code(0));
        for (name, values) in truth["numerical"].as_object().unwrap() {
            if !reports[0]["features"].as_array().unwrap().iter().any(|f| f["feature"] == name.as_str()) {
                continue;
            }
            let found = entry(&reports[0], name, "ks");
            near(&format!("{current} {name}"), &found["score"], &values["ks"]["auto"]["statistic"]);
            near(&format!("{current} {name} p"), &found["p_value"], &values["ks"]["auto"]["p_value"]);
            let found = entry(&reports[0], name, "wasserstein");
            near(&format!("{current} {name} w"), &found["score"], &values["wasserstein"]["raw"]);
            seen += 1;
        }
        for (name, values) in truth["categorical"].as_object().unwrap() {
            let found = reports[0]["features"].as_array().unwrap().iter().find(|f| f["feature"] == name.as_str());
            // A column of codes is numeric unless somebody says otherwise.
            if found.is_none_or(|f| f["kind"] != "categorical") {
                continue;
            }
            let found = entry(&reports[0], name, "hellinger");
            near(&format!("{current} {name}"), &found["score"], &values["hellinger"]);
            if let Some(chi) = values.get("chi2_contingency") {
                let found = entry(&reports[0], name, "chi_square");
                near(&format!("{current} {name} chi"), &found["score"], &chi["statistic"]);
            }
            seen += 1;
        }
    }
    assert!(seen >= 9 * 15, "{seen}");
}

/// Numbers that look random and are the same everywhere.
pub(crate) fn numbers(n: usize, seed: u64, shift: f64) -> Vec<Option<String>> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..n)
        .map(|_| {
            let mut sum = 0.0;
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                sum += (state >> 11) as f64 / (1_u64 << 53) as f64;
            }
            Some((sum - 2.0 + shift).to_string())
        })
        .collect()
}

pub(crate) fn words(n: usize, list: &[&str]) -> Vec<Option<String>> {
    (0..n).map(|i| Some(list[(i * 7 + i / 3) % list.len()].to_owned())).collect()
}

/// The same rows whole, in parts that are merged, in one folder, and column by column.
#[test]
fn however_the_data_is_split_the_report_is_the_same() {
    let (x, c) = (numbers(900, 1, 0.0), words(900, &["a", "b", "c", "d"]));
    let (y, d) = (numbers(600, 2, 0.6), words(600, &["a", "b", "e"]));
    let rows = |x: &[Option<String>], c: &[Option<String>]| csv(&[("x", x), ("c", c)]);
    let project = Project::new()
        .file("ref.csv", rows(&x, &c))
        .file("cur.csv", rows(&y, &d))
        .file("cur/1.csv", rows(&y[..100], &d[..100]))
        .file("cur/2.csv", rows(&y[100..450], &d[100..450]))
        .file("cur/deep/3.csv", rows(&y[450..], &d[450..]))
        .file("cur/notes.txt", "no rows")
        .file("ref.parquet", parquet(&[("x", true, &x), ("c", false, &c)]))
        .file("cur.parquet", parquet(&[("x", true, &y), ("c", false, &d)]));
    let methods = ["--method", "psi", "--method", "ks", "--method", "chi_square", "--format", "json"];
    let report = |arguments: &[&str]| {
        let mut report = reports(&drift(&project, &[&methods[..], arguments].concat()).code(0)).remove(0);
        for key in ["reference", "current"] {
            report[key] = Value::Null;
        }
        report
    };
    let whole = report(&["--reference", "ref.csv", "--current", "cur.csv"]);
    assert_eq!(entry(&whole, "x", "psi")["drifted"], true);
    assert_eq!(entry(&whole, "c", "psi")["column"]["new"], json!(["e"]));
    assert_eq!(whole, report(&["--reference", "ref.csv", "--current", "cur"]));
    assert_eq!(whole, report(&["--reference", "ref.parquet", "--current", "cur.parquet"]));
    for (i, file) in ["cur/1.csv", "cur/2.csv", "cur/deep/3.csv"].iter().enumerate() {
        let to = format!("{i}.part");
        drift(&project, &["--partial", &to, "--name", "week 1", "--current", file]).code(0);
    }
    drift(&project, &["--partial", "ref.part", "--current", "ref.parquet"]).code(0);
    for order in [["0.part", "1.part", "2.part"], ["2.part", "0.part", "1.part"]] {
        let merged = report(&[&["--merge", "--reference", "ref.part", "--current"][..], &order].concat());
        assert_eq!(whole, merged);
    }
    // What is no summary is refused, and so is one that was tampered with.
    drift(&project, &["--merge", "--reference", "ref.part", "--current", "cur.parquet"])
        .code(3)
        .stderr_has("is no summary");
    let mut bytes = project.bytes("0.part");
    for at in (0..bytes.len()).step_by(97) {
        bytes[at] ^= 0x55;
    }
    let project = project.file("bad.part", bytes);
    drift(&project, &["--merge", "--reference", "ref.part", "--current", "bad.part"]).code(3);
}

proptest! {
    /// Beyond the limit the summary is the same in any order and any split, and every value is as near as it says.
    #[test]
    fn rounded_numbers_depend_on_no_order(
        values in prop::collection::vec(prop_oneof![-1e3..1e3, -1e-3..1e-3, Just(0.0), Just(-0.0), -1e300..1e300], 1..400),
        cut in 0_usize..400,
        limit in 1_usize..50,
        turn in 0_usize..400,
    ) {
        let sample = |parts: &[&[f64]]| -> Sample {
            let mut all = Numbers::with_limit(limit);
            for part in parts {
                let mut numbers = Numbers::with_limit(limit);
                numbers.add(part.iter().map(|v| Some(*v)));
                all.merge(numbers);
            }
            all.finish()
        };
        let cut = cut.min(values.len());
        let whole = sample(&[&values]);
        let mut turned = values.clone();
        turned.rotate_left(turn % values.len());
        prop_assert_eq!(&whole, &sample(&[&values[..cut], &values[cut..]]));
        prop_assert_eq!(&whole, &sample(&[&turned]));
        prop_assert_eq!(whole.rows(), values.len() as u64);
        prop_assert_eq!(whole.error().is_some(), values.len() > limit);
        let error = whole.error().unwrap_or(0.0);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        for (i, value) in sorted.iter().enumerate() {
            let share = i as f64 / (sorted.len() - 1).max(1) as f64;
            let ours = whole.quantile(share).unwrap();
            // Interpolation between neighbours costs a few digits of its own.
            prop_assert!((ours - value).abs() <= error * value.abs() + 1e-9 * value.abs() + 1e-12 + 1e-9 * 1e300_f64.min(spread(&sorted, i)));
        }
    }
}

/// The distance of the neighbours of a value.
fn spread(sorted: &[f64], i: usize) -> f64 {
    let (low, high) = (sorted[i.saturating_sub(1)], sorted[(i + 1).min(sorted.len() - 1)]);
    high - low
}

/// With little memory values are rounded, the report says so, and the numbers are near the exact ones.
#[test]
fn beyond_the_memory_limit_values_are_rounded_and_it_is_said() {
    let project = Project::new()
        .file("ref.parquet", parquet(&[("x", true, &numbers(60_000, 3, 0.0))]))
        .file("cur.parquet", parquet(&[("x", true, &numbers(50_000, 4, 0.2))]));
    let sides = ["--reference", "ref.parquet", "--current", "cur.parquet", "--format", "json"];
    let methods = ["--method", "psi", "--method", "ks", "--method", "wasserstein"];
    let run = |limit: &str| {
        let arguments = [&sides[..], &methods, &["--memory-limit", limit]].concat();
        reports(&drift(&project, &arguments).code(0)).remove(0)
    };
    let (exact, rounded) = (run("2GB"), run("1MiB"));
    assert_eq!(exact["features"][0]["column"]["approximate"], Value::Null);
    assert!(rounded["features"][0]["column"]["approximate"].as_str().unwrap().contains("off by"), "{rounded}");
    for method in ["psi", "ks", "wasserstein"] {
        let (a, b) = (&entry(&exact, "x", method)["score"], &entry(&rounded, "x", method)["score"]);
        let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
        assert!((a - b).abs() <= 1e-4 * a, "{method}: {a} {b}");
    }
}

#[test]
fn every_odd_column_has_a_status_and_loses_no_other() {
    let n = 120;
    let same = |text: &str| vec![Some(text.to_owned()); n];
    let nothing = vec![None; n];
    let ids: Vec<Option<String>> = (0..n).map(|i| Some(format!("u{i:05}"))).collect();
    let texts: Vec<Option<String>> = (0..n).map(|i| Some(format!("the order number {i} was late again"))).collect();
    let odd: Vec<Option<String>> = (0..n).map(|i| Some(if i == 60 { "oops".into() } else { i.to_string() })).collect();
    let days: Vec<Option<String>> = (0..n).map(|i| Some(format!("2026-03-{:02}", i % 28 + 1))).collect();
    let infinite: Vec<Option<String>> =
        (0..n).map(|i| Some(if i % 2 == 0 { "inf" } else { "1.5" }.to_owned())).collect();
    let x = numbers(n, 5, 0.0);
    let reference = csv(&[
        ("x", &x),
        ("constant", &same("3")),
        ("id", &ids),
        ("text", &texts),
        ("mixed", &x),
        ("gone", &x),
        ("nothing", &nothing),
        ("emptied", &x),
        ("day", &days),
        ("spikes", &infinite),
    ]);
    let current = csv(&[
        ("x", &numbers(n, 6, 0.0)),
        ("constant", &same("3")),
        ("id", &ids),
        ("text", &texts),
        ("mixed", &odd),
        ("new", &x),
        ("nothing", &nothing),
        ("emptied", &nothing),
        ("day", &days),
        ("spikes", &infinite),
    ]);
    let project = Project::new().file("ref.csv", reference).file("cur.csv", current);
    let sides = ["--reference", "ref.csv", "--current", "cur.csv", "--format", "json"];
    let report = reports(&drift(&project, &sides).code(0)).remove(0);
    let status = |name: &str| entry(&report, name, "")["column"]["not_computed"].as_str().unwrap_or("").to_owned();
    assert_eq!(entry(&report, "x", "psi")["drifted"], false);
    assert_eq!(entry(&report, "constant", "psi")["score"], 0.0);
    assert_eq!(
        entry(&report, "constant", "psi")["column"]["quality"],
        json!(["the column holds one value on each side"])
    );
    assert!(status("id").contains("identifier"), "{report}");
    assert_eq!(entry(&report, "text", "")["kind"], "text");
    assert_eq!(status("mixed"), "the type changed: numeric in the reference, categorical in the current data");
    assert_eq!(status("gone"), "the current data lacks the column");
    assert_eq!(status("new"), "the reference lacks the column");
    assert_eq!(status("nothing"), "one side has no value");
    assert_eq!(status("emptied"), "one side has no value");
    for name in ["id", "mixed", "gone", "new", "nothing", "emptied"] {
        assert_eq!(entry(&report, name, "")["drifted"], Value::Null, "{name}: never a silent 'no drift'");
    }
    let spikes = entry(&report, "spikes", "");
    assert!(spikes["column"]["current"]["not_finite"] == 60 || spikes["kind"] == "categorical", "{spikes}");
    // A column of days is told, not judged.
    drift(&project, &[&sides[..4], &["-v"]].concat()).stderr_has("points in time are not compared: day");
    // One row, no rows, no header, a file that is not there, and one that lies about itself.
    let mut lies = parquet(&[("x", true, &x)]);
    let middle = lies.len() / 2;
    lies[8..middle].iter_mut().for_each(|b| *b ^= 0xa5);
    let project = project
        .file("one.csv", "x\n1\n")
        .file("none.csv", "x\n")
        .file("empty.csv", "")
        .file("lies.parquet", lies)
        .file("list.json", "[{\"x\": 1}]")
        .file("twice.csv", "x,x\n1,2\n");
    let run = |current: &[&str]| {
        drift(&project, &[&["--reference", "ref.csv", "--format", "json", "--current"], current].concat())
    };
    let one = reports(&run(&["one.csv"]).code(0)).remove(0);
    assert!(entry(&one, "x", "psi")["score"].is_number());
    let ran = run(&["none.csv"]).code(0).stderr_has("window 'none.csv' has no rows");
    assert_eq!(entry(&reports(&ran)[0], "x", "")["column"]["not_computed"], "one side has no value");
    for bad in ["empty.csv", "lies.parquet", "list.json", "twice.csv", "missing.csv"] {
        let ran = run(&[bad, "cur.csv"]).code(3).stderr_has(bad);
        let reports = reports(&ran);
        assert_eq!(reports.len(), 2, "{bad}: the window is there, and so is the other one");
        assert_eq!(entry(&reports[0], "x", "")["drifted"], Value::Null, "{bad}");
        assert_eq!(entry(&reports[1], "x", "psi")["drifted"], false, "{bad}");
    }
    drift(&project, &["--reference", "missing.csv", "--current", "cur.csv"]).code(3).stderr_has("is not there");
}

#[test]
fn windows_of_a_time_column_begin_on_mondays() {
    let mut rows = String::from("at,x\n");
    for day in 1..=28 {
        for k in 0..40 {
            let shift = if day >= 16 { 3 } else { 0 };
            rows.push_str(&format!("2026-03-{day:02}T12:00:00,{}\n", (k * 37 % 11) + shift));
        }
    }
    rows.push_str(",5\n");
    let project = Project::new()
        .file("log.csv", &rows)
        .file("ref.csv", "x\n".to_owned() + &"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n".repeat(40));
    let arguments =
        ["--reference", "ref.csv", "--current", "log.csv", "--time", "at", "--every", "1w", "--format", "json"];
    let ran = drift(&project, &arguments).code(0).stderr_has("1 row of 'log.csv' have no time");
    let reports = reports(&ran);
    let windows: Vec<&str> = reports.iter().map(|r| r["window"]["start"].as_str().unwrap()).collect();
    assert_eq!(
        windows,
        [
            "2026-02-23T00:00:00Z",
            "2026-03-02T00:00:00Z",
            "2026-03-09T00:00:00Z",
            "2026-03-16T00:00:00Z",
            "2026-03-23T00:00:00Z"
        ]
    );
    let drifted: Vec<bool> = reports.iter().map(|r| r["drifted"].as_bool().unwrap()).collect();
    assert_eq!(drifted, [false, false, false, true, true]);
}

#[test]
fn an_alarm_is_an_exit_code_and_files_for_others() {
    let project = Project::new()
        .file(
            "ref.csv",
            csv(&[("x", &numbers(500, 1, 0.0)), ("y", &numbers(500, 2, 0.0)), ("z", &numbers(500, 8, 0.0))]),
        )
        .file(
            "cur.csv",
            csv(&[("x", &numbers(400, 3, 2.0)), ("y", &numbers(400, 4, 0.0)), ("z", &numbers(400, 9, 0.0))]),
        );
    let sides = ["--reference", "ref.csv", "--current", "cur.csv", "--gate"];
    drift(&project, &sides).code(0).stdout_has("no alarm");
    drift(&project, &[&sides[..], &["--share", "0.3"]].concat()).code(1);
    let files = ["--critical", "x", "--retrain", "retrain.json", "--dispatch", "d.json", "--openmetrics", "m.txt"];
    let about = ["--model", "churn \"v\"\n", "--model-version", "1.4.0"];
    drift(&project, &[&sides[..], &files, &about].concat())
        .code(1)
        .stdout_has("alarm: cur.csv: the critical column 'x' drifts");
    let retrain: Value = serde_json::from_str(&project.read("retrain.json")).unwrap();
    assert_eq!(retrain["schema"], "presscheck.retrain/1");
    assert_eq!((&retrain["alarm"], &retrain["version"]), (&json!(true), &json!("1.4.0")));
    assert_eq!(retrain["windows"][0]["features"][0]["feature"], "x");
    assert!(retrain["windows"][0]["severity"].as_f64().unwrap() > 1.0);
    let dispatch: Value = serde_json::from_str(&project.read("d.json")).unwrap();
    assert_eq!(dispatch["event_type"], "presscheck-drift");
    assert!(dispatch["client_payload"].as_object().unwrap().len() <= 10);
    let metrics = project.read("m.txt");
    assert!(metrics.contains("presscheck_drift_alarm{model=\"churn \\\"v\\\"\\n\",version=\"1.4.0\"} 1"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"));
    // A critical column that is not judged is an alarm as well, and so is a window that cannot be read.
    let project = project.file("lacks.csv", csv(&[("y", &numbers(400, 4, 0.0))]));
    let lacks = ["--reference", "ref.csv", "--current", "lacks.csv", "--gate", "--critical", "x"];
    drift(&project, &lacks).code(1).stdout_has("'x' was not judged");
    drift(&project, &["--reference", "ref.csv", "--current", "missing.csv", "--gate"]).code(1);
}

/// However many columns there are and whatever they are called, GitHub takes the payload.
#[test]
fn a_dispatch_fits_what_github_takes() {
    let names: Vec<String> = (0..300).map(|i| format!("{i}{}", "\u{1F600}\"".repeat(60))).collect();
    let header = names.iter().map(|n| format!("\"{}\"", n.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
    let rows = |shift: i32| (0..30).map(|i| vec![(i + shift).to_string(); 300].join(",") + "\n").collect::<String>();
    let project = Project::new()
        .file("ref.csv", format!("{header}\n{}", rows(0)))
        .file("cur.csv", format!("{header}\n{}", rows(100)));
    drift(&project, &["--reference", "ref.csv", "--current", "cur.csv", "--dispatch", "d.json"]).code(0);
    let dispatch: Value = serde_json::from_str(&project.read("d.json")).unwrap();
    let payload = dispatch["client_payload"].to_string();
    assert!(payload.len() < 65_535, "{}", payload.len());
    assert_eq!(dispatch["client_payload"]["alarm"], true);
}

/// The reports of a run folder are read like those of any tool, and a gate judges them.
#[test]
fn reports_are_evidence_that_the_gate_reads() {
    let project = Project::new()
        .file("presscheck.toml", "schema = 1\n[[rule]]\nid = \"drift\"\ncheck = \"drift\"\nreport = \"drift/*.json\"\nmethod = \"psi\"\nmax_score = 0.2\n[stage.prod]\n")
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9}")
        .file("ref.csv", csv(&[("x", &numbers(500, 1, 0.0)), ("c", &words(500, &["a", "b"]))]))
        .file("week 1.csv", csv(&[("x", &numbers(400, 3, 0.0)), ("c", &words(400, &["a", "b"]))]))
        .file("week 2.csv", csv(&[("x", &numbers(400, 3, 1.0)), ("c", &words(400, &["a", "b"]))]));
    let write = |current: &[&str]| {
        drift(&project, &[&["--reference", "ref.csv", "-o", "runs/m/1/drift", "--current"], current].concat())
    };
    write(&["week 1.csv"]).code(0);
    project.run(&["gate", "m@1", "--stage", "prod"]).code(0);
    write(&["week 1.csv", "week 2.csv"]).code(0);
    project.run(&["gate", "m@1", "--stage", "prod"]).code(1).stdout_has("x");
    let view = project.run(&["inspect", "--format", "json"]).json();
    let report = view["drift"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["current"].as_str().unwrap().starts_with("week 2"))
        .unwrap();
    let x = report["features"].as_array().unwrap().iter().find(|f| f["feature"] == "x").unwrap();
    assert_eq!(x["column"]["reference"]["rows"], 500);
    assert!(x["column"]["effect"]["value"].as_f64().unwrap() > 1.0);
    // A report of somebody else is never overwritten; one of ours is.
    let files = project.files("runs/m/1/drift");
    let name = files.keys().find(|n| n.contains("week-1")).unwrap().clone();
    let project = project.file(&format!("runs/m/1/drift/{name}"), "{\"theirs\": true}");
    let ran = drift(&project, &["--reference", "ref.csv", "-o", "runs/m/1/drift", "--current", "week 1.csv"]);
    ran.code(3).stderr_has("is not overwritten");
    assert_eq!(project.read(&format!("runs/m/1/drift/{name}")), "{\"theirs\": true}");
}

#[test]
fn wrong_options_name_the_right_ones() {
    let project = Project::new().file("ref.csv", "age,income\n1,2\n3,4\n").file("cur.csv", "age,income\n1,2\n3,4\n");
    let run = |more: &[&str]| drift(&project, &[&["--reference", "ref.csv", "--current", "cur.csv"], more].concat());
    run(&["--method", "psi2"]).code(2).stderr_has("methods: psi, ks");
    run(&["--method", "agee=psi"]).code(2).stderr_has("did you mean the column 'age'?");
    run(&["--threshold", "psi=-1"]).code(2).stderr_has("a threshold is a number above 0");
    run(&["--kind", "age=color"]).code(2).stderr_has("numeric, categorical, text or embedding");
    run(&["--bins", "quantiles:1"]).code(2).stderr_has("2 to 1000 bins");
    run(&["--share", "0"]).code(2).stderr_has("at most 1");
    run(&["--memory-limit", "12"]).code(2).stderr_has("at least 1MB");
    run(&["--time", "at"]).code(2).stderr_has("no file has a column 'at'");
    run(&["--critical", "age", "--exclude", "a*"]).code(2).stderr_has("the column is excluded");
    let excluded = reports(&run(&["--exclude", "inc*", "--format", "json"]).code(0)).remove(0);
    assert_eq!(excluded["features"].as_array().unwrap().len(), 1);
    assert!(Path::new("ref.csv").is_relative());
}

/// P-values of many columns are judged together: a single one below the level is no drift among fifty.
#[test]
fn p_values_of_many_columns_are_judged_together() {
    let names: Vec<String> = (0..50).map(|i| format!("c{i}")).collect();
    let table = |seed: u64, shift: f64| {
        let columns: Vec<Vec<Option<String>>> =
            (0..50).map(|i| numbers(300, seed + i, if i == 0 { shift } else { 0.0 })).collect();
        csv(&names.iter().map(String::as_str).zip(columns.iter().map(Vec::as_slice)).collect::<Vec<_>>())
    };
    let project = Project::new().file("ref.csv", table(10, 0.0)).file("cur.csv", table(500, 0.9));
    let run = |correction: &str| {
        let arguments = [
            "--reference",
            "ref.csv",
            "--current",
            "cur.csv",
            "--method",
            "ks",
            "--format",
            "json",
            "--correction",
            correction,
        ];
        let report = reports(&drift(&project, &arguments).code(0)).remove(0);
        let flags = report["features"].as_array().unwrap().iter();
        flags.filter(|f| f["drifted"] == true).map(|f| f["feature"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(run("holm"), ["c0"]);
    assert!(run("bh").contains(&"c0".to_owned()));
    assert!(run("none").len() >= run("holm").len());
}

/// Vectors: the same cloud does not drift, one that has left the reference's plane does.
#[test]
fn embeddings_drift_when_they_leave_the_plane_of_the_reference() {
    let row = |i: usize, off: f64| {
        let (a, b) = ((i as f64 * 0.7).sin(), (i as f64 * 1.3).cos());
        let noise = |k: f64| 0.05 * (i as f64 * k).sin();
        json!({"e": [a, b, a + b + noise(2.1), a - b + noise(3.7) + off * (i as f64 * 5.1).sin()]}).to_string() + "\n"
    };
    let rows = |from: usize, off: f64| (from..from + 300).map(|i| row(i, off)).collect::<String>();
    let project = Project::new()
        .file("ref.jsonl", rows(0, 0.0))
        .file("same.jsonl", rows(1_000, 0.0))
        .file("moved.jsonl", rows(1_000, 1.0))
        .file("other.jsonl", "{\"e\": [1.0, 2.0]}\n{\"e\": [2.0, 1.0]}\n");
    let arguments =
        ["--reference", "ref.jsonl", "--current", "same.jsonl", "moved.jsonl", "other.jsonl", "--format", "json"];
    let reports = reports(&drift(&project, &arguments).code(0));
    let flag = |i: usize| entry(&reports[i], "e", "")["drifted"].clone();
    assert_eq!((flag(0), flag(1), flag(2)), (json!(false), json!(true), Value::Null), "{reports:#?}");
    assert_eq!(entry(&reports[2], "e", "")["column"]["not_computed"], "the vectors have different lengths");
}

/// The metrics are what Prometheus' own client reads.
#[test]
fn the_metrics_are_read_by_their_consumer() {
    let Some(consumers) = crate::gate_consumers::consumers() else { return };
    let project = Project::new()
        .file("ref.csv", csv(&[("x\"\\", &numbers(500, 1, 0.0)), ("y", &words(500, &["a", "b"]))]))
        .file("cur.csv", csv(&[("x\"\\", &numbers(400, 3, 2.0)), ("y", &words(400, &["a", "c"]))]));
    drift(&project, &["--reference", "ref.csv", "--current", "cur.csv", "--openmetrics", "m.txt"]).code(0);
    let script = "import sys\nfrom prometheus_client.openmetrics.parser import text_string_to_metric_families as p\n\
                  print(sorted({s.name for f in p(open(sys.argv[1]).read()) for s in f.samples}))";
    let output = std::process::Command::new(consumers.join("bin/python"))
        .args(["-c", script])
        .arg(project.path().join("m.txt"))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("presscheck_drift_score") && out.contains("presscheck_drift_alarm"), "{out} {err}");
}

/// `[drift]` computes reports while the project is read: the gate, the site and inspect see them like files of the run.
#[test]
fn reports_of_the_configuration_are_evidence() {
    let config = |more: &str, current: &str| {
        format!(
            "schema = 1\n[[source]]\npath = \"runs\"\n[drift]\nkinds = {{ code = \"categorical\" }}\n{more}\n\
             [[drift.report]]\nrun = \"runs/m/1\"\nreference = \"data/ref.csv\"\ncurrent = {current}\n\
             [[rule]]\nid = \"drift\"\ncheck = \"drift\"\nreport = \"drift/*.json\"\nmax_drifted_share = 0.4\n[stage.prod]\n"
        )
    };
    let table = |seed: u64, shift: f64| {
        let codes: Vec<Option<String>> = (0..400).map(|i| Some((i % 5).to_string())).collect();
        csv(&[("x", &numbers(400, seed, shift)), ("code", &codes)])
    };
    let project = Project::new()
        .file("presscheck.toml", config("", "[\"data/week*.csv\"]"))
        .file("runs/m/1/metrics.json", "{\"auc\": 0.9}")
        .file("data/ref.csv", table(1, 0.0))
        .file("data/week1.csv", table(2, 0.0));
    let gate = |project: &Project| project.run(&["gate", "m@1", "--stage", "prod"]);
    gate(&project).code(0);
    let view = project.run(&["inspect", "--format", "json"]).code(0).json();
    let report = &view["drift"][0];
    assert_eq!((&report["id"], &report["run"]), (&json!("runs/m/1/drift/week1.json"), &json!("runs/m/1")));
    assert_eq!(entry(report, "code", "psi")["kind"], "categorical");
    let digest = |project: &Project| {
        let ran = project.run(&["gate", "m@1", "--stage", "prod", "--out", "json"]);
        let verdict: Value = serde_json::from_str(&ran.stdout).unwrap();
        verdict["candidate"]["digest"].as_str().unwrap().to_owned()
    };
    let before = digest(&project);
    assert_eq!(before, digest(&project), "the same data, the same digest");
    project.run(&["build"]).code(0);
    assert!(project.files("public").keys().any(|path| path.contains("drift")), "{:?}", project.files("public").keys());
    // A new window is new evidence, and it blocks.
    let project = project.file("data/week2.csv", table(3, 2.0));
    assert_ne!(before, digest(&project));
    gate(&project).code(1).stdout_has("x");
    // What cannot be computed is no pass: no reference, no file, a method that there is not, a run that nobody reads.
    for (more, current) in [
        ("methods = [\"psi2\"]", "\"data/week1.csv\""),
        ("share = 2.0", "\"data/week1.csv\""),
        ("", "\"data/none.csv\""),
        ("", "[]"),
    ] {
        let project = project_of(&project, &config(more, current));
        gate(&project).code(1);
        project.run(&["build"]).code(3);
    }
    let elsewhere = config("", "\"data/week1.csv\"").replace("run = \"runs/m/1\"", "run = \"other/m/1\"");
    gate(&project_of(&project, &elsewhere)).code(1);
    project_of(&project, &elsewhere).run(&["build"]).code(3).stderr_has("lies below no source");
    let typo = config("metods = [\"psi\"]", "\"data/week1.csv\"");
    gate(&project_of(&project, &typo)).code(2).stderr_has("did you mean 'methods'?");
}

/// The same files with another configuration.
fn project_of(project: &Project, config: &str) -> Project {
    let mut out = Project::new();
    for (path, bytes) in project.files("") {
        if path != "presscheck.toml" && !path.starts_with("public/") {
            out = out.file(&path, bytes);
        }
    }
    out.file("presscheck.toml", config)
}

/// Rows of four columns, two pairs of which belong together; `broken` when the first pair no longer does.
fn pairs(n: usize, seed: u64, broken: bool) -> String {
    let mut state = seed;
    let mut out = "x,y,z,w\n".to_owned();
    for _ in 0..n {
        let mut next = || {
            state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
            (state >> 16) % 1000
        };
        let (a, b, c, d) = (next(), next(), next(), next());
        let y = if broken { c + d } else { a + b } + c % 700;
        out.push_str(&format!("{},{y},{d},{}\n", a + b, d + b % 900));
    }
    out
}

/// What no column shows alone. The numbers are those of scikit-learn 1.9.1: `PCA(n_components=0.65, svd_solver="full")`
/// fitted to the reference in its own standard deviations, the mean squared error of `inverse_transform(transform(X))`
/// over the reference's own less 1, and three times the deviation (n − 1) of the same of ten parts of the reference, times
/// the root of 200 over 60 rows.
#[test]
fn a_relation_that_broke_is_seen_although_no_column_moved() {
    let gaps: String = pairs(60, 11, true)
        .lines()
        .enumerate()
        .map(|(i, line)| match line.split_once(',') {
            Some((_, rest)) if i % 9 == 5 => format!(",{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let project = Project::new()
        .file("ref.csv", pairs(2000, 7, false))
        .file("same.csv", pairs(60, 11, false))
        .file("broken.csv", pairs(60, 11, true))
        .file("gaps.csv", gaps)
        .file("constant.csv", "x,y\n1,2\n1,3\n1,4\n")
        .file("words.csv", "x,y\na,2\nb,3\n");
    let run = |current: &[&str], more: &[&str]| {
        let sides = [&["--reference", "ref.csv", "--current"], current].concat();
        drift(&project, &[&sides[..], &["--multivariate", "--format", "json"], more].concat())
    };
    let found = reports(&run(&["same.csv", "broken.csv"], &[]).code(0));
    let of = |report: &Value| entry(report, "all numeric columns", "").clone();
    for (report, score, threshold, shift, drifted) in [
        (&found[0], 0.044592045364127086, 0.3727300092930757, 0.09312057903457596, false),
        (&found[1], 2.2820958048235034, 0.3727300092930757, 0.13531632236910746, true),
    ] {
        let together = of(report);
        near("score", &together["score"], &json!(score));
        near("threshold", &together["threshold"], &json!(threshold));
        near("shift", &together["column"]["effect"]["value"], &json!(shift));
        assert_eq!(together["drifted"], drifted, "{together}");
        // It is no column of its own: the share is of four.
        assert_eq!(report["share_drifted"], 0.0, "{report}");
    }
    // Rows with gaps are left out and counted; what cannot be computed says why and is no pass.
    let gaps = of(&reports(&run(&["gaps.csv"], &[]).code(0))[0]);
    assert!(gaps["column"]["quality"].to_string().contains("lack a value"), "{gaps}");
    assert!(gaps["score"].is_number(), "{gaps}");
    let words = of(&reports(&run(&["words.csv"], &[]))[0]);
    assert!(words["drifted"].is_null() && words["column"]["not_computed"].is_string(), "{words}");
    let sides = ["--reference", "constant.csv", "--current", "constant.csv", "--multivariate", "--format", "json"];
    let constant = of(&reports(&drift(&project, &sides))[0]);
    assert!(constant["column"]["not_computed"].as_str().unwrap().contains("vary"), "{constant}");
    // Windows of one file, in Parquet as in CSV, are as many entries.
    let ran = run(&["broken.csv"], &["--exclude", "y"]).code(0);
    assert_eq!(of(&reports(&ran)[0])["method_label"], "PCA reconstruction error of 3 columns");
    // The gate reads it like any other feature.
    let far = ["--reference", "ref.csv", "--current", "broken.csv", "--multivariate", "--gate"];
    drift(&project, &far).code(0);
    let ran = drift(&project, &[&far[..], &["--critical", "all numeric columns"]].concat());
    assert_eq!(ran.code, 1, "{}\n{}", ran.stdout, ran.stderr);
}
