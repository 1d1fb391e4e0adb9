//! The verdict's values as `mlpipeline-metrics.json` of Kubeflow Pipelines v1.
//!
//! In: a verdict. Out: `gate-pass`, then the values that rules observed, finite ones only. The server
//! takes names of the pattern `[a-zA-Z]([-_a-zA-Z0-9]{0,62}[a-zA-Z0-9])?` and refuses a file with
//! more than 50 metrics, so names are made to fit and what does not fit is left out, what blocks last.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Context, Refused, Writer, shared};
use crate::digest::Sha256;
use crate::gate::verdict::Verdict;

/// More metrics in a file are refused.
const METRICS: usize = 50;
/// Longer names are refused.
const LENGTH: usize = 64;

/// The format `kfp`.
#[derive(Clone, Copy, Debug)]
pub struct Kfp;

impl Writer for Kfp {
    fn name(&self) -> &'static str {
        "kfp"
    }

    fn about(&self) -> &'static str {
        "Kubeflow Pipelines v1: mlpipeline-metrics.json"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let pass = if verdict.verdict.promotes() { 1.0 } else { 0.0 };
        // By name, what it stands for: two rules about the same value are one metric.
        let mut taken: BTreeMap<String, String> = BTreeMap::from([("gate-pass".to_owned(), String::new())]);
        let mut metrics: Vec<Value> = vec![metric("gate-pass", pass)];
        for record in &verdict.rules {
            let (Some(name), Some(value)) = (&record.metric, record.value.and_then(|v| v.finite())) else { continue };
            if metrics.len() >= METRICS {
                break;
            }
            let parts = [name.as_str(), record.dataset.as_deref().unwrap_or(""), &record.target];
            let whole = format!("{parts:?} {value:?}");
            let mut known = fitting(&parts.map(|p| p.trim()).join(" "), "");
            if taken.get(&known).is_some_and(|other| *other != whole) {
                // Another value has the name: the rule's id tells them apart.
                known = fitting(&parts.join(" "), &Sha256::of(format!("{whole} {}", record.id).as_bytes()).short());
            }
            if taken.insert(known.clone(), whole).is_none() {
                metrics.push(metric(&known, value.get()));
            }
        }
        Ok(shared::json(&json!({ "metrics": metrics })))
    }
}

fn metric(name: &str, value: f64) -> Value {
    json!({ "name": name, "numberValue": value, "format": "RAW" })
}

/// A name that the server takes; long ones end with a digest of the whole.
fn fitting(text: &str, suffix: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => out.push(c),
            _ if out.ends_with('-') || out.is_empty() => {}
            _ => out.push('-'),
        }
    }
    let mut out = out.trim_end_matches(['-', '_']).to_owned();
    if !out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out = format!("m{out}");
    }
    let digest = Sha256::of(text.as_bytes()).short();
    let suffix = if suffix.is_empty() && (out.len() > LENGTH || out.len() < 2) { digest.as_str() } else { suffix };
    if suffix.is_empty() {
        return out;
    }
    out.truncate(LENGTH - 1 - suffix.len().min(LENGTH / 2));
    format!("{}-{suffix}", out.trim_end_matches(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn names_fit_the_pattern() {
        for text in ["auc", "a", "", "0.5 quantile", "日本", "_x_", &"long name ".repeat(40), "roc auc [x=1]\n::"] {
            for suffix in ["", "0123456789ab"] {
                let name = fitting(text, suffix);
                let end = |c: char| c.is_ascii_alphanumeric();
                assert!(name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.ends_with(end), "{name}");
                assert!(name.len() <= 64 && name.chars().all(|c| end(c) || c == '-' || c == '_'), "{name}");
            }
        }
        assert_eq!(fitting("auc  region=latam", ""), "auc-region-latam");
    }
}
