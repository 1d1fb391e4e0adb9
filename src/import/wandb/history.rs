//! Rows of a run's history become series.
//!
//! In: the rows as they come. Out: the points of every number, by the step that the row says
//! (`_step`, else the record's own step, else one more than the row before), in bounded memory.
//! What describes media is passed over.

use super::proto::{History, HistoryItem};
use super::value::{INTERNAL, is_media, number, parse};
use crate::model::{Datum, Instant, Measured, Point, SeriesSet};

/// More metrics than this are data, not a history.
const MOST_METRICS: usize = 20_000;

/// The history of a run.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) series: SeriesSet,
    pub(super) rows: u64,
    /// Values that are no JSON.
    pub(super) invalid: u64,
    /// Whether there were more metrics than are kept.
    pub(super) is_full: bool,
    step: Option<i64>,
}

impl Rows {
    /// Adds a row.
    pub(super) fn push(&mut self, row: &History) {
        let own = |name: &str| row.item.iter().find(|i| i.key == name || i.nested_key == [name]).and_then(value);
        let step = match own("_step") {
            Some(Datum::Int(step)) => step,
            _ => row.step.map_or_else(|| self.step.map_or(0, |step| step.saturating_add(1)), |step| step.num),
        };
        self.step = Some(step);
        self.rows += 1;
        let time = own("_timestamp").and_then(|t| t.as_number()).and_then(|t| seconds(t.as_f64()));
        // A map may come as one item for each of its values; `_type` tells that it describes media.
        let media: Vec<&[String]> = row
            .item
            .iter()
            .filter_map(|i| i.nested_key.split_last().filter(|(last, rest)| *last == "_type" && !rest.is_empty()))
            .map(|(_, rest)| rest)
            .collect();
        for item in &row.item {
            let first = item.nested_key.first().unwrap_or(&item.key);
            if INTERNAL.contains(&first.as_str()) || media.iter().any(|m| item.nested_key.starts_with(m)) {
                continue;
            }
            let Some(value) = value(item) else {
                self.invalid += 1;
                continue;
            };
            match item.nested_key.as_slice() {
                [] => self.add(&mut item.key.clone(), &value, step, time),
                path => self.add(&mut path.join("."), &value, step, time),
            }
        }
    }

    fn add(&mut self, name: &mut String, value: &Datum, step: i64, time: Option<Instant>) {
        if let Some(value) = number(value) {
            self.point(name, Point { step, time, value });
        } else if value.entries().is_some() && !is_media(value) {
            let mut leaves = Vec::new();
            super::value::descend(value, name, &mut String::new(), 0, &mut leaves);
            for (name, _, leaf) in leaves {
                if let Some(value) = number(leaf) {
                    self.point(&name, Point { step, time, value });
                }
            }
        }
    }

    fn point(&mut self, name: &str, point: Point) {
        if self.series.len() >= MOST_METRICS && !self.series.has(name) {
            self.is_full = true;
        } else {
            self.series.push(name, point);
        }
    }
}

/// The value of an item, in whichever form it was written.
fn value(item: &HistoryItem) -> Option<Datum> {
    if !item.value_json.is_empty() {
        return parse(&item.value_json);
    }
    if let Some(number) = item.number {
        return Some(Datum::Number(Measured::new(number)));
    }
    if let Some(integer) = item.integer {
        return Some(Datum::Int(integer));
    }
    if let Some(boolean) = item.boolean {
        return Some(Datum::Bool(boolean));
    }
    match (&item.text, &item.json, item.none) {
        (Some(text), _, _) => Some(Datum::Text(text.clone())),
        (None, Some(json), _) => parse(json),
        (None, None, Some(_)) => Some(Datum::Null),
        (None, None, None) => None,
    }
}

/// Seconds since the epoch, to the millisecond.
pub(super) fn seconds(seconds: f64) -> Option<Instant> {
    let millis = (seconds * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    (millis.abs() < 9e15).then(|| Instant::from_millis(millis as i64)).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::proto::{History, HistoryItem, Step};
    use super::Rows;
    use crate::model::Pointer;

    fn json(key: &str, value: &str) -> HistoryItem {
        HistoryItem { key: key.to_owned(), value_json: value.to_owned(), ..HistoryItem::default() }
    }

    fn nested(path: &[&str], value: &str) -> HistoryItem {
        let nested_key = path.iter().map(|p| (*p).to_owned()).collect();
        HistoryItem { nested_key, value_json: value.to_owned(), ..HistoryItem::default() }
    }

    fn read(rows: &[History]) -> Vec<(String, Vec<(i64, String)>)> {
        let mut history = Rows::default();
        rows.iter().for_each(|row| history.push(row));
        history
            .series
            .into_series()
            .map(|(name, series)| {
                let series = series.finish(name, Pointer::default());
                (series.metric, series.points.iter().map(|p| (p.step, p.value.to_string())).collect())
            })
            .collect()
    }

    #[test]
    fn typed_values_count_like_those_in_json() {
        let item = |key: &str| HistoryItem { key: key.to_owned(), ..HistoryItem::default() };
        let row = History {
            item: vec![
                HistoryItem { number: Some(0.5), ..item("a") },
                HistoryItem { integer: Some(-3), ..item("b") },
                HistoryItem { boolean: Some(true), ..item("c") },
                HistoryItem { text: Some("0.5".to_owned()), ..item("d") },
                HistoryItem { json: Some("{\"x\":{\"y\":1}}".to_owned()), ..item("e") },
                HistoryItem { none: Some(0), ..item("f") },
            ],
            step: Some(Step { num: 7 }),
        };
        let point = |value: &str| vec![(7, value.to_owned())];
        assert_eq!(
            read(&[row]),
            [("a".to_owned(), point("0.5")), ("b".to_owned(), point("-3")), ("e.x.y".to_owned(), point("1"))]
        );
    }

    #[test]
    fn media_are_no_metrics_in_either_form() {
        let rows = [
            History {
                item: vec![
                    json("t", "{\"_type\":\"table-file\",\"nrows\":3}"),
                    nested(&["p", "nrows"], "3"),
                    nested(&["p", "_type"], "\"table-file\""),
                    nested(&["q", "nrows"], "4"),
                    json("_step", "2"),
                    json("_runtime", "1.5"),
                ],
                step: Some(Step { num: 9 }),
            },
            History { item: vec![nested(&["q", "nrows"], "5")], step: None },
        ];
        assert_eq!(read(&rows), [("q.nrows".to_owned(), vec![(2, "4".to_owned()), (3, "5".to_owned())])]);
    }
}
