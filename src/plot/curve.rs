//! ROC, precision-recall and DET curves: several classifiers or classes on one square.
//!
//! In: named curves with points between 0 and 1 and, when known, the area under each. Out: a square
//! plot with chance (or prevalence) as reference and the names with areas beside it. Must not: compute
//! areas; what is printed is what the caller measured.
//!
//! DET axes are normal deviates, Φ⁻¹(p), after Martin et al., "The DET Curve in Assessment of
//! Detection Task Performance" (Eurospeech 1997); Φ⁻¹ by Acklam's rational approximation (relative
//! error below 1.15e-9).

use super::axis::Axis;
use super::classes::{Ink, MAX_SERIES};
use super::frame::{Canvas, Drawn, Frame, Margins};
use super::guard::{LeftOut, Span, finite, unusable};
use super::pen::TEXT;
use super::text::{fit, plural, short};
use super::thin::{simplify, thin};
use super::ticks::{brief, number};
use super::{Figure, Heading, Table};

/// Which pair of rates is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CurveKind {
    /// True positive rate over false positive rate.
    #[default]
    Roc,
    /// Precision over recall.
    PrecisionRecall,
    /// Miss rate over false positive rate, on normal-deviate axes.
    Det,
}

/// One curve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// Name of the classifier or class.
    pub name: String,
    /// Points (x, y) in curve order, shares between 0 and 1.
    pub points: Vec<(f64, f64)>,
    /// One number for the curve, printed beside the name: area under a ROC curve, average precision,
    /// or the equal error rate of a DET curve.
    pub area: Option<f64>,
}

/// A family of curves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CurveSpec {
    /// Id prefix, title, description.
    pub heading: Heading,
    /// Which rates.
    pub kind: CurveKind,
    /// Up to [`MAX_SERIES`] curves.
    pub curves: Vec<Curve>,
    /// Share of positives: the baseline of a precision-recall curve.
    pub prevalence: Option<f64>,
}

/// Width and height in pixels.
const SIZE: (u32, u32) = (480, 320);
/// Side of the square plot in pixels.
const SIDE: f64 = 258.0;
/// Rows per curve in the table.
const TABLE_ROWS: usize = 12;
/// Rates on DET axes: the interesting part; curves leave the plot at its edges.
const DET_FLOOR: f64 = 0.001;
const DET_CEILING: f64 = 0.96;

impl CurveKind {
    fn axes(self) -> (&'static str, &'static str) {
        match self {
            CurveKind::Roc => ("false positive rate", "true positive rate"),
            CurveKind::PrecisionRecall => ("recall", "precision"),
            CurveKind::Det => ("false positive rate", "miss rate"),
        }
    }

    fn summary_name(self) -> &'static str {
        match self {
            CurveKind::Roc => "AUC",
            CurveKind::PrecisionRecall => "AP",
            CurveKind::Det => "EER",
        }
    }

    /// From a rate to its place on the axis.
    fn place(self, rate: f64) -> f64 {
        if self == CurveKind::Det { probit(rate.clamp(DET_FLOOR, DET_CEILING)) } else { rate }
    }

    fn axis(self) -> Axis {
        if self != CurveKind::Det {
            return Axis::rounded(Span::unit(), 5);
        }
        const TICKS: [(f64, &str); 7] = [
            (0.001, "0.1 %"),
            (0.01, "1 %"),
            (0.05, "5 %"),
            (0.2, "20 %"),
            (0.5, "50 %"),
            (0.8, "80 %"),
            (0.95, "95 %"),
        ];
        let span = Span::new(probit(DET_FLOOR), probit(DET_CEILING)).unwrap_or(Span::unit());
        Axis::bare(span).with_ticks(TICKS.iter().map(|(p, l)| (probit(*p), (*l).to_owned())).collect())
    }
}

/// A curve that passed the guard.
struct Shown {
    name: String,
    points: Vec<(f64, f64)>,
    area: Option<f64>,
}

/// Draws the chart.
pub fn draw(spec: &CurveSpec) -> Figure {
    let mut out = LeftOut::default();
    let shown: Vec<Shown> = spec
        .curves
        .iter()
        .take(MAX_SERIES)
        .map(|c| {
            let name = short(&c.name).into_owned();
            let points = c
                .points
                .iter()
                .enumerate()
                .filter_map(|(i, (x, y))| {
                    let share = |v: f64| {
                        finite(Some(v)).filter(|v| (-1e-9..=1.0 + 1e-9).contains(v)).map(|v| v.clamp(0.0, 1.0))
                    };
                    let point = share(*x).zip(share(*y));
                    if point.is_none() {
                        out.non_finite(|| format!("{name} {}", i + 1));
                    }
                    point
                })
                .collect();
            Shown { name, points, area: finite(c.area) }
        })
        .collect();
    let mut notes = out.notes_as("non-finite or out-of-range", "point", "point");
    let summaries = spec.curves.iter().take(MAX_SERIES).map(|c| c.area);
    notes.extend(unusable(summaries.filter(|a| a.is_some() && finite(*a).is_none()).count(), spec.kind.summary_name()));
    notes.extend(unusable(usize::from(spec.prevalence.is_some() && finite(spec.prevalence).is_none()), "prevalence"));
    if spec.curves.len() > MAX_SERIES {
        notes.push(format!("the first {MAX_SERIES} of {} curves are drawn", spec.curves.len()));
    }
    let (x, y) = spec.kind.axes();
    let mut about = format!("{} over {x}, {}.", capital(y), plural(shown.len(), "curve"));
    for Shown { name, area, .. } in &shown {
        if let Some(a) = area {
            about.push_str(&format!(" {name}: {} {}.", spec.kind.summary_name(), brief(*a)));
        }
    }
    let canvas = Canvas::new("curve", SIZE, &spec.heading, about);
    let drawn = paint(&canvas, spec, &shown);
    let mut table = Table::new(["curve", x, y]);
    for Shown { name, points, .. } in &shown {
        let every = points.len().div_ceil(TABLE_ROWS).max(1);
        let last = points.len().saturating_sub(1);
        for (i, (px, py)) in points.iter().enumerate() {
            if i % every == 0 || i == last {
                table.push(|| vec![name.clone(), number(*px), number(*py)]);
            } else {
                table.skip(1);
            }
        }
    }
    canvas.finish(drawn, table, notes)
}

fn paint(canvas: &Canvas, spec: &CurveSpec, shown: &[Shown]) -> Drawn {
    if shown.iter().all(|s| s.points.is_empty()) {
        canvas.say("no points to draw");
        return Ok(());
    }
    let kind = spec.kind;
    let (x_name, y_name) = kind.axes();
    canvas.pen().text(y_name, (0.0, 12.0), -1, TEXT, Ink::Muted);
    let y = kind.axis();
    let left = y.label_room().max(30.0);
    let right = f64::from(SIZE.0) - left - SIDE;
    let mut frame = canvas.frame(Margins { left, top: 24.0, right, bottom: 38.0 }, kind.axis(), y)?;
    frame.mesh(true, true)?;
    frame.baseline()?;
    frame.name_x(x_name);
    let baseline = match kind {
        CurveKind::Roc => Some(((0.0, 0.0), (1.0, 1.0), "chance".to_owned())),
        CurveKind::PrecisionRecall => finite(spec.prevalence)
            .filter(|p| (0.0..=1.0).contains(p))
            .map(|p| ((0.0, p), (1.0, p), format!("prevalence {}", brief(p)))),
        CurveKind::Det => None,
    };
    if let Some((a, b, _)) = &baseline {
        frame.stroke(*a, *b, Ink::Diagonal)?;
    }
    for (i, Shown { points, .. }) in shown.iter().enumerate() {
        let inside = |p: &&(f64, f64)| {
            kind != CurveKind::Det || [p.0, p.1].iter().all(|r| (DET_FLOOR..=DET_CEILING).contains(r))
        };
        let placed: Vec<(f64, Option<f64>)> =
            points.iter().filter(inside).map(|(x, y)| (kind.place(*x), Some(kind.place(*y)))).collect();
        for run in thin(&placed, frame.x(), SIDE as usize) {
            let run = simplify(run, 0.25, |p| frame.place(p));
            frame.line(run, Ink::line(i))?;
        }
    }
    names(canvas, &frame, kind, shown, baseline.map(|b| b.2))
}

/// The names beside the square, with their areas.
fn names(canvas: &Canvas, frame: &Frame, kind: CurveKind, shown: &[Shown], baseline: Option<String>) -> Drawn {
    let (_, top, right, _) = frame.edges();
    let x = right + 18.0;
    let room = f64::from(SIZE.0) - x - 27.0;
    let mut y = top + 9.0;
    for (i, Shown { name, area, .. }) in shown.iter().enumerate() {
        canvas.stroke((x, y - 4.0), (x + 20.0, y - 4.0), Ink::line(i))?;
        canvas.pen().text(&fit(name, room, TEXT), (x + 27.0, y), -1, TEXT, Ink::Text);
        if let Some(a) = area {
            y += 14.0;
            canvas.pen().text(&format!("{} {}", kind.summary_name(), brief(*a)), (x + 27.0, y), -1, TEXT, Ink::Muted);
        }
        y += 21.0;
    }
    if let Some(label) = baseline {
        canvas.stroke((x, y - 4.0), (x + 20.0, y - 4.0), Ink::Diagonal)?;
        canvas.pen().text(&fit(&label, room, TEXT), (x + 27.0, y), -1, TEXT, Ink::Muted);
    }
    Ok(())
}

fn capital(text: &str) -> String {
    let mut c = text.chars();
    c.next().map_or_else(String::new, |f| f.to_uppercase().chain(c).collect())
}

/// Φ⁻¹, the quantile function of the standard normal distribution, for 0 < p < 1.
fn probit(p: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        C.iter().fold(0.0, |s, c| s * q + c) / (D.iter().fold(0.0, |s, d| s * q + d) * q + 1.0)
    };
    if p < 0.024_25 {
        tail(p)
    } else if p > 1.0 - 0.024_25 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        A.iter().fold(0.0, |s, a| s * r + a) * q / (B.iter().fold(0.0, |s, b| s * r + b) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_tables() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813),
            (0.2, -0.841_621_233_572_914_2),
        ] {
            assert!((probit(p) - z).abs() < 1e-8, "{p}: {}", probit(p));
        }
    }

    #[test]
    fn roc_has_its_diagonal_and_area() {
        let f = draw(&CurveSpec {
            heading: Heading::new("r", "ROC"),
            curves: vec![Curve {
                name: "churn".to_owned(),
                points: vec![(0.0, 0.0), (0.1, 0.8), (1.0, 1.0), (f64::NAN, 1.0)],
                area: Some(0.91),
            }],
            ..CurveSpec::default()
        });
        assert!(f.svg.as_str().contains("class=\"diag\""));
        assert!(f.svg.as_str().contains("AUC 0.91"));
        assert_eq!(f.notes, ["1 non-finite or out-of-range point is not drawn (point churn 4)"]);
        assert_eq!(f.table.rows.len(), 3);
    }
}
