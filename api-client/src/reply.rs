use std::str::FromStr;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use planewright_model::Json;
use serde_json::Value;

use crate::error::{CallInfo, Error, Failure};
use crate::transport::BoxError;

/// An answer that was read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) info: CallInfo,
}

impl Reply {
    /// The status: a success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as a declared type.
    ///
    /// # Errors
    /// If it isn't one.
    pub fn json<T: Json>(self) -> Result<T, Error> {
        T::read_json(&self.body).map_err(|source| self.unreadable(source.into()))
    }

    /// What stands in the JSON body at these members from the root, read from its text.
    ///
    /// # Errors
    /// If there is nothing, or nothing that can be read.
    pub fn member<T: FromStr>(&self, way: &[&str]) -> Result<T, Error> {
        let found = Value::read_json(&self.body).map_err(BoxError::from).and_then(|answer| {
            let value = way.iter().try_fold(&answer, |value, member| value.get(member));
            let text = match value {
                Some(Value::String(text)) => text.clone(),
                Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
                _ => return Err(format!("there is no value at /{}", way.join("/")).into()),
            };
            text.parse().map_err(|_| format!("`{text}` at /{} can't be read", way.join("/")).into())
        });
        found.map_err(|source| self.clone().unreadable(source))
    }

    /// What a header says, read from its text.
    ///
    /// # Errors
    /// If it isn't there, or can't be read.
    pub fn header<T: FromStr>(&self, name: &str) -> Result<T, Error> {
        let text = self.headers.get(name).and_then(|value| value.to_str().ok());
        let found = text.and_then(|text| text.parse().ok());
        found.ok_or_else(|| self.clone().unreadable(format!("the header `{name}` can't be read").into()))
    }

    /// The body as a text; bytes that aren't UTF-8 are replaced.
    #[must_use]
    pub fn text(self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error that this answer is if the document doesn't declare its status.
    #[must_use]
    pub fn undeclared(self) -> Error {
        self.unreadable("the document doesn't declare this status".into())
    }

    /// An error of reading this answer.
    pub(crate) fn unreadable(self, source: BoxError) -> Error {
        let failure = Failure::Decode { status: self.status, body: self.body, source };
        Error::new(Some(self.info), failure, Vec::new())
    }
}
