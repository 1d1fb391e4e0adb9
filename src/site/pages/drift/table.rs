//! The drift of a version as a table for other tools: one line for each window, feature and method.
//!
//! In: drift reports. Out: CSV (RFC 4180). A text that a spreadsheet would take for a formula starts with an
//! apostrophe.

use super::reading::not_computed;
use crate::model::{FeatureDrift, Finite, Instant, Measured, Profile};
use crate::site::facts::Facts;

const HEAD: &str = "window_start,window_end,current,reference,tool,feature,kind,method,score,threshold,p_value,drifted,\
not_computed,importance,effect,effect_value,reference_rows,current_rows,reference_missing,current_missing,\
reference_median,current_median,new_categories,vanished_categories,file\r\n";

/// The table of a version.
pub(crate) fn csv(facts: &Facts<'_>, m: usize, v: usize) -> Vec<u8> {
    let mut out = HEAD.to_owned();
    for report in facts.registry.drift_of(facts.models[m].versions[v].version) {
        let time = |t: Option<Instant>| t.map(|t| t.to_string()).unwrap_or_default();
        for f in &report.features {
            let mut line = vec![
                time(report.window.start),
                time(report.window.end),
                text(&report.current),
                text(&report.reference),
                text(&report.tool),
            ];
            line.extend(columns(f));
            line.push(text(&report.source.to_string()));
            out.push_str(&line.join(","));
            out.push_str("\r\n");
        }
    }
    out.into_bytes()
}

fn columns(f: &FeatureDrift) -> Vec<String> {
    let measured = |n: Option<Measured>| n.map(|n| n.as_f64().to_string()).unwrap_or_default();
    let finite = |n: Option<Finite>| n.map(|n| n.get().to_string()).unwrap_or_default();
    let of = |p: &Option<Profile>, of: fn(&Profile) -> String| p.as_ref().map(of).unwrap_or_default();
    let c = &f.column;
    let median = |p: &Profile| p.quantile(0.5).map(|v| v.to_string()).unwrap_or_default();
    vec![
        text(&f.feature),
        text(&f.kind),
        text(&f.method_label),
        measured(f.score),
        finite(f.threshold),
        measured(f.p_value),
        f.drifted.map(|d| d.to_string()).unwrap_or_default(),
        text(not_computed(f).unwrap_or_default()),
        finite(c.importance),
        text(c.effect.as_ref().map(|e| e.name.as_str()).unwrap_or_default()),
        finite(c.effect.as_ref().map(|e| e.value)),
        of(&c.reference, |p| p.rows.to_string()),
        of(&c.current, |p| p.rows.to_string()),
        of(&c.reference, |p| p.missing.to_string()),
        of(&c.current, |p| p.missing.to_string()),
        of(&c.reference, median),
        of(&c.current, median),
        text(&c.new.join("; ")),
        text(&c.vanished.join("; ")),
    ]
}

/// A field, quoted where it must be.
fn text(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if value.contains([',', '"', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_text() {
        assert_eq!(text("a"), "a");
        assert_eq!(text("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(text("=1+1"), "'=1+1");
    }

    #[test]
    fn every_line_has_a_field_for_every_head() {
        let f = super::super::sentence::tests::feature("a", None, "m", 1.0, 1.0, None, None);
        assert_eq!(columns(&f).len() + 6, HEAD.split(',').count());
    }
}
