//! The other opinion: a JSON Schema validator for the schemas of a document.

use anyhow::Result;
use jsonschema::{Draft, Registry, ValidationError, Validator};
use planewright_sample::openapi::Way;
use serde_json::{Value, json};

use crate::document::Document;

/// Formats that the validator knows and generated types don't check: they assert nothing.
const UNASSERTED: [&str; 15] = [
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
];

/// What a document's references lead into, its schemas read in some way.
pub(crate) fn registry<'r>(document: &Document, read: impl Fn(&Value) -> Value) -> Result<Registry<'r>> {
    let mut registry = Registry::new();
    for way in WAYS {
        registry = registry.add(name(way), read(document.schemas_on(way)))?;
    }
    Ok(registry.prepare()?)
}

/// The first error that a validator names, with its keyword; none if the value is valid.
pub(crate) fn refusal(validator: &Validator, value: &Value) -> Option<(String, String)> {
    validator.iter_errors(value).next().map(|error| (error.kind().keyword().to_owned(), error.to_string()))
}

const WAYS: [Option<Way>; 3] = [None, Some(Way::Request), Some(Way::Answer)];

fn name(way: Option<Way>) -> &'static str {
    match way {
        None => "planewright:document",
        Some(Way::Request) => "planewright:request",
        Some(Way::Answer) => "planewright:answer",
    }
}

/// Makes validators of the schemas of one document.
pub(crate) struct Validators<'r>(pub(crate) &'r Registry<'r>);

impl Validators<'_> {
    /// A validator for the schema at a pointer.
    pub(crate) fn of(&self, pointer: &str, way: Option<Way>) -> Result<Validator, ValidationError<'static>> {
        let whole = json!({"$ref": format!("{}#{}", name(way), fragment(pointer))});
        let mut options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(self.0)
            .offline()
            .should_validate_formats(true)
            .with_format("byte", is_base64);
        for format in UNASSERTED {
            options = options.with_format(format, |_: &str| true);
        }
        options.build(&whole)
    }
}

fn is_base64(text: &str) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

/// A pointer as a URI's fragment.
fn fragment(pointer: &str) -> String {
    let mut out = String::new();
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
