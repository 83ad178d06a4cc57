use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{LocalBoxFuture, poll_fn};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::{Transport, Unanswered};
use crate::exchange::Heard;

/// A service in this process.
pub(super) struct InProcess<S> {
    service: S,
    pass: Option<Box<dyn Fn(Duration)>>,
}

impl<S> InProcess<S> {
    pub(super) fn new(service: S, pass: Option<Box<dyn Fn(Duration)>>) -> Self {
        Self { service, pass }
    }
}

impl<S, B> Transport for InProcess<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + 'static,
    S::Error: fmt::Display,
    B: http_body::Body + 'static,
    B::Error: fmt::Display,
{
    fn send(&self, request: Request<Bytes>) -> LocalBoxFuture<'_, Result<Heard, Unanswered>> {
        let mut service = self.service.clone();
        Box::pin(async move {
            let broken = |error: S::Error| Unanswered::Broken(error.to_string());
            poll_fn(|context| service.poll_ready(context)).await.map_err(broken)?;
            let mut request = request.map(Full::new);
            // As a client of a socket says where it believes to be.
            let host = http::HeaderValue::from_static("localhost");
            request.headers_mut().entry(http::header::HOST).or_insert(host);
            let response = service.call(request).await.map_err(broken)?;
            let (parts, body) = response.into_parts();
            let body = std::pin::pin!(body).collect().await;
            let body = body.map_err(|error| Unanswered::Broken(error.to_string()))?.to_bytes();
            Ok(Heard { status: parts.status.as_u16(), headers: parts.headers, body })
        })
    }

    fn pause(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            match &self.pass {
                Some(pass) => {
                    pass(duration);
                    tokio::task::yield_now().await;
                }
                None => tokio::time::sleep(duration).await,
            }
        })
    }

    fn base(&self) -> &str {
        "$URL"
    }
}
