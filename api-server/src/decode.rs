//! From a request to the inputs of an operation. Generated code calls this; nothing here allocates for an input
//! that isn't there.

use std::borrow::Cow;
use std::marker::PhantomData;

use http::HeaderValue;
use http::header::{CONTENT_TYPE, COOKIE};
use http_body::Body;
use planewright_model::media::{Codec, Framing, Media};
use planewright_model::parameter::{self, Case, Members, ParameterError, Query, Styled};
use planewright_model::{Json, Path, Scalar, Violations};

use crate::body::{BodyStream, RequestBody, read_to_end};
use crate::context::RequestContext;
use crate::conventions::Conventions;
use crate::multipart::Multipart;
use crate::rejection::{BodyRejection, ParameterRejection, Rejection, ValidationRejection};
use crate::route::Captures;
use crate::stream::{Events, Items};

/// The parameters of a request, read under an API's conventions.
#[derive(Debug)]
pub struct Parameters<'r, C, const N: usize> {
    context: &'r RequestContext,
    captures: &'r Captures<N>,
    conventions: PhantomData<C>,
}

impl<'r, C: Conventions, const N: usize> Parameters<'r, C, N> {
    const CASE: Case = if C::IGNORE_CASE { Case::Ignored } else { Case::Sensitive };

    /// The parameters of the request that `context` is about.
    #[must_use]
    pub fn new(context: &'r RequestContext, captures: &'r Captures<N>) -> Self {
        Self { context, captures, conventions: PhantomData }
    }

    /// The path parameter at `index` in the template.
    ///
    /// # Errors
    /// If it isn't a text of its type.
    pub fn path<T: Scalar>(&self, index: usize, name: &'static str) -> Result<T, ParameterRejection> {
        let text = self.path_text(index);
        let value = match self.captures.are_escaped() {
            true => parameter::read_path(text, Case::Sensitive),
            // As it stands, like the text of a header.
            false => parameter::read_header(text, Case::Sensitive),
        };
        value.map_err(rejected("path", name))
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
        parameter::read_path_list(self.path_text(index), Case::Sensitive).map_err(rejected("path", name))
    }

    /// A query parameter; of several, the first.
    ///
    /// # Errors
    /// If it isn't a text of its type.
    pub fn query<T: Scalar>(&self, name: &'static str) -> Result<Option<T>, ParameterRejection> {
        let Some(query) = self.query_text() else { return Ok(None) };
        query.scalar(name, Self::CASE).map_err(rejected("query", name))
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
        let Some(query) = self.query_text() else { return Ok(None) };
        if !C::SPLIT_LISTS {
            return query.list(name, explode, Self::CASE).map_err(rejected("query", name));
        }
        let Some(values) = query.list::<String>(name, true, Self::CASE).map_err(rejected("query", name))?
        else {
            return Ok(None);
        };
        let items = values.iter().flat_map(|value| value.split(',')).filter(|item| !item.is_empty());
        items
            .map(|item| parameter::read_header(item, Self::CASE))
            .collect::<Result<_, _>>()
            .map(Some)
            .map_err(rejected("query", name))
    }

    /// A header; of several, the first.
    ///
    /// # Errors
    /// If it isn't UTF-8 or not a text of its type.
    pub fn header<T: Scalar>(&self, name: &'static str) -> Result<Option<T>, ParameterRejection> {
        let Some(value) = self.context.headers().get(name) else { return Ok(None) };
        let text = text_of("header", name, value)?;
        parameter::read_header(text, Case::Sensitive).map(Some).map_err(rejected("header", name))
    }

    /// A list in a header, separated by commas, over all its lines.
    ///
    /// # Errors
    /// As [`header`](Self::header), for any item.
    pub fn header_list<T: Scalar>(&self, name: &'static str) -> Result<Option<Vec<T>>, ParameterRejection> {
        let mut items = None;
        for value in self.context.headers().get_all(name) {
            let line = parameter::read_header_list(text_of("header", name, value)?, Case::Sensitive);
            items.get_or_insert_with(Vec::new).extend(line.map_err(rejected("header", name))?);
        }
        Ok(items)
    }

    /// A cookie; of several, the first.
    ///
    /// # Errors
    /// If it isn't UTF-8 or not a text of its type.
    pub fn cookie<T: Scalar>(&self, name: &'static str) -> Result<Option<T>, ParameterRejection> {
        for value in self.context.headers().get_all(COOKIE) {
            let pairs = text_of("cookie", name, value)?.split(';').filter_map(|pair| pair.split_once('='));
            for (key, value) in pairs {
                if key.trim() == name {
                    return parameter::read_path(value.trim(), Case::Sensitive)
                        .map(Some)
                        .map_err(rejected("cookie", name));
                }
            }
        }
        Ok(None)
    }

    /// A path parameter that isn't a plain scalar or list.
    ///
    /// # Errors
    /// If it isn't a text of its type in this style.
    pub fn path_styled<T: Json>(&self, index: usize, styled: Styled) -> Result<T, ParameterRejection> {
        styled.read_path(self.path_text(index)).map_err(rejected("path", styled.name))
    }

    /// A query parameter that isn't a plain scalar or list.
    ///
    /// # Errors
    /// If it isn't a text of its type in this style.
    pub fn query_styled<T: Json>(
        &self,
        styled: Styled,
        members: Members,
    ) -> Result<Option<T>, ParameterRejection> {
        let Some(query) = self.query_text() else { return Ok(None) };
        styled.read_query(query, members).map_err(rejected("query", styled.name))
    }

    /// A header that isn't a plain scalar or list, over all its lines.
    ///
    /// # Errors
    /// If it isn't UTF-8 or not a text of its type in this style.
    pub fn header_styled<T: Json>(&self, styled: Styled) -> Result<Option<T>, ParameterRejection> {
        let lines = self.context.headers().get_all(styled.name).iter();
        let lines: Vec<_> =
            lines.map(|value| text_of("header", styled.name, value)).collect::<Result<_, _>>()?;
        if lines.is_empty() {
            return Ok(None);
        }
        styled.read_header(&lines.join(",")).map(Some).map_err(rejected("header", styled.name))
    }

    /// A cookie that isn't a plain scalar.
    ///
    /// # Errors
    /// If it isn't UTF-8 or not a text of its type in this style.
    pub fn cookie_styled<T: Json>(
        &self,
        styled: Styled,
        members: Members,
    ) -> Result<Option<T>, ParameterRejection> {
        let mut cookies = Vec::new();
        for value in self.context.headers().get_all(COOKIE) {
            let pairs =
                text_of("cookie", styled.name, value)?.split(';').filter_map(|pair| pair.split_once('='));
            cookies.extend(pairs.map(|(name, value)| (name.trim(), value.trim())));
        }
        styled.read_cookies(cookies.into_iter(), members).map_err(rejected("cookie", styled.name))
    }

    /// Refuses query keys that aren't among `declared`, unless the API's conventions ignore them.
    ///
    /// # Errors
    /// For the first such key.
    pub fn refuse_unknown_query(&self, declared: &[&'static str]) -> Result<(), ParameterRejection> {
        if C::IGNORE_UNKNOWN_QUERY {
            return Ok(());
        }
        let Some(query) = self.query_text() else { return Ok(()) };
        for (key, _) in query.pairs() {
            // Members of an object may stand in brackets behind its name.
            let known = parameter::decode(key, true).is_ok_and(|key| {
                let outer = if key.ends_with(']') { key.split('[').next() } else { None };
                declared.contains(&outer.unwrap_or(&*key))
            });
            if !known {
                return Err(ParameterRejection::new("query", key.to_owned(), "isn't known here"));
            }
        }
        Ok(())
    }

    fn path_text(&self, index: usize) -> &'r str {
        self.captures.get(index, self.context.uri().path())
    }

    fn query_text(&self) -> Option<Query<'r>> {
        self.context.uri().query().map(Query::new)
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
    body: &mut Option<B>,
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
    body: &mut Option<B>,
) -> Result<Option<T>, Rejection> {
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
pub async fn text<C: Conventions, B: RequestBody>(body: &mut Option<B>) -> Result<String, Rejection> {
    optional_text::<C, B>(body).await?.ok_or(BodyRejection::Missing.into())
}

/// An optional text body: `None` if it is empty.
///
/// # Errors
/// If it is too long or not UTF-8.
pub async fn optional_text<C: Conventions, B: RequestBody>(
    body: &mut Option<B>,
) -> Result<Option<String>, Rejection> {
    let bytes = read_to_end(body, C::BODY_LIMIT).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8(bytes.into()).map_err(|_| BodyRejection::Encoding)?))
}

/// A required value in one of several media types.
///
/// # Errors
/// If it is missing, too long, in another media type, or not of its type.
pub async fn value<C: Conventions, T: Json, B: RequestBody>(
    context: &RequestContext,
    body: &mut Option<B>,
    media: &'static [Media],
) -> Result<T, Rejection> {
    optional_value::<C, T, B>(context, body, media).await?.ok_or(BodyRejection::Missing.into())
}

/// An optional value in one of several media types: `None` if the body is empty.
///
/// # Errors
/// As [`value`], without `Missing`.
pub async fn optional_value<C: Conventions, T: Json, B: RequestBody>(
    context: &RequestContext,
    body: &mut Option<B>,
    media: &'static [Media],
) -> Result<Option<T>, Rejection> {
    let bytes = read_to_end(body, C::BODY_LIMIT).await?;
    let content_type = context.headers().get(CONTENT_TYPE);
    // A form without fields is empty, and still a form.
    if bytes.is_empty() && content_type.is_none() {
        return Ok(None);
    }
    let names = media.iter().map(|(name, _)| *name);
    let place = chosen::<C>(content_type, names)?;
    let codec = media.get(place).map_or(Codec::Json, |(_, codec)| *codec);
    if bytes.is_empty() && !matches!(codec, Codec::Form(_)) {
        return Ok(None);
    }
    let value = if C::LENIENT_BODIES { codec.read(&bytes) } else { codec.read_strict(&bytes) };
    Ok(Some(value.map_err(BodyRejection::Malformed)?))
}

/// Which of the declared media types a required body is in.
///
/// # Errors
/// If there is no body, or it is in another media type.
pub fn choice<C: Conventions, B: RequestBody>(
    context: &RequestContext,
    body: &Option<B>,
    media: &'static [&'static str],
) -> Result<usize, Rejection> {
    optional_choice::<C, B>(context, body, media)?.ok_or(BodyRejection::Missing.into())
}

/// Which of the declared media types a body is in; `None` if there is no body.
///
/// # Errors
/// If it is in another media type.
pub fn optional_choice<C: Conventions, B: RequestBody>(
    context: &RequestContext,
    body: &Option<B>,
    media: &'static [&'static str],
) -> Result<Option<usize>, Rejection> {
    let content_type = context.headers().get(CONTENT_TYPE);
    if content_type.is_none() && body.as_ref().is_none_or(Body::is_end_stream) {
        return Ok(None);
    }
    Ok(Some(chosen::<C>(content_type, media.iter().copied())?))
}

fn chosen<C: Conventions>(
    content_type: Option<&HeaderValue>,
    names: impl Iterator<Item = &'static str> + Clone,
) -> Result<usize, BodyRejection> {
    let found = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|text| planewright_model::media::chosen(names.clone(), text));
    match found {
        Some(place) => Ok(place),
        None if !C::CHECK_CONTENT_TYPE => Ok(0),
        None => Err(BodyRejection::MediaType { expected: Cow::Owned(names.collect::<Vec<_>>().join(", ")) }),
    }
}

/// Refuses a request whose answer would come in none of the media types that the caller accepts.
///
/// # Errors
/// If none of those on offer is acceptable.
pub fn acceptable(context: &RequestContext, offered: &'static [&'static str]) -> Result<(), Rejection> {
    match context.preferred(offered) {
        Some(_) => Ok(()),
        None => Err(Rejection::NotAcceptable { offered }),
    }
}

/// JSON values one after the other, to be read by the handler.
#[must_use]
pub fn items<C: Conventions, T: Json + Send + 'static, B: RequestBody>(
    body: &mut Option<B>,
    framing: Framing,
    check: Check<T>,
) -> Items<T> {
    Items::of_body(stream(body), framing, C::BODY_LIMIT, move |bytes| element::<C, T>(bytes, check))
}

/// Events with JSON in them, to be read by the handler.
#[must_use]
pub fn events<C: Conventions, T: Json + Send + 'static, B: RequestBody>(
    body: &mut Option<B>,
    check: Check<T>,
) -> Events<T> {
    Events::of_body(stream(body), C::BODY_LIMIT, move |data| element::<C, T>(data.as_bytes(), check))
}

/// Events with texts in them, to be read by the handler.
#[must_use]
pub fn text_events<C: Conventions, B: RequestBody>(body: &mut Option<B>) -> Events<String> {
    Events::of_body(stream(body), C::BODY_LIMIT, Ok)
}

/// What the document asserts about a value beyond its type.
pub(crate) type Check<T> = fn(&T, &Path<'_>, &mut Violations);

/// One value of a stream: read and checked as a whole body is.
fn element<C: Conventions, T: Json>(bytes: &[u8], check: Check<T>) -> Result<T, BodyRejection> {
    let value = if C::LENIENT_BODIES { T::read_json(bytes) } else { T::read_json_strict(bytes) };
    valid(value.map_err(BodyRejection::Malformed)?, check)
}

/// A part's value, unless it breaks what `check` asserts.
///
/// # Errors
/// If it does.
pub fn valid<T>(value: T, check: impl FnOnce(&T, &Path<'_>, &mut Violations)) -> Result<T, BodyRejection> {
    let mut violations = Violations::default();
    check(&value, &Path::ROOT, &mut violations);
    if violations.is_empty() {
        Ok(value)
    } else {
        Err(BodyRejection::Invalid(ValidationRejection { violations }))
    }
}

/// A body to be read by the handler.
#[must_use]
pub fn stream<B: RequestBody>(body: &mut Option<B>) -> BodyStream {
    body.take().map_or_else(BodyStream::empty, BodyStream::new)
}

/// The parts of a multipart body.
///
/// # Errors
/// If it isn't declared as `multipart/form-data`.
pub fn multipart<C: Conventions, B: RequestBody>(
    context: &RequestContext,
    body: &mut Option<B>,
) -> Result<Multipart, Rejection> {
    let content_type = context.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(Multipart::of_stream(content_type, stream(body), C::BODY_LIMIT)?)
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
        return Err(BodyRejection::MediaType { expected: Cow::Borrowed("application/json") });
    }
    let body = if C::LENIENT_BODIES { T::read_json(bytes) } else { T::read_json_strict(bytes) };
    body.map(Some).map_err(BodyRejection::Malformed)
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let Some(text) = content_type.and_then(|value| value.to_str().ok()) else { return false };
    let media_type = text.split(';').next().unwrap_or_default().trim();
    let ends_with = |suffix: &str| {
        media_type.len() >= suffix.len()
            && media_type.is_char_boundary(media_type.len() - suffix.len())
            && media_type[media_type.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
    };
    ends_with("/json") || ends_with("+json")
}

fn text_of<'v>(
    location: &'static str,
    name: &'static str,
    value: &'v HeaderValue,
) -> Result<&'v str, ParameterRejection> {
    parameter::header_text(value.as_bytes())
        .map_err(|_| ParameterRejection::new(location, name, "isn't UTF-8"))
}

fn rejected(location: &'static str, name: &'static str) -> impl FnOnce(ParameterError) -> ParameterRejection {
    move |error| {
        let reason = match error {
            ParameterError::Value { text, reason } => format!("can't be `{text}`: {reason}"),
            error => format!("can't be read: {error}"),
        };
        ParameterRejection::new(location, name, reason)
    }
}
