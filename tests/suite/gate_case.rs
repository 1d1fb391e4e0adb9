//! One case of the gate: the text of a policy, the files of the evidence, and what it says.
//!
//! The texts are those that people write: `presscheck.toml` goes through the configuration, files through the
//! importers. Nothing is read from a disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use presscheck::config::Config;
use presscheck::diag::Diagnostic;
use presscheck::digest::Sha256;
use presscheck::gate::approvals::Submitted;
use presscheck::gate::examples::{Example, Examples, Records};
use presscheck::gate::ledger::Ledger;
use presscheck::gate::policy::Policy;
use presscheck::gate::verdict::{Clock, Outcome, Status, Verdict};
use presscheck::gate::{External, Inputs, evaluate};
use presscheck::import;
use presscheck::model::{ExampleSpec, Instant, Registry, Run, assemble};
use presscheck::source::Source;

use crate::gate::consistent;

/// The day on which all cases are judged, unless they say otherwise.
pub(crate) const NOON: &str = "2026-06-15T12:00:00Z";

/// Everything that a verdict rests on.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) policy: String,
    pub(crate) files: Vec<(String, String)>,
    pub(crate) ledger: Vec<u8>,
    pub(crate) external: BTreeMap<String, Result<External, String>>,
    pub(crate) approvals: Submitted,
    pub(crate) rows: Rows,
    pub(crate) at: &'static str,
    pub(crate) stage: Option<&'static str>,
    pub(crate) version: &'static str,
    pub(crate) levels: Option<String>,
}

/// Per-example records of runs, by the version's name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows(pub(crate) BTreeMap<String, Vec<Example>>);

impl Records for Rows {
    fn examples(&self, run: &Run, _: &ExampleSpec, _: &[String]) -> Result<Arc<Examples>, String> {
        let version = run.folder.rsplit('/').next().unwrap_or_default();
        let rows = self.0.get(version).ok_or("there are no records")?;
        let text = format!("{rows:?}");
        Examples::new(format!("{version}.jsonl"), Sha256::of(text.as_bytes()), rows.clone()).map(Arc::new)
    }
}

/// A policy, and files below `runs/`.
pub(crate) fn case(policy: &str, files: &[(&str, &str)]) -> Case {
    Case {
        policy: policy.to_owned(),
        files: files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect(),
        ledger: Vec::new(),
        external: BTreeMap::new(),
        approvals: Submitted::default(),
        rows: Rows::default(),
        at: NOON,
        stage: None,
        version: "2",
        levels: None,
    }
}

/// Versions 1 (the champion) and 2, each with its `metrics.json`.
pub(crate) fn two(policy: &str, one: &str, two: &str) -> Case {
    case(
        policy,
        &[
            ("churn/model.toml", "[aliases]\nchampion = \"1\"\n"),
            ("churn/1/metrics.json", one),
            ("churn/2/metrics.json", two),
        ],
    )
}

/// The policy of a text.
pub(crate) fn parse(text: &str) -> Result<Config, Vec<Diagnostic>> {
    Config::parse(&format!("schema = 1\n{text}"), "presscheck.toml", "test")
}

impl Case {
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.retain(|(p, _)| p != path);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    pub(crate) fn at(mut self, at: &'static str) -> Self {
        self.at = at;
        self
    }

    pub(crate) fn stage(mut self, stage: &'static str) -> Self {
        self.stage = Some(stage);
        self
    }

    pub(crate) fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    pub(crate) fn ledger(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.ledger = bytes.as_ref().to_vec();
        self
    }

    /// A baseline that is a file with this content.
    pub(crate) fn external(mut self, id: &str, text: &str) -> Self {
        let source = Source::from_memory("x", "x", [("baseline/file/metrics.json".to_owned(), text.into())]);
        let run = import::import(&source, None).runs.remove(0);
        let found = External { name: format!("{id}.json"), run, digest: Sha256::of(text.as_bytes()) };
        self.external.insert(id.to_owned(), Ok(found));
        self
    }

    pub(crate) fn registry(&self, config: &Config) -> Registry {
        let files = self.files.iter().map(|(p, t)| (p.clone(), t.clone().into_bytes()));
        assemble(import::import(&Source::from_memory("runs", "runs", files), None), config.catalogue.clone(), &[])
    }

    pub(crate) fn inputs<'a>(&'a self, registry: &'a Registry, ledger: &'a Ledger) -> Inputs<'a> {
        let at = Instant::parse(self.at).unwrap();
        Inputs {
            registry,
            ledger,
            external: &self.external,
            approvals: &self.approvals,
            examples: &self.rows,
            at,
            clock: Clock::AsOf,
        }
    }

    /// The verdict, or why there is no policy to judge by.
    pub(crate) fn try_judge(&self) -> Result<Verdict, Vec<Diagnostic>> {
        let config = parse(&self.policy)?;
        let mut policy: Policy = config.policy.clone().expect("a policy");
        if let Some(levels) = &self.levels {
            let file = presscheck::gate::verdict::PolicyFile {
                path: "presscheck.ratchet.toml".to_owned(),
                sha256: Sha256::of(levels.as_bytes()),
            };
            let levels = presscheck::gate::levels::Levels::parse(levels, "l.toml").map_err(|d| vec![*d])?;
            policy = policy.with_levels(levels, file).map_err(|d| vec![*d])?;
        }
        let registry = self.registry(&config);
        let ledger = Ledger::parse(&self.ledger);
        let version = registry.model("churn").expect("the model").version(self.version).expect("the version");
        let stage = self.stage.unwrap_or_else(|| policy.stages().next().unwrap()).to_owned();
        let inputs = self.inputs(&registry, &ledger);
        let verdict = evaluate(&policy, &inputs, version, &stage);
        assert_eq!(verdict, evaluate(&policy, &inputs, version, &stage), "same inputs, same verdict");
        consistent(&verdict);
        Ok(verdict)
    }

    #[track_caller]
    pub(crate) fn judge(&self) -> Verdict {
        match self.try_judge() {
            Ok(verdict) => verdict,
            Err(found) => panic!("{}", presscheck::diag::render_all(&found, false)),
        }
    }

    /// `exit-code verdict status(reason)` of the first record that does not simply pass; for a policy that is
    /// refused `2` and the first code.
    pub(crate) fn says(&self) -> String {
        match self.try_judge() {
            Ok(verdict) => says(&verdict),
            Err(found) => format!("2 {}", found[0].code.as_str()),
        }
    }

    /// The ledger with the verdict of this case appended.
    pub(crate) fn recorded(&self) -> Vec<u8> {
        let mut ledger = self.ledger.clone();
        ledger.extend(Ledger::parse(&self.ledger).line(&self.judge()).unwrap());
        ledger
    }
}

/// As [`Case::says`].
pub(crate) fn says(verdict: &Verdict) -> String {
    let first = verdict.rules.iter().find(|r| r.status != Status::Pass);
    let first = first.map_or(String::new(), |r| format!(" {}({})", r.status.as_str(), r.reason));
    let outcome = if verdict.verdict == Outcome::Error { "error" } else { verdict.verdict.as_str() };
    format!("{} {outcome}{first}", verdict.exit_code)
}
