//! Keys and signatures by the real ssh-keygen, for tests of approvals.

use std::path::Path;
use std::process::Command;

use presscheck::gate::approvals::{Decision, Digests, SignersFile, Statement, Submission, Submitted};
use presscheck::gate::verdict::Verdict;
use presscheck::model::Instant;

use crate::gate_case::{Case, parse};

pub(crate) const NAMESPACE: &str = "model-approval@presscheck.dev";

/// A folder of private keys; they go when it is dropped.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::Builder::new().prefix("presscheck-keys-").tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// The public key of a name, made when it is first asked for: `ssh-ed25519 AAAA…`.
    pub(crate) fn key(&self, name: &str) -> String {
        self.key_of(name, &["-t", "ed25519"])
    }

    #[expect(clippy::disallowed_methods, reason = "tests look at what was written")]
    pub(crate) fn key_of(&self, name: &str, kind: &[&str]) -> String {
        if !self.path(name).exists() {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-N", "", "-C", name]).args(kind).arg("-f").arg(self.path(name));
            assert!(command.status().unwrap().success());
        }
        let text = std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// The signature of some bytes.
    #[expect(clippy::disallowed_methods, reason = "tests make their own inputs")]
    pub(crate) fn sign(&self, name: &str, namespace: &str, bytes: &[u8]) -> Vec<u8> {
        self.key(name);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("statement");
        std::fs::write(&file, bytes).unwrap();
        self.sign_file(name, namespace, &file);
        std::fs::read(folder.path().join("statement.sig")).unwrap()
    }

    pub(crate) fn sign_file(&self, name: &str, namespace: &str, file: &Path) {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(self.path(name)).arg(file);
        assert!(command.output().unwrap().status.success());
    }
}

/// A case of the gate, with people who sign about it.
pub(crate) struct Round {
    pub(crate) desk: Desk,
    pub(crate) case: Case,
    /// Lines of allowed_signers.
    pub(crate) signers: String,
    pub(crate) statements: Vec<Submission>,
}

impl Round {
    /// A case that alice, bob and carol may sign about, each with a key of that name.
    pub(crate) fn new(case: Case) -> Self {
        let desk = Desk::new();
        let line = |name: &str| format!("{name}@example.com {}\n", desk.key(name));
        let signers = ["alice", "bob", "carol"].map(line).concat();
        Self { desk, case, signers, statements: Vec::new() }
    }

    /// What somebody would sign now: an approval of ml-lead, an hour before the case is judged.
    pub(crate) fn says(&self, who: &str) -> Statement {
        let config = parse(&self.case.policy).unwrap();
        let registry = self.case.registry(&config);
        let version = registry.model("churn").unwrap().version(self.case.version).unwrap();
        let verdict = Case { approvals: Submitted::default(), ..self.case.clone() }.judge();
        let digests = Digests::of(&verdict, version, &registry);
        let at = Instant::parse(self.case.at).unwrap().seconds();
        Statement {
            subject: verdict.subject.name.clone(),
            decision: Decision::Approved,
            stage: verdict.stage,
            role: "ml-lead".to_owned(),
            reviewer: format!("{who}@example.com"),
            issued_at: Instant::from_seconds(at - 3_600).unwrap(),
            expires_at: None,
            comment: String::new(),
            binds: digests.binds,
            verdict: digests.rules,
        }
    }

    /// With a statement that is signed with the key of a name.
    pub(crate) fn signed(mut self, key: &str, statement: &Statement) -> Self {
        let bytes = statement.to_json();
        let signature = self.desk.sign(key, NAMESPACE, &bytes);
        self.put(&bytes, &signature);
        self
    }

    /// With an approval by somebody.
    pub(crate) fn approved(self, who: &str) -> Self {
        let statement = self.says(who);
        self.signed(who, &statement)
    }

    pub(crate) fn put(&mut self, statement: &[u8], signature: &[u8]) {
        let file = format!("approvals/{}.json", self.statements.len() + 1);
        self.statements.push(Submission { file, statement: Ok(statement.to_vec()), signature: Ok(signature.to_vec()) });
    }

    /// The case with everything that was handed in.
    pub(crate) fn done(&self) -> Case {
        let signers = SignersFile::new(".presscheck/allowed_signers", self.signers.as_bytes());
        let approvals = Submitted::new(NAMESPACE, Ok(self.statements.clone()), Some(Ok(signers)));
        Case { approvals, ..self.case.clone() }
    }

    pub(crate) fn judge(&self) -> Verdict {
        self.done().judge()
    }
}
