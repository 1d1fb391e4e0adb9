//! Tests of the whole site on records made by hand.
