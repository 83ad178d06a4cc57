use std::fmt::Display;
use std::str::FromStr;

use http::HeaderMap;
use planewright_model::parameter::header_text;

use crate::transport::BoxError;

/// The value of a header, read from its text; of several lines, the first.
pub(crate) fn one<T: FromStr<Err: Display>>(headers: &HeaderMap, name: &str) -> Result<Option<T>, BoxError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = header_text(value.as_bytes()).map_err(|error| format!("the header `{name}`: {error}"))?;
    read(name, text).map(Some)
}

/// The values of a header that is a list, over all its lines.
pub(crate) fn list<T: FromStr<Err: Display>>(
    headers: &HeaderMap,
    name: &str,
) -> Result<Option<Vec<T>>, BoxError> {
    let mut values = None;
    for line in headers.get_all(name) {
        let text = header_text(line.as_bytes()).map_err(|error| format!("the header `{name}`: {error}"))?;
        let found = values.get_or_insert_with(Vec::new);
        for value in
            text.split(',').map(|value| value.trim_matches([' ', '\t'])).filter(|value| !value.is_empty())
        {
            found.push(read(name, value)?);
        }
    }
    Ok(values)
}

fn read<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, BoxError> {
    text.parse().map_err(|error| format!("the header `{name}` can't be `{text}`: {error}").into())
}

/// The methods that read headers, for each kind of answer.
macro_rules! readers {
    () => {
        /// What a header says, read from its text.
        ///
        /// # Errors
        /// If it isn't there, or can't be read.
        pub fn header<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T, Error> {
            let missing = || self.bad_header(format!("there is no header `{name}`").into());
            self.optional_header(name)?.ok_or_else(missing)
        }

        /// What a header says, read from its text, if it is there.
        ///
        /// # Errors
        /// If it can't be read.
        pub fn optional_header<T: std::str::FromStr<Err: std::fmt::Display>>(
            &self,
            name: &str,
        ) -> Result<Option<T>, Error> {
            crate::headers::one(&self.headers, name).map_err(|source| self.bad_header(source))
        }

        /// What a header that is a list says, over all its lines.
        ///
        /// # Errors
        /// If it isn't there, or a value can't be read.
        pub fn header_list<T: std::str::FromStr<Err: std::fmt::Display>>(
            &self,
            name: &str,
        ) -> Result<Vec<T>, Error> {
            let missing = || self.bad_header(format!("there is no header `{name}`").into());
            self.optional_header_list(name)?.ok_or_else(missing)
        }

        /// What a header that is a list says, over all its lines, if it is there.
        ///
        /// # Errors
        /// If a value can't be read.
        pub fn optional_header_list<T: std::str::FromStr<Err: std::fmt::Display>>(
            &self,
            name: &str,
        ) -> Result<Option<Vec<T>>, Error> {
            crate::headers::list(&self.headers, name).map_err(|source| self.bad_header(source))
        }
    };
}

pub(crate) use readers;
