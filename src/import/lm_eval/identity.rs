//! Which model a results file speaks of, and which version of it.
//!
//! In: the file's top-level object. Out: the name that the tool gives (`model_name`, else the argument
//! that names the weights, in the tool's own order), and a version: the revision, then every argument
//! that makes it another model (`dtype`, a steering vector). Arguments that only say where and how
//! fast it ran change nothing. Whatever looks like a credential is never part of a name.

use crate::import::harness::{VERSION, text};
use crate::model::{Datum, looks_secret};

/// Arguments that name the model, in the order in which the tool asks.
const NAMES: &[&str] = &["peft", "delta", "pretrained", "model", "path", "engine"];

/// Arguments that do not make it another model.
const NEUTRAL: &[&str] = &[
    "revision",
    "trust_remote_code",
    "use_accelerate",
    "parallelize",
    "device",
    "device_map",
    "device_map_option",
    "max_memory_per_gpu",
    "max_cpu_memory",
    "offload_folder",
    "gpus",
    "tensor_parallel_size",
    "data_parallel_size",
    "pipeline_parallel_size",
    "tp_size",
    "dp_size",
    "gpu_memory_utilization",
    "mem_fraction_static",
    "swap_space",
    "enforce_eager",
    "distributed_executor_backend",
    "batch_size",
    "max_batch_size",
    "max_num_seqs",
    "low_cpu_mem_usage",
    "cache_dir",
    "download_dir",
    "base_url",
    "port",
    "num_concurrent",
    "max_retries",
    "timeout",
    "tokenized_requests",
    "verify_certificate",
    "disable_log_stats",
];

/// What a file says of its model.
pub(super) struct Identity {
    pub(super) model: Option<String>,
    pub(super) version: String,
    /// The model's arguments.
    pub(super) args: Vec<(String, Datum)>,
}

/// Reads the identity.
pub(super) fn of(value: &Datum) -> Identity {
    let config = value.get("config").unwrap_or(&Datum::Null);
    let args = arguments(config.get("model_args").unwrap_or(&Datum::Null));
    let arg = |key: &str| args.iter().find(|(k, _)| k == key).map(|(_, v)| v.display()).filter(|v| !v.is_empty());
    let named = NAMES.iter().find_map(|key| arg(key).map(|name| (*key, name)));
    let model = text(value, "model_name").map(str::to_owned).or_else(|| named.as_ref().map(|(_, name)| name.clone()));
    let revision = arg("revision").filter(|r| r != VERSION);
    let mut version = revision
        .or_else(|| text(config, "model_sha").map(str::to_owned))
        .or_else(|| text(config, "model_revision").map(str::to_owned))
        .unwrap_or_else(|| VERSION.to_owned());
    let naming = named.map(|(key, _)| key).unwrap_or_default();
    let mut settings: Vec<String> = args
        .iter()
        .filter(|(key, _)| key != naming && !NEUTRAL.contains(&key.as_str()))
        .map(|(key, value)| (key, value.display()))
        .filter(|(key, value)| {
            !value.is_empty() && !looks_secret(key, value) && !key.to_ascii_lowercase().ends_with("token")
        })
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    settings.sort();
    for setting in settings {
        version.push_str(", ");
        version.push_str(&setting);
    }
    Identity { model, version, args }
}

/// `model_args` is text (`a=1,b=2`) in old files and may be a map in new ones.
fn arguments(value: &Datum) -> Vec<(String, Datum)> {
    match value {
        Datum::Map(entries) => entries.iter().filter(|(_, v)| !matches!(v, Datum::Null)).cloned().collect(),
        Datum::Text(text) => text
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.trim().to_owned(), Datum::from(spelled(value.trim()))))
            .filter(|(key, _)| !key.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

/// Python's truth values as a map would hold them: one setting, written twice, is one version.
fn spelled(value: &str) -> &str {
    match value {
        "True" => "true",
        "False" => "false",
        other => other,
    }
}
