//! HELM's efficiency tables: run times of inference and cost of training, by model.
//!
//! In: a JSON object by model (`inference_*_runtimes.json`), or by cost and model
//! (`training_efficiency.json`). Out: a run for each model. The table is the dataset, because the
//! denoised and the idealized run time of one model are two things.

use std::collections::BTreeMap;

use crate::import::harness::{Findings, VERSION, below, due, present, row_run, text};
use crate::import::{Content, DocumentImporter};
use crate::model::{Datum, Direction, Document, MetricResult, Pointer, Run};

/// HELM's efficiency tables.
pub(crate) struct HelmEfficiency;

const PER_TOKEN: &str = "runtime_per_output_token";
const BY_PROMPT: &str = "runtime_for_prompt_tokens";
/// Costs of training, and their unit as HELM's site gives it.
const COSTS: &[&str] = &["energy", "carbon"];

impl DocumentImporter for HelmEfficiency {
    fn kind(&self) -> &'static str {
        super::KIND
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|value| is_inference(value) || is_training(value))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let Some(value) = content.json() else { return Document::default() };
        let path = content.file.path.as_str();
        let mut table = Table { content, runs: BTreeMap::new(), findings: Findings::new(path) };
        if is_inference(value) {
            for (model, times) in value.entries().unwrap_or_default() {
                table.times(model, times, &below("", model));
            }
        } else {
            for (cost, models) in value.entries().unwrap_or_default() {
                for (model, entry) in models.entries().unwrap_or_default() {
                    table.cost(cost, model, entry, &below(&below("", cost), model));
                }
            }
        }
        let problems = table.findings.finish();
        Document { others: table.runs.into_values().collect(), problems, ..Document::default() }
    }
}

fn is_inference(value: &Datum) -> bool {
    value.entries().is_some_and(|models| {
        !models.is_empty() && models.iter().all(|(_, m)| m.get(PER_TOKEN).is_some() && m.get(BY_PROMPT).is_some())
    })
}

fn is_training(value: &Datum) -> bool {
    value.entries().is_some_and(|costs| {
        !costs.is_empty()
            && costs.iter().all(|(cost, models)| {
                COSTS.contains(&cost.as_str())
                    && models.entries().is_some_and(|m| {
                        m.iter().all(|(_, e)| e.get("value").is_some() && e.get("description").is_some())
                    })
            })
    })
}

struct Table<'a, 'c> {
    content: &'a Content<'c>,
    runs: BTreeMap<String, Run>,
    findings: Findings<'a>,
}

impl Table<'_, '_> {
    fn run(&mut self, model: &str) -> Run {
        self.runs.remove(model).unwrap_or_else(|| {
            let mut run = row_run(self.content, super::KIND, 0, model);
            run.id = format!("{}#{model}", self.content.file.path);
            run.model = Some(model.to_owned());
            run.version = Some(VERSION.to_owned());
            run
        })
    }

    fn due(&self, metric: &str, pointer: String) -> MetricResult {
        let mut result = due(metric, Pointer::new(self.content.file.path.clone(), pointer));
        result.dataset = Some(self.content.stem().to_owned());
        result.harness = Some("HELM efficiency".to_owned());
        result
    }

    fn times(&mut self, model: &str, times: &Datum, at: &str) {
        let mut run = self.run(model);
        for (key, found) in times.entries().unwrap_or_default() {
            run.direct(key, Direction::Lower);
            let at = below(at, key);
            match found {
                Datum::Map(by_length) => {
                    for (length, found) in by_length {
                        let mut result = self.due(key, below(&at, length));
                        result.slice.0.insert("prompt_tokens".to_owned(), length.clone());
                        self.findings.value(&mut run, result, found);
                    }
                }
                Datum::Null => {}
                found => {
                    let result = self.due(key, at);
                    self.findings.value(&mut run, result, found);
                }
            }
        }
        self.runs.insert(model.to_owned(), run);
    }

    fn cost(&mut self, cost: &str, model: &str, entry: &Datum, at: &str) {
        let mut run = self.run(model);
        let metric = format!("training_{cost}");
        if let Some(found) = present(entry, "value") {
            let result = self.due(&metric, below(at, "value"));
            run.direct(&metric, Direction::Lower);
            self.findings.value(&mut run, result, found);
        }
        if let Some(how) = text(entry, "description") {
            run.extra.push((metric, Datum::from(how)));
        }
        self.runs.insert(model.to_owned(), run);
    }
}
