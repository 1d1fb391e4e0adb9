//! Reports in the hands of those who read them: schemas, parsers and protocol buffers of others.
//!
//! `.ci/servers` installs the readers and names their folder in PRESSCHECK_TEST_CONSUMERS; without it
//! these tests skip, and say so. `tests/fixtures/consumers/README.md` says who reads what.

use std::path::{Path, PathBuf};
use std::process::Command;

use presscheck::gate::out::{Context, FORMATS, format};
use presscheck::gate::verdict::{Clock, Counts, Outcome, RuleRecord, RuleSeverity, Status, Verdict};
use presscheck::model::Measured;
use serde_json::Value;

use crate::gate_out::{blocked, hostile, nothing, passing};

/// Formats that programs read, other than `json` and `github`.
const READ: &[&str] = &[
    "junit",
    "sarif",
    "ctrf",
    "tap",
    "codequality",
    "openmetrics",
    "prometheus",
    "gitlab-metrics",
    "in-toto",
    "svr",
    "vsa",
    "kfp",
];

const STATUSES: [Status; 7] =
    [Status::Pass, Status::Warn, Status::Fail, Status::Inconclusive, Status::Invalid, Status::Waived, Status::Skipped];
const SEVERITIES: [RuleSeverity; 3] = [RuleSeverity::Block, RuleSeverity::Warn, RuleSeverity::Info];
const OUTCOMES: [Outcome; 6] = [
    Outcome::Pass,
    Outcome::PassWithWarnings,
    Outcome::PassWithWaivers,
    Outcome::Pending,
    Outcome::Blocked,
    Outcome::Error,
];

#[expect(clippy::disallowed_methods, reason = "the set-up names the readers in the environment")]
#[expect(clippy::disallowed_macros, reason = "a skipped test says so on standard error")]
pub(crate) fn consumers() -> Option<PathBuf> {
    let found = std::env::var("PRESSCHECK_TEST_CONSUMERS").ok().map(PathBuf::from).filter(|p| p.is_dir());
    if found.is_none() {
        eprintln!("skipped: PRESSCHECK_TEST_CONSUMERS names no folder; run .ci/servers");
    }
    found
}

/// What a reader makes of each verdict in a format.
fn read(reader: &mut Command, consumers: &Path, name: &str, verdicts: &[Verdict]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    reader.arg(consumers);
    for (i, verdict) in verdicts.iter().enumerate() {
        let path = folder.path().join(format!("{i}.report"));
        #[expect(clippy::disallowed_methods, reason = "the test makes the reader's input")]
        std::fs::write(&path, format(name).unwrap().write(verdict, &Context::default()).unwrap()).unwrap();
        reader.arg(path);
    }
    let output = reader.output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read.len(), verdicts.len(), "{name}");
    read
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/consumers").join(name)
}

fn python(consumers: &Path, name: &str, verdicts: &[Verdict]) -> Vec<Value> {
    let mut command = Command::new(consumers.join("bin/python"));
    command.arg(fixture("read.py")).arg(name);
    read(&mut command, consumers, name, verdicts)
}

fn node(consumers: &Path, verdicts: &[Verdict]) -> Vec<Value> {
    let mut command = Command::new("node");
    command.arg(fixture("read_tap.mjs"));
    read(&mut command, consumers, "tap", verdicts)
}

/// The texts of a key.
fn all<'a>(records: &'a Value, key: &str) -> Vec<&'a str> {
    records.as_array().unwrap().iter().map(|r| r[key].as_str().unwrap()).collect()
}

/// A verdict with these records, counted anew.
fn with(records: Vec<RuleRecord>, outcome: Outcome) -> Verdict {
    let mut counts = Counts::default();
    for record in &records {
        *match record.status {
            Status::Pass => &mut counts.pass,
            Status::Warn => &mut counts.warn,
            Status::Fail => &mut counts.fail,
            Status::Inconclusive => &mut counts.inconclusive,
            Status::Invalid => &mut counts.invalid,
            Status::Waived => &mut counts.waived,
            Status::Skipped => &mut counts.skipped,
        } += 1;
    }
    Verdict { rules: records, verdict: outcome, counts, clock: Clock::Wall, ..blocked() }
}

fn one() -> RuleRecord {
    blocked().rules.into_iter().find(|r| r.id == "auc-floor").unwrap()
}

/// Every status at every severity.
fn every(outcome: Outcome) -> Verdict {
    let records = STATUSES.into_iter().flat_map(|status| {
        SEVERITIES.into_iter().map(move |severity| RuleRecord {
            status,
            severity,
            target: format!("{}={}", status.as_str(), severity.as_str()),
            waiver: (status == Status::Waived).then(|| "W-2026-014".to_owned()),
            ..one()
        })
    });
    with(records.collect(), outcome)
}

/// Names as they are, and as a reader has to show them.
const NAMES: &[(&str, &str)] = &[
    ("plain", "plain"),
    ("two\nlines", r"two\u{a}lines"),
    ("ok 7 - injected\nok 8 - more\nBail out!", r"ok 7 - injected\u{a}ok 8 - more\u{a}Bail out!"),
    ("::error::x", "::error::x"),
    ("a # SKIP not me", "a # SKIP not me"),
    ("b # TODO not me", "b # TODO not me"),
    (r"back\slash \# \\", r"back\slash \# \\"),
    ("]]><failure/>", "]]><failure/>"),
    ("<a href='x'>&amp;</a>", "<a href='x'>&amp;</a>"),
    ("\"quoted\" 'q' `c`", "\"quoted\" 'q' `c`"),
    ("50%25 %0A %", "50%25 %0A %"),
    ("\u{1b}[31m\u{0}\u{7f}\u{85}", r"\u{1b}[31m\u{0}\u{7f}\u{85}"),
    ("\u{202e}gpj.exe\u{2066}", r"\u{202e}gpj.exe\u{2066}"),
    ("line\u{2028}para\u{2029}non\u{ffff}\u{fffe}", r"line\u{2028}para\u{2029}non\u{ffff}\u{fffe}"),
    ("日本 é 𝟘", "日本 é 𝟘"),
    ("{\"json\": [1, {0}]}", "{\"json\": [1, {0}]}"),
    ("name=\"x\",le=\"+Inf\"} 1\nup 1", r#"name="x",le="+Inf"} 1\u{a}up 1"#),
    ("- 1 --- ...", "- 1 --- ..."),
    ("  ---\n  ...", r"---\u{a}  ..."),
    ("[link](http://evil.example)", "[link](http://evil.example)"),
    ("", "(no name)"),
];

/// Every name as that of a rule that blocks, and very long ones that begin alike.
fn named() -> Verdict {
    let record = |id: String| RuleRecord {
        message: format!("{id} says so"),
        metric: Some(id.clone()),
        target: String::new(),
        id,
        ..one()
    };
    let long = ["x", "y"].map(|end| record(format!("{}{end}", "n".repeat(10_000))));
    with(NAMES.iter().map(|(name, _)| record((*name).to_owned())).chain(long).collect(), Outcome::Blocked)
}

fn expected_names() -> Vec<String> {
    NAMES.iter().map(|(_, shown)| (*shown).to_owned()).collect()
}

/// Names that a reader gave for `named()`: as expected, and the long ones short and apart.
#[track_caller]
fn check_names(format: &str, found: &[&str]) {
    let expected = expected_names();
    assert_eq!(found.len(), expected.len() + 2, "{format}: {found:?}");
    assert_eq!(&found[..expected.len()], expected, "{format}");
    let long = &found[expected.len()..];
    assert_ne!(long[0], long[1]);
    assert!(long.iter().all(|n| n.chars().count() <= 320 && n.starts_with("nnn")), "{format}: {long:?}");
}

#[test]
fn readers_take_every_verdict_in_every_format() {
    let Some(consumers) = consumers() else { return };
    let mut verdicts = vec![blocked(), passing(), nothing(), hostile(), named(), with(Vec::new(), Outcome::Pass)];
    verdicts.extend(OUTCOMES.map(every));
    let mut odd = blocked();
    for (record, value) in odd.rules.iter_mut().zip([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300]) {
        record.value = Some(Measured::new(value));
        record.span.line = 0;
        record.span.col = 0;
        record.span.file = "./a b/ü#.toml".to_owned();
    }
    odd.policy.files.clear();
    verdicts.push(odd);
    for name in READ {
        let told = |v: &&Verdict| format(name).unwrap().write(v, &Context::default()).is_ok();
        let told: Vec<Verdict> = verdicts.iter().filter(told).cloned().collect();
        assert!(*name == "svr" || told.len() == verdicts.len(), "{name}");
        python(&consumers, name, &told);
    }
    node(&consumers, &verdicts);
    // Nothing but these and the ones without a reader.
    let unread = FORMATS.iter().map(|f| f.name()).filter(|n| !READ.contains(n));
    assert_eq!(unread.collect::<Vec<_>>(), ["human", "json", "github", "markdown", "summary"]);
}

#[test]
fn names_reach_the_readers_whole_and_alone() {
    let Some(consumers) = consumers() else { return };
    let verdict = [named()];
    for name in ["ctrf", "in-toto"] {
        let read = python(&consumers, name, &verdict);
        check_names(name, &all(&read[0], "name")[if name == "ctrf" { 1 } else { 2 }..]);
    }
    let junit = python(&consumers, "junit", &verdict);
    let names: Vec<&str> =
        all(&junit[0], "name").into_iter().skip(1).map(|n| n.strip_suffix(" [overall]").unwrap()).collect();
    check_names("junit", &names);
    let tap = node(&consumers, &verdict);
    // What older readers take for a directive is shown, not escaped.
    let names: Vec<String> = all(&tap[0]["tests"], "name")[1..]
        .iter()
        .map(|n| {
            ["SKIP", "TODO"]
                .iter()
                .fold((*n).to_owned(), |n, d| n.replace(&format!(r"\u{{23}} {d}"), &format!("# {d}")))
        })
        .collect();
    check_names("tap", &names.iter().map(String::as_str).collect::<Vec<_>>());
    // tap.py knows no escapes of version 14; it sees the same records and the same messages.
    let older = python(&consumers, "tap", &verdict);
    assert_eq!(all(&older[0], "message"), all(&tap[0]["tests"], "message"));
    assert_eq!(all(&older[0], "status"), all(&tap[0]["tests"], "status"));
    let sarif = python(&consumers, "sarif", &verdict);
    check_names("sarif", &all(&sarif[0], "rule"));
    let issues = python(&consumers, "codequality", &verdict);
    let names: Vec<&str> =
        all(&issues[0], "check_name").into_iter().map(|n| n.strip_prefix("presscheck/").unwrap()).collect();
    check_names("codequality", &names);
    for name in ["openmetrics", "prometheus"] {
        let read = python(&consumers, name, &verdict);
        let rules = read[0].as_array().unwrap().iter().filter(|s| s["name"] == "presscheck_rule_status");
        check_names(name, &rules.map(|s| s["labels"]["rule"].as_str().unwrap()).collect::<Vec<_>>());
    }
    let gitlab = python(&consumers, "gitlab-metrics", &verdict);
    let rules = all(&gitlab[0], "name").into_iter().filter(|n| n.starts_with("presscheck_rule_status")).count();
    assert_eq!(rules, NAMES.len() + 2);
    // Every value has its metric, under a name that the server takes.
    assert_eq!(python(&consumers, "kfp", &verdict)[0].as_array().unwrap().len(), NAMES.len() + 3);
}

/// What each format makes of a status at a severity.
#[test]
fn every_status_means_the_same_to_every_reader() {
    let Some(consumers) = consumers() else { return };
    let verdicts = [every(Outcome::Blocked)];
    let read = |name: &str| python(&consumers, name, &verdicts).remove(0);
    let (junit, ctrf, sarif, issues) = (read("junit"), read("ctrf"), read("sarif"), read("codequality"));
    let tap = node(&consumers, &verdicts).remove(0);
    let older = read("tap");
    let lists = read("in-toto");
    assert_eq!(tap["ok"], false);
    for record in &verdicts[0].rules {
        use RuleSeverity::{Block, Info, Warn};
        // junit, ctrf, tap, in-toto, sarif, codequality
        let expected = match (record.status, record.severity) {
            (Status::Pass, _) => ["passed", "passed", "passed", "passed", "", ""],
            (Status::Fail, Block) => ["failure", "failed", "failed", "failed", "error", "blocker"],
            (Status::Invalid | Status::Inconclusive, Block) => {
                ["error", "failed", "failed", "failed", "error", "blocker"]
            }
            (Status::Warn, _) | (Status::Fail | Status::Invalid | Status::Inconclusive, Warn) => {
                ["passed", "other", "todo", "warned", "warning", "minor"]
            }
            (Status::Fail | Status::Invalid | Status::Inconclusive, Info) => {
                ["passed", "other", "todo", "warned", "note", "info"]
            }
            (Status::Waived, _) => ["skipped", "skipped", "todo", "warned", "suppressed", "info"],
            (Status::Skipped, _) => ["skipped", "skipped", "skipped", "", "", ""],
        };
        let name = record.name();
        let status = |records: &Value, by: &dyn Fn(&Value) -> bool| -> String {
            let found: Vec<&Value> = records.as_array().unwrap().iter().filter(|r| by(r)).collect();
            assert!(found.len() <= 1, "{name}: {found:?}");
            let status = found.first().map(|r| r.get("severity").unwrap_or(&r["status"]));
            status.map_or_else(String::new, |s| s.as_str().unwrap().to_owned())
        };
        let named = |r: &Value| r["name"] == name.as_str();
        let starts = |r: &Value| r["name"].as_str().unwrap().starts_with(&format!("{name}: "));
        let found = [
            status(&junit, &named),
            status(&ctrf, &named),
            status(&tap["tests"], &named),
            status(&lists, &named),
            status(&sarif, &starts),
            status(&issues, &starts),
        ];
        assert_eq!(found, expected, "{:?} at {:?}", record.status, record.severity);
        assert_eq!(status(&older, &named), expected[2], "{name}");
    }
    let waived = all(&tap["tests"], "reason").iter().filter(|r| **r == "waived by W-2026-014").count();
    assert_eq!(waived, 3);
    let rows = junit.as_array().unwrap().iter().filter(|c| c["status"] == "skipped");
    assert_eq!(rows.filter(|c| c["message"].as_str().unwrap().starts_with("waived by W-2026-014: ")).count(), 3);
}

#[test]
fn no_reader_takes_another_outcome_for_a_pass() {
    let Some(consumers) = consumers() else { return };
    // Without a record that blocks: only the verdict itself says that it is none.
    let calm = |outcome| with(vec![RuleRecord { status: Status::Pass, ..one() }], outcome);
    let verdicts = OUTCOMES.map(calm);
    let promotes: Vec<bool> = verdicts.iter().map(|v| v.verdict.promotes()).collect();
    let passes = |name: &str, pass: &dyn Fn(&Value) -> bool| {
        let read = python(&consumers, name, &verdicts);
        assert_eq!(read.iter().map(pass).collect::<Vec<_>>(), promotes, "{name}");
    };
    let none = |bad: &'static [&'static str]| move |r: &Value| all(r, "status").iter().all(|s| !bad.contains(s));
    passes("junit", &none(&["failure", "error"]));
    passes("ctrf", &none(&["failed", "pending"]));
    passes("tap", &none(&["failed"]));
    passes("in-toto", &|r| r[0]["name"] != "FAILED");
    passes("vsa", &|r| r[0]["status"] == "PASSED" && r[0]["name"] != "FAILED");
    passes("sarif", &|r| r.as_array().unwrap().is_empty());
    passes("codequality", &|r| r.as_array().unwrap().is_empty());
    for name in ["openmetrics", "prometheus"] {
        passes(name, &|r| {
            let gate = r.as_array().unwrap().iter().find(|s| s["name"] == "presscheck_gate_pass").unwrap();
            gate["value"] == "1.0"
        });
    }
    passes("kfp", &|r| r[0]["name"] == "gate-pass" && r[0]["numberValue"] == 1.0);
    let tap = node(&consumers, &verdicts);
    assert_eq!(tap.iter().map(|t| t["ok"].as_bool().unwrap()).collect::<Vec<_>>(), promotes);
    let refused = |v: &Verdict| format("svr").unwrap().write(v, &Context::default()).is_ok();
    assert_eq!(verdicts.iter().map(refused).collect::<Vec<_>>(), promotes);
}

#[test]
fn an_attestation_names_what_holds_and_the_evidence() {
    let Some(consumers) = consumers() else { return };
    let pass = |change: &dyn Fn(&mut Verdict)| {
        let mut verdict = with(vec![RuleRecord { status: Status::Pass, ..one() }], Outcome::Pass);
        change(&mut verdict);
        verdict
    };
    let verdicts = [
        pass(&|_| ()),
        pass(&|v| {
            v.clock = Clock::AsOf;
            v.stage = "Prod_eu-1 ü".to_owned();
        }),
        pass(&|v| v.policy.trusted_ref = Some("refs/heads/main".to_owned())),
        pass(&|v| {
            v.verdict = Outcome::PassWithWaivers;
            v.rules[0].status = Status::Waived;
        }),
        pass(&|v| {
            v.verdict = Outcome::PassWithWarnings;
            v.rules[0].status = Status::Skipped;
        }),
    ];
    let read = python(&consumers, "svr", &verdicts);
    let none = ["NO_WAIVERS", "NO_WARNINGS", "NOTHING_SKIPPED"];
    let expected: [(&str, Vec<&str>); 5] = [
        ("STAGE_PRODUCTION", [&none[..], &["WALL_CLOCK"]].concat()),
        ("STAGE_%50ROD%5FEU_1%20%C3%BC", none.to_vec()),
        ("STAGE_PRODUCTION", [&none[..], &["TRUSTED_POLICY", "WALL_CLOCK"]].concat()),
        ("STAGE_PRODUCTION", vec!["NO_WARNINGS", "NOTHING_SKIPPED", "WALL_CLOCK"]),
        ("STAGE_PRODUCTION", vec!["NO_WAIVERS", "WALL_CLOCK"]),
    ];
    for ((read, (stage, others)), verdict) in read.iter().zip(expected).zip(&verdicts) {
        let names: Vec<String> = std::iter::once(stage).chain(others).map(|p| format!("PRESSCHECK_{p}")).collect();
        assert_eq!(all(read, "name"), names);
        assert!(all(read, "status").iter().all(|d| *d == verdict.subject.digest.hex()));
    }
}

#[test]
fn large_verdicts_keep_within_the_limits_of_their_readers() {
    let Some(consumers) = consumers() else { return };
    let large = |n: usize| {
        let one = one();
        let records = (0..n).map(|i| RuleRecord { target: format!("slice={i}"), ..one.clone() });
        [with(records.collect(), Outcome::Blocked)]
    };
    let sarif = format("sarif").unwrap().write(&large(26_000)[0], &Context::default()).unwrap();
    let run: Value = serde_json::from_slice(&sarif).unwrap();
    assert_eq!(run["runs"][0]["results"].as_array().unwrap().len(), 25_000);
    let note = &run["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(note.as_str().unwrap().starts_with("1000 more records"), "{note}");
    let verdict = large(3_000);
    assert_eq!(python(&consumers, "kfp", &verdict)[0].as_array().unwrap().len(), 50);
    let metrics = python(&consumers, "openmetrics", &verdict).remove(0);
    let of = |name: &str| metrics.as_array().unwrap().iter().filter(|s| s["name"] == name).collect::<Vec<_>>();
    assert_eq!(of("presscheck_rule_status").len(), 2_000);
    assert_eq!(of("presscheck_gate_records_left_out")[0]["value"], "1000.0");
    // Displays of tests leave out nothing: the one that fails could be the last.
    assert_eq!(node(&consumers, &verdict)[0]["tests"].as_array().unwrap().len(), 3_001);
    assert_eq!(python(&consumers, "junit", &verdict)[0].as_array().unwrap().len(), 3_001);
}

#[test]
fn fingerprints_follow_the_finding_and_not_the_line() {
    let Some(consumers) = consumers() else { return };
    let before = blocked();
    let mut after = blocked();
    after.subject.version = "3".to_owned();
    for record in &mut after.rules {
        record.span.line += 7;
        record.span.end_line += 7;
        record.message.push('!');
        record.value = Some(Measured::new(0.5));
    }
    let mut other = blocked();
    other.stage = "staging".to_owned();
    for (name, key) in [("sarif", "id"), ("codequality", "fingerprint"), ("ctrf", "id")] {
        let read = python(&consumers, name, &[before.clone(), after.clone(), other.clone()]);
        assert_eq!(all(&read[0], key), all(&read[1], key), "{name}");
        assert!(all(&read[0], key).iter().all(|id| !all(&read[2], key).contains(id)), "{name}");
    }
}
