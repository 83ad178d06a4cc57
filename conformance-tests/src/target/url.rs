use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::{TargetError, Transport, Unanswered};
use crate::exchange::Heard;

/// A server somewhere.
pub(super) struct Remote {
    /// With neither query nor a slash at its end.
    base: String,
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Remote {
    pub(super) fn new(url: &str, http2: bool) -> Result<Self, TargetError> {
        let wrong = |reason: &str| TargetError::Url { url: url.to_owned(), reason: reason.to_owned() };
        let base = url.trim_end_matches('/').to_owned();
        let uri: Uri = base.parse().map_err(|error| wrong(&format!("{error}")))?;
        let known = [Scheme::HTTP, Scheme::HTTPS];
        if !uri.scheme().is_some_and(|scheme| known.contains(scheme)) || uri.authority().is_none() {
            return Err(wrong("it begins with neither http:// nor https://"));
        }
        if uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http();
        let connector =
            if http2 { connector.enable_http2().build() } else { connector.enable_http1().build() };
        let client = Client::builder(TokioExecutor::new()).http2_only(http2).build(connector);
        Ok(Self { base, uri, client })
    }

    /// Where a request goes.
    fn place(&self, path: Option<&PathAndQuery>) -> Result<Uri, Unanswered> {
        let prefix = self.uri.path().trim_end_matches('/');
        let path = format!("{prefix}{}", path.map_or("/", PathAndQuery::as_str));
        let mut parts = self.uri.clone().into_parts();
        let unusable = |error: &dyn std::fmt::Display| Unanswered::Unreachable(format!("{path}: {error}"));
        parts.path_and_query = Some(path.parse().map_err(|error| unusable(&error))?);
        Uri::from_parts(parts).map_err(|error| unusable(&error))
    }
}

impl Transport for Remote {
    fn send(&self, request: Request<Bytes>) -> LocalBoxFuture<'_, Result<Heard, Unanswered>> {
        Box::pin(async move {
            let mut request = request.map(Full::new);
            *request.uri_mut() = self.place(request.uri().path_and_query())?;
            let response = self.client.request(request).await.map_err(|error| {
                let told = told(&error);
                if error.is_connect() { Unanswered::Unreachable(told) } else { Unanswered::Broken(told) }
            })?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| Unanswered::Broken(told(&error)))?;
            Ok(Heard { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes() })
        })
    }

    fn base(&self) -> &str {
        &self.base
    }
}

/// An error with what caused it.
fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(&format!(": {error}"));
        cause = error.source();
    }
    told
}
