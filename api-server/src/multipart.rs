//! `multipart/form-data` (RFC 7578), pulled part by part. Files go through in the pieces in which they arrive and
//! are never held whole: what the reader doesn't take, the client doesn't send.

use std::borrow::Cow;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;
use planewright_model::parameter::{Case, ParameterError, read_header, read_header_list};
use planewright_model::{Json, Scalar};

use crate::body::{BodyStream, RequestBody};
use crate::rejection::BodyRejection;

/// A multipart body.
#[derive(Debug)]
pub struct Multipart(Box<Reader>);

/// In a box, because it is large and moves with the request that holds it.
#[derive(Debug)]
struct Reader {
    body: BodyStream,
    buffer: BytesMut,
    /// Line break, two hyphens and the boundary.
    delimiter: Finder<'static>,
    state: State,
    text_limit: u64,
}

/// A part of a multipart body. Borrows the body: one part at a time; what is left of it is skipped by the next.
#[derive(Debug)]
pub struct Part<'m> {
    multipart: &'m mut Reader,
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    /// The other headers.
    headers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a delimiter: in the preamble or in a part's content.
    Content,
    /// The buffer begins with a delimiter.
    Delimiter,
    /// After the last delimiter.
    End,
}

/// Header fields of a part are a few dozen bytes; RFC 7578 sets no limit, so we do.
const HEADER_LIMIT: usize = 16 << 10;

impl Multipart {
    /// Reads a body whose `Content-Type` is `content_type`. Parts that are read as text or JSON may have
    /// `text_limit` bytes.
    ///
    /// # Errors
    /// `MediaType` if it isn't `multipart/form-data`, `Multipart` if there is no boundary.
    pub fn new<B: RequestBody>(
        content_type: Option<&str>,
        body: B,
        text_limit: u64,
    ) -> Result<Self, BodyRejection> {
        Self::of_stream(content_type, BodyStream::new(body), text_limit)
    }

    pub(crate) fn of_stream(
        content_type: Option<&str>,
        body: BodyStream,
        text_limit: u64,
    ) -> Result<Self, BodyRejection> {
        let expected = BodyRejection::MediaType { expected: Cow::Borrowed("multipart/form-data") };
        let Some((media_type, parameters)) = content_type.and_then(|text| text.split_once(';')) else {
            return Err(match content_type {
                Some(text) if is_form_data(text) => BodyRejection::Multipart("there is no boundary"),
                _ => expected,
            });
        };
        if !is_form_data(media_type) {
            return Err(expected);
        }
        let boundary = parameter(parameters, "boundary")
            .filter(|boundary| (1..=70).contains(&boundary.len()))
            .ok_or(BodyRejection::Multipart("there is no boundary of 1 to 70 characters"))?;
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        Ok(Self(Box::new(Reader {
            body,
            // The first delimiter needs no line break before it; with one it is like the others.
            buffer: BytesMut::from(&b"\r\n"[..]),
            delimiter: Finder::new(&delimiter).into_owned(),
            state: State::Content,
            text_limit,
        })))
    }

    /// The next part, or `None` after the last.
    ///
    /// # Errors
    /// `Multipart` if the body isn't well-formed, `Interrupted` if it ends early.
    pub async fn next_part(&mut self) -> Result<Option<Part<'_>>, BodyRejection> {
        self.0.next_part().await
    }
}

impl Reader {
    async fn next_part(&mut self) -> Result<Option<Part<'_>>, BodyRejection> {
        while self.state == State::Content {
            self.content().await?;
        }
        if self.state == State::End {
            return Ok(None);
        }
        self.buffer.advance(self.delimiter.needle().len());
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        if self.buffer.starts_with(b"--") {
            self.state = State::End;
            self.buffer.clear();
            // What follows has no meaning, but the connection can't be used again before it is read.
            while self.body.chunk().await?.is_some() {}
            return Ok(None);
        }
        let headers = self.headers().await?;
        self.state = State::Content;
        let headers = String::from_utf8_lossy(&headers);
        let mut part = Part {
            multipart: self,
            name: String::new(),
            file_name: None,
            content_type: None,
            headers: Vec::new(),
        };
        for line in headers.split("\r\n") {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-type") {
                part.content_type = Some(value.to_owned());
            } else if name.eq_ignore_ascii_case("content-disposition") {
                part.name = parameter(value, "name").map(Cow::into_owned).unwrap_or_default();
                part.file_name = file_name(value);
            } else {
                part.headers.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(Some(part))
    }

    /// Takes the lines from the end of the delimiter to the empty line.
    async fn headers(&mut self) -> Result<Bytes, BodyRejection> {
        loop {
            // Transport padding may stand between the boundary and its line break (RFC 2046, 5.1.1).
            while matches!(self.buffer.first(), Some(b' ' | b'\t')) {
                self.buffer.advance(1);
            }
            if self.buffer.len() >= 2 && !self.buffer.starts_with(b"\r\n") {
                return Err(BodyRejection::Multipart("a boundary isn't followed by a line break"));
            }
            if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                let headers = self.buffer.split_to(end).freeze();
                self.buffer.advance(4);
                return Ok(headers);
            }
            if self.buffer.len() > HEADER_LIMIT {
                return Err(BodyRejection::Multipart("the header of a part is too long"));
            }
            self.fill().await?;
        }
    }

    /// Content up to the next delimiter, as far as it has arrived.
    async fn content(&mut self) -> Result<Option<Bytes>, BodyRejection> {
        if self.state != State::Content {
            return Ok(None);
        }
        loop {
            if let Some(at) = self.delimiter.find(&self.buffer) {
                if at == 0 {
                    self.state = State::Delimiter;
                    return Ok(None);
                }
                return Ok(Some(self.buffer.split_to(at).freeze()));
            }
            // The end of the buffer may be the beginning of a delimiter.
            let kept = self.delimiter.needle().len() - 1;
            if self.buffer.len() > kept {
                let certain = self.buffer.len() - kept;
                return Ok(Some(self.buffer.split_to(certain).freeze()));
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), BodyRejection> {
        match self.body.chunk().await? {
            Some(chunk) => {
                self.buffer.extend_from_slice(&chunk);
                Ok(())
            }
            None => Err(BodyRejection::Multipart("the last boundary is missing")),
        }
    }
}

impl Part<'_> {
    /// Its name; empty if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the file on the client's side, without folders: some clients send whole paths.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// Its media type, if declared.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Another header of it; of several, the first.
    ///
    /// # Errors
    /// `Part` if it isn't a text of its type.
    pub fn header<T: Scalar>(&self, name: &str) -> Result<Option<T>, BodyRejection> {
        let Some(text) = self.lines(name).next() else { return Ok(None) };
        read_header(text, Case::Sensitive).map(Some).map_err(|error| self.bad_header(name, &error))
    }

    /// Another header of it that is a list, over all its lines.
    ///
    /// # Errors
    /// `Part` if an item isn't a text of its type.
    pub fn header_list<T: Scalar>(&self, name: &str) -> Result<Option<Vec<T>>, BodyRejection> {
        let mut items = None;
        for text in self.lines(name) {
            let line = read_header_list(text, Case::Sensitive);
            let line = line.map_err(|error| self.bad_header(name, &error))?;
            items.get_or_insert_with(Vec::new).extend(line);
        }
        Ok(items)
    }

    /// The value of a header that must be there.
    ///
    /// # Errors
    /// `Part` if it isn't.
    pub fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, BodyRejection> {
        let missing =
            || BodyRejection::Part { name: self.name.clone(), reason: format!("has no header `{name}`") };
        value.ok_or_else(missing)
    }

    fn lines<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        let named = move |(one, _): &&(String, String)| one.eq_ignore_ascii_case(name);
        self.headers.iter().filter(named).map(|(_, text)| text.as_str())
    }

    fn bad_header(&self, name: &str, error: &ParameterError) -> BodyRejection {
        BodyRejection::Part { name: self.name.clone(), reason: format!("has a header `{name}`: {error}") }
    }

    /// The next bytes, or `None` at the end.
    ///
    /// # Errors
    /// `Multipart` if the body isn't well-formed, `Interrupted` if it ends early.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyRejection> {
        self.multipart.content().await
    }

    /// All of it, if that isn't more than `limit` bytes.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and `TooLarge`.
    pub async fn bytes(&mut self, limit: u64) -> Result<Bytes, BodyRejection> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if (whole.len() + chunk.len()) as u64 > limit {
                return Err(BodyRejection::TooLarge { limit });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// All of it as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and `Encoding`.
    pub async fn text(&mut self) -> Result<String, BodyRejection> {
        let limit = self.multipart.text_limit;
        String::from_utf8(self.bytes(limit).await?.into()).map_err(|_| BodyRejection::Encoding)
    }

    /// All of it as a value that has a text.
    ///
    /// # Errors
    /// As [`text`](Self::text), and `Part` if it isn't a text of its type.
    pub async fn scalar<T: Scalar>(&mut self) -> Result<T, BodyRejection> {
        let text = self.text().await?;
        text.parse().map_err(|reason: T::Err| BodyRejection::Part {
            name: self.name.clone(),
            reason: format!("can't be `{text}`: {reason}"),
        })
    }

    /// All of it as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and `Malformed`.
    pub async fn json<T: Json>(&mut self) -> Result<T, BodyRejection> {
        let limit = self.multipart.text_limit;
        T::read_json_strict(&self.bytes(limit).await?).map_err(BodyRejection::Malformed)
    }
}

/// Which of the parts that a body must have haven't come yet.
#[derive(Debug)]
pub struct MissingParts<const N: usize>([Option<&'static str>; N]);

impl<const N: usize> MissingParts<N> {
    /// These haven't come; unless `require`, that doesn't matter.
    #[must_use]
    pub fn new(names: [&'static str; N], require: bool) -> Self {
        Self(names.map(|name| require.then_some(name)))
    }

    /// The part at this place has come.
    pub fn found(&mut self, index: usize) {
        if let Some(name) = self.0.get_mut(index) {
            *name = None;
        }
    }

    /// Refuses the body if a part is missing.
    ///
    /// # Errors
    /// For the first that is missing.
    pub fn check(&self) -> Result<(), BodyRejection> {
        match self.0.iter().flatten().next() {
            Some(name) => Err(BodyRejection::MissingPart(name)),
            None => Ok(()),
        }
    }
}

fn is_form_data(media_type: &str) -> bool {
    media_type.trim().eq_ignore_ascii_case("multipart/form-data")
}

fn file_name(disposition: &str) -> Option<String> {
    let name = match parameter(disposition, "filename*") {
        Some(extended) => extended_value(&extended)?,
        None => parameter(disposition, "filename")?.into_owned(),
    };
    Some(name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
}

/// RFC 8187: `UTF-8''na%C3%AFve.jar`.
fn extended_value(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    charset.eq_ignore_ascii_case("utf-8").then_some(())?;
    Some(percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?.into_owned())
}

/// The value of a parameter such as `boundary=x` or `name="a b"`; backslashes escape quotes.
fn parameter<'t>(text: &'t str, wanted: &str) -> Option<Cow<'t, str>> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let end = rest.find(['=', ';'])?;
        let name = rest[..end].trim();
        if rest[end..].starts_with(';') {
            rest = &rest[end..];
            continue;
        }
        rest = rest[end + 1..].trim_start();
        let value = if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = unquote(quoted);
            rest = after;
            value
        } else {
            let end = rest.find(';').unwrap_or(rest.len());
            let value = rest[..end].trim_end();
            rest = &rest[end..];
            Cow::Borrowed(value)
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
    }
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &str) -> (Cow<'_, str>, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (Cow::Owned(value), &text[at + 1..]),
            // Browsers send Windows paths without doubling their backslashes: only quotes are escaped.
            '\\' if text[at + 1..].starts_with(['"', '\\']) => {
                value.extend(chars.next().map(|(_, escaped)| escaped));
            }
            _ => value.push(char),
        }
    }
    (Cow::Owned(value), "")
}
