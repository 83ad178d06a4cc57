//! What every server needs around its service: limits on number, time and length, and an answer even to a panic.
//!
//! All of it is one layer. As six layers it read a little better and cost twice as much: each layer moves the request
//! and the future of the service once more.

mod body;
mod future;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;
use tracing::Level;

use crate::context::{REQUEST_ID, RequestDeadline};
use crate::conventions::Conventions;
use crate::rejection::{BodyRejection, Rejection, ServiceRejection};
use crate::{RequestBody, ResponseBody};

pub use body::GuardedBody;
pub use future::GuardFuture;

/// How a layer answers when it refuses a request: [`Conventions::refuse`] of the API behind it.
pub type Refuse = fn(Rejection) -> Response<ResponseBody>;

/// What [`Guard`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in progress at one time. More are refused with 503 and `Retry-After`, not queued: a client that is told
    /// at once can go elsewhere. Default 1024.
    pub concurrency: usize,
    /// How long an answer may take; then it is 503. The time counts from the last piece of the request that arrived, so
    /// a long upload may take its time and a stalled one may not. A change of state that has begun still runs to its
    /// end. Default 30 s.
    pub deadline: Duration,
    /// The longest request body in bytes, uploads included; more is 413, before anything is read if the length is
    /// declared. Default 1 GiB.
    pub body: u64,
    /// Whether handlers are told when their time is over, by [`RequestContext::deadline`](crate::RequestContext::deadline).
    /// Each request pays for it with an allocation or two. Default no.
    pub announce_deadline: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 1024, deadline: Duration::from_secs(30), body: 1 << 30, announce_deadline: false }
    }
}

/// Makes [`Guard`]s. They share the count of requests in progress.
#[derive(Clone, Debug)]
pub struct GuardLayer {
    shared: Arc<Shared>,
}

/// Keeps [`Limits`]. Answers 500 if the service panics, so that the connection and its other requests live on. Sends a
/// caller's `x-request-id` back. Gives each request a `tracing` span with its method and target, and says status and
/// time at its end, both at level debug.
#[derive(Clone, Debug)]
pub struct Guard<S> {
    inner: S,
    shared: Arc<Shared>,
}

/// The body that a service inside a [`Guard`] gets.
pub type StackBody<B> = GuardedBody<B>;

/// A service under guard; `C` says how refusals look.
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
pub fn default_stack<C, S, B>(service: S, limits: Limits) -> Guard<S>
where
    C: Conventions,
    S: Service<Request<StackBody<B>>, Response = Response<ResponseBody>, Error = Infallible>,
    B: RequestBody,
{
    GuardLayer::new(limits, C::refuse).layer(service)
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    refuse: Refuse,
    running: AtomicUsize,
}

/// A place among the requests in progress.
#[derive(Debug)]
struct Permit(Arc<Shared>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Release);
    }
}

impl GuardLayer {
    /// Keeps `limits`, and lets `refuse` make the answers to what breaks them.
    #[must_use]
    pub fn new(limits: Limits, refuse: Refuse) -> Self {
        Self { shared: Arc::new(Shared { limits, refuse, running: AtomicUsize::new(0) }) }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, shared: self.shared.clone() }
    }
}

impl<S, B> Service<Request<B>> for Guard<S>
where
    S: Service<Request<GuardedBody<B>>, Response = Response<ResponseBody>>,
    B: RequestBody,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = GuardFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let limits = &self.shared.limits;
        let before = self.shared.running.fetch_add(1, Ordering::Acquire);
        let permit = Permit(self.shared.clone());
        let request_id = request.headers().get(REQUEST_ID).cloned().map(Box::new);
        let trace = tracing::enabled!(Level::DEBUG).then(|| {
            let (method, uri) = (request.method(), request.uri());
            Box::new((tracing::debug_span!("request", %method, %uri), Instant::now()))
        });
        let refusal: Option<Rejection> = if before >= limits.concurrency {
            Some(ServiceRejection::Overloaded.into())
        } else if request.body().size_hint().lower() > limits.body {
            Some(BodyRejection::TooLarge { limit: limits.body }.into())
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return GuardFuture::refused((self.shared.refuse)(refusal), permit, trace, request_id);
        }
        if limits.announce_deadline {
            request.extensions_mut().insert(RequestDeadline(Instant::now() + limits.deadline));
        }
        let (request, arrived) = body::guard(request, limits.body);
        GuardFuture::admitted(self.inner.call(request), permit, trace, request_id, arrived)
    }
}
