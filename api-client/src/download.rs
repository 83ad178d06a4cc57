use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use planewright_model::Json;
use planewright_model::media::{Framing, Media};
use tokio::io::AsyncWriteExt;

use crate::error::{CallInfo, Error, Failure};
use crate::headers::readers;
use crate::reply::Reply;
use crate::stream::{Events, Items};
use crate::transport::BoxError;

/// An answer whose body is still coming: a stream of bytes, read at the pace of its reader.
///
/// A connection that fails in the middle is an error of the next chunk; nothing is fetched twice.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    body: Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>,
    info: CallInfo,
    longest: usize,
}

impl Download {
    pub(crate) fn new<B>(
        status: StatusCode,
        headers: HeaderMap,
        body: B,
        info: CallInfo,
        longest: usize,
    ) -> Self
    where
        B: Body<Data: Buf, Error: Into<BoxError>> + Send + 'static,
    {
        Self { status, headers, body: Box::pin(AsBytes { body: Box::pin(body) }), info, longest }
    }

    /// The status: a success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The media type, if the server says it.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// How many bytes will come, if the server says it.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The next bytes, or nothing after the last.
    ///
    /// # Errors
    /// If the connection failed.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await.transpose()
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            return match ready!(self.body.as_mut().poll_frame(context)) {
                None => Poll::Ready(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => Poll::Ready(Some(Ok(bytes))),
                    Err(_trailers) => continue,
                },
                Some(Err(source)) => {
                    let failure = Failure::Transport {
                        what: "the connection failed in the middle of the answer",
                        source,
                    };
                    Poll::Ready(Some(Err(self.error(failure))))
                }
            };
        }
    }

    fn error(&self, failure: Failure) -> Error {
        Error::new(Some(self.info.clone()), failure, Vec::new())
    }

    /// The error that this answer is if the document doesn't declare its status.
    #[must_use]
    pub fn undeclared(self) -> Error {
        Reply { status: self.status, headers: self.headers, body: Bytes::new(), info: self.info }.undeclared()
    }

    /// Everything that comes, in memory.
    ///
    /// # Errors
    /// If the connection fails, or more comes than [`Settings::longest_answer`](crate::Settings::longest_answer)
    /// allows.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let mut whole = Vec::new();
        let mut next = Some(first);
        while let Some(chunk) = next {
            if whole.len() + chunk.len() > self.longest {
                return Err(self.error(Failure::TooLarge { limit: self.longest }));
            }
            let following = self.chunk().await?;
            if whole.is_empty() && following.is_none() {
                return Ok(chunk);
            }
            whole.extend_from_slice(&chunk);
            next = following;
        }
        Ok(whole.into())
    }

    /// Everything that comes, as a text; bytes that aren't UTF-8 are replaced.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes).
    pub async fn text(self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).into_owned())
    }

    /// Everything that comes, as a declared type.
    ///
    /// # Errors
    /// As for [`bytes`](Self::bytes), and if it isn't one.
    pub async fn json<T: Json>(self) -> Result<T, Error> {
        let (status, headers, info) = (self.status, self.headers.clone(), self.info.clone());
        let body = self.bytes().await?;
        Reply { status, headers, body, info }.json()
    }

    /// Everything that comes, as a declared type, in the one of these media types that the answer says it is.
    ///
    /// # Errors
    /// As for [`json`](Self::json).
    pub async fn value<T: Json>(self, media: &'static [Media]) -> Result<T, Error> {
        let (status, headers, info) = (self.status, self.headers.clone(), self.info.clone());
        let body = self.bytes().await?;
        Reply { status, headers, body, info }.value(media)
    }

    /// What comes as events with JSON in them.
    #[must_use]
    pub fn events<T: Json>(self) -> Events<T> {
        Events::of_json(self)
    }

    /// What comes as events with texts in them.
    #[must_use]
    pub fn text_events(self) -> Events<String> {
        Events::of_texts(self)
    }

    /// What comes as JSON values, one after the other.
    #[must_use]
    pub fn items<T: Json>(self, framing: Framing) -> Items<T> {
        Items::new(self, framing)
    }

    readers!();

    fn bad_header(&self, source: BoxError) -> Error {
        self.unreadable(Bytes::new(), source)
    }

    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// The error that the answer can't be read for this reason.
    pub(crate) fn unreadable(&self, body: Bytes, source: BoxError) -> Error {
        self.error(Failure::Decode { status: self.status, body, source })
    }

    /// Writes everything that comes into a file, which is made or emptied first, and returns how many bytes it was.
    ///
    /// # Errors
    /// If the file can't be written or the connection fails; the file then holds what came before.
    pub async fn save(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let failed = |source: std::io::Error, info: &CallInfo| {
            let what = format!("cannot write {}", path.display());
            Error::new(Some(info.clone()), Failure::Request { what, source: Some(source.into()) }, Vec::new())
        };
        let mut file = tokio::fs::File::create(path).await.map_err(|error| failed(error, &self.info))?;
        let mut written = 0;
        while let Some(chunk) = self.chunk().await? {
            file.write_all(&chunk).await.map_err(|error| failed(error, &self.info))?;
            written += chunk.len() as u64;
        }
        file.flush().await.map_err(|error| failed(error, &self.info))?;
        Ok(written)
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(context)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Download({}, {:?})", self.status, self.content_length())
    }
}

/// Turns the frames of any body into [`Bytes`].
struct AsBytes<B> {
    body: Pin<Box<B>>,
}

impl<B: Body<Data: Buf, Error: Into<BoxError>>> Body for AsBytes<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.body.as_mut().poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            frame
                .map(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
                .map_err(Into::into)
        }))
    }
}
