use indexmap::IndexMap;

use super::bodies;
use super::links;
use super::parameters::{Shape, typed};
use super::schemas::{Schemas, joined, use_docs};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{Docs, Header, Response, Status, StringFormat, Type, TypeUse};
use crate::openapi::{Reading, Text};
use crate::resolve::{ResolvedOperation, ResolvedResponse};
use crate::source::Span;

/// The responses, and where their links stand.
type Responses = (Vec<Response>, Vec<(usize, String, Span)>);

pub(super) fn lower<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    source: &'a ResolvedOperation<'a>,
    id: &str,
) -> Result<Responses, Reported> {
    let mut responses: Vec<Response> = Vec::new();
    let mut places = Vec::new();
    let mut failed = None;
    for response in &source.responses {
        let Some(status) = status(&response.status.value) else {
            let message = format!("`{}` is no status; this response is ignored", response.status.value);
            Problem::new(code::BAD_STATUS, response.status.span, message).report(reading.sink);
            continue;
        };
        match one(reading, schemas, response, status, id) {
            Ok((lowered, links)) => {
                places.extend(links.into_iter().map(|(name, span)| (responses.len(), name, span)));
                responses.push(lowered);
            }
            Err(reported) => failed = Some(reported),
        }
    }
    if let Some(reported) = failed {
        return Err(reported);
    }
    if responses.is_empty() {
        let message = "this operation has no responses; any status with an empty body is assumed";
        Problem::new(code::NO_RESPONSES, source.span, message).report(reading.sink);
        responses.push(Response {
            status: Status::Default,
            contents: Vec::new(),
            headers: Vec::new(),
            links: IndexMap::new(),
            component: None,
            docs: Docs::default(),
        });
    }
    Ok((responses, places))
}

fn one<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    source: &'a ResolvedResponse<'a>,
    status: Status,
    id: &str,
) -> Result<(Response, Vec<(String, Span)>), Reported> {
    let word = match status {
        Status::Code(code) if (200..300).contains(&code) => "response".to_owned(),
        _ => source.status.value.to_ascii_lowercase(),
    };
    let owner = match &source.component {
        Some(name) => vec![name.clone(), "body".to_owned()],
        None => vec![id.to_owned(), word.clone(), "body".to_owned()],
    };
    let contents = bodies::contents(reading, schemas, &source.content, &owner)?;
    let headers = headers(reading, schemas, &source.headers, &[id.to_owned(), word.clone()])?;
    let mut lowered = IndexMap::new();
    let mut places = Vec::new();
    for (name, link) in &source.links {
        if let Some(link) = links::lower(reading, name, link) {
            lowered.insert(name.value.clone(), link);
            places.push((name.value.clone(), name.span));
        }
    }
    let response = Response {
        status,
        contents,
        headers,
        links: lowered,
        component: source.component.clone(),
        docs: source.docs.clone(),
    };
    Ok((response, places))
}

/// The headers of a response or of a part, without `Content-Type`.
pub(super) fn headers<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    source: &[(Text, crate::openapi::Header<'a>)],
    owner: &[String],
) -> Result<Vec<Header>, Reported> {
    let mut headers = Vec::new();
    for (name, header) in source {
        if name.value.eq_ignore_ascii_case("content-type") {
            continue;
        }
        let owner = joined(owner, &name.value);
        let (ty, shape) = typed(reading, schemas, header.schema, name.span, &owner)?;
        let ty = if shape == Shape::Deep {
            let message = format!("the header `{}` is handed on as a text", name.value);
            Problem::new(code::PARAMETER_AS_TEXT, name.span, message).report(reading.sink);
            TypeUse::plain(Type::String(StringFormat::Plain))
        } else {
            ty
        };
        let mut docs = header.docs.clone();
        if let Some(node) = header.schema {
            docs.description = docs.description.or(use_docs(node).description);
        }
        headers.push(Header { name: name.value.clone(), required: header.required, ty, docs });
    }
    Ok(headers)
}

fn status(text: &str) -> Option<Status> {
    if text == "default" {
        return Some(Status::Default);
    }
    if let Some(digit) = text.strip_suffix("XX").or_else(|| text.strip_suffix("xx")) {
        return digit.parse().ok().filter(|digit| (1..=5).contains(digit)).map(Status::Range);
    }
    text.parse().ok().filter(|code| (100..600).contains(code)).map(Status::Code)
}
