//! The APIs that Planewright knows. One folder each: rules, model, broken servers fill the same shape for every API.

pub mod flink;

use crate::Api;

/// The names that [`named`] knows.
pub const NAMES: &[&str] = &["flink"];

/// Random histories of calls that are tried unless somebody says otherwise: few enough for a real cluster.
pub const HISTORIES: usize = 2;

/// The API of this name: `flink`.
#[must_use]
pub fn named(name: &str) -> Option<Api> {
    named_with(name, HISTORIES)
}

/// The API of this name, with so many random histories of calls.
#[must_use]
pub fn named_with(name: &str, histories: usize) -> Option<Api> {
    match name {
        "flink" => Some(flink::api(histories)),
        _ => None,
    }
}
