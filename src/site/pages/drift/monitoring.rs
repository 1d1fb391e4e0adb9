//! Monitoring series of a version: a metric over days, with the dates on which the version passed its gate
//! and drift was first seen.
//!
//! In: the series of a run, the decisions about its version, first alarms. Out: figures. A series of a
//! training run ends with the run; one that goes on after it, or spans days where nobody says when the run
//! ended, watches the model at work.

use crate::diag::visible;
use crate::gate::verdict::Outcome;
use crate::model::{Instant, Series};
use crate::plot::{self, Heading, MarkKind, TrendMark, TrendPoint, TrendSeries, TrendSpec};
use crate::site::facts::Facts;
use crate::site::parts::FigureView;

/// Charts on a page, points in a chart.
const CHARTS: usize = 4;
const POINTS: usize = 240;
const DAY: i64 = 86_400_000;

/// A time in milliseconds and the value then.
type Moment = (i64, Option<f64>);

/// The figures, and how many series are not drawn.
pub(super) fn figures(facts: &Facts<'_>, m: usize, v: usize, alarms: &[(Instant, String)]) -> (Vec<FigureView>, usize) {
    let Some(version) = facts.models.get(m).and_then(|model| model.versions.get(v)) else { return Default::default() };
    let Some(run) = version.run else { return Default::default() };
    let ended = run.ended_at.or(run.started_at).or(version.version.created_at);
    let watched: Vec<(&Series, Vec<Moment>)> = run.series.iter().filter_map(|s| Some((s, points(s, ended)?))).collect();
    let mut marks: Vec<(i64, MarkKind, String)> = facts
        .decisions_on(m, v)
        .filter(|d| matches!(d.entry.verdict, Outcome::Pass | Outcome::PassWithWarnings | Outcome::PassWithWaivers))
        .map(|d| {
            let text = format!("{}: {} passed for {}", d.entry.at.date(), d.entry.version, d.entry.stage);
            (d.entry.at.millis(), MarkKind::Promotion, visible(&text, 160))
        })
        .collect();
    marks.extend(alarms.iter().map(|(at, text)| (at.millis(), MarkKind::Alarm, text.clone())));
    marks.sort();
    let left = watched.len().saturating_sub(CHARTS);
    let figures =
        watched.iter().take(CHARTS).enumerate().map(|(i, (s, points))| figure(i, s, points, &marks)).collect();
    (figures, left)
}

/// The points of a series with their times, when it is one of monitoring.
fn points(series: &Series, ended: Option<Instant>) -> Option<Vec<Moment>> {
    let mut out: Vec<Moment> = series
        .points
        .iter()
        .map(|p| p.time.map(|t| (t.millis(), p.value.finite().map(crate::model::Finite::get))))
        .collect::<Option<_>>()?;
    out.sort_by_key(|p| p.0);
    let (first, last) = (out.first()?.0, out.last()?.0);
    let watches = match ended {
        Some(ended) => last - ended.millis() >= DAY,
        None => last - first >= DAY,
    };
    (watches && out.len() > 1).then_some(out)
}

fn figure(index: usize, series: &Series, all: &[Moment], marks: &[(i64, MarkKind, String)]) -> FigureView {
    // Every nth point and the last: a month of scrapes is more than a chart has pixels.
    let step = all.len().div_ceil(POINTS).max(1);
    let kept: Vec<Moment> =
        all.iter().enumerate().filter(|(i, _)| (all.len() - 1 - i).is_multiple_of(step)).map(|(_, p)| *p).collect();
    let short = kept.first().zip(kept.last()).is_some_and(|(a, b)| b.0 - a.0 < 3 * DAY);
    let label = |millis: i64| {
        Instant::from_millis(millis).map(|t| if short { t.minute() } else { t.date() }).unwrap_or_default()
    };
    let times: Vec<i64> = kept.iter().map(|p| p.0).collect();
    let mut view = FigureView::from(plot::trend(&TrendSpec {
        heading: Heading::new(format!("watch{index}"), format!("{} over time", series.metric)),
        metric: series.metric.clone(),
        place: "moment".to_owned(),
        labels: times.iter().map(|t| label(*t)).collect(),
        series: vec![TrendSeries {
            name: String::new(),
            points: kept.iter().map(|(_, value)| TrendPoint { value: *value, ..TrendPoint::default() }).collect(),
        }],
        interval_name: String::new(),
        threshold: None,
        from_zero: false,
        marks: marks
            .iter()
            .filter_map(|(at, kind, label)| {
                Some(TrendMark { at: place(&times, *at)?, kind: *kind, label: label.clone() })
            })
            .collect(),
    }));
    view.keep_rows(12);
    if step > 1 {
        view.note(format!("every {step}th of {} points is drawn", all.len()));
    }
    view
}

/// Where a moment lies among others, counted in them; nothing outside of them.
fn place(times: &[i64], at: i64) -> Option<f64> {
    let after = times.partition_point(|t| *t < at);
    let next = *times.get(after)?;
    if next == at {
        return Some(count(after));
    }
    let before = *times.get(after.checked_sub(1)?)?;
    #[expect(clippy::cast_precision_loss, reason = "a share of a stretch of time")]
    Some(count(after) - (next - at) as f64 / (next - before).max(1) as f64)
}

#[expect(clippy::cast_precision_loss, reason = "points of a chart")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Measured, Point, Pointer};

    #[test]
    fn moments_lie_between_points() {
        let times = [0, 10, 20];
        assert_eq!(place(&times, 10), Some(1.0));
        assert_eq!(place(&times, 15), Some(1.5));
        assert_eq!((place(&times, -1), place(&times, 21), place(&[], 1)), (None, None, None));
    }

    #[test]
    fn training_is_not_monitoring() {
        let series = |days: [i64; 2]| {
            let point = |d: i64| Point { step: d, time: Instant::from_millis(d * DAY), value: Measured::new(0.5) };
            Series::new("auc", days.map(point).into(), Pointer::default())
        };
        let at = |d: i64| Instant::from_millis(d * DAY);
        assert!(points(&series([1, 9]), at(9)).is_none(), "it ends with the run");
        assert!(points(&series([10, 20]), at(9)).is_some(), "it goes on after the run");
        assert!(points(&series([10, 20]), None).is_some());
        let mut untimed = series([10, 20]);
        untimed.points[0].time = None;
        assert!(points(&untimed, None).is_none());
    }
}
