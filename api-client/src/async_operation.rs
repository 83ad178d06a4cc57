use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use planewright_model::Json;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::call::Call;
use crate::connection::Connection;
use crate::error::{Error, Failure};
use crate::reply::Reply;
use crate::retry::Backoff;
use crate::transport::Transport;

/// How the answer of a poll is read: what the extension `x-planewright-async` says, as members from the root.
#[derive(Debug)]
pub struct Polling {
    /// Where the state stands.
    pub state: &'static [&'static str],
    /// States in which the work goes on.
    pub pending: &'static [&'static str],
    /// The other states that the document knows. In a state that it doesn't know, work is done once there is a
    /// result.
    pub done: &'static [&'static str],
    /// Where the outcome stands; nothing: the whole answer is the outcome.
    pub result: Option<&'static [&'static str]>,
    /// What is there, and not null, if the work failed.
    pub failure: Option<&'static [&'static str]>,
}

type Poll = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send>>;

/// Work that goes on after the call that started it, such as a savepoint. Its outcome is a `T`.
///
/// Dropping it stops nothing. Another process can take it up again with its
/// [`trigger_id`](Self::trigger_id) and the client's `resume_…` method. Clones follow the same work.
pub struct AsyncOperation<T> {
    trigger_id: String,
    backoff: Backoff,
    polling: &'static Polling,
    poll: Arc<dyn Fn() -> Poll + Send + Sync>,
    outcome: PhantomData<fn() -> T>,
}

/// How far an [`AsyncOperation`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum OperationState<T> {
    /// The work goes on; the state as the server calls it.
    InProgress(String),
    /// The work is done.
    Completed(T),
}

impl<T: Json> AsyncOperation<T> {
    /// Follows work by this poll, which is made anew each time.
    pub fn new<S: Transport>(
        connection: &Connection<S>,
        polling: &'static Polling,
        trigger_id: impl ToString,
        poll: impl Fn() -> Call + Send + Sync + 'static,
    ) -> Self {
        let backoff = connection.poll_backoff();
        let connection = connection.clone();
        let poll = Arc::new(move || {
            let (connection, call) = (connection.clone(), poll());
            Box::pin(async move { connection.fetch(call).await }) as Poll
        });
        Self { trigger_id: trigger_id.to_string(), backoff, polling, poll, outcome: PhantomData }
    }

    /// The id that names this work, in the server's spelling.
    #[must_use]
    pub fn trigger_id(&self) -> &str {
        &self.trigger_id
    }

    /// Asks once how far it is.
    ///
    /// # Errors
    /// [`ErrorKind::Operation`](crate::ErrorKind::Operation) if the work failed, its cause in
    /// [`Error::decode`]; anything else if asking failed.
    pub async fn poll(&self) -> Result<OperationState<T>, Error> {
        let reply = (self.poll)().await?;
        self.read(reply)
    }

    /// Asks until it is done, with pauses that grow. Without a limit: savepoints may take hours. An error of a single
    /// poll ends the wait, not the work: it may be waited for again.
    ///
    /// # Errors
    /// As for [`poll`](Self::poll).
    pub async fn wait(&self) -> Result<T, Error> {
        self.wait_from(&mut String::new()).await
    }

    /// As [`wait`](Self::wait), but no longer than this.
    ///
    /// # Errors
    /// As for [`poll`](Self::poll), and [`ErrorKind::Deadline`](crate::ErrorKind::Deadline) with the last state if
    /// the work goes on at that time.
    pub async fn wait_timeout(&self, limit: Duration) -> Result<T, Error> {
        let mut state = String::new();
        match timeout(limit, self.wait_from(&mut state)).await {
            Ok(result) => result,
            Err(_) => {
                let state = if state.is_empty() { "unknown" } else { &state };
                let waiting = Some(format!("the operation {} is still {state}", self.trigger_id));
                Err(Error::new(None, Failure::Deadline { limit, waiting }, Vec::new()))
            }
        }
    }

    async fn wait_from(&self, last: &mut String) -> Result<T, Error> {
        let mut polls = 0;
        loop {
            match self.poll().await? {
                OperationState::Completed(outcome) => return Ok(outcome),
                OperationState::InProgress(state) => *last = state,
            }
            polls += 1;
            sleep(self.backoff.delay(polls)).await;
        }
    }

    fn read(&self, reply: Reply) -> Result<OperationState<T>, Error> {
        let answer = match Value::read_json(reply.body()) {
            Ok(answer) => answer,
            Err(error) => return Err(reply.unreadable(error.into())),
        };
        let Some(state) = find(&answer, self.polling.state).and_then(Value::as_str) else {
            let message = format!("there is no state at /{}", self.polling.state.join("/"));
            return Err(reply.unreadable(message.into()));
        };
        if self.polling.pending.contains(&state) {
            return Ok(OperationState::InProgress(state.to_owned()));
        }
        let failure =
            self.polling.failure.and_then(|way| find(&answer, way)).filter(|value| !value.is_null());
        if let Some(failure) = failure {
            let failure = Failure::operation(self.trigger_id.clone(), failure.to_string().into());
            return Err(Error::new(Some(reply.info), failure, Vec::new()));
        }
        let result = match self.polling.result {
            None => Some(&answer),
            Some(way) => find(&answer, way).filter(|value| !value.is_null()),
        };
        if result.is_none() && !self.polling.done.contains(&state) {
            return Ok(OperationState::InProgress(state.to_owned()));
        }
        let result = result.map_or_else(|| "null".to_owned(), Value::to_string);
        match T::read_json(result.as_bytes()) {
            Ok(outcome) => Ok(OperationState::Completed(outcome)),
            Err(error) => Err(reply.unreadable(error.into())),
        }
    }
}

fn find<'a>(value: &'a Value, way: &[&str]) -> Option<&'a Value> {
    way.iter().try_fold(value, |value, member| value.get(member))
}

impl<T> Clone for AsyncOperation<T> {
    fn clone(&self) -> Self {
        Self {
            trigger_id: self.trigger_id.clone(),
            backoff: self.backoff,
            polling: self.polling,
            poll: Arc::clone(&self.poll),
            outcome: PhantomData,
        }
    }
}

impl<T> fmt::Debug for AsyncOperation<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AsyncOperation({})", self.trigger_id)
    }
}
