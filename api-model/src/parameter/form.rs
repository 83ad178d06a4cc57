//! Whole bodies in the manner of HTML forms. Lists repeat their name, and objects are written as JSON, unless a field has
//! a style of its own.

use indexmap::IndexMap;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::styled::{Members, Styled};
use super::{Query, RESERVED, decode};
use crate::json::Untyped;
use crate::{DecodeError, EncodeError, Json};

/// Reads an object from the fields of a form; `styled` are those with a style of their own.
///
/// ```
/// use planewright_model::{Map, Any, parameter::read_form};
///
/// let form: Map<Any> = read_form("name=Rex&age=3&tag=a&tag=b+c", &[])?;
/// assert_eq!(form["age"], 3);
/// assert_eq!(form["tag"], serde_json::json!(["a", "b c"]));
/// # Ok::<(), planewright_model::DecodeError>(())
/// ```
///
/// # Errors
/// If a percent escape is broken, or the fields aren't those of a `T`.
pub fn read_form<T: Json>(form: &str, styled: &[Styled]) -> Result<T, DecodeError> {
    Ok(fields(form, styled)?.read()?)
}

/// Reads an object as [`read_form`] does, and refuses what the document forbids about its shape: fields that aren't
/// declared where no others may be, and several values for what has one.
///
/// # Errors
/// Those of `read_form`, and what is forbidden.
pub fn read_form_strict<T: Json>(form: &str, styled: &[Styled]) -> Result<T, DecodeError> {
    let mut whole = fields(form, styled)?;
    for (name, node) in whole.members.iter_mut().flatten() {
        // What a style splits is one value all the same.
        let is_split = styled.iter().any(|one| one.name == name && !one.explode);
        if !is_split && node.list.as_ref().is_some_and(|list| list.len() > 1) {
            node.whole = None;
        }
    }
    Ok(whole.read_strict()?)
}

fn fields(form: &str, styled: &[Styled]) -> Result<Untyped, DecodeError> {
    let malformed = |error: super::ParameterError| DecodeError::malformed(&error.to_string(), None);
    let query = Query::new(form);
    let mut members: IndexMap<String, Untyped> = IndexMap::new();
    let owned = |key: &str| {
        let name = key.split('[').next().unwrap_or_default();
        styled.iter().any(|one| one.name == key || one.name == name)
    };
    for (key, value) in query.pairs() {
        let key = decode(key, true).map_err(malformed)?;
        if owned(&key) {
            continue;
        }
        // `tags[]=a`, as some libraries write lists.
        let key = key.strip_suffix("[]").unwrap_or(&key);
        let value = decode(value, true).map_err(malformed)?.into_owned();
        let node = members.entry(key.to_owned()).or_default();
        node.whole.get_or_insert_with(|| value.clone());
        node.list.get_or_insert_default().push(value);
    }
    for field in styled {
        if let Some(node) = field.collect(query.pairs(), true, Members::Only(&[])).map_err(malformed)? {
            members.insert(field.name.to_owned(), node);
        }
    }
    Ok(Untyped { whole: None, list: None, members: Some(members) })
}

/// Writes an object as a form. A member that is null isn't written.
///
/// # Errors
/// If it is no object.
pub fn write_form<T: Json>(value: &T, styled: &[Styled]) -> Result<String, EncodeError> {
    let Value::Object(members) = value.to_any()? else {
        return Err(EncodeError::new("only an object can be a form"));
    };
    let mut form = String::new();
    for (name, value) in &members {
        match styled.iter().find(|field| field.name == name) {
            _ if value.is_null() => {}
            Some(field) => {
                let pairs =
                    field.write_pairs(value).map_err(|_| EncodeError::new("a field has a separator"))?;
                pairs.iter().for_each(|(name, value)| push(&mut form, name, value));
            }
            None => {
                let name: String = utf8_percent_encode(name, RESERVED).collect();
                plain(&mut form, &name, value);
            }
        }
    }
    Ok(form)
}

fn plain(form: &mut String, name: &str, value: &Value) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| match element {
            Value::Array(_) => escaped(form, name, &element.to_string()),
            _ => plain(form, name, element),
        }),
        Value::String(text) => escaped(form, name, text),
        other => escaped(form, name, &other.to_string()),
    }
}

fn escaped(form: &mut String, name: &str, text: &str) {
    push(form, name, &utf8_percent_encode(text, RESERVED).collect::<String>());
}

fn push(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    form.push_str(name);
    form.push('=');
    form.push_str(value);
}

#[cfg(test)]
mod tests {
    use super::super::Style;
    use super::*;
    use crate::{Any, Map};

    const STYLED: &[Styled] = &[
        Styled { name: "deep", style: Style::DeepObject, explode: true },
        Styled { name: "bars", style: Style::PipeDelimited, explode: false },
    ];

    #[test]
    fn what_is_written_is_read() {
        let value: Map<Any> = Map::read_json(
            br#"{"a b":"x&y=z","n":7,"list":["1 2","3"],"deep":{"from":1,"to":{"x":"[\u00e9]"}},"bars":["p","q","r"],
                "object":{"k":[1,2]},"flag":true}"#,
        )
        .unwrap();
        let form = write_form(&value, STYLED).unwrap();
        assert_eq!(
            form,
            "a%20b=x%26y%3Dz&n=7&list=1%202&list=3&deep[from]=1&deep[to][x]=%5B%C3%A9%5D&bars=p%7Cq%7Cr\
             &object=%7B%22k%22%3A%5B1%2C2%5D%7D&flag=true"
        );
        let read: Map<Any> = read_form(&form, STYLED).unwrap();
        let expected: Map<Any> = Map::read_json(
            br#"{"a b":"x&y=z","n":7,"list":["1 2",3],"object":{"k":[1,2]},"flag":true,
                "deep":{"from":1,"to":{"x":"[\u00e9]"}},"bars":["p","q","r"]}"#,
        )
        .unwrap();
        assert_eq!(read, expected);
    }

    #[test]
    fn one_value_is_demanded_where_there_is_one() {
        let read = |form| read_form_strict::<Map<String>>(form, STYLED);
        assert_eq!(read_form::<Map<String>>("a=1&a=2", &[]).unwrap()["a"], "1");
        assert_eq!(read("a=1&b=2").unwrap()["a"], "1");
        let error = read("a=1&a=2").unwrap_err().to_string();
        assert!(error.contains("a string is expected, this is a list"), "{error}");
        assert_eq!(read_form_strict::<Map<Vec<i64>>>("a=1&a=2", &[]).unwrap()["a"], [1, 2]);
        assert_eq!(read("bars=a%7Cb").unwrap()["bars"], "a|b");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(read_form::<Map<Any>>("a=%zz", &[]).unwrap_err().is_syntax());
        assert!(!read_form::<Map<i64>>("a=1&b=x", &[]).unwrap_err().is_syntax());
        assert!(write_form(&vec![1], &[]).is_err());
        assert_eq!(read_form::<Map<i64>>("", &[]).unwrap(), Map::<i64>::new());
        assert_eq!(read_form::<Map<Vec<i64>>>("a=1&a[]=2", &[]).unwrap()["a"], [1, 2]);
    }
}
