use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::Refuse;
use crate::rejection::BodyRejection;
use crate::{BoxError, RequestBody, ResponseBody};

/// Refuses request bodies that are longer than a limit: with 413 before anything is read if the length is declared,
/// otherwise as soon as the limit is passed.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimitLayer {
    limit: u64,
    refuse: Refuse,
}

/// The service of [`BodyLimitLayer`].
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit<S> {
    inner: S,
    limit: u64,
    refuse: Refuse,
}

pin_project! {
    /// The future of [`BodyLimit`].
    #[derive(Debug)]
    pub struct BodyLimitFuture<F> {
        // Nothing if the request was refused.
        #[pin]
        inner: Option<F>,
        limit: u64,
        refuse: Refuse,
    }
}

pin_project! {
    /// A body that ends with an error beyond its limit.
    #[derive(Debug)]
    pub struct LimitedBody<B> {
        #[pin]
        inner: B,
        left: u64,
        limit: u64,
    }
}

impl BodyLimitLayer {
    /// Lets bodies of at most `limit` bytes through, and lets `refuse` answer the others.
    #[must_use]
    pub fn new(limit: u64, refuse: Refuse) -> Self {
        Self { limit, refuse }
    }
}

impl<S> Layer<S> for BodyLimitLayer {
    type Service = BodyLimit<S>;

    fn layer(&self, inner: S) -> BodyLimit<S> {
        BodyLimit { inner, limit: self.limit, refuse: self.refuse }
    }
}

impl<S, B> Service<Request<B>> for BodyLimit<S>
where
    S: Service<Request<LimitedBody<B>>, Response = Response<ResponseBody>>,
    B: RequestBody,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = BodyLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let limit = self.limit;
        let fits = request.body().size_hint().lower() <= limit;
        let inner =
            fits.then(|| self.inner.call(request.map(|inner| LimitedBody { inner, left: limit, limit })));
        BodyLimitFuture { inner, limit, refuse: self.refuse }
    }
}

impl<F, E> Future for BodyLimitFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.inner.as_pin_mut() {
            Some(inner) => inner.poll(cx),
            None => Poll::Ready(Ok((this.refuse)(BodyRejection::TooLarge { limit: *this.limit }.into()))),
        }
    }
}

impl<B: Body<Error: Into<BoxError>>> Body for LimitedBody<B> {
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        let frame = match ready!(this.inner.poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Some(Ok(frame)) => frame,
        };
        let len = frame.data_ref().map_or(0, |data| data.remaining() as u64);
        match this.left.checked_sub(len) {
            Some(left) => {
                *this.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => Poll::Ready(Some(Err(BodyRejection::TooLarge { limit: *this.limit }.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
