//! The traits that integrators implement, their contract suites, and the implementations that ship.

pub mod artifact;
pub mod executor;
pub mod id;
#[cfg(feature = "memory")]
pub mod memory;
pub mod store;
pub mod time;
