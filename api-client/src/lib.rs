//! Typed asynchronous clients over any tower service, generated from the OpenAPI documents.
//!
//! A client has one method per operation. What an operation needs is an argument; the rest is said to the builder that
//! the method returns; `send` sends it:
//!
#![cfg_attr(feature = "flink", doc = "```no_run")]
#![cfg_attr(not(feature = "flink"), doc = "```text")]
//! use planewright_client::flink::Client;
//!
//! # async fn example(job: planewright_model::id::JobId) -> Result<(), planewright_client::Error> {
//! let flink = Client::connect("http://127.0.0.1:8081")?;
//! let jar = flink.jars().upload_jar("target/wordcount.jar").send().await?;
//! let savepoint = flink.checkpoints().trigger_savepoint(job).target_directory("s3://savepoints").send().await?;
//! println!("{} is in {:?}", jar.filename, savepoint.wait().await?.location);
//! # Ok(())
//! # }
//! ```
//!
//! The same client calls a service in this process, with no socket: `Client::over(service)`.
//!
//! What happens between a builder and an answer, in the order of the files:
//!
//! 1. The builder becomes a [`Call`]: method, URL, headers and body, free of any connection. That is plain data: a test looks
//!    at [`Call::target`], and no socket is open.
//! 2. [`Connection`] sends it over a [`Transport`]: any tower service from `http::Request<ClientBody>` to a response.
//!    [`HttpTransport`] is the one over TCP; a server in this process is another.
//! 3. It tries again where that is safe ([`RetryPolicy`]), until the deadline ([`Settings::timeout`]), with
//!    [`Credentials`] that are renewed when the server refuses them.
//! 4. The answer becomes a [`Reply`], read whole, or a [`Download`], read as it comes. What isn't a success is an
//!    [`Error`], which says what was called, what the server said and what was tried.
//! 5. An operation that starts longer work returns an [`AsyncOperation`], to be awaited here or taken up elsewhere.
//!
//! Everything is cancelled by dropping its future. Nothing spawns tasks but the connection pool of [`HttpTransport`].

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
mod generated;
mod headers;
mod http;
mod link;
mod message;
mod operation;
mod pages;
mod payload;
mod random;
mod reply;
mod retry;
mod server;
mod stream;
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
#[cfg(feature = "flink")]
#[doc(inline)]
pub use crate::generated::flink;
pub use crate::http::{HttpFuture, HttpTransport};
pub use crate::operation::{CredentialPlace, Operation, SecurityScheme};
pub use crate::pages::Pages;
pub use crate::reply::Reply;
pub use crate::retry::{Backoff, RetryPolicy};
pub use crate::server::{Server, ServerChange, ServerVariable};
pub use crate::stream::{Events, Items, Outgoing};
pub use crate::transport::{BoxError, ConnectError, Transport};
pub use crate::upload::{OnProgress, Upload};

/// What generated code needs beside the documented items. No part of the API: it may change at any time.
#[doc(hidden)]
pub mod __private {
    pub use http;

    pub use crate::random::fresh_id;
}
