//! `[[source]]`: where evidence is, and which part of it is wanted.
//!
//! In: the tables as typed. Out: one [`SourceConfig`] each, or diagnostics with their lines. A folder
//! lies in the project; an address never holds credentials, only names of environment variables.

use std::collections::BTreeSet;
use std::time::Duration;

use super::raw::{KINDS, RawQuery, RawSource};
use super::{Check, Span};
use crate::diag::{Code, visible};
use crate::gate::Pattern;
use crate::model::{Mapping, TableMapping, duration};
use crate::remote::{Access, Address, Query, Service, without_credentials};

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder or file, relative to the project.
    Folder(String),
    /// A server or an object store.
    Remote(Address),
}

/// How much of a DVC project's git history is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Nothing.
    Off,
    /// The commits that tags name.
    Tags,
    /// Those, and every commit that changed metrics.
    Commits,
}

/// `[[source]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// Where it is.
    pub place: Place,
    /// The importer to use; `None` recognises by content.
    pub kind: Option<String>,
    /// How much of a DVC project's git history to read, when it was said.
    pub history: Option<History>,
    /// Which of a tracker's concepts is model and version.
    pub map: Option<Mapping>,
    /// What the columns of a plain table are; the source is then such a table, or a folder of them.
    pub table: Option<TableMapping>,
    /// Only files whose path below the source matches one of these; empty for all.
    pub include: Vec<Pattern>,
    /// No files whose path below the source matches one of these.
    pub exclude: Vec<Pattern>,
    /// The size above which a file is not parsed, in bytes; `None` for the default.
    pub max_file_bytes: Option<u64>,
    /// Runs that ended (or began) longer ago are left out, unless a registered version is one.
    pub max_age: Option<Duration>,
}

impl SourceConfig {
    /// The project's own folder with everything in it.
    pub(super) fn everything() -> Self {
        Self {
            place: Place::Folder(".".to_owned()),
            kind: None,
            history: None,
            map: None,
            table: None,
            include: Vec::new(),
            exclude: Vec::new(),
            max_file_bytes: None,
            max_age: None,
        }
    }

    /// The folder, when it is one.
    pub fn folder(&self) -> Option<&str> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Remote(_) => None,
        }
    }

    /// Whether a file is wanted, by its path below the source.
    pub fn wants(&self, path: &str) -> bool {
        (self.include.is_empty() || self.include.iter().any(|p| p.matches(path)))
            && !self.exclude.iter().any(|p| p.matches(path))
    }

    /// Whether `include` or `exclude` limits the source.
    pub fn is_selective(&self) -> bool {
        !(self.include.is_empty() && self.exclude.is_empty())
    }
}

impl Check<'_> {
    pub(super) fn sources(
        &mut self,
        raw: Vec<toml::Spanned<RawSource>>,
        defaults: Vec<SourceConfig>,
    ) -> Vec<SourceConfig> {
        if raw.is_empty() {
            return defaults;
        }
        raw.into_iter().filter_map(|source| self.source(source.span(), source.into_inner())).collect()
    }

    fn source(&mut self, span: Span, mut raw: RawSource) -> Option<SourceConfig> {
        let mut kind = raw.kind.take().and_then(|kind| self.kind(&kind));
        let table = self.table(span.clone(), kind.as_deref(), raw.table.take());
        if table.is_some() {
            kind = Some("table".to_owned());
        }
        let history = raw.history.take().and_then(|history| self.history(&history));
        let place = match (raw.path.take(), raw.uri.take()) {
            (Some(path), None) => path,
            (None, Some(uri)) => uri,
            (Some(_), Some(uri)) => {
                self.refuse(
                    Code::ConfigValue,
                    uri.span(),
                    "a source has 'path' or 'uri', not both".to_owned(),
                    "the second of the two",
                    "remove one",
                );
                return None;
            }
            (None, None) => {
                self.refuse(
                    Code::ConfigMissingKey,
                    span,
                    "a source needs 'path' or 'uri'".to_owned(),
                    "this source",
                    "add path = \"runs\"",
                );
                return None;
            }
        };
        let place = match place.get_ref().split_once("://") {
            None | Some(("file" | "sqlite", _)) => {
                self.only_for_servers(&raw);
                Place::Folder(self.folder(&place)?)
            }
            Some((scheme, _)) => Place::Remote(self.address(&place, scheme, kind.as_deref(), &mut raw)?),
        };
        let below = match &place {
            Place::Folder(folder) if folder == "." => String::new(),
            Place::Folder(folder) => folder.clone(),
            Place::Remote(address) => address.url.clone(),
        };
        let map = raw.map.take().map(|map| {
            for template in [&map.model, &map.version] {
                if let Err(wrong) = Mapping::check(template.get_ref()) {
                    self.refuse(
                        Code::ConfigValue,
                        template.span(),
                        wrong,
                        "in this template",
                        "use text and {experiment}, {run_name}, {run_id}, {parent}, {params.NAME}, {tags.NAME}, \
                         {stem}, {path[0]}, {path[-1]} …; {{ and }} stand for the characters themselves",
                    );
                }
            }
            Mapping { below, model: map.model.into_inner(), version: map.version.into_inner() }
        });
        let max_age = raw.max_age.as_ref().and_then(|age| self.duration(age));
        Some(SourceConfig {
            place,
            kind,
            history,
            map,
            table,
            include: self.patterns(&raw.include),
            exclude: self.patterns(&raw.exclude),
            max_file_bytes: raw.max_file_size.as_ref().and_then(|size| self.bytes(size)),
            max_age,
        })
    }

    /// `history = "commits"`, `"tags"` or `false`; `true` is all of it.
    fn history(&mut self, typed: &toml::Spanned<toml::Value>) -> Option<History> {
        match typed.get_ref() {
            toml::Value::Boolean(false) => Some(History::Off),
            toml::Value::Boolean(true) => Some(History::Commits),
            toml::Value::String(text) if text == "commits" => Some(History::Commits),
            toml::Value::String(text) if text == "tags" => Some(History::Tags),
            _ => {
                self.refuse(
                    Code::ConfigValue,
                    typed.span(),
                    "this is no choice of history".to_owned(),
                    "unknown",
                    "use \"commits\", \"tags\" or false",
                );
                None
            }
        }
    }

    fn kind(&mut self, kind: &toml::Spanned<String>) -> Option<String> {
        let name = kind.get_ref().as_str();
        if name == "auto" {
            return None;
        }
        if !KINDS.contains(&name) {
            let near = KINDS.iter().find(|k| strsim::damerau_levenshtein(k, name) <= 2);
            let help = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("use auto, or one of {}", KINDS.join(", ")),
            };
            self.refuse(
                Code::ConfigValue,
                kind.span(),
                format!("'{}' is no kind of source", visible(name, 60)),
                "unknown kind",
                &help,
            );
        }
        Some(name.to_owned())
    }

    /// A folder or file of the project; `sqlite:///mlflow.db` is a file relative to the project, as
    /// SQLAlchemy writes it.
    fn folder(&mut self, place: &toml::Spanned<String>) -> Option<String> {
        let text = place.get_ref().as_str();
        let folder =
            text.strip_prefix("sqlite:///").or_else(|| text.strip_prefix("file://")).unwrap_or(text).to_owned();
        if folder.is_empty()
            || folder.contains("://")
            // Parameters of a database's address would be taken for a part of its name.
            || (text.starts_with("sqlite:") && folder.contains(['?', '#']))
            || folder.split(['/', '\\']).any(|part| part == "..")
            || std::path::Path::new(&folder).is_absolute()
        {
            self.refuse(
                Code::ConfigValue,
                place.span(),
                format!("the source '{}' does not lie in the project", visible(&folder, 80)),
                "outside the project",
                "name a folder relative to presscheck.toml; put presscheck.toml above all of your sources",
            );
            return None;
        }
        Some(folder.trim_end_matches('/').trim_start_matches("./").to_owned())
    }

    fn address(
        &mut self,
        place: &toml::Spanned<String>,
        scheme: &str,
        kind: Option<&str>,
        raw: &mut RawSource,
    ) -> Option<Address> {
        let url = place.get_ref().trim();
        let service = match (scheme, kind) {
            ("http" | "https", Some("mlflow")) => Service::Mlflow,
            ("http" | "https", Some("prometheus")) => Service::Prometheus,
            ("https" | "http" | "s3" | "gs" | "az", _) => Service::Files,
            _ => {
                self.refuse(
                    Code::ConfigValue,
                    place.span(),
                    format!("a source of the scheme '{}' cannot be read", visible(scheme, 30)),
                    "not a scheme of a source",
                    "use a folder, sqlite:///FILE, http:// and https:// (kind mlflow or prometheus, or a file), s3://, gs:// or az://",
                );
                return None;
            }
        };
        if without_credentials(url) != url {
            // The line is named and not quoted: it holds what must not be shown.
            let line = self.text.get(..place.span().start).unwrap_or_default().matches('\n').count() + 1;
            self.problems.push(
                crate::diag::Diagnostic::new(
                    Code::ConfigValue,
                    "the address of a source holds a user, a password or a query",
                )
                .at(self.file)
                .at_line(u32::try_from(line).unwrap_or(u32::MAX), 1)
                .help(
                    "write the address alone; name the environment variables that hold the credentials with token_env, \
                     or username_env and password_env; whoever can read this file has seen them: revoke them",
                ),
            );
            return None;
        }
        let timeout = raw.timeout.as_ref().and_then(|t| self.duration(t)).unwrap_or(Duration::from_secs(30));
        let queries =
            std::mem::take(&mut raw.query).into_iter().filter_map(|q| self.query(q.into_inner())).collect::<Vec<_>>();
        let mut names = BTreeSet::new();
        let twice = queries.iter().find(|q: &&Query| !names.insert(q.name.clone()));
        if let Some(query) = twice {
            self.refuse(
                Code::ConfigValue,
                place.span(),
                format!("two queries are called '{}'", visible(&query.name, 60)),
                "in this source",
                "give each query a name of its own",
            );
        }
        if (service == Service::Prometheus) == queries.is_empty() {
            let (message, help) = if queries.is_empty() {
                ("a Prometheus source asks nothing", "add [[source.query]] with name and expr")
            } else {
                ("only a Prometheus server answers queries", "add kind = \"prometheus\", or remove [[source.query]]")
            };
            self.refuse(Code::ConfigValue, place.span(), message.to_owned(), "this source", help);
        }
        let experiments = raw.experiments.take();
        if let (Some(experiments), true) = (&experiments, service != Service::Mlflow) {
            self.refuse(
                Code::ConfigValue,
                experiments.span(),
                "only an MLflow server has experiments to choose".to_owned(),
                "not for this source",
                "remove it, or add kind = \"mlflow\"",
            );
        }
        let mut name = |value: &mut Option<toml::Spanned<String>>| {
            let value = value.take()?;
            let text = value.get_ref();
            let fine = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !fine {
                self.refuse(
                    Code::ConfigValue,
                    value.span(),
                    "this is no name of an environment variable".to_owned(),
                    "a name is due here, never the secret itself",
                    "write token_env = \"MLFLOW_TRACKING_TOKEN\"",
                );
            }
            Some(value.into_inner())
        };
        let access = Access {
            token: name(&mut raw.token_env),
            username: name(&mut raw.username_env),
            password: name(&mut raw.password_env),
        };
        Some(Address {
            url: url.trim_end_matches('/').to_owned(),
            service,
            access,
            timeout,
            experiments: experiments.map(toml::Spanned::into_inner).unwrap_or_default(),
            queries,
        })
    }

    fn query(&mut self, raw: RawQuery) -> Option<Query> {
        let day = Duration::from_secs(24 * 60 * 60);
        let range = match &raw.range {
            Some(range) => self.duration(range)?,
            None => 30 * day,
        };
        let step = match &raw.step {
            Some(step) => self.duration(step)?,
            // Prometheus answers at most 11,000 points for each series.
            None => Duration::from_secs((range.as_secs() / 500).max(15)),
        };
        if step.is_zero() || range.as_secs() / step.as_secs().max(1) > 11_000 {
            let at = raw.step.as_ref().unwrap_or(&raw.name);
            self.refuse(
                Code::ConfigValue,
                at.span(),
                "the range has more than 11,000 steps".to_owned(),
                "Prometheus refuses more",
                "choose a longer step or a shorter range",
            );
            return None;
        }
        Some(Query { name: raw.name.into_inner(), expr: raw.expr.into_inner(), range, step })
    }

    /// Keys that mean nothing for a folder are refused, not ignored.
    fn only_for_servers(&mut self, raw: &RawSource) {
        let texts = [
            ("timeout", &raw.timeout),
            ("token_env", &raw.token_env),
            ("username_env", &raw.username_env),
            ("password_env", &raw.password_env),
        ];
        let spans = texts.into_iter().filter_map(|(key, value)| value.as_ref().map(|v| (key, v.span())));
        let lists = raw.experiments.iter().map(|e| ("experiments", e.span()));
        let queries = raw.query.iter().map(|q| ("query", q.span()));
        for (key, span) in spans.chain(lists).chain(queries).collect::<Vec<_>>() {
            self.refuse(
                Code::ConfigValue,
                span,
                format!("'{key}' is for a source on a server"),
                "this source is a folder",
                "remove it, or give the source a uri",
            );
        }
    }

    fn patterns(&mut self, raw: &[toml::Spanned<String>]) -> Vec<Pattern> {
        let mut out = Vec::new();
        for pattern in raw {
            match Pattern::path(pattern.get_ref()) {
                Ok(checked) => out.push(checked),
                Err(wrong) => self.refuse(
                    Code::ConfigValue,
                    pattern.span(),
                    wrong,
                    "this pattern",
                    "a pattern is a path below the source with *, ?, ** and {a,b}, such as \"**/results_*.json\"",
                ),
            }
        }
        out
    }

    fn duration(&mut self, text: &toml::Spanned<String>) -> Option<Duration> {
        let found = duration(text.get_ref()).filter(|d| !d.is_zero());
        if found.is_none() {
            self.refuse(
                Code::ConfigValue,
                text.span(),
                format!("'{}' is no length of time", visible(text.get_ref(), 40)),
                "not a length of time",
                "write it as \"30s\", \"15m\", \"12h\", \"90d\" or \"2w\"",
            );
        }
        found
    }

    /// A size.
    fn bytes(&mut self, text: &toml::Spanned<String>) -> Option<u64> {
        let size = byte_size(text.get_ref());
        if size.is_none() {
            self.refuse(
                Code::ConfigValue,
                text.span(),
                format!("'{}' is no size", visible(text.get_ref(), 40)),
                "not a size",
                "write it as \"500kB\", \"64MiB\" or \"2GB\"",
            );
        }
        size
    }
}

/// A size in bytes: `500kB`, `64MiB`, `2 GB`, or a bare number of bytes.
pub fn byte_size(text: &str) -> Option<u64> {
    let raw = text.trim();
    let digits = raw.chars().take_while(|c| c.is_ascii_digit() || *c == '_').count();
    let (number, unit) = raw.split_at_checked(digits)?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    let number: u64 = number.replace('_', "").parse().ok()?;
    number.checked_mul(factor).filter(|n| *n > 0)
}
