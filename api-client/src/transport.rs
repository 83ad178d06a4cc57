use std::error::Error as StdError;
use std::fmt;
use std::future::Future;

use bytes::Buf;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::ClientBody;

/// An error of any kind, as services and bodies give it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What carries requests: every tower service from `http::Request<ClientBody>` to a response with any body.
///
/// Never implemented by hand: it only gives the bounds a short name. The service is cloned for each attempt, so
/// a clone should be cheap and share its connections; wrap others in `tower::buffer::Buffer`.
pub trait Transport: Clone + Send + Sync + 'static {
    /// The body of a response.
    type Body: Body<Data: Buf + Send, Error: Into<BoxError>> + Send + 'static;

    /// Sends one request.
    ///
    /// # Errors
    /// Whatever the service says. A [`ConnectError`] among its sources proves that nothing was sent.
    fn send(
        &self,
        request: Request<ClientBody>,
    ) -> impl Future<Output = Result<Response<Self::Body>, BoxError>> + Send;
}

impl<S, B> Transport for S
where
    S: Service<Request<ClientBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body<Data: Buf + Send, Error: Into<BoxError>> + Send + 'static,
{
    type Body = B;

    async fn send(&self, request: Request<ClientBody>) -> Result<Response<B>, BoxError> {
        let mut service = self.clone();
        std::future::poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
        service.call(request).await.map_err(Into::into)
    }
}

/// The server could not be reached, so it has seen nothing of the request.
///
/// A transport of your own may put one into its error (as the error or as one of its sources): it makes a retry
/// safe for every operation.
#[derive(Debug)]
pub struct ConnectError {
    source: BoxError,
}

impl ConnectError {
    /// Marks an error as one that came before the request was sent.
    #[must_use]
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { source: source.into() }
    }

    /// What is behind the mark, which says nothing more than the failure that it marks.
    pub(crate) fn cause(error: BoxError) -> BoxError {
        match error.downcast::<Self>() {
            Ok(marked) => marked.source,
            Err(error) => error,
        }
    }

    /// Whether this error, or one behind it, is a `ConnectError`.
    pub(crate) fn is_in(error: &BoxError) -> bool {
        let mut next: Option<&(dyn StdError + 'static)> = Some(error.as_ref());
        while let Some(error) = next {
            if error.is::<Self>() {
                return true;
            }
            next = error.source();
        }
        false
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("could not connect")
    }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
