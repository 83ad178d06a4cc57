use std::time::Duration;

use planewright_backend::executor::{ExecutorError, Failure, OperationStatus, Outcome};
use planewright_backend::store::{KeyRange, StoreExt};
use planewright_backend::time::Clock;

use super::super::scripted::{Bench, unavailable};
use super::*;

const JOB: JobId = JobId::from_bytes([1; 16]);
const OTHER_JOB: JobId = JobId::from_bytes([2; 16]);
const TRIGGER: TriggerId = TriggerId::from_bytes([0xc1; 16]);

fn savepoint(target: &str) -> Action {
    let request =
        SavepointRequest { target_directory: Some(target.to_owned()), ..SavepointRequest::default() };
    Action::Savepoint(JOB, request)
}

fn done(location: &str) -> Outcome {
    Outcome::Savepoint { location: location.to_owned() }
}

#[tokio::test]
async fn an_operation_goes_from_in_progress_to_its_outcome() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    let trigger = kernel.trigger(None, savepoint("/a")).await.unwrap();
    let poll = async || kernel.poll(Scope::Savepoint(JOB), trigger).await.unwrap();
    assert_eq!(poll().await, Progress::InProgress);
    bench.executor.finish(OperationStatus::Completed(done("/a/1")));
    assert_eq!(poll().await, Progress::Completed(done("/a/1")));
    bench.executor.script().operations.clear();
    assert_eq!(poll().await, Progress::Completed(done("/a/1")));
}

#[tokio::test]
async fn a_failure_is_an_outcome() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    let failure = Failure { kind: "CheckpointException".into(), message: "no".into(), trace: None };
    bench.executor.finish(OperationStatus::Failed(failure.clone()));
    let found = kernel.poll(Scope::Savepoint(JOB), TRIGGER).await.unwrap();
    assert_eq!(found, Progress::Failed(failure));
}

#[tokio::test]
async fn a_repeat_starts_nothing_and_its_difference_is_kept() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    for target in ["/a", "/a", "/b", "/b"] {
        let trigger = kernel.trigger(Some(TRIGGER), savepoint(target)).await;
        assert_eq!(trigger.unwrap(), TRIGGER);
    }
    bench.executor.finish(OperationStatus::Completed(done("/a/1")));
    kernel.poll(Scope::Savepoint(JOB), TRIGGER).await.unwrap();
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    assert_eq!(bench.executor.script().starts.len(), 1);
    let key = Scope::Savepoint(JOB).key(TRIGGER).unwrap();
    let (record, _) = bench.store.get_json::<Record>(&key).await.unwrap().unwrap();
    assert_eq!(record.differing, [savepoint("/b")]);
}

#[tokio::test]
async fn a_repeat_that_stops_instead_is_a_repeat() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    let stop = Action::Stop(JOB, StopRequest::default());
    kernel.trigger(Some(TRIGGER), stop).await.unwrap();
    assert_eq!(bench.executor.script().starts.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_equal_triggers_on_two_servers_one_starts() {
    let bench = Bench::new();
    let (one, two) = (bench.kernel(), bench.kernel());
    let triggers: Vec<_> = (0..16)
        .map(|number| {
            let kernel = if number % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move { kernel.trigger(Some(TRIGGER), savepoint("/a")).await })
        })
        .collect();
    for trigger in triggers {
        assert_eq!(trigger.await.unwrap().unwrap(), TRIGGER);
    }
    assert_eq!(bench.executor.script().starts.len(), 1);
}

#[tokio::test]
async fn polls_during_the_start_do_not_start_again() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    let looks = async {
        // The first of them come before the row does, and find nothing.
        for _ in 0..8 {
            let _ = kernel.poll(Scope::Savepoint(JOB), TRIGGER).await;
            kernel.tend_operations(None).await.unwrap();
        }
    };
    let (trigger, ()) = tokio::join!(kernel.trigger(Some(TRIGGER), savepoint("/a")), looks);
    trigger.unwrap();
    assert_eq!(bench.executor.script().starts.len(), 1);
}

#[tokio::test]
async fn a_name_belongs_to_its_job_and_kind() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    for scope in [
        Scope::Savepoint(OTHER_JOB),
        Scope::Checkpoint(JOB),
        Scope::Rescale(JOB),
        Scope::Disposal,
        Scope::DataSet,
    ] {
        let error = kernel.poll(scope, TRIGGER).await.unwrap_err();
        assert!(error.is_not_found(), "{scope:?}: {error}");
    }
    let other = Action::Savepoint(OTHER_JOB, SavepointRequest::default());
    kernel.trigger(Some(TRIGGER), other).await.unwrap();
    assert_eq!(bench.executor.script().starts.len(), 2);
}

#[tokio::test]
async fn an_outcome_is_kept_for_its_time_and_then_the_name_is_free() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    bench.clock.advance(Duration::from_secs(3600));
    bench.executor.finish(OperationStatus::Completed(done("/a/1")));
    kernel.tend_operations(None).await.unwrap();
    bench.clock.advance(Duration::from_millis(299_999));
    let poll = async || kernel.poll(Scope::Savepoint(JOB), TRIGGER).await;
    assert_eq!(poll().await.unwrap(), Progress::Completed(done("/a/1")));
    bench.clock.advance(Duration::from_millis(1));
    assert!(poll().await.unwrap_err().is_not_found());

    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    assert_eq!(bench.executor.script().starts.len(), 2);
    assert_eq!(poll().await.unwrap(), Progress::InProgress);
}

#[tokio::test]
async fn expired_rows_are_deleted_and_others_say_when_to_look_again() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    assert_eq!(kernel.tend_operations(None).await.unwrap(), None);
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    let now = bench.clock.now();
    assert_eq!(kernel.tend_operations(None).await.unwrap(), Some(now.plus_millis(100)));
    bench.executor.finish(OperationStatus::Completed(done("/a/1")));
    assert_eq!(kernel.tend_operations(None).await.unwrap(), Some(now.plus_millis(300_000)));
    bench.clock.advance(Duration::from_secs(300));
    assert_eq!(kernel.tend_operations(None).await.unwrap(), None);
    let (rows, _) = bench.store.list_all(&KeyRange::all()).await.unwrap();
    assert!(rows.is_empty());
}

#[tokio::test]
async fn an_operation_that_never_reached_the_executor_is_started_after_a_restart() {
    let bench = Bench::new();
    bench.executor.script().faults = vec![(unavailable(), false)];
    bench.kernel().trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    assert!(bench.executor.script().operations.is_empty());

    let kernel = bench.kernel();
    kernel.tend_operations(None).await.unwrap();
    bench.executor.finish(OperationStatus::Completed(done("/a/1")));
    let found = kernel.poll(Scope::Savepoint(JOB), TRIGGER).await.unwrap();
    assert_eq!(found, Progress::Completed(done("/a/1")));
    assert_eq!(bench.executor.script().operations.len(), 1);
}

#[tokio::test]
async fn an_operation_that_reached_the_executor_is_not_started_again() {
    let bench = Bench::new();
    let lost = ExecutorError::OutcomeUnknown { source: "connection lost".into() };
    bench.executor.script().faults = vec![(lost, true)];
    bench.kernel().trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    let kernel = bench.kernel();
    kernel.tend_operations(None).await.unwrap();
    kernel.poll(Scope::Savepoint(JOB), TRIGGER).await.unwrap();
    assert_eq!(bench.executor.script().starts.len(), 1);
}

#[tokio::test]
async fn a_refusal_is_an_error_and_frees_the_name() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    bench.executor.script().faults = vec![(ExecutorError::unsupported("savepoints"), false)];
    let error = kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap_err();
    assert!(matches!(error, KernelError::Executor(error) if error.is_unsupported()));
    let poll = kernel.poll(Scope::Savepoint(JOB), TRIGGER).await;
    assert!(poll.unwrap_err().is_not_found());
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
}

#[tokio::test]
async fn an_executor_out_of_reach_leaves_the_operation_in_progress() {
    let bench = Bench::new();
    let kernel = bench.kernel();
    kernel.trigger(Some(TRIGGER), savepoint("/a")).await.unwrap();
    bench.executor.finish(OperationStatus::Completed(done("/a/1")));
    bench.executor.script().faults = vec![(unavailable(), false)];
    let poll = async || kernel.poll(Scope::Savepoint(JOB), TRIGGER).await.unwrap();
    assert_eq!(poll().await, Progress::InProgress);
    assert_eq!(poll().await, Progress::Completed(done("/a/1")));
}
