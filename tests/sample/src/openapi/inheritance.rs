//! Bases that stand for what extends them.

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Makes each base with a mapping one of what its mapping names, if all of that extends it by `allOf`.
pub(super) fn unfold(document: &Value, schemas: &mut Value) {
    let Some(written) = document.pointer("/components/schemas").and_then(Value::as_object) else { return };
    let Some(Value::Object(converted)) = schemas.pointer_mut("/components/schemas") else { return };
    for (base, schema) in written {
        let Some((property, heirs)) = heirs(written, base, schema) else { continue };
        let own = format!("{base}.own");
        let Some(plain) = converted.get(base).cloned() else { continue };
        let reference = json!(format!("{SCHEMAS}{base}"));
        for schema in converted.values_mut() {
            for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
                if part.get("$ref") == Some(&reference) {
                    part["$ref"] = json!(format!("{SCHEMAS}{own}"));
                }
            }
        }
        let alternatives = heirs.iter().map(|(name, values)| {
            json!({"allOf": [
                {"$ref": format!("{SCHEMAS}{name}")},
                {"type": "object", "required": [property], "properties": {property: {"enum": values}}},
            ]})
        });
        // A kind that the mapping doesn't name is the base itself.
        let named: Vec<_> = heirs.iter().flat_map(|(_, values)| values).collect();
        let itself = json!({"allOf": [
            {"$ref": format!("{SCHEMAS}{own}")},
            {"type": "object", "required": [property], "properties": {property: {"not": {"enum": named}}}},
        ]});
        let union = json!({"oneOf": alternatives.chain([itself]).collect::<Vec<_>>()});
        converted.insert(base.clone(), union);
        converted.insert(own, plain);
    }
}

/// The name of what extends a base, and the values that stand for it.
type Heir<'a> = (&'a str, Vec<&'a str>);

/// The discriminating member of a base, and what extends it, each with its values.
fn heirs<'a>(
    written: &Map<String, Value>,
    base: &str,
    schema: &'a Value,
) -> Option<(&'a str, Vec<Heir<'a>>)> {
    if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
        return None;
    }
    let discriminator = schema.get("discriminator")?;
    let property = discriminator.get("propertyName")?.as_str()?;
    let mapping = discriminator.get("mapping")?.as_object()?;
    let mut heirs: Vec<Heir<'_>> = Vec::new();
    for (value, target) in mapping {
        let name = target.as_str()?.rsplit('/').next()?;
        if !extends(written, name, base, 16) {
            return None;
        }
        match heirs.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value),
            None => heirs.push((name, vec![value])),
        }
    }
    (!heirs.is_empty()).then_some((property, heirs))
}

fn extends(written: &Map<String, Value>, name: &str, base: &str, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let parts = written.get(name).and_then(|schema| schema.get("allOf")).and_then(Value::as_array);
    let references =
        parts.into_iter().flatten().filter_map(|part| part.get("$ref")?.as_str()?.strip_prefix(SCHEMAS));
    references.into_iter().any(|part| part == base || extends(written, part, base, depth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_one_of_what_extends_it() {
        let document = json!({"openapi": "3.0.3", "components": {"schemas": {
            "Base": {"type": "object", "properties": {"kind": {"type": "string"}}, "discriminator": {
                "propertyName": "kind", "mapping": {"a": "#/components/schemas/A"},
            }},
            "A": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "required": ["n"]}]},
        }}});
        let converted = super::super::json_schemas(&document);
        let named = &converted["components"]["schemas"];
        assert_eq!(named.pointer("/Base/oneOf/0/allOf/0/$ref"), Some(&json!("#/components/schemas/A")));
        assert_eq!(named.pointer("/Base/oneOf/0/allOf/1/properties/kind/enum"), Some(&json!(["a"])));
        assert_eq!(named.pointer("/Base/oneOf/1/allOf/1/properties/kind/not/enum"), Some(&json!(["a"])));
        assert_eq!(named.pointer("/A/allOf/0/$ref"), Some(&json!("#/components/schemas/Base.own")));
        assert_eq!(named.pointer("/Base.own/type"), Some(&json!("object")));
    }
}
