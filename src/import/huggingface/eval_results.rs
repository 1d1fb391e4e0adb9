//! `.eval_results/*.yaml`: results beside a card, one list of dataset and value.
//!
//! The format has no metric name: the task of the benchmark is the metric, the dataset its dataset.

use crate::diag::{Code, Diagnostic};
use crate::import::yaml::{self, Dialect};
use crate::model::{Datum, Document, MetricResult, Pointer, Rejected, Slice};

/// Whether a YAML text is such a list; decided without parsing where possible.
pub(super) fn sniff(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#') && line.trim() != "---");
    if !(first.is_some_and(|line| line.starts_with("- ")) && text.contains("dataset:") && text.contains("value:")) {
        return false;
    }
    let parsed = yaml::parse_lenient(text, Dialect::PyYaml);
    parsed.value.items().is_some_and(|items| {
        !items.is_empty()
            && items
                .iter()
                .all(|item| item.get("dataset").is_some_and(|d| d.get("id").is_some()) && item.get("value").is_some())
    })
}

/// Reads the list.
pub(super) fn read(path: &str, text: &str) -> Document {
    let parsed = yaml::parse_lenient(text, Dialect::PyYaml);
    let mut document = Document::default();
    document.problems.extend(parsed.error.as_ref().map(|error| error.diagnostic(path, 0)));
    for (i, item) in parsed.value.items().unwrap_or_default().iter().enumerate() {
        let source = Pointer::new(path, format!("/{i}/value"));
        let text = |map: Option<&Datum>, key: &str| {
            map.and_then(|map| map.get(key)).map(Datum::display).filter(|text| !text.is_empty())
        };
        let dataset = item.get("dataset");
        let Some(id) = text(dataset, "id") else {
            document.problems.push(problem(path, &parsed, &format!("/{i}"), "a result has no dataset with an id"));
            continue;
        };
        let metric = text(dataset, "task_id").filter(|task| task != "default").unwrap_or_else(|| id.clone());
        let value = item.get("value").unwrap_or(&Datum::Null);
        match value.as_number() {
            Some(value) => {
                let mut result = MetricResult::new(metric, value, source);
                result.dataset = Some(id);
                result.harness = text(item.get("source"), "name");
                document.run.results.push(result);
            }
            None => {
                let found = match value.as_str() {
                    Some(text) => format!("text \"{}\"", crate::diag::visible(text, 60)),
                    None => value.kind().to_owned(),
                };
                document.problems.push(problem(
                    path,
                    &parsed,
                    &format!("/{i}/value"),
                    "a result's value is not a number",
                ));
                document.run.rejected.push(Rejected {
                    metric,
                    dataset: Some(id),
                    slice: Slice::default(),
                    class: None,
                    found,
                    source,
                });
            }
        }
    }
    document
}

fn problem(path: &str, parsed: &yaml::Lenient, pointer: &str, message: &str) -> Diagnostic {
    let problem = Diagnostic::new(Code::MetricInvalid, message)
        .at(path)
        .pointer(pointer)
        .help("see eval_results.yaml in the Hub's documentation: each entry has dataset.id, dataset.task_id and a numeric value");
    match parsed.line(pointer) {
        Some(line) => problem.at_line(line, 1),
        None => problem,
    }
}
