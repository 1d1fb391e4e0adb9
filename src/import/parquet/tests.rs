//! Parquet files of the corpus against its CSV files, and damaged ones.

use std::path::PathBuf;

use super::{ColumnKind, column_names, read};
use crate::model::Datum;
use crate::source::FileData;

fn corpus() -> Option<PathBuf> {
    ["../shared/corpus/drift/truth", "../../shared/corpus/drift/truth"]
        .iter()
        .map(|p| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(p))
        .find(|p| p.exists())
}

#[expect(clippy::disallowed_methods, reason = "tests read their evidence")]
fn bytes(path: &std::path::Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    bytes(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/parquet").join(name))
}

/// Every file of one table, whatever its compression, encoding and pages, holds the cells of the CSV.
#[test]
fn every_compression_gives_the_same_cells() {
    let Some(corpus) = corpus() else { return };
    for side in ["ref", "cur"] {
        let csv = crate::import::table::parse(&FileData::from_bytes(
            "wide.csv",
            bytes(&corpus.join(format!("wide.{side}.csv"))),
        ))
        .unwrap();
        for name in [
            "none-plain",
            "snappy-dict",
            "zstd-v2pages",
            "gzip-rowgroups",
            "lz4-smallpages",
            "brotli-bss",
            "zstd-delta",
            "v1",
            "pandas-category-index",
        ] {
            let path = corpus.join(format!("parquet/{name}.{side}.parquet"));
            let frame = read(&FileData::from_bytes(name, bytes(&path)), 100_000).unwrap();
            assert_eq!(frame.rows, csv.rows.len(), "{name}");
            for (at, column) in csv.columns.iter().enumerate() {
                let ours = frame.column(column).unwrap_or_else(|| panic!("{name} lacks {column}"));
                for (cell, row) in ours.cells.iter().zip(&csv.rows) {
                    let theirs = &row[at];
                    let same = match cell {
                        Datum::Null => theirs.is_empty(),
                        Datum::Bool(value) => theirs == if *value { "True" } else { "False" },
                        Datum::Int(_) | Datum::Number(_) => {
                            let number = crate::model::Measured::parse(theirs);
                            // An empty cell of the CSV may be NaN in a file written by pandas.
                            cell.as_number() == number || (theirs.is_empty() && cell.display() == "NaN")
                        }
                        other => other.display() == *theirs,
                    };
                    assert!(same, "{name} {column}: {cell:?} is not {theirs}");
                }
            }
        }
        let empty =
            read(&FileData::from_bytes("empty", bytes(&corpus.join(format!("parquet/empty.{side}.parquet")))), 100)
                .unwrap();
        assert_eq!((empty.rows, empty.total_rows), (0, 0));
    }
}

#[test]
fn every_type_is_read() {
    let frame = read(&FileData::from_bytes("types", fixture("types.parquet")), 1000).unwrap();
    let column = |name: &str| frame.column(name).unwrap_or_else(|| panic!("no {name}"));
    let shown = |name: &str| {
        column(name)
            .cells
            .iter()
            .map(|c| if *c == Datum::Null { "null".to_owned() } else { c.display() })
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(frame.rows, 3);
    assert_eq!(shown("ts_us"), "2013-01-01T05:00:00.000001Z null 1969-12-31T23:59:59.5Z");
    assert_eq!(shown("ts_ns"), "2013-01-01T05:00:00.000000001Z null 1969-12-31T23:59:59.5Z");
    let old = read(&FileData::from_bytes("int96", fixture("int96.parquet")), 1000).unwrap();
    assert_eq!(old.columns[0].cells[0].display(), "2013-01-01T05:00:00.000000001Z");
    assert_eq!(old.columns[0].cells[2].display(), "1969-12-31T23:59:59.5Z");
    assert_eq!(shown("date"), "2013-01-01 null 1969-12-31");
    assert_eq!(shown("time"), "01:02:03.000004 null 23:59:59");
    assert_eq!(shown("decimal"), "1234567.89 null -0.01");
    assert_eq!(shown("f16"), "0.5 null -Infinity");
    assert_eq!(shown("u64"), "18446744073709552000 null 1");
    assert_eq!(shown("i8"), "-128 null 127");
    assert_eq!(shown("category"), "é null b");
    assert_eq!(shown("flag"), "true null false");
    assert_eq!(shown("raw"), "00ff null ");
    assert_eq!(shown("struct.a"), "1 null 3");
    assert_eq!(column("ts_us").kind, ColumnKind::Timestamp);
    assert_eq!(frame.left_out, ["list.list.element"]);
    assert_eq!(read(&FileData::from_bytes("types", fixture("types.parquet")), 2).unwrap().rows, 2);
}

/// Files with flipped, cut and overwritten bytes give an error or a frame, never a panic or a hang.
#[test]
fn damaged_files_never_panic() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 16).unwrap()
    };
    for name in ["types.parquet", "gzip.parquet", "brotli.parquet", "delta.parquet", "v2.parquet"] {
        let whole = fixture(name);
        let mut sound = 0;
        for round in 0..400 {
            let mut damaged = whole.clone();
            match round % 4 {
                0 => damaged.truncate(random() % whole.len()),
                1 => {
                    let cut = random() % (whole.len() - 8) + 4;
                    damaged.remove(cut);
                }
                _ => {
                    for _ in 0..=random() % 3 {
                        let at = random() % (whole.len() - 8) + 4;
                        damaged[at] = u8::try_from(random() % 256).unwrap();
                    }
                }
            }
            column_names(&damaged);
            sound += usize::from(read(&FileData::from_bytes(name, damaged), 1000).is_ok());
        }
        assert!(sound < 400, "{name}");
    }
}

#[test]
fn a_file_that_is_none_is_refused() {
    for bytes in [b"".to_vec(), b"PAR1".to_vec(), b"PAR1PAR1".to_vec(), b"PAR1\xff\xff\xff\x7fPAR1".to_vec()] {
        assert!(read(&FileData::from_bytes("x.parquet", bytes), 10).is_err());
    }
}
