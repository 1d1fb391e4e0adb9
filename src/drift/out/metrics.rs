//! Drift as OpenMetrics text, for Prometheus and Grafana.
//!
//! In: reports. Out: gauges of the newest window, since a scrape is about now. A score that is not known has no sample,
//! and `presscheck_drift_computed` says so.

use std::fmt::Write;

use super::About;
use crate::model::{DriftReport, FeatureDrift, Finite, Measured, Method};

/// Entries that get series of their own.
const ENTRIES: usize = 5_000;

/// A label's value.
fn label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().take(200) {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The text; ends with `# EOF`.
pub fn open_metrics(reports: &[DriftReport], about: &About, alarm: bool) -> Vec<u8> {
    let mut out = String::new();
    let base = format!(
        "model=\"{}\",version=\"{}\"",
        label(about.model.as_deref().unwrap_or_default()),
        label(about.version.as_deref().unwrap_or_default())
    );
    let head = |name: &str, help: &str, out: &mut String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
    };
    head("presscheck_drift_alarm", "Drift alarm: 1 alarm, 0 none.", &mut out);
    let _ = writeln!(out, "presscheck_drift_alarm{{{base}}} {}", u8::from(alarm));
    if let Some(newest) = reports.last() {
        if let Some(share) = newest.share_drifted {
            head("presscheck_drift_share", "Share of columns that drift in the newest window.", &mut out);
            let _ = writeln!(out, "presscheck_drift_share{{{base}}} {}", share.get());
        }
        if let Some(end) = newest.window.end {
            head("presscheck_drift_window_end_seconds", "End of the newest window.", &mut out);
            let _ = writeln!(out, "presscheck_drift_window_end_seconds{{{base}}} {}", end.seconds());
        }
        let entries = || newest.features.iter().take(ENTRIES);
        let labels = |f: &FeatureDrift| {
            let method = f.method.map_or_else(|| f.method_label.clone(), |m| Method::as_str(m).to_owned());
            format!("{base},feature=\"{}\",method=\"{}\"", label(&f.feature), label(&method))
        };
        let mut seen = std::collections::BTreeSet::new();
        let mut gauge = |name: &str, help: &str, value: &dyn Fn(&FeatureDrift) -> Option<f64>, out: &mut String| {
            let mut first = true;
            for entry in entries() {
                let Some(value) = value(entry) else { continue };
                let series = format!("{name}{{{}}}", labels(entry));
                // Names that differ only beyond what a label holds would be one series twice.
                if !seen.insert(series.clone()) {
                    continue;
                }
                if first {
                    head(name, help, out);
                    first = false;
                }
                let _ = writeln!(out, "{series} {value}");
            }
        };
        let finite = |v: Option<Measured>| v.and_then(Measured::finite).map(Finite::get);
        gauge("presscheck_drift_score", "Score of a column in the newest window.", &|f| finite(f.score), &mut out);
        gauge("presscheck_drift_p_value", "P-value, adjusted over the columns.", &|f| finite(f.p_value), &mut out);
        gauge(
            "presscheck_drift_threshold",
            "From where on a column drifts.",
            &|f| f.threshold.map(Finite::get),
            &mut out,
        );
        gauge(
            "presscheck_drift_drifted",
            "Whether a column drifts.",
            &|f| f.drifted.map(|d| f64::from(u8::from(d))),
            &mut out,
        );
        gauge(
            "presscheck_drift_computed",
            "Whether a column could be judged.",
            &|f| Some(f64::from(u8::from(f.drifted.is_some()))),
            &mut out,
        );
    }
    out.push_str("# EOF\n");
    out.into_bytes()
}
