//! The evidence that is changed: a copy of what was read, one version of it, and the way back.
//!
//! In: what the gate judges by, a rule and a version. Out: verdicts of that rule alone on the evidence as it is or
//! with one change. After every verdict the copy is what was read again.

use std::collections::{BTreeMap, BTreeSet};

use super::super::evaluate::{evaluate, repeats};
use super::super::inputs::Inputs;
use super::super::ledger::Ledger;
use super::super::policy::{Demand, Policy, Rule};
use super::super::verdict::Verdict;
use super::Passed;
use crate::model::{Check, DriftReport, Evidence, Instant, Registry, Run, Version};

/// One change of the evidence.
pub(super) struct Mutation {
    pub(super) kind: &'static str,
    pub(super) what: String,
    pub(super) help: &'static str,
    /// Whether a waiver may cover it: those that cover bad numbers are left out, others must not help.
    pub(super) waivable: bool,
    change: Box<dyn Fn(&mut Case<'_>)>,
}

impl Mutation {
    /// A change that no waiver may cover.
    pub(super) fn new(kind: &'static str, what: impl Into<String>, change: impl Fn(&mut Case<'_>) + 'static) -> Self {
        Self { kind, what: what.into(), help: "", waivable: false, change: Box::new(change) }
    }

    /// A change to a bad value: whether it blocks is asked without waivers.
    pub(super) fn worse(what: impl Into<String>, change: impl Fn(&mut Case<'_>) + 'static) -> Self {
        Self { waivable: true, ..Self::new("worse", what, change) }
    }

    /// With what would make the rule block.
    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// The report of a change that the gate let pass.
    pub(super) fn passed(&self, said: String) -> Passed {
        Passed { kind: self.kind, change: self.what.clone(), said, help: self.help.to_owned() }
    }
}

/// What belongs to the version, as it was read.
#[derive(Default)]
struct Read {
    runs: BTreeMap<usize, Run>,
    drift: BTreeMap<usize, DriftReport>,
    checks: BTreeMap<usize, Check>,
}

/// A copy of the evidence, with one version that is judged.
pub(super) struct Case<'a> {
    pub(super) registry: Registry,
    pub(super) version: Version,
    /// The policy with one rule.
    pub(super) policy: Policy,
    pub(super) at: Instant,
    pub(super) ledger: Option<Ledger>,
    inputs: Inputs<'a>,
    whole: &'a Policy,
    /// Positions of the version's run and of those that repeat it.
    own: Vec<usize>,
    /// Positions of the baselines' runs.
    bases: Vec<usize>,
    /// Positions of the runs that the version's run was made by.
    parents: Vec<usize>,
    read: Read,
    problems: usize,
    judged: Version,
    narrowed: Policy,
}

impl<'a> Case<'a> {
    pub(super) fn new(policy: &'a Policy, inputs: &Inputs<'a>) -> Self {
        let nobody = || Version {
            model: String::new(),
            version: String::new(),
            run: None,
            aliases: Vec::new(),
            stage: None,
            status: None,
            description: None,
            tags: BTreeMap::new(),
            created_at: None,
            card: None,
            drift: Vec::new(),
            checks: Vec::new(),
            evidence: 0..0,
            shared_evidence: Vec::new(),
            digest: crate::digest::Sha256::of(b""),
            ambiguous: None,
        };
        Self {
            registry: inputs.registry.clone(),
            version: nobody(),
            policy: policy.clone(),
            at: inputs.at,
            ledger: None,
            inputs: *inputs,
            whole: policy,
            own: Vec::new(),
            bases: Vec::new(),
            parents: Vec::new(),
            read: Read::default(),
            problems: inputs.registry.problems.len(),
            judged: nobody(),
            narrowed: policy.clone(),
        }
    }

    /// Turns to a version and a rule: the rest of the policy is left out, but for what its family holds.
    pub(super) fn judge(&mut self, rule: &Rule, version: &Version) {
        let family = |r: &Rule| r.measured().and_then(|m| m.proof.as_ref()).map(|p| p.family.clone());
        self.narrowed = self.whole.clone();
        let of = family(rule);
        self.narrowed.rules.retain(|r| r.id == rule.id || (of.is_some() && family(r) == of));
        self.narrowed.waivers.retain(|w| w.rule == rule.id);
        self.narrowed.waiver_limits.max_active = None;
        for stage in &mut self.narrowed.stages {
            stage.from.clear();
            stage.soak = None;
        }
        self.judged = version.clone();
        let repeated = matches!(&rule.demand, Demand::Metric(m) if m.repeats.is_some());
        let registry = self.inputs.registry;
        let own = |run: usize| {
            let again = registry.runs.get(run).filter(|_| repeated).map(|r| repeats(registry, r)).unwrap_or_default();
            std::iter::once(run).chain(again).collect::<Vec<_>>()
        };
        self.own = version.run.map(own).unwrap_or_default();
        self.bases = Vec::new();
        self.read = Read::default();
        self.restore();
        let baselines = self.verdict_now("").baselines;
        let found = baselines.iter().filter_map(|b| registry.run_index(b.run.as_deref()?));
        self.bases = found.filter(|run| !self.own.contains(run)).flat_map(own).collect();
        let keep = |positions: &[usize]| -> BTreeMap<usize, Run> {
            positions.iter().filter_map(|i| Some((*i, registry.runs.get(*i)?.clone()))).collect()
        };
        let made_by = version.run.and_then(|i| registry.runs.get(i)).into_iter();
        let made_by = made_by.flat_map(|run| [run.parent.as_ref(), run.lineage.parent.as_ref()]).flatten();
        self.parents = made_by.filter_map(|id| registry.run_index(id)).collect();
        let mut runs = keep(&self.own);
        runs.extend(keep(&self.bases));
        runs.extend(keep(&self.parents));
        self.read = Read {
            runs,
            drift: version.drift.iter().filter_map(|i| Some((*i, registry.drift.get(*i)?.clone()))).collect(),
            checks: version.checks.iter().filter_map(|i| Some((*i, registry.checks.get(*i)?.clone()))).collect(),
        };
    }

    /// Everything as it was read.
    fn restore(&mut self) {
        for (i, run) in &self.read.runs {
            if let Some(slot) = self.registry.runs.get_mut(*i) {
                slot.clone_from(run);
            }
        }
        for (i, report) in &self.read.drift {
            if let Some(slot) = self.registry.drift.get_mut(*i) {
                slot.clone_from(report);
            }
        }
        for (i, check) in &self.read.checks {
            if let Some(slot) = self.registry.checks.get_mut(*i) {
                slot.clone_from(check);
            }
        }
        self.registry.problems.truncate(self.problems);
        self.version.clone_from(&self.judged);
        self.policy.clone_from(&self.narrowed);
        self.at = self.inputs.at;
        self.ledger = None;
    }

    fn verdict_now(&self, stage: &str) -> Verdict {
        let stage = if stage.is_empty() { self.policy.stages().next().unwrap_or_default() } else { stage };
        let ledger = self.ledger.as_ref().unwrap_or(self.inputs.ledger);
        let inputs = Inputs { registry: &self.registry, ledger, at: self.at, ..self.inputs };
        evaluate(&self.policy, &inputs, &self.version, stage)
    }

    /// The verdict on the evidence as it was read, without waivers.
    pub(super) fn verdict(&mut self, stage: &str) -> Verdict {
        self.policy.waivers.clear();
        let verdict = self.verdict_now(stage);
        self.restore();
        verdict
    }

    /// The verdict on the evidence with one change.
    pub(super) fn with(&mut self, mutation: &Mutation, stage: &str) -> Verdict {
        if mutation.waivable {
            self.policy.waivers.clear();
        }
        (mutation.change)(self);
        let verdict = self.verdict_now(stage);
        self.restore();
        verdict
    }

    /// The version's run.
    pub(super) fn run(&self) -> Option<&Run> {
        self.own.first().and_then(|i| self.registry.runs.get(*i))
    }

    /// The runs of the baselines.
    pub(super) fn bases(&self) -> impl Iterator<Item = &Run> {
        self.bases.iter().filter_map(|i| self.registry.runs.get(*i))
    }

    /// Changes the version's run and those that repeat it.
    pub(super) fn change_own(&mut self, mut change: impl FnMut(&mut Run)) {
        for i in &self.own {
            if let Some(run) = self.registry.runs.get_mut(*i) {
                change(run);
            }
        }
    }

    /// Changes the runs of the baselines.
    pub(super) fn change_bases(&mut self, mut change: impl FnMut(&mut Run)) {
        for i in &self.bases {
            if let Some(run) = self.registry.runs.get_mut(*i) {
                change(run);
            }
        }
    }

    /// Changes the runs that the version's run names as its parents.
    pub(super) fn change_parents(&mut self, mut change: impl FnMut(&mut Run)) {
        for i in &self.parents {
            if let Some(run) = self.registry.runs.get_mut(*i) {
                change(run);
            }
        }
    }

    /// Changes every drift report of the version.
    pub(super) fn change_drift(&mut self, mut change: impl FnMut(&mut DriftReport)) {
        for i in &self.judged.drift {
            if let Some(report) = self.registry.drift.get_mut(*i) {
                change(report);
            }
        }
    }

    /// Changes every check of the version.
    pub(super) fn change_checks(&mut self, mut change: impl FnMut(&mut Check)) {
        for i in &self.judged.checks {
            if let Some(check) = self.registry.checks.get_mut(*i) {
                change(check);
            }
        }
    }

    /// The files of the version.
    pub(super) fn files(&self) -> impl Iterator<Item = &Evidence> {
        self.registry.evidence_of(&self.version)
    }

    /// Deletes files of the version, with whatever was read from them.
    pub(super) fn delete(&mut self, paths: &BTreeSet<String>) {
        let positions = self.version.evidence.clone().chain(self.version.shared_evidence.iter().copied());
        let kept = positions
            .filter(|i| self.registry.evidence.get(*i).is_some_and(|e| !paths.contains(&e.path)))
            .collect::<Vec<_>>();
        self.version.evidence = 0..0;
        self.version.shared_evidence = kept;
        let gone = |path: &str| paths.contains(path);
        let registry = &self.registry;
        self.version.drift.retain(|i| registry.drift.get(*i).is_some_and(|d| !gone(&d.source.path)));
        self.version.checks.retain(|i| registry.checks.get(*i).is_some_and(|c| !gone(&c.source.path)));
        if self.version.card.as_ref().is_some_and(|c| gone(&c.path)) {
            self.version.card = None;
        }
        self.change_own(|run| {
            let lost = |source: &str| gone(source);
            run.results.retain(|r| !lost(&r.source.path));
            run.rejected.retain(|r| !lost(&r.source.path));
            let folder = run.folder.clone();
            run.archived.retain(|e| !gone(&format!("{folder}/{}", e.path)) && !gone(&e.path));
        });
    }
}
