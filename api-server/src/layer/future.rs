use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::{HeaderValue, Response};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tracing::Span;

use super::Permit;
use crate::ResponseBody;
use crate::context::REQUEST_ID;
use crate::rejection::ServiceRejection;

/// The request's span and its beginning.
type Trace = Box<(Span, Instant)>;

pin_project! {
    /// The future of [`Guard`](super::Guard).
    #[derive(Debug)]
    pub struct GuardFuture<F> {
        #[pin]
        answer: Answer<F>,
        // Made when the service first has to wait: most requests never need a timer.
        #[pin]
        timer: Option<Sleep>,
        arrived: Option<Arc<AtomicU64>>,
        seen: u64,
        permit: Option<Permit>,
        trace: Option<Trace>,
        request_id: Option<Box<HeaderValue>>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = AnswerProject]
    enum Answer<F> {
        Awaited { #[pin] inner: F },
        Given { response: Option<Response<ResponseBody>> },
    }
}

impl<F> GuardFuture<F> {
    #[inline]
    pub(super) fn admitted(
        inner: F,
        permit: Permit,
        trace: Option<Trace>,
        request_id: Option<Box<HeaderValue>>,
        arrived: Option<Arc<AtomicU64>>,
    ) -> Self {
        let answer = Answer::Awaited { inner };
        Self { answer, timer: None, arrived, seen: 0, permit: Some(permit), trace, request_id }
    }

    #[cold]
    pub(super) fn refused(
        response: Response<ResponseBody>,
        permit: Permit,
        trace: Option<Trace>,
        request_id: Option<Box<HeaderValue>>,
    ) -> Self {
        let answer = Answer::Given { response: Some(response) };
        Self { answer, timer: None, arrived: None, seen: 0, permit: Some(permit), trace, request_id }
    }
}

impl<F, E> Future for GuardFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(Permit(shared)) = this.permit else { return Poll::Pending };
        let trace = this.trace.as_ref();
        let entered = trace.map(|trace| trace.0.enter());
        let poll = match this.answer.project() {
            AnswerProject::Awaited { inner } => {
                // Nothing of the service is looked at again after a panic.
                catch_unwind(AssertUnwindSafe(|| inner.poll(cx))).unwrap_or_else(|_| {
                    tracing::error!("a handler panicked");
                    Poll::Ready(Ok((shared.refuse)(ServiceRejection::Panicked.into())))
                })
            }
            AnswerProject::Given { response } => {
                response.take().map_or(Poll::Pending, |r| Poll::Ready(Ok(r)))
            }
        };
        let mut result = match poll {
            Poll::Ready(result) => result,
            Poll::Pending => {
                let limit = shared.limits.deadline;
                ready!(poll_deadline(this.timer, this.arrived.as_deref(), this.seen, limit, cx));
                Ok((shared.refuse)(ServiceRejection::Deadline(limit).into()))
            }
        };
        if let Ok(response) = &mut result {
            if let Some(sent) = this.request_id.take() {
                response.headers_mut().insert(REQUEST_ID, *sent);
            }
            if let Some(trace) = trace {
                let micros = trace.1.elapsed().as_micros() as u64;
                tracing::debug!(status = response.status().as_u16(), micros, "answered");
            }
        }
        drop(entered);
        *this.permit = None;
        Poll::Ready(result)
    }
}

/// Ready when nothing has arrived for as long as `limit`.
fn poll_deadline(
    mut timer: Pin<&mut Option<Sleep>>,
    arrived: Option<&AtomicU64>,
    seen: &mut u64,
    limit: Duration,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        match timer.as_mut().as_pin_mut() {
            None => timer.set(Some(sleep(limit))),
            Some(running) => {
                ready!(running.poll(cx));
                let now = arrived.map_or(0, |arrived| arrived.load(Ordering::Relaxed));
                if now == *seen {
                    return Poll::Ready(());
                }
                *seen = now;
                timer.set(Some(sleep(limit)));
            }
        }
    }
}
