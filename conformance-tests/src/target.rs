//! What is judged: a URL, a tower service, a command.

mod command;
mod service;
mod url;

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::{Request, Response};
use http_body_util::Full;
use tower_service::Service;

use crate::exchange::Heard;

pub use command::Program;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A way to talk to what is judged.
pub trait Transport {
    /// Sends a request and reads the answer to its end. The URI of the request is path and query alone.
    fn send(&self, request: Request<Bytes>) -> LocalBoxFuture<'_, Result<Heard, Unanswered>>;

    /// Lets time pass: that of the target if it has a clock of its own.
    fn pause(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    /// Kills the target without warning, and starts it again. `None` if that can't be done.
    fn restart(&self) -> Option<LocalBoxFuture<'_, Result<(), TargetError>>> {
        None
    }

    /// Where the target is, as in front of the paths of `curl` lines.
    fn base(&self) -> &str;
}

/// What is judged. Clones are the same target.
#[derive(Clone)]
pub struct Target(Rc<dyn Transport>);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unanswered {
    /// Nobody listens there, or the address can't be used: the request was not heard.
    #[error("can't be reached: {0}")]
    Unreachable(String),
    /// The connection broke, or what came is no HTTP.
    #[error("no answer: {0}")]
    Broken(String),
    /// The answer was not complete in time.
    #[error("no complete answer within {} s", PATIENCE.as_secs())]
    Late,
}

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The URL can't be used.
    #[error("{url} is no URL of a server: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The command doesn't run, or doesn't come to answer requests.
    #[error("{command}: {reason}")]
    Command {
        /// The program and its arguments.
        command: String,
        /// What is wrong.
        reason: String,
    },
}

impl Target {
    /// A server at `http://` or `https://`, with an optional prefix of all paths, by HTTP/1.1.
    ///
    /// # Errors
    ///
    /// [`TargetError::Url`] if it is something else.
    pub fn url(url: &str) -> Result<Self, TargetError> {
        Ok(Self::over(url::Remote::new(url, false)?))
    }

    /// As [`url`](Self::url), by HTTP/2; with `http://` without an upgrade from HTTP/1.1.
    ///
    /// # Errors
    ///
    /// [`TargetError::Url`] if it is something else.
    pub fn http2(url: &str) -> Result<Self, TargetError> {
        Ok(Self::over(url::Remote::new(url, true)?))
    }

    /// A service in this process; no socket is opened.
    pub fn service<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + 'static,
        S::Error: fmt::Display,
        B: http_body::Body + 'static,
        B::Error: fmt::Display,
    {
        Self::over(service::InProcess::new(service, None))
    }

    /// As [`service`](Self::service), for one whose clock stands still unless `pass` moves it: where a case waits, time
    /// passes at once.
    pub fn service_with_clock<S, B>(service: S, pass: impl Fn(Duration) + 'static) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + 'static,
        S::Error: fmt::Display,
        B: http_body::Body + 'static,
        B::Error: fmt::Display,
    {
        Self::over(service::InProcess::new(service, Some(Box::new(pass))))
    }

    /// A program that is started now, and that cases may kill and start again.
    ///
    /// # Errors
    ///
    /// [`TargetError`] if it doesn't run, or doesn't answer.
    pub async fn command(program: Program) -> Result<Self, TargetError> {
        Ok(Self::over(command::Running::start(program).await?))
    }

    /// What can be talked to in a way of its own.
    pub fn over(transport: impl Transport + 'static) -> Self {
        Self(Rc::new(transport))
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Heard, Unanswered> {
        tokio::time::timeout(PATIENCE, self.0.send(request)).await.unwrap_or(Err(Unanswered::Late))
    }

    pub(crate) async fn pause(&self, duration: Duration) {
        self.0.pause(duration).await;
    }

    pub(crate) fn can_restart(&self) -> bool {
        self.0.restart().is_some()
    }

    pub(crate) async fn restart(&self) -> Result<(), TargetError> {
        match self.0.restart() {
            Some(restart) => restart.await,
            None => Ok(()),
        }
    }

    /// Where the target is, as in front of the paths of `curl` lines.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.base()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.base()).finish()
    }
}
