//! The gate history of models: every decision that the ledger holds, and those of earlier verdict files.
//!
//! In: the ledger, and the bytes of verdict files that `gate --out json=FILE` wrote. Out: decisions by model, newest
//! first. A line of the ledger and a file that say the same of the same moment are one decision. Nothing is judged
//! by it: files are not signed, so whoever reads the history is told which decisions the ledger holds.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ledger::{self, Entry, Ledger};
use super::out::words;
use super::provenance::Provenance;
use super::verdict::{Clock, Counts, Outcome, Proposed, SCHEMA, WaiverState};
use crate::diag::{Code, Diagnostic, visible};
use crate::digest::Sha256;
use crate::model::{Instant, Registry};

/// The schema's name without its version.
pub const FAMILY: &str = "presscheck.verdict/";

/// Longest text that is kept of a file; what is longer is cut.
const TEXT: usize = 4_000;
/// Names of models, versions and stages that are longer belong to nothing that was judged here.
const NAME: usize = 2_000;
/// Waivers and changes that are kept of a file.
const LISTED: usize = 100;

/// A waiver under an earlier verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastWaiver {
    /// Its id.
    pub id: String,
    /// The rule that it was an exception from.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Who answered for it.
    pub owner: String,
    /// Its last day.
    pub expires: String,
}

/// What only a verdict file says of a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// The exit code.
    pub exit_code: u8,
    /// Where the time came from.
    pub clock: Clock,
    /// Where the gate ran.
    pub provenance: Option<Provenance>,
    /// What the policy of the change under test would have said.
    pub proposed: Option<Proposed>,
    /// The policy's name.
    pub policy_name: String,
    /// The ref that the policy was read from, when not the work tree.
    pub trusted_ref: Option<String>,
    /// The waivers that it rested on.
    pub waivers: Vec<PastWaiver>,
    /// How many records had each status.
    pub counts: Counts,
    /// The tool's version.
    pub tool: String,
}

/// One decision of the gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What the ledger would hold of it.
    pub entry: Entry,
    /// 1-based line of the ledger; nothing where only files tell of it.
    pub line: Option<usize>,
    /// The verdict files that tell of it, by path.
    pub files: Vec<String>,
    /// What they say beyond the ledger.
    pub details: Option<Details>,
    /// The line of the ledger that says something else of the same version, stage and moment.
    pub contradicts: Option<usize>,
    /// Whether it is the last line before the ledger breaks: it may be the one that was changed.
    pub doubtful: bool,
}

impl Decision {
    /// The exit code: the file's, or the one that belongs to the outcome.
    pub fn exit_code(&self) -> Option<u8> {
        self.details.as_ref().map_or_else(|| words::exit_code(self.entry.verdict), |d| Some(d.exit_code))
    }

    /// Whether two tell of the same decision.
    fn is(&self, other: &Self) -> bool {
        let told = |d: &Self| Entry { previous: None, data: Vec::new(), ..d.entry.clone() };
        told(self) == told(other)
    }

    /// What was decided about, and when.
    fn moment(&self) -> (&str, &str, &str, Instant) {
        (&self.entry.model, &self.entry.version, &self.entry.stage, self.entry.at)
    }

    /// An earlier verdict, as its file holds it.
    ///
    /// # Errors
    /// When the file is none: not JSON, of another or a newer schema, or in contradiction with itself.
    pub fn parse(bytes: &[u8], path: &str) -> Result<Self, Box<Diagnostic>> {
        let refuse = |why: String, help: &str| {
            let message = format!("'{}' is not shown in the gate history: {why}", visible(path, 200));
            Err(Box::new(Diagnostic::new(Code::VerdictFile, message).at(path).help(help)))
        };
        let help = "[site] verdicts names files that `presscheck gate --out json=FILE` wrote; remove or exclude others";
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let schema = match serde_json::from_slice::<Schema>(bytes) {
            Ok(Schema { schema: Some(schema) }) => schema,
            Ok(Schema { schema: None }) => return refuse("it names no schema".to_owned(), help),
            Err(error) => return refuse(format!("it is no verdict: {}", reason(&error)), help),
        };
        if schema != SCHEMA {
            return match schema.strip_prefix(FAMILY) {
                Some(_) => refuse(
                    format!("it has the schema '{}'", visible(&schema, 80)),
                    "this presscheck reads presscheck.verdict/1; a newer schema needs a newer presscheck",
                ),
                None => refuse(format!("it has the schema '{}'", visible(&schema, 80)), help),
            };
        }
        let raw: Raw = match serde_json::from_slice(bytes) {
            Ok(raw) => raw,
            Err(error) => return refuse(format!("it is no verdict: {}", reason(&error)), help),
        };
        let names = [&raw.subject.model, &raw.subject.version, &raw.stage];
        if names.iter().any(|n| n.is_empty() || n.len() > NAME) {
            return refuse("a model, version or stage in it is empty or too long".to_owned(), help);
        }
        let code = raw.exit_code;
        let fits = match raw.verdict {
            Outcome::Error => matches!(code, 2 | 3 | 5),
            outcome => words::exit_code(outcome) == Some(code),
        };
        if !fits {
            let why = format!("it says '{}' and exit code {code}, which no verdict does", raw.verdict);
            return refuse(why, "keep the file as the gate wrote it");
        }
        Ok(raw.decision(path))
    }
}

/// What is wrong with a file, without its content.
fn reason(error: &serde_json::Error) -> String {
    visible(&error.to_string(), 200)
}

/// All decisions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// By model, newest first.
    models: BTreeMap<String, Vec<Decision>>,
    /// Why the ledger cannot be trusted.
    pub broken: Option<String>,
}

impl History {
    /// No decisions.
    pub const EMPTY: Self = Self { models: BTreeMap::new(), broken: None };

    /// Puts together what the ledger and the files tell.
    pub fn new(ledger: &Ledger, files: Vec<Decision>) -> Self {
        let mut all: Vec<Decision> = ledger
            .entries
            .iter()
            .enumerate()
            .map(|(i, entry)| Decision {
                entry: entry.clone(),
                line: Some(i + 1),
                files: Vec::new(),
                details: None,
                contradicts: None,
                doubtful: ledger.broken.is_some() && i + 1 == ledger.entries.len(),
            })
            .collect();
        let mut at: BTreeMap<(String, String, String, Instant), Vec<usize>> = BTreeMap::new();
        let key = |d: &Decision| {
            let (model, version, stage, when) = d.moment();
            (model.to_owned(), version.to_owned(), stage.to_owned(), when)
        };
        for (i, decision) in all.iter().enumerate() {
            at.entry(key(decision)).or_default().push(i);
        }
        let mut files = files;
        files.sort_by(|a, b| a.files.cmp(&b.files));
        for mut file in files {
            let places = at.entry(key(&file)).or_default();
            let same: Vec<usize> =
                places.iter().copied().filter(|i| all.get(*i).is_some_and(|d| d.is(&file))).collect();
            // Of a decision that was recorded twice each line takes a file, as long as there are files.
            let free = same.iter().copied().find(|i| all.get(*i).is_some_and(|d| d.details.is_none()));
            match free.or(same.first().copied()).and_then(|i| all.get_mut(i)) {
                Some(known) => {
                    known.files.append(&mut file.files);
                    if known.details.is_none() {
                        known.details = file.details;
                    }
                }
                None => {
                    file.contradicts = places.iter().find_map(|i| all.get(*i).and_then(|d| d.line));
                    places.push(all.len());
                    all.push(file);
                }
            }
        }
        all.sort_by(|a, b| (b.entry.at, b.line, &a.files).cmp(&(a.entry.at, a.line, &b.files)));
        let mut models: BTreeMap<String, Vec<Decision>> = BTreeMap::new();
        for decision in all {
            models.entry(decision.entry.model.clone()).or_default().push(decision);
        }
        Self { models, broken: ledger.broken.clone() }
    }

    /// The decisions about a model, newest first.
    pub fn of(&self, model: &str) -> &[Decision] {
        self.models.get(model).map(Vec::as_slice).unwrap_or_default()
    }

    /// What people should hear: a broken ledger, files that contradict it, decisions about models that are not here.
    pub fn problems(&self, registry: &Registry) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        if let Some(why) = &self.broken {
            let message = format!("the ledger of decisions is broken: {}", visible(why, 300));
            out.push(
                Diagnostic::new(Code::LedgerBroken, message)
                    .at(ledger::FILE_NAME)
                    .help("bring back the file as it was committed; only `presscheck gate --record` may add lines"),
            );
        }
        for (model, decisions) in &self.models {
            if registry.model(model).is_none() {
                let n = crate::diag::count(decisions.len(), "decision");
                let message = format!("{n} about the model '{}', of which nothing was read", visible(model, 120));
                out.push(
                    Diagnostic::new(Code::DecisionOrphan, message)
                        .at(place(decisions))
                        .help("was the model renamed or its source removed? the decisions are on no page"),
                );
            }
            for decision in decisions {
                if let (Some(line), Some(file)) = (decision.contradicts, decision.files.first()) {
                    let message = format!(
                        "'{}' contradicts line {line} of the ledger, which tells of the same version, stage and moment",
                        visible(file, 200)
                    );
                    out.push(
                        Diagnostic::new(Code::VerdictFile, message)
                            .at(file.clone())
                            .help("one of the two was changed or made by hand; git tells which"),
                    );
                }
            }
        }
        out
    }
}

/// The file in which the first of some decisions stands.
fn place(decisions: &[Decision]) -> String {
    let file = decisions.first().filter(|d| d.line.is_none()).and_then(|d| d.files.first());
    file.map_or_else(|| ledger::FILE_NAME.to_owned(), Clone::clone)
}

#[derive(Deserialize)]
struct Schema {
    schema: Option<String>,
}

/// The parts of a verdict file that the history shows. Keys that a later tool adds are left alone.
#[derive(Deserialize)]
struct Raw {
    tool: RawTool,
    evaluated_at: Instant,
    clock: Clock,
    provenance: Option<Provenance>,
    proposed: Option<Proposed>,
    stage: String,
    verdict: Outcome,
    exit_code: u8,
    sentence: String,
    subject: RawSubject,
    policy: RawPolicy,
    #[serde(default)]
    waivers: Vec<RawWaiver>,
    counts: Counts,
}

#[derive(Deserialize)]
struct RawTool {
    version: String,
}

#[derive(Deserialize)]
struct RawSubject {
    model: String,
    version: String,
    digest: Sha256,
    artifact: Sha256,
    #[serde(default)]
    data: Vec<String>,
}

#[derive(Deserialize)]
struct RawPolicy {
    name: String,
    digest: Sha256,
    trusted_ref: Option<String>,
}

#[derive(Deserialize)]
struct RawWaiver {
    id: String,
    rule: String,
    state: WaiverState,
    reason: String,
    owner: String,
    expires: String,
}

impl Raw {
    fn decision(self, path: &str) -> Decision {
        let cut = |text: String| if text.len() > TEXT { text.chars().take(TEXT).collect() } else { text };
        let waivers = self.waivers.into_iter().filter(|w| w.state == WaiverState::Used).take(LISTED);
        let proposed = self.proposed.map(|mut p| {
            p.changes.truncate(LISTED);
            p.blocking.truncate(LISTED);
            p
        });
        Decision {
            entry: Entry {
                schema: ledger::SCHEMA.to_owned(),
                model: self.subject.model,
                version: self.subject.version,
                stage: self.stage,
                verdict: self.verdict,
                sentence: self.sentence,
                subject: self.subject.digest,
                artifact: self.subject.artifact,
                policy: self.policy.digest,
                data: self.subject.data,
                at: self.evaluated_at,
                previous: None,
            },
            line: None,
            files: vec![path.to_owned()],
            details: Some(Details {
                exit_code: self.exit_code,
                clock: self.clock,
                provenance: self.provenance.map(Provenance::checked),
                proposed,
                policy_name: cut(self.policy.name),
                trusted_ref: self.policy.trusted_ref.map(cut),
                waivers: waivers
                    .map(|w| PastWaiver {
                        id: cut(w.id),
                        rule: cut(w.rule),
                        reason: cut(w.reason),
                        owner: cut(w.owner),
                        expires: cut(w.expires),
                    })
                    .collect(),
                counts: self.counts,
                tool: cut(self.tool.version),
            }),
            contradicts: None,
            doubtful: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: &str, second: i64, verdict: Outcome) -> Entry {
        let digest = Sha256::of(version.as_bytes());
        Entry {
            schema: ledger::SCHEMA.to_owned(),
            model: "churn".to_owned(),
            version: version.to_owned(),
            stage: "staging".to_owned(),
            verdict,
            sentence: format!("{version} {verdict}."),
            subject: digest,
            artifact: digest,
            policy: digest,
            data: vec!["d".to_owned()],
            at: Instant::from_seconds(second).unwrap(),
            previous: None,
        }
    }

    fn ledger(entries: Vec<Entry>) -> Ledger {
        let mut bytes: Vec<u8> = Vec::new();
        let mut previous = None;
        for entry in entries {
            let line = serde_json::to_vec(&Entry { previous, ..entry }).unwrap();
            previous = Some(Sha256::of(&line));
            bytes.extend(line);
            bytes.push(b'\n');
        }
        Ledger::parse(&bytes)
    }

    fn file(entry: &Entry) -> serde_json::Value {
        serde_json::json!({
            "schema": SCHEMA, "tool": {"name": "presscheck", "version": "9.9"}, "evaluated_at": entry.at,
            "clock": "as-of", "stage": entry.stage, "verdict": entry.verdict,
            "exit_code": words::exit_code(entry.verdict).unwrap_or(3), "sentence": entry.sentence,
            "subject": {"name": "x", "model": entry.model, "version": entry.version, "digest": entry.subject,
                "artifact": entry.artifact, "data": []},
            "policy": {"name": "p", "digest": entry.policy, "files": [], "trusted_ref": null},
            "counts": {"pass": 1, "warn": 0, "fail": 0, "inconclusive": 0, "invalid": 0, "waived": 0, "skipped": 0},
            "waivers": [], "rules": [], "a key of tomorrow": [1, 2],
        })
    }

    fn parsed(value: &serde_json::Value, path: &str) -> Result<Decision, Box<Diagnostic>> {
        Decision::parse(value.to_string().as_bytes(), path)
    }

    #[test]
    fn a_line_and_a_file_of_one_decision_are_one() {
        let (old, new) = (entry("1", 10, Outcome::Pass), entry("2", 20, Outcome::Blocked));
        let files = vec![parsed(&file(&new), "b.json").unwrap(), parsed(&file(&new), "a.json").unwrap()];
        let history = History::new(&ledger(vec![old.clone(), new.clone()]), files);
        let found = history.of("churn");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, &found[0].files[..]), (Some(2), &["a.json".to_owned(), "b.json".to_owned()][..]));
        assert_eq!((found[0].exit_code(), found[1].exit_code()), (Some(1), Some(0)));
        assert!(found[0].details.is_some() && found[1].details.is_none());
        assert!(history.of("other").is_empty());
        assert_eq!(history.problems(&Registry::default()).len(), 1, "the model is not in this registry");
    }

    #[test]
    fn a_file_that_says_something_else_is_a_row_of_its_own_and_is_reported() {
        let told = entry("1", 10, Outcome::Blocked);
        let forged = Entry { verdict: Outcome::Pass, ..told.clone() };
        let history = History::new(&ledger(vec![told]), vec![parsed(&file(&forged), "f.json").unwrap()]);
        assert_eq!(history.of("churn").len(), 2);
        let other = history.of("churn").iter().find(|d| d.line.is_none()).unwrap();
        assert_eq!(other.contradicts, Some(1));
        let problems = history.problems(&Registry::default());
        assert!(problems.iter().any(|p| p.code == Code::VerdictFile && p.path.as_deref() == Some("f.json")));
    }

    #[test]
    fn odd_files_are_refused_in_words() {
        let good = file(&entry("1", 10, Outcome::Pass));
        assert!(parsed(&good, "v.json").is_ok());
        let with = |key: &str, value: serde_json::Value| {
            let mut out = good.clone();
            out[key] = value;
            parsed(&out, "v.json").unwrap_err().message
        };
        assert!(with("schema", "presscheck.verdict/2".into()).contains("'presscheck.verdict/2'"));
        assert!(with("schema", "x".into()).contains("'x'"));
        assert!(with("exit_code", 1.into()).contains("'pass' and exit code 1"));
        assert!(with("stage", "".into()).contains("empty"));
        assert!(with("evaluated_at", "yesterday".into()).contains("no verdict"));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for bytes in [&b""[..], b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"{\"schema\":1}", deep.as_bytes()] {
            assert_eq!(Decision::parse(bytes, "v.json").unwrap_err().code, Code::VerdictFile);
        }
        let twice = good.to_string().replacen('{', "{\"stage\":\"x\",", 1);
        assert!(Decision::parse(twice.as_bytes(), "v.json").unwrap_err().message.contains("duplicate field"));
    }

    #[test]
    fn addresses_of_runs_are_checked_again() {
        let mut value = file(&entry("1", 10, Outcome::Pass));
        value["provenance"] = serde_json::json!({
            "system": "x\u{1b}[0m", "repository": null, "commit": null, "ref": null,
            "run_url": "javascript:alert(1)", "actor": "a\u{202e}", "workflow": null,
        });
        let found = parsed(&value, "v.json").unwrap().details.unwrap().provenance.unwrap();
        assert_eq!((found.run_url, found.actor.as_deref()), (None, Some("a\\u{202e}")));
        assert!(!found.system.contains('\u{1b}'));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            drop(Decision::parse(&bytes, "v.json"));
        }

        #[test]
        fn a_cut_or_flipped_file_never_becomes_another_outcome(at in 0_usize..600, bit in 0_u8..8) {
            let entry = entry("1", 10, Outcome::Blocked);
            let mut bytes = file(&entry).to_string().into_bytes();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            if let Ok(found) = Decision::parse(&bytes, "v.json") {
                proptest::prop_assert_eq!(found.entry.verdict, Outcome::Blocked);
            }
        }
    }
}
