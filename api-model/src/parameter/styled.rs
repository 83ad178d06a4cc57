//! Objects, and the styles that only some parameters have.
//!
//! | Style | List of 3, 4 | Exploded | Object of a 1, b 2 | Exploded |
//! |---|---|---|---|---|
//! | `simple` (path, header) | `3,4` | `3,4` | `a,1,b,2` | `a=1,b=2` |
//! | `label` (path) | `.3,4` | `.3.4` | `.a,1,b,2` | `.a=1.b=2` |
//! | `matrix` (path) | `;p=3,4` | `;p=3;p=4` | `;p=a,1,b,2` | `;a=1;b=2` |
//! | `form` (query, cookie) | `p=3,4` | `p=3&p=4` | `p=a,1,b,2` | `a=1&b=2` |
//! | `spaceDelimited` (query) | `p=3%204` | `p=3&p=4` | `p=a%201%20b%202` | `a=1&b=2` |
//! | `pipeDelimited` (query) | `p=3%7C4` | `p=3&p=4` | `p=a%7C1%7Cb%7C2` | `a=1&b=2` |
//! | `deepObject` (query) | `p[]=3&p[]=4` | the same | `p[a]=1&p[b]=2` | the same |
//!
//! Cookies stand between semicolons instead of ampersands. A member or an element that isn't a scalar is written as
//! JSON, but `deepObject` writes objects in objects as `p[a][b]=1` and lists in them as `p[a][]=1`. A member that is
//! null isn't written.

use indexmap::IndexMap;
use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use super::{IN_LIST, ParameterError, Query, RESERVED, SPACE, decode};
use crate::json::Untyped;
use crate::{DecodeError, Json};

/// How a value becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// With commas.
    Simple,
    /// Behind a dot.
    Label,
    /// Behind a semicolon and the name.
    Matrix,
    /// Name and value.
    Form,
    /// As `Form`, with spaces instead of commas.
    SpaceDelimited,
    /// As `Form`, with bars instead of commas.
    PipeDelimited,
    /// With the names of members in brackets.
    DeepObject,
    /// As JSON.
    Json,
}

/// Which names may be members of an object that is exploded, as they share one query with other parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// These; none, if it is no object.
    Only(&'static [&'static str]),
    /// Any but these, the names of other parameters.
    Except(&'static [&'static str]),
}

impl Members {
    fn contains(self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.contains(&name),
            Self::Except(names) => !names.contains(&name),
        }
    }
}

/// A parameter: its name and how its value becomes text.
///
/// ```
/// use planewright_model::parameter::{Members, Query, Style, Styled};
///
/// let range = Styled { name: "range", style: Style::DeepObject, explode: true };
/// let query = Query::new("range[from]=3&range[to]=4");
/// let value: Option<planewright_model::Map<i64>> = range.read_query(query, Members::Only(&[])).unwrap();
/// assert_eq!(value.unwrap().values().sum::<i64>(), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Styled {
    /// The name.
    pub name: &'static str,
    /// The style.
    pub style: Style,
    /// Whether each element and each member stands for itself.
    pub explode: bool,
}

/// How a text is made safe for its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Percent,
    /// With the dot, which separates.
    PercentAndDot,
    /// All but the reserved characters that can't be taken for something else.
    Reserved,
    None,
}

fn escaped(text: &str, escape: Escape) -> String {
    match escape {
        Escape::Percent => utf8_percent_encode(text, RESERVED).to_string(),
        Escape::PercentAndDot => utf8_percent_encode(text, RESERVED).to_string().replace('.', "%2E"),
        Escape::Reserved => utf8_percent_encode(text, IN_LIST).to_string(),
        Escape::None => text.to_owned(),
    }
}

fn unwritable(reason: impl ToString) -> ParameterError {
    ParameterError::Unwritable { reason: reason.to_string() }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn written(members: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    members.iter().filter(|(_, value)| !value.is_null())
}

/// Names and values, or values alone.
fn joined(value: &Value, explode: bool, separator: char, escape: Escape) -> Result<String, ParameterError> {
    let one = |text: &str| match escape {
        Escape::None if text.contains(separator) || (explode && value.is_object() && text.contains('=')) => {
            Err(unwritable(format_args!("`{text}` has a separator")))
        }
        _ => Ok(escaped(text, escape)),
    };
    let parts: Vec<String> = match value {
        Value::Array(elements) => {
            elements.iter().map(|element| one(&text_of(element))).collect::<Result<_, _>>()?
        }
        Value::Object(members) => {
            let between = if explode { '=' } else { separator };
            written(members)
                .map(|(name, value)| Ok(format!("{}{between}{}", one(name)?, one(&text_of(value))?)))
                .collect::<Result<_, _>>()?
        }
        scalar => return Ok(escaped(&text_of(scalar), escape)),
    };
    Ok(parts.join(&separator.to_string()))
}

impl Styled {
    /// The text of a path parameter.
    ///
    /// # Errors
    /// If the value has no form in JSON.
    pub fn write_path<T: Json>(&self, value: &T) -> Result<String, ParameterError> {
        let value = self.value(value)?;
        let pairs = |escape| -> Result<String, ParameterError> {
            let pairs = self.pairs(&value, escape)?.into_iter();
            let pair = |(name, value): (String, String)| {
                if value.is_empty() { format!(";{name}") } else { format!(";{name}={value}") }
            };
            Ok(pairs.map(pair).collect())
        };
        match self.style {
            Style::Matrix => pairs(Escape::Percent),
            Style::Label if self.explode => {
                Ok(format!(".{}", joined(&value, true, '.', Escape::PercentAndDot)?))
            }
            Style::Label => Ok(format!(".{}", joined(&value, false, ',', Escape::Percent)?)),
            _ => joined(&value, self.explode, ',', Escape::Percent),
        }
    }

    /// Reads a path parameter as it stands between two slashes.
    ///
    /// # Errors
    /// If it isn't a text of `T`.
    pub fn read_path<T: Json>(&self, raw: &str) -> Result<T, ParameterError> {
        match self.style {
            Style::Matrix => {
                let pairs = raw.split(';').skip(1).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
                let found = match self.collect(pairs, false, Members::Except(&[]))? {
                    None if !raw.is_empty() => return Err(bad(raw, "expected a semicolon and a name")),
                    found => found.unwrap_or_else(Untyped::nothing),
                };
                self.finish(found, raw)
            }
            Style::Label => {
                let rest = raw.strip_prefix('.').ok_or_else(|| bad(raw, "expected a dot"))?;
                let separator = if self.explode { '.' } else { ',' };
                self.finish(self.split(rest, separator, |text| Ok(decode(text, false)?.into_owned()))?, raw)
            }
            _ => self.finish(self.split(raw, ',', |text| Ok(decode(text, false)?.into_owned()))?, raw),
        }
    }

    /// The value of a header.
    ///
    /// # Errors
    /// If the value has no form in JSON, or a part of it holds a separator: headers have no escapes.
    pub fn write_header<T: Json>(&self, value: &T) -> Result<String, ParameterError> {
        joined(&self.value(value)?, self.explode, ',', Escape::None)
    }

    /// Reads a header.
    ///
    /// # Errors
    /// If it isn't a text of `T`.
    pub fn read_header<T: Json>(&self, text: &str) -> Result<T, ParameterError> {
        self.finish(self.split(text, ',', |text| Ok(text.trim_matches(SPACE).to_owned()))?, text)
    }

    /// The names and values that stand for it in a query or in cookies, escaped.
    ///
    /// # Errors
    /// If the value has no form in JSON, or a part of it holds the separator of a style that can't escape it.
    pub fn write_pairs<T: Json>(&self, value: &T) -> Result<Vec<(String, String)>, ParameterError> {
        self.pairs(&self.value(value)?, Escape::Percent)
    }

    /// As [`write_pairs`](Self::write_pairs), for a query parameter with `allowReserved`: what can't be taken for a
    /// separator stays as it is.
    ///
    /// # Errors
    /// As `write_pairs`.
    pub fn write_pairs_reserved<T: Json>(&self, value: &T) -> Result<Vec<(String, String)>, ParameterError> {
        self.pairs(&self.value(value)?, Escape::Reserved)
    }

    /// Reads it from a query; `None` if it isn't there.
    ///
    /// # Errors
    /// If what is there isn't a text of `T`.
    pub fn read_query<T: Json>(
        &self,
        query: Query<'_>,
        members: Members,
    ) -> Result<Option<T>, ParameterError> {
        self.read_pairs(query.pairs(), true, members)
    }

    /// Reads it from cookies, given as names and values; `None` if it isn't there.
    ///
    /// # Errors
    /// If what is there isn't a text of `T`.
    pub fn read_cookies<'a, T: Json>(
        &self,
        cookies: impl Iterator<Item = (&'a str, &'a str)>,
        members: Members,
    ) -> Result<Option<T>, ParameterError> {
        self.read_pairs(cookies, false, members)
    }

    fn value<T: Json>(&self, value: &T) -> Result<Value, ParameterError> {
        match value.to_any().map_err(unwritable)? {
            value if self.style == Style::Json => Ok(Value::String(value.to_string())),
            Value::Null => Err(unwritable("null has no text")),
            value => Ok(value),
        }
    }

    fn pairs(&self, value: &Value, escape: Escape) -> Result<Vec<(String, String)>, ParameterError> {
        let name = escaped(self.name, Escape::Percent);
        let text = |value| escaped(&text_of(value), escape);
        Ok(match (self.style, value) {
            (Style::DeepObject, Value::Array(_) | Value::Object(_)) => {
                let mut pairs = Vec::new();
                push_deep(&mut pairs, name, value, escape);
                pairs
            }
            (_, Value::Array(elements)) if self.explode => {
                elements.iter().map(|element| (name.clone(), text(element))).collect()
            }
            (_, Value::Object(members)) if self.explode => {
                written(members).map(|(name, value)| (escaped(name, Escape::Percent), text(value))).collect()
            }
            (Style::SpaceDelimited | Style::PipeDelimited, Value::Array(_) | Value::Object(_)) => {
                let separator = if self.style == Style::SpaceDelimited { ' ' } else { '|' };
                vec![(name, escaped(&joined(value, false, separator, Escape::None)?, escape))]
            }
            _ => vec![(name, joined(value, false, ',', escape)?)],
        })
    }

    fn read_pairs<'a, T: Json>(
        &self,
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
        plus: bool,
        members: Members,
    ) -> Result<Option<T>, ParameterError> {
        let node = self.collect(pairs, plus, members)?;
        node.map(|node| self.finish(node, self.name)).transpose()
    }

    /// What there is of it among the pairs; a plus sign may be a space in the values.
    pub(super) fn collect<'a>(
        &self,
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
        plus: bool,
        wanted: Members,
    ) -> Result<Option<Untyped>, ParameterError> {
        if self.style == Style::DeepObject {
            let mut all = IndexMap::new();
            for (key, value) in pairs {
                if let Some(way) = way(key, plus).filter(|way| way[0] == self.name) {
                    insert(&mut all, &way, decode(value, plus)?.into_owned());
                }
            }
            return Ok(all.pop().map(|(_, node)| node));
        }
        let mut values = Vec::new();
        let mut members = IndexMap::new();
        for (key, value) in pairs {
            // A name that can't be read is no name of ours.
            let Ok(key) = decode(key, plus) else { continue };
            if key == self.name {
                values.push(value);
            }
            if self.explode && wanted.contains(&key) {
                insert(&mut members, &[key.clone().into_owned()], decode(value, plus)?.into_owned());
            }
        }
        let text = |text: &str| Ok(decode(text, plus)?.into_owned());
        match (self.style, values.first()) {
            (Style::Json, first) => Ok(first.map(|value| text(value)).transpose()?.map(Untyped::leaf)),
            (_, first) if self.explode => {
                let whole = first.map(|value| text(value)).transpose()?;
                let list = values.iter().map(|value| text(value)).collect::<Result<Vec<_>, _>>()?;
                let is_there = whole.is_some() || !members.is_empty();
                Ok(is_there.then_some(Untyped { whole, list: Some(list), members: Some(members) }))
            }
            (_, None) => Ok(None),
            // These separators are escaped themselves.
            (Style::SpaceDelimited, Some(first)) => {
                self.split(&text(first)?, ' ', |text| Ok(text.to_owned())).map(Some)
            }
            (Style::PipeDelimited, Some(first)) => {
                self.split(&text(first)?, '|', |text| Ok(text.to_owned())).map(Some)
            }
            (_, Some(first)) => self.split(first, ',', text).map(Some),
        }
    }

    /// A text in all ways in which it may be taken apart.
    fn split(
        &self,
        raw: &str,
        separator: char,
        text: impl Fn(&str) -> Result<String, ParameterError>,
    ) -> Result<Untyped, ParameterError> {
        let whole = Some(text(raw)?);
        let parts: Vec<&str> = if raw.is_empty() { Vec::new() } else { raw.split(separator).collect() };
        let named: Option<Vec<(&str, &str)>> = if self.explode {
            parts.iter().map(|part| part.split_once('=')).collect()
        } else {
            parts.chunks(2).map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect()
        };
        let member = |(name, value)| Ok((text(name)?, Untyped::leaf(text(value)?)));
        let members =
            named.map(|pairs| pairs.into_iter().map(member).collect::<Result<_, _>>()).transpose()?;
        let list = Some(parts.into_iter().map(text).collect::<Result<_, _>>()?);
        Ok(Untyped { whole, list, members })
    }

    fn finish<T: Json>(&self, node: Untyped, raw: &str) -> Result<T, ParameterError> {
        if self.style == Style::Json {
            let text = node.whole.unwrap_or_default();
            return T::read_json(text.as_bytes()).map_err(|error| bad(&text, error));
        }
        let text = node.whole.clone().unwrap_or_else(|| raw.to_owned());
        node.read().map_err(|refusal| bad(&text, DecodeError::from(refusal)))
    }
}

/// The value that writes nothing, an empty object or list; `None` if `T` has no such value.
#[must_use]
pub fn nothing<T: Json>() -> Option<T> {
    Untyped::nothing().read().ok()
}

fn bad(text: &str, reason: impl ToString) -> ParameterError {
    ParameterError::Value { text: text.to_owned(), reason: reason.to_string() }
}

fn push_deep(pairs: &mut Vec<(String, String)>, key: String, value: &Value, escape: Escape) {
    let text = |value| escaped(&text_of(value), escape);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in written(members) {
                push_deep(pairs, format!("{key}[{}]", escaped(name, Escape::Percent)), value, escape);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            pairs.extend(elements.iter().map(|element| (format!("{key}[]"), text(element))));
        }
        other => pairs.push((key, text(other))),
    }
}

/// How deep an object may be in objects.
const MOST_LEVELS: usize = 16;

/// `a[b][c]`, taken apart and decoded. The brackets may be escaped.
fn way(key: &str, plus: bool) -> Option<Vec<String>> {
    let is_raw = key.contains('[');
    let key = if is_raw { key.into() } else { decode(key, plus).ok()? };
    let text =
        |text: &str| if is_raw { Some(decode(text, plus).ok()?.into_owned()) } else { Some(text.to_owned()) };
    match key.split_once('[') {
        None => Some(vec![key.into_owned()]),
        Some((name, rest)) => {
            let rest = rest.strip_suffix(']')?.split("][");
            let way: Vec<_> = [name].into_iter().chain(rest).map(text).collect::<Option<_>>()?;
            (way.len() <= MOST_LEVELS).then_some(way)
        }
    }
}

/// Puts a text where the way leads; a repeated name, or an empty one at the end, makes a list.
fn insert(members: &mut IndexMap<String, Untyped>, way: &[String], text: String) {
    let Some((name, rest)) = way.split_first() else { return };
    let node = members.entry(name.clone()).or_default();
    match rest {
        [] if node.whole.is_none() => node.whole = Some(text),
        [] => {
            let first = node.whole.iter().cloned();
            node.list.get_or_insert_with(|| first.collect()).push(text);
        }
        [last] if last.is_empty() => {
            node.whole.get_or_insert_with(|| text.clone());
            node.list.get_or_insert_default().push(text);
        }
        _ => insert(node.members.get_or_insert_default(), rest, text),
    }
}

#[cfg(test)]
mod tests;
