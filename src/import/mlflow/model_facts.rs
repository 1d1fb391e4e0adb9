//! What `MLmodel` and the files beside it say of a model: signature, flavors, versions, requirements.
//!
//! In: the folder of a logged model. Out: facts under `model.…` keys of the run's raw view, as text
//! that people read. See MLflow's "Model format": `MLmodel` is YAML, the signature's parts are JSON in
//! text. Requirements are `requirements.txt`, else the `dependencies` of `python_env.yaml` or
//! `conda.yaml`.

use crate::diag::{Code, Diagnostic, Severity};
use crate::import::{Folder, json, yaml};
use crate::model::{Datum, Run};
use crate::source::FileData;

/// The file that makes a folder one of a model.
pub(super) const FILE: &str = "MLmodel";

/// Columns and requirements that are kept.
const ITEMS: usize = 500;

/// Bytes of a file of this kind, at most.
const BYTES: u64 = 1 << 20;

/// Reads the facts; `name` tells several models of one run apart.
pub(super) fn read(folder: &Folder<'_>, name: Option<&str>, run: &mut Run, problems: &mut Vec<Diagnostic>) {
    let mut facts: Vec<(&'static str, Datum)> = Vec::new();
    match load(folder, FILE) {
        Some(Ok(data)) => match yaml(&data) {
            Ok(model) => describe(&model, &mut facts),
            Err(problem) => problems.push(problem.severity(Severity::Warning)),
        },
        Some(Err(problem)) => problems.push(problem.severity(Severity::Warning)),
        None => {}
    }
    let mut list = |file: &str, of: fn(&FileData) -> Vec<String>| -> bool {
        match load(folder, file) {
            Some(Ok(data)) => {
                let items = of(&data);
                let some = !items.is_empty();
                if some {
                    facts.push(("requirements", Datum::List(items.into_iter().take(ITEMS).map(Datum::Text).collect())));
                }
                some
            }
            Some(Err(problem)) => {
                problems.push(problem.severity(Severity::Warning));
                false
            }
            None => false,
        }
    };
    let _ = list("requirements.txt", of_text) || list("conda.yaml", of_conda) || list("python_env.yaml", of_env);
    for (key, value) in facts {
        let prefix = name.map_or_else(|| "model".to_owned(), |name| format!("model {name}"));
        run.extra.push((format!("{prefix}.{key}"), value));
    }
}

fn load(folder: &Folder<'_>, file: &str) -> Option<Result<std::sync::Arc<FileData>, Box<Diagnostic>>> {
    folder.file(file).filter(|entry| entry.size() <= BYTES).map(|entry| folder.read(entry))
}

/// Values that are text whatever they look like: versions.
const TEXTS: &[&str] =
    &["mlflow_version", "python_version", "sklearn_version", "utc_time_created", "run_id", "model_uuid", "python"];

fn yaml(data: &FileData) -> Result<Datum, Box<Diagnostic>> {
    let text = data
        .text()
        .ok_or_else(|| Box::new(Diagnostic::new(Code::TextEncoding, "the file is not UTF-8").at(data.path.clone())))?;
    yaml::parse_with_texts(text, TEXTS).map_err(|error| Box::new(error.diagnostic(&data.path, 0)))
}

fn describe(model: &Datum, facts: &mut Vec<(&'static str, Datum)>) {
    let signature = model.get("signature");
    for (key, part) in
        [("signature.inputs", "inputs"), ("signature.outputs", "outputs"), ("signature.params", "params")]
    {
        let columns = signature.and_then(|s| s.get(part)).and_then(Datum::as_str).map(columns).unwrap_or_default();
        if !columns.is_empty() {
            facts.push((key, Datum::List(columns)));
        }
    }
    let flavors = model.get("flavors").and_then(Datum::entries).unwrap_or_default();
    let names = flavors.iter().map(|(name, fields)| {
        // `sklearn_version` of `sklearn`, `pytorch_version` of `pytorch`, …; the Python function has none.
        let version = fields.get(&format!("{name}_version")).or_else(|| {
            fields.entries()?.iter().find(|(k, _)| k.ends_with("_version") && k != "python_version").map(|(_, v)| v)
        });
        Datum::Text(version.map_or_else(|| name.clone(), |version| format!("{name} {}", version.display())))
    });
    let names: Vec<Datum> = names.take(ITEMS).collect();
    if !names.is_empty() {
        facts.push(("flavors", Datum::List(names)));
    }
    let python = flavors.iter().find_map(|(_, fields)| fields.get("python_version"));
    for (key, value) in [
        ("python_version", python),
        ("mlflow_version", model.get("mlflow_version")),
        ("size_bytes", model.get("model_size_bytes")),
        ("created", model.get("utc_time_created")),
    ] {
        facts.extend(value.filter(|v| **v != Datum::Null).map(|value| (key, value.clone())));
    }
}

/// The columns of a signature as `name: type`.
fn columns(text: &str) -> Vec<Datum> {
    let Ok(parsed) = json::parse(&FileData::from_bytes("signature", text)) else {
        return vec![Datum::Text(text.chars().take(400).collect())];
    };
    let Some(items) = parsed.value.items() else { return vec![parsed.value] };
    items.iter().take(ITEMS).map(|column| Datum::Text(self::column(column))).collect()
}

fn column(column: &Datum) -> String {
    let text = |key: &str| column.get(key).and_then(Datum::as_str);
    let kind = match (text("type"), column.get("tensor-spec")) {
        (_, Some(spec)) => {
            let part = |key: &str| spec.get(key).map(Datum::display).unwrap_or_default();
            format!("{}[{}]", part("dtype"), part("shape"))
        }
        (Some(kind), None) => nested(column, kind),
        (None, None) => column.get("dtype").map(Datum::display).unwrap_or_default(),
    };
    let mut out = text("name").map_or_else(|| kind.clone(), |name| format!("{name}: {kind}"));
    if column.get("required") == Some(&Datum::Bool(false)) {
        out.push_str(" (optional)");
    }
    if let Some(default) = column.get("default").filter(|d| **d != Datum::Null) {
        out.push_str(&format!(" = {}", default.display()));
    }
    out
}

/// Arrays, objects and maps name what they hold.
fn nested(column: &Datum, kind: &str) -> String {
    let of = |key: &str| column.get(key).and_then(|inner| inner.get("type")).and_then(Datum::as_str);
    match kind {
        "array" => of("items").map_or_else(|| kind.to_owned(), |inner| format!("array of {inner}")),
        "map" => of("values").map_or_else(|| kind.to_owned(), |inner| format!("map of {inner}")),
        "object" => {
            let names: Vec<&str> = column
                .get("properties")
                .and_then(Datum::entries)
                .unwrap_or_default()
                .iter()
                .take(20)
                .map(|(name, _)| name.as_str())
                .collect();
            if names.is_empty() { kind.to_owned() } else { format!("object of {}", names.join(", ")) }
        }
        _ => kind.to_owned(),
    }
}

fn of_text(data: &FileData) -> Vec<String> {
    let lines = data.text().unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn of_env(data: &FileData) -> Vec<String> {
    let parsed = yaml(data).unwrap_or(Datum::Null);
    let items = parsed.get("dependencies").and_then(Datum::items).unwrap_or_default();
    items.iter().map(Datum::display).filter(|item| !item.starts_with("-r ")).collect()
}

fn of_conda(data: &FileData) -> Vec<String> {
    let parsed = yaml(data).unwrap_or(Datum::Null);
    let mut out = Vec::new();
    for item in parsed.get("dependencies").and_then(Datum::items).unwrap_or_default() {
        match item.get("pip").and_then(Datum::items) {
            Some(inner) => out.extend(inner.iter().map(Datum::display)),
            None => out.push(item.display()),
        }
    }
    out
}
