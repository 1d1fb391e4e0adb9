//! The project of a command: its configuration, and everything that its sources say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::Global;
use super::beside::with_levels;
use super::cached::Cached;
use super::terminal::{environment, environment_below};
use super::tree::Tree;
use crate::config::{Config, FILE_NAME, Place, SourceConfig};
use crate::diag::{Code, Diagnostic, Severity};
use crate::gate::{ledger, levels};
use crate::import::{self, Outline};
use crate::model::{Instant, Mapping, Records, Registry, assemble};
use crate::remote::{self, Selection, Surroundings};
use crate::source::{self, Limits, Source};

/// A project.
pub(super) struct Project {
    /// The folder that everything is relative to.
    pub(super) folder: PathBuf,
    /// The validated configuration.
    pub(super) config: Config,
    /// Folders that are no input of this command.
    pub(super) exclude: Vec<PathBuf>,
}

impl Project {
    /// Reads the configuration of a command.
    ///
    /// # Errors
    /// Everything that is wrong with it: exit 2.
    pub(super) fn load(global: &Global) -> Result<Self, Vec<Diagnostic>> {
        let folder = global.directory.clone();
        if !folder.is_dir() {
            let shown = folder.display().to_string();
            return Err(vec![
                Diagnostic::new(Code::ConfigMissing, format!("'{shown}' is no folder"))
                    .help("correct the path after -C"),
            ]);
        }
        let name = folder_name(&folder);
        let (path, shown) = match &global.config {
            Some(file) => (file.clone(), file.display().to_string()),
            None => (folder.join(FILE_NAME), FILE_NAME.to_owned()),
        };
        if global.config.is_none() && !path.exists() {
            return Ok(Self { folder, config: Config::default_for(&name), exclude: Vec::new() });
        }
        let data = source::read_file(&path, &shown).map_err(|mut problem| {
            problem.code = Code::ConfigMissing;
            vec![*problem]
        })?;
        let Some(text) = data.text() else {
            return Err(vec![
                Diagnostic::new(Code::ConfigSyntax, "the configuration is not UTF-8")
                    .at(shown)
                    .help("save it as UTF-8"),
            ]);
        };
        let tree = Tree::Folder(folder.clone());
        let config = Config::parse_with(text, &shown, &name, &|path| tree.read(path))?;
        Self { folder, config, exclude: Vec::new() }.with_levels()
    }

    /// The same project with the configuration that a commit holds: sources are still read from the folder, but
    /// what is read of them, and what is demanded, is what that commit says.
    ///
    /// # Errors
    /// When the commit has no configuration, or one that is wrong.
    pub(super) fn at(global: &Global, tree: &Tree) -> Result<Self, Vec<Diagnostic>> {
        let folder = global.directory.clone();
        let name = folder_name(&folder);
        let shown = global.config.as_ref().map_or_else(|| FILE_NAME.to_owned(), |file| file.display().to_string());
        let missing = |why: &str| {
            vec![
                Diagnostic::new(Code::TrustedRef, format!("'{shown}' {why}"))
                    .help("the policy is read from the trusted ref; merge a configuration there first"),
            ]
        };
        let below = global.config.as_ref().map_or(Some(FILE_NAME.to_owned()), |file| {
            let file = if file.is_absolute() { file.strip_prefix(folder.canonicalize().ok()?).ok()? } else { file };
            let parts: Option<Vec<&str>> = file.components().map(|c| c.as_os_str().to_str()).collect();
            parts.map(|p| p.join("/"))
        });
        let Some(below) = below else { return Err(missing("does not lie in the project")) };
        let Some(bytes) = tree.read(&below).map_err(|p| vec![*p])? else {
            return Err(missing("is not at the trusted ref"));
        };
        let text = String::from_utf8(bytes).map_err(|_| missing("is not UTF-8 at the trusted ref"))?;
        let mut config = Config::parse_with(&text, &below, &name, &|path| tree.read(path))?;
        if let Some(policy) = config.policy.take() {
            let mut policy = with_levels(policy, tree)?;
            policy.trusted_ref = tree.name();
            config.policy = Some(policy);
        }
        Ok(Self { folder, config, exclude: Vec::new() })
    }

    /// With the levels of the policy's ratchets.
    fn with_levels(mut self) -> Result<Self, Vec<Diagnostic>> {
        if let Some(policy) = self.config.policy.take() {
            self.config.policy = Some(with_levels(policy, &Tree::Folder(self.folder.clone()))?);
        }
        Ok(self)
    }

    /// The output folder.
    pub(super) fn output(&self) -> PathBuf {
        self.folder.join(&self.config.site.output)
    }

    /// The folders of the sources.
    pub(super) fn source_folders(&self) -> Vec<PathBuf> {
        self.config.sources.iter().filter_map(|s| s.folder()).map(|f| self.folder.join(f)).collect()
    }

    /// Reads all sources and links what they say, as of a moment.
    pub(super) fn registry(&self, at: Instant) -> Registry {
        self.linked(self.records(at))
    }

    /// Reads what a verdict needs: first which versions there are, then, of run directories, those that `needs` names
    /// of what is known so far; nothing for all.
    pub(super) fn registry_for(&self, at: Instant, needs: impl Fn(&Registry) -> Option<BTreeSet<String>>) -> Registry {
        let sources = self.sources();
        let begun: Vec<Begun<'_>> = sources.par_iter().map(|source| self.begin(source, at)).collect();
        let needed = if begun.iter().any(|b| b.rest.is_some()) {
            needs(&self.linked(self.joined(begun.iter().map(|b| b.records.clone()))))
        } else {
            None
        };
        let wanted = |folder: &str| needed.as_ref().is_none_or(|needed| needed.contains(folder));
        let end = |(begun, source): (Begun<'_>, &Listed<'_>)| match begun.rest {
            Some(outline) => self.placed(source, at, outline.complete(&wanted)),
            None => begun.records,
        };
        let records: Vec<Records> = begun.into_par_iter().zip(&sources).map(end).collect();
        self.linked(self.joined(records))
    }

    /// Reads a source as far as it says which versions there are, or in full.
    fn begin<'s>(&self, source: &'s Listed<'_>, at: Instant) -> Begun<'s> {
        let outlined = || match (&source.config.table, &source.files) {
            (None, Ok(files)) => import::outline(files, source.config.kind.as_deref()),
            _ => None,
        };
        match outlined() {
            Some(mut rest) => Begun { records: self.placed(source, at, rest.records()), rest: Some(rest) },
            None => Begun { records: self.read(source, at), rest: None },
        }
    }

    fn linked(&self, records: Records) -> Registry {
        let mappings: Vec<Mapping> = self.config.sources.iter().filter_map(|s| s.map.clone()).collect();
        let mut registry = assemble(records, self.config.catalogue.clone(), &mappings);
        if let Some(policy) = &self.config.policy {
            registry.problems.extend(policy.unmatched_models(&registry));
        }
        registry
    }

    /// Reads all sources, as of a moment.
    pub(super) fn records(&self, at: Instant) -> Records {
        let sources = self.sources();
        let read: Vec<Records> = sources.par_iter().map(|source| self.read(source, at)).collect();
        self.joined(read)
    }

    /// What all sources say.
    fn joined(&self, sources: impl IntoIterator<Item = Records>) -> Records {
        let mut all = Records::default();
        sources.into_iter().for_each(|records| all.append(records));
        all.problems.extend(self.config.warnings.iter().cloned());
        if !self.config.drift.report.is_empty() {
            let folders: Vec<String> =
                self.config.sources.iter().filter_map(|s| s.folder().map(str::to_owned)).collect();
            all.problems.extend(super::drift::homeless(&self.config.drift, &folders));
        }
        all
    }

    /// Lists the sources.
    fn sources(&self) -> Vec<Listed<'_>> {
        let own = [FILE_NAME, ledger::FILE_NAME, levels::FILE_NAME];
        let mut exclude = vec![self.output()];
        exclude.extend(own.iter().map(|name| self.folder.join(name)));
        exclude.extend(self.exclude.iter().cloned());
        // A statement is about the evidence and must not become part of it.
        let approvals = self.config.policy.as_ref().map(|p| &p.approvals).filter(|a| !a.required.is_empty());
        exclude.extend(approvals.map(|a| self.folder.join(&a.dir)));
        // A source inside another (runs below the project, say) is read on its own only.
        let nested: Vec<PathBuf> = self.source_folders();
        self.config
            .sources
            .par_iter()
            .enumerate()
            .map(|(rank, config)| {
                let mut exclude = exclude.to_vec();
                if let Some(folder) = config.folder() {
                    let root = self.folder.join(folder);
                    exclude.extend(nested.iter().filter(|n| **n != root && n.starts_with(&root)).cloned());
                }
                let mut files = self.list(config, &exclude);
                let mut problems = Vec::new();
                if let (Ok(source), Place::Folder(folder)) = (&mut files, &config.place)
                    && config.table.is_none()
                {
                    problems = self.compute_drift(source, folder, &nested);
                }
                Listed { rank, config, files, problems }
            })
            .collect()
    }

    /// Adds the drift reports that are computed for runs below a source.
    fn compute_drift(&self, source: &mut Source, folder: &str, nested: &[PathBuf]) -> Vec<Diagnostic> {
        let root = self.folder.join(folder);
        let mut config = self.config.drift.clone();
        // A run of a source inside this one is that one's.
        let inside = |run: &Path| nested.iter().any(|n| *n != root && n.starts_with(&root) && run.starts_with(n));
        config.report.retain(|report| !inside(&self.folder.join(&report.run)));
        let (files, mut problems) = super::drift::files(&self.folder, &config, folder);
        for path in source.add(files) {
            let message = format!("'{}' is there already: the drift that was computed is not used", path);
            problems.push(
                Diagnostic::new(Code::DriftWindow, message)
                    .severity(Severity::Error)
                    .at(path)
                    .help("remove the file, or the [[drift.report]]"),
            );
        }
        problems
    }

    /// Lists one source, or fetches it.
    fn list(&self, wanted: &SourceConfig, exclude: &[PathBuf]) -> Result<Source, Box<Diagnostic>> {
        let mut limits = Limits::default();
        if let Some(bytes) = wanted.max_file_bytes {
            (limits.file_bytes, limits.document_bytes) = (bytes, bytes);
        }
        let mut source = match &wanted.place {
            Place::Folder(folder) => Source::discover(&self.folder.join(folder), folder, exclude, limits),
            Place::Remote(address) => {
                let cache = Cached::new();
                let surroundings = Surroundings {
                    variable: &environment,
                    variables: &environment_below,
                    now: now().seconds(),
                    cache: cache.as_ref().map(|c| c as &dyn remote::Cache),
                };
                remote::fetch(address, &surroundings, &Selection { wants: &|path| wanted.wants(path), limits })
            }
        }?;
        if wanted.is_selective() {
            source.retain(|path| wanted.wants(path));
        }
        Ok(source)
    }

    /// Reads one source in full.
    fn read(&self, listed: &Listed<'_>, at: Instant) -> Records {
        let source = match &listed.files {
            Ok(source) => source,
            Err(problem) => return Records { problems: vec![(**problem).clone()], ..Records::default() },
        };
        let records = match &listed.config.table {
            Some(table) => import::import_table(source, table),
            None => import::import(source, listed.config.kind.as_deref()),
        };
        self.placed(listed, at, records)
    }

    /// What a source's files say, with its history, without what is too old, and with its place among the sources.
    fn placed(&self, listed: &Listed<'_>, at: Instant, mut records: Records) -> Records {
        let config = listed.config;
        if let Place::Folder(folder) = &config.place {
            let root = self.folder.join(folder);
            super::history::add(
                &root,
                folder,
                config.kind.as_deref(),
                config.history,
                &|path| config.wants(path),
                &mut records,
            );
        }
        if let Some(age) = config.max_age {
            records.forget_before(at.before(age));
        }
        records.runs.iter_mut().for_each(|r| r.rank = listed.rank);
        records.problems.extend(listed.problems.iter().cloned());
        records
    }
}

/// A source whose files are known.
struct Listed<'a> {
    /// Its position in the configuration.
    rank: usize,
    config: &'a SourceConfig,
    files: Result<Source, Box<Diagnostic>>,
    /// What was found while its files were made.
    problems: Vec<Diagnostic>,
}

/// A source that was read, perhaps only in outline.
struct Begun<'a> {
    records: Records,
    /// What is left to be read.
    rest: Option<Outline<'a>>,
}

/// Reads one folder or file.
pub(super) fn read_source(root: &Path, label: &str) -> Records {
    read_without(root, label, &[], None)
}

/// Reads one folder or file without some folders in it, with the importers of one kind or all.
pub(super) fn read_without(root: &Path, label: &str, exclude: &[PathBuf], kind: Option<&str>) -> Records {
    match Source::discover(root, label, exclude, Limits::default()) {
        Ok(source) => {
            let mut records = import::import(&source, kind);
            super::history::add(root, label, kind, None, &|_| true, &mut records);
            records
        }
        Err(problem) => Records { problems: vec![*problem], ..Records::default() },
    }
}

/// Whether some input could not be read.
pub(super) fn has_errors(registry: &Registry) -> bool {
    registry.problems.iter().any(|p| p.severity == Severity::Error)
}

/// The folder's own name, also when it is given as `.`.
fn folder_name(folder: &Path) -> String {
    folder.canonicalize().ok().and_then(|f| f.file_name().map(|n| n.to_string_lossy().into_owned())).unwrap_or_default()
}

/// The moment to judge at: `--as-of`, or now.
///
/// # Errors
/// When the text is no moment.
pub(super) fn moment(as_of: Option<&str>) -> Result<(Instant, crate::gate::verdict::Clock), Box<Diagnostic>> {
    use crate::gate::verdict::Clock;
    match as_of {
        None => Ok((now(), Clock::Wall)),
        Some(text) => Instant::parse(text).map(|at| (at, Clock::AsOf)).ok_or_else(|| {
            Box::new(
                Diagnostic::new(Code::ConfigValue, format!("'{}' is no moment", crate::diag::visible(text, 60)))
                    .help("write it as 2026-03-02T09:30:00Z"),
            )
        }),
    }
}

#[expect(clippy::disallowed_methods, reason = "cli is the one module that reads the clock")]
pub(super) fn now() -> Instant {
    let now = jiff::Timestamp::now();
    // Whole seconds: nobody promotes twice in one, and the rest is noise in every report.
    Instant::from_seconds(now.as_second()).unwrap_or_else(|| Instant::from(now))
}

/// The newest moment that the evidence itself names: what a site says it is "as of", so that the
/// same inputs give the same bytes on any day.
pub(super) fn data_as_of(registry: &Registry) -> Option<Instant> {
    let runs = registry.runs.iter().flat_map(|r| [r.started_at, r.ended_at]);
    let drift = registry.drift.iter().flat_map(|d| [d.window.start, d.window.end]);
    runs.chain(drift).flatten().max()
}
