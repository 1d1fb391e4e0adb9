//! Which columns a side has, and as what each of them is read.
//!
//! In: the columns of a side's files and the settings. Out: [`Planned`] columns in the order of the files; one that cannot be
//! compared says why, so that it is never silently left out.

use std::collections::BTreeMap;

use super::settings::{Kind, Settings};
use crate::diag::visible;
use crate::rows::{Field, Table, Type};

/// A column of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// What its values mean, or why they are not compared.
    pub kind: Result<Kind, String>,
    /// Whether its numbers are whole.
    pub whole: bool,
    /// Whether no file gives it a type: it has no values.
    pub nothing: bool,
    /// How many files of the side lack it.
    pub lacking: usize,
}

/// The columns of each file of a side.
pub type Files<'f> = Vec<&'f [Field]>;

/// The columns of each table.
pub fn fields(tables: &[Table]) -> Files<'_> {
    tables.iter().map(Table::fields).collect()
}

/// The columns of the reference and of each set of current data. One without values on one side is of the kind that it
/// has on the other.
pub fn both(reference: &Files<'_>, current: &[Files<'_>], settings: &Settings) -> (Vec<Planned>, Vec<Vec<Planned>>) {
    let kind_in = |planned: &[Planned], name: &str| {
        planned.iter().find(|p| p.name == name && !p.nothing).and_then(|p| p.kind.clone().ok())
    };
    let plain = plan(reference, settings, &|_| None);
    let theirs: Vec<Vec<Planned>> =
        current.iter().map(|files| plan(files, settings, &|name| kind_in(&plain, name))).collect();
    let ours = plan(reference, settings, &|name| theirs.iter().find_map(|p| kind_in(p, name)));
    (ours, theirs)
}

/// The columns of a side. What has no values takes the kind that `hint` gives it.
pub fn plan(files: &Files<'_>, settings: &Settings, hint: &dyn Fn(&str) -> Option<Kind>) -> Vec<Planned> {
    let mut order: Vec<&str> = Vec::new();
    let mut types: BTreeMap<&str, Vec<&Type>> = BTreeMap::new();
    for field in files.iter().copied().flatten() {
        types
            .entry(&field.name)
            .or_insert_with(|| {
                order.push(&field.name);
                Vec::new()
            })
            .push(&field.kind);
    }
    let times = times(files);
    let left_out = |name: &str| {
        settings.exclude.contains(name) || settings.time.as_deref() == Some(name) || times.iter().any(|t| t == name)
    };
    order
        .into_iter()
        .filter(|name| !left_out(name))
        .map(|name| {
            let found = types.get(name).map(Vec::as_slice).unwrap_or_default();
            let lacking = files.len() - found.len();
            let (kind, whole) = one(found);
            let wanted = settings.columns.get(name).and_then(|c| c.kind);
            let nothing = matches!(kind, Ok(None));
            let kind = match (kind, wanted) {
                (Ok(Some(kind)), Some(wanted)) => allowed(kind, wanted),
                (Ok(None), wanted) => Ok(wanted.or_else(|| hint(name)).unwrap_or(Kind::Categorical)),
                (Ok(Some(kind)), None) => Ok(kind),
                (Err(why), _) => Err(why),
            };
            Planned { name: name.to_owned(), kind, whole, nothing, lacking }
        })
        .collect()
}

/// Columns that hold points in time wherever they are: every new window differs there.
pub fn times(files: &Files<'_>) -> Vec<String> {
    let fields = || files.iter().copied().flatten();
    let only = |name: &str| fields().all(|f| f.name != name || f.kind == Type::Time);
    let mut out: Vec<String> =
        fields().filter(|f| f.kind == Type::Time && only(&f.name)).map(|f| f.name.clone()).collect();
    out.sort();
    out.dedup();
    out
}

/// What a column of several files is; nothing where it has no values.
fn one(types: &[&Type]) -> (Result<Option<Kind>, String>, bool) {
    let mut kind: Option<Kind> = None;
    let mut whole = true;
    for found in types {
        let next = match found {
            Type::Nothing => continue,
            Type::Number { whole: w } => {
                whole &= w;
                Kind::Numeric
            }
            Type::Truth | Type::Text => Kind::Categorical,
            Type::Vector(_) => Kind::Embedding,
            Type::Time => return (Err("times are not compared".to_owned()), false),
            Type::Other(name) => return (Err(format!("values of type {} are not compared", visible(name, 80))), false),
        };
        match kind {
            Some(before) if before != next => {
                let why = format!("mixed types: {} in one file, {} in another", before.as_str(), next.as_str());
                return (Err(why), false);
            }
            _ => kind = Some(next),
        }
    }
    (Ok(kind), whole)
}

/// Whether values of one kind can be read as another one.
fn allowed(found: Kind, wanted: Kind) -> Result<Kind, String> {
    match (found, wanted) {
        (found, wanted) if found == wanted => Ok(wanted),
        (Kind::Numeric | Kind::Categorical, Kind::Categorical | Kind::Text) => Ok(wanted),
        (found, wanted) => Err(format!("its values are {}, not {}", found.as_str(), wanted.as_str())),
    }
}
