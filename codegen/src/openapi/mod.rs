//! The objects of OpenAPI, read leniently from the value tree.
//!
//! One file, one object of the specification. Each is read by itself, so that a defect costs the operation or
//! schema that it stands in. References stay references here ([`RefOr`]); `resolve` follows them.
//! Schemas stay nodes in everything that holds one, and become a [`Schema`] when they are looked at.
//!
//! One set of readers for all languages ([`Language`]). OpenAPI 3.0 and 3.1 differ in a few words of schemas, and the
//! readers know both. Operations of Swagger 2.0 have another shape; they are put into the words of OpenAPI 3 first,
//! value in, value out.

mod components;
mod dialect;
mod document;
mod extension;
mod fields;
mod header;
mod kind;
mod link;
mod media_type;
mod normal;
mod operation;
mod parameter;
mod path_item;
mod reference;
mod request_body;
mod response;
mod schema;
mod security;
mod server;
mod swagger;

pub use components::Components;
pub use dialect::{Dialect, Language};
pub use document::{Document, Path, Tag, parse};
pub use extension::{AsyncExtension, PaginationExtension};
pub use fields::{Fields, Reading, Text};
pub use header::Header;
pub use link::Link;
pub use media_type::{Encoding, MediaType};
pub use normal::normal;
pub use operation::{Operation, OperationEntry};
pub use parameter::Parameter;
pub use path_item::PathItem;
pub use reference::{RefOr, Reference};
pub use request_body::RequestBody;
pub use response::Response;
pub use schema::{AdditionalProperties, Discriminator, Schema, SchemaType};
pub use security::security_requirements;
pub use server::Server;
