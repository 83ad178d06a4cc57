use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::Refuse;
use crate::ResponseBody;
use crate::rejection::ServiceRejection;

/// Refuses requests with 503 and `Retry-After` while as many as allowed are in progress. Nothing is queued: a client
/// that is told at once can go elsewhere.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimitLayer {
    limit: usize,
    running: Arc<AtomicUsize>,
    refuse: Refuse,
}

/// The service of [`ConcurrencyLimitLayer`]. Clones share the count.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit<S> {
    inner: S,
    limit: usize,
    running: Arc<AtomicUsize>,
    refuse: Refuse,
}

pin_project! {
    /// The future of [`ConcurrencyLimit`].
    #[derive(Debug)]
    pub struct ConcurrencyLimitFuture<F> {
        // Nothing if the request was refused.
        #[pin]
        inner: Option<F>,
        permit: Option<Permit>,
        refuse: Refuse,
    }
}

#[derive(Debug)]
struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl ConcurrencyLimitLayer {
    /// Lets `limit` requests run at one time, over all services that this layer makes, and lets `refuse` answer the
    /// others.
    #[must_use]
    pub fn new(limit: usize, refuse: Refuse) -> Self {
        Self { limit, running: Arc::default(), refuse }
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit { inner, limit: self.limit, running: self.running.clone(), refuse: self.refuse }
    }
}

impl<S, B> Service<Request<B>> for ConcurrencyLimit<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody>>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = ConcurrencyLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let permit = Permit(self.running.clone());
        let admitted = self.running.fetch_add(1, Ordering::Acquire) < self.limit;
        let inner = admitted.then(|| self.inner.call(request));
        ConcurrencyLimitFuture { inner, permit: Some(permit), refuse: self.refuse }
    }
}

impl<F, E> Future for ConcurrencyLimitFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = match this.inner.as_pin_mut() {
            Some(inner) => ready!(inner.poll(cx)),
            None => Ok((this.refuse)(ServiceRejection::Overloaded.into())),
        };
        *this.permit = None;
        Poll::Ready(result)
    }
}
