//! How an API behaves where a document says nothing: the shape of its errors, and what it forgives.

mod flink;
mod problem;

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use crate::{ApiError, Rejection, ResponseBody};

pub use flink::Flink;
pub use problem::Problem;

/// The manners of one API. All of it is known at compile time; an implementation is a unit struct.
///
/// The defaults are those of RFC 9110 and of a strict reader of the document. [`Problem`] has them all.
pub trait Conventions: Send + Sync + 'static {
    /// Whether empty path segments are ignored: `/a//b/` is `/a/b`.
    const IGNORE_EMPTY_SEGMENTS: bool = false;
    /// Whether an empty body stands for `{}` where JSON is expected.
    const EMPTY_BODY_IS_OBJECT: bool = false;
    /// Whether a JSON body must be declared as JSON by its `Content-Type`.
    const CHECK_CONTENT_TYPE: bool = true;
    /// Whether a body may have what the document forbids about its shape, such as null for a member that should be left
    /// out: see [`Json::read_json_strict`](planewright_model::Json::read_json_strict).
    const LENIENT_BODIES: bool = false;
    /// Whether enumerations and booleans in the query may be written in any case.
    const IGNORE_CASE: bool = false;
    /// Whether commas separate the items of every list in a query, be they escaped or not and whatever its style.
    const SPLIT_LISTS: bool = false;
    /// Whether query keys that the document doesn't declare are ignored. Otherwise they are refused.
    const IGNORE_UNKNOWN_QUERY: bool = true;
    /// Whether a multipart body must have the parts that the document requires. Otherwise its handler decides.
    const REQUIRE_PARTS: bool = true;
    /// The status for requests that break constraints of the document.
    const VIOLATION_STATUS: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
    /// The longest JSON, form or text body, in bytes. Streams and files aren't held in memory, and so not
    /// subject to it.
    const BODY_LIMIT: u64 = 2 << 20;
    /// Which other origins may use the API from a browser.
    const CORS: Option<Cors> = None;
    /// The media type of error bodies.
    const ERROR_TYPE: &'static str;

    /// Writes the body for an error.
    fn write_error(error: &ApiError, out: &mut Vec<u8>);

    /// Gives a refusal its status and messages.
    #[must_use]
    fn reject(rejection: Rejection) -> ApiError {
        let status = match rejection {
            Rejection::Validation(_) => Self::VIOLATION_STATUS,
            _ => rejection.status(),
        };
        ApiError::rejected(status, rejection)
    }

    /// The response for a refusal.
    #[must_use]
    fn refuse(rejection: Rejection) -> Response<ResponseBody> {
        Self::respond(Self::reject(rejection))
    }

    /// The response for an error.
    #[must_use]
    fn respond(mut error: ApiError) -> Response<ResponseBody> {
        let mut body = Vec::with_capacity(256);
        Self::write_error(&error, &mut body);
        let mut response = Response::new(ResponseBody::from(body));
        *response.status_mut() = error.status();
        *response.headers_mut() = error.take_headers();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Self::ERROR_TYPE));
        if let Some(cors) = Self::CORS {
            response
                .headers_mut()
                .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(cors.allow_origin));
        }
        response
    }
}

/// Answers to browsers that ask on behalf of a page of another origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cors {
    /// The value of `Access-Control-Allow-Origin`.
    pub allow_origin: &'static str,
    /// The value of `Access-Control-Allow-Headers`.
    pub allow_headers: &'static str,
    /// The value of `Access-Control-Max-Age`: seconds for which a browser may remember the answer.
    pub max_age: &'static str,
}

/// Appends `text` as a JSON string.
fn write_json_string(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory can't fail.
    let _ = serde_json::to_writer(out, text);
}
