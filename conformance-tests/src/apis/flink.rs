//! The REST API of Apache Flink.

mod document;
mod faults;
mod model;
mod rules;
mod scene;

use crate::{Api, Feature};

pub use faults::faults;

/// Jobs can be given other parallelisms while they run.
pub const RESCALING: &str = "rescaling";

/// What is demanded of an implementation of Flink's API, with so many random histories of calls.
#[must_use]
pub fn api(histories: usize) -> Api {
    let (of_document, coverage) = document::cases();
    Api {
        name: "flink".to_owned(),
        document: planewright_spec::FLINK.into(),
        features: vec![Feature {
            name: RESCALING,
            meaning: "jobs can be given other parallelisms while they run (Flink: the adaptive scheduler)",
        }],
        // Those of the document look at the answers of all others too.
        cases: [rules::all(), model::cases(histories), of_document].concat(),
        coverage,
    }
}
