//! The control-plane APIs, served over any store and executor.

mod app;
mod convert;
mod flink;
pub mod kernel;
pub mod process;

pub use app::{Api, BuildError, ControlPlane, ControlPlaneBuilder};
