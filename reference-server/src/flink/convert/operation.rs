//! How asynchronous operations stand.

use planewright_backend::executor::{Failure, Outcome};

use super::failure_cause;
use crate::flink::wire;
use crate::kernel::operation::Progress;

pub(super) fn status(state: wire::OperationState) -> wire::OperationStatus {
    wire::OperationStatus { id: state }
}

/// The status, and the outcome once there is one: what it brought about, or why it failed.
fn parts(progress: Progress) -> (wire::OperationStatus, Option<Result<Outcome, Failure>>) {
    match progress {
        Progress::InProgress => (status(wire::OperationState::InProgress), None),
        Progress::Completed(outcome) => (status(wire::OperationState::Completed), Some(Ok(outcome))),
        Progress::Failed(failure) => (status(wire::OperationState::Completed), Some(Err(failure))),
    }
}

pub(in crate::flink) fn savepoint(progress: Progress) -> wire::SavepointStatus {
    let (status, outcome) = parts(progress);
    let operation = outcome.map(|outcome| match outcome {
        Ok(Outcome::Savepoint { location }) => {
            wire::SavepointOutcome { location: Some(location), failure_cause: None }
        }
        Ok(_) => wire::SavepointOutcome { location: None, failure_cause: None },
        Err(failure) => {
            wire::SavepointOutcome { location: None, failure_cause: Some(failure_cause(&failure)) }
        }
    });
    wire::SavepointStatus { status, operation }
}

pub(in crate::flink) fn checkpoint(progress: Progress) -> wire::CheckpointTriggerStatus {
    let (status, outcome) = parts(progress);
    let operation = outcome.map(|outcome| match outcome {
        Ok(Outcome::Checkpoint { id }) => {
            wire::CheckpointOutcome { checkpoint_id: Some(super::long(id)), failure_cause: None }
        }
        Ok(_) => wire::CheckpointOutcome { checkpoint_id: None, failure_cause: None },
        Err(failure) => {
            wire::CheckpointOutcome { checkpoint_id: None, failure_cause: Some(failure_cause(&failure)) }
        }
    });
    wire::CheckpointTriggerStatus { status, operation }
}

pub(in crate::flink) fn disposal(progress: Progress) -> wire::SavepointDisposalStatus {
    let (status, outcome) = parts(progress);
    let operation = outcome
        .map(|outcome| wire::DisposalOutcome { failure_cause: outcome.err().as_ref().map(failure_cause) });
    wire::SavepointDisposalStatus { status, operation }
}

pub(in crate::flink) fn data_set(progress: Progress) -> wire::DataSetDeletionStatus {
    let (status, outcome) = parts(progress);
    let operation = outcome.map(|outcome| wire::DataSetDeletionOutcome {
        failure_cause: outcome.err().as_ref().map(failure_cause),
    });
    wire::DataSetDeletionStatus { status, operation }
}

pub(in crate::flink) fn rescaling(progress: Progress) -> wire::RescalingStatus {
    let (status, outcome) = parts(progress);
    let operation = outcome
        .map(|outcome| wire::RescalingOutcome { failure_cause: outcome.err().as_ref().map(failure_cause) });
    wire::RescalingStatus { status, operation }
}
