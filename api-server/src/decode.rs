//! From a request to the inputs of an operation. Generated code calls this; nothing here allocates for an input
//! that isn't there.

use std::borrow::Cow;
use std::marker::PhantomData;

use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;
use planewright_model::{Json, Path, Scalar, Violations};

use crate::body::{BodyStream, RequestBody, read_to_end};
use crate::context::RequestContext;
use crate::conventions::Conventions;
use crate::multipart::Multipart;
use crate::rejection::{BodyRejection, ParameterRejection, Rejection, ValidationRejection};
use crate::route::Captures;

/// The parameters of a request, read under an API's conventions.
#[derive(Debug)]
pub struct Parameters<'r, C, const N: usize> {
    context: &'r RequestContext,
    captures: &'r Captures<N>,
    conventions: PhantomData<C>,
}

impl<'r, C: Conventions, const N: usize> Parameters<'r, C, N> {
    /// The parameters of the request that `context` is about.
    #[must_use]
    pub fn new(context: &'r RequestContext, captures: &'r Captures<N>) -> Self {
        Self { context, captures, conventions: PhantomData }
    }

    /// The path parameter at `index` in the template.
    ///
    /// # Errors
    /// If it isn't UTF-8 or not of its type.
    pub fn path<T: Scalar>(&self, index: usize, name: &'static str) -> Result<T, ParameterRejection> {
        parse("path", name, &self.path_text(index, name)?, false)
    }

    /// A list in the path, separated by commas.
    ///
    /// # Errors
    /// As [`path`](Self::path), for any item.
    pub fn path_list<T: Scalar>(
        &self,
        index: usize,
        name: &'static str,
    ) -> Result<Vec<T>, ParameterRejection> {
        let raw = self.captures.get(index, self.context.uri().path());
        let mut items = Vec::new();
        split_list("path", name, raw, false, false, &mut items)?;
        Ok(items)
    }

    /// A query parameter; of several, the first.
    ///
    /// # Errors
    /// If it isn't UTF-8 or not of its type.
    pub fn query<T: Scalar>(&self, name: &'static str) -> Result<Option<T>, ParameterRejection> {
        match self.query_values(name).next() {
            Some(raw) => {
                parse("query", name, &decode("query", name, raw, true)?, C::IGNORE_ENUM_CASE).map(Some)
            }
            None => Ok(None),
        }
    }

    /// A list in the query: a key for each item if `explode`, otherwise separated by commas.
    ///
    /// # Errors
    /// As [`query`](Self::query), for any item.
    pub fn query_list<T: Scalar>(
        &self,
        name: &'static str,
        explode: bool,
    ) -> Result<Option<Vec<T>>, ParameterRejection> {
        let mut items = None;
        for raw in self.query_values(name) {
            let items = items.get_or_insert_with(Vec::new);
            if !explode || C::SPLIT_LISTS {
                split_list("query", name, raw, true, C::IGNORE_ENUM_CASE, items)?;
            } else {
                items.push(parse("query", name, &decode("query", name, raw, true)?, C::IGNORE_ENUM_CASE)?);
            }
        }
        Ok(items)
    }

    /// A header; of several, the first.
    ///
    /// # Errors
    /// If it isn't visible ASCII or not of its type.
    pub fn header<T: Scalar>(&self, name: &'static str) -> Result<Option<T>, ParameterRejection> {
        self.context
            .headers()
            .get(name)
            .map(|value| {
                let text = value
                    .to_str()
                    .map_err(|_| ParameterRejection::new("header", name, "isn't visible ASCII"))?;
                parse("header", name, text.trim(), false)
            })
            .transpose()
    }

    /// A list in a header, separated by commas, over all its lines.
    ///
    /// # Errors
    /// As [`header`](Self::header), for any item.
    pub fn header_list<T: Scalar>(&self, name: &'static str) -> Result<Option<Vec<T>>, ParameterRejection> {
        let mut items = None;
        for value in self.context.headers().get_all(name) {
            let text =
                value.to_str().map_err(|_| ParameterRejection::new("header", name, "isn't visible ASCII"))?;
            let items = items.get_or_insert_with(Vec::new);
            for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                items.push(parse("header", name, item, false)?);
            }
        }
        Ok(items)
    }

    /// A cookie; of several, the first.
    ///
    /// # Errors
    /// If it isn't visible ASCII or not of its type.
    pub fn cookie<T: Scalar>(&self, name: &'static str) -> Result<Option<T>, ParameterRejection> {
        for value in self.context.headers().get_all(http::header::COOKIE) {
            let text =
                value.to_str().map_err(|_| ParameterRejection::new("cookie", name, "isn't visible ASCII"))?;
            for pair in text.split(';') {
                if let Some((key, value)) = pair.split_once('=')
                    && key.trim() == name
                {
                    return parse("cookie", name, &decode("cookie", name, value.trim(), false)?, false)
                        .map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Refuses query keys that aren't among `declared`, unless the API's conventions ignore them.
    ///
    /// # Errors
    /// For the first such key.
    pub fn refuse_unknown_query(&self, declared: &[&'static str]) -> Result<(), ParameterRejection> {
        if C::IGNORE_UNKNOWN_QUERY {
            return Ok(());
        }
        for (key, _) in pairs(self.context.uri().query()) {
            if !declared.iter().any(|name| key_is(key, name)) {
                let reason = format!("{key:?} isn't declared");
                return Err(ParameterRejection::new("query", "?", reason));
            }
        }
        Ok(())
    }

    fn path_text(&self, index: usize, name: &'static str) -> Result<Cow<'r, str>, ParameterRejection> {
        decode("path", name, self.captures.get(index, self.context.uri().path()), false)
    }

    fn query_values(&self, name: &'static str) -> impl Iterator<Item = &'r str> {
        pairs(self.context.uri().query()).filter(move |(key, _)| key_is(key, name)).map(|(_, value)| value)
    }
}

/// The value of a required parameter.
///
/// # Errors
/// If it isn't there.
pub fn require<T>(
    value: Option<T>,
    location: &'static str,
    name: &'static str,
) -> Result<T, ParameterRejection> {
    value.ok_or_else(|| ParameterRejection::new(location, name, "is required"))
}

/// A required JSON body.
///
/// # Errors
/// If it is missing, too long, not declared as JSON where that is asked for, or not of its type.
pub async fn json<C: Conventions, T: Json, B: RequestBody>(
    context: &RequestContext,
    body: B,
) -> Result<T, Rejection> {
    let bytes = read_to_end(body, C::BODY_LIMIT).await?;
    json_from::<C, T>(context, &bytes)?.ok_or(BodyRejection::Missing.into())
}

/// An optional JSON body: `None` if it is empty.
///
/// # Errors
/// As [`json`], without `Missing`.
pub async fn optional_json<C: Conventions, T: Json, B: RequestBody>(
    context: &RequestContext,
    body: B,
) -> Result<Option<T>, Rejection> {
    if body.is_end_stream() {
        return Ok(None);
    }
    let bytes = read_to_end(body, C::BODY_LIMIT).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(json_from::<C, T>(context, &bytes)?)
}

/// A required text body.
///
/// # Errors
/// If it is missing, too long or not UTF-8.
pub async fn text<C: Conventions, B: RequestBody>(body: B) -> Result<String, Rejection> {
    optional_text::<C, B>(body).await?.ok_or(BodyRejection::Missing.into())
}

/// An optional text body: `None` if it is empty.
///
/// # Errors
/// If it is too long or not UTF-8.
pub async fn optional_text<C: Conventions, B: RequestBody>(body: B) -> Result<Option<String>, Rejection> {
    let bytes = read_to_end(body, C::BODY_LIMIT).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8(bytes.into()).map_err(|_| BodyRejection::Encoding)?))
}

/// A body to be read by the handler.
#[must_use]
pub fn stream<B: RequestBody>(body: B) -> BodyStream {
    BodyStream::new(body)
}

/// The parts of a multipart body.
///
/// # Errors
/// If it isn't declared as `multipart/form-data`.
pub fn multipart<C: Conventions, B: RequestBody>(
    context: &RequestContext,
    body: B,
) -> Result<Multipart, Rejection> {
    let content_type = context.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(Multipart::new(content_type, body, C::BODY_LIMIT)?)
}

/// Refuses a body for the violations that `check` finds.
///
/// # Errors
/// If there are any.
pub fn validate(check: impl FnOnce(&Path<'_>, &mut Violations)) -> Result<(), Rejection> {
    let mut violations = Violations::default();
    check(&Path::ROOT, &mut violations);
    if violations.is_empty() { Ok(()) } else { Err(ValidationRejection { violations }.into()) }
}

/// Refuses a parameter for the violations that `check` finds.
///
/// # Errors
/// If there are any.
pub fn validate_parameter(
    location: &'static str,
    name: &'static str,
    check: impl FnOnce(&Path<'_>, &mut Violations),
) -> Result<(), ParameterRejection> {
    let mut violations = Violations::default();
    check(&Path::ROOT, &mut violations);
    if violations.is_empty() {
        return Ok(());
    }
    Err(ParameterRejection::new(location, name, violations.to_string()))
}

fn json_from<C: Conventions, T: Json>(
    context: &RequestContext,
    bytes: &[u8],
) -> Result<Option<T>, BodyRejection> {
    if bytes.is_empty() {
        if !C::EMPTY_BODY_IS_OBJECT {
            return Ok(None);
        }
        return T::read_json(b"{}").map(Some).map_err(BodyRejection::Malformed);
    }
    if C::CHECK_CONTENT_TYPE && !is_json(context.headers().get(CONTENT_TYPE)) {
        return Err(BodyRejection::MediaType { expected: "application/json" });
    }
    T::read_json(bytes).map(Some).map_err(BodyRejection::Malformed)
}

fn is_json(content_type: Option<&http::HeaderValue>) -> bool {
    let Some(text) = content_type.and_then(|value| value.to_str().ok()) else { return false };
    let media_type = text.split(';').next().unwrap_or_default().trim();
    let ends_with = |suffix: &str| {
        media_type.len() >= suffix.len()
            && media_type.is_char_boundary(media_type.len() - suffix.len())
            && media_type[media_type.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
    };
    ends_with("/json") || ends_with("+json")
}

fn parse<T: Scalar>(
    location: &'static str,
    name: &'static str,
    text: &str,
    ignore_case: bool,
) -> Result<T, ParameterRejection> {
    let value = if ignore_case { T::parse_ignoring_case(text) } else { text.parse() };
    value.map_err(|error| ParameterRejection::new(location, name, format!("can't be {text:?}: {error}")))
}

fn split_list<T: Scalar>(
    location: &'static str,
    name: &'static str,
    raw: &str,
    plus_is_space: bool,
    ignore_case: bool,
    items: &mut Vec<T>,
) -> Result<(), ParameterRejection> {
    // Decoded first: a comma may come as `%2C`, as browsers and Flink's dashboard send it.
    let text = decode(location, name, raw, plus_is_space)?;
    for item in text.split(',').filter(|item| !item.is_empty()) {
        items.push(parse(location, name, item, ignore_case)?);
    }
    Ok(())
}

fn decode<'t>(
    location: &'static str,
    name: &'static str,
    raw: &'t str,
    plus_is_space: bool,
) -> Result<Cow<'t, str>, ParameterRejection> {
    if !raw.contains(['%', '+']) {
        return Ok(Cow::Borrowed(raw));
    }
    let spaced = if plus_is_space && raw.contains('+') {
        Cow::Owned(raw.replace('+', " "))
    } else {
        Cow::Borrowed(raw)
    };
    if !crate::route::escapes_are_valid(spaced.as_bytes()) {
        return Err(ParameterRejection::new(location, name, "has a malformed percent escape"));
    }
    match percent_decode(spaced.as_bytes()).decode_utf8() {
        Ok(text) => Ok(Cow::Owned(text.into_owned())),
        Err(_) => Err(ParameterRejection::new(location, name, "isn't UTF-8")),
    }
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn key_is(raw: &str, name: &str) -> bool {
    if raw.contains(['%', '+']) {
        let decoded = percent_decode(raw.as_bytes()).map(|byte| if byte == b'+' { b' ' } else { byte });
        decoded.eq(name.bytes())
    } else {
        raw == name
    }
}
