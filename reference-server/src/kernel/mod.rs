//! What all APIs share: jobs and their submissions, asynchronous operations, artifacts, metrics.
//!
//! The kernel speaks the language of `planewright-backend`; an API's folder translates to and from its own.

mod error;
pub mod job;
pub mod metric;
pub mod operation;
#[cfg(test)]
mod scripted;
pub mod statistics;

use std::sync::Arc;
use std::time::Duration;

use planewright_backend::executor::Executor;
use planewright_backend::store::Store;
use planewright_backend::time::Clock;
use tokio::sync::Notify;
use tracing::warn;

pub use error::KernelError;

/// The parts of a control plane, and what it knows beside its store.
#[derive(Debug)]
pub struct Kernel {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long the outcome of an operation can be asked for.
    operation_ttl: Duration,
    starting: operation::Starting,
    /// Wakes the background task when there is something new to tend.
    wake: Notify,
}

impl Kernel {
    /// A kernel over these parts. Nothing runs in the background before [`tend`](Kernel::tend) is called.
    pub fn new(
        store: Arc<dyn Store>,
        executor: Arc<dyn Executor>,
        clock: Arc<dyn Clock>,
        operation_ttl: Duration,
    ) -> Self {
        Self {
            store,
            executor,
            clock,
            operation_ttl,
            starting: operation::Starting::default(),
            wake: Notify::new(),
        }
    }

    /// Keeps operations up to date. Never returns.
    pub(crate) async fn tend(&self) {
        /// Milliseconds before the next try when the store is out of reach.
        const RETRY: i64 = 1000;
        loop {
            let next = match self.tend_operations().await {
                Ok(next) => next,
                Err(error) => {
                    warn!(%error, "operations are not tended for now");
                    Some(self.clock.now().plus_millis(RETRY))
                }
            };
            let due = async {
                match next {
                    Some(next) => self.clock.until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.wake.notified() => {}
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
