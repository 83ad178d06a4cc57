//! The schemas of OpenAPI and Swagger documents as JSON Schema 2020-12.
//!
//! The document keeps its shape, so that every `$ref` and every pointer leads where it led. What its dialect says in words of its
//! own is said in those of JSON Schema:
//!
//! | In the document | Here |
//! |---|---|
//! | `nullable: true` | `null` is a value, whatever stands beside it: also beside `$ref`, `enum` and `allOf` |
//! | other keywords beside `$ref` (3.0, 2.0) | gone |
//! | `exclusiveMinimum: true` | `exclusiveMinimum` with the bound |
//! | `format: int32` and other widths | bounds |
//! | `discriminator` beside `oneOf` or `anyOf` | the member is there, and has a value that stands for the alternative |
//! | `discriminator` of a base, with a `mapping` to what extends it | the base is one of those, or itself under any other value; its own members stand at its name with `.own` |
//! | `properties`, `required`, `items` without `type` | `type` is that of which they speak |
//! | `type: long`, `type: String`, … as other languages have it | the type that is meant, with its format |
//! | `type: any`, `type` without a value | no `type` |
//! | `nullable: true` and nothing else, as an alternative | `null` |
//! | `type` and `format` of a parameter (2.0) | its `schema` |

mod inheritance;
mod way;

use serde_json::{Map, Value, json};

pub use way::{Way, on_way};

/// The document with its schemas in JSON Schema 2020-12.
#[must_use]
pub fn json_schemas(document: &Value) -> Value {
    let old = document.get("swagger").is_some()
        || document.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.0"));
    let reading = Reading { document, siblings: !old };
    let mut schemas = reading.part(document, 0);
    inheritance::unfold(document, &mut schemas);
    schemas
}

/// The member of a JSON object that leads to the schemas that have a name.
#[must_use]
pub fn named_schemas(document: &Value) -> &'static str {
    if document.get("swagger").is_some() { "/definitions" } else { "/components/schemas" }
}

struct Reading<'a> {
    document: &'a Value,
    /// Whether keywords beside `$ref` count.
    siblings: bool,
}

/// Keywords that hold one schema.
const ONE: [&str; 10] = [
    "items",
    "additionalProperties",
    "not",
    "propertyNames",
    "contains",
    "if",
    "then",
    "else",
    "unevaluatedProperties",
    "unevaluatedItems",
];
/// Keywords that hold a list of schemas.
const LIST: [&str; 4] = ["allOf", "oneOf", "anyOf", "prefixItems"];
/// Keywords that hold schemas by name.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// What a parameter of Swagger 2.0 says about its value.
const OF_PARAMETER: [&str; 18] = [
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "x-nullable",
    "nullable",
];

impl Reading<'_> {
    /// Anything that isn't a schema.
    fn part(&self, value: &Value, depth: usize) -> Value {
        let members = match value {
            Value::Array(items) => return items.iter().map(|item| self.part(item, depth + 1)).collect(),
            Value::Object(members) => members,
            other => return other.clone(),
        };
        let mut out = Map::new();
        for (name, member) in members {
            let member = match (name.as_str(), member) {
                ("schema", Value::Object(_)) => self.schema(member),
                ("schema", Value::Null) => json!({}),
                ("schemas" | "definitions", Value::Object(named)) if depth <= 1 => self.named(named),
                ("example" | "examples", _) => member.clone(),
                (extension, _) if extension.starts_with("x-") => member.clone(),
                _ => self.part(member, depth + 1),
            };
            out.insert(name.clone(), member);
        }
        let is_header = !members.contains_key("in") && self.document.get("swagger").is_some();
        if !members.contains_key("schema")
            && members.get("type").is_some_and(Value::is_string)
            && (members.contains_key("in") || is_header)
        {
            let own = members.iter().filter(|(name, _)| OF_PARAMETER.contains(&name.as_str()));
            let own = own.map(|(name, value)| (name.clone(), value.clone())).collect();
            out.insert("schema".to_owned(), self.schema(&Value::Object(own)));
        }
        Value::Object(out)
    }

    fn named(&self, members: &Map<String, Value>) -> Value {
        let schemas = members.iter().map(|(name, schema)| (name.clone(), self.schema(schema)));
        Value::Object(schemas.collect())
    }

    fn schema(&self, schema: &Value) -> Value {
        let Value::Object(members) = schema else { return schema.clone() };
        let repaired = members.get("type").and_then(Value::as_str).and_then(meant).map(|(kind, format)| {
            let mut repaired = members.clone();
            repaired.insert("type".to_owned(), json!(kind));
            repaired.extend(format.map(|format| ("format".to_owned(), json!(format))));
            repaired
        });
        let members = repaired.as_ref().unwrap_or(members);
        let nullable = ["nullable", "x-nullable"].iter().any(|key| members.get(*key) == Some(&json!(true)));
        let reference = members.get("$ref").filter(|reference| reference.is_string());
        let mut out = match reference {
            Some(reference) if !self.siblings => {
                let mut out = Map::new();
                out.insert("$ref".to_owned(), reference.clone());
                // Which way a member goes says nothing about its values.
                let ways = members.iter().filter(|(key, _)| matches!(key.as_str(), "readOnly" | "writeOnly"));
                out.extend(ways.map(|(key, value)| (key.clone(), value.clone())));
                out
            }
            _ => self.members(members),
        };
        // A union that says it's an object or a list by its alternatives stays open.
        if !out.contains_key("type") && reference.is_none() && !out.contains_key("enum") {
            let speaks = |keys: &[&str]| keys.iter().any(|key| out.contains_key(*key));
            let open = speaks(&["oneOf", "anyOf"]);
            if speaks(&["properties", "required"]) || (!open && speaks(&["additionalProperties"])) {
                out.insert("type".to_owned(), json!("object"));
            } else if speaks(&["items", "prefixItems"]) {
                out.insert("type".to_owned(), json!("array"));
            }
        }
        if nullable { or_null(out) } else { Value::Object(out) }
    }

    fn members(&self, members: &Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, member) in members {
            let key = name.as_str();
            let kept = match member {
                Value::Object(named) if NAMED.contains(&key) => self.named(named),
                Value::Array(list) if matches!(key, "oneOf" | "anyOf") => {
                    let null = json!({"type": "null"});
                    list.iter()
                        .map(|one| if is_null(one) { null.clone() } else { self.schema(one) })
                        .collect()
                }
                Value::Array(list) if LIST.contains(&key) => {
                    list.iter().map(|one| self.schema(one)).collect()
                }
                Value::Object(_) if ONE.contains(&key) => self.schema(member),
                Value::Bool(_) if matches!(key, "exclusiveMinimum" | "exclusiveMaximum" | "required") => {
                    continue;
                }
                Value::String(kind) if key == "type" && !is_type(kind) => continue,
                Value::Null | Value::Bool(_) | Value::Object(_) if key == "type" => continue,
                // Lists that must not be empty, and names that would move what `$ref` is relative to.
                Value::Array(list) if list.is_empty() && (LIST.contains(&key) || key == "enum") => continue,
                _ if matches!(key, "$id" | "$schema" | "nullable" | "x-nullable") => continue,
                _ => member.clone(),
            };
            out.insert(name.clone(), kept);
        }
        for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            if members.get(flag) == Some(&json!(true))
                && let Some(limit) = out.remove(bound)
            {
                out.insert(flag.to_owned(), limit);
            }
        }
        if let Some(format) = members.get("format").and_then(Value::as_str)
            && members.get("type").is_some_and(|kind| kind.to_string().contains("integer"))
            && let Some((low, high)) = width(format)
        {
            let bounds = json!({"minimum": low, "maximum": high});
            let parts = out.entry("allOf").or_insert_with(|| json!([]));
            parts.as_array_mut().into_iter().for_each(|parts| parts.push(bounds.clone()));
        }
        self.tag(members, &mut out);
        out
    }

    /// What a discriminator says about its alternatives.
    fn tag(&self, members: &Map<String, Value>, out: &mut Map<String, Value>) {
        let Some(discriminator) = members.get("discriminator").and_then(Value::as_object) else { return };
        let Some(property) = discriminator.get("propertyName").and_then(Value::as_str) else { return };
        let mapping = discriminator.get("mapping").and_then(Value::as_object);
        for key in ["oneOf", "anyOf"] {
            let Some(Value::Array(alternatives)) = out.get_mut(key) else { continue };
            let chosen: Vec<_> =
                alternatives.iter().map(|one| self.tag_values(one, property, mapping)).collect();
            let all: Vec<&Value> = chosen.iter().flatten().collect();
            if all.iter().enumerate().any(|(index, value)| all[index + 1..].contains(value)) {
                // It chooses nothing.
                continue;
            }
            for (alternative, values) in alternatives.iter_mut().zip(chosen) {
                if !values.is_empty() {
                    let tag = json!({
                        "type": "object", "required": [property], "properties": {property: {"enum": values}},
                    });
                    *alternative = json!({"allOf": [alternative.take(), tag]});
                }
            }
        }
    }

    fn tag_values(
        &self,
        alternative: &Value,
        property: &str,
        mapping: Option<&Map<String, Value>>,
    ) -> Vec<Value> {
        let reference = alternative.get("$ref").and_then(Value::as_str);
        let name = reference.and_then(|reference| reference.rsplit('/').next());
        let named = |target: &Value| target.as_str().and_then(|target| target.rsplit('/').next()) == name;
        let mapped = mapping.into_iter().flatten().filter(|(_, target)| name.is_some() && named(target));
        let mapped: Vec<Value> = mapped.map(|(value, _)| json!(value)).collect();
        if !mapped.is_empty() {
            return mapped;
        }
        let target = reference.and_then(|reference| crate::flat::resolve(self.document, reference));
        let constants = self.constants(target.unwrap_or(alternative), property, 16);
        constants.or_else(|| name.map(|name| vec![json!(name)])).unwrap_or_default()
    }

    /// The values that a schema lists.
    fn listed(&self, schema: &Value, depth: usize) -> Option<Vec<Value>> {
        let depth = depth.checked_sub(1)?;
        match (schema.get("$ref").and_then(Value::as_str), schema.get("const"), schema.get("enum")) {
            (Some(reference), ..) => self.listed(crate::flat::resolve(self.document, reference)?, depth),
            (_, Some(only), _) => Some(vec![only.clone()]),
            (_, _, values) => values?.as_array().cloned(),
        }
    }

    /// The values that a schema lists for one of its members.
    fn constants(&self, schema: &Value, property: &str, depth: usize) -> Option<Vec<Value>> {
        let depth = depth.checked_sub(1)?;
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.constants(crate::flat::resolve(self.document, reference)?, property, depth);
        }
        let member = schema.get("properties").and_then(|properties| properties.get(property));
        let own = member.and_then(|member| self.listed(member, depth));
        let parts = schema.get("allOf").and_then(Value::as_array);
        own.or_else(|| parts?.iter().find_map(|part| self.constants(part, property, depth)))
    }
}

/// The same, or null.
fn or_null(mut members: Map<String, Value>) -> Value {
    let simple =
        ["$ref", "allOf", "oneOf", "anyOf", "not", "const"].iter().all(|key| !members.contains_key(*key));
    let Some(kind) = members.get_mut("type").filter(|_| simple) else {
        return json!({"anyOf": [members, {"type": "null"}]});
    };
    match kind {
        Value::Array(kinds) if !kinds.contains(&json!("null")) => kinds.push(json!("null")),
        Value::String(_) => *kind = json!([kind.take(), "null"]),
        _ => {}
    }
    if let Some(Value::Array(values)) = members.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    Value::Object(members)
}

/// Whether an alternative says that null is allowed, and nothing about other values.
fn is_null(alternative: &Value) -> bool {
    let words = ["nullable", "title", "description"];
    alternative.get("nullable") == Some(&json!(true))
        && alternative
            .as_object()
            .is_some_and(|members| members.keys().all(|key| words.contains(&key.as_str())))
}

/// The type, and the format, that a type's name of another language means.
fn meant(kind: &str) -> Option<(&'static str, Option<&'static str>)> {
    Some(match kind {
        "long" | "int64" => ("integer", Some("int64")),
        "int" | "int32" => ("integer", Some("int32")),
        "float" => ("number", Some("float")),
        "double" => ("number", Some("double")),
        "decimal" => ("number", None),
        "bool" => ("boolean", None),
        "file" => ("string", Some("binary")),
        "date" => ("string", Some("date")),
        "datetime" | "date-time" => ("string", Some("date-time")),
        "uuid" => ("string", Some("uuid")),
        "text" | "str" => ("string", None),
        "list" => ("array", None),
        "map" | "dict" => ("object", None),
        other => {
            let plain = ["boolean", "integer", "number", "string", "array", "object"];
            let same = plain.into_iter().find(|plain| plain.eq_ignore_ascii_case(other))?;
            (same, None)
        }
    })
}

fn is_type(kind: &str) -> bool {
    matches!(kind, "null" | "boolean" | "integer" | "number" | "string" | "array" | "object")
}

/// The least and the greatest value of an integer's format.
fn width(format: &str) -> Option<(Value, Value)> {
    Some(match format {
        "int8" => (json!(i8::MIN), json!(i8::MAX)),
        "int16" => (json!(i16::MIN), json!(i16::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "int64" => (json!(i64::MIN), json!(i64::MAX)),
        "uint8" => (json!(0), json!(u8::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "uint64" | "uint" => (json!(0), json!(u64::MAX)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(version: &str, schema: Value) -> Value {
        let document = json!({"openapi": version, "components": {"schemas": {"A": schema}}});
        json_schemas(&document)["components"]["schemas"]["A"].take()
    }

    #[test]
    fn dialects_are_put_in_the_words_of_json_schema() {
        for (version, schema, expected) in [
            ("3.0.3", json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]})),
            ("3.0.3", json!({"$ref": "#/x", "maxLength": 3}), json!({"$ref": "#/x"})),
            ("3.1.0", json!({"$ref": "#/x", "maxLength": 3}), json!({"$ref": "#/x", "maxLength": 3})),
            (
                "3.0.3",
                json!({"$ref": "#/x", "nullable": true}),
                json!({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}),
            ),
            (
                "3.0.3",
                json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
                json!({"type": "integer", "exclusiveMinimum": 1}),
            ),
            (
                "3.0.3",
                json!({"type": "integer", "format": "int8"}),
                json!({"type": "integer", "format": "int8", "allOf": [{"minimum": -128, "maximum": 127}]}),
            ),
            (
                "3.0.3",
                json!({"anyOf": [{"type": "int64"}, {"nullable": true}]}),
                json!({"anyOf": [
                    {"type": "integer", "format": "int64", "allOf": [{"minimum": i64::MIN, "maximum": i64::MAX}]},
                    {"type": "null"},
                ]}),
            ),
            (
                "3.0.3",
                json!({"properties": {}, "nullable": true}),
                json!({"properties": {}, "type": ["object", "null"]}),
            ),
            (
                "3.0.3",
                json!({"properties": {"schema": {"type": "any"}}}),
                json!({"properties": {"schema": {}}, "type": "object"}),
            ),
        ] {
            assert_eq!(converted(version, schema.clone()), expected, "{schema}");
        }
    }

    #[test]
    fn a_discriminator_is_a_rule_for_its_member() {
        let union = json!({
            "oneOf": [{"$ref": "#/components/schemas/B"}, {"$ref": "#/components/schemas/C"}],
            "discriminator": {"propertyName": "kind", "mapping": {"b": "#/components/schemas/B"}},
        });
        let converted = converted("3.0.3", union);
        assert_eq!(converted.pointer("/oneOf/0/allOf/1/properties/kind/enum"), Some(&json!(["b"])));
        assert_eq!(converted.pointer("/oneOf/1/allOf/1/properties/kind/enum"), Some(&json!(["C"])));
    }

    #[test]
    fn a_parameter_of_swagger_has_a_schema() {
        let document = json!({
            "swagger": "2.0",
            "paths": {"/": {"get": {"parameters": [{"in": "query", "name": "n", "type": "integer", "maximum": 3}]}}},
        });
        let schema = json_schemas(&document)["paths"]["/"]["get"]["parameters"][0]["schema"].take();
        assert_eq!(schema, json!({"type": "integer", "maximum": 3}));
    }
}
