//! The traits that integrators implement, their contract suites, and the implementations that ship.

pub mod artifact;
#[cfg(feature = "contract")]
pub mod contract;
pub mod executor;
pub mod id;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "simulated")]
pub mod simulated;
pub mod store;
pub mod time;
