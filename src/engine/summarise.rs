//! Summaries by queries.
//!
//! In: the reference, the current data and a view of them. Out: reports. For each side one query counts the rows of each
//! window, and for each column one query counts its different values in each window:
//! `SELECT window, value, count(*) … GROUP BY window, value`. What arrives is put into the summaries at once, so that no
//! result is ever held as a whole.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

use super::relation::{Relation, cast, quoted, relations, union};
use super::{Session, failed};
use crate::diag::{Code, Diagnostic, visible};
use crate::drift::compute::{Data, Outcome, Part, compare_parts, left_out};
use crate::drift::grouped::{Grouped, Rows};
use crate::drift::plan::{Files, Planned, both};
use crate::drift::settings::{Every, Kind, Settings};
use crate::rows::{self, Field, Form, Table};

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// A query over `data`, the rows of a side; all of its rows when there is none.
    pub sql: Option<String>,
    /// Other tables that it may name.
    pub tables: Vec<(String, Vec<Table>)>,
}

/// A set of data as relations.
#[derive(Debug)]
struct Side {
    name: String,
    digest: Option<String>,
    relations: Vec<Relation>,
}

impl Side {
    /// The columns, once for each file.
    fn files(&self) -> Files<'_> {
        self.relations.iter().flat_map(|r| std::iter::repeat_n(r.fields.as_slice(), r.files)).collect()
    }
}

/// Data that can be asked.
#[derive(Debug)]
pub struct Prepared<'s> {
    session: &'s Session,
    reference: Side,
    current: Vec<Side>,
}

impl<'s> Prepared<'s> {
    /// Makes files and a view of them known to an engine.
    ///
    /// # Errors
    /// When a query is none, would change something, or names what is not there.
    pub fn new(session: &'s Session, reference: &Data, current: &[Data], view: &View) -> Result<Self, Box<Diagnostic>> {
        for (name, tables) in &view.tables {
            let query = relations(session, &format!("table_{name}"), tables).map(|list| union(&list));
            let frame = query.and_then(|query| session.query(&query)).map_err(|why| failed(name, &why))?;
            // A name in quotes is the name that was typed.
            session
                .context
                .register_table(quoted(name), frame.into_view())
                .map_err(|error| failed(name, &error.to_string()))?;
        }
        let side = |name: &str, data: &Data| -> Result<Side, Box<Diagnostic>> {
            let relations = side(session, name, data, view.sql.as_deref()).map_err(|why| failed(&data.name, &why))?;
            Ok(Side { name: data.name.clone(), digest: data.digest.clone(), relations })
        };
        let reference = side("reference", reference)?;
        let current: Result<Vec<Side>, _> =
            current.iter().enumerate().map(|(i, data)| side(&format!("current_{i}"), data)).collect();
        Ok(Self { session, reference, current: current? })
    }

    /// The columns of all sides.
    pub fn columns(&self) -> BTreeSet<String> {
        let all = self.current.iter().chain([&self.reference]).flat_map(|s| &s.relations).flat_map(|r| &r.fields);
        all.map(|f| f.name.clone()).collect()
    }

    /// Compares each set of current data with the reference, as [`crate::drift::compute::compute`] does.
    ///
    /// # Errors
    /// When a side cannot be read at all.
    pub fn compute(mut self, settings: &Settings) -> Result<Outcome, Box<Diagnostic>> {
        if settings.every.is_some() {
            let name = self.current.iter().map(|side| side.name.as_str()).collect::<Vec<_>>().join(", ");
            let relations = self.current.drain(..).flat_map(|side| side.relations).collect();
            self.current.push(Side { name, digest: None, relations });
        }
        let theirs: Vec<Files<'_>> = self.current.iter().map(Side::files).collect();
        let (ours, theirs) = both(&self.reference.files(), &theirs, settings);
        let mut problems = Vec::new();
        let reference = self.part(&self.reference, ours, settings, true, &mut problems)?;
        let mut current = Vec::new();
        for (side, planned) in self.current.iter().zip(theirs) {
            current.push(self.part(side, planned, settings, false, &mut problems)?);
        }
        let name = self.reference.name.clone();
        let mut out = compare_parts(vec![reference], current, settings).map_err(|why| failed(&name, &why))?;
        problems.append(&mut out.problems);
        problems.extend(left_out(&self.reference.files(), &name, settings));
        out.problems = problems;
        Ok(out)
    }

    /// A side as summaries.
    fn part(
        &self,
        side: &Side,
        planned: Vec<Planned>,
        settings: &Settings,
        is_reference: bool,
        problems: &mut Vec<Diagnostic>,
    ) -> Result<Part, Box<Diagnostic>> {
        let time = settings.time.as_deref().filter(|_| !is_reference);
        let every = settings.every.filter(|_| !is_reference);
        let windows = self.windows(side, time, every).map_err(|why| failed(&side.name, &why))?;
        let mut grouped =
            Grouped::new(side.name.clone(), side.digest.clone(), planned, windows, settings, is_reference);
        for (place, name, kind) in grouped.wanted() {
            let counted = if kind == Kind::Embedding {
                Err("vectors are compared by the embedded engine only".to_owned())
            } else {
                self.count(side, &name, kind.form(), (time, every), &mut |moments, values, counts| {
                    grouped.add(place, moments, values, counts);
                })
            };
            if let Err(why) = counted {
                let why = format!("column '{}': {}", visible(&name, 80), visible(&why, 400));
                problems.push(Diagnostic::new(Code::DriftEngine, why.clone()).at(side.name.clone()));
                grouped.lose(place, why);
            }
        }
        let mut unread = None;
        if let Some((prediction, target, form)) = grouped.labels(&side.files()) {
            let read = self.labels(side, (&prediction, &target), form, (time, every), &mut grouped);
            unread = read.err();
        }
        Ok(grouped.finish(unread))
    }

    /// The rows of each window.
    fn windows(&self, side: &Side, time: Option<&str>, every: Option<Every>) -> Result<Vec<Rows>, String> {
        let branches = side.relations.iter().map(|r| {
            let moment = moment(r, time);
            format!("SELECT {} AS k, {moment} AS m FROM {}", window(&moment, every), r.from)
        });
        let sql = format!(
            "SELECT k, count(*) AS n, count(m) AS timed, min(m) AS low, max(m) AS high FROM ({}) GROUP BY k",
            branches.collect::<Vec<_>>().join(" UNION ALL ")
        );
        let mut out = Vec::new();
        self.session.run(&sql, &mut |batch| {
            let columns: Result<Vec<ArrayRef>, String> = (0..5).map(|i| whole(batch, i)).collect();
            let columns = columns?;
            let at = |i: usize, row: usize| {
                let column = columns.get(i)?.as_primitive_opt::<Int64Type>()?;
                column.is_valid(row).then(|| column.value(row))
            };
            for row in 0..batch.num_rows() {
                let count = |i| at(i, row).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
                out.push(Rows {
                    moment: at(0, row),
                    rows: count(1),
                    timed: if time.is_some() { count(2) } else { count(1) },
                    span: at(3, row).zip(at(4, row)),
                });
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// The different values of a column in each window, with the rows that hold them.
    fn count(
        &self,
        side: &Side,
        name: &str,
        form: Form,
        (time, every): (Option<&str>, Option<Every>),
        each: &mut dyn FnMut(&ArrayRef, &ArrayRef, &ArrayRef),
    ) -> Result<(), String> {
        let branches = side.relations.iter().map(|r| {
            format!("SELECT {} AS k, {} AS v FROM {}", window(&moment(r, time), every), value(r, name, form), r.from)
        });
        let sql = format!(
            "SELECT k, v, count(*) AS n FROM ({}) GROUP BY k, v",
            branches.collect::<Vec<_>>().join(" UNION ALL ")
        );
        self.session.run(&sql, &mut |batch| {
            let values = rows::cast(batch.column(1), form)?;
            each(&whole(batch, 0)?, &values, &whole(batch, 2)?);
            Ok(())
        })
    }

    /// Predictions and labels of all rows.
    fn labels(
        &self,
        side: &Side,
        (prediction, target): (&str, &str),
        form: Form,
        (time, every): (Option<&str>, Option<Every>),
        grouped: &mut Grouped<'_>,
    ) -> Result<(), String> {
        if let Some(lacking) = side.relations.iter().find(|r| r.fields.iter().all(|f| f.name != prediction)) {
            let file = if lacking.files == 1 { "a file" } else { "some files" };
            return Err(format!("{file} of '{}' lacks the column '{}'", side.name, visible(prediction, 80)));
        }
        let branches = side.relations.iter().map(|r| {
            format!(
                "SELECT {} AS k, {} AS p, {} AS t FROM {}",
                window(&moment(r, time), every),
                value(r, prediction, form),
                value(r, target, form),
                r.from
            )
        });
        self.session.run(&branches.collect::<Vec<_>>().join(" UNION ALL "), &mut |batch| {
            let (predictions, labels) = (rows::cast(batch.column(1), form)?, rows::cast(batch.column(2), form)?);
            grouped.add_labels(&whole(batch, 0)?, &predictions, &labels);
            Ok(())
        })
    }
}

/// The relations of a side: its files, or the one that the query makes of them.
fn side(session: &Session, name: &str, data: &Data, sql: Option<&str>) -> Result<Vec<Relation>, String> {
    let files = relations(session, name, &data.tables)?;
    let Some(sql) = sql else { return Ok(files) };
    if files.is_empty() {
        return Ok(files);
    }
    let text = |error: datafusion::error::DataFusionError| error.to_string();
    let rows = session.query(&union(&files))?;
    session.context.register_table("data", rows.into_view()).map_err(text)?;
    let chosen = session.query(sql);
    // The next side has its own.
    session.context.deregister_table("data").map_err(text)?;
    let chosen = chosen?;
    let fields: Vec<Field> = chosen.schema().fields().iter().map(|f| rows::field(f.name(), f.data_type())).collect();
    if let Some(twice) = fields.iter().enumerate().find(|(i, f)| fields.iter().take(*i).any(|o| o.name == f.name)) {
        return Err(format!("the query has two columns '{}': name one of them with AS", visible(&twice.1.name, 80)));
    }
    let view = format!("view_{name}");
    session.context.register_table(view.as_str(), chosen.into_view()).map_err(text)?;
    Ok(vec![Relation { from: quoted(&view), fields, files: 1 }])
}

/// A column of a batch as whole numbers.
fn whole(batch: &RecordBatch, column: usize) -> Result<ArrayRef, String> {
    arrow_cast::cast(batch.column(column), &DataType::Int64).map_err(|error| error.to_string())
}

/// A column of a relation in a form; missing where it has none.
fn value(relation: &Relation, name: &str, form: Form) -> String {
    let kind = match form {
        Form::Numbers => DataType::Float64,
        _ => DataType::Utf8,
    };
    let there = relation.fields.iter().any(|f| f.name == name);
    cast(&if there { quoted(name) } else { "NULL".to_owned() }, &kind)
}

/// When a row was, in milliseconds.
fn moment(relation: &Relation, time: Option<&str>) -> String {
    let time = time.filter(|time| relation.fields.iter().any(|f| f.name == *time));
    match time {
        Some(time) => {
            let millis = cast(&quoted(time), &DataType::Timestamp(TimeUnit::Millisecond, None));
            cast(&millis, &DataType::Int64)
        }
        None => cast("NULL", &DataType::Int64),
    }
}

/// A moment of the window that a moment lies in, the same for all moments of it.
fn window(moment: &str, every: Option<Every>) -> String {
    match every {
        None => cast("NULL", &DataType::Int64),
        Some(Every::Seconds(length)) => {
            let length = length.saturating_mul(1000);
            // Weeks begin on Mondays; 1970-01-01 was a Thursday.
            let origin = if length % 604_800_000 == 0 { 4 * 86_400_000 } else { 0 };
            format!("({moment} - ((({moment} - {origin}) % {length}) + {length}) % {length})")
        }
        Some(Every::Months(_)) => {
            let stamp = DataType::Timestamp(TimeUnit::Millisecond, None);
            let month = cast(&format!("date_trunc('month', {})", cast(moment, &stamp)), &stamp);
            cast(&month, &DataType::Int64)
        }
    }
}
