//! Whether a value comes back as it was sent.

use std::fmt;

use serde_json::Value;

use crate::document::deeper;

/// How what came back differs, at the first place where it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The member at this pointer is gone.
    Gone(String),
    /// A member is there that wasn't sent.
    New(String),
    /// Another value stands there.
    Other(String, String),
}

impl Difference {
    /// A word for it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Gone(_) => "a member is gone",
            Self::New(_) => "a member is new",
            Self::Other(..) => "another value",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(place) => write!(f, "{place} is gone"),
            Self::New(place) => write!(f, "{place} is new"),
            Self::Other(place, values) => write!(f, "{place}: {values}"),
        }
    }
}

/// How `back` differs from `sent`; as numbers, `1` and `1.0` are the same. What is gone is told last.
pub(crate) fn difference(sent: &Value, back: &Value) -> Option<Difference> {
    let mut gone = None;
    walk(sent, back, "", &mut gone).or(gone)
}

fn walk(sent: &Value, back: &Value, place: &str, gone: &mut Option<Difference>) -> Option<Difference> {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => {
            for (name, value) in sent {
                let place = deeper(place, name);
                match back.get(name) {
                    Some(other) => {
                        if let Some(difference) = walk(value, other, &place, gone) {
                            return Some(difference);
                        }
                    }
                    None => *gone = gone.take().or(Some(Difference::Gone(place))),
                }
            }
            let new = back.keys().find(|name| !sent.contains_key(*name));
            new.map(|name| Difference::New(deeper(place, name)))
        }
        (Value::Array(sent), Value::Array(back)) if sent.len() == back.len() => {
            let mut pairs = sent.iter().zip(back).enumerate();
            pairs.find_map(|(index, (sent, back))| walk(sent, back, &format!("{place}/{index}"), gone))
        }
        (Value::Number(one), Value::Number(other)) if one == other || one.as_f64() == other.as_f64() => None,
        (one, other) if one == other => None,
        (one, other) => Some(Difference::Other(place.to_owned(), format!("{one} becomes {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert_eq!(difference(&json!({"a": [1.0]}), &json!({"a": [1]})), None);
        assert_eq!(
            difference(&json!(1), &json!(2)).map(|difference| difference.kind()),
            Some("another value")
        );
    }

    #[test]
    fn what_is_gone_is_told_last() {
        let gone = difference(&json!({"a": 1, "b": 2}), &json!({"b": 2}));
        assert_eq!(gone, Some(Difference::Gone("/a".to_owned())));
        let other = difference(&json!({"a": 1, "b": 2}), &json!({"b": 3}));
        assert!(matches!(other, Some(Difference::Other(..))));
        assert_eq!(difference(&json!({}), &json!({"a": 1})), Some(Difference::New("/a".to_owned())));
    }
}
