//! Rows as a whole: how many equal an earlier one.
//!
//! In: a digest of each row. Out: how many rows there are, and how many of them repeat another. Each different row costs
//! 16 bytes. Beyond the limit only digests that end in so many zero bits are kept, half of them with each further bit
//! (P. B. Gibbons 2001, distinct sampling): which ones does not depend on the order of the rows or on how they are split.

/// Digests that wait before they are sorted in.
const WAITING: usize = 1 << 16;

/// Rows that are still being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Different digests that end in `bits` zero bits, ascending.
    seen: Vec<u128>,
    waiting: Vec<u128>,
    bits: u32,
    rows: u64,
    most: usize,
}

impl Rows {
    /// Rows of which at most so many different ones are kept.
    pub fn with_limit(most: usize) -> Self {
        Self { seen: Vec::new(), waiting: Vec::new(), bits: 0, rows: 0, most: most.max(1) }
    }

    /// Takes in a row by its digest.
    pub fn add(&mut self, digest: u128) {
        self.rows += 1;
        if digest.trailing_zeros() >= self.bits {
            self.waiting.push(digest);
            if self.waiting.len() >= WAITING.max(self.seen.len() / 4) {
                self.settle();
            }
        }
    }

    /// Takes in what was read elsewhere; the smaller limit holds.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.bits = self.bits.max(other.bits);
        self.most = self.most.min(other.most);
        self.waiting.extend(other.seen);
        self.waiting.extend(other.waiting);
        self.settle();
    }

    /// Sorts in what waits, and keeps to the limit.
    fn settle(&mut self) {
        self.seen.append(&mut self.waiting);
        // Two ascending runs at best: the sort takes them as they are.
        self.seen.sort();
        self.seen.dedup();
        let bits = self.bits;
        self.seen.retain(|digest| digest.trailing_zeros() >= bits);
        while self.seen.len() > self.most && self.bits < 64 {
            self.bits += 1;
            let bits = self.bits;
            self.seen.retain(|digest| digest.trailing_zeros() >= bits);
        }
    }

    /// How many rows there are, how many of them repeat another, and by what share of all rows the last number may be
    /// off: its standard error; nothing where it is exact.
    pub fn finish(mut self) -> (u64, u64, Option<f64>) {
        self.settle();
        let kept = self.seen.len() as f64;
        if self.bits == 0 {
            return (self.rows, self.rows.saturating_sub(self.seen.len() as u64), None);
        }
        let different = kept * f64::from(self.bits).exp2();
        let rows = self.rows as f64;
        let error = different / rows * ((1.0 - (-f64::from(self.bits)).exp2()) / kept.max(1.0)).sqrt();
        (self.rows, (rows - different).max(0.0).round() as u64, Some(error))
    }
}
