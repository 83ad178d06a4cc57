//! From an OpenAPI 3.0 schema to a JSON Schema that a validator takes.
//!
//! Objects come out closed: a member that the document doesn't name is an error, because whoever reads the document
//! would lose it.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::document::resolve;

/// Members that say nothing about which values are valid.
const ANNOTATIONS: [&str; 5] = ["nullable", "description", "example", "default", "format"];

/// A validator for one schema of the document.
pub(crate) fn validator(document: &Value, schema: &Value) -> Validator {
    let components = document["components"]["schemas"].as_object().expect("schemas");
    let definitions: Map<_, _> =
        components.iter().map(|(name, schema)| (name.clone(), translate(document, schema))).collect();
    let root = json!({ "allOf": [translate(document, schema)], "$defs": definitions });
    jsonschema::validator_for(&root).expect("a valid schema")
}

/// Everything that is wrong with a value, a line each.
pub(crate) fn violations(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

fn translate(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return json!({ "$ref": reference.replace("#/components/schemas/", "#/$defs/") });
    }
    let merged = merge(document, schema);
    let mut result = Map::new();
    for (keyword, value) in &merged {
        let value = match keyword.as_str() {
            keyword if ANNOTATIONS.contains(&keyword) => continue,
            // Beside a reference the type is there for the sake of `nullable` alone, and would forbid the null.
            "type" if merged.contains_key("allOf") => continue,
            "items" => translate(document, value),
            "additionalProperties" if value.is_object() => translate(document, value),
            "properties" => {
                let properties = value.as_object().expect("properties");
                properties.iter().map(|(name, schema)| (name.clone(), translate(document, schema))).collect()
            }
            "allOf" | "oneOf" | "anyOf" => {
                value.as_array().expect("schemas").iter().map(|schema| translate(document, schema)).collect()
            }
            _ => value.clone(),
        };
        result.insert(keyword.clone(), value);
    }
    if result.get("type") == Some(&json!("object")) && !result.contains_key("additionalProperties") {
        result.insert("additionalProperties".into(), false.into());
    }
    if merged.get("nullable") == Some(&Value::Bool(true)) {
        return json!({ "anyOf": [result, { "type": "null" }] });
    }
    Value::Object(result)
}

/// Joins the object schemas of an `allOf` to one. Closed one by one they would forbid each other's members.
fn merge(document: &Value, schema: &Value) -> Map<String, Value> {
    let schema = schema.as_object().expect("a schema");
    let parts = match schema.get("allOf").and_then(Value::as_array) {
        Some(parts) if parts.len() > 1 => parts,
        _ => return schema.clone(),
    };
    let mut properties = Map::new();
    let mut required = Vec::new();
    for part in parts {
        let part = merge(document, resolve(document, part));
        properties.extend(part["properties"].as_object().expect("properties").clone());
        required.extend(part.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    Map::from_iter([
        ("type".into(), "object".into()),
        ("properties".into(), properties.into()),
        ("required".into(), required.into()),
    ])
}

#[test]
fn a_checker_that_accepts_everything_would_be_noticed() {
    let document = json!({ "components": { "schemas": {
        "Name": { "type": "string" },
        "Base": { "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } },
        "Thing": { "allOf": [{ "$ref": "#/components/schemas/Base" }, { "type": "object", "properties": {
            "name": { "type": "string", "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Name" }] },
        } }] },
    } } });
    let validator = validator(&document, &json!({ "$ref": "#/components/schemas/Thing" }));
    for good in [json!({ "id": 1 }), json!({ "id": 1, "name": null }), json!({ "id": 1, "name": "a" })] {
        assert_eq!(violations(&validator, &good), [""; 0]);
    }
    for bad in
        [json!({}), json!({ "id": null }), json!({ "id": 1, "extra": 1 }), json!({ "id": 1, "name": 1 })]
    {
        assert_eq!(violations(&validator, &bad).len(), 1, "{bad}");
    }
}
