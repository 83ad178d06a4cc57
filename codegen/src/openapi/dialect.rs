use std::fmt;

use super::{Fields, Reading};
use crate::diagnostic::{Problem, Reported, code};
use crate::source::{Node, Value};

/// What language a document is written in, with its full version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The language.
    pub language: Language,
    /// The version as written: `3.0.3`.
    pub version: String,
}

/// The languages that are read.
///
/// One reader understands all of them, because almost everything either means the same in each or is unknown to the
/// others: a list of types in a document of version 3.0 can only mean what it means in 3.1. This says which one it is
/// where they disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// Swagger 2.0.
    Swagger20,
    /// OpenAPI 3.0.
    OpenApi30,
    /// OpenAPI 3.1, and what later versions have in common with it.
    OpenApi31,
}

impl Language {
    /// The language that a root names; OpenAPI 3.0 if it names none.
    #[must_use]
    pub fn of(root: Option<&Node>) -> Self {
        let version = |key: &str| match root.and_then(|root| root.get(key)).map(|node| &node.value) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        match version("openapi") {
            Some(version) if is(&version, "3.0") || !version.starts_with("3.") => Self::OpenApi30,
            Some(_) => Self::OpenApi31,
            None if version("swagger").is_some() => Self::Swagger20,
            None => Self::OpenApi30,
        }
    }
}

impl Dialect {
    /// Finds out from `openapi` or `swagger`.
    ///
    /// # Errors
    /// If there is no such member, or the dialect isn't supported.
    pub fn of(reading: Reading<'_>, root: &Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, root, "the document")?;
        let (name, version) = match (fields.string("openapi")?, fields.string("swagger")?) {
            (Some(version), _) => ("OpenAPI", version),
            (None, Some(version)) => ("Swagger", version),
            (None, None) => {
                let message = "this isn't an OpenAPI document: it has neither `openapi` nor `swagger`";
                return Err(Problem::new(code::NO_DIALECT, fields.span(), message)
                    .help("an OpenAPI document begins with its version: `openapi: 3.0.3`")
                    .report(reading.sink));
            }
        };
        let language = match name {
            "Swagger" if is(&version.value, "2.0") || version.value == "2" => Some(Language::Swagger20),
            "OpenAPI" if is(&version.value, "3.0") || version.value == "3" => Some(Language::OpenApi30),
            "OpenAPI" if is(&version.value, "3.1") => Some(Language::OpenApi31),
            "OpenAPI" if version.value.starts_with("3.") => {
                let message =
                    format!("OpenAPI {} is read as 3.1; what is new in it is ignored", version.value);
                Problem::new(code::UNSUPPORTED_DIALECT, version.span, message).report(reading.sink);
                Some(Language::OpenApi31)
            }
            _ => None,
        };
        match language {
            Some(language) => Ok(Self { language, version: version.value }),
            None => {
                let message = format!("{name} {} isn't supported", version.value);
                Err(Problem::new(code::UNSUPPORTED_DIALECT, version.span, message)
                    .help("OpenAPI 3.0 and 3.1 and Swagger 2.0 are read")
                    .report_fatal(reading.sink))
            }
        }
    }
}

/// Whether a version is `series` or begins with it and a dot.
fn is(version: &str, series: &str) -> bool {
    version.strip_prefix(series).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.language == Language::Swagger20 { "Swagger" } else { "OpenAPI" };
        write!(formatter, "{name} {}", self.version)
    }
}

impl serde::Serialize for Dialect {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
