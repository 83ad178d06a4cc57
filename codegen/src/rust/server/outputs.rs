//! Responses: what a variant holds and how it is written.

use serde::Serialize;

use super::docs_or;
use crate::ir::{BodyKind, Content, Header, Response, Status};
use crate::rust::{RustApi, Scope, docs, names};

/// A variant of a response.
#[derive(Clone, Debug, Serialize)]
pub struct ResponseVariant {
    /// `NotFound`.
    pub name: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The type of its body, if it has one.
    pub payload: Option<String>,
    /// For JSON, the type of the value.
    pub json: Option<String>,
    /// Whether the body is JSON.
    pub is_json: bool,
    /// Whether it has named fields: its status or headers beside the body.
    pub is_struct: bool,
    /// Whether the handler chooses the status.
    pub has_status: bool,
    /// Declared headers.
    pub headers: Vec<HeaderPlan>,
    /// What makes the response: an expression over `__status`, `__body` and `LENGTH`.
    pub encode: String,
    /// Whether it is a result.
    pub encode_fails: bool,
}

/// A header of a response.
#[derive(Clone, Debug, Serialize)]
pub struct HeaderPlan {
    /// The field: `location`.
    pub field: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// As written in the document.
    pub wire: String,
    /// Its type.
    pub ty: String,
    /// Whether it may be absent.
    pub optional: bool,
    /// The value to write, over `__value`.
    pub value: String,
}

/// The variant for a response.
pub(super) fn variant(rust: &RustApi<'_>, response: &Response, name: &str) -> ResponseVariant {
    let content = preferred(&response.contents);
    let json = content.and_then(|content| match &content.kind {
        BodyKind::Json(ty) => Some(rust.type_expr(ty, Scope::Outside)),
        _ => None,
    });
    let payload = content.map(|_| match &json {
        Some(ty) => format!("Reply<{ty}>"),
        None => "ResponseBody".to_owned(),
    });
    let status = match response.status {
        Status::Code(code) => Some(code),
        Status::Range(_) | Status::Default => None,
    };
    let code = status.map_or_else(|| "__status.as_u16()".to_owned(), |code| code.to_string());
    let encode = match content {
        None => format!("__rt::encode::empty({code})"),
        Some(_) if json.is_some() => format!("__rt::encode::json({code}, &__body, &LENGTH)"),
        Some(content) => {
            format!("__rt::encode::with_type({code}, {:?}, __body)", concrete(&content.media_type))
        }
    };
    // Only writing JSON can fail: a map's key may be no text.
    let encode_fails = json.is_some();
    let headers = headers(rust, &response.headers);
    ResponseVariant {
        name: name.to_owned(),
        docs: docs_or([response.docs.description.as_deref()], || format!("The answer `{name}`.")),
        payload,
        is_json: json.is_some(),
        json,
        is_struct: status.is_none() || !headers.is_empty(),
        has_status: status.is_none(),
        headers,
        encode,
        encode_fails,
    }
}

/// JSON if there is any, otherwise the first.
fn preferred(contents: &[Content]) -> Option<&Content> {
    contents.iter().find(|content| matches!(content.kind, BodyKind::Json(_))).or(contents.first())
}

/// A media type to send: ranges such as `image/*` aren't.
fn concrete(media_type: &str) -> &str {
    if media_type.contains('*') { "application/octet-stream" } else { media_type }
}

fn headers(rust: &RustApi<'_>, headers: &[Header]) -> Vec<HeaderPlan> {
    let fields = names::claim(
        headers.iter().map(|header| (names::snake(&header.name), header.name.clone())),
        "_",
        &["body", "status"],
    );
    headers
        .iter()
        .zip(fields)
        .map(|(header, field)| {
            let (ty, value) = if rust.is_scalar(&header.ty) {
                (rust.value_expr(&header.ty, Scope::Outside), "__value".to_owned())
            } else if rust.scalar_items(&header.ty).is_some() {
                let value = "&::planewright_model::parameter::header_list(__value)".to_owned();
                (rust.value_expr(&header.ty, Scope::Outside), value)
            } else {
                ("String".to_owned(), "__value".to_owned())
            };
            HeaderPlan {
                field,
                docs: docs_or([header.docs.description.as_deref()], || {
                    format!("The header {}.", docs::code(&header.name))
                }),
                wire: header.name.to_ascii_lowercase(),
                ty: if header.required { ty } else { format!("Option<{ty}>") },
                optional: !header.required,
                value,
            }
        })
        .collect()
}
