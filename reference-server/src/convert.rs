//! From the errors of the backend to those of an API.
//!
//! Each message is one sentence for the caller; what the backend saw goes along as the source, for the log alone.

use http::HeaderValue;
use http::header::RETRY_AFTER;
use planewright_backend::artifact::ArtifactError;
use planewright_backend::executor::ExecutorError;
use planewright_backend::store::StoreError;
use planewright_server::ApiError;
use planewright_server::rejection::BodyRejection;

use crate::kernel::KernelError;

/// The answer for an error of the kernel.
pub(crate) fn api_error(error: KernelError) -> ApiError {
    match error {
        KernelError::NotFound { .. } => ApiError::not_found(sentence(&error)),
        KernelError::Invalid { .. } => ApiError::bad_request(sentence(&error)),
        KernelError::Conflict { .. } => ApiError::conflict(sentence(&error)),
        KernelError::Store(error) => store_error(error),
        KernelError::Executor(error) => executor_error(error),
        KernelError::Artifact(error) => artifact_error(error),
        KernelError::Entropy => ApiError::internal(error),
    }
}

fn store_error(error: StoreError) -> ApiError {
    match error {
        StoreError::Unavailable { .. } => try_again("The store is out of reach; nothing has changed.", error),
        StoreError::OutcomeUnknown { .. } => {
            try_again("The store broke off; whether anything has changed is unknown.", error)
        }
        // The kernel deals with conflicts itself; one that is left over means that others were faster again and again.
        StoreError::Conflict { .. } => try_again("Others changed the same thing at the same time.", error),
        StoreError::Invalid { .. } => {
            ApiError::bad_request("The request is too large to be stored.").with_source(error)
        }
        StoreError::Compacted { .. } | StoreError::Corrupt { .. } => ApiError::internal(error),
        other => ApiError::internal(other),
    }
}

fn executor_error(error: ExecutorError) -> ApiError {
    match error {
        ExecutorError::NotFound { .. } => ApiError::not_found(sentence(&error)),
        ExecutorError::Conflict { .. } | ExecutorError::Ended { .. } => ApiError::conflict(sentence(&error)),
        ExecutorError::Invalid { .. } | ExecutorError::Rejected { .. } => {
            ApiError::bad_request(sentence(&error))
        }
        ExecutorError::Unsupported { .. } => ApiError::not_implemented(sentence(&error)),
        ExecutorError::Unavailable { .. } => {
            try_again("The executor is out of reach; nothing has changed.", error)
        }
        ExecutorError::OutcomeUnknown { .. } => {
            try_again("The executor broke off; whether anything has changed is unknown.", error)
        }
        other => ApiError::internal(other),
    }
}

fn artifact_error(error: ArtifactError) -> ApiError {
    match error {
        ArtifactError::NotFound { .. } => ApiError::not_found(sentence(&error)),
        ArtifactError::InvalidName(_) => {
            ApiError::bad_request("The name of the file can't be the name of an artifact.").with_source(error)
        }
        ArtifactError::Content { source } => match source.downcast::<BodyRejection>() {
            Ok(rejection) => rejection.into(),
            Err(source) => ApiError::bad_request("The upload broke off.").with_source(source),
        },
        ArtifactError::Storage { .. } => try_again("The artifact store is out of reach.", error),
        other => ApiError::internal(other),
    }
}

fn try_again(message: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> ApiError {
    ApiError::unavailable(message).with_header(RETRY_AFTER, HeaderValue::from_static("1")).with_source(source)
}

/// An error's text as a sentence: with a capital letter and a full stop.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let Some(first) = characters.next() else {
        return text;
    };
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), characters.as_str())
}

#[cfg(test)]
mod tests {
    use planewright_backend::executor::JobState;
    use planewright_backend::id::JobId;

    use super::*;

    fn source() -> Box<dyn std::error::Error + Send + Sync> {
        "10.0.0.7 refused the connection".into()
    }

    #[test]
    fn each_error_has_its_status_and_a_sentence() {
        let job = JobId::from_bytes([1; 16]);
        let ended = ExecutorError::Ended { job, state: JobState::Finished };
        let cases: [(KernelError, u16); 9] = [
            (KernelError::not_found("jar x.jar"), 404),
            (KernelError::invalid("parallelism is 0"), 400),
            (ExecutorError::job_not_found(job).into(), 404),
            (ended.into(), 409),
            (ExecutorError::unsupported("savepoints").into(), 501),
            (ExecutorError::Unavailable { source: source() }.into(), 503),
            (ExecutorError::OutcomeUnknown { source: source() }.into(), 503),
            (StoreError::Unavailable { source: source() }.into(), 503),
            (StoreError::Corrupt { reason: "x".into() }.into(), 500),
        ];
        for (error, status) in cases {
            let answer = api_error(error);
            let text = answer.to_string();
            assert_eq!(answer.status(), status, "{text}");
            assert_eq!(answer.headers().contains_key(RETRY_AFTER), status == 503, "{text}");
            assert!(!text.contains("10.0.0.7"), "{text}");
            assert!(status == 500 || text.ends_with('.') && text.starts_with(char::is_uppercase), "{text}");
        }
    }
}
