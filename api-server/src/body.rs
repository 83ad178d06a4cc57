//! Bodies: the request's as a stream, the response's in whatever form it has.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::BoxError;
use crate::rejection::BodyRejection;

/// Any body that a service of this crate takes: hyper's, axum's, a test's. One that isn't `Unpin` can be boxed.
pub trait RequestBody: Body<Data: Buf + Send, Error: Into<BoxError>> + Send + Unpin + 'static {}

impl<B: Body<Data: Buf + Send, Error: Into<BoxError>> + Send + Unpin + 'static> RequestBody for B {}

/// The body of a response: nothing, bytes of known length, or a stream.
#[derive(Default)]
pub struct ResponseBody(Content);

#[derive(Default)]
enum Content {
    #[default]
    Empty,
    Full(Bytes),
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl ResponseBody {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self(Content::Empty)
    }

    /// A body that is made while it is sent. An error cuts the connection, so that the client sees that the body
    /// isn't whole.
    pub fn stream<S, D, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<D, E>> + Send + 'static,
        D: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self(Content::Stream(Box::pin(StreamBody { stream })))
    }

    /// Another library's body.
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self(Content::Stream(Box::pin(Foreign { body })))
    }

    /// The bytes, unless it is a stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Content::Empty => Some(&[]),
            Content::Full(bytes) => Some(bytes),
            Content::Stream(_) => None,
        }
    }

    /// The length in bytes, unless it is a stream.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.as_bytes().map(|bytes| bytes.len() as u64)
    }

    /// Whether it is known to hold nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

impl<T: Into<Bytes>> From<T> for ResponseBody {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        Self(if bytes.is_empty() { Content::Empty } else { Content::Full(bytes) })
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(len) => write!(f, "ResponseBody({len} bytes)"),
            None => f.write_str("ResponseBody(stream)"),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.get_mut().0 {
            Content::Stream(body) => body.as_mut().poll_frame(cx),
            content => match std::mem::take(content) {
                Content::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ => Poll::Ready(None),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Empty => true,
            Content::Full(_) => false,
            Content::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Empty => SizeHint::with_exact(0),
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(body) => body.size_hint(),
        }
    }
}

/// The body of a response whose media type the handler chooses.
#[derive(Debug)]
pub struct TypedBody {
    /// The value of `Content-Type`.
    pub content_type: HeaderValue,
    /// The body.
    pub body: ResponseBody,
}

impl TypedBody {
    /// A body of this media type, such as `image/png`; of octets, if a header can't hold its name.
    pub fn new(media_type: &str, body: impl Into<ResponseBody>) -> Self {
        let octets = HeaderValue::from_static("application/octet-stream");
        Self { content_type: HeaderValue::from_str(media_type).unwrap_or(octets), body: body.into() }
    }
}

/// The body of a request, as it arrives. What isn't read isn't sent: reading is what makes the client go on.
pub struct BodyStream(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>);

impl BodyStream {
    /// Streams a body of any type.
    pub fn new<B: RequestBody>(body: B) -> Self {
        Self(Box::pin(Foreign { body }))
    }

    pub(crate) fn empty() -> Self {
        Self(Box::pin(ResponseBody::empty()))
    }

    /// The next bytes, or `None` at the end.
    ///
    /// # Errors
    /// `Interrupted` if the connection is cut, `TooLarge` if a layer limits the length.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyRejection> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyRejection>> {
        loop {
            match ready!(self.0.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(Ok(None)),
                Some(Err(error)) => return Poll::Ready(Err(interrupted(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Ok(Some(data))),
                    // Trailers carry nothing that an operation declares.
                    _ => {}
                },
            }
        }
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, BodyRejection>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_chunk(cx).map(Result::transpose)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyStream")
    }
}

/// Reads a whole body of at most `limit` bytes. A body that comes in one piece isn't copied.
pub(crate) async fn read_to_end<B: RequestBody>(
    body: &mut Option<B>,
    limit: u64,
) -> Result<Bytes, BodyRejection> {
    let Some(body) = body.as_mut().filter(|body| !body.is_end_stream()) else { return Ok(Bytes::new()) };
    let declared = body.size_hint();
    if declared.lower() > limit {
        return Err(BodyRejection::TooLarge { limit });
    }
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let Ok(mut data) = frame.map_err(|error| interrupted(error.into()))?.into_data() else { continue };
        let read = (first.len() + whole.len()) as u64;
        if read + data.remaining() as u64 > limit {
            return Err(BodyRejection::TooLarge { limit });
        }
        if read == 0 {
            first = data.copy_to_bytes(data.remaining());
        } else {
            if whole.is_empty() {
                whole.reserve(declared.exact().unwrap_or(read).max(read) as usize + data.remaining());
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            while data.has_remaining() {
                let piece = data.chunk();
                whole.extend_from_slice(piece);
                let len = piece.len();
                data.advance(len);
            }
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(if whole.is_empty() { first } else { Bytes::from(whole) })
}

/// Reads and forgets a body that the operation doesn't have, so that the connection stays usable; a long one isn't
/// worth it.
pub(crate) async fn discard<B: RequestBody>(body: &mut Option<B>) {
    const WORTH_READING: u64 = 64 << 10;
    if body.as_ref().is_some_and(|body| !body.is_end_stream()) {
        let _ = read_to_end(body, WORTH_READING).await;
    }
}

fn interrupted(error: BoxError) -> BodyRejection {
    // A limiting layer wraps the body, so its refusal comes as an error of the body.
    match error.downcast::<BodyRejection>() {
        Ok(rejection) => *rejection,
        Err(error) => BodyRejection::Interrupted(error),
    }
}

pin_project! {
    struct Foreign<B> {
        #[pin]
        body: B,
    }
}

impl<B: Body<Data: Buf, Error: Into<BoxError>>> Body for Foreign<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            frame
                .map_err(Into::into)
                .map(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    struct StreamBody<S> {
        #[pin]
        stream: S,
    }
}

impl<S, D, E> Body for StreamBody<S>
where
    S: Stream<Item = Result<D, E>>,
    D: Into<Bytes>,
    E: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let item = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(item.map(|item| item.map(|data| Frame::data(data.into())).map_err(Into::into)))
    }
}
