//! Types of Arrow as kinds of ours, and columns cast to the form that is asked for.
//!
//! In: an Arrow type or array. Out: a [`Type`], or an array of one known type. A value that cannot be cast is an error,
//! never silently missing: the caller asks for a form that the kind allows.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field, TimeUnit};

use super::{Form, Type, name_of};

/// The kind of a type.
pub(super) fn kind(data: &DataType) -> Type {
    match data {
        DataType::Boolean => Type::Truth,
        t if t.is_integer() => Type::Number { whole: true },
        t if t.is_numeric() => Type::Number { whole: false },
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Type::Text,
        DataType::Dictionary(_, values) => kind(values),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Type::Time,
        DataType::FixedSizeList(item, n) if item.data_type().is_numeric() => Type::Vector(usize::try_from(*n).ok()),
        DataType::List(item) | DataType::LargeList(item) if item.data_type().is_numeric() => Type::Vector(None),
        DataType::Null => Type::Nothing,
        other => Type::Other(name_of(other)),
    }
}

/// The type of a form.
pub(super) fn type_of(form: Form) -> DataType {
    match form {
        Form::Numbers => DataType::Float64,
        Form::Categories => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Form::Text => DataType::Utf8,
        Form::Times => DataType::Timestamp(TimeUnit::Millisecond, None),
        Form::Vectors => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
    }
}

/// A column in a form.
pub(super) fn cast(array: &ArrayRef, form: Form) -> Result<ArrayRef, String> {
    let wanted = type_of(form);
    if *array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    // Truth values as the words that every tool shows.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, &wanted, &options).map_err(|error| error.to_string())
}
