//! JSON in and out: what generated types are made with.
//!
//! A text is read once into a flat list of its values, a *tape*; types then look at the values as often as they need to.
//! So a union can try its alternatives, a discriminator may come last, and numbers keep their digits, at no more than one
//! pass over the text. Nothing is derived: a type says what its members are called in [`Json::read`] and [`Json::write`].

mod bridge;
mod decimal;
mod node;
mod number;
mod object;
mod parse;
mod refusal;
mod tape;
#[cfg(test)]
mod tests;
mod tuple;
mod untyped;
mod values;
mod write;

use std::fmt;

#[doc(hidden)]
pub use bridge::{deserialize, read_by_serde, serialize, write_by_serde};
pub use decimal::Decimal;
pub use node::{Alternative, Fit, Items, Node};
pub use object::Object;
pub use refusal::Refusal;
pub use tuple::{AtLeast, Elements};
pub(crate) use untyped::Untyped;
pub use write::{Members, Writer};

use node::Mode;
use tape::Tape;

use crate::Any;

/// A value that has a form in JSON.
///
/// Generated types implement it; [`json_by_serde!`](crate::json_by_serde) does it for a type of yours that serde knows.
pub trait Json: Sized {
    /// Reads the value that stands at `node`.
    ///
    /// # Errors
    /// If it is not of this type. The refusal says where.
    fn read(node: Node<'_>) -> Result<Self, Refusal>;

    /// Writes the value.
    fn write(&self, out: &mut Writer<'_>);

    /// Appends the value to `out`, without any space.
    ///
    /// # Errors
    /// If the value has no form in JSON, such as a number that is infinite. What was appended by then stays.
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut writer = Writer::new(out);
        self.write(&mut writer);
        writer.fault().map_or(Ok(()), |message| Err(EncodeError(message)))
    }

    /// Reads a value that fills `bytes` but for white space, and takes what can be understood: members that the type
    /// doesn't know are passed over, null is taken for absence, unlisted values of enumerations survive. For clients.
    ///
    /// # Errors
    /// If it is not UTF-8, not JSON, or not of this type. The error says where.
    fn read_json(bytes: &[u8]) -> Result<Self, DecodeError> {
        read(bytes, Mode::Lenient)
    }

    /// Reads a value as [`read_json`](Self::read_json) does, and refuses what the document forbids about its shape:
    /// members where there may be no others, null where it isn't listed, values that fit several alternatives where
    /// exactly one should. For servers, together with [`Validate`](crate::Validate).
    ///
    /// # Errors
    /// Those of `read_json`, and what is forbidden.
    fn read_json_strict(bytes: &[u8]) -> Result<Self, DecodeError> {
        read(bytes, Mode::Strict)
    }

    /// The value as any JSON value.
    ///
    /// # Errors
    /// Those of [`write_json`](Self::write_json).
    fn to_any(&self) -> Result<Any, EncodeError> {
        let mut text = Vec::new();
        self.write_json(&mut text)?;
        Any::read_json(&text).map_err(|_| EncodeError("the value's own serializer writes what isn't JSON"))
    }

    /// The value in `any`, read as by [`read_json_strict`](Self::read_json_strict).
    ///
    /// # Errors
    /// Those of `read_json_strict`.
    fn from_any(any: &Any) -> Result<Self, DecodeError> {
        let tape =
            bridge::tape_of(any).map_err(|error| DecodeError::from(Refusal::new(error.to_string())))?;
        Ok(Self::read(Node::root(&tape, Mode::Strict))?)
    }
}

fn read<T: Json>(bytes: &[u8], mode: Mode) -> Result<T, DecodeError> {
    let tape = parsed(bytes)?;
    Ok(T::read(Node::root(&tape, mode))?)
}

fn parsed(bytes: &[u8]) -> Result<Tape<'_>, Refusal> {
    // One check of the whole text is cheaper than a check of each string.
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Refusal::syntax("the text is not UTF-8", error.valid_up_to()))?;
    parse::parse(text)
}

/// A text by which equal values, and only those, are equal; `None` if the value has no form in JSON.
pub(crate) fn canonical<T: Json>(value: &T) -> Option<String> {
    let mut text = Vec::new();
    value.write_json(&mut text).ok()?;
    let tape = parsed(&text).ok()?;
    let mut canonical = String::new();
    Node::root(&tape, Mode::Lenient).canonical(&mut canonical);
    Some(canonical)
}

/// A text that is not JSON, or not of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    path: String,
    message: String,
    offset: Option<usize>,
    syntax: bool,
}

impl DecodeError {
    /// A text that isn't of the form that it should have.
    pub(crate) fn malformed(message: &str, offset: Option<usize>) -> Self {
        Self { path: String::new(), message: message.to_owned(), offset, syntax: true }
    }

    /// JSON pointer of the value that can't be read; empty for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How many bytes before the fault, if that is known.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// Whether the text isn't even JSON; otherwise it is JSON of another type.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        self.syntax
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A value that has no form in JSON, or in the media type that it is to be sent in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError(&'static str);

impl EncodeError {
    pub(crate) fn new(message: &'static str) -> Self {
        Self(message)
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value can't be written: {}", self.0)
    }
}

impl std::error::Error for EncodeError {}
