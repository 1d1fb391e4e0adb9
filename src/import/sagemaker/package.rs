//! The model registry: the answer of `describe-model-package`, and of `list-model-packages`.
//!
//! In: JSON as the AWS CLI and boto3 write it. Out: a model (the package group) with a version; its
//! stage is the life-cycle stage, or else the approval; a run with the customer's metadata as tags,
//! and the reports of model quality, bias and drift baselines as artifacts by their address.

use super::super::facts::{Facts, present, text};
use crate::model::{Artifact, Datum, Instant, ModelRecord, RunStatus, VersionRecord};

/// Reports that a package points at: objects with `S3Uri` at any depth below these keys.
const REPORTS: [&str; 2] = ["ModelMetrics", "DriftCheckBaselines"];
/// Objects nest this deep.
const DEPTH: usize = 4;

/// Whether a JSON value describes a package.
pub(super) fn is_package(value: &Datum) -> bool {
    let arn = text(value, "ModelPackageArn").is_some_and(|a| a.contains(":model-package/"));
    let named = text(value, "ModelPackageGroupName").is_some() || text(value, "ModelPackageName").is_some();
    named && (arn || value.get("ModelPackageStatus").is_some())
}

/// Whether a JSON value lists packages.
pub(super) fn is_list(value: &Datum) -> bool {
    value
        .get("ModelPackageSummaryList")
        .and_then(Datum::items)
        .is_some_and(|items| !items.is_empty() && items.iter().all(is_package))
}

/// Reads the packages of a list.
pub(super) fn read_list(value: &Datum, facts: &mut Facts<'_>) {
    for item in value.get("ModelPackageSummaryList").and_then(Datum::items).unwrap_or_default() {
        let record = record(item);
        let models = &mut facts.document.models;
        match models.iter_mut().find(|m| m.name == record.name) {
            Some(known) => known.versions.extend(record.versions),
            None => models.push(record),
        }
    }
}

/// Reads a package.
pub(super) fn read(value: &Datum, facts: &mut Facts<'_>) {
    let record = record(value);
    let run = &mut facts.document.run;
    run.model = Some(record.name.clone());
    run.version = record.versions.first().map(|v| v.version.clone());
    run.name = run.version.as_ref().map_or_else(|| record.name.clone(), |v| format!("{} {v}", record.name));
    run.description = text(value, "ModelPackageDescription").map(str::to_owned);
    run.started_at = time(value, "CreationTime");
    run.status = match text(value, "ModelPackageStatus") {
        Some("Completed") => RunStatus::Finished,
        Some("Failed") => RunStatus::Failed,
        Some("Pending" | "InProgress") => RunStatus::Running,
        Some("Deleting") => RunStatus::Killed,
        _ => RunStatus::Unknown,
    };
    let made = value.get("MetadataProperties");
    run.git.commit = made.and_then(|m| text(m, "CommitId")).map(str::to_owned);
    run.git.remote = made.and_then(|m| text(m, "Repository")).map(str::to_owned);
    run.lineage.pipeline = made.and_then(|m| text(m, "GeneratedBy")).map(str::to_owned);
    run.tags = tags(value);
    for report in REPORTS {
        if let Some(found) = value.get(report) {
            reports(found, report, 0, facts);
        }
    }
    for key in ["Domain", "Task", "SourceUri", "SamplePayloadUrl", "SkipModelValidation", "CertifyForMarketplace"] {
        if let Some(value) = present(value, key) {
            facts.param(key, value);
        }
    }
    for key in ["ModelPackageArn", "ModelPackageStatus", "ModelApprovalStatus"] {
        facts.system_tag(key, value.get(key));
    }
    facts.param("ModelPackageArn", value.get("ModelPackageArn").unwrap_or(&Datum::Null));
    for key in ["InferenceSpecification", "ModelPackageStatusDetails", "ModelLifeCycle", "ModelCard", "CreatedBy"] {
        facts.extra(key, value.get(key));
    }
    facts.document.models.push(record);
}

fn record(value: &Datum) -> ModelRecord {
    let group = text(value, "ModelPackageGroupName");
    let name = group.or_else(|| text(value, "ModelPackageName")).unwrap_or_default();
    let mut record = ModelRecord { name: name.to_owned(), ..ModelRecord::default() };
    let number = present(value, "ModelPackageVersion").map(Datum::display);
    // The ARN ends in the version when the answer leaves it out.
    let last = || {
        text(value, "ModelPackageArn")
            .and_then(|a| a.rsplit('/').next())
            .filter(|v| v.bytes().all(|b| b.is_ascii_digit()))
    };
    if let Some(version) = number.or_else(|| group.and_then(|_| last()).map(str::to_owned)) {
        let cycle = value.get("ModelLifeCycle");
        let approval = text(value, "ModelApprovalStatus");
        record.versions.push(VersionRecord {
            version,
            stage: cycle.and_then(|c| text(c, "Stage")).or(approval).map(str::to_owned),
            status: text(value, "ModelPackageStatus").map(str::to_owned),
            description: text(value, "ModelPackageDescription")
                .or_else(|| text(value, "ApprovalDescription"))
                .map(str::to_owned),
            tags: tags(value),
            created_at: time(value, "CreationTime"),
            ..VersionRecord::default()
        });
    }
    record
}

/// The customer's metadata, and the approval.
fn tags(value: &Datum) -> std::collections::BTreeMap<String, String> {
    let metadata = value.get("CustomerMetadataProperties").and_then(Datum::entries).unwrap_or_default();
    let mut out: std::collections::BTreeMap<String, String> =
        metadata.iter().map(|(k, v)| (k.clone(), v.display())).collect();
    for key in ["ModelApprovalStatus", "ApprovalDescription"] {
        if let Some(text) = text(value, key) {
            out.entry(key.to_owned()).or_insert_with(|| text.to_owned());
        }
    }
    out
}

/// A time as text, or as seconds since 1970.
fn time(value: &Datum, key: &str) -> Option<Instant> {
    match value.get(key)? {
        Datum::Text(text) => Instant::parse(text),
        Datum::Int(seconds) => Instant::from_seconds(*seconds),
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
        Datum::Number(seconds) => seconds.finite().and_then(|s| Instant::from_millis((s.get() * 1_000.0) as i64)),
        _ => None,
    }
}

fn reports(value: &Datum, name: &str, depth: usize, facts: &mut Facts<'_>) {
    if let Some(uri) = text(value, "S3Uri") {
        let (path, kind) = (uri.to_owned(), Some(name.to_owned()));
        facts.document.run.artifacts.push(Artifact { path, kind, ..Artifact::default() });
    } else if depth < DEPTH {
        for (key, below) in value.entries().unwrap_or_default() {
            reports(below, &format!("{name}.{key}"), depth + 1, facts);
        }
    }
}
