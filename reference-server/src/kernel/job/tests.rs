use std::time::Duration;

use planewright_backend::executor::ExecutorError;

use super::super::scripted::{Bench, unavailable};
use super::*;

const ID: JobId = JobId::from_bytes([7; 16]);

fn fixed() -> NewJob {
    NewJob { id: Some(ID), ..NewJob::default() }
}

fn lost() -> ExecutorError {
    ExecutorError::OutcomeUnknown { source: "connection lost".into() }
}

#[tokio::test]
async fn a_job_is_submitted_once_under_its_id() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    assert_eq!(kernel.submit(fixed()).await.unwrap(), ID);
    let again = kernel.submit(fixed()).await.unwrap_err();
    assert!(matches!(again, KernelError::Conflict { .. }), "{again}");
    assert_eq!(bench.executor.script().submissions, 1);
    assert_ne!(
        kernel.submit(NewJob::default()).await.unwrap(),
        kernel.submit(NewJob::default()).await.unwrap()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_submissions_with_one_id_one_is_accepted() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let kernel = kernel.clone();
            tokio::spawn(async move { kernel.submit(fixed()).await })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap().is_ok());
    }
    assert_eq!((accepted, bench.executor.script().submissions), (1, 1));
}

#[tokio::test]
async fn a_submission_that_did_not_arrive_leaves_nothing() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    bench.executor.script().faults = vec![(unavailable(), false)];
    assert!(kernel.submit(fixed()).await.unwrap_err().is_retryable());
    assert_eq!(kernel.submit(fixed()).await.unwrap(), ID);
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_repeating() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    bench.executor.script().faults = vec![(lost(), true)];
    assert_eq!(kernel.submit(fixed()).await.unwrap(), ID);
    assert_eq!(bench.executor.script().jobs.len(), 1);
}

#[tokio::test]
async fn a_submission_nobody_was_told_of_is_dropped_if_it_never_arrived() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    bench.executor.script().faults = (0..3).map(|_| (lost(), false)).collect();
    assert!(kernel.submit(fixed()).await.unwrap_err().is_retryable());
    kernel.recover_jobs().await.unwrap();
    assert!(kernel.record(ID).await.unwrap().is_some());
    bench.clock.advance(Duration::from_secs(61));
    bench.kernel().recover_jobs().await.unwrap();
    assert!(kernel.record(ID).await.unwrap().is_none());
    assert!(bench.executor.script().jobs.is_empty());
}

#[tokio::test]
async fn an_executor_that_lost_its_jobs_gets_them_again() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    kernel.submit(fixed()).await.unwrap();
    let other = kernel.submit(NewJob::default()).await.unwrap();
    kernel.cancel(other).await.unwrap();
    bench.executor.script().jobs.clear();
    let kernel = bench.kernel();
    kernel.recover_jobs().await.unwrap();
    assert_eq!(kernel.describe(ID).await.unwrap().state, JobState::Running);
    assert_eq!(kernel.describe(other).await.unwrap().state, JobState::Canceled);
}

#[tokio::test]
async fn a_job_that_ended_stays_readable_and_is_not_run_again() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    kernel.submit(fixed()).await.unwrap();
    if let Some((_, state)) = bench.executor.script().jobs.get_mut(&ID) {
        *state = JobState::Finished;
    }
    kernel.write_end(ID, None).await.unwrap();
    bench.executor.script().jobs.clear();
    let kernel = bench.kernel();
    kernel.recover_jobs().await.unwrap();
    assert_eq!(bench.executor.script().submissions, 1);
    assert_eq!(kernel.describe(ID).await.unwrap().state, JobState::Finished);
    let jobs = kernel.jobs().await.unwrap();
    assert_eq!((jobs.len(), jobs[0].state), (1, JobState::Finished));
    assert!(matches!(kernel.cancel(ID).await, Err(KernelError::Executor(ExecutorError::Ended { .. }))));
    let again = kernel.submit(fixed()).await.unwrap_err();
    assert!(matches!(again, KernelError::Conflict { .. }));
}

#[tokio::test]
async fn jobs_of_one_application_are_together_and_others_are_alone() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    let application = Application { id: JobId::from_bytes([9; 16]), name: "WordCount".into() };
    for _ in 0..2 {
        let job = NewJob { application: Some(application.clone()), ..NewJob::default() };
        kernel.submit(job).await.unwrap();
    }
    kernel.submit(fixed()).await.unwrap();
    let applications = kernel.applications().await.unwrap();
    let mut sizes: Vec<_> =
        applications.iter().map(|found| (found.application.name.as_str(), found.jobs.len())).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [("SingleJobApplication(scripted)", 1), ("WordCount", 2)]);
    assert_eq!(kernel.application_of(ID).await.unwrap(), ID);
    assert!(kernel.application(JobId::from_bytes([0; 16])).await.unwrap_err().is_not_found());
}
