use super::view::View;
use super::{constraints, peek};
use crate::diagnostic::{Problem, code};
use crate::openapi::{Reading, SchemaType};
use crate::source::{Node, Value};

/// How far alternatives and elements are looked at.
const DEPTH: usize = 6;

/// The `default` of a schema where it is used, if it is a value of the schema. A text that holds a number or a boolean
/// is taken as that.
pub(super) fn of_schema<'a>(reading: Reading<'a>, node: &'a Node) -> Option<serde_json::Value> {
    let default = peek::annotation(reading, node, "default")?;
    if default.is_null() && peek::nullable(reading, node) {
        return Some(serde_json::Value::Null);
    }
    if conforms(reading, default, node, DEPTH) {
        return Some(default.to_json());
    }
    if let Some(value) = repaired(reading, default, node) {
        let message = "this default is a string, but its schema isn't; what is meant is taken";
        Problem::new(code::BAD_DEFAULT, default.span, message).report(reading.sink);
        return Some(value);
    }
    let message = format!("this default, {}, isn't a value of its schema; it is ignored", default.kind());
    let problem = Problem::new(code::BAD_DEFAULT, default.span, message);
    let problem =
        if default.is_null() { problem.help("say `nullable: true` if null is a value") } else { problem };
    problem.report(reading.sink);
    None
}

fn repaired<'a>(reading: Reading<'a>, default: &Node, node: &'a Node) -> Option<serde_json::Value> {
    let text = default.as_str()?;
    let view = View::of(reading, node, &[]).ok()?;
    match view.inferred_kind()? {
        SchemaType::Boolean => text.parse::<bool>().ok().map(Into::into),
        SchemaType::Integer => text.parse::<i64>().ok().map(Into::into),
        SchemaType::Number => text.parse::<serde_json::Number>().ok().map(Into::into),
        _ => None,
    }
}

fn conforms<'a>(reading: Reading<'a>, value: &Node, schema: &'a Node, depth: usize) -> bool {
    if depth == 0 || (value.is_null() && peek::nullable(reading, schema)) {
        return true;
    }
    // A broken schema is reported where it is used.
    let before = reading.sink.len();
    let Ok(view) = View::of(reading, schema, &[]) else {
        reading.sink.truncate(before);
        return false;
    };
    let listed = view
        .values
        .as_ref()
        .is_none_or(|values| values.iter().any(|other| other.to_json() == value.to_json()));
    let alternatives = view.unions.iter().all(|union| {
        union.alternatives.iter().any(|alternative| conforms(reading, value, alternative, depth - 1))
    });
    let within = match &value.value {
        Value::Number(number) => constraints::number_holds(number, &view.constraints),
        Value::String(text) => constraints::text_holds(text, &view.constraints),
        _ => true,
    };
    listed && alternatives && within && fits(reading, value, &view, depth)
}

fn fits<'a>(reading: Reading<'a>, value: &Node, view: &View<'a>, depth: usize) -> bool {
    match (view.inferred_kind(), &value.value) {
        (None, _) => true,
        (Some(SchemaType::Boolean), Value::Bool(_))
        | (Some(SchemaType::Number), Value::Number(_))
        | (Some(SchemaType::String), Value::String(_)) => true,
        (Some(SchemaType::Integer), Value::Number(number)) => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
        }
        (Some(SchemaType::Array), Value::Array(elements)) => match view.items {
            Some((items, _)) => elements.iter().all(|element| conforms(reading, element, items, depth - 1)),
            None => true,
        },
        (Some(SchemaType::Object), Value::Object(object)) => {
            let described = object.iter().all(|member| {
                let property = view.properties.iter().find(|property| property.name.value == member.key);
                let node = property.and_then(|property| property.nodes.last());
                node.is_none_or(|node| conforms(reading, &member.value, node, depth - 1))
            });
            described && view.required.iter().all(|name| object.get(&name.value).is_some())
        }
        _ => false,
    }
}
