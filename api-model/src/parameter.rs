//! How parameters become text and back: one codec for each place, used by clients and servers alike.
//!
//! | Place | Style | List of 3, 4 | Writer | Reader |
//! |---|---|---|---|---|
//! | path | `simple` | `3,4` | [`push_path`], [`push_path_list`] | [`read_path`], [`read_path_list`] |
//! | query | `form` | `id=3&id=4` (explode) or `id=3,4` | [`QueryWriter`] | [`Query`] |
//! | header | `simple` | `3,4` | [`header_list`] | [`read_header`], [`read_header_list`] |
//!
//! A writer escapes every character that isn't unreserved (RFC 3986 §2.3), so a comma inside an element can be told from
//! one between two elements. Headers have no escapes: their text is UTF-8 as it stands, and an element with a comma can't
//! be sent in a list there.
//!
//! These are for scalars and lists of them in the usual styles. [`Styled`] has the rest: objects, values in other
//! styles, and values that are JSON.

mod form;
mod styled;

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use form::{read_form, read_form_strict, write_form};
pub use styled::{Members, Style, Styled, nothing};

/// A value that has a text of its own, so that it can be a parameter.
pub trait Scalar: FromStr<Err: Display> + Display {
    /// Reads the text; enumerations pass over the case of ASCII letters.
    ///
    /// # Errors
    /// As `FromStr`.
    fn parse_ignoring_case(text: &str) -> Result<Self, Self::Err> {
        text.parse()
    }
}

macro_rules! scalars {
    ($($ty:ty),*) => { $(impl Scalar for $ty {})* };
}

scalars!(i32, i64, u32, u64, f64, String);

impl Scalar for bool {
    fn parse_ignoring_case(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("true") { Ok(true) } else { text.to_ascii_lowercase().parse() }
    }
}

/// Whether the case of ASCII letters matters in enumerations and booleans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// It does.
    #[default]
    Sensitive,
    /// It doesn't.
    Ignored,
}

/// A parameter's text that can't be read, or a value that can't be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterError {
    /// A percent sign without two hexadecimal digits, or octets that aren't UTF-8.
    Encoding,
    /// A text that its type doesn't have.
    Value {
        /// The text, decoded.
        text: String,
        /// What its type says about it.
        reason: String,
    },
    /// A value that has no text in this style.
    Unwritable {
        /// Why it hasn't.
        reason: String,
    },
}

impl Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding => f.write_str("bad percent-encoding"),
            Self::Value { text, reason } => write!(f, "can't read `{text}`: {reason}"),
            Self::Unwritable { reason } => write!(f, "the value can't be written: {reason}"),
        }
    }
}

impl std::error::Error for ParameterError {}

/// RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a query parameter with `allowReserved` escapes as well: what would end it there, and what readers of forms take for
/// something else.
const IN_QUERY: &AsciiSet = &RESERVED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// As [`IN_QUERY`], for an element of a list, which a comma would end.
const IN_LIST: &AsciiSet = &IN_QUERY.add(b',');

/// Appends a list as a query parameter with `allowReserved`.
pub fn push_reserved_list<'a, T: Display + 'a>(out: &mut String, values: impl IntoIterator<Item = &'a T>) {
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.extend(utf8_percent_encode(&value.to_string(), IN_LIST));
    }
}

/// Appends a query parameter with `allowReserved`: reserved characters stay as they are, where they can.
pub fn push_reserved(out: &mut String, value: &impl Display) {
    out.extend(utf8_percent_encode(&value.to_string(), IN_QUERY));
}

fn push_escaped(out: &mut String, value: &impl Display) {
    out.extend(utf8_percent_encode(&value.to_string(), RESERVED));
}

/// Appends a path parameter.
pub fn push_path(out: &mut String, value: &impl Display) {
    push_escaped(out, value);
}

/// Appends a list as a path parameter.
pub fn push_path_list<'a, T: Display + 'a>(out: &mut String, values: impl IntoIterator<Item = &'a T>) {
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_escaped(out, value);
    }
}

/// Reads a path parameter as it stands between two slashes.
///
/// # Errors
/// If it isn't a text of `T`.
pub fn read_path<T: Scalar>(raw: &str, case: Case) -> Result<T, ParameterError> {
    parse(&decode(raw, false)?, case)
}

/// Reads a list as it stands between two slashes.
///
/// # Errors
/// If an element isn't a text of `T`.
pub fn read_path_list<T: Scalar>(raw: &str, case: Case) -> Result<Vec<T>, ParameterError> {
    elements(raw).map(|element| parse(&decode(element, false)?, case)).collect()
}

/// Reads a header.
///
/// # Errors
/// If it isn't a text of `T`.
pub fn read_header<T: Scalar>(text: &str, case: Case) -> Result<T, ParameterError> {
    parse(text, case)
}

/// Reads a header that is a list.
///
/// # Errors
/// If an element isn't a text of `T`.
pub fn read_header_list<T: Scalar>(text: &str, case: Case) -> Result<Vec<T>, ParameterError> {
    elements(text).map(|element| parse(element.trim_matches(SPACE), case)).collect()
}

/// A list as a header's value.
///
/// # Errors
/// If an element has a comma: headers have no escapes.
pub fn header_list<'a, T: Display + 'a>(
    values: impl IntoIterator<Item = &'a T>,
) -> Result<String, ParameterError> {
    let mut out = String::new();
    for (index, value) in values.into_iter().enumerate() {
        let text = value.to_string();
        if text.contains(',') {
            return Err(ParameterError::Unwritable { reason: format!("`{text}` has a separator") });
        }
        if index > 0 {
            out.push(',');
        }
        out.push_str(&text);
    }
    Ok(out)
}

/// The text of a header: UTF-8, as both ends write it; no other encoding is guessed.
///
/// # Errors
/// If the octets aren't UTF-8.
pub fn header_text(octets: &[u8]) -> Result<&str, ParameterError> {
    std::str::from_utf8(octets).map_err(|_| ParameterError::Encoding)
}

/// What may stand around the elements of a header's list (RFC 9110 §5.6.3).
const SPACE: [char; 2] = [' ', '\t'];

/// The elements of a list; an empty text is the empty list.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(move |_| !text.is_empty())
}

fn parse<T: Scalar>(text: &str, case: Case) -> Result<T, ParameterError> {
    let value = match case {
        Case::Sensitive => text.parse(),
        Case::Ignored => T::parse_ignoring_case(text),
    };
    value
        .map_err(|reason: T::Err| ParameterError::Value { text: text.to_owned(), reason: reason.to_string() })
}

/// Undoes percent-encoding; in queries a plus sign is a space.
///
/// # Errors
/// If a percent sign isn't followed by two hexadecimal digits, or the octets aren't UTF-8.
pub fn decode(raw: &str, query: bool) -> Result<Cow<'_, str>, ParameterError> {
    if !raw.bytes().any(|byte| byte == b'%' || (query && byte == b'+')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut octets = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'%' => {
                let high = bytes.next().and_then(hexadecimal).ok_or(ParameterError::Encoding)?;
                let low = bytes.next().and_then(hexadecimal).ok_or(ParameterError::Encoding)?;
                high << 4 | low
            }
            b'+' if query => b' ',
            _ => byte,
        });
    }
    String::from_utf8(octets).map(Cow::Owned).map_err(|_| ParameterError::Encoding)
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Writes a query: everything behind the question mark.
#[derive(Clone, Debug, Default)]
pub struct QueryWriter {
    text: String,
}

impl QueryWriter {
    /// An empty query.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn name(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend(utf8_percent_encode(name, RESERVED));
        self.text.push('=');
    }

    /// Adds `name=value`.
    pub fn scalar(&mut self, name: &str, value: &impl Display) {
        self.name(name);
        push_escaped(&mut self.text, value);
    }

    /// Adds a list: with `explode`, `name=…` for each element (and nothing for an empty list), otherwise
    /// `name=…,…`.
    pub fn list<'a, T: Display + 'a>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = &'a T>,
        explode: bool,
    ) {
        if explode {
            for value in values {
                self.scalar(name, value);
            }
        } else {
            self.name(name);
            push_path_list(&mut self.text, values);
        }
    }

    /// The query; empty if nothing was added.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The query; empty if nothing was added.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }
}

/// A query as it came: everything behind the question mark. Looking something up allocates nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    raw: &'a str,
}

impl<'a> Query<'a> {
    /// A view of the text.
    #[must_use]
    pub fn new(raw: &'a str) -> Self {
        Self { raw }
    }

    /// The keys and values, both as they stand, in order.
    pub fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.raw
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    fn values(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs()
            .filter(move |(key, _)| *key == name || decode(key, true).is_ok_and(|key| key == name))
            .map(|(_, value)| value)
    }

    /// The value of a key; the first, if there are several. `None` if the key isn't there.
    ///
    /// # Errors
    /// If it isn't a text of `T`.
    pub fn scalar<T: Scalar>(self, name: &str, case: Case) -> Result<Option<T>, ParameterError> {
        self.values(name).next().map(|raw| parse(&decode(raw, true)?, case)).transpose()
    }

    /// The elements of a list. `None` if the key isn't there.
    ///
    /// Without `explode` the elements stand between commas; a repeated key adds more in either form.
    ///
    /// # Errors
    /// If an element isn't a text of `T`.
    pub fn list<T: Scalar>(
        self,
        name: &str,
        explode: bool,
        case: Case,
    ) -> Result<Option<Vec<T>>, ParameterError> {
        let mut found = None;
        for raw in self.values(name) {
            let list = found.get_or_insert_with(Vec::new);
            if explode {
                list.push(parse(&decode(raw, true)?, case)?);
            } else {
                for element in elements(raw) {
                    list.push(parse(&decode(element, true)?, case)?);
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_survives_a_path(text: String) {
            let mut out = String::new();
            push_path(&mut out, &text);
            prop_assert!(!out.contains(['/', '?', '#', ' ']));
            prop_assert_eq!(read_path::<String>(&out, Case::Sensitive), Ok(text));
        }

        #[test]
        fn any_list_survives_a_path(list in prop::collection::vec(".+", 0..4)) {
            let mut out = String::new();
            push_path_list(&mut out, &list);
            prop_assert_eq!(read_path_list::<String>(&out, Case::Sensitive), Ok(list));
        }

        #[test]
        fn any_query_survives(name: String, text: String, list in prop::collection::vec(".+", 1..4), numbers: Vec<i64>, explode: bool) {
            let mut query = QueryWriter::new();
            query.scalar(&format!("{name}x"), &text);
            query.list(&format!("{name}y"), &list, explode);
            query.list(&format!("{name}z"), &numbers, false);
            let query = Query::new(query.as_str());
            prop_assert_eq!(query.scalar(&format!("{name}x"), Case::Sensitive), Ok(Some(text)));
            prop_assert_eq!(query.list(&format!("{name}y"), explode, Case::Sensitive), Ok(Some(list)));
            prop_assert_eq!(query.list(&format!("{name}z"), false, Case::Sensitive), Ok(Some(numbers)));
            prop_assert_eq!(query.scalar::<String>("not there", Case::Sensitive), Ok(None));
        }

        #[test]
        fn no_text_makes_a_reader_panic(text: String) {
            let query = Query::new(&text);
            let _ = query.list::<i64>("a", false, Case::Ignored);
            let _ = query.scalar::<bool>(&text, Case::Ignored);
            let _ = read_path_list::<f64>(&text, Case::Sensitive);
            let _ = read_header_list::<String>(&text, Case::Sensitive);
        }

        #[test]
        fn a_list_survives_a_header_or_cannot_be_written(list in prop::collection::vec("[a-z,\u{e9}\u{2003}]+", 0..4)) {
            match header_list(&list) {
                Ok(text) => prop_assert_eq!(read_header_list::<String>(&text, Case::Sensitive), Ok(list)),
                Err(_) => prop_assert!(list.iter().any(|element| element.contains(','))),
            }
        }
    }

    #[test]
    fn repeated_keys_and_commas_add_up() {
        let query = Query::new("get=a,b%2Cc&x&get=d+e");
        let list = query.list::<String>("get", false, Case::Sensitive).unwrap().unwrap();
        assert_eq!(list, ["a", "b,c", "d e"]);
        assert_eq!(query.scalar::<String>("x", Case::Sensitive), Ok(Some(String::new())));
    }

    #[test]
    fn bad_escapes_are_told_from_bad_values() {
        assert_eq!(read_path::<String>("%ZZ", Case::Sensitive), Err(ParameterError::Encoding));
        assert_eq!(read_path::<String>("%", Case::Sensitive), Err(ParameterError::Encoding));
        assert_eq!(read_path::<String>("%FF", Case::Sensitive), Err(ParameterError::Encoding));
        let error = read_path::<i32>("a%2Fb", Case::Sensitive).unwrap_err();
        assert_eq!(error.to_string(), "can't read `a/b`: invalid digit found in string");
        assert_eq!(read_path::<bool>("TRUE", Case::Ignored), Ok(true));
        assert!(read_path::<bool>("TRUE", Case::Sensitive).is_err());
    }
}
