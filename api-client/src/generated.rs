//! What `cargo xtask codegen` writes: one folder per API.

#[cfg(feature = "flink")]
#[rustfmt::skip]
pub mod flink;
