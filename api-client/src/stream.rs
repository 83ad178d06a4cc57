use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use planewright_model::media::{Event, EventDecoder, Framing, ItemDecoder, write_event};
use planewright_model::{DecodeError, Json};

use crate::download::Download;
use crate::error::Error;
use crate::transport::BoxError;
use crate::upload::Upload;

/// How a stream of JSON says that it is complete where its connection stays open: a custom of language models.
const DONE: &str = "[DONE]";

/// Reads the data of an event: nothing, if they end the stream; or gives them back with what is wrong.
type ReadData<T> = fn(String) -> Result<Option<T>, (String, DecodeError)>;

/// Events as they come (`text/event-stream`), with data of a declared type.
///
/// The stream ends with its connection, or with an event whose data, if it should be JSON, is `[DONE]`. It doesn't
/// connect again: [`last_event_id`](Self::last_event_id) says what a new call may begin after.
pub struct Events<T> {
    download: Download,
    decoder: EventDecoder,
    read: ReadData<T>,
    last_event_id: Option<String>,
    ended: bool,
}

impl<T: Json> Events<T> {
    pub(crate) fn of_json(download: Download) -> Self {
        Self::new(download, |data| match T::read_json(data.as_bytes()) {
            Ok(value) => Ok(Some(value)),
            Err(_) if data.trim() == DONE => Ok(None),
            Err(error) => Err((data, error)),
        })
    }
}

impl Events<String> {
    pub(crate) fn of_texts(download: Download) -> Self {
        Self::new(download, |data| Ok(Some(data)))
    }
}

impl<T> Events<T> {
    fn new(download: Download, read: ReadData<T>) -> Self {
        let decoder = EventDecoder::new(download.longest());
        Self { download, decoder, read, last_event_id: None, ended: false }
    }

    /// The status: a success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.download.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.download.headers()
    }

    /// The id of the last event that had one.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }

    /// The next event, or nothing after the last.
    ///
    /// # Errors
    /// If the connection failed, or the event's data aren't of the declared type; the next event can still be read
    /// then.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn next_event(&mut self) -> Result<Option<Event<T>>, Error> {
        std::future::poll_fn(|context| self.poll_event(context)).await.transpose()
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Event<T>, Error>>> {
        while !self.ended {
            match self.decoder.next_event() {
                Ok(Some(event)) => {
                    let Event { id, event, data, retry } = event;
                    self.last_event_id.clone_from(&id);
                    return Poll::Ready(match (self.read)(data) {
                        Ok(Some(data)) => Some(Ok(Event { id, event, data, retry })),
                        Ok(None) => {
                            self.ended = true;
                            None
                        }
                        Err((data, error)) => Some(Err(self.download.unreadable(data.into(), error.into()))),
                    });
                }
                Ok(None) => match ready!(Pin::new(&mut self.download).poll_next(context)) {
                    Some(Ok(bytes)) => self.decoder.push(&bytes),
                    Some(Err(error)) => {
                        self.ended = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                    None => self.ended = true,
                },
                Err(fault) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(self.download.unreadable(Bytes::new(), fault.into()))));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl<T> Stream for Events<T> {
    type Item = Result<Event<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context)
    }
}

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Events({})", self.status())
    }
}

/// JSON values as they come, one after the other.
pub struct Items<T> {
    download: Download,
    decoder: ItemDecoder,
    read: fn(&[u8]) -> Result<T, DecodeError>,
    ended: bool,
}

impl<T: Json> Items<T> {
    pub(crate) fn new(download: Download, framing: Framing) -> Self {
        let decoder = ItemDecoder::new(framing, download.longest());
        Self { download, decoder, read: T::read_json, ended: false }
    }
}

impl<T> Items<T> {
    /// The status: a success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.download.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.download.headers()
    }

    /// The next value, or nothing after the last.
    ///
    /// # Errors
    /// If the connection failed, or what came isn't a value of the declared type; the next can still be read then.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn next_item(&mut self) -> Result<Option<T>, Error> {
        std::future::poll_fn(|context| self.poll_item(context)).await.transpose()
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            match self.decoder.next_item() {
                Ok(Some(item)) => {
                    let value = (self.read)(&item);
                    let value = value.map_err(|error| self.download.unreadable(item.into(), error.into()));
                    return Poll::Ready(Some(value));
                }
                Ok(None) if self.ended => return Poll::Ready(None),
                Ok(None) => match ready!(Pin::new(&mut self.download).poll_next(context)) {
                    Some(Ok(bytes)) => self.decoder.push(&bytes),
                    Some(Err(error)) => {
                        self.ended = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                    None => {
                        self.ended = true;
                        self.decoder.finish();
                    }
                },
                Err(_) if self.ended => return Poll::Ready(None),
                Err(fault) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(self.download.unreadable(Bytes::new(), fault.into()))));
                }
            }
        }
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Items({})", self.status())
    }
}

/// JSON values or events to send, one after the other: a list, or a stream that makes them.
pub struct Outgoing<T>(Values<T>);

enum Values<T> {
    List(Vec<T>),
    Stream(Pin<Box<dyn Stream<Item = Result<T, BoxError>> + Send>>),
}

impl<T> Outgoing<T> {
    /// Sends what a stream gives; such a call can't be retried. An error breaks it off.
    pub fn stream<S>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, BoxError>> + Send + 'static,
    {
        Self(Values::Stream(Box::pin(stream)))
    }
}

impl<T: Json + 'static> Outgoing<T> {
    /// The body.
    #[must_use]
    pub fn into_upload(self, framing: Framing) -> Upload {
        self.written("items", move |value, out| frame(framing, value, out))
    }
}

impl<T: Json + 'static> Outgoing<Event<T>> {
    /// The body, with JSON in the events.
    #[must_use]
    pub fn into_events(self) -> Upload {
        self.written("events", |event, out| {
            let mut json = Vec::new();
            event.data.write_json(&mut json)?;
            push_event(event, std::str::from_utf8(&json)?, out);
            Ok(())
        })
    }
}

impl Outgoing<Event<String>> {
    /// The body, with texts in the events.
    #[must_use]
    pub fn into_text_events(self) -> Upload {
        self.written("events", |event, out| {
            push_event(event, &event.data, out);
            Ok(())
        })
    }
}

impl<T: 'static> Outgoing<T> {
    fn written(
        self,
        name: &'static str,
        write: impl Fn(&T, &mut Vec<u8>) -> Result<(), BoxError> + Send + Unpin + 'static,
    ) -> Upload {
        match self.0 {
            Values::List(values) => {
                let mut bytes = Vec::new();
                match values.iter().try_for_each(|value| write(value, &mut bytes)) {
                    Ok(()) => Upload::bytes(name, bytes),
                    Err(error) => Upload::stream(name, Once(Some(error)), None),
                }
            }
            Values::Stream(values) => Upload::stream(name, Written { values, write }, None),
        }
    }
}

fn push_event<T>(event: &Event<T>, data: &str, out: &mut Vec<u8>) {
    let Event { id, event, retry, .. } = event;
    write_event(&Event { id: id.clone(), event: event.clone(), data, retry: *retry }, out);
}

impl<T> From<Vec<T>> for Outgoing<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Values::List(values))
    }
}

impl<T> fmt::Debug for Outgoing<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Values::List(values) => write!(out, "Outgoing({} values)", values.len()),
            Values::Stream(_) => out.write_str("Outgoing(stream)"),
        }
    }
}

fn frame<T: Json>(framing: Framing, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError> {
    let mut json = Vec::new();
    value.write_json(&mut json)?;
    framing.frame(&json, out);
    Ok(())
}

/// A value that can't be written.
struct Once(Option<BoxError>);

impl Stream for Once {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

struct Written<T, F> {
    values: Pin<Box<dyn Stream<Item = Result<T, BoxError>> + Send>>,
    write: F,
}

impl<T, F: Fn(&T, &mut Vec<u8>) -> Result<(), BoxError> + Unpin> Stream for Written<T, F> {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let value = ready!(self.values.as_mut().poll_next(context));
        Poll::Ready(value.map(|value| {
            let mut bytes = Vec::new();
            (self.write)(&value?, &mut bytes)?;
            Ok(bytes.into())
        }))
    }
}
