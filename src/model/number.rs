//! Numbers as evidence: finite, or marked as not.
//!
//! A `NaN` must never look like a value: everything measured is a [`Measured`], and code that needs
//! a number to compare, draw or rank has to take the [`Finite`] out of it.

use std::cmp::Ordering;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A finite `f64`; the type is the proof. Negative zero is kept.
#[derive(Clone, Copy, PartialEq)]
pub struct Finite(f64);

impl Finite {
    /// The number, if it is finite.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Debug for Finite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Eq for Finite {}

impl Ord for Finite {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Finite {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Finite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

/// The three values that are not numbers to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NonFinite {
    /// Not a number.
    NaN,
    /// Positive infinity.
    Infinity,
    /// Negative infinity.
    NegInfinity,
}

impl NonFinite {
    /// The spelling of the public contract: `NaN`, `Infinity`, `-Infinity`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NaN => "NaN",
            Self::Infinity => "Infinity",
            Self::NegInfinity => "-Infinity",
        }
    }
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A number that was read from evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// A number.
    Finite(Finite),
    /// NaN or an infinity, as the file said.
    NonFinite(NonFinite),
}

impl Measured {
    /// Sorts any `f64` into the two kinds.
    pub fn new(value: f64) -> Self {
        match Finite::new(value) {
            Some(finite) => Self::Finite(finite),
            None if value.is_nan() => Self::NonFinite(NonFinite::NaN),
            None if value > 0.0 => Self::NonFinite(NonFinite::Infinity),
            None => Self::NonFinite(NonFinite::NegInfinity),
        }
    }

    /// The number, when it is one.
    pub fn finite(self) -> Option<Finite> {
        match self {
            Self::Finite(value) => Some(value),
            Self::NonFinite(_) => None,
        }
    }

    /// The value as an `f64`, non-finite ones included.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Finite(value) => value.get(),
            Self::NonFinite(NonFinite::NaN) => f64::NAN,
            Self::NonFinite(NonFinite::Infinity) => f64::INFINITY,
            Self::NonFinite(NonFinite::NegInfinity) => f64::NEG_INFINITY,
        }
    }

    /// Parses the spellings that Python, JavaScript, C and CSV writers use for a number,
    /// non-finite ones included; surrounding white space is ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "nan" | "+nan" | "-nan" => return Some(Self::NonFinite(NonFinite::NaN)),
            "inf" | "+inf" | "infinity" | "+infinity" => return Some(Self::NonFinite(NonFinite::Infinity)),
            "-inf" | "-infinity" => return Some(Self::NonFinite(NonFinite::NegInfinity)),
            _ => {}
        }
        text.parse::<f64>().ok().map(Self::new)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finite(value) => write!(f, "{}", value.get()),
            Self::NonFinite(value) => value.fmt(f),
        }
    }
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Finite(value) => value.serialize(serializer),
            Self::NonFinite(value) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("nonfinite", value.as_str())?;
                map.end()
            }
        }
    }
}

impl From<f64> for Measured {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}
