//! From an HTTP request to a trait call and back: the generated server side and its runtime.
//!
//! A document becomes a trait for each group of operations. Implement what you can do; the rest answers 501:
//!
//! ```
//! # #[cfg(feature = "flink")] {
//! use planewright_server::flink::{GetJobPlanRequest, GetJobPlanResponse, JobsApi, Service};
//! use planewright_server::{ApiError, RequestContext};
//! use tower_service::Service as _;
//!
//! struct Jobs;
//!
//! impl JobsApi for Jobs {
//!     async fn get_job_plan(
//!         &self,
//!         _context: &RequestContext,
//!         request: GetJobPlanRequest,
//!     ) -> Result<GetJobPlanResponse, ApiError> {
//!         Err(ApiError::not_found(format!("job {} could not be found", request.jobid)))
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mut service = Service::new().jobs(Jobs).into_service();
//! let request = http::Request::get("/v1/jobs/df9c573a0c8506bc11a2b73160637f03/plan");
//! let response = service.call(request.body(String::new())?).await?;
//! assert_eq!(response.status(), 404);
//! assert_eq!(
//!     response.into_body().as_bytes(),
//!     Some(&br#"{"errors":["job df9c573a0c8506bc11a2b73160637f03 could not be found"]}"#[..]),
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # }
//! ```
//!
//! The service is a plain tower service for any type of body: [`serve`](serve()) runs it, axum nests it, a client calls it
//! without a socket.
//!
//! # One request, end to end
//!
//! 1. **Accept.** [`serve`](mod@serve) reads a request from a connection, under a timeout.
//! 2. **Layers.** [`layer::default_stack`] catches panics and limits number, time and length.
//! 3. **Route.** A table of constants leads from the path to an operation, without an allocation. What leads nowhere is a
//!    [`rejection::RouteRejection`]: 404, 405 with `Allow`, or 400.
//! 4. **Decode.** Parameters and body become the operation's request; else a [`rejection::ParameterRejection`] or
//!    [`rejection::BodyRejection`]. Streams and multipart bodies are handed on unread.
//! 5. **Validate.** What the document asserts beyond types is checked, all of it: [`rejection::ValidationRejection`].
//! 6. **Call.** The trait's method gets a [`RequestContext`] and the request. A read's future isn't boxed on the
//!    way; a change of state has one box, so that it can outlive its caller.
//!    A change of state that loses its client runs on to its end ([`settled`] waits for such); a read is dropped.
//! 7. **Encode.** The response is written once, into one buffer of about the right size. An [`ApiError`] takes the shape
//!    that the API's [`Conventions`] give it; its source goes to the log and nowhere else.
//!
//! # Words
//!
//! - A **rejection** is a request that never came to its handler; each knows its status.
//! - **Conventions** are the manners of an API where its document says nothing: the shape of errors, and what is forgiven.
//! - A **reply** is a JSON value to send: owned, shared or [already encoded](Reply).

extern crate self as planewright_server;

pub mod auth;
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
mod stream;

pub use body::{BodyStream, RequestBody, ResponseBody, TypedBody};
pub use context::{OperationInfo, RequestContext};
pub use conventions::Conventions;
pub use detach::settled;
pub use encode::Reply;
pub use error::ApiError;
#[cfg(feature = "flink")]
#[doc(inline)]
pub use generated::flink;
pub use rejection::Rejection;
#[cfg(feature = "serve")]
pub use serve::serve;
pub use stream::{Events, Items};

/// Any error that can cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What generated code calls. Not for anyone else: it changes with the generator.
#[doc(hidden)]
pub mod __private {
    pub use crate::auth::{Demand, Hook, SchemeKind, SecurityScheme, authenticate};
    pub use crate::decode::{Parameters, acceptable, require, validate, validate_parameter};
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
        pub use crate::decode::{
            choice, events, items, json, multipart, optional_choice, optional_json, optional_text,
            optional_value, stream, text, text_events, valid, value,
        };
    }

    pub mod encode {
        pub use crate::encode::{
            empty, events, header, header_list, items, json, text_events, typed, value, with_type,
        };
    }
}
