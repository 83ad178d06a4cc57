//! Values drawn from JSON Schemas: valid ones, those at a boundary, and near misses that break one rule.
//!
//! ```
//! use planewright_sample::{Sampler, Size};
//! use serde_json::json;
//!
//! let schema = json!({"type": "object", "required": ["age"], "properties": {"age": {"type": "integer", "minimum": 18}}});
//! let sample = Sampler::new(&schema).draw(&schema, Size::Small, 7).unwrap();
//! assert!(sample.value["age"].as_i64().unwrap() >= 18);
//! let minor = sample.misses.iter().find(|miss| miss.keyword == "minimum").unwrap();
//! assert_eq!(sample.with(minor)["age"], 17);
//! ```
//!
//! - A [`Sampler`] draws from one root value, into which every `$ref` leads. It reads JSON Schema 2020-12; [`openapi`] brings the
//!   schemas of OpenAPI and Swagger documents into that form, in place.
//! - A [`Sample`] is a value and its [`Miss`]es: for each node of the value, changes that step over one keyword of its schema,
//!   and those that put an example of the document in its place.
//! - The same root, schema, size and seed give the same sample.
//!
//! Drawing follows `$ref`, merges `allOf`, chooses among `oneOf` and `anyOf`, and builds texts from patterns and formats. It
//! does not solve: what `not`, `if` and several patterns at once demand is left to chance. So neither is a sample always valid nor a
//! miss always invalid. A validator has the last word; what is drawn here only makes its answers interesting.

mod draw;
mod flat;
mod misses;
pub mod openapi;
mod pattern;
mod random;
mod text;

pub use draw::{Probe, Sampler, Size};
pub use flat::resolve;
pub use misses::{Change, Miss, Sample};
