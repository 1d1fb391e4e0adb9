//! Vertex AI: evaluation metrics, `ModelEvaluation` and `ModelEvaluationSlice` resources, lists of them.
//!
//! In: a JSON file by the schemas `gs://google-cloud-aiplatform/schema/modelevaluation/*.yaml`, as
//! the API, `gcloud` and the SDK write it (camelCase; the SDK's dictionaries use snake_case around
//! the metrics). Out: results under the names of the schema, curves from `confidenceMetrics`, the
//! confusion matrix. By the rules of protocol buffers 64-bit counts and NaN are text here; other
//! text is rejected.

use std::collections::BTreeMap;

use super::facts::{Facts, below, cells, point, present, text};
use super::{Content, DocumentImporter};
use crate::diag::{Code, Severity};
use crate::model::{CurveKind, Datum, Document, Instant, Slice};

/// Names that only this schema has.
const KNOWN: [&str; 24] = [
    "auPrc",
    "auRoc",
    "logLoss",
    "confidenceMetrics",
    "confusionMatrix",
    "meanAbsoluteError",
    "rootMeanSquaredError",
    "meanAbsolutePercentageError",
    "rSquared",
    "rootMeanSquaredLogError",
    "weightedAbsolutePercentageError",
    "rootMeanSquaredPercentageError",
    "symmetricMeanAbsolutePercentageError",
    "quantileMetrics",
    "boundingBoxMeanAveragePrecision",
    "boundingBoxMetrics",
    "evaluatedBoundingBoxCount",
    "meanAveragePrecision",
    "evaluatedFrameCount",
    "trackMeanAveragePrecision",
    "meanIou",
    "bleuScore",
    "intentAndSlotMetrics",
    "scaledPinballLoss",
];

/// Vertex AI's evaluations.
pub(crate) struct VertexAi;

/// What a JSON value is.
enum Shape<'d> {
    /// Metrics alone.
    Metrics,
    /// One resource.
    Resource,
    /// Several resources.
    List(&'d [Datum], &'static str),
}

impl DocumentImporter for VertexAi {
    fn kind(&self) -> &'static str {
        "vertex-ai"
    }

    fn takes_native_names(&self) -> bool {
        true
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        content.json().is_some_and(|v| shape(v).is_some())
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut facts = Facts::new(&content.file.path);
        facts.harness = Some("vertex-ai".to_owned());
        let Some(value) = content.json() else { return Document::default() };
        let mut standalone = true;
        match shape(value) {
            Some(Shape::Metrics) => {
                metrics(value, "", "", &mut facts);
                standalone = false;
            }
            Some(Shape::Resource) => {
                standalone = !is_slice(value);
                resource(value, "", &mut facts);
            }
            Some(Shape::List(items, pointer)) => {
                for (i, item) in items.iter().enumerate() {
                    resource(item, &format!("{pointer}/{i}"), &mut facts);
                }
            }
            None => {}
        }
        let mut document = facts.finish();
        document.standalone = standalone;
        document
    }
}

fn shape(value: &Datum) -> Option<Shape<'_>> {
    if is_resource(value) {
        return Some(Shape::Resource);
    }
    for key in ["modelEvaluations", "modelEvaluationSlices", "model_evaluations", "model_evaluation_slices"] {
        let pointer = match key {
            "modelEvaluations" => "/modelEvaluations",
            "modelEvaluationSlices" => "/modelEvaluationSlices",
            "model_evaluations" => "/model_evaluations",
            _ => "/model_evaluation_slices",
        };
        if let Some(items) = value.get(key).and_then(Datum::items).filter(|i| i.iter().all(is_resource)) {
            return Some(Shape::List(items, pointer));
        }
    }
    if let Some(items) = value.items().filter(|i| !i.is_empty() && i.iter().all(is_resource)) {
        return Some(Shape::List(items, ""));
    }
    let entries = value.entries()?;
    let known = entries.iter().filter(|(k, _)| KNOWN.contains(&k.as_str())).count();
    // One name may be anybody's; two are this schema's, and so is a list of points with its fields.
    let curve = || {
        let first = value.get("confidenceMetrics").and_then(Datum::items).and_then(<[Datum]>::first);
        first.is_some_and(|p| p.get("recall").is_some() || p.get("confidenceThreshold").is_some())
    };
    (known >= 2 || curve()).then_some(Shape::Metrics)
}

/// The value at a key in either spelling.
fn either<'d>(value: &'d Datum, camel: &str, snake: &str) -> Option<&'d Datum> {
    present(value, camel).or_else(|| present(value, snake))
}

fn is_resource(value: &Datum) -> bool {
    let schema = either(value, "metricsSchemaUri", "metrics_schema_uri").and_then(Datum::as_str);
    let named = || text(value, "name").is_some_and(|n| n.contains("/evaluations/"));
    value.get("metrics").is_some_and(|m| m.entries().is_some())
        && (schema.is_some_and(|s| s.contains("modelevaluation")) || named())
}

fn is_slice(value: &Datum) -> bool {
    value.get("slice").is_some_and(|s| s.entries().is_some())
}

fn resource(value: &Datum, pointer: &str, facts: &mut Facts<'_>) {
    let at = |key: &str| below(pointer, &[key]);
    if let Some(name) = text(value, "name") {
        identify(name, facts);
    }
    let run = &mut facts.document.run;
    if run.name.is_empty()
        && let Some(name) = either(value, "displayName", "display_name").and_then(Datum::as_str)
    {
        name.clone_into(&mut run.name);
    }
    let created = either(value, "createTime", "create_time").and_then(Datum::as_str).and_then(Instant::parse);
    run.started_at = run.started_at.or(created);
    for (camel, snake) in [
        ("metricsSchemaUri", "metrics_schema_uri"),
        ("sliceDimensions", "slice_dimensions"),
        ("dataItemSchemaUri", "data_item_schema_uri"),
        ("annotationSchemaUri", "annotation_schema_uri"),
    ] {
        if let Some(value) = either(value, camel, snake) {
            facts.param(camel, value);
        }
    }
    facts.extra("metadata", value.get("metadata"));
    facts.extra("modelExplanation", either(value, "modelExplanation", "model_explanation"));
    facts.slice = slice_of(value.get("slice"));
    let name = facts.slice.to_string();
    if let Some(found) = value.get("metrics") {
        metrics(found, &name, &at("metrics"), facts);
    }
    facts.slice = Slice::default();
}

/// `projects/P/locations/L/models/M@V/evaluations/E`.
fn identify(name: &str, facts: &mut Facts<'_>) {
    let parts: Vec<&str> = name.split('/').collect();
    let after = |key: &str| parts.iter().position(|p| *p == key).and_then(|i| parts.get(i + 1)).copied();
    let run = &mut facts.document.run;
    if let Some(model) = after("models") {
        let (model, version) = model.split_once('@').map_or((model, None), |(m, v)| (m, Some(v)));
        run.model = Some(model.to_owned());
        run.version = version.map(str::to_owned).or_else(|| run.version.take());
    }
    run.system_tags.insert("resource".to_owned(), name.to_owned());
}

/// `{dimension, value, sliceSpec}`.
fn slice_of(slice: Option<&Datum>) -> Slice {
    let Some(slice) = slice else { return Slice::default() };
    let mut terms = BTreeMap::new();
    if let Some(dimension) = text(slice, "dimension") {
        terms.insert(dimension.to_owned(), text(slice, "value").unwrap_or_default().to_owned());
    }
    let configs = either(slice, "sliceSpec", "slice_spec").and_then(|s| s.get("configs")).and_then(Datum::entries);
    for (feature, config) in configs.unwrap_or_default() {
        let value = config.get("value").and_then(|v| {
            present(v, "stringValue").or_else(|| present(v, "floatValue")).or_else(|| present(v, "string_value"))
        });
        if let Some(value) = value {
            terms.entry(feature.clone()).or_insert_with(|| value.display());
        }
    }
    Slice(terms)
}

fn metrics(value: &Datum, name: &str, pointer: &str, facts: &mut Facts<'_>) {
    classification(value, name, pointer, facts);
    for (key, value) in value.entries().unwrap_or_default() {
        let at = below(pointer, &[key]);
        match (key.as_str(), value) {
            ("confidenceMetrics" | "confusionMatrix", _) => {}
            ("quantileMetrics", Datum::List(items)) => by(items, "quantile", &at, facts),
            ("boundingBoxMetrics" | "trackMetrics", Datum::List(items)) => by(items, "iouThreshold", &at, facts),
            ("confidenceMetricsEntries", Datum::List(items)) => by(items, "confidenceThreshold", &at, facts),
            (_, Datum::List(_) | Datum::Map(_)) => facts.extra(key, Some(value)),
            (_, Datum::Null) => {}
            _ => {
                facts.metric_or_text(key, value, &at);
            }
        }
    }
}

/// Metrics at each value of a parameter: they are slices by that parameter.
fn by(items: &[Datum], parameter: &str, pointer: &str, facts: &mut Facts<'_>) {
    let whole = facts.slice.clone();
    for (i, item) in items.iter().enumerate() {
        let at = format!("{pointer}/{i}");
        facts.slice = whole.clone();
        facts.slice.0.insert(parameter.to_owned(), item.get(parameter).map(Datum::display).unwrap_or_default());
        for (key, value) in item.entries().unwrap_or_default() {
            if key != parameter && !matches!(value, Datum::Map(_) | Datum::List(_) | Datum::Null) {
                facts.metric_or_text(key, value, &below(&at, &[key]));
            }
        }
    }
    facts.slice = whole;
}

/// `confidenceMetrics` and `confusionMatrix`, which Kubeflow Pipelines shares. The curves are
/// called by the name, or by what they are.
pub(super) fn classification(value: &Datum, name: &str, pointer: &str, facts: &mut Facts<'_>) {
    if let Some(points) = value.get("confidenceMetrics").and_then(Datum::items) {
        // A point for each threshold; multi-class models repeat them for the best one prediction, the
        // best five, and all. Only curves of one such number are curves.
        let mut groups: BTreeMap<u64, Vec<&Datum>> = BTreeMap::new();
        for point in points {
            let all = u64::from(u32::MAX);
            let limit = present(point, "maxPredictions");
            let limit = limit.and_then(|l| super::facts::whole(l).or_else(|| l.as_str().and_then(|t| t.parse().ok())));
            groups.entry(limit.filter(|l| *l > 0 && *l < (1 << 31) - 1).unwrap_or(all)).or_default().push(point);
        }
        let at = below(pointer, &["confidenceMetrics"]);
        for (limit, points) in groups.iter().rev() {
            let title = match (name.is_empty(), *limit == u64::from(u32::MAX)) {
                (true, true) => "all classes".to_owned(),
                (false, true) => name.to_owned(),
                (true, false) => format!("maxPredictions={limit}"),
                (false, false) => format!("{name}, maxPredictions={limit}"),
            };
            curve(CurveKind::Roc, ["falsePositiveRate", "recall"], &title, points, &at, facts);
            curve(CurveKind::PrecisionRecall, ["recall", "precision"], &title, points, &at, facts);
        }
    }
    if let Some(matrix) = present(value, "confusionMatrix") {
        let at = below(pointer, &["confusionMatrix"]);
        let Some(rows) = matrix.get("rows").and_then(Datum::items) else {
            facts.report(Code::CurveInvalid, Severity::Warning, "the matrix has no rows".to_owned(), &at, "");
            return;
        };
        let labels = matrix.get("annotationSpecs").and_then(Datum::items).unwrap_or_default();
        let labels =
            labels.iter().map(|l| text(l, "displayName").or_else(|| text(l, "id")).unwrap_or_default().to_owned());
        let rows = rows.iter().map(|r| cells(r.get("row").unwrap_or(r))).collect();
        let title = if name.is_empty() { "confusion_matrix" } else { name };
        facts.matrix(title, labels.collect(), rows, &at);
    }
}

/// A curve over thresholds, when every point has both coordinates of its kind somewhere in the list.
fn curve(kind: CurveKind, axes: [&str; 2], name: &str, points: &[&Datum], pointer: &str, facts: &mut Facts<'_>) {
    let [x, y] = axes;
    // Messages of protocol buffers leave out zeros: a coordinate that some points have is zero elsewhere.
    if !points.iter().any(|p| p.get(x).is_some()) || !points.iter().any(|p| p.get(y).is_some()) {
        return;
    }
    let zero = Datum::Int(0);
    let found = points.iter().map(|p| {
        let coordinate = |key| Some(p.get(key).unwrap_or(&zero));
        let mut found = point(coordinate(x), coordinate(y), p.get("confidenceThreshold"))?;
        let positive = p.get("truePositiveCount").and_then(counted);
        let negative = p.get("falseNegativeCount").and_then(counted);
        found.count = positive.zip(negative).and_then(|(a, b)| a.checked_add(b));
        Some(found)
    });
    facts.curve(kind, name, found.collect(), pointer);
}

fn counted(value: &Datum) -> Option<u64> {
    super::facts::whole(value).or_else(|| value.as_str().and_then(|t| t.parse().ok()))
}
