use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use planewright_model::{DecodeError, Json};

use crate::message::{messages, telling_line};
use crate::operation::Operation;
use crate::transport::BoxError;

/// Why a call came to nothing: what was called, what went wrong, and what was tried.
///
/// Its display is one line, such as
/// `cancelJob: PATCH /jobs/0123…: 404 Not Found: job 0123… not found`; what a transport said stands in
/// [`source`](StdError::source), the rest of what a server said in [`messages`](Self::messages).
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    call: Option<CallInfo>,
    failure: Failure,
    attempts: Vec<Attempt>,
}

/// Which call it was.
#[derive(Clone, Debug)]
pub(crate) struct CallInfo {
    pub(crate) operation: &'static Operation,
    pub(crate) uri: Uri,
}

impl CallInfo {
    /// Path and query.
    fn target(&self) -> &str {
        self.uri.path_and_query().map_or("", |target| target.as_str())
    }
}

/// One attempt that failed.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(crate) number: u32,
    pub(crate) after: Duration,
    pub(crate) failure: String,
}

impl Attempt {
    /// Which attempt it was, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it failed, counted from the start of the call.
    #[must_use]
    pub fn after(&self) -> Duration {
        self.after
    }

    /// How it failed, in one line.
    #[must_use]
    pub fn failure(&self) -> &str {
        &self.failure
    }
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be made from what the caller gave; nothing was sent.
    Request,
    /// The credentials provider failed; nothing was sent.
    Credentials,
    /// No connection could be made; nothing was sent.
    Connect,
    /// The connection failed after the request, or a part of it, may have reached the server.
    Transport,
    /// The server answered with a status that isn't a success.
    Status,
    /// The server's answer isn't what the document declares.
    Decode,
    /// The deadline passed. The server may have done what it was asked.
    Deadline,
    /// The asynchronous operation ended, and failed.
    Operation,
}

#[derive(Debug)]
pub(crate) enum Failure {
    Request { what: String, source: Option<BoxError> },
    Credentials { source: BoxError },
    Connect { source: BoxError },
    Transport { what: &'static str, source: BoxError },
    Status { status: StatusCode, headers: HeaderMap, body: Bytes, messages: Vec<String> },
    Decode { status: StatusCode, body: Bytes, source: BoxError },
    TooLarge { limit: usize },
    Deadline { limit: Duration, waiting: Option<String> },
    Operation { trigger_id: String, failure: Bytes, messages: Vec<String> },
}

impl Failure {
    pub(crate) fn status(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let messages = messages(&body);
        Self::Status { status, headers, body, messages }
    }

    pub(crate) fn operation(trigger_id: String, failure: Bytes) -> Self {
        let messages = messages(&failure);
        Self::Operation { trigger_id, failure, messages }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Request { .. } => ErrorKind::Request,
            Self::Credentials { .. } => ErrorKind::Credentials,
            Self::Connect { .. } => ErrorKind::Connect,
            Self::Transport { .. } => ErrorKind::Transport,
            Self::Status { .. } => ErrorKind::Status,
            Self::Decode { .. } | Self::TooLarge { .. } => ErrorKind::Decode,
            Self::Deadline { .. } => ErrorKind::Deadline,
            Self::Operation { .. } => ErrorKind::Operation,
        }
    }
}

/// In one line, without what the source says.
impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { what, .. } => out.write_str(what),
            Self::Credentials { .. } => out.write_str("no credentials"),
            Self::Connect { .. } => out.write_str("could not connect"),
            Self::Transport { what, .. } => out.write_str(what),
            Self::Status { status, messages, .. } => {
                write!(out, "{status}")?;
                write_message(out, messages)
            }
            Self::Decode { status, .. } => write!(out, "cannot read the answer ({status})"),
            Self::TooLarge { limit } => write!(out, "the answer is longer than {limit} bytes"),
            Self::Deadline { limit, waiting } => match waiting {
                Some(waiting) => write!(out, "{waiting} after {limit:?}"),
                None => write!(out, "no answer within {limit:?}"),
            },
            Self::Operation { trigger_id, messages, .. } => {
                write!(out, "the operation {trigger_id} failed")?;
                write_message(out, messages)
            }
        }
    }
}

fn write_message(out: &mut fmt::Formatter<'_>, messages: &[String]) -> fmt::Result {
    match telling_line(messages) {
        Some(line) => write!(out, ": {line}"),
        None => Ok(()),
    }
}

impl Error {
    pub(crate) fn new(call: Option<CallInfo>, failure: Failure, attempts: Vec<Attempt>) -> Self {
        Self { inner: Box::new(Inner { call, failure, attempts }) }
    }

    /// An error of the caller's making, before anything was sent.
    pub(crate) fn request(what: impl Into<String>) -> Self {
        Self::new(None, Failure::Request { what: what.into(), source: None }, Vec::new())
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.failure.kind()
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &self.inner.failure {
            Failure::Status { status, .. } | Failure::Decode { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The headers of an answer that isn't a success.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        match &self.inner.failure {
            Failure::Status { headers, .. } => Some(headers),
            _ => None,
        }
    }

    /// The body of an answer that isn't a success or can't be read; for a failed asynchronous operation, its
    /// failure as JSON. Otherwise empty.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match &self.inner.failure {
            Failure::Status { body, .. } | Failure::Decode { body, .. } => body,
            Failure::Operation { failure, .. } => failure,
            _ => &[],
        }
    }

    /// Reads [`body`](Self::body) as a declared type, such as the API's error body.
    ///
    /// # Errors
    /// If it isn't one.
    pub fn decode<T: Json>(&self) -> Result<T, DecodeError> {
        T::read_json(self.body())
    }

    /// What the server said about the failure, whole; the display of this error has the line of it that tells most.
    /// Stack traces, where a server sends them, are here.
    #[must_use]
    pub fn messages(&self) -> &[String] {
        match &self.inner.failure {
            Failure::Status { messages, .. } | Failure::Operation { messages, .. } => messages,
            _ => &[],
        }
    }

    /// The id of the operation that was called, as the document has it.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.inner.call.as_ref().map(|call| call.operation.id)
    }

    /// Every attempt that failed, in order; the last one is this error. Empty if nothing was attempted.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.inner.attempts
    }

    /// Whether the server says that there is no such thing: 404 or 410.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.status(), Some(StatusCode::NOT_FOUND | StatusCode::GONE))
    }

    /// Whether the server says that it clashes with what is there: 409 or 412.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.status(), Some(StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED))
    }

    /// Whether the server didn't accept the credentials: 401 or 403.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
    }

    /// Whether the deadline passed first.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        self.kind() == ErrorKind::Deadline
    }

    /// Whether the same call may succeed later: no connection, a lost one, a deadline, or a status that says so
    /// (408, 425, 429, 502, 503, 504). It doesn't say that calling again is harmless: the server may have acted.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.inner.failure {
            Failure::Connect { .. } | Failure::Transport { .. } | Failure::Deadline { .. } => true,
            Failure::Status { status, .. } => crate::retry::is_passing(*status),
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = &self.inner.call {
            write!(out, "{}: {} {}: ", call.operation.id, call.operation.method, call.target())?;
        }
        write!(out, "{}", self.inner.failure)?;
        match self.inner.attempts.as_slice() {
            [] | [_] => Ok(()),
            [.., before, _] => {
                write!(out, " (attempt {}; the one before: {})", self.inner.attempts.len(), before.failure)
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = out.debug_struct("Error");
        if let Some(call) = &self.inner.call {
            fields.field("operation", &call.operation.id).field("target", &call.target());
        }
        fields.field("failure", &self.inner.failure).field("attempts", &self.inner.attempts).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.inner.failure {
            Failure::Request { source, .. } => source.as_deref().map(|source| source as _),
            Failure::Credentials { source }
            | Failure::Connect { source }
            | Failure::Transport { source, .. }
            | Failure::Decode { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}
