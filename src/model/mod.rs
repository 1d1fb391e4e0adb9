//! The model of a report: plain data, no I/O.
//!
//! In: records that importers made ([`Records`]). Out: the frozen [`Registry`] that the gate judges
//! and the pages show. Nothing here opens a file, reads a clock or computes a verdict.

mod assemble;
mod beside;
mod card;
mod catalogue;
mod check;
mod curve;
mod datum;
mod drift;
mod evidence;
mod mapping;
mod merge;
mod number;
mod order;
mod records;
mod registry;
mod result;
mod run;
mod secret;
mod series;
mod tabular;
mod time;
pub mod view;

pub use assemble::assemble;
pub use beside::{Beside, Duplicates, Measure, Performance, PerformanceSide, RowCount, Scored};
pub use card::{Card, CardResult, Section, slug_id};
pub use catalogue::{Catalogue, Direction, ExampleSpec, MetricDefinition};
pub use check::{Check, CheckStatus};
pub use curve::{Curve, CurveKind, CurvePoint, Importance, ImportanceItem, Matrix};
pub use datum::Datum;
pub use drift::{
    Column, Distribution, DistributionSide, DriftReport, Effect, FeatureDrift, Method, Profile, SideUnit, Window,
};
pub use evidence::{Evidence, evidence_below, is_address};
pub use mapping::Mapping;
pub use number::{Finite, Measured, NonFinite};
pub use order::natural_cmp;
pub use records::{Document, ModelRecord, Records, SourceSummary, VersionRecord};
pub use registry::{Model, Registry, SelectorError, Version};
pub use result::{Interval, MetricResult, Pointer, Rejected, Slice};
pub use run::{Artifact, Dataset, Git, Lineage, Link, Run, RunForm, RunStatus};
pub(crate) use secret::looks_secret;
pub use series::{MAX_POINTS, Point, Series, SeriesBuilder, SeriesSet, Totals};
pub use tabular::{TableMapping, TableRows, Task};
pub use time::{Instant, duration};
