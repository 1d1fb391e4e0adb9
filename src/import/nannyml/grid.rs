//! The columns of a result by what they say, from any of the four ways in which pandas writes them.
//!
//! In: a CSV table or a Parquet frame. Out: a [`Grid`]. CSV has two header rows (metric or column,
//! field) or three (column, method, field); `multilevel=False` joins them with `_`; Parquet has the
//! flat names or the tuples of the levels as Python prints them. Flat names are ambiguous where
//! columns hold `_`: the field is the longest known ending, and the method is taken off only when
//! all columns of the file end in a known one. An index column that pandas adds is left out.

use crate::import::parquet::Frame;
use crate::import::table::Table;
use crate::model::Datum;

/// Fields of a value, the longest first where one ends in another.
const FIELDS: &[(&str, Field)] = &[
    ("upper_confidence_boundary", Field::UpperConfidence),
    ("lower_confidence_boundary", Field::LowerConfidence),
    ("upper_threshold", Field::UpperThreshold),
    ("lower_threshold", Field::LowerThreshold),
    ("sampling_error", Field::SamplingError),
    ("realized", Field::Realized),
    ("value", Field::Value),
    ("alert", Field::Alert),
];

/// Methods of the univariate drift calculator.
pub(super) const METHODS: &[&str] =
    &["jensen_shannon", "kolmogorov_smirnov", "wasserstein", "hellinger", "chi2", "l_infinity"];

/// Metrics of performance calculators, by which old files without a rate of missing targets are known.
const METRICS: &[&str] = &[
    "roc_auc",
    "f1",
    "precision",
    "recall",
    "specificity",
    "accuracy",
    "average_precision",
    "business_value",
    "true_positive",
    "true_negative",
    "false_positive",
    "false_negative",
    "mae",
    "mape",
    "mse",
    "msle",
    "rmse",
    "rmsle",
];

/// What a column holds of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Value,
    UpperThreshold,
    LowerThreshold,
    Alert,
    SamplingError,
    Realized,
    UpperConfidence,
    LowerConfidence,
}

/// What calculator wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Drift of each column by one or more methods.
    Univariate,
    /// Drift of all columns together.
    Multivariate,
    /// Estimated performance (CBPE, DLE).
    Estimated,
    /// Performance calculated from targets.
    Realized,
    /// A number for each column: data quality or a summary statistic; the file does not say which.
    Columns,
}

/// Values that belong together: a metric, or a column and a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The metric or column.
    pub(super) name: String,
    /// The method, in files of univariate drift.
    pub(super) method: Option<String>,
    fields: Vec<(Field, usize)>,
}

impl Group {
    /// Whether it has a field.
    pub(super) fn has(&self, field: Field) -> bool {
        self.fields.iter().any(|(f, _)| *f == field)
    }

    fn column(&self, field: Field) -> Option<usize> {
        self.fields.iter().find(|(f, _)| *f == field).map(|(_, at)| *at)
    }
}

/// A result: its chunk columns, its groups and its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grid {
    chunk: Vec<(String, usize)>,
    /// The groups, in the order of the file.
    pub(super) groups: Vec<Group>,
    rows: Vec<Vec<Datum>>,
    /// Lines of the header, for places; 0 where rows have no lines.
    header: usize,
}

/// Whether columns of these names are a result.
pub(super) fn of_names(names: &[String]) -> bool {
    Grid::labelled(names.iter().map(|n| levels(n)).collect()).is_result()
}

/// Whether a table is a result; looks at its first three rows only.
pub(super) fn of_table(table: &Table) -> bool {
    let chunk = |c: &String| c == "chunk" || c.starts_with("chunk_");
    table.columns.iter().take(4).any(chunk) && Grid::labelled(table_labels(table).0).is_result()
}

/// The levels of each column of a table, and how many rows below the first are header.
fn table_labels(table: &Table) -> (Vec<Vec<String>>, usize) {
    let at = table.columns.iter().position(|c| c == "chunk");
    let cell = |row: usize, column: usize| table.rows.get(row).and_then(|r| r.get(column)).map(String::as_str);
    let more = match at {
        Some(at) if cell(0, at) == Some("key") => 1,
        Some(at) if cell(0, at) == Some("chunk") && cell(1, at) == Some("key") => 2,
        _ => 0,
    };
    let labels = table.columns.iter().enumerate().map(|(column, top)| {
        let below = (0..more).map(|row| cell(row, column).unwrap_or_default().to_owned());
        std::iter::once(top.clone()).chain(below).collect()
    });
    (labels.collect(), more)
}

impl Grid {
    /// The result in a table.
    pub(super) fn from_table(table: &Table) -> Self {
        let (labels, more) = table_labels(table);
        let mut out = Self::labelled(labels);
        out.header = more + 2;
        let cell = |text: &String| if text.is_empty() { Datum::Null } else { Datum::Text(text.clone()) };
        out.rows = table.rows.iter().skip(more).map(|row| row.iter().map(cell).collect()).collect();
        out
    }

    /// The result in a frame.
    pub(super) fn from_frame(frame: Frame) -> Self {
        let mut out = Self::labelled(frame.columns.iter().map(|c| levels(&c.name)).collect());
        let mut columns: Vec<_> = frame.columns.into_iter().map(|c| c.cells.into_iter()).collect();
        out.rows =
            (0..frame.rows).map(|_| columns.iter_mut().map(|c| c.next().unwrap_or(Datum::Null)).collect()).collect();
        out
    }

    fn labelled(labels: Vec<Vec<String>>) -> Self {
        let mut out = Self::default();
        let mut flat: Vec<(String, Field, usize)> = Vec::new();
        for (at, label) in labels.into_iter().enumerate() {
            let [head, middle @ .., last] = label.as_slice() else {
                if let [name] = label.as_slice() {
                    match name.strip_prefix("chunk_") {
                        Some(rest) => out.chunk.push((chunk_field(rest).to_owned(), at)),
                        None => flat.extend(flat_field(name).map(|(group, field)| (group, field, at))),
                    }
                }
                continue;
            };
            if head == "chunk" {
                out.chunk.push((chunk_field(last).to_owned(), at));
            } else if let Some((_, field)) = FIELDS.iter().find(|(name, _)| name == last) {
                out.add(head, middle.first().cloned(), *field, at);
            }
        }
        // A method belongs to a name only in files where every name has one.
        let split = |name: &str| {
            METHODS.iter().find_map(|m| {
                let column = name.strip_suffix(m)?.strip_suffix('_')?;
                Some((column.to_owned(), (*m).to_owned()))
            })
        };
        let univariate = flat.iter().all(|(name, field, _)| {
            split(name).is_some()
                && matches!(field, Field::Value | Field::Alert | Field::UpperThreshold | Field::LowerThreshold)
        });
        for (name, field, at) in flat {
            match split(&name) {
                Some((column, method)) if univariate => out.add(&column, Some(method), field, at),
                _ => out.add(&name, None, field, at),
            }
        }
        out.groups.retain(|g| g.has(Field::Value));
        out
    }

    fn add(&mut self, name: &str, method: Option<String>, field: Field, at: usize) {
        let found = self.groups.iter_mut().rev().find(|g| g.name == name && g.method == method);
        match found {
            Some(group) if group.has(field) => {}
            Some(group) => group.fields.push((field, at)),
            None => self.groups.push(Group { name: name.to_owned(), method, fields: vec![(field, at)] }),
        }
    }

    fn is_result(&self) -> bool {
        let has = |name: &str| self.chunk.iter().any(|(c, _)| c == name);
        has("key") && has("index") && has("period") && !self.groups.is_empty()
    }

    /// What wrote it.
    pub(super) fn kind(&self) -> Kind {
        let any = |field: Field| self.groups.iter().any(|g| g.has(field));
        let named = |names: &[&str]| self.groups.iter().all(|g| names.contains(&g.name.as_str()));
        if self.groups.iter().any(|g| g.method.is_some()) {
            Kind::Univariate
        } else if named(&["reconstruction_error", "domain_classifier_auroc"]) {
            Kind::Multivariate
        } else if any(Field::Realized) {
            Kind::Estimated
        } else if self.chunk.iter().any(|(c, _)| c == "targets_missing_rate") || named(METRICS) {
            Kind::Realized
        } else {
            Kind::Columns
        }
    }

    /// Rows.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Where a row stands.
    pub(super) fn place(&self, row: usize) -> String {
        if self.header == 0 { format!("row {}", row + 1) } else { format!("line {}", row + self.header) }
    }

    /// A cell of a chunk column.
    pub(super) fn chunk(&self, row: usize, name: &str) -> Option<&Datum> {
        let (_, at) = self.chunk.iter().find(|(c, _)| c == name)?;
        self.rows.get(row)?.get(*at).filter(|d| !matches!(d, Datum::Null))
    }

    /// A cell of a group; `None` when the group has no such column, null when the cell is empty.
    pub(super) fn cell(&self, row: usize, group: &Group, field: Field) -> Option<&Datum> {
        self.rows.get(row)?.get(group.column(field)?)
    }
}

/// `chunk_index` is `index` in flat names; older releases repeat the prefix.
fn chunk_field(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("chunk_") {
        name = rest;
    }
    name
}

fn flat_field(name: &str) -> Option<(String, Field)> {
    FIELDS.iter().find_map(|(ending, field)| {
        let group = name.strip_suffix(ending)?.strip_suffix('_')?;
        (!group.is_empty()).then(|| (group.to_owned(), *field))
    })
}

/// The levels of a name: `('a', 'b')` as Python prints a tuple, or the name itself.
fn levels(name: &str) -> Vec<String> {
    let Some(inner) = name.strip_prefix('(').and_then(|n| n.strip_suffix(')')) else { return vec![name.to_owned()] };
    let mut out = Vec::new();
    let mut chars = inner.chars();
    while let Some(quote) = chars.by_ref().find(|c| !matches!(c, ',' | ' ')) {
        if !matches!(quote, '\'' | '"') {
            return vec![name.to_owned()];
        }
        let mut part = String::new();
        loop {
            match chars.next() {
                Some('\\') => part.extend(chars.next()),
                Some(c) if c == quote => break,
                Some(c) => part.push(c),
                None => return vec![name.to_owned()],
            }
        }
        out.push(part);
    }
    if out.is_empty() { vec![name.to_owned()] } else { out }
}
