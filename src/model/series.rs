//! A metric over steps or time.

use super::{Instant, Measured, Pointer};

/// One point of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The step, as the tool counts.
    pub step: i64,
    /// When it was logged.
    pub time: Option<Instant>,
    /// The value.
    pub value: Measured,
}

/// A metric over steps or time, in the order of the tool's own client (step, then time).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The metric's name as the tool wrote it.
    pub metric: String,
    /// The points.
    pub points: Vec<Point>,
    /// Where it was read.
    pub source: Pointer,
}
