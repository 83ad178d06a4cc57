use std::error::Error;

use crate::id::JobId;

use super::JobState;

/// Why an [`Executor`](super::Executor) did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// There is no such thing.
    #[error("{what} does not exist")]
    NotFound {
        /// What was looked for, for example `job df9c…`.
        what: String,
    },
    /// The name is taken by something else.
    #[error("{reason}")]
    Conflict {
        /// What stands against what.
        reason: String,
    },
    /// The job has already ended in another way.
    #[error("job {job} has already ended as {state}")]
    Ended {
        /// The job.
        job: JobId,
        /// Its terminal state.
        state: JobState,
    },
    /// The request makes no sense, whatever the state of the executor.
    #[error("{reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The submission is well formed, but this executor will never run it.
    #[error("submission was rejected: {reason}")]
    Rejected {
        /// Why not.
        reason: String,
    },
    /// This executor doesn't have the ability.
    #[error("this executor does not support {what}{}", because(reason))]
    Unsupported {
        /// The ability, as a noun in the plural.
        what: String,
        /// Why not, if there is more to say.
        reason: Option<String>,
    },
    /// The executor can't be reached or refuses work for now; nothing has happened.
    #[error("executor is unavailable")]
    Unavailable {
        /// What the implementation saw.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The call may or may not have taken effect; repeating it with the same id settles it.
    #[error("outcome of the call is unknown")]
    OutcomeUnknown {
        /// What the implementation saw.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ExecutorError {
    /// `what` does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// The job does not exist.
    pub fn job_not_found(job: JobId) -> Self {
        Self::not_found(format!("job {job}"))
    }

    /// The executor doesn't have the ability.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into(), reason: None }
    }

    /// Whether something does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the executor doesn't have the ability.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported { .. })
    }

    /// Whether the same call may succeed later. All calls that change something are safe to repeat.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::OutcomeUnknown { .. })
    }
}

fn because(reason: &Option<String>) -> String {
    reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"))
}
