//! Servers with Flink's API that are wrong in one way each: mistakes that people make who implement it.

mod concurrency;
mod crash;
mod crud;
mod http;
mod operation;
mod restart;
mod schema;
mod semantic;
mod validation;

use crate::Broken;

/// All of them.
#[must_use]
pub fn all() -> Vec<Broken> {
    [
        crash::all(),
        schema::all(),
        http::all(),
        crud::all(),
        validation::all(),
        semantic::all(),
        operation::all(),
        concurrency::all(),
        restart::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
