//! Bodies that are values one after the other: JSON, or events.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use planewright_model::Json;
use planewright_model::media::{
    Event, EventDecoder, Framing, ItemDecoder, RawEvent, StreamFault, write_event,
};

use crate::body::BodyStream;
use crate::rejection::BodyRejection;
use crate::{BoxError, ResponseBody};

/// A stream that is known by what it gives.
type Values<T> = Pin<Box<dyn Stream<Item = Result<T, BoxError>> + Send>>;

/// JSON values one after the other: the body of a request as it arrives, or of a response as it is made.
///
/// ```
/// use planewright_server::Items;
///
/// let items: Items<i64> = vec![1, 2, 3].into();
/// ```
pub struct Items<T>(Values<T>);

impl<T> Items<T> {
    /// Sends what a stream gives. An error cuts the connection, so that the client sees that there was more.
    pub fn new<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
        T: 'static,
    {
        Self(Box::pin(Boxed { stream: Box::pin(stream), made: PhantomData }))
    }

    /// The next value, or `None` at the end.
    ///
    /// # Errors
    /// A [`BodyRejection`], if the body is cut, or what came isn't a value of this type.
    pub async fn next_item(&mut self) -> Result<Option<T>, BoxError> {
        poll_fn(|cx| self.0.as_mut().poll_next(cx)).await.transpose()
    }

    pub(crate) fn of_body(
        body: BodyStream,
        framing: Framing,
        longest: u64,
        read: impl Fn(&[u8]) -> Result<T, BodyRejection> + Send + Unpin + 'static,
    ) -> Self
    where
        T: 'static,
    {
        let decoder = ItemDecoder::new(framing, usize::try_from(longest).unwrap_or(usize::MAX));
        Self(Box::pin(Decoded { body, decoder, ended: false, read: move |item: Vec<u8>| read(&item) }))
    }

    pub(crate) fn into_body(self, framing: Framing) -> ResponseBody
    where
        T: Json + 'static,
    {
        ResponseBody::stream(Encoded {
            values: self.0,
            write: move |value: T| {
                let (mut json, mut out) = (Vec::new(), Vec::new());
                value.write_json(&mut json)?;
                framing.frame(&json, &mut out);
                Ok(out)
            },
        })
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T: Send + Unpin + 'static> From<Vec<T>> for Items<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Box::pin(Listed(values.into())))
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}

/// Events, one after the other (`text/event-stream`): the body of a request as it arrives, or of a response as it is made.
pub struct Events<T>(Values<Event<T>>);

impl<T> Events<T> {
    /// Sends what a stream gives. An error cuts the connection, so that the client comes again.
    pub fn new<S, V, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<V, E>> + Send + 'static,
        V: Into<Event<T>> + 'static,
        E: Into<BoxError> + 'static,
        T: 'static,
    {
        Self(Box::pin(Boxed { stream: Box::pin(stream), made: PhantomData }))
    }

    /// The next event, or `None` at the end.
    ///
    /// # Errors
    /// A [`BodyRejection`], if the body is cut, or an event's data aren't a value of this type.
    pub async fn next_event(&mut self) -> Result<Option<Event<T>>, BoxError> {
        poll_fn(|cx| self.0.as_mut().poll_next(cx)).await.transpose()
    }

    pub(crate) fn of_body(
        body: BodyStream,
        longest: u64,
        read: impl Fn(String) -> Result<T, BodyRejection> + Send + Unpin + 'static,
    ) -> Self
    where
        T: 'static,
    {
        let decoder = EventDecoder::new(usize::try_from(longest).unwrap_or(usize::MAX));
        let read = move |event: RawEvent| {
            let Event { id, event, data, retry } = event;
            Ok(Event { id, event, data: read(data)?, retry })
        };
        Self(Box::pin(Decoded { body, decoder, ended: false, read }))
    }

    pub(crate) fn into_body(
        self,
        write: impl Fn(T) -> Result<String, BoxError> + Send + Unpin + 'static,
    ) -> ResponseBody
    where
        T: 'static,
    {
        ResponseBody::stream(Encoded {
            values: self.0,
            write: move |event: Event<T>| {
                let Event { id, event, data, retry } = event;
                let data = write(data)?;
                let mut out = Vec::new();
                write_event(&Event { id, event, data: &*data, retry }, &mut out);
                Ok(out)
            },
        })
    }
}

impl<T> Stream for Events<T> {
    type Item = Result<Event<T>, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T: Send + Unpin + 'static> From<Vec<Event<T>>> for Events<T> {
    fn from(events: Vec<Event<T>>) -> Self {
        Self(Box::pin(Listed(events.into())))
    }
}

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

/// Values that are all there.
struct Listed<T>(VecDeque<T>);

impl<T: Unpin> Stream for Listed<T> {
    type Item = Result<T, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// A stream whose values and errors are made those of ours.
struct Boxed<S, T> {
    stream: Pin<Box<S>>,
    made: PhantomData<fn() -> T>,
}

impl<S, V, E, T> Stream for Boxed<S, T>
where
    S: Stream<Item = Result<V, E>>,
    V: Into<T>,
    E: Into<BoxError>,
{
    type Item = Result<T, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.stream.as_mut().poll_next(cx));
        Poll::Ready(item.map(|item| item.map(Into::into).map_err(Into::into)))
    }
}

/// Takes a stream apart.
trait Decoder: Unpin {
    type Raw;

    fn push(&mut self, bytes: &[u8]);

    /// There is nothing more to push.
    fn finish(&mut self);

    fn next(&mut self) -> Result<Option<Self::Raw>, StreamFault>;
}

impl Decoder for ItemDecoder {
    type Raw = Vec<u8>;

    fn push(&mut self, bytes: &[u8]) {
        self.push(bytes);
    }

    fn finish(&mut self) {
        self.finish();
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, StreamFault> {
        self.next_item()
    }
}

impl Decoder for EventDecoder {
    type Raw = RawEvent;

    fn push(&mut self, bytes: &[u8]) {
        self.push(bytes);
    }

    /// An event that its empty line doesn't end is none.
    fn finish(&mut self) {}

    fn next(&mut self) -> Result<Option<RawEvent>, StreamFault> {
        self.next_event()
    }
}

/// Values read out of a body.
struct Decoded<D, F> {
    body: BodyStream,
    decoder: D,
    ended: bool,
    read: F,
}

impl<D: Decoder, T, F: Fn(D::Raw) -> Result<T, BodyRejection> + Unpin> Stream for Decoded<D, F> {
    type Item = Result<T, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match this.decoder.next() {
                Err(_) if this.ended => return Poll::Ready(None),
                Err(fault) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(fault.into())));
                }
                Ok(Some(raw)) => return Poll::Ready(Some((this.read)(raw).map_err(Into::into))),
                Ok(None) if this.ended => return Poll::Ready(None),
                Ok(None) => {}
            }
            match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                Some(Ok(bytes)) => this.decoder.push(&bytes),
                Some(Err(rejection)) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(rejection.into())));
                }
                None => {
                    this.ended = true;
                    this.decoder.finish();
                }
            }
        }
    }
}

/// Values on their way into a body.
struct Encoded<T, F> {
    values: Values<T>,
    write: F,
}

impl<T, F: Fn(T) -> Result<Vec<u8>, BoxError> + Unpin> Stream for Encoded<T, F> {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.values.as_mut().poll_next(cx));
        Poll::Ready(item.map(|item| item.and_then(|value| (self.write)(value)).map(Bytes::from)))
    }
}
