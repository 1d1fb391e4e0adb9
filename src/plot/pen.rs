//! The pen: writes compact SVG markup, one element for neighbouring marks of a class.
//!
//! In: outlines, dots and texts in tenths of a pixel with the class they carry; tooltips. Out: one
//! `<svg>` element. Must not: write a colour, a `style` attribute, a script, a link, or an id outside
//! of the figure's own prefix.

use std::fmt::Write as _;

use plotters_backend::BackendCoord;

use super::classes::{Ink, StyleClass};
use super::text::escape_into;

/// Backend units per pixel: plotters rounds to whole units, we want tenths of a pixel.
pub(crate) const UNITS: i32 = 10;
/// Marks that may carry a tooltip of their own; more would weigh more than they tell.
pub(crate) const MAX_TITLED_MARKS: usize = 400;
/// Font size of the root in pixels; text of this size carries no `font-size`.
pub(crate) const TEXT: f64 = 11.0;

/// Pixels to backend units.
pub(crate) fn units(pixels: f64) -> i32 {
    (pixels.clamp(-1e5, 1e5) * f64::from(UNITS)).round() as i32
}

/// What is open in the output: neighbours that fit into it need no element of their own.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    /// Inside the `d` attribute of a path of this class, with the last point.
    Path(&'static str, BackendCoord),
    /// Inside a group of marks of this class.
    Marks(&'static str),
    /// Inside a group of texts of this class, size in units and anchor.
    Texts(&'static str, i32, HPosKey),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum HPosKey {
    Start,
    Middle,
    End,
}

/// The SVG under construction.
pub(crate) struct Pen {
    pub(super) size: (u32, u32),
    out: String,
    open: Open,
    title: Option<String>,
    titled: usize,
}

impl Pen {
    /// Starts a figure of a kind; `prefix` makes its ids unique on the page. Sizes are in pixels.
    pub(crate) fn new(kind: &str, (w, h): (u32, u32), prefix: &str, title: &str, description: &str) -> Pen {
        let mut out = String::with_capacity(4096);
        let id: String = prefix.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot plot-{kind}\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" font-size=\"{TEXT}\" \
             font-family=\"system-ui,sans-serif\"><title id=\"{id}-t\">"
        );
        escape_into(&mut out, title);
        let _ = write!(out, "</title><desc id=\"{id}-d\">");
        escape_into(&mut out, description);
        out.push_str("</desc>");
        let scale = UNITS.unsigned_abs();
        Pen { size: (w * scale, h * scale), out, open: Open::Nothing, title: None, titled: 0 }
    }

    /// Gives the next mark a tooltip, as long as the figure has few of them.
    pub(crate) fn title_next(&mut self, title: impl FnOnce() -> String) {
        if self.titled < MAX_TITLED_MARKS {
            self.titled += 1;
            self.title = Some(title());
        }
    }

    /// Closes the figure.
    pub(crate) fn finish(&mut self) -> String {
        self.close();
        let mut out = std::mem::take(&mut self.out);
        out.push_str("</svg>");
        out
    }

    /// Text at a place in pixels: anchor point on the baseline, `-1`, `0`, `1` for left, centre, right.
    pub(crate) fn text(&mut self, text: &str, (x, y): (f64, f64), anchor: i8, size: f64, ink: Ink) {
        let anchor = match anchor {
            ..=-1 => HPosKey::Start,
            0 => HPosKey::Middle,
            1.. => HPosKey::End,
        };
        self.put_text(text, (units(x), units(y)), anchor, units(size), ink.style(), 0);
    }

    /// Text turned by −90 degrees that starts at the place given in pixels and rises from it.
    pub(crate) fn text_rising(&mut self, text: &str, (x, y): (f64, f64), size: f64, ink: Ink) {
        self.put_text(text, (units(x), units(y)), HPosKey::Start, units(size), ink.style(), -90);
    }

    /// A tooltip set before holds the full text of a cut one.
    pub(super) fn put_text(
        &mut self,
        text: &str,
        at: BackendCoord,
        anchor: HPosKey,
        size: i32,
        style: &'static StyleClass,
        turn: i32,
    ) {
        if style.class.is_empty() || text.is_empty() {
            return;
        }
        let title = self.title.take();
        if self.open != Open::Texts(style.class, size, anchor) {
            self.close();
            let _ = write!(self.out, "<g class=\"{}\" {}", style.class, style.fallback);
            if size != units(TEXT) {
                self.out.push_str(" font-size=\"");
                self.value(size);
                self.out.push('"');
            }
            match anchor {
                HPosKey::Start => {}
                HPosKey::Middle => self.out.push_str(" text-anchor=\"middle\""),
                HPosKey::End => self.out.push_str(" text-anchor=\"end\""),
            }
            self.out.push('>');
            self.open = Open::Texts(style.class, size, anchor);
        }
        self.out.push_str("<text x=\"");
        self.value(at.0);
        self.out.push_str("\" y=\"");
        self.value(at.1);
        if turn != 0 {
            let _ = write!(self.out, "\" transform=\"rotate({turn} ");
            self.value(at.0);
            self.out.push(' ');
            self.value(at.1);
            self.out.push(')');
        }
        self.out.push_str("\">");
        self.write_title(title);
        escape_into(&mut self.out, text);
        self.out.push_str("</text>");
    }

    fn write_title(&mut self, title: Option<String>) {
        if let Some(title) = title {
            self.out.push_str("<title>");
            escape_into(&mut self.out, &title);
            self.out.push_str("</title>");
        }
    }

    fn close(&mut self) {
        match self.open {
            Open::Nothing => {}
            Open::Path(..) => self.out.push_str("\"/>"),
            Open::Marks(_) | Open::Texts(..) => self.out.push_str("</g>"),
        }
        self.open = Open::Nothing;
    }

    fn open_marks(&mut self, style: &'static StyleClass) {
        if self.open != Open::Marks(style.class) {
            self.close();
            let _ = write!(self.out, "<g class=\"{}\" {}>", style.class, style.fallback);
            self.open = Open::Marks(style.class);
        }
    }

    /// A number in pixels with at most one decimal.
    fn value(&mut self, units: i32) {
        if units < 0 {
            self.out.push('-');
        }
        let (whole, tenth) = (units.unsigned_abs() / 10, units.unsigned_abs() % 10);
        if whole > 0 || tenth == 0 {
            let _ = write!(self.out, "{whole}");
        }
        if tenth > 0 {
            self.out.push('.');
            self.out.push(char::from(b'0' + tenth as u8));
        }
    }

    /// A further number in path data: the minus sign separates by itself.
    fn next_value(&mut self, units: i32) {
        if units >= 0 {
            self.out.push(' ');
        }
        self.value(units);
    }

    /// Keeps coordinates near the figure: no overflow in differences, whatever plotters computed.
    pub(super) fn near(&self, (x, y): BackendCoord) -> BackendCoord {
        let (w, h) = (self.size.0 as i32, self.size.1 as i32);
        (x.clamp(-w, 2 * w), y.clamp(-h, 2 * h))
    }

    pub(super) fn outline(
        &mut self,
        points: impl IntoIterator<Item = BackendCoord>,
        style: &'static StyleClass,
        closed: bool,
    ) {
        if style.class.is_empty() {
            return;
        }
        let title = self.title.take();
        let mut points = points.into_iter();
        let Some(first) = points.next() else { return };
        let first = self.near(first);
        let titled = title.is_some();
        if titled {
            self.open_marks(style);
            self.out.push_str("<path d=\"M");
            self.value(first.0);
            self.next_value(first.1);
        } else if let Open::Path(class, last) = self.open
            && class == style.class
        {
            self.out.push('m');
            self.value(first.0 - last.0);
            self.next_value(first.1 - last.1);
        } else {
            self.close();
            let _ = write!(self.out, "<path class=\"{}\" {} d=\"M", style.class, style.fallback);
            self.value(first.0);
            self.next_value(first.1);
        }
        let mut last = first;
        // In path data a command letter may be left out when it repeats.
        let mut command = ' ';
        for point in points {
            let point = self.near(point);
            let (dx, dy) = (point.0 - last.0, point.1 - last.1);
            let next = match (dx, dy) {
                (0, 0) if closed => continue,
                (_, 0) => 'h',
                (0, _) => 'v',
                _ => 'l',
            };
            if next == command {
                if (if next == 'v' { dy } else { dx }) >= 0 {
                    self.out.push(' ');
                }
            } else {
                self.out.push(next);
            }
            command = next;
            match next {
                'h' => self.value(dx),
                'v' => self.value(dy),
                _ => {
                    self.value(dx);
                    self.next_value(dy);
                }
            }
            last = point;
        }
        if closed {
            self.out.push('z');
            last = first;
        }
        if titled {
            self.out.push_str("\">");
            self.write_title(title);
            self.out.push_str("</path>");
        } else {
            self.open = Open::Path(style.class, last);
        }
    }

    /// A dot with its radius, in units.
    pub(super) fn circle(&mut self, center: BackendCoord, radius: u32, style: &'static StyleClass) {
        if style.class.is_empty() {
            return;
        }
        let title = self.title.take();
        self.open_marks(style);
        let center = self.near(center);
        self.out.push_str("<circle cx=\"");
        self.value(center.0);
        self.out.push_str("\" cy=\"");
        self.value(center.1);
        self.out.push_str("\" r=\"");
        self.value(radius.min(self.size.0) as i32);
        if title.is_some() {
            self.out.push_str("\">");
            self.write_title(title);
            self.out.push_str("</circle>");
        } else {
            self.out.push_str("\"/>");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_accessible_and_escaped() {
        let svg = Pen::new("trend", (100, 50), "a\" b", "A < B", "d\0").finish();
        assert!(svg.contains("role=\"img\" aria-labelledby=\"ab-t ab-d\""), "{svg}");
        assert!(svg.contains("<title id=\"ab-t\">A &lt; B</title><desc id=\"ab-d\">d</desc>"), "{svg}");
    }

    #[test]
    fn numbers_are_short() {
        let mut pen = Pen::new("trend", (100, 50), "p", "t", "d");
        pen.outline([(-5, 0), (995, 12)], Ink::Grid.style(), false);
        assert!(pen.finish().contains("d=\"M-.5 0l100 1.2\""));
    }
}
