//! Where generated types read a document on purpose otherwise than JSON Schema does.
//!
//! Each of these readings is written down as a change of the schemas, so that it explains a difference exactly: the validator
//! must agree once it judges the same value by the changed schemas.

use std::collections::BTreeSet;

use planewright_sample::resolve;
use serde_json::{Map, Value, json};

/// A reading, and why it is ours.
pub(crate) struct Reading {
    /// A few words for it.
    pub(crate) name: &'static str,
    /// Why documents are read so.
    pub(crate) reason: &'static str,
    /// The schemas as they are read.
    pub(crate) apply: fn(&Value) -> Value,
}

/// All of them.
pub(crate) const READINGS: [Reading; 5] = [
    Reading {
        name: "a closed part of `allOf`",
        reason: "`additionalProperties: false` in one part would forbid what the other parts describe, so that no value \
                 could have members of two: it is passed over unless each part says it",
        apply: |schemas| changed(schemas, &open_parts),
    },
    Reading {
        name: "a member of one inline alternative",
        reason: "objects written in place under `anyOf` are one struct; what one alternative says of a member is its type \
                 in the others too, which would take any value for it",
        apply: |schemas| changed(schemas, &share_members),
    },
    Reading {
        name: "a tag that only the server writes",
        reason: "the member that tells alternatives apart is there in requests too, although the schema calls it \
                 read-only: without it nobody knows which of them a value is",
        apply: |schemas| changed(schemas, &require_tags),
    },
    Reading {
        name: "null in several alternatives",
        reason: "where more than one alternative of `oneOf` may be null, null would be none of the values, although each of \
                 them says that it is: it is one of them once",
        apply: |schemas| changed(schemas, &keep_one_null),
    },
    Reading {
        name: "an integer without a format and bounds",
        reason: "it has 64 bits and a sign, as `int64` has; an example or a default beyond that was rounded when somebody's \
                 tool wrote it",
        apply: |schemas| changed(schemas, &bound_integers),
    },
];

/// How many references and parts are followed.
const DEPTH: usize = 12;

/// The schemas after `change` has seen each object of them.
fn changed(schemas: &Value, change: &dyn Fn(&Value, &mut Map<String, Value>)) -> Value {
    let mut whole = schemas.clone();
    walk(schemas, &mut whole, change);
    whole
}

fn walk(root: &Value, value: &mut Value, change: &dyn Fn(&Value, &mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(root, item, change)),
        Value::Object(members) => {
            members
                .iter_mut()
                .filter(|(key, _)| {
                    !matches!(key.as_str(), "example" | "examples" | "default" | "enum" | "const")
                })
                .for_each(|(_, member)| walk(root, member, change));
            change(root, members);
        }
        _ => {}
    }
}

/// Opens the parts of an `allOf`, and the whole.
fn open_parts(root: &Value, members: &mut Map<String, Value>) {
    if let Some(Value::Array(parts)) = members.get_mut("allOf") {
        parts.iter_mut().for_each(|part| *part = opened(root, part, DEPTH));
        open(members);
    }
}

fn open(members: &mut Map<String, Value>) {
    if members.get("additionalProperties") == Some(&Value::Bool(false)) {
        members.remove("additionalProperties");
    }
}

/// A part without `additionalProperties: false`, what it refers to in its place.
fn opened(root: &Value, part: &Value, depth: usize) -> Value {
    let Some(members) = part.as_object().filter(|_| depth > 0) else { return part.clone() };
    let mut members = members.clone();
    let reference = members.get("$ref").and_then(Value::as_str);
    if let Some(target) = reference.and_then(|reference| resolve(root, reference)) {
        let target = opened(root, target, depth - 1);
        members.remove("$ref");
        if members.is_empty() {
            return target;
        }
        return json!({"allOf": [target, members]});
    }
    open(&mut members);
    for key in ["allOf", "oneOf", "anyOf"] {
        if let Some(Value::Array(parts)) = members.get_mut(key) {
            parts.iter_mut().for_each(|part| *part = opened(root, part, depth - 1));
        }
    }
    Value::Object(members)
}

/// Says in each inline object under `anyOf` what the others say of the members that it doesn't describe.
fn share_members(_: &Value, members: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = members.get_mut("anyOf") else { return };
    let all = alternatives.clone();
    let described =
        |one: &Value| one.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let names: BTreeSet<String> =
        all.iter().flat_map(|one| described(one).into_iter().map(|(name, _)| name)).collect();
    for alternative in alternatives.iter_mut().filter_map(Value::as_object_mut) {
        if alternative.contains_key("$ref") {
            continue;
        }
        let properties = alternative.entry("properties").or_insert_with(|| json!({}));
        let Some(properties) = properties.as_object_mut() else { continue };
        for name in &names {
            if !properties.contains_key(name) {
                let of_others: Vec<_> = all.iter().filter_map(|one| described(one).remove(name)).collect();
                properties.insert(name.clone(), json!({"anyOf": of_others}));
            }
        }
    }
}

/// Says that the member is there by which a base tells apart what extends it.
fn require_tags(_: &Value, members: &mut Map<String, Value>) {
    let tag = members.get("discriminator").and_then(|it| it.get("propertyName")).filter(|it| it.is_string());
    let Some(tag) = tag.cloned() else { return };
    if let Value::Array(required) = members.entry("required").or_insert_with(|| json!([]))
        && !required.contains(&tag)
    {
        required.push(tag);
    }
}

/// Takes null out of the types of all alternatives but the first that has it.
fn keep_one_null(_: &Value, members: &mut Map<String, Value>) {
    let alternatives = members.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten();
    let types = alternatives.filter_map(|one| one.get_mut("type")?.as_array_mut());
    for types in types.filter(|types| types.contains(&json!("null"))).skip(1) {
        types.retain(|kind| kind != "null");
    }
}

/// Says of an integer without a format and without bounds what `int64` says.
fn bound_integers(_: &Value, members: &mut Map<String, Value>) {
    let kind = members.get("type");
    let integer = kind.is_some_and(|kind| {
        kind == "integer" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("integer")))
    });
    let more = ["format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    if integer && more.iter().all(|key| !members.contains_key(*key)) {
        members.insert("minimum".to_owned(), json!(i64::MIN));
        members.insert("maximum".to_owned(), json!(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_opened_where_they_are_parts() {
        let schemas = json!({
            "Closed": {"type": "object", "additionalProperties": false},
            "Whole": {"allOf": [{"$ref": "#/Closed"}, {"properties": {"a": {}}}]},
        });
        let read = (READINGS[0].apply)(&schemas);
        assert_eq!(read["Closed"], schemas["Closed"]);
        assert_eq!(read["Whole"], json!({"allOf": [{"type": "object"}, {"properties": {"a": {}}}]}));
    }

    #[test]
    fn members_of_one_alternative_are_those_of_all() {
        let schemas = json!({"anyOf": [{"properties": {"a": {"type": "string"}}}, {"required": ["b"]}]});
        let read = (READINGS[1].apply)(&schemas);
        assert_eq!(read.pointer("/anyOf/1/properties/a"), Some(&json!({"anyOf": [{"type": "string"}]})));
        assert_eq!(read.pointer("/anyOf/0/properties/a"), Some(&json!({"type": "string"})));
    }

    #[test]
    fn tags_are_required() {
        let schemas = json!({"discriminator": {"propertyName": "kind"}, "required": ["a"]});
        assert_eq!((READINGS[2].apply)(&schemas)["required"], json!(["a", "kind"]));
    }

    #[test]
    fn null_is_one_alternative_once() {
        let nullable = |kind: &str| json!({"type": [kind, "null"]});
        let schemas = json!({"oneOf": [nullable("string"), {"type": "boolean"}, nullable("array")]});
        let read = (READINGS[3].apply)(&schemas);
        assert_eq!(read["oneOf"], json!([nullable("string"), {"type": "boolean"}, {"type": ["array"]}]));
    }

    #[test]
    fn integers_have_64_bits() {
        let read = (READINGS[4].apply)(&json!([{"type": "integer"}, {"type": "integer", "minimum": 1}]));
        assert_eq!(read[0], json!({"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX}));
        assert_eq!(read[1], json!({"type": "integer", "minimum": 1}));
    }
}
