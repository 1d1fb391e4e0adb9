//! Properties of the gate that hold for any evidence, any policy text and any number of threads.
//!
//! `PRESSCHECK_PROPERTY_CASES=1000000 cargo nextest run -E 'test(gate_properties)'` runs more of them.
//!
//! For rules of `evidence = "point"`, and with the exceptions that docs/gate/corner-cases.md names, nothing that makes
//! evidence worse turns a version that does not pass into one that does.

use std::sync::{Arc, LazyLock};

use presscheck::config::Config;
use presscheck::gate::ledger::Ledger;
use presscheck::gate::levels::Levels;
use presscheck::gate::policy::{Policy, explain, lint, resolved};
use presscheck::gate::prove::prove;
use presscheck::gate::verdict::{Clock, Verdict};
use presscheck::gate::{Inputs, evaluate, needs};
use presscheck::import;
use presscheck::model::{Instant, Registry, assemble};
use presscheck::source::Source;
use proptest::prelude::*;

use crate::gate_case::parse;

/// Every rule kind, with bounds near to what the evidence below says.
const POLICY: &str = r#"
[metrics.gain]
direction = "higher"
range = [-10.0, 10.0]
[metrics.cost]
direction = "lower"
[metrics.slope]
direction = "target"
target = 1.0
[baseline.champion]
select = "alias:champion"
[baseline.best]
select = "best:gain"
[[rule]]
id = "gain"
check = "metric"
metric = "gain"
min = 0.5
[[rule]]
id = "cost"
check = "metric"
metric = "cost"
max = 0.5
[[rule]]
id = "slope"
check = "metric"
metric = "slope"
max_deviation = 0.5
[[rule]]
id = "versus"
check = "metric"
metric = "gain"
baseline = "champion"
max_regression = { abs = 0.1, rel = 0.1 }
[[rule]]
id = "versus-best"
check = "metric"
metric = "gain"
baseline = "best"
max_regression = { abs = 0.3 }
[[rule]]
id = "regions"
check = "metric"
metric = "gain"
slices = ["region=*"]
require = ["region=eu", "region=us"]
min = 0.4
min_n = 50
[[rule]]
id = "ratchet"
check = "ratchet"
metric = "gain"
slack = { abs = 0.1 }
[[rule]]
id = "drift"
check = "drift"
report = "drift/*.json"
require = ["drift/1.json"]
max_score = 0.2
critical = ["a"]
min_columns = 2
[[rule]]
id = "fresh"
check = "fresh"
of = ["evaluation"]
max_age = "14d"
[[rule]]
id = "digest"
check = "digest"
of = ["dataset"]
verify = "declared"
[[rule]]
id = "card"
check = "card"
sections = ["Use"]
placeholders = "forbid"
"#;

const LEVELS: &str =
    "schema = 1\n[[level]]\nrule = \"ratchet\"\nmodel = \"churn\"\nvalue = 0.55\nversions = [\"0\", \"1\"]\n";

/// The rules of the policy, and what stands before them.
static RULES: LazyLock<(String, Vec<String>)> = LazyLock::new(|| {
    let mut parts = POLICY.split("[[rule]]").map(str::to_owned);
    (parts.next().unwrap(), parts.collect())
});

fn policy_of(text: &str) -> Option<(Policy, Config)> {
    let config = parse(text).ok()?;
    let policy = config.policy.clone()?;
    let file = presscheck::gate::verdict::PolicyFile {
        path: "presscheck.ratchet.toml".to_owned(),
        sha256: presscheck::digest::Sha256::of(LEVELS.as_bytes()),
    };
    let levels = Levels::parse(LEVELS, "presscheck.ratchet.toml").unwrap();
    policy.with_levels(levels, file).ok().map(|policy| (policy, config))
}

static WHOLE: LazyLock<(Policy, Config)> = LazyLock::new(|| policy_of(POLICY).unwrap());

/// What the two versions say.
#[derive(Clone, Debug)]
struct Numbers {
    gain: f64,
    cost: f64,
    slope: f64,
    eu: f64,
    us: f64,
    n: u64,
    champion: f64,
    drift: [f64; 2],
    hours: i64,
}

fn number(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".to_owned(),
        v if v.is_infinite() => if v > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        v => format!("{v:?}"),
    }
}

impl Numbers {
    fn files(&self) -> Vec<(String, String)> {
        let Self { gain, cost, slope, eu, us, champion, .. } = self;
        let [gain, cost, slope, eu, us, champion] = [gain, cost, slope, eu, us, champion].map(|v| number(*v));
        let n = self.n;
        let [a, b] = self.drift.map(number);
        let feature = |name: &str, score: &str| {
            format!(
                r#"{{"feature": "{name}", "kind": "numeric", "method": "psi", "score": {score}, "threshold": 0.2, "drifted": false}}"#
            )
        };
        let file = |path: &str, text: String| (format!("churn/{path}"), text);
        vec![
            file("model.toml", "[aliases]\nchampion = \"1\"\n".to_owned()),
            file("1/metrics.json", format!(r#"{{"gain": {champion}}}"#)),
            file(
                "2/metrics.json",
                format!(
                    r#"{{"test": {{"gain": {gain}, "cost": {cost}, "slope": {slope}, "slices": {{"region=eu": {{"gain": {eu}, "n": {n}}}, "region=us": {{"gain": {us}, "n": 100}}}}}}}}"#
                ),
            ),
            file(
                "2/run.toml",
                "created = 2026-06-10T00:00:00Z\n[[dataset]]\nname = \"h\"\nrole = \"test\"\ndigest = \"sha256:aa\"\n"
                    .to_owned(),
            ),
            file("2/card.md", "## Use\n\nSome words.\n".to_owned()),
            file(
                "2/drift/1.json",
                format!(
                    r#"{{"schema": "presscheck.drift/1", "tool": "t", "reference": "a", "current": "b", "features": [{}, {}]}}"#,
                    feature("a", &a),
                    feature("b", &b)
                ),
            ),
        ]
    }

    fn at(&self) -> Instant {
        let start = Instant::parse("2026-06-10T00:00:00Z").unwrap();
        Instant::from_seconds(start.seconds() + self.hours * 3_600).unwrap()
    }
}

fn registry(files: &[(String, String)], config: &Config) -> Registry {
    let files = files.iter().map(|(p, t)| (p.clone(), t.clone().into_bytes()));
    assemble(import::import(&Source::from_memory("runs", "runs", files), None), config.catalogue.clone(), &[])
}

/// The verdict on version 2, or nothing when it is not there.
fn judge(policy: &Policy, config: &Config, files: &[(String, String)], at: Instant) -> Option<Verdict> {
    let registry = registry(files, config);
    let version = registry.model("churn")?.version("2")?;
    let stage = policy.stages().next()?.to_owned();
    Some(evaluate(policy, &Inputs::new(&registry, at, Clock::AsOf), version, &stage))
}

/// As [`judge`], reading only what the policy needs.
fn judge_narrowly(policy: &Policy, config: &Config, files: &[(String, String)], at: Instant) -> Option<Verdict> {
    let files = files.iter().map(|(p, t)| (p.clone(), t.clone().into_bytes()));
    let source = Source::from_memory("runs", "runs", files);
    let mut outline = import::outline(&source, None)?;
    let known = assemble(outline.records(), config.catalogue.clone(), &[]);
    let version = known.model("churn")?.version("2")?;
    let needed = needs(policy, &Inputs::new(&known, at, Clock::AsOf), version);
    let wanted = |folder: &str| needed.as_ref().is_none_or(|needed| needed.contains(folder));
    let registry = assemble(outline.complete(&wanted), config.catalogue.clone(), &[]);
    let version = registry.model("churn")?.version("2")?;
    let stage = policy.stages().next()?.to_owned();
    Some(evaluate(policy, &Inputs::new(&registry, at, Clock::AsOf), version, &stage))
}

/// The policy without the rule that looks at every version.
static NARROW: LazyLock<(Policy, Config)> = LazyLock::new(|| {
    let rules: Vec<&String> = RULES.1.iter().filter(|rule| !rule.contains("\"versus-best\"")).collect();
    let text: String = rules.iter().flat_map(|rule| ["[[rule]]", rule.as_str()]).collect();
    policy_of(&format!("{}{text}", RULES.0)).unwrap()
});

fn passes(files: &[(String, String)], at: Instant) -> bool {
    judge(&WHOLE.0, &WHOLE.1, files, at).is_some_and(|v| v.verdict.promotes())
}

/// Numbers near the bounds, so that both sides occur.
fn numbers() -> impl Strategy<Value = Numbers> {
    let near = |bound: f64| prop_oneof![9 => Just(bound + 0.05), 1 => bound - 0.1..bound + 0.1, 1 => Just(bound)];
    let low = |bound: f64| prop_oneof![9 => Just(bound - 0.05), 1 => bound - 0.1..bound + 0.1, 1 => Just(bound)];
    (
        (near(0.55), low(0.45), near(1.0), near(0.5), near(0.5)),
        (prop_oneof![9 => Just(100_u64), 1 => 40..60_u64], low(0.6), low(0.2), low(0.2)),
        prop_oneof![9 => 1..300_i64, 1 => 300..400_i64],
    )
        .prop_map(|((gain, cost, slope, eu, us), (n, champion, a, b), hours)| Numbers {
            gain,
            cost,
            slope,
            eu,
            us,
            n,
            champion,
            drift: [a, b],
            hours,
        })
}

/// Cases of a property at a desk; continuous integration and long runs ask for more.
const CASES: u32 = 500;

/// How many cases: so many of [`CASES`], or the same share of what was asked for.
fn config(cases: u32) -> ProptestConfig {
    let cases = from_environment().map_or(cases, |all| (all / (CASES / cases)).max(cases));
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

#[expect(clippy::disallowed_methods, reason = "a long run is asked for by a variable")]
fn from_environment() -> Option<u32> {
    std::env::var("PRESSCHECK_PROPERTY_CASES").ok()?.parse().ok()
}

/// The generated evidence is on both sides of the line; else the properties say nothing.
#[test]
fn both_sides_occur() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut next = || numbers().new_tree(&mut runner).unwrap().current();
    let passing = (0..200).map(|_| next()).filter(|n| passes(&n.files(), n.at())).count();
    assert!((10..190).contains(&passing), "{passing} of 200 pass");
}

/// A text with a part replaced.
fn mutated(text: &str, at: usize, cut: usize, paste: &str) -> String {
    let places: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
    let start = at % places.len();
    let end = (start + cut).min(places.len() - 1);
    format!("{}{paste}{}", &text[..places[start]], &text[places[end]..])
}

fn paste() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\\n]{0,8}",
        "[0-9]{1,30}",
        Just("nan".to_owned()),
        Just("-inf".to_owned()),
        Just("1e999".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("[".repeat(2_000)),
        Just("{\"a\":".repeat(2_000)),
        Just("\u{202e}\u{0}é".to_owned()),
        Just("[[rule]]".to_owned()),
        Just("'''".to_owned()),
        any::<String>().prop_map(|s| s.chars().take(8).collect()),
    ]
}

proptest! {
    #![proptest_config(config(CASES))]

    #[test]
    fn worse_evidence_never_passes_instead(numbers in numbers(), what in 0..10_usize, by in prop_oneof![0.0..0.3_f64, 0.0..20.0_f64, Just(1e300)]) {
        let mut worse = numbers.clone();
        match what {
            0 => worse.gain -= by,
            1 => worse.cost += by,
            2 => worse.slope += if worse.slope >= 1.0 { by } else { -by },
            3 => worse.eu -= by,
            4 => worse.us -= by,
            5 => worse.n = worse.n.saturating_sub(1 + by.min(100.0) as u64),
            6 => worse.champion += by,
            7 | 8 => worse.drift[what - 7] += by,
            // Older evidence, or a later clock.
            _ => worse.hours += by.min(10_000.0) as i64,
        }
        prop_assert!(passes(&numbers.files(), numbers.at()) || !passes(&worse.files(), worse.at()));
    }

    #[test]
    fn a_number_that_is_none_never_passes(numbers in numbers(), what in 0..8_usize, bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)]) {
        let mut worse = numbers;
        match what {
            0 => worse.gain = bad,
            1 => worse.cost = bad,
            2 => worse.slope = bad,
            3 => worse.eu = bad,
            4 => worse.us = bad,
            5 => worse.champion = bad,
            _ => worse.drift[what - 6] = bad,
        }
        prop_assert!(!passes(&worse.files(), worse.at()));
    }

    #[test]
    fn a_file_that_is_gone_never_helps(numbers in numbers(), what in 0..6_usize) {
        let files = numbers.files();
        let mut less = files.clone();
        less.remove(what);
        prop_assert!(passes(&files, numbers.at()) || !passes(&less, numbers.at()));
        // All of them are needed.
        prop_assert!(!passes(&less, numbers.at()));
    }

    #[test]
    fn another_rule_never_helps(numbers in numbers(), keep in prop::collection::vec(any::<bool>(), 11), extra in 0..11_usize) {
        let build = |with: bool| {
            let mut text = RULES.0.clone();
            for (i, rule) in RULES.1.iter().enumerate() {
                if if i == extra { with } else { keep[i] } {
                    text.push_str("[[rule]]");
                    text.push_str(rule);
                }
            }
            policy_of(&text)
        };
        let (Some((without, config)), Some((with, _))) = (build(false), build(true)) else { return Ok(()) };
        let files = numbers.files();
        let (before, after) = (judge(&without, &config, &files, numbers.at()).unwrap(), judge(&with, &config, &files, numbers.at()).unwrap());
        // The one exception: a policy in which nothing was evaluated before.
        prop_assert!(before.verdict.promotes() || before.exit_code == 5 || !after.verdict.promotes());
    }

    #[test]
    fn any_metrics_file_is_judged(numbers in numbers(), file in 0..6_usize, at in 0..10_000_usize, cut in 0..20_usize, paste in paste()) {
        let mut files = numbers.files();
        files[file].1 = mutated(&files[file].1, at, cut, &paste);
        judge(&WHOLE.0, &WHOLE.1, &files, numbers.at());
    }

    /// Other versions' files are beside the point, whatever they hold.
    #[test]
    fn reading_only_what_is_needed_gives_the_same_verdict(numbers in numbers(), other in prop_oneof![Just("{\"gain\": 1e9}".to_owned()), paste()], file in 0..6_usize, at in 0..10_000_usize, cut in 0..20_usize, paste in paste()) {
        let mut files = numbers.files();
        files.push(("churn/0/metrics.json".to_owned(), other.clone()));
        files.push(("churn/3/run.toml".to_owned(), format!("parent = \"runs/churn/2\"\n#{}", other.replace('\n', ""))));
        files.push(("churn/3/metrics.json".to_owned(), other));
        files[file].1 = mutated(&files[file].1, at, cut, &paste);
        let (policy, config) = &*NARROW;
        let whole = judge(policy, config, &files, numbers.at());
        prop_assert_eq!(judge_narrowly(policy, config, &files, numbers.at()), whole.clone());
        // And when every version has to be read.
        let whole = judge(&WHOLE.0, &WHOLE.1, &files, numbers.at());
        prop_assert_eq!(judge_narrowly(&WHOLE.0, &WHOLE.1, &files, numbers.at()), whole);
    }

    #[test]
    fn any_policy_text_is_judged_or_refused(numbers in numbers(), at in 0..10_000_usize, cut in 0..40_usize, paste in paste()) {
        match parse(&mutated(POLICY, at, cut, &paste)) {
            Ok(config) => {
                if let Some(policy) = &config.policy {
                    judge(policy, &config, &numbers.files(), numbers.at());
                }
            }
            Err(found) => {
                prop_assert!(!found.is_empty());
                presscheck::diag::render_all(&found, true);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_ledger_levels_or_a_policy_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..1_000_usize, cut in 0..40_usize, paste in paste()) {
        let text = String::from_utf8_lossy(&bytes);
        Ledger::parse(&bytes);
        Ledger::parse(mutated("{\"schema\":\"presscheck.promotion/1\",\"model\":\"churn\"}\n", at, cut, &paste).as_bytes());
        let _ = Levels::parse(&text, "l.toml");
        let _ = Levels::parse(&mutated(LEVELS, at, cut, &paste), "l.toml");
        let _ = Config::parse(&text, "p.toml", "p");
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn a_verdict_is_the_same_on_any_number_of_threads(numbers in numbers()) {
        let files = Arc::new(numbers.files());
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let verdict = pool.install(|| judge(&WHOLE.0, &WHOLE.1, &files, numbers.at())).unwrap();
            serde_json::to_vec(&verdict).unwrap()
        };
        let one = on(1);
        prop_assert!(one == on(2) && one == on(8));
    }

    #[test]
    fn any_policy_can_be_linted_shown_and_proven(numbers in numbers(), at in 0..10_000_usize, cut in 0..40_usize, paste in paste()) {
        let text = mutated(POLICY, at, cut, &paste);
        let Some((policy, config)) = policy_of(&text) else { return Ok(()) };
        let registry = registry(&numbers.files(), &config);
        let inputs = Inputs::new(&registry, numbers.at(), Clock::AsOf);
        lint(&policy, &inputs);
        for rule in &policy.rules {
            prop_assert!(!resolved(&policy, rule).is_empty() && !explain(&policy, rule).is_empty());
        }
        let stages: Vec<&str> = policy.stages().collect();
        let before = registry.clone();
        prove(&policy, &inputs, &stages);
        prop_assert!(before == registry);
    }
}
