//! Counts of numbers by their leading digits: what stands for values that are too many to keep.
//!
//! In: numbers. Out: cells, each a number that was cut towards zero and how many rows lie there. As many binary digits
//! are kept as give at most [`MOST_CELLS`] cells, from [`DIGITS`] downwards. Since the cells of all values can only
//! become more, the same values end in the same cells whatever their order and however they were split: the sketches
//! that were weighed do not (KLL and REQ draw coins, a t-digest depends on the order), or bound nothing for values that
//! lie close together. Every method then computes exactly with numbers that are off by less than [`Rounded::error`].

/// Binary digits behind the leading one that are kept at first.
const DIGITS: u32 = 20;

/// Cells of a column: 4 MB.
const MOST_CELLS: usize = 1 << 18;

/// Numbers in cells.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rounded {
    digits: u32,
    /// Ascending, each number once.
    cells: Vec<(f64, u64)>,
}

impl Default for Rounded {
    fn default() -> Self {
        Self { digits: DIGITS, cells: Vec::new() }
    }
}

/// A number without the binary digits behind so many; the sign of zero is dropped.
fn cut(value: f64, digits: u32) -> f64 {
    let dropped = 52_u32.saturating_sub(digits);
    let cut = f64::from_bits(value.to_bits() >> dropped << dropped);
    if cut == 0.0 { 0.0 } else { cut }
}

impl Rounded {
    /// Cells that are known already: ascending, each once.
    pub(super) fn from_cells(digits: u32, cells: Vec<(f64, u64)>) -> Option<Self> {
        let ascends = cells.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b));
        let fits = digits <= DIGITS && cells.len() <= MOST_CELLS;
        let are_cut = || cells.iter().all(|(v, n)| v.is_finite() && *n > 0 && cut(*v, digits) == *v);
        (ascends && fits && are_cut()).then_some(Self { digits, cells })
    }

    /// Takes numbers in; they are sorted in place.
    pub(super) fn absorb(&mut self, values: &mut [f64]) {
        values.iter_mut().for_each(|v| *v = cut(*v, self.digits));
        values.sort_unstable_by(f64::total_cmp);
        let mut cells: Vec<(f64, u64)> = Vec::new();
        for value in values.iter().copied() {
            match cells.last_mut() {
                Some((last, n)) if *last == value => *n += 1,
                _ => cells.push((value, 1)),
            }
        }
        self.join(cells);
    }

    /// Takes in other cells.
    pub(super) fn merge(&mut self, other: Self) {
        self.coarsen(other.digits);
        let mut other = other;
        other.coarsen(self.digits);
        self.join(other.cells);
    }

    /// Two ascending lists as one.
    fn join(&mut self, other: Vec<(f64, u64)>) {
        let ours = std::mem::take(&mut self.cells);
        let mut out: Vec<(f64, u64)> = Vec::with_capacity(ours.len() + other.len());
        let (mut a, mut b) = (ours.into_iter().peekable(), other.into_iter().peekable());
        loop {
            let first = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x.0 <= y.0 => a.next(),
                (Some(_), None) => a.next(),
                _ => b.next(),
            };
            let Some((value, n)) = first else { break };
            match out.last_mut() {
                Some((last, rows)) if *last == value => *rows += n,
                _ => out.push((value, n)),
            }
        }
        self.cells = out;
        while self.cells.len() > MOST_CELLS && self.digits > 0 {
            self.coarsen(self.digits - 1);
        }
    }

    /// Drops digits beyond so many.
    fn coarsen(&mut self, digits: u32) {
        if digits >= self.digits {
            return;
        }
        self.digits = digits;
        let mut out: Vec<(f64, u64)> = Vec::with_capacity(self.cells.len());
        for (value, n) in self.cells.drain(..) {
            let value = cut(value, digits);
            match out.last_mut() {
                Some((last, rows)) if *last == value => *rows += n,
                _ => out.push((value, n)),
            }
        }
        self.cells = out;
    }

    /// By what share of itself a number may be off.
    pub(super) fn error(&self) -> f64 {
        (-f64::from(self.digits)).exp2()
    }

    /// How many binary digits are kept.
    pub(super) fn digits(&self) -> u32 {
        self.digits
    }

    /// The cells, ascending.
    pub(super) fn cells(&self) -> &[(f64, u64)] {
        &self.cells
    }
}
