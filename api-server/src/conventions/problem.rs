use super::{Conventions, write_json_string};
use crate::{ApiError, Rejection};

/// RFC 9457 problem details, `application/problem+json`: what a document that says nothing about errors gets.
///
/// `title` is the meaning of the status, `detail` the first message. Broken constraints stand in `errors`, each
/// with a JSON pointer and a sentence.
#[derive(Clone, Copy, Debug)]
pub struct Problem;

impl Conventions for Problem {
    const ERROR_TYPE: &'static str = "application/problem+json";

    fn write_error(error: &ApiError, out: &mut Vec<u8>) {
        let status = error.status();
        out.extend_from_slice(b"{\"title\":");
        write_json_string(status.canonical_reason().unwrap_or("Error"), out);
        out.extend_from_slice(b",\"status\":");
        out.extend_from_slice(status.as_str().as_bytes());
        out.extend_from_slice(b",\"detail\":");
        match error.rejection() {
            Some(rejection @ Rejection::Validation(validation)) => {
                write_json_string(&rejection.to_string(), out);
                out.extend_from_slice(b",\"errors\":[");
                for (index, violation) in validation.violations.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(b"{\"pointer\":");
                    write_json_string(&violation.path, out);
                    out.extend_from_slice(b",\"detail\":");
                    write_json_string(&violation.message, out);
                    out.push(b'}');
                }
                out.push(b']');
            }
            _ => write_json_string(&error.to_string(), out),
        }
        out.push(b'}');
    }
}
