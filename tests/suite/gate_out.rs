//! gate_out
