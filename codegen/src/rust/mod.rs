//! An API in Rust's terms: what the plans of the model, the server and the client ask.
//!
//! [`RustApi::new`] decides once, from the document and the configuration:
//!
//! - **names** ([`Names`]): `rust.type_name(id)`, `rust.type_names(id).members[i]`, `rust.operation(i).method` (`cancel_job`),
//!   `.pascal` (`CancelJob`), `.parameters[i]`, `.responses[i]` (`NotFound`); `rust.tag("jobs").module`, `.pascal`, `.trait_name`
//!   (`JobsApi`). More identifiers of the same kind: [`names::snake`], [`names::pascal`], [`names::claim`].
//! - **types**: `rust.type_expr(&ty, Scope::Outside)` is `Vec<model::JobId>`, or `Option<…>` where null is allowed;
//!   `rust.value_expr(…)` the same without that `Option`; `rust.field(id, i, scope)` a struct's member with its [`Presence`];
//!   `rust.default_expr(&ty, &value, scope)` an expression for a default; `rust.struct_of(&ty)` the struct behind a body.
//! - **predicates**: `is_copy`, `is_scalar` (has `FromStr` and `Display`, so it can be a parameter), `scalar_items` (an array
//!   of such), `codec` (how a parameter becomes text), `has_default`, `needs_validate`, `is_nullable`.
//! - **checks**: `rust.checks(&ty, scope)`: statements that validate `__value` at `__path` into `__violations`.
//! - **docs**: [`docs::lines`] turns the document's Markdown into lines that rustdoc takes.
//!
//! Files of the server and the client name the model as `model`: `mod.rs` says [`Layout::model_use`](crate::config::Layout::model_use), its submodules
//! `use super::model;`. Everything that generated code calls stands under `::planewright_model`, `::planewright_server` and
//! `::planewright_client`; locals start with `__`.

mod assertions;
pub mod bodies;
pub mod client;
mod cycles;
pub mod docs;
mod graph;
pub mod model;
mod modules;
pub mod names;
mod parameters;
pub mod reserved;
mod security;
pub mod server;
mod types;
mod validation;

pub use modules::SHARED;
pub use names::{Names, OperationNames, TagNames, TypeNames};
pub use parameters::{Codec, Members};
pub use types::{FieldShape, Form, Presence, RustApi, Scope};
