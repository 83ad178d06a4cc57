//! Turns an OpenAPI document into Rust: a model, a server trait and a typed client.
//!
//! ```
//! use planewright_codegen::{config::Config, generate, source::SourceSet};
//!
//! let document = r#"{
//!     "openapi": "3.0.3",
//!     "info": {"title": "Pets", "version": "1"},
//!     "paths": {},
//!     "components": {"schemas": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}}}
//! }"#;
//! let generated = generate(&Config::tree(), &SourceSet::from_text("pets.json", document))?;
//! let model = generated.files.iter().find(|file| file.path == "model/shared.rs").unwrap();
//! assert!(model.text.contains("pub struct Pet {"));
//! # Ok::<(), planewright_codegen::GenerateError>(())
//! ```
//!
//! The stages, each one function from one named type to the next, all of them pure but the first and the last:
//!
//! | Stage | From | To | Where |
//! |---|---|---|---|
//! | load | a path | [`SourceSet`](source::SourceSet) | [`source`] |
//! | edit | texts | their values, with overlays applied, of selected operations | [`edit`] |
//! | parse | values | [`Document`](openapi::Document), each value with its place | [`openapi`] |
//! | resolve | the document | operations without `$ref` | [`resolve`] |
//! | lower | those | [`ir::Api`]: what the document means | [`mod@lower`] |
//! | plan | the meaning | [`rust::RustApi`] and a plan for each part: every identifier, every type | [`rust`] |
//! | render | plans | text, by templates that decide nothing | [`mod@render`] |
//! | format | text | [`GeneratedFile`]s with their header | [`mod@format`] |
//! | emit | files | a directory, or how it differs | [`emit`] |
//!
//! Equal input gives equal bytes: nothing depends on the time, the place or an order that isn't the document's.

pub mod build_script;
pub mod config;
pub mod diagnostic;
pub mod dump;
pub mod edit;
pub mod emit;
pub mod format;
mod generate;
pub mod ir;
pub mod lower;
pub mod openapi;
pub mod render;
pub mod resolve;
pub mod rust;
pub mod source;
pub mod workspace;

pub use format::GeneratedFile;
pub use generate::{Fault, GenerateError, Generated, generate, generate_api};
