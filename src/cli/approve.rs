//! `presscheck approve` and `presscheck reject`: judge, show what changed, write a statement, have it signed.
//!
//! In: who speaks, in which role, about what. Out: a statement beside the others, never in the place of one, and its
//! signature. ssh-keygen signs: presscheck never sees a private key.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::args::{Approve, Global, Statement as Options};
use super::exit;
use super::judge::{Asked, Judged, judge, trusted};
use super::project::moment;
use super::terminal::Terminal;
use crate::diag::{Code, Diagnostic, visible};
use crate::gate::approvals::{Decision, Digests, Statement, changed_since, last_of};
use crate::gate::policy::Approvals;
use crate::gate::verdict::{Outcome, RuleKind, RuleRecord, Verdict};
use crate::model::Instant;
use crate::output;

/// Seconds of a day.
const DAY: i64 = 86_400;

pub(super) fn approve(global: &Global, options: &Approve, terminal: &mut Terminal) -> u8 {
    let expires = match options.expires.as_deref().map(end_of_day).transpose() {
        Ok(expires) => expires,
        Err(problem) => return refuse(terminal, &problem),
    };
    run(global, &options.statement, Decision::Approved, expires, terminal)
}

pub(super) fn reject(global: &Global, options: &Options, terminal: &mut Terminal) -> u8 {
    run(global, options, Decision::Rejected, None, terminal)
}

fn run(
    global: &Global,
    options: &Options,
    decision: Decision,
    expires_at: Option<Instant>,
    terminal: &mut Terminal,
) -> u8 {
    let clock = match moment(options.as_of.as_deref()) {
        Ok(clock) => clock,
        Err(problem) => return refuse(terminal, &problem),
    };
    let tree = match trusted(global, options.trusted_ref.as_ref(), false, clock) {
        Ok(tree) => tree,
        Err(problem) => return refuse(terminal, &problem),
    };
    let asked = Asked { selector: &options.selector, stage: options.stage.as_deref(), clock };
    let judged = match judge(global, &tree, &asked, terminal) {
        Ok(judged) => judged,
        Err(code) => return code,
    };
    let Judged { project, policy, beside, registry, verdict } = &judged;
    terminal.print(format!("{}\n", visible(&verdict.sentence, 4_000)).as_bytes());
    if verdict.verdict == Outcome::Error {
        return verdict.exit_code;
    }
    if let Some(problem) = not_yours(&policy.approvals, verdict, options) {
        return refuse(terminal, &problem);
    }
    let own = |r: &&RuleRecord| !matches!(r.check, RuleKind::Approval | RuleKind::Stage);
    if decision == Decision::Approved && verdict.rules.iter().filter(own).any(RuleRecord::blocks) {
        terminal.complain("note: nothing was written: rules block, and an approval cannot change that");
        return exit::BLOCKED;
    }
    let Ok(version) = registry.select(&options.selector) else { return exit::EVIDENCE };
    let digests = Digests::of(verdict, version, registry);
    if let Some((file, last)) = last_of(beside.approvals(), &options.reviewer, &version.model, &verdict.stage) {
        terminal.print(since(file, &last, &digests).as_bytes());
    }
    let statement = Statement {
        subject: verdict.subject.name.clone(),
        decision,
        stage: verdict.stage.clone(),
        role: options.role.clone(),
        reviewer: options.reviewer.clone(),
        issued_at: clock.0,
        expires_at,
        comment: options.comment.clone(),
        verdict: digests.rules,
        binds: digests.binds,
    };
    let shown = format!("{}/{}", policy.approvals.dir, file_name(&statement, verdict));
    let path = project.folder.join(&shown);
    let signature = with_suffix(&path);
    if output::size(&signature) > 0 {
        return refuse(terminal, &Diagnostic::new(Code::OutputUnsafe, format!("'{shown}.sig' is there already")));
    }
    match output::create(&path, &statement.to_json()) {
        Ok(true) => terminal.print(format!("written: {}\n", visible(&path.display().to_string(), 400)).as_bytes()),
        Ok(false) => {
            let message = format!("'{}' is there already", visible(&shown, 300));
            return refuse(
                terminal,
                &Diagnostic::new(Code::OutputUnsafe, message).help("wait a second, and try again"),
            );
        }
        Err(error) => {
            terminal.complain(&format!("error: {error}"));
            return exit::USAGE;
        }
    }
    let Some(key) = &options.key else {
        let line = command_line(Path::new("~/.ssh/id_ed25519"), &policy.approvals.namespace, &path);
        terminal.print(format!("sign it with your key:\n  {line}\nthen commit both files\n").as_bytes());
        return exit::PASS;
    };
    if let Err(why) = sign(key, &policy.approvals.namespace, &path) {
        terminal.complain(&format!("error: it is not signed: {}", visible(&why, 400)));
        terminal.complain(&format!("  {}", command_line(key, &policy.approvals.namespace, &path)));
        return exit::USAGE;
    }
    terminal.print(format!("signed: {}\n", visible(&signature.display().to_string(), 400)).as_bytes());
    // What the gate will say of it, from the files as they are now.
    match judge(global, &tree, &asked, terminal) {
        Ok(after) => {
            for record in after.verdict.rules.iter().filter(|r| r.check == RuleKind::Approval) {
                terminal.print(format!("{}\n", visible(&record.message, 2_000)).as_bytes());
            }
            exit::PASS
        }
        Err(code) => code,
    }
}

fn refuse(terminal: &Terminal, problem: &Diagnostic) -> u8 {
    terminal.diagnostics([problem]);
    exit::USAGE
}

/// Why nobody waits for what somebody wants to say.
fn not_yours(approvals: &Approvals, verdict: &Verdict, options: &Options) -> Option<Diagnostic> {
    let (stage, role) = (visible(&verdict.stage, 80), visible(&options.role, 80));
    let mut asked: Vec<&str> = Vec::new();
    for approval in approvals.for_stage(&verdict.stage, &verdict.subject.model) {
        asked.extend(approval.need.iter().map(|need| need.role.as_str()));
    }
    let unknown = |message: String| Diagnostic::new(Code::PolicyUnknownReference, message);
    if !asked.contains(&options.role.as_str()) {
        let message = format!("no approval of stage '{stage}' asks for the role '{role}'");
        let help = match asked.join(", ") {
            none if none.is_empty() => "the policy has no [[approval]] for this stage and model".to_owned(),
            asked => format!("asked for: {}", visible(&asked, 400)),
        };
        return Some(unknown(message).help(help));
    }
    let members = approvals.members(&options.role);
    if !members.contains(&options.reviewer) {
        let message = format!("'{}' is no member of the role '{role}'", visible(&options.reviewer, 100));
        return Some(unknown(message).help(format!("members: {}", visible(&members.join(", "), 400))));
    }
    None
}

/// What became of what the reviewer last said.
fn since(file: &str, last: &Statement, digests: &Digests) -> String {
    let changed = changed_since(last, digests);
    let what = if changed.is_empty() { "nothing".to_owned() } else { changed.join(", ") };
    format!(
        "your last statement: {} {} on {} ({}); changed since: {what}\n",
        last.decision.as_str(),
        visible(&last.subject, 200),
        last.issued_at.minute(),
        visible(file, 200)
    )
}

/// `churn-1.4.0-production-alice_example.com-20260615T120000Z.json`.
fn file_name(statement: &Statement, verdict: &Verdict) -> String {
    let plain = |text: &str| -> String {
        let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
        text.chars().take(40).map(kept).collect()
    };
    let seconds = statement.issued_at.seconds();
    let time = Instant::from_seconds(seconds).map_or_else(|| seconds.to_string(), |at| at.to_string());
    let time: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
    let (model, version) = (plain(&verdict.subject.model), plain(&verdict.subject.version));
    // A name that begins with a dot is hidden, and one that begins with a dash looks like an option.
    let model = model.trim_start_matches(['.', '-']);
    format!("{model}-{version}-{}-{}-{time}.json", plain(&statement.stage), plain(&statement.reviewer))
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut out = path.as_os_str().to_owned();
    out.push(".sig");
    PathBuf::from(out)
}

/// The moment after a day, in UTC.
fn end_of_day(text: &str) -> Result<Instant, Box<Diagnostic>> {
    let day = (text.len() == 10).then(|| Instant::parse(text)).flatten();
    day.and_then(|day| Instant::from_seconds(day.seconds() + DAY)).ok_or_else(|| {
        let message = format!("--expires cannot be '{}'", visible(text, 60));
        Box::new(Diagnostic::new(Code::ConfigValue, message).help("a date such as 2026-12-31"))
    })
}

fn sign(key: &Path, namespace: &str, file: &Path) -> Result<(), String> {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-f"])
        .arg(key)
        .args(["-n", namespace])
        .arg(file)
        .status()
        .map_err(|error| format!("ssh-keygen cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("ssh-keygen ended with {status}")) }
}

fn command_line(key: &Path, namespace: &str, file: &Path) -> String {
    let (key, file) = (quoted(&key.display().to_string()), quoted(&file.display().to_string()));
    format!("ssh-keygen -Y sign -f {key} -n {} {file}", quoted(namespace))
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '@' | '~' | ':');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", visible(word, 1_000).replace('\'', r"'\''"))
}
