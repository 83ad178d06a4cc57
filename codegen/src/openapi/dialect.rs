use std::fmt;

use super::{Fields, Reading};
use crate::diagnostic::{Problem, Reported, code};
use crate::source::Node;

/// What language a document is written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAPI 3.0, with its full version.
    OpenApi30(String),
}

impl Dialect {
    /// Finds out from `openapi` or `swagger`.
    ///
    /// # Errors
    /// If there is no such member, or the dialect isn't supported.
    pub fn of(reading: Reading<'_>, root: &Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, root, "the document")?;
        if let Some(version) = fields.string("openapi")? {
            if version.value == "3.0" || version.value.starts_with("3.0.") {
                return Ok(Self::OpenApi30(version.value));
            }
            let message = format!("OpenAPI {} isn't supported", version.value);
            return Err(Problem::new(code::UNSUPPORTED_DIALECT, version.span, message)
                .help("OpenAPI 3.0 is read")
                .report_fatal(reading.sink));
        }
        if let Some(version) = fields.string("swagger")? {
            let message = format!("Swagger {} isn't supported", version.value);
            return Err(Problem::new(code::UNSUPPORTED_DIALECT, version.span, message)
                .help("convert the document to OpenAPI 3.0")
                .report_fatal(reading.sink));
        }
        let message = "this isn't an OpenAPI document: it has neither `openapi` nor `swagger`";
        Err(Problem::new(code::NO_DIALECT, fields.span(), message)
            .help("an OpenAPI document begins with its version: `openapi: 3.0.3`")
            .report(reading.sink))
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenApi30(version) => write!(formatter, "OpenAPI {version}"),
        }
    }
}

impl serde::Serialize for Dialect {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
