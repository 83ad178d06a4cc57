//! The reference server over a simulated cluster, with a clock that moves when a case waits.

use std::sync::Arc;

use object_store::memory::InMemory;
use planewright_backend::artifact::ArtifactStore;
use planewright_backend::executor::Executor;
use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::Store;
use planewright_backend::time::{Timestamp, VirtualClock};
use planewright_conformance::Target;
use planewright_reference_server::ControlPlane;

use crate::backend::{Elsewhere, SpoiledExecutor, SpoiledStore};
use crate::broken::{Broken, Class, Memory};
use crate::server::Server;

/// A server and what it stands on.
#[derive(Clone)]
pub struct Plane {
    /// Moves when a case waits.
    pub clock: VirtualClock,
    /// What its jobs run on.
    pub executor: SimulatedExecutor,
    /// What it keeps.
    pub store: Arc<dyn Store>,
    /// The jars.
    pub artifacts: ArtifactStore,
    /// The server.
    pub plane: ControlPlane,
}

impl Plane {
    /// A new server that keeps everything in memory.
    pub async fn new() -> Self {
        Self::on(Arc::new(MemoryStore::default())).await
    }

    /// A new server on this store.
    pub async fn on(store: Arc<dyn Store>) -> Self {
        Self::spoiled(store, &Self::sound(), &Arc::default()).await
    }

    /// A server with nothing wrong.
    #[must_use]
    pub fn sound() -> Broken {
        Broken::new(Class::Semantic, "sound", "Nothing is wrong.")
    }

    /// A new server that is wrong in one way.
    pub(crate) async fn spoiled(store: Arc<dyn Store>, broken: &Broken, memory: &Arc<Memory>) -> Self {
        let clock = VirtualClock::starting_at(Timestamp(1_795_262_880_000));
        let executor = Self::cluster(&clock);
        let store: Arc<dyn Store> = Arc::new(Elsewhere(store));
        let artifacts = Self::no_artifacts();
        let plane = build(&clock, &executor, &store, &artifacts, broken, memory).await;
        Self { clock, executor, store, artifacts, plane }
    }

    /// A place for jars, in which there are none.
    #[must_use]
    pub fn no_artifacts() -> ArtifactStore {
        ArtifactStore::new(Arc::new(InMemory::new()))
    }

    /// A cluster on which nothing has run yet.
    #[must_use]
    pub fn cluster(clock: &VirtualClock) -> SimulatedExecutor {
        let options = SimulatedOptions { slots_per_worker: 16, ..SimulatedOptions::default() };
        SimulatedExecutor::with_clock(options, Arc::new(clock.clone()))
    }

    /// What is left when the process is killed, and a server on it.
    pub(crate) async fn restarted(self, broken: &Broken, memory: &Arc<Memory>) -> Self {
        let left = match &broken.restart {
            Some(change) => change(self).await,
            None => self,
        };
        let Self { clock, executor, store, artifacts, .. } = left;
        let plane = build(&clock, &executor, &store, &artifacts, broken, memory).await;
        Self { clock, executor, store, artifacts, plane }
    }

    /// The server as the suite sees it.
    #[must_use]
    pub fn target(&self) -> Target {
        Server::of(&Arc::new(Self::sound()), self.clone(), Arc::default()).target()
    }
}

async fn build(
    clock: &VirtualClock,
    executor: &SimulatedExecutor,
    store: &Arc<dyn Store>,
    artifacts: &ArtifactStore,
    broken: &Broken,
    memory: &Arc<Memory>,
) -> ControlPlane {
    let mut executor: Arc<dyn Executor> = Arc::new(executor.clone());
    if !broken.events.is_empty() {
        let (events, memory) = (broken.events.clone(), Arc::clone(memory));
        executor = Arc::new(SpoiledExecutor { sound: executor, events, memory });
    }
    let mut store = Arc::clone(store);
    if !broken.stored.is_empty() {
        let (stored, memory) = (broken.stored.clone(), Arc::clone(memory));
        store = Arc::new(SpoiledStore { sound: store, stored, memory });
    }
    ControlPlane::builder()
        .store(store)
        .executor(executor)
        .artifacts(artifacts.clone())
        .clock(clock.clone())
        .build()
        .await
        .expect("a store in memory can be read")
}
