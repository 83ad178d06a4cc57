//! What a handler may know about the request beyond its declared inputs.

use std::fmt;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::header::ACCEPT;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, Method, Uri};
use planewright_model::media::Wanted;

use crate::auth::Demand;

/// What a handler may know about the request beyond its declared inputs.
#[derive(Debug)]
pub struct RequestContext {
    parts: Parts,
    operation: &'static OperationInfo,
    request_id: OnceLock<String>,
}

/// What the document says about an operation.
#[derive(Debug, PartialEq, Eq)]
pub struct OperationInfo {
    /// Its `operationId`.
    pub id: &'static str,
    /// Its tag.
    pub tag: &'static str,
    /// Its method.
    pub method: &'static str,
    /// Its path template, such as `/jobs/{jobid}`.
    pub path: &'static str,
    /// Whether it runs to its end even if the client has gone.
    pub detached: bool,
    /// What a caller must present: alternatives, each of them schemes that are demanded together. An empty
    /// alternative lets anyone in; none at all means that nothing is demanded.
    pub security: &'static [&'static [Demand]],
}

/// The far end of the connection, in a request's extensions; see [`RequestContext::peer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// When the caller stops waiting, in a request's extensions; see [`RequestContext::deadline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestDeadline(pub Instant);

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl RequestContext {
    /// The context of a request for an operation.
    #[must_use]
    pub fn new(parts: Parts, operation: &'static OperationInfo) -> Self {
        Self { parts, operation, request_id: OnceLock::new() }
    }

    /// The operation that was asked for.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// The caller's `x-request-id`, or one made at the first call: for logs and for calls to other systems.
    #[must_use]
    pub fn request_id(&self) -> &str {
        match self.parts.headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()) {
            Some(sent) => sent,
            None => self.request_id.get_or_init(|| NextId.to_string()),
        }
    }

    /// The method as sent; HEAD for a GET whose body isn't wanted.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The target as sent.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// Every header of the request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Which of these media types the caller wants most, by its `Accept`; of equals, the first. `None` if it accepts
    /// none of them.
    #[must_use]
    pub fn preferred(&self, offered: &[&str]) -> Option<usize> {
        let mut lines = self.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let first = lines.next().unwrap_or_default();
        match lines.next() {
            None => Wanted::new(first).best(offered.iter().copied()),
            Some(second) => {
                let all: Vec<&str> = [first, second].into_iter().chain(lines).collect();
                Wanted::new(&all.join(",")).best(offered.iter().copied())
            }
        }
    }

    /// What layers have added to the request.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.parts.extensions
    }

    pub(crate) fn extend(&mut self, extensions: Extensions) {
        self.parts.extensions.extend(extensions);
    }

    /// Who is calling, if a layer has found out and put a `P` into the request's extensions.
    #[must_use]
    pub fn principal<P: Send + Sync + 'static>(&self) -> Option<&P> {
        self.parts.extensions.get()
    }

    /// The address at the far end of the connection, if the server was asked to keep it.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.parts.extensions.get::<PeerAddress>().map(|peer| peer.0)
    }

    /// When the caller stops waiting, if a layer has said so.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.parts.extensions.get::<RequestDeadline>().map(|deadline| deadline.0)
    }
}

/// Displays as an id that this process hasn't used: 16 digits of the process, then a count.
struct NextId;

impl fmt::Display for NextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::hash::{BuildHasher, RandomState};
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // A hasher with random keys is the standard library's only source of randomness.
        let process = PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
        write!(f, "{process:016x}-{:x}", COUNT.fetch_add(1, Ordering::Relaxed))
    }
}
