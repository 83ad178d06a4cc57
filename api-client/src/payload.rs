use std::collections::VecDeque;

use bytes::Bytes;
use http::HeaderValue;

use crate::body::ClientBody;
use crate::form::Form;
use crate::upload::{OnProgress, OpenError, Opened, Piece, PieceBody, Upload};

/// What a call sends as its body, so that each attempt can send it anew.
#[derive(Default)]
pub(crate) struct Payload {
    source: Source,
    on_progress: Option<OnProgress>,
}

#[derive(Default)]
enum Source {
    #[default]
    Empty,
    Bytes(HeaderValue, Bytes),
    Upload(HeaderValue, Upload),
    Form(Form),
}

impl Payload {
    pub(crate) fn bytes(content_type: HeaderValue, bytes: impl Into<Bytes>) -> Self {
        Self { source: Source::Bytes(content_type, bytes.into()), on_progress: None }
    }

    pub(crate) fn upload(content_type: HeaderValue, upload: Upload, on_progress: Option<OnProgress>) -> Self {
        Self { source: Source::Upload(content_type, upload), on_progress }
    }

    pub(crate) fn form(form: Form, on_progress: Option<OnProgress>) -> Self {
        Self { source: Source::Form(form), on_progress }
    }

    /// The value of `Content-Type`.
    pub(crate) fn content_type(&self) -> Option<HeaderValue> {
        match &self.source {
            Source::Empty => None,
            Source::Bytes(content_type, _) => Some(content_type.clone()),
            Source::Upload(content_type, upload) => {
                let given = upload.media_type().and_then(|media_type| HeaderValue::from_str(media_type).ok());
                Some(given.unwrap_or_else(|| content_type.clone()))
            }
            Source::Form(form) => Some(form.content_type()),
        }
    }

    /// Whether the next [`open`](Self::open) can succeed.
    pub(crate) fn is_repeatable(&self) -> bool {
        match &self.source {
            Source::Empty | Source::Bytes(..) => true,
            Source::Upload(_, upload) => upload.is_repeatable(),
            Source::Form(form) => form.is_repeatable(),
        }
    }

    /// Whether it is streamed, so that its size says nothing about how long the call may take.
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(self.source, Source::Upload(..) | Source::Form(_))
    }

    /// The body for one attempt.
    pub(crate) async fn open(&mut self) -> Result<ClientBody, OpenError> {
        match &mut self.source {
            Source::Empty => Ok(ClientBody::empty()),
            Source::Bytes(_, bytes) => Ok(ClientBody::full(bytes.clone())),
            Source::Upload(_, upload) => {
                let Opened { length, piece } = upload.open().await?;
                let pieces = VecDeque::from([piece]);
                Ok(ClientBody::stream(PieceBody::new(pieces, length, length, self.on_progress.clone())))
            }
            Source::Form(form) => {
                let opened = form.open().await?;
                let on_progress = self.on_progress.clone();
                Ok(ClientBody::stream(PieceBody::new(
                    opened.pieces,
                    opened.length,
                    opened.upload_length,
                    on_progress,
                )))
            }
        }
    }
}

/// An opened form.
pub(crate) struct OpenedForm {
    pub(crate) pieces: VecDeque<Piece>,
    pub(crate) length: Option<u64>,
    pub(crate) upload_length: Option<u64>,
}
