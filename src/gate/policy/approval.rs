//! Approvals: whose signatures a stage needs, in which roles, over what.
//!
//! In: `[approvals]`, `[roles.NAME]` and `[[approval]]` as typed. Out: [`Approvals`], or refusals: a demand that
//! nobody could ever meet is none. Whether somebody has signed is decided when a version is judged, not here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use super::raw::RawPolicy;
use super::reader::{Sink, Table, choose, closest};
use super::validate::{check_name, inside, read_patterns, read_unique_id};
use super::{Pattern, RuleSpan};
use crate::diag::{Code, Diagnostic, count, line_column, visible};
use crate::gate::approvals::seats;
use crate::gate::pattern::Kind;
use crate::gate::rules::fresh::cfg::{Age, read_age};

/// More seats than any release has; a larger number is a mistake.
const SEATS: u64 = 50;

/// Everything that the policy says of approvals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Approvals {
    /// The folder of the signed statements, relative to the project.
    pub dir: String,
    /// The file that says which key is whose, relative to the project.
    pub allowed_signers: String,
    /// The namespace that signatures are made for.
    pub namespace: String,
    /// The members of each role.
    pub roles: BTreeMap<String, Vec<String>>,
    /// What must be approved, in the order of the file.
    pub required: Vec<Approval>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            dir: "approvals".to_owned(),
            allowed_signers: ".presscheck/allowed_signers".to_owned(),
            namespace: "model-approval@presscheck.dev".to_owned(),
            roles: BTreeMap::new(),
            required: Vec::new(),
        }
    }
}

impl Approvals {
    /// Whether the policy asks nobody for anything.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.required.is_empty()
    }

    /// What must be approved for a model to enter a stage.
    pub fn for_stage<'a>(&'a self, stage: &'a str, model: &'a str) -> impl Iterator<Item = &'a Approval> {
        self.required.iter().filter(move |approval| approval.applies_to(stage, model))
    }

    /// The members of a role.
    pub fn members(&self, role: &str) -> &[String] {
        self.roles.get(role).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Something that must be approved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Approval {
    /// Its id.
    pub id: String,
    /// The stages that it is needed for; all when empty.
    pub stages: Vec<String>,
    /// The models that it is needed for; all when empty.
    pub models: Vec<Pattern>,
    /// Whose signatures it takes.
    pub need: Vec<Need>,
    /// Whether one person fills one seat only.
    pub distinct: bool,
    /// Whether the author of the run is left out.
    pub not_author: bool,
    /// What a signature is over: when any of it changes, the signature is for something else.
    pub binds: Vec<Bind>,
    /// How old a signature may be.
    pub max_age: Option<Age>,
    /// Its place in the policy.
    #[serde(skip)]
    pub span: RuleSpan,
}

impl Approval {
    /// Whether it is needed for a model to enter a stage.
    pub fn applies_to(&self, stage: &str, model: &str) -> bool {
        (self.stages.is_empty() || self.stages.iter().any(|s| s == stage))
            && (self.models.is_empty() || self.models.iter().any(|p| p.matches(model)))
    }

    /// Whether it takes signatures of a role.
    pub fn needs(&self, role: &str) -> bool {
        self.need.iter().any(|need| need.role == role)
    }
}

/// Seats of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The role.
    pub role: String,
    /// How many of its members.
    pub count: usize,
}

/// What a signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "gate::approvals::binds says what each digests")]
pub enum Bind {
    Model,
    Run,
    Card,
    Policy,
    Dataset,
    Baseline,
}

impl Bind {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 6] = [Self::Model, Self::Run, Self::Card, Self::Policy, Self::Dataset, Self::Baseline];

    /// The word in policies and statements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Run => "run",
            Self::Card => "card",
            Self::Policy => "policy",
            Self::Dataset => "dataset",
            Self::Baseline => "baseline",
        }
    }
}

/// Reads what a file says of approvals.
pub(super) fn read(sink: &Sink<'_>, raw: &RawPolicy, stages: &[String]) -> Approvals {
    let mut out = Approvals::default();
    if let Some(raw) = &raw.approvals {
        read_places(&Table::new(sink, &raw.get_ref().0, raw.span(), "[approvals]"), &mut out);
    }
    for (name, role) in &raw.roles {
        check_name(sink, "the role's name", name.get_ref(), &name.span());
        let table = Table::new(sink, &role.get_ref().0, role.span(), "a role");
        out.roles.insert(name.get_ref().clone(), read_members(&table));
        table.finish(&[]);
    }
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for approval in &raw.approval {
        let table = Table::new(sink, &approval.get_ref().0, approval.span(), "an approval");
        let id = read_unique_id(sink, &table, "approval", &mut ids);
        let found = read_one(&table, raw, &out.roles, stages);
        table.finish(&[]);
        if let (Some(id), Some(found)) = (id, found) {
            out.required.push(Approval { id, ..found });
        }
    }
    out
}

/// Roles that no approval asks for.
pub(super) fn unused_roles(sink: &Sink<'_>, raw: &RawPolicy, approvals: &Approvals) -> Vec<Diagnostic> {
    let unused = |name: &&Spanned<String>| !approvals.required.iter().any(|a| a.needs(name.get_ref()));
    raw.roles
        .keys()
        .filter(unused)
        .map(|name| {
            let message = format!("no approval asks for the role '{}'", visible(name.get_ref(), 80));
            sink.at(Code::PolicyUnknownReference, &name.span(), "asked for by nobody", message)
                .severity(crate::diag::Severity::Warning)
                .help("remove it, or name it in the need of an [[approval]]")
        })
        .collect()
}

fn read_places(table: &Table<'_, '_>, out: &mut Approvals) {
    for (key, place) in [("dir", &mut out.dir), ("allowed_signers", &mut out.allowed_signers)] {
        if let Some((path, at)) = table.text(key)
            && inside(table.sink, path, &at)
        {
            path.clone_into(place);
        }
    }
    if let Some((namespace, at)) = table.text("namespace") {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | ',' | '*' | '?' | '!');
        let taken = ["git", "file"].contains(&namespace);
        if namespace.is_empty() || namespace.len() > 200 || taken || !namespace.chars().all(plain) {
            table.sink.refuse(
                Code::PolicyApproval,
                &at,
                if taken { "used for something else" } else { "not a namespace" },
                format!("'namespace' cannot be '{}'", visible(namespace, 80)),
                "a name that nothing else signs for, such as model-approval@example.com",
            );
        } else {
            namespace.clone_into(&mut out.namespace);
        }
    }
    table.finish(&[]);
}

fn read_members(table: &Table<'_, '_>) -> Vec<String> {
    if table.key_at("members").is_none() {
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            "no 'members'",
            "a role needs 'members'",
            "write members = [\"alice@example.com\"], the names of allowed_signers",
        );
    }
    let mut out = Vec::new();
    for (member, at) in table.texts("members").unwrap_or_default() {
        let special = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '?' | '!' | ',' | '"' | '#');
        if member.len() > 200 || member.contains(special) {
            table.sink.refuse(
                Code::PolicyApproval,
                &at,
                "not one person",
                format!("'{}' cannot be a member", visible(member, 80)),
                "members are named one by one, without patterns: who is meant must be known",
            );
        } else {
            out.push(member.to_owned());
        }
    }
    out
}

fn read_one(
    table: &Table<'_, '_>,
    raw: &RawPolicy,
    roles: &BTreeMap<String, Vec<String>>,
    stages: &[String],
) -> Option<Approval> {
    let sink = table.sink;
    let mut at_stages = Vec::new();
    for (stage, at) in table.texts("stages").unwrap_or_default() {
        if stages.iter().any(|s| s == stage) {
            at_stages.push(stage.to_owned());
            continue;
        }
        sink.refuse(
            Code::PolicyUnknownReference,
            &at,
            "no such stage",
            format!("the approval is for the stage '{}', which is not defined", visible(stage, 80)),
            &closest(stage, stages.iter().map(String::as_str)).map_or_else(
                || format!("define it: [stage.{}]", visible(stage, 40)),
                |near| format!("did you mean '{near}'?"),
            ),
        );
    }
    let models = read_patterns(table, "models", Kind::Name);
    let need = read_need(table, raw, roles);
    let distinct = table.truth("distinct").is_none_or(|(distinct, _)| distinct);
    let not_author = table.truth("not_author").is_none_or(|(not_author, _)| not_author);
    let words = Bind::ALL.map(|bind| (bind.as_str(), bind));
    let binds = match table.texts("binds") {
        None => Bind::ALL.into_iter().filter(|bind| *bind != Bind::Baseline).collect(),
        Some(texts) => {
            let chosen: BTreeSet<Bind> =
                texts.iter().filter_map(|(text, at)| choose(sink, "'binds'", (text, at), &words)).collect();
            chosen.into_iter().collect()
        }
    };
    let max_age = read_age(table, "max_age");
    let need = need?;
    satisfiable(table, &need, distinct, roles);
    let (line, col) = line_column(sink.source(), table.at.start);
    let (end_line, _) = line_column(sink.source(), table.end().saturating_sub(1));
    Some(Approval {
        id: String::new(),
        stages: at_stages,
        models,
        need,
        distinct,
        not_author,
        binds,
        max_age,
        span: RuleSpan { file: sink.file().to_owned(), line, col, end_line: end_line.max(line) },
    })
}

fn read_need(table: &Table<'_, '_>, raw: &RawPolicy, roles: &BTreeMap<String, Vec<String>>) -> Option<Vec<Need>> {
    let sink = table.sink;
    if table.key_at("need").is_none() {
        sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            "no 'need'",
            "an approval needs 'need'",
            "write need = [{ role = \"ml-lead\", count = 1 }]",
        );
    }
    let mut out: Vec<Need> = Vec::new();
    let mut sound = true;
    for inner in table.tables("need")? {
        let role = inner.text("role");
        if inner.key_at("role").is_none() {
            let help = "write { role = \"ml-lead\", count = 1 }";
            sink.refuse(Code::ConfigMissingKey, &inner.at, "no 'role'", "a need of an approval names a 'role'", help);
        }
        let number = match inner.key_at("count") {
            None => Some((1, 0..0)),
            Some(_) => inner.count("count"),
        };
        inner.finish(&[]);
        let (Some((role, role_at)), Some((number, count_at))) = (role, number) else {
            sound = false;
            continue;
        };
        sound &= of_role(sink, raw, roles, (role, &role_at), (number, &count_at));
        if out.iter().any(|need| need.role == role) {
            let message = format!("the approval needs the role '{}' twice", visible(role, 80));
            sink.refuse(Code::PolicyDuplicateId, &role_at, "needed before", message, "write one need with the sum");
            sound = false;
            continue;
        }
        match usize::try_from(number) {
            Ok(count) => out.push(Need { role: role.to_owned(), count }),
            Err(_) => sound = false,
        }
    }
    (sound && !out.is_empty()).then_some(out)
}

/// Whether a role exists and has as many members as are needed of it.
fn of_role(
    sink: &Sink<'_>,
    raw: &RawPolicy,
    roles: &BTreeMap<String, Vec<String>>,
    (role, role_at): (&str, &Range<usize>),
    (number, count_at): (u64, &Range<usize>),
) -> bool {
    let Some(members) = roles.get(role) else {
        let help = match closest(role, raw.roles.keys().map(|k| k.get_ref().as_str())) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("define it: [roles.{}] members = [\"alice@example.com\"]", visible(role, 40)),
        };
        let message = format!("the approval needs the role '{}', which is not defined", visible(role, 80));
        sink.refuse(Code::PolicyUnknownReference, role_at, "no such role", message, &help);
        return false;
    };
    if number > SEATS || usize::try_from(number).map_or(true, |n| n > members.len()) {
        let at = if count_at.is_empty() { role_at } else { count_at };
        let message = format!(
            "the approval needs {number} of the role '{}', which has {}",
            visible(role, 80),
            count(members.len(), "member")
        );
        sink.refuse(Code::PolicyApproval, at, "more than there are", message, "add members, or need fewer");
        return false;
    }
    true
}

/// Refuses a demand that its roles cannot meet even if everybody signs.
fn satisfiable(table: &Table<'_, '_>, need: &[Need], distinct: bool, roles: &BTreeMap<String, Vec<String>>) {
    if !distinct {
        return;
    }
    let people: BTreeSet<&String> = need.iter().filter_map(|n| roles.get(&n.role)).flatten().collect();
    let may: Vec<Vec<bool>> = people
        .iter()
        .map(|person| need.iter().map(|n| roles.get(&n.role).is_some_and(|m| m.contains(person))).collect())
        .collect();
    let counts: Vec<usize> = need.iter().map(|n| n.count).collect();
    let filled = seats::assign(&counts, &may).iter().flatten().count();
    let wanted: usize = counts.iter().sum();
    if filled < wanted {
        let at = table.key_at("need").unwrap_or_else(|| table.at.clone());
        let message =
            format!("the approval needs {} of different people, its roles can fill {filled}", count(wanted, "seat"));
        let help = "add members to a role, or write distinct = false so that one person may fill several seats";
        table.sink.refuse(Code::PolicyApproval, &at, "can never be met", message, help);
    }
}
