//! SPDX 3 documents (JSON-LD) with the AI profile.
//!
//! In: a `@graph` of elements, or one element. Out: one `Card` for each `ai_AIPackage`. Licences and
//! data sets hang on it by relationships (`hasDeclaredLicense`, `trainedOn`, `testedOn`), people by
//! their ids. `ai_metric` is a dictionary of texts by definition, so a text that is a number is one.

use std::collections::BTreeMap;

use super::outline::{At, Outline, address, bullets, claims_table, labelled, number, table};
use crate::diag::{Code, visible};
use crate::model::{Datum, Document};

/// Models of one document that become cards.
const MAX_MODELS: usize = 500;
/// Data sets of a model, and the longest text about one, in characters.
const MAX_DATASETS: usize = 20;
const MAX_DATASET_TEXT: usize = 20_000;

/// Whether a document describes a model.
pub(super) fn is_ai_document(value: &Datum) -> bool {
    is_spdx(value) && elements(value).iter().any(|at| is_type(at.value, "AIPackage"))
}

/// Whether a document describes data sets and no model.
pub(super) fn is_dataset_document(value: &Datum) -> bool {
    is_spdx(value)
        && elements(value).iter().any(|at| is_type(at.value, "DatasetPackage") || is_type(at.value, "Dataset"))
        && !is_ai_document(value)
}

fn is_spdx(value: &Datum) -> bool {
    let ours = |context: &Datum| context.as_str().is_some_and(|text| text.contains("spdx.org/rdf"));
    value.get("@context").is_some_and(|context| match context {
        Datum::List(items) => items.iter().any(ours),
        one => ours(one),
    })
}

/// The elements of a document.
fn elements(value: &Datum) -> Vec<At<'_>> {
    match value.get("@graph").and_then(Datum::items) {
        Some(items) => {
            items.iter().enumerate().map(|(i, value)| At { value, pointer: format!("/@graph/{i}") }).collect()
        }
        None => vec![At::root(value)],
    }
}

/// The type without its profile: `ai_AIPackage` and `ai:AIPackage` are one.
fn is_type(element: &Datum, name: &str) -> bool {
    let own = |text: &str| text == name || text.rsplit(['_', ':', '/']).next() == Some(name);
    ["type", "@type"].iter().any(|key| match element.get(key) {
        Some(Datum::Text(text)) => own(text),
        Some(Datum::List(items)) => items.iter().filter_map(Datum::as_str).any(own),
        _ => false,
    })
}

/// What relationships say of an element: by its id and the kind of relationship, the ids it leads to.
struct Graph<'a> {
    by_id: BTreeMap<&'a str, &'a Datum>,
    relations: BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    fn of(elements: &[At<'a>]) -> Self {
        let mut graph = Self { by_id: BTreeMap::new(), relations: BTreeMap::new() };
        for at in elements {
            let text = |key: &str| at.value.get(key).and_then(Datum::as_str);
            if let Some(id) = text("spdxId").or_else(|| text("@id")) {
                graph.by_id.entry(id).or_insert(at.value);
            }
            if let (Some(from), Some(kind)) = (text("from"), text("relationshipType")) {
                let to: Vec<&str> = match at.value.get("to") {
                    Some(Datum::List(items)) => items.iter().filter_map(Datum::as_str).collect(),
                    Some(Datum::Text(one)) => vec![one.as_str()],
                    _ => Vec::new(),
                };
                graph.relations.entry((from, kind)).or_default().extend(to);
            }
        }
        graph
    }

    fn to<'s>(&'s self, from: &'s str, kind: &'s str) -> Vec<&'s str> {
        self.relations.get(&(from, kind)).cloned().unwrap_or_default()
    }

    /// A name for an id: of an agent, a licence, a file.
    fn name(&self, id: &str) -> String {
        let element = self.by_id.get(id);
        let text = |key: &str| element.and_then(|e| e.get(key)).and_then(Datum::as_str);
        text("simplelicensing_licenseExpression")
            .or_else(|| text("name"))
            .unwrap_or_else(|| id.strip_prefix("https://spdx.org/licenses/").unwrap_or(id))
            .to_owned()
    }
}

/// Reads the cards of a document.
pub(super) fn read(path: &str, value: &Datum) -> Document {
    let elements = elements(value);
    let graph = Graph::of(&elements);
    let mut document = Document::default();
    for at in elements.iter().filter(|at| is_type(at.value, "AIPackage")).take(MAX_MODELS) {
        let mut out = Outline::new(path, "SPDX 3");
        package(&mut out, at, &graph);
        let (card, mut problems) = out.finish(at);
        document.cards.push(card);
        document.problems.append(&mut problems);
    }
    document
}

fn package(out: &mut Outline<'_>, at: &At<'_>, graph: &Graph<'_>) {
    for key in ["type", "@type", "creationInfo"] {
        if let Some(found) = out.get(at, key) {
            out.take(&found);
        }
    }
    let name = out.text(at, "name");
    if name.is_none() {
        out.problem(Code::FieldMissing, &at.pointer, "an AI package has no 'name'", "name the model");
    }
    let version = out.text(at, "software_packageVersion");
    out.names(name, version.clone());
    if let Some(version) = version {
        out.fact("version", version);
    }
    let id = out.text(at, "spdxId").or_else(|| out.text(at, "@id")).unwrap_or_default();
    out.fact("spdx_id", id.clone());
    let mut overview: Vec<String> = Vec::new();
    for key in ["summary", "description", "comment"] {
        overview.extend(out.text(at, key));
    }
    out.section("Overview", overview.join("\n\n"));
    facts(out, at, graph, &id);
    let text = field_text(out, at, "ai_informationAboutApplication");
    out.section("Intended use", text);
    let text = field_text(out, at, "ai_limitation");
    out.section("Limitations", text);
    if let Some(text) = out.text(at, "ai_safetyRiskAssessment") {
        out.section("Risk rating", labelled("Safety risk", &text));
        out.fact("risk_rating", text);
    }
    for (title, relation) in [("Training data", "trainedOn"), ("Evaluation data", "testedOn")] {
        let data: Vec<String> = graph.to(&id, relation).iter().take(MAX_DATASETS).map(|id| data(id, graph)).collect();
        out.section(title, data.join("\n\n"));
    }
    let text = field_text(out, at, "ai_informationAboutTraining");
    out.section("Training procedure", text);
    let text = field_text(out, at, "ai_modelDataPreprocessing");
    if !text.is_empty() {
        out.section("Data preprocessing", text);
    }
    let rows: Vec<Vec<String>> = dictionary(out, at, "ai_hyperparameter")
        .into_iter()
        .map(|(key, value, _)| vec![key, value.display()])
        .collect();
    out.section("Hyperparameters", table(&["Parameter", "Value"], &rows));
    for (key, value, pointer) in dictionary(out, at, "ai_metric") {
        let claim = out.claimed(key, number(&value), &pointer);
        out.claim(claim);
    }
    let claims = claims_table(&short(out));
    out.section("Evaluation", claims);
    let rows: Vec<Vec<String>> = dictionary(out, at, "ai_metricDecisionThreshold")
        .into_iter()
        .map(|(key, value, _)| vec![key, value.display()])
        .collect();
    out.section("Decision thresholds", table(&["Metric", "Threshold"], &rows));
    let text = field_text(out, at, "ai_modelExplainability");
    out.section("Explainability", text);
    energy(out, at);
}

/// The claims with their values short enough for a table: some documents write whole histories.
fn short(out: &Outline<'_>) -> Vec<crate::model::CardResult> {
    let mut claims = out.claims().to_vec();
    for claim in &mut claims {
        if claim.value.as_str().is_some_and(|text| text.len() > 80) {
            claim.value = Datum::Text(visible(&claim.value.display(), 80));
        }
    }
    claims
}

fn facts(out: &mut Outline<'_>, at: &At<'_>, graph: &Graph<'_>, id: &str) {
    let licenses = ["hasDeclaredLicense", "hasConcludedLicense"].map(|kind| graph.to(id, kind));
    let chosen = licenses.iter().find(|list| !list.is_empty()).cloned().unwrap_or_default();
    out.fact_of("license", chosen.iter().map(|id| graph.name(id)).collect());
    for (key, fact) in [("suppliedBy", "supplier"), ("originatedBy", "authors")] {
        let names: Vec<String> = match out.get(at, key) {
            Some(one) if one.value.items().is_none() => out.own_text(&one).into_iter().collect(),
            Some(_) => out.texts(at, key, ""),
            None => Vec::new(),
        };
        out.fact_of(fact, names.iter().map(|id| graph.name(id)).collect());
    }
    for (key, fact) in [
        ("releaseTime", "released"),
        ("builtTime", "built"),
        ("software_downloadLocation", "download"),
        ("software_packageUrl", "purl"),
        ("software_homePage", "home_page"),
        ("software_primaryPurpose", "purpose"),
        ("software_copyrightText", "copyright"),
        ("ai_autonomyType", "autonomy"),
        ("ai_useSensitivePersonalInformation", "sensitive_personal_information"),
    ] {
        if let Some(text) = out.text(at, key) {
            out.fact(fact, text);
        }
    }
    for (key, fact) in
        [("ai_domain", "domain"), ("ai_typeOfModel", "model_type"), ("ai_standardCompliance", "standards")]
    {
        let texts = lines(out, at, key);
        out.fact_of(fact, texts);
    }
    let hashes: Vec<String> = out
        .list(at, "verifiedUsing")
        .iter()
        .filter_map(|hash| {
            let _ = out.get(hash, "type");
            Some(format!("{} {}", out.text(hash, "algorithm")?, out.text(hash, "hashValue")?))
        })
        .collect();
    out.fact_of("hashes", hashes);
}

/// A text or a list of texts.
fn lines(out: &mut Outline<'_>, at: &At<'_>, key: &str) -> Vec<String> {
    match out.get(at, key) {
        Some(one) if one.value.items().is_none() => out.own_text(&one).into_iter().collect(),
        Some(_) => out.texts(at, key, ""),
        None => Vec::new(),
    }
}

fn field_text(out: &mut Outline<'_>, at: &At<'_>, key: &str) -> String {
    let mut texts = lines(out, at, key);
    if texts.len() == 1 { texts.remove(0) } else { bullets(&texts) }
}

/// A list of entries with key and value: each with the pointer of its value.
fn dictionary(out: &mut Outline<'_>, at: &At<'_>, key: &str) -> Vec<(String, Datum, String)> {
    let mut entries = Vec::new();
    for entry in out.list(at, key) {
        let _ = out.get(&entry, "type");
        let Some(name) = out.text(&entry, "key") else {
            out.problem(Code::CardResult, &entry.pointer, "an entry of a dictionary has no 'key'", "name it");
            continue;
        };
        let value = out.whole(&entry, "value").unwrap_or(Datum::Null);
        entries.push((name, value, format!("{}/value", entry.pointer)));
    }
    entries
}

/// A data set by what its own element says.
fn data(id: &str, graph: &Graph<'_>) -> String {
    let Some(element) = graph.by_id.get(id) else { return address(id) };
    let mut blocks = vec![format!("**{}**", graph.name(id))];
    let text = |key: &str| match element.get(key) {
        Some(Datum::List(items)) => Some(items.iter().map(Datum::display).collect::<Vec<_>>().join("; ")),
        Some(Datum::Null | Datum::Map(_)) | None => None,
        Some(scalar) => Some(scalar.display()),
    };
    for key in ["description", "comment"] {
        blocks.extend(text(key));
    }
    for (label, key) in [
        ("Source", "software_downloadLocation"),
        ("Intended use", "dataset_intendedUse"),
        ("Size", "dataset_datasetSize"),
        ("Type", "dataset_datasetType"),
        ("Collection", "dataset_dataCollectionProcess"),
        ("Preprocessing", "dataset_dataPreprocessing"),
        ("Known bias", "dataset_knownBias"),
        ("Sensitive personal information", "dataset_hasSensitivePersonalInformation"),
        ("Confidentiality", "dataset_confidentialityLevel"),
        ("Availability", "dataset_datasetAvailability"),
    ] {
        blocks.extend(
            text(key).map(|text| labelled(label, &if key.ends_with("Location") { address(&text) } else { text })),
        );
    }
    blocks.join("\n\n").chars().take(MAX_DATASET_TEXT).collect()
}

fn energy(out: &mut Outline<'_>, at: &At<'_>) {
    let Some(energy) = out.get(at, "ai_energyConsumption") else { return };
    if energy.value.entries().is_none() {
        let text = out.own_text(&energy).unwrap_or_default();
        return out.section("Environmental impact", text);
    }
    let _ = out.get(&energy, "type");
    let mut rows = Vec::new();
    for (label, key) in [
        ("training", "ai_trainingEnergyConsumption"),
        ("fine-tuning", "ai_finetuningEnergyConsumption"),
        ("inference", "ai_inferenceEnergyConsumption"),
    ] {
        for use_of in out.list(&energy, key) {
            let _ = out.get(&use_of, "type");
            let quantity = out.text(&use_of, "ai_energyQuantity").unwrap_or_default();
            let unit = out.text(&use_of, "ai_energyUnit").unwrap_or_default();
            rows.push(vec![label.to_owned(), format!("{quantity} {unit}")]);
        }
    }
    out.section("Environmental impact", table(&["Activity", "Energy"], &rows));
}
