//! The gate: policy and registry in, verdict out; knows nothing of pages.

pub mod policy;
pub mod verdict;
