//! From an operation's answer to a response. Generated code calls this.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use planewright_model::Json;
use planewright_model::media::{Codec, Framing, Media};

use crate::context::RequestContext;
use crate::stream::{Events, Items};
use crate::{ApiError, ResponseBody, TypedBody};

/// A JSON value to send: one of one's own, one that is shared, or one that is JSON already. So what is stored can be
/// sent without a copy of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply<T> {
    /// A value made for this answer.
    Owned(T),
    /// A value that others hold too.
    Shared(Arc<T>),
    /// The JSON text of a value. It is sent as it stands.
    Encoded(Bytes),
}

impl<T> From<T> for Reply<T> {
    fn from(value: T) -> Self {
        Self::Owned(value)
    }
}

/// How long the last body of an operation was, so that the next one is written without growing its buffer.
#[derive(Debug)]
pub struct LengthHint(AtomicUsize);

impl LengthHint {
    /// Nothing known yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each stands in a static of its own")]
    pub const fn new() -> Self {
        Self(AtomicUsize::new(512))
    }

    #[inline]
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    fn learn(&self, len: usize, hint: usize) {
        // Only what matters is written: a line of cache that every core writes to is slow for all.
        if len > hint || len < hint / 2 {
            self.0.store(len + len / 8, Ordering::Relaxed);
        }
    }
}

/// A response with a JSON body.
///
/// # Errors
/// 500 if the value can't be written as JSON.
pub fn json<T: Json>(
    status: u16,
    reply: &Reply<T>,
    hint: &LengthHint,
) -> Result<Response<ResponseBody>, ApiError> {
    let bytes = match reply {
        Reply::Owned(value) => encode(value, hint)?,
        Reply::Shared(value) => encode(&**value, hint)?,
        Reply::Encoded(bytes) => bytes.clone(),
    };
    Ok(with_type(status, "application/json", bytes.into()))
}

/// A response with a value in the one of its media types that the caller wants most. What is encoded already is JSON.
///
/// # Errors
/// 500 if the value can't be written.
pub fn value<T: Json>(
    context: &RequestContext,
    status: u16,
    reply: &Reply<T>,
    hint: &LengthHint,
    media: &'static [Media],
) -> Result<Response<ResponseBody>, ApiError> {
    let encoded = matches!(reply, Reply::Encoded(_));
    let fits = |codec: Codec| !encoded || codec == Codec::Json;
    let offered: Vec<&'static str> =
        media.iter().filter(|(_, codec)| fits(*codec)).map(|(name, _)| *name).collect();
    let name = context.preferred(&offered).and_then(|place| offered.get(place)).or(offered.first());
    let (name, codec) = media
        .iter()
        .find(|(one, codec)| Some(one) == name && fits(*codec))
        .copied()
        .unwrap_or(("application/json", Codec::Json));
    let mut out = Vec::new();
    let bytes = match (codec, reply) {
        (Codec::Json, _) => return json(status, reply, hint).map(|response| renamed(response, name)),
        (codec, Reply::Owned(value)) => codec.write(value, &mut out).map(|()| out),
        (codec, Reply::Shared(value)) => codec.write(&**value, &mut out).map(|()| out),
        (_, Reply::Encoded(bytes)) => Ok(bytes.to_vec()),
    };
    Ok(with_type(status, name, bytes.map_err(ApiError::internal)?.into()))
}

fn renamed(mut response: Response<ResponseBody>, media_type: &'static str) -> Response<ResponseBody> {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A response with a body that says what it is.
#[must_use]
pub fn typed(status: u16, body: TypedBody) -> Response<ResponseBody> {
    let mut response = Response::new(body.body);
    *response.status_mut() = valid(status);
    response.headers_mut().insert(CONTENT_TYPE, body.content_type);
    response
}

/// A response that is a stream of events with JSON in them.
#[must_use]
pub fn events<T: Json + Send + 'static>(status: u16, events: Events<T>) -> Response<ResponseBody> {
    with_type(
        status,
        "text/event-stream",
        events.into_body(|data| {
            let mut json = Vec::new();
            data.write_json(&mut json)?;
            Ok(String::from_utf8(json)?)
        }),
    )
}

/// A response that is a stream of events with texts in them.
#[must_use]
pub fn text_events(status: u16, events: Events<String>) -> Response<ResponseBody> {
    with_type(status, "text/event-stream", events.into_body(Ok))
}

/// A response that is a stream of JSON values.
#[must_use]
pub fn items<T: Json + Send + 'static>(
    status: u16,
    media_type: &'static str,
    framing: Framing,
    items: Items<T>,
) -> Response<ResponseBody> {
    with_type(status, media_type, items.into_body(framing))
}

/// A response with a body of a fixed media type.
#[must_use]
#[inline]
pub fn with_type(status: u16, media_type: &'static str, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = valid(status);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A response without a body.
#[must_use]
#[inline]
pub fn empty(status: u16) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = valid(status);
    response
}

/// Adds a declared header.
///
/// # Errors
/// 500 if the value holds what a header can't.
pub fn header(
    response: &mut Response<ResponseBody>,
    name: &'static str,
    value: &dyn std::fmt::Display,
) -> Result<(), ApiError> {
    let value = HeaderValue::try_from(value.to_string()).map_err(ApiError::internal)?;
    let name = HeaderName::try_from(name).map_err(ApiError::internal)?;
    response.headers_mut().append(name, value);
    Ok(())
}

/// The text of a header that is a list.
///
/// # Errors
/// 500 if a value has a comma: nothing tells it from one between two values.
pub fn header_list<'a, T: std::fmt::Display + 'a>(
    values: impl IntoIterator<Item = &'a T>,
) -> Result<String, ApiError> {
    planewright_model::parameter::header_list(values).map_err(ApiError::internal)
}

fn encode<T: Json>(value: &T, hint: &LengthHint) -> Result<Bytes, ApiError> {
    let expected = hint.get();
    let mut out = Vec::with_capacity(expected);
    value.write_json(&mut out).map_err(ApiError::internal)?;
    hint.learn(out.len(), expected);
    Ok(out.into())
}

/// A document's status. Those that HTTP can't say become 500.
#[inline]
fn valid(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
