use std::collections::VecDeque;
use std::fmt::Display;

use bytes::Bytes;
use http::HeaderValue;
use planewright_model::Json;
use planewright_model::parameter::header_list;

use crate::payload::OpenedForm;
use crate::random::random_hex;
use crate::upload::{OpenError, Opened, Piece, Upload};

/// A `multipart/form-data` body. Files in it are streamed.
#[derive(Debug)]
pub struct Form {
    boundary: String,
    parts: Vec<Part>,
    /// What can't be sent.
    pub(crate) problem: Option<String>,
}

#[derive(Debug)]
struct Part {
    name: String,
    /// Of the declaration; an upload may say otherwise.
    content_type: Option<String>,
    /// Names and values.
    headers: Vec<(String, String)>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    Upload(Upload),
}

impl Form {
    /// A form without parts.
    #[must_use]
    pub fn new() -> Self {
        Self { boundary: format!("planewright-{}", random_hex()), parts: Vec::new(), problem: None }
    }

    /// Adds a part that is a text.
    #[must_use]
    pub fn text(self, name: &str, value: impl ToString) -> Self {
        self.part(name, None, Content::Bytes(value.to_string().into()))
    }

    /// Adds a part with bytes of this media type.
    #[must_use]
    pub fn bytes(self, name: &str, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        self.part(name, Some(content_type), Content::Bytes(bytes.into()))
    }

    /// Adds a part that is JSON, under this media type.
    #[must_use]
    pub fn json<T: Json>(mut self, name: &str, content_type: &str, value: &T) -> Self {
        let mut bytes = Vec::new();
        if let Err(error) = value.write_json(&mut bytes) {
            self.problem = Some(format!("the part `{name}`: {error}"));
        }
        self.bytes(name, content_type, bytes)
    }

    /// Adds a part that is a file. The media type counts if the upload has none.
    #[must_use]
    pub fn file(self, name: &str, content_type: &str, upload: impl Into<Upload>) -> Self {
        self.part(name, Some(content_type), Content::Upload(upload.into()))
    }

    /// Gives the last part a header. One that would end its line makes the form unsendable.
    #[must_use]
    pub fn header(mut self, name: &str, value: &dyn Display) -> Self {
        let text = value.to_string();
        if name.is_empty()
            || name.contains(':')
            || name.chars().chain(text.chars()).any(|c| c.is_ascii_control())
        {
            self.problem = Some(format!("{text:?} can't stand in the header `{name}` of a part"));
        } else if let Some(part) = self.parts.last_mut() {
            part.headers.push((name.to_owned(), text));
        }
        self
    }

    /// Gives the last part a header that is a list, with commas.
    #[must_use]
    pub fn header_list<'a, T: Display + 'a>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = &'a T>,
    ) -> Self {
        match header_list(values) {
            Ok(text) => self.header(name, &text),
            Err(error) => {
                self.problem = Some(format!("the header `{name}` of a part: {error}"));
                self
            }
        }
    }

    fn part(mut self, name: &str, content_type: Option<&str>, content: Content) -> Self {
        self.parts.push(Part {
            name: name.into(),
            content_type: content_type.map(Into::into),
            headers: Vec::new(),
            content,
        });
        self
    }

    pub(crate) fn content_type(&self) -> HeaderValue {
        HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary))
            .unwrap_or(HeaderValue::from_static("multipart/form-data"))
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.parts.iter().all(|part| match &part.content {
            Content::Bytes(_) => true,
            Content::Upload(upload) => upload.is_repeatable(),
        })
    }

    pub(crate) async fn open(&mut self) -> Result<OpenedForm, OpenError> {
        let mut pieces = VecDeque::with_capacity(2 * self.parts.len() + 1);
        let mut upload_length = Some(0);
        let mut framing = 0;
        let mut separator = format!("--{}\r\n", self.boundary);
        for part in &mut self.parts {
            let mut head = std::mem::replace(&mut separator, format!("\r\n--{}\r\n", self.boundary));
            part.write_head(&mut head);
            match &mut part.content {
                Content::Bytes(bytes) => {
                    let mut head = head.into_bytes();
                    head.extend_from_slice(bytes);
                    framing += head.len() as u64;
                    pieces.push_back(Piece::Framing(head.into()));
                }
                Content::Upload(upload) => {
                    framing += head.len() as u64;
                    pieces.push_back(Piece::Framing(head.into()));
                    let Opened { length, piece } = upload.open().await?;
                    upload_length = upload_length.zip(length).map(|(sum, length)| sum + length);
                    pieces.push_back(piece);
                }
            }
        }
        let close = if self.parts.is_empty() { "--" } else { "\r\n--" };
        let end = format!("{close}{}--\r\n", self.boundary);
        framing += end.len() as u64;
        pieces.push_back(Piece::Framing(end.into()));
        Ok(OpenedForm { pieces, length: upload_length.map(|length| length + framing), upload_length })
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

impl Part {
    fn write_head(&self, head: &mut String) {
        head.push_str("Content-Disposition: form-data; name=\"");
        push_quoted(head, &self.name);
        let mut content_type = self.content_type.as_deref();
        if let Content::Upload(upload) = &self.content {
            head.push_str("\"; filename=\"");
            push_quoted(head, upload.name().unwrap_or("file"));
            content_type = upload.media_type().or(content_type);
        }
        head.push_str("\"\r\n");
        if let Some(content_type) = content_type {
            head.push_str("Content-Type: ");
            head.extend(content_type.chars().filter(|c| !c.is_control()));
            head.push_str("\r\n");
        }
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
    }
}

/// Names are quoted as browsers do it, so that no name can end the line it stands in.
fn push_quoted(head: &mut String, name: &str) {
    for character in name.chars() {
        match character {
            '"' => head.push_str("%22"),
            '\r' => head.push_str("%0D"),
            '\n' => head.push_str("%0A"),
            _ => head.push(character),
        }
    }
}
