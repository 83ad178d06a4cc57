//! Flink's REST API in process, over a simulated cluster and a virtual clock.

mod asynchronous;
mod bench;
mod faults;
mod jars;
mod jobs;
mod metrics;
mod observed;
mod operations;
mod process;
mod rescaling;
mod restart;
mod submission;

// The readers of the document are those of its own tests, so that there is one opinion on what is valid.
#[allow(dead_code)]
#[path = "../../../spec/tests/flink/document.rs"]
mod document;
#[allow(dead_code)]
#[path = "../../../spec/tests/flink/json_schema.rs"]
mod json_schema;
