//! Turns an OpenAPI document into Rust: a model, a server trait and a typed client.

pub mod config;
pub mod diagnostic;
pub mod ir;
pub mod openapi;
pub mod rust;
pub mod source;
