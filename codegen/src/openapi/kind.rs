//! `type` of a schema.

use super::{Fields, Language, Reading, SchemaType};
use crate::diagnostic::{Problem, Reported, code};
use crate::source::Node;

/// What `type` says.
#[derive(Default)]
pub(super) struct Kind {
    /// The one type beside `null`.
    pub(super) kind: Option<SchemaType>,
    /// The format that goes with it where the type has another language's name.
    pub(super) format: Option<&'static str>,
    /// Whether `null` is listed beside it.
    pub(super) nullable: bool,
}

/// Reads it. Of several types, [`normal`](super::normal) has made alternatives before.
pub(super) fn read(reading: Reading<'_>, fields: Fields<'_>) -> Result<Kind, Reported> {
    let Some(node) = fields.get("type") else { return Ok(Kind::default()) };
    let Some(list) = node.as_array() else { return one(reading, node) };
    let mut kinds = list.iter().filter(|kind| kind.as_str() != Some("null"));
    let nullable = list.iter().any(|kind| kind.as_str() == Some("null"));
    let kind = match (kinds.next(), kinds.next()) {
        (None, _) if nullable => Kind { kind: Some(SchemaType::Null), ..Kind::default() },
        (Some(kind), None) => Kind { nullable, ..one(reading, kind)? },
        _ => {
            let message = "`type` is a list that holds no type, or something else than types";
            return Err(bad(reading, node, message));
        }
    };
    if reading.language < Language::OpenApi31 {
        let message = "`type` must be one type; a list of types is taken as OpenAPI 3.1 has it";
        Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
    }
    Ok(kind)
}

fn one(reading: Reading<'_>, node: &Node) -> Result<Kind, Reported> {
    let Some(text) = node.as_str() else {
        return Err(bad(reading, node, &format!("`type` must be a string, this is {}", node.kind())));
    };
    let plain = |kind| Ok(Kind { kind: Some(kind), ..Kind::default() });
    // Names of other languages say plainly what is meant.
    let (name, kind, format) = match text {
        "boolean" => return plain(SchemaType::Boolean),
        "integer" => return plain(SchemaType::Integer),
        "number" => return plain(SchemaType::Number),
        "string" => return plain(SchemaType::String),
        "array" => return plain(SchemaType::Array),
        "object" => return plain(SchemaType::Object),
        "null" => return plain(SchemaType::Null),
        "file" if reading.language == Language::Swagger20 => {
            return Ok(Kind { kind: Some(SchemaType::String), format: Some("binary"), nullable: false });
        }
        "long" | "int64" => ("integer", SchemaType::Integer, Some("int64")),
        "int" | "int32" => ("integer", SchemaType::Integer, Some("int32")),
        "float" => ("number", SchemaType::Number, Some("float")),
        "double" => ("number", SchemaType::Number, Some("double")),
        "decimal" => ("number", SchemaType::Number, None),
        "bool" => ("boolean", SchemaType::Boolean, None),
        "file" => ("string", SchemaType::String, Some("binary")),
        "date" => ("string", SchemaType::String, Some("date")),
        "datetime" | "date-time" => ("string", SchemaType::String, Some("date-time")),
        "uuid" => ("string", SchemaType::String, Some("uuid")),
        "text" | "str" => ("string", SchemaType::String, None),
        "list" => ("array", SchemaType::Array, None),
        "map" | "dict" => ("object", SchemaType::Object, None),
        other => match other.to_ascii_lowercase().as_str() {
            "boolean" => ("boolean", SchemaType::Boolean, None),
            "integer" => ("integer", SchemaType::Integer, None),
            "number" => ("number", SchemaType::Number, None),
            "string" => ("string", SchemaType::String, None),
            "array" => ("array", SchemaType::Array, None),
            "object" => ("object", SchemaType::Object, None),
            _ => return Err(bad(reading, node, &format!("there is no type `{text}`"))),
        },
    };
    let words = format.map_or_else(String::new, |format| format!(" with the format `{format}`"));
    let message = format!("there is no type `{text}`; `{name}`{words} is taken");
    Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
    Ok(Kind { kind: Some(kind), format, nullable: false })
}

fn bad(reading: Reading<'_>, node: &Node, message: &str) -> Reported {
    Problem::new(code::BAD_SCHEMA_TYPE, node.span, message)
        .help("`type` is one of boolean, integer, number, string, array, object")
        .report(reading.sink)
}
