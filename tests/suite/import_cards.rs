//! Cards in JSON, XML and protocol buffers.

use std::path::{Path, PathBuf};

use presscheck::model::{Card, CheckStatus, Datum, Records};
use presscheck::source::{Limits, Source};
use serde_json::Value;

use crate::corpus;

fn fixture(name: &str) -> Vec<u8> {
    bytes(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/cards").join(name))
}

#[expect(clippy::disallowed_methods, reason = "tests read their fixtures")]
fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests lay out their input")]
fn import(files: &[(&str, &[u8])]) -> Records {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let source = Source::discover(folder.path(), "", &[], Limits::default()).unwrap();
    presscheck::import::import(&source, None)
}

fn one(name: &str, content: &[u8]) -> (Card, Records) {
    let mut records = import(&[(name, content)]);
    assert_eq!(records.cards.len(), 1, "{:?}", records.problems);
    (records.cards.remove(0), records)
}

fn section<'a>(card: &'a Card, id: &str) -> &'a str {
    let found = card.sections.iter().find(|s| s.id == id);
    &found.unwrap_or_else(|| panic!("no {id} in {:?}", card.sections)).markdown
}

fn fact(card: &Card, key: &str) -> String {
    card.metadata.get(key).map(Datum::display).unwrap_or_default()
}

#[test]
fn a_toolkit_card() {
    let (card, records) = one("mct.json", &fixture("mct.json"));
    assert_eq!((card.model.as_deref(), card.version.as_deref()), (Some("name"), Some("v1.0")));
    assert_eq!(fact(&card, "license"), "Apache-2.0");
    assert_eq!(fact(&card, "owners"), "name1 <contact1@email.com>, name2 <contact2@email.com>");
    assert_eq!(section(&card, "limitations"), "- limitations1\n- limitations2");
    assert_eq!(section(&card, "intended_use"), "- use_cases");
    let [claim] = card.results.as_slice() else { panic!("{:?}", card.results) };
    assert_eq!((claim.metric.as_str(), claim.slice.as_deref()), ("accuracy", Some("overall")));
    assert_eq!(claim.value.as_number().map(|n| n.as_f64()), Some(0.9));
    let (lower, upper) = claim.interval.clone().unwrap();
    assert_eq!((lower.display(), upper.display()), ("0.85".to_owned(), "0.95".to_owned()));
    assert_eq!(claim.source.pointer, "/quantitative_analysis/performance_metrics/0/value");
    assert!(records.runs.is_empty(), "claims are no evidence");
    assert!(records.models.iter().any(|m| m.name == "name" && m.versions[0].version == "v1.0"));
}

#[test]
fn raw_line_breaks_and_unknown_fields() {
    let text = "{\"model_details\": {\"name\": \"a\", \"overview\": \"one\ntwo\", \"future\": {\"x\": 1}}, \"schema_version\": \"9\"}";
    let (card, records) = one("card.json", text.as_bytes());
    assert_eq!(section(&card, "overview"), "one\ntwo");
    assert_eq!(fact(&card, "model_details.future"), "x: 1");
    let codes: Vec<_> = records.problems.iter().map(|p| p.code.as_str()).collect();
    assert!(codes.contains(&"json-syntax") && codes.contains(&"format-version"), "{codes:?}");
    let broken = import(&[("card.json", b"{\"model_details\": {\"name\": \"a\nb")]);
    assert!(broken.cards.is_empty() && broken.problems.iter().any(|p| p.code.as_str() == "json-syntax"));
}

#[test]
fn a_card_belongs_to_the_run_it_lies_in() {
    let records = import(&[
        ("runs/churn/3/metrics.json", b"{\"accuracy\": 0.8}"),
        ("runs/churn/3/model_card.json", &fixture("mct.json")),
    ]);
    let [card] = records.cards.as_slice() else { panic!() };
    assert_eq!((card.model.as_deref(), card.version.as_deref()), (Some("churn"), Some("3")));
    assert_eq!(records.runs[0].results.len(), 1, "the card's accuracy is a claim");
}

#[test]
fn a_binary_card() {
    let (card, records) = one("card.proto", &fixture("verifyml.proto"));
    assert_eq!((card.model.as_deref(), card.version.as_deref()), (Some("Credit Card Fraud Model"), Some("v1")));
    assert_eq!(fact(&card, "owners"), "Timothy (Product Owner(s)), Swan (Model Developer(s)), Jason (Reviewer(s))");
    assert!(section(&card, "regulatory_requirements").contains("MAS Fairness"));
    assert!(section(&card, "data").contains("**Sensitive data:** age, gender"));
    assert!(card.results.is_empty(), "metrics without a value claim nothing");
    assert!(records.problems.is_empty(), "{:?}", records.problems);
    let source = import(&[("schema.proto", b"syntax = \"proto2\";\nmessage A {}\n")]);
    assert!(source.cards.is_empty());
}

#[test]
fn tests_of_a_card_are_checks() {
    let metric = |test: &str| {
        format!(
            r#"{{"model_details": {{"name": "m", "version": {{"name": "2"}}}}, "quantitative_analysis": {{"performance_metrics":
            [{{"type": "accuracy", "value": "0.7", "tests": [{test}]}}]}}}}"#
        )
    };
    for (test, status) in [
        (r#"{"name": "t", "passed": true}"#, CheckStatus::Pass),
        (r#"{"name": "t", "passed": false}"#, CheckStatus::Fail),
        (r#"{"name": "t", "result": "0.9"}"#, CheckStatus::Error),
        (r#"{"name": "t", "passed": "yes"}"#, CheckStatus::Error),
        ("{}", CheckStatus::Error),
    ] {
        let (card, records) = one("card.json", metric(test).as_bytes());
        assert_eq!(records.checks[0].status, status, "{test}");
        let run = &records.runs[0];
        assert_eq!((run.model.as_deref(), run.version.as_deref()), (Some("m"), Some("2")));
        assert_eq!(records.checks[0].run.as_deref(), Some(run.id.as_str()));
        assert_eq!(card.version.as_deref(), Some("2"));
    }
}

#[test]
fn a_sagemaker_card_and_the_reply_that_holds_it() {
    let (content, _) = one("card.json", &fixture("sagemaker.json"));
    let (reply, _) = one("reply.json", &fixture("sagemaker_reply.json"));
    let claims: Vec<_> = content.results.iter().map(|r| (r.metric.clone(), r.value.display())).collect();
    let expected =
        [("train:loss", "0.08"), ("custom", "1.5"), ("accuracy", "0.9447"), ("passed", "true"), ("grade", "B")];
    assert_eq!(claims, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    let again: Vec<_> = reply.results.iter().map(|r| (r.metric.clone(), r.value.display())).collect();
    assert_eq!(claims, again);
    assert_eq!(content.sections, reply.sections);
    assert_eq!((reply.model.as_deref(), reply.version.as_deref()), (Some("example"), Some("main")));
    assert_eq!((fact(&reply, "status"), fact(&reply, "card_version")), ("PendingReview".into(), "3".into()));
    assert_eq!(fact(&content, "risk_rating"), "Medium");
    let evaluation = section(&content, "holdout");
    assert!(evaluation.contains("| **malignant** | 70 | 5 |"), "{evaluation}");
    assert!(evaluation.contains("| 0.01 | 0.85 |") && evaluation.contains("| b | 0.2 |"), "{evaluation}");
}

#[test]
fn metric_groups_are_evidence() {
    let records = import(&[("groups.json", &fixture("sagemaker_groups.json"))]);
    let run = &records.runs[0];
    assert_eq!((run.results.len(), run.curves.len(), run.matrices.len()), (19, 2, 1));
    assert_eq!(run.matrices[0].labels, ["0", "1"]);
    let text = br#"{"metric_groups": [{"name": "g", "metric_data": [
        {"name": "a", "type": "string", "value": "0.9"}, {"name": "b", "type": "number", "value": "0.9"},
        {"name": "c", "type": "matrix", "value": [[1, 2], [3]]}]}]}"#;
    let records = import(&[("groups.json", text)]);
    let run = &records.runs[0];
    assert!(run.results.is_empty());
    assert_eq!(run.rejected.len(), 3, "text is never a number");
}

#[test]
fn both_forms_of_a_bill_of_materials() {
    let (json, _) = one("bom.json", &fixture("cyclonedx.json"));
    let (xml, _) = one("bom.xml", &fixture("cyclonedx.xml"));
    assert_eq!(json.model.as_deref(), Some("meta-llama/Llama-2-7b"));
    assert_eq!(json.sections, xml.sections);
    assert!(section(&json, "environmental_impact").contains("31.22 tCO2eq"));
    let plain =
        import(&[("bom.json", br#"{"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "x"}]}"#)]);
    assert!(plain.cards.is_empty());
    assert_eq!(plain.unrecognised, ["bom.json"]);
}

#[test]
fn dictionary_of_an_ai_package() {
    let text = br#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "ai_AIPackage", "spdxId": "urn:m", "name": "m", "software_packageVersion": "2",
         "ai_metric": [{"type": "DictionaryEntry", "key": "f1", "value": "0.5"}, {"key": "note", "value": "good"}],
         "ai_limitation": "short texts only", "other": 1},
        {"type": "dataset_DatasetPackage", "spdxId": "urn:d", "name": "d", "dataset_knownBias": ["old"]},
        {"type": "Relationship", "from": "urn:m", "to": ["urn:d"], "relationshipType": "trainedOn"},
        {"type": "Relationship", "from": "urn:m", "to": ["https://spdx.org/licenses/MIT"], "relationshipType": "hasDeclaredLicense"}]}"#;
    let (card, _) = one("m.spdx.json", text);
    assert_eq!((card.model.as_deref(), card.version.as_deref()), (Some("m"), Some("2")));
    assert_eq!(card.results[0].value.as_number().map(|n| n.as_f64()), Some(0.5));
    assert_eq!(card.results[1].value, Datum::Text("good".into()));
    assert_eq!(fact(&card, "license"), "MIT");
    assert!(section(&card, "training_data").contains("**Known bias:** old"));
    assert!(card.metadata.entries().unwrap().iter().any(|(key, _)| key.ends_with("other")));
}

#[test]
fn a_bailo_card() {
    let text = br#"{"modelCard": {"modelId": "m-1", "schemaId": "s", "version": 4, "metadata": {
        "overview": {"modelSummary": "Finds cats.", "metrics": [{"name": "f1", "value": 0.5}]},
        "risk": {"review": {"isSafe": true}}}}}"#;
    let (card, _) = one("card.json", text);
    assert_eq!((card.model.as_deref(), card.version.as_deref()), (Some("m-1"), Some("main")));
    assert!(section(&card, "overview").contains("Finds cats."));
    assert_eq!(section(&card, "review"), "**Is safe:** yes");
    assert_eq!(card.results[0].metric, "f1");
}

#[test]
fn forms_and_data_sets_are_no_models() {
    for (name, text) in [
        ("a.json", r#"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"model_details": {}}}"#),
        ("b.json", r#"{"Model": {"ModelName": "m", "ModelType": "Regression"}, "Metrics": {}}"#),
        ("c/README.md", "---\npretty_name: Cats\nsize_categories:\n- n<1K\n---\n# Dataset Card for Cats\n"),
    ] {
        let records = import(&[(name, text.as_bytes())]);
        assert!(records.cards.is_empty() && records.models.is_empty() && records.unrecognised.is_empty(), "{name}");
        assert_eq!(records.problems[0].code.as_str(), "not-evidence", "{name}");
    }
}

#[test]
fn damaged_cards_are_read_as_far_as_they_go() {
    for name in ["mct.json", "verifyml.proto", "sagemaker.json", "sagemaker_reply.json", "cyclonedx.xml"] {
        let whole = fixture(name);
        for cut in (0..whole.trim_ascii_end().len()).step_by(37) {
            let records = import(&[(name, &whole[..cut])]);
            let silent = !records.cards.is_empty() && records.problems.is_empty();
            // A protocol buffer that ends between two fields is a whole, smaller one.
            assert!(!silent || name.ends_with(".proto"), "{name} cut at {cut}");
        }
    }
    let records = import(&[("card.proto", &fixture("verifyml.proto")[..300])]);
    assert_eq!(records.cards[0].model.as_deref(), Some("Credit Card Fraud Model"));
    assert!(records.problems.iter().any(|p| p.message.contains("cannot be decoded")));
    let wrong = br#"{"model_details": {"name": ["x"], "version": 3, "owners": 7}, "considerations": [],
        "quantitative_analysis": {"performance_metrics": [1, {"type": {}, "value": NaN}, {"type": "a", "value": NaN}]}}"#;
    let (card, records) = one("card.json", wrong);
    assert_eq!(card.results.len(), 1);
    assert_eq!(card.results[0].value.display(), "NaN");
    assert!(records.problems.len() >= 4, "{:?}", records.problems);
}

/// Every value of every toolkit card, against the file's own JSON.
#[test]
fn corpus_toolkit() {
    let Some(folder) = corpus::folder("cards/google-mct") else { return };
    let validity = corpus::json(&folder.join("expected-validity.json"));
    let (mut cards, mut claims) = (0, 0);
    for (name, valid) in validity.as_object().unwrap() {
        let (card, records) = one(name, &bytes(&folder.join(name)));
        cards += 1;
        assert!(card.model.is_some() && card.version.is_some(), "{name}");
        if valid.get("invalid_json").is_some() {
            assert!(records.problems.iter().any(|p| p.code.as_str() == "json-syntax"), "{name}");
            assert_eq!(card.results.len(), 3, "{name}");
            continue;
        }
        let json = corpus::json(&folder.join(name));
        assert_eq!(card.model.as_deref(), json["model_details"]["name"].as_str());
        assert_eq!(card.version.as_deref(), json["model_details"]["version"]["name"].as_str());
        let number = |value: &Value| value.as_f64().or_else(|| value.as_str().and_then(|s| s.parse().ok()));
        let ours = |value: Option<&Datum>| value.and_then(Datum::as_number).map(|n| n.as_f64());
        let empty = Vec::new();
        let metrics = json["quantitative_analysis"]["performance_metrics"].as_array().unwrap_or(&empty);
        assert_eq!(card.results.len(), metrics.len(), "{name}");
        for (claim, metric) in card.results.iter().zip(metrics) {
            claims += 1;
            assert_eq!(Some(claim.metric.as_str()), metric["type"].as_str(), "{name}");
            assert_eq!(ours(Some(&claim.value)), number(&metric["value"]), "{name}");
            assert_eq!(claim.slice.as_deref(), metric["slice"].as_str(), "{name}");
            assert_eq!(ours(claim.threshold.as_ref()), number(&metric["threshold"]), "{name}");
            let interval = &metric["confidence_interval"];
            assert_eq!(ours(claim.interval.as_ref().map(|i| &i.0)), number(&interval["lower_bound"]), "{name}");
            assert_eq!(ours(claim.interval.as_ref().map(|i| &i.1)), number(&interval["upper_bound"]), "{name}");
        }
        for key in ["users", "use_cases", "limitations", "tradeoffs", "ethical_considerations"] {
            let id = match key {
                "users" => "intended_users",
                "use_cases" => "intended_use",
                "tradeoffs" => "trade_offs",
                other => other,
            };
            for item in json["considerations"][key].as_array().unwrap_or(&empty) {
                let text = item.as_str().or_else(|| item["description"].as_str()).or_else(|| item["name"].as_str());
                assert!(section(&card, id).contains(text.unwrap().trim()), "{name} {key}");
            }
        }
    }
    assert_eq!((cards, claims), (24, 19));
}

#[test]
fn corpus_other_cards() {
    let Some(folder) = corpus::folder("cards") else { return };
    let bom = |name: &str| one(name, &bytes(&folder.join("cyclonedx").join(name))).0;
    for version in ["1.6", "1.7"] {
        let name = format!("example-{version}__valid-machine-learning-{version}");
        let (json, xml) = (bom(&format!("{name}.json")), bom(&format!("{name}.xml")));
        assert_eq!(json.sections, xml.sections, "{version}");
        assert_eq!(json.results[0].slice, xml.results[0].slice);
        assert_eq!(json.model.as_deref(), Some("CompVis/stable-diffusion"));
    }
    let registry = corpus::read(&folder.join("spdx3-ai"));
    assert_eq!(registry.cards.len(), 3);
    let numbers: Vec<f64> =
        registry.cards.iter().flat_map(|c| &c.results).filter_map(|r| Some(r.value.as_number()?.as_f64())).collect();
    assert_eq!(numbers, [0.4625, 0.475, 0.466_919_2]);
    let registry = corpus::read(&folder.join("verifyml"));
    assert_eq!(registry.checks.len(), 3);
    assert!(registry.checks.iter().all(|c| c.status == CheckStatus::Pass && c.run.is_some()));
    for (name, cards) in [("bailo", 0), ("azure-rai", 0), ("sagemaker", 2)] {
        let registry = corpus::read(&folder.join(name));
        assert_eq!(registry.cards.len(), cards, "{name}");
    }
}
