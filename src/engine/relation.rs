//! Files as relations of an engine.
//!
//! In: tables that were recognised. Out: [`Relation`]s, each a table of the engine whose columns have the types that we
//! read them with: of CSV every field is text to the engine, and becomes what the whole file says it is, with the words
//! for missing values that we know. Files of equal columns are one relation. Folders like `country=DE` are a column.

use std::sync::Arc;

use arrow_schema::{DataType, Field as ArrowField, Schema, SchemaRef};
use datafusion::common::config::CsvOptions;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use url::Url;

use super::Session;
use crate::rows::{Field, Format, Table, field};

/// What Hive writes for a missing value of a partition.
const NO_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// A table of the engine.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Relation {
    /// A query of it, ready to stand after FROM.
    pub(super) from: String,
    /// Its columns.
    pub(super) fields: Vec<Field>,
    /// How many files it is of.
    pub(super) files: usize,
}

/// A name within quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text within quotes.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// An expression as a type.
pub(super) fn cast(expression: &str, kind: &DataType) -> String {
    format!("arrow_cast({expression}, {})", text(&kind.to_string()))
}

/// The columns that folders of a file's path say, with their values.
fn partitions(table: &Table) -> Vec<(String, Option<String>)> {
    let folders = table.shown().rsplit_once('/').map_or("", |(folders, _)| folders).split('/');
    let decoded = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut out: Vec<(String, Option<String>)> = Vec::new();
    for folder in folders {
        let Some((name, value)) = folder.split_once('=').filter(|(name, _)| !name.is_empty()) else { continue };
        let (name, value) = (decoded(name), decoded(value));
        // What the file itself says comes first.
        if table.fields().iter().all(|f| f.name != name) && out.iter().all(|(n, _)| *n != name) {
            out.push((name, (value != NO_PARTITION).then_some(value)));
        }
    }
    out
}

/// Files that are read as one.
struct Group<'t> {
    format: Format,
    delimiter: u8,
    schema: &'t SchemaRef,
    constants: Vec<(String, Option<String>)>,
    tables: Vec<&'t Table>,
}

/// The relations of some files, under names that begin with this one.
pub(super) fn relations(session: &Session, name: &str, tables: &[Table]) -> Result<Vec<Relation>, String> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for table in tables {
        let (constants, delimiter) = (partitions(table), table.delimiter());
        let same = |g: &&mut Group<'_>| {
            (g.format, g.delimiter) == (table.format(), delimiter)
                && g.schema == table.schema()
                && g.constants == constants
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.tables.push(table),
            None => groups.push(Group {
                format: table.format(),
                delimiter,
                schema: table.schema(),
                constants,
                tables: vec![table],
            }),
        }
    }
    groups.iter().enumerate().map(|(i, group)| relation(session, &format!("{name}_{i}"), group)).collect()
}

fn relation(session: &Session, name: &str, group: &Group<'_>) -> Result<Relation, String> {
    let urls: Result<Vec<ListingTableUrl>, String> = group.tables.iter().map(|table| address(table)).collect();
    let format: Arc<dyn FileFormat> = match group.format {
        Format::Csv => Arc::new(CsvFormat::default().with_options(
            CsvOptions::default().with_has_header(true).with_delimiter(group.delimiter).with_newlines_in_values(true),
        )),
        Format::JsonLines => Arc::new(JsonFormat::default()),
        Format::Parquet => Arc::new(ParquetFormat::default()),
        Format::ArrowFile | Format::ArrowStream => Arc::new(ArrowFormat),
    };
    let schema = match group.format {
        Format::Csv => {
            let fields: Vec<ArrowField> =
                group.schema.fields().iter().map(|f| ArrowField::new(f.name(), DataType::Utf8, true)).collect();
            Arc::new(Schema::new(fields))
        }
        // Metadata of a file is no property of the others.
        _ => Arc::new(Schema::new(group.schema.fields().clone())),
    };
    let config = ListingTableConfig::new_with_multi_paths(urls?)
        .with_listing_options(ListingOptions::new(format).with_file_extension(""))
        .with_schema(schema);
    let table = ListingTable::try_new(config).map_err(|error| error.to_string())?;
    session.context.register_table(name, Arc::new(table)).map_err(|error| error.to_string())?;
    let missing: Vec<String> = Table::missing_words().iter().map(|word| text(word)).collect();
    let mut columns = Vec::new();
    let mut fields = Vec::new();
    for f in group.schema.fields() {
        let column = quoted(f.name());
        columns.push(match (group.format, f.data_type()) {
            (Format::Csv, kind) => {
                let value = format!("CASE WHEN {column} IN ({}) THEN NULL ELSE {column} END", missing.join(", "));
                let value = if *kind == DataType::Null { "NULL".to_owned() } else { cast(&value, kind) };
                format!("{value} AS {column}")
            }
            _ => column,
        });
        fields.push(field(f.name(), f.data_type()));
    }
    for (name, value) in &group.constants {
        let value = value.as_deref().map_or_else(|| "NULL".to_owned(), text);
        columns.push(format!("{} AS {}", cast(&value, &DataType::Utf8), quoted(name)));
        fields.push(field(name, &DataType::Utf8));
    }
    let from = format!("(SELECT {} FROM {})", columns.join(", "), quoted(name));
    Ok(Relation { from, fields, files: group.tables.len() })
}

/// The address of a file; what it means is the same on every machine that has the same folders.
fn address(table: &Table) -> Result<ListingTableUrl, String> {
    // An address has no `..`.
    let path = table.path().canonicalize().map_err(|error| crate::source::plain(&error))?;
    let url = Url::from_file_path(&path).map_err(|()| "its path is no address".to_owned())?;
    ListingTableUrl::try_new(url, None).map_err(|error| error.to_string())
}

/// Several relations as one, by name; columns that some of them lack are missing there.
pub(super) fn union(relations: &[Relation]) -> String {
    let each: Vec<String> = relations.iter().map(|r| format!("SELECT * FROM {}", r.from)).collect();
    each.join(" UNION ALL BY NAME ")
}
