//! Amazon SageMaker model cards: the content, and the replies of the API that carry it as text.
//!
//! In: the JSON of `model_card_schema.json`, a reply of `DescribeModelCard` or `CreateModelCard`'s
//! request (`Content` is JSON written as a text), or the `ModelCard` of a model package. Out: a
//! `Card`; metrics are its claims, matrices, graphs and charts are tables in it.

use super::outline::{At, Outline, bullets, labelled, paragraphs, table};
use super::sagemaker_groups::{Parsed, parse_metric};
use crate::diag::{Code, Diagnostic};
use crate::import::json;
use crate::model::{CardResult, Datum, Document};
use crate::source::FileData;

/// Parts of the content.
const PARTS: &[&str] = &[
    "model_overview",
    "intended_uses",
    "business_details",
    "training_details",
    "evaluation_details",
    "additional_information",
    "model_package_details",
];
/// Longest table of a graph or chart, in rows.
const MAX_ROWS: usize = 40;

/// Whether a tree is such a card.
pub(super) fn is_card(value: &Datum) -> bool {
    is_content(value) || content_text(value).is_some_and(|(_, text)| looks_like_content(text))
}

fn is_content(value: &Datum) -> bool {
    let own = |key: &str| value.get(key).is_some_and(|part| part.entries().is_some() || part.items().is_some());
    value.get("properties").is_none()
        && PARTS.iter().filter(|part| own(part)).count() >= 1
        && ["model_overview", "model_package_details", "evaluation_details", "intended_uses", "training_details"]
            .iter()
            .any(|part| own(part))
        // Names that other formats use as well count only beside another part.
        && (own("model_overview") || PARTS.iter().filter(|part| own(part)).count() >= 2)
}

/// The content as text, with the key that holds it.
fn content_text(value: &Datum) -> Option<(&'static str, &str)> {
    ["Content", "ModelCardContent"].into_iter().find_map(|key| {
        let text = value.get(key)?.as_str()?;
        let reply = ["ModelCardName", "ModelCardArn", "ModelCardStatus"].iter().any(|k| value.get(k).is_some());
        reply.then_some((key, text))
    })
}

fn looks_like_content(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{') && (text.len() < 4 || PARTS.iter().any(|part| text.contains(part)))
}

/// Reads a card.
pub(super) fn read(path: &str, value: &Datum) -> Document {
    let mut out = Outline::new(path, "SageMaker model card");
    let root = At::root(value);
    let Some((key, text)) = content_text(value) else {
        let names = content(&mut out, &root);
        out.names(names.0, names.1);
        return document(out, &root);
    };
    // The reply around the content: its name, its status, its dates.
    let name = out.text(&root, "ModelCardName");
    for (key, fact) in [
        ("ModelCardArn", "card_arn"),
        ("ModelCardVersion", "card_version"),
        ("ModelCardStatus", "status"),
        ("CreationTime", "created"),
        ("LastModifiedTime", "modified"),
    ] {
        if let Some(text) = out.text(&root, key) {
            out.fact(fact, text);
        }
    }
    if let Some(card) = &name {
        out.fact("card_name", card.clone());
    }
    let _ = out.get(&root, key);
    let inner = json::parse(&FileData::from_bytes(path, text.as_bytes()));
    let (mut inner_problems, tree) = match inner {
        Ok(json) => (json.duplicate_problems(path), json.value),
        Err(error) => {
            let message = format!("the text in '{key}' is no JSON: {}", error.message);
            let problem = Diagnostic::new(Code::JsonSyntax, message).at(path).pointer(format!("/{key}"));
            (vec![problem.help("it must hold the whole content of the card as JSON")], Datum::Null)
        }
    };
    let mut below = At::root(&tree);
    below.pointer = format!("/{key}");
    let names = if tree.entries().is_some() { content(&mut out, &below) } else { (None, None) };
    out.names(names.0.or(name), names.1);
    let mut document = document_of(out, &below, &root);
    document.problems.append(&mut inner_problems);
    document
}

fn document(out: Outline<'_>, root: &At<'_>) -> Document {
    let (card, problems) = out.finish(root);
    Document { cards: vec![card], problems, ..Document::default() }
}

/// The reply's own unknown fields are kept beside the content's.
fn document_of(mut out: Outline<'_>, content: &At<'_>, reply: &At<'_>) -> Document {
    out.keep_unread(reply);
    document(out, content)
}

/// Reads the content; the model's name and version when it says them.
fn content(out: &mut Outline<'_>, root: &At<'_>) -> (Option<String>, Option<String>) {
    let mut names = overview(out, root);
    let package = package(out, root);
    names.0 = names.0.or(package.0);
    names.1 = names.1.or(package.1);
    intended(out, root);
    if let Some(business) = out.map(root, "business_details") {
        let lines = labels(
            out,
            &business,
            &[
                ("Business problem", "business_problem"),
                ("Stakeholders", "business_stakeholders"),
                ("Line of business", "line_of_business"),
            ],
        );
        out.section("Business details", lines.join("\n\n"));
    }
    training(out, root);
    out.group("Evaluation");
    for evaluation in out.list(root, "evaluation_details") {
        self::evaluation(out, &evaluation);
    }
    if let Some(more) = out.map(root, "additional_information") {
        let text = out.text(&more, "ethical_considerations").unwrap_or_default();
        out.section("Ethical considerations", text);
        let text = out.text(&more, "caveats_and_recommendations").unwrap_or_default();
        out.section("Caveats and recommendations", text);
        if let Some(custom) = out.map(&more, "custom_details") {
            let rows: Vec<Vec<String>> = custom
                .value
                .entries()
                .unwrap_or_default()
                .iter()
                .map(|(key, value)| vec![key.clone(), value.display()])
                .collect();
            out.take(&custom);
            out.section("Custom details", table(&["Detail", "Value"], &rows));
        }
    }
    names
}

fn labels(out: &mut Outline<'_>, at: &At<'_>, keys: &[(&str, &str)]) -> Vec<String> {
    keys.iter().filter_map(|(label, key)| out.text(at, key).map(|text| labelled(label, &text))).collect()
}

fn overview(out: &mut Outline<'_>, root: &At<'_>) -> (Option<String>, Option<String>) {
    let Some(overview) = out.map(root, "model_overview") else { return (None, None) };
    let text = out.text(&overview, "model_description").unwrap_or_default();
    out.section("Overview", text);
    for (key, fact) in [
        ("model_id", "model_id"),
        ("model_creator", "creator"),
        ("model_owner", "owners"),
        ("problem_type", "problem_type"),
        ("algorithm_type", "algorithm_type"),
    ] {
        if let Some(text) = out.text(&overview, key) {
            out.fact(fact, text);
        }
    }
    let artifacts = out.texts(&overview, "model_artifact", "");
    out.fact_of("artifacts", artifacts);
    if let Some(environment) = out.map(&overview, "inference_environment") {
        let images = out.texts(&environment, "container_image", "");
        out.fact_of("inference_images", images);
    }
    (out.text(&overview, "model_name"), out.text(&overview, "model_version"))
}

/// Details that the registry adds for a model package.
fn package(out: &mut Outline<'_>, root: &At<'_>) -> (Option<String>, Option<String>) {
    let Some(package) = out.map(root, "model_package_details") else { return (None, None) };
    for (key, fact) in [
        ("model_package_arn", "model_package"),
        ("model_package_status", "model_package_status"),
        ("model_approval_status", "approval_status"),
        ("approval_description", "approval_description"),
        ("domain", "domain"),
        ("task", "task"),
    ] {
        if let Some(text) = out.text(&package, key) {
            out.fact(fact, text);
        }
    }
    let text = out.text(&package, "model_package_description").unwrap_or_default();
    out.section("Model package", text);
    let name = out.text(&package, "model_package_group_name").or_else(|| out.text(&package, "model_package_name"));
    (name, out.text(&package, "model_package_version"))
}

fn intended(out: &mut Outline<'_>, root: &At<'_>) {
    let Some(uses) = out.map(root, "intended_uses") else { return };
    let purpose = out.text(&uses, "purpose_of_model").map(|text| labelled("Purpose", &text));
    let intended = out.text(&uses, "intended_uses");
    out.section("Intended use", paragraphs([purpose.as_deref(), intended.as_deref()]));
    let text = out.text(&uses, "factors_affecting_model_efficiency").unwrap_or_default();
    out.section("Factors affecting the model", text);
    let rating = out.text(&uses, "risk_rating");
    if let Some(rating) = &rating {
        if !["High", "Medium", "Low", "Unknown"].contains(&rating.as_str()) {
            let message = format!("'{}' is no risk rating", crate::diag::visible(rating, 40));
            out.problem(
                Code::FieldInvalid,
                &format!("{}/risk_rating", uses.pointer),
                message,
                "High, Medium, Low or Unknown",
            );
        }
        out.fact("risk_rating", rating.clone());
    }
    let why = out.text(&uses, "explanations_for_risk_rating");
    let rating = rating.map(|rating| labelled("Rating", &rating));
    out.section("Risk rating", paragraphs([rating.as_deref(), why.as_deref()]));
}

fn training(out: &mut Outline<'_>, root: &At<'_>) {
    let Some(training) = out.map(root, "training_details") else { return };
    let job = out.map(&training, "training_job_details");
    if let Some(job) = &job {
        let datasets = out.texts(job, "training_datasets", "");
        out.section("Training data", bullets(&datasets));
    }
    let mut lines = Vec::new();
    if let Some(objective) = out.map(&training, "objective_function") {
        let function = match out.get(&objective, "function") {
            Some(function) if function.value.entries().is_some() => {
                let words: Vec<String> =
                    ["function", "facet", "condition"].iter().filter_map(|key| out.text(&function, key)).collect();
                (!words.is_empty()).then(|| words.join(" "))
            }
            Some(function) => out.own_text(&function),
            None => None,
        };
        let rest = ["facet", "condition", "notes"].map(|key| out.text(&objective, key));
        let words: Vec<String> = std::iter::once(function).chain(rest).flatten().collect();
        if !words.is_empty() {
            lines.push(labelled("Objective", &words.join(", ")));
        }
    }
    lines.extend(out.text(&training, "training_observations"));
    let Some(job) = job else { return out.section("Training procedure", lines.join("\n\n")) };
    lines.extend(out.text(&job, "training_arn").map(|arn| labelled("Training job", &format!("`{arn}`"))));
    if let Some(environment) = out.map(&job, "training_environment") {
        let images = out.texts(&environment, "container_image", "");
        if !images.is_empty() {
            lines.push(labelled("Container images", &images.join(", ")));
        }
    }
    out.section("Training procedure", lines.join("\n\n"));
    let mut rows = Vec::new();
    for key in ["hyper_parameters", "user_provided_hyper_parameters"] {
        for parameter in out.list(&job, key) {
            rows.push(vec![
                out.text(&parameter, "name").unwrap_or_default(),
                out.text(&parameter, "value").unwrap_or_default(),
            ]);
        }
    }
    if !rows.is_empty() {
        out.part("Hyperparameters", table(&["Parameter", "Value"], &rows));
    }
    let mut rows = Vec::new();
    for key in ["training_metrics", "user_provided_training_metrics"] {
        for metric in out.list(&job, key) {
            let Some(name) = out.text(&metric, "name") else {
                out.problem(Code::CardResult, &metric.pointer, "a training metric has no 'name'", "name it");
                continue;
            };
            let value = out.whole(&metric, "value").unwrap_or(Datum::Null);
            let notes = out.text(&metric, "notes").unwrap_or_default();
            number_due(out, &name, &value, &metric.pointer);
            rows.push(vec![name.clone(), value.display(), notes]);
            let mut claim = out.claimed(name, value, &format!("{}/value", metric.pointer));
            claim.split = Some("train".to_owned());
            claim.dataset_name = Some("training".to_owned());
            out.claim(claim);
        }
    }
    if !rows.is_empty() {
        out.part("Training metrics", table(&["Metric", "Value", "Notes"], &rows));
    }
}

fn number_due(out: &mut Outline<'_>, name: &str, value: &Datum, pointer: &str) {
    if value.as_number().is_none() {
        let message = format!("the metric {} is {}, not a number", crate::diag::visible(name, 100), value.kind());
        out.problem(Code::CardResult, &format!("{pointer}/value"), message, "write the number without quotes");
    }
}

/// One evaluation: what was observed, and its groups of metrics.
fn evaluation(out: &mut Outline<'_>, at: &At<'_>) {
    if at.value.entries().is_none() {
        return out.wrong(at, "an object with a name");
    }
    let name = out.text(at, "name").unwrap_or_else(|| "evaluation".to_owned());
    let mut blocks: Vec<String> = out.text(at, "evaluation_observation").into_iter().collect();
    blocks.extend(out.text(at, "evaluation_job_arn").map(|arn| labelled("Evaluation job", &format!("`{arn}`"))));
    let datasets = out.texts(at, "datasets", "");
    if !datasets.is_empty() {
        blocks.push(labelled("Datasets", &datasets.join(", ")));
    }
    if let Some(metadata) = out.map(at, "metadata") {
        let pairs: Vec<String> = metadata
            .value
            .entries()
            .unwrap_or_default()
            .iter()
            .map(|(key, value)| format!("{key} = {}", value.display()))
            .collect();
        out.take(&metadata);
        if !pairs.is_empty() {
            blocks.push(labelled("Settings", &pairs.join(", ")));
        }
    }
    let groups = out.list(at, "metric_groups");
    let several = groups.len() > 1;
    for group in groups {
        let title = out.text(&group, "name");
        let mut rows = Vec::new();
        let mut drawn = Vec::new();
        for metric in out.list(&group, "metric_data") {
            metric_of(out, &metric, (&name, title.as_deref().filter(|_| several)), &mut rows, &mut drawn);
        }
        if let Some(title) = &title
            && !(rows.is_empty() && drawn.is_empty())
        {
            blocks.push(format!("**{title}**"));
        }
        blocks.push(table(&["Metric", "Value", "Notes"], &rows));
        blocks.append(&mut drawn);
    }
    blocks.retain(|block| !block.is_empty());
    out.part(&name, blocks.join("\n\n"));
}

/// One metric: a row and a claim, or a table of its own.
fn metric_of(
    out: &mut Outline<'_>,
    metric: &At<'_>,
    (dataset, group): (&str, Option<&str>),
    rows: &mut Vec<Vec<String>>,
    drawn: &mut Vec<String>,
) {
    let Some(name) = out.text(metric, "name") else {
        return out.problem(Code::CardResult, &metric.pointer, "a metric has no 'name'", "name it");
    };
    let notes = out.text(metric, "notes").unwrap_or_default();
    let parsed = parse_metric(metric.value);
    out.take(metric);
    let claim = |out: &mut Outline<'_>, value: Datum| {
        let mut claim: CardResult = out.claimed(name.clone(), value, &format!("{}/value", metric.pointer));
        claim.dataset_name = Some(dataset.to_owned());
        claim.slice = group.map(str::to_owned);
        out.claim(claim);
    };
    let caption = labelled(&name, &notes);
    match parsed {
        Ok(Parsed::Plain(value)) => {
            if metric.value.get("type").and_then(Datum::as_str) == Some("number") {
                number_due(out, &name, &value, &metric.pointer);
            }
            rows.push(vec![name.clone(), value.display(), notes]);
            claim(out, value);
        }
        Ok(Parsed::Matrix { columns, labels, rows }) => {
            let mut header = vec![""];
            header.extend(columns.iter().map(String::as_str));
            let body: Vec<Vec<String>> = rows
                .iter()
                .enumerate()
                .map(|(i, row)| {
                    let label = labels.get(i).map(|l| format!("**{l}**")).unwrap_or_default();
                    std::iter::once(label).chain(row.iter().map(ToString::to_string)).collect()
                })
                .collect();
            drawn.push(format!("{caption}\n\n{}", table(&header, &body)));
        }
        Ok(Parsed::Graph { x, y, points }) => {
            let body: Vec<Vec<String>> =
                points.iter().take(MAX_ROWS).map(|(x, y)| vec![x.to_string(), y.to_string()]).collect();
            drawn.push(format!("{caption}\n\n{}{}", table(&[&x, &y], &body), cut(points.len())));
        }
        Ok(Parsed::Bars { x, y, bars }) => {
            let body: Vec<Vec<String>> =
                bars.iter().take(MAX_ROWS).map(|(x, y)| vec![x.clone(), y.to_string()]).collect();
            drawn.push(format!("{caption}\n\n{}{}", table(&[&x, &y], &body), cut(bars.len())));
        }
        Err((code, message)) => {
            let help = "see the metric types in the schema of SageMaker model cards";
            out.problem(
                code,
                &metric.pointer,
                format!("the metric {}: {message}", crate::diag::visible(&name, 100)),
                help,
            );
            let value = metric.value.get("value").cloned().unwrap_or(Datum::Null);
            rows.push(vec![name.clone(), value.display().chars().take(200).collect(), notes]);
        }
    }
}

fn cut(rows: usize) -> String {
    if rows > MAX_ROWS { format!("\n{} more rows are in the card's file.\n", rows - MAX_ROWS) } else { String::new() }
}
