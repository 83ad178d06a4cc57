use serde::Serialize;

use super::{
    AsyncExtension, Fields, PaginationExtension, Parameter, Reading, RefOr, RequestBody, Response, Server,
    Text, security_requirements,
};
use crate::diagnostic::Reported;
use crate::ir::{Docs, Method, SecurityRequirement};
use crate::source::{Node, Span};

/// An operation and the method that it stands under.
#[derive(Clone, Debug, Serialize)]
pub struct OperationEntry<'a> {
    /// The method.
    pub method: Method,
    /// Where the method is written.
    #[serde(skip)]
    pub span: Span,
    /// The operation.
    pub operation: Operation<'a>,
}

/// One method on one path.
#[derive(Clone, Debug, Serialize)]
pub struct Operation<'a> {
    /// `operationId`.
    pub id: Option<Text>,
    /// `tags`.
    pub tags: Vec<Text>,
    /// The document's words.
    pub docs: Docs,
    /// `parameters`, without those of the path.
    pub parameters: Vec<RefOr<'a, Parameter<'a>>>,
    /// `requestBody`.
    pub body: Option<RefOr<'a, RequestBody<'a>>>,
    /// `responses` by status.
    pub responses: Vec<(Text, RefOr<'a, Response<'a>>)>,
    /// `security`, if it is given here.
    pub security: Option<Vec<SecurityRequirement>>,
    /// `servers`, if they are given here.
    pub servers: Vec<Server>,
    /// `x-planewright-async`.
    pub asynchronous: Option<AsyncExtension>,
    /// `x-planewright-pagination`.
    pub pagination: Option<PaginationExtension>,
    /// `callbacks` by name, to be read when the operation is resolved.
    #[serde(skip)]
    pub callbacks: Vec<(Text, &'a Node)>,
}

impl<'a> Operation<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// If something that carries meaning is broken.
    pub fn read(reading: Reading<'a>, node: &'a Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "an operation")?;
        // Everything is looked at before the first error is returned, so that one run tells all.
        let parameters = Parameter::list(reading, fields);
        let body =
            fields.get("requestBody").map(|body| RefOr::read(reading, body, RequestBody::read)).transpose();
        let responses = responses(reading, fields);
        let asynchronous =
            fields.get("x-planewright-async").map(|node| AsyncExtension::read(reading, node)).transpose();
        Ok(Self {
            id: fields.string("operationId")?.filter(|id| !id.value.trim().is_empty()),
            tags: tags(fields),
            docs: fields.docs(),
            parameters: parameters?,
            body: body?,
            responses: responses?,
            security: fields.get("security").map(|_| security_requirements(reading, fields)).transpose()?,
            servers: Server::list(reading, fields),
            asynchronous: asynchronous?,
            pagination: fields
                .get("x-planewright-pagination")
                .map(|node| PaginationExtension::read(reading, node))
                .transpose()?,
            callbacks: fields.entries("callbacks")?.collect(),
        })
    }
}

fn tags(fields: Fields<'_>) -> Vec<Text> {
    let texts = fields.array("tags").iter();
    texts
        .filter_map(|node| node.as_str().map(|value| Text { value: value.to_owned(), span: node.span }))
        .collect()
}

fn responses<'a>(
    reading: Reading<'a>,
    fields: Fields<'a>,
) -> Result<Vec<(Text, RefOr<'a, Response<'a>>)>, Reported> {
    let mut list = Vec::new();
    let mut failed = None;
    for (status, node) in fields.entries("responses")? {
        match RefOr::read(reading, node, Response::read) {
            Ok(response) => list.push((status, response)),
            Err(reported) => failed = Some(reported),
        }
    }
    failed.map_or(Ok(list), Err)
}
