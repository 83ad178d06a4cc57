use planewright_backend::artifact::ArtifactError;
use planewright_backend::executor::ExecutorError;
use planewright_backend::store::{InvalidKeyError, StoreError, UpdateError};

/// Why the kernel did not do what an API asked it to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// There is no such thing.
    #[error("{what} does not exist")]
    NotFound {
        /// What was looked for, for example `jar 1b4e…_x.jar`.
        what: String,
    },
    /// The request makes no sense, whatever the state of the control plane.
    #[error("{reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The name is taken by something else.
    #[error("{reason}")]
    Conflict {
        /// What stands against what.
        reason: String,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The executor refused or failed.
    #[error("the executor refused or failed")]
    Executor(#[from] ExecutorError),
    /// The artifact store refused or failed.
    #[error("the artifact store refused or failed")]
    Artifact(#[from] ArtifactError),
    /// The operating system gave no random bytes.
    #[error("no random bytes are available")]
    Entropy,
}

impl KernelError {
    /// `what` does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// The request makes no sense.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid { reason: reason.into() }
    }

    /// Whether something does not exist.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::NotFound { .. } => true,
            Self::Executor(error) => error.is_not_found(),
            _ => false,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable() || error.is_outcome_unknown(),
            Self::Executor(error) => error.is_retryable(),
            _ => false,
        }
    }
}

impl From<InvalidKeyError> for KernelError {
    fn from(error: InvalidKeyError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<UpdateError<KernelError>> for KernelError {
    fn from(error: UpdateError<KernelError>) -> Self {
        match error {
            UpdateError::Refused(error) => error,
            UpdateError::Store(error) => error.into(),
            // The enum may grow; whatever comes was said by the store.
            other => Self::Store(StoreError::Unavailable { source: Box::new(other) }),
        }
    }
}
