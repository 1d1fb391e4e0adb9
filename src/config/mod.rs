//! `presscheck.toml`, validated.
//!
//! In: the text of the configuration. Out: a [`Config`] whose every value was checked, or all the
//! diagnostics at once, each with its line. Nothing outside this module sees the file as typed. The
//! policy keys are handed to `gate::policy`, which alone decides what they mean.

pub mod drift;
mod extends;
mod raw;
mod sources;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::gate::Pattern;
use crate::gate::policy::{self, Policy};
use crate::model::{Catalogue, Direction, ExampleSpec, Finite, MetricDefinition};

pub use sources::{History, Place, SourceConfig, byte_size};

/// The schema version that this presscheck reads.
pub const SCHEMA: i64 = 1;

/// The file's usual name.
pub const FILE_NAME: &str = "presscheck.toml";

/// `[site]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The site's title.
    pub title: String,
    /// Where the site will be published, with a trailing slash; for canonical links and the sitemap.
    pub base_url: Option<String>,
    /// The output folder, relative to the project.
    pub output: String,
    /// A line at the foot of each page.
    pub footer: Option<String>,
    /// A folder with templates and assets that replace ours, relative to the project.
    pub theme: Option<String>,
    /// Where verdict files of earlier decisions are, relative to the project.
    pub verdicts: Vec<Pattern>,
    /// Whether that was said, and is not only the usual place.
    pub verdicts_named: bool,
}

/// Where `gate --out json=…` is expected to write when nothing is said.
pub const VERDICTS: &str = "verdicts/**/*.json";

/// Which versions of a model a leaderboard shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// The newest version.
    #[default]
    Latest,
    /// The version with the best value.
    Best,
    /// All versions.
    All,
}

/// `[[leaderboard]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaderboard {
    /// Its id: part of its address.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Patterns of model names (`*` and `?`); empty for all.
    pub models: Vec<String>,
    /// The metric that ranks.
    pub rank_by: String,
    /// The dataset that values must come from.
    pub dataset: Option<String>,
    /// The metrics shown, in order.
    pub columns: Vec<String>,
    /// Which versions of a model.
    pub per: Per,
}

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[site]`.
    pub site: Site,
    /// `[[source]]`, at least one.
    pub sources: Vec<SourceConfig>,
    /// The metrics catalogue: built-in entries and `[metrics.*]`.
    pub catalogue: Catalogue,
    /// `[[leaderboard]]`.
    pub leaderboards: Vec<Leaderboard>,
    /// `[drift]`.
    pub drift: drift::DriftConfig,
    /// The policy, when there is any rule.
    pub policy: Option<Policy>,
    /// Warnings about the configuration.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// What holds with no configuration: read everything below the project, no policy.
    pub fn default_for(project_name: &str) -> Self {
        let title = if project_name.is_empty() {
            "Model reports".to_owned()
        } else {
            format!("{project_name} — model reports")
        };
        Self {
            site: Site {
                title,
                base_url: None,
                output: "public".to_owned(),
                footer: None,
                theme: None,
                verdicts: Pattern::path(VERDICTS).into_iter().collect(),
                verdicts_named: false,
            },
            sources: vec![SourceConfig::everything()],
            catalogue: Catalogue::built_in(),
            leaderboards: Vec::new(),
            drift: drift::DriftConfig::default(),
            policy: None,
            warnings: Vec::new(),
        }
    }

    /// Reads a configuration that extends no other.
    ///
    /// # Errors
    /// Every diagnostic that makes the configuration unusable, in the order of the file.
    pub fn parse(text: &str, file: &str, project_name: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_with(text, file, project_name, &|_| Ok(None))
    }

    /// Reads a configuration; `read` gives the bytes of the files that it extends, by their path relative to the
    /// project, or nothing when there is no such file.
    ///
    /// # Errors
    /// As [`Config::parse`], of all files.
    pub fn parse_with(text: &str, file: &str, project_name: &str, read: Read<'_>) -> Result<Self, Vec<Diagnostic>> {
        let text: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
        let raw = raw::parse(&text, file).map_err(|d| vec![*d])?;
        let mut check = Check { text: &text, file, problems: Vec::new() };
        check.schema(&raw);
        let defaults = Self::default_for(project_name);
        let mut chain = vec![file.to_owned()];
        let inherited = extends::inherit(&mut check, raw.extends, read, &mut chain, Catalogue::built_in());
        let catalogue = check.catalogue(raw.metrics, inherited.catalogue);
        let site = check.site(raw.site, defaults.site);
        let sources = check.sources(raw.source, defaults.sources);
        let leaderboards = check.leaderboards(raw.leaderboard);
        let mut problems = check.problems;
        problems.extend(inherited.problems);
        let policy = if !raw::speaks_of_a_policy(&raw.policy) && inherited.policy.is_none() {
            None
        } else {
            match policy::validate_below(raw.policy, file, &text, &catalogue, inherited.policy.as_ref()) {
                Ok(policy) => {
                    problems.extend(policy.warnings.iter().cloned());
                    Some(policy)
                }
                Err(found) => {
                    problems.extend(found);
                    None
                }
            }
        };
        problems.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(|p| p.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { site, sources, catalogue, leaderboards, drift: raw.drift, policy, warnings })
    }
}

/// Gives the bytes of a file, or nothing when there is none.
pub type Read<'a> = &'a dyn Fn(&str) -> Result<Option<Vec<u8>>, Box<Diagnostic>>;

type Span = std::ops::Range<usize>;

/// Collects what is wrong, each with its place in the text.
struct Check<'a> {
    text: &'a Arc<str>,
    file: &'a str,
    problems: Vec<Diagnostic>,
}

impl Check<'_> {
    fn refuse(&mut self, code: Code, span: Span, message: String, label: &str, help: &str) {
        self.problems.push(Diagnostic::new(code, message).at(self.file).span(self.text, span, label).help(help));
    }

    /// Where a metric's per-example records are.
    fn examples(&mut self, raw: toml::Spanned<raw::RawExamples>) -> Option<ExampleSpec> {
        let span = raw.span();
        let raw = raw.into_inner();
        let file = raw.file.get_ref();
        let outside = file.is_empty()
            || file.starts_with('/')
            || file.contains('\\')
            || file.split('/').any(|part| matches!(part, "" | "." | ".."));
        if outside {
            self.refuse(
                Code::ConfigValue,
                raw.file.span(),
                format!("'{}' is no path below a run's folder", visible(file, 120)),
                "leaves the run's folder",
                "write it as predictions.jsonl",
            );
        }
        let paired = raw.label.is_some() && (raw.score.is_some() || raw.prediction.is_some());
        if paired == raw.value.is_some() {
            self.refuse(
                Code::ConfigValue,
                span,
                "examples need label with score or prediction, or value alone".to_owned(),
                "which column is the metric made of?",
                "label and score for an area under a curve, label and prediction for counts, value for a mean",
            );
            return None;
        }
        (!outside).then(|| ExampleSpec {
            file: file.clone(),
            id: raw.id,
            label: raw.label,
            prediction: raw.prediction,
            score: raw.score,
            value: raw.value,
            positive: raw.positive,
            cluster: raw.cluster,
        })
    }

    fn schema(&mut self, raw: &raw::RawConfig) {
        match &raw.schema {
            Some(schema) if *schema.get_ref() == SCHEMA => {}
            Some(schema) => self.refuse(
                Code::ConfigSchema,
                schema.span(),
                format!("schema {} is not supported", schema.get_ref()),
                "this version",
                "this presscheck reads schema = 1; a newer schema needs a newer presscheck",
            ),
            None => self.problems.push(
                Diagnostic::new(Code::ConfigMissingKey, "the key 'schema' is missing")
                    .at(self.file)
                    .at_line(1, 1)
                    .help("write schema = 1 as the first line, so that later versions read the file as it is meant"),
            ),
        }
    }

    fn site(&mut self, raw: Option<raw::RawSite>, defaults: Site) -> Site {
        let Some(raw) = raw else { return defaults };
        let base_url = raw.base_url.and_then(|url| {
            let text = url.get_ref().trim();
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            if rest.is_none_or(|r| r.is_empty() || r.contains(['?', '#', ' ', '"', '<'])) {
                self.refuse(
                    Code::ConfigValue,
                    url.span(),
                    format!("'{}' is no address of a site", visible(text, 80)),
                    "not http:// or https://",
                    "write it as https://acme.github.io/models/",
                );
                return None;
            }
            Some(if text.ends_with('/') { text.to_owned() } else { format!("{text}/") })
        });
        let output = raw.output.and_then(|output| {
            let text = output.get_ref().trim_end_matches('/');
            if text.is_empty() || text == "." {
                self.refuse(
                    Code::OutputUnsafe,
                    output.span(),
                    "the output folder is the project itself".to_owned(),
                    "this folder",
                    "name a folder of its own, such as \"public\"",
                );
                return None;
            }
            Some(text.to_owned())
        });
        let verdicts_named = raw.verdicts.is_some();
        let verdicts = raw.verdicts.map(|patterns| self.verdicts(&patterns));
        Site {
            title: raw.title.unwrap_or(defaults.title),
            base_url,
            output: output.unwrap_or(defaults.output),
            footer: raw.footer,
            theme: raw.theme,
            verdicts: verdicts.unwrap_or(defaults.verdicts),
            verdicts_named,
        }
    }

    /// Where earlier verdicts are.
    fn verdicts(&mut self, patterns: &[toml::Spanned<String>]) -> Vec<Pattern> {
        let mut out = Vec::new();
        for pattern in patterns {
            match Pattern::path(pattern.get_ref()) {
                Ok(pattern) => out.push(pattern),
                Err(why) => self.refuse(
                    Code::ConfigValue,
                    pattern.span(),
                    format!("'{}' is no pattern of paths: {why}", visible(pattern.get_ref(), 80)),
                    "not below the project",
                    "write it as verdicts = [\"verdicts/**/*.json\"]",
                ),
            }
        }
        out
    }

    /// The catalogue with the metrics of the file. What an extended policy says of a metric cannot be turned round.
    fn catalogue(&mut self, raw: BTreeMap<String, raw::RawMetric>, mut catalogue: Catalogue) -> Catalogue {
        let built_in = Catalogue::built_in();
        // What this file says of one name is not inherited by another one in it.
        let before = catalogue.clone();
        for (name, metric) in raw {
            let metric_span = metric.direction.as_ref().map(toml::Spanned::span);
            let inherited = before.get(&name).filter(|d| built_in.get(&name) != Some(*d)).cloned();
            let mut definition = catalogue
                .get(&name)
                .filter(|d| d.name == name)
                .cloned()
                .unwrap_or_else(|| MetricDefinition::named(name.clone()));
            if let Some(direction) = &metric.direction {
                match direction.get_ref().as_str() {
                    "higher" => definition.direction = Some(Direction::Higher),
                    "lower" => definition.direction = Some(Direction::Lower),
                    "target" => definition.direction = Some(Direction::Target),
                    "none" => definition.direction = Some(Direction::None),
                    other => self.refuse(
                        Code::ConfigValue,
                        direction.span(),
                        format!("'{}' is no direction", visible(other, 40)),
                        "which way is better?",
                        "use \"higher\", \"lower\", \"target\" or \"none\"",
                    ),
                }
            }
            if let Some(target) = &metric.target {
                match Finite::new(*target.get_ref()) {
                    Some(value) => definition.target = Some(value),
                    None => self.refuse(
                        Code::ConfigValue,
                        target.span(),
                        "a target must be a number".to_owned(),
                        "not finite",
                        "write a finite number",
                    ),
                }
            }
            if definition.direction == Some(Direction::Target) && definition.target.is_none() {
                let span = metric.direction.as_ref().map_or(0..0, toml::Spanned::span);
                self.refuse(
                    Code::ConfigMissingKey,
                    span,
                    format!("metric '{}' has a target as its direction but no 'target'", visible(&name, 80)),
                    "needs a target",
                    "add target = 1.0",
                );
            }
            if let Some(range) = &metric.range {
                match range.get_ref().as_slice() {
                    [low, high] if low < high => definition.range = Some((*low, *high)),
                    _ => self.refuse(
                        Code::ConfigValue,
                        range.span(),
                        "a range is two numbers, the smaller first".to_owned(),
                        "not a range",
                        "write range = [0.0, 1.0]; inf and -inf are allowed for an open end",
                    ),
                }
            }
            definition.stderr = metric.stderr.or(definition.stderr);
            definition.n = metric.n.or(definition.n);
            definition.proportion = metric.proportion.unwrap_or(definition.proportion);
            if let Some(examples) = metric.examples {
                definition.examples = self.examples(examples);
            }
            if let Some(unit) = metric.unit {
                definition.unit = Some(unit);
            }
            if let Some(label) = metric.label {
                definition.label = Some(label);
            }
            if let Some(aliases) = metric.aliases {
                definition.aliases = aliases;
            }
            if let Some(old) = inherited
                && ((old.direction.is_some() && old.direction != definition.direction)
                    || old.target != definition.target
                    || (old.range.is_some() && old.range != definition.range))
            {
                let span = metric_span.clone().unwrap_or(0..0);
                self.refuse(
                    Code::PolicyLoosened,
                    span,
                    format!("metric '{}' is defined otherwise by an extended policy", visible(&name, 80)),
                    "another direction, target or range",
                    "remove it here: what is inherited holds",
                );
                continue;
            }
            catalogue.insert(definition);
        }
        catalogue
    }

    fn leaderboards(&mut self, raw: Vec<toml::Spanned<raw::RawLeaderboard>>) -> Vec<Leaderboard> {
        let mut out: Vec<Leaderboard> = Vec::new();
        for board in raw {
            let board = board.into_inner();
            let id = board.id.get_ref().clone();
            if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
                self.refuse(
                    Code::ConfigValue,
                    board.id.span(),
                    "a leaderboard's id is part of its address".to_owned(),
                    "not letters, digits, '-' or '_'",
                    "write id = \"tabular\"",
                );
            }
            if out.iter().any(|b| b.id.eq_ignore_ascii_case(&id)) {
                self.refuse(
                    Code::ConfigValue,
                    board.id.span(),
                    format!("the leaderboard '{}' is defined twice", visible(&id, 60)),
                    "again here",
                    "give each leaderboard an id of its own",
                );
            }
            let per = match board.per.as_ref().map(|p| (p.get_ref().as_str(), p.span())) {
                None | Some(("latest", _)) => Per::Latest,
                Some(("best", _)) => Per::Best,
                Some(("all", _)) => Per::All,
                Some((other, span)) => {
                    self.refuse(
                        Code::ConfigValue,
                        span,
                        format!("'{}' is no choice of versions", visible(other, 40)),
                        "unknown",
                        "use \"latest\", \"best\" or \"all\"",
                    );
                    Per::Latest
                }
            };
            let columns = board.columns.unwrap_or_else(|| vec![board.rank_by.clone()]);
            out.push(Leaderboard {
                title: board.title.unwrap_or_else(|| id.clone()),
                id,
                models: board.models.unwrap_or_default(),
                rank_by: board.rank_by,
                dataset: board.dataset,
                columns,
                per,
            });
        }
        out
    }
}
