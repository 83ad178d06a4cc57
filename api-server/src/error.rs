//! What a handler answers when it can't do what was asked.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::BoxError;
use crate::rejection::Rejection;

/// A failed request: a status, what the caller is told, and what only the log is told.
///
/// Messages are for the caller. The [source](ApiError::with_source) never leaves the server: it is logged
/// when the error is turned into a response. How messages look on the wire is the business of the API's
/// [`Conventions`](crate::conventions::Conventions).
///
/// ```
/// use planewright_server::ApiError;
///
/// let error = ApiError::not_found("job 42 could not be found");
/// assert_eq!(error.status(), 404);
/// assert_eq!(error.to_string(), "job 42 could not be found");
/// ```
pub struct ApiError(Box<Inner>);

struct Inner {
    status: StatusCode,
    messages: Vec<Cow<'static, str>>,
    headers: HeaderMap,
    rejection: Option<Rejection>,
    source: Option<BoxError>,
}

/// One constructor per status, each with a message for the caller.
macro_rules! constructors {
    ($($(#[$meta:meta])* $name:ident = $status:ident;)*) => {$(
        $(#[$meta])*
        #[must_use]
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::new(StatusCode::$status, message)
        }
    )*};
}

impl ApiError {
    constructors! {
        /// 400: the request makes no sense as it stands.
        bad_request = BAD_REQUEST;
        /// 401: the caller isn't known.
        unauthorized = UNAUTHORIZED;
        /// 403: the caller is known and may not do this.
        forbidden = FORBIDDEN;
        /// 404: what the request names doesn't exist.
        not_found = NOT_FOUND;
        /// 409: the state of the resource doesn't allow it.
        conflict = CONFLICT;
        /// 410: what the request names is gone for good.
        gone = GONE;
        /// 412: a precondition doesn't hold.
        precondition_failed = PRECONDITION_FAILED;
        /// 422: the request is understood, and its content is refused.
        unprocessable = UNPROCESSABLE_ENTITY;
        /// 429: the caller asks too often.
        too_many_requests = TOO_MANY_REQUESTS;
        /// 501: this server can't do that; the message says why.
        not_implemented = NOT_IMPLEMENTED;
        /// 502: a system behind this one answered nonsense.
        bad_gateway = BAD_GATEWAY;
        /// 503: not now; the caller may try again.
        unavailable = SERVICE_UNAVAILABLE;
    }

    /// An error with this status and one message.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            status,
            messages: vec![message.into()],
            headers: HeaderMap::new(),
            rejection: None,
            source: None,
        }))
    }

    /// 500: our fault. The caller is told no more than that; `source` goes to the log.
    #[must_use]
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error").with_source(source)
    }

    /// A request that was refused before its handler, answered with `status`.
    #[must_use]
    pub fn rejected(status: StatusCode, rejection: Rejection) -> Self {
        let mut error = Self::new(status, rejection.to_string());
        match &rejection {
            Rejection::Route(crate::rejection::RouteRejection::MethodNotAllowed { allow }) => {
                error = error.with_header(http::header::ALLOW, HeaderValue::from_static(allow));
            }
            Rejection::Service(crate::rejection::ServiceRejection::Overloaded) => {
                error = error.with_header(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Rejection::Body(crate::rejection::BodyRejection::Malformed(cause)) => {
                error.0.messages = vec![format!("{rejection}: {cause}").into()];
            }
            Rejection::Validation(validation) => {
                error.0.messages =
                    validation.violations.iter().map(|violation| violation.to_string().into()).collect();
            }
            _ => {}
        }
        error.0.rejection = Some(rejection);
        error
    }

    /// Adds a message for the caller.
    #[must_use]
    pub fn and(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.messages.push(message.into());
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// Says what caused the error, for the log alone.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What the caller is told; at least one message.
    #[must_use]
    pub fn messages(&self) -> &[Cow<'static, str>] {
        &self.0.messages
    }

    /// Headers that go with the response.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Why the request was refused, if it never came to its handler.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.0.rejection.as_ref()
    }

    pub(crate) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.0.headers)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, message) in self.0.messages.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            f.write_str(message)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.0.status)
            .field("messages", &self.0.messages)
            .field("rejection", &self.0.rejection)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.0.source, &self.0.rejection) {
            (Some(source), _) => Some(&**source),
            (None, Some(rejection)) => rejection.source(),
            (None, None) => None,
        }
    }
}

impl From<crate::rejection::BodyRejection> for ApiError {
    /// For handlers that read a body themselves: the rejection's own status.
    fn from(rejection: crate::rejection::BodyRejection) -> Self {
        let status = rejection.status();
        match rejection {
            crate::rejection::BodyRejection::Invalid(invalid) => Self::rejected(status, invalid.into()),
            other => Self::rejected(status, other.into()),
        }
    }
}

impl From<BoxError> for ApiError {
    /// For handlers that read a stream of values: the status of a rejection, or 500 for any other error.
    fn from(error: BoxError) -> Self {
        match error.downcast::<crate::rejection::BodyRejection>() {
            Ok(rejection) => (*rejection).into(),
            Err(error) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal server error").with_source(error)
            }
        }
    }
}
