//! The types on the wire: generated from the OpenAPI documents, with the small runtime that they share.
//!
//! ```
//! use planewright_model::{Json, Nullable};
//!
//! let list = Vec::<Option<i64>>::read_json(b"[1, null]")?;
//! assert_eq!(list, [Some(1), None]);
//! let error = Vec::<bool>::read_json(b"[true, 1]").unwrap_err();
//! assert_eq!(error.path(), "/1");
//! # Ok::<(), planewright_model::DecodeError>(())
//! ```
//!
//! Four ideas carry the crate:
//!
//! - [`Json`]: how a value is read and written. Servers and clients go through this trait only; serde's traits are there
//!   for everything else.
//! - [`Validate`]: what a document asserts beyond the shape: patterns, bounds, known values. Decoding is lenient (an unknown
//!   enum value survives, an unknown member is passed over); validation reports *all* violations, each with its path.
//! - [`media`]: the codecs of bodies that aren't JSON, and the negotiation between them.
//! - [`Scalar`]: what may stand in a path, a query or a header; [`parameter`] has the codecs that both sides use.
//!
//! One module per API (a cargo feature each) holds its types; [`id`] has the identifiers that those APIs use, as values rather
//! than text; [`DateTime`], [`Date`], [`Uuid`] and [`Base64`] are texts that keep their spelling.

extern crate self as planewright_model;

pub mod constraint;
mod enumeration;
mod generated;
pub mod id;
pub mod json;
pub mod media;
mod nullable;
pub mod parameter;
mod text;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use constraint::{Path, Validate, Violation, Violations};
pub use enumeration::StringEnum;
#[cfg(feature = "flink")]
#[doc(inline)]
pub use generated::flink;
pub use json::{AtLeast, Decimal, DecodeError, EncodeError, Json};
pub use nullable::Nullable;
pub use parameter::Scalar;
pub use text::{Base64, Date, DateTime, InvalidText, Uuid};

/// Includes what a build script generated: `include_generated!("openapi");` for a document called `openapi.yaml`.
///
/// It stands in a module of its own, whose name is the caller's choice:
///
/// ```text
/// pub mod pets {
///     planewright_model::include_generated!("openapi");
/// }
/// ```
#[macro_export]
macro_rules! include_generated {
    ($document:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $document, "/mod.rs"));
    };
}

/// Any JSON value.
pub type Any = serde_json::Value;

/// An object whose member names are data; keeps their order.
pub type Map<T> = indexmap::IndexMap<String, T>;
