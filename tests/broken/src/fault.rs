//! A server whose calls to its store and to its executor can be made to fail, one at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::Request;
use http_body_util::{BodyExt, Full};
use planewright_backend::artifact::ArtifactStore;
use planewright_backend::executor::*;
use planewright_backend::id::{JobId, TriggerId};
use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::SimulatedExecutor;
use planewright_backend::store::{
    Key, KeyRange, Page, Revision, Store, StoreError, Transaction, Versioned, WatchStream,
};
use planewright_backend::time::{Timestamp, VirtualClock};
use planewright_conformance::fault::{Fault, Faulty, Part};
use planewright_conformance::{Heard, Target, TargetError, Transport, Unanswered};
use planewright_reference_server::ControlPlane;
use planewright_server::layer::Limits;
use tower::ServiceExt;

use crate::Plane;

/// How long the server takes for an answer at most.
const DEADLINE: Duration = Duration::from_secs(1);

/// What goes wrong, and when.
#[derive(Clone, Debug, Default)]
struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    armed: Option<(Part, u64, Fault)>,
    calls: u64,
    struck: bool,
    /// The mistake of a server that takes a failure of this part for a success.
    deaf_to: Option<Part>,
}

/// What a call comes to.
enum Outcome<T> {
    Done(T),
    Failed,
    Unknown,
    /// It failed, and the mistaken server doesn't notice.
    Unnoticed,
}

impl Script {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, makes it, and does to it what is due.
    async fn around<T>(&self, part: Part, call: impl Future<Output = T>) -> Outcome<T> {
        let due = {
            let mut state = self.state();
            match state.armed {
                Some((armed, nth, fault)) if armed == part => {
                    state.calls += 1;
                    let strikes = state.calls == nth;
                    state.struck |= strikes;
                    strikes.then_some((fault, state.deaf_to == Some(part)))
                }
                _ => None,
            }
        };
        match due {
            None => Outcome::Done(call.await),
            Some((Fault::Hang, _)) => std::future::pending().await,
            Some((Fault::Fail, true)) => Outcome::Unnoticed,
            Some((Fault::Fail, false)) => Outcome::Failed,
            Some((Fault::ApplyThenFail, _)) => {
                call.await;
                Outcome::Unknown
            }
        }
    }

    async fn executor<T>(
        &self,
        unnoticed: Option<T>,
        call: impl Future<Output = Result<T, ExecutorError>>,
    ) -> Result<T, ExecutorError> {
        let failed = || Err(ExecutorError::Unavailable { source: "a fault".into() });
        match self.around(Part::Executor, call).await {
            Outcome::Done(done) => done,
            Outcome::Failed => failed(),
            Outcome::Unnoticed => unnoticed.map_or_else(failed, Ok),
            Outcome::Unknown => Err(ExecutorError::OutcomeUnknown { source: "a fault".into() }),
        }
    }

    async fn store<T>(
        &self,
        unnoticed: Option<T>,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let failed = || Err(StoreError::Unavailable { source: "a fault".into() });
        match self.around(Part::Store, call).await {
            Outcome::Done(done) => done,
            Outcome::Failed => failed(),
            Outcome::Unnoticed => unnoticed.map_or_else(failed, Ok),
            Outcome::Unknown => Err(StoreError::OutcomeUnknown { source: "a fault".into() }),
        }
    }
}

/// A store whose calls go wrong as the script says.
#[derive(Debug)]
struct FaultyStore(Arc<dyn Store>, Script);

#[async_trait]
impl Store for FaultyStore {
    async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        self.1.store(None, self.0.get(key)).await
    }

    async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
        self.1.store(None, self.0.list(range, limit)).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        self.1.store(Some(Revision(u64::MAX / 2)), self.0.commit(transaction)).await
    }

    async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
        self.0.watch(range, after).await
    }

    async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
        self.0.compact(up_to).await
    }
}

/// An executor whose calls go wrong as the script says.
#[derive(Debug)]
struct FaultyExecutor(Arc<dyn Executor>, Script);

#[async_trait]
impl Executor for FaultyExecutor {
    async fn submit(&self, submission: Submission) -> Result<(), ExecutorError> {
        self.1.executor(Some(()), self.0.submit(submission)).await
    }

    async fn cancel(&self, job: JobId) -> Result<(), ExecutorError> {
        self.1.executor(Some(()), self.0.cancel(job)).await
    }

    async fn trigger_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: SavepointRequest,
    ) -> Result<(), ExecutorError> {
        self.1.executor(Some(()), self.0.trigger_savepoint(job, trigger, request)).await
    }

    async fn stop_with_savepoint(
        &self,
        job: JobId,
        trigger: TriggerId,
        request: StopRequest,
    ) -> Result<(), ExecutorError> {
        self.1.executor(Some(()), self.0.stop_with_savepoint(job, trigger, request)).await
    }

    async fn operation(
        &self,
        scope: OperationScope,
        trigger: TriggerId,
    ) -> Result<Option<Operation>, ExecutorError> {
        self.1.executor(None, self.0.operation(scope, trigger)).await
    }

    async fn describe(&self, job: JobId) -> Result<JobDescription, ExecutorError> {
        self.1.executor(None, self.0.describe(job)).await
    }

    async fn list(&self) -> Result<Vec<JobSummary>, ExecutorError> {
        self.1.executor(None, self.0.list()).await
    }

    fn watch(&self) -> StatusStream<'_> {
        self.0.watch()
    }

    async fn plan(&self, submission: &Submission) -> Result<JobPlan, ExecutorError> {
        self.1.executor(None, self.0.plan(submission)).await
    }
}

/// The reference server, over a store and an executor that can be made to fail. Clones are the same server.
#[derive(Clone)]
pub struct FaultyServer {
    script: Script,
    clock: VirtualClock,
    executor: SimulatedExecutor,
    store: Arc<dyn Store>,
    artifacts: ArtifactStore,
    plane: Arc<Mutex<ControlPlane>>,
}

impl FaultyServer {
    /// A server that does what it can when something goes wrong.
    pub async fn start() -> Self {
        Self::mistaken(None).await
    }

    /// A server that takes failures of a part for successes.
    pub async fn deaf_to(part: Part) -> Self {
        Self::mistaken(Some(part)).await
    }

    async fn mistaken(deaf_to: Option<Part>) -> Self {
        let script = Script(Arc::new(Mutex::new(State { deaf_to, ..State::default() })));
        let clock = VirtualClock::starting_at(Timestamp(1_795_262_880_000));
        let executor = Plane::cluster(&clock);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let artifacts = Plane::no_artifacts();
        let plane = build(&script, &clock, &executor, &store, &artifacts).await;
        Self { script, clock, executor, store, artifacts, plane: Arc::new(Mutex::new(plane)) }
    }

    /// The server as the suite sees it.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::over(self.clone())
    }

    fn plane(&self) -> MutexGuard<'_, ControlPlane> {
        self.plane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn build(
    script: &Script,
    clock: &VirtualClock,
    executor: &SimulatedExecutor,
    store: &Arc<dyn Store>,
    artifacts: &ArtifactStore,
) -> ControlPlane {
    let plane = ControlPlane::builder()
        .store(FaultyStore(Arc::clone(store), script.clone()))
        .executor(FaultyExecutor(Arc::new(executor.clone()), script.clone()))
        .artifacts(artifacts.clone())
        .clock(clock.clone())
        .limits(Limits { deadline: DEADLINE, ..Limits::default() });
    plane.build().await.expect("nothing goes wrong at the start")
}

impl Faulty for FaultyServer {
    fn arm(&self, part: Part, nth: u64, fault: Fault) {
        let mut state = self.script.state();
        (state.armed, state.calls, state.struck) = (Some((part, nth, fault)), 0, false);
    }

    fn disarm(&self) -> bool {
        let mut state = self.script.state();
        state.armed = None;
        state.struck
    }
}

impl Transport for FaultyServer {
    fn send(&self, mut request: Request<Bytes>) -> LocalBoxFuture<'_, Result<Heard, Unanswered>> {
        Box::pin(async move {
            let host = http::HeaderValue::from_static("localhost");
            request.headers_mut().entry(http::header::HOST).or_insert(host);
            let service = self.plane().clone().into_service();
            let Ok(response) = service.oneshot(request.map(Full::new)).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| Unanswered::Broken(error.to_string()))?;
            Ok(Heard { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes() })
        })
    }

    fn pause(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            self.clock.advance(duration);
            tokio::task::yield_now().await;
        })
    }

    fn restart(&self) -> Option<LocalBoxFuture<'_, Result<(), TargetError>>> {
        Some(Box::pin(async {
            let Self { script, clock, executor, store, artifacts, .. } = self;
            let plane = build(script, clock, executor, store, artifacts).await;
            *self.plane() = plane;
            Ok(())
        }))
    }

    fn base(&self) -> &str {
        "$URL"
    }
}
