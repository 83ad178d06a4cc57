//! What the simulated executor promises beyond the contract, under a clock that the test moves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use planewright_backend::executor::*;
use planewright_backend::id::{JobId, TriggerId};
use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{Call, Fault, SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::Store;
use planewright_backend::time::{Timestamp, VirtualClock};
use proptest::prelude::*;

const JOB: JobId = JobId::from_bytes([1; 16]);
const OTHER: JobId = JobId::from_bytes([2; 16]);
const TRIGGER: TriggerId = TriggerId::from_bytes([3; 16]);

struct Simulation {
    executor: SimulatedExecutor,
    clock: VirtualClock,
}

impl Simulation {
    fn new(options: SimulatedOptions) -> Self {
        let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
        let executor = SimulatedExecutor::with_clock(options, Arc::new(clock.clone()));
        Self { executor, clock }
    }

    async fn submit(&self, id: JobId, class: &str, arguments: &str, parallelism: u32) {
        let submission = Submission {
            entry_class: Some(class.to_owned()),
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
            parallelism: Some(parallelism),
            ..Submission::new(id)
        };
        self.executor.submit(submission).await.unwrap();
    }

    fn wait(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    async fn job(&self, id: JobId) -> JobDescription {
        self.executor.describe(id).await.unwrap()
    }

    async fn status(&self, scope: OperationScope) -> OperationStatus {
        let operation = self.executor.operation(scope, TRIGGER).await.unwrap();
        operation.unwrap().status
    }
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn savepoints(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn repeated_triggers_leave_one_savepoint_on_disk() {
    let directory = Directory::new("simulated-one-savepoint");
    let simulation = Simulation::new(SimulatedOptions::default());
    simulation.submit(JOB, "StreamingJob", "", 1).await;
    simulation.wait(1000);
    for target in [directory.0.display().to_string(), "/elsewhere".to_owned()] {
        let request = SavepointRequest { target_directory: Some(target), ..SavepointRequest::default() };
        let triggered = simulation.executor.trigger_savepoint(JOB, TRIGGER, request);
        triggered.await.unwrap();
        simulation.wait(1000);
    }
    let status = simulation.status(OperationScope::Savepoint(JOB)).await;
    let OperationStatus::Completed(Outcome::Savepoint { location }) = status else {
        panic!("{status:?}");
    };
    let [savepoint] = &directory.savepoints()[..] else {
        panic!("{:?}", directory.savepoints());
    };
    assert_eq!(location, format!("file:{}", savepoint.display()));
    assert!(savepoint.join("_metadata").is_file());
    let name = savepoint.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("savepoint-010101-"), "{name}");
    assert_eq!(name.len(), "savepoint-010101-".len() + 12);

    // Whatever else lies in the directory is not the executor's to delete.
    std::fs::write(savepoint.join("notes"), "mine").unwrap();
    let disposed = simulation.executor.dispose_savepoint(TRIGGER, location);
    disposed.await.unwrap();
    assert!(savepoint.join("notes").exists());
    assert!(!savepoint.join("_metadata").exists());
}

#[tokio::test]
async fn a_savepoint_without_a_target_needs_a_default() {
    let simulation = Simulation::new(SimulatedOptions::default());
    simulation.submit(JOB, "StreamingJob", "", 1).await;
    let request = SavepointRequest::default();
    let triggered = simulation.executor.trigger_savepoint(JOB, TRIGGER, request);
    let error = triggered.await.unwrap_err();
    assert!(matches!(error, ExecutorError::Invalid { .. }), "{error}");

    let remote = Simulation::new(SimulatedOptions {
        savepoint_directory: Some("s3://bucket/savepoints/".to_owned()),
        ..SimulatedOptions::default()
    });
    remote.submit(JOB, "StreamingJob", "", 1).await;
    remote.wait(1000);
    let request = SavepointRequest::default();
    let triggered = remote.executor.trigger_savepoint(JOB, TRIGGER, request);
    triggered.await.unwrap();
    remote.wait(1000);
    let status = remote.status(OperationScope::Savepoint(JOB)).await;
    let OperationStatus::Completed(Outcome::Savepoint { location }) = status else {
        panic!("{status:?}");
    };
    assert!(location.starts_with("s3://bucket/savepoints/savepoint-010101-"), "{location}");
}

#[tokio::test]
async fn a_slow_checkpoint_keeps_the_savepoint_in_progress() {
    let simulation = Simulation::new(SimulatedOptions {
        savepoint_directory: Some("s3://bucket".to_owned()),
        ..SimulatedOptions::default()
    });
    let arguments = "--slow-checkpoint-ms 5000 --checkpoint-ms 0";
    simulation.submit(JOB, "StreamingJob", arguments, 1).await;
    simulation.wait(1000);
    let request = SavepointRequest::default();
    let triggered = simulation.executor.trigger_savepoint(JOB, TRIGGER, request);
    triggered.await.unwrap();
    simulation.wait(5000);
    let status = simulation.status(OperationScope::Savepoint(JOB)).await;
    assert_eq!(status, OperationStatus::InProgress);
    let checkpoints = simulation.job(JOB).await.checkpoints.unwrap();
    assert_eq!(checkpoints.history[0].status, CheckpointStatus::InProgress);
    assert_eq!(checkpoints.configuration, None);
    simulation.wait(1000);
    let status = simulation.status(OperationScope::Savepoint(JOB)).await;
    assert!(matches!(status, OperationStatus::Completed(_)), "{status:?}");
}

#[tokio::test]
async fn a_failed_savepoint_leaves_the_job_running() {
    let simulation = Simulation::new(SimulatedOptions {
        savepoint_directory: Some("s3://bucket".to_owned()),
        ..SimulatedOptions::default()
    });
    simulation.submit(JOB, "StreamingJob", "--fail-savepoint", 1).await;
    simulation.wait(1000);
    let request = StopRequest::default();
    let triggered = simulation.executor.stop_with_savepoint(JOB, TRIGGER, request);
    triggered.await.unwrap();
    simulation.wait(1000);
    let status = simulation.status(OperationScope::Savepoint(JOB)).await;
    assert!(matches!(status, OperationStatus::Failed(_)), "{status:?}");
    let job = simulation.job(JOB).await;
    assert_eq!(job.state, JobState::Running);
    let failed = job.checkpoints.unwrap().latest_failed.unwrap();
    assert_eq!(failed.kind, SnapshotKind::SyncSavepoint);
}

#[tokio::test]
async fn a_failure_restarts_as_often_as_allowed() {
    let simulation = Simulation::new(SimulatedOptions::default());
    let arguments = "--fail-at 50 --restarts 1 --sleep-ms 5 --checkpoint-ms 100";
    simulation.submit(JOB, "StreamingJob", arguments, 1).await;
    simulation.wait(60_000);
    let job = simulation.job(JOB).await;
    assert_eq!(job.state, JobState::Failed);
    assert_eq!(job.failure.as_ref().unwrap().message, "injected failure at 50");
    let [suppressed, first] = &job.exceptions.entries[..] else {
        panic!("{:?}", job.exceptions);
    };
    assert!(suppressed.failure.message.contains("maxNumberRestartAttempts=1"));
    let task = |entry: &ExceptionEntry| entry.task.clone().unwrap();
    assert_eq!(task(first), "Source: numbers -> throttle -> wm (1/1) - execution #0");
    assert_eq!(task(&suppressed.concurrent[0]), "Source: numbers -> throttle -> wm (1/1) - execution #1");
    let attempts = &job.vertices[0].subtasks[0].attempts;
    let ends: Vec<_> = attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(ends, [TaskState::Failed, TaskState::Failed]);
    assert_eq!(job.vertices[1].subtasks[0].state(), TaskState::Canceled);
    let checkpoints = job.checkpoints.unwrap();
    assert_eq!(checkpoints.counts.restored, 1);
    assert_eq!(checkpoints.counts.in_progress, 0);
}

#[tokio::test]
async fn jobs_wait_for_slots_and_then_for_the_timeout() {
    let simulation = Simulation::new(SimulatedOptions::default());
    simulation.submit(JOB, "StreamingJob", "", 4).await;
    simulation.wait(1000);
    simulation.submit(OTHER, "StreamingJob", "", 2).await;
    simulation.wait(1000);
    let waiting = simulation.job(OTHER).await;
    assert_eq!(waiting.state, JobState::Running);
    assert_eq!(waiting.vertices[0].state(), TaskState::Scheduled);
    simulation.executor.cancel(JOB).await.unwrap();
    simulation.wait(1000);
    let served = simulation.job(OTHER).await;
    assert_eq!(served.vertices[0].state(), TaskState::Running);

    let too_big = JobId::from_bytes([9; 16]);
    simulation.submit(too_big, "StreamingJob", "", 5).await;
    simulation.wait(299_000);
    assert_eq!(simulation.job(too_big).await.state, JobState::Running);
    simulation.wait(2000);
    let failed = simulation.job(too_big).await;
    assert_eq!(failed.state, JobState::Failed);
    assert!(failed.failure.unwrap().kind.ends_with("NoResourceAvailableException"));
    let worker = &simulation.executor.workers().await.unwrap()[0];
    assert_eq!((worker.slots, worker.free_slots, worker.assigned_tasks), (4, 2, 4));
}

#[tokio::test]
async fn a_batch_job_runs_its_vertices_one_after_the_other() {
    let simulation = Simulation::new(SimulatedOptions::default());
    simulation.submit(JOB, "org.example.BoundedJob", "--n 5000", 1).await;
    simulation.wait(60_000);
    let job = simulation.job(JOB).await;
    assert_eq!((job.kind, job.state), (JobKind::Batch, JobState::Finished));
    let [source, sink] = [0, 1].map(|place| job.vertices[place].subtasks[0].current().unwrap());
    assert!(source.ended <= sink.deployed());
    assert_eq!(source.counters.write_records, 5000);
    assert_eq!(sink.counters.read_records, 5000);
    assert_eq!(source.accumulators[0].value, "5000");

    simulation.submit(OTHER, "CacheJob", "", 1).await;
    simulation.wait(60_000);
    let [data_set] = &simulation.executor.data_sets().await.unwrap()[..] else {
        panic!("no data set");
    };
    let deleted = simulation.executor.delete_data_set(TRIGGER, data_set.id);
    deleted.await.unwrap();
    let status = simulation.status(OperationScope::DataSetDeletion).await;
    assert_eq!(status, OperationStatus::Completed(Outcome::Done));
    assert_eq!(simulation.executor.data_sets().await.unwrap(), []);
}

#[tokio::test]
async fn metrics_move_with_time_under_the_names_of_flink() {
    let simulation = Simulation::new(SimulatedOptions::default());
    simulation.submit(JOB, "StreamingJob", "--sleep-ms 5", 2).await;
    simulation.wait(10_000);
    let vertex = simulation.job(JOB).await.vertices[0].id;
    let scope = MetricScope::Subtask(JOB, vertex, 0);
    let metric = async |scope: &MetricScope, name: &str| {
        let names = [name.to_owned()];
        let metrics = simulation.executor.metrics(scope, &names);
        metrics.await.unwrap().remove(0).value
    };
    let before = metric(&scope, "numRecordsOut").await.as_f64().unwrap();
    simulation.wait(1000);
    let after = metric(&scope, "numRecordsOut").await.as_f64().unwrap();
    assert_eq!(after - before, 200.0);
    assert_eq!(metric(&scope, "busyTimeMsPerSecond").await.to_string(), "1000.0");
    let source = metric(&scope, "Source__numbers.numRecordsOut").await;
    assert_eq!(source.as_f64(), Some(after));
    let vertex = MetricScope::Vertex(JOB, vertex);
    assert_eq!(metric(&vertex, "1.numRecordsOut").await.as_f64(), Some(after));
    let slots = metric(&MetricScope::Coordinator, "taskSlotsAvailable").await;
    assert_eq!(slots.to_string(), "2");
    let checkpoints = metric(&MetricScope::Job(JOB), "numberOfCompletedCheckpoints").await;
    assert_eq!(checkpoints.to_string(), "5");
}

#[tokio::test]
async fn checkpoints_come_on_time_and_replace_each_other() {
    let simulation = Simulation::new(SimulatedOptions::default());
    simulation.submit(JOB, "StreamingJob", "--checkpoint-ms 1000", 2).await;
    simulation.wait(3_600_000);
    let checkpoints = simulation.job(JOB).await.checkpoints.unwrap();
    assert_eq!(checkpoints.counts.total, 3599);
    assert_eq!(checkpoints.counts.failed, 0);
    assert_eq!(checkpoints.history.len(), 10);
    let kept: Vec<_> = checkpoints.history.iter().filter(|c| !c.discarded).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id, 3599);
    assert_eq!(kept[0].acknowledged, 4);
    let durations = checkpoints.summary.duration_millis;
    assert!((20..50).contains(&durations.min) && durations.max < 50, "{durations:?}");
}

#[tokio::test]
async fn rescaling_takes_what_it_can_get() {
    let simulation = Simulation::new(SimulatedOptions::default());
    simulation.submit(JOB, "StreamingJob", "", 1).await;
    simulation.wait(1000);
    let bounds = ParallelismBounds { lower: 1, upper: 9 };
    let request = RescaleRequest { all: Some(bounds), ..RescaleRequest::default() };
    let rescaled = simulation.executor.rescale(JOB, TRIGGER, request);
    rescaled.await.unwrap();
    simulation.wait(10);
    let job = simulation.job(JOB).await;
    assert_eq!(job.state, JobState::Restarting);
    assert_eq!(job.rescales.unwrap().counts.in_progress, 1);
    simulation.wait(1000);
    let job = simulation.job(JOB).await;
    assert_eq!(job.vertices[0].parallelism, 4);
    assert_eq!(job.vertices[0].bounds, bounds);
    let rescales = job.rescales.unwrap();
    assert_eq!(rescales.history[0].outcome, Some(RescaleOutcome::Completed));
    assert_eq!(rescales.counts.completed, 1);
    let change = rescales.history[0].vertices.values().next().unwrap();
    assert_eq!((change.before, change.after), (Some(1), Some(4)));
}

#[tokio::test]
async fn scripted_faults_happen_at_their_call() {
    let simulation = Simulation::new(SimulatedOptions::default());
    let faults = simulation.executor.faults();
    faults.at(Call::Submit, 1, Fault::Fail);
    faults.at(Call::Submit, 2, Fault::ApplyThenFail);
    faults.at(Call::Describe, 2, Fault::Hang);
    let submit = || simulation.executor.submit(Submission::new(JOB));
    let error = submit().await.unwrap_err();
    assert!(matches!(error, ExecutorError::Unavailable { .. }), "{error}");
    assert_eq!(simulation.executor.list().await.unwrap().len(), 0);
    let error = submit().await.unwrap_err();
    assert!(matches!(error, ExecutorError::OutcomeUnknown { .. }), "{error}");
    assert_eq!(simulation.executor.list().await.unwrap().len(), 1);
    submit().await.unwrap();
    assert_eq!(simulation.executor.list().await.unwrap().len(), 1);
    simulation.job(JOB).await;
    let hanging = simulation.executor.describe(JOB);
    assert!(futures_util::poll!(std::pin::pin!(hanging)).is_pending());
    simulation.job(JOB).await;
    assert_eq!(faults.calls(Call::Describe), 3);
}

#[tokio::test]
async fn a_journal_brings_the_cluster_back() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
    let open = || {
        let options = SimulatedOptions {
            savepoint_directory: Some("s3://bucket".to_owned()),
            ..SimulatedOptions::default()
        };
        SimulatedExecutor::open(options, Arc::new(clock.clone()), store.clone(), "simulated")
    };
    let first = Simulation { executor: open().await.unwrap(), clock: clock.clone() };
    first.submit(JOB, "StreamingJob", "--checkpoint-ms 100", 2).await;
    first.submit(OTHER, "StreamingJob", "--fail-at 10", 1).await;
    first.wait(1000);
    let request = SavepointRequest::default();
    let triggered = first.executor.trigger_savepoint(JOB, TRIGGER, request.clone());
    triggered.await.unwrap();
    // Refused, so not part of what comes back.
    first.executor.cancel(OTHER).await.unwrap_err();
    first.wait(17);
    let second = Simulation { executor: open().await.unwrap(), clock: clock.clone() };
    for _ in 0..3 {
        for job in [JOB, OTHER] {
            assert_eq!(first.job(job).await, second.job(job).await);
        }
        let status = first.status(OperationScope::Savepoint(JOB)).await;
        assert_eq!(second.status(OperationScope::Savepoint(JOB)).await, status);
        second.wait(150);
    }
    // Both go on, and are one cluster.
    second.executor.cancel(JOB).await.unwrap();
    assert_eq!(first.job(JOB).await.state, JobState::Cancelling);
    second.wait(1);
    first.executor.submit(Submission::new(JobId::from_bytes([9; 16]))).await.unwrap();
    second.wait(1000);
    let lists = [first.executor.list().await.unwrap(), second.executor.list().await.unwrap()];
    assert_eq!(lists[0].len(), 3);
    assert_eq!(lists[0], lists[1]);
    assert_eq!(open().await.unwrap().describe(JOB).await.unwrap(), second.job(JOB).await);
}

/// A server whose clock goes behind takes an input at a moment that has gone by elsewhere.
#[tokio::test]
async fn servers_with_different_clocks_show_one_cluster() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut servers = Vec::new();
    for ahead in [0, 400] {
        let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000 + ahead));
        let options = SimulatedOptions::default();
        let open = SimulatedExecutor::open(options, Arc::new(clock.clone()), store.clone(), "simulated");
        servers.push(Simulation { executor: open.await.unwrap(), clock });
    }
    let [behind, ahead] = <[Simulation; 2]>::try_from(servers).unwrap_or_else(|_| unreachable!());
    ahead.submit(JOB, "StreamingJob", "--runtime-ms 500 --bounded", 1).await;
    assert_eq!(ahead.job(JOB).await.state, behind.job(JOB).await.state);
    behind.wait(900);
    ahead.wait(900);
    // Ended here, and not yet there.
    assert_eq!(ahead.job(JOB).await.state, JobState::Finished);
    behind.executor.cancel(JOB).await.unwrap();
    behind.wait(2000);
    ahead.wait(2000);
    let [one, two] = [behind.job(JOB).await, ahead.job(JOB).await];
    assert_eq!((one.state, &one.entered), (two.state, &two.entered));
    assert_eq!(one.state, JobState::Canceled);
}

/// Many servers, many callers, and one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_servers_agree_on_one_order() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
    let open = || {
        let options = SimulatedOptions { slots_per_worker: 3, ..SimulatedOptions::default() };
        SimulatedExecutor::open(options, Arc::new(clock.clone()), store.clone(), "simulated")
    };
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(open().await.unwrap());
    }
    let mut calls = Vec::new();
    for (number, server) in (0..24).zip(servers.iter().cycle()) {
        let (server, clock) = (server.clone(), clock.clone());
        calls.push(tokio::spawn(async move {
            let id = JobId::from_bytes([number; 16]);
            server.submit(Submission { parallelism: Some(1), ..Submission::new(id) }).await.unwrap();
            clock.advance(Duration::from_millis(7));
            server.submit(Submission { parallelism: Some(1), ..Submission::new(id) }).await.unwrap();
            if number % 2 == 0 {
                server.cancel(id).await.unwrap();
            }
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
    clock.advance(Duration::from_secs(5));
    let expected = open().await.unwrap().list().await.unwrap();
    assert_eq!(expected.len(), 24);
    for server in &servers {
        assert_eq!(server.list().await.unwrap(), expected);
    }
}

/// What one server is told wakes those who watch another.
#[tokio::test]
async fn a_watch_hears_of_inputs_to_other_servers() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
    let open = || {
        let options = SimulatedOptions::default();
        SimulatedExecutor::open(options, Arc::new(clock.clone()), store.clone(), "simulated")
    };
    let (one, two) = (open().await.unwrap(), open().await.unwrap());
    let mut watch = two.watch();
    assert!(futures_util::poll!(watch.next()).is_pending());
    one.submit(Submission::new(JOB)).await.unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().id, JOB);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Submit(u8, u32),
    Cancel(u8),
    Savepoint(u8, u8),
    Stop(u8, u8),
    Rescale(u8, u8, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let job = || 0..3_u8;
    let step = prop_oneof![
        4 => (1..2000_u64).prop_map(Step::Wait),
        2 => (job(), 1..6_u32).prop_map(|(job, parallelism)| Step::Submit(job, parallelism)),
        1 => job().prop_map(Step::Cancel),
        2 => (job(), 0..4_u8).prop_map(|(job, trigger)| Step::Savepoint(job, trigger)),
        1 => (job(), 0..4_u8).prop_map(|(job, trigger)| Step::Stop(job, trigger)),
        1 => (job(), 0..4_u8, 1..6_u32).prop_map(|(job, trigger, to)| Step::Rescale(job, trigger, to)),
    ];
    proptest::collection::vec(step, 1..25)
}

/// Runs the steps, and returns what the jobs look like at the end. With `curious`, somebody looks after each step.
async fn run(steps: &[Step], curious: bool) -> Vec<JobDescription> {
    let simulation = Simulation::new(SimulatedOptions {
        savepoint_directory: Some("s3://bucket".to_owned()),
        slot_timeout: Duration::from_secs(3),
        ..SimulatedOptions::default()
    });
    let executor = &simulation.executor;
    let job = |number: u8| JobId::from_bytes([number; 16]);
    let trigger = |number: u8| TriggerId::from_bytes([number; 16]);
    for step in steps {
        match *step {
            Step::Wait(millis) => simulation.wait(millis),
            Step::Submit(number, parallelism) => {
                let arguments = ["--checkpoint-ms 300", "--fail-at 100 --restarts 2", "--runtime-ms 900"];
                let submission = Submission {
                    arguments: arguments[usize::from(number)].split(' ').map(str::to_owned).collect(),
                    parallelism: Some(parallelism),
                    ..Submission::new(job(number))
                };
                let _ = executor.submit(submission).await;
            }
            Step::Cancel(number) => {
                let _ = executor.cancel(job(number)).await;
            }
            Step::Savepoint(number, id) => {
                let request = SavepointRequest::default();
                executor.trigger_savepoint(job(number), trigger(id), request).await.unwrap();
            }
            Step::Stop(number, id) => {
                let request = StopRequest::default();
                executor.stop_with_savepoint(job(number), trigger(id), request).await.unwrap();
            }
            Step::Rescale(number, id, to) => {
                let bounds = ParallelismBounds { lower: 1, upper: to };
                let request = RescaleRequest { all: Some(bounds), ..RescaleRequest::default() };
                executor.rescale(job(number), trigger(id), request).await.unwrap();
            }
        }
        if curious {
            // The slots that jobs hold, and those that nobody holds, are all there are.
            let workers = executor.workers().await.unwrap();
            let names = ["taskSlotsAvailable".to_owned()];
            let free = executor.metrics(&MetricScope::Coordinator, &names).await.unwrap();
            let free = free[0].value.as_f64().unwrap() as usize;
            assert_eq!(workers[0].allocated.len() + free, 4);
        }
    }
    simulation.wait(20_000);
    let mut jobs = Vec::new();
    for summary in executor.list().await.unwrap() {
        jobs.push(simulation.job(summary.id).await);
    }
    jobs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_can_tell_whether_somebody_looked(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (seen, unseen) = runtime.block_on(async {
            (run(&steps, true).await, run(&steps, false).await)
        });
        prop_assert_eq!(&seen, &unseen);
        for job in seen {
            // After the slot timeout nobody waits any more.
            let waiting = job.vertices.iter().flat_map(|v| &v.subtasks).any(|s| s.state() == TaskState::Scheduled);
            prop_assert!(!waiting, "{:?}", job.state);
        }
    }
}

#[tokio::test]
async fn a_job_remembers_its_latest_attempts() {
    let simulation = Simulation::new(SimulatedOptions::default());
    let arguments = "--fail-at 1 --restarts 100";
    simulation.submit(JOB, "StreamingJob", arguments, 1).await;
    simulation.wait(600_000);
    let job = simulation.job(JOB).await;
    assert_eq!(job.state, JobState::Failed);
    let attempts = &job.vertices[0].subtasks[0].attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, (84..=100).collect::<Vec<_>>());
    assert_eq!(job.exceptions.entries.len(), 16);
    assert!(job.exceptions.truncated);
}
