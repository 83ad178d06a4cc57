use serde::Serialize;

use super::{
    Fields, Language, Operation, OperationEntry, Parameter, Reading, RefOr, Reference, Server, swagger,
};
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::Method;
use crate::resolve::target;
use crate::source::{Member, Node};

/// What is under a path.
#[derive(Clone, Debug, Serialize)]
pub struct PathItem<'a> {
    /// `servers`, if they are given here.
    pub servers: Vec<Server>,
    /// `parameters` of every operation. `Err` if one of them is broken: then so is each operation.
    pub parameters: Vec<RefOr<'a, Parameter<'a>>>,
    /// The operations in document order, those that could be read.
    pub operations: Vec<OperationEntry<'a>>,
}

impl<'a> PathItem<'a> {
    /// Reads it; `path` names its operations in messages.
    ///
    /// # Errors
    /// If it is no object, or what all operations share is broken.
    pub fn read(reading: Reading<'a>, node: &'a Node, path: &str) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "a path item")?;
        let is_swagger = reading.language == Language::Swagger20;
        let parameters = match is_swagger.then(|| swagger::shared_parameters(reading, node)).transpose()? {
            Some(shared) => Parameter::of_list(reading, shared.and_then(Node::as_array).unwrap_or_default())?,
            None => Parameter::list(reading, fields)?,
        };
        let mut operations = Vec::new();
        let members = node.as_object().into_iter().flat_map(|object| object.iter());
        for member in members {
            let Some(method) = method(&member.key.to_ascii_lowercase()) else {
                unknown(reading, member);
                continue;
            };
            if member.key.bytes().any(|byte| byte.is_ascii_uppercase()) {
                let message = format!("a method is written in lower case; `{}` isn't", member.key);
                Problem::new(code::REPAIRED_TYPE, member.key_span, message).report(reading.sink);
            }
            let route = Cost::Operation(format!("{} {path}", member.key.to_ascii_uppercase()));
            let Ok(written) = reading.sink.within(route, || end(reading, &member.value)) else { continue };
            let label = written
                .get("operationId")
                .and_then(Node::as_str)
                .map_or_else(|| format!("{} {path}", member.key.to_ascii_uppercase()), str::to_owned);
            let operation = reading.sink.within(Cost::Operation(label), || {
                let operation =
                    if is_swagger { swagger::operation(reading, node, written)? } else { written };
                Operation::read(reading, operation)
            });
            if let Ok(operation) = operation {
                operations.push(OperationEntry { method, span: member.key_span, operation });
            }
        }
        Ok(Self { servers: Server::list(reading, fields), parameters, operations })
    }
}

/// The operation itself. Documents of several files refer to operations, though the specification doesn't say so.
fn end<'a>(reading: Reading<'a>, node: &'a Node) -> Result<&'a Node, Reported> {
    let mut end = node;
    for _ in 0..16 {
        let Some(reference) = Reference::of(end) else { return Ok(end) };
        end = target(reading, &reference)?.node;
    }
    let message = "this reference leads back to itself";
    Err(Problem::new(code::REFERENCE_CYCLE, node.span, message).report(reading.sink))
}

/// Says that a member means nothing.
fn unknown(reading: Reading<'_>, member: &Member) {
    let known = ["$ref", "summary", "description", "servers", "parameters"].contains(&member.key.as_str());
    if !known && !member.key.starts_with("x-") {
        let message = format!("a path has no method `{}`; it is ignored", member.key);
        Problem::new(code::UNKNOWN_METHOD, member.key_span, message).report(reading.sink);
    }
}

fn method(key: &str) -> Option<Method> {
    Some(match key {
        "get" => Method::Get,
        "put" => Method::Put,
        "post" => Method::Post,
        "delete" => Method::Delete,
        "options" => Method::Options,
        "head" => Method::Head,
        "patch" => Method::Patch,
        "trace" => Method::Trace,
        _ => return None,
    })
}
