//! Pages of the documentation that say what a program does: each example is run, each code has its section.

use std::collections::BTreeSet;

use presscheck::diag::Code;

use crate::project::{Project, tree};

/// The pages below a folder of the documentation, by name.
fn pages(below: &str) -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(below);
    tree(&root)
        .into_iter()
        .map(|(name, bytes)| (format!("{below}/{name}"), String::from_utf8(bytes).unwrap()))
        .collect()
}

/// Fenced blocks: what stands behind the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let mut out = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info, String::new())),
            (Some(_), Some("")) => out.extend(open.take()),
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    out
}

/// Runs the commands of a `console` block; what stands below each must be said, in this order.
fn run(name: &str, project: &Project, console: &str) -> usize {
    let mut commands = 0;
    let mut lines = console.lines().peekable();
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("$ presscheck ").unwrap_or_else(|| panic!("{name}: '{line}' is no command"));
        let ran = project.run(&command.split(' ').collect::<Vec<_>>());
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let mut rest = said.as_str();
        while let Some(expected) = lines.next_if(|l| !l.starts_with("$ ")) {
            let (_, after) =
                rest.split_once(expected).unwrap_or_else(|| panic!("{name}: '{expected}' is not in\n{said}"));
            rest = after;
        }
        assert_eq!(lines.next(), Some("$ echo $?"), "{name}: no exit code");
        assert_eq!(lines.next(), Some(ran.code.to_string().as_str()), "{name}: {command}\n{said}");
        commands += 1;
    }
    commands
}

#[test]
fn the_examples_of_statuses_and_exit_codes_are_true() {
    let mut seen = BTreeSet::new();
    for (name, page) in [pages("gate/status"), pages("gate/exit")].concat() {
        seen.insert(name.clone());
        let mut project = Project::new();
        let mut commands = 0;
        for (info, text) in blocks(&page) {
            match info.split_once(' ') {
                Some((_, path)) => project = project.file(path, text),
                None => commands += run(&name, &project, &text),
            }
        }
        assert!(commands > 0 || name == "gate/exit/70.md", "{name} has no example");
    }
    let statuses = ["pass", "fail", "invalid", "inconclusive", "waived", "warn", "skipped"];
    let exits = ["0", "1", "2", "3", "4", "5", "10", "70"];
    let wanted: BTreeSet<String> = statuses
        .iter()
        .map(|s| format!("gate/status/{s}.md"))
        .chain(exits.iter().map(|e| format!("gate/exit/{e}.md")))
        .collect();
    assert_eq!(seen, wanted);
}

#[test]
fn the_example_of_approvals_is_true() {
    let page = include_str!("../../docs/gate/approvals.md");
    let (files, commands): (Vec<_>, Vec<_>) = blocks(page).into_iter().partition(|(info, _)| info.contains(' '));
    let project = files
        .into_iter()
        .fold(Project::new(), |project, (info, text)| project.file(info.split_once(' ').unwrap().1, text));
    let commands: usize = commands.iter().map(|(_, text)| run("gate/approvals.md", &project, text)).sum();
    assert_eq!(commands, 2);
}

#[test]
fn every_code_has_its_part_of_the_page() {
    let page = include_str!("../../docs/codes.md");
    let names: Vec<&str> = page.lines().filter_map(|l| l.strip_prefix("## ")).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    assert_eq!(names, codes, "the sections stand in the order of the codes");
    let project = Project::new();
    for code in Code::ALL {
        let said = project.run(&["explain", code.as_str()]).code(0).stdout;
        for part in [code.about(), "Cause. ", "Cure. ", "Effect: "] {
            assert!(said.contains(part), "{}: no '{part}' in\n{said}", code.as_str());
        }
        assert!(!said.contains("**") && said.lines().all(|l| l.chars().count() <= 110), "{said}");
    }
}

#[test]
fn statuses_and_exit_codes_are_explained() {
    let project = Project::new();
    project.run(&["explain", "inconclusive"]).code(0).stdout_has("shows neither that the rule holds");
    project.run(&["explain", "exit-4"]).code(0).stdout_has("Wait and try again");
    project.run(&["explain", "3"]).code(0).stdout_has("no verdict can be given");
    project.run(&["explain", "inconclusiv"]).code(2).stderr_has("did you mean 'inconclusive'?");
}
