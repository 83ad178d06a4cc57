//! Work that ends even if nobody waits for it any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Runs `future` where it is awaited. If it is dropped before its end (the client has gone, a deadline has passed),
/// the rest of it runs in a task of its own.
///
/// So a change of state is never cut in the middle, and the usual case needs no second task.
pub fn detach<F>(future: F) -> Detached<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    Detached { future: Some(Box::pin(future)) }
}

/// The future of [`detach`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Detached<F: Future<Output: Send> + Send + 'static> {
    future: Option<Pin<Box<F>>>,
}

/// Waits until all work that lost its caller has ended, in the whole process. Part of a graceful shutdown.
pub async fn settled() {
    loop {
        let ended = ENDED.notified();
        if ORPHANS.load(Ordering::Acquire) == 0 {
            return;
        }
        ended.await;
    }
}

static ORPHANS: AtomicUsize = AtomicUsize::new(0);
static ENDED: Notify = Notify::const_new();

struct Orphan;

impl Orphan {
    fn new() -> Self {
        ORPHANS.fetch_add(1, Ordering::AcqRel);
        Self
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        ORPHANS.fetch_sub(1, Ordering::AcqRel);
        ENDED.notify_waiters();
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Detached<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out while it runs: if it panics, it is dropped here and not run on.
        let Some(mut future) = self.future.take() else { return Poll::Pending };
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            self.future = Some(future);
        }
        poll
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Detached<F> {
    fn drop(&mut self) {
        let Some(future) = self.future.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => {
                tracing::debug!("the caller has gone; the operation runs on");
                let orphan = Orphan::new();
                runtime.spawn(async move {
                    let _orphan = orphan;
                    future.await;
                });
            }
            Err(_) => tracing::warn!("no runtime is left to finish an operation"),
        }
    }
}
