//! What `send` returns: the body of the one success, or an enumeration of them.

use serde::Serialize;

use super::super::names::snake;
use super::super::{OperationNames, RustApi, Scope, docs};
use super::docs_or;
use super::headers::{self, HeadersPlan};
use crate::ir::{BodyKind, Content, Method, Operation, Response, Status, TypeUse};
use crate::rust::bodies::{Group, GroupKind, groups, rank};

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
    /// Whether the enumeration of the successes is declared for this operation, not for one that differs in its body.
    pub declares: bool,
    /// Answers in other media types.
    pub others: Vec<OtherOutcome>,
    /// The headers that the successes declare.
    pub headers: Option<HeadersPlan>,
}

/// An answer in other media types: a method beside `send`.
#[derive(Clone, Debug, Serialize)]
pub struct OtherOutcome {
    /// The method: `send_as_csv`.
    pub method: String,
    /// The media types, for the reader.
    pub media_types: String,
    /// The value of `Accept`.
    pub accept: String,
    /// What it returns.
    pub ty: String,
    /// The expression that sends `__call` over `__connection` and reads the answer.
    pub expression: String,
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

/// How the answer of one success is read.
#[derive(Clone, PartialEq)]
enum Read {
    Empty,
    Json(String),
    /// The type, and the media types with their codecs.
    Value(String, String),
    Text,
    Stream,
    /// The type; the method.
    Events(String, &'static str),
    /// The type; the framing.
    Items(String, bool),
}

impl Read {
    fn of(rust: &RustApi<'_>, group: &Group<'_>) -> Self {
        match group.kind {
            GroupKind::Value(ty) if group.is_json() => Self::Json(rust.type_expr(ty, Scope::Outside)),
            GroupKind::Value(ty) => Self::Value(rust.type_expr(ty, Scope::Outside), group.media()),
            GroupKind::Text => Self::Text,
            GroupKind::Stream | GroupKind::Multipart(_) => Self::Stream,
            GroupKind::Events(Some(ty)) => Self::Events(rust.type_expr(ty, Scope::Outside), "events"),
            GroupKind::Events(None) => Self::Events("String".to_owned(), "text_events"),
            GroupKind::Items(ty, sequence) => Self::Items(rust.type_expr(ty, Scope::Outside), sequence),
        }
    }

    fn ty(&self) -> String {
        match self {
            Self::Empty => "()".to_owned(),
            Self::Json(ty) | Self::Value(ty, _) => ty.clone(),
            Self::Text => "String".to_owned(),
            Self::Stream => "::planewright_client::Download".to_owned(),
            Self::Events(ty, _) => format!("::planewright_client::Events<{ty}>"),
            Self::Items(ty, _) => format!("::planewright_client::Items<{ty}>"),
        }
    }

    /// Whether the body is read as it comes.
    fn streams(&self) -> bool {
        matches!(self, Self::Stream | Self::Events(..) | Self::Items(..))
    }

    /// The expression that reads the body out of an answer of this name, open or whole.
    fn body(&self, answer: &str, open: bool) -> Option<String> {
        let wait = if open { ".await" } else { "" };
        Some(match self {
            Self::Empty => return None,
            Self::Json(_) => format!("{answer}.json(){wait}?"),
            Self::Value(_, media) => format!("{answer}.value({media}){wait}?"),
            Self::Text if open => format!("{answer}.text().await?"),
            Self::Text => format!("{answer}.text()"),
            Self::Stream => answer.to_owned(),
            Self::Events(_, method) => format!("{answer}.{method}()"),
            Self::Items(_, sequence) => {
                let framing = if *sequence { "Sequence" } else { "Lines" };
                format!("{answer}.items(::planewright_model::media::Framing::{framing})")
            }
        })
    }

    /// The expression that sends a call and reads the answer.
    fn whole(&self, call: &str) -> String {
        match self {
            Self::Empty => format!("__connection.fetch({call}).await.map(drop)"),
            Self::Json(_) => format!("__connection.fetch({call}).await?.json()"),
            Self::Value(_, media) => format!("__connection.fetch({call}).await?.value({media})"),
            Self::Stream => format!("__connection.open({call}).await"),
            read => {
                let method = if read.streams() { "open" } else { "fetch" };
                let answer = format!("__connection.{method}({call}).await?");
                format!("Ok({})", read.body(&answer, read.streams()).unwrap_or_default())
            }
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
    response.contents.iter().min_by_key(|content| rank(&content.kind))
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
    headers_name: &str,
) -> Outcome {
    let successes = successes(operation);
    let fields = headers::fields(rust, &successes);
    let headers = |streams: bool, body: String| {
        let send = if streams { "open" } else { "fetch" };
        (!fields.is_empty()).then(|| HeadersPlan { name: headers_name.to_owned(), fields, send, body })
    };
    let mut accept: Vec<String> = Vec::new();
    let mut reads = Vec::new();
    let mut others = Vec::new();
    for (_, response) in &successes {
        let groups = match operation.method {
            Method::Head => Vec::new(),
            _ => groups(rust, &response.contents),
        };
        reads.push(groups.first().map_or(Read::Empty, |group| Read::of(rust, group)));
        if let Some(wanted) = groups.first().map(Group::accept)
            && !accept.contains(&wanted)
        {
            accept.push(wanted);
        }
        if successes.len() == 1 {
            others.extend(groups.iter().skip(1).map(|group| other(rust, group)));
        }
    }
    let accept = (!accept.is_empty()).then(|| accept.join(", "));
    let first = reads.first().cloned().unwrap_or(Read::Empty);
    if reads.iter().all(|read| *read == first) {
        let expression = first.whole("self.into_call()");
        let streams = first.streams();
        let body = first.body("__answer", streams).unwrap_or_else(|| "()".to_owned());
        return Outcome {
            ty: first.ty(),
            accept,
            expression,
            variants: Vec::new(),
            declares: true,
            others,
            headers: headers(streams, body),
        };
    }
    let streams = reads.iter().any(Read::streams);
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
    let outcome = Outcome {
        ty: enum_name.to_owned(),
        accept,
        expression: format!("__connection.{send}(self.into_call()).await?"),
        variants,
        declares: true,
        others,
        headers: None,
    };
    let arms =
        outcome.variants.iter().map(|variant| format!("{} => {}, ", variant.pattern, variant.expression));
    let mut arms: String = arms.collect();
    if !outcome.is_exhaustive() {
        arms.push_str("_ => return Err(__answer.undeclared()),");
    }
    let headers = headers(streams, format!("match __answer.status().as_u16() {{ {arms} }}"));
    Outcome { headers, ..outcome }
}

fn other(rust: &RustApi<'_>, group: &Group<'_>) -> OtherOutcome {
    let read = Read::of(rust, group);
    OtherOutcome {
        method: format!("send_as_{}", snake(&group.name).trim_end_matches('_')),
        media_types: group.media_types().map(docs::code).collect::<Vec<_>>().join(" or "),
        accept: group.accept(),
        ty: read.ty(),
        expression: read.whole("__call"),
    }
}

fn variant(response: &Response, read: &Read, name: &str, enum_name: &str, streams: bool) -> OutcomeVariant {
    let (pattern, status) = match response.status {
        Status::Code(code) => (code.to_string(), false),
        // No other status is a success.
        Status::Range(_) | Status::Default => ("_".to_owned(), true),
    };
    let value = read.body("__answer", streams);
    let mut payload = Vec::new();
    let mut values = Vec::new();
    if status {
        payload.push("::planewright_client::__private::http::StatusCode".to_owned());
        values.push("__answer.status()".to_owned());
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
