//! CycloneDX bills of materials (1.5 and later): components that are machine-learning models.
//!
//! In: the tree of a BOM in the form that its JSON has. Out: one `Card` for each component of type
//! `machine-learning-model`, wherever it nests, from its `modelCard` and from what every component
//! has: version, licences, hashes, references. Metric values and interval ends are text by
//! definition of the format, so a text that is a number is one.

use std::collections::BTreeMap;

use super::outline::{At, Outline, address, bullets, claims_table, figures, labelled, number, paragraphs, table};
use crate::diag::Code;
use crate::model::{Datum, Document};

/// Components nest at most this deep.
const DEPTH: usize = 32;
/// Models of one BOM that become cards.
const MAX_MODELS: usize = 500;
/// Longest text about a data set that is a component of its own, in characters.
const MAX_DATASET_TEXT: usize = 4000;

/// Whether a tree is a BOM.
pub(super) fn is_bom(value: &Datum) -> bool {
    value.get("bomFormat").and_then(Datum::as_str) == Some("CycloneDX")
}

/// Whether any component of a BOM is a model.
pub(super) fn holds_model(value: &Datum) -> bool {
    !models(value).is_empty()
}

fn is_model(component: &Datum) -> bool {
    component.get("type").and_then(Datum::as_str) == Some("machine-learning-model")
        || component.get("modelCard").is_some_and(|card| card.entries().is_some())
}

/// The components that are models.
fn models(bom: &Datum) -> Vec<At<'_>> {
    let root = At::root(bom);
    let mut out = Vec::new();
    if let Some(component) = bom.get("metadata").and_then(|m| m.get("component")) {
        let at = At { value: component, pointer: "/metadata/component".to_owned() };
        collect(&at, &mut out, 0);
    }
    below(&root, &mut out, 0);
    out
}

fn below<'a>(at: &At<'a>, out: &mut Vec<At<'a>>, depth: usize) {
    for (i, component) in at.value.get("components").and_then(Datum::items).unwrap_or_default().iter().enumerate() {
        let at = At { value: component, pointer: format!("{}/components/{i}", at.pointer) };
        collect(&at, out, depth);
    }
}

fn collect<'a>(at: &At<'a>, out: &mut Vec<At<'a>>, depth: usize) {
    if depth > DEPTH || out.len() >= MAX_MODELS {
        return;
    }
    if is_model(at.value) {
        out.push(at.clone());
    }
    below(at, out, depth + 1);
}

/// Reads the cards of a BOM.
pub(super) fn read(path: &str, bom: &Datum) -> Document {
    let mut document = Document::default();
    let version = bom.get("specVersion").map(Datum::display).unwrap_or_default();
    let mut by_reference = BTreeMap::new();
    references(bom, &mut by_reference, 0);
    for at in models(bom) {
        let mut out = Outline::new(path, format!("CycloneDX {version}").trim_end());
        if let Some(serial) = bom.get("serialNumber").and_then(Datum::as_str) {
            out.fact("bom", serial);
        }
        component(&mut out, &at);
        // Nested components are cards of their own or no models.
        let _ = out.get(&at, "components");
        if let Some(nested) = at.value.get("components") {
            out.take(&At { value: nested, pointer: format!("{}/components", at.pointer) });
        }
        card(&mut out, &at, &by_reference);
        let (card, mut problems) = out.finish(&at);
        document.cards.push(card);
        document.problems.append(&mut problems);
    }
    document
}

/// What every component has.
fn component(out: &mut Outline<'_>, at: &At<'_>) {
    let _ = out.get(at, "type");
    let group = out.text(at, "group");
    let name = out.text(at, "name");
    let version = out.text(at, "version");
    if name.is_none() {
        out.problem(Code::FieldMissing, &at.pointer, "a model component has no 'name'", "name the model");
    }
    let full = match (&group, &name) {
        (Some(group), Some(name)) => Some(format!("{group}/{name}")),
        _ => name.clone(),
    };
    out.names(full, version.clone());
    if let Some(version) = version {
        out.fact("version", version);
    }
    let text = out.text(at, "description").unwrap_or_default();
    out.section("Overview", text);
    for key in ["bom-ref", "purl", "cpe", "publisher", "author", "copyright", "mime-type"] {
        if let Some(text) = out.text(at, key) {
            out.fact(key, text);
        }
    }
    for key in ["supplier", "manufacturer"] {
        if let Some(who) = out.get(at, key) {
            let name = organisation(out, &who);
            out.fact(key, name);
        }
    }
    let mut authors = Vec::new();
    for author in out.list(at, "authors") {
        authors.push(organisation(out, &author));
    }
    authors.retain(|author| !author.is_empty());
    out.fact_of("authors", authors);
    licenses(out, at);
    let hashes: Vec<String> = out
        .list(at, "hashes")
        .iter()
        .filter_map(|hash| Some(format!("{} {}", out.text(hash, "alg")?, out.text(hash, "content")?)))
        .collect();
    out.fact_of("hashes", hashes);
    let tags = out.texts(at, "tags", "");
    out.fact_of("tags", tags);
    let references: Vec<String> = out
        .list(at, "externalReferences")
        .iter()
        .filter_map(|reference| {
            let url = out.text(reference, "url")?;
            let kind = out.text(reference, "type").unwrap_or_else(|| "other".to_owned());
            let comment = out.text(reference, "comment").map(|text| format!(" ({text})")).unwrap_or_default();
            Some(format!("{}{comment}", labelled(&kind, &address(&url))))
        })
        .collect();
    out.section("References", bullets(&references));
    properties(out, at);
}

/// A person or organisation by name and address.
fn organisation(out: &mut Outline<'_>, at: &At<'_>) -> String {
    if at.value.entries().is_none() {
        return out.own_text(at).unwrap_or_default();
    }
    let name = out.text(at, "name");
    let email = out.text(at, "email").map(|email| format!("<{email}>"));
    let urls = match out.get(at, "url") {
        Some(url) if url.value.items().is_none() => out.own_text(&url).into_iter().collect(),
        Some(_) => out.texts(at, "url", ""),
        None => Vec::new(),
    };
    let place = out.map(at, "address").map(|address| {
        ["locality", "region", "country"]
            .iter()
            .filter_map(|key| out.text(&address, key))
            .collect::<Vec<_>>()
            .join(", ")
    });
    let parts: Vec<String> =
        [name, email].into_iter().flatten().chain(urls).chain(place).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn licenses(out: &mut Outline<'_>, at: &At<'_>) {
    let mut names = Vec::new();
    for choice in out.list(at, "licenses") {
        names.extend(out.text(&choice, "expression"));
        if let Some(license) = out.map(&choice, "license") {
            let id = out.text(&license, "id");
            let name = out.text(&license, "name");
            names.extend(id.or(name));
            if let Some(url) = out.text(&license, "url") {
                out.fact("license_link", url);
            }
        }
    }
    out.fact_of("license", names);
}

/// `properties`: names and values that nobody defines.
fn properties(out: &mut Outline<'_>, at: &At<'_>) {
    for property in out.list(at, "properties") {
        if let (Some(name), Some(value)) = (out.text(&property, "name"), out.text(&property, "value")) {
            out.fact(&name, value);
        }
    }
}

/// The `modelCard` of a component.
fn card(out: &mut Outline<'_>, component: &At<'_>, bom: &BTreeMap<&str, &Datum>) {
    let Some(card) = out.map(component, "modelCard") else { return };
    let _ = out.get(&card, "bom-ref");
    if let Some(parameters) = out.map(&card, "modelParameters") {
        self::parameters(out, &parameters, bom);
    }
    if let Some(analysis) = out.map(&card, "quantitativeAnalysis") {
        self::analysis(out, &analysis);
    }
    if let Some(considerations) = out.map(&card, "considerations") {
        self::considerations(out, &considerations);
    }
    properties(out, &card);
}

fn parameters(out: &mut Outline<'_>, at: &At<'_>, bom: &BTreeMap<&str, &Datum>) {
    if let Some(approach) = out.map(at, "approach")
        && let Some(kind) = out.text(&approach, "type")
    {
        out.fact("approach", kind);
    }
    if let Some(task) = out.text(at, "task") {
        out.fact("task", task);
    }
    let family = out.text(at, "architectureFamily").map(|text| labelled("Family", &text));
    let architecture = out.text(at, "modelArchitecture");
    out.section("Model architecture", paragraphs([family.as_deref(), architecture.as_deref()]));
    let mut datasets = Vec::new();
    for dataset in out.list(at, "datasets") {
        if let Some(reference) = out.text(&dataset, "ref") {
            // A dataset may be a component of its own, found by its reference.
            let found = bom.get(reference.as_str()).map(|component| {
                let at = At { value: component, pointer: String::new() };
                let mut texts: Vec<String> =
                    [out_text(&at, "name"), out_text(&at, "description")].into_iter().flatten().collect();
                texts.extend(
                    component
                        .get("data")
                        .and_then(Datum::items)
                        .unwrap_or_default()
                        .iter()
                        .filter_map(|data| data.get("description").and_then(Datum::as_str).map(str::to_owned)),
                );
                texts.join(": ")
            });
            let found = found.map(|text| text.chars().take(MAX_DATASET_TEXT).collect::<String>());
            datasets.push(found.filter(|text| !text.is_empty()).unwrap_or(reference));
            continue;
        }
        datasets.push(self::dataset(out, &dataset));
    }
    datasets.retain(|text| !text.is_empty());
    out.section("Datasets", bullets(&datasets));
    let mut lines = Vec::new();
    for (label, key) in [("Inputs", "inputs"), ("Outputs", "outputs")] {
        let formats = out.texts(at, key, "format");
        if !formats.is_empty() {
            lines.push(labelled(label, &formats.join(", ")));
        }
    }
    out.section("Inputs and outputs", lines.join("\n\n"));
}

fn out_text(at: &At<'_>, key: &str) -> Option<String> {
    at.value.get(key).and_then(Datum::as_str).map(str::to_owned)
}

/// The components of a BOM by their references.
fn references<'a>(at: &'a Datum, out: &mut BTreeMap<&'a str, &'a Datum>, depth: usize) {
    for component in at.get("components").and_then(Datum::items).unwrap_or_default() {
        if let Some(reference) = component.get("bom-ref").and_then(Datum::as_str) {
            out.entry(reference).or_insert(component);
        }
        if depth < DEPTH {
            references(component, out, depth + 1);
        }
    }
}

fn dataset(out: &mut Outline<'_>, at: &At<'_>) -> String {
    let _ = out.get(at, "bom-ref");
    let _ = out.get(at, "type");
    let name = out.text(at, "name");
    let mut lines: Vec<String> = name.map(|name| format!("**{name}**")).into_iter().collect();
    lines.extend(out.text(at, "description"));
    if let Some(contents) = out.map(at, "contents") {
        lines.extend(out.text(&contents, "url").map(|url| labelled("Source", &address(&url))));
        if let Some(attachment) = out.get(&contents, "attachment") {
            out.take(&attachment);
            lines.push("It is attached to the file, and not shown here.".to_owned());
        }
        for property in out.list(&contents, "properties") {
            if let (Some(name), Some(value)) = (out.text(&property, "name"), out.text(&property, "value")) {
                lines.push(labelled(&name, &value));
            }
        }
    }
    lines.extend(out.text(at, "classification").map(|text| labelled("Classification", &text)));
    let sensitive = match out.get(at, "sensitiveData") {
        Some(one) if one.value.items().is_none() => out.own_text(&one).into_iter().collect(),
        Some(_) => out.texts(at, "sensitiveData", ""),
        None => Vec::new(),
    };
    if !sensitive.is_empty() {
        lines.push(labelled("Sensitive data", &sensitive.join(", ")));
    }
    if let Some(governance) = out.map(at, "governance") {
        for (label, key) in [("Custodians", "custodians"), ("Stewards", "stewards"), ("Owners", "owners")] {
            let mut names = Vec::new();
            for party in out.list(&governance, key) {
                for key in ["organization", "contact"] {
                    if let Some(who) = out.get(&party, key) {
                        names.push(organisation(out, &who));
                    }
                }
            }
            if !names.is_empty() {
                lines.push(labelled(label, &names.join("; ")));
            }
        }
    }
    lines.push(graphics(out, at));
    lines.retain(|line| !line.is_empty());
    lines.join("\n\n")
}

fn analysis(out: &mut Outline<'_>, at: &At<'_>) {
    for metric in out.list(at, "performanceMetrics") {
        let Some(name) = out.text(&metric, "type") else {
            let help = "name the metric, such as 'accuracy'";
            out.problem(Code::CardResult, &metric.pointer, "a performance metric has no 'type'", help);
            continue;
        };
        let value = out.get(&metric, "value").map_or(Datum::Null, |at| number(at.value));
        let mut claim = out.claimed(name, value, &format!("{}/value", metric.pointer));
        claim.slice = out.text(&metric, "slice");
        if let Some(interval) = out.map(&metric, "confidenceInterval") {
            let mut end = |key: &str| out.get(&interval, key).map(|at| number(at.value));
            let (lower, upper) = (end("lowerBound"), end("upperBound"));
            claim.interval = (lower.is_some() || upper.is_some())
                .then(|| (lower.unwrap_or(Datum::Null), upper.unwrap_or(Datum::Null)));
        }
        out.claim(claim);
    }
    let claims = claims_table(out.claims());
    let figures = graphics(out, at);
    out.section("Evaluation", paragraphs([Some(claims.as_str()), Some(&figures)]));
}

fn considerations(out: &mut Outline<'_>, at: &At<'_>) {
    for (title, key) in [
        ("Intended users", "users"),
        ("Intended use", "useCases"),
        ("Limitations", "technicalLimitations"),
        ("Trade-offs", "performanceTradeoffs"),
    ] {
        let items = out.texts(at, key, "");
        out.section(title, bullets(&items));
    }
    let mut risks = Vec::new();
    for risk in out.list(at, "ethicalConsiderations") {
        if risk.value.entries().is_none() {
            risks.extend(out.own_text(&risk));
            continue;
        }
        let name = out.text(&risk, "name");
        let mitigation = out.text(&risk, "mitigationStrategy").map(|text| labelled("Mitigation", &text));
        risks.push(paragraphs([name.as_deref(), mitigation.as_deref()]));
    }
    out.section("Ethical considerations", bullets(&risks));
    let mut assessments = Vec::new();
    for item in out.list(at, "fairnessAssessments") {
        let lines: Vec<String> = [
            ("Group at risk", "groupAtRisk"),
            ("Benefits", "benefits"),
            ("Harms", "harms"),
            ("Mitigation", "mitigationStrategy"),
        ]
        .into_iter()
        .filter_map(|(label, key)| out.text(&item, key).map(|text| labelled(label, &text)))
        .collect();
        assessments.push(lines.join("\n\n"));
    }
    out.section("Fairness", bullets(&assessments));
    if let Some(environment) = out.map(at, "environmentalConsiderations") {
        let mut rows = Vec::new();
        for use_of in out.list(&environment, "energyConsumptions") {
            let mut measure = |key: &str| {
                out.map(&use_of, key).map_or(String::new(), |at| {
                    let value = out.text(&at, "value").unwrap_or_default();
                    format!("{value} {}", out.text(&at, "unit").unwrap_or_default()).trim().to_owned()
                })
            };
            let (energy, co2, offset) =
                (measure("activityEnergyCost"), measure("co2CostEquivalent"), measure("co2CostOffset"));
            let mut providers = Vec::new();
            for provider in out.list(&use_of, "energyProviders") {
                let mut words: Vec<String> = out.text(&provider, "description").into_iter().collect();
                if let Some(who) = out.get(&provider, "organization") {
                    words.push(organisation(out, &who));
                }
                words.extend(out.text(&provider, "energySource"));
                if let Some(energy) = out.map(&provider, "energyProvided") {
                    let value = out.text(&energy, "value").unwrap_or_default();
                    words.push(format!("{value} {}", out.text(&energy, "unit").unwrap_or_default()));
                }
                words.retain(|word| !word.trim().is_empty());
                providers.push(words.join(", "));
            }
            let activity = out.text(&use_of, "activity").unwrap_or_default();
            rows.push(vec![activity, energy, co2, offset, providers.join("; ")]);
        }
        let text = table(&["Activity", "Energy", "CO₂ equivalent", "CO₂ offset", "Energy providers"], &rows);
        out.section("Environmental impact", text);
        properties(out, &environment);
    }
}

fn graphics(out: &mut Outline<'_>, at: &At<'_>) -> String {
    let Some(graphics) = out.map(at, "graphics") else { return String::new() };
    let description = out.text(&graphics, "description");
    let mut names = Vec::new();
    for graphic in out.list(&graphics, "collection") {
        let name = out.text(&graphic, "name").unwrap_or_default();
        let image = out.get(&graphic, "image");
        if let Some(image) = &image {
            out.take(image);
        }
        let content = image.and_then(|image| image.value.get("content").or(Some(image.value)));
        names.push((name, content.and_then(Datum::as_str).map_or(0, str::len)));
    }
    paragraphs([description.as_deref(), Some(&figures(&names))])
}
