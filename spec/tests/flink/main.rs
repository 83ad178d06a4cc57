//! Checks of `openapi/flink.yaml`: its form, its examples, its asynchronous operations, and that it tells the truth
//! about a real cluster.

mod asynchronous;
mod document;
mod form;
mod json_schema;
mod observed;
