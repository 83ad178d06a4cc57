//! Bodies and services for the tests of this folder.

#![allow(dead_code, reason = "each test uses some of it")]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use planewright_server::ResponseBody;

/// A body of these frames, without a declared length.
pub(crate) struct Frames<I>(pub(crate) I);

impl<I: Iterator<Item = Bytes> + Unpin> Body for Frames<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().0.next().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// A body of these bytes in pieces of this size.
pub(crate) fn pieces(bytes: Vec<u8>, size: usize) -> Frames<std::vec::IntoIter<Bytes>> {
    Frames(bytes.chunks(size.max(1)).map(Bytes::copy_from_slice).collect::<Vec<_>>().into_iter())
}

/// The whole body of a response as text.
pub(crate) async fn text(response: http::Response<ResponseBody>) -> String {
    let bytes = response.into_body().collect().await.expect("the body ends well").to_bytes();
    String::from_utf8(bytes.into()).expect("the body is text")
}

/// Keeps what is logged, all levels, fields included.
#[derive(Clone, Default)]
pub(crate) struct Log(std::sync::Arc<std::sync::Mutex<String>>);

impl Log {
    pub(crate) fn lines(&self) -> String {
        self.0.lock().expect("nobody panicked").clone()
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields<'l>(&'l mut String);
        impl tracing::field::Visit for Fields<'_> {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        let mut lines = self.0.lock().expect("nobody panicked");
        event.record(&mut Fields(&mut lines));
        lines.push('\n');
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
