//! The writers: a snapshot of each, hostile names in each, and that all of them agree.

use presscheck::gate::out::{Context, FORMATS, Limit, Writer, format, github, human, junit, markdown, svr};
use presscheck::gate::verdict::{Outcome, RuleRecord, RuleSeverity, Status, Verdict};
use presscheck::model::CheckStatus;
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use crate::gate::{Store, judge, policy};

const POLICY: &str = r#"
name = "acme"
[baseline.champion]
select = "previous"
[stage.production]
[[rule]]
id = "auc-floor"
check = "metric"
metric = "auc"
min = 0.88
why = "Contract, ticket ML-231"
[[rule]]
id = "cost-vs-champion"
check = "metric"
metric = "cost"
baseline = "champion"
max_regression = { rel = 0.1 }
[[rule]]
id = "f1-floor"
check = "metric"
metric = "f1"
min = 0.5
severity = "warn"
[[rule]]
id = "seats"
check = "metric"
metric = "seats"
min = 1
on_missing = "skip"
[[rule]]
id = "drift"
check = "drift"
report = "drift/*.json"
max_score = 0.2
[[rule]]
id = "suites"
check = "tests"
report = "checks/*.xml"
"#;

fn store(auc: f64) -> Store {
    Store::new(&["1", "2"])
        .metric("1", "cost", 100.0)
        .metric("2", "cost", 110.5)
        .metric("2", "auc", auc)
        .metric("2", "f1", 0.4)
        .drift("2", "drift/w1.json", &[("age", 0.1), ("income", 0.31)])
        .checks("2", "checks/unit.xml", &[CheckStatus::Pass; 3])
}

pub(crate) fn blocked() -> Verdict {
    judge(&policy(POLICY), &store(0.87996))
}

pub(crate) fn passing() -> Verdict {
    judge(&policy(&POLICY.replace("0.2", "0.4").replace("{ rel = 0.1 }", "{ rel = 0.2 }")), &store(0.95))
}

pub(crate) fn nothing() -> Verdict {
    judge(&policy("name = \"empty\""), &store(0.95))
}

/// Everything that names may hold: a workflow command at the start and later, an escape sequence, the end of a CDATA
/// section, table cells, code, HTML, a forbidden character, a mention, a link, a bidi override.
const HOSTILE: &str = "::error::first ##[error]x\n::error::pwned\r\u{1b}[31m]]>|`code`<script>alert(1)</script>\u{fffe}\u{0}@octocat https://evil.example %0A::add-mask::y ##vso[task] \u{202e}<!-- --> *b* _i_ [l](http://e.example)";

pub(crate) fn hostile() -> Verdict {
    let mut verdict = blocked();
    verdict.stage = HOSTILE.to_owned();
    verdict.sentence = format!("{HOSTILE}.");
    verdict.subject.name = HOSTILE.to_owned();
    verdict.subject.model = HOSTILE.to_owned();
    verdict.policy.name = HOSTILE.to_owned();
    for record in &mut verdict.rules {
        for text in [&mut record.id, &mut record.message, &mut record.target, &mut record.reason, &mut record.span.file]
        {
            *text = HOSTILE.to_owned();
        }
        record.why = Some(HOSTILE.to_owned());
        record.source = Some(HOSTILE.to_owned());
    }
    verdict
}

fn text(writer: &dyn Writer, verdict: &Verdict) -> String {
    String::from_utf8(writer.write(verdict, &Context::default()).unwrap()).unwrap()
}

/// Digests and the tool's version change with the code; the rest is the contract.
fn snapshot(name: &str, verdict: &Verdict, text: &str) {
    let mut shown = text.to_owned();
    for (digest, word) in [
        (verdict.policy.digest, "POLICY"),
        (verdict.subject.digest, "EVIDENCE"),
        (verdict.policy.files[0].sha256, "FILE"),
    ] {
        shown = shown.replace(&digest.hex(), &format!("[{word}]")).replace(&digest.short(), &format!("[{word}]"));
    }
    shown = shown.replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"[VERSION]\"");
    shown =
        shown.replace(&format!("presscheck {}", env!("CARGO_PKG_VERSION").replace('.', ".")), "presscheck [VERSION]");
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("gate_out_{name}"), shown);
    });
}

#[test]
fn each_format_of_each_verdict() {
    for (name, verdict) in [("blocked", blocked()), ("passing", passing()), ("nothing", nothing())] {
        for writer in FORMATS {
            match writer.write(&verdict, &Context::default()) {
                Ok(bytes) => {
                    let text = String::from_utf8(bytes).unwrap();
                    snapshot(&format!("{name}_{}", writer.name()), &verdict, &text);
                }
                Err(refused) => assert_eq!((writer.name(), verdict.verdict.promotes()), ("svr", false), "{refused}"),
            }
        }
        snapshot(&format!("{name}_outputs"), &verdict, &github::outputs(&verdict));
    }
}

#[test]
fn hostile_names() {
    let verdict = hostile();
    for writer in FORMATS.iter().filter(|w| w.name() != "svr") {
        snapshot(&format!("hostile_{}", writer.name()), &verdict, &text(*writer, &verdict));
    }
    snapshot("hostile_outputs", &verdict, &github::outputs(&verdict));
}

#[test]
fn formats_have_names() {
    let names: Vec<&str> = FORMATS.iter().map(|f| f.name()).collect();
    let mut apart = names.clone();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!(apart.len(), names.len());
    assert!(names.iter().all(|n| format(n).is_some()) && format("html").is_none());
}

#[test]
fn no_command_reaches_the_runner() {
    let verdict = hostile();
    let annotations = text(&github::Github, &verdict);
    for line in annotations.lines() {
        assert!(
            ["::error title=", "::warning title=", "::notice title="].iter().any(|p| line.starts_with(p)),
            "{line}"
        );
        let message = line.splitn(3, "::").nth(2).unwrap();
        assert!(!message.contains("%0A::") && !message.contains('\r'), "{message}");
    }
    let human = text(&human::Human, &verdict);
    assert!(!human.contains("##["), "{human}");
    // Whatever goes to standard output goes through the runner.
    for writer in FORMATS.iter().filter(|w| !["github", "svr"].contains(&w.name())) {
        for line in text(*writer, &verdict).lines().chain(github::outputs(&verdict).lines()) {
            let line = line.trim_start();
            assert!(!line.starts_with("::") && !line.starts_with("##["), "{}: {line}", writer.name());
        }
    }
    assert_eq!(github::outputs(&verdict).lines().count(), 6);
    for out in [annotations, human, text(&markdown::Markdown, &verdict), text(&junit::Junit, &verdict)] {
        assert!(!out.contains('\u{1b}') && !out.contains('\u{0}') && !out.contains('\u{202e}'));
    }
}

#[test]
fn annotations_stop_at_nine() {
    let mut verdict = blocked();
    let one = verdict.rules[0].clone();
    verdict.rules.splice(0..0, (0..20).map(|i| RuleRecord { target: i.to_string(), ..one.clone() }));
    let out = text(&github::Github, &verdict);
    assert_eq!(out.lines().filter(|l| l.starts_with("::error")).count(), 10);
    let blocking = verdict.rules.iter().filter(|r| r.blocks()).count();
    assert!(out.contains(&format!("::and {} more; see the step summary", blocking - 9)), "{out}");
    // Waivers are notices, and so is the verdict.
    for record in &mut verdict.rules {
        record.status = Status::Waived;
    }
    let out = text(&github::Github, &verdict);
    assert_eq!(out.lines().filter(|l| l.starts_with("::notice")).count() + out.matches("\n::error").count(), 10);
}

#[test]
fn markdown_holds_no_live_markup() {
    let out = text(&markdown::Markdown, &hostile());
    for live in ["<script", "</script", "`code`", "](http", "https://", "@octocat", "*b*"] {
        assert!(!out.contains(live), "{live} in {out}");
    }
    // The marker is the first line and the only comment.
    assert!(out.starts_with("<!-- presscheck:") && out.matches("<!--").count() == 1 && out.matches("-->").count() == 1);
    for row in out.lines().filter(|l| l.starts_with("| ")) {
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }
}

#[test]
fn markdown_drops_whole_sections_to_stay_small() {
    let mut verdict = blocked();
    let pass = verdict.rules.iter().find(|r| r.status == Status::Pass).unwrap().clone();
    verdict.rules.extend((0..5_000).map(|i| RuleRecord { target: i.to_string(), ..pass.clone() }));
    // Characters outside the basic plane count twice, as in most counters; bytes would count four.
    verdict.rules[0].message = "𝟘日é".repeat(300);
    let limits = [2_500, 6_000, 65_000, 900_000].into_iter().flat_map(|n| [Limit::Bytes(n), Limit::Characters(n)]);
    for limit in limits {
        let context = Context { limit: Some(limit), ..Context::default() };
        let out = String::from_utf8(markdown::Markdown.write(&verdict, &context).unwrap()).unwrap();
        assert!(limit.size(&out) <= limit.most(), "{} > {limit:?}", limit.size(&out));
        assert!(out.contains("BLOCKED") && out.trim_end().ends_with("</sub>"));
        assert!(out.contains("left out here for their size") || limit.most() > 700_000);
        assert_eq!(out.matches("<details>").count(), out.matches("</details>").count());
    }
    let comment = text(&markdown::Markdown, &verdict);
    assert!(comment.starts_with("<!-- presscheck:") && comment.encode_utf16().count() <= 65_536);
    assert!(text(&markdown::Summary, &verdict).len() <= 900 << 10);
    // A step's summary is one file: what other commands wrote into it takes room.
    assert!(github::step_summary(&verdict, 0).unwrap().len() > 300_000);
    assert!(github::step_summary(&verdict, 800 << 10).unwrap().len() < 100 << 10);
    assert_eq!(github::step_summary(&verdict, 1 << 20), None);
}

/// The outcome of each case, as a reader of JUnit files sees it.
fn cases(xml: &str) -> Vec<(String, &'static str)> {
    // XSD dialects and Jenkins want a time without a zone, this reader wants one.
    let zoned = xml.replacen("12:00:00\"", "12:00:00Z\"", 1);
    assert_ne!(zoned, xml);
    let report = Report::deserialize_from_str(&zoned).unwrap();
    assert_eq!(report.test_suites.len(), 1);
    report.test_suites[0]
        .test_cases
        .iter()
        .map(|c| {
            let outcome = match &c.status {
                TestCaseStatus::Success { .. } => "pass",
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => "failure",
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => "error",
                TestCaseStatus::Skipped { .. } => "skipped",
            };
            (format!("{}/{}", c.classname.as_ref().unwrap().as_str(), c.name.as_str()), outcome)
        })
        .collect()
}

#[test]
fn junit_is_read_back_with_every_case() {
    for verdict in [blocked(), passing(), nothing(), hostile()] {
        let cases = cases(&text(&junit::Junit, &verdict));
        assert_eq!(cases.len(), verdict.rules.len() + 1);
        let mut names: Vec<&String> = cases.iter().map(|(n, _)| n).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cases.len(), "GitLab drops the second of two equal names");
        let red = cases.iter().filter(|(_, o)| matches!(*o, "failure" | "error")).count();
        assert_eq!(red > 0, !verdict.verdict.promotes());
    }
}

#[test]
fn junit_maps_every_status() {
    let mut verdict = blocked();
    let one = verdict.rules[0].clone();
    let statuses = [
        (Status::Fail, RuleSeverity::Block, "failure"),
        (Status::Invalid, RuleSeverity::Block, "error"),
        (Status::Inconclusive, RuleSeverity::Block, "error"),
        (Status::Fail, RuleSeverity::Warn, "pass"),
        (Status::Fail, RuleSeverity::Info, "pass"),
        (Status::Warn, RuleSeverity::Block, "pass"),
        (Status::Pass, RuleSeverity::Block, "pass"),
        (Status::Waived, RuleSeverity::Block, "skipped"),
        (Status::Skipped, RuleSeverity::Block, "skipped"),
    ];
    verdict.rules = statuses
        .iter()
        .enumerate()
        .map(|(i, (status, severity, _))| RuleRecord {
            status: *status,
            severity: *severity,
            target: i.to_string(),
            ..one.clone()
        })
        .collect();
    let outcomes: Vec<&str> = cases(&text(&junit::Junit, &verdict)).iter().skip(1).map(|(_, o)| *o).collect();
    assert_eq!(outcomes, statuses.map(|(_, _, o)| o));
}

#[test]
fn long_messages_stay_readable() {
    let mut verdict = blocked();
    for record in &mut verdict.rules {
        record.message = format!("]]>{}\u{ffff}\u{7}", "é<&\"'".repeat(1 << 20));
    }
    assert_eq!(cases(&text(&junit::Junit, &verdict)).len(), verdict.rules.len() + 1);
    assert!(text(&markdown::Markdown, &verdict).encode_utf16().count() <= 65_000);
}

#[test]
fn nothing_is_attested_of_what_did_not_pass() {
    for mut verdict in [blocked(), nothing(), passing()] {
        for outcome in [Outcome::Pending, Outcome::Blocked, Outcome::Error] {
            verdict.verdict = outcome;
            assert!(svr::Svr.write(&verdict, &Context::default()).is_err());
            for (format, says) in [("vsa", "\"FAILED\""), ("in-toto", "\"result\": \"FAILED\"")] {
                let out = text(presscheck::gate::out::format(format).unwrap(), &verdict);
                assert!(out.contains(says) && !out.contains("\"PASSED\"") && !out.contains("PRESSCHECK_"), "{out}");
            }
        }
    }
    // A verdict that contradicts itself is not one of a pass.
    let mut verdict = blocked();
    verdict.verdict = Outcome::Pass;
    assert!(svr::Svr.write(&verdict, &Context::default()).is_err());
    assert!(text(presscheck::gate::out::format("vsa").unwrap(), &verdict).contains("\"FAILED\""));
    assert!(text(presscheck::gate::out::format("in-toto").unwrap(), &verdict).contains("\"FAILED\""));
}

#[test]
fn all_formats_agree() {
    for verdict in [blocked(), passing(), nothing()] {
        let word = verdict.verdict.as_str();
        let headline = verdict.verdict.to_string().to_uppercase();
        let json: serde_json::Value = serde_json::from_str(&text(format("json").unwrap(), &verdict)).unwrap();
        assert_eq!(
            (json["verdict"].as_str(), json["exit_code"].as_u64()),
            (Some(word), Some(verdict.exit_code.into()))
        );
        assert_eq!(json["schema"], "presscheck.verdict/1");
        assert!(text(&human::Human, &verdict).starts_with(&headline));
        assert!(text(&markdown::Markdown, &verdict).contains(&headline));
        assert!(text(&github::Github, &verdict).contains(&headline));
        assert!(text(&junit::Junit, &verdict).contains(&format!("name=\"verdict\" value=\"{word}\"")));
        assert!(github::outputs(&verdict).starts_with(&format!("verdict={word}\nexit-code={}\n", verdict.exit_code)));
    }
    assert_eq!(
        (blocked().verdict, passing().verdict, nothing().verdict),
        (Outcome::Blocked, Outcome::PassWithWarnings, Outcome::Error)
    );
}

#[test]
fn equal_inputs_give_equal_bytes() {
    for writer in FORMATS {
        let write = |verdict: &Verdict| writer.write(verdict, &Context::default());
        assert_eq!(write(&blocked()), write(&blocked()), "{}", writer.name());
        assert_eq!(write(&passing()), write(&passing()), "{}", writer.name());
    }
}

#[test]
fn colour_only_when_asked() {
    let colour = human::Human.write(&blocked(), &Context { colour: true, ..Context::default() }).unwrap();
    assert!(String::from_utf8(colour).unwrap().contains("\u{1b}[1;31mBLOCKED\u{1b}[0m"));
    let short = human::Human.write(&blocked(), &Context { brief: true, ..Context::default() }).unwrap();
    assert!(String::from_utf8(short).unwrap().contains("that hold"));
}
