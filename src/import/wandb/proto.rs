//! The protocol buffers of a `.wandb` log, as far as they are read.
//!
//! Derived by hand from `wandb/proto/wandb_internal.proto`; field numbers are the same in all versions
//! that are known (0.10 to 0.31). Console output, system statistics and telemetry are skipped.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    #[prost(message, optional, tag = "2")]
    pub(super) history: Option<History>,
    #[prost(message, optional, tag = "3")]
    pub(super) summary: Option<Items>,
    #[prost(message, optional, tag = "5")]
    pub(super) config: Option<Items>,
    #[prost(message, optional, tag = "6")]
    pub(super) files: Option<Files>,
    #[prost(message, optional, tag = "8")]
    pub(super) artifact: Option<ArtifactRecord>,
    #[prost(message, optional, tag = "12")]
    pub(super) metric: Option<MetricRecord>,
    #[prost(message, optional, tag = "17")]
    pub(super) run: Option<Run>,
    #[prost(message, optional, tag = "18")]
    pub(super) exit: Option<Exit>,
    #[prost(message, optional, tag = "21")]
    pub(super) header: Option<Header>,
    #[prost(message, optional, tag = "25")]
    pub(super) use_artifact: Option<UseArtifact>,
    #[prost(message, optional, tag = "26")]
    pub(super) environment: Option<Environment>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct History {
    #[prost(message, repeated, tag = "1")]
    pub(super) item: Vec<HistoryItem>,
    #[prost(message, optional, tag = "2")]
    pub(super) step: Option<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Step {
    #[prost(int64, tag = "1")]
    pub(super) num: i64,
}

/// A value is JSON in `value_json`, or, in newer versions, one of the typed fields.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HistoryItem {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) nested_key: Vec<String>,
    #[prost(int32, optional, tag = "3")]
    pub(super) none: Option<i32>,
    #[prost(bool, optional, tag = "4")]
    pub(super) boolean: Option<bool>,
    #[prost(sint64, optional, tag = "5")]
    pub(super) integer: Option<i64>,
    #[prost(double, optional, tag = "6")]
    pub(super) number: Option<f64>,
    #[prost(string, optional, tag = "7")]
    pub(super) text: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub(super) json: Option<String>,
    #[prost(string, tag = "16")]
    pub(super) value_json: String,
}

/// Changes of the summary or of the configuration.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Items {
    #[prost(message, repeated, tag = "1")]
    pub(super) update: Vec<Item>,
    #[prost(message, repeated, tag = "2")]
    pub(super) remove: Vec<Item>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Item {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, repeated, tag = "2")]
    pub(super) nested_key: Vec<String>,
    #[prost(string, tag = "16")]
    pub(super) value_json: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Files {
    #[prost(message, repeated, tag = "1")]
    pub(super) files: Vec<FileItem>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct FileItem {
    #[prost(string, tag = "1")]
    pub(super) path: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct ArtifactRecord {
    #[prost(string, tag = "4")]
    pub(super) kind: String,
    #[prost(string, tag = "5")]
    pub(super) name: String,
    #[prost(string, tag = "6")]
    pub(super) digest: String,
    #[prost(string, repeated, tag = "11")]
    pub(super) aliases: Vec<String>,
    #[prost(message, optional, tag = "12")]
    pub(super) manifest: Option<Manifest>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Manifest {
    #[prost(message, repeated, tag = "4")]
    pub(super) contents: Vec<ManifestEntry>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct ManifestEntry {
    #[prost(string, tag = "1")]
    pub(super) path: String,
    #[prost(int64, tag = "4")]
    pub(super) size: i64,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct MetricRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) glob_name: String,
    #[prost(string, tag = "4")]
    pub(super) step_metric: String,
    /// 1 is minimize, 2 is maximize.
    #[prost(int32, tag = "8")]
    pub(super) goal: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Run {
    #[prost(string, tag = "1")]
    pub(super) run_id: String,
    #[prost(string, tag = "2")]
    pub(super) entity: String,
    #[prost(string, tag = "3")]
    pub(super) project: String,
    #[prost(message, optional, tag = "4")]
    pub(super) config: Option<Items>,
    #[prost(message, optional, tag = "5")]
    pub(super) summary: Option<Items>,
    #[prost(string, tag = "6")]
    pub(super) run_group: String,
    #[prost(string, tag = "7")]
    pub(super) job_type: String,
    #[prost(string, tag = "8")]
    pub(super) display_name: String,
    #[prost(string, tag = "9")]
    pub(super) notes: String,
    #[prost(string, repeated, tag = "10")]
    pub(super) tags: Vec<String>,
    #[prost(string, tag = "12")]
    pub(super) sweep_id: String,
    #[prost(string, tag = "13")]
    pub(super) host: String,
    #[prost(message, optional, tag = "17")]
    pub(super) start_time: Option<Timestamp>,
    #[prost(bool, tag = "18")]
    pub(super) resumed: bool,
    #[prost(message, optional, tag = "21")]
    pub(super) git: Option<GitRepo>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct GitRepo {
    #[prost(string, tag = "1")]
    pub(super) remote_url: String,
    #[prost(string, tag = "2")]
    pub(super) commit: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(super) struct Exit {
    #[prost(int32, tag = "1")]
    pub(super) exit_code: i32,
    #[prost(int32, tag = "2")]
    pub(super) runtime: i32,
    #[prost(bool, tag = "3")]
    pub(super) not_complete: bool,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Header {
    #[prost(message, optional, tag = "1")]
    pub(super) version_info: Option<VersionInfo>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct VersionInfo {
    #[prost(string, tag = "1")]
    pub(super) producer: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct UseArtifact {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) kind: String,
    #[prost(string, tag = "3")]
    pub(super) name: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Environment {
    #[prost(string, tag = "1")]
    pub(super) os: String,
    #[prost(string, tag = "2")]
    pub(super) python: String,
    #[prost(message, optional, tag = "3")]
    pub(super) started_at: Option<Timestamp>,
    #[prost(string, tag = "4")]
    pub(super) docker: String,
    #[prost(string, repeated, tag = "5")]
    pub(super) args: Vec<String>,
    #[prost(string, tag = "6")]
    pub(super) program: String,
    #[prost(string, tag = "7")]
    pub(super) code_path: String,
    #[prost(message, optional, tag = "9")]
    pub(super) git: Option<GitRepo>,
    #[prost(uint32, tag = "16")]
    pub(super) cpu_count: u32,
    #[prost(string, tag = "18")]
    pub(super) gpu_type: String,
    #[prost(uint32, tag = "19")]
    pub(super) gpu_count: u32,
    #[prost(string, tag = "25")]
    pub(super) cuda_version: String,
}
