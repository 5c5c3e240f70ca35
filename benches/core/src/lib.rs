//! Made-up profiles with the shape of real ones, to measure with.
//!
//! They are written message by message, by code that shares nothing with what is measured.

pub mod cpu;
pub mod heap;
pub mod hostile;
pub mod program;
pub mod random;
pub mod stage;
pub mod workload;
pub mod writer;
