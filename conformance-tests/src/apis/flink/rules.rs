//! The numbered rules of the API, one file for each part of it.
//!
//! A rule is read aloud from top to bottom: its sentence, where that is written, how it is proved. It stands alone: what it
//! needs it makes, through [`scene`](super::scene), which also takes it away again.

mod applications;
mod checkpoints;
mod cluster;
mod http;
mod jars;
mod jobs;
mod logs;
mod metrics;
mod rescaling;
mod savepoints;
mod submission;
mod vertices;

use crate::Case;

/// Where most sentences are written: the page that describes the REST API.
const REST: &str = "Flink's documentation, REST API";
/// What a cluster of that release does, where the documentation is silent.
const OBSERVED: &str = "observed on Flink 2.3.0";
/// What Planewright's own document says, where a cluster's behaviour is an accident.
const DOCUMENT: &str = "Planewright's document of the API";

pub(super) fn all() -> Vec<Case> {
    let parts = [
        http::rules(),
        cluster::rules(),
        jars::rules(),
        jobs::rules(),
        submission::rules(),
        vertices::rules(),
        savepoints::rules(),
        checkpoints::rules(),
        metrics::rules(),
        rescaling::rules(),
        applications::rules(),
        logs::rules(),
    ];
    parts.into_iter().flatten().collect()
}
