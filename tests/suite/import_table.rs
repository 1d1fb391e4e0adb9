//! Plain tables: what `[source.table]` says of columns becomes results, series and computed metrics.

use std::path::PathBuf;

use presscheck::config::Config;
use presscheck::diag::{Code, Severity};
use presscheck::model::{Catalogue, CurveKind, Registry, Run, assemble};
use presscheck::source::{Limits, Source};
use serde_json::Value;

use crate::corpus::json;
use crate::project::Project;

fn config(table: &str) -> Config {
    let text = format!("schema = 1\n[[source]]\npath = \"t\"\nkind = \"table\"\n[source.table]\n{table}\n");
    Config::parse(&text, "presscheck.toml", "x").unwrap_or_else(|e| panic!("{e:#?}"))
}

fn from_source(source: &Source, table: &str) -> Registry {
    let config = config(table);
    let mapping = config.sources[0].table.as_ref().unwrap();
    assemble(presscheck::import::import_table(source, mapping), Catalogue::built_in(), &[])
}

/// What is read of one file with a table mapping.
fn read(name: &str, content: impl AsRef<[u8]>, table: &str) -> Registry {
    let files = [(name.to_owned(), content.as_ref().to_vec())];
    from_source(&Source::from_memory("t", "t", files), table)
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/table").join(name)
}

fn read_fixture(name: &str, table: &str) -> Registry {
    from_source(&Source::discover(&fixture(name), name, &[], Limits::default()).unwrap(), table)
}

#[track_caller]
fn only(registry: &Registry) -> &Run {
    assert_eq!(registry.runs.len(), 1, "{:#?}", registry.problems);
    &registry.runs[0]
}

fn value(run: &Run, metric: &str) -> Option<f64> {
    run.results.iter().find(|r| r.metric == metric && r.class.is_none()).map(|r| r.value.as_f64())
}

fn problem(registry: &Registry, code: Code) -> String {
    let found = registry.problems.iter().find(|p| p.code == code);
    let found = found.unwrap_or_else(|| panic!("no {code:?} in {:#?}", registry.problems));
    format!("{} {}: {}", found.severity, found.place(), found.message)
}

const LONG: &str = "rows = \"metrics\"\nmetric = \"metric\"\nvalue = \"value\"\n";
const CHURN: &str = "rows = \"predictions\"\nactual = \"label\"\npredicted = \"prediction\"\nscore = \"score\"\npositive = \"churned\"\nslice = [\"region\", \"device\"]\n";
const ANIMALS: &str = "rows = \"predictions\"\nactual = \"truth\"\npredicted = \"guess\"\nslice = [\"light\"]\nscores = { cat = \"p_cat\", dog = \"p_dog\", emu = \"p_emu\" }\n";
const PRICES: &str = "rows = \"predictions\"\nactual = \"price\"\npredicted = \"estimate\"\nslice = [\"city\"]\n";

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0)
}

/// Every value that scikit-learn computed is a result, and every result is one of its values.
fn agrees(registry: &Registry, expected: &Value) {
    let run = only(registry);
    let mut due = 0;
    for (part, expected) in expected.as_object().unwrap().iter().filter(|(_, v)| v.is_object()) {
        let here = |class: Option<&str>, metric: &str| {
            let found: Vec<_> = run
                .results
                .iter()
                .filter(|r| r.slice.to_string() == *part && r.class.as_deref() == class && r.metric == metric)
                .collect();
            assert_eq!(found.len(), 1, "{part} {metric} {class:?}");
            found[0]
        };
        for (metric, theirs) in expected["values"].as_object().unwrap() {
            let result = here(None, metric);
            let theirs = theirs.as_f64().unwrap();
            assert!(close(result.value.as_f64(), theirs), "{part} {metric}: {} and {theirs}", result.value);
            assert_eq!(result.n, expected["n"].as_u64(), "{part} {metric}");
            due += 1;
        }
        for (class, values) in expected.get("classes").and_then(Value::as_object).into_iter().flatten() {
            for (metric, theirs) in values.as_object().unwrap() {
                let (ours, theirs) = (here(Some(class), metric).value.as_f64(), theirs.as_f64().unwrap());
                assert!(close(ours, theirs), "{part} {class} {metric}: {ours} and {theirs}");
                due += 1;
            }
        }
        if let Some(rows) = expected.get("confusion") {
            let ours: Vec<Vec<f64>> =
                run.matrices[0].rows.iter().map(|row| row.iter().map(|c| c.as_f64()).collect()).collect();
            for (row, theirs) in ours.iter().zip(rows.as_array().unwrap()) {
                for (cell, theirs) in row.iter().zip(theirs.as_array().unwrap()) {
                    assert!(close(*cell, theirs.as_f64().unwrap()), "{ours:?} and {rows}");
                }
            }
        }
    }
    assert!(due > 10, "{due}");
    assert_eq!(
        run.results.len(),
        due,
        "{:#?}",
        run.results.iter().map(|r| (&r.metric, r.slice.to_string(), &r.class)).collect::<Vec<_>>()
    );
}

#[test]
fn predictions_give_the_numbers_of_scikit_learn() {
    let expected = json(&fixture("expected.json"));
    for (file, key, table) in [
        ("binary.csv", "binary", CHURN.to_owned()),
        ("binary.parquet", "binary", CHURN.to_owned()),
        ("binary.jsonl", "binary", CHURN.to_owned()),
        ("binary_weighted.csv", "binary_weighted", format!("{CHURN}weight = \"weight\"\n")),
        ("multiclass.parquet", "multiclass", ANIMALS.to_owned()),
        ("multiclass.csv", "multiclass", ANIMALS.to_owned()),
        ("multiclass.csv", "multiclass", ANIMALS.replace("predicted = \"guess\"\n", "")),
        ("regression.csv", "regression", PRICES.to_owned()),
        ("regression_weighted.csv", "regression_weighted", format!("{PRICES}weight = \"weight\"\n")),
        ("binary.csv", "binary", CHURN.replace("predicted = \"prediction\"", "threshold = 0.5")),
    ] {
        let registry = read_fixture(file, &table);
        agrees(&registry, &expected[key]);
        assert!(registry.problems.iter().all(|p| p.severity == Severity::Note), "{file}: {:#?}", registry.problems);
    }
}

#[test]
fn curves_are_those_of_scikit_learn() {
    let expected = &json(&fixture("expected.json"))["binary"];
    let registry = read_fixture("binary.csv", CHURN);
    let run = only(&registry);
    for (key, kind) in
        [("roc", CurveKind::Roc), ("pr", CurveKind::PrecisionRecall), ("calibration", CurveKind::Calibration)]
    {
        let curve = run.curves.iter().find(|c| c.kind == kind).unwrap();
        assert_eq!(curve.name, "churned");
        let theirs = expected[key].as_array().unwrap();
        assert_eq!(curve.points.len(), theirs.len(), "{key}");
        for (point, theirs) in curve.points.iter().zip(theirs) {
            assert!(close(point.x.as_f64(), theirs[0].as_f64().unwrap()), "{key}: {point:?} and {theirs}");
            assert!(close(point.y.as_f64(), theirs[1].as_f64().unwrap()), "{key}: {point:?} and {theirs}");
        }
    }
}

#[test]
fn examples_of_one_class_have_no_auc_and_a_note_says_why() {
    let registry = read_fixture("binary.csv", CHURN);
    let moon = |metric: &str| {
        only(&registry)
            .results
            .iter()
            .any(|r| r.metric == metric && r.class.is_none() && r.slice.to_string() == "region=moon")
    };
    assert!(moon("accuracy") && moon("log_loss"));
    assert!(!moon("auc") && !moon("average_precision") && !moon("mcc") && !moon("recall"));
    let note = registry.problems.iter().find(|p| p.message.contains("auc (region=moon)")).unwrap();
    assert_eq!((note.severity, note.code), (Severity::Note, Code::MetricInvalid));
    assert!(note.message.ends_with("all examples are of one class"), "{}", note.message);
}

#[test]
fn rows_without_label_or_prediction_are_counted() {
    let csv = "label,prediction,score\n1,1,0.9\n,1,0.8\n0,,0.2\n0,0,\n1,0,oops\n0,1,nan\n";
    let registry = read(
        "p.csv",
        csv,
        "rows = \"predictions\"\nactual = \"label\"\npredicted = \"prediction\"\nscore = \"score\"\n",
    );
    let run = only(&registry);
    let n = |metric: &str| run.results.iter().find(|r| r.metric == metric && r.class.is_none()).unwrap().n;
    assert_eq!((n("accuracy"), n("auc")), (Some(4), Some(2)));
    let said: Vec<String> = registry
        .problems
        .iter()
        .filter(|p| p.severity != Severity::Note)
        .map(|p| format!("{} {} {}", p.severity, p.place(), p.message))
        .collect();
    let has = |text: &str| assert!(said.iter().any(|s| s.contains(text)), "{text}: {said:#?}");
    has("warning t/p.csv:3:1 1 row of 6 without 'label'");
    has("warning t/p.csv:4:1 1 row of 6 without 'prediction'");
    has("warning t/p.csv:5:1 1 row of 6 without 'score'");
    has("error t/p.csv:6:1 2 rows of 6 in column 'score' no finite number");
}

#[test]
fn weights_that_are_none_are_errors() {
    let csv = "y,p,w\na,a,1\na,b,-1\nb,b,\nb,b,2\n";
    let registry = read("p.csv", csv, "rows = \"predictions\"\nactual = \"y\"\npredicted = \"p\"\nweight = \"w\"\n");
    assert_eq!(value(only(&registry), "accuracy"), Some(1.0));
    assert!(problem(&registry, Code::FieldInvalid).starts_with("error t/p.csv:3:1: 2 rows of 4 in column 'w'"));
    let zero = read(
        "p.csv",
        "y,p,w\na,a,0\nb,b,0\n",
        "rows = \"predictions\"\nactual = \"y\"\npredicted = \"p\"\nweight = \"w\"\n",
    );
    assert!(only(&zero).results.is_empty(), "{:?}", only(&zero).results);
}

#[test]
fn what_predictions_are_of_is_found_or_asked() {
    let table = "rows = \"predictions\"\nactual = \"y\"\npredicted = \"p\"\n";
    let metrics = |csv: &str, table: &str| {
        let registry = read("p.csv", csv, table);
        registry.runs.iter().flat_map(|r| &r.results).map(|r| r.metric.clone()).collect::<Vec<_>>()
    };
    assert!(metrics("y,p\n1.5,2\n2,2\n", table).contains(&"mae".to_owned()));
    assert!(metrics("y,p\n1,0\n0,0\n", table).contains(&"accuracy".to_owned()));
    assert!(
        metrics("y,p\n1.0,1\n0.0,0\n", &format!("{table}task = \"classification\"\n")).contains(&"accuracy".to_owned())
    );
    assert_eq!(value(only(&read("p.csv", "y,p\n1.0,1\n0.0,0\n", table)), "accuracy"), Some(1.0), "1.0 is the class 1");
    let many: String = (0..200).map(|i| format!("{i},{i}\n")).collect();
    let registry = read("p.csv", format!("y,p\n{many}"), table);
    assert!(registry.runs.iter().all(|r| r.results.is_empty()));
    assert!(problem(&registry, Code::FieldInvalid).contains("classes or quantities?"));
    let wrong = read("p.csv", "y,s\nyes,0.5\nno,0.4\n", "rows = \"predictions\"\nactual = \"y\"\nscore = \"s\"\n");
    assert!(problem(&wrong, Code::FieldInvalid).contains("of which class"), "{:?}", wrong.problems);
    let unknown = read(
        "p.csv",
        "y,s\nyes,0.5\nno,0.4\n",
        "rows = \"predictions\"\nactual = \"y\"\nscore = \"s\"\npositive = \"Yes\"\n",
    );
    assert!(problem(&unknown, Code::FieldInvalid).contains("no class 'Yes'"));
}

#[test]
fn a_long_table_is_a_result_for_each_row() {
    let csv = "model,version,metric,value,class,se,n,set,part,region\n\
               churn,7,auc,0.91,,0.01,500,shop,test,\n\
               churn,7,recall,0.8,gold,,120,shop,test,eu\n\
               churn,8,auc,,,,,shop,test,\n\
               churn,8,loss,NaN,,,,shop,test,\n\
               churn,8,mae,high,,,,shop,test,\n";
    let table = format!(
        "{LONG}model = \"model\"\nversion = \"version\"\nclass = \"class\"\nstderr = \"se\"\nn = \"n\"\ndataset = \"set\"\nsplit = \"part\"\nslice = [\"region\"]\n"
    );
    let registry = read("m.csv", csv, &table);
    assert_eq!(registry.models.iter().map(|m| (m.name.as_str(), m.versions.len())).collect::<Vec<_>>(), [("churn", 2)]);
    let [seven, eight] = registry.runs.as_slice() else { panic!("{:#?}", registry.runs) };
    let auc = &seven.results[0];
    assert_eq!((auc.metric.as_str(), auc.value.as_f64(), auc.n), ("auc", 0.91, Some(500)));
    assert_eq!(auc.stderr.map(|s| s.get()), Some(0.01));
    assert_eq!((auc.dataset.as_deref(), auc.split.as_deref()), (Some("shop"), Some("test")));
    assert_eq!(auc.source.to_string(), "t/m.csv#line 2, value");
    let recall = &seven.results[1];
    assert_eq!((recall.class.as_deref(), recall.slice.to_string().as_str()), (Some("gold"), "region=eu"));
    assert_eq!(eight.results.len(), 1, "an empty cell is no result");
    assert!(eight.results[0].value.finite().is_none());
    assert_eq!(eight.rejected.len(), 1);
    assert_eq!((eight.rejected[0].metric.as_str(), eight.rejected[0].found.as_str()), ("mae", "text \"high\""));
}

#[test]
fn text_is_a_number_only_where_the_format_has_no_types() {
    let rows = [
        ("m.json", r#"[{"metric":"auc","value":"0.9"},{"metric":"mae","value":"inf"},{"metric":"n","value":3}]"#),
        (
            "m.jsonl",
            "{\"metric\":\"auc\",\"value\":\"0.9\"}\n{\"metric\":\"mae\",\"value\":\"inf\"}\n{\"metric\":\"n\",\"value\":3}\n",
        ),
        ("m.yaml", "- {metric: auc, value: '0.9'}\n- {metric: mae, value: 'inf'}\n- {metric: n, value: 3}\n"),
        (
            "m.toml",
            "[[rows]]\nmetric = \"auc\"\nvalue = \"0.9\"\n[[rows]]\nmetric = \"mae\"\nvalue = \"inf\"\n[[rows]]\nmetric = \"n\"\nvalue = 3\n",
        ),
    ];
    for (name, text) in rows {
        let at = if name.ends_with("toml") { "at = \"/rows\"\n" } else { "" };
        let registry = read(name, text, &format!("{LONG}{at}"));
        let run = only(&registry);
        assert_eq!(run.rejected.len(), 1, "{name}: {:?}", run.results);
        assert_eq!(run.rejected[0].found, "text \"0.9\"", "{name}");
        assert_eq!(value(run, "mae"), Some(f64::INFINITY), "{name}");
        assert_eq!(value(run, "n"), Some(3.0), "{name}");
    }
    let csv = read("m.csv", "metric,value\nauc,0.9\n", LONG);
    assert_eq!(value(only(&csv), "auc"), Some(0.9));
}

#[test]
fn steps_and_times_make_a_series_with_its_last_value() {
    let csv = "metric,value,step,at\nloss,0.5,10,2026-03-01T10:00:00Z\nloss,0.9,1,2026-03-01T09:00:00Z\nloss,0.4,10,2026-03-01T11:00:00Z\n";
    let registry = read("m.csv", csv, &format!("{LONG}step = \"step\"\ntime = \"at\"\n"));
    let run = only(&registry);
    assert_eq!((run.results.len(), value(run, "loss"), run.results[0].step), (1, Some(0.4), Some(10)));
    let values: Vec<f64> = run.series[0].points.iter().map(|p| p.value.as_f64()).collect();
    assert_eq!(values, [0.9, 0.5, 0.4]);
    assert_eq!(run.started_at.unwrap().to_string(), "2026-03-01T09:00:00Z");
    let timed = read("m.csv", csv, &format!("{LONG}time = \"at\"\n"));
    assert_eq!(value(only(&timed), "loss"), Some(0.4));
    assert_eq!(only(&timed).series[0].points.len(), 3);
    // The same step twice, with two values and nothing that orders them.
    let twice = read("m.csv", "metric,value,step\nloss,0.5,1\nloss,0.4,1\n", &format!("{LONG}step = \"step\"\n"));
    assert!(problem(&twice, Code::MetricConflict).contains("0.5 and 0.4"));
    // A row without a step among others with one cannot be put in order.
    let some = read("m.csv", "metric,value,step\nloss,0.5,1\nloss,0.4,\n", &format!("{LONG}step = \"step\"\n"));
    assert!(problem(&some, Code::MetricConflict).contains("0.5 and 0.4"));
}

#[test]
fn the_same_value_twice_is_a_warning_and_two_values_are_a_conflict() {
    let registry = read("m.csv", "metric,value\nauc,0.9\nauc,0.9\nmae,1\nmae,2\nmae,3\n", LONG);
    assert!(problem(&registry, Code::MetricRepeated).starts_with("warning t/m.csv:3:1: metric 'auc' is given twice"));
    assert!(problem(&registry, Code::MetricConflict).contains("1 and 2"));
    assert_eq!(only(&registry).results.len(), 3);
}

#[test]
fn a_wide_table_is_a_run_for_each_row() {
    let csv = "run,auc,f1,lr,note,when\nr1,0.9,0.8,0.1,good,2026-03-01\nr2,0.91,,0.2,better,2026-03-02\n";
    let table = "rows = \"wide\"\nrun = \"run\"\nparams = [\"lr\"]\ntime = \"when\"\n";
    let registry = read("sweep.csv", csv, table);
    let [one, two] = registry.runs.as_slice() else { panic!("{:#?}", registry.runs) };
    assert_eq!((value(one, "auc"), value(one, "f1"), value(two, "f1")), (Some(0.9), Some(0.8), None));
    assert_eq!(one.params["lr"].display(), "0.1");
    assert_eq!(one.results.len(), 2, "neither the param nor the text is a metric");
    assert_eq!((one.model.as_deref(), one.version.as_deref(), one.name.as_str()), (Some("sweep"), Some("r1"), "r1"));
    assert_eq!(one.started_at.unwrap().to_string(), "2026-03-01T00:00:00Z");
    assert_eq!(one.results[0].source.to_string(), "t/sweep.csv#line 2, auc");
    let chosen = read("sweep.csv", csv, "rows = \"wide\"\nrun = \"run\"\nmetrics = [\"auc\", \"note\"]\n");
    assert_eq!(chosen.runs[0].rejected[0].found, "text \"good\"", "a column that is named is a metric");
}

#[test]
fn model_and_version_come_from_columns_else_from_the_place() {
    let name = |path: &str, text: &str, table: &str| {
        let registry = read(path, text, table);
        let run = only(&registry);
        format!("{} {}", run.model.as_deref().unwrap(), run.version.as_deref().unwrap())
    };
    let csv = "metric,value\nauc,0.9\n";
    assert_eq!(name("churn/v3.csv", csv, LONG), "churn v3");
    assert_eq!(name("v3.csv", csv, LONG), "t v3", "the source's own folder");
    let csv = "metric,value,m,v\nauc,0.9,churn,7\n";
    assert_eq!(name("x.csv", csv, &format!("{LONG}model = \"m\"\nversion = \"v\"\n")), "churn 7");
    assert_eq!(name("x.csv", csv, &format!("{LONG}version = \"v\"\n")), "x 7");
    assert_eq!(name("x.csv", csv, &format!("{LONG}model = \"m\"\n")), "churn x");
    // A row that does not say its version belongs to none.
    let registry = read("x.csv", "metric,value,v\nauc,0.9,\nauc,0.8,2\n", &format!("{LONG}version = \"v\"\n"));
    assert_eq!(value(only(&registry), "auc"), Some(0.8));
    assert!(problem(&registry, Code::FieldMissing).starts_with("error t/x.csv:2:1"));
    // 1.10 as a number is another version.
    let registry = read("x.yaml", "- {metric: auc, value: 1, v: 1.10}\n", &format!("{LONG}version = \"v\"\n"));
    assert!(problem(&registry, Code::FieldInvalid).contains("1.10 and 1.1 are the same"));
}

#[test]
fn every_shape_of_json_gives_the_same_rows() {
    let table = "rows = \"wide\"\nversion = \"v\"\n";
    for text in [
        r#"[{"v":"1","auc":0.5},{"v":"2","auc":0.75}]"#,
        r#"{"v":["1","2"],"auc":[0.5,0.75]}"#,
        r#"{"v":{"0":"1","1":"2"},"auc":{"0":0.5,"1":0.75}}"#,
        r#"{"a":{"v":"1","auc":0.5},"b":{"v":"2","auc":0.75}}"#,
        r#"{"columns":["v","auc"],"index":[0,1],"data":[["1",0.5],["2",0.75]]}"#,
    ] {
        let registry = read("m.json", text, table);
        let values: Vec<Option<f64>> = registry.runs.iter().map(|r| value(r, "auc")).collect();
        assert_eq!(values, [Some(0.5), Some(0.75)], "{text}: {:#?}", registry.problems);
        let nested = read("m.json", format!(r#"{{"out":{{"t":{text}}}}}"#), &format!("{table}at = \"/out/t\"\n"));
        assert_eq!(nested.runs.len(), 2, "{text}");
        assert!(nested.runs[0].results[0].source.pointer.starts_with("/out/t/"), "{:?}", nested.runs[0].results);
    }
    let single = read("m.json", r#"{"v":"1","auc":0.5,"extra":[1]}"#, table);
    assert_eq!(value(only(&single), "auc"), Some(0.5));
    let deeper = read("m.json", r#"{"rows":[{"metric":"auc","value":1}]}"#, LONG);
    let found = deeper.problems.iter().find(|p| p.code == Code::JsonShape).unwrap();
    assert_eq!(found.help.as_deref(), Some("write at = \"/rows\" in [source.table]"));
    let nowhere = read("m.json", "[]", &format!("{LONG}at = \"/no\"\n"));
    assert!(problem(&nowhere, Code::FieldMissing).contains("nothing at '/no'"));
}

#[test]
fn what_is_wrong_with_a_table_is_said_with_its_place_and_the_rest_is_read() {
    let registry = read("m.csv", "metric,value,value\nauc,0.9,1\nmae,1\nf1,0.8,0\n", LONG);
    assert_eq!((value(only(&registry), "auc"), value(only(&registry), "f1")), (Some(0.9), Some(0.8)));
    let said: Vec<String> = registry
        .problems
        .iter()
        .filter(|p| p.code == Code::CsvSyntax)
        .map(|p| format!("{} {}", p.place(), p.message))
        .collect();
    assert_eq!(said[0], "t/m.csv:1:1 two columns are called 'value'; the first is read");
    assert_eq!(said[1], "t/m.csv:3:1 the row has 2 cells, the header 3; it is left out");
    let absent = read("m.csv", "metric,value\nauc,0.9\n", &format!("{LONG}n = \"count\"\n"));
    let found = absent.problems.iter().find(|p| p.code == Code::FieldMissing).unwrap();
    assert_eq!((found.severity, found.place().as_str()), (Severity::Error, "t/m.csv:1:1"));
    assert_eq!(found.help.as_deref(), Some("the columns are metric, value"));
    assert_eq!(value(only(&absent), "auc"), Some(0.9));
    for empty in ["", "metric,value\n"] {
        let registry = read("m.csv", empty, LONG);
        assert!(registry.runs.is_empty());
        assert!(problem(&registry, Code::RunEmpty).starts_with("warning t/m.csv"));
    }
    let latin = read("m.csv", b"metric,value\nauc,0.9\nm\xe9,1\n", LONG);
    assert_eq!(only(&latin).results.len(), 1);
    assert!(problem(&latin, Code::TextEncoding).starts_with("error t/m.csv:3:1"));
    let twice = read("m.json", r#"[{"metric":"auc","value":1,"value":2}]"#, LONG);
    assert!(problem(&twice, Code::JsonDuplicateKey).starts_with("error t/m.json#/0/value"));
    let semicolons = read("m.csv", "metric;value\nauc;0,9\nmae;1\n", LONG);
    assert_eq!(only(&semicolons).rejected[0].found, "text \"0,9\"");
    assert_eq!(value(only(&semicolons), "mae"), Some(1.0));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests make their own inputs")]
fn hostile_tables_are_read_or_refused() {
    let parquet = std::fs::read(fixture("binary.parquet")).unwrap();
    for cut in (0..parquet.len()).step_by(97) {
        let registry = read("p.parquet", &parquet[..cut], CHURN);
        assert!(registry.runs.is_empty());
        assert!(problem(&registry, Code::ParquetSyntax).starts_with("error"));
    }
    let csv = std::fs::read(fixture("binary.csv")).unwrap();
    let json = std::fs::read(fixture("binary.jsonl")).unwrap();
    for cut in (0..4000).step_by(13) {
        let _ = read("p.csv", &csv[..cut], CHURN);
        let _ = read("p.jsonl", &json[..cut], CHURN);
    }
    for (name, text) in [
        ("m.json", "[".repeat(100_000)),
        ("m.json", "{\"a\":".repeat(100_000)),
        ("m.yaml", "[".repeat(100_000)),
        ("m.toml", format!("a = {}", "[".repeat(100_000))),
        ("m.json", "[1,2,3]".to_owned()),
        ("m.json", "null".to_owned()),
        ("m.yaml", "a: &a [*a]".to_owned()),
        ("m.csv", "\"".repeat(10_000)),
        ("m.csv", ",".repeat(50_000)),
    ] {
        let registry = read(name, &text, LONG);
        assert!(
            registry.problems.iter().any(|p| p.severity != Severity::Note),
            "{name} {}",
            &text[..10.min(text.len())]
        );
    }
    let huge = read(
        "m.csv",
        "metric,value,n\na,1e308,1e300\nb,-1e400,99999999999999999999\nc,123456789012345678901234567890,-4\n",
        &format!("{LONG}n = \"n\"\n"),
    );
    let run = only(&huge);
    assert_eq!((value(run, "a"), value(run, "c")), (Some(1e308), Some(123456789012345678901234567890.0)));
    assert!(run.results.iter().all(|r| r.n.is_none()));
    assert!(value(run, "b").is_some_and(f64::is_infinite));
    let overflow =
        read("p.csv", "y,p\n1e308,-1e308\n0.5,0.25\n", "rows = \"predictions\"\nactual = \"y\"\npredicted = \"p\"\n");
    assert!(only(&overflow).results.iter().find(|r| r.metric == "mse").unwrap().value.finite().is_none());
}

#[test]
fn the_configuration_is_checked_before_anything_is_read() {
    let refused = |table: &str| {
        let text = format!("schema = 1\n[[source]]\npath = \"t\"\nkind = \"table\"\n{table}");
        let problems = Config::parse(&text, "presscheck.toml", "x").err().unwrap_or_default();
        problems.first().map(|p| (p.code, p.line.unwrap_or(0), p.message.clone())).unwrap_or_else(|| panic!("{table}"))
    };
    let line = |table: &str| {
        let (code, line, _) = refused(table);
        (code, line)
    };
    assert_eq!(refused("").0, Code::ConfigMissingKey);
    assert_eq!(line("[source.table]\nrows = \"metrics\"\n").0, Code::ConfigMissingKey);
    assert_eq!(line("[source.table]\nrows = \"long\"\n"), (Code::ConfigValue, 6));
    assert_eq!(line("[source.table]\nrows = \"wide\"\nactual = \"y\"\n"), (Code::ConfigValue, 7));
    assert_eq!(line("[source.table]\nrows = \"predictions\"\nactual = \"y\"\n").0, Code::ConfigMissingKey);
    let predictions = "[source.table]\nrows = \"predictions\"\nactual = \"y\"\n";
    assert_eq!(line(&format!("{predictions}score = \"s\"\nscores = {{ a = \"b\" }}\n")).0, Code::ConfigValue);
    assert_eq!(line(&format!("{predictions}predicted = \"p\"\nthreshold = 0.5\n")), (Code::ConfigValue, 9));
    assert_eq!(
        line(&format!("{predictions}score = \"s\"\nthreshold = nan\npositive = \"a\"\n")),
        (Code::ConfigValue, 9)
    );
    assert_eq!(line(&format!("{predictions}score = \"s\"\ntask = \"regression\"\n")).0, Code::ConfigValue);
    assert_eq!(line("[source.table]\nmetric = \"m\"\nvalue = \"v\"\nat = \"rows\"\n"), (Code::ConfigValue, 8));
    assert_eq!(line("[source.table]\nmetric = \"m\"\nvalue = \"v\"\ncolour = \"c\"\n").0, Code::ConfigUnknownKey);
    let text =
        "schema = 1\n[[source]]\npath = \"t\"\nkind = \"mlflow\"\n[source.table]\nmetric = \"m\"\nvalue = \"v\"\n";
    assert_eq!(Config::parse(text, "presscheck.toml", "x").err().unwrap()[0].code, Code::ConfigValue);
}

const POLICY: &str = "\n[[rule]]\nid = \"auc\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.7\n";

fn project(csv: &str, source: &str) -> Project {
    let config = format!("schema = 1\nname = \"p\"\n[[source]]\npath = \"evals\"\nkind = \"table\"\n{source}{POLICY}");
    Project::new().file("presscheck.toml", config).file("evals/churn/v1.csv", csv).file("evals/notes.txt", "n")
}

#[test]
fn the_gate_judges_a_table_and_refuses_what_is_ambiguous() {
    let table = format!("[source.table]\n{LONG}");
    project("metric,value\nauc,0.9\n", &table).run(&["gate", "churn@v1"]).code(0);
    project("metric,value\nauc,0.5\n", &table).run(&["gate", "churn@v1"]).code(1);
    for ambiguous in [
        "metric,value\nauc,0.9\nauc,0.8\n",
        "metric,value\nauc,good\nauc,0.9\n",
        "metric,value\nauc,0.9\nf1\n",
        "metric,value\nauc,NaN\n",
    ] {
        let ran = project(ambiguous, &table).run(&["gate", "churn@v1"]);
        assert!(ran.code != 0 && ran.stdout.contains("1 invalid"), "{ambiguous}{}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn folders_globs_and_maps_choose_files_and_names() {
    let source = format!(
        "include = [\"**/*.csv\"]\n[source.map]\nmodel = \"m-{{path[0]}}\"\nversion = \"{{stem}}\"\n[source.table]\n{LONG}"
    );
    let project = project("metric,value\nauc,0.9\n", &source)
        .file("evals/churn/v2.csv", "metric,value\nauc,0.8\n")
        .file("evals/x.json", "{}");
    let view = project.run(&["inspect", "--format", "json"]).code(0).json();
    let names: Vec<String> =
        view["runs"].as_array().unwrap().iter().map(|r| format!("{} {}", r["model"], r["version"])).collect();
    assert_eq!(names, ["\"m-churn\" \"v1\"", "\"m-churn\" \"v2\""]);
    assert_eq!(view["sources"][0]["kind"], "table");
    assert_eq!(view["sources"][0]["files"], 2);
}

#[test]
fn an_archive_of_a_table_reads_back_as_it_was() {
    for (name, table) in [
        ("binary.csv", CHURN.to_owned()),
        ("multiclass.parquet", ANIMALS.to_owned()),
        ("regression.csv", PRICES.to_owned()),
    ] {
        assert_eq!(crate::import_command::round_trip(&read_fixture(name, &table)), None, "{name}");
    }
    let csv = "model,v,metric,value,step,n\nchurn,7,auc,0.9,1,5\nchurn,7,auc,0.91,2,5\nchurn,7,mae,x,1,\nchurn,8,auc,0.8,1,\nchurn,8,auc,0.7,1,\nchurn,8,loss,inf,1,\n";
    let registry =
        read("m.csv", csv, &format!("{LONG}model = \"model\"\nversion = \"v\"\nstep = \"step\"\nn = \"n\"\n"));
    assert_eq!(crate::import_command::round_trip(&registry), None);
}
