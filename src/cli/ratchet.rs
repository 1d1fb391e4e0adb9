//! `presscheck ratchet update`: find what models have sustained, and write it beside the configuration.

use super::args::{Global, Ratchet};
use super::beside::Beside;
use super::exit;
use super::project::{Project, now};
use super::records::RecordFiles;
use super::terminal::Terminal;
use super::tree::Tree;
use crate::diag::{Code, Diagnostic, visible};
use crate::gate::policy::Demand;
use crate::gate::verdict::Clock;
use crate::gate::{levels, sustain};
use crate::output;

pub(super) fn run(global: &Global, command: &Ratchet, terminal: &mut Terminal) -> u8 {
    let Ratchet::Update { stage, reset, dry_run } = command;
    let project = match Project::load(global) {
        Ok(project) => project,
        Err(problems) => return refuse(terminal, &problems),
    };
    let ratchets = |policy: &&crate::gate::policy::Policy| {
        policy.rules.iter().any(|rule| matches!(rule.demand, Demand::Ratchet(_)))
    };
    let Some(policy) = project.config.policy.as_ref().filter(ratchets) else {
        let problem = Diagnostic::new(Code::PolicyUnknownReference, "the policy has no rule with check = \"ratchet\"")
            .help("add one; docs/gate/ratchet.md has an example");
        return refuse(terminal, &[problem]);
    };
    let known: Vec<&str> = policy.stages().collect();
    let stage = match (stage.as_deref(), known.as_slice()) {
        (Some(stage), known) if known.contains(&stage) => stage,
        (None, [only]) => only,
        (stage, known) => {
            let what = stage.map_or("several stages".to_owned(), |s| format!("no stage '{}'", visible(s, 60)));
            let problem = Diagnostic::new(Code::PolicyUnknownReference, format!("the policy has {what}"))
                .help(format!("add --stage {}", known.join(" or --stage ")));
            return refuse(terminal, &[problem]);
        }
    };
    let at = now();
    let registry = terminal.reading(|| project.registry(at));
    let tree = Tree::Folder(project.folder.clone());
    let beside = Beside::read(policy, &tree, &project.folder);
    let records = RecordFiles::new(&project.folder, &registry);
    let found = sustain::sustain(policy, &beside.inputs(&registry, &records, (at, Clock::Wall)), stage, *reset);
    for line in &found.says {
        terminal.say(line);
    }
    if *dry_run {
        return exit::PASS;
    }
    let written = found.levels.to_toml().map_err(|e| e.to_string()).and_then(|text| {
        output::write_file_atomic(&project.folder.join(levels::FILE_NAME), text.as_bytes()).map_err(|e| e.to_string())
    });
    match written {
        Ok(()) => exit::PASS,
        Err(why) => {
            terminal.complain(&format!("error: {}", visible(&why, 400)));
            exit::USAGE
        }
    }
}

fn refuse(terminal: &Terminal, problems: &[Diagnostic]) -> u8 {
    terminal.diagnostics(problems);
    exit::USAGE
}
