//! Drift reports from files: one for each window.
//!
//! In: the tables of the reference and of each set of current data, and the settings. Out: reports in the order of
//! their windows, and diagnostics. Files that are read column by column are compared one column at a time, so that only
//! a column of each side is in memory; others one window at a time. One column or file that cannot be read does not lose
//! the rest.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::collect::{Cut, Key, MOST_WINDOWS, Read, read};
use super::column::{Collected, Finished, Limits};
use super::compare::compare;
use super::extras::Extras;
use super::judge::judge;
use super::plan::{Files, Planned, both, fields, plan, times};
use super::settings::{Kind, Settings};
use super::summary::MOST_CATEGORIES;
use super::{multivariate, performance};
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::model::{DriftReport, FeatureDrift, Finite, Instant, Pointer, Window};
use crate::rows::Table;

/// Tables that are compared as one.
#[derive(Clone, Debug)]
pub struct Data {
    /// What it is called.
    pub name: String,
    /// Its files, in order.
    pub tables: Vec<Table>,
    /// What identifies its bytes, for people.
    pub digest: Option<String>,
}

/// What was computed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// A report for each window, by time or in the order that was given.
    pub reports: Vec<DriftReport>,
    /// What could not be read, and what is odd.
    pub problems: Vec<Diagnostic>,
}

/// Summaries that are in memory at the same time, at most: a reference and a window for each thread.
const AT_ONCE: u64 = 8;

/// Bytes that a different category takes.
const CATEGORY: u64 = 200;

/// Windows of time among which the memory of one window is shared when more rows than fit come in.
const SHARED: u64 = 64;

/// Compares each set of current data with the reference; with a time column and a length of windows, all of them are
/// one, cut by time.
pub fn compute(reference: &Data, current: &[Data], settings: &Settings) -> Outcome {
    let pooled;
    let current = if settings.every.is_some() {
        let tables = current.iter().flat_map(|data| data.tables.iter().cloned()).collect();
        let name = current.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ");
        pooled = [Data { name, tables, digest: None }];
        &pooled[..]
    } else {
        current
    };
    let mut job = Job::new(reference, current, settings);
    job.extras = Extras::of(reference, current, settings, job.cut());
    if settings.multivariate {
        let columns = job.numeric_everywhere();
        job.extras.together = Some(multivariate::read(reference, current, columns, settings, job.cut()));
    }
    let all = || current.iter().chain([reference]).flat_map(|d| &d.tables);
    let mut out = if all().all(Table::columnar) { job.by_column() } else { job.by_window() };
    out.problems.extend(left_out(&fields(&reference.tables), &reference.name, settings));
    out
}

/// Columns of the reference that hold points in time and are not compared.
pub fn left_out(files: &Files<'_>, name: &str, settings: &Settings) -> Option<Diagnostic> {
    let left: Vec<String> = times(files)
        .into_iter()
        .filter(|name| settings.time.as_deref() != Some(name) && !settings.exclude.contains(name))
        .collect();
    let names = visible(&left.join(", "), 200);
    (!left.is_empty()).then(|| {
        Diagnostic::new(Code::DriftWindow, format!("points in time are not compared: {names}"))
            .severity(Severity::Note)
            .at(name)
            .help("one of them can cut the windows")
    })
}

/// Reads a set of data into summaries that can be written down and merged ([`super::partial`]).
///
/// # Errors
/// When a file of it cannot be read.
pub fn summarise(data: &Data, settings: &Settings) -> Result<Part, Box<Diagnostic>> {
    let planned = plan(&fields(&data.tables), settings, &|_| None);
    let columns = kinds(&planned);
    let alone = [];
    let job = Job::of(data, &alone, settings, Vec::new(), Vec::new());
    let cut = job.cut();
    let limits = job.limits(data, planned.len() as u64);
    let parts: Vec<Result<Read, Box<Diagnostic>>> =
        data.tables.par_iter().map(|table| read(table, &columns, cut, limits)).collect();
    let mut all = Read::default();
    for part in parts {
        all.merge(part?);
    }
    drop(columns);
    Ok(Part { name: data.name.clone(), planned, read: all, digest: None, pairs: None })
}

/// Compares summaries: those of the reference are one, those of the current data are one for each name.
///
/// # Errors
/// When two summaries of one column cannot be merged, in words.
pub fn compare_parts(reference: Vec<Part>, current: Vec<Part>, settings: &Settings) -> Result<Outcome, String> {
    let mut ours: Option<Part> = None;
    for part in reference {
        ours = Some(match ours {
            None => part,
            Some(before) => before.merge(part)?,
        });
    }
    let mut ours = ours.ok_or("there is no summary of the reference")?;
    let mut theirs: Vec<Part> = Vec::new();
    for part in current {
        match theirs.iter().position(|p| p.name == part.name || settings.every.is_some()) {
            None => theirs.push(part),
            Some(i) => {
                let before = theirs.remove(i);
                theirs.insert(i, before.merge(part)?);
            }
        }
    }
    let bare = |part: &Part| Data { name: part.name.clone(), tables: Vec::new(), digest: part.digest.clone() };
    let reference = bare(&ours);
    let data: Vec<Data> = theirs.iter().map(bare).collect();
    let plans = theirs.iter().map(|p| p.planned.clone()).collect();
    let mut job = Job::of(&reference, &data, settings, ours.planned.clone(), plans);
    if let (Some(names), Some(before)) = (&settings.labels, ours.pairs.take()) {
        let missing = || Err("predictions and labels were not read".to_owned());
        let after = theirs.iter_mut().map(|part| part.pairs.take().unwrap_or_else(missing)).collect();
        job.extras = Extras::with_pairs(names.clone(), before, after);
    }
    let found = |part: Part| -> (Vec<Planned>, Found) {
        let columns = kinds(&part.planned);
        let found = finished(&columns, part.read);
        (part.planned, Ok(found))
    };
    let (_, ours) = found(ours);
    let rows = ours.as_ref().ok().and_then(|(_, extent)| extent.rows.get(&0).copied());
    let mut out = Outcome::default();
    for (data, part) in data.iter().zip(theirs) {
        let (planned, theirs) = found(part);
        job.windows(&ours, rows, data, &planned, &theirs, &mut out);
    }
    Ok(out)
}

/// The columns that are read, with their kinds.
fn kinds(planned: &[Planned]) -> Vec<(&str, Kind)> {
    planned.iter().filter_map(|p| Some((p.name.as_str(), p.kind.clone().ok()?))).collect()
}

/// A set of data as summaries.
#[derive(Debug)]
pub struct Part {
    /// What the data is called.
    pub name: String,
    pub(super) planned: Vec<Planned>,
    pub(super) read: Read,
    /// What identifies its bytes, where that is known.
    pub(super) digest: Option<String>,
    /// Predictions and labels, where they were read.
    pub(super) pairs: Option<performance::Read>,
}

impl Part {
    /// Its columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.planned.iter().map(|p| p.name.as_str())
    }

    /// Both as one.
    fn merge(mut self, other: Self) -> Result<Self, String> {
        let columns = |part: &Self| -> Vec<(String, Result<Kind, String>)> {
            part.planned.iter().map(|p| (p.name.clone(), p.kind.clone())).collect()
        };
        if columns(&self) != columns(&other) {
            return Err(format!(
                "the summaries of '{}' and '{}' have other columns or kinds: name the kinds with --kind when they are made",
                visible(&self.name, 80),
                visible(&other.name, 80)
            ));
        }
        for (ours, theirs) in self.planned.iter_mut().zip(&other.planned) {
            ours.whole &= theirs.whole;
            ours.nothing &= theirs.nothing;
            ours.lacking += theirs.lacking;
        }
        self.read.merge(other.read);
        self.digest = None;
        Ok(self)
    }
}

/// What summaries of so many rows, cut into windows or not, may keep when so many columns are read at a time.
pub(super) fn limits(memory: u64, rows: Option<u64>, cut: bool, side_by_side: u64) -> Limits {
    let fits = (memory / 8 / AT_ONCE.max(side_by_side)).max(1_000);
    let numbers = match rows {
        Some(rows) if rows <= fits => u64::MAX,
        _ if cut => fits / SHARED,
        _ => fits,
    };
    let categories = (memory / CATEGORY / AT_ONCE.max(side_by_side)).clamp(1_000, MOST_CATEGORIES as u64);
    Limits {
        numbers: usize::try_from(numbers).unwrap_or(usize::MAX),
        categories: usize::try_from(categories).unwrap_or(MOST_CATEGORIES),
    }
}

/// What is to be done.
struct Job<'a> {
    reference: &'a Data,
    current: &'a [Data],
    settings: &'a Settings,
    ours: Vec<Planned>,
    theirs: Vec<Vec<Planned>>,
    /// The columns of all sides, in the order of the reference.
    columns: Vec<String>,
    /// What is said of rows as a whole.
    extras: Extras,
}

/// A column of a set of data by window.
type Windows = BTreeMap<Key, Finished>;

/// What is known of the windows of a set of data.
#[derive(Clone, Debug, Default)]
struct Extent {
    rows: BTreeMap<Key, u64>,
    times: BTreeMap<Key, (i64, i64)>,
    timeless: u64,
    too_many: bool,
}

impl<'a> Job<'a> {
    fn new(reference: &'a Data, current: &'a [Data], settings: &'a Settings) -> Self {
        let theirs: Vec<Files<'_>> = current.iter().map(|data| fields(&data.tables)).collect();
        let (ours, theirs) = both(&fields(&reference.tables), &theirs, settings);
        Self::of(reference, current, settings, ours, theirs)
    }

    fn of(
        reference: &'a Data,
        current: &'a [Data],
        settings: &'a Settings,
        ours: Vec<Planned>,
        theirs: Vec<Vec<Planned>>,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let names = std::iter::once(&ours).chain(&theirs).flatten().map(|p| &p.name);
        let mut columns: Vec<String> = names.filter(|name| seen.insert(name.as_str())).cloned().collect();
        // What the model says, and what is true, come first.
        if let Some((prediction, target)) = &settings.labels {
            columns.sort_by_key(|name| (name != prediction, name != target));
        }
        Self { reference, current, settings, ours, theirs, columns, extras: Extras::default() }
    }

    /// How rows of current data are cut.
    fn cut(&self) -> Option<Cut<'a>> {
        let column = self.settings.time.as_deref()?;
        Some(Cut { column, every: self.settings.every })
    }

    /// Columns that are numbers on all sides, but for what is predicted and what is true.
    fn numeric_everywhere(&self) -> Vec<String> {
        let is_numeric = |planned: &[Planned], name: &str| {
            planned.iter().any(|p| p.name == name && p.kind == Ok(Kind::Numeric) && !p.nothing)
        };
        let labels = |name: &str| self.settings.labels.as_ref().is_some_and(|(p, t)| name == p || name == t);
        let sides = || self.theirs.iter().filter(|planned| !planned.is_empty()).chain([&self.ours]);
        self.columns
            .iter()
            .filter(|name| !labels(name) && sides().all(|planned| is_numeric(planned, name)))
            .cloned()
            .collect()
    }

    /// What a summary may keep: all values where they are known to fit, else a share of the memory.
    fn limits(&self, data: &Data, side_by_side: u64) -> Limits {
        let rows: Option<u64> = data.tables.iter().map(Table::rows).sum();
        let cut = self.settings.every.is_some() && !std::ptr::eq(data, self.reference);
        limits(self.settings.memory, rows, cut, side_by_side)
    }

    /// Reads columns of a set of data, file after file.
    fn read(
        &self,
        data: &Data,
        columns: &[(&str, Kind)],
        cut: Option<Cut<'_>>,
        limits: Limits,
    ) -> Result<Read, Box<Diagnostic>> {
        let mut out = Read::default();
        for table in &data.tables {
            out.merge(read(table, columns, cut, limits)?);
        }
        Ok(out)
    }

    /// One column after the other, several at a time.
    fn by_column(&self) -> Outcome {
        let done: Vec<Compared> = self.columns.par_iter().map(|name| self.column(name)).collect();
        let mut extents: Vec<Extent> = vec![Extent::default(); self.current.len()];
        let mut ours = None;
        let mut problems: Vec<Diagnostic> = Vec::new();
        let mut entries: Vec<BTreeMap<Key, Vec<FeatureDrift>>> = vec![BTreeMap::new(); self.current.len()];
        let mut lost: Vec<Vec<FeatureDrift>> = vec![Vec::new(); self.current.len()];
        // Which windows there are says any column that was read.
        for compared in &done {
            ours = ours.or(compared.rows);
            for (extent, found) in extents.iter_mut().zip(&compared.extents) {
                if let Some(found) = found.as_ref().filter(|_| extent.rows.is_empty()) {
                    extent.clone_from(found);
                }
            }
        }
        for compared in done {
            for problem in compared.problems {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            for (i, windows) in compared.entries.into_iter().enumerate() {
                let (Some(list), Some(extent), Some(lost)) = (entries.get_mut(i), extents.get(i), lost.get_mut(i))
                else {
                    continue;
                };
                match windows {
                    Windowed::Each(windows) => {
                        for (key, features) in windows {
                            list.entry(key).or_default().extend(features);
                        }
                    }
                    // What holds of all windows.
                    Windowed::All(features) if extent.rows.is_empty() => lost.extend(features),
                    Windowed::All(features) => {
                        for key in extent.rows.keys() {
                            list.entry(*key).or_default().extend(features.iter().cloned());
                        }
                    }
                }
            }
        }
        let mut out = Outcome { reports: Vec::new(), problems };
        for (i, data) in self.current.iter().enumerate() {
            let extent = extents.get(i).cloned().unwrap_or_default();
            let mut windows = entries.get_mut(i).map(std::mem::take).unwrap_or_default();
            // Nothing of this data could be read: that is a report too.
            if windows.is_empty() {
                windows.insert(0, lost.get_mut(i).map(std::mem::take).unwrap_or_default());
            }
            self.reports(data, ours, &extent, windows, &mut out);
        }
        out
    }

    /// One column of all sides.
    fn column(&self, name: &str) -> Compared {
        let mut out = Compared { entries: Vec::new(), extents: Vec::new(), rows: None, problems: Vec::new() };
        let planned = self.ours.iter().find(|p| p.name == name);
        let mut side =
            |data: &Data, planned: Option<&Planned>, cut: Option<Cut<'_>>| -> Result<(Windows, Extent), String> {
                let kind = match planned {
                    None => return Err("lacks the column".to_owned()),
                    Some(planned) => planned.kind.clone()?,
                };
                match self.read(data, &[(name, kind)], cut, self.limits(data, 1)) {
                    Ok(mut read) => {
                        let windows = std::mem::take(&mut read.windows);
                        let finish = |mut list: Vec<Collected>| list.pop().map(Collected::finish);
                        let windows =
                            windows.into_iter().filter_map(|(key, list)| Some((key, finish(list)?))).collect();
                        Ok((windows, Extent::of(&read)))
                    }
                    Err(problem) => {
                        let why = problem.message.clone();
                        out.problems.push(*problem);
                        Err(why)
                    }
                }
            };
        let whole = planned.is_some_and(|p| p.whole);
        let ours = side(self.reference, planned, None);
        let reference: Result<&Finished, String> = match &ours {
            Ok((windows, _)) => windows.get(&0).ok_or_else(|| "the reference has no rows".to_owned()),
            Err(why) => Err(told("the reference", why)),
        };
        let mut parts = Vec::new();
        for (data, planned) in self.current.iter().zip(&self.theirs) {
            let planned = planned.iter().find(|p| p.name == name);
            let lacking = planned.map_or(0, |p| p.lacking);
            // Nothing is read that has nothing to be compared with.
            let theirs = match &reference {
                Err(why) if planned.is_some() && self.ours.iter().all(|p| p.name != name || p.kind.is_err()) => {
                    Err(why.clone())
                }
                _ => side(data, planned, self.cut()).map_err(|why| told("the current data", &why)),
            };
            let compared = |current| compare(name, whole, reference.clone(), current, lacking, self.settings);
            parts.push(match theirs {
                Ok((windows, extent)) => {
                    let each = windows.iter().map(|(key, finished)| (*key, compared(Ok(finished)))).collect();
                    (Windowed::Each(each), Some(extent))
                }
                Err(why) => (Windowed::All(compared(Err(why))), None),
            });
        }
        out.rows = ours.as_ref().ok().and_then(|(_, extent)| extent.rows.get(&0).copied());
        for (entries, extent) in parts {
            out.entries.push(entries);
            out.extents.push(extent);
        }
        out
    }

    /// The reference, then one set of current data after the other, all columns at once.
    fn by_window(&self) -> Outcome {
        let mut out = Outcome::default();
        let width = self.columns.len() as u64 * 2;
        let ours = self.whole(self.reference, &self.ours, None, width, &mut out.problems);
        let rows = ours.as_ref().ok().and_then(|(_, extent)| extent.rows.get(&0).copied());
        for (data, planned) in self.current.iter().zip(&self.theirs) {
            let theirs = self.whole(data, planned, self.cut(), width, &mut out.problems);
            self.windows(&ours, rows, data, planned, &theirs, &mut out);
        }
        out
    }

    /// All columns of each window of a set of data.
    fn windows(
        &self,
        ours: &Found,
        rows: Option<u64>,
        data: &Data,
        planned: &[Planned],
        theirs: &Found,
        out: &mut Outcome,
    ) {
        let extent = theirs.as_ref().map(|(_, extent)| extent.clone()).unwrap_or_default();
        let keys: Vec<Key> = match theirs {
            Ok((windows, _)) if !windows.is_empty() => windows.keys().copied().collect(),
            _ => vec![0],
        };
        let one = |(key, name): (Key, &String)| {
            let reference = side(name, "the reference", &self.ours, ours, 0);
            let current = side(name, "the current data", planned, theirs, key);
            let at = |planned: &[Planned]| planned.iter().find(|p| p.name == *name).cloned();
            let whole = at(&self.ours).is_some_and(|p| p.whole);
            let lacking = at(planned).map_or(0, |p| p.lacking);
            compare(name, whole, reference, current, lacking, self.settings)
        };
        let mut windows: BTreeMap<Key, Vec<FeatureDrift>> = BTreeMap::new();
        for key in keys {
            let entries: Vec<Vec<FeatureDrift>> = self.columns.par_iter().map(|name| one((key, name))).collect();
            windows.insert(key, entries.into_iter().flatten().collect());
        }
        self.reports(data, rows, &extent, windows, out);
    }

    /// All columns of a set of data, its files in parallel.
    fn whole(
        &self,
        data: &Data,
        planned: &[Planned],
        cut: Option<Cut<'_>>,
        width: u64,
        problems: &mut Vec<Diagnostic>,
    ) -> Found {
        let columns = kinds(planned);
        let limits = self.limits(data, width);
        let parts: Vec<Result<Read, Box<Diagnostic>>> =
            data.tables.par_iter().map(|table| read(table, &columns, cut, limits)).collect();
        let mut all = Read::default();
        let mut failed = None;
        for part in parts {
            match part {
                Ok(part) => all.merge(part),
                Err(problem) => {
                    failed.get_or_insert_with(|| problem.message.clone());
                    problems.push(*problem);
                }
            }
        }
        // The rest of a window's files would stand for the whole of it.
        if let Some(why) = failed {
            return Err(why);
        }
        Ok(finished(&columns, all))
    }

    /// Windows of time without a single row, which make no report.
    fn between(&self, windows: &BTreeMap<Key, Vec<FeatureDrift>>, data: &Data) -> Option<Diagnostic> {
        let every = self.settings.every?;
        let after = |(a, b): (&Key, &Key)| every.end(*a).filter(|end| end < b);
        let gaps: Vec<Key> = windows.keys().zip(windows.keys().skip(1)).filter_map(after).collect();
        let first = Instant::from_seconds(*gaps.first()?)?.minute();
        let more =
            if gaps.len() > 1 { format!(" and at {}", count(gaps.len() - 1, "other place")) } else { String::new() };
        let message = format!("'{}' has no rows in windows from {first} on{more}", visible(&data.name, 120));
        Some(
            Diagnostic::new(Code::DriftWindow, message)
                .at(data.name.clone())
                .help("a window without rows has no report: nothing is said of that time"),
        )
    }

    /// The reports of a set of data.
    fn reports(
        &self,
        data: &Data,
        reference_rows: Option<u64>,
        extent: &Extent,
        windows: BTreeMap<Key, Vec<FeatureDrift>>,
        out: &mut Outcome,
    ) {
        let index = self.current.iter().position(|d| std::ptr::eq(d, data));
        let note =
            |message: String, help: &str| Diagnostic::new(Code::DriftWindow, message).at(data.name.clone()).help(help);
        if extent.timeless > 0 {
            out.problems.push(note(
                format!(
                    "{} of '{}' have no time and are in no window",
                    count(extent.timeless as usize, "row"),
                    visible(&data.name, 120)
                ),
                "rows without a time are left out",
            ));
        }
        if extent.too_many {
            out.problems.push(
                note(
                    format!(
                        "'{}' makes more than {MOST_WINDOWS} windows; later ones are left out",
                        visible(&data.name, 120)
                    ),
                    "choose longer windows",
                )
                .severity(Severity::Error),
            );
        }
        out.problems.extend(self.between(&windows, data));
        for (key, mut features) in windows {
            let (drifted, share_drifted) = judge(&mut features, self.settings);
            if let (Some(together), Some(index)) = (&self.extras.together, index) {
                features.push(together.entry(index, key));
            }
            let rows = extent.rows.get(&key).copied();
            let moment = |millis: i64| Instant::from_millis(millis);
            let (start, end) = match (self.settings.every, extent.times.get(&key)) {
                (Some(every), _) if !extent.rows.is_empty() => {
                    (Instant::from_seconds(key), every.end(key).and_then(Instant::from_seconds))
                }
                (None, Some((first, last))) => (moment(*first), moment(last.saturating_add(1))),
                _ => (None, None),
            };
            let name = match start {
                Some(start) if self.settings.every.is_some() => start.minute().to_string(),
                _ => data.name.clone(),
            };
            if rows == Some(0) {
                out.problems.push(note(
                    format!("window '{}' has no rows", visible(&name, 120)),
                    "nothing can be said of it: its columns are not computed",
                ));
            }
            out.reports.push(DriftReport {
                id: name.clone(),
                run: None,
                tool: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
                reference: sized(self.reference, reference_rows),
                current: sized(data, rows),
                window: Window { start, end },
                drifted,
                share_drifted,
                share_threshold: Finite::new(self.settings.share),
                features,
                source: Pointer::new(name, ""),
                beside: self.extras.beside(index, key),
            });
        }
    }
}

/// A set of data that was read whole, or why it was not.
type Found = Result<(Whole, Extent), String>;

/// All columns of what was read, finished.
fn finished(columns: &[(&str, Kind)], read: Read) -> (Whole, Extent) {
    let extent = Extent::of(&read);
    let named = |list: Vec<Collected>| -> BTreeMap<String, Finished> {
        let finished: Vec<Finished> = list.into_par_iter().map(Collected::finish).collect();
        columns.iter().map(|(name, _)| (*name).to_owned()).zip(finished).collect()
    };
    (read.windows.into_iter().map(|(key, list)| (key, named(list))).collect(), extent)
}

/// A column of a side that was read whole.
fn side<'f>(name: &str, of: &str, planned: &[Planned], found: &'f Found, key: Key) -> Result<&'f Finished, String> {
    match planned.iter().find(|p| p.name == name) {
        None => return Err(told(of, "lacks the column")),
        Some(Planned { kind: Err(why), .. }) => return Err(told(of, why)),
        Some(_) => {}
    }
    let (windows, _) = found.as_ref().map_err(|why| told(of, why))?;
    windows.get(&key).and_then(|columns| columns.get(name)).ok_or_else(|| format!("{of} has no rows"))
}

/// All columns of a set of data, by window and name.
type Whole = BTreeMap<Key, BTreeMap<String, Finished>>;

/// Entries of a column.
enum Windowed {
    /// By window.
    Each(BTreeMap<Key, Vec<FeatureDrift>>),
    /// The same in each.
    All(Vec<FeatureDrift>),
}

/// A column after comparing: for each set of current data its entries and, where it was read, the windows.
struct Compared {
    entries: Vec<Windowed>,
    extents: Vec<Option<Extent>>,
    rows: Option<u64>,
    problems: Vec<Diagnostic>,
}

impl Extent {
    fn of(read: &Read) -> Self {
        Self { rows: read.rows.clone(), times: read.times.clone(), timeless: read.timeless, too_many: read.too_many }
    }
}

/// A reason with the side that it is about.
fn told(of: &str, why: &str) -> String {
    if why == "lacks the column" { format!("{of} {why}") } else { format!("{of}: {why}") }
}

/// What data is called, with what identifies it.
fn sized(data: &Data, rows: Option<u64>) -> String {
    let rows = rows.map(|rows| count(usize::try_from(rows).unwrap_or(usize::MAX), "row"));
    let facts: Vec<String> = rows.into_iter().chain(data.digest.clone()).collect();
    if facts.is_empty() { data.name.clone() } else { format!("{} ({})", data.name, facts.join(", ")) }
}
