//! What the server knows about its own process: its log, its threads, how it was started.
//!
//! In the APIs this process stands where the job manager stands in Flink.

mod environment;
mod log;
mod secret;
mod threads;

pub use environment::{Environment, environment};
pub use log::LogRing;
pub use secret::masked;
pub use threads::{Thread, threads};
