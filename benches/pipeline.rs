//! Benches of the pipeline: load, gate, charts, render, write.
fn main() {}
