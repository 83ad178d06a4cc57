//! The frame around the generated dispatch: what comes before the choice of an operation and after its answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_LENGTH,
};
use http::{HeaderValue, Method, Request, Response};

use pin_project_lite::pin_project;

use crate::body::{RequestBody, ResponseBody};
use crate::context::{OperationInfo, RequestContext};
use crate::conventions::Conventions;
use crate::rejection::{Rejection, ServiceRejection};
use crate::route::{Captures, Choice, RouteTable};
use crate::{ApiError, encode};

/// A tower service made of a function that looks at a request, and either refuses it at once or says what is to be
/// done. It is always ready.
#[derive(Clone, Copy, Debug)]
pub struct HttpService<F>(F);

pin_project! {
    /// The future of [`HttpService`].
    #[allow(missing_docs)]
    #[derive(Debug)]
    #[project = HttpFutureProject]
    pub enum HttpFuture<R> {
        /// What is to be done.
        Admitted {
            #[pin]
            future: R,
        },
        /// The request was refused.
        Refused {
            response: Option<Response<ResponseBody>>,
        },
    }
}

impl<F> HttpService<F> {
    /// A service that calls `function` for each request.
    pub fn new<B, R>(function: F) -> Self
    where
        F: Fn(Request<B>) -> Result<R, Response<ResponseBody>>,
        R: Future<Output = Response<ResponseBody>>,
    {
        Self(function)
    }
}

impl<F, B, R> tower_service::Service<Request<B>> for HttpService<F>
where
    F: Fn(Request<B>) -> Result<R, Response<ResponseBody>>,
    R: Future<Output = Response<ResponseBody>>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = HttpFuture<R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> HttpFuture<R> {
        match self.0(request) {
            Ok(future) => HttpFuture::Admitted { future },
            Err(response) => HttpFuture::Refused { response: Some(response) },
        }
    }
}

impl<R: Future<Output = Response<ResponseBody>>> Future for HttpFuture<R> {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            HttpFutureProject::Admitted { future } => future.poll(cx).map(Ok),
            HttpFutureProject::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
        }
    }
}

/// The generated enumeration of an API's operations.
pub trait Operation: Copy + 'static {
    /// What the document says about it.
    fn info(self) -> &'static OperationInfo;
}

/// A request whose operation is known.
#[derive(Debug)]
pub struct Admitted<O, B, const N: usize> {
    /// The operation.
    pub operation: O,
    /// Where its path parameters lie.
    pub captures: Captures<N>,
    /// The request without its body.
    pub context: RequestContext,
    /// Its body, until it is read or handed on.
    pub body: Option<B>,
    /// Whether the body of the answer isn't wanted.
    pub head: bool,
}

/// Finds the operation of a request.
///
/// # Errors
/// The response, if there is no operation to call: 400, 404, 405, or the answer to OPTIONS.
#[expect(clippy::result_large_err, reason = "both are moved once, to the place where they are used")]
pub fn admit<C: Conventions, O: Operation, B, const N: usize>(
    routes: &RouteTable<O, N>,
    request: Request<B>,
) -> Result<Admitted<O, B, N>, Response<ResponseBody>> {
    let (parts, body) = request.into_parts();
    let head = parts.method == Method::HEAD;
    match routes.find(&parts.method, parts.uri.path(), C::IGNORE_EMPTY_SEGMENTS) {
        Ok((Choice::Operation(operation), captures)) => {
            let context = RequestContext::new(parts, operation.info());
            Ok(Admitted { operation, captures, context, body: Some(body), head })
        }
        Ok((Choice::Options(allow), _)) => {
            Err(options::<C>(allow, parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)))
        }
        Err(rejection) => {
            let mut response = C::refuse(rejection.into());
            conclude(&mut response, head);
            Err(response)
        }
    }
}

/// Reads and forgets the body of a request whose operation has none, so that the connection stays usable.
pub async fn ignore_body<B: RequestBody>(body: &mut Option<B>) {
    crate::body::discard(body).await;
}

/// The response for the outcome of an operation.
#[must_use]
pub fn outcome<C: Conventions>(
    context: &RequestContext,
    result: Result<Response<ResponseBody>, ApiError>,
) -> Response<ResponseBody> {
    match result {
        Ok(mut response) => {
            allow_origin::<C>(&mut response);
            response
        }
        Err(error) => {
            log(context, &error);
            C::respond(error)
        }
    }
}

/// The response for a request that was refused before its handler.
#[must_use]
pub fn refused<C: Conventions>(context: &RequestContext, rejection: Rejection) -> Response<ResponseBody> {
    outcome::<C>(context, Err(C::reject(rejection)))
}

/// What an operation answers that isn't implemented: 501.
pub fn not_implemented<T>(
    context: &RequestContext,
) -> impl Future<Output = Result<T, ApiError>> + Send + use<T> {
    let rejection = ServiceRejection::NotImplemented(context.operation().id);
    let error = ApiError::rejected(rejection.status(), rejection.into());
    async move { Err(error) }
}

/// The last touch: for HEAD, the body goes and its length stays. An operation that has no body because it is HEAD says the
/// length itself.
#[inline]
pub fn conclude(response: &mut Response<ResponseBody>, head: bool) {
    if head {
        if let Some(len) = response.body().len() {
            response.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(len));
        }
        *response.body_mut() = ResponseBody::empty();
    }
}

fn options<C: Conventions>(allow: &'static str, preflight: bool) -> Response<ResponseBody> {
    let mut response = encode::empty(204);
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allow));
    if let Some(cors) = C::CORS {
        if preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allow));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(cors.allow_headers));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(cors.max_age));
        }
        allow_origin::<C>(&mut response);
    }
    response
}

fn allow_origin<C: Conventions>(response: &mut Response<ResponseBody>) {
    if let Some(cors) = C::CORS {
        response
            .headers_mut()
            .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(cors.allow_origin));
    }
}

fn log(context: &RequestContext, error: &ApiError) {
    use std::error::Error;
    let status = error.status().as_u16();
    let operation = context.operation().id;
    let cause = error.source().map(tracing::field::display);
    if status >= 500 {
        let (method, uri, request_id) = (context.method(), context.uri(), context.request_id());
        tracing::error!(operation, %method, %uri, request_id, status, %error, cause, "request failed");
    } else {
        tracing::debug!(operation, status, %error, cause, "request refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_keeps_the_length_that_an_operation_declares() {
        let mut own = encode::empty(200);
        own.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(4096));
        conclude(&mut own, true);
        assert_eq!(own.headers()[CONTENT_LENGTH], "4096");
    }
}
