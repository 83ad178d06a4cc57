//! The APIs that Planewright knows. One folder each: rules, model, broken servers fill the same shape for every API.

pub mod flink;

use crate::Api;

/// The names that [`named`] knows.
pub const NAMES: &[&str] = &["flink"];

/// The API of this name: `flink`.
#[must_use]
pub fn named(name: &str) -> Option<Api> {
    match name {
        "flink" => Some(flink::api()),
        _ => None,
    }
}
