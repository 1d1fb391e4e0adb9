//! Azure ML model monitoring: the JSON of a signal, and its metrics as a table.
//!
//! In: `{signalName, signalType, version, metrics: {NAME: {value, threshold, groups}}}`, or the CSV
//! `group,group_pivot,metric_name,metric_value,threshold_value` that a signal's components hand to one
//! another. Out: metrics of drift as one report by group (the column), all others as results, and a check
//! for each metric that has a threshold and a known direction. Numbers are written as text by the
//! format's own rule; `""` is an absent number and the threshold `"NaN"` means that there is none.
//! The two statistical tests report p-values.

use super::evidently::reader::{Reader, below, shown};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::model::{
    Check, CheckStatus, Column, Datum, Document, DriftReport, FeatureDrift, Finite, Measured, Method, MetricResult,
    Rejected, Slice, Window,
};

/// The tool, as results and reports name it.
const TOOL: &str = "azure ml model monitoring";

/// The columns of the table.
const COLUMNS: [&str; 4] = ["group", "metric_name", "metric_value", "threshold_value"];

/// How deep groups nest: a group and its pivot.
const DEPTH: usize = 3;

/// Signals of Azure ML model monitoring.
pub(crate) struct AzureMonitor;

impl DocumentImporter for AzureMonitor {
    fn kind(&self) -> &'static str {
        "azure-monitor"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        if let Some(table) = content.table() {
            return COLUMNS.iter().all(|column| table.column(&[column]).is_some());
        }
        content.json().is_some_and(|value| {
            let text = |key: &str| value.get(key).is_some_and(|v| v.as_str().is_some());
            text("signalName") && text("signalType") && value.get("metrics").is_some_and(|m| m.entries().is_some())
        })
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut reader = Reader::new(content);
        let mut out = Out::default();
        if let Some(Ok(table)) = content.table_document() {
            out.name = reader.stem.to_owned();
            let [group, metric, value, threshold] = COLUMNS.map(|column| table.column(&[column]).unwrap_or_default());
            let pivot = table.column(&["group_pivot"]);
            for (i, row) in table.rows.iter().enumerate() {
                let cell = |column: usize| row.get(column).map(String::as_str).unwrap_or_default();
                let groups: Vec<&str> =
                    [Some(cell(group)), pivot.map(cell)].into_iter().flatten().filter(|g| !g.is_empty()).collect();
                let text = |text: &str| Datum::Text(text.to_owned());
                let (value, threshold) = (text(cell(value)), text(cell(threshold)));
                // The head is line 1.
                let at = format!("line {}", i + 2);
                out.measurement(cell(metric), &groups, Some(&value), Some(&threshold), &at, &mut reader);
            }
        } else if let Some(Ok(json)) = content.json_document() {
            let value = &json.value;
            out.name = value.get("signalName").and_then(Datum::as_str).unwrap_or(reader.stem).to_owned();
            for (name, metric) in value.get("metrics").and_then(Datum::entries).unwrap_or_default() {
                let at = below("/metrics", name);
                out.metric(name, metric, &mut Vec::new(), &at, DEPTH, &mut reader);
            }
            let facts = value.entries().unwrap_or_default().iter().filter(|(key, _)| key != "metrics");
            out.document.run.extra.push((format!("{TOOL}: {}", out.name), Datum::Map(facts.cloned().collect())));
            out.document.problems.extend(json.duplicate_problems(&content.file.path));
        }
        out.finish(reader)
    }
}

/// What is gathered.
#[derive(Default)]
struct Out {
    name: String,
    features: Vec<FeatureDrift>,
    document: Document,
}

impl Out {
    /// A metric, or one of its groups.
    fn metric<'d>(
        &mut self,
        name: &str,
        metric: &'d Datum,
        groups: &mut Vec<&'d str>,
        at: &str,
        depth: usize,
        reader: &mut Reader<'_>,
    ) {
        let inner = metric.get("groups").and_then(Datum::entries).unwrap_or_default();
        let stated = |key: &str| metric.get(key).is_some_and(|v| !is_empty(v));
        // A metric that is only the sum of its groups has an empty value.
        if stated("value") || (inner.is_empty() && metric.get("value").is_some()) {
            self.measurement(name, groups, metric.get("value"), metric.get("threshold"), at, reader);
        }
        if depth == 0 {
            return;
        }
        let at = below(at, "groups");
        for (group, value) in inner {
            groups.push(group);
            self.metric(name, value, groups, &below(&at, group), depth - 1, reader);
            groups.pop();
        }
    }

    fn measurement(
        &mut self,
        name: &str,
        groups: &[&str],
        value: Option<&Datum>,
        threshold: Option<&Datum>,
        at: &str,
        reader: &mut Reader<'_>,
    ) {
        let mut slice = Slice::default();
        for (key, group) in ["group", "pivot", "part"].iter().zip(groups) {
            slice.0.insert((*key).to_owned(), (*group).to_owned());
        }
        let limit = match threshold.map(number) {
            None | Some(Ok(None)) => None,
            Some(Ok(Some(number))) => number.finite(),
            Some(Err(())) => {
                let found = threshold.map(shown).unwrap_or_default();
                let finding = Diagnostic::new(Code::FieldInvalid, format!("a threshold is due here, not {found}"));
                reader.report(finding, at);
                None
            }
        };
        let known = methods(name);
        let found = match value.map(number) {
            None | Some(Ok(None)) => None,
            Some(Ok(Some(number))) => Some(number),
            Some(Err(())) => {
                self.document.run.rejected.push(Rejected {
                    metric: name.to_owned(),
                    dataset: None,
                    slice: slice.clone(),
                    class: None,
                    found: value.map(shown).unwrap_or_default(),
                    source: reader.place(at),
                });
                if known.is_none() {
                    return;
                }
                None
            }
        };
        if let Some((method, p_value, kind)) = known {
            let feature = if groups.is_empty() { name.to_owned() } else { groups.join(" / ") };
            self.features.push(FeatureDrift {
                feature,
                kind: kind.to_owned(),
                method: Some(method),
                method_label: name.to_owned(),
                score: found,
                threshold: limit,
                p_value: found.filter(|_| p_value),
                drifted: found
                    .and_then(Measured::finite)
                    .zip(limit)
                    .map(|(score, limit)| if p_value { score < limit } else { score > limit }),
                distribution: None,
                column: Column::default(),
            });
            return;
        }
        let Some(number) = found else { return };
        let mut result = MetricResult::new(name, number, reader.place(at));
        result.slice = slice;
        result.harness = Some(TOOL.to_owned());
        self.document.run.results.push(result);
        if let Some(limit) = limit {
            self.judge(name, groups, number, limit, at, reader);
        }
    }

    /// A metric against its threshold, where it is known which side is the good one.
    fn judge(
        &mut self,
        name: &str,
        groups: &[&str],
        value: Measured,
        limit: Finite,
        at: &str,
        reader: &mut Reader<'_>,
    ) {
        let Some(more_is_better) = direction(name) else {
            let text = format!("it is not known which side of its threshold is good for '{}'", visible(name, 120));
            reader.report(Diagnostic::new(Code::FieldInvalid, text).severity(Severity::Note), at);
            return;
        };
        let status = match value.finite() {
            None => CheckStatus::Error,
            Some(value) if (more_is_better && value >= limit) || (!more_is_better && value <= limit) => {
                CheckStatus::Pass
            }
            Some(_) => CheckStatus::Fail,
        };
        let side = if more_is_better { "at least" } else { "at most" };
        let checks = &mut self.document.checks;
        checks.push(Check {
            id: format!("{}#tests/{}", reader.path, checks.len()),
            run: None,
            suite: format!("{TOOL}: {}", self.name),
            name: if groups.is_empty() { name.to_owned() } else { format!("{name}({})", groups.join(", ")) },
            status,
            message: format!("{value}, {side} {} is due", limit.get()),
            source: reader.place(at),
        });
    }

    fn finish(self, reader: Reader<'_>) -> Document {
        let mut document = self.document;
        if !self.features.is_empty() {
            let judged: Vec<bool> = self.features.iter().filter_map(|f| f.drifted).collect();
            let known = judged.len() == self.features.len();
            #[expect(clippy::cast_precision_loss, reason = "numbers of columns")]
            let share = known.then(|| judged.iter().filter(|d| **d).count() as f64 / judged.len() as f64);
            document.drift.push(DriftReport {
                id: reader.path.to_owned(),
                run: None,
                tool: TOOL.to_owned(),
                reference: "reference data".to_owned(),
                current: "production data".to_owned(),
                window: Window::default(),
                drifted: None,
                share_drifted: share.and_then(Finite::new),
                share_threshold: None,
                features: self.features,
                source: reader.place(""),
                beside: None,
            });
        }
        document.standalone = document.speaks_of_a_run();
        document.problems.extend(reader.finish());
        document
    }
}

fn is_empty(value: &Datum) -> bool {
    matches!(value, Datum::Null) || value.as_str() == Some("")
}

/// A number, which the format writes as text; `""` and `null` are none.
fn number(value: &Datum) -> Result<Option<Measured>, ()> {
    match value {
        value if is_empty(value) => Ok(None),
        Datum::Text(text) => Measured::parse(text).map(Some).ok_or(()),
        other => other.as_number().map(Some).ok_or(()),
    }
}

/// Metrics of drift: the method, whether the value is a p-value, and the kind of column it is for.
fn methods(name: &str) -> Option<(Method, bool, &'static str)> {
    Some(match name {
        "NormalizedWassersteinDistance" => (Method::WassersteinNormed, false, "numeric"),
        "JensenShannonDistance" => (Method::JensenShannon, false, ""),
        "PopulationStabilityIndex" => (Method::Psi, false, ""),
        "TwoSampleKolmogorovSmirnovTest" => (Method::Ks, true, "numeric"),
        "PearsonsChiSquaredTest" => (Method::ChiSquare, true, "categorical"),
        _ => return None,
    })
}

/// Whether more is better, for the metrics that the service defines.
fn direction(name: &str) -> Option<bool> {
    let better = name.ends_with("PassRate")
        || (name.starts_with("Average") && name.ends_with("Score"))
        || matches!(
            name,
            "Accuracy" | "Precision" | "Recall" | "F1Score" | "R2Score" | "NormalizedDiscountedCumulativeGain"
        );
    let worse = name.ends_with("ViolationCounts")
        || matches!(
            name,
            "NullValueRate"
                | "OutOfBoundsRate"
                | "DataTypeErrorRate"
                | "MeanAbsoluteError"
                | "MeanSquaredError"
                | "RootMeanSquaredError"
        );
    if better { Some(true) } else { worse.then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileData;

    fn read(path: &str, text: &str) -> Option<Document> {
        let data = FileData::from_bytes(path, text.as_bytes());
        let content = Content::new(&data);
        AzureMonitor.sniff(&content).then(|| AzureMonitor.read(&content))
    }

    fn signal(metrics: &str) -> Document {
        read("a.json", &format!("{{\"signalName\":\"s\",\"signalType\":\"X\",\"metrics\":{{{metrics}}}}}")).unwrap()
    }

    #[test]
    fn thresholds_have_sides() {
        let metric = |name: &str, value: &str, limit: &str| {
            let document = signal(&format!("\"{name}\":{{\"value\":{value},\"threshold\":{limit}}}"));
            document.checks.first().map(|c| c.status)
        };
        assert_eq!(metric("AggregatedFluencyPassRate", "\"0.92\"", "\"0.9\""), Some(CheckStatus::Pass));
        assert_eq!(metric("AggregatedFluencyPassRate", "\"0.77\"", "\"0.9\""), Some(CheckStatus::Fail));
        assert_eq!(metric("NullValueRate", "\"0.2\"", "\"0.1\""), Some(CheckStatus::Fail));
        assert_eq!(metric("NullValueRate", "\"NaN\"", "\"0.1\""), Some(CheckStatus::Error));
        assert_eq!(metric("NullValueRate", "\"0.2\"", "\"NaN\""), None);
        assert_eq!(metric("Custom", "\"0.2\"", "\"0.1\""), None);
        let bad = signal("\"Custom\":{\"value\":\"many\",\"threshold\":\"few\"}");
        assert_eq!((bad.run.rejected.len(), bad.problems.len(), bad.run.results.len()), (1, 1, 0));
    }

    #[test]
    fn groups_are_columns() {
        let document = signal(
            "\"TwoSampleKolmogorovSmirnovTest\":{\"groups\":{\"a\":{\"value\":\"0.01\",\"threshold\":\"0.05\"},\
             \"b\":{\"value\":\"\",\"threshold\":\"0.05\"}}},\"RowCount\":{\"groups\":{\"production_data\":{\"value\":\"7.0\",\"threshold\":\"NaN\"}}}",
        );
        let report = &document.drift[0];
        assert_eq!(
            (report.features[0].drifted, report.features[1].drifted, report.share_drifted),
            (Some(true), None, None)
        );
        assert_eq!(report.features[0].p_value, report.features[0].score);
        assert_eq!(document.run.results[0].slice.to_string(), "group=production_data");
        let table = "group,group_pivot,metric_name,metric_value,threshold_value\na,,PopulationStabilityIndex,0.3,0.2\n";
        let document = read("a.csv", table).unwrap();
        assert_eq!(
            (document.drift[0].features[0].drifted, document.drift[0].share_drifted),
            (Some(true), Finite::new(1.0))
        );
        for other in ["{}", "{\"signalName\":1}", "{\"signalName\":\"a\",\"signalType\":\"b\",\"metrics\":[]}"] {
            assert_eq!(read("a.json", other), None, "{other}");
        }
        assert_eq!(read("a.csv", "group,metric_name\na,b\n"), None);
    }
}
