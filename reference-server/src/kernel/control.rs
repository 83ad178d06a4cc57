//! The background work, which one server of all that share a store does at a time.

use std::sync::Arc;

use futures_util::StreamExt;
use planewright_backend::executor::Executor;
use planewright_backend::store::{Lease, Precondition, Store, StoreExt};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::{Kernel, KernelError, operation};

/// Under what the keys of the lease begin.
const LEASE: &str = "leases/control";
/// Milliseconds before the next try after a failure.
const RETRY: i64 = 1000;

/// The lease of [`Kernel::control`], there once that has begun.
pub(crate) type ControlLease = Mutex<Option<Lease<Arc<dyn Store>>>>;

impl Kernel {
    /// Does the background work for as long as this server holds the lease for it. Never returns; while it runs, the lease is
    /// its own.
    ///
    /// `recovered` says whether jobs have been recovered a moment ago.
    pub(crate) async fn control(&self, lease: &ControlLease, mut recovered: bool) {
        let mut slot = lease.lock().await;
        let lease = Lease::new(Arc::clone(&self.store), LEASE, self.lease * 3 / 5, Arc::clone(&self.clock));
        let lease = match lease {
            Ok(lease) => slot.insert(lease),
            Err(error) => return warn!(%error, "no lease can have this name"),
        };
        loop {
            match lease.tick().await {
                Ok(true) => {
                    self.hold(lease, recovered).await;
                    // Whoever held it in between has worked with what this server doesn't know.
                    recovered = false;
                }
                Ok(false) => {}
                Err(error) => warn!(%error, "the lease of the background work is out of reach"),
            }
            self.pause(self.beat()).await;
        }
    }

    async fn hold(&self, lease: &mut Lease<Arc<dyn Store>>, recovered: bool) {
        let Some(guard) = lease.guard() else {
            return;
        };
        info!("this server does the background work");
        let held = async {
            loop {
                self.pause(self.beat()).await;
                match lease.tick().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) if lease.is_held() => warn!(%error, "the lease is not renewed yet"),
                    Err(error) => return warn!(%error, "the lease is over"),
                }
            }
        };
        tokio::select! {
            () = held => info!("another server does the background work now"),
            () = self.tend(&guard) => {}
            () = self.keep_jobs(&guard, recovered) => {}
        }
    }

    /// Milliseconds between two signs of life. What is left of the lease beside this and its own time is for those who wait: they
    /// see a sign up to one beat late, and look again up to one beat late.
    fn beat(&self) -> i64 {
        i64::try_from(self.lease.as_millis() / 6).unwrap_or(i64::MAX).max(1)
    }

    async fn pause(&self, millis: i64) {
        self.clock.until(self.clock.now().plus_millis(millis)).await;
    }

    /// Keeps operations up to date, those of other servers included. Never returns.
    async fn tend(&self, guard: &Precondition) {
        loop {
            let tended = async {
                // From before the first look, so that nothing is missed between the two.
                let revision = self.store.revision().await?;
                let mut changes = self.store.watch(operation::rows(), revision).await?;
                loop {
                    let next = self.tend_operations(Some(guard)).await?;
                    let due = async {
                        match next {
                            Some(next) => self.clock.until(next).await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        () = due => {}
                        change = changes.next() => match change.transpose()? {
                            Some(_) => {}
                            None => return Ok::<_, KernelError>(()),
                        }
                    }
                }
            };
            if let Err(error) = tended.await {
                warn!(%error, "operations are not tended for now");
            }
            self.pause(RETRY).await;
        }
    }

    /// Keeps rows and executor together: recovers jobs unless that has been done, then follows the executor and writes down
    /// how jobs end. Never returns.
    async fn keep_jobs(&self, guard: &Precondition, mut recovered: bool) {
        loop {
            let kept = async {
                if !recovered {
                    self.recover_jobs().await?;
                    recovered = true;
                }
                let mut changes = self.executor.watch();
                while let Some(change) = changes.next().await {
                    let job = change?;
                    if job.state.is_terminal() {
                        self.write_end(job.id, Some(guard)).await?;
                    }
                }
                Ok::<_, KernelError>(())
            };
            if let Err(error) = kept.await {
                warn!(%error, "jobs are not followed for now");
                // The executor may have begun anew, and know nothing.
                recovered = false;
            }
            self.pause(RETRY).await;
        }
    }
}

#[cfg(test)]
mod tests;
