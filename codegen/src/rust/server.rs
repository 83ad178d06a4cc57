//! What the server looks like: a trait, requests and responses for each tag, and the routes that lead to them.

mod bodies;
mod inputs;
mod outputs;
mod routes;

use serde::Serialize;

pub use bodies::{BodyPlan, ChoicePlan, ChoiceVariant, PartHeader, PartPlan, PartsPlan};
pub use inputs::InputField;
pub use outputs::{HeaderPlan, ResponseVariant};
pub use routes::{RouteNode, RoutePlan};

use super::names::claim;
use super::{RustApi, docs, security};
use crate::ir::{Docs, Method, Operation, Response, Status};

/// Names that `Service` and its functions use beside those of the tags.
const SERVICE: &[&str] = &["Arc", "B", "C", "Infallible", "Operation", "Service", "T", "Unimplemented"];

/// What a document gets that asks for nothing else.
const PROBLEM: &str = "::planewright_server::conventions::Problem";

/// Methods of `Service` beside those of the tags.
const BUILDER: &[&str] =
    &["all", "authenticate", "clone", "default", "into_service", "into_service_with", "new"];

/// The server of an API.
#[derive(Clone, Debug, Serialize)]
pub struct ServerPlan {
    /// `info.title`.
    pub title: String,
    /// `info.description`, as documentation.
    pub docs: Vec<String>,
    /// The `use` item that names the model.
    pub model_use: String,
    /// The path of the API's `Conventions`.
    pub conventions: String,
    /// Tags that have operations, in document order.
    pub tags: Vec<ServerTag>,
    /// Every operation, sorted by id, with the place of its tag.
    pub operations: Vec<ServerOperation>,
    /// The routes.
    pub routes: RoutePlan,
    /// The security schemes that operations demand: names, and what they are as expressions.
    pub schemes: Vec<(String, String)>,
}

impl ServerPlan {
    /// Whether any operation demands credentials.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        !self.schemes.is_empty()
    }
}

/// The operations of a tag.
#[derive(Clone, Debug, Serialize)]
pub struct ServerTag {
    /// The tag's name in the document.
    pub tag: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The module: `jobs`.
    pub module: String,
    /// The field and the method of `Service`: mostly the module's name.
    pub field: String,
    /// The type parameter of `Service`: `Jobs`.
    pub parameter: String,
    /// The trait: `JobsApi`.
    pub trait_name: String,
    /// Its operations, sorted by id.
    pub operations: Vec<ServerOperation>,
    /// Whether an operation names the model.
    pub uses_model: bool,
}

/// An operation: a method of a trait, its request and its response.
#[derive(Clone, Debug, Serialize)]
pub struct ServerOperation {
    /// `operationId`.
    pub id: String,
    /// The tag's name in the document.
    pub tag: String,
    /// The tag's module.
    pub module: String,
    /// The field of `Service` that implements it.
    pub field: String,
    /// Its variant in `Operation`, and the stem of its types: `CancelJob`.
    pub name: String,
    /// The trait's method: `cancel_job`.
    pub method: String,
    /// The method as it stands in a request: `PATCH`.
    pub http_method: &'static str,
    /// The path template.
    pub path: String,
    /// Whether it runs to its end even if the client has gone.
    pub detached: bool,
    /// What its callers must present, as an expression.
    pub security: String,
    /// One line for the request's documentation.
    pub summary: String,
    /// Documentation of the trait's method.
    pub docs: Vec<String>,
    /// Fields of the request for its parameters.
    pub inputs: Vec<InputField>,
    /// Query keys that the document declares; `None` if there may be any.
    pub query: Option<Vec<String>>,
    /// The request's body.
    pub body: Option<BodyPlan>,
    /// Statements that check what was decoded.
    pub checks: Vec<String>,
    /// Variants of the response.
    pub variants: Vec<ResponseVariant>,
    /// The variant and the type that a handler may answer with alone.
    pub success: Option<Success>,
    /// Whether any variant has a body whose length is worth remembering.
    pub encodes: bool,
    /// Whether writing an answer looks at what the caller accepts.
    pub negotiates: bool,
    /// The media types of its successes, if there are several and one must be acceptable.
    pub offered: Vec<String>,
}

impl ServerOperation {
    /// Whether decoding waits for the body to arrive.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.waits)
    }
}

/// The one success of an operation.
#[derive(Clone, Debug, Serialize)]
pub struct Success {
    /// The variant: `Ok`.
    pub variant: String,
    /// What it holds: `model::JobDetails`.
    pub ty: String,
    /// What the variant holds, an expression over `body`.
    pub value: String,
}

/// Decides what the server looks like.
#[must_use]
pub fn plan(rust: &RustApi<'_>) -> ServerPlan {
    let api = rust.api();
    let used: Vec<_> = api
        .tags
        .iter()
        .filter(|tag| {
            let served = |one: &Operation| one.tag == tag.name && one.shadowed_by.is_none();
            api.operations.iter().any(served)
        })
        .collect();
    let names = used.iter().map(|tag| rust.tag(&tag.name));
    let fields = claim(names.clone().map(|tag| (tag.module.clone(), tag.module.clone())), "_", BUILDER);
    let parameters = claim(names.map(|tag| (tag.pascal.clone(), tag.pascal.clone())), "", SERVICE);
    let mut tags: Vec<ServerTag> = Vec::new();
    for ((tag, field), parameter) in used.iter().zip(fields).zip(parameters) {
        let names = rust.tag(&tag.name);
        let operations: Vec<_> = api
            .operations
            .iter()
            .enumerate()
            .filter(|(_, operation)| operation.tag == tag.name && operation.shadowed_by.is_none())
            .map(|(index, operation)| plan_operation(rust, index, operation, &names.module, &field))
            .collect();
        tags.push(ServerTag {
            tag: tag.name.clone(),
            docs: docs_or([tag.description.as_deref()], || {
                format!("Operations of the tag {}.", docs::code(&tag.name))
            }),
            module: names.module.clone(),
            field,
            parameter,
            trait_name: names.trait_name.clone(),
            uses_model: operations.iter().any(uses_model),
            operations,
        });
    }
    let mut operations: Vec<_> = tags.iter().flat_map(|tag| tag.operations.iter().cloned()).collect();
    operations.sort_by(|one, other| one.id.cmp(&other.id));
    let uses_model = tags.iter().any(|tag| tag.uses_model);
    ServerPlan {
        title: api.title.clone(),
        docs: docs::lines([api.description.as_deref()]),
        model_use: if uses_model { rust.config().layout.model_use() } else { String::new() },
        conventions: rust.config().conventions.clone().unwrap_or_else(|| PROBLEM.to_owned()),
        routes: routes::plan(rust),
        schemes: security::kinds(api),
        tags,
        operations,
    }
}

fn plan_operation(
    rust: &RustApi<'_>,
    index: usize,
    operation: &Operation,
    module: &str,
    field: &str,
) -> ServerOperation {
    let names = rust.operation(index);
    let variants: Vec<_> = operation
        .responses
        .iter()
        .zip(&names.responses)
        .map(|(response, name)| outputs::variant(rust, response, name, &names.pascal))
        .collect();
    let detached = !is_safe(operation.method);
    ServerOperation {
        id: operation.id.clone(),
        tag: operation.tag.clone(),
        module: module.to_owned(),
        field: field.to_owned(),
        name: names.pascal.clone(),
        method: names.method.clone(),
        http_method: operation.method.as_str(),
        path: operation.path.text.clone(),
        detached,
        security: security::demands(rust.api(), operation),
        summary: format!("{} {}", operation.method.as_str(), operation.path.text),
        docs: operation_docs(operation, &variants, detached),
        inputs: inputs::fields(rust, operation, names),
        query: inputs::query_names(rust, operation),
        body: operation.body.as_ref().map(|body| bodies::body(rust, body, &names.pascal)),
        checks: inputs::checks(rust, operation, names),
        success: success(&operation.responses, &variants),
        encodes: variants.iter().any(|variant| variant.encode.contains("LENGTH")),
        negotiates: variants.iter().any(|variant| variant.encode.contains("__context")),
        offered: offered(operation),
        variants,
    }
}

fn is_safe(method: Method) -> bool {
    matches!(method, Method::Get | Method::Head | Method::Options | Method::Trace)
}

fn success(responses: &[Response], variants: &[ResponseVariant]) -> Option<Success> {
    let mut successes = responses
        .iter()
        .zip(variants)
        .filter(|(response, _)| matches!(response.status, Status::Code(200..=299) | Status::Range(2)));
    let (_, variant) = successes.next()?;
    match (&variant.from, variant.is_struct, successes.next()) {
        (Some((ty, value)), false, None) => {
            Some(Success { variant: variant.name.clone(), ty: ty.clone(), value: value.clone() })
        }
        _ => None,
    }
}

/// The media types of the successes, if there are several.
fn offered(operation: &Operation) -> Vec<String> {
    let mut offered: Vec<String> = Vec::new();
    for response in &operation.responses {
        if !matches!(response.status, Status::Code(200..=299) | Status::Range(2)) {
            continue;
        }
        if response.contents.is_empty() {
            return Vec::new();
        }
        for content in &response.contents {
            if !offered.contains(&content.media_type) {
                offered.push(content.media_type.clone());
            }
        }
    }
    if offered.len() > 1 { offered } else { Vec::new() }
}

/// Documentation that is never empty.
fn docs_or<const N: usize>(paragraphs: [Option<&str>; N], fallback: impl FnOnce() -> String) -> Vec<String> {
    let lines = docs::lines(paragraphs);
    if lines.is_empty() { vec![fallback()] } else { lines }
}

fn operation_docs(operation: &Operation, variants: &[ResponseVariant], detached: bool) -> Vec<String> {
    let Docs { summary, description, .. } = &operation.docs;
    let mut lines = docs::lines([summary.as_deref(), description.as_deref()]);
    let mut section = |text: Vec<String>| {
        if !text.is_empty() {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(text);
        }
    };
    section(vec![format!("`{} {}`", operation.method.as_str(), operation.path.text)]);
    let mut responses = vec!["# Responses".to_owned()];
    for (response, variant) in operation.responses.iter().zip(variants) {
        let status = match response.status {
            Status::Code(code) => code.to_string(),
            Status::Range(digit) => format!("{digit}XX"),
            Status::Default => "any other".to_owned(),
        };
        let meaning = docs::lines([response.docs.description.as_deref()]).join(" ");
        responses.push(format!("- {status}, `{}`: {meaning}", variant.name));
    }
    section(responses);
    let cancellation = if detached {
        "Runs to its end, even if the client has gone."
    } else {
        "Dropped at any `await` if the client has gone."
    };
    section(vec!["# Cancellation".to_owned(), cancellation.to_owned()]);
    lines
}

fn uses_model(operation: &ServerOperation) -> bool {
    let is_model =
        |ty: &String| ty.contains("model::") && ty.replace("::planewright_model::", "").contains("model::");
    operation.inputs.iter().any(|input| is_model(&input.ty) || is_model(&input.read))
        || operation.body.as_ref().is_some_and(|body| {
            is_model(&body.ty)
                || body.choice.iter().flat_map(|choice| &choice.variants).any(|variant| is_model(&variant.ty))
                || body
                    .parts
                    .iter()
                    .flat_map(|parts| &parts.parts)
                    .any(|part| is_model(&part.ty) || part.headers.iter().any(|header| is_model(&header.ty)))
        })
        || operation.variants.iter().any(|variant| {
            variant.payload.iter().any(is_model)
                || variant
                    .choice
                    .iter()
                    .flat_map(|choice| &choice.variants)
                    .any(|variant| is_model(&variant.ty))
                || variant.headers.iter().any(|header| is_model(&header.ty))
        })
        || operation.checks.iter().any(is_model)
}
