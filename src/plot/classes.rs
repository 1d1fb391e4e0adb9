//! The vocabulary of class names that charts speak, and how each looks without a stylesheet.
//!
//! In: an [`Ink`], the only "colour" the drawing code knows. Out: its class name and the presentation
//! attributes that keep the SVG legible in print, in forced colours and when the stylesheet is missing.
//! Must not: name a colour. Colours belong to the stylesheet, which overrides every attribute here
//! (any CSS rule is stronger than a presentation attribute).

use plotters::style::Color;
use plotters_backend::BackendColor;

/// What a mark means. Travels through plotters as an RGB token and comes back in the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ink {
    /// Drawn nowhere: plotters insists on some style for parts that we leave out.
    Hidden = 0,
    Axis,
    Grid,
    Text,
    Muted,
    Strong,
    OnDark,
    Threshold,
    Beyond,
    Diagonal,
    Interval,
    Missing,
    Failed,
    Drifted,
    Promoted,
    Reference,
    Current,
    Bar,
    Q0,
    Q1,
    Q2,
    Q3,
    Q4,
    Q5,
    Q6,
    Q7,
    Q8,
    Q9,
    S1,
    S2,
    S3,
    S4,
    S5,
    S6,
    T1,
    T2,
    T3,
    T4,
    T5,
    T6,
    F1,
    F2,
    F3,
    F4,
    F5,
    F6,
    B1,
    B2,
    B3,
    B4,
    B5,
    B6,
}

/// One class of the vocabulary: name, meaning, and the attributes drawn with it.
#[derive(Debug, Clone, Copy)]
pub struct StyleClass {
    /// The value of the `class` attribute (two names where marks share a rule, as in `f1 band`).
    pub class: &'static str,
    /// What a mark of this class says to the reader.
    pub meaning: &'static str,
    /// Presentation attributes in force when no stylesheet speaks.
    pub fallback: &'static str,
}

const fn class(class: &'static str, meaning: &'static str, fallback: &'static str) -> StyleClass {
    StyleClass { class, meaning, fallback }
}

macro_rules! series {
    ($name:literal, $meaning:literal, $($rest:literal),*) => {
        class($name, $meaning, concat!("fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linejoin=\"round\" stroke-linecap=\"round\"", $($rest),*))
    };
}

macro_rules! fine {
    ($name:literal) => {
        class(
            $name,
            "line of a dense series: thin, never dashed",
            "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.2\" stroke-linejoin=\"round\"",
        )
    };
}

macro_rules! heat {
    ($name:literal, $opacity:literal) => {
        class(
            $name,
            "level of a heat scale, q0 lowest to q9 highest; set fill and fill-opacity:1",
            concat!("fill=\"currentColor\" fill-opacity=\"", $opacity, "\""),
        )
    };
}

macro_rules! band {
    ($name:literal) => {
        class($name, "interval band of a series", "fill=\"currentColor\" fill-opacity=\".12\"")
    };
}

/// Every class that a mark can carry, in the order of the tokens. The root carries `plot` and
/// `plot-KIND` (`trend`, `sparkline`, `curve`, `calibration`, `matrix`, `bars`, `heatmap`,
/// `histogram`, `series`, `score`).
pub const STYLE_CLASSES: [StyleClass; 52] = [
    class("", "never drawn", ""),
    class(
        "ax",
        "axis line",
        "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".55\" shape-rendering=\"crispEdges\"",
    ),
    class(
        "gr",
        "grid line",
        "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".13\" shape-rendering=\"crispEdges\"",
    ),
    class("tx", "text", "fill=\"currentColor\""),
    class("tx tx-m", "quiet text: axis labels, counts", "fill=\"currentColor\" fill-opacity=\".72\""),
    class("tx tx-b", "text that names a series or a value", "fill=\"currentColor\" font-weight=\"600\""),
    class("tx tx-d", "text on a heat level of q5 and darker", "fill=\"currentColor\""),
    class(
        "th",
        "threshold, bound",
        "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.2\" stroke-dasharray=\"5 3\"",
    ),
    class("beyond", "the failing side of a threshold", "fill=\"currentColor\" fill-opacity=\".05\""),
    class(
        "diag",
        "reference line: chance, perfect calibration, overall value",
        "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".5\" stroke-dasharray=\"2 3\"",
    ),
    class(
        "iv",
        "interval whisker",
        "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.2\" stroke-opacity=\".75\"",
    ),
    class("miss", "no data: stroke of an open mark", "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".35\""),
    class(
        "miss fail",
        "a value that could not be computed",
        "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".8\"",
    ),
    class("bad", "outline of something over its bound", "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\""),
    class("good", "ring around a promoted version", "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\""),
    class("ref", "reference distribution", "fill=\"currentColor\" fill-opacity=\".2\""),
    class(
        "cur",
        "current distribution, outlined",
        "fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" stroke-linejoin=\"round\"",
    ),
    class("bar", "bar of a value", "fill=\"currentColor\" fill-opacity=\".5\""),
    heat!("q0", ".03"),
    heat!("q1", ".07"),
    heat!("q2", ".11"),
    heat!("q3", ".15"),
    heat!("q4", ".2"),
    heat!("q5", ".25"),
    heat!("q6", ".3"),
    heat!("q7", ".35"),
    heat!("q8", ".4"),
    heat!("q9", ".45"),
    series!("s1", "line of the first series",),
    series!("s2", "line of the second series", " stroke-dasharray=\"7 3.5\""),
    series!("s3", "line of the third series", " stroke-dasharray=\"1.5 3.5\""),
    series!("s4", "line of the fourth series", " stroke-dasharray=\"9 3.5 1.5 3.5\""),
    series!("s5", "line of the fifth series", " stroke-dasharray=\"4 4\""),
    series!("s6", "line of the sixth series", " stroke-dasharray=\"12 3.5 4 3.5\""),
    fine!("s1 fine"),
    fine!("s2 fine"),
    fine!("s3 fine"),
    fine!("s4 fine"),
    fine!("s5 fine"),
    fine!("s6 fine"),
    class("f1 dot", "marker of the first series", "fill=\"currentColor\""),
    class("f2 dot", "marker of the second series", "fill=\"currentColor\""),
    class("f3 dot", "marker of the third series", "fill=\"currentColor\""),
    class("f4 dot", "marker of the fourth series", "fill=\"currentColor\""),
    class("f5 dot", "marker of the fifth series", "fill=\"currentColor\""),
    class("f6 dot", "marker of the sixth series", "fill=\"currentColor\""),
    band!("f1 band"),
    band!("f2 band"),
    band!("f3 band"),
    band!("f4 band"),
    band!("f5 band"),
    band!("f6 band"),
];

/// How many series have a colour of their own; further series are left to the table.
pub const MAX_SERIES: usize = 6;

const LEVELS: [Ink; 10] = [Ink::Q0, Ink::Q1, Ink::Q2, Ink::Q3, Ink::Q4, Ink::Q5, Ink::Q6, Ink::Q7, Ink::Q8, Ink::Q9];
const LINES: [Ink; MAX_SERIES] = [Ink::S1, Ink::S2, Ink::S3, Ink::S4, Ink::S5, Ink::S6];
const FINE: [Ink; MAX_SERIES] = [Ink::T1, Ink::T2, Ink::T3, Ink::T4, Ink::T5, Ink::T6];
const DOTS: [Ink; MAX_SERIES] = [Ink::F1, Ink::F2, Ink::F3, Ink::F4, Ink::F5, Ink::F6];
const BANDS: [Ink; MAX_SERIES] = [Ink::B1, Ink::B2, Ink::B3, Ink::B4, Ink::B5, Ink::B6];

impl Ink {
    /// The class and the fallback attributes of this ink.
    pub(crate) fn style(self) -> &'static StyleClass {
        &STYLE_CLASSES[self as usize]
    }

    /// Heat level of a share between 0 and 1; anything outside is clamped, NaN is the lowest.
    pub(crate) fn level(share: f64) -> Ink {
        LEVELS[((share * 10.0).clamp(0.0, 9.0)) as usize]
    }

    /// Line of the series with this index (indices past the last colour share it).
    pub(crate) fn line(index: usize) -> Ink {
        LINES[index.min(MAX_SERIES - 1)]
    }

    /// Thin line of the series with this index, for thousands of points.
    pub(crate) fn fine(index: usize) -> Ink {
        FINE[index.min(MAX_SERIES - 1)]
    }

    /// Marker of the series with this index.
    pub(crate) fn dot(index: usize) -> Ink {
        DOTS[index.min(MAX_SERIES - 1)]
    }

    /// Interval band of the series with this index.
    pub(crate) fn band(index: usize) -> Ink {
        BANDS[index.min(MAX_SERIES - 1)]
    }

    /// Reads back the token that [`Color::to_backend_color`] wrote.
    pub(crate) fn from_token(color: BackendColor) -> &'static StyleClass {
        STYLE_CLASSES.get(usize::from(color.rgb.0)).unwrap_or(&STYLE_CLASSES[0])
    }
}

impl Color for Ink {
    fn to_backend_color(&self) -> BackendColor {
        BackendColor { alpha: 1.0, rgb: (*self as u8, 0, 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_order_of_inks() {
        assert_eq!(Ink::Axis.style().class, "ax");
        assert_eq!(Ink::Q9.style().class, "q9");
        assert_eq!(Ink::S1.style().class, "s1");
        assert_eq!(Ink::F6.style().class, "f6 dot");
        assert_eq!(Ink::B6.style().class, "f6 band");
        assert_eq!(Ink::B6 as usize, STYLE_CLASSES.len() - 1);
        assert_eq!(Ink::from_token(Ink::Drifted.to_backend_color()).class, "bad");
    }

    #[test]
    fn no_fallback_names_a_colour() {
        for c in &STYLE_CLASSES {
            assert!(
                !c.fallback.contains('#') && !c.fallback.contains("rgb") && !c.fallback.contains("style="),
                "{c:?}"
            );
        }
    }

    #[test]
    fn levels_are_clamped() {
        assert_eq!(Ink::level(f64::NAN), Ink::Q0);
        assert_eq!(Ink::level(-3.0), Ink::Q0);
        assert_eq!(Ink::level(0.55), Ink::Q5);
        assert_eq!(Ink::level(1.0), Ink::Q9);
        assert_eq!(Ink::level(f64::INFINITY), Ink::Q9);
    }
}
