//! Rule kinds beyond plain bounds: gap, ratchet, fresh and digest; several runs; proof by counts, standard errors,
//! repeated runs; families; waivers. Each with evidence that passes and evidence that does not.

use crate::project::Project;

fn project(policy: &str, metrics: &str) -> Project {
    Project::new()
        .file("presscheck.toml", format!("schema = 1\n{policy}"))
        .file("runs/churn/1/metrics.json", metrics)
        .file("runs/churn/1/run.toml", "created = 2026-01-01T00:00:00Z\nended = 2026-01-02T00:00:00Z\n")
}

/// `verdict status reason` of the gate, the first record only.
#[track_caller]
fn says(project: &Project) -> String {
    let verdict = project.run(&["gate", "churn", "--as-of", "2026-01-10T00:00:00Z", "--out", "json"]).json();
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    let rule = &verdict["rules"][0];
    format!("{} {} {}", text(&verdict["verdict"]), text(&rule["status"]), text(&rule["reason"]))
}

const SLICES: &str = r#"[
 {"metric":"auc","value":0.90,"dataset":"test","slice":{"region":"eu"},"n":900},
 {"metric":"auc","value":0.86,"dataset":"test","slice":{"region":"us"},"n":800},
 {"metric":"auc","value":0.70,"dataset":"test","slice":{"region":"latam"},"n":20}]"#;

#[test]
fn the_spread_between_slices() {
    let gap = |lines: &str| {
        let policy =
            format!("[[rule]]\nid = \"g\"\ncheck = \"gap\"\nmetric = \"auc\"\nslices = [\"region=*\"]\n{lines}\n");
        says(&project(&policy, SLICES))
    };
    assert_eq!(gap("max_gap = 0.25"), "pass pass holds");
    assert_eq!(gap("max_gap = 0.1"), "blocked fail gap");
    assert_eq!(gap("min_ratio = 0.7"), "pass pass holds");
    assert_eq!(gap("min_ratio = 0.8"), "blocked fail ratio");
    // A slice that is too small is no reason to look away from it.
    assert_eq!(gap("max_gap = 0.05\nmin_n = 100"), "blocked inconclusive small-n");
    assert_eq!(gap("max_gap = 0.05\nmin_n = 100\non_small_n = \"warn\""), "pass_with_warnings warn small-n");
    assert_eq!(gap("max_gap = 0.05\nexclude = [\"region=latam\"]"), "pass pass holds");
    assert_eq!(gap("max_gap = 0.5\nrequire = [\"region=apac\"]"), "blocked fail missing-slice");
    assert_eq!(gap("max_gap = 0.5\nexclude = [\"region=latam\", \"region=us\"]"), "blocked fail too-few-slices");
    let policy = "[[rule]]\nid = \"g\"\ncheck = \"gap\"\nmetric = \"auc\"\nslices = [\"region=*\"]\nmax_gap = 0.25\n";
    assert_eq!(says(&project(policy, &SLICES.replace("0.70", "\"low\""))), "blocked invalid not-a-number");
}

#[test]
fn the_age_of_evidence() {
    let fresh = |lines: &str, run: &str| {
        let policy = format!("[[rule]]\nid = \"f\"\ncheck = \"fresh\"\nof = [\"evaluation\"]\n{lines}\n");
        says(&project(&policy, "{\"auc\": 0.9}").file("runs/churn/1/run.toml", run))
    };
    let ended = |at: &str| format!("created = 2025-12-01T00:00:00Z\nended = {at}\n");
    assert_eq!(fresh("max_age = \"8d\"", &ended("2026-01-02T00:00:00Z")), "pass pass holds");
    assert_eq!(fresh("max_age = \"7d\"", &ended("2026-01-02T00:00:00Z")), "blocked fail stale");
    assert_eq!(fresh("max_age = \"7d\"", &ended("2026-01-10T00:04:00Z")), "pass pass holds", "clocks differ a little");
    assert_eq!(fresh("max_age = \"7d\"", &ended("2026-01-10T00:06:00Z")), "blocked invalid future");
    assert_eq!(fresh("max_age = \"7d\"", "name = \"x\"\n"), "blocked invalid no-time");
    let made = |at: &str| {
        format!(
            "{}[[artifact]]\npath = \"model.bin\"\nkind = \"model\"\ncreated = {at}\n",
            ended("2026-01-02T00:00:00Z")
        )
    };
    assert_eq!(fresh("newer_than = \"model\"", &made("2026-01-01T00:00:00Z")), "pass pass holds");
    assert_eq!(fresh("newer_than = \"model\"", &made("2026-01-03T00:00:00Z")), "blocked fail older-than-model");
    assert_eq!(fresh("newer_than = \"model\"", &ended("2026-01-02T00:00:00Z")), "blocked invalid no-model-time");
    let drift = "[[rule]]\nid = \"f\"\ncheck = \"fresh\"\nof = [\"drift\"]\nmax_age = \"7d\"\n";
    assert_eq!(says(&project(drift, "{\"auc\": 0.9}")), "blocked fail missing");
}

#[test]
fn identity_by_content() {
    let model = "weights";
    let sha256 = presscheck::digest::Sha256::of(model.as_bytes()).hex();
    let digest = |of: &str, more: &str, run: &str| {
        let policy = format!("[[rule]]\nid = \"d\"\ncheck = \"digest\"\nof = [\"{of}\"]\n{more}\n");
        let project = project(&policy, "{\"auc\": 0.9}").file("runs/churn/1/run.toml", run);
        says(&project.file("runs/churn/1/model.bin", model))
    };
    let artifact =
        |sha256: &str| format!("[[artifact]]\npath = \"model.bin\"\nkind = \"model\"\nsha256 = \"{sha256}\"\n");
    assert_eq!(digest("model", "", &artifact(&sha256)), "pass pass holds");
    let forged = digest("model", "", &artifact(&"0".repeat(64)));
    assert!(forged.starts_with("blocked"), "{forged}");
    let elsewhere = artifact(&sha256).replace("model.bin", "s3/model.bin");
    assert_eq!(digest("model", "", &elsewhere), "blocked fail not-recomputed");
    assert_eq!(digest("model", "verify = \"declared\"", &elsewhere), "pass pass holds");
    assert_eq!(digest("model", "", "[[artifact]]\npath = \"model.bin\"\nkind = \"model\"\n"), "blocked fail no-digest");
    assert_eq!(digest("model", "", "name = \"x\"\n"), "blocked fail missing");
    let data = |digest: &str| format!("[[dataset]]\nname = \"test\"\nrole = \"test\"\ndigest = \"{digest}\"\n");
    assert_eq!(digest("dataset", "verify = \"declared\"", &data("md5:1")), "pass pass holds");
    assert_eq!(digest("dataset", "verify = \"declared\"", &data("")), "blocked fail no-digest");
    assert_eq!(digest("dataset", "", &data("md5:1")), "blocked fail not-recomputed");
    assert_eq!(digest("dataset", "verify = \"declared\"", "name = \"x\"\n"), "blocked fail missing");
    assert_eq!(digest("card", "", "name = \"x\"\n"), "blocked fail missing");
}

#[test]
fn a_dataset_wears_out() {
    let policy =
        "[[rule]]\nid = \"d\"\ncheck = \"digest\"\nof = [\"dataset\"]\nverify = \"declared\"\nmax_dataset_uses = 2\n";
    let run = "[[dataset]]\nname = \"test\"\nrole = \"test\"\ndigest = \"abc\"\n";
    let project = project(policy, "{\"auc\": 0.9}").file("runs/churn/1/run.toml", run);
    for expected in ["pass", "pass", "pass_with_warnings"] {
        let verdict = project.run(&["gate", "churn", "--record", "--out", "json"]).code(0).json();
        assert_eq!(verdict["verdict"], expected);
    }
}

#[test]
fn several_runs_become_one_value() {
    let repeated = |lines: &str, seeds: &[f64]| {
        let policy = format!("[[rule]]\nid = \"m\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.8\n{lines}\n");
        let mut project = project(&policy, "{\"auc\": 0.99}");
        for (i, auc) in seeds.iter().enumerate() {
            project = project
                .file(&format!("runs/seeds/{i}/metrics.json"), format!("{{\"auc\": {auc}}}"))
                .file(&format!("runs/seeds/{i}/run.toml"), "parent = \"runs/churn/1\"\n");
        }
        says(&project)
    };
    assert_eq!(repeated("runs = { min = 3, aggregate = \"median\" }", &[0.7, 0.81, 0.9]), "pass pass holds");
    assert_eq!(repeated("runs = { min = 3, aggregate = \"worst\" }", &[0.7, 0.81, 0.9]), "blocked fail below-bound");
    assert_eq!(repeated("runs = { min = 3, aggregate = \"mean\" }", &[0.7, 0.81, 0.9]), "pass pass holds");
    assert_eq!(repeated("runs = { min = 3 }", &[0.9, 0.9]), "blocked invalid too-few-runs");
    assert_eq!(repeated("runs = { min = 3 }", &[]), "blocked invalid too-few-runs");
    let best = "[[rule]]\nid = \"m\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.8\nruns = { min = 3, aggregate = \"best\" }\n";
    project(best, "{}").run(&["gate", "churn"]).code(2).stderr_has("by repetition");
    let proof = "evidence = \"noninferior\"\nmethod = \"runs\"\nruns = { min = 5, aggregate = \"mean\" }";
    assert_eq!(repeated(proof, &[0.85, 0.86, 0.87, 0.86, 0.85]), "pass pass holds");
    assert_eq!(repeated(proof, &[0.75, 0.95, 0.78, 0.92, 0.79]), "blocked inconclusive not-shown");
    assert_eq!(repeated(proof, &[0.7, 0.71, 0.7, 0.69, 0.7]), "blocked fail shown-inferior");
}

#[test]
fn a_floor_that_must_be_shown() {
    let floor = |metric: &str, result: &str, lines: &str| {
        let policy = format!(
            "[[rule]]\nid = \"m\"\ncheck = \"metric\"\nmetric = \"{metric}\"\nmin = 0.88\nevidence = \"noninferior\"\n{lines}\n"
        );
        says(&project(&policy, &format!("[{{\"metric\":\"{metric}\",{result}}}]")))
    };
    // Wilson's lower bound of 0.90 is .883 for 1000 examples and .868 for 300.
    assert_eq!(floor("accuracy", "\"value\":0.9,\"n\":1000", ""), "pass pass holds");
    assert_eq!(floor("accuracy", "\"value\":0.9,\"n\":300", ""), "blocked inconclusive not-shown");
    assert_eq!(floor("accuracy", "\"value\":0.8,\"n\":1000", ""), "blocked fail shown-inferior");
    assert_eq!(floor("accuracy", "\"value\":0.9", ""), "blocked inconclusive no-evidence");
    assert_eq!(
        floor("accuracy", "\"value\":0.9,\"n\":300", "on_inconclusive = \"warn\"\nseverity = \"warn\""),
        "error warn not-shown"
    );
    assert_eq!(floor("auc", "\"value\":0.9,\"stderr\":0.005", ""), "pass pass holds");
    assert_eq!(floor("auc", "\"value\":0.9,\"stderr\":0.05", ""), "blocked inconclusive not-shown");
    assert_eq!(floor("auc", "\"value\":0.9,\"stderr\":0.0", ""), "blocked inconclusive no-evidence");
    assert_eq!(floor("auc", "\"value\":0.9,\"n\":1000000", ""), "blocked inconclusive no-evidence");
    assert_eq!(floor("accuracy", "\"value\":1.0,\"n\":5", ""), "blocked inconclusive not-shown");
}

#[test]
fn harm_is_looked_for_in_a_family() {
    let slices = |values: &[f64]| {
        let all: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(i, v)| format!("{{\"metric\":\"auc\",\"value\":{v},\"stderr\":0.01,\"n\":500,\"dataset\":\"t\",\"slice\":{{\"g\":\"{i}\"}}}}"))
            .collect();
        format!("[{}]", all.join(","))
    };
    let judged = |ours: &[f64], correction: &str, mde: f64| {
        let policy = format!(
            "[baseline.b]\nselect = \"version:0\"\n[[rule]]\nid = \"m\"\ncheck = \"metric\"\nmetric = \"auc\"\nslices = [\"g=*\"]\nbaseline = \"b\"\nmax_regression = {{ abs = 0.0 }}\nevidence = \"not_inferior\"\nmde = {mde}\ncorrection = \"{correction}\"\n"
        );
        says(&project(&policy, &slices(ours)).file("runs/churn/0/metrics.json", slices(&[0.9; 10])))
    };
    let mut ours = [0.9; 10];
    assert_eq!(judged(&ours, "holm", 0.04), "pass pass holds");
    // One slice at z = 2.1: alone significant, among ten not.
    ours[3] = 0.87;
    assert_eq!(judged(&ours, "none", 0.04), "blocked fail shown-inferior");
    assert_eq!(judged(&ours, "holm", 0.04), "pass pass holds");
    ours[3] = 0.84;
    assert_eq!(judged(&ours, "holm", 0.04), "blocked fail shown-inferior");
    assert_eq!(judged(&ours, "bh", 0.04), "blocked fail shown-inferior");
    assert_eq!(judged(&[0.9; 10], "holm", 0.01), "blocked inconclusive too-little-power");
    let no_mde = "[baseline.b]\nselect = \"previous\"\n[[rule]]\nid = \"m\"\ncheck = \"metric\"\nmetric = \"auc\"\nbaseline = \"b\"\nmax_regression = { abs = 0.01 }\nevidence = \"not_inferior\"\n";
    project(no_mde, "{}").run(&["gate", "churn"]).code(2).stderr_has("needs 'mde'");
}

const WAIVED: &str = "[defaults]\nwaiver = { max_days = 60, max_active = 2 }\n[stage.s]\nmax_waivers = 1\n[[rule]]\nid = \"m\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.9\n[[rule]]\nid = \"n\"\ncheck = \"metric\"\nmetric = \"accuracy\"\nmin = 0.5\n[[waiver]]\nid = \"W-1\"\nrule = \"m\"\nfloor = 0.8\nreason = \"new market\"\nowner = \"bob@example.com\"\ncreated = 2026-01-01\nexpires = 2026-01-10\n";

#[test]
fn waivers_cover_bad_numbers_for_a_while() {
    let judged = |policy: &str, metrics: &str, at: &str| {
        let ran = project(policy, metrics).run(&["gate", "churn", "--as-of", at, "--out", "json"]);
        let verdict = ran.json();
        let state = verdict["waivers"][0]["state"].as_str().unwrap_or_default().to_owned();
        format!("{} {} {state}", ran.code, verdict["verdict"].as_str().unwrap())
    };
    let low = "{\"auc\": 0.85, \"accuracy\": 0.9}";
    assert_eq!(judged(WAIVED, low, "2026-01-05T00:00:00Z"), "0 pass_with_waivers used");
    assert_eq!(judged(WAIVED, low, "2026-01-10T23:59:59Z"), "0 pass_with_waivers used", "the last day counts whole");
    assert_eq!(judged(WAIVED, low, "2026-01-11T00:00:00Z"), "1 blocked expired");
    assert_eq!(judged(WAIVED, low, "2025-12-31T23:59:59Z"), "1 blocked not-yet");
    assert_eq!(judged(WAIVED, "{\"auc\": 0.79, \"accuracy\": 0.9}", "2026-01-05T00:00:00Z"), "1 blocked unused");
    assert_eq!(judged(WAIVED, "{\"accuracy\": 0.9}", "2026-01-05T00:00:00Z"), "1 blocked unused", "absent evidence");
    assert_eq!(judged(WAIVED, "{\"auc\": NaN, \"accuracy\": 0.9}", "2026-01-05T00:00:00Z"), "1 blocked unused");
    assert_eq!(
        judged(WAIVED, "{\"auc\": 0.95, \"accuracy\": 0.9}", "2026-01-05T00:00:00Z"),
        "0 pass_with_warnings unused"
    );
    let other = WAIVED.replace("floor = 0.8", "subject = \"sha256:000000\"");
    assert_eq!(judged(&other, low, "2026-01-05T00:00:00Z"), "1 blocked elsewhere");
    let second = WAIVED.to_owned() + &WAIVED[WAIVED.find("[[waiver]]").unwrap()..].replace("W-1", "W-2");
    let verdict =
        project(&second, low).run(&["gate", "churn", "--as-of", "2026-01-05T00:00:00Z", "--out", "json"]).json();
    assert_eq!(
        (verdict["waivers"][0]["state"].as_str(), verdict["waivers"][1]["state"].as_str()),
        (Some("used"), Some("redundant"))
    );
    let two = WAIVED.to_owned()
        + &WAIVED[WAIVED.find("[[waiver]]").unwrap()..]
            .replace("W-1", "W-2")
            .replace("rule = \"m\"", "rule = \"n\"")
            .replace("0.8", "0.2");
    assert_eq!(
        judged(&two, "{\"auc\": 0.85, \"accuracy\": 0.3}", "2026-01-05T00:00:00Z"),
        "1 blocked used",
        "one is allowed"
    );
    let three = two.clone() + &WAIVED[WAIVED.find("[[waiver]]").unwrap()..].replace("W-1", "W-3");
    assert_eq!(judged(&three, low, "2026-01-05T00:00:00Z"), "2 error ");
}

#[test]
fn waivers_that_are_none_are_refused() {
    let refused = |from: &str, to: &str| {
        let policy = WAIVED.replace(from, to);
        assert_ne!(policy, WAIVED, "{from}");
        project(&policy, "{}").run(&["gate", "churn"]).code(2).stderr
    };
    assert!(refused("reason = \"new market\"\n", "").contains("needs 'reason'"));
    assert!(refused("owner = \"bob@example.com\"\n", "owner = \" \"\n").contains("must not be empty"));
    assert!(refused("expires = 2026-01-10\n", "").contains("needs 'expires'"));
    assert!(refused("expires = 2026-01-10", "expires = 2026-03-10").contains("at most 60 are allowed"));
    assert!(refused("expires = 2026-01-10", "expires = 2025-03-10").contains("before it begins"));
    assert!(refused("rule = \"m\"", "rule = \"x\"").contains("not defined"));
    assert!(refused("min = 0.9\n", "min = 0.9\nwaivable = false\n").contains("not waivable"));
    assert!(refused("floor = 0.8", "flor = 0.8").contains("did you mean 'floor'?"));
}

#[test]
fn best_and_tagged_baselines() {
    let base = |select: &str| {
        let policy = format!(
            "[baseline.b]\nselect = \"{select}\"\n[[rule]]\nid = \"m\"\ncheck = \"metric\"\nmetric = \"auc\"\nbaseline = \"b\"\nmax_regression = {{ abs = 0.0 }}\n"
        );
        let project = project(&policy, "{\"auc\": 0.85}")
            .file("runs/churn/0.1/metrics.json", "{\"auc\": 0.9}")
            .file("runs/churn/0.2/metrics.json", "{\"auc\": 0.8}")
            .file("runs/churn/0.2/run.toml", "[tags]\nblessed = \"yes\"\n");
        project.run(&["gate", "churn@1", "--out", "json"]).json()["baselines"][0]["version"].clone()
    };
    assert_eq!(base("best:auc"), "0.1");
    assert_eq!(base("tag:blessed"), "0.2");
    assert_eq!(base("tag:blessed=yes"), "0.2");
    assert_eq!(base("tag:blessed=no"), serde_json::Value::Null);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their own inputs")]
fn the_policies_in_the_documentation_are_policies() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gate");
    let mut found = 0;
    for page in std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
    {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            // Parts of a policy, and what extends a file that is not there, are no policy by themselves.
            if block.starts_with("schema = 1") && !block.contains("extends") {
                let parsed = presscheck::config::Config::parse(block, "presscheck.toml", "docs");
                assert!(parsed.as_ref().is_ok_and(|c| c.policy.is_some()), "{}: {block}\n{parsed:?}", page.display());
                found += 1;
            }
        }
    }
    assert!(found >= 9, "{found}");
}
