//! What `send` returns: the body of the one success, or an enumeration of them.

use serde::Serialize;

use super::super::{OperationNames, RustApi, Scope};
use super::docs_or;
use crate::ir::{BodyKind, Content, Method, Operation, Response, Status, TypeUse};

/// What `send` returns, and how it is read.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Its type.
    pub ty: String,
    /// The value of `Accept`.
    pub accept: Option<String>,
    /// The expression that sends `self` over `__connection` and reads the answer; for an enumeration it gives `__answer`.
    pub expression: String,
    /// The successes, if they differ.
    pub variants: Vec<OutcomeVariant>,
}

impl Outcome {
    /// Whether the patterns of the variants cover every status.
    #[must_use]
    pub fn is_exhaustive(&self) -> bool {
        self.variants.iter().any(|variant| variant.pattern == "_")
    }
}

/// One of several successes.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeVariant {
    /// Its documentation.
    pub docs: Vec<String>,
    /// Its name.
    pub name: String,
    /// What it holds, in parentheses; empty for nothing.
    pub payload: String,
    /// The pattern of its statuses.
    pub pattern: String,
    /// The expression that makes it out of `__answer`.
    pub expression: String,
}

#[derive(Clone, PartialEq)]
enum Read {
    Empty,
    Json(String),
    Text,
    Stream,
}

impl Read {
    fn ty(&self) -> String {
        match self {
            Self::Empty => "()".to_owned(),
            Self::Json(ty) => ty.clone(),
            Self::Text => "String".to_owned(),
            Self::Stream => "::planewright_client::Download".to_owned(),
        }
    }
}

/// The responses that are successes: those of 2xx, or else `default`.
fn successes(operation: &Operation) -> Vec<(usize, &Response)> {
    let all = || operation.responses.iter().enumerate();
    let declared: Vec<_> = all()
        .filter(|(_, response)| matches!(response.status, Status::Code(200..=299) | Status::Range(2)))
        .collect();
    if !declared.is_empty() {
        return declared;
    }
    all().filter(|(_, response)| response.status == Status::Default).collect()
}

/// The representation that a client asks for: what is easiest to use.
fn chosen(response: &Response) -> Option<&Content> {
    let rank = |content: &Content| match content.kind {
        BodyKind::Json(_) => 0,
        BodyKind::Text => 1,
        _ => 2,
    };
    response.contents.iter().min_by_key(|content| rank(content))
}

/// The type of the JSON that a success has, if all successes have the same.
pub(super) fn json_type<'a>(rust: &RustApi<'_>, operation: &'a Operation) -> Option<&'a TypeUse> {
    let mut types = successes(operation).into_iter().map(|(_, response)| match &chosen(response)?.kind {
        BodyKind::Json(ty) => Some(ty),
        _ => None,
    });
    let first = types.next()??;
    let same = |ty: &TypeUse| rust.type_expr(ty, Scope::Outside) == rust.type_expr(first, Scope::Outside);
    types.all(|ty| ty.is_some_and(same)).then_some(first)
}

pub(super) fn plan(
    rust: &RustApi<'_>,
    operation: &Operation,
    names: &OperationNames,
    enum_name: &str,
) -> Outcome {
    let successes = successes(operation);
    let mut accept: Vec<&str> = Vec::new();
    let mut reads = Vec::new();
    for (_, response) in &successes {
        let content = chosen(response).filter(|_| operation.method != Method::Head);
        let read = match content.map(|content| &content.kind) {
            None => Read::Empty,
            Some(BodyKind::Json(ty)) => Read::Json(rust.type_expr(ty, Scope::Outside)),
            Some(BodyKind::Text) => Read::Text,
            Some(_) => Read::Stream,
        };
        if let Some(content) = content
            && !accept.contains(&content.media_type.as_str())
            && content.media_type.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            accept.push(&content.media_type);
        }
        reads.push(read);
    }
    let accept = (!accept.is_empty()).then(|| accept.join(", "));
    let first = reads.first().cloned().unwrap_or(Read::Empty);
    if reads.iter().all(|read| *read == first) {
        let expression = match first {
            Read::Empty => "__connection.fetch(self.into_call()).await.map(drop)",
            Read::Json(_) => "__connection.fetch(self.into_call()).await?.json()",
            Read::Text => "Ok(__connection.fetch(self.into_call()).await?.text())",
            Read::Stream => "__connection.open(self.into_call()).await",
        };
        return Outcome { ty: first.ty(), accept, expression: expression.to_owned(), variants: Vec::new() };
    }
    let streams = reads.contains(&Read::Stream);
    let send = if streams { "open" } else { "fetch" };
    let mut variants: Vec<_> = successes
        .iter()
        .zip(&reads)
        .map(|((index, response), read)| {
            variant(response, read, &names.responses[*index], enum_name, streams)
        })
        .collect();
    // The arm for the rest comes last.
    variants.sort_by_key(|variant| variant.pattern == "_");
    Outcome {
        ty: enum_name.to_owned(),
        accept,
        expression: format!("__connection.{send}(self.into_call()).await?"),
        variants,
    }
}

fn variant(response: &Response, read: &Read, name: &str, enum_name: &str, streams: bool) -> OutcomeVariant {
    let (pattern, status) = match response.status {
        Status::Code(code) => (code.to_string(), false),
        // No other status is a success.
        Status::Range(_) | Status::Default => ("_".to_owned(), true),
    };
    let value = match (read, streams) {
        (Read::Empty, _) => None,
        (Read::Json(_), false) => Some("__answer.json()?"),
        (Read::Json(_), true) => Some("__answer.json().await?"),
        (Read::Text, false) => Some("__answer.text()"),
        (Read::Text, true) => Some("__answer.text().await?"),
        (Read::Stream, _) => Some("__answer"),
    };
    let mut payload = Vec::new();
    let mut values = Vec::new();
    if status {
        payload.push("::planewright_client::__private::http::StatusCode".to_owned());
        values.push("__answer.status()");
    }
    if let Some(value) = value {
        payload.push(read.ty());
        values.push(value);
    }
    let in_parentheses = |list: String| if list.is_empty() { list } else { format!("({list})") };
    OutcomeVariant {
        docs: docs_or(&response.docs, &format!("The status {}.", status_text(response.status))),
        name: name.to_owned(),
        payload: in_parentheses(payload.join(", ")),
        pattern,
        expression: format!("{enum_name}::{name}{}", in_parentheses(values.join(", "))),
    }
}

fn status_text(status: Status) -> String {
    match status {
        Status::Code(code) => code.to_string(),
        Status::Range(digit) => format!("{digit}xx"),
        Status::Default => "of no other variant".to_owned(),
    }
}
