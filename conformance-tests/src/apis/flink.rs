//! The REST API of Apache Flink.

mod document;
mod rules;
mod scene;

use crate::{Api, Feature};

/// Jobs can be given other parallelisms while they run.
pub const RESCALING: &str = "rescaling";

/// What is demanded of an implementation of Flink's API.
#[must_use]
pub fn api() -> Api {
    let (of_document, coverage) = document::cases();
    Api {
        name: "flink".to_owned(),
        document: planewright_spec::FLINK.into(),
        features: vec![Feature {
            name: RESCALING,
            meaning: "jobs can be given other parallelisms while they run (Flink: the adaptive scheduler)",
        }],
        cases: [rules::all(), of_document].concat(),
        coverage,
    }
}
