//! From an HTTP request to a trait call and back: the generated server side and its runtime.

extern crate self as planewright_server;

mod body;
pub mod context;
pub mod conventions;
mod decode;
mod detach;
mod encode;
mod error;
mod generated;
pub mod layer;
pub mod multipart;
pub mod rejection;
mod route;
#[cfg(feature = "serve")]
pub mod serve;
mod service;

pub use body::{BodyStream, RequestBody, ResponseBody};
pub use context::{OperationInfo, RequestContext};
pub use conventions::Conventions;
pub use decode::Form;
pub use detach::settled;
pub use encode::Reply;
pub use error::ApiError;
#[cfg(feature = "flink")]
#[doc(inline)]
pub use generated::flink;
pub use rejection::Rejection;
#[cfg(feature = "serve")]
pub use serve::serve;

/// Any error that can cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What generated code calls. Not for anyone else: it changes with the generator.
#[doc(hidden)]
pub mod __private {
    pub use crate::decode::{Parameters, require, validate, validate_parameter};
    pub use crate::detach::detach;
    pub use crate::encode::LengthHint;
    pub use crate::multipart::MissingParts;
    pub use crate::route::{Captures, Node, Piece, RouteTable};
    pub use crate::service::{
        Admitted, HttpService, Operation, admit, conclude, ignore_body, not_implemented, outcome, refused,
    };
    pub use http;
    pub use planewright_model::Validate;
    pub use tower_service;

    pub mod decode {
        pub use crate::decode::{form, json, multipart, optional_json, optional_text, stream, text};
    }

    pub mod encode {
        pub use crate::encode::{empty, header, json, with_type};
    }
}
