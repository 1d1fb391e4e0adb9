//! Random indices: one ChaCha stream per resample, integers only.
//!
//! In: a seed, the number of the resample and the number of units. Out: independent indices, each
//! unit equally likely, the same on every machine.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// Indices that are drawn at a time.
const BLOCK: usize = 1024;

/// The indices of one resample.
pub(super) struct Draws {
    rng: ChaCha8Rng,
    units: u32,
    /// Words whose lower product is below this are drawn again.
    uneven: u32,
    bytes: [u8; 4 * BLOCK],
    indices: [u32; BLOCK],
}

impl Draws {
    /// The stream of a resample; `units` is at least 1.
    pub(super) fn new(seed: &[u8; 32], replicate: u64, units: u32) -> Self {
        let mut rng = ChaCha8Rng::from_seed(*seed);
        rng.set_stream(replicate);
        let units = units.max(1);
        Self { rng, units, uneven: units.wrapping_neg() % units, bytes: [0; 4 * BLOCK], indices: [0; BLOCK] }
    }

    /// Draws `count` indices and hands them over in blocks.
    pub(super) fn each_block(&mut self, count: u32, mut take: impl FnMut(&[u32])) {
        let mut left = count as usize;
        while left > 0 {
            let got = self.block().min(left);
            if let Some(indices) = self.indices.get(..got) {
                take(indices);
            }
            left -= got;
        }
    }

    /// Fills the block; says how many indices are in it.
    ///
    /// D. Lemire, "Fast Random Integer Generation in an Interval" (2019): the upper half of
    /// word × units, unless the lower half shows that the word belongs to the uneven rest.
    fn block(&mut self) -> usize {
        self.rng.fill_bytes(&mut self.bytes);
        let (units, uneven) = (u64::from(self.units), self.uneven);
        let mut rejected = 0;
        for (word, index) in self.bytes.as_chunks::<4>().0.iter().zip(&mut self.indices) {
            let product = u64::from(u32::from_le_bytes(*word)) * units;
            *index = (product >> 32) as u32;
            rejected |= u32::from((product as u32) < uneven);
        }
        if rejected == 0 {
            return BLOCK;
        }
        let mut kept = 0;
        for word in self.bytes.as_chunks::<4>().0 {
            let product = u64::from(u32::from_le_bytes(*word)) * units;
            if (product as u32) >= uneven
                && let Some(index) = self.indices.get_mut(kept)
            {
                *index = (product >> 32) as u32;
                kept += 1;
            }
        }
        kept
    }
}
