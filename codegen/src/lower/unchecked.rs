//! What a schema demands and nothing checks.

use crate::diagnostic::{Code, Problem, code};
use crate::openapi::{Language, Reading, Schema};
use crate::source::{Node, Value};

/// Says of each demand of the schema that nothing checks that this is so.
pub(super) fn warn(reading: Reading<'_>, schema: &Schema<'_>) {
    let tell = |key: &str, code: Code| {
        if let Some(node) = schema.member(key).filter(|node| demands(key, node)) {
            Problem::new(code, node.span, format!("`{key}` isn't checked")).report(reading.sink);
        }
    };
    for (key, code) in [
        ("patternProperties", code::PATTERN_PROPERTIES),
        ("propertyNames", code::PROPERTY_NAMES),
        ("dependentRequired", code::DEPENDENCIES),
        ("dependentSchemas", code::DEPENDENCIES),
        ("if", code::CONDITION),
        ("contains", code::CONTAINS),
        ("unevaluatedProperties", code::UNEVALUATED),
        ("unevaluatedItems", code::UNEVALUATED),
        ("prefixItems", code::TUPLE),
    ] {
        tell(key, code);
    }
    let nullable = schema.member("nullable").filter(|node| matches!(node.value, Value::Bool(true)));
    if let Some(nullable) = nullable.filter(|_| reading.language >= Language::OpenApi31) {
        let message = "OpenAPI 3.1 has no `nullable`; null is taken all the same";
        Problem::new(code::NULLABLE_ASIDE, nullable.span, message)
            .help("list `\"null\"` among the types")
            .report(reading.sink);
    }
}

/// Whether a keyword with this value rules anything out.
fn demands(key: &str, node: &Node) -> bool {
    match (&node.value, key) {
        (Value::Bool(allowed), _) => !allowed,
        (Value::Array(nodes), _) => !nodes.is_empty(),
        // Every name is a string.
        (Value::Object(object), "propertyNames") => {
            object.iter().any(|member| member.key != "type" || member.value.as_str() != Some("string"))
        }
        (Value::Object(object), _) => !object.is_empty(),
        _ => false,
    }
}
