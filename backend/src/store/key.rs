use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names a value in a [`Store`](super::Store): 1 to 1024 bytes of text without the NUL character.
///
/// Keys compare byte by byte. By custom they are paths, `kind/namespace/name`, so that a
/// [prefix](KeyRange::prefix) is a collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(Arc<str>);

/// A text can't be a [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyError {
    /// The text has no characters.
    #[error("key is empty")]
    Empty,
    /// The text is longer than [`Key::MAX_BYTES`].
    #[error("key is longer than {} bytes", Key::MAX_BYTES)]
    TooLong,
    /// The text contains the NUL character, which [`KeyRange`] needs as a bound below all others.
    #[error("key contains a NUL character")]
    Nul,
}

impl Key {
    /// The greatest length of a key in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// The key with this text.
    ///
    /// # Errors
    ///
    /// When the text breaks one of the rules of the type.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidKeyError> {
        let text = text.as_ref();
        if text.is_empty() {
            Err(InvalidKeyError::Empty)
        } else if text.len() > Self::MAX_BYTES {
            Err(InvalidKeyError::TooLong)
        } else if text.contains('\0') {
            Err(InvalidKeyError::Nul)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// The text of the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Key {
    type Err = InvalidKeyError;

    fn from_str(text: &str) -> Result<Self, InvalidKeyError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Key {
    type Error = InvalidKeyError;

    fn try_from(text: String) -> Result<Self, InvalidKeyError> {
        Self::new(text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.as_str().to_owned()
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// A stretch of keys: from `start`, which belongs to it, up to `end`, which does not.
///
/// Bounds are texts, not keys: they may be empty or contain NUL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    start: String,
    end: Option<String>,
}

impl KeyRange {
    /// All keys.
    pub fn all() -> Self {
        Self { start: String::new(), end: None }
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: impl Into<String>) -> Self {
        let start = prefix.into();
        let end = successor_of_prefix(&start);
        Self { start, end }
    }

    /// One key alone.
    pub fn only(key: &Key) -> Self {
        Self { start: key.as_str().to_owned(), end: Some(format!("{key}\0")) }
    }

    /// The keys from `start`, included, to `end`, excluded.
    pub fn between(start: impl Into<String>, end: impl Into<String>) -> Self {
        Self { start: start.into(), end: Some(end.into()) }
    }

    /// The part of this range that comes after `key`.
    pub fn after(mut self, key: &Key) -> Self {
        let start = format!("{key}\0");
        if start > self.start {
            self.start = start;
        }
        self
    }

    /// The least text that belongs to the range.
    pub fn start(&self) -> &str {
        &self.start
    }

    /// The least text beyond the range; `None` when it has no end.
    pub fn end(&self) -> Option<&str> {
        self.end.as_deref()
    }

    /// Whether no key can be in this range.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    /// Whether the key lies in the range.
    pub fn contains(&self, key: &Key) -> bool {
        key.as_str() >= self.start.as_str() && self.end.as_deref().is_none_or(|end| key.as_str() < end)
    }
}

/// The least text greater than everything that begins with `prefix`.
///
/// UTF-8 sorts like its code points, so the last character that can grow is replaced by the one after it.
fn successor_of_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> impl Strategy<Value = Key> {
        // A few characters around the awkward places of UTF-8, so that prefixes are often shared.
        proptest::collection::vec(
            prop::sample::select(vec![
                'a',
                'b',
                '/',
                '\u{1}',
                '\u{7f}',
                '\u{d7ff}',
                '\u{e000}',
                '\u{10ffff}',
            ]),
            1..6,
        )
        .prop_map(|chars| Key::new(chars.into_iter().collect::<String>()).unwrap())
    }

    proptest! {
        #[test]
        fn a_prefix_holds_what_begins_with_it(prefix in keys(), key in keys()) {
            let range = KeyRange::prefix(prefix.as_str());
            prop_assert_eq!(range.contains(&key), key.as_str().starts_with(prefix.as_str()));
        }

        #[test]
        fn after_holds_what_is_greater(pivot in keys(), key in keys()) {
            prop_assert_eq!(KeyRange::all().after(&pivot).contains(&key), key > pivot);
        }

        #[test]
        fn only_holds_one_key(key in keys(), other in keys()) {
            prop_assert!(KeyRange::only(&key).contains(&key));
            prop_assert_eq!(KeyRange::only(&key).contains(&other), key == other);
        }
    }

    #[test]
    fn the_rules_of_keys_are_enforced() {
        assert_eq!(Key::new(""), Err(InvalidKeyError::Empty));
        assert_eq!(Key::new("a\0b"), Err(InvalidKeyError::Nul));
        assert_eq!(Key::new("x".repeat(1025)), Err(InvalidKeyError::TooLong));
        assert!(Key::new("x".repeat(1024)).is_ok());
    }

    #[test]
    fn an_inverted_range_is_empty() {
        assert!(KeyRange::between("b", "a").is_empty());
        assert!(!KeyRange::between("a", "b").is_empty());
        assert!(!KeyRange::all().is_empty());
    }
}
