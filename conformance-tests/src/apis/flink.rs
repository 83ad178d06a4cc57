//! The REST API of Apache Flink.

mod rules;
mod scene;

use crate::{Api, Coverage, Feature};

/// Jobs can be given other parallelisms while they run.
pub const RESCALING: &str = "rescaling";

/// What is demanded of an implementation of Flink's API.
#[must_use]
pub fn api() -> Api {
    Api {
        name: "flink".to_owned(),
        document: planewright_spec::FLINK.into(),
        features: vec![Feature {
            name: RESCALING,
            meaning: "jobs can be given other parallelisms while they run (Flink: the adaptive scheduler)",
        }],
        cases: rules::all(),
        coverage: Coverage::default(),
    }
}
