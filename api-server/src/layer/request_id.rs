use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::ResponseBody;
use crate::context::REQUEST_ID;

/// Sends a caller's `x-request-id` back with the response, refusals included. Callers that send none pay nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestIdLayer;

/// The service of [`RequestIdLayer`].
#[derive(Clone, Copy, Debug)]
pub struct RequestId<S> {
    inner: S,
}

pin_project! {
    /// The future of [`RequestId`].
    #[derive(Debug)]
    pub struct RequestIdFuture<F> {
        #[pin]
        inner: F,
        sent: Option<HeaderValue>,
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestId<S>;

    fn layer(&self, inner: S) -> RequestId<S> {
        RequestId { inner }
    }
}

impl<S, B> Service<Request<B>> for RequestId<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody>>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = RequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let sent = request.headers().get(REQUEST_ID).cloned();
        RequestIdFuture { inner: self.inner.call(request), sent }
    }
}

impl<F, E> Future for RequestIdFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        if let (Ok(response), Some(sent)) = (&mut result, this.sent.take()) {
            response.headers_mut().insert(REQUEST_ID, sent);
        }
        Poll::Ready(result)
    }
}
