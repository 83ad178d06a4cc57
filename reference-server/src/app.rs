use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use object_store::memory::InMemory;
use planewright_backend::artifact::ArtifactStore;
use planewright_backend::executor::Executor;
use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::{Store, StoreError};
use planewright_backend::time::{Clock, SystemClock};
use planewright_server::conventions;
use planewright_server::layer::{Limits, default_stack};
use planewright_server::{RequestBody, ResponseBody};
use tokio::task::AbortHandle;
use tower_service::Service;
use tracing::{info, warn};

use crate::flink::Flink;
use crate::kernel::{ControlLease, Kernel, KernelError, Parts};
use crate::process::LogRing;

/// An API that a control plane can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// Flink's REST API.
    Flink,
}

/// A control plane: a store, an executor and an artifact store behind an API.
///
/// Clones are the same control plane. Its background work ends with the last clone and the last service.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    kernel: Arc<Kernel>,
    background: Arc<Background>,
    limits: Limits,
}

/// Tasks that end with their owner.
#[derive(Debug)]
pub(crate) struct Background {
    tasks: Vec<AbortHandle>,
    /// What one of them works under.
    lease: Arc<ControlLease>,
}

impl Background {
    fn end(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}

impl ControlPlane {
    /// A control plane of parts still to be chosen.
    pub fn builder() -> ControlPlaneBuilder {
        ControlPlaneBuilder::default()
    }

    /// The service to put behind a listener, into a router, or into a test.
    ///
    /// One guard stands around the API: request id, trace, panics, and the limits of [`ControlPlaneBuilder::limits`].
    pub fn into_service<B: RequestBody>(
        self,
    ) -> impl Service<
        Request<B>,
        Response = Response<ResponseBody>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static {
        let flink = Flink::new(self.kernel, self.background);
        default_stack::<conventions::Flink, _, B>(
            planewright_server::flink::Service::all(flink).into_service(),
            self.limits,
        )
    }

    /// Completes when a caller of the API has asked for the end of this process.
    pub fn shutdown_requested(&self) -> impl Future<Output = ()> + Send + 'static {
        self.kernel.shutdown_requested()
    }

    /// Ends the background work here, so that another server on the same store takes it over at once: it need not wait until
    /// this one has been silent for the time of the [lease](ControlPlaneBuilder::lease). For a server that is about to end.
    /// Calls are still answered.
    ///
    /// # Errors
    ///
    /// Those of the store. Others then wait as if this server had been killed.
    pub async fn step_down(&self) -> Result<(), StoreError> {
        self.background.end();
        // The task lets go of it when it ends.
        match self.background.lease.lock().await.as_mut() {
            Some(lease) => lease.release().await,
            None => Ok(()),
        }
    }
}

/// Chooses the parts of a [`ControlPlane`].
///
/// Nothing needs to be chosen: by default there is a store that forgets, an executor that only simulates, and artifacts in
/// memory, behind Flink's API.
#[derive(Debug)]
pub struct ControlPlaneBuilder {
    store: Option<Arc<dyn Store>>,
    executor: Option<Arc<dyn Executor>>,
    artifacts: Option<ArtifactStore>,
    clock: Arc<dyn Clock>,
    log: LogRing,
    operation_ttl: Duration,
    lease: Duration,
    limits: Limits,
}

impl Default for ControlPlaneBuilder {
    fn default() -> Self {
        Self {
            store: None,
            executor: None,
            artifacts: None,
            clock: Arc::new(SystemClock),
            log: LogRing::default(),
            operation_ttl: Duration::from_secs(300),
            lease: Duration::from_secs(5),
            limits: Limits::default(),
        }
    }
}

impl ControlPlaneBuilder {
    /// Keeps state in `store`.
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Runs jobs on `executor`.
    pub fn executor(mut self, executor: impl Executor + 'static) -> Self {
        self.executor = Some(Arc::new(executor));
        self
    }

    /// Keeps jars in `artifacts`, which is where the executor must look for them.
    pub fn artifacts(mut self, artifacts: ArtifactStore) -> Self {
        self.artifacts = Some(artifacts);
        self
    }

    /// Serves this API. There is one so far, and it is the default.
    pub fn api(self, api: Api) -> Self {
        match api {
            Api::Flink => self,
        }
    }

    /// Takes the time from `clock`. An executor that isn't chosen follows it too.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Shows this log as that of the process. Whoever sets up logging writes into a clone of it.
    pub fn log(mut self, log: LogRing) -> Self {
        self.log = log;
        self
    }

    /// Keeps the outcome of an asynchronous operation so long after its end. By default five minutes.
    pub fn operation_ttl(mut self, ttl: Duration) -> Self {
        self.operation_ttl = ttl;
        self
    }

    /// Of several servers on one store, one does the background work; another one takes over when it has been silent for so
    /// long. By default five seconds.
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// Limits what callers may use up.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Puts the parts together and takes up what the last process left unfinished. Needs a tokio runtime, where the background
    /// work goes on.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the store can't be read. An executor that is out of reach is waited for in the background.
    pub async fn build(self) -> Result<ControlPlane, BuildError> {
        let clock = self.clock;
        let simulated = || {
            let options = SimulatedOptions {
                // Any place will do that is none on this machine: what is simulated leaves no files.
                savepoint_directory: Some("simulated://savepoints".to_owned()),
                ..SimulatedOptions::default()
            };
            let executor = SimulatedExecutor::with_clock(options, clock.clone());
            Arc::new(executor) as Arc<dyn Executor>
        };
        let kernel = Arc::new(Kernel::new(Parts {
            store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::default())),
            executor: self.executor.unwrap_or_else(simulated),
            artifacts: self.artifacts.unwrap_or_else(|| ArtifactStore::new(Arc::new(InMemory::new()))),
            clock: clock.clone(),
            log: self.log,
            operation_ttl: self.operation_ttl,
            lease: self.lease,
        }));
        let recovered = match kernel.recover_jobs().await {
            Ok(()) => true,
            Err(KernelError::Store(source)) => return Err(BuildError { source }),
            Err(error) => {
                warn!(%error, "jobs are not recovered yet");
                false
            }
        };
        let lease = Arc::<ControlLease>::default();
        let (controlled, held, artifacts) =
            (Arc::clone(&kernel), Arc::clone(&lease), kernel.artifacts.clone());
        let background = [
            tokio::spawn(async move { controlled.control(&held, recovered).await }),
            tokio::spawn(collect_garbage(artifacts)),
        ];
        let tasks = background.map(|task| task.abort_handle()).into();
        Ok(ControlPlane { kernel, background: Arc::new(Background { tasks, lease }), limits: self.limits })
    }
}

/// Removes what broken uploads have left, now and once an hour. Never returns. Safe on every server of a control plane.
async fn collect_garbage(artifacts: ArtifactStore) {
    /// Nobody uploads for so long.
    const DAY: i64 = 24 * 60 * 60 * 1000;
    loop {
        // Object storage knows the real time only.
        match artifacts.collect_garbage(SystemClock.now().plus_millis(-DAY)).await {
            Ok(0) => {}
            Ok(removed) => info!(removed, "what broken uploads have left is removed"),
            Err(error) => warn!(%error, "what broken uploads have left can't be removed for now"),
        }
        tokio::time::sleep(Duration::from_secs(60 * 60)).await;
    }
}

/// A control plane can't be built, because its store can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the store can't be read")]
pub struct BuildError {
    source: StoreError,
}
