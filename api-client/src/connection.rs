use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, sleep, timeout_at};

use crate::base_url::BaseUrl;
use crate::call::{Call, CallOptions};
use crate::credentials::Credentials;
use crate::download::Download;
use crate::error::{Attempt, CallInfo, Error, Failure};
use crate::http::HttpTransport;
use crate::operation::{CredentialPlace, Operation, SecurityScheme};
use crate::reply::Reply;
use crate::retry::{Backoff, RetryPolicy, is_passing, retry_after};
use crate::transport::{BoxError, ConnectError, Transport};

/// What holds for every call of a connection.
///
/// ```
/// # use std::time::Duration;
/// use planewright_client::{Credential, RetryPolicy, Settings};
///
/// # fn main() -> Result<(), planewright_client::Error> {
/// let settings = Settings::new()
///     .timeout(Duration::from_secs(10))
///     .retry(RetryPolicy::never())
///     .credentials(Credential::bearer("secret")?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Settings {
    timeout: Option<Duration>,
    retry: RetryPolicy,
    poll: Backoff,
    credentials: Option<Arc<dyn Credentials>>,
    named: Vec<(String, Arc<dyn Credentials>)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    longest_answer: usize,
}

impl Settings {
    /// A deadline of 60 seconds, four attempts, answers of at most 64 MiB, no credentials.
    #[must_use]
    pub fn new() -> Self {
        Self {
            timeout: Some(Duration::from_secs(60)),
            retry: RetryPolicy::default(),
            poll: Backoff::new(Duration::from_millis(200), 1.5, Duration::from_secs(5)),
            credentials: None,
            named: Vec::new(),
            headers: Vec::new(),
            longest_answer: 64 << 20,
        }
    }

    /// The deadline of a whole call, attempts and pauses included, if the call says no other. It ends with the
    /// answer's body, or for a download with its headers. It doesn't hold for calls that stream a body to the
    /// server, since nobody knows how long that takes.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// No deadline, unless a call says one.
    #[must_use]
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// The retry policy of calls that say no other.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The pauses between the polls of an asynchronous operation: 200 ms, growing to 5 s.
    #[must_use]
    pub fn poll(mut self, backoff: Backoff) -> Self {
        self.poll = backoff;
        self
    }

    /// Who is calling, by the security scheme of this name in the document. An operation is sent with the credentials of
    /// the first alternative that it offers and that all are known of; of operations that demand nothing, none is sent.
    #[must_use]
    pub fn credentials_for(
        mut self,
        scheme: impl Into<String>,
        credentials: impl Credentials + 'static,
    ) -> Self {
        self.named.push((scheme.into(), Arc::new(credentials)));
        self
    }

    /// Who is calling, for every operation that no [named](Self::credentials_for) credentials are sent with.
    #[must_use]
    pub fn credentials(mut self, credentials: impl Credentials + 'static) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// How many bytes an answer may have that is held in memory; downloads have no limit.
    #[must_use]
    pub fn longest_answer(mut self, bytes: usize) -> Self {
        self.longest_answer = bytes;
        self
    }
}

impl Settings {
    fn has_credentials(&self) -> bool {
        self.credentials.is_some() || !self.named.is_empty()
    }

    /// What is sent with an operation, and the schemes that it is for.
    fn credentials_of(
        &self,
        operation: &'static Operation,
    ) -> Vec<(Option<&'static SecurityScheme>, &Arc<dyn Credentials>)> {
        let named = |scheme: &'static SecurityScheme| {
            let (_, credentials) = self.named.iter().find(|(name, _)| name == scheme.name)?;
            Some((Some(scheme), credentials))
        };
        let is_shown = |scheme: &SecurityScheme| scheme.place == CredentialPlace::Transport;
        let mut alternatives = operation.security.iter().filter(|alternative| !alternative.is_empty());
        let chosen = alternatives.find_map(|alternative| {
            let schemes = alternative.iter().filter(|scheme| !is_shown(scheme));
            schemes.map(|scheme| named(scheme)).collect::<Option<Vec<_>>>()
        });
        chosen.unwrap_or_else(|| self.credentials.iter().map(|credentials| (None, credentials)).collect())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .field("poll", &self.poll)
            .field("credentials", &self.credentials.is_some())
            .field("named", &self.named.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("headers", &self.headers)
            .field("longest_answer", &self.longest_answer)
            .finish()
    }
}

/// Where calls go: a transport, a base URL and settings. Clones share all of it.
///
/// Generated clients hold one. It may also send a [`Call`] that was made by hand.
pub struct Connection<S = HttpTransport> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    transport: S,
    base: BaseUrl,
    settings: Settings,
}

impl Connection<HttpTransport> {
    /// Over TCP, to this base URL, such as `http://127.0.0.1:8081` or `https://host/flink/v1`. Nothing is sent yet.
    ///
    /// # Errors
    /// If it isn't such a URL.
    pub fn connect(url: &str) -> Result<Self, Error> {
        Ok(Self::new(HttpTransport::new(), url.parse()?))
    }
}

impl<S: Transport> Connection<S> {
    /// Over this transport, to this base URL.
    pub fn new(transport: S, base: BaseUrl) -> Self {
        Self { inner: Arc::new(Inner { transport, base, settings: Settings::new() }) }
    }

    /// Over a service in this process: requests have a path and no host.
    pub fn over(service: S) -> Self {
        Self::new(service, BaseUrl::none())
    }

    /// Over a service in this process that answers beneath a path, such as `/api/v3`. What is no path is taken for none.
    pub fn over_path(service: S, path: &str) -> Self {
        Self::new(service, BaseUrl::in_process(path).unwrap_or_else(|_| BaseUrl::none()))
    }

    /// The same with other settings.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        let Inner { transport, base, .. } = &*self.inner;
        Self { inner: Arc::new(Inner { transport: transport.clone(), base: base.clone(), settings }) }
    }

    /// The base URL.
    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        &self.inner.base
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// A call of this operation, its path still to be written.
    #[must_use]
    pub fn call(&self, operation: &'static Operation, options: CallOptions) -> Call {
        Call::new(&self.inner.base, operation, options)
    }

    pub(crate) fn poll_backoff(&self) -> Backoff {
        self.inner.settings.poll
    }

    /// Sends a call and reads the whole answer, retrying as the [policy](RetryPolicy) says.
    ///
    /// # Errors
    /// Everything but a success (2xx) that could be read to its end.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection of the attempt that is under way; the server may go on with it.
    pub async fn fetch(&self, call: Call) -> Result<Reply, Error> {
        let (info, answer) = self.exchange(call, Read::Whole).await?;
        let Answer { status, headers, body } = answer;
        let body = match body {
            AnswerBody::Whole(bytes) => bytes,
            AnswerBody::Open(_) => Bytes::new(),
        };
        Ok(Reply { status, headers, body, info })
    }

    /// Sends a call and returns as soon as the headers of a success are there.
    ///
    /// # Errors
    /// Everything but a success (2xx).
    ///
    /// # Cancellation
    /// As for [`fetch`](Self::fetch).
    pub async fn open(&self, call: Call) -> Result<Download, Error> {
        let (info, answer) = self.exchange(call, Read::Open).await?;
        let Answer { status, headers, body } = answer;
        let longest = self.inner.settings.longest_answer;
        Ok(match body {
            AnswerBody::Open(body) => Download::new(status, headers, body, info, longest),
            AnswerBody::Whole(bytes) => {
                Download::new(status, headers, http_body_util::Full::new(bytes), info, longest)
            }
        })
    }

    async fn exchange(&self, mut call: Call, read: Read) -> Result<(CallInfo, Answer<S::Body>), Error> {
        let info = call.finish()?;
        let mut failed = Vec::new();
        let started = Instant::now();
        let limit = call
            .options
            .timeout
            .or_else(|| if call.payload.is_streamed() { None } else { self.inner.settings.timeout });
        let deadline = limit.and_then(|limit| Some((limit, started.checked_add(limit)?)));
        let attempts =
            self.attempts(&mut call, &info, read, started, deadline.map(|(_, at)| at), &mut failed);
        let result = match deadline {
            None => attempts.await,
            Some((limit, at)) => match timeout_at(at, attempts).await {
                Ok(result) => result,
                Err(_) => Err(Failure::Deadline { limit, waiting: None }),
            },
        };
        match result {
            Ok(answer) => Ok((info, answer)),
            Err(failure) => {
                let number = failed.len() as u32 + 1;
                failed.push(Attempt { number, after: started.elapsed(), failure: failure.to_string() });
                Err(Error::new(Some(info), failure, failed))
            }
        }
    }

    /// Tries until a try succeeds or another one isn't allowed.
    async fn attempts(
        &self,
        call: &mut Call,
        info: &CallInfo,
        read: Read,
        started: Instant,
        deadline: Option<Instant>,
        failed: &mut Vec<Attempt>,
    ) -> Result<Answer<S::Body>, Failure> {
        let policy = call.options.retry.unwrap_or(self.inner.settings.retry);
        let mut refused = false;
        loop {
            let failure = match self.attempt(call, info, read, refused).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if !call.payload.is_repeatable() {
                return Err(failure);
            }
            let number = failed.len() as u32 + 1;
            let pause = match &failure {
                Failure::Status { status: StatusCode::UNAUTHORIZED, .. }
                    if self.inner.settings.has_credentials() && !refused =>
                {
                    refused = true;
                    Some(Duration::ZERO)
                }
                Failure::Connect { .. } => policy.next(number, None),
                Failure::Transport { .. } if call.is_repeatable() => policy.next(number, None),
                Failure::Status { status, headers, .. } if is_passing(*status) && call.is_repeatable() => {
                    policy.next(number, retry_after(headers, SystemTime::now()))
                }
                _ => None,
            };
            let Some(pause) = pause else { return Err(failure) };
            // A pause that the deadline cuts short would only hide what the server said.
            if deadline.is_some_and(|deadline| Instant::now() + pause >= deadline) {
                return Err(failure);
            }
            tracing::debug!(operation = info.operation.id, attempt = number, %failure, ?pause, "trying again");
            failed.push(Attempt { number, after: started.elapsed(), failure: failure.to_string() });
            if !pause.is_zero() {
                sleep(pause).await;
            }
        }
    }

    async fn attempt(
        &self,
        call: &mut Call,
        info: &CallInfo,
        read: Read,
        refused: bool,
    ) -> Result<Answer<S::Body>, Failure> {
        let settings = &self.inner.settings;
        let mut given = Vec::new();
        for (scheme, credentials) in settings.credentials_of(info.operation) {
            let credential = credentials.credential(refused).await;
            given.push((scheme, credential.map_err(|source| Failure::Credentials { source })?));
        }
        let request = call.attempt(info, &settings.headers, given).await?;
        let response = self.inner.transport.send(request).await.map_err(|source| {
            if ConnectError::is_in(&source) {
                Failure::Connect { source: ConnectError::cause(source) }
            } else {
                Failure::Transport { what: "the connection failed before an answer came", source }
            }
        })?;
        Answer::read(response, read, settings.longest_answer).await
    }
}

impl<S> Clone for Connection<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Connection({})", self.inner.base)
    }
}

/// How far an answer is read before it counts as received.
#[derive(Clone, Copy)]
enum Read {
    Whole,
    Open,
}

struct Answer<B> {
    status: StatusCode,
    headers: HeaderMap,
    body: AnswerBody<B>,
}

enum AnswerBody<B> {
    Whole(Bytes),
    Open(B),
}

impl<B: Body<Error: Into<BoxError>>> Answer<B> {
    async fn read(response: Response<B>, read: Read, longest: usize) -> Result<Self, Failure> {
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, parts.headers);
        if status.is_success() && matches!(read, Read::Open) {
            return Ok(Self { status, headers, body: AnswerBody::Open(body) });
        }
        let bytes = match Limited::new(body, longest).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Failure::TooLarge { limit: longest }),
            Err(source) => {
                return Err(Failure::Transport {
                    what: "the connection failed in the middle of the answer",
                    source,
                });
            }
        };
        if status.is_success() {
            Ok(Self { status, headers, body: AnswerBody::Whole(bytes) })
        } else {
            Err(Failure::status(status, headers, bytes))
        }
    }
}
