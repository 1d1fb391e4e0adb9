//! A metric over steps or time, in bounded memory.
//!
//! In: points in their order. Out: a [`Series`] whose totals (count, range, ends) are exact, however
//! many points there were, while the points that are kept to be drawn are at most [`MAX_POINTS`].
//! What is left out is chosen by rule alone: of each stretch of equal length the lowest, the highest
//! and the first non-finite point stay.

use std::collections::BTreeMap;

use super::{Finite, Instant, Measured, Pointer};

/// Points that are kept of one series.
pub const MAX_POINTS: usize = 10_000;

/// Points that are kept of all series of a [`SeriesSet`] together.
const SET_POINTS: usize = 500_000;

/// A selection never gets smaller than this because there are many series.
const FEWEST_POINTS: usize = 64;

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

/// What is said of all points, also of those that were not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many there were.
    pub points: usize,
    /// How many of them were finite numbers.
    pub finite: usize,
    /// The lowest number.
    pub min: Option<Finite>,
    /// The highest number.
    pub max: Option<Finite>,
    /// The first point.
    pub first: Option<Point>,
    /// The last point.
    pub last: Option<Point>,
}

impl Totals {
    fn add(&mut self, point: Point) {
        self.points += 1;
        self.first = self.first.or(Some(point));
        self.last = Some(point);
        if let Some(value) = point.value.finite() {
            self.finite += 1;
            self.min = Some(self.min.map_or(value, |old| old.min(value)));
            self.max = Some(self.max.map_or(value, |old| old.max(value)));
        }
    }
}

/// A metric over steps or time, in the order of the tool's own client (step, then time).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The metric's name as the tool wrote it.
    pub metric: String,
    /// The points, or a selection of them when there were more than [`MAX_POINTS`].
    pub points: Vec<Point>,
    /// What is true of all points.
    pub totals: Totals,
    /// Where it was read.
    pub source: Pointer,
}

impl Series {
    /// A series of points that are in memory.
    pub fn new(metric: impl Into<String>, points: Vec<Point>, source: Pointer) -> Self {
        let mut builder = SeriesBuilder::default();
        if points.len() > MAX_POINTS {
            points.into_iter().for_each(|point| builder.push(point));
        } else {
            points.iter().for_each(|point| builder.totals.add(*point));
            builder.kept = points;
        }
        builder.finish(metric, source)
    }
}

/// A series that is still growing.
#[derive(Clone, Debug)]
pub struct SeriesBuilder {
    totals: Totals,
    kept: Vec<Point>,
    most: usize,
    /// How many points a stretch has, of which `select` keeps up to three. While it is 1 nothing
    /// was left out.
    stretch: usize,
    open: Vec<Point>,
    open_length: usize,
}

impl Default for SeriesBuilder {
    fn default() -> Self {
        Self {
            totals: Totals::default(),
            kept: Vec::new(),
            most: MAX_POINTS,
            stretch: 1,
            open: Vec::new(),
            open_length: 0,
        }
    }
}

impl SeriesBuilder {
    /// The totals so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Adds a point.
    pub fn push(&mut self, point: Point) {
        self.totals.add(point);
        if self.stretch == 1 {
            self.kept.push(point);
        } else {
            self.open.push(point);
            self.open_length += 1;
            if self.open_length >= self.stretch {
                self.kept.append(&mut select(&self.open));
                self.open.clear();
                self.open_length = 0;
            } else if self.open.len() >= 64 {
                self.open = select(&self.open);
            }
        }
        self.shrink();
    }

    /// Keeps at most so many points from now on.
    fn limit(&mut self, most: usize) {
        self.most = most;
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.kept.len() > self.most {
            self.kept = self.kept.chunks(4).flat_map(select).collect();
            // Four points become two: the first time of one each, later of two stretches.
            self.stretch = if self.stretch == 1 { 4 } else { self.stretch.saturating_mul(2) };
        }
    }

    /// The series.
    pub fn finish(mut self, metric: impl Into<String>, source: Pointer) -> Series {
        self.kept.append(&mut select(&self.open));
        if self.stretch > 1 {
            if self.kept.first() != self.totals.first.as_ref() {
                self.kept.splice(..0, self.totals.first);
            }
            if self.kept.last() != self.totals.last.as_ref() {
                self.kept.extend(self.totals.last);
            }
        }
        self.kept.shrink_to_fit();
        Series { metric: metric.into(), points: self.kept, totals: self.totals, source }
    }
}

/// The lowest, the highest and the first non-finite of some points, in their order.
fn select(points: &[Point]) -> Vec<Point> {
    let mut low: Option<(Finite, usize)> = None;
    let mut high: Option<(Finite, usize)> = None;
    let mut odd: Option<usize> = None;
    for (i, point) in points.iter().enumerate() {
        match point.value.finite() {
            Some(value) => {
                if low.is_none_or(|(least, _)| value < least) {
                    low = Some((value, i));
                }
                if high.is_none_or(|(most, _)| value >= most) {
                    high = Some((value, i));
                }
            }
            None => odd = odd.or(Some(i)),
        }
    }
    let mut chosen: Vec<usize> = [low.map(|l| l.1), high.map(|h| h.1), odd].into_iter().flatten().collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().filter_map(|i| points.get(i).copied()).collect()
}

/// The series of one run that is read as a stream: bounded together, whatever their number.
#[derive(Clone, Debug, Default)]
pub struct SeriesSet {
    series: BTreeMap<String, SeriesBuilder>,
    kept: usize,
    most: Option<usize>,
}

impl SeriesSet {
    /// How many series there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Whether there is a series of that metric.
    pub fn has(&self, metric: &str) -> bool {
        self.series.contains_key(metric)
    }

    /// Adds a point to a metric's series.
    pub fn push(&mut self, metric: &str, point: Point) {
        let most = self.most.unwrap_or(MAX_POINTS);
        let series = match self.series.get_mut(metric) {
            Some(series) => series,
            None => self
                .series
                .entry(metric.to_owned())
                .or_insert_with(|| SeriesBuilder { most, ..SeriesBuilder::default() }),
        };
        let before = series.kept.len();
        series.push(point);
        self.kept = self.kept - before + series.kept.len();
        if self.kept > SET_POINTS && most > FEWEST_POINTS {
            let most = (most / 2).max(FEWEST_POINTS);
            self.most = Some(most);
            self.series.values_mut().for_each(|series| series.limit(most));
            self.kept = self.series.values().map(|series| series.kept.len()).sum();
        }
    }

    /// What is true of each series, sorted by metric.
    pub fn totals(&self) -> impl Iterator<Item = (&str, &Totals)> {
        self.series.iter().map(|(metric, series)| (metric.as_str(), &series.totals))
    }

    /// The series, sorted by metric.
    pub fn into_series(self) -> impl Iterator<Item = (String, SeriesBuilder)> {
        self.series.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_POINTS, Point, Series, SeriesSet};
    use crate::model::{Measured, Pointer};

    fn point(step: i64, value: f64) -> Point {
        Point { step, time: None, value: Measured::new(value) }
    }

    #[test]
    fn up_to_the_limit_every_point_stays() {
        let points: Vec<Point> =
            (0..MAX_POINTS as i64).map(|i| point(i, if i % 3 == 0 { f64::NAN } else { 0.5 })).collect();
        let series = Series::new("m", points.clone(), Pointer::default());
        assert_eq!(series.points, points);
        assert_eq!(series.totals.points, points.len());
    }

    #[test]
    fn of_a_million_points_the_totals_are_exact_and_the_peaks_stay() {
        let value = |i: i64| match i {
            123_456 => 99.0,
            654_321 => -99.0,
            777_777 => f64::NAN,
            _ => (i as f64 * 0.001).sin(),
        };
        let series = Series::new("m", (0..1_000_000).map(|i| point(i, value(i))).collect(), Pointer::default());
        assert!(series.points.len() <= MAX_POINTS + 5, "{}", series.points.len());
        assert!(series.points.len() >= MAX_POINTS / 3, "{}", series.points.len());
        assert!(series.points.is_sorted_by_key(|p| p.step));
        let totals = series.totals;
        assert_eq!((totals.points, totals.finite), (1_000_000, 999_999));
        assert_eq!((totals.min.unwrap().get(), totals.max.unwrap().get()), (-99.0, 99.0));
        for step in [0, 123_456, 654_321, 777_777, 999_999] {
            assert!(series.points.iter().any(|p| p.step == step), "{step}");
        }
        // Evenly: no stretch of the steps is much denser than another.
        let half = series.points.iter().filter(|p| p.step < 500_000).count();
        assert!(half.abs_diff(series.points.len() - half) < series.points.len() / 5, "{half}");
        let again = Series::new("m", (0..1_000_000).map(|i| point(i, value(i))).collect(), Pointer::default());
        assert_eq!(again, series);
    }

    #[test]
    fn many_series_share_a_budget() {
        let mut set = SeriesSet::default();
        for step in 0..2_000 {
            for metric in 0..1_000 {
                set.push(&format!("m{metric}"), point(step, step as f64));
            }
        }
        let series: Vec<Series> = set.into_series().map(|(m, b)| b.finish(m, Pointer::default())).collect();
        let kept: usize = series.iter().map(|s| s.points.len()).sum();
        assert!(kept < 600_000, "{kept}");
        assert!(series.iter().all(|s| s.totals.points == 2_000 && s.points.len() > 200));
    }

    #[test]
    fn a_series_of_nothing_but_nan_is_bounded_too() {
        let series = Series::new("m", (0..50_000).map(|i| point(i, f64::NAN)).collect(), Pointer::default());
        assert!(series.points.len() <= MAX_POINTS);
        assert_eq!((series.totals.points, series.totals.finite), (50_000, 0));
        assert_eq!(series.totals.last.unwrap().step, 49_999);
    }
}
