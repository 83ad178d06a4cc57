//! Why a request was refused before its handler saw it. Granular, so that logs and metrics keep the detail;
//! callers see what the API's [`Conventions`](crate::conventions::Conventions) make of it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use planewright_model::{DecodeError, Violations};

use crate::BoxError;

/// Any refusal.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// No operation for this method and path.
    Route(RouteRejection),
    /// A parameter is missing or malformed.
    Parameter(ParameterRejection),
    /// The body couldn't be read or decoded.
    Body(BodyRejection),
    /// The caller accepts none of the media types in which the answer can come.
    NotAcceptable {
        /// The media types.
        offered: &'static [&'static str],
    },
    /// What was decoded breaks constraints of the document.
    Validation(ValidationRejection),
    /// The server is busy, too slow or not able to.
    Service(ServiceRejection),
}

/// No operation for a method and a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteRejection {
    /// No path matches.
    NotFound,
    /// A path matches, without this method.
    MethodNotAllowed {
        /// The methods that it has, as the value of `Allow`.
        allow: &'static str,
    },
    /// The path has a `%` that isn't followed by two hexadecimal digits.
    Malformed,
}

/// A parameter is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParameterRejection {
    /// Where the parameter travels: `path`, `query`, `header` or `cookie`.
    pub location: &'static str,
    /// Its name.
    pub name: Cow<'static, str>,
    /// What is wrong with it, such as `is required`.
    pub reason: String,
}

/// A body couldn't be read or decoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyRejection {
    /// It is required and empty.
    Missing,
    /// It comes in a media type that the operation doesn't take.
    MediaType {
        /// What the operation takes.
        expected: Cow<'static, str>,
    },
    /// It is longer than is allowed here.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It isn't of the declared shape.
    Malformed(DecodeError),
    /// Its text isn't UTF-8.
    Encoding,
    /// It isn't well-formed `multipart/form-data`.
    Multipart(&'static str),
    /// A part of it is missing.
    MissingPart(&'static str),
    /// A part of it isn't a text of its type.
    Part {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A part, or a value of a stream, breaks constraints of the document.
    Invalid(ValidationRejection),
    /// It ended early: the connection was cut, or the client broke the framing.
    Interrupted(BoxError),
}

/// What was decoded breaks constraints of the document.
#[derive(Clone, Debug)]
pub struct ValidationRejection {
    /// Every violation; at least one.
    pub violations: Violations,
}

/// The server is busy, too slow or not able to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceRejection {
    /// As many requests as are allowed are in progress.
    Overloaded,
    /// No answer within this time.
    Deadline(Duration),
    /// The handler panicked.
    Panicked,
    /// The operation isn't implemented by this server; its id.
    NotImplemented(&'static str),
}

impl Rejection {
    /// The status that HTTP gives this refusal.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Route(rejection) => rejection.status(),
            Self::Parameter(_) => StatusCode::BAD_REQUEST,
            Self::Body(rejection) => rejection.status(),
            Self::NotAcceptable { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::Validation(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Service(rejection) => rejection.status(),
        }
    }
}

impl RouteRejection {
    /// 404, 405 or 400.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }
}

impl ParameterRejection {
    pub(crate) fn new(
        location: &'static str,
        name: impl Into<Cow<'static, str>>,
        reason: impl Into<String>,
    ) -> Self {
        Self { location, name: name.into(), reason: reason.into() }
    }
}

impl BodyRejection {
    /// 413, 415, 422 or 400.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl ServiceRejection {
    /// 503, 500 or 501.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Overloaded | Self::Deadline(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(rejection) => rejection.fmt(f),
            Self::Parameter(rejection) => rejection.fmt(f),
            Self::Body(rejection) => rejection.fmt(f),
            Self::NotAcceptable { offered } => {
                write!(f, "the answer can only be {}", offered.join(", "))
            }
            Self::Validation(rejection) => rejection.fmt(f),
            Self::Service(rejection) => rejection.fmt(f),
        }
    }
}

impl fmt::Display for RouteRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is nothing at this path"),
            Self::MethodNotAllowed { allow } => write!(f, "this path allows only {allow}"),
            Self::Malformed => f.write_str("the path has a malformed percent escape"),
        }
    }
}

impl fmt::Display for ParameterRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} parameter `{}` {}", self.location, self.name, self.reason)
    }
}

impl fmt::Display for BodyRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("a request body is required"),
            Self::MediaType { expected } => write!(f, "the request body must be {expected}"),
            Self::TooLarge { limit } => write!(f, "the request body is longer than {limit} bytes"),
            Self::Malformed(_) => f.write_str("the request body can't be decoded"),
            Self::Encoding => f.write_str("the request body isn't UTF-8"),
            Self::Multipart(reason) => write!(f, "the multipart body is malformed: {reason}"),
            Self::MissingPart(name) => write!(f, "the part `{name}` is required"),
            Self::Part { name, reason } => write!(f, "the part `{name}` {reason}"),
            Self::Invalid(rejection) => rejection.fmt(f),
            Self::Interrupted(_) => f.write_str("the request body ended early"),
        }
    }
}

impl fmt::Display for ValidationRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request is invalid: {}", self.violations)
    }
}

impl fmt::Display for ServiceRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded => f.write_str("the server is busy, try again"),
            Self::Deadline(limit) => write!(f, "no answer within {} ms", limit.as_millis()),
            Self::Panicked => f.write_str("internal server error"),
            Self::NotImplemented(operation) => write!(f, "{operation} isn't implemented by this server"),
        }
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Body(rejection) => rejection.source(),
            _ => None,
        }
    }
}

impl Error for RouteRejection {}
impl Error for ParameterRejection {}
impl Error for ValidationRejection {}
impl Error for ServiceRejection {}

impl Error for BodyRejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Interrupted(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<RouteRejection> for Rejection {
    fn from(rejection: RouteRejection) -> Self {
        Self::Route(rejection)
    }
}

impl From<ParameterRejection> for Rejection {
    fn from(rejection: ParameterRejection) -> Self {
        Self::Parameter(rejection)
    }
}

impl From<BodyRejection> for Rejection {
    fn from(rejection: BodyRejection) -> Self {
        Self::Body(rejection)
    }
}

impl From<ValidationRejection> for Rejection {
    fn from(rejection: ValidationRejection) -> Self {
        Self::Validation(rejection)
    }
}

impl From<ServiceRejection> for Rejection {
    fn from(rejection: ServiceRejection) -> Self {
        Self::Service(rejection)
    }
}
