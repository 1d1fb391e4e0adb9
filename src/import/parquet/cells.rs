//! The values of a column as cells.
//!
//! In: the pages of one column chunk. Out: one [`Datum`] for each row. Logical types decide what a
//! stored number means; where a file has only the older converted types, the parquet crate gives
//! both. Text that is not UTF-8 keeps replacement characters.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{AsBytes, DataType, Int96};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescriptor;

use super::ColumnKind;
use crate::model::{Datum, Instant, Measured};

/// What reading one file may take.
#[derive(Debug)]
pub(super) struct Budget {
    unpacked: u64,
    text: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { unpacked: 512 << 20, text: 64 << 20 }
    }
}

impl Budget {
    /// Takes the unpacked bytes of a page.
    pub(super) fn unpacked(&mut self, bytes: u64) -> Result<(), String> {
        self.unpacked = self.unpacked.checked_sub(bytes).ok_or("its pages unpack to more than 512 MiB")?;
        Ok(())
    }

    fn text(&mut self, bytes: usize) -> Result<(), String> {
        self.text = self.text.checked_sub(bytes).ok_or("its cells hold more than 64 MiB of text")?;
        Ok(())
    }
}

/// What the cells of a column are; nothing for types without plain values.
pub(super) fn kind_of(column: &ColumnDescriptor) -> Option<ColumnKind> {
    let logical = column.logical_type_ref();
    Some(match (column.physical_type(), logical, column.converted_type()) {
        (Physical::BOOLEAN, ..) => ColumnKind::Bool,
        (_, Some(LogicalType::Decimal(_)), _) | (_, None, ConvertedType::DECIMAL) => ColumnKind::Number,
        (Physical::INT32, Some(LogicalType::Date), _) | (Physical::INT32, None, ConvertedType::DATE) => {
            ColumnKind::Date
        }
        (Physical::INT32 | Physical::INT64, Some(LogicalType::Time(_)), _)
        | (_, None, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => ColumnKind::Time,
        (Physical::INT64, Some(LogicalType::Timestamp(_)), _)
        | (_, None, ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS)
        | (Physical::INT96, ..) => ColumnKind::Timestamp,
        (Physical::INT32 | Physical::INT64, ..) => ColumnKind::Int,
        (Physical::FLOAT | Physical::DOUBLE, ..) => ColumnKind::Number,
        (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16), _) => ColumnKind::Number,
        (_, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json), _)
        | (_, None, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON) => ColumnKind::Text,
        (_, _, ConvertedType::INTERVAL) => return None,
        (Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY, ..) => ColumnKind::Binary,
    })
}

/// Appends `rows` cells of a chunk.
pub(super) fn read(
    chunk: &ColumnChunkMetaData,
    pages: Box<dyn PageReader>,
    rows: usize,
    largest: u64,
    budget: &mut Budget,
    out: &mut Vec<Datum>,
) -> Result<(), String> {
    let column = chunk.column_descr();
    let Some(kind) = kind_of(column) else { return Err("a column has no plain values".to_owned()) };
    let unit = unit_of(column);
    let scale = column.type_scale();
    let unsigned = matches!(column.logical_type_ref(), Some(LogicalType::Integer(int)) if !int.is_signed)
        || matches!(
            column.converted_type(),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
        );
    let whole = move |value: i64, budget: &mut Budget| -> Result<Datum, String> {
        Ok(match kind {
            ColumnKind::Date => text(date(value), budget)?,
            ColumnKind::Time => text(time(value, unit), budget)?,
            ColumnKind::Timestamp => text(timestamp(value, unit), budget)?,
            ColumnKind::Number => decimal(i128::from(value), scale),
            _ => Datum::Int(value),
        })
    };
    let max_def = column.max_def_level();
    // A value of a delta encoding may be as long as its page: few at a time bound the memory.
    let batch = usize::try_from((64 << 20) / largest.max(1)).unwrap_or(1).clamp(1, 1024);
    match get_column_reader(chunk.column_descr_ptr(), pages) {
        ColumnReader::BoolColumnReader(r) => take(r, rows, 1024, max_def, budget, out, |v, _| Ok(Datum::Bool(*v))),
        ColumnReader::Int32ColumnReader(r) => take(r, rows, 1024, max_def, budget, out, |v, b| {
            whole(if unsigned { i64::from(v.cast_unsigned()) } else { i64::from(*v) }, b)
        }),
        ColumnReader::Int64ColumnReader(r) => take(r, rows, 1024, max_def, budget, out, |v, b| {
            #[expect(clippy::cast_precision_loss, reason = "numbers beyond i64 are shown rounded")]
            if unsigned && *v < 0 { Ok(number(v.cast_unsigned() as f64)) } else { whole(*v, b) }
        }),
        ColumnReader::Int96ColumnReader(r) => {
            take(r, rows, 1024, max_def, budget, out, |v: &Int96, b| {
                let [nanos_low, nanos_high, day] = *v.data() else { return Ok(Datum::Null) };
                let nanos = (u64::from(nanos_high) << 32) | u64::from(nanos_low);
                // Days are Julian; 2440588 is the first day of 1970.
                let seconds = (i64::from(day) - 2_440_588).saturating_mul(86_400);
                let seconds = seconds.saturating_add(i64::try_from(nanos / 1_000_000_000).unwrap_or(0));
                text(instant(seconds, nanos % 1_000_000_000), b)
            })
        }
        ColumnReader::FloatColumnReader(r) => {
            take(r, rows, 1024, max_def, budget, out, |v, _| Ok(number(f64::from(*v))))
        }
        ColumnReader::DoubleColumnReader(r) => take(r, rows, 1024, max_def, budget, out, |v, _| Ok(number(*v))),
        ColumnReader::ByteArrayColumnReader(r) => {
            take(r, rows, batch, max_def, budget, out, |v, b| bytes(v.as_bytes(), kind, scale, b))
        }
        ColumnReader::FixedLenByteArrayColumnReader(r) => {
            take(r, rows, batch, max_def, budget, out, |v, b| bytes(v.as_bytes(), kind, scale, b))
        }
    }
}

fn take<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    batch: usize,
    max_def: i16,
    budget: &mut Budget,
    out: &mut Vec<Datum>,
    convert: impl Fn(&T::T, &mut Budget) -> Result<Datum, String>,
) -> Result<(), String> {
    let mut levels: Vec<i16> = Vec::new();
    let mut values: Vec<T::T> = Vec::new();
    let mut left = rows;
    while left > 0 {
        levels.clear();
        values.clear();
        let wanted = left.min(batch);
        let (records, _, _) =
            reader.read_records(wanted, Some(&mut levels), None, &mut values).map_err(|e| e.to_string())?;
        if records == 0 {
            return Err("a column has fewer values than its table has rows".to_owned());
        }
        let mut value = values.iter();
        for row in 0..records {
            let present = max_def == 0 || levels.get(row).is_some_and(|l| *l == max_def);
            out.push(if present {
                convert(value.next().ok_or("a column has fewer values than it claims")?, budget)?
            } else {
                Datum::Null
            });
        }
        left -= records.min(left);
    }
    Ok(())
}

fn number(value: f64) -> Datum {
    Datum::Number(Measured::new(value))
}

fn text(value: Option<String>, budget: &mut Budget) -> Result<Datum, String> {
    let Some(value) = value else { return Ok(Datum::Null) };
    budget.text(value.len())?;
    Ok(Datum::Text(value))
}

fn bytes(value: &[u8], kind: ColumnKind, scale: i32, budget: &mut Budget) -> Result<Datum, String> {
    match kind {
        ColumnKind::Text => {
            budget.text(value.len())?;
            Ok(Datum::Text(String::from_utf8_lossy(value).into_owned()))
        }
        ColumnKind::Number if value.len() == 2 && scale <= 0 => {
            Ok(number(half(u16::from_le_bytes([first(value, 0), first(value, 1)]))))
        }
        ColumnKind::Number if value.len() <= 16 => Ok(decimal(big_endian(value), scale)),
        ColumnKind::Number => Ok(Datum::Null),
        _ => {
            budget.text(value.len().saturating_mul(2))?;
            Ok(Datum::Text(value.iter().map(|b| format!("{b:02x}")).collect()))
        }
    }
}

fn first(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or_default()
}

/// A signed number from its bytes, the highest first.
fn big_endian(bytes: &[u8]) -> i128 {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |all, byte| (all << 8) | i128::from(*byte))
}

/// A decimal as the nearest number, by way of its digits.
fn decimal(unscaled: i128, scale: i32) -> Datum {
    format!("{unscaled}e{}", scale.saturating_neg()).parse().map_or(Datum::Null, number)
}

/// An IEEE 754 number of 16 bits.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from((bits >> 10) & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * f64::powi(2.0, -24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * f64::powi(2.0, exponent - 15),
    }
}

/// Parts of a second that a stored number counts.
fn unit_of(column: &ColumnDescriptor) -> i64 {
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Time(kind) | LogicalType::Timestamp(kind)), _) => match kind.unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        },
        (_, ConvertedType::TIME_MILLIS | ConvertedType::TIMESTAMP_MILLIS) => 1_000,
        _ => 1_000_000,
    }
}

fn date(days: i64) -> Option<String> {
    Instant::from_seconds(days.checked_mul(86_400)?).map(Instant::date)
}

fn time(value: i64, unit: i64) -> Option<String> {
    let (seconds, part) = (value.checked_div_euclid(unit)?, value.checked_rem_euclid(unit)?);
    if !(0..86_400).contains(&seconds) {
        return None;
    }
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(clock + &fraction(u64::try_from(part * (1_000_000_000 / unit)).ok()?))
}

fn timestamp(value: i64, unit: i64) -> Option<String> {
    let part = value.checked_rem_euclid(unit)?.checked_mul(1_000_000_000 / unit)?;
    instant(value.checked_div_euclid(unit)?, u64::try_from(part).ok()?)
}

fn instant(seconds: i64, nanos: u64) -> Option<String> {
    let whole = Instant::from_seconds(seconds)?.to_string();
    Some(format!("{}{}Z", whole.strip_suffix('Z')?, fraction(nanos)))
}

/// The part of a second after its point, without trailing zeros.
fn fraction(nanos: u64) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}
