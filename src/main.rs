//! The `presscheck` binary: everything lives in the library.
fn main() {}
