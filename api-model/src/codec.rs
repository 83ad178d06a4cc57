use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::{Any, Map, Nullable};

/// A value that has a form in JSON.
///
/// The defaults go through serde. Servers and clients call nothing else, so a type may bring faster code of its own.
pub trait Json: Serialize + DeserializeOwned {
    /// Appends the value to `out`, without any space.
    ///
    /// # Errors
    /// If the value has no form in JSON. No generated type has such values. What was appended by then stays.
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        serde_json::to_writer(out, self).map_err(EncodeError)
    }

    /// Reads a value that fills `bytes` but for white space.
    ///
    /// # Errors
    /// If it is not UTF-8, not JSON, or not of this type. The error says where.
    fn read_json(bytes: &[u8]) -> Result<Self, DecodeError> {
        // One check of the whole text is cheaper than the reader's check of each string.
        let text = std::str::from_utf8(bytes).map_err(|error| DecodeError {
            path: String::new(),
            message: "the text is not UTF-8".to_owned(),
            offset: Some(error.valid_up_to()),
            syntax: true,
        })?;
        serde_json::from_str(text).map_err(|_| explain::<Self>(text))
    }
}

/// Reads the text again, this time remembering the way: only those who fail pay for it.
#[cold]
fn explain<T: DeserializeOwned>(text: &str) -> DecodeError {
    let mut reader = serde_json::Deserializer::from_str(text);
    let (path, error) = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => (pointer(error.path()), error.into_inner()),
        Ok(_) => match reader.end() {
            Err(error) => (String::new(), error),
            Ok(()) => unreachable_success(),
        },
    };
    let message = error.to_string();
    // The place is told by path and offset; `at line 1 column 17` helps nobody in a body without line breaks.
    let message = match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    };
    DecodeError {
        path,
        message,
        offset: offset(text, error.line(), error.column()),
        syntax: !error.is_data(),
    }
}

/// A `Deserialize` that fails once and then succeeds on the same text.
fn unreachable_success() -> (String, serde_json::Error) {
    (String::new(), serde::de::Error::custom("the value was refused"))
}

fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    Some((start + column.saturating_sub(1)).min(text.len()))
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            // Variants of a union leave no trace on the wire.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
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

/// A value that has no form in JSON.
#[derive(Debug)]
pub struct EncodeError(serde_json::Error);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value has no form in JSON")
    }
}

impl std::error::Error for EncodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

macro_rules! json {
    ($($ty:ty),*) => { $(impl Json for $ty {})* };
}

json!((), bool, i32, i64, u32, u64, f32, f64, String, Any);

impl<T: Json> Json for Vec<T> {}
impl<T: Json> Json for Option<T> {}
impl<T: Json> Json for Box<T> {}
impl<T: Json> Json for Nullable<T> {}
impl<T: Json> Json for Map<T> {}
