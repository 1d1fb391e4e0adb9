//! Lines thinned to what pixels can show.
//!
//! In: points in drawing order that passed the guard. Out: unbroken runs of at most two points per
//! pixel column, and polylines without points that lie on the line anyway. Must not: lose an extreme.

use super::guard::Span;

/// Points in drawing order, cut where values are missing, at most two per pixel column.
///
/// In: points in order of x, `None` where the value cannot be drawn; the x span; the number of pixel
/// columns. Out: unbroken runs. In each column the smallest and the largest value are kept in their
/// order. A gap shorter than a column cannot be seen and does not cut.
pub(crate) fn thin(points: &[(f64, Option<f64>)], x: Span, columns: usize) -> Vec<Vec<(f64, f64)>> {
    let columns = columns.max(1) as f64;
    let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut run: Vec<(f64, f64)> = Vec::new();
    // Index in the run at which the current column starts, and its number.
    let mut column = -1i64;
    let mut start = 0usize;
    let mut gap = false;
    for &(px, py) in points {
        let Some(py) = py else {
            gap = true;
            continue;
        };
        let c = (x.share(px) * columns) as i64;
        if c != column {
            if gap && !run.is_empty() {
                runs.push(std::mem::take(&mut run));
            }
            column = c;
            start = run.len();
            run.push((px, py));
        } else {
            match run.len() - start {
                0 | 1 => run.push((px, py)),
                _ => widen(&mut run[start..], (px, py)),
            }
        }
        gap = false;
    }
    if !run.is_empty() {
        runs.push(run);
    }
    runs
}

/// Keeps the two extreme points of a column (three candidates, two places), in order of appearance.
fn widen(pair: &mut [(f64, f64)], next: (f64, f64)) {
    if let [first, second] = pair {
        let (lo, hi) = (first.1.min(second.1), first.1.max(second.1));
        if next.1 >= lo && next.1 <= hi {
            return;
        }
        // The new point is an extreme: it replaces the one on its own side.
        let replace_first = (next.1 > hi) == (first.1 == hi);
        if replace_first {
            *first = *second;
        }
        *second = next;
    }
}

/// Drops points that lie within `tolerance` of the line through their kept neighbours
/// (Ramer–Douglas–Peucker, without recursion). `place` tells where a point lands, in pixels.
pub(crate) fn simplify(
    points: Vec<(f64, f64)>,
    tolerance: f64,
    place: impl Fn((f64, f64)) -> (f64, f64),
) -> Vec<(f64, f64)> {
    if points.len() < 3 {
        return points;
    }
    let at: Vec<(f64, f64)> = points.iter().map(|p| place(*p)).collect();
    let mut keep = vec![false; at.len()];
    keep[0] = true;
    keep[at.len() - 1] = true;
    let mut open = vec![(0, at.len() - 1)];
    while let Some((first, last)) = open.pop() {
        let (a, b) = (at[first], at[last]);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = dx.hypot(dy);
        let (mut worst, mut far) = (tolerance, None);
        for (i, p) in at.iter().enumerate().take(last).skip(first + 1) {
            let (ex, ey) = (p.0 - a.0, p.1 - a.1);
            let distance = if length > 1e-9 { (dx * ey - dy * ex).abs() / length } else { ex.hypot(ey) };
            if distance > worst {
                worst = distance;
                far = Some(i);
            }
        }
        if let Some(i) = far {
            keep[i] = true;
            open.push((first, i));
            open.push((i, last));
        }
    }
    let mut kept = keep.into_iter();
    points.into_iter().filter(|_| kept.next().unwrap_or(true)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::guard::finite;
    use proptest::prelude::*;

    #[test]
    fn a_column_keeps_its_extremes_in_order() {
        let points: Vec<_> =
            [3.0, 9.0, 1.0, 5.0].iter().enumerate().map(|(i, y)| (i as f64 * 0.01, Some(*y))).collect();
        let runs = thin(&points, Span::new(0.0, 1.0).unwrap(), 10);
        assert_eq!(runs, [vec![(0.01, 9.0), (0.02, 1.0)]]);
    }

    #[test]
    fn gaps_cut_runs() {
        let points = [(0.0, Some(1.0)), (0.5, None), (1.0, Some(2.0))];
        assert_eq!(thin(&points, Span::unit(), 100).len(), 2);
    }

    #[test]
    fn straight_lines_need_two_points() {
        let line: Vec<_> = (0..50).map(|i| (f64::from(i), 2.0 * f64::from(i))).collect();
        assert_eq!(simplify(line, 0.1, |p| p), [(0.0, 0.0), (49.0, 98.0)]);
        let corner = vec![(0.0, 0.0), (0.0, 5.0), (5.0, 5.0)];
        assert_eq!(simplify(corner.clone(), 0.1, |p| p), corner);
    }

    proptest! {
        #[test]
        fn thinning_bounds_points_and_keeps_extremes(ys in proptest::collection::vec(any::<f64>(), 0..2000), columns in 1usize..50) {
            let n = ys.len().max(1) as f64;
            let points: Vec<_> = ys.iter().enumerate().map(|(i, y)| (i as f64 / n, finite(Some(*y)))).collect();
            let runs = thin(&points, Span::unit(), columns);
            let kept: usize = runs.iter().map(Vec::len).sum();
            prop_assert!(kept <= 2 * (columns + 1));
            let all = points.iter().filter_map(|p| p.1);
            let drawn = runs.iter().flatten().map(|p| p.1);
            prop_assert_eq!(all.clone().fold(f64::NEG_INFINITY, f64::max), drawn.clone().fold(f64::NEG_INFINITY, f64::max));
            prop_assert_eq!(all.fold(f64::INFINITY, f64::min), drawn.fold(f64::INFINITY, f64::min));
        }
    }
}
