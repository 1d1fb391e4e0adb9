//! Credentials that slipped into params and tags: recognised so that no output shows them.
//!
//! In: a key and a value. Out: whether the value must be redacted. Names that training code uses for
//! vocabulary tokens (`pad_token`, `max_tokens`) are not credentials.

/// What stands where a credential was.
pub(super) const REDACTED: &str = "[redacted]";

const KEYS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "auth_token",
    "access_token",
    "api_token",
    "hf_token",
    "github_token",
    "refresh_token",
    "bearer",
    "credential",
    "client_secret",
    "connection_string",
];

const PREFIXES: &[&str] = &["ghp_", "gho_", "github_pat_", "glpat-", "hf_", "xoxb-", "xoxp-", "sk-ant-", "sk-proj-"];

/// Whether a value under a key looks like a credential.
pub(crate) fn looks_secret(key: &str, value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() || value == REDACTED {
        return false;
    }
    let key = key.to_ascii_lowercase().replace(['-', '.', '/', ' '], "_");
    if KEYS.iter().any(|k| key.contains(k)) {
        // A switch or a count under such a name says nothing.
        return !matches!(value, "true" | "false" | "True" | "False" | "None" | "null")
            && value.parse::<f64>().is_err();
    }
    let alphanumeric = |s: &str| s.len() >= 16 && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if PREFIXES.iter().any(|p| value.strip_prefix(p).is_some_and(alphanumeric)) {
        return true;
    }
    if value.len() == 20 && (value.starts_with("AKIA") || value.starts_with("ASIA")) {
        return value.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    }
    value.contains("PRIVATE KEY-----") || has_password_in_url(value)
}

/// `scheme://user:password@host`, or `scheme://TOKEN@host`.
fn has_password_in_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or("");
        authority.rsplit_once('@').is_some_and(|(user, _)| match user.split_once(':') {
            Some((_, password)) => !password.is_empty(),
            None => user.len() >= 16 && user.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::looks_secret;

    #[test]
    fn credentials_are_recognised_and_vocabulary_is_not() {
        for (key, value) in [
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"),
            ("db", "postgres://u:p@db.example/x"),
            ("id", "AKIAIOSFODNN7EXAMPLE"),
            ("t", "ghp_abcdefghijklmnopqrstuvwxyz012345"),
            ("wandb.api_key", "0123456789abcdef"),
            ("repo", "https://0123456789abcdef0123@git.example/x.git"),
        ] {
            assert!(looks_secret(key, value), "{key}={value}");
        }
        for (key, value) in [
            ("pad_token", "[PAD]"),
            ("max_tokens", "256"),
            ("use_auth_token", "True"),
            ("url", "https://example.org/a@b"),
            ("password", ""),
            ("hf_path", "hf_hub"),
        ] {
            assert!(!looks_secret(key, value), "{key}={value}");
        }
    }
}
