use super::constraints;
use super::view::View;
use crate::diagnostic::{Problem, code};
use crate::ir::EnumValue;
use crate::openapi::{Reading, SchemaType};
use crate::source::{Node, Value};

/// What an `enum` says.
pub(super) enum Values {
    /// One of these strings.
    Texts(Vec<EnumValue>),
    /// One of these values, which aren't all strings: a constraint on the plain type.
    Others(Vec<serde_json::Value>),
    /// Nothing beside the type.
    None,
}

/// Reads `enum`; that `null` is among the values is looked up elsewhere.
pub(super) fn read(
    reading: Reading<'_>,
    view: &View<'_>,
    values: &[&Node],
    kind: Option<SchemaType>,
) -> Values {
    let listed: Vec<&Node> = values.iter().copied().filter(|node| !node.is_null()).collect();
    if listed.is_empty() {
        if values.is_empty() {
            let message = "this enumeration has no values; it is ignored";
            Problem::new(code::EMPTY_ENUM, view.node.span, message).report(reading.sink);
        }
        // Of a typed schema null is the absence of a value; without a type it is the only one.
        let only_null = kind.is_none() && !values.is_empty();
        return if only_null { Values::Others(vec![serde_json::Value::Null]) } else { Values::None };
    }
    match kind {
        Some(SchemaType::String) => match texts(reading, view, &listed) {
            texts if texts.is_empty() => Values::None,
            texts => Values::Texts(texts),
        },
        Some(SchemaType::Integer | SchemaType::Number) => others(numbers(reading, &listed)),
        _ => others(listed.iter().map(|node| node.to_json()).collect()),
    }
}

fn others(values: Vec<serde_json::Value>) -> Values {
    if values.is_empty() { Values::None } else { Values::Others(values) }
}

fn texts(reading: Reading<'_>, view: &View<'_>, listed: &[&Node]) -> Vec<EnumValue> {
    let descriptions =
        ["x-enum-descriptions", "x-enumDescriptions"].iter().find_map(|key| view.node.get(key));
    let mut values: Vec<EnumValue> = Vec::new();
    for (index, node) in listed.iter().enumerate() {
        let value = match &node.value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => {
                // As written, for YAML's sake: a version `1.10`, a country `no` of older readers.
                let text = reading.tree.sources().slice(node.span).to_owned();
                let message = format!(
                    "a value of this enumeration of strings is {}; it is taken as a text",
                    node.kind()
                );
                Problem::new(code::ENUM_TYPE, node.span, message).report(reading.sink);
                text
            }
            _ => {
                let message =
                    format!("a value of this enumeration of strings is {}; it is ignored", node.kind());
                Problem::new(code::ENUM_TYPE, node.span, message).report(reading.sink);
                continue;
            }
        };
        if !constraints::text_holds(&value, &view.constraints) {
            let message =
                format!("the value `{value}` breaks what the schema asserts beside it; it is ignored");
            Problem::new(code::ENUM_TYPE, node.span, message).report(reading.sink);
            continue;
        }
        if values.iter().any(|other| other.value == value) {
            let message = format!("the value `{value}` stands twice in this enumeration");
            Problem::new(code::DUPLICATE_ENUM_VALUE, node.span, message).report(reading.sink);
            continue;
        }
        let description = descriptions.and_then(|descriptions| match &descriptions.value {
            Value::Object(object) => object.get(&value),
            Value::Array(list) => list.get(index),
            _ => None,
        });
        let description = description.and_then(Node::as_str).map(str::to_owned).or_else(|| {
            let mut described = view.described.iter();
            described.find(|(known, _)| *known == value).map(|(_, words)| words.clone())
        });
        values.push(EnumValue { value, description });
    }
    values
}

fn numbers(reading: Reading<'_>, listed: &[&Node]) -> Vec<serde_json::Value> {
    let mut values = Vec::new();
    for node in listed {
        let number = match &node.value {
            Value::Number(number) => Some(number.clone()),
            Value::String(text) => {
                let number = text.parse().ok();
                let fate = if number.is_some() { "taken as that number" } else { "ignored" };
                let message = format!("a value of this enumeration of numbers is a string; it is {fate}");
                Problem::new(code::ENUM_TYPE, node.span, message).report(reading.sink);
                number
            }
            _ => {
                let message =
                    format!("a value of this enumeration of numbers is {}; it is ignored", node.kind());
                Problem::new(code::ENUM_TYPE, node.span, message).report(reading.sink);
                None
            }
        };
        values.extend(number.map(serde_json::Value::Number));
    }
    values
}
