use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower_layer::Layer;
use tower_service::Service;

use super::Refuse;
use crate::context::RequestDeadline;
use crate::rejection::ServiceRejection;
use crate::{RequestBody, ResponseBody};

/// Answers 503 when a request takes too long. The time counts from the last piece of the request that arrived, so a
/// long upload may take its time and a stalled one may not. A change of state that has begun still runs to its end.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    limit: Duration,
    announce: bool,
    refuse: Refuse,
}

/// The service of [`DeadlineLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Deadline<S> {
    inner: S,
    limit: Duration,
    announce: bool,
    refuse: Refuse,
}

pin_project! {
    /// The future of [`Deadline`].
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        #[pin]
        inner: F,
        // Made when the service first has to wait: most requests never need a timer.
        #[pin]
        sleep: Option<Sleep>,
        limit: Duration,
        arrived: Option<Arc<AtomicU64>>,
        seen: u64,
        refuse: Refuse,
    }
}

pin_project! {
    /// A body that counts what has arrived.
    #[derive(Debug)]
    pub struct WatchedBody<B> {
        #[pin]
        inner: B,
        arrived: Option<Arc<AtomicU64>>,
    }
}

impl DeadlineLayer {
    /// Gives each request `limit`, and lets `refuse` answer when it is over.
    #[must_use]
    pub fn new(limit: Duration, refuse: Refuse) -> Self {
        Self { limit, announce: false, refuse }
    }

    /// Tells handlers, by [`RequestContext::deadline`](crate::RequestContext::deadline). Each request pays for it with
    /// an allocation or two.
    #[must_use]
    pub fn announce(mut self) -> Self {
        self.announce = true;
        self
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, limit: self.limit, announce: self.announce, refuse: self.refuse }
    }
}

impl<S, B> Service<Request<B>> for Deadline<S>
where
    S: Service<Request<WatchedBody<B>>, Response = Response<ResponseBody>>,
    B: RequestBody,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if self.announce {
            request.extensions_mut().insert(RequestDeadline(Instant::now() + self.limit));
        }
        let arrived = (!request.body().is_end_stream()).then(Arc::<AtomicU64>::default);
        let inner = self.inner.call(request.map(|inner| WatchedBody { inner, arrived: arrived.clone() }));
        DeadlineFuture { inner, sleep: None, limit: self.limit, arrived, seen: 0, refuse: self.refuse }
    }
}

impl<F, E> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep(*this.limit)));
        }
        while let Some(timer) = this.sleep.as_mut().as_pin_mut() {
            ready!(timer.poll(cx));
            let arrived = this.arrived.as_ref().map_or(0, |arrived| arrived.load(Ordering::Relaxed));
            if arrived == *this.seen {
                return Poll::Ready(Ok((this.refuse)(ServiceRejection::Deadline(*this.limit).into())));
            }
            *this.seen = arrived;
            this.sleep.set(Some(sleep(*this.limit)));
        }
        Poll::Pending
    }
}

impl<B: Body> Body for WatchedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(arrived) = this.arrived {
            arrived.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
