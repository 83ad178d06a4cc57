use super::schemas::Schemas;
use super::{bodies, links, parameters, path_template, responses, servers};
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::{
    BodyKind, Method, Operation, Pagination, ParameterLocation, Response, RuntimeExpression,
    SecurityRequirement, Status, Type, TypeKind, TypeTable,
};
use crate::openapi::{AsyncExtension, PaginationExtension, Reading, Text};
use crate::resolve::{Resolved, ResolvedOperation};
use crate::source::Span;

/// An operation, and what is still needed of its document.
pub(super) struct Lowered {
    pub(super) operation: Operation,
    pub(super) span: Span,
    pub(super) asynchronous: Option<AsyncExtension>,
    /// Whether the API sends it.
    pub(super) is_outgoing: bool,
    /// Places of the links: index of the response, name.
    pub(super) links: Vec<(usize, String, Span)>,
}

/// Lowers each operation in scratch space. Ids are unique afterwards.
pub(super) fn lower<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    resolved: &'a Resolved<'a>,
) -> Vec<Lowered> {
    let ids = ids(reading, resolved);
    let mut list = Vec::new();
    for (operation, id) in resolved.operations.iter().zip(ids) {
        let mark = schemas.mark();
        let before = reading.sink.len();
        let lowered = reading.sink.within(Cost::Operation(id.clone()), || {
            let lowered = one(reading, schemas, resolved, operation, id);
            if let (Err(_), Some(cause)) = (&lowered, reading.sink.foreign_since(before)) {
                Problem::new(
                    code::BROKEN_SCHEMA,
                    operation.span,
                    "the operation uses a schema that has an error",
                )
                .related(cause, "the error")
                .report(reading.sink);
            }
            lowered
        });
        match lowered {
            Ok(lowered) => list.push(lowered),
            Err(_) => schemas.rewind(mark),
        }
    }
    list
}

/// The first tag of an operation, or `default`.
pub(super) fn tag_of(operation: &ResolvedOperation<'_>) -> String {
    operation.tags.first().map_or_else(|| "default".to_owned(), |tag| tag.value.clone())
}

fn one<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    resolved: &'a Resolved<'a>,
    source: &'a ResolvedOperation<'a>,
    id: String,
) -> Result<Lowered, Reported> {
    // Everything is looked at before the first error is returned, so that one run tells all.
    let template = path_template::read(reading, &source.path);
    let parameters = template.and_then(|mut template| {
        let parameters = parameters::lower(reading, schemas, source, &mut template, &id)?;
        Ok((template, parameters))
    });
    let body = source.body.as_ref().map(|body| bodies::request(reading, schemas, body, &id)).transpose();
    let responses = responses::lower(reading, schemas, source, &id);
    let (path, parameters) = parameters?;
    let (responses, links) = responses?;
    let body = body?.flatten();
    if body.is_some() && matches!(source.method, Method::Get | Method::Head | Method::Delete) {
        let message = format!("a request body on {} has no defined meaning", source.method.as_str());
        Problem::new(code::BODY_ON_READ, source.span, message).report(reading.sink);
    }
    let operation = Operation {
        id,
        method: source.method,
        path,
        tag: tag_of(source),
        docs: source.docs.clone(),
        parameters,
        body,
        security: security(reading, resolved, source),
        servers: servers::lower(&source.servers),
        async_operation: None,
        pagination: source
            .pagination
            .as_ref()
            .and_then(|declared| pagination(reading, &schemas.table, source, &responses, declared)),
        responses,
        shadowed_by: None,
        location: reading.tree.location(source.span),
    };
    Ok(Lowered {
        operation,
        span: source.span,
        asynchronous: source.asynchronous.clone(),
        is_outgoing: source.is_outgoing,
        links,
    })
}

/// How pages are asked for, if that can be understood.
fn pagination(
    reading: Reading<'_>,
    table: &TypeTable,
    source: &ResolvedOperation<'_>,
    responses: &[Response],
    declared: &PaginationExtension,
) -> Option<Pagination> {
    let bad = |text: &Text, what: &str| {
        let message = format!("`{}` {what}; the pages aren't generated", text.value);
        Problem::new(code::BAD_PAGINATION, text.span, message).report(reading.sink);
    };
    let way = |text: &Option<Text>| match text {
        None => Some(None),
        Some(text) => match links::expression(&serde_json::Value::String(text.value.clone())) {
            Some(RuntimeExpression::ResponseBody(way)) => match missing(table, responses, &way) {
                Some(member) => {
                    bad(text, &format!("leads nowhere: the response's body has no member `{member}` there"));
                    None
                }
                None => Some(Some(way)),
            },
            _ => {
                bad(text, "isn't a place in the response's body");
                None
            }
        },
    };
    let is_there = source.parameters.iter().any(|parameter| {
        parameter.location == ParameterLocation::Query && parameter.name.value == declared.parameter.value
    });
    if !is_there {
        bad(&declared.parameter, "is no query parameter of this operation");
        return None;
    }
    Some(Pagination {
        parameter: declared.parameter.value.clone(),
        next: way(&declared.next)?,
        items: way(&declared.items)?,
    })
}

/// The first member on the way that the success's JSON doesn't have.
fn missing<'w>(table: &TypeTable, responses: &[Response], way: &'w [String]) -> Option<&'w str> {
    let is_success = |status| matches!(status, Status::Code(200..=299) | Status::Range(2) | Status::Default);
    let contents = responses.iter().filter(|response| is_success(response.status));
    let found = contents.flat_map(|response| &response.contents).find_map(|content| match &content.kind {
        BodyKind::Json(ty) => Some(ty),
        _ => None,
    });
    let mut ty = found?;
    for member in way {
        // An alias may stand for another.
        while let Type::Named(id) = ty.ty
            && let TypeKind::Alias(target) = &table.get(id).kind
        {
            ty = target;
        }
        let Type::Named(id) = ty.ty else { return Some(member) };
        match &table.get(id).kind {
            TypeKind::Struct { fields, .. } => match fields.iter().find(|field| field.name == *member) {
                Some(field) => ty = &field.ty,
                None => return Some(member),
            },
            // Which alternative it is isn't known before it comes.
            _ => return None,
        }
    }
    None
}

fn security(
    reading: Reading<'_>,
    resolved: &Resolved<'_>,
    source: &ResolvedOperation<'_>,
) -> Vec<SecurityRequirement> {
    let known = &resolved.document.components.security_schemes;
    let mut list: Vec<SecurityRequirement> = Vec::new();
    for requirement in &source.security {
        let unknown = requirement.keys().find(|name| !known.contains_key(*name));
        match unknown {
            Some(name) => {
                let message = format!("there is no security scheme `{name}`; the requirement is ignored");
                Problem::new(code::UNKNOWN_SECURITY_SCHEME, source.span, message).report(reading.sink);
            }
            None => list.push(requirement.clone()),
        }
    }
    list
}

/// An id for each operation: its own if it is the first that has it.
fn ids(reading: Reading<'_>, resolved: &Resolved<'_>) -> Vec<String> {
    let mut taken = std::collections::BTreeMap::new();
    // Given ids come first, so that a made one never takes a given one's place.
    for (index, operation) in resolved.operations.iter().enumerate() {
        if let Some(id) = &operation.id {
            taken.entry(id.value.clone()).or_insert((index, id.span));
        }
    }
    let mut ids = Vec::new();
    for (index, operation) in resolved.operations.iter().enumerate() {
        let wish = match &operation.id {
            Some(id) if taken.get(&id.value).is_some_and(|(first, _)| *first == index) => {
                ids.push(id.value.clone());
                continue;
            }
            Some(id) => id.value.clone(),
            None => made(operation.method, &operation.path.value),
        };
        let free = |candidate: &String| !taken.contains_key(candidate);
        let numbered = (2..).map(|number| format!("{wish}{number}"));
        let Some(id) = std::iter::once(wish.clone()).chain(numbered).find(free) else { continue };
        match &operation.id {
            Some(own) => {
                let message =
                    format!("the operation id `{}` is taken; this operation is called `{id}`", own.value);
                let problem = Problem::new(code::DUPLICATE_OPERATION_ID, own.span, message);
                let first = taken.get(&own.value).map_or(own.span, |(_, span)| *span);
                problem.related(first, "first here").report(reading.sink);
            }
            None => {
                let message = format!("this operation has no `operationId`; it is called `{id}`");
                Problem::new(code::NO_OPERATION_ID, operation.span, message).report(reading.sink);
            }
        }
        taken.insert(id.clone(), (index, operation.span));
        ids.push(id);
    }
    ids
}

/// `GET /jobs/{jobid}/config` is `getJobsByJobidConfig`.
fn made(method: Method, path: &str) -> String {
    let mut id = method.as_str().to_ascii_lowercase();
    let words =
        path.split(|character: char| !(character.is_alphanumeric() || character == '{' || character == '}'));
    for word in words.filter(|word| !word.is_empty()) {
        for piece in word.split_inclusive('}') {
            let (literal, parameter) = match piece.split_once('{') {
                Some((literal, name)) => (literal, Some(name.trim_end_matches('}'))),
                None => (piece.trim_end_matches('}'), None),
            };
            capitalised(&mut id, literal);
            if let Some(name) = parameter {
                id.push_str("By");
                capitalised(&mut id, name);
            }
        }
    }
    id
}

fn capitalised(id: &mut String, word: &str) {
    let mut characters = word.chars();
    id.extend(characters.next().into_iter().flat_map(char::to_uppercase));
    id.push_str(characters.as_str());
}

#[cfg(test)]
mod tests {
    use super::made;
    use crate::ir::Method;

    #[test]
    fn makes_names_of_method_and_path() {
        assert_eq!(made(Method::Get, "/jobs/{jobid}/config"), "getJobsByJobidConfig");
        assert_eq!(made(Method::Post, "/"), "post");
        assert_eq!(made(Method::Get, "/compare/{base}...{head}"), "getCompareByBaseByHead");
        assert_eq!(made(Method::Get, "/job-manager/{id}.json"), "getJobManagerByIdJson");
    }
}
