use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::http::{Request, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use crate::body::ClientBody;
use crate::transport::{BoxError, ConnectError};

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection that nobody uses is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The transport over TCP: HTTP/1.1 with a pool of connections, and TLS for `https` URLs under feature `tls`.
///
/// Clones share the pool. It doesn't follow redirects and knows no proxies.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: Client<Connector, ClientBody>,
}

impl HttpTransport {
    /// A transport with an empty pool.
    #[must_use]
    pub fn new() -> Self {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(secured(http));
        Self { client }
    }
}

#[cfg(feature = "tls")]
fn secured(mut http: HttpConnector) -> Connector {
    http.enforce_http(false);
    hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .wrap_connector(http)
}

#[cfg(not(feature = "tls"))]
fn secured(http: HttpConnector) -> Connector {
    http
}

impl Default for HttpTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Service<Request<ClientBody>> for HttpTransport {
    type Response = Response<hyper::body::Incoming>;
    type Error = BoxError;
    type Future = HttpFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ClientBody>) -> HttpFuture {
        HttpFuture { inner: self.client.request(request) }
    }
}

/// The answer to a request that [`HttpTransport`] sends.
#[must_use = "futures do nothing unless polled"]
pub struct HttpFuture {
    inner: ResponseFuture,
}

impl std::fmt::Debug for HttpFuture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("HttpFuture")
    }
}

impl Future for HttpFuture {
    type Output = Result<Response<hyper::body::Incoming>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.inner).poll(context));
        Poll::Ready(result.map_err(|error| {
            if error.is_connect() { Box::new(ConnectError::new(error)) as BoxError } else { error.into() }
        }))
    }
}
