//! Vectors: their mean and second moments, from which the error of a reconstruction by principal components follows.
//!
//! In: vectors of one length. Out: sums that can be merged, and the drift of embeddings as
//! [`reconstruction`] measures it. Sums of exact products would depend on the order in the last digits; they are
//! taken around the first vector's value only for stability, and merged in the order of the files.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::NotComputed;

/// Longer vectors are not compared: their second moments would not fit.
pub const LONGEST: usize = 4096;

/// Counts, sums and sums of products of vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    length: usize,
    rows: u64,
    nulls: u64,
    other_length: u64,
    sum: Vec<f64>,
    /// Upper triangle, row by row.
    products: Vec<f64>,
}

impl Moments {
    /// Takes a vector in. One that is not finite or of another length than the first counts as missing.
    pub fn add(&mut self, vector: &[f64]) {
        if self.rows == 0 && self.length == 0 && !vector.is_empty() && vector.len() <= LONGEST {
            self.length = vector.len();
            self.sum = vec![0.0; vector.len()];
            self.products = vec![0.0; vector.len() * (vector.len() + 1) / 2];
        }
        if vector.len() != self.length || vector.is_empty() || vector.iter().any(|v| !v.is_finite()) {
            self.other_length += 1;
            return;
        }
        self.rows += 1;
        let mut products = self.products.iter_mut();
        for (i, x) in vector.iter().enumerate() {
            for (y, product) in vector.iter().skip(i).zip(&mut products) {
                *product += x * y;
            }
        }
        self.sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }

    /// Takes in a row without a vector.
    pub fn add_null(&mut self) {
        self.nulls += 1;
    }

    /// Takes in what was read elsewhere; false where those vectors have another length.
    pub fn merge(&mut self, other: Self) -> bool {
        let fits = self.length == other.length || self.length == 0 || other.length == 0;
        self.nulls += other.nulls;
        self.other_length += other.other_length;
        if !fits {
            self.other_length += other.rows;
            return false;
        }
        if self.length == 0 {
            (self.length, self.sum, self.products) = (other.length, other.sum, other.products);
        } else {
            self.sum.iter_mut().zip(other.sum).for_each(|(a, b)| *a += b);
            self.products.iter_mut().zip(other.products).for_each(|(a, b)| *a += b);
        }
        self.rows += other.rows;
        true
    }

    /// How many vectors were taken in.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many rows had no vector, or one that could not be used.
    pub fn nulls(&self) -> u64 {
        self.nulls + self.other_length
    }

    /// How many numbers a vector has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// What is kept, for writing it down: sums and sums of products, rows without a vector, and those that could not be
    /// used.
    pub(super) fn parts(&self) -> (Vec<f64>, u64, u64) {
        (self.sum.iter().chain(&self.products).copied().collect(), self.nulls, self.other_length)
    }

    /// Vectors that were written down; nothing where they cannot have been written by us.
    pub(super) fn from_parts(mut sums: Vec<f64>, rows: u64, nulls: u64, other_length: u64) -> Option<Self> {
        let length = (0..=LONGEST).find(|n| n + n * (n + 1) / 2 >= sums.len())?;
        if length + length * (length + 1) / 2 != sums.len() || (length == 0) != (rows == 0) {
            return None;
        }
        let products = sums.split_off(length);
        Some(Self { length, rows, nulls, other_length, sum: sums, products })
    }

    fn mean(&self) -> DVector<f64> {
        let n = self.rows.max(1) as f64;
        DVector::from_iterator(self.length, self.sum.iter().map(|s| s / n))
    }

    /// Mean products around a point.
    fn around(&self, point: &DVector<f64>) -> DMatrix<f64> {
        let n = self.rows.max(1) as f64;
        let mean = self.mean();
        let mut out = DMatrix::zeros(self.length, self.length);
        let mut products = self.products.iter();
        for i in 0..self.length {
            for j in i..self.length {
                let product = products.next().copied().unwrap_or(0.0) / n;
                let value = product - mean[i] * point[j] - point[i] * mean[j] + point[i] * point[j];
                out[(i, j)] = value;
                out[(j, i)] = value;
            }
        }
        out
    }
}

/// The drift of vectors as the error of a reconstruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reconstruction {
    /// The mean squared error of the current vectors over that of the reference's, less one: 0 where they lie as close
    /// to the reference's principal components, 1 where the error has doubled.
    pub score: f64,
    /// How many components were kept.
    pub components: usize,
    /// The distance of the means in standard deviations of the reference: the root of its mean variance.
    pub shift: f64,
}

/// Compares vectors by how well the principal components of the reference that hold `share` of its variance
/// reconstruct them (PCA reconstruction error, as multivariate drift detectors use it). It follows from the moments
/// alone: the mean squared error is the trace of (I − PPᵀ)·E[(x − μ)(x − μ)ᵀ] with the mean μ of the reference.
///
/// # Errors
/// When a side has no vector, fewer than two, the lengths differ, or the reference does not vary.
pub fn reconstruction(reference: &Moments, current: &Moments, share: f64) -> Result<Reconstruction, NotComputed> {
    if reference.rows == 0 || current.rows == 0 {
        return Err(NotComputed::Empty);
    }
    if reference.rows < 2 {
        return Err(NotComputed::TooFew);
    }
    if reference.length != current.length {
        return Err(NotComputed::Lengths);
    }
    let mean = reference.mean();
    let (ours, theirs) = (reference.around(&mean), current.around(&mean));
    let (total, theirs_total) = (ours.trace(), theirs.trace());
    if !(total.is_finite() && theirs_total.is_finite()) {
        return Err(NotComputed::Overflow);
    }
    if total <= 0.0 {
        return Err(NotComputed::Constant);
    }
    let eigen = SymmetricEigen::new(ours);
    let mut order: Vec<usize> = (0..reference.length).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let (mut held, mut theirs_held, mut components) = (0.0, 0.0, 0);
    for i in order {
        if held >= share * total {
            break;
        }
        let vector = eigen.eigenvectors.column(i);
        held += eigen.eigenvalues[i].max(0.0);
        theirs_held += (&theirs * vector).dot(&vector);
        components += 1;
    }
    // What rounding leaves of a reference that its components hold whole.
    let least = total * 1e-9;
    let (error, theirs_error) = ((total - held).max(least), (theirs_total - theirs_held).max(least));
    let shift = (current.mean() - &mean).norm() / (total / reference.length as f64).sqrt();
    Ok(Reconstruction { score: theirs_error / error - 1.0, components, shift })
}
