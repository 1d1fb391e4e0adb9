//! What a test of Evidently compares, and with what.
//!
//! In: a test of a suite or of a report. Out: of a test of 0.7 the part of its metric's value that it looks at, and
//! the numbers that it compares with; words about any test. An `ApproxValue` compares with its value less or plus a
//! tolerance, which is the larger of `absolute` and `relative` times the value; which of the two depends on the
//! comparison (`evidently/legacy/utils/types.py`). A `Reference` compares with a value that is not in the file, so
//! there is no condition.

use super::super::number;
use super::super::rule::Rule;
use crate::diag::visible;
use crate::model::Datum;
use toml::Value;

/// Which part of a metric's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part<'d> {
    /// The value is a number.
    Whole,
    /// `count`, `share`, `mean`, `std`.
    Key(&'static str),
    /// The number of a label.
    Label(String),
    /// `counts` or `shares`, of a label.
    KeyOfLabel(&'d str, String),
}

/// A comparison with fixed numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition<'d> {
    pub(super) part: Part<'d>,
    demand: Demand,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Demand {
    Min(f64),
    Max(f64),
    Above(f64),
    Below(f64),
    Equals(f64),
    Within(f64, f64),
}

/// The name of the metric that a test of 0.7 is about.
pub(super) fn class(test: &Datum) -> Option<&str> {
    params(test)?.get("type")?.as_str()?.rsplit(':').next()
}

/// The parameters of that metric.
pub(super) fn params(test: &Datum) -> Option<&Datum> {
    test.get("metric_config")?.get("params")
}

/// Whether it is the test that a metric of drift brings along.
pub(super) fn is_drift(test: &Datum) -> bool {
    bound(test) == Some("ValueDriftBoundTest")
}

fn bound(test: &Datum) -> Option<&str> {
    test.get("bound_test")?.get("type")?.as_str()?.rsplit(':').next()
}

/// The value of a test's metric in the report, and where it stands.
pub(super) fn values<'d>(document: &'d Datum, test: &Datum) -> Option<(&'d Datum, String)> {
    let id = test.get("metric_config")?.get("metric_id")?.as_str()?;
    let metrics = document.get("metrics")?.items()?;
    let i = metrics.iter().position(|m| m.get("id").and_then(Datum::as_str) == Some(id))?;
    Some((metrics.get(i)?.get("value")?, format!("/metrics/{i}/value")))
}

/// A rule on what a test is about, as severe as the test.
pub(super) fn severe(rule: Rule, test: &Datum) -> Rule {
    match test.get("test_config").and_then(|c| c.get("is_critical")) {
        Some(Datum::Bool(false)) => rule.key("severity", "warn"),
        _ => rule,
    }
}

impl<'d> Condition<'d> {
    /// The condition of a test of 0.7; nothing where it is not one with fixed numbers.
    pub(super) fn of(test: &'d Datum) -> Option<Self> {
        let bound_test = test.get("bound_test")?;
        let truth = |key: &str| match bound_test.get(key) {
            Some(Datum::Bool(truth)) => Some(*truth),
            _ => None,
        };
        let label = || Some(bound_test.get("label")?.display());
        let part = match bound(test)? {
            "SingleValueBoundTest" => Part::Whole,
            "CountBoundTest" => Part::Key(if truth("is_count")? { "count" } else { "share" }),
            "MeanStdBoundTest" => Part::Key(if truth("is_mean")? { "mean" } else { "std" }),
            "ByLabelBoundTest" => Part::Label(label()?),
            "ByLabelCountBoundTest" => Part::KeyOfLabel(
                if bound_test.get("slot")?.as_str()? == "count" { "counts" } else { "shares" },
                label()?,
            ),
            _ => return None,
        };
        let config = test.get("test_config")?;
        let with = |key: &str| config.get(key).and_then(compared);
        let demand = match config.get("type")?.as_str()?.rsplit(':').next()? {
            "GreaterOrEqualMetricTest" => with("threshold").map(|(v, t)| Demand::Min(v - t)),
            "GreaterThanMetricTest" => with("threshold").map(|(v, t)| Demand::Above(v + t)),
            "LessOrEqualMetricTest" => with("threshold").map(|(v, t)| Demand::Max(v + t)),
            "LessThanMetricTest" => with("threshold").map(|(v, t)| Demand::Below(v - t)),
            "EqualMetricTest" => {
                with("expected").map(|(v, t)| if t == 0.0 { Demand::Equals(v) } else { Demand::Within(v - t, v + t) })
            }
            _ => None,
        }?;
        Some(Self { part, demand })
    }

    /// The rule with its bound.
    pub(super) fn bound(&self, rule: Rule) -> Rule {
        match self.demand {
            Demand::Min(v) => rule.key("min", v),
            Demand::Max(v) => rule.key("max", v),
            Demand::Above(v) => rule.key("above", v),
            Demand::Below(v) => rule.key("below", v),
            Demand::Equals(v) => rule.key("equals", v),
            Demand::Within(low, high) => rule.key("within", Value::Array(vec![low.into(), high.into()])),
        }
    }

    /// What a rule with this bound is called.
    pub(super) fn suffix(&self) -> &'static str {
        match self.demand {
            Demand::Min(_) | Demand::Above(_) => "floor",
            Demand::Max(_) | Demand::Below(_) => "ceiling",
            Demand::Equals(_) | Demand::Within(..) => "bounds",
        }
    }

    /// The largest value that holds.
    pub(super) fn largest(&self) -> Option<f64> {
        match self.demand {
            Demand::Max(v) => Some(v),
            Demand::Below(v) => Some(v.next_down()),
            _ => None,
        }
    }
}

/// A number to compare with, and its tolerance.
fn compared(value: &Datum) -> Option<(f64, f64)> {
    if let Some(plain) = number(value) {
        return Some((plain, 0.0));
    }
    let part = |key: &str| number(value.get(key)?);
    let (middle, relative, absolute) = (part("value")?, part("relative")?, part("absolute")?);
    let tolerance = (middle.abs() * relative).max(absolute);
    (middle + tolerance).is_finite().then_some((middle, tolerance))
}

/// What a test is about and what it demands, for people.
pub(super) fn words(test: &Datum) -> String {
    let name = test.get("name").map(Datum::display).unwrap_or_default();
    let parameters = test.get("parameters");
    let column =
        parameters.and_then(|p| p.get("column_name")).map(|c| format!(" ({})", c.display())).unwrap_or_default();
    let condition = parameters.and_then(|p| p.get("condition")).and_then(Datum::entries).unwrap_or_default();
    let demands: Vec<String> = condition
        .iter()
        .filter(|(_, v)| *v != Datum::Null)
        .map(|(key, value)| {
            let bound = value.get("value").unwrap_or(value);
            format!(" {key} {}", visible(&bound.display(), 40))
        })
        .collect();
    format!("{name}{column}{}", demands.join(","))
}
