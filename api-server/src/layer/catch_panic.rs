use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::Refuse;
use crate::ResponseBody;
use crate::rejection::ServiceRejection;

/// Answers 500 when the service panics, so that the connection and its other requests live on. The panic hook has
/// said where by then.
#[derive(Clone, Copy, Debug)]
pub struct CatchPanicLayer {
    refuse: Refuse,
}

/// The service of [`CatchPanicLayer`].
#[derive(Clone, Copy, Debug)]
pub struct CatchPanic<S> {
    inner: S,
    refuse: Refuse,
}

pin_project! {
    /// The future of [`CatchPanic`].
    #[derive(Debug)]
    pub struct CatchPanicFuture<F> {
        // Nothing if the call itself panicked.
        #[pin]
        inner: Option<F>,
        refuse: Refuse,
    }
}

impl CatchPanicLayer {
    /// Catches panics and lets `refuse` make the answer.
    #[must_use]
    pub fn new(refuse: Refuse) -> Self {
        Self { refuse }
    }
}

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic { inner, refuse: self.refuse }
    }
}

impl<S, B> Service<Request<B>> for CatchPanic<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody>>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = CatchPanicFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = catch_unwind(AssertUnwindSafe(|| self.inner.call(request))).ok();
        CatchPanicFuture { inner, refuse: self.refuse }
    }
}

impl<F, E> Future for CatchPanicFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let poll = match this.inner.as_pin_mut() {
            Some(inner) => catch_unwind(AssertUnwindSafe(|| inner.poll(cx))).ok(),
            None => None,
        };
        poll.unwrap_or_else(|| {
            tracing::error!("a handler panicked");
            Poll::Ready(Ok((this.refuse)(ServiceRejection::Panicked.into())))
        })
    }
}
