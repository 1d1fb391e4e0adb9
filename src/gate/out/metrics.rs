//! The verdict as metrics text, in three dialects of one exposition.
//!
//! In: a verdict. Out: gauges only. `openmetrics` ends with `# EOF`, which its parsers demand;
//! `prometheus` is for node_exporter's textfile collector, which takes the older text format and no
//! time stamps; `gitlab-metrics` leaves out the clock and the versions, because GitLab compares values as text
//! with those of the target branch, and holds no `#` in a label: GitLab drops the rest of such a line and
//! then fails on the open quote. No label says a run's id: a time series per run is one too many.

use super::shared::{self, Apart, META, Standing, plain, short};
use super::{Context, Refused, Writer};
use crate::gate::verdict::Verdict;
use crate::model::Measured;

/// Records that get series of their own; what blocks comes first in a verdict.
const RECORDS: usize = 2_000;

/// The format `openmetrics`.
#[derive(Clone, Copy, Debug)]
pub struct OpenMetrics;

/// The format `prometheus`.
#[derive(Clone, Copy, Debug)]
pub struct Prometheus;

/// The format `gitlab-metrics`.
#[derive(Clone, Copy, Debug)]
pub struct GitLabMetrics;

impl Writer for OpenMetrics {
    fn name(&self) -> &'static str {
        "openmetrics"
    }

    fn about(&self) -> &'static str {
        "OpenMetrics text"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        let mut out = expose(verdict, true, false);
        out.push_str("# EOF\n");
        Ok(out.into_bytes())
    }
}

impl Writer for Prometheus {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn about(&self) -> &'static str {
        "Prometheus text: node_exporter's textfile collector (.prom)"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        Ok(expose(verdict, true, false).into_bytes())
    }
}

impl Writer for GitLabMetrics {
    fn name(&self) -> &'static str {
        "gitlab-metrics"
    }

    fn about(&self) -> &'static str {
        "GitLab: artifacts:reports:metrics"
    }

    fn write(&self, verdict: &Verdict, _: &Context) -> Result<Vec<u8>, Refused> {
        Ok(expose(verdict, false, true).into_bytes())
    }
}

fn expose(verdict: &Verdict, clock: bool, no_hash: bool) -> String {
    let label = |text: &str| {
        let text = if no_hash { text.replace('#', "\\u{23}") } else { text.to_owned() };
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
    };
    let gate = format!(
        "model=\"{}\",stage=\"{}\"",
        label(&short(&verdict.subject.model, 200)),
        label(&short(&verdict.stage, 80))
    );
    let mut out = String::new();
    let family = |out: &mut String, name: &str, help: &str, series: &[(String, String)]| {
        out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for (labels, value) in series {
            out.push_str(&format!("{name}{{{labels}}} {value}\n"));
        }
    };
    let pass = if verdict.verdict.promotes() { "1" } else { "0" };
    family(&mut out, "presscheck_gate_pass", "Gate verdict: 1 pass, 0 not.", &[(gate.clone(), pass.to_owned())]);
    let outcome = format!("{gate},outcome=\"{}\"", verdict.verdict.as_str());
    family(&mut out, "presscheck_gate_outcome", "Gate outcome, value 1.", &[(outcome, "1".to_owned())]);
    let c = &verdict.counts;
    let counts: Vec<(String, String)> = [
        (c.pass, "pass"),
        (c.warn, "warn"),
        (c.fail, "fail"),
        (c.inconclusive, "inconclusive"),
        (c.invalid, "invalid"),
        (c.waived, "waived"),
        (c.skipped, "skipped"),
    ]
    .into_iter()
    .map(|(n, status)| (format!("{gate},status=\"{status}\""), n.to_string()))
    .collect();
    family(&mut out, "presscheck_gate_records", "Records of the verdict by status.", &counts);

    let mut statuses = Vec::new();
    let mut values = Vec::new();
    let mut bounds = Vec::new();
    let mut apart = Apart::default();
    apart.name(META.to_owned());
    for record in verdict.rules.iter().take(RECORDS) {
        let rule = label(&short(&record.id, 200));
        let slice = if record.target.is_empty() { String::new() } else { short(&record.target, 200) };
        // Two series with equal labels make the whole file unreadable.
        let mut slice = label(&slice);
        if let Some((_, number)) = apart.name(format!("{rule}\n{slice}\n")).rsplit_once('\n') {
            slice.push_str(number);
        }
        let standing = match Standing::of(record) {
            Standing::Blocks => "true",
            _ => "false",
        };
        statuses.push((
            format!(
                "{gate},rule=\"{rule}\",slice=\"{slice}\",status=\"{}\",blocks=\"{standing}\"",
                record.status.as_str()
            ),
            "1".to_owned(),
        ));
        let metric = record.metric.as_deref().map(|m| label(&short(m, 200))).unwrap_or_default();
        let dataset = record.dataset.as_deref().map(|d| label(&short(d, 200))).unwrap_or_default();
        let labels = format!("{gate},rule=\"{rule}\",metric=\"{metric}\",dataset=\"{dataset}\",slice=\"{slice}\"");
        if let Some(value) = record.value {
            values.push((labels.clone(), number(value)));
        }
        if let Some(bound) = record.bound {
            bounds.push((labels, number(bound)));
        }
    }
    family(&mut out, "presscheck_rule_status", "Outcome of a rule, one series per rule and slice, value 1.", &statuses);
    family(&mut out, "presscheck_metric_value", "Value that a rule observed.", &values);
    family(&mut out, "presscheck_rule_bound", "Bound that a rule compared with.", &bounds);
    let left_out = verdict.rules.len().saturating_sub(RECORDS);
    let help = "Records without series of their own, because there are too many.";
    family(&mut out, "presscheck_gate_records_left_out", help, &[(gate.clone(), left_out.to_string())]);
    if clock {
        let info = format!(
            "{gate},version=\"{}\",policy=\"{}\"",
            label(&plain(&verdict.tool.version, 80)),
            label(&short(&verdict.policy.name, shared::NAME))
        );
        family(
            &mut out,
            "presscheck_build_info",
            "The tool and the policy that judged, value 1.",
            &[(info, "1".to_owned())],
        );
        let at = verdict.evaluated_at.seconds().to_string();
        let help = "When the gate ran, in seconds since the Unix epoch.";
        family(&mut out, "presscheck_evaluated_timestamp_seconds", help, &[(gate, at)]);
    }
    out
}

/// The shortest text that reads back as the same number.
fn number(value: Measured) -> String {
    let value = value.as_f64();
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        format!("{value:?}")
    }
}
