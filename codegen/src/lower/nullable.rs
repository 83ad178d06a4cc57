//! What a schema says in words that its language doesn't have.

use crate::diagnostic::{Problem, code};
use crate::openapi::{Language, Reading, Schema};
use crate::source::Value;

/// Says that `nullable` is understood where it has no meaning.
pub(super) fn warn(reading: Reading<'_>, schema: &Schema<'_>) {
    let nullable = schema.member("nullable").filter(|node| matches!(node.value, Value::Bool(true)));
    if let Some(nullable) = nullable.filter(|_| reading.language >= Language::OpenApi31) {
        let message = "OpenAPI 3.1 has no `nullable`; null is taken all the same";
        Problem::new(code::NULLABLE_ASIDE, nullable.span, message)
            .help("list `\"null\"` among the types")
            .report(reading.sink);
    }
}
