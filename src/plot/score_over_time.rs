//! A drift score across windows, with the threshold above which it counts as drift.
//!
//! In: windows in order, a score for each, the threshold. Out: a [`trend`] whose failing side is
//! shaded. Must not: decide what drifted; the caller's threshold does.

use super::trend::{self, MarkKind, Side, Threshold, TrendMark, TrendPoint, TrendSeries, TrendSpec};
use super::{Figure, Heading};

/// A drift score over windows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreOverTimeSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Name of the score, such as "PSI".
    pub score: String,
    /// Windows, oldest first.
    pub windows: Vec<String>,
    /// A score per window; `None` where the window was not scored.
    pub values: Vec<Option<f64>>,
    /// Threshold with the text beside it, such as "drift from 0.2".
    pub threshold: Option<(f64, String)>,
    /// Which side of the threshold is quiet: at most for distances, at least for p-values.
    pub quiet: Option<Side>,
    /// The window of the first alarm.
    pub alarm: Option<usize>,
}

/// Draws the chart.
pub fn draw(spec: &ScoreOverTimeSpec) -> Figure {
    let points = spec.values.iter().map(|v| TrendPoint { value: *v, ..TrendPoint::default() }).collect();
    let passes = spec.quiet.unwrap_or(Side::AtMost);
    trend::draw_as(
        "score",
        &TrendSpec {
            heading: spec.heading.clone(),
            metric: spec.score.clone(),
            place: "window".to_owned(),
            labels: spec.windows.clone(),
            series: vec![TrendSeries { name: String::new(), points }],
            interval_name: String::new(),
            threshold: spec.threshold.clone().map(|(value, label)| Threshold { value, label, passes }),
            from_zero: spec.quiet.unwrap_or(Side::AtMost) == Side::AtMost,
            marks: spec.alarm.and_then(|at| alarm(spec, at)).into_iter().collect(),
        },
    )
}

fn alarm(spec: &ScoreOverTimeSpec, at: usize) -> Option<TrendMark> {
    let label = format!("first alarm: {}", spec.windows.get(at)?);
    Some(TrendMark { at: at as f64, kind: MarkKind::Alarm, label })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_trend_of_its_own_class() {
        let f = draw(&ScoreOverTimeSpec {
            heading: Heading::new("s", "PSI of age"),
            score: "PSI".to_owned(),
            windows: vec!["w1".to_owned(), "w2".to_owned()],
            values: vec![Some(0.05), Some(0.3)],
            threshold: Some((0.2, "drift from 0.2".to_owned())),
            quiet: None,
            alarm: Some(1),
        });
        assert!(f.svg.as_str().contains("<title>first alarm: w2</title>"));
        assert!(f.svg.as_str().contains("plot-score"));
        assert!(f.svg.as_str().contains("class=\"beyond\""));
        assert!(f.description.contains("over 2 windows"), "{}", f.description);
    }
}
