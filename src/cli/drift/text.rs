//! Drift reports on a terminal.
//!
//! In: reports and the alarm. Out: lines: for each window what drifts, what could not be computed, and what is wrong
//! with the data. Columns that are as they were are counted.

use std::fmt::Write;

use crate::diag::{count, visible};
use crate::drift::out::severity;
use crate::drift::settings::TOGETHER;
use crate::model::{DriftReport, Duplicates, FeatureDrift, Finite, Measured};

/// Lines of a list that are shown for a window.
const SHOWN: usize = 12;

/// The text, with colours when there may be some.
pub(super) fn render(reports: &[DriftReport], alarm: &[String], colour: bool) -> String {
    let mut out = String::new();
    for report in reports {
        window(report, colour, &mut out);
    }
    let paint = Paint { colour };
    if reports.len() > 1 {
        let drifting = reports.iter().filter(|r| r.drifted == Some(true)).count();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{} of {} drift as a whole", drifting, count(reports.len(), "window"));
    }
    if alarm.is_empty() {
        out.push_str("no alarm\n");
    }
    for why in alarm.iter().take(SHOWN) {
        let _ = writeln!(out, "{} {why}", paint.bad("alarm:"));
    }
    if alarm.len() > SHOWN {
        let _ = writeln!(out, "and {} more", count(alarm.len() - SHOWN, "alarm"));
    }
    out
}

struct Paint {
    colour: bool,
}

impl Paint {
    fn bad(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1;31m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn odd(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[33m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn window(report: &DriftReport, colour: bool, out: &mut String) {
    let paint = Paint { colour };
    let mut names: Vec<&str> = report.features.iter().map(|f| f.feature.as_str()).collect();
    names.dedup();
    // It is no column of its own.
    names.retain(|name| *name != TOGETHER);
    let drifting: Vec<&FeatureDrift> = {
        let mut list: Vec<&FeatureDrift> = report.features.iter().filter(|f| f.drifted == Some(true)).collect();
        list.sort_by(|a, b| severity(b).unwrap_or(0.0).total_cmp(&severity(a).unwrap_or(0.0)));
        list
    };
    let unknown: Vec<&FeatureDrift> = report.features.iter().filter(|f| f.drifted.is_none()).collect();
    let mut drifted_names: Vec<&str> = drifting.iter().map(|f| f.feature.as_str()).collect();
    drifted_names.sort_unstable();
    drifted_names.dedup();
    drifted_names.retain(|name| *name != TOGETHER);
    let whole = match report.drifted {
        Some(true) => paint.bad("drifts"),
        Some(false) => "does not drift".to_owned(),
        None => paint.odd("cannot be judged"),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}: {whole} as a whole, {} of {} do",
        visible(&report.id, 120),
        drifted_names.len(),
        count(names.len(), "column")
    );
    let _ = writeln!(out, "  {} against {}", visible(&report.current, 160), visible(&report.reference, 160));
    let width = drifting.iter().take(SHOWN).map(|f| visible(&f.feature, 40).chars().count()).max().unwrap_or(0);
    for entry in drifting.iter().take(SHOWN) {
        let _ = writeln!(out, "  {} {:width$}  {}", paint.bad("drift"), visible(&entry.feature, 40), numbers(entry));
    }
    if drifting.len() > SHOWN {
        let _ = writeln!(out, "  and {} more", drifting.len() - SHOWN);
    }
    for entry in unknown.iter().take(SHOWN) {
        let why = entry.column.not_computed.as_deref().unwrap_or("there is no threshold for it");
        let what = if entry.score.is_some() { "not judged" } else { "not computed" };
        let score = entry.score.map(|s| format!("{} {}, ", entry.method_label, short(s))).unwrap_or_default();
        let _ = writeln!(
            out,
            "  {} {}: {}{}",
            paint.odd(what),
            visible(&entry.feature, 40),
            visible(&score, 80),
            visible(why, 200)
        );
    }
    if unknown.len() > SHOWN {
        let _ = writeln!(out, "  and {} more", unknown.len() - SHOWN);
    }
    let beside = report.beside.as_deref();
    if let Some(said) = beside.and_then(|b| b.duplicates.as_ref()).and_then(Duplicates::sentence) {
        let _ = writeln!(out, "  data  {said}");
    }
    if let Some(performance) = beside.and_then(|b| b.performance.as_ref()) {
        if let Some(why) = &performance.not_computed {
            let _ = writeln!(out, "  performance is not known: {}", visible(why, 300));
        }
        for (of, side) in [("reference", &performance.reference), ("current", &performance.current)] {
            let Some(side) = side else { continue };
            let show = |n: Finite| short(Measured::Finite(n));
            let metrics = side
                .metrics
                .iter()
                .map(|m| format!("{} {} [{}, {}]", visible(&m.metric, 60), show(m.value), show(m.low), show(m.high)));
            let all: Vec<String> = metrics.chain(side.not_computed.iter().map(|why| visible(why, 120))).collect();
            let _ = writeln!(
                out,
                "  performance, {of}: {} ({} with a label, {} without one yet, {} without a prediction)",
                all.join(", "),
                side.labelled,
                side.unlabelled,
                side.unpredicted
            );
        }
    }
    if let Some(from) = beside.and_then(|b| b.importances_from.as_deref()) {
        let _ = writeln!(out, "  importances from {}", visible(from, 160));
    }
    let quality: Vec<(&str, &String)> =
        report.features.iter().flat_map(|f| f.column.quality.iter().map(|q| (f.feature.as_str(), q))).collect();
    for (feature, finding) in quality.iter().take(SHOWN) {
        let _ = writeln!(out, "  data  {}: {}", visible(feature, 40), visible(finding, 200));
    }
    if quality.len() > SHOWN {
        let _ = writeln!(out, "  and {} more on the data", quality.len() - SHOWN);
    }
}

/// What was compared, and how large the change is.
fn numbers(entry: &FeatureDrift) -> String {
    let mut out = visible(&entry.method_label, 120);
    if let Some(score) = entry.score {
        out.push_str(&format!(" {}", short(score)));
    }
    match (entry.p_value, entry.threshold) {
        (Some(p), Some(level)) => out.push_str(&format!(", p {} < {}", short(p), level.get())),
        (None, Some(threshold)) => out.push_str(&format!(" > {}", short(Measured::Finite(threshold)))),
        _ => {}
    }
    if let Some(effect) = &entry.column.effect {
        out.push_str(&format!("; {} {}", visible(&effect.name, 80), short(Measured::Finite(effect.value))));
    }
    let median = |p: &Option<crate::model::Profile>| p.as_ref().and_then(|p| p.quantile(0.5)).and_then(Finite::new);
    if entry.kind == "numeric"
        && let (Some(before), Some(after)) = (median(&entry.column.reference), median(&entry.column.current))
    {
        let show = |v| short(Measured::Finite(v));
        out.push_str(&format!("; median {} → {}", show(before), show(after)));
    }
    if !entry.column.new.is_empty() {
        out.push_str(&format!("; new: {}", visible(&entry.column.new.join(", "), 80)));
    }
    if !entry.column.vanished.is_empty() {
        out.push_str(&format!("; gone: {}", visible(&entry.column.vanished.join(", "), 80)));
    }
    out
}

/// A number with four digits.
fn short(value: Measured) -> String {
    let Some(value) = value.finite().map(Finite::get) else { return value.to_string() };
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        let digits = if value == 0.0 { 0 } else { (3 - value.abs().log10().floor() as i32).clamp(0, 6) };
        let text = format!("{value:.*}", digits as usize);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.2e}")
    }
}
