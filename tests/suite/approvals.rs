//! Signed approvals: what counts, what does not and why, and the commands around them. Every signature is made by the
//! real ssh-keygen.

use presscheck::gate::approvals::{Decision, Signers, Statement};
use presscheck::gate::policy::Bind;
use presscheck::gate::verdict::{Outcome, Verdict};
use presscheck::model::Instant;
use proptest::prelude::*;

use crate::gate_case::{Case, parse, two};
use crate::project::Project;
use crate::signing::{Desk, NAMESPACE, Round};

const FLOOR: &str = "[[rule]]\nid = \"floor\"\ncheck = \"metric\"\nmetric = \"auc\"\nmin = 0.88\n";
const ROLES: &str = "[roles.ml-lead]\nmembers = [\"alice@example.com\", \"bob@example.com\"]\n[roles.risk]\nmembers = [\"carol@example.com\", \"alice@example.com\"]\n";
const FINE: &str = r#"{"auc": 0.9}"#;

/// One approval with some keys.
fn policy(keys: &str) -> String {
    format!("{FLOOR}{ROLES}[[approval]]\nid = \"signoff\"\n{keys}\n")
}

fn case(keys: &str) -> Case {
    two(&policy(keys), FINE, FINE)
        .file("churn/2/card.md", "# Churn\n\n## Intended use\n\nTelling who may leave.\n")
        .file("churn/2/run.toml", "[[artifact]]\npath = \"model.bin\"\nkind = \"model\"\nsha256 = \"1111111111111111111111111111111111111111111111111111111111111111\"\n[[dataset]]\nname = \"d\"\nrole = \"test\"\ndigest = \"d1\"\n")
}

fn one() -> Case {
    case("need = [{ role = \"ml-lead\" }]")
}

fn later(statement: &Statement, seconds: i64) -> Instant {
    Instant::from_seconds(statement.issued_at.seconds() + seconds).unwrap()
}

fn outcome(verdict: &Verdict) -> (u8, Outcome) {
    (verdict.exit_code, verdict.verdict)
}

const PASS: (u8, Outcome) = (0, Outcome::Pass);
const PENDING: (u8, Outcome) = (4, Outcome::Pending);
const BLOCKED: (u8, Outcome) = (1, Outcome::Blocked);

/// That the round is pending, and why its one statement does not count.
#[track_caller]
fn not_counted(round: &Round, why: &str) {
    let verdict = round.judge();
    assert_eq!(outcome(&verdict), PENDING, "{verdict:?}");
    let found: Vec<&str> = verdict.not_counted.iter().map(|n| n.why.as_str()).collect();
    assert!(found.iter().any(|w| w.contains(why)), "'{why}' is not in {found:?}");
}

#[test]
fn an_approval_fills_its_seat_and_without_it_the_gate_waits() {
    let verdict = Round::new(one()).judge();
    assert_eq!(outcome(&verdict), PENDING);
    assert!(
        verdict.sentence.contains("signoff still needs 1 of ml-lead (alice@example.com or bob@example.com)"),
        "{}",
        verdict.sentence
    );
    assert_eq!(verdict.approvals[0].missing[0].count, 1);
    let verdict = Round::new(one()).approved("alice").judge();
    assert_eq!(outcome(&verdict), PASS, "{verdict:?}");
    let record = &verdict.approvals[0];
    assert!(record.satisfied && record.missing.is_empty() && record.have[0].by == "alice@example.com");
    assert!(verdict.evidence.iter().any(|e| e.path == "approvals/1.json" && e.sha256 == record.have[0].sha256));
    assert!(verdict.policy.files.iter().any(|f| f.path == ".presscheck/allowed_signers"));
    // What was never handed in is waited for just the same.
    assert_eq!(outcome(&one().judge()), PENDING);
    assert!(one().judge().sentence.contains("there is no file '.presscheck/allowed_signers'"));
}

#[test]
fn an_approval_never_turns_a_block_into_a_pass() {
    let low = one().file("churn/2/metrics.json", r#"{"auc": 0.5}"#);
    let verdict = Round::new(low).approved("alice").judge();
    assert_eq!(outcome(&verdict), BLOCKED);
    assert!(verdict.approvals[0].satisfied && verdict.sentence.contains("floor"), "{}", verdict.sentence);
    let bootstrap = "[baseline.b]\nselect = \"alias:nobody\"\non_missing = \"bootstrap\"\n[[rule]]\nid = \"v\"\ncheck = \"metric\"\nmetric = \"auc\"\nbaseline = \"b\"\nmax_regression = { abs = 0.1 }\n";
    let first = crate::gate_case::case(
        &format!("{bootstrap}{}", policy("need = [{ role = \"ml-lead\" }]")),
        &[("churn/2/metrics.json", FINE)],
    );
    assert_eq!(outcome(&Round::new(first.clone()).judge()), PENDING, "bootstrap");
    assert_eq!(Round::new(first).approved("bob").judge().exit_code, 0);
}

#[test]
fn every_kind_of_key_signs() {
    let kinds: [(&str, &[&str]); 5] = [
        ("ed", &["-t", "ed25519"]),
        ("p256", &["-t", "ecdsa", "-b", "256"]),
        ("p384", &["-t", "ecdsa", "-b", "384"]),
        ("p521", &["-t", "ecdsa", "-b", "521"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
    ];
    for (name, kind) in kinds {
        let mut round = Round::new(one());
        round.signers = format!("alice@example.com {}\n", round.desk.key_of(name, kind));
        let statement = round.says("alice");
        let verdict = round.signed(name, &statement).judge();
        assert_eq!(outcome(&verdict), PASS, "{name}: {:?}", verdict.not_counted);
    }
    let desk = Desk::new();
    let short = format!("a {}\n", desk.key_of("short", &["-t", "rsa", "-b", "1024"]));
    assert!(Signers::parse(short.as_bytes()).problems[0].1.contains("too short"));
}

#[test]
fn what_is_not_signed_as_it_must_be_does_not_count() {
    let round = Round::new(one());
    let statement = round.says("alice");
    let bytes = statement.to_json();
    let sound = round.desk.sign("alice", NAMESPACE, &bytes);
    let with = |statement: &[u8], signature: &[u8], signers: &str| {
        let mut other = Round::new(one());
        other.signers = signers.to_owned();
        other.put(statement, signature);
        other
    };
    assert_eq!(outcome(&with(&bytes, &sound, &round.signers).judge()), PASS);
    // One byte of the statement.
    let tampered = String::from_utf8(bytes.clone()).unwrap().replacen("ml-lead", "ml-leaD", 1);
    not_counted(&with(tampered.as_bytes(), &sound, &round.signers), "not for these bytes");
    for namespace in ["git", "file", "model-approval@example.org"] {
        not_counted(&with(&bytes, &round.desk.sign("alice", namespace, &bytes), &round.signers), "it is signed for");
    }
    not_counted(
        &with(&bytes, &round.desk.sign("mallory", NAMESPACE, &bytes), &round.signers),
        "allowed_signers does not hold",
    );
    // A key that is known, in another's name.
    not_counted(&with(&bytes, &round.desk.sign("bob", NAMESPACE, &bytes), &round.signers), "not alice@example.com's");
    for junk in [&b""[..], b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----", b"\xff\x00", &bytes] {
        not_counted(&with(&bytes, junk, &round.signers), "no SSH signature");
    }
    let key = round.desk.key("alice");
    for (options, why) in [
        ("valid-before=\"20260101Z\" ", "ended at 2026-01-01"),
        ("valid-after=\"20260701Z\" ", "counts from 2026-07-01"),
        ("namespaces=\"git\" ", "may not sign for"),
    ] {
        not_counted(&with(&bytes, &sound, &format!("alice@example.com {options}{key}\n")), why);
    }
    let in_time = format!(
        "*@example.com,!bob@example.com namespaces=\"model-*\",valid-after=\"20260101Z\",valid-before=\"20270101Z\" {key}"
    );
    assert_eq!(outcome(&with(&bytes, &sound, &in_time).judge()), PASS, "patterns of principals");
    not_counted(&with(&bytes, &sound, &in_time.replace("!bob", "!alice")), "not alice@example.com's");
    // Lines are rewrapped by other tools, and end otherwise on other systems.
    let crlf = String::from_utf8(sound.clone()).unwrap().replace('\n', "\r\n");
    assert_eq!(outcome(&with(&bytes, crlf.as_bytes(), &round.signers).judge()), PASS);
}

#[test]
fn what_is_signed_but_says_something_else_does_not_count() {
    let round = Round::new(one());
    let sound = round.says("alice");
    let with = |key: &str, statement: Statement| Round::new(one()).resigned(&round, key, &statement);
    not_counted(&with("carol", Statement { reviewer: "carol@example.com".into(), ..sound.clone() }), "is no member");
    not_counted(&with("alice", Statement { role: "risk".into(), ..sound.clone() }), "asks for the role 'risk'");
    let ahead = Instant::from_seconds(Instant::parse(crate::gate_case::NOON).unwrap().seconds() + 301);
    not_counted(&with("alice", Statement { issued_at: ahead.unwrap(), ..sound.clone() }), "yet to come");
    // About something else: no word is lost on it.
    for other in [
        Statement { subject: "churn@1".into(), ..sound.clone() },
        Statement { stage: "staging".into(), ..sound.clone() },
    ] {
        let verdict = with("alice", other).judge();
        assert_eq!((outcome(&verdict), verdict.not_counted.len()), (PENDING, 0));
    }
    let raw = String::from_utf8(sound.to_json()).unwrap();
    for text in [
        raw.replacen("\"decision\": \"approved\"", "\"decision\": \"rejected\", \"decision\": \"approved\"", 1),
        raw.replacen("\"decision\"", "\"decided\"", 1),
        raw.replacen("model-approval/v0.1", "model-approval/v2", 1),
        "not JSON".to_owned(),
    ] {
        let mut other = Round::new(one());
        other.signers.clone_from(&round.signers);
        other.put(text.as_bytes(), &round.desk.sign("alice", NAMESPACE, text.as_bytes()));
        not_counted(&other, "it");
    }
}

impl Round {
    /// This round with the people of another and a statement of one of them.
    fn resigned(mut self, other: &Self, key: &str, statement: &Statement) -> Self {
        self.signers.clone_from(&other.signers);
        let bytes = statement.to_json();
        let signature = other.desk.sign(key, NAMESPACE, &bytes);
        self.put(&bytes, &signature);
        self
    }
}

#[test]
fn an_approval_is_of_exactly_what_was_reviewed() {
    let all = "need = [{ role = \"ml-lead\" }]\nbinds = [\"model\", \"run\", \"card\", \"policy\", \"dataset\", \"baseline\"]";
    let versus = "[baseline.b]\nselect = \"alias:champion\"\n[[rule]]\nid = \"v\"\ncheck = \"metric\"\nmetric = \"auc\"\nbaseline = \"b\"\nmax_regression = { abs = 0.1 }\n";
    let base = Case { policy: format!("{versus}{}", policy(all)), ..case(all) };
    let run = base.files.iter().find(|(p, _)| p == "churn/2/run.toml").unwrap().1.clone();
    let round = Round::new(base.clone()).approved("alice");
    assert_eq!(outcome(&round.judge()), PASS);
    let with_policy = |text: String| Case { policy: text, ..base.clone() };
    let cases: [(Case, &[&str]); 7] = [
        (
            base.clone().file("churn/2/card.md", "# Churn\n\n## Intended use\n\nTelling who may stay.\n"),
            &["run", "card"],
        ),
        (base.clone().file("churn/2/metrics.json", r#"{"auc": 0.91}"#), &["run"]),
        (base.clone().file("churn/2/run.toml", &run.replace("1111", "2222")), &["model", "run"]),
        (base.clone().file("churn/2/run.toml", &run.replace("d1", "d2")), &["run", "dataset"]),
        (base.clone().file("churn/1/metrics.json", r#"{"auc": 0.89}"#), &["baseline"]),
        (with_policy(base.policy.replace("0.88", "0.87")), &["policy"]),
        // Another rule: the policy, and what the rules say.
        (
            with_policy(format!(
                "{}[[rule]]\nid = \"more\"\ncheck = \"metric\"\nmetric = \"auc\"\nmax = 1\n",
                base.policy
            )),
            &["policy", "rules"],
        ),
    ];
    for (changed, what) in cases {
        let verdict = Case { approvals: round.done().approvals, ..changed }.judge();
        assert_eq!(outcome(&verdict), PENDING, "{what:?}");
        let stale = &verdict.approvals[0].stale[0];
        assert_eq!((stale.by.as_str(), stale.changed.as_slice()), ("alice@example.com", what));
        assert!(verdict.sentence.contains(&format!("changed since: {}", what.join(", "))), "{}", verdict.sentence);
    }
    // Comments and layout of the policy are no change.
    let same = with_policy(base.policy.replace("min = 0.88", "min  =  0.88 # as agreed"));
    assert_eq!(outcome(&Case { approvals: round.done().approvals, ..same }.judge()), PASS);
    // What is not bound may change: here everything but the model.
    let loose = Round::new(case("need = [{ role = \"ml-lead\" }]\nbinds = [\"model\"]")).approved("alice");
    let other = loose.case.clone().file("churn/2/metrics.json", r#"{"auc": 0.95}"#);
    assert_eq!(outcome(&Case { approvals: loose.done().approvals, ..other }.judge()), PASS);
    // What a statement does not bind is not what it is over.
    let mut less = round.says("alice");
    less.binds.remove(&Bind::Card);
    let verdict = Round::new(base).resigned(&round, "alice", &less).judge();
    assert_eq!(verdict.approvals[0].stale[0].changed, ["card"]);
}

#[test]
fn a_rejection_blocks_until_the_same_person_approves() {
    let both = case("need = [{ role = \"ml-lead\" }, { role = \"risk\" }]");
    let round = Round::new(both.clone()).approved("alice");
    let no = Statement {
        decision: Decision::Rejected,
        role: "risk".into(),
        comment: "see ML-402".into(),
        ..round.says("carol")
    };
    let blocked = round.signed("carol", &no);
    let verdict = blocked.judge();
    assert_eq!(outcome(&verdict), BLOCKED);
    assert!(
        verdict.sentence.contains("carol@example.com (risk) rejected it on 2026-06-15: see ML-402"),
        "{}",
        verdict.sentence
    );
    assert_eq!(verdict.approvals[0].rejected[0].by, "carol@example.com");
    // Somebody else cannot lift it, an older or equally old approval neither.
    let yes = Statement { decision: Decision::Approved, comment: String::new(), ..no.clone() };
    let other = Statement { reviewer: "alice@example.com".into(), issued_at: later(&no, 60), ..yes.clone() };
    let older = Statement { issued_at: later(&no, -60), ..yes.clone() };
    let mut still = blocked.signed("alice", &other).signed("carol", &older).signed("carol", &yes);
    assert_eq!(outcome(&still.judge()), BLOCKED);
    let lifted = Statement { issued_at: later(&no, 60), ..yes.clone() };
    still = still.signed("carol", &lifted);
    assert_eq!(outcome(&still.judge()), PASS);
    // Once more: the last word counts.
    let again = Statement { issued_at: later(&no, 120), ..no.clone() };
    assert_eq!(outcome(&still.signed("carol", &again).judge()), BLOCKED);
    // A rejection of other content is out of date, one of a stranger counts for nothing.
    let fresh = Round::new(both.clone()).resigned(&blocked_people(&both), "carol", &no);
    let moved =
        Case { approvals: fresh.done().approvals, ..both.clone().file("churn/2/metrics.json", r#"{"auc": 0.92}"#) };
    let verdict = moved.judge();
    assert_eq!(outcome(&verdict), PENDING);
    assert!(verdict.sentence.contains("the rejection by carol@example.com is out of date"), "{}", verdict.sentence);
}

/// The people of a case.
fn blocked_people(case: &Case) -> Round {
    Round::new(case.clone())
}

#[test]
fn time_does_not_lift_a_rejection() {
    let round = Round::new(one());
    let no =
        Statement { decision: Decision::Rejected, expires_at: Instant::parse("2026-06-16"), ..round.says("alice") };
    let mut round = round.signed("alice", &no);
    round.signers = format!("alice@example.com valid-before=\"20260616Z\" {}\n", round.desk.key("alice"));
    assert_eq!(outcome(&round.judge()), BLOCKED);
    let year = Case { at: "2027-06-15T12:00:00Z", ..round.done() }.judge();
    assert_eq!(outcome(&year), BLOCKED, "neither its own end nor that of the key");
}

#[test]
fn approvals_grow_old() {
    let aged = case("need = [{ role = \"ml-lead\" }]\nmax_age = \"30d\"");
    let round = Round::new(aged).approved("alice");
    let at = |at: &'static str| Case { at, ..round.done() }.judge();
    assert_eq!(outcome(&at("2026-07-15T11:00:00Z")), PASS);
    let old = at("2026-07-15T11:00:01Z");
    assert_eq!((outcome(&old), old.approvals[0].stale[0].changed.as_slice()), (PENDING, &["too old"][..]));
    let round = Round::new(one());
    let short = Statement { expires_at: Instant::parse("2026-06-20"), ..round.says("alice") };
    // The reviewer's last word is the one with an end.
    let round = round.approved("alice").signed("alice", &Statement { issued_at: later(&short, 1), ..short.clone() });
    assert_eq!(outcome(&round.judge()), PASS);
    let over = Case { at: "2026-06-20T00:00:00Z", ..round.done() }.judge();
    assert_eq!((outcome(&over), over.approvals[0].stale[0].changed.as_slice()), (PENDING, &["expired"][..]));
}

#[test]
fn one_person_fills_one_seat() {
    let two_leads = || case("need = [{ role = \"ml-lead\", count = 2 }]");
    // Several files, several keys: one seat.
    let mut round = Round::new(two_leads());
    round.signers.push_str(&format!("alice@example.com {}\n", round.desk.key("second")));
    let statement = round.says("alice");
    let later = Statement { issued_at: later(&statement, 60), ..statement.clone() };
    let round = round.approved("alice").signed("alice", &later).signed("second", &later);
    let verdict = round.judge();
    assert_eq!(outcome(&verdict), PENDING);
    assert_eq!((verdict.approvals[0].have.len(), verdict.approvals[0].have[0].at), (1, later.issued_at));
    assert_eq!(verdict.approvals[0].missing[0].who, ["bob@example.com"]);
    assert_eq!(outcome(&round.approved("bob").judge()), PASS);
    // One key that may sign for everybody is still one person.
    let mut round = Round::new(two_leads());
    round.signers = format!("*@example.com {}\n", round.desk.key("shared"));
    let (alice, bob) = (round.says("alice"), round.says("bob"));
    let verdict = round.signed("shared", &alice).signed("shared", &bob).judge();
    assert_eq!((outcome(&verdict), verdict.approvals[0].have.len()), (PENDING, 1));
}

#[test]
fn people_are_matched_to_roles() {
    let need = "need = [{ role = \"ml-lead\" }, { role = \"risk\" }]";
    let as_risk = |round: &Round, who: &str| Statement { role: "risk".into(), ..round.says(who) };
    // Alice could take either seat; bob only the one, carol only the other.
    for (others, have) in
        [("bob", ["bob@example.com", "alice@example.com"]), ("carol", ["alice@example.com", "carol@example.com"])]
    {
        let round = Round::new(case(need)).approved("alice");
        let risk = as_risk(&round, "alice");
        let round = round.signed("alice", &risk);
        assert_eq!(outcome(&round.judge()), PENDING, "alice alone");
        let statement = if others == "bob" { round.says("bob") } else { as_risk(&round, "carol") };
        let verdict = round.signed(others, &statement).judge();
        assert_eq!(outcome(&verdict), PASS);
        assert_eq!(verdict.approvals[0].have.iter().map(|s| s.by.as_str()).collect::<Vec<_>>(), have);
    }
    let round = Round::new(case(&format!("{need}\ndistinct = false"))).approved("alice");
    let risk = as_risk(&round, "alice");
    assert_eq!(outcome(&round.signed("alice", &risk).judge()), PASS, "one person, two roles, as the policy allows");
}

#[test]
fn authors_do_not_approve_their_own() {
    let by = |keys: &str, author: &str| {
        let case = case(&format!("need = [{{ role = \"ml-lead\" }}]\n{keys}"));
        case.file("churn/2/run.toml", &format!("[tags]\nauthor = \"{author}\"\n"))
    };
    for author in ["alice@example.com", "alice", "Alice Doe <ALICE@example.com>, someone"] {
        not_counted(&Round::new(by("", author)).approved("alice"), "alice@example.com made the run or its card");
        assert_eq!(outcome(&Round::new(by("", author)).approved("bob").judge()), PASS);
        assert_eq!(outcome(&Round::new(by("not_author = false", author)).approved("alice").judge()), PASS);
    }
    let card = one().file("churn/2/card.md", "---\nauthors: [alice]\n---\n# Churn\n");
    not_counted(&Round::new(card).approved("alice"), "made the run or its card");
}

#[test]
fn policies_that_nobody_could_meet_are_refused() {
    let refused = |keys: &str| {
        let found = parse(&policy(keys)).expect_err(keys);
        for d in &found {
            assert!(d.snippet.is_some(), "{d:?}");
        }
        found.iter().map(|d| d.code.as_str()).collect::<Vec<_>>().join(" ")
    };
    for (keys, code) in [
        ("", "config-missing-key"),
        ("need = []", "config-value"),
        ("need = [\"ml-lead\"]", "config-type"),
        ("need = [{ count = 1 }]", "config-missing-key"),
        ("need = [{ role = \"ml-leed\" }]", "policy-unknown-reference"),
        ("need = [{ role = \"ml-lead\", count = 3 }]", "policy-approval"),
        ("need = [{ role = \"ml-lead\", count = 0 }]", "config-value"),
        ("need = [{ role = \"ml-lead\" }, { role = \"ml-lead\" }]", "policy-duplicate-id"),
        // Three seats, three people, but two of them are needed twice.
        ("need = [{ role = \"ml-lead\", count = 2 }, { role = \"risk\", count = 2 }]", "policy-approval"),
        ("need = [{ role = \"ml-lead\" }]\nstages = [\"producton\"]", "policy-unknown-reference"),
        ("need = [{ role = \"ml-lead\" }]\nbinds = [\"model\", \"weights\"]", "config-value"),
        ("need = [{ role = \"ml-lead\" }]\nmax_age = \"30 moons\"", "config-value"),
        ("need = [{ role = \"ml-lead\" }]\nquorum = 2", "config-unknown-key"),
        (
            "need = [{ role = \"ml-lead\" }]\n[[approval]]\nid = \"signoff\"\nneed = [{ role = \"risk\" }]",
            "policy-duplicate-id",
        ),
        ("need = [{ role = \"ml-lead\" }]\n[approvals]\nnamespace = \"git\"", "policy-approval"),
        ("need = [{ role = \"ml-lead\" }]\n[approvals]\ndir = \"../elsewhere\"", "config-value"),
        ("need = [{ role = \"ml-lead\" }]\n[roles.all]\nmembers = [\"*@example.com\"]", "policy-approval"),
        ("need = [{ role = \"ml-lead\" }]\n[roles.none]\nmembers = []", "config-value"),
    ] {
        assert_eq!(refused(keys), code, "{keys}");
    }
    let unused = parse(&format!("{FLOOR}{ROLES}")).unwrap();
    assert_eq!(unused.warnings.iter().filter(|d| d.message.contains("no approval asks")).count(), 2);
    // The same policy without approvals has the digest that it always had.
    let bare = |text: &str| parse(text).unwrap().policy.unwrap().digest;
    assert_eq!(bare(FLOOR), bare(&format!("[approvals]\ndir = \"elsewhere\"\n{FLOOR}")));
    assert_ne!(bare(FLOOR), bare(&policy("need = [{ role = \"ml-lead\" }]")));
}

#[test]
fn approvals_are_not_inherited() {
    let base = format!("schema = 1\n{}", policy("need = [{ role = \"ml-lead\" }]"));
    let pin = presscheck::digest::Sha256::of(base.as_bytes()).hex();
    Project::new()
        .file("base.toml", &base)
        .file("presscheck.toml", format!("schema = 1\nextends = [{{ path = \"base.toml\", sha256 = \"{pin}\" }}]\n"))
        .run(&["gate"])
        .code(2)
        .stderr_has("policy-approval")
        .stderr_has("not inherited");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
    /// Whatever becomes of a signed pair, and whatever is dropped beside it, nothing but a valid signature over a
    /// sound statement fills a seat.
    #[test]
    fn no_file_but_a_signed_one_turns_waiting_into_a_pass(
        edits in proptest::collection::vec((any::<bool>(), any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        // Signed once: by bob's key, over what alice would say. And a sound pair by a stranger.
        let (case, signers, pairs) = FORGED.with(Clone::clone);
        for (statement, signature) in pairs {
            let (mut statement, mut signature) = (statement, signature);
            for (which, index, byte) in &edits {
                let target = if *which { &mut statement } else { &mut signature };
                let at = index.index(target.len());
                target[at] = *byte;
            }
            let file = |bytes: Vec<u8>| Ok(bytes);
            let submission = presscheck::gate::approvals::Submission {
                file: "approvals/x.json".into(), statement: file(statement), signature: file(signature),
            };
            let signers = presscheck::gate::approvals::SignersFile::new("s", signers.as_bytes());
            let approvals = presscheck::gate::approvals::Submitted::new(NAMESPACE, Ok(vec![submission]), Some(Ok(signers)));
            let verdict = Case { approvals, ..case.clone() }.judge();
            prop_assert_eq!(verdict.exit_code, 4);
        }
    }
}

type Forged = (Case, String, Vec<(Vec<u8>, Vec<u8>)>);

thread_local! {
    static FORGED: Forged = {
        let round = Round::new(one());
        let sound = round.says("alice").to_json();
        // Sound but for what it is over: no edit of the signed bytes may repair it.
        let stale = Statement { verdict: presscheck::digest::Sha256::of(b"other"), ..round.says("alice") }.to_json();
        let by = |key: &str, bytes: &[u8]| round.desk.sign(key, NAMESPACE, bytes);
        let pairs = vec![
            (sound.clone(), by("bob", &sound)),
            (sound.clone(), by("mallory", &sound)),
            (stale.clone(), by("alice", &stale)),
        ];
        (one(), round.signers.clone(), pairs)
    };
}

/// A project whose one version needs an approval at production, and a desk with alice's key.
fn project(desk: &Desk) -> Project {
    Project::new()
        .file(
            "presscheck.toml",
            format!("schema = 1\n{}[stage.production]\n", policy("need = [{ role = \"ml-lead\" }]")),
        )
        .file("runs/churn/1/metrics.json", FINE)
        .file("runs/churn/1/card.md", "# Churn\n")
        .file(
            "runs/churn/1/run.toml",
            format!("[[artifact]]\npath = \"model.bin\"\nkind = \"model\"\nsha256 = \"{}\"\n", "1".repeat(64)),
        )
        .file(".presscheck/allowed_signers", format!("alice@example.com {}\n", desk.key("alice")))
}

fn gate(project: &Project) -> crate::project::Ran {
    project.run(&["gate", "churn", "--stage", "production", "--as-of", "2024-07-01T00:00:00Z"])
}

fn approve(project: &Project, more: &[&str]) -> crate::project::Ran {
    let common = ["churn", "--stage", "production", "--role", "ml-lead", "--as", "alice@example.com"];
    let noon = if more.contains(&"--as-of") { &[][..] } else { &["--as-of", "2024-06-15T12:00:00Z"] };
    project.run(&[&more[..1], &common, noon, &more[1..]].concat())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests make their own inputs")]
fn approving_from_the_command_line() {
    let desk = Desk::new();
    let project = project(&desk);
    let key = desk.path("alice");
    let key = key.to_str().unwrap();
    gate(&project).code(4).stdout_has("PENDING").stdout_has("signoff: 0 of 1 seat filled");
    approve(&project, &["approve", "--comment", "fine", "--expires", "2099-12-31", "--key", key])
        .code(0)
        .stdout_has("waits for production")
        .stdout_has("signed: ")
        .stdout_has("signoff: approved by alice@example.com (ml-lead)");
    gate(&project).code(0).stdout_has("approved: alice@example.com as ml-lead");
    // OpenSSH reads the same files alike.
    let files = project.files("approvals");
    let name = files.keys().find(|n| n.ends_with(".json")).unwrap();
    let path = |n: &str| project.path().join("approvals").join(n);
    let verify = std::process::Command::new("ssh-keygen")
        .args(["-Y", "verify", "-I", "alice@example.com", "-n", NAMESPACE, "-f"])
        .arg(project.path().join(".presscheck/allowed_signers"))
        .arg("-s")
        .arg(path(&format!("{name}.sig")))
        .stdin(std::fs::File::open(path(name)).unwrap())
        .output()
        .unwrap();
    assert!(verify.status.success());
    // Every report says so, each in its way; equal runs give equal bytes.
    let at = ["gate", "churn", "--stage", "production", "--as-of", "2098-01-01T00:00:00Z", "--out"];
    for (format, says) in [
        ("json", "\"satisfied\": true"),
        ("markdown", "Approval signoff: 1 of 1 seat filled"),
        ("svr", "PRESSCHECK_APPROVED"),
        ("ctrf", "\"name\": \"approvals [signoff]\""),
        ("junit", "approvals [signoff]"),
        ("tap", "ok 3 - approvals [signoff]"),
    ] {
        let first = project.run(&[&at[..], &[format]].concat()).code(0).stdout_has(says);
        let again = project.run(&[&at[..], &[format]].concat());
        assert_eq!(first.stdout, again.stdout);
    }
    // A change of the card, and what is said of it.
    let project = project.file("runs/churn/1/card.md", "# Churn, again\n");
    gate(&project).code(4).stdout_has("out of date (changed since: run, card)");
    project.run(&[&at[..], &["ctrf"]].concat()).code(4).stdout_has("\"pending\": 1");
    project.run(&["gate", "churn", "--stage", "production", "--out", "svr"]).stderr_has("no svr was written");
    project.run(&["build"]).code(0);
    let page = project.files("public").into_iter().find(|(n, _)| n.ends_with("-verdict.html")).unwrap().1;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("Approvals</h3>") && page.contains("changed since: run, card"), "{page}");
    approve(&project, &["reject", "--comment", "see ML-402", "--as-of", "2024-06-20T00:00:00Z", "--key", key])
        .code(0)
        .stdout_has("changed since: run, card");
    gate(&project).code(1).stdout_has("rejected it on 2024-06-20: see ML-402");
    approve(&project, &["approve", "--as-of", "2024-06-20T00:00:01Z", "--key", key])
        .code(0)
        .stdout_has("changed since: nothing");
    gate(&project).code(0);
}

#[test]
fn what_cannot_be_approved_is_not_written() {
    let desk = Desk::new();
    let here = project(&desk);
    approve(&here, &["approve"])
        .code(0)
        .stdout_has("ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n model-approval@presscheck.dev ");
    // Without its signature it does not count.
    gate(&here).code(4).stderr_has("approval-not-counted").stderr_has(".json.sig'");
    let count = here.files("approvals").len();
    let run = |more: &[&str]| here.run(&[&["approve", "churn", "--stage", "production"], more].concat());
    run(&["--role", "ml-lead", "--as", "eve@example.com"]).code(2).stderr_has("is no member of the role");
    run(&["--role", "ml-leed", "--as", "alice@example.com"]).code(2).stderr_has("asked for: ml-lead");
    run(&["--role", "ml-lead", "--as", "alice@example.com", "--expires", "soon"]).code(2);
    let gone = ["approve", "--as-of", "2024-06-01T00:00:00Z", "--key", "/no/such/key"];
    approve(&here, &gone).code(2).stderr_has("it is not signed");
    approve(&here, &gone).code(2).stderr_has("is there already");
    assert_eq!(here.files("approvals").len(), count + 1);
    let low = project(&desk).file("runs/churn/1/metrics.json", "{\"auc\": 0.1}");
    approve(&low, &["approve"]).code(1).stderr_has("nothing was written");
    assert!(!low.path().join("approvals").exists());
}

#[test]
fn hostile_files_among_approvals_stop_nothing() {
    let desk = Desk::new();
    let mut project = project(&desk);
    approve(&project, &["approve", "--key", desk.path("alice").to_str().unwrap()]).code(0);
    let evil = "<script>alert(1)</script>\u{1b}[31m\u{202e}";
    let statement = format!("{{\"predicate\": {{\"reviewer\": \"{evil}\"}}}}");
    for i in 0..1_000 {
        project = project.file(&format!("approvals/junk-{i}.json"), "{");
    }
    let huge = vec![b' '; 1 << 20];
    let project = project
        .file("approvals/huge.json", &huge)
        .file("approvals/huge.json.sig", &huge)
        .file("approvals/deep.json", "[".repeat(60_000))
        .file("approvals/a\u{1b}[31m<b>.json", statement.as_bytes())
        .file("approvals/a\u{1b}[31m<b>.json.sig", desk.sign("mallory", NAMESPACE, statement.as_bytes()))
        .file("approvals/below/x.json", "{}")
        .file("approvals/README.md", "what these files are");
    let ran = gate(&project).code(0);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains('\u{1b}'), "{}", ran.stderr);
    let json = project
        .run(&["gate", "churn", "--stage", "production", "--as-of", "2024-07-01T00:00:00Z", "--out", "json"])
        .code(0)
        .json();
    assert_eq!(json["not_counted"].as_array().unwrap().len(), 1_003);
    project.run(&["build"]).code(0);
    // Nobody's statement, in a name of markup: shown as text.
    let none = crate::approvals::project(&desk).file(".presscheck/allowed_signers", "\u{fffd}\u{0}\nx\n");
    gate(&none).code(4).stderr_has("allowed-signers");
    gate(&none).stdout_has("holds no key");
}

#[test]
fn who_may_sign_is_read_from_the_trusted_ref() {
    let desk = Desk::new();
    let here = project(&desk);
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(arguments).current_dir(here.path());
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "base"]);
    let key = desk.key("mallory");
    let trusted =
        ["gate", "churn", "--stage", "production", "--as-of", "2024-07-01T00:00:00Z", "--trusted-ref", "main"];
    // A change that brings its own signer, and that signer's approval.
    let here = here.file(".presscheck/allowed_signers", format!("alice@example.com {key}\n"));
    approve(&here, &["approve", "--key", desk.path("mallory").to_str().unwrap()]).code(0);
    gate(&here).code(0);
    here.run(&trusted).code(4).stderr_has("allowed_signers does not hold");
    approve(
        &here,
        &[
            "approve",
            "--as-of",
            "2024-06-01T00:00:00Z",
            "--trusted-ref",
            "main",
            "--key",
            desk.path("alice").to_str().unwrap(),
        ],
    )
    .code(0);
    here.run(&trusted).code(0);
}
