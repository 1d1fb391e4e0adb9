//! From the policy as typed to the policy that judges.
//!
//! In: raw tables with places, the text they came from, the catalogue. Out: a [`Policy`], or all
//! refusals at once. Each rule kind reads its own keys (`rules/KIND/cfg.rs`); this file reads what
//! all rules share, the baselines, the stages and the defaults.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::reader::{Sink, Table, TextOrTable, choose, closest};
use super::{
    Baseline, DEFAULT_STAGE, Demand, EVIDENCE_RULE, OnMissing, Pattern, Policy, RawPolicy, RawRule, Rule, RuleSpan,
    Same, Select, Stage, Treatment, Treatments,
};
use crate::diag::{Code, Diagnostic, line_column, visible};
use crate::digest::Sha256;
use crate::gate::pattern::Kind;
use crate::gate::rules::{card, drift, metric, tests};
use crate::gate::verdict::{PolicyFile, RuleKind, RuleSeverity, Status};
use crate::model::Catalogue;

/// Keys that every rule may have one day; read by none of the kinds yet.
const RULE_KEYS_NOT_EVALUATED: &[&str] = &[
    "runs",
    "family",
    "mde",
    "waivable",
    "lock",
    "override",
    "confidence",
    "correction",
    "on_inconclusive",
    "window",
    "slack",
    "max_gap",
    "min_ratio",
    "of",
    "max_age",
    "newer_than",
    "verify",
    "max_dataset_uses",
    "numbers",
    "file",
    "method",
    "stages",
];

const SEVERITIES: &[(&str, RuleSeverity)] =
    &[("block", RuleSeverity::Block), ("warn", RuleSeverity::Warn), ("info", RuleSeverity::Info)];

/// What the readers of rules need to know about the rest of the policy.
pub(crate) struct Context<'a> {
    pub(crate) catalogue: &'a Catalogue,
    baselines: Vec<String>,
    stages: Vec<String>,
    severity: RuleSeverity,
    on: Treatments,
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
    let sink = Sink::new(file, text);
    for (key, at) in &raw.unsupported {
        sink.unsupported(at, &format!("'{}'", visible(key, 80)));
    }
    let (severity, on) = read_defaults(&sink, &raw);
    let baselines = read_baselines(&sink, &raw);
    let stages = read_stages(&sink, &raw);
    let context = Context {
        catalogue,
        // A baseline that was refused is still defined: one mistake, one diagnostic.
        baselines: raw.baselines.keys().map(|id| id.get_ref().clone()).collect(),
        stages: stages.iter().map(|s| s.name.clone()).collect(),
        severity,
        on,
    };
    let mut rules: Vec<Rule> = Vec::new();
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for rule in &raw.rules {
        rules.extend(read_rule(&sink, rule, &context, &mut ids));
    }
    let warnings = warn(&sink, &raw, &rules, &stages);
    let found = sink.into_found();
    if !found.is_empty() {
        return Err(found);
    }
    let mut policy = Policy {
        name: raw.name.unwrap_or_else(|| "policy".to_owned()),
        rules,
        baselines,
        stages,
        digest: Sha256::of(b""),
        files: vec![PolicyFile { path: file.to_owned(), sha256: Sha256::of(text.as_bytes()) }],
        trusted_ref: None,
        warnings,
    };
    match serde_json::to_vec(&policy) {
        Ok(canonical) => policy.digest = Sha256::of(&canonical),
        Err(e) => {
            return Err(vec![
                Diagnostic::new(Code::ConfigValue, format!("the policy cannot be identified: {e}")).at(file),
            ]);
        }
    }
    Ok(policy)
}

fn read_defaults(sink: &Sink<'_>, raw: &RawPolicy) -> (RuleSeverity, Treatments) {
    let Some(defaults) = &raw.defaults else { return (RuleSeverity::Block, Treatments::default()) };
    let table = Table::new(sink, &defaults.get_ref().0, defaults.span(), "[defaults]");
    let severity = table.word("severity", SEVERITIES).map_or(RuleSeverity::Block, |(s, _)| s);
    let on = read_treatments(&table, Treatments::default(), &["missing", "invalid", "no_baseline", "empty", "small_n"]);
    read_evidence(&table);
    // Both change nothing while every rule compares points; a value that no version could accept is
    // refused all the same.
    if let Some((confidence, at)) = table.number("confidence")
        && !(confidence > 0.0 && confidence < 1.0)
    {
        sink.refuse(Code::ConfigValue, &at, "not between 0 and 1", "'confidence' lies between 0 and 1", "");
    }
    table.word("correction", &[("holm", ()), ("bh", ()), ("none", ())]);
    table.finish(&["waiver", "on_inconclusive"]);
    (severity, on)
}

/// Only `point` is evaluated.
fn read_evidence(table: &Table<'_, '_>) {
    if let Some((evidence, at)) = table.text("evidence") {
        match evidence {
            "point" => {}
            "noninferior" | "not_inferior" => table.sink.unsupported(&at, &format!("evidence = \"{evidence}\"")),
            _ => {
                choose(table.sink, "'evidence'", (evidence, &at), &[("point", ())]);
            }
        }
    }
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
    }
}

/// Names that go into selectors, file names and reports.
fn check_name(sink: &Sink<'_>, what: &str, name: &str, at: &Range<usize>) -> bool {
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

fn read_baselines(sink: &Sink<'_>, raw: &RawPolicy) -> BTreeMap<String, Baseline> {
    let mut out = BTreeMap::new();
    for (id, baseline) in &raw.baselines {
        check_name(sink, "the baseline's id", id.get_ref(), &id.span());
        let table = Table::new(sink, &baseline.get_ref().0, baseline.span(), "a baseline");
        let select = read_select(sink, &table);
        let on_missing = table
            .word("on_missing", &[("fail", OnMissing::Fail), ("bootstrap", OnMissing::Bootstrap)])
            .map_or(OnMissing::Fail, |(o, _)| o);
        let mut same: Vec<Same> = Vec::new();
        for (text, at) in table.texts("same").unwrap_or_default() {
            match text {
                "dataset_digest" => same.push(Same::DatasetDigest),
                "split" => same.push(Same::Split),
                "eval_code_digest" => sink.unsupported(&at, "same = [\"eval_code_digest\"]"),
                _ => {
                    choose(sink, "'same' of a baseline", (text, &at), &[("dataset_digest", ()), ("split", ())]);
                }
            }
        }
        same.sort();
        table.finish(&["only"]);
        if let Some(select) = select {
            out.insert(id.get_ref().clone(), Baseline { select, on_missing, same });
        }
    }
    out
}

fn read_select(sink: &Sink<'_>, table: &Table<'_, '_>) -> Option<Select> {
    let known = "alias:NAME, stage:NAME, version:NAME, run:ID, previous";
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
        Some((kind @ ("tag" | "file" | "git" | "best"), _)) => {
            sink.unsupported(&at, &format!("select = \"{kind}:…\""));
            return None;
        }
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

fn read_stages(sink: &Sink<'_>, raw: &RawPolicy) -> Vec<Stage> {
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
        table.finish(&["from", "soak", "max_waivers"]);
        stages.push((stage.span().start, Stage { name: name.get_ref().clone(), block_on }));
    }
    stages.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    if stages.is_empty() {
        return vec![Stage { name: DEFAULT_STAGE.to_owned(), block_on: all }];
    }
    stages.into_iter().map(|(_, stage)| stage).collect()
}

fn read_rule(
    sink: &Sink<'_>,
    raw: &Spanned<RawRule>,
    context: &Context<'_>,
    ids: &mut BTreeMap<String, u32>,
) -> Option<Rule> {
    let table = Table::new(sink, &raw.get_ref().0, raw.span(), "a rule");
    let id = read_id(sink, &table, ids);
    let kind = read_kind(sink, &table);
    let models = read_patterns(&table, "models", Kind::Name);
    let severity = read_severity(sink, &table, context);
    let why = table.text("why").map(|(t, _)| t.to_owned());
    read_evidence(&table);
    let (demand, on) = match kind {
        Some(RuleKind::Metric) => {
            let on = read_treatments(&table, context.on, &["missing", "invalid", "no_baseline", "empty", "small_n"]);
            (metric::cfg::read(&table, context).map(Box::new).map(Demand::Metric), on)
        }
        Some(RuleKind::Drift) => {
            let on = read_treatments(&table, context.on, &["invalid", "empty"]);
            (drift::cfg::read(&table).map(Demand::Drift), on)
        }
        Some(RuleKind::Card) => (card::cfg::read(&table).map(Demand::Card), context.on),
        Some(RuleKind::Tests) => {
            let on = read_treatments(&table, context.on, &["empty"]);
            (tests::cfg::read(&table).map(Demand::Tests), on)
        }
        Some(RuleKind::Evidence) | None => return None,
    };
    table.finish(RULE_KEYS_NOT_EVALUATED);
    let (line, col) = line_column_of(sink, table.at.start);
    let (end_line, _) = line_column_of(sink, table.end().saturating_sub(1));
    Some(Rule {
        id: id?,
        models,
        severity,
        on,
        why,
        demand: demand?,
        span: RuleSpan { file: sink.file().to_owned(), line, col, end_line: end_line.max(line) },
    })
}

fn line_column_of(sink: &Sink<'_>, offset: usize) -> (u32, u32) {
    line_column(sink.source(), offset)
}

fn read_id(sink: &Sink<'_>, table: &Table<'_, '_>, ids: &mut BTreeMap<String, u32>) -> Option<String> {
    let absent = table.key_at("id").is_none();
    let Some((id, at)) = table.text("id") else {
        if absent {
            sink.refuse(
                Code::ConfigMissingKey,
                &table.at,
                "no 'id'",
                "a rule needs an 'id'",
                "a short name that never changes: reports and waivers refer to it",
            );
        }
        return None;
    };
    if !check_name(sink, "the rule's id", id, &at) {
        return None;
    }
    if id == EVIDENCE_RULE {
        sink.refuse(
            Code::ConfigValue,
            &at,
            "reserved",
            format!("the rule id '{EVIDENCE_RULE}' is the gate's own"),
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
            format!("two rules have the id '{id}'; the first is on line {first}"),
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
    ];
    let absent = table.key_at("check").is_none();
    match table.text("check") {
        Some((kind @ ("gap" | "ratchet" | "fresh" | "digest"), at)) => {
            sink.unsupported(&at, &format!("check = \"{kind}\""));
            None
        }
        Some((kind, at)) => choose(sink, "'check' of a rule", (kind, &at), words),
        None => {
            if absent {
                sink.refuse(
                    Code::ConfigMissingKey,
                    &table.at,
                    "no 'check'",
                    "a rule needs 'check'",
                    "one of: metric, drift, card, tests",
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
