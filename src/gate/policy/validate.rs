//! From the policy as typed to the policy that judges.
//!
//! In: raw tables with places, the text they came from, the catalogue. Out: a [`Policy`], or all
//! refusals at once. Each rule kind reads its own keys (`rules/KIND/cfg.rs`); this file reads what
//! all rules share, the baselines, the stages and the defaults.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::approval;
use super::inherit;
use super::reader::{Sink, Table, TextOrTable, choose, closest};
use super::waiver::{self, WaiverLimits};
use super::{
    APPROVAL_RULE, Baseline, Correction, DEFAULT_STAGE, Demand, EVIDENCE_RULE, Lock, Mode, OnMissing, Pattern, Places,
    Policy, RawPolicy, RawRule, Rule, RuleSpan, STAGE_RULE, Same, Select, Stage, Treatment, Treatments, WAIVER_RULE,
};
use crate::diag::{Code, Diagnostic, line_column, visible};
use crate::digest::Sha256;
use crate::gate::levels::Levels;
use crate::gate::pattern::Kind;
use crate::gate::rules::fresh::cfg::read_age;
use crate::gate::rules::metric::proof::read_confidence;
use crate::gate::rules::{card, digest, drift, fresh, gap, metric, ratchet, tests};
use crate::gate::verdict::{PolicyFile, RuleKind, RuleSeverity, Status};
use crate::model::{Catalogue, Direction};

/// Keys of the language that no version evaluates yet.
const RULE_KEYS_NOT_EVALUATED: &[&str] = &["stages"];

/// The confidence of one-sided statements when the policy does not say.
const CONFIDENCE: f64 = 0.95;

const SEVERITIES: &[(&str, RuleSeverity)] =
    &[("block", RuleSeverity::Block), ("warn", RuleSeverity::Warn), ("info", RuleSeverity::Info)];

/// What the readers of rules need to know about the rest of the policy.
pub(crate) struct Context<'a> {
    pub(crate) catalogue: &'a Catalogue,
    baselines: Vec<String>,
    stages: Vec<String>,
    severity: RuleSeverity,
    on: Treatments,
    /// What evidence must show, where a rule does not say.
    pub(crate) evidence: Mode,
    /// The confidence of one-sided statements, where a rule does not say.
    pub(crate) confidence: f64,
    /// The correction of families, where a rule does not say.
    pub(crate) correction: Correction,
}

/// `[defaults]`.
struct Defaults {
    severity: RuleSeverity,
    on: Treatments,
    evidence: Mode,
    confidence: f64,
    correction: Correction,
    limits: WaiverLimits,
}

impl Context<'_> {
    /// Whether the policy defines the baseline.
    pub(crate) fn has_baseline(&self, id: &str) -> bool {
        self.baselines.iter().any(|b| b == id)
    }

    /// The most similar baseline, as advice.
    pub(crate) fn baseline_help(&self, id: &str) -> String {
        match closest(id, self.baselines.iter().map(String::as_str)) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("define it: [baseline.{}] select = \"alias:champion\"", visible(id, 40)),
        }
    }
}

/// Validates a policy. `file` and `text` are what the places in `raw` refer to.
///
/// # Errors
/// Everything that keeps the policy from being evaluated in full, in the order of the file.
pub fn validate(raw: RawPolicy, file: &str, text: &Arc<str>, catalogue: &Catalogue) -> Result<Policy, Vec<Diagnostic>> {
    validate_below(raw, file, text, catalogue, None)
}

/// Validates a policy that inherits another one.
///
/// # Errors
/// As [`validate`], and whatever it would loosen.
pub(crate) fn validate_below(
    raw: RawPolicy,
    file: &str,
    text: &Arc<str>,
    catalogue: &Catalogue,
    parent: Option<&Policy>,
) -> Result<Policy, Vec<Diagnostic>> {
    let sink = Sink::new(file, text);
    for (key, at) in &raw.unsupported {
        sink.unsupported(at, &format!("'{}'", visible(key, 80)));
    }
    requires(&sink, &raw);
    let defaults = read_defaults(&sink, &raw);
    let mut baselines = read_baselines(&sink, &raw, catalogue);
    let own_baselines: Vec<String> = raw.baselines.keys().map(|id| id.get_ref().clone()).collect();
    inherit_baselines(&sink, &raw, &mut baselines, parent);
    let stages = inherit_stages(&sink, &raw, read_stages(&sink, &raw, parent), parent);
    let context = Context {
        catalogue,
        // A baseline that was refused is still defined: one mistake, one diagnostic.
        baselines: own_baselines.into_iter().chain(baselines.keys().cloned()).collect(),
        stages: stages.iter().map(|s| s.name.clone()).collect(),
        severity: defaults.severity,
        on: defaults.on,
        evidence: defaults.evidence,
        confidence: defaults.confidence,
        correction: defaults.correction,
    };
    let mut rules: Vec<Rule> = Vec::new();
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for rule in &raw.rules {
        rules.extend(read_rule(&sink, rule, &context, &mut ids));
    }
    let (rules, known) = inherit_rules(&sink, &raw, rules, ids, &stages, parent);
    let mut limits = defaults.limits;
    if let Some(parent) = parent {
        limits.max_days = limits.max_days.min(parent.waiver_limits.max_days);
        limits.max_active = inherit::least(limits.max_active, parent.waiver_limits.max_active);
    }
    let waivers = waiver::read(&sink, &raw.waivers, &limits, &rules, &known, &context.stages);
    // Neither waivers nor approvals are inherited: `config` refuses them in a policy that is extended.
    let approvals = approval::read(&sink, &raw, &context.stages);
    families(&sink, &raw, &rules);
    let mut warnings = warn(&sink, &raw, &rules, &stages);
    warnings.extend(approval::unused_roles(&sink, &raw, &approvals));
    let found = sink.into_found();
    if !found.is_empty() {
        return Err(found);
    }
    let places = Places::of(&raw, file, text).above(parent.map(|p| p.places.clone()).unwrap_or_default());
    let policy = Policy {
        name: raw.name.unwrap_or_else(|| "policy".to_owned()),
        rules,
        baselines,
        stages,
        waiver_limits: limits,
        waivers,
        approvals,
        levels: Levels::default(),
        digest: Sha256::of(b""),
        files: std::iter::once(PolicyFile { path: file.to_owned(), sha256: Sha256::of(text.as_bytes()) })
            .chain(parent.into_iter().flat_map(|p| p.files.iter().cloned()))
            .collect(),
        trusted_ref: None,
        warnings,
        places,
    };
    policy.identified().map_err(|problem| vec![*problem])
}

/// Baselines of the parents; one of the same id must be the same.
fn inherit_baselines(sink: &Sink<'_>, raw: &RawPolicy, own: &mut BTreeMap<String, Baseline>, parent: Option<&Policy>) {
    for (id, baseline) in parent.into_iter().flat_map(|p| &p.baselines) {
        match own.get(id) {
            None => {
                own.insert(id.clone(), baseline.clone());
            }
            Some(ours) if ours == baseline => {}
            Some(_) => {
                let at = raw.baselines.keys().find(|k| k.get_ref() == id).map_or(0..0, Spanned::span);
                loosens(sink, &at, &format!("baseline '{id}'"), "another meaning");
            }
        }
    }
}

/// Stages of the parents, then the policy's own; one of the same name may only be stricter.
fn inherit_stages(sink: &Sink<'_>, raw: &RawPolicy, own: Vec<Stage>, parent: Option<&Policy>) -> Vec<Stage> {
    let Some(parent) = parent else { return own };
    // The stage of a policy that defines none is no stage of the whole when any of the others defines some.
    let implicit = |stages: &[Stage]| stages.len() == 1 && stages.iter().all(|s| s.name == DEFAULT_STAGE);
    if raw.stages.is_empty() {
        return parent.stages.clone();
    }
    if implicit(&parent.stages) {
        return own;
    }
    let mut out = parent.stages.clone();
    for stage in own {
        match out.iter_mut().find(|s| s.name == stage.name) {
            None => out.push(stage),
            Some(old) => {
                if let Some(key) = inherit::loosened_stage(old, &stage) {
                    let at = raw.stages.keys().find(|k| *k.get_ref() == stage.name).map_or(0..0, Spanned::span);
                    loosens(sink, &at, &format!("stage '{}'", visible(&stage.name, 80)), key);
                }
                *old = stage;
            }
        }
    }
    out
}

/// Rules of the parents in their order, replaced where the policy overrides them, then its own.
fn inherit_rules(
    sink: &Sink<'_>,
    raw: &RawPolicy,
    own: Vec<Rule>,
    ids: BTreeMap<String, u32>,
    stages: &[Stage],
    parent: Option<&Policy>,
) -> (Vec<Rule>, Vec<String>) {
    let mut known: Vec<String> = ids.keys().cloned().collect();
    let at = |rule: &Rule| {
        let spans = raw.rules.iter().map(Spanned::span);
        spans.into_iter().find(|span| line_column_of(sink, span.start).0 == rule.span.line).unwrap_or(0..0)
    };
    let overrides: Vec<&str> = raw.rules.iter().filter_map(|r| overridden(&r.get_ref().0)).collect();
    let mut out: Vec<Rule> = parent.map(|p| p.rules.clone()).unwrap_or_default();
    known.extend(out.iter().map(|r| r.id.clone()));
    for rule in &mut out {
        let only = match rule.severity.iter().collect::<Vec<_>>().as_slice() {
            [(name, severity)] if *name == DEFAULT_STAGE => Some(**severity),
            _ => None,
        };
        inherit::at_all_stages(rule, stages, only);
    }
    for rule in own {
        let wants = overrides.contains(&rule.id.as_str());
        match out.iter_mut().find(|r| r.id == rule.id) {
            None => {
                if wants {
                    sink.refuse(
                        Code::PolicyUnknownReference,
                        &at(&rule),
                        "nothing to override",
                        format!("rule '{}' overrides a rule that is not inherited", rule.id),
                        "remove 'override', or correct the id",
                    );
                }
                out.push(rule);
            }
            Some(old) => {
                if !wants {
                    sink.refuse(
                        Code::PolicyDuplicateId,
                        &at(&rule),
                        "inherited already",
                        format!(
                            "rule '{}' is inherited from {}:{}",
                            rule.id,
                            visible(&old.span.file, 120),
                            old.span.line
                        ),
                        "add override = true to make it stricter, or choose another id",
                    );
                } else if let Some(key) = inherit::loosened(old, &rule) {
                    loosens(sink, &at(&rule), &format!("rule '{}'", rule.id), key);
                }
                *old = rule;
            }
        }
    }
    (out, known)
}

/// The id of a rule with `override = true`.
fn overridden(entries: &[super::raw::RawEntry]) -> Option<&str> {
    let value = |key: &str| entries.iter().find(|e| e.key == key).map(|e| e.value.get_ref());
    match (value("override"), value("id")) {
        (Some(super::raw::RawValue::Bool(true)), Some(super::raw::RawValue::Text(id))) => Some(id),
        _ => None,
    }
}

fn loosens(sink: &Sink<'_>, at: &Range<usize>, what: &str, key: &str) {
    sink.refuse(
        Code::PolicyLoosened,
        at,
        "looser than what is inherited",
        format!("{what} would loosen what it inherits: {key}"),
        "a policy may only make what it extends stricter",
    );
}

/// A policy may demand a version of the tool that evaluates it.
fn requires(sink: &Sink<'_>, raw: &RawPolicy) {
    let Some(wanted) = &raw.requires else { return };
    let ours = env!("CARGO_PKG_VERSION");
    match (semver::VersionReq::parse(wanted.get_ref()), semver::Version::parse(ours)) {
        (Ok(wanted), Ok(ours)) if wanted.matches(&ours) => {}
        (Ok(_), Ok(_)) => sink.refuse(
            Code::ConfigValue,
            &wanted.span(),
            "another version",
            format!("the policy requires presscheck {}, this is {ours}", visible(wanted.get_ref(), 60)),
            "install a version that fits, or correct requires_presscheck",
        ),
        _ => sink.refuse(
            Code::ConfigValue,
            &wanted.span(),
            "not a range of versions",
            format!("'requires_presscheck' cannot be '{}'", visible(wanted.get_ref(), 60)),
            "write \">=0.1, <2\"",
        ),
    }
}

/// Rules of a family are corrected together, so they must agree on how.
fn families(sink: &Sink<'_>, raw: &RawPolicy, rules: &[Rule]) {
    let mut known: BTreeMap<&str, (&Rule, Correction)> = BTreeMap::new();
    for rule in rules {
        let Some((family, correction)) =
            rule.measured().and_then(|m| m.proof.as_ref()).and_then(|p| Some((p.family.as_deref()?, p.correction)))
        else {
            continue;
        };
        let first = known.entry(family).or_insert((rule, correction));
        if first.1 != correction {
            let at =
                raw.rules.iter().map(Spanned::span).find(|span| line_column_of(sink, span.start).0 == rule.span.line);
            sink.refuse(
                Code::PolicyRuleIncomplete,
                &at.unwrap_or(0..0),
                "corrected otherwise",
                format!(
                    "rules '{}' and '{}' are of the family '{}' and name different corrections",
                    first.0.id,
                    rule.id,
                    visible(family, 80)
                ),
                "rules of a family are corrected together: name the same one",
            );
        }
    }
}

fn read_defaults(sink: &Sink<'_>, raw: &RawPolicy) -> Defaults {
    let mut out = Defaults {
        severity: RuleSeverity::Block,
        on: Treatments::default(),
        evidence: Mode::Point,
        confidence: CONFIDENCE,
        correction: Correction::Holm,
        limits: WaiverLimits::default(),
    };
    let Some(defaults) = &raw.defaults else { return out };
    let table = Table::new(sink, &defaults.get_ref().0, defaults.span(), "[defaults]");
    if let Some((severity, _)) = table.word("severity", SEVERITIES) {
        out.severity = severity;
    }
    out.on =
        read_treatments(&table, out.on, &["missing", "invalid", "no_baseline", "empty", "small_n", "inconclusive"]);
    if let Some((evidence, _)) = table.word("evidence", Mode::WORDS) {
        out.evidence = evidence;
    }
    if let Some(confidence) = read_confidence(&table) {
        out.confidence = confidence;
    }
    if let Some((correction, _)) = table.word("correction", Correction::WORDS) {
        out.correction = correction;
    }
    out.limits = waiver::read_limits(&table);
    table.finish(&[]);
    out
}

/// Reads the `on_…` keys of the given names.
pub(crate) fn read_treatments(table: &Table<'_, '_>, defaults: Treatments, names: &[&str]) -> Treatments {
    let read =
        |name: &str, key: &'static str| names.contains(&name).then(|| table.word(key, Treatment::WORDS)).flatten();
    Treatments {
        missing: read("missing", "on_missing").map_or(defaults.missing, |(t, _)| t),
        invalid: read("invalid", "on_invalid").map_or(defaults.invalid, |(t, _)| t),
        no_baseline: read("no_baseline", "on_no_baseline").map_or(defaults.no_baseline, |(t, _)| t),
        empty: read("empty", "on_empty").map_or(defaults.empty, |(t, _)| t),
        small_n: read("small_n", "on_small_n").map_or(defaults.small_n, |(t, _)| Some(t)),
        inconclusive: read("inconclusive", "on_inconclusive").map_or(defaults.inconclusive, |(t, _)| Some(t)),
    }
}

/// Names that go into selectors, file names and reports.
pub(super) fn check_name(sink: &Sink<'_>, what: &str, name: &str, at: &Range<usize>) -> bool {
    let fine = !name.is_empty()
        && name.len() <= 100
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':'));
    if !fine {
        sink.refuse(
            Code::ConfigValue,
            at,
            "not usable as a name",
            format!("{what} '{}' is not a usable name", visible(name, 80)),
            "use up to 100 of: letters, digits, '-', '_', '.', '/', ':'",
        );
    }
    fine
}

fn read_baselines(sink: &Sink<'_>, raw: &RawPolicy, catalogue: &Catalogue) -> BTreeMap<String, Baseline> {
    let mut out = BTreeMap::new();
    for (id, baseline) in &raw.baselines {
        check_name(sink, "the baseline's id", id.get_ref(), &id.span());
        let table = Table::new(sink, &baseline.get_ref().0, baseline.span(), "a baseline");
        let select = read_select(sink, &table, catalogue);
        let on_missing = table
            .word("on_missing", &[("fail", OnMissing::Fail), ("bootstrap", OnMissing::Bootstrap)])
            .map_or(OnMissing::Fail, |(o, _)| o);
        let words = &[
            ("dataset_digest", Same::DatasetDigest),
            ("split", Same::Split),
            ("eval_code_digest", Same::EvalCodeDigest),
            ("harness", Same::Harness),
        ];
        let mut same: Vec<Same> = Vec::new();
        for (text, at) in table.texts("same").unwrap_or_default() {
            same.extend(choose(sink, "'same' of a baseline", (text, &at), words));
        }
        same.sort();
        let only = table.word("only", &[("passing", ())]);
        if let (Some((_, at)), Some(Select::File(_) | Select::Git(..))) = (&only, &select) {
            sink.refuse(
                Code::PolicyRuleIncomplete,
                at,
                "a file passed nothing",
                "only = \"passing\" is for versions: no gate judged a file",
                "remove it, or select a version",
            );
        }
        table.finish(&[]);
        if let Some(select) = select {
            out.insert(id.get_ref().clone(), Baseline { select, on_missing, same, only_passing: only.is_some() });
        }
    }
    out
}

fn read_select(sink: &Sink<'_>, table: &Table<'_, '_>, catalogue: &Catalogue) -> Option<Select> {
    let known =
        "alias:NAME, stage:NAME, version:NAME, run:ID, tag:KEY[=VALUE], best:METRIC, previous, file:PATH, git:REF:PATH";
    let missing = table.key_at("select").is_none();
    let Some((text, at)) = table.text("select") else {
        if missing {
            sink.refuse(
                Code::ConfigMissingKey,
                &table.at,
                "no 'select'",
                "a baseline needs 'select'",
                &format!("one of: {known}"),
            );
        }
        return None;
    };
    if text == "previous" {
        return Some(Select::Previous);
    }
    let select = match text.split_once(':') {
        Some((_, "")) | None => None,
        Some(("alias", name)) => Some(Select::Alias(name.to_owned())),
        Some(("stage", name)) => Some(Select::Stage(name.to_owned())),
        Some(("version", name)) => Some(Select::Version(name.to_owned())),
        Some(("run", name)) => Some(Select::Run(name.to_owned())),
        Some(("tag", tag)) => Some(Select::Tag(tag.to_owned())),
        Some(("best", metric)) => {
            let direction = catalogue.get(metric).and_then(|d| d.direction);
            let ordered = matches!(direction, Some(Direction::Higher | Direction::Lower))
                || catalogue.get(metric).is_some_and(|d| d.direction == Some(Direction::Target) && d.target.is_some());
            if !ordered {
                sink.refuse(
                    Code::PolicyUnknownMetric,
                    &at,
                    "direction not known",
                    format!("the best by '{}' is not known: which way is it better?", visible(metric, 80)),
                    "add [metrics.NAME] with direction = \"higher\" or \"lower\"",
                );
                return None;
            }
            Some(Select::Best(catalogue.canonical(metric).to_owned()))
        }
        Some(("file", path)) => inside(sink, path, &at).then(|| Select::File(path.to_owned())),
        Some(("git", rest)) => match rest.split_once(':') {
            Some((reference, path)) if is_ref(reference) => {
                inside(sink, path, &at).then(|| Select::Git(reference.to_owned(), path.to_owned()))
            }
            _ => None,
        },
        Some(_) => None,
    };
    if select.is_none() {
        sink.refuse(
            Code::ConfigValue,
            &at,
            "not a selector",
            format!("'select' cannot be '{}'", visible(text, 80)),
            &format!("one of: {known}"),
        );
    }
    select
}

/// Whether a path stays inside the project.
pub(super) fn inside(sink: &Sink<'_>, path: &str, at: &Range<usize>) -> bool {
    let fine = !path.is_empty()
        && !path.starts_with('/')
        && !path.contains(['\\', '\0'])
        && !path.split('/').any(|part| matches!(part, "" | "." | ".."))
        && !path.contains(':');
    if !fine {
        sink.refuse(
            Code::ConfigValue,
            at,
            "not inside the project",
            format!("'{}' is no path inside the project", visible(path, 120)),
            "a path relative to the project, with '/' between its parts",
        );
    }
    fine
}

/// Whether a text can be a git ref and nothing else, such as an option.
fn is_ref(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    !text.is_empty() && text.len() <= 200 && !text.starts_with('-') && !text.contains("..") && text.chars().all(plain)
}

fn read_stages(sink: &Sink<'_>, raw: &RawPolicy, parent: Option<&Policy>) -> Vec<Stage> {
    let words = &[("fail", Status::Fail), ("invalid", Status::Invalid), ("inconclusive", Status::Inconclusive)];
    let all = vec![Status::Fail, Status::Inconclusive, Status::Invalid];
    let mut stages: Vec<(usize, Stage)> = Vec::new();
    for (name, stage) in &raw.stages {
        check_name(sink, "the stage's name", name.get_ref(), &name.span());
        let table = Table::new(sink, &stage.get_ref().0, stage.span(), "a stage");
        let block_on = match table.texts("block_on") {
            None => all.clone(),
            Some(texts) => {
                let mut chosen: Vec<Status> =
                    texts.iter().filter_map(|(t, at)| choose(sink, "'block_on'", (t, at), words)).collect();
                chosen.sort();
                for (word, status) in &words[..2] {
                    if !chosen.contains(status)
                        && let Some(at) = table.key_at("block_on")
                    {
                        sink.refuse(
                            Code::ConfigValue,
                            &at,
                            "not strict enough",
                            format!("'block_on' of stage '{}' must hold \"{word}\"", visible(name.get_ref(), 80)),
                            "only \"inconclusive\" may be left out; loosen single rules with severity or on_invalid instead",
                        );
                    }
                }
                chosen
            }
        };
        let mut from = Vec::new();
        for (text, at) in table.texts("from").unwrap_or_default() {
            let defined = raw.stages.keys().any(|k| k.get_ref() == text)
                || parent.is_some_and(|p| p.stages.iter().any(|s| s.name == text));
            if defined && text != name.get_ref() {
                from.push(text.to_owned());
                continue;
            }
            sink.refuse(
                Code::PolicyUnknownReference,
                &at,
                if defined { "the stage itself" } else { "no such stage" },
                format!("stage '{}' comes from '{}'", visible(name.get_ref(), 80), visible(text, 80)),
                &closest(text, raw.stages.keys().map(|k| k.get_ref().as_str()).filter(|k| k != name.get_ref()))
                    .map_or_else(
                        || "name another stage of this policy".to_owned(),
                        |near| format!("did you mean '{near}'?"),
                    ),
            );
        }
        let soak = read_age(&table, "soak");
        if let (Some(at), true) = (table.key_at("soak"), table.key_at("from").is_none()) {
            sink.refuse(
                Code::PolicyRuleIncomplete,
                &at,
                "without 'from'",
                "'soak' is the time in the stage before",
                "add from = [\"staging\"]",
            );
        }
        let max_waivers = most(&table, "max_waivers");
        table.finish(&[]);
        stages.push((stage.span().start, Stage { name: name.get_ref().clone(), block_on, from, soak, max_waivers }));
    }
    stages.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    if stages.is_empty() {
        let name = DEFAULT_STAGE.to_owned();
        return vec![Stage { name, block_on: all, from: Vec::new(), soak: None, max_waivers: None }];
    }
    stages.into_iter().map(|(_, stage)| stage).collect()
}

/// A whole number from 0.
fn most(table: &Table<'_, '_>, key: &'static str) -> Option<u64> {
    let (value, at) = table.amount(key)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked in the condition")]
    if value.fract() == 0.0 && value <= 1e9 {
        return Some(value as u64);
    }
    table.sink.refuse(Code::ConfigValue, &at, "not a whole number", format!("'{key}' is a whole number"), "");
    None
}

fn read_rule(
    sink: &Sink<'_>,
    raw: &Spanned<RawRule>,
    context: &Context<'_>,
    ids: &mut BTreeMap<String, u32>,
) -> Option<Rule> {
    let table = Table::new(sink, &raw.get_ref().0, raw.span(), "a rule");
    let id = read_unique_id(sink, &table, "rule", ids);
    let kind = read_kind(sink, &table);
    let models = read_patterns(&table, "models", Kind::Name);
    let severity = read_severity(sink, &table, context);
    let why = table.text("why").map(|(t, _)| t.to_owned());
    let waivable = table.truth("waivable").is_none_or(|(waivable, _)| waivable);
    let locks = &[("none", Lock::None), ("tighten", Lock::Tighten), ("any", Lock::Any)];
    let lock = table.word("lock", locks).map_or(Lock::Tighten, |(lock, _)| lock);
    table.truth("override");
    let (demand, on) = match kind {
        Some(RuleKind::Metric) => {
            let on = read_treatments(
                &table,
                context.on,
                &["missing", "invalid", "no_baseline", "empty", "small_n", "inconclusive"],
            );
            (metric::cfg::read(&table, context).map(Box::new).map(Demand::Metric), on)
        }
        Some(RuleKind::Drift) => {
            let on = read_treatments(&table, context.on, &["invalid", "empty"]);
            (drift::cfg::read(&table).map(Demand::Drift), on)
        }
        Some(RuleKind::Card) => (card::cfg::read(&table, context.catalogue).map(Demand::Card), context.on),
        Some(RuleKind::Tests) => {
            let on = read_treatments(&table, context.on, &["empty"]);
            (tests::cfg::read(&table).map(Demand::Tests), on)
        }
        Some(RuleKind::Gap) => {
            let on = read_treatments(&table, context.on, &["missing", "invalid", "empty", "small_n"]);
            (gap::cfg::read(&table, context).map(Box::new).map(Demand::Gap), on)
        }
        Some(RuleKind::Ratchet) => {
            let on = read_treatments(&table, context.on, &["missing", "invalid", "no_baseline", "small_n"]);
            (ratchet::cfg::read(&table, context).map(Box::new).map(Demand::Ratchet), on)
        }
        Some(RuleKind::Fresh) => {
            let on = read_treatments(&table, context.on, &["missing", "invalid"]);
            (fresh::cfg::read(&table).map(Demand::Fresh), on)
        }
        Some(RuleKind::Digest) => {
            let on = read_treatments(&table, context.on, &["missing"]);
            (digest::cfg::read(&table).map(Demand::Digest), on)
        }
        Some(RuleKind::Evidence | RuleKind::Stage | RuleKind::Waiver | RuleKind::Approval) | None => return None,
    };
    table.finish(RULE_KEYS_NOT_EVALUATED);
    let (line, col) = line_column_of(sink, table.at.start);
    let (end_line, _) = line_column_of(sink, table.end().saturating_sub(1));
    Some(Rule {
        id: id?,
        models,
        severity,
        on,
        waivable,
        lock,
        why,
        demand: demand?,
        span: RuleSpan { file: sink.file().to_owned(), line, col, end_line: end_line.max(line) },
    })
}

fn line_column_of(sink: &Sink<'_>, offset: usize) -> (u32, u32) {
    line_column(sink.source(), offset)
}

/// The id of a rule or waiver: a name, reserved by nobody, and used once.
pub(super) fn read_unique_id(
    sink: &Sink<'_>,
    table: &Table<'_, '_>,
    what: &str,
    ids: &mut BTreeMap<String, u32>,
) -> Option<String> {
    let absent = table.key_at("id").is_none();
    let Some((id, at)) = table.text("id") else {
        if absent {
            sink.refuse(
                Code::ConfigMissingKey,
                &table.at,
                "no 'id'",
                format!("a {what} needs an 'id'"),
                "a short name that never changes: reports and waivers refer to it",
            );
        }
        return None;
    };
    if !check_name(sink, &format!("the {what}'s id"), id, &at) {
        return None;
    }
    if [EVIDENCE_RULE, STAGE_RULE, WAIVER_RULE, APPROVAL_RULE].contains(&id) {
        sink.refuse(
            Code::ConfigValue,
            &at,
            "reserved",
            format!("the {what} id '{id}' is the gate's own"),
            "choose another id",
        );
        return None;
    }
    let (line, _) = line_column_of(sink, at.start);
    if let Some(first) = ids.get(id) {
        sink.refuse(
            Code::PolicyDuplicateId,
            &at,
            "used before",
            format!("two {what}s have the id '{id}'; the first is on line {first}"),
            "ids are unique",
        );
        return None;
    }
    ids.insert(id.to_owned(), line);
    Some(id.to_owned())
}

fn read_kind(sink: &Sink<'_>, table: &Table<'_, '_>) -> Option<RuleKind> {
    let words = &[
        ("metric", RuleKind::Metric),
        ("drift", RuleKind::Drift),
        ("card", RuleKind::Card),
        ("tests", RuleKind::Tests),
        ("gap", RuleKind::Gap),
        ("ratchet", RuleKind::Ratchet),
        ("fresh", RuleKind::Fresh),
        ("digest", RuleKind::Digest),
    ];
    let absent = table.key_at("check").is_none();
    match table.text("check") {
        Some((kind, at)) => choose(sink, "'check' of a rule", (kind, &at), words),
        None => {
            if absent {
                sink.refuse(
                    Code::ConfigMissingKey,
                    &table.at,
                    "no 'check'",
                    "a rule needs 'check'",
                    "one of: metric, gap, ratchet, drift, tests, card, fresh, digest",
                );
            }
            None
        }
    }
}

/// A list of patterns; empty when the key is absent.
pub(crate) fn read_patterns(table: &Table<'_, '_>, key: &'static str, kind: Kind) -> Vec<Pattern> {
    let mut out = Vec::new();
    for (text, at) in table.texts(key).unwrap_or_default() {
        out.extend(read_pattern(table, key, text, &at, kind));
    }
    out
}

/// One pattern.
pub(crate) fn read_pattern(
    table: &Table<'_, '_>,
    key: &str,
    text: &str,
    at: &Range<usize>,
    kind: Kind,
) -> Option<Pattern> {
    match Pattern::new(text, kind) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            table.sink.refuse(
                Code::ConfigValue,
                at,
                "not a pattern",
                format!("'{key}' holds a bad pattern: {why}"),
                "",
            );
            None
        }
    }
}

fn read_severity(sink: &Sink<'_>, table: &Table<'_, '_>, context: &Context<'_>) -> BTreeMap<String, RuleSeverity> {
    let every = |severity| context.stages.iter().map(|s| (s.clone(), severity)).collect::<BTreeMap<_, _>>();
    match table.text_or_table("severity") {
        None => every(context.severity),
        Some(TextOrTable::Text((text, at))) => {
            every(choose(sink, "'severity' of a rule", (text, &at), SEVERITIES).unwrap_or(context.severity))
        }
        Some(TextOrTable::Table(entries, at)) => {
            if entries.is_empty() {
                sink.refuse(Code::ConfigValue, &at, "empty", "'severity' names no stage", "");
            }
            let mut out = every(context.severity);
            for ((stage, _), (text, text_at)) in entries {
                match out.get_mut(stage) {
                    Some(severity) => {
                        if let Some(chosen) = choose(sink, "'severity' of a rule", (text, &text_at), SEVERITIES) {
                            *severity = chosen;
                        }
                    }
                    None => sink.refuse(
                        Code::PolicyUnknownReference,
                        &text_at,
                        "no such stage",
                        format!("'severity' names the stage '{}', which is not defined", visible(stage, 80)),
                        &match closest(stage, context.stages.iter().map(String::as_str)) {
                            Some(near) => format!("did you mean '{near}'?"),
                            None => format!("define it: [stage.{}]", visible(stage, 40)),
                        },
                    ),
                }
            }
            out
        }
    }
}

/// What is allowed but probably not meant.
fn warn(sink: &Sink<'_>, raw: &RawPolicy, rules: &[Rule], stages: &[Stage]) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for stage in stages {
        if !rules.iter().any(|r| r.severity_at(&stage.name) == RuleSeverity::Block) {
            let at = raw.stages.keys().find(|k| *k.get_ref() == stage.name).map_or(0..0, Spanned::span);
            out.push(
                sink.at(
                    Code::PolicyNothingBlocks,
                    &at,
                    "nothing blocks here",
                    format!("no rule blocks at stage '{}': the gate ends with exit code 5", stage.name),
                )
                .help("give at least one rule severity \"block\" at this stage"),
            );
        }
    }
    for (id, baseline) in &raw.baselines {
        if !rules.iter().any(|r| r.baseline() == Some(id.get_ref().as_str())) {
            out.push(
                sink.at(
                    Code::PolicyUnknownReference,
                    &baseline.span(),
                    "used by no rule",
                    format!("no rule compares with the baseline '{}'", visible(id.get_ref(), 80)),
                )
                .severity(crate::diag::Severity::Warning)
                .help("remove it, or name it in a rule"),
            );
        }
    }
    out
}
