//! The formats of plain tables: each becomes the same columns.
//!
//! In: the bytes of a file and the names of the columns that are wanted. Out: a [`Table`], or nothing
//! when the file holds none. What is broken is a finding with its line or pointer, and the sound rows
//! are kept. A column that is named and not there is an error. Row and cell counts are bounded.

use super::super::findings::Findings;
use super::super::json;
use super::super::native::toml_datum;
use super::super::{parquet, yaml};
use super::rows::{Cell, Column, Places, Table};
use super::tree::{Builder, Tree, below};
use crate::diag::{Code, Diagnostic, Severity, count, visible};
use crate::model::{Datum, TableMapping, TableRows};
use crate::source::FileData;

/// Rows that a table may have.
pub(super) const MAX_ROWS: usize = 5_000_000;
/// Cells of wanted columns that a table may have.
pub(super) const MAX_CELLS: usize = 12 << 20;
/// Columns that a table may have.
pub(super) const MAX_COLUMNS: usize = 20_000;

/// The format of a table, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Delimited(u8),
    Json,
    JsonLines,
    Yaml,
    Toml,
    Parquet,
}

impl Format {
    /// The format of a file's name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" => Self::Delimited(b','),
            "tsv" | "tab" => Self::Delimited(b'\t'),
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            "parquet" | "pq" => Self::Parquet,
            _ => return None,
        })
    }

    /// Whether the whole file becomes a tree of values, which takes many times its size.
    pub(super) fn is_tree(self) -> bool {
        matches!(self, Self::Json | Self::Yaml | Self::Toml)
    }
}

/// Which columns are wanted.
pub(super) struct Wanted<'a> {
    pub(super) named: Vec<&'a str>,
    pub(super) all: bool,
}

impl Wanted<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.all || self.named.contains(&name)
    }
}

/// Reads a table.
pub(super) fn read(
    format: Format,
    file: &FileData,
    mapping: &TableMapping,
    findings: &mut Findings<'_>,
) -> Option<Table> {
    let all = mapping.rows == TableRows::Wide && mapping.metrics.is_empty();
    let wanted = Wanted { named: mapping.columns().collect(), all };
    let table = match format {
        Format::Delimited(separator) => delimited(file, separator, &wanted, findings),
        Format::JsonLines => lines(file, &wanted, findings),
        Format::Parquet => columnar(file, &wanted, findings),
        Format::Json | Format::Yaml | Format::Toml => {
            let tree = tree(format, file, findings)?;
            let (at, value) = below(&tree, &mapping.at, findings)?;
            Tree { wanted: &wanted, mapping, findings }.table(value, at)
        }
    }?;
    absent(&table, &wanted, findings);
    Some(table)
}

pub(super) fn error(code: Code, text: impl Into<String>) -> Diagnostic {
    Diagnostic::new(code, text).severity(Severity::Error)
}

/// Says which columns are named and not there. A table without rows has no columns to miss.
fn absent(table: &Table, wanted: &Wanted<'_>, findings: &mut Findings<'_>) {
    if table.rows == 0 && table.header.is_empty() {
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for name in &wanted.named {
        if table.column(name).is_some() || seen.contains(name) {
            continue;
        }
        seen.push(name);
        let some: Vec<&str> = table.header.iter().map(String::as_str).take(12).collect();
        let place = if matches!(table.places, Places::Lines(_)) { "line 1" } else { "" };
        let finding = error(Code::FieldMissing, format!("there is no column '{}'", visible(name, 80)))
            .help(format!("the columns are {}", visible(&some.join(", "), 300)));
        let finding = if table.untyped { finding.at_line(1, 1) } else { finding };
        findings.push(finding, place);
    }
}

pub(super) fn too_large(findings: &mut Findings<'_>) {
    let text = format!("the table has more than {MAX_ROWS} rows or {MAX_CELLS} cells; nothing is read from it");
    findings.push(
        error(Code::FileTooLarge, text).help("split it, or leave out columns that [source.table] does not name"),
        "",
    );
}

/// CSV and TSV. A row with more or fewer cells than the header is left out.
fn delimited(file: &FileData, separator: u8, wanted: &Wanted<'_>, findings: &mut Findings<'_>) -> Option<Table> {
    let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let finding = error(Code::TextEncoding, "the file is UTF-16, not UTF-8").help("write it as UTF-8");
        findings.push(finding, "");
        return None;
    }
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    // Spreadsheets of many countries separate with semicolons.
    let separator = if separator == b',' && !first.contains(&b',') && first.contains(&b';') { b';' } else { separator };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut record).unwrap_or(false) {
        let finding = Diagnostic::new(Code::RunEmpty, "the file is empty").help("write a header and rows");
        findings.push(finding, "");
        return None;
    }
    let header: Vec<String> = record.iter().map(|c| String::from_utf8_lossy(c).trim().to_owned()).collect();
    let (mut columns, mut cells) = (Vec::new(), Vec::new());
    for (at, name) in header.iter().enumerate() {
        if header.iter().take(at).any(|other| other == name) && (!name.is_empty() || wanted.all) {
            let text = format!("two columns are called '{}'; the first is read", visible(name, 80));
            let severity = if wanted.has(name) { Severity::Error } else { Severity::Note };
            let finding = Diagnostic::new(Code::CsvSyntax, text).severity(severity).at_line(1, 1);
            findings.push(finding.help("give each column a name of its own"), "line 1");
        } else if wanted.has(name) {
            columns.push(Column::new(name));
            cells.push(at);
        }
    }
    if header.len() > MAX_COLUMNS {
        too_large(findings);
        return None;
    }
    let mut lines: Vec<u32> = Vec::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(wrong) => {
                findings.push(error(Code::CsvSyntax, wrong.to_string()), "");
                break;
            }
        }
        let line = record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        let broken = if record.len() == header.len() {
            let sound = cells.iter().all(|at| record.get(*at).is_some_and(|c| std::str::from_utf8(c).is_ok()));
            (!sound)
                .then(|| error(Code::TextEncoding, "the row is not UTF-8 and is left out").help("write it as UTF-8"))
        } else {
            let text =
                format!("the row has {}, the header {}; it is left out", count(record.len(), "cell"), header.len());
            let help = "give every row as many cells as the header, quoted where they hold the separator";
            Some(error(Code::CsvSyntax, text).help(help))
        };
        if let Some(finding) = broken {
            findings.push(finding.at_line(line, 1), &format!("line {line}"));
            continue;
        }
        let row = lines.len();
        if row >= MAX_ROWS || row.saturating_mul(columns.len()) >= MAX_CELLS {
            too_large(findings);
            return None;
        }
        for (column, at) in columns.iter_mut().zip(&cells) {
            let text = record.get(*at).and_then(|c| std::str::from_utf8(c).ok()).unwrap_or_default();
            let cell = untyped(column, text);
            column.put(row, cell);
        }
        lines.push(line);
    }
    Some(Table { columns, rows: lines.len(), header, places: Places::Lines(lines), untyped: true })
}

/// A cell of a format without types. A number that is written as numbers usually are is kept as one,
/// as long as its text is what the number shows as: `007` and `1.50` are texts that can be read as one.
fn untyped(column: &mut Column, text: &str) -> Cell {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Cell::Missing;
    }
    let digits = trimmed.strip_prefix('-').unwrap_or(trimmed).as_bytes();
    if digits.first().is_some_and(u8::is_ascii_digit) {
        let whole = digits.iter().all(u8::is_ascii_digit);
        let leading_zero = digits.len() > 1 && digits.starts_with(b"0") && digits.get(1) != Some(&b'.');
        let plain = digits.iter().all(|b| b.is_ascii_digit() || *b == b'.') && !digits.ends_with(b"0");
        if whole && !leading_zero && digits.len() < 18 && trimmed != "-0" {
            if let Ok(value) = trimmed.parse() {
                return Cell::Int(value);
            }
        } else if !whole && plain && !leading_zero && digits.len() > 5 && digits.len() < 22 {
            // Long fractions are scores, not names: one text for each would be kept for nothing.
            if let Ok(value) = trimmed.parse() {
                return Cell::Number(value);
            }
        }
    }
    column.text(trimmed)
}

/// JSON Lines: an object on each line.
fn lines(file: &FileData, wanted: &Wanted<'_>, findings: &mut Findings<'_>) -> Option<Table> {
    let mut builder = Builder::new(wanted);
    let mut numbers = Vec::new();
    for (line, parsed) in json::lines(file) {
        let pointer = format!("line {line}");
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(problem) => {
                findings.push(*problem, &pointer);
                continue;
            }
        };
        for duplicate in &parsed.duplicates {
            let text = format!("the key at {} stands twice in its object", visible(duplicate, 80));
            findings.push(error(Code::JsonDuplicateKey, text).at_line(line, 1), &pointer);
        }
        let Some(entries) = parsed.value.entries() else {
            let text = format!("a row is an object, not {}; it is left out", parsed.value.kind());
            findings.push(error(Code::JsonShape, text).at_line(line, 1), &pointer);
            continue;
        };
        if !builder.row(entries, findings) {
            return None;
        }
        numbers.push(line);
    }
    Some(builder.table(Places::Lines(numbers)))
}

/// Parquet: flat columns, those of structs as `outer.inner`.
fn columnar(file: &FileData, wanted: &Wanted<'_>, findings: &mut Findings<'_>) -> Option<Table> {
    let frame = match parquet::read_some(file, MAX_ROWS, MAX_CELLS, &|name| wanted.has(name)) {
        Ok(frame) => frame,
        Err(problem) => {
            findings.push(*problem, "");
            return None;
        }
    };
    if frame.total_rows > frame.rows as u64 {
        too_large(findings);
        return None;
    }
    let header = parquet::column_names(&file.bytes).unwrap_or_default();
    for name in frame.left_out.iter().filter(|name| wanted.named.contains(&name.as_str())) {
        let text = format!("column '{}' holds lists, not values", visible(name, 80));
        findings.push(error(Code::FieldInvalid, text), name);
    }
    let rows = frame.rows;
    let columns = frame.columns.into_iter().map(|source| {
        let mut column = Column::new(&source.name);
        for (row, cell) in source.cells.iter().enumerate() {
            let cell = column.datum(cell);
            column.put(row, cell);
        }
        column
    });
    Some(Table { columns: columns.collect(), rows, header, places: Places::Numbered, untyped: false })
}

/// The values of a file that is one tree.
fn tree(format: Format, file: &FileData, findings: &mut Findings<'_>) -> Option<Datum> {
    let parsed = match format {
        Format::Toml => toml_datum(file),
        Format::Yaml => {
            let Some(text) = file.text() else {
                findings.push(error(Code::TextEncoding, "the file is not UTF-8").help("write it as UTF-8"), "");
                return None;
            };
            let parsed = yaml::parse_lenient(text, yaml::Dialect::Tools);
            for (pointer, line) in &parsed.duplicates {
                let text = format!("the key at {} stands twice", visible(pointer, 200));
                findings.push(error(Code::YamlSyntax, text).at_line(*line, 1), pointer);
            }
            if let Some(wrong) = &parsed.error {
                findings.push(wrong.diagnostic(&file.path, 0), "");
            }
            Ok(parsed.value)
        }
        _ => json::parse(file).map(|parsed| {
            for pointer in &parsed.duplicates {
                let text = format!("the key at {} stands twice in its object", visible(pointer, 200));
                findings.push(error(Code::JsonDuplicateKey, text).help("keep one of them"), pointer);
            }
            parsed.value
        }),
    };
    parsed.map_err(|problem| findings.push(*problem, "")).ok()
}
