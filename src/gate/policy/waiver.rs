//! Waivers: what somebody let pass for a while, why, and who answers for it.
//!
//! In: `[[waiver]]` tables as typed and `[defaults] waiver`. Out: [`Waiver`]s, or refusals: a waiver without
//! reason, owner or end is none. Whether one holds today is decided when a version is judged, not here.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::Spanned;

use super::raw::RawWaiver;
use super::reader::{Sink, Table, closest};
use super::{Pattern, Rule, RuleSpan, SlicePattern};
use crate::diag::{Code, line_column, visible};
use crate::gate::pattern::Kind;
use crate::gate::rules::fresh::cfg::{Age, read_age};
use crate::model::{Instant, Slice};

/// How long a waiver may last when the policy does not say.
const MAX_DAYS: u64 = 90;
const DAY: i64 = 86_400;

/// An exception from a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiver {
    /// Its id.
    pub id: String,
    /// The rule that it is an exception from.
    pub rule: String,
    /// Which of the rule's records; all of them when nothing is said.
    pub matching: Matching,
    /// The stages that it holds for; all when empty.
    pub stages: Vec<String>,
    /// The models that it holds for; all when empty.
    pub models: Vec<Pattern>,
    /// The beginning of the digest of the one evidence that it holds for.
    pub subject: Option<String>,
    /// The value that is too bad even so.
    pub floor: Option<f64>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// The first moment it holds.
    pub created: Instant,
    /// The first moment it no longer holds: the end of its last day.
    pub ends: Instant,
    /// Its last day, as written.
    pub expires: String,
    /// Its place in the policy.
    #[serde(skip)]
    pub span: RuleSpan,
}

/// Which records of a rule a waiver is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Matching {
    /// Slices.
    pub slice: Option<SlicePattern>,
    /// Anything else that a record names: a feature, a report, a section.
    pub target: Option<Pattern>,
}

impl Matching {
    /// Whether a record of that target is meant.
    pub fn fits(&self, target: &str) -> bool {
        self.slice.as_ref().is_none_or(|p| !target.is_empty() && p.matches(&Slice::parse(target)))
            && self.target.as_ref().is_none_or(|p| p.matches(target))
    }
}

/// What waivers are allowed to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaiverLimits {
    /// How many days one may last.
    pub max_days: u64,
    /// How many may hold at the same time.
    pub max_active: Option<u64>,
    /// How long before its end a warning is due.
    pub warn_before: Option<Age>,
}

impl Default for WaiverLimits {
    fn default() -> Self {
        Self { max_days: MAX_DAYS, max_active: None, warn_before: None }
    }
}

/// Reads `waiver = { … }` of the defaults.
pub(super) fn read_limits(defaults: &Table<'_, '_>) -> WaiverLimits {
    let Some(table) = defaults.table("waiver") else { return WaiverLimits::default() };
    let limits = WaiverLimits {
        max_days: table.count("max_days").map_or(MAX_DAYS, |(n, _)| n),
        max_active: table.count("max_active").map(|(n, _)| n),
        warn_before: read_age(&table, "warn_before"),
    };
    table.finish(&["roles"]);
    limits
}

/// Reads all waivers of a file.
pub(super) fn read(
    sink: &Sink<'_>,
    raw: &[Spanned<RawWaiver>],
    limits: &WaiverLimits,
    rules: &[Rule],
    known_rules: &[String],
    stages: &[String],
) -> Vec<Waiver> {
    let mut out: Vec<Waiver> = Vec::new();
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for waiver in raw {
        let table = Table::new(sink, &waiver.get_ref().0, waiver.span(), "a waiver");
        let id = super::validate::read_unique_id(sink, &table, "waiver", &mut ids);
        let found = read_one(sink, &table, limits, rules, known_rules, stages);
        table.finish(&[]);
        if let (Some(id), Some(found)) = (id, found) {
            out.push(Waiver { id, ..found });
        }
    }
    out.sort_by(|a, b| a.id.cmp(&b.id));
    out
}

fn required<'t>(table: &Table<'t, '_>, key: &'static str, help: &str) -> Option<(&'t str, std::ops::Range<usize>)> {
    if table.key_at(key).is_none() {
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            &format!("no '{key}'"),
            format!("a waiver needs '{key}'"),
            help,
        );
    }
    let (text, at) = table.text(key)?;
    if text.trim().is_empty() {
        table.sink.refuse(Code::ConfigValue, &at, "empty", format!("'{key}' of a waiver must not be empty"), help);
        return None;
    }
    Some((text, at))
}

fn read_one(
    sink: &Sink<'_>,
    table: &Table<'_, '_>,
    limits: &WaiverLimits,
    rules: &[Rule],
    known_rules: &[String],
    stages: &[String],
) -> Option<Waiver> {
    let rule = required(table, "rule", "the id of the rule that it is an exception from");
    if let Some((name, at)) = &rule {
        match rules.iter().find(|r| r.id == *name) {
            Some(rule) if !rule.waivable => sink.refuse(
                Code::PolicyWaiver,
                at,
                "not waivable",
                format!("rule '{}' is not waivable", visible(name, 80)),
                "the rule says waivable = false",
            ),
            Some(_) => {}
            // A rule that was refused is still defined: one mistake, one diagnostic.
            None if known_rules.iter().any(|k| k == name) => {}
            None => sink.refuse(
                Code::PolicyUnknownReference,
                at,
                "no such rule",
                format!("the waiver is for the rule '{}', which is not defined", visible(name, 80)),
                &closest(name, known_rules.iter().map(String::as_str))
                    .map_or_else(String::new, |near| format!("did you mean '{near}'?")),
            ),
        }
    }
    let matching = read_matching(table);
    let mut at_stages = Vec::new();
    for (name, at) in table.texts("stages").unwrap_or_default() {
        if stages.iter().any(|s| s == name) {
            at_stages.push(name.to_owned());
        } else {
            sink.refuse(
                Code::PolicyUnknownReference,
                &at,
                "no such stage",
                format!("the waiver names the stage '{}', which is not defined", visible(name, 80)),
                &closest(name, stages.iter().map(String::as_str))
                    .map_or_else(String::new, |near| format!("did you mean '{near}'?")),
            );
        }
    }
    let models = super::read_patterns(table, "models", Kind::Name);
    let subject = read_subject(table);
    let floor = table.number("floor").map(|(v, _)| v);
    let reason = required(table, "reason", "say why, for whoever reads the verdict");
    let owner = required(table, "owner", "who answers for it: a person, not a team");
    let ticket = table.text("ticket").map(|(t, _)| t.to_owned());
    let created = read_day(table, "created");
    let expires = read_day(table, "expires");
    let (created, expires) = (created?, expires?);
    let ends = Instant::from_seconds(expires.0.seconds() + DAY)?;
    if expires.0 < created.0 {
        sink.refuse(
            Code::PolicyWaiver,
            &expires.2,
            "before 'created'",
            "the waiver ends before it begins",
            "correct one of the two",
        );
        return None;
    }
    let days = (expires.0.seconds() - created.0.seconds()) / DAY;
    if !u64::try_from(days).is_ok_and(|d| d <= limits.max_days) {
        sink.refuse(
            Code::PolicyWaiver,
            &expires.2,
            "too long",
            format!("the waiver lasts {days} days, at most {} are allowed", limits.max_days),
            "renew it when it ends: a waiver that nobody looks at again is a changed rule",
        );
        return None;
    }
    let (line, col) = line_column(sink.source(), table.at.start);
    let (end_line, _) = line_column(sink.source(), table.end().saturating_sub(1));
    Some(Waiver {
        id: String::new(),
        rule: rule?.0.to_owned(),
        matching,
        stages: at_stages,
        models,
        subject,
        floor,
        reason: reason?.0.to_owned(),
        owner: owner?.0.to_owned(),
        ticket,
        created: created.0,
        ends,
        expires: expires.1,
        span: RuleSpan { file: sink.file().to_owned(), line, col, end_line: end_line.max(line) },
    })
}

fn read_matching(table: &Table<'_, '_>) -> Matching {
    let Some(inner) = table.table("match") else { return Matching::default() };
    let slice = inner.text("slice").and_then(|(text, at)| SlicePattern::read(&inner, "slice", text, &at));
    let target =
        inner.text("target").and_then(|(text, at)| super::read_pattern(&inner, "target", text, &at, Kind::Name));
    if inner.key_at("slice").is_none() && inner.key_at("target").is_none() {
        inner.sink.refuse(
            Code::PolicyRuleIncomplete,
            &inner.at,
            "empty",
            "'match' says nothing",
            "write match = { slice = \"region=latam\" } or { target = \"feature income\" }, or leave it out",
        );
    }
    inner.finish(&[]);
    Matching { slice, target }
}

fn read_subject(table: &Table<'_, '_>) -> Option<String> {
    let (text, at) = table.text("subject")?;
    let digits = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    if (6..=64).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Some(digits);
    }
    table.sink.refuse(
        Code::ConfigValue,
        &at,
        "not the beginning of a digest",
        "'subject' of a waiver is the SHA-256 of the evidence, or its first 6 digits and more",
        "the verdict names it: subject.digest",
    );
    None
}

/// A day, as a TOML date or as text: its beginning in UTC, and how it was written.
fn read_day(table: &Table<'_, '_>, key: &'static str) -> Option<(Instant, String, std::ops::Range<usize>)> {
    if table.key_at(key).is_none() {
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            &format!("no '{key}'"),
            format!("a waiver needs '{key}'"),
            "a date such as 2026-06-30",
        );
    }
    let (text, at) = table.date(key)?;
    // Days only: a time of day would raise the question of its zone.
    let day = (text.len() == 10).then(|| Instant::parse(&text)).flatten();
    if day.is_none() {
        table.sink.refuse(
            Code::ConfigValue,
            &at,
            "not a day",
            format!("'{key}' cannot be '{}'", visible(&text, 60)),
            "a date such as 2026-06-30; the last day counts whole, in UTC",
        );
    }
    day.map(|day| (day, text, at))
}
