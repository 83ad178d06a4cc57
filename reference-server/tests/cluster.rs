//! The executor on a Flink cluster, with a server of ours as the cluster, which forgets, breaks off, and can't be reached.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{TryFutureExt, stream};
use http::{Request, Response};
use object_store::memory::InMemory;
use planewright_backend::artifact::ArtifactStore;
use planewright_backend::executor::*;
use planewright_backend::flink::FlinkExecutor;
use planewright_backend::id::{JobId, TriggerId};
use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::Store;
use planewright_backend::time::{Timestamp, VirtualClock};
use planewright_client::flink::Client;
use planewright_client::{BoxError, ClientBody, ConnectError};
use planewright_reference_server::ControlPlane;
use planewright_server::ResponseBody;
use tower_service::Service;

const JOB: JobId = JobId::from_bytes([7; 16]);
const TRIGGER: TriggerId = TriggerId::from_bytes([8; 16]);
const SCOPE: OperationScope = OperationScope::Savepoint(JOB);

/// What is wrong with the way to the cluster.
#[derive(Clone, Debug, Default)]
struct Trouble(Arc<AtomicU8>);

const NONE: u8 = 0;
const UNREACHABLE: u8 = 1;
/// The cluster gets what it is sent, and nobody hears its answer.
const ANSWERS_LOST: u8 = 2;
/// An equal submission was faster, and its job is there when somebody has looked for it a few times.
const OUTRUN: u8 = 3;
/// As it is said of an application of that id by a cluster that has one.
const ALREADY: &[u8] = br#"{"errors":["Could not execute application.\nCaused by: org.apache.flink.runtime.client.DuplicateApplicationSubmissionException: Application has already been submitted."]}"#;

impl Trouble {
    fn is(&self, trouble: u8) {
        self.0.store(trouble, Ordering::SeqCst);
    }
}

/// A way to the cluster, with trouble on it.
#[derive(Clone)]
struct Way<S> {
    cluster: S,
    trouble: Trouble,
    outrun: Arc<Mutex<Outrun>>,
}

/// The faster submission, and how often its job was looked for.
#[derive(Default)]
struct Outrun {
    held: Option<Request<ClientBody>>,
    looks: usize,
}

impl<S> Service<Request<ClientBody>> for Way<S>
where
    S: Service<Request<ClientBody>, Response = Response<ResponseBody>, Future: Send + 'static>,
    S::Error: Into<BoxError> + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.cluster.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<ClientBody>) -> Self::Future {
        match self.trouble.0.load(Ordering::SeqCst) {
            UNREACHABLE => Box::pin(std::future::ready(Err(ConnectError::new("nobody listens").into()))),
            ANSWERS_LOST => {
                let answer = self.cluster.call(request);
                Box::pin(async move {
                    answer.await.map_err(Into::into)?;
                    Err("the connection was lost".into())
                })
            }
            OUTRUN if request.uri().path().ends_with("/run") => {
                self.outrun.lock().unwrap().held = Some(request);
                let answer = Response::builder()
                    .status(500)
                    .header(http::header::CONTENT_TYPE, "application/json")
                    .body(ResponseBody::from(ALREADY));
                Box::pin(std::future::ready(answer.map_err(Into::into)))
            }
            OUTRUN if request.uri().path().ends_with("/jobs") => {
                let mut outrun = self.outrun.lock().unwrap();
                outrun.looks += usize::from(outrun.held.is_some());
                let first = if outrun.looks == 4 { outrun.held.take() } else { None };
                let first = first.map(|request| self.cluster.call(request).map_err(Into::into));
                let asked = self.cluster.call(request).map_err(Into::into);
                Box::pin(async move {
                    if let Some(first) = first {
                        let _: Response<ResponseBody> = first.await?;
                    }
                    asked.await
                })
            }
            _ => Box::pin(self.cluster.call(request).map_err(Into::into)),
        }
    }
}

/// A cluster, the way to it, and what an executor on it keeps.
struct Scene {
    plane: ControlPlane,
    clock: VirtualClock,
    trouble: Trouble,
    store: Arc<dyn Store>,
    artifacts: ArtifactStore,
    submission: Submission,
}

impl Scene {
    async fn new() -> Self {
        let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
        let simulated = SimulatedExecutor::with_clock(SimulatedOptions::default(), Arc::new(clock.clone()));
        let plane = ControlPlane::builder().executor(simulated).clock(clock.clone()).build().await.unwrap();
        let artifacts = ArtifactStore::new(Arc::new(InMemory::new()));
        let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"no program"))]);
        let jar = artifacts.put("jobs.jar", content).await.unwrap();
        let submission = Submission {
            artifact: Some(jar.id),
            entry_class: Some("Job".to_owned()),
            // Without checkpoints of its own all that it lists are savepoints.
            arguments: ["--checkpoint-ms", "0"].map(str::to_owned).into(),
            ..Submission::new(JOB)
        };
        let (trouble, store) = (Trouble::default(), Arc::new(MemoryStore::new()));
        Self { plane, clock, trouble, store, artifacts, submission }
    }

    /// An executor as a server makes one when it starts.
    fn executor(&self) -> impl Executor + use<> {
        let way = Way {
            cluster: self.plane.clone().into_service(),
            trouble: self.trouble.clone(),
            outrun: Arc::default(),
        };
        FlinkExecutor::new(Client::over(way), self.store.clone(), self.artifacts.clone())
    }

    /// The cluster as somebody sees it who has no trouble with the way.
    fn cluster(&self) -> Client<impl planewright_client::Transport + use<>> {
        Client::over(self.plane.clone().into_service())
    }

    async fn pass(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
        tokio::task::yield_now().await;
    }

    async fn until_running(&self, executor: &impl Executor) {
        // Before all subtasks are at work no savepoint gets done.
        let is_at_work = |job: &JobDescription| {
            let mut subtasks = job.vertices.iter().flat_map(|vertex| &vertex.subtasks);
            job.state == JobState::Running && subtasks.all(|subtask| subtask.state() == TaskState::Running)
        };
        while !is_at_work(&executor.describe(JOB).await.unwrap()) {
            self.pass(10).await;
        }
    }

    async fn until_over(&self, executor: &impl Executor) -> OperationStatus {
        loop {
            let found = executor.operation(SCOPE, TRIGGER).await.unwrap().expect("the operation is known");
            if found.status.is_over() {
                let is_savepoint =
                    matches!(found.status, OperationStatus::Completed(Outcome::Savepoint { .. }));
                assert!(is_savepoint, "{:?}", found.status);
                return found.status;
            }
            self.pass(10).await;
        }
    }

    async fn savepoints(&self) -> usize {
        let job = planewright_model::id::JobId::from_bytes(*JOB.as_bytes());
        let found = self.cluster().checkpoints().get_checkpointing_statistics(job).send().await.unwrap();
        found.history.iter().filter(|record| record.is_savepoint).count()
    }
}

fn request() -> SavepointRequest {
    SavepointRequest {
        target_directory: Some("simulated://savepoints".to_owned()),
        ..SavepointRequest::default()
    }
}

#[tokio::test]
async fn an_unreachable_cluster_is_unavailable_and_nothing_else() {
    let scene = Scene::new().await;
    let executor = scene.executor();
    executor.submit(scene.submission.clone()).await.unwrap();
    scene.until_running(&executor).await;
    scene.trouble.is(UNREACHABLE);
    let errors = [
        executor.describe(JOB).await.err(),
        executor.summary(JOB).await.err(),
        executor.list().await.err(),
        executor.cancel(JOB).await.err(),
        executor.submit(Submission::new(JobId::from_bytes([9; 16]))).await.err(),
        executor.trigger_savepoint(JOB, TRIGGER, request()).await.err(),
        executor.operation(SCOPE, TRIGGER).await.err(),
        executor.metrics(&MetricScope::Job(JOB), &[]).await.err(),
        executor.workers().await.err(),
    ];
    for (place, error) in errors.iter().enumerate() {
        assert!(matches!(error, Some(ExecutorError::Unavailable { .. })), "{place}: {error:?}");
    }
    scene.trouble.is(NONE);
    assert_eq!(executor.describe(JOB).await.unwrap().state, JobState::Running);
}

#[tokio::test]
async fn a_trigger_that_never_arrived_is_sent_when_the_cluster_is_back() {
    let scene = Scene::new().await;
    let executor = scene.executor();
    executor.submit(scene.submission.clone()).await.unwrap();
    scene.until_running(&executor).await;
    scene.trouble.is(UNREACHABLE);
    executor.trigger_savepoint(JOB, TRIGGER, request()).await.unwrap_err();
    scene.trouble.is(NONE);
    scene.until_over(&executor).await;
    assert_eq!(scene.savepoints().await, 1);
}

#[tokio::test]
async fn a_lost_answer_starts_nothing_twice() {
    let scene = Scene::new().await;
    let executor = scene.executor();
    scene.trouble.is(ANSWERS_LOST);
    executor.submit(scene.submission.clone()).await.unwrap_err();
    scene.trouble.is(NONE);
    executor.submit(scene.submission.clone()).await.unwrap();
    scene.until_running(&executor).await;
    scene.trouble.is(ANSWERS_LOST);
    let error = executor.trigger_savepoint(JOB, TRIGGER, request()).await.unwrap_err();
    assert!(matches!(error, ExecutorError::OutcomeUnknown { .. }), "{error:?}");
    scene.trouble.is(NONE);
    executor.trigger_savepoint(JOB, TRIGGER, request()).await.unwrap();
    scene.until_over(&executor).await;
    assert_eq!(scene.savepoints().await, 1);
    assert_eq!(executor.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_equal_submissions_all_hear_of_the_one_that_was_first() {
    let scene = Scene::new().await;
    let executor = scene.executor();
    scene.trouble.is(OUTRUN);
    executor.submit(scene.submission.clone()).await.unwrap();
    scene.trouble.is(NONE);
    scene.until_running(&executor).await;
    assert_eq!(executor.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_outcome_outlives_the_clusters_memory_and_our_restart() {
    let scene = Scene::new().await;
    let executor = scene.executor();
    executor.submit(scene.submission.clone()).await.unwrap();
    scene.until_running(&executor).await;
    executor.trigger_savepoint(JOB, TRIGGER, request()).await.unwrap();
    drop(executor);
    let executor = scene.executor();
    let status = scene.until_over(&executor).await;
    // The cluster forgets after five minutes.
    scene.pass(3_000_000).await;
    let executor = scene.executor();
    executor.trigger_savepoint(JOB, TRIGGER, request()).await.unwrap();
    assert_eq!(executor.operation(SCOPE, TRIGGER).await.unwrap().map(|found| found.status), Some(status));
    assert_eq!(scene.savepoints().await, 1);
}

#[tokio::test]
async fn a_jar_is_uploaded_once_and_again_when_it_is_lost() {
    let scene = Scene::new().await;
    let executor = scene.executor();
    let submit = |number| {
        executor.submit(Submission { id: JobId::from_bytes([number; 16]), ..scene.submission.clone() })
    };
    submit(1).await.unwrap();
    submit(2).await.unwrap();
    let jars = scene.cluster().jars();
    let files = jars.get_jar_list().send().await.unwrap().files;
    assert_eq!(files.len(), 1);
    jars.delete_jar(files[0].id.clone()).send().await.unwrap();
    submit(3).await.unwrap();
    assert_eq!(jars.get_jar_list().send().await.unwrap().files.len(), 1);
}

#[tokio::test]
async fn a_job_of_somebody_else_is_shown_and_its_id_is_taken() {
    let scene = Scene::new().await;
    let stranger = FlinkExecutor::new(scene.cluster(), Arc::new(MemoryStore::new()), scene.artifacts.clone());
    stranger.submit(scene.submission.clone()).await.unwrap();
    let executor = scene.executor();
    scene.until_running(&executor).await;
    let error = executor.submit(scene.submission.clone()).await.unwrap_err();
    assert!(matches!(error, ExecutorError::Conflict { .. }), "{error:?}");
    executor.cancel(JOB).await.unwrap();
}

#[tokio::test]
async fn a_job_that_the_cluster_has_lost_is_started_again_unless_it_had_ended() {
    let scene = Scene::new().await;
    let ended = Submission { id: JobId::from_bytes([1; 16]), ..scene.submission.clone() };
    {
        let executor = scene.executor();
        executor.submit(scene.submission.clone()).await.unwrap();
        executor.submit(ended.clone()).await.unwrap();
        executor.cancel(ended.id).await.unwrap();
        while executor.describe(ended.id).await.unwrap().state != JobState::Canceled {
            scene.pass(10).await;
        }
    }
    // Another cluster at the same place.
    let Scene { store, artifacts, submission, .. } = scene;
    let scene = Scene { store, artifacts, submission, ..Scene::new().await };
    let executor = scene.executor();
    executor.submit(scene.submission.clone()).await.unwrap();
    executor.submit(ended).await.unwrap();
    let jobs: Vec<_> = executor.list().await.unwrap().into_iter().map(|job| job.id).collect();
    assert_eq!(jobs, [JOB]);
}
