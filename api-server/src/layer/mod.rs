//! Layers that every server needs, with named futures: none of them allocates for a request that goes well.

mod body_limit;
mod catch_panic;
mod concurrency_limit;
mod deadline;
mod request_id;
mod trace;

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::conventions::Conventions;
use crate::rejection::Rejection;
use crate::{RequestBody, ResponseBody};

pub use body_limit::{BodyLimit, BodyLimitFuture, BodyLimitLayer, LimitedBody};
pub use catch_panic::{CatchPanic, CatchPanicFuture, CatchPanicLayer};
pub use concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitFuture, ConcurrencyLimitLayer};
pub use deadline::{Deadline, DeadlineFuture, DeadlineLayer, WatchedBody};
pub use request_id::{RequestId, RequestIdFuture, RequestIdLayer};
pub use trace::{Trace, TraceFuture, TraceLayer};

/// How a layer answers when it refuses a request: [`Conventions::refuse`] of the API behind it.
pub type Refuse = fn(Rejection) -> Response<ResponseBody>;

/// The limits of [`default_stack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in progress at one time; more are refused with 503. Default 1024.
    pub concurrency: usize,
    /// How long an answer may take, counted from the last byte of the request. Default 30 s.
    pub deadline: Duration,
    /// The longest request body in bytes, uploads included. Default 1 GiB.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 1024, deadline: Duration::from_secs(30), body: 1 << 30 }
    }
}

/// The body that a service inside [`default_stack`] gets.
pub type StackBody<B> = LimitedBody<WatchedBody<B>>;

/// A service inside [`default_stack`].
pub type DefaultStack<S> = RequestId<Trace<CatchPanic<ConcurrencyLimit<Deadline<BodyLimit<S>>>>>>;

/// A service inside all the layers, from the outside: request id, trace, catch-panic, concurrency limit, deadline,
/// body limit. `C` says how refusals look.
///
/// ```
/// # use planewright_server::{conventions::Flink, layer::{Limits, default_stack, StackBody}, ResponseBody};
/// # use tower_service::Service;
/// # fn stack<S, B: planewright_server::RequestBody>(service: S) where S: Clone +
/// #     Service<http::Request<StackBody<B>>, Response = http::Response<ResponseBody>, Error = std::convert::Infallible> {
/// let limits = Limits { concurrency: 64, ..Limits::default() };
/// let service = default_stack::<Flink, _, B>(service, limits);
/// # }
/// ```
pub fn default_stack<C, S, B>(service: S, limits: Limits) -> DefaultStack<S>
where
    C: Conventions,
    S: Service<Request<StackBody<B>>, Response = Response<ResponseBody>, Error = Infallible>,
    B: RequestBody,
{
    let service = BodyLimitLayer::new(limits.body, C::refuse).layer(service);
    let service = DeadlineLayer::new(limits.deadline, C::refuse).layer(service);
    let service = ConcurrencyLimitLayer::new(limits.concurrency, C::refuse).layer(service);
    let service = CatchPanicLayer::new(C::refuse).layer(service);
    RequestIdLayer.layer(TraceLayer.layer(service))
}
