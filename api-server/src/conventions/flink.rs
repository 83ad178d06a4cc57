use http::StatusCode;

use super::{Conventions, Cors, write_json_string};
use crate::ApiError;

/// Apache Flink's REST API: errors are `{"errors": ["…"]}`, and much is forgiven, because Flink's own command
/// line and dashboard rely on it.
#[derive(Clone, Copy, Debug)]
pub struct Flink;

impl Conventions for Flink {
    const IGNORE_EMPTY_SEGMENTS: bool = true;
    const EMPTY_BODY_IS_OBJECT: bool = true;
    const CHECK_CONTENT_TYPE: bool = false;
    const LENIENT_BODIES: bool = true;
    const IGNORE_CASE: bool = true;
    const SPLIT_LISTS: bool = true;
    const REQUIRE_PARTS: bool = false;
    const VIOLATION_STATUS: StatusCode = StatusCode::BAD_REQUEST;
    const CORS: Option<Cors> = Some(Cors { allow_origin: "*", allow_headers: "*", max_age: "86400" });
    const ERROR_TYPE: &'static str = "application/json; charset=UTF-8";

    fn write_error(error: &ApiError, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"errors\":[");
        for (index, message) in error.messages().iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_json_string(message, out);
        }
        out.extend_from_slice(b"]}");
    }
}
