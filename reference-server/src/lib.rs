//! The control-plane APIs, served over any store and executor.

pub mod kernel;
pub mod process;
