//! What the client's errors mean to callers of an executor.

use planewright_client::{Error, ErrorKind};

use crate::artifact::ArtifactError;
use crate::executor::{ExecutorError, Failure};
use crate::store::{InvalidKeyError, StoreError, UpdateError};
use planewright_client::flink::model;

/// The cluster could not be asked.
pub(super) fn unavailable(error: Error) -> ExecutorError {
    ExecutorError::Unavailable { source: Box::new(error) }
}

/// As [`unavailable`], but what the cluster doesn't have is `None`.
pub(super) fn absent<T>(result: Result<T, Error>) -> Result<Option<T>, ExecutorError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// As [`absent`], for what a description can do without: the cluster calls it an internal error if a job changes at
/// that moment.
pub(super) fn optional<T>(result: Result<T, Error>) -> Result<Option<T>, ExecutorError> {
    match result {
        Err(error) if error.kind() == ErrorKind::Status && !error.is_retryable() => Ok(None),
        result => absent(result),
    }
}

/// Why a call that changes something came to nothing.
pub(super) enum Refusal {
    /// The cluster said no, in these words, with this status.
    No(u16, String),
    /// Nobody knows whether the call took effect, or it surely didn't for now.
    Unsettled(ExecutorError),
}

pub(super) fn refusal(error: Error) -> Refusal {
    match (error.kind(), error.status()) {
        (ErrorKind::Status, Some(status)) => match status.as_u16() {
            503 | 429 => Refusal::Unsettled(unavailable(error)),
            502 | 504 | 408 => Refusal::Unsettled(unknown(error)),
            code => Refusal::No(code, words(error.messages()).unwrap_or_else(|| status.to_string())),
        },
        (ErrorKind::Transport | ErrorKind::Deadline | ErrorKind::Decode, _) => {
            Refusal::Unsettled(unknown(error))
        }
        _ => Refusal::Unsettled(unavailable(error)),
    }
}

fn unknown(error: Error) -> ExecutorError {
    ExecutorError::OutcomeUnknown { source: Box::new(error) }
}

/// The cluster's failure of an operation or a job.
pub(super) fn failure(cause: model::FailureCause) -> Failure {
    let message = words(std::slice::from_ref(&cause.stack_trace)).unwrap_or_else(|| cause.class.clone());
    Failure { kind: cause.class, message, trace: Some(cause.stack_trace) }
}

/// Wrappers that Java's concurrency puts around an exception; they say nothing.
const WRAPPERS: [&str; 4] = [
    "java.util.concurrent.CompletionException: ",
    "java.util.concurrent.ExecutionException: ",
    "org.apache.flink.runtime.rest.handler.RestHandlerException: ",
    "<Exception on server side:",
];

/// The sentence of a stack trace that a person wants to read: the cause behind all others.
pub(super) fn words(messages: &[String]) -> Option<String> {
    let lines = || messages.iter().flat_map(|message| message.lines()).map(str::trim);
    let cause = lines().filter_map(|line| line.strip_prefix("Caused by: ")).next_back();
    let said =
        |line: &&str| !line.is_empty() && *line != "Internal server error." && !WRAPPERS.contains(line);
    let mut line = cause.or_else(|| lines().find(said))?;
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| line.strip_prefix(wrapper)) {
        line = rest.trim_start();
    }
    Some(line.to_owned())
}

impl From<StoreError> for ExecutorError {
    fn from(error: StoreError) -> Self {
        if error.is_outcome_unknown() {
            return Self::OutcomeUnknown { source: Box::new(error) };
        }
        Self::Unavailable { source: Box::new(error) }
    }
}

impl From<UpdateError<ExecutorError>> for ExecutorError {
    fn from(error: UpdateError<ExecutorError>) -> Self {
        match error {
            UpdateError::Refused(error) => error,
            UpdateError::Store(error) => error.into(),
        }
    }
}

impl From<InvalidKeyError> for ExecutorError {
    fn from(error: InvalidKeyError) -> Self {
        Self::Invalid { reason: error.to_string() }
    }
}

/// Why a program can't be had.
pub(super) fn no_program(error: ArtifactError) -> ExecutorError {
    if error.is_not_found() {
        return ExecutorError::Rejected { reason: error.to_string() };
    }
    ExecutorError::Unavailable { source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_behind_all_others_is_told() {
        let said = |text: &str| words(&[text.to_owned()]).unwrap_or_default();
        assert_eq!(
            said("java.util.concurrent.CompletionException: java.io.IOException: no disk\n\tat X"),
            "java.io.IOException: no disk"
        );
        assert_eq!(
            said("A: could not\n\tat X\nCaused by: B: because\n\tat Y\nCaused by: C: it is so\n\tat Z"),
            "C: it is so"
        );
        let two = [
            "Internal server error.".to_owned(),
            "<Exception on server side:\nX: no class\n\tat Y".to_owned(),
        ];
        assert_eq!(words(&two).as_deref(), Some("X: no class"));
        assert_eq!(words(&[]), None);
    }
}
