use std::str::FromStr;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use planewright_model::Json;
use planewright_model::media::{Media, chosen};
use serde_json::Value;

use crate::error::{CallInfo, Error, Failure};
use crate::headers::readers;
use crate::link;
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

    /// The body as a declared type, in the one of these media types that the answer says it is.
    ///
    /// # Errors
    /// If it isn't one.
    pub fn value<T: Json>(self, media: &'static [Media]) -> Result<T, Error> {
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let names = media.iter().map(|(name, _)| *name);
        let place = content_type.map_or(Some(0), |text| chosen(names, text));
        match place.and_then(|place| media.get(place)) {
            Some((_, codec)) => codec.read(&self.body).map_err(|source| self.unreadable(source.into())),
            None => {
                let what = format!("the media type {} isn't declared", content_type.unwrap_or_default());
                Err(self.clone().unreadable(what.into()))
            }
        }
    }

    readers!();

    /// Path and query of the page that follows, by the `Link` header.
    pub(crate) fn next_page(&self) -> Result<Option<String>, Error> {
        let next = link::next(&self.headers).map(|target| link::resolve(&self.info.uri, &target)).transpose();
        // This very page again is no other.
        let here = self.info.uri.path_and_query().map(ToString::to_string);
        let next = next.map_err(|source| self.bad_header(source))?;
        Ok(next.filter(|next| Some(next) != here.as_ref()))
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

    fn bad_header(&self, source: BoxError) -> Error {
        self.clone().unreadable(source)
    }

    /// An error of reading this answer.
    pub(crate) fn unreadable(self, source: BoxError) -> Error {
        let failure = Failure::Decode { status: self.status, body: self.body, source };
        Error::new(Some(self.info), failure, Vec::new())
    }
}
