use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Level, Span};

use crate::ResponseBody;

/// Gives each request a `tracing` span with its method and target, and says status and time at its end; both at level
/// debug. Failures are logged by the service itself, at level error.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceLayer;

/// The service of [`TraceLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Trace<S> {
    inner: S,
}

pin_project! {
    /// The future of [`Trace`].
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        inner: F,
        span: Span,
        // Nothing if nobody listens.
        started: Option<Instant>,
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner }
    }
}

impl<S, B> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody>>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = TraceFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (span, started) = if tracing::enabled!(Level::DEBUG) {
            let (method, uri) = (request.method(), request.uri());
            (tracing::debug_span!("request", %method, %uri), Some(Instant::now()))
        } else {
            (Span::none(), None)
        };
        let inner = span.in_scope(|| self.inner.call(request));
        TraceFuture { inner, span, started }
    }
}

impl<F, E> Future for TraceFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let result = ready!(this.inner.poll(cx));
        if let (Some(started), Ok(response)) = (this.started, &result) {
            let micros = started.elapsed().as_micros() as u64;
            tracing::debug!(status = response.status().as_u16(), micros, "answered");
        }
        Poll::Ready(result)
    }
}
