use serde::Serialize;

use super::follow;
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::{Docs, Method, SecurityRequirement};
use crate::openapi::{
    AsyncExtension, Document, Header, Link, MediaType, OperationEntry, PaginationExtension, Parameter, Path,
    PathItem, Reading, RefOr, RequestBody, Response, Server, Text,
};
use crate::source::Span;

/// A document whose operations hold everything that belongs to them.
#[derive(Debug, Serialize)]
pub struct Resolved<'a> {
    /// What it was made from.
    #[serde(skip)]
    pub document: &'a Document<'a>,
    /// In document order, those that could be resolved; then webhooks, then callbacks.
    pub operations: Vec<ResolvedOperation<'a>>,
}

/// An operation that holds everything that belongs to it.
#[derive(Debug, Serialize)]
pub struct ResolvedOperation<'a> {
    /// The method.
    pub method: Method,
    /// The path template.
    pub path: Text,
    /// `operationId`.
    pub id: Option<Text>,
    /// Where it is declared.
    #[serde(skip)]
    pub span: Span,
    /// `tags`.
    pub tags: Vec<Text>,
    /// The document's words.
    pub docs: Docs,
    /// Its own, and those of the path that it doesn't override.
    pub parameters: Vec<Parameter<'a>>,
    /// The request body.
    pub body: Option<RequestBody<'a>>,
    /// In document order.
    pub responses: Vec<ResolvedResponse<'a>>,
    /// Its own, or the document's.
    pub security: Vec<SecurityRequirement>,
    /// Its own, or the path's.
    pub servers: Vec<Server>,
    /// `x-planewright-async`.
    pub asynchronous: Option<AsyncExtension>,
    /// `x-planewright-pagination`.
    pub pagination: Option<PaginationExtension>,
    /// Whether it is a webhook or a callback: a request that the API sends.
    pub is_outgoing: bool,
}

/// A response that holds everything that belongs to it.
#[derive(Debug, Serialize)]
pub struct ResolvedResponse<'a> {
    /// Its key.
    pub status: Text,
    /// The component's name, if it is one.
    pub component: Option<String>,
    /// `content` by media type.
    pub content: Vec<(Text, MediaType<'a>)>,
    /// `headers` by name.
    pub headers: Vec<(Text, Header<'a>)>,
    /// `links` by name.
    pub links: Vec<(Text, Link)>,
    /// The document's words.
    pub docs: Docs,
}

impl ResolvedOperation<'_> {
    /// How messages name it.
    #[must_use]
    pub fn label(&self) -> String {
        label(self.method, &self.path.value, self.id.as_ref())
    }
}

fn label(method: Method, path: &str, id: Option<&Text>) -> String {
    id.map_or_else(|| format!("{} {path}", method.as_str()), |id| id.value.clone())
}

/// Follows the references of every operation. An operation that has a broken one is left out.
#[must_use]
pub fn resolve<'a>(reading: Reading<'a>, document: &'a Document<'a>) -> Resolved<'a> {
    let mut operations = Vec::new();
    let mut outgoing = Vec::new();
    for path in &document.paths {
        let cost = Cost::Operation(path.template.value.clone());
        let item = reading.sink.within(cost, || {
            follow(reading, &path.item, |reading, node| PathItem::read(reading, node, &path.template.value))
        });
        let Ok((item, _)) = item else { continue };
        for entry in &item.operations {
            let cost =
                Cost::Operation(label(entry.method, &path.template.value, entry.operation.id.as_ref()));
            let operation = reading.sink.within(cost, || operation(reading, document, path, &item, entry));
            operations.extend(operation.ok());
            outgoing.extend(super::outgoing::callbacks(reading, document, &entry.operation));
        }
    }
    operations.extend(super::outgoing::webhooks(reading, document));
    operations.extend(outgoing);
    Resolved { document, operations }
}

pub(super) fn operation<'a>(
    reading: Reading<'a>,
    document: &Document<'a>,
    path: &Path<'a>,
    item: &PathItem<'a>,
    entry: &OperationEntry<'a>,
) -> Result<ResolvedOperation<'a>, Reported> {
    let operation = &entry.operation;
    // Everything is looked at before the first error is returned, so that one run tells all.
    let parameters = parameters(reading, &item.parameters, &operation.parameters);
    let body = operation.body.as_ref().map(|body| follow(reading, body, RequestBody::read)).transpose();
    let responses: Vec<_> =
        operation.responses.iter().map(|(status, part)| response(reading, status, part)).collect();
    let servers = if operation.servers.is_empty() { &item.servers } else { &operation.servers };
    Ok(ResolvedOperation {
        method: entry.method,
        path: path.template.clone(),
        id: operation.id.clone(),
        span: entry.span,
        tags: operation.tags.clone(),
        docs: operation.docs.clone(),
        parameters: parameters?,
        body: body?.map(|(body, _)| body),
        responses: responses.into_iter().collect::<Result<_, _>>()?,
        security: operation.security.clone().unwrap_or_else(|| document.security.clone()),
        servers: servers.clone(),
        asynchronous: operation.asynchronous.clone(),
        pagination: operation.pagination.clone(),
        is_outgoing: false,
    })
}

fn parameters<'a>(
    reading: Reading<'a>,
    shared: &[RefOr<'a, Parameter<'a>>],
    own: &[RefOr<'a, Parameter<'a>>],
) -> Result<Vec<Parameter<'a>>, Reported> {
    let read = |part: &RefOr<'a, Parameter<'a>>| {
        follow(reading, part, Parameter::read).map(|(parameter, _)| parameter)
    };
    let same = |left: &Parameter<'_>, right: &Parameter<'_>| {
        left.name.value == right.name.value && left.location == right.location
    };
    let mut list: Vec<Parameter<'a>> = Vec::new();
    let mut failed = None;
    for part in own {
        match read(part) {
            Err(reported) => failed = Some(reported),
            Ok(parameter) => match list.iter().find(|other| same(other, &parameter)) {
                // The very same part, referred to twice, means what it means once.
                Some(other) if other.node.identity() == parameter.node.identity() => {}
                Some(other) if other.node.to_json() == parameter.node.to_json() => {
                    let message = format!("the parameter `{}` is declared twice", parameter.name.value);
                    Problem::new(code::REPEATED_PARAMETER, parameter.name.span, message)
                        .related(other.name.span, "first here")
                        .report(reading.sink);
                }
                Some(other) => {
                    let message = format!("the parameter `{}` is declared twice", parameter.name.value);
                    let problem = Problem::new(code::DUPLICATE_PARAMETER, parameter.name.span, message)
                        .related(other.name.span, "first here");
                    failed = Some(problem.report(reading.sink));
                }
                None => list.push(parameter),
            },
        }
    }
    let mut inherited: Vec<Parameter<'a>> = Vec::new();
    for part in shared {
        match read(part) {
            Err(reported) => failed = Some(reported),
            Ok(parameter) => {
                if !list.iter().chain(&inherited).any(|other| same(other, &parameter)) {
                    inherited.push(parameter);
                }
            }
        }
    }
    inherited.append(&mut list);
    failed.map_or(Ok(inherited), Err)
}

fn response<'a>(
    reading: Reading<'a>,
    status: &Text,
    part: &RefOr<'a, Response<'a>>,
) -> Result<ResolvedResponse<'a>, Reported> {
    let (response, component) = follow(reading, part, Response::read)?;
    let mut headers = Vec::new();
    for (name, part) in &response.headers {
        headers.push((name.clone(), follow(reading, part, Header::read)?.0));
    }
    let mut links = Vec::new();
    for (name, part) in &response.links {
        links.push((name.clone(), follow(reading, part, Link::read)?.0));
    }
    Ok(ResolvedResponse {
        status: status.clone(),
        component,
        content: response.content,
        headers,
        links,
        docs: response.docs,
    })
}
