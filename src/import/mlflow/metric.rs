//! One metric's file: a line for each point, in the order of writing.
//!
//! In: bytes. Out: the final value, the points, and the lines that could not be read. A line is
//! `TIMESTAMP VALUE [STEP [DATASET_NAME DATASET_DIGEST]]`.

use super::rows::ModelMetric;
use crate::model::{Instant, Measured, Point, Pointer};

/// A line of a file, or a row of a database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line<'a> {
    /// 1-based.
    pub(super) number: usize,
    pub(super) millis: i64,
    pub(super) value: f64,
    pub(super) step: i64,
    pub(super) dataset: Option<&'a str>,
}

/// What a metric's file says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct MetricFile<'a> {
    /// The final value, its step and its line; nothing when no line is sound.
    pub(super) last: Option<Final<'a>>,
    /// All points, by step and time; the order of writing where these are equal.
    pub(super) points: Vec<Point>,
    /// Lines that are no points: line number and text.
    pub(super) malformed: Vec<(usize, String)>,
}

/// The point that counts as the metric's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Final<'a> {
    pub(super) value: Measured,
    pub(super) step: i64,
    pub(super) dataset: Option<&'a str>,
    /// 1-based.
    pub(super) line: usize,
}

/// Reads the file's content.
pub(super) fn parse(bytes: &[u8]) -> MetricFile<'_> {
    let mut out = MetricFile::default();
    let mut last: Option<Line<'_>> = None;
    let mut lines: Vec<(i64, i64, Measured)> = Vec::new();
    for (i, raw) in bytes.split(|b| *b == b'\n').enumerate() {
        let trimmed = raw.trim_ascii();
        if trimmed.is_empty() {
            continue;
        }
        let Some(line) = std::str::from_utf8(trimmed).ok().and_then(|text| point(i + 1, text)) else {
            out.malformed.push((i + 1, String::from_utf8_lossy(trimmed).chars().take(120).collect()));
            continue;
        };
        lines.push((line.step, line.millis, Measured::new(line.value)));
        if last.is_none_or(|best| is_later(&line, &best)) {
            last = Some(line);
        }
    }
    // Nearly always in order already, which a stable sort notices.
    lines.sort_by_key(|(step, millis, _)| (*step, *millis));
    out.points = lines
        .into_iter()
        .map(|(step, millis, value)| Point { step, time: Instant::from_millis(millis), value })
        .collect();
    out.last = last.map(|line| Final {
        value: Measured::new(line.value),
        step: line.step,
        dataset: line.dataset,
        line: line.number,
    });
    out
}

/// The points of a logged model's metric: `TIMESTAMP VALUE STEP RUN_ID [DATASET_NAME DATASET_DIGEST]`.
/// Lines that are no points are skipped: the run that measured them has them too, and tells.
pub(super) fn of_model<'a>(
    bytes: &'a [u8],
    key: &'a str,
    source: impl Fn(usize) -> Pointer + 'a,
) -> impl Iterator<Item = ModelMetric> + 'a {
    bytes.split(|b| *b == b'\n').enumerate().filter_map(move |(i, raw)| {
        let mut fields = std::str::from_utf8(raw).ok()?.split_ascii_whitespace();
        let millis = fields.next()?.parse().ok()?;
        let value: f64 = fields.next()?.parse().ok()?;
        let step = fields.next()?.parse().ok()?;
        let run = fields.next().map(str::to_owned);
        let rest: Vec<&str> = fields.collect();
        let (dataset, digest) = match rest.split_last() {
            Some((digest, name)) if !name.is_empty() => (Some(name.join(" ")), Some((*digest).to_owned())),
            _ => (None, None),
        };
        let (key, value) = (key.to_owned(), Measured::new(value));
        Some(ModelMetric { key, value, step, millis, dataset, digest, run, source: source(i + 1) })
    })
}

/// Whether a line takes the place of the greatest so far. MLflow's client takes Python's
/// `max(key=(step, timestamp, value))`, in which a comparison with NaN is always false: of lines with
/// the same step and time the first stays when either of the two is NaN.
pub(super) fn is_later(line: &Line<'_>, best: &Line<'_>) -> bool {
    match (line.step, line.millis).cmp(&(best.step, best.millis)) {
        std::cmp::Ordering::Equal => line.value > best.value,
        order => order.is_gt(),
    }
}

/// A line's point; nothing when it is none. The client of MLflow 3 forgets the step of a line that
/// names a data set and reports 0; here the step is what the line says. A data set's name with
/// spaces makes more than five fields, which the client refuses; the digest is the last of them.
fn point(number: usize, text: &str) -> Option<Line<'_>> {
    let mut fields = text.split_ascii_whitespace();
    let millis = fields.next()?.parse().ok()?;
    let value = fields.next()?.parse().ok()?;
    let Some(step) = fields.next() else { return Some(Line { number, millis, value, step: 0, dataset: None }) };
    let step_end = step.as_ptr() as usize - text.as_ptr() as usize + step.len();
    let step = step.parse().ok()?;
    let rest = text[step_end..].trim();
    let dataset = match rest.rsplit_once(' ') {
        _ if rest.is_empty() => None,
        Some((name, _digest)) => Some(name.trim()),
        None => return None,
    };
    Some(Line { number, millis, value, step, dataset })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::model::Measured;

    fn last(text: &str) -> Option<(String, i64, Option<String>, usize)> {
        parse(text.as_bytes()).last.map(|l| (l.value.to_string(), l.step, l.dataset.map(str::to_owned), l.line))
    }

    #[test]
    fn the_value_is_the_greatest_by_step_time_value() {
        let value = |text| last(text).map(|l| (l.0, l.3));
        assert_eq!(value("5 0.1 0\n6 0.2 1\n4 0.3 1\n"), Some(("0.2".to_owned(), 2)));
        assert_eq!(value("5 0.1 0\n5 0.3 0\n5 0.2 0\n"), Some(("0.3".to_owned(), 2)));
        assert_eq!(value("9 0.1 -3\n1 0.2 -2\n"), Some(("0.2".to_owned(), 2)));
        assert_eq!(value("7 0.5\n"), Some(("0.5".to_owned(), 1)));
        assert_eq!(value(""), None);
    }

    /// Each case is what `max` of CPython 3.12 gives for the tuples.
    #[test]
    fn nan_neither_replaces_nor_is_replaced_at_the_same_step_and_time() {
        let value = |text| last(text).map(|l| (l.0, l.3));
        assert_eq!(value("5 nan 0\n5 0.3 0\n"), Some(("NaN".to_owned(), 1)));
        assert_eq!(value("5 0.3 0\n5 nan 0\n"), Some(("0.3".to_owned(), 1)));
        assert_eq!(value("5 0.3 0\n5 nan 0\n5 0.4 0\n"), Some(("0.4".to_owned(), 3)));
        assert_eq!(value("5 0.3 0\n6 nan 0\n"), Some(("NaN".to_owned(), 2)));
        assert_eq!(value("5 -inf 0\n5 inf 0\n"), Some(("Infinity".to_owned(), 2)));
    }

    #[test]
    fn a_data_set_may_be_named_with_spaces() {
        assert_eq!(last("5 0.3 7 wine-test c4f0af75\n"), Some(("0.3".to_owned(), 7, Some("wine-test".to_owned()), 1)));
        assert_eq!(last("5 0.3 7 my data c4f0af75").and_then(|l| l.2), Some("my data".to_owned()));
        assert_eq!(last("5 0.3 7 損失 c4f0af75").and_then(|l| l.2), Some("損失".to_owned()));
    }

    #[test]
    fn what_is_no_point_is_told_and_the_rest_is_kept() {
        let file = parse(b"5 0.1 0\ngarbage\n6 0.2\xff 1\n\n7 0.3 2 half\n8 0.4 x\r\n9 1e-05 1\r\n10");
        assert_eq!(file.points.len(), 2);
        assert_eq!(file.malformed.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2, 3, 5, 6, 8]);
        assert_eq!(file.last.map(|l| (l.value, l.line)), Some((Measured::new(1e-5), 7)));
    }

    #[test]
    fn points_are_in_the_order_of_steps() {
        let file = parse(b"5 0.1 2\n6 0.2 0\n7 0.3 1\n4 0.4 1\n");
        assert_eq!(file.points.iter().map(|p| p.value.to_string()).collect::<Vec<_>>(), ["0.2", "0.4", "0.3", "0.1"]);
    }
}
