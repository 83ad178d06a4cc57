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
