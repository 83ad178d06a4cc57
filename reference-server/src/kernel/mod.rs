//! What all APIs share: jobs and their submissions, asynchronous operations, artifacts, metrics.
//!
//! The kernel speaks the language of `planewright-backend`; an API's folder translates to and from its own.
//!
//! # Several servers on one store
//!
//! Any of them answers any call: what a call changes is conditional on what it has read, and what it asks of the executor
//! may be asked twice. What goes on in the background is done by one of them, which holds a lease: following the
//! executor to write down how jobs end, giving back what it has lost, asking for operations that nobody asks for, and
//! forgetting old ones. All these writes demand that the lease is still held. When its holder is killed, another server goes
//! on within the time of the lease.

mod control;
mod error;
pub mod job;
pub mod metric;
pub mod operation;
#[cfg(test)]
mod scripted;
pub mod statistics;

use std::sync::Arc;
use std::time::Duration;

use planewright_backend::artifact::ArtifactStore;
use planewright_backend::executor::Executor;
use planewright_backend::store::Store;
use planewright_backend::time::Clock;
use tokio::sync::watch;

use crate::process::LogRing;

pub(crate) use control::ControlLease;
pub use error::KernelError;

/// What a kernel is made of.
#[derive(Debug)]
pub struct Parts {
    /// Keeps the state.
    pub store: Arc<dyn Store>,
    /// Runs jobs.
    pub executor: Arc<dyn Executor>,
    /// Keeps programs.
    pub artifacts: ArtifactStore,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The log of this process.
    pub log: LogRing,
    /// How long the outcome of an operation can be asked for.
    pub operation_ttl: Duration,
    /// How long the server that does the background work may be silent before another one takes over.
    pub lease: Duration,
}

/// The parts of a control plane, and what it knows beside its store.
#[derive(Debug)]
pub struct Kernel {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) artifacts: ArtifactStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: LogRing,
    operation_ttl: Duration,
    lease: Duration,
    starting: operation::Starting,
    /// Whether somebody wants this process to end.
    shutdown: watch::Sender<bool>,
}

impl Kernel {
    /// A kernel of these parts. Nothing runs in the background before somebody spawns it.
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            executor: parts.executor,
            artifacts: parts.artifacts,
            clock: parts.clock,
            log: parts.log,
            operation_ttl: parts.operation_ttl,
            lease: parts.lease,
            starting: operation::Starting::default(),
            shutdown: watch::Sender::new(false),
        }
    }

    /// How long the outcome of an operation can be asked for.
    pub fn operation_ttl(&self) -> Duration {
        self.operation_ttl
    }

    /// Asks whoever runs this process to end it.
    pub fn shut_down(&self) {
        self.shutdown.send_replace(true);
    }

    /// Completes once [`shut_down`](Kernel::shut_down) has been called.
    pub fn shutdown_requested(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut requested = self.shutdown.subscribe();
        async move {
            if requested.wait_for(|requested| *requested).await.is_err() {
                // The kernel is gone, and with it all who could ask.
                std::future::pending().await
            }
        }
    }
}

/// Sixteen bytes that nobody can guess or has used before.
pub(crate) fn random_bytes() -> Result<[u8; 16], KernelError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| KernelError::Entropy)?;
    Ok(bytes)
}
