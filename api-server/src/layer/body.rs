use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::BoxError;
use crate::rejection::BodyRejection;

pin_project! {
    /// A request body that ends with an error beyond its limit, and counts what has arrived.
    #[derive(Debug)]
    pub struct GuardedBody<B> {
        #[pin]
        inner: B,
        left: u64,
        limit: u64,
        // Nothing if there is nothing to wait for.
        arrived: Option<Arc<AtomicU64>>,
    }
}

/// The request with its body under guard, and the count of the pieces that will have arrived.
pub(super) fn guard<B: Body>(
    request: Request<B>,
    limit: u64,
) -> (Request<GuardedBody<B>>, Option<Arc<AtomicU64>>) {
    let arrived = (!request.body().is_end_stream()).then(Arc::<AtomicU64>::default);
    let count = arrived.clone();
    (request.map(|inner| GuardedBody { inner, left: limit, limit, arrived: count }), arrived)
}

impl<B: Body<Error: Into<BoxError>>> Body for GuardedBody<B> {
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        let frame = match ready!(this.inner.poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Some(Ok(frame)) => frame,
        };
        if let Some(arrived) = this.arrived {
            arrived.fetch_add(1, Ordering::Relaxed);
        }
        let len = frame.data_ref().map_or(0, |data| data.remaining() as u64);
        match this.left.checked_sub(len) {
            Some(left) => {
                *this.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => Poll::Ready(Some(Err(BodyRejection::TooLarge { limit: *this.limit }.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
