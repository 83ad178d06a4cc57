//! Reading a document.

use serde_json::Value;

/// Why there are no cases for a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is neither YAML nor JSON.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// From 1.
        line: u64,
        /// From 1.
        column: u64,
        /// What is wrong there.
        reason: String,
    },
    /// It is no OpenAPI document of a version that is known.
    #[error("{pointer}: {reason}")]
    Unknown {
        /// JSON pointer of what is wrong; `#` is the document.
        pointer: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads YAML or JSON, and looks whether it is an OpenAPI document.
pub(super) fn read(text: &str) -> Result<Value, DocumentError> {
    let document: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| DocumentError::Malformed {
            line: error.line() as u64,
            column: error.column() as u64,
            reason: error.to_string(),
        })?
    } else {
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = error.location();
            DocumentError::Malformed {
                line: place.map_or(1, |place| place.line()),
                column: place.map_or(1, |place| place.column()),
                reason: error.to_string().lines().next().unwrap_or_default().to_owned(),
            }
        })?
    };
    let wrong =
        |pointer: &str, reason: String| Err(DocumentError::Unknown { pointer: pointer.to_owned(), reason });
    let version = document.get("openapi").or_else(|| document.get("swagger"));
    match version.and_then(Value::as_str) {
        Some(version) if version.starts_with("3.0") || version.starts_with("3.1") || version == "2.0" => {}
        Some(version) => {
            return wrong("#/openapi", format!("version {version} is not known; 3.0, 3.1 and 2.0 are"));
        }
        None => {
            return wrong("#", "there is neither `openapi` nor `swagger` with a version as text".to_owned());
        }
    }
    match document.get("paths") {
        Some(Value::Object(_)) => Ok(document),
        Some(_) => wrong("#/paths", "it is no object".to_owned()),
        None => wrong("#", "there are no `paths`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_is_wrong_is_located() {
        for (text, told) in [
            ("openapi: 3.0.3\npaths: [}\n", "line 2, column 8: "),
            ("{\"openapi\": \"3.0.3\",\n x}", "line 2, column 2: "),
            ("openapi: 4.0.0\npaths: {}", "#/openapi: version 4.0.0 is not known"),
            ("a: 1", "#: there is neither"),
            ("openapi: 3.1.0\npaths: 7", "#/paths: it is no object"),
            ("swagger: '2.0'", "#: there are no `paths`"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
