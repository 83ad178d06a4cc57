use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;

use super::executor::Subject;
use super::{Breach, cases, ensure, ensure_eq};
use crate::executor::{
    CheckpointKind, ExecutorError, JobDescription, JobState, JobSummary, MetricScope, Operation,
    OperationScope, OperationStatus, Outcome, ParallelismBounds, RescaleRequest, Restore, SavepointRequest,
    StopRequest, Submission, TaskState,
};
use crate::id::{JobId, TriggerId, VertexId};

fn trigger_id(number: u8) -> TriggerId {
    TriggerId::from_bytes([0xa0 | number; 16])
}

impl Subject {
    fn job_id(&self, number: u8) -> JobId {
        JobId::from_bytes(self.ids.map(|byte| byte ^ (0xc0 | number)))
    }

    fn with_id(&self, template: &Submission, number: u8) -> Submission {
        Submission { id: self.job_id(number), ..template.clone() }
    }

    /// Whether a job is one of this case's.
    fn is_own(&self, job: JobId) -> bool {
        (0..16).any(|number| self.job_id(number) == job)
    }

    /// The jobs of this case, in the order of the list.
    async fn list(&self) -> Result<Vec<JobSummary>, Breach> {
        let mut jobs = self.executor.list().await?;
        jobs.retain(|job| self.is_own(job.id));
        Ok(jobs)
    }

    async fn submit(&self, template: &Submission, number: u8) -> Result<JobId, Breach> {
        self.executor.submit(self.with_id(template, number)).await?;
        Ok(self.job_id(number))
    }

    /// Starts an endless job and waits until all its subtasks are at work.
    async fn running(&self, number: u8) -> Result<JobId, Breach> {
        let job = self.submit(&self.endless, number).await?;
        self.until(job, "run with all its subtasks", is_at_work).await?;
        Ok(job)
    }

    async fn until(
        &self,
        job: JobId,
        what: &str,
        done: fn(&JobDescription) -> bool,
    ) -> Result<JobDescription, Breach> {
        let mut seen = self.executor.describe(job).await?;
        for _ in 0..self.patience {
            if done(&seen) {
                return Ok(seen);
            }
            (self.pass_time)().await;
            let next = self.executor.describe(job).await?;
            ensure!(
                seen.state.may_become(next.state),
                "[executor.describe.2] {} became {}",
                seen.state,
                next.state
            );
            seen = next;
        }
        Err(Breach::new(format!("job did not {what} in time, it is {}", seen.state)))
    }

    async fn until_over(&self, scope: OperationScope, trigger: TriggerId) -> Result<Operation, Breach> {
        for _ in 0..self.patience {
            match self.executor.operation(scope, trigger).await? {
                None => return Err(Breach::new("a triggered operation is unknown")),
                Some(operation) if operation.status.is_over() => return Ok(operation),
                Some(_) => (self.pass_time)().await,
            }
        }
        Err(Breach::new("an operation did not end in time"))
    }

    fn savepoint_request(&self) -> Option<SavepointRequest> {
        let directory = self.savepoint_directory.clone()?;
        Some(SavepointRequest { target_directory: Some(directory), ..SavepointRequest::default() })
    }

    /// Makes a savepoint, and returns where it is.
    async fn savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: SavepointRequest,
    ) -> Result<String, Breach> {
        self.executor.trigger_savepoint(job, trigger, request).await?;
        let operation = self.until_over(OperationScope::Savepoint(job), trigger).await?;
        location(&operation)
    }
}

fn is_at_work(job: &JobDescription) -> bool {
    let mut subtasks = job.vertices.iter().flat_map(|vertex| &vertex.subtasks);
    job.state == JobState::Running && subtasks.all(|subtask| subtask.state() == TaskState::Running)
}

fn has_ended(job: &JobDescription) -> bool {
    job.state.is_terminal()
}

fn location(operation: &Operation) -> Result<String, Breach> {
    match &operation.status {
        OperationStatus::Completed(Outcome::Savepoint { location }) => Ok(location.clone()),
        other => Err(Breach::new(format!("expected a savepoint, saw {other:?}"))),
    }
}

/// Passes over cases about what the executor doesn't have.
macro_rules! if_supported {
    ($call:expr) => {
        match $call {
            Err(error) if error.is_unsupported() => return Ok(()),
            result => result?,
        }
    };
}

/// Passes over cases for which the subject brings nothing along.
macro_rules! if_given {
    ($option:expr) => {
        match $option {
            Some(given) => given,
            None => return Ok(()),
        }
    };
}

/// What must hold in every description.
fn ensure_consistent(job: &JobDescription) -> Result<(), Breach> {
    let entered = job.entered.get(&job.state);
    ensure!(
        entered.is_some_and(|at| *at <= job.now),
        "state {} was entered at {entered:?}, now is {:?}",
        job.state,
        job.now
    );
    ensure!(
        job.entered.values().all(|at| job.started <= *at && *at <= job.now),
        "states were entered outside the job's life: {:?}",
        job.entered
    );
    ensure_eq!(
        job.ended.is_some(),
        job.state.is_terminal(),
        "whether a job that is {} has an end",
        job.state
    );
    ensure!(
        job.ended.is_none_or(|ended| job.started <= ended && ended <= job.now),
        "the job ended at {:?}",
        job.ended
    );
    ensure_eq!(
        job.failure.is_some(),
        job.state == JobState::Failed,
        "whether a job that is {} has a failure",
        job.state
    );
    for vertex in &job.vertices {
        let got_so_far = !vertex.subtasks.is_empty();
        ensure!(
            !got_so_far || vertex.subtasks.len() == vertex.parallelism as usize,
            "vertex {} has {} subtasks, its parallelism is {}",
            vertex.name,
            vertex.subtasks.len(),
            vertex.parallelism
        );
        for (index, subtask) in vertex.subtasks.iter().enumerate() {
            ensure_eq!(subtask.index as usize, index, "index of a subtask of {}", vertex.name);
            for attempt in &subtask.attempts {
                let entered = attempt.entered.get(&attempt.state);
                ensure!(
                    entered.is_some_and(|at| *at <= job.now),
                    "an attempt is {} since {entered:?}",
                    attempt.state
                );
                ensure_eq!(
                    attempt.ended.is_some(),
                    attempt.state.is_terminal(),
                    "whether an attempt that is {} has an end",
                    attempt.state
                );
                ensure!(
                    !job.state.is_terminal() || attempt.state.is_terminal(),
                    "a job is {} and an attempt {}",
                    job.state,
                    attempt.state
                );
            }
            let (current, old) = if_given!(subtask.attempts.split_last());
            ensure!(
                old.iter().all(|attempt| attempt.state.is_terminal()),
                "an attempt before the current one is alive"
            );
            ensure!(
                job.state != JobState::Finished || current.state == TaskState::Finished,
                "a job is FINISHED and a subtask {}",
                current.state
            );
        }
    }
    for node in &job.plan.nodes {
        ensure!(
            job.vertices.is_empty() || job.vertex(node.id).is_some(),
            "the plan has a node without a vertex"
        );
        ensure!(
            node.inputs.iter().all(|input| job.plan.nodes.iter().any(|n| n.id == input.source)),
            "the plan has an edge from nowhere"
        );
    }
    Ok(())
}

cases! { cases: Subject;

"executor.submit.1" a_submitted_job_is_listed(subject) {
    let submission = Submission {
        name: Some("named".to_owned()),
        parallelism: Some(1),
        ..subject.with_id(&subject.endless, 1)
    };
    subject.executor.submit(submission).await?;
    let listed = subject.list().await?;
    let listed: Vec<_> = listed.iter().map(|job| (job.id, job.name.as_str())).collect();
    ensure_eq!(listed, [(subject.job_id(1), "named")], "list");
    let job = subject.until(subject.job_id(1), "run", is_at_work).await?;
    ensure_eq!((job.id, job.name.as_str()), (subject.job_id(1), "named"), "description");
    ensure!(job.vertices.iter().all(|vertex| vertex.parallelism == 1), "the parallelism is not that of the submission");
}

"executor.submit.2" a_repeated_submission_starts_nothing(subject) {
    let job = subject.running(1).await?;
    let before = subject.executor.describe(job).await?;
    subject.submit(&subject.endless, 1).await?;
    ensure_eq!(subject.list().await?.len(), 1, "jobs");
    let after = subject.executor.describe(job).await?;
    ensure_eq!((after.started, after.entered), (before.started, before.entered), "the life of the job");
}

"executor.submit.3" an_id_is_taken_for_ever(subject) {
    let job = subject.submit(&subject.endless, 1).await?;
    let name = subject.executor.describe(job).await?.name;
    let other = Submission { name: Some("another".to_owned()), ..subject.with_id(&subject.endless, 1) };
    let result = subject.executor.submit(other.clone()).await;
    ensure!(matches!(result, Err(ExecutorError::Conflict { .. })), "expected a conflict, saw {result:?}");
    ensure_eq!(subject.executor.describe(job).await?.name, name, "name of the job");
    subject.executor.cancel(job).await?;
    subject.until(job, "end", has_ended).await?;
    let result = subject.executor.submit(other).await;
    ensure!(matches!(result, Err(ExecutorError::Conflict { .. })), "after the end: expected a conflict, saw {result:?}");
    subject.submit(&subject.endless, 1).await?;
    ensure_eq!(subject.executor.describe(job).await?.state, JobState::Canceled, "state of the job");
}

"executor.submit.4" concurrent_submissions_start_one_job(subject) {
    let submissions = (0..8).map(|_| {
        let (executor, submission) = (subject.executor.clone(), subject.with_id(&subject.endless, 1));
        tokio::spawn(async move { executor.submit(submission).await })
    });
    for result in join_all(submissions).await {
        result??;
    }
    ensure_eq!(subject.list().await?.len(), 1, "jobs");
    let job = subject.until(subject.job_id(1), "run", is_at_work).await?;
    let attempts = job.vertices.iter().flat_map(|v| &v.subtasks).map(|subtask| subtask.attempts.len()).max();
    ensure!(attempts <= Some(1), "a subtask was attempted {attempts:?} times");
}

"executor.submit.5" a_missing_savepoint_starts_no_job(subject) {
    let directory = if_given!(&subject.savepoint_directory);
    let submission = Submission {
        restore: Some(Restore {
            location: format!("{directory}/savepoint-that-is-missing"),
            allow_non_restored: false,
            claim: Default::default(),
        }),
        ..subject.with_id(&subject.endless, 1)
    };
    match subject.executor.submit(submission).await {
        Err(ExecutorError::Rejected { .. }) => {
            ensure_eq!(subject.list().await?.len(), 0, "jobs after a rejection");
        }
        Ok(()) => {
            let job = subject.until(subject.job_id(1), "end", has_ended).await?;
            ensure_eq!(job.state, JobState::Failed, "state");
            let text = format!("{:?}", job.exceptions);
            ensure!(text.contains("savepoint-that-is-missing"), "no exception names the savepoint: {text}");
        }
        Err(other) => return Err(other.into()),
    }
}

"executor.cancel.1" a_cancelled_job_ends(subject) {
    let early = subject.submit(&subject.endless, 1).await?;
    subject.executor.cancel(early).await?;
    let running = subject.running(2).await?;
    subject.executor.cancel(running).await?;
    for job in [early, running] {
        let job = subject.until(job, "end", has_ended).await?;
        ensure_eq!(job.state, JobState::Canceled, "state");
        ensure_consistent(&job)?;
    }
}

"executor.cancel.2" cancelling_again_changes_nothing(subject) {
    let job = subject.running(1).await?;
    subject.executor.cancel(job).await?;
    subject.executor.cancel(job).await?;
    let before = subject.until(job, "end", has_ended).await?;
    subject.executor.cancel(job).await?;
    let after = subject.executor.describe(job).await?;
    ensure_eq!((after.state, after.entered), (before.state, before.entered), "the life of the job");
}

"executor.cancel.3" what_has_ended_otherwise_is_not_cancelled(subject) {
    for (number, template) in [&subject.finishing, &subject.failing].into_iter().enumerate() {
        let template = if_given!(template);
        let job = subject.submit(template, number as u8).await?;
        let state = subject.until(job, "end", has_ended).await?.state;
        match subject.executor.cancel(job).await {
            Err(ExecutorError::Ended { job: named, state: said }) => {
                ensure_eq!((named, said), (job, state), "what the error names");
            }
            other => return Err(Breach::new(format!("expected `Ended`, saw {other:?}"))),
        }
        ensure_eq!(subject.executor.describe(job).await?.state, state, "state afterwards");
    }
}

"executor.cancel.4" an_unknown_job_is_not_cancelled(subject) {
    let result = subject.executor.cancel(subject.job_id(9)).await;
    ensure!(result.as_ref().is_err_and(ExecutorError::is_not_found), "expected `NotFound`, saw {result:?}");
}

"executor.cancel.5" cancelling_ends_a_savepoint_in_progress(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request).await);
    subject.executor.cancel(job).await?;
    subject.until(job, "end", has_ended).await?;
    subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
}

"executor.savepoint.1" a_job_restarts_from_a_savepoint(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request).await);
    let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
    let location = location(&operation)?;
    subject.executor.cancel(job).await?;
    subject.until(job, "end", has_ended).await?;
    let restored = Submission {
        restore: Some(Restore { location, allow_non_restored: false, claim: Default::default() }),
        ..subject.with_id(&subject.endless, 2)
    };
    subject.executor.submit(restored).await?;
    subject.until(subject.job_id(2), "run", is_at_work).await?;
    // Statistics may be seconds behind the state.
    let counted = |job: &JobDescription| {
        job.checkpoints.as_ref().is_none_or(|checkpoints| checkpoints.counts.restored == 1)
    };
    let restored = subject.until(subject.job_id(2), "count its one restoration", counted).await?;
    if let Some(checkpoints) = restored.checkpoints {
        ensure!(checkpoints.latest_restored.is_some_and(|latest| latest.is_savepoint), "the savepoint is not noted");
    }
}

"executor.savepoint.2" a_savepoint_lies_where_it_was_wanted(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    let directory = request.target_directory.clone().unwrap_or_default();
    if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request).await);
    let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
    let location = location(&operation)?;
    // `file:/a`, `file:///a` and `/a` are one place.
    let plain = |text: &str| text.trim_start_matches("file:").trim_start_matches('/').to_owned();
    ensure!(plain(&location).starts_with(&plain(&directory)), "{location} is not under {directory}");
    ensure!(plain(&location).len() > plain(&directory).len(), "{location} is the directory itself");
}

"executor.savepoint.3" a_job_goes_on_after_a_savepoint(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request).await);
    let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
    let location = location(&operation)?;
    let job = subject.executor.describe(job).await?;
    ensure!(is_at_work(&job), "the job is {}", job.state);
    if let Some(checkpoints) = job.checkpoints {
        let latest = checkpoints.latest_savepoint.and_then(|latest| latest.location);
        ensure_eq!(latest, Some(location), "latest savepoint of the job");
    }
}

"executor.stop.1" a_stopped_job_is_finished_and_saved(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    let stop = StopRequest { target_directory: request.target_directory, ..StopRequest::default() };
    if_supported!(subject.executor.stop_with_savepoint(job, trigger_id(1), stop).await);
    let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
    let location = location(&operation)?;
    let job = subject.until(job, "end", has_ended).await?;
    ensure_eq!(job.state, JobState::Finished, "state");
    ensure_consistent(&job)?;
    let restored = Submission {
        restore: Some(Restore { location, allow_non_restored: false, claim: Default::default() }),
        ..subject.with_id(&subject.endless, 2)
    };
    subject.executor.submit(restored).await?;
    subject.until(subject.job_id(2), "run", is_at_work).await?;
}

"executor.stop.2" a_job_is_never_finished_without_its_savepoint(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    let stop = StopRequest { target_directory: request.target_directory, ..StopRequest::default() };
    if_supported!(subject.executor.stop_with_savepoint(job, trigger_id(1), stop).await);
    // The cancellation races with the stop; either may win, but not both.
    let cancelled = subject.executor.cancel(job).await;
    let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
    let state = subject.until(job, "end", has_ended).await?.state;
    match (state, &operation.status) {
        (JobState::Finished, OperationStatus::Completed(_)) => {}
        (JobState::Finished, status) => return Err(Breach::new(format!("the job is FINISHED, but its savepoint is {status:?}"))),
        (_, status) => ensure!(cancelled.is_ok(), "the job is {state}, its savepoint {status:?}, and the cancellation {cancelled:?}"),
    }
}

"executor.operation.1" a_repeated_trigger_starts_nothing(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    let scope = OperationScope::Savepoint(job);
    if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request.clone()).await);
    let elsewhere = SavepointRequest {
        target_directory: request.target_directory.as_ref().map(|directory| format!("{directory}-elsewhere")),
        ..request.clone()
    };
    subject.executor.trigger_savepoint(job, trigger_id(1), elsewhere.clone()).await?;
    let first = subject.until_over(scope, trigger_id(1)).await?;
    subject.executor.trigger_savepoint(job, trigger_id(1), elsewhere).await?;
    subject.executor.stop_with_savepoint(job, trigger_id(1), StopRequest::default()).await?;
    ensure_eq!(subject.executor.operation(scope, trigger_id(1)).await?, Some(first), "the operation");
    let second = subject.savepoint(job, trigger_id(2), request).await?;
    let job = subject.executor.describe(job).await?;
    ensure!(is_at_work(&job), "a repeated trigger stopped the job");
    let history = job.checkpoints.map(|checkpoints| checkpoints.history).unwrap_or_default();
    let savepoints: BTreeSet<_> = history.iter().filter(|record| record.kind.is_savepoint()).filter_map(|record| record.location.as_deref()).collect();
    ensure!(savepoints.is_empty() || savepoints.len() == 2, "expected two savepoints, saw {savepoints:?}");
    ensure!(savepoints.is_empty() || savepoints.contains(second.as_str()), "the second savepoint is not listed");
}

"executor.operation.2" trigger_ids_belong_to_their_job(subject) {
    let request = if_given!(subject.savepoint_request());
    let (one, two) = (subject.running(1).await?, subject.running(2).await?);
    if_supported!(subject.executor.trigger_savepoint(one, trigger_id(1), request.clone()).await);
    let unknown = subject.executor.operation(OperationScope::Savepoint(two), trigger_id(1)).await?;
    ensure_eq!(unknown, None, "the operation under another job");
    let unknown = subject.executor.operation(OperationScope::Checkpoint(one), trigger_id(1)).await?;
    ensure_eq!(unknown, None, "the operation under another scope");
    let second = subject.savepoint(two, trigger_id(1), request).await?;
    let first = location(&subject.until_over(OperationScope::Savepoint(one), trigger_id(1)).await?)?;
    ensure!(first != second, "two jobs share the savepoint {first}");
}

"executor.operation.3" an_operation_that_is_over_stays_so(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request).await);
    let over = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
    subject.executor.cancel(job).await?;
    subject.until(job, "end", has_ended).await?;
    let later = subject.executor.operation(OperationScope::Savepoint(job), trigger_id(1)).await?;
    ensure_eq!(later, Some(over), "the operation after the end of its job");
}

"executor.operation.4" a_trigger_without_a_job_fails_later(subject) {
    let request = if_given!(subject.savepoint_request());
    let ended = subject.running(1).await?;
    subject.executor.cancel(ended).await?;
    subject.until(ended, "end", has_ended).await?;
    for job in [ended, subject.job_id(9)] {
        if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request.clone()).await);
        let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
        ensure!(matches!(operation.status, OperationStatus::Failed(_)), "savepoint: expected a failure, saw {operation:?}");
        let stop = StopRequest { target_directory: request.target_directory.clone(), ..StopRequest::default() };
        subject.executor.stop_with_savepoint(job, trigger_id(2), stop).await?;
        let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(2)).await?;
        ensure!(matches!(operation.status, OperationStatus::Failed(_)), "stop: expected a failure, saw {operation:?}");
    }
}

"executor.operation.5" an_unused_trigger_is_none(subject) {
    let job = subject.submit(&subject.endless, 1).await?;
    let scopes = [
        OperationScope::Savepoint(job),
        OperationScope::Savepoint(subject.job_id(9)),
        OperationScope::Checkpoint(job),
        OperationScope::Rescale(job),
        OperationScope::SavepointDisposal,
        OperationScope::DataSetDeletion,
    ];
    for scope in scopes {
        let operation = subject.executor.operation(scope, trigger_id(1)).await?;
        ensure_eq!(operation, None, "an operation in {scope:?}");
    }
}

"executor.describe.1" descriptions_agree_with_themselves(subject) {
    let templates = [Some(&subject.endless), subject.finishing.as_ref(), subject.failing.as_ref()];
    for (number, template) in templates.into_iter().flatten().enumerate() {
        let job = subject.submit(template, number as u8).await?;
        let looks = subject.patience.min(200);
        for look in 0..looks {
            let described = subject.executor.describe(job).await?;
            ensure_consistent(&described)?;
            if described.state.is_terminal() {
                break;
            }
            if number == 0 && look == looks / 2 {
                subject.executor.cancel(job).await?;
            }
            (subject.pass_time)().await;
        }
    }
}

"executor.describe.2" states_follow_each_other(subject) {
    // Every wait of every case checks this, too.
    let templates = [subject.finishing.as_ref(), subject.failing.as_ref()];
    for (number, template) in templates.into_iter().flatten().enumerate() {
        let job = subject.submit(template, number as u8).await?;
        let ended = subject.until(job, "end", has_ended).await?;
        for _ in 0..5 {
            (subject.pass_time)().await;
            let later = subject.executor.describe(job).await?;
            ensure_eq!((later.state, later.ended), (ended.state, ended.ended), "a job after its end");
        }
    }
}

"executor.describe.3" a_failed_job_says_why(subject) {
    let failing = if_given!(&subject.failing);
    let job = subject.submit(failing, 1).await?;
    let job = subject.until(job, "end", has_ended).await?;
    ensure_eq!(job.state, JobState::Failed, "state");
    ensure!(job.failure.as_ref().is_some_and(|failure| !failure.message.is_empty()), "no failure is given");
    ensure!(!job.exceptions.entries.is_empty(), "the exceptions are empty");
    ensure!(job.exceptions.entries.iter().all(|entry| job.started <= entry.at && entry.at <= job.now), "an exception lies outside the job's life");
}

"executor.describe.4" an_unknown_job_is_not_described(subject) {
    let result = subject.executor.describe(subject.job_id(9)).await;
    ensure!(result.as_ref().is_err_and(ExecutorError::is_not_found), "expected `NotFound`, saw {result:?}");
}

"executor.list.1" lists_and_descriptions_agree(subject) {
    let first = subject.running(1).await?;
    let second = subject.running(2).await?;
    subject.executor.cancel(first).await?;
    subject.until(first, "end", has_ended).await?;
    let listed = subject.list().await?;
    let ids: Vec<_> = listed.iter().map(|job| job.id).collect();
    ensure_eq!(ids, [first, second], "the list, in the order of their start");
    for listed in listed {
        let described = subject.executor.describe(listed.id).await?.summary();
        // Time may have passed in between.
        let steady = |job: &JobSummary| (job.name.clone(), job.kind, job.state, job.started, job.ended, job.tasks.clone());
        ensure_eq!(steady(&listed), steady(&described), "a job in the list");
    }
}

"executor.watch.1" a_watch_begins_with_what_exists(subject) {
    let jobs = BTreeSet::from([subject.running(1).await?, subject.running(2).await?]);
    let mut watch = subject.executor.watch();
    let mut seen = BTreeSet::new();
    while seen != jobs {
        let item = watch.next().await.ok_or_else(|| Breach::new("the watch ended"))??;
        ensure!(jobs.contains(&item.id) || !subject.is_own(item.id), "an unknown job {} is reported", item.id);
        if subject.is_own(item.id) {
            seen.insert(item.id);
        }
    }
}

"executor.watch.2" the_last_state_is_delivered(subject) {
    let first = subject.running(1).await?;
    let own = subject.clone();
    let watcher = tokio::spawn(async move {
        let mut last: BTreeMap<JobId, JobState> = BTreeMap::new();
        let mut watch = own.executor.watch();
        while let Some(item) = watch.next().await {
            let item = item?;
            if !own.is_own(item.id) {
                continue;
            }
            if let Some(before) = last.insert(item.id, item.state) {
                ensure!(before.may_become(item.state), "{before} became {}", item.state);
            }
            if last.len() == 2 && last.values().all(|state| state.is_terminal()) {
                return Ok(last);
            }
        }
        Err(Breach::new("the watch ended"))
    });
    let second = subject.running(2).await?;
    for job in [first, second] {
        subject.executor.cancel(job).await?;
        subject.until(job, "end", has_ended).await?;
    }
    // Rounds alone would not do: the watcher may sit on another thread that hasn't had its turn yet, however much
    // time has passed by the executor's clock.
    let end = Instant::now() + Duration::from_secs(5);
    let mut rounds = 0;
    while !watcher.is_finished() && (rounds < subject.patience || Instant::now() < end) {
        (subject.pass_time)().await;
        tokio::task::yield_now().await;
        rounds += 1;
    }
    ensure!(watcher.is_finished(), "the last states were not delivered");
    let last = watcher.await??;
    ensure_eq!(last, BTreeMap::from([(first, JobState::Canceled), (second, JobState::Canceled)]), "last states");
}

"executor.checkpoint.1" a_checkpoint_on_request_is_listed(subject) {
    let job = subject.running(1).await?;
    if_supported!(subject.executor.trigger_checkpoint(job, trigger_id(1), CheckpointKind::Configured).await);
    let operation = subject.until_over(OperationScope::Checkpoint(job), trigger_id(1)).await?;
    let OperationStatus::Completed(Outcome::Checkpoint { id }) = operation.status else {
        return Err(Breach::new(format!("expected a checkpoint, saw {operation:?}")));
    };
    let checkpoints = subject.executor.describe(job).await?.checkpoints;
    let listed = checkpoints.is_some_and(|all| all.history.iter().any(|record| record.id == id));
    ensure!(listed, "checkpoint {id} is not in the history");
}

"executor.dispose.1" a_disposed_savepoint_is_gone(subject) {
    let request = if_given!(subject.savepoint_request());
    let job = subject.running(1).await?;
    if_supported!(subject.executor.trigger_savepoint(job, trigger_id(1), request).await);
    let operation = subject.until_over(OperationScope::Savepoint(job), trigger_id(1)).await?;
    let location = location(&operation)?;
    if_supported!(subject.executor.dispose_savepoint(trigger_id(2), location.clone()).await);
    let operation = subject.until_over(OperationScope::SavepointDisposal, trigger_id(2)).await?;
    ensure_eq!(operation.status, OperationStatus::Completed(Outcome::Done), "the disposal");
    let restored = Submission {
        restore: Some(Restore { location, allow_non_restored: false, claim: Default::default() }),
        ..subject.with_id(&subject.endless, 2)
    };
    match subject.executor.submit(restored).await {
        Err(ExecutorError::Rejected { .. }) => {}
        Ok(()) => {
            let state = subject.until(subject.job_id(2), "end", has_ended).await?.state;
            ensure_eq!(state, JobState::Failed, "a job restored from a savepoint that is gone");
        }
        Err(other) => return Err(other.into()),
    }
}

"executor.dispose.2" what_is_no_savepoint_is_not_disposed_of(subject) {
    let directory = if_given!(&subject.savepoint_directory);
    let nothing = format!("{directory}/savepoint-that-is-missing");
    if_supported!(subject.executor.dispose_savepoint(trigger_id(1), nothing).await);
    let operation = subject.until_over(OperationScope::SavepointDisposal, trigger_id(1)).await?;
    ensure!(matches!(operation.status, OperationStatus::Failed(_)), "expected a failure, saw {operation:?}");
}

"executor.rescale.1" a_rescaled_job_runs_within_its_bounds(subject) {
    let job = subject.running(1).await?;
    let bounds = ParallelismBounds { lower: 2, upper: 2 };
    let request = RescaleRequest { all: Some(bounds), ..RescaleRequest::default() };
    if_supported!(subject.executor.rescale(job, trigger_id(1), request).await);
    let operation = subject.until_over(OperationScope::Rescale(job), trigger_id(1)).await?;
    ensure_eq!(operation.status, OperationStatus::Completed(Outcome::Done), "the rescale");
    let job = subject.executor.describe(job).await?;
    // A subtask for which nothing is left to read has finished.
    let at_work = [TaskState::Running, TaskState::Finished];
    let mut subtasks = job.vertices.iter().flat_map(|vertex| &vertex.subtasks);
    ensure!(
        job.state == JobState::Running && subtasks.all(|subtask| at_work.contains(&subtask.state())),
        "the job is {}, its subtasks are {:?}",
        job.state,
        job.summary().tasks
    );
    ensure!(job.vertices.iter().all(|vertex| vertex.parallelism == 2), "the parallelism is not 2");
    ensure_consistent(&job)?;
}

"executor.rescale.2" impossible_bounds_are_refused(subject) {
    let job = subject.running(1).await?;
    let all = |lower, upper| RescaleRequest { all: Some(ParallelismBounds { lower, upper }), ..RescaleRequest::default() };
    let unknown = VertexId::from_bytes([0xee; 16]);
    let one = ParallelismBounds { lower: 1, upper: 1 };
    let foreign = RescaleRequest { vertices: BTreeMap::from([(unknown, one)]), all: None };
    for request in [all(0, 0), all(2, 1), foreign] {
        let result = subject.executor.rescale(job, trigger_id(1), request.clone()).await;
        if result.as_ref().is_err_and(ExecutorError::is_unsupported) {
            return Ok(());
        }
        ensure!(matches!(result, Err(ExecutorError::Invalid { .. })), "{request:?}: expected `Invalid`, saw {result:?}");
        let operation = subject.executor.operation(OperationScope::Rescale(job), trigger_id(1)).await?;
        ensure_eq!(operation, None, "an operation after a refusal");
    }
}

"executor.workers.1" workers_have_the_slots_they_say(subject) {
    let job = subject.running(1).await?;
    let workers = subject.executor.workers().await?;
    ensure!(workers.iter().all(|worker| worker.free_slots <= worker.slots), "more slots are free than there are");
    let known: BTreeSet<_> = workers.into_iter().map(|worker| worker.id).collect();
    let job = subject.executor.describe(job).await?;
    let subtasks = job.vertices.iter().flat_map(|vertex| &vertex.subtasks);
    for worker in subtasks.filter_map(|subtask| subtask.current()?.worker.as_ref()) {
        ensure!(known.contains(worker), "worker {worker} is not listed");
    }
}

"executor.metrics.1" names_choose_among_all_metrics(subject) {
    let job = subject.running(1).await?;
    let described = subject.executor.describe(job).await?;
    let mut scopes = vec![MetricScope::Coordinator, MetricScope::Job(job)];
    for vertex in &described.vertices {
        scopes.push(MetricScope::Vertex(job, vertex.id));
        scopes.push(MetricScope::Subtask(job, vertex.id, 0));
        scopes.push(MetricScope::CoordinatorOperator(job, vertex.id));
    }
    scopes.extend(subject.executor.workers().await?.into_iter().map(|worker| MetricScope::Worker(worker.id)));
    for scope in scopes {
        let all = subject.executor.metrics(&scope, &[]).await?;
        let names: BTreeSet<_> = all.iter().map(|metric| metric.name.clone()).collect();
        ensure_eq!(names.len(), all.len(), "distinct names in {scope:?}");
        let chosen: Vec<_> = names.iter().take(2).cloned().chain(["not.a.metric".to_owned()]).collect();
        let some = subject.executor.metrics(&scope, &chosen).await?;
        let some: BTreeSet<_> = some.into_iter().map(|metric| metric.name).collect();
        ensure_eq!(some, names.into_iter().take(2).collect(), "names in {scope:?}");
    }
    let unknown = subject.executor.metrics(&MetricScope::Job(subject.job_id(9)), &[]).await?;
    ensure!(unknown.is_empty(), "an unknown job has metrics");
}

}
