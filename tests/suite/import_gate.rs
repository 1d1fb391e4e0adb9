//! The gate says of an archive what it says of the source, rule by rule.
//!
//! The policy is made from what a source holds: a rule for each metric, data set and key of slices, for
//! drift by score, by p-value and by the reports' own word, for tests and for the card.

use std::collections::BTreeSet;

use presscheck::gate::evaluate;
use presscheck::gate::policy::Policy;
use presscheck::gate::verdict::{Clock, RuleRecord, Verdict};
use presscheck::model::{Instant, Registry, Version};

use crate::corpus;
use crate::gate::try_policy;

/// Rules that a policy can be made of; those that are no rule for this registry are left out.
const RULES: usize = 120;

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The rules that what a registry holds suggests.
fn rules(registry: &Registry) -> Vec<String> {
    let mut out = BTreeSet::new();
    for run in &registry.runs {
        for result in &run.results {
            let metric = format!("check = \"metric\"\nmetric = {}\n", quoted(&result.metric));
            let bound = result.value.finite().map_or(0.5, |v| v.get());
            if !out.iter().any(|r: &String| r.starts_with(&metric)) {
                out.insert(format!("{metric}min = {bound:?}\n"));
            }
            if let Some(dataset) = &result.dataset {
                out.insert(format!("{metric}max = 0.75\ndataset = {}\n", quoted(dataset)));
            }
            if let Some(split) = &result.split {
                out.insert(format!("{metric}max = 0.75\nsplit = {}\n", quoted(split)));
            }
            if let Some(class) = &result.class {
                out.insert(format!("{metric}max = 0.75\nclass = {}\n", quoted(class)));
            }
            if !result.slice.is_overall() {
                let pattern: Vec<String> = result.slice.0.keys().map(|key| format!("{key}=*")).collect();
                let pattern = quoted(&pattern.join(" & "));
                out.insert(format!("{metric}min = 0.5\nslices = [{pattern}]\nmin_n = 10\nexpect_at_least = 2\n"));
            }
        }
        for rejected in &run.rejected {
            out.insert(format!("check = \"metric\"\nmetric = {}\nmin = 0.5\n", quoted(&rejected.metric)));
        }
    }
    let below = |run: &Option<String>, path: &str| {
        let run = registry.run_index(run.as_deref()?).map(|i| &registry.runs[i])?;
        run.relative(path).map(str::to_owned)
    };
    let mut drift: BTreeSet<String> = ["max_score = 0.2\n", "min_p = 0.05\n", "max_drifted_share = 0.3\n"]
        .map(|how| format!("check = \"drift\"\nreport = \"**\"\n{how}"))
        .into();
    for report in &registry.drift {
        if let Some(path) = below(&report.run, &report.source.path) {
            drift.insert(format!("check = \"drift\"\nreport = {0}\nrequire = [{0}]\nmin_columns = 2\n", quoted(&path)));
        }
        for feature in report.features.iter().take(1) {
            let critical = quoted(&feature.feature);
            drift.insert(format!("check = \"drift\"\nreport = \"**\"\nmax_score = 0.1\ncritical = [{critical}]\n"));
        }
    }
    let mut tests: BTreeSet<String> = BTreeSet::from([
        "check = \"tests\"\nreport = \"**\"\nmin_tests = 3\ntreat = { error = \"fail\", skipped = \"warn\" }\n"
            .to_owned(),
    ]);
    for check in &registry.checks {
        if let Some(path) = below(&check.run, &check.source.path) {
            tests.insert(format!("check = \"tests\"\nreport = {0}\nrequire = [{0}]\n", quoted(&path)));
        }
    }
    let mut cards = vec![
        "check = \"card\"\nsections = [\"Intended use\", \"Limitations\"]\nmin_words = 5\n".to_owned(),
        "check = \"card\"\nplaceholders = \"forbid\"\n".to_owned(),
        "check = \"card\"\nfront_matter = [\"license\", \"model_name\"]\n".to_owned(),
    ];
    for section in registry.cards.iter().flat_map(|c| &c.sections).take(10) {
        cards.push(format!("check = \"card\"\nsections = [{}]\nmin_words = 5\n", quoted(&section.title)));
    }
    let each = |rules: BTreeSet<String>| rules.into_iter().take(RULES);
    cards.into_iter().chain(each(drift)).chain(each(tests)).chain(each(out)).collect()
}

fn policy(registry: &Registry) -> Policy {
    let text = |rules: &[String]| -> String {
        let rules = rules.iter().enumerate();
        rules.map(|(i, rule)| format!("[[rule]]\nid = \"r{i}\"\n{rule}")).collect::<Vec<_>>().join("\n")
    };
    let sound: Vec<String> =
        rules(registry).into_iter().filter(|rule| try_policy(&text(std::slice::from_ref(rule))).is_ok()).collect();
    try_policy(&text(&sound)).unwrap()
}

fn judged(policy: &Policy, registry: &Registry, version: &Version) -> Verdict {
    let at = Instant::parse("2026-06-01T00:00:00Z").unwrap();
    evaluate(policy, registry, version, "default", (at, Clock::AsOf))
}

/// A record without the places that differ by nature.
fn bare(record: &RuleRecord, folder: &str) -> RuleRecord {
    let message = match folder {
        "" => record.message.clone(),
        // A document that is a run by itself is its own folder.
        folder => record.message.replace(&format!("{folder}/"), "").replace(&format!(" in {folder}#"), " in RUN#"),
    };
    RuleRecord { source: None, message, ..record.clone() }
}

/// How the verdicts over a registry and over its archive differ, and how many rules were compared.
fn compare(registry: &Registry) -> (Vec<String>, usize) {
    let archived = crate::import_command::archived(registry);
    let policy = policy(registry);
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for version in registry.models.iter().flat_map(|m| &m.versions) {
        let Some(same) = archived.model(&version.model).and_then(|m| m.version(&version.version)) else {
            wrong.push(format!("{} is not in the archive", version.selector()));
            continue;
        };
        let (ours, theirs) = (judged(&policy, registry, version), judged(&policy, &archived, same));
        if (ours.verdict, ours.exit_code, ours.counts) != (theirs.verdict, theirs.exit_code, theirs.counts) {
            wrong.push(format!("{}: {} became {}", version.selector(), ours.sentence, theirs.sentence));
        }
        let folder =
            |registry: &Registry, v: &Version| registry.run_of(v).map(|r| r.folder.clone()).unwrap_or_default();
        let records = |verdict: &Verdict, folder: &str| -> BTreeSet<String> {
            verdict.rules.iter().map(|r| format!("{:?}", bare(r, folder))).collect()
        };
        let ours = records(&ours, &folder(registry, version));
        let theirs = records(&theirs, &folder(&archived, same));
        compared += ours.len();
        wrong.extend(ours.difference(&theirs).take(3).map(|r| format!("{}: only source: {r}", version.selector())));
        wrong.extend(theirs.difference(&ours).take(3).map(|r| format!("{}: only archive: {r}", version.selector())));
    }
    (wrong, compared)
}

#[test]
#[expect(clippy::disallowed_macros, reason = "names each folder as it runs")]
fn the_gate_says_the_same_of_every_folder_of_the_corpus_and_its_archive() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for group in ["trackers", "drift", "cards"] {
        let Some(folder) = corpus::folder(group) else { return };
        let mut below: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        below.retain(|p| p.is_dir());
        below.sort();
        for path in below {
            let (found, count) = compare(&corpus::read(&path));
            eprintln!("{}: {count} records", path.display());
            compared += count;
            wrong.extend(found.into_iter().take(5).map(|d| format!("{}: {d}", path.display())));
        }
    }
    assert!(compared > 1000, "only {compared} records");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
#[expect(clippy::disallowed_macros, reason = "names each folder as it runs")]
fn the_gate_says_the_same_of_every_fixture_and_its_archive() {
    let root = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import");
    let (mut wrong, mut compared) = (Vec::new(), 0);
    let mut below: Vec<_> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    below.sort();
    for path in below {
        let (found, count) = compare(&corpus::read(&path));
        eprintln!("{}: {count} records", path.display());
        compared += count;
        wrong.extend(found.into_iter().take(5).map(|d| format!("{}: {d}", path.display())));
    }
    assert!(compared > 100, "only {compared} records");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_gate_says_the_same_of_the_example_and_its_archive() {
    let project = crate::project::Project::example();
    let (wrong, compared) = compare(&corpus::read(project.path()));
    assert!(compared > 10, "only {compared} records");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
