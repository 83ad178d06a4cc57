//! The reference server over a simulated cluster, with a clock that moves when a case waits.

use std::sync::Arc;

use planewright_backend::memory::MemoryStore;
use planewright_backend::simulated::{SimulatedExecutor, SimulatedOptions};
use planewright_backend::store::Store;
use planewright_backend::time::{Timestamp, VirtualClock};
use planewright_conformance::Target;
use planewright_reference_server::ControlPlane;

/// A server and what it stands on.
pub struct Plane {
    /// Moves when a case waits.
    pub clock: VirtualClock,
    /// What its jobs run on.
    pub executor: SimulatedExecutor,
    /// What it keeps.
    pub store: Arc<dyn Store>,
    /// The server.
    pub plane: ControlPlane,
}

impl Plane {
    /// A new server that keeps everything in memory.
    ///
    /// # Panics
    ///
    /// If it can't be put together.
    pub async fn new() -> Self {
        Self::on(Arc::new(MemoryStore::default())).await
    }

    /// A new server on this store.
    ///
    /// # Panics
    ///
    /// If it can't be put together.
    pub async fn on(store: Arc<dyn Store>) -> Self {
        let clock = VirtualClock::starting_at(Timestamp(1_795_262_880_000));
        let options = SimulatedOptions { slots_per_worker: 16, ..SimulatedOptions::default() };
        let executor = SimulatedExecutor::with_clock(options, Arc::new(clock.clone()));
        let plane =
            ControlPlane::builder().store(store.clone()).executor(executor.clone()).clock(clock.clone());
        let plane = plane.build().await.unwrap();
        Self { clock, executor, store, plane }
    }

    /// The server as the suite sees it.
    #[must_use]
    pub fn target(&self) -> Target {
        let clock = self.clock.clone();
        Target::service_with_clock(self.plane.clone().into_service(), move |passed| clock.advance(passed))
    }
}
