//! Values of parameters as text in a request.

use serde_json::{Map, Value};

use super::operation::{Operation, Parameter, Place};
use super::validity::Document;
use crate::{Call, Context};

/// What is to be said: an operation, and the values that are given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Values of parameters, by place and name.
    pub(crate) values: Vec<((Place, String), Value)>,
    /// Pieces that are added to the query as they are.
    pub(crate) query: Vec<String>,
    /// Path parameters whose text is sent as it is.
    pub(crate) raw: Vec<(String, String)>,
    /// Media type and bytes.
    pub(crate) body: Option<(String, Vec<u8>)>,
}

impl Request {
    pub(crate) fn set(&mut self, parameter: &Parameter, value: Value) {
        let key = (parameter.place, parameter.name.clone());
        self.values.retain(|(known, _)| *known != key);
        self.values.push((key, value));
    }

    pub(crate) fn unset(&mut self, parameter: &Parameter) {
        self.values.retain(|((place, name), _)| (*place, name) != (parameter.place, &parameter.name));
    }

    pub(crate) fn get(&self, parameter: &Parameter) -> Option<&Value> {
        let is = |(place, name): &(Place, String)| (*place, name) == (parameter.place, &parameter.name);
        self.values.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    }

    pub(crate) fn json(&mut self, media_type: &str, value: &Value) {
        self.body = Some((media_type.to_owned(), value.to_string().into_bytes()));
    }

    /// Path and query.
    pub(crate) fn path(&self, prefix: &str, operation: &Operation) -> String {
        let mut path = format!("{prefix}{}", operation.template);
        let mut query: Vec<String> = Vec::new();
        for parameter in &operation.parameters {
            let Some(value) = self.get(parameter) else { continue };
            let pairs = pairs(parameter, value).unwrap_or_default();
            match parameter.place {
                Place::Path => {
                    let text = pairs.first().map_or("", |(_, text)| text.as_str());
                    path = path.replace(&format!("{{{}}}", parameter.name), text);
                }
                Place::Query => {
                    query.extend(pairs.iter().map(|(name, text)| format!("{}={text}", encoded(name))));
                }
                Place::Header | Place::Cookie => {}
            }
        }
        for (name, text) in &self.raw {
            path = path.replace(&format!("{{{name}}}"), text);
        }
        query.extend(self.query.iter().cloned());
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    pub(crate) fn call(&self, cx: &Context, prefix: &str, operation: &Operation) -> Call {
        let raw: Request;
        let this = if self.raw.is_empty() {
            self
        } else {
            let mut without = self.clone();
            let named = |name: &String| self.raw.iter().any(|(raw, _)| raw == name);
            without.values.retain(|((place, name), _)| *place != Place::Path || !named(name));
            raw = without;
            &raw
        };
        let mut call = cx.call(operation.method.clone(), this.path(prefix, operation));
        let mut cookies = Vec::new();
        for parameter in &operation.parameters {
            let Some(value) = self.get(parameter) else { continue };
            let pairs = plain(parameter, value).unwrap_or_default();
            match parameter.place {
                Place::Header => {
                    for (_, text) in pairs {
                        call = call.header(&parameter.name, &text);
                    }
                }
                Place::Cookie => cookies.extend(pairs.iter().map(|(name, text)| format!("{name}={text}"))),
                Place::Path | Place::Query => {}
            }
        }
        if !cookies.is_empty() {
            call = call.header("cookie", &cookies.join("; "));
        }
        match &self.body {
            Some((media_type, bytes)) => call.body(media_type, bytes.clone()),
            None => call,
        }
    }
}

/// Names and encoded texts. None if the text would mean something else.
fn pairs(parameter: &Parameter, value: &Value) -> Option<Vec<(String, String)>> {
    let separator = if parameter.json { None } else { Some(separator(parameter)) };
    let mut pairs = plain(parameter, value)?;
    for (_, text) in &mut pairs {
        *text = match separator.filter(|_| value.is_array()) {
            Some(separator) => {
                let items: Vec<_> = text.split(separator).map(encoded).collect();
                items.join(match separator {
                    ' ' => "%20",
                    '|' => "%7C",
                    _ => ",",
                })
            }
            None => encoded(text),
        };
    }
    Some(pairs)
}

fn separator(parameter: &Parameter) -> char {
    match parameter.style.as_str() {
        "spaceDelimited" => ' ',
        "pipeDelimited" => '|',
        _ => ',',
    }
}

/// Names and texts, before anything is encoded.
fn plain(parameter: &Parameter, value: &Value) -> Option<Vec<(String, String)>> {
    let one = |text: String| Some(vec![(parameter.name.clone(), text)]);
    if parameter.json {
        return one(value.to_string());
    }
    let prefix = match parameter.style.as_str() {
        "label" => ".".to_owned(),
        "matrix" => format!(";{}=", parameter.name),
        _ => String::new(),
    };
    match value {
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(scalar).collect();
            let texts = texts?;
            let separator = separator(parameter);
            let several = parameter.explode && matches!(parameter.place, Place::Query | Place::Cookie);
            if texts.is_empty() || texts.iter().any(String::is_empty) || !prefix.is_empty() {
                return None;
            }
            if several && parameter.style == "form" {
                return Some(texts.into_iter().map(|text| (parameter.name.clone(), text)).collect());
            }
            if texts.iter().any(|text| text.contains(separator)) {
                return None;
            }
            one(texts.join(&separator.to_string()))
        }
        Value::Object(members) if parameter.place == Place::Query => of_object(parameter, members),
        Value::Object(_) => None,
        value => {
            let text = scalar(value)?;
            let sendable = match parameter.place {
                Place::Path => {
                    !text.is_empty() && !matches!(text.as_str(), "." | "..") && !text.contains('/')
                }
                Place::Query => true,
                // Space around a value isn't part of it, and what isn't ASCII has no meaning.
                Place::Header | Place::Cookie => {
                    text.trim() == text
                        && !text.is_empty()
                        && text.chars().all(|one| matches!(one, ' '..='~'))
                        && (parameter.place == Place::Header || !text.contains(['"', ',', ';', '\\', ' ']))
                }
            };
            sendable.then(|| one(format!("{prefix}{text}"))).flatten()
        }
    }
}

fn of_object(parameter: &Parameter, members: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let deep = parameter.style == "deepObject";
    if !deep && !parameter.explode || members.is_empty() {
        return None;
    }
    let pair = |(name, value): (&String, &Value)| {
        let name = if deep { format!("{}[{name}]", parameter.name) } else { name.clone() };
        Some((name, scalar(value)?))
    };
    members.iter().map(pair).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        // Without an exponent, which few read in a text.
        Value::Number(number) => {
            Some(match number.as_f64().filter(|value| number.is_f64() && value.fract() == 0.0) {
                Some(whole) => format!("{whole:.0}"),
                None => number.to_string(),
            })
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a parameter's value, as it is sent, can be read as a valid one. None if it can't be sent.
pub(crate) fn is_valid(document: &Document, parameter: &Parameter, value: &Value) -> Option<bool> {
    plain(parameter, value)?;
    let valid = |value: &Value| document.refuses(&parameter.schema, value).is_none();
    if parameter.json {
        return Some(valid(value));
    }
    Some(readings(value).iter().any(valid))
}

/// What a text may have been made of.
fn readings(value: &Value) -> Vec<Value> {
    let of_scalar = |value: &Value| -> Vec<Value> {
        let Some(text) = scalar(value) else { return vec![value.clone()] };
        let parsed =
            serde_json::from_str::<Value>(&text).ok().filter(|value| value.is_number() || value.is_boolean());
        parsed.into_iter().chain([Value::String(text)]).collect()
    };
    match value {
        Value::Array(items) => {
            let first = items.iter().map(|item| of_scalar(item).remove(0)).collect();
            let texts = items.iter().map(|item| of_scalar(item).pop().unwrap_or_default()).collect();
            vec![Value::Array(first), Value::Array(texts)]
        }
        Value::Object(members) => {
            let first = |(name, value): (&String, &Value)| (name.clone(), of_scalar(value).remove(0));
            let text =
                |(name, value): (&String, &Value)| (name.clone(), of_scalar(value).pop().unwrap_or_default());
            vec![
                Value::Object(members.iter().map(first).collect()),
                Value::Object(members.iter().map(text).collect()),
            ]
        }
        value => {
            let one = of_scalar(value);
            // A list of one looks the same.
            one.iter().cloned().chain(one.iter().map(|one| Value::Array(vec![one.clone()]))).collect()
        }
    }
}

/// A text as part of a URL: only what needs no encoding anywhere stays as it is.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameter(place: Place, style: &str, explode: bool) -> Parameter {
        let (name, schema, style) = ("p".to_owned(), "/s".to_owned(), style.to_owned());
        Parameter { name, place, required: false, schema, style, explode, json: false }
    }

    #[test]
    fn lists_are_written_in_the_style_of_the_parameter() {
        let list = json!(["a b", 1]);
        for (style, explode, expected) in [
            ("form", false, vec!["a%20b,1"]),
            ("form", true, vec!["a%20b", "1"]),
            ("pipeDelimited", false, vec!["a%20b%7C1"]),
        ] {
            let pairs = pairs(&parameter(Place::Query, style, explode), &list).unwrap();
            let texts: Vec<_> = pairs.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(texts, expected);
        }
        assert_eq!(plain(&parameter(Place::Query, "form", false), &json!(["a,b"])), None);
        assert_eq!(plain(&parameter(Place::Path, "simple", false), &json!("")), None);
    }

    #[test]
    fn a_number_is_also_a_text() {
        let schema = json!({
            "openapi": "3.1.0", "paths": {}, "components": {"schemas": {"t": {"type": "string"}, "n": {"type": "integer"}}},
        });
        let document = Document::new(&schema).unwrap();
        let mut parameter = parameter(Place::Query, "form", true);
        parameter.schema = "/components/schemas/t".to_owned();
        assert_eq!(is_valid(&document, &parameter, &json!(7)), Some(true));
        parameter.schema = "/components/schemas/n".to_owned();
        assert_eq!(is_valid(&document, &parameter, &json!("7")), Some(true));
        assert_eq!(is_valid(&document, &parameter, &json!("x")), Some(false));
        assert_eq!(is_valid(&document, &parameter, &json!(1.5)), Some(false));
    }
}
