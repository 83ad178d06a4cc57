//! What the client looks like: one module per tag, one builder per operation.

mod arguments;
mod body;
mod follow;
mod headers;
mod pages;
mod result;
mod servers;

use serde::Serialize;

pub use self::follow::Follow;
pub use self::headers::{HeaderField, HeadersPlan};
pub use self::pages::PagesPlan;
pub use self::result::{OtherOutcome, Outcome, OutcomeVariant};
pub use self::servers::{ServerUrl, Variable};

use self::arguments::{Inputs, Value};
use super::names::claim;
use super::{Codec, RustApi, bodies, docs, names, reserved, security};
use crate::ir::{
    Docs, LinkTarget, Method, Operation, Parameter, ParameterLocation, RuntimeExpression, SegmentPart,
};

/// Names that a builder has beside those of its inputs.
const BUILDER: &[&str] = &["body", "clone", "into_call", "on_progress", "options", "send"];

/// Names that the client has beside those of its tags.
const CLIENT: &[&str] = &["clone", "connect", "connection", "new", "over", "with_settings"];

/// The client of an API.
#[derive(Clone, Debug, Serialize)]
pub struct ClientPlan {
    /// Documentation of the whole: title and description.
    pub docs: Vec<String>,
    /// The `use` item that names the model; empty if nothing does.
    pub model_use: String,
    /// The first path beneath which servers answer; mostly empty.
    pub base_path: String,
    /// One for each tag that has operations.
    pub modules: Vec<ClientModule>,
    /// Where the API is served, as expressions.
    pub servers: Vec<String>,
    /// Builders of the URLs that have variables.
    pub urls: Vec<ServerUrl>,
    /// The security schemes that operations demand: names, and where they stand as expressions.
    pub schemes: Vec<(String, String)>,
}

/// The operations of a tag.
#[derive(Clone, Debug, Serialize)]
pub struct ClientModule {
    /// The tag's name in the document.
    pub tag: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The module: `jobs`.
    pub module: String,
    /// The accessor on the client: mostly the module's name.
    pub accessor: String,
    /// The struct that has the operations: `Jobs`.
    pub name: String,
    /// The operations, sorted by id.
    pub operations: Vec<ClientOperation>,
    /// Whether an operation names the model.
    pub uses_model: bool,
}

/// One operation: a method that makes a builder, and the builder.
#[derive(Clone, Debug, Serialize)]
pub struct ClientOperation {
    /// `operationId`.
    pub id: String,
    /// Documentation of the method.
    pub docs: Vec<String>,
    /// The method: `cancel_job`.
    pub method: String,
    /// The builder: `CancelJob`.
    pub builder: String,
    /// The static with what is known before the call: `CANCEL_JOB`.
    pub constant: String,
    /// The constant of `http::Method`: `PATCH`.
    pub http_method: &'static str,
    /// The path template.
    pub path: String,
    /// The value of `Accept`.
    pub accept: Option<String>,
    /// Where it is served, if that isn't where the rest is, as an expression.
    pub server: String,
    /// What its callers must present, as an expression.
    pub security: String,
    /// Whether it may be sent twice without harm.
    pub repeatable: bool,
    /// Required inputs, the method's arguments in order.
    pub arguments: Vec<Argument>,
    /// What the builder holds beside connection and options.
    pub fields: Vec<Field>,
    /// The builder's methods for what is optional.
    pub setters: Vec<Setter>,
    /// Whether the builder reports progress.
    pub on_progress: bool,
    /// Whether the builder can be cloned: streams can't.
    pub cloneable: bool,
    /// The statements that fill `__call`.
    pub statements: Vec<String>,
    /// Statements before the call is made, which may change `self`; empty for none.
    pub preparation: String,
    /// What `send` returns.
    pub outcome: Outcome,
    /// How the work that it starts is followed.
    pub follow: Option<Follow>,
    /// If it is a list that comes in pages, how the next is asked for.
    pub pages: Option<PagesPlan>,
}

/// An argument of an operation's method.
#[derive(Clone, Debug, Serialize)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its type, `impl Into<String>` for texts.
    pub ty: String,
}

/// What a builder holds.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: String,
    /// What the operation's method puts into it.
    pub initial: String,
}

/// A builder's method for something optional.
#[derive(Clone, Debug, Serialize)]
pub struct Setter {
    /// Its documentation.
    pub docs: Vec<String>,
    /// Its name.
    pub name: String,
    /// The type of its argument, `value`.
    pub ty: String,
    /// The statement that keeps `value`.
    pub statement: String,
}

/// Decides what the client looks like.
#[must_use]
pub fn plan(rust: &RustApi<'_>) -> ClientPlan {
    let api = rust.api();
    let used: Vec<_> = api
        .tags
        .iter()
        .filter(|tag| api.operations.iter().any(|operation| operation.tag == tag.name))
        .collect();
    let accessors = claim(
        used.iter().map(|tag| {
            let module = &rust.tag(&tag.name).module;
            (module.clone(), module.clone())
        }),
        "_",
        CLIENT,
    );
    let modules: Vec<ClientModule> = used
        .iter()
        .zip(accessors)
        .map(|(tag, accessor)| {
            let names = rust.tag(&tag.name);
            let builders = Builders::new(rust, &tag.name);
            let operations: Vec<_> = api
                .operations
                .iter()
                .enumerate()
                .filter(|(_, operation)| operation.tag == tag.name)
                .flat_map(|(index, operation)| plan_operation(rust, index, operation, &builders))
                .collect();
            ClientModule {
                tag: tag.name.clone(),
                docs: tag_docs(&tag.name, tag.description.as_deref()),
                module: names.module.clone(),
                accessor,
                name: builders.tag.clone(),
                uses_model: operations.iter().any(uses_model),
                operations,
            }
        })
        .collect();
    let uses_model = modules.iter().any(|module| module.uses_model);
    let title = format!("A client of the API “{}”.", api.title);
    ClientPlan {
        docs: docs::lines([Some(title.as_str()), api.description.as_deref()]),
        model_use: if uses_model { rust.config().layout.model_use() } else { String::new() },
        base_path: api.base_paths.first().cloned().unwrap_or_default(),
        modules,
        servers: servers::all(api),
        urls: servers::urls(api),
        schemes: security::places(api),
    }
}

/// The names of the types in a tag's module.
struct Builders {
    tag: String,
    /// By index of the operation in the API.
    builders: Vec<Option<String>>,
    responses: Vec<Option<String>>,
    headers: Vec<Option<String>>,
}

impl Builders {
    fn new(rust: &RustApi<'_>, tag: &str) -> Self {
        let operations = &rust.api().operations;
        let mut indexes = Vec::new();
        let mut claims = vec![(rust.tag(tag).pascal.clone(), rust.tag(tag).pascal.clone())];
        for (index, operation) in operations.iter().enumerate().filter(|(_, operation)| operation.tag == tag)
        {
            let pascal = &rust.operation(index).pascal;
            let builder = if reserved::is_prelude(pascal) { format!("{pascal}Call") } else { pascal.clone() };
            indexes.push(index);
            claims.push((builder, operation.id.clone()));
        }
        for &index in &indexes {
            claims.push((format!("{}Response", rust.operation(index).pascal), String::new()));
        }
        for &index in &indexes {
            claims.push((format!("{}Headers", rust.operation(index).pascal), String::new()));
        }
        let mut names = claim(claims.into_iter(), "", &[]).into_iter();
        let tag = names.next().unwrap_or_default();
        let mut builders = vec![None; operations.len()];
        let mut responses = builders.clone();
        let mut headers = builders.clone();
        for &index in &indexes {
            builders[index] = names.next();
        }
        for &index in &indexes {
            responses[index] = names.next();
        }
        for &index in &indexes {
            headers[index] = names.next();
        }
        Self { tag, builders, responses, headers }
    }

    fn builder(&self, index: usize) -> String {
        self.builders[index].clone().unwrap_or_default()
    }

    fn response(&self, index: usize) -> String {
        self.responses[index].clone().unwrap_or_default()
    }

    fn headers(&self, index: usize) -> String {
        self.headers[index].clone().unwrap_or_default()
    }
}

fn plan_operation(
    rust: &RustApi<'_>,
    index: usize,
    operation: &Operation,
    builders: &Builders,
) -> Vec<ClientOperation> {
    let Some(body) = &operation.body else {
        return vec![plan_call(rust, index, operation, None, builders)];
    };
    let groups = bodies::groups(rust, &body.contents);
    let calls = groups.iter().enumerate().map(|(place, group)| {
        let mut call = plan_call(rust, index, operation, Some((body, group)), builders);
        if place > 0 {
            differ(rust, &mut call, group);
        }
        call
    });
    calls.collect()
}

/// A body of another type is a method of its own, named after the type.
fn differ(rust: &RustApi<'_>, call: &mut ClientOperation, group: &bodies::Group<'_>) {
    let taken = |name: &str| rust.names().operations.iter().any(|names| names.method == name);
    call.method = format!("{}_as_{}", call.method, names::snake(&group.name).trim_end_matches('_'));
    while taken(&call.method) {
        call.method.push('_');
    }
    call.builder = format!("{}As{}", call.builder, group.name);
    call.constant = call.method.to_uppercase();
    call.outcome.declares = false;
    call.follow = None;
    let media_types: Vec<_> = group.media_types().map(docs::code).collect();
    call.docs.push(String::new());
    call.docs.push(format!("Sends the body as {}.", media_types.join(" or ")));
}

fn plan_call(
    rust: &RustApi<'_>,
    index: usize,
    operation: &Operation,
    body: Option<(&crate::ir::Body, &bodies::Group<'_>)>,
    builders: &Builders,
) -> ClientOperation {
    let names = rust.operation(index);
    let mut inputs = Inputs::default();
    for (parameter, name) in operation.parameters.iter().zip(&names.parameters) {
        let docs = docs_or(&parameter.docs, &format!("Sets {}.", docs::code(&parameter.name)));
        inputs.add(name, &Value::of_parameter(rust, parameter), parameter.required, docs);
    }
    let mut statements = path_statements(rust, operation, &names.parameters);
    statements.extend(
        operation
            .parameters
            .iter()
            .zip(&names.parameters)
            .filter(|(parameter, _)| parameter.location != ParameterLocation::Path)
            .map(|(parameter, name)| parameter_statement(rust, parameter, name)),
    );
    let sent = body.map(|(body, group)| body::plan(rust, body, group, &mut inputs)).unwrap_or_default();
    statements.extend(sent.statements);
    let outcome = result::plan(rust, operation, names, &builders.response(index), &builders.headers(index));
    let follow = follow::plan(rust, operation);
    let mut preparation = String::new();
    let is_json = body.is_none_or(|(_, group)| group.is_json());
    if let Some((before, after)) = follow::fix_trigger_id(rust, operation).filter(|_| is_json) {
        preparation = before;
        statements.push(after);
    }
    let answer = result::json_type(rust, operation)
        .filter(|_| outcome.variants.is_empty() && follow.is_none() && operation.method == Method::Get);
    let pages = answer.and_then(|answer| pages::plan(rust, operation, &names.parameters, &inputs, answer));
    let Inputs { arguments, fields, setters } = inputs;
    ClientOperation {
        id: operation.id.clone(),
        docs: operation_docs(operation),
        method: names.method.clone(),
        builder: builders.builder(index),
        constant: names.method.to_uppercase(),
        http_method: http_method(operation.method),
        path: operation.path.text.clone(),
        accept: outcome.accept.clone(),
        server: servers::own(rust.api(), operation),
        security: security::schemes_of(rust.api(), operation),
        repeatable: matches!(operation.method, Method::Get | Method::Head | Method::Options | Method::Trace),
        arguments,
        fields,
        setters,
        on_progress: sent.streams,
        cloneable: !sent.streams,
        statements,
        preparation,
        outcome,
        follow,
        pages,
    }
}

fn uses_model(operation: &ClientOperation) -> bool {
    let mut texts = operation.arguments.iter().map(|argument| &argument.ty);
    let mut fields = operation.fields.iter().flat_map(|field| [&field.ty, &field.initial]);
    let mut setters = operation.setters.iter().flat_map(|setter| [&setter.ty, &setter.statement]);
    let follow =
        operation.follow.iter().flat_map(|follow| follow.arguments.iter().map(|argument| &argument.ty));
    let outcome = &operation.outcome;
    let mut others = outcome.others.iter().map(|other| &other.ty);
    let mut headers = outcome.headers.iter().flat_map(|headers| headers.fields.iter().map(|field| &field.ty));
    let mut variants = outcome.variants.iter().map(|variant| &variant.payload);
    let names = |text: &String| {
        text.contains("model::") && text.replace("planewright_model::", "").contains("model::")
    };
    texts.any(names)
        || fields.any(names)
        || setters.any(names)
        || variants.any(names)
        || others.any(names)
        || headers.any(names)
        || operation.pages.iter().any(|pages| names(&pages.ty) || pages.advance.iter().any(names))
        || names(&outcome.ty)
        || follow.chain(operation.follow.iter().map(|follow| &follow.ty)).any(names)
}

/// The path, piece by piece.
fn path_statements(rust: &RustApi<'_>, operation: &Operation, names: &[String]) -> Vec<String> {
    let mut statements = Vec::new();
    let mut literal = String::new();
    if operation.path.text.is_empty() {
        // A webhook goes to its receiver's URL as it is.
        return statements;
    }
    if operation.path.segments.is_empty() {
        literal.push('/');
    }
    for segment in &operation.path.segments {
        literal.push('/');
        for part in segment {
            match part {
                SegmentPart::Literal(text) => push_path_text(&mut literal, text),
                SegmentPart::Parameter(wire) => {
                    let place = operation.parameters.iter().position(|parameter| {
                        parameter.location == ParameterLocation::Path && parameter.name == *wire
                    });
                    let Some(place) = place else { continue };
                    if !literal.is_empty() {
                        statements.push(format!("__call.literal({:?});", std::mem::take(&mut literal)));
                    }
                    let parameter = &operation.parameters[place];
                    statements.push(write_statement(rust, parameter, &format!("&self.{}", names[place])));
                }
            }
        }
    }
    if !literal.is_empty() {
        statements.push(format!("__call.literal({literal:?});"));
    }
    statements
}

/// Fixed text of a path, percent-encoded where a path needs it.
fn push_path_text(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

fn parameter_statement(rust: &RustApi<'_>, parameter: &Parameter, name: &str) -> String {
    if parameter.required {
        return write_statement(rust, parameter, &format!("&self.{name}"));
    }
    format!("if let Some(__value) = &self.{name} {{ {} }}", write_statement(rust, parameter, "__value"))
}

fn write_statement(rust: &RustApi<'_>, parameter: &Parameter, value: &str) -> String {
    let wire = &parameter.name;
    let kind = match parameter.location {
        ParameterLocation::Query => "query",
        ParameterLocation::Header => "header",
        ParameterLocation::Cookie => "cookie",
        ParameterLocation::Path => "path",
    };
    let reserved = if parameter.allow_reserved && kind == "query" { "_reserved" } else { "" };
    match rust.codec(parameter) {
        Codec::Scalar => format!("__call.{kind}{reserved}({wire:?}, {value});"),
        Codec::List if kind == "query" => {
            format!("__call.query_list{reserved}({wire:?}, {value}, {});", parameter.explode)
        }
        Codec::List => format!("__call.{kind}_list({wire:?}, {value});"),
        Codec::Styled(styled) => format!("__call.{kind}_styled{reserved}({styled}, {value});"),
    }
}

fn http_method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Put => "PUT",
        Method::Post => "POST",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
        Method::Head => "HEAD",
        Method::Patch => "PATCH",
        Method::Trace => "TRACE",
    }
}

fn tag_docs(name: &str, description: Option<&str>) -> Vec<String> {
    let lines = docs::lines([description]);
    if lines.is_empty() { vec![format!("The operations of the tag {}.", docs::code(name))] } else { lines }
}

fn operation_docs(operation: &Operation) -> Vec<String> {
    let mut lines = docs_or(&operation.docs, &format!("Calls {}.", docs::code(&operation.id)));
    lines.push(String::new());
    lines.push(docs::code(&format!("{} {}", http_method(operation.method), operation.path.text)));
    if operation.docs.deprecated {
        lines.push(String::new());
        lines.push("**Deprecated** by the document.".to_owned());
    }
    lines.extend(links(operation));
    lines
}

/// What the document says to call next, and with what.
fn links(operation: &Operation) -> Vec<String> {
    let mut lines = Vec::new();
    let links = operation.responses.iter().flat_map(|response| &response.links);
    for (name, link) in links {
        if lines.is_empty() {
            lines.extend([String::new(), "# Links".to_owned(), String::new()]);
        }
        let (LinkTarget::Operation(target) | LinkTarget::Foreign(target)) = &link.target;
        let given = link.parameters.iter().map(|(name, value)| format!("{name}: {}", expression(value)));
        let given: Vec<_> = given.collect();
        let call = docs::code(&format!("{target}({})", given.join(", ")));
        lines.push(format!("- {}: {call}", docs::code(name)));
    }
    lines
}

/// A runtime expression as the document writes it.
fn expression(value: &RuntimeExpression) -> String {
    let pointer = |way: &[String]| {
        way.iter()
            .map(|member| format!("/{}", member.replace('~', "~0").replace('/', "~1")))
            .collect::<String>()
    };
    match value {
        RuntimeExpression::RequestPath(name) => format!("$request.path.{name}"),
        RuntimeExpression::RequestQuery(name) => format!("$request.query.{name}"),
        RuntimeExpression::RequestHeader(name) => format!("$request.header.{name}"),
        RuntimeExpression::RequestBody(way) => format!("$request.body#{}", pointer(way)),
        RuntimeExpression::ResponseHeader(name) => format!("$response.header.{name}"),
        RuntimeExpression::ResponseBody(way) => format!("$response.body#{}", pointer(way)),
        RuntimeExpression::Constant(value) => value.to_string(),
    }
}

/// Summary and description, or this sentence if there is neither.
fn docs_or(docs: &Docs, otherwise: &str) -> Vec<String> {
    let lines = docs::lines([docs.summary.as_deref(), docs.description.as_deref()]);
    if lines.is_empty() { vec![otherwise.to_owned()] } else { lines }
}
