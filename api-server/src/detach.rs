//! Work that ends even if nobody waits for it any more.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Runs `decision`, and then the work that it decided on, where the result is awaited. If the result is dropped before
/// the work is decided on, nothing happens. If it is dropped later (the client has gone, a deadline has passed), the
/// rest of the work runs in a task of its own.
///
/// So a change of state is never cut in the middle, and the usual case needs no second task.
pub fn detach<D, W>(decision: D) -> Detached<D, W>
where
    D: Future<Output = Result<W, W::Output>> + Send + 'static,
    W: Future<Output: Send> + Send + 'static,
{
    Detached(Some(Box::pin(Stage::Deciding { decision })))
}

/// The future of [`detach`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Detached<D: Send + 'static, W: Future<Output: Send> + Send + 'static>(
    Option<Pin<Box<Stage<D, W>>>>,
);

pin_project! {
    #[derive(Debug)]
    #[project = StageProject]
    enum Stage<D, W> {
        Deciding { #[pin] decision: D },
        Working { #[pin] work: W },
    }
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

impl<D, W> Future for Detached<D, W>
where
    D: Future<Output = Result<W, W::Output>> + Send + 'static,
    W: Future<Output: Send> + Send + 'static,
{
    type Output = W::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<W::Output> {
        // Taken out while it runs: if it panics, it is dropped here and not run on.
        let Some(mut stage) = self.0.take() else { return Poll::Pending };
        loop {
            let poll = match stage.as_mut().project() {
                StageProject::Deciding { decision } => match decision.poll(cx) {
                    Poll::Ready(Ok(work)) => {
                        stage.set(Stage::Working { work });
                        continue;
                    }
                    Poll::Ready(Err(refusal)) => Poll::Ready(refusal),
                    Poll::Pending => Poll::Pending,
                },
                StageProject::Working { work } => work.poll(cx),
            };
            if poll.is_pending() {
                self.0 = Some(stage);
            }
            return poll;
        }
    }
}

impl<D, W> Drop for Detached<D, W>
where
    D: Send + 'static,
    W: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        let Some(mut stage) = self.0.take() else { return };
        if matches!(*stage, Stage::Deciding { .. }) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return tracing::warn!("no runtime is left to finish an operation");
        };
        tracing::debug!("the caller has gone; the operation runs on");
        let orphan = Orphan::new();
        runtime.spawn(async move {
            let _orphan = orphan;
            poll_fn(|cx| match stage.as_mut().project() {
                StageProject::Working { work } => work.poll(cx).map(drop),
                StageProject::Deciding { .. } => Poll::Ready(()),
            })
            .await;
        });
    }
}
