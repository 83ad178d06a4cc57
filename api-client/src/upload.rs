use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use crate::transport::BoxError;

/// How much of a file is read, and handed on, at once.
const CHUNK: usize = 64 * 1024;

type BytesStream = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;

/// Bytes to be sent: a file on disk, bytes in memory, or a stream. Nothing is read before it is sent, and a file
/// is never held in memory whole.
///
/// ```
/// use planewright_client::Upload;
///
/// let from_disk: Upload = "target/wordcount.jar".into();
/// let renamed = Upload::path("/tmp/tmp.3f2").file_name("wordcount.jar");
/// let in_memory = Upload::bytes("note.txt", "hello");
/// ```
pub struct Upload {
    file_name: Option<String>,
    content_type: Option<String>,
    source: Source,
}

enum Source {
    Path(PathBuf),
    Bytes(Bytes),
    Stream { stream: Option<BytesStream>, length: Option<u64> },
}

impl Upload {
    /// A file on disk. Its name is sent along; a retry opens it again.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Self { file_name, content_type: None, source: Source::Path(path) }
    }

    /// Bytes in memory, under a file name.
    #[must_use]
    pub fn bytes(file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { file_name: Some(file_name.into()), content_type: None, source: Source::Bytes(bytes.into()) }
    }

    /// A stream, under a file name, with its length in bytes if it is known. It can be sent only once, so the call
    /// is not retried after the stream was opened.
    #[must_use]
    pub fn stream<S, E>(file_name: impl Into<String>, stream: S, length: Option<u64>) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let stream: BytesStream = Box::pin(Boxed { stream: Box::pin(stream) });
        let source = Source::Stream { stream: Some(stream), length };
        Self { file_name: Some(file_name.into()), content_type: None, source }
    }

    /// Sends this file name instead.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Sends this content type instead of the one that the API declares.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    pub(crate) fn media_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Whether it may be sent again: a stream that was opened may not.
    pub(crate) fn is_repeatable(&self) -> bool {
        !matches!(self.source, Source::Stream { stream: None, .. })
    }

    pub(crate) async fn open(&mut self) -> Result<Opened, OpenError> {
        match &mut self.source {
            Source::Path(path) => {
                let failed = |source| OpenError { path: path.clone(), source };
                let file = File::open(&path).await.map_err(failed)?;
                let length = file.metadata().await.map_err(failed)?.len();
                let reader =
                    FileReader { file, path: path.clone(), remaining: length, buffer: BytesMut::new() };
                Ok(Opened { length: Some(length), piece: Piece::File(reader) })
            }
            Source::Bytes(bytes) => {
                Ok(Opened { length: Some(bytes.len() as u64), piece: Piece::Upload(bytes.clone()) })
            }
            Source::Stream { stream, length } => {
                let source = io::Error::other("this stream was sent before");
                let stream = stream.take().ok_or(OpenError { path: PathBuf::new(), source })?;
                Ok(Opened { length: *length, piece: Piece::Stream(stream) })
            }
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Path(path) => write!(out, "Upload({})", path.display()),
            Source::Bytes(bytes) => write!(out, "Upload({} bytes)", bytes.len()),
            Source::Stream { .. } => out.write_str("Upload(stream)"),
        }
    }
}

impl From<&str> for Upload {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for Upload {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for Upload {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Upload {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Upload {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

/// What is to be sent could not be opened.
#[derive(Debug)]
pub(crate) struct OpenError {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot read {}", self.path.display())
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Told how many bytes of the files were handed to the connection, and of how many, if that is known. A retry
/// starts again from zero.
#[derive(Clone)]
pub struct OnProgress(Arc<dyn Fn(u64, Option<u64>) + Send + Sync>);

impl OnProgress {
    /// Tells this function.
    pub fn new(tell: impl Fn(u64, Option<u64>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for OnProgress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OnProgress")
    }
}

pub(crate) struct Opened {
    pub(crate) length: Option<u64>,
    pub(crate) piece: Piece,
}

/// A part of a body. Only what comes from an [`Upload`] counts as progress.
pub(crate) enum Piece {
    Framing(Bytes),
    Upload(Bytes),
    File(FileReader),
    Stream(BytesStream),
}

/// A body made of pieces, sent one after the other.
pub(crate) struct PieceBody {
    pieces: VecDeque<Piece>,
    /// What is left, if known, framing included.
    remaining: Option<u64>,
    sent: u64,
    total: Option<u64>,
    on_progress: Option<OnProgress>,
}

impl PieceBody {
    pub(crate) fn new(
        pieces: VecDeque<Piece>,
        length: Option<u64>,
        upload_length: Option<u64>,
        on_progress: Option<OnProgress>,
    ) -> Self {
        Self { pieces, remaining: length, sent: 0, total: upload_length, on_progress }
    }

    fn hand_on(&mut self, bytes: Bytes, counts: bool) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.saturating_sub(bytes.len() as u64);
        }
        if counts {
            self.sent += bytes.len() as u64;
            if let Some(on_progress) = &self.on_progress {
                on_progress.0(self.sent, self.total);
            }
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Body for PieceBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            let next = match self.pieces.front_mut() {
                None => return Poll::Ready(None),
                Some(Piece::Framing(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.pieces.pop_front();
                    return self.hand_on(bytes, false);
                }
                Some(Piece::Upload(bytes)) => {
                    let chunk = bytes.split_to(bytes.len().min(CHUNK));
                    (!chunk.is_empty()).then_some(Ok(chunk))
                }
                Some(Piece::File(reader)) => ready!(reader.poll_chunk(context)),
                Some(Piece::Stream(stream)) => ready!(stream.as_mut().poll_next(context)),
            };
            match next {
                None => {
                    self.pieces.pop_front();
                }
                Some(Ok(chunk)) => return self.hand_on(chunk, true),
                Some(Err(error)) => {
                    self.pieces.clear();
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Reads as many bytes of a file as it had when it was opened.
pub(crate) struct FileReader {
    file: File,
    path: PathBuf,
    remaining: u64,
    buffer: BytesMut,
}

impl FileReader {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(self.remaining).map_or(CHUNK, |remaining| remaining.min(CHUNK));
        self.buffer.resize(wanted, 0);
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let result = ready!(Pin::new(&mut self.file).poll_read(context, &mut buffer));
        let filled = buffer.filled().len();
        let failed = |source| Box::new(OpenError { path: self.path.clone(), source }) as BoxError;
        if let Err(error) = result {
            return Poll::Ready(Some(Err(failed(error))));
        }
        if filled == 0 {
            let error =
                io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was sent");
            return Poll::Ready(Some(Err(failed(error))));
        }
        self.remaining -= filled as u64;
        self.buffer.truncate(filled);
        Poll::Ready(Some(Ok(self.buffer.split().freeze())))
    }
}

/// Boxes the errors of a stream.
struct Boxed<S> {
    stream: Pin<Box<S>>,
}

impl<S, E> Stream for Boxed<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BoxError>,
{
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(context).map(|item| item.map(|result| result.map_err(Into::into)))
    }
}
