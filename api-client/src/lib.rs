//! Typed asynchronous clients over any tower service, generated from the OpenAPI documents.

extern crate self as planewright_client;

mod async_operation;
mod base_url;
mod body;
mod call;
mod connection;
mod credentials;
mod download;
mod error;
mod form;
mod http;
mod message;
mod operation;
mod payload;
mod random;
mod reply;
mod retry;
mod transport;
mod upload;

pub use crate::async_operation::{AsyncOperation, OperationState, Polling};
pub use crate::base_url::BaseUrl;
pub use crate::body::ClientBody;
pub use crate::call::{Call, CallOptions};
pub use crate::connection::{Connection, Settings};
pub use crate::credentials::{Credential, CredentialFuture, Credentials};
pub use crate::download::Download;
pub use crate::error::{Attempt, Error, ErrorKind};
pub use crate::form::Form;
pub use crate::http::{HttpFuture, HttpTransport};
pub use crate::operation::Operation;
pub use crate::reply::Reply;
pub use crate::retry::{Backoff, RetryPolicy};
pub use crate::transport::{BoxError, ConnectError, Transport};
pub use crate::upload::{OnProgress, Upload};

/// What generated code needs beside the documented items. No part of the API: it may change at any time.
#[doc(hidden)]
pub mod __private {
    pub use http;

    pub use crate::call::json_text;
    pub use crate::random::fresh_id;
}
