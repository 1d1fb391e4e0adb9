//! `run.toml` and `model.toml`: what a run directory and a model's folder say about themselves.
//!
//! In: a file. Out: fields of the run or model. Every key is optional; a key of the wrong type is a
//! diagnostic and the rest is still read; keys that the layout does not define are kept for the raw
//! view.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic, line_column, visible};
use crate::model::{
    Artifact, Dataset, Datum, Instant, Link, Measured, ModelRecord, Run, RunForm, RunStatus, VersionRecord,
};
use crate::source::FileData;

/// Parses TOML into a datum; dates become text.
pub(in crate::import) fn toml_datum(file: &FileData) -> Result<Datum, Box<Diagnostic>> {
    let Some(text) = file.text() else {
        return Err(Box::new(
            Diagnostic::new(Code::TextEncoding, "the file is not UTF-8")
                .at(file.path.clone())
                .help("write it as UTF-8"),
        ));
    };
    text.parse::<toml::Table>().map(|table| datum(toml::Value::Table(table))).map_err(|error| {
        let problem = Diagnostic::new(Code::TomlSyntax, format!("not well-formed TOML: {}", error.message()))
            .at(file.path.clone());
        let problem = match error.span() {
            Some(span) => {
                let (line, column) = line_column(text, span.start);
                problem.at_line(line, column)
            }
            None => problem,
        };
        Box::new(problem.help("text needs quotes, a key may stand once, and a table begins with [name]"))
    })
}

fn datum(value: toml::Value) -> Datum {
    match value {
        toml::Value::String(text) => Datum::Text(text),
        toml::Value::Integer(number) => Datum::Int(number),
        toml::Value::Float(number) => Datum::Number(Measured::new(number)),
        toml::Value::Boolean(value) => Datum::Bool(value),
        toml::Value::Datetime(time) => Datum::Text(time.to_string()),
        toml::Value::Array(items) => Datum::List(items.into_iter().map(datum).collect()),
        toml::Value::Table(table) => Datum::Map(table.into_iter().map(|(k, v)| (k, datum(v))).collect()),
    }
}

/// A table whose keys are taken out one by one; what is of the wrong type is reported.
struct Table<'a> {
    entries: Vec<(String, Datum)>,
    path: &'a str,
    prefix: String,
    problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Table<'a> {
    fn new(file: &'a FileData, problems: &'a mut Vec<Diagnostic>) -> Option<Self> {
        match toml_datum(file) {
            Ok(Datum::Map(entries)) => Some(Self { entries, path: &file.path, prefix: String::new(), problems }),
            Ok(_) => None,
            Err(problem) => {
                problems.push(*problem);
                None
            }
        }
    }

    fn wrong(&mut self, key: &str, value: &Datum, due: &str) {
        self.problems.push(
            Diagnostic::new(
                Code::FieldInvalid,
                format!("'{}{}' is {}, not {due}", self.prefix, visible(key, 80), value.kind()),
            )
            .at(self.path)
            .pointer(format!("{}{key}", self.prefix))
            .help("see docs/formats/native.md for the keys of this file"),
        );
    }

    fn take(&mut self, key: &str) -> Option<Datum> {
        let at = self.entries.iter().position(|(k, _)| k == key)?;
        Some(self.entries.remove(at).1)
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Datum::Text(text) => Some(text),
            other => {
                self.wrong(key, &other, "text");
                None
            }
        }
    }

    fn time(&mut self, key: &str) -> Option<Instant> {
        let value = self.take(key)?;
        let time = value.as_str().and_then(Instant::parse);
        if time.is_none() {
            self.wrong(key, &value, "a date and time such as 2026-03-02T09:30:00Z");
        }
        time
    }

    fn count(&mut self, key: &str) -> Option<u64> {
        match self.take(key)? {
            Datum::Int(n) if n >= 0 => u64::try_from(n).ok(),
            other => {
                self.wrong(key, &other, "a whole number from 0 up");
                None
            }
        }
    }

    fn truth(&mut self, key: &str) -> Option<bool> {
        match self.take(key)? {
            Datum::Bool(value) => Some(value),
            other => {
                self.wrong(key, &other, "true or false");
                None
            }
        }
    }

    /// A table of any values.
    fn map(&mut self, key: &str) -> Vec<(String, Datum)> {
        match self.take(key) {
            None => Vec::new(),
            Some(Datum::Map(entries)) => entries,
            Some(other) => {
                self.wrong(key, &other, "a table");
                Vec::new()
            }
        }
    }

    /// A table of short texts; numbers and truth values are written as text.
    fn texts(&mut self, key: &str) -> BTreeMap<String, String> {
        self.map(key).into_iter().map(|(k, v)| (k, v.display())).collect()
    }

    fn list(&mut self, key: &str) -> Vec<String> {
        match self.take(key) {
            None => Vec::new(),
            Some(Datum::List(items)) => items.iter().map(Datum::display).collect(),
            Some(Datum::Text(text)) => vec![text],
            Some(other) => {
                self.wrong(key, &other, "a list");
                Vec::new()
            }
        }
    }

    /// Reads a table or each table of a list with `read`.
    fn each<T>(&mut self, key: &str, mut read: impl FnMut(&mut Table<'_>) -> Option<T>) -> Vec<T> {
        let tables = match self.take(key) {
            None => return Vec::new(),
            Some(Datum::List(items)) => items,
            Some(table @ Datum::Map(_)) => vec![table],
            Some(other) => {
                self.wrong(key, &other, "a table");
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        for table in tables {
            match table {
                Datum::Map(entries) => {
                    let mut inner = Table {
                        entries,
                        path: self.path,
                        prefix: format!("{}{key}.", self.prefix),
                        problems: self.problems,
                    };
                    out.extend(read(&mut inner));
                }
                other => self.wrong(key, &other, "a table"),
            }
        }
        out
    }
}

/// What `presscheck import` says of the run that it wrote.
struct Imported {
    id: Option<String>,
    source: Option<String>,
    form: Option<String>,
    deleted: bool,
}

/// Reads `run.toml` into a run; says whether it is an imported one, whose identity does not follow from
/// its folder.
pub(super) fn read_run(file: &FileData, run: &mut Run, problems: &mut Vec<Diagnostic>) -> bool {
    let Some(mut table) = Table::new(file, problems) else { return false };
    let imported = table.each("imported", |i| {
        Some(Imported {
            id: i.text("id"),
            source: i.text("source"),
            form: i.text("form"),
            deleted: i.truth("deleted").unwrap_or_default(),
        })
    });
    let is_imported = !imported.is_empty();
    for imported in imported {
        (run.model, run.version) = (None, None);
        run.id = imported.id.unwrap_or_else(|| run.id.clone());
        run.source = imported.source.unwrap_or_else(|| run.source.clone());
        run.deleted = imported.deleted;
        run.form = match imported.form.as_deref() {
            Some("tracked") => RunForm::Tracked,
            Some("document") => RunForm::Document,
            _ => RunForm::Directory,
        };
    }
    run.origin.path.clone_from(&file.path);
    if let Some(model) = table.text("model") {
        run.model = Some(model);
    }
    if let Some(version) = table.text("version") {
        run.version = Some(version);
    }
    if let Some(name) = table.text("name") {
        run.name = name;
    }
    run.description = table.text("description");
    run.experiment = table.text("experiment");
    run.started_at = table.time("created").or_else(|| table.time("started"));
    run.ended_at = table.time("ended");
    run.parent = table.text("parent");
    run.status = RunStatus::Finished;
    if let Some(status) = table.text("status") {
        match RunStatus::from_name(&status) {
            Some(status) => run.status = status,
            None => {
                run.status = RunStatus::Unknown;
                let message = format!("'{}' is no status", visible(&status, 40));
                table.problems.push(
                    Diagnostic::new(Code::FieldInvalid, message)
                        .at(file.path.clone())
                        .pointer("status")
                        .help("use finished, failed, running, scheduled or killed"),
                );
            }
        }
    }
    for git in table.each("git", |git| {
        Some(crate::model::Git {
            commit: git.text("commit"),
            branch: git.text("branch"),
            remote: git.text("remote"),
            dirty: git.truth("dirty"),
        })
    }) {
        run.git = git;
    }
    for lineage in table.each("lineage", |l| {
        Some(crate::model::Lineage {
            parent: l.text("parent"),
            base_model: l.text("base_model"),
            pipeline: l.text("pipeline"),
        })
    }) {
        run.lineage = lineage;
    }
    run.params.extend(table.map("params"));
    run.tags = table.texts("tags");
    run.system_tags = table.texts("system_tags");
    run.datasets = table.each("dataset", |d| {
        Some(Dataset {
            name: d.text("name").unwrap_or_default(),
            digest: d.text("digest"),
            role: d.text("role"),
            rows: d.count("rows"),
            uri: d.text("uri"),
        })
    });
    run.artifacts = table.each("artifact", |a| {
        let path = a.text("path")?;
        let sha256 = a.text("sha256").map(|s| s.strip_prefix("sha256:").unwrap_or(&s).to_ascii_lowercase());
        Some(Artifact { path, bytes: a.count("bytes"), sha256, kind: a.text("kind"), created: a.time("created") })
    });
    run.extra.append(&mut table.entries);
    is_imported
}

/// Reads `model.toml` into a model.
pub(super) fn read_model(file: &FileData, model: &mut ModelRecord, problems: &mut Vec<Diagnostic>) {
    let Some(mut table) = Table::new(file, problems) else { return };
    if let Some(name) = table.text("name") {
        model.name = name;
    }
    model.title = table.text("title");
    model.description = table.text("description");
    model.owners = table.list("owners");
    model.tags = table.texts("tags");
    model.aliases = table.texts("aliases");
    model.stages = table.texts("stages");
    model.links = table.each("link", |link| {
        let url = link.text("url")?;
        Some(Link { title: link.text("title").unwrap_or_else(|| url.clone()), url })
    });
    model.versions = table.each("version", |v| {
        Some(VersionRecord {
            version: v.text("version")?,
            run: v.text("run"),
            aliases: v.list("aliases"),
            stage: v.text("stage"),
            status: v.text("status"),
            description: v.text("description"),
            tags: v.texts("tags"),
            created_at: v.time("created"),
            contested: v.text("contested"),
        })
    });
    for (key, _) in std::mem::take(&mut table.entries) {
        table.problems.push(
            Diagnostic::new(Code::FieldInvalid, format!("model.toml has no key '{}'", visible(&key, 80)))
                .at(file.path.clone())
                .pointer(key)
                .help("its keys are name, title, description, owners, tags, aliases, stages, link and version"),
        );
    }
}
