//! The control-plane APIs, served over any store and executor.
//!
//! ```
//! use planewright_reference_server::{Api, ControlPlane};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Bring a store and an executor of your own with `.store(…)` and `.executor(…)`.
//! let plane = ControlPlane::builder().api(Api::Flink).build().await?;
//!
//! // The result is a tower service: hyper runs it, axum nests it, a test calls it.
//! let service = plane.into_service();
//! let request = http::Request::get("/v1/overview").body(String::new())?;
//! let response = service.oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! From the outside in:
//!
//! - [`ControlPlane`] puts the parts together. The guard around the API (request id, trace, panics, limits) is that of
//!   `planewright-server`.
//! - One private module per API implements the generated traits. Its methods are thin: they ask the kernel, and
//!   translate the answer into the words of the wire.
//! - [`kernel`] holds what APIs share: jobs and their submissions, asynchronous operations, metric queries. It speaks the
//!   language of `planewright-backend`. What it acknowledges is in the store before the caller hears of it.
//! - [`process`] is what the server knows about itself: its log, its threads, how it was started.
//!
#![doc = include_str!("../docs/unsupported.md")]

mod app;
mod convert;
mod flink;
pub mod kernel;
pub mod process;

pub use app::{Api, BuildError, ControlPlane, ControlPlaneBuilder};
