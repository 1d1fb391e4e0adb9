//! One integration binary for the whole suite; see README.md in this folder for how to write a test.
