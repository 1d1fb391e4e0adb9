//! The statement that a reviewer signs: an in-toto Statement v1 with a predicate of our own.
//!
//! In: the bytes that were verified, or what a reviewer says. Out: a [`Statement`], or why the bytes are none; or the
//! bytes to be signed. Keys that are not known are left alone, so that later versions may say more; a key that is
//! missing, of the wrong type or given twice makes it no statement.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::strict;
use crate::digest::Sha256;
use crate::gate::policy::Bind;
use crate::model::Instant;

/// The type of the envelope.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of the predicate; its number changes with what the fields mean.
pub const PREDICATE_TYPE: &str = "https://presscheck.dev/model-approval/v0.1";

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The version may enter the stage.
    Approved,
    /// It may not.
    Rejected,
}

impl Decision {
    /// The word in statements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `model@version`.
    pub subject: String,
    /// What the reviewer says.
    pub decision: Decision,
    /// The stage that the version is to enter.
    pub stage: String,
    /// The role that the reviewer speaks in.
    pub role: String,
    /// Who speaks: a principal of allowed_signers.
    pub reviewer: String,
    /// When, by the reviewer's clock.
    pub issued_at: Instant,
    /// The first moment it no longer counts.
    pub expires_at: Option<Instant>,
    /// Why, for people.
    pub comment: String,
    /// What it is over.
    pub binds: BTreeMap<Bind, Sha256>,
    /// The digest of what the rules said.
    pub verdict: Sha256,
}

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// What is missing or wrong, in words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document = strict::parse(bytes).map_err(|why| format!("it is not JSON as a statement is: {why}"))?;
        for (key, wanted) in [("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)] {
            if text(&document, key)? != wanted {
                return Err(format!("its '{key}' is not {wanted}"));
            }
        }
        let subject = match document.get("subject").and_then(Value::as_array).map(Vec::as_slice) {
            Some([subject]) => subject,
            _ => return Err("it is not about exactly one subject".to_owned()),
        };
        let predicate = document.get("predicate").ok_or("it has no 'predicate'")?;
        let decision = match text(predicate, "decision")? {
            "approved" => Decision::Approved,
            "rejected" => Decision::Rejected,
            _ => return Err("its 'decision' is neither approved nor rejected".to_owned()),
        };
        let bound = predicate.get("binds").and_then(Value::as_object).ok_or("it has no 'binds'")?;
        let mut binds = BTreeMap::new();
        for bind in Bind::ALL {
            if let Some(set) = bound.get(bind.as_str()) {
                binds.insert(bind, digest(set, bind.as_str())?);
            }
        }
        let model = digest(subject.get("digest").unwrap_or(&Value::Null), "subject")?;
        if binds.get(&Bind::Model).is_some_and(|bound| *bound != model) {
            return Err("its subject has another digest than it binds".to_owned());
        }
        let moment = |key: &str| {
            Instant::parse(text(predicate, key)?).ok_or_else(|| format!("its '{key}' is no time as RFC 3339 writes it"))
        };
        Ok(Self {
            subject: text(subject, "name")?.to_owned(),
            decision,
            stage: text(predicate, "stage")?.to_owned(),
            role: text(predicate, "role")?.to_owned(),
            reviewer: text(predicate, "reviewer")?.to_owned(),
            issued_at: moment("issuedAt")?,
            expires_at: match predicate.get("expiresAt") {
                None | Some(Value::Null) => None,
                Some(_) => Some(moment("expiresAt")?),
            },
            comment: match predicate.get("comment") {
                None | Some(Value::Null) => String::new(),
                Some(_) => text(predicate, "comment")?.to_owned(),
            },
            binds,
            verdict: digest(predicate.get("verdict").unwrap_or(&Value::Null), "verdict")?,
        })
    }

    /// The bytes to be signed, indented, with a line break at the end.
    pub fn to_json(&self) -> Vec<u8> {
        let set = |digest: Sha256| json!({ "sha256": digest.hex() });
        let binds: Map<String, Value> =
            self.binds.iter().map(|(bind, digest)| (bind.as_str().to_owned(), set(*digest))).collect();
        let mut predicate = json!({
            "decision": self.decision.as_str(),
            "stage": self.stage,
            "role": self.role,
            "reviewer": self.reviewer,
            "issuedAt": self.issued_at.to_string(),
        });
        if let Some(expires) = self.expires_at {
            predicate["expiresAt"] = expires.to_string().into();
        }
        predicate["comment"] = self.comment.clone().into();
        let model = self.binds.get(&Bind::Model).copied().map_or_else(|| json!({}), set);
        predicate["binds"] = Value::Object(binds);
        predicate["verdict"] = set(self.verdict);
        let statement = json!({
            "_type": STATEMENT_TYPE,
            "subject": [{ "name": self.subject, "digest": model }],
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
        });
        format!("{statement:#}\n").into_bytes()
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value.get(key).and_then(Value::as_str).ok_or_else(|| format!("it has no text '{key}'"))
}

fn digest(set: &Value, what: &str) -> Result<Sha256, String> {
    let found = set.get("sha256").and_then(Value::as_str).and_then(|hex| hex.parse().ok());
    found.ok_or_else(|| format!("it has no sha256 of '{what}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        let of = |text: &str| Sha256::of(text.as_bytes());
        Statement {
            subject: "churn@2".to_owned(),
            decision: Decision::Approved,
            stage: "production".to_owned(),
            role: "ml-lead".to_owned(),
            reviewer: "alice@example.com".to_owned(),
            issued_at: Instant::parse("2026-06-15T12:00:00Z").unwrap(),
            expires_at: Instant::parse("2026-07-01"),
            comment: "fine".to_owned(),
            binds: Bind::ALL.into_iter().map(|bind| (bind, of(bind.as_str()))).collect(),
            verdict: of("rules"),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for statement in [statement(), Statement { expires_at: None, comment: String::new(), ..statement() }] {
            assert_eq!(Statement::parse(&statement.to_json()), Ok(statement));
        }
    }

    #[test]
    fn a_field_that_is_missing_or_of_another_type_makes_it_none() {
        let sound: Value = serde_json::from_slice(&statement().to_json()).unwrap();
        let with = |pointer: &str, value: Value| {
            let mut changed = sound.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            Statement::parse(changed.to_string().as_bytes())
        };
        for key in ["decision", "stage", "role", "reviewer", "issuedAt", "binds", "verdict"] {
            assert!(with(&format!("/predicate/{key}"), Value::Null).is_err(), "{key}");
        }
        for (pointer, value) in [
            ("/_type", json!("https://in-toto.io/Statement/v0.1")),
            ("/predicateType", json!("https://presscheck.dev/model-approval/v9")),
            ("/subject", json!([])),
            ("/subject/0/name", json!(7)),
            ("/subject/0/digest/sha256", json!("0".repeat(64))),
            ("/predicate/decision", json!("Approved")),
            ("/predicate/issuedAt", json!(1_781_524_800)),
            ("/predicate/expiresAt", json!("soon")),
            ("/predicate/comment", json!(["x"])),
            ("/predicate/binds/card", json!("sha256:00")),
            ("/predicate/verdict/sha256", json!("00")),
        ] {
            assert!(with(pointer, value).is_err(), "{pointer}");
        }
        let mut more = sound.clone();
        more["predicate"]["a key of tomorrow"] = json!({ "x": [1] });
        assert_eq!(Statement::parse(more.to_string().as_bytes()), Ok(statement()));
        let twice = sound.to_string().replacen("\"decision\":", "\"decision\":\"rejected\",\"decision\":", 1);
        assert!(Statement::parse(twice.as_bytes()).is_err_and(|why| why.contains("twice")));
    }
}
