//! Tables of values: one value in each row (long), or one metric in each column (wide).
//!
//! In: a table. Out: the runs that its rows speak of. Where a step or a time is mapped, the points of
//! a metric are a series and the last one by step, then by time, is its value. Two different values
//! of one thing without an order both stay, which the gate calls ambiguous; nothing is chosen.

use std::collections::BTreeMap;

use super::super::findings::Findings;
use super::rows::{Cell, Column, Found, Labels, Table};
use super::{Identity, MAX_RESULTS, MAX_RUNS, Place, Who};
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::model::{
    Datum, Finite, Instant, Measured, MetricResult, Point, Pointer, Rejected, Run, Series, Slice, TableMapping,
    TableRows,
};

/// Columns that are an index and no metric, where all columns of numbers are metrics.
const INDEX: &[&str] = &["", "index", "Unnamed: 0", "__index_level_0__"];

/// What makes two values speak of the same thing: metric, dataset, split, class, slices.
type Key = (u32, u32, u32, u32, Vec<u32>);

/// A value in a row.
struct Entry {
    value: Measured,
    n: Option<u64>,
    stderr: Option<Finite>,
    step: Option<i64>,
    time: Option<Instant>,
    row: usize,
    column: usize,
}

/// The rows of one run.
#[derive(Default)]
struct Rows {
    values: BTreeMap<Key, Vec<Entry>>,
    rejected: Vec<Rejected>,
    params: BTreeMap<String, Datum>,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// Everything that the columns beside a value say.
struct Context<'a> {
    table: &'a Table,
    path: &'a str,
    dataset: Labels,
    split: Labels,
    class: Labels,
    slices: Vec<Labels>,
    step: Option<&'a Column>,
    time: Option<&'a Column>,
    n: Option<&'a Column>,
    stderr: Option<&'a Column>,
}

/// Reads the runs of a table.
pub(super) fn read(table: &Table, mapping: &TableMapping, place: &Place<'_>, findings: &mut Findings<'_>) -> Vec<Run> {
    let long = mapping.rows == TableRows::Metrics;
    let column = |name: &Option<String>| name.as_deref().and_then(|name| table.column(name));
    let named = Labels::of(table, mapping.metric.as_deref().filter(|_| long), findings);
    let columns: Vec<&Column> = match column(&mapping.value) {
        Some(value) if long && named.is_there() => vec![value],
        _ if long => return Vec::new(),
        _ => metric_columns(table, mapping, findings),
    };
    let identity = Identity::new(table, mapping, findings);
    let mut labels = |name: Option<&String>| Labels::of(table, name.map(String::as_str), findings);
    let context = Context {
        table,
        path: place.path,
        dataset: labels(mapping.dataset.as_ref()),
        split: labels(mapping.split.as_ref()),
        class: labels(mapping.class.as_ref()),
        slices: mapping.slice.iter().map(|name| labels(Some(name))).collect(),
        step: column(&mapping.step),
        time: column(&mapping.time),
        n: column(&mapping.n),
        stderr: column(&mapping.stderr),
    };
    let params: Vec<&Column> = mapping.params.iter().filter_map(|name| table.column(name)).collect();
    let mut runs: BTreeMap<Who, Rows> = BTreeMap::new();
    let (mut empty, mut results) = (0, 0);
    for row in 0..table.rows {
        let Some(who) = identity.of(table, row, findings) else { continue };
        if runs.len() >= MAX_RUNS && !runs.contains_key(&who) {
            too_many(findings, "runs", MAX_RUNS);
            break;
        }
        let rows = runs.entry(who).or_default();
        let time = context.time.and_then(|c| table.moment(c, row, findings));
        rows.first = [rows.first, time].into_iter().flatten().min();
        rows.last = rows.last.max(time);
        for column in &params {
            param(table, column, row, &mut rows.params, findings);
        }
        for (at, column) in columns.iter().enumerate() {
            let metric = if long { named.id(row) } else { u32::try_from(at).unwrap_or(u32::MAX) };
            if long && metric == 0 {
                let finding = Diagnostic::new(Code::FieldMissing, "the row names no metric and is left out")
                    .severity(Severity::Error);
                table.report(findings, finding, row, Some(&named.column));
                continue;
            }
            let name = if long { named.name(metric).unwrap_or_default() } else { column.name.as_str() };
            match table.number(column, row) {
                Found::Missing => empty += 1,
                Found::Number(value) => {
                    let entry = context.entry(value, row, at, time, findings);
                    let entries = rows.values.entry(context.key(metric, row)).or_default();
                    results += usize::from(entries.is_empty());
                    entries.push(entry);
                }
                Found::Wrong(found) => {
                    let text = format!("metric '{}' is {found}, not a number", visible(name, 80));
                    let help = "a rule on this metric fails as long as it is none";
                    let finding = Diagnostic::new(Code::MetricInvalid, text).help(help);
                    table.report(findings, finding, row, Some(&column.name));
                    rows.rejected.push(context.rejected(name, found, row, column));
                    results += 1;
                }
            }
        }
        if results > MAX_RESULTS {
            too_many(findings, "different values", MAX_RESULTS);
            break;
        }
    }
    if empty > 0 {
        let finding = Diagnostic::new(Code::FieldMissing, format!("{} empty: no results", count(empty, "value")));
        findings.push(finding.severity(Severity::Note), "");
    }
    let name = |metric: u32| match usize::try_from(metric) {
        Ok(at) if !long => columns.get(at).map_or("", |c| c.name.as_str()),
        _ => named.name(metric).unwrap_or_default(),
    };
    runs.into_iter()
        .map(|(who, rows)| {
            let mut run = identity.run(place, who);
            (run.started_at, run.ended_at) = (rows.first, rows.last.filter(|last| Some(*last) > rows.first));
            run.params = rows.params;
            run.rejected = rows.rejected;
            let mut contexts: BTreeMap<u32, usize> = BTreeMap::new();
            rows.values.keys().for_each(|key| *contexts.entry(key.0).or_default() += 1);
            for (key, entries) in rows.values {
                let alone = contexts.get(&key.0) == Some(&1);
                context.add(&mut run, name(key.0), &columns, &key, entries, alone, findings);
            }
            run
        })
        .collect()
}

fn too_many(findings: &mut Findings<'_>, what: &str, limit: usize) {
    let text = format!("the table holds more than {limit} {what}; the rest is not read");
    let finding = Diagnostic::new(Code::FileTooLarge, text).help("evidence is small: split the table, or aggregate it");
    findings.push(finding, "");
}

/// The columns of a wide table that are metrics: those that are named, else every column of numbers
/// that is nothing else.
fn metric_columns<'t>(table: &'t Table, mapping: &TableMapping, findings: &mut Findings<'_>) -> Vec<&'t Column> {
    if !mapping.metrics.is_empty() {
        return mapping.metrics.iter().filter_map(|name| table.column(name)).collect();
    }
    let taken: Vec<&str> = mapping.columns().collect();
    let mut out = Vec::new();
    for column in table.columns.iter().filter(|c| !taken.contains(&c.name.as_str())) {
        if INDEX.contains(&column.name.as_str()) {
            continue;
        }
        let (mut numbers, mut others, mut first) = (0, 0, 0);
        for row in 0..table.rows {
            match table.number(column, row) {
                Found::Missing => {}
                Found::Number(_) => numbers += 1,
                Found::Wrong(_) => {
                    first = if others == 0 { row } else { first };
                    others += 1;
                }
            }
        }
        if numbers > 0 && numbers >= others {
            out.push(column);
        } else if numbers > 0 {
            let text = format!("column '{}' holds few numbers and is taken for no metric", visible(&column.name, 80));
            let finding = Diagnostic::new(Code::LeftOut, text).help("name the metrics: metrics = [\"COLUMN\", …]");
            table.report(findings, finding, first, Some(&column.name));
        }
    }
    out
}

fn param(
    table: &Table,
    column: &Column,
    row: usize,
    params: &mut BTreeMap<String, Datum>,
    findings: &mut Findings<'_>,
) {
    let value = match column.cell(row) {
        Cell::Missing | Cell::Odd(_) => return,
        _ => column.value(row),
    };
    match params.get(&column.name) {
        Some(known) if *known != value => {
            let text = format!("param '{}' has two values in one run; the first stays", visible(&column.name, 60));
            let finding = Diagnostic::new(Code::FieldInvalid, text).help("name the column of the run or the version");
            table.report(findings, finding, row, Some(&column.name));
        }
        Some(_) => {}
        None => {
            params.insert(column.name.clone(), value);
        }
    }
}

impl Context<'_> {
    fn key(&self, metric: u32, row: usize) -> Key {
        let slices = self.slices.iter().map(|labels| labels.id(row)).collect();
        (metric, self.dataset.id(row), self.split.id(row), self.class.id(row), slices)
    }

    fn entry(
        &self,
        value: Measured,
        row: usize,
        column: usize,
        time: Option<Instant>,
        findings: &mut Findings<'_>,
    ) -> Entry {
        let stderr = self.stderr.and_then(|c| match self.table.number(c, row) {
            Found::Missing => None,
            Found::Number(n) if n.finite().is_some_and(|n| n.get() >= 0.0) => n.finite(),
            _ => {
                let text = format!("column '{}': a standard error is due", visible(&c.name, 60));
                self.table.report(findings, Diagnostic::new(Code::FieldInvalid, text), row, Some(&c.name));
                None
            }
        });
        Entry {
            value,
            n: self.n.and_then(|c| self.table.count(c, row, findings)),
            stderr,
            step: self.step.and_then(|c| self.table.whole(c, row, findings)),
            time,
            row,
            column,
        }
    }

    fn slice(&self, ids: &[u32]) -> Slice {
        let terms = self.slices.iter().zip(ids);
        Slice(terms.filter_map(|(l, id)| Some((l.column.clone(), l.name(*id)?.to_owned()))).collect())
    }

    fn rejected(&self, name: &str, found: String, row: usize, column: &Column) -> Rejected {
        let (_, dataset, _, class, slices) = self.key(0, row);
        Rejected {
            metric: name.to_owned(),
            dataset: self.dataset.name(dataset).map(str::to_owned),
            slice: self.slice(&slices),
            class: self.class.name(class).map(str::to_owned),
            found,
            source: Pointer::new(self.path, self.table.pointer(row, Some(&column.name))),
        }
    }

    fn result(&self, name: &str, columns: &[&Column], key: &Key, entry: &Entry) -> MetricResult {
        let column = columns.get(entry.column).map(|c| c.name.as_str());
        let source = Pointer::new(self.path, self.table.pointer(entry.row, column));
        MetricResult {
            dataset: self.dataset.name(key.1).map(str::to_owned),
            split: self.split.name(key.2).map(str::to_owned),
            class: self.class.name(key.3).map(str::to_owned),
            slice: self.slice(&key.4),
            step: entry.step,
            n: entry.n,
            stderr: entry.stderr,
            ..MetricResult::new(name, entry.value, source)
        }
    }

    /// Adds all that is said of one thing: its final value, and the series when there is an order.
    #[expect(clippy::too_many_arguments, reason = "one call, of all that is known of one thing")]
    fn add(
        &self,
        run: &mut Run,
        name: &str,
        columns: &[&Column],
        key: &Key,
        mut entries: Vec<Entry>,
        alone: bool,
        findings: &mut Findings<'_>,
    ) {
        let ordered =
            entries.iter().all(|e| e.step.is_some()) || entries.iter().all(|e| e.step.is_none() && e.time.is_some());
        if ordered {
            entries.sort_by_key(|e| (e.step, e.time));
        }
        let order = |e: &Entry| (e.step, e.time);
        let Some(last) = entries.last().map(order) else { return };
        let finals: Vec<&Entry> = entries.iter().filter(|e| !ordered || order(e) == last).collect();
        let Some(first) = finals.first() else { return };
        let mut result = self.result(name, columns, key, first);
        let other = finals.iter().find(|e| e.value != first.value);
        if finals.len() > 1 && other.is_none() {
            // The fewest examples that any of them claims.
            result.n = finals.iter().filter_map(|e| e.n).min();
            let again = finals.get(1).map_or(first.row, |e| e.row);
            let first = self.table.pointer(first.row, None);
            let text = format!("metric '{}' is given twice with the same value (also at {first})", visible(name, 80));
            let finding = Diagnostic::new(Code::MetricRepeated, text)
                .severity(Severity::Warning)
                .help("name the columns that tell the rows apart: version, dataset, split, slice, class or step");
            self.table.report(findings, finding, again, None);
        }
        if ordered && entries.len() > finals.len() {
            let point = |e: &Entry| {
                let seconds = || e.time.map_or(0, |t| t.millis().div_euclid(1000));
                Point { step: e.step.unwrap_or_else(seconds), time: e.time, value: e.value }
            };
            let name = if alone { name.to_owned() } else { series_name(name, &result) };
            run.series.push(Series::new(name, entries.iter().map(point).collect(), result.source.clone()));
        }
        run.results.push(result);
        // The second value makes the metric ambiguous; a third would say no more.
        run.results.extend(other.map(|entry| self.result(name, columns, key, entry)));
    }
}

/// A series has no dataset, split, slice and class of its own: its name holds them where one metric
/// has several.
fn series_name(name: &str, result: &MetricResult) -> String {
    let slice = (!result.slice.is_overall()).then(|| result.slice.to_string());
    let parts = [result.dataset.clone(), result.split.clone(), slice, result.class.clone()];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { name.to_owned() } else { format!("{name} ({})", parts.join(", ")) }
}
