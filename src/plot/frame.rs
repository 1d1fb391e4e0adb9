//! The common ground of all charts: a canvas, and plotters' chart over our backend.
//!
//! In: margins in pixels and two axes. Out: a [`Frame`] on which a chart draws in data coordinates.
//! Must not: know any kind of chart. All numbers here are finite already.

use std::cell::{RefCell, RefMut};
use std::convert::Infallible;
use std::rc::Rc;

use plotters::chart::{ChartBuilder, ChartContext, LabelAreaPosition};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::series::LineSeries;
use plotters::style::{FontDesc, FontFamily, FontStyle, TextStyle};

use super::axis::{Axis, LABEL_GAP};
use super::classes::Ink;
use super::guard::Span;
use super::pen::{Pen, TEXT, UNITS, units};
use super::svg::solid;
use super::text::{clean, fit, short};
use super::{Figure, Heading, Svg, Table};

/// Drawing on our backend cannot fail, but plotters' signatures can.
pub(crate) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<Infallible>>;

/// Space around the plot, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Margins {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// A figure in the making.
pub(crate) struct Canvas {
    pen: Rc<RefCell<Pen>>,
    root: DrawingArea<Pen, Shift>,
    title: String,
    description: String,
}

impl Canvas {
    /// Starts a figure of `size` pixels; `about` describes it unless the heading does.
    pub(crate) fn new(kind: &str, size: (u32, u32), heading: &Heading, about: String) -> Canvas {
        let title = short(&heading.title).into_owned();
        let description = match &heading.about {
            Some(text) => clean(text).into_owned(),
            None => about,
        };
        let pen = Rc::new(RefCell::new(Pen::new(kind, size, &heading.id, &title, &description)));
        let root = DrawingArea::from(&pen);
        Canvas { pen, root, title, description }
    }

    /// The pen, for labels; must be let go before plotters draws again.
    pub(crate) fn pen(&self) -> RefMut<'_, Pen> {
        self.pen.borrow_mut()
    }

    /// A plot inside of the margins.
    pub(crate) fn frame(&self, margins: Margins, x: Axis, y: Axis) -> Drawn<Frame> {
        let chart = ChartBuilder::on(&self.root)
            .margin_top(units(margins.top))
            .margin_right(units(margins.right))
            .set_label_area_size(LabelAreaPosition::Left, units(margins.left))
            .set_label_area_size(LabelAreaPosition::Bottom, units(margins.bottom))
            .build_cartesian_2d(x, y)?;
        Ok(Frame { chart, pen: Rc::clone(&self.pen) })
    }

    /// A short line in pixels, for legends.
    pub(crate) fn stroke(&self, from: (f64, f64), to: (f64, f64), ink: Ink) -> Drawn {
        let at = |p: (f64, f64)| (units(p.0), units(p.1));
        self.root.draw(&PathElement::new(vec![at(from), at(to)], solid(ink)))
    }

    /// A box in pixels, for legends.
    pub(crate) fn block(&self, from: (f64, f64), to: (f64, f64), ink: Ink) -> Drawn {
        self.root.draw(&Rectangle::new([(units(from.0), units(from.1)), (units(to.0), units(to.1))], solid(ink)))
    }

    /// A dot in pixels, for legends.
    pub(crate) fn dot(&self, at: (f64, f64), radius: f64, ink: Ink) -> Drawn {
        self.root.draw(&Circle::new((units(at.0), units(at.1)), units(radius), solid(ink)))
    }

    /// A quiet sentence in the middle, for a chart that has nothing to draw.
    pub(crate) fn say(&self, text: &str) {
        let (w, h) = self.root.dim_in_pixel();
        let at = (f64::from(w) / 20.0, f64::from(h) / 20.0 + 4.0);
        self.pen().text(text, at, 0, 12.0, Ink::Muted);
    }

    /// The figure. A drawing that plotters refused is noted, never lost silently.
    pub(crate) fn finish(self, drawn: Drawn, table: Table, mut notes: Vec<String>) -> Figure {
        if let Err(e) = drawn {
            notes.push(format!("the chart is incomplete: {e}"));
        }
        let svg = Svg(self.pen.borrow_mut().finish());
        Figure { svg, title: self.title, description: self.description, table, notes }
    }
}

/// A plot with axes; draws in data coordinates.
pub(crate) struct Frame {
    chart: ChartContext<'static, Pen, Cartesian2d<Axis, Axis>>,
    pen: Rc<RefCell<Pen>>,
}

/// A point in data coordinates.
pub(crate) type At = (f64, f64);

impl Frame {
    /// Grid lines and labels at the ticks; grid lines only where wanted.
    pub(crate) fn mesh(&mut self, x_lines: bool, y_lines: bool) -> Drawn {
        let font = FontDesc::new(FontFamily::SansSerif, TEXT * f64::from(UNITS), FontStyle::Normal);
        let hidden = solid(Ink::Hidden);
        let mut mesh = self.chart.configure_mesh();
        if !x_lines {
            mesh.disable_x_mesh();
        }
        if !y_lines {
            mesh.disable_y_mesh();
        }
        mesh.max_light_lines(0)
            .light_line_style(hidden)
            .bold_line_style(solid(Ink::Grid))
            .axis_style(hidden)
            .label_style(TextStyle::from(font).color(&Ink::Muted))
            .set_all_tick_mark_size(units(LABEL_GAP / 2.0))
            .draw()
    }

    /// Where a point lands, in pixels.
    pub(crate) fn place(&self, at: At) -> (f64, f64) {
        let (x, y) = self.chart.plotting_area().map_coordinate(&at);
        (f64::from(x) / f64::from(UNITS), f64::from(y) / f64::from(UNITS))
    }

    /// The x span.
    pub(crate) fn x(&self) -> Span {
        self.chart.plotting_area().as_coord_spec().x_spec().span
    }

    /// The y span.
    pub(crate) fn y(&self) -> Span {
        self.chart.plotting_area().as_coord_spec().y_spec().span
    }

    /// Left, top, right and bottom edge in pixels.
    pub(crate) fn edges(&self) -> (f64, f64, f64, f64) {
        let (x, y) = self.chart.plotting_area().get_pixel_range();
        let px = |v: i32| f64::from(v) / f64::from(UNITS);
        (px(x.start), px(y.start), px(x.end), px(y.end))
    }

    /// A line through points.
    pub(crate) fn line(&mut self, points: Vec<At>, ink: Ink) -> Drawn {
        self.chart.draw_series(LineSeries::new(points, solid(ink))).map(|_| ())
    }

    /// A straight stroke between two points.
    pub(crate) fn stroke(&self, from: At, to: At, ink: Ink) -> Drawn {
        self.chart.plotting_area().draw(&PathElement::new([from, to], solid(ink)))
    }

    /// A horizontal line across the plot.
    pub(crate) fn level(&self, y: f64, ink: Ink) -> Drawn {
        let x = self.x();
        self.stroke((x.lo(), y), (x.hi(), y), ink)
    }

    /// A vertical line across the plot.
    pub(crate) fn upright(&self, x: f64, ink: Ink) -> Drawn {
        let y = self.y();
        self.stroke((x, y.lo()), (x, y.hi()), ink)
    }

    /// The x axis line along the bottom.
    pub(crate) fn baseline(&self) -> Drawn {
        let (left, _, right, bottom) = self.edges();
        let area = self.chart.plotting_area().use_screen_coord();
        area.draw(&PathElement::new([(units(left), units(bottom)), (units(right), units(bottom))], solid(Ink::Axis)))
    }

    /// A dot; the radius is in pixels.
    pub(crate) fn dot(&self, at: At, radius: f64, ink: Ink) -> Drawn {
        self.chart.plotting_area().draw(&Circle::new(at, units(radius), solid(ink)))
    }

    /// A box between two corners.
    pub(crate) fn block(&self, from: At, to: At, ink: Ink) -> Drawn {
        self.chart.plotting_area().draw(&Rectangle::new([from, to], solid(ink)))
    }

    /// A filled area.
    pub(crate) fn area(&self, corners: Vec<At>, ink: Ink) -> Drawn {
        self.chart.plotting_area().draw(&Polygon::new(corners, solid(ink)))
    }

    /// Gives the next mark a tooltip.
    pub(crate) fn title_next(&self, title: impl FnOnce() -> String) {
        self.pen.borrow_mut().title_next(title);
    }

    /// Text at a pixel; anchor `-1`, `0`, `1` for left, centre, right.
    pub(crate) fn text(&self, text: &str, at: (f64, f64), anchor: i8, size: f64, ink: Ink) {
        self.pen.borrow_mut().text(text, at, anchor, size, ink);
    }

    /// The name of the x axis, below its labels at the right end.
    pub(crate) fn name_x(&self, name: &str) {
        let (left, _, right, bottom) = self.edges();
        self.text(&fit(name, right - left, TEXT), (right, bottom + 30.0), 1, TEXT, Ink::Muted);
    }
}
