use std::fmt;

/// A JSON pointer (RFC 6901): the way from the root of a file to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    /// Reads the text form, such as `/paths/~1jobs`. `None` if it is neither empty nor begins with a slash.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let tokens = text.strip_prefix('/')?.split('/').map(unescape).collect();
        Some(Self { tokens })
    }

    /// Reads the fragment of a reference, such as `/paths/~1jobs~1%7Bid%7D`: percent-decoded, then as
    /// [`Pointer::parse`]. `None` also if the bytes aren't UTF-8.
    #[must_use]
    pub fn parse_fragment(text: &str) -> Option<Self> {
        Self::parse(&percent_decode(text)?)
    }

    /// The way through these members.
    #[must_use]
    pub fn of(tokens: &[&str]) -> Self {
        Self { tokens: tokens.iter().map(|token| (*token).to_owned()).collect() }
    }

    /// The members on the way.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// This way, and then the other.
    #[must_use]
    pub(super) fn then(mut self, other: &Self) -> Self {
        self.tokens.extend(other.tokens.iter().cloned());
        self
    }

    pub(super) fn pop(&mut self) {
        self.tokens.pop();
    }

    pub(super) fn push(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            write!(formatter, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Decodes `%7B` and its like; what isn't such a triple stays. `None` if the result isn't UTF-8.
#[must_use]
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let hex = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let triple = match (byte, bytes.get(at + 1), bytes.get(at + 2)) {
            (b'%', Some(&high), Some(&low)) => hex(high).zip(hex(low)),
            _ => None,
        };
        decoded.push(triple.map_or(byte, |(high, low)| high << 4 | low));
        at += if triple.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::{Pointer, percent_decode};

    #[test]
    fn decodes_percent_before_tilde() {
        let pointer = Pointer::parse_fragment("/paths/~1jobs~1%7Bid%7D/a~01").unwrap();
        assert_eq!(pointer.tokens(), ["paths", "/jobs/{id}", "a~1"]);
        assert_eq!(pointer.to_string(), "/paths/~1jobs~1{id}/a~01");
        assert_eq!(Pointer::parse("paths"), None);
        assert_eq!(percent_decode("100%"), Some("100%".to_owned()));
        assert_eq!(percent_decode("%ff"), None);
    }
}
