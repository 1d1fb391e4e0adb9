//! The backend that plotters draws on.
//!
//! In: plotters' drawing calls in tenths of a pixel (it rounds to whole backend units), each with an
//! [`Ink`] token as its colour. Out: marks on the [`Pen`], in the order of the calls. Must not: let a
//! coordinate through that lies far outside of the figure, or fail.

use std::convert::Infallible;

use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, FontTransform, ShapeStyle};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::classes::Ink;
use super::pen::{HPosKey, Pen};

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Pen {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Drawn {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.outline([from, to], Ink::from_token(style.color()), false);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, _fill: bool) -> Drawn {
        self.outline([a, (b.0, a.1), b, (a.0, b.1)], Ink::from_token(style.color()), true);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.outline(path, Ink::from_token(style.color()), false);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, _fill: bool) -> Drawn {
        self.circle(center, radius, Ink::from_token(style.color()));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        self.outline(vert, Ink::from_token(style.color()), true);
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, pos: BackendCoord) -> Drawn {
        let size = style.size().round() as i32;
        let anchor = style.anchor();
        // Baseline offsets of common sans-serif faces, in tenths of the font size.
        let down = match anchor.v_pos {
            VPos::Top => 9,
            VPos::Center => 3,
            VPos::Bottom => -2,
        };
        let h = match anchor.h_pos {
            HPos::Left => HPosKey::Start,
            HPos::Center => HPosKey::Middle,
            HPos::Right => HPosKey::End,
        };
        let at = self.near((pos.0, pos.1 + size * down / 10));
        let turn = if matches!(style.transform(), FontTransform::Rotate270) { -90 } else { 0 };
        self.put_text(text, at, h, size, Ink::from_token(style.color()), turn);
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok((super::text::width(text, style.size()) as u32, style.size() as u32))
    }
}

/// A filled or stroked style of an ink, as plotters wants it.
pub(crate) fn solid(ink: Ink) -> ShapeStyle {
    ink.filled()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::pen::MAX_TITLED_MARKS;

    fn pen() -> Pen {
        Pen::new("trend", (100, 50), "p1", "A < B", "d")
    }

    #[test]
    fn neighbours_share_an_element() {
        let mut p = pen();
        p.draw_line((0, 0), (100, 0), &Ink::Grid.to_rgba()).unwrap();
        p.draw_line((0, 55), (100, 55), &Ink::Grid.to_rgba()).unwrap();
        p.draw_rect((0, 0), (10, 15), &Ink::Q3.to_rgba(), true).unwrap();
        let svg = p.finish();
        assert!(svg.contains("d=\"M0 0h10m-10 5.5h10\"/>"), "{svg}");
        assert!(svg.contains("d=\"M0 0h1v1.5h-1z\"/></svg>"), "{svg}");
    }

    #[test]
    fn titled_marks_stand_alone_and_are_capped() {
        let mut p = pen();
        for i in 0..MAX_TITLED_MARKS + 5 {
            p.title_next(|| format!("{i}"));
            p.draw_circle((i as i32, 5), 30, &Ink::F1.to_rgba(), true).unwrap();
        }
        let svg = p.finish();
        assert_eq!(svg.matches("<title>").count(), MAX_TITLED_MARKS);
        assert_eq!(svg.matches("<g ").count(), 1);
    }

    #[test]
    fn far_coordinates_are_reined_in() {
        let mut p = pen();
        p.draw_path([(i32::MIN, i32::MAX), (i32::MAX, i32::MIN)], &Ink::S1.to_rgba()).unwrap();
        assert!(p.finish().contains("M-100 100l300-150"));
    }
}
