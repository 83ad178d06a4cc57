//! Responses: what a variant holds and how it is written.

use serde::Serialize;

use super::bodies::{ChoicePlan, ChoiceVariant};
use super::docs_or;
use crate::ir::{Header, Response, Status};
use crate::rust::bodies::{Group, GroupKind, groups};
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
    /// If it can be made of a value alone, the value's type, and the payload as an expression over `body`.
    pub from: Option<(String, String)>,
    /// Whether it has named fields: its status or headers beside the body.
    pub is_struct: bool,
    /// Whether the handler chooses the status.
    pub has_status: bool,
    /// Declared headers.
    pub headers: Vec<HeaderPlan>,
    /// What makes the response: an expression over `__context`, `__status`, `__body` and `LENGTH`.
    pub encode: String,
    /// Whether it is a result.
    pub encode_fails: bool,
    /// If there are several types of bodies, the enumeration of them.
    pub choice: Option<ChoicePlan>,
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
pub(super) fn variant(
    rust: &RustApi<'_>,
    response: &Response,
    name: &str,
    operation: &str,
) -> ResponseVariant {
    let status = match response.status {
        Status::Code(code) => Some(code),
        Status::Range(_) | Status::Default => None,
    };
    let code = status.map_or_else(|| "__status.as_u16()".to_owned(), |code| code.to_string());
    let groups = groups(rust, &response.contents);
    let mut written: Vec<Written> = groups.iter().map(|group| write(rust, group, &code)).collect();
    let mut choice = None;
    let written = match groups.as_slice() {
        [] => None,
        [_] => written.pop(),
        groups => {
            let plan = ChoicePlan {
                name: format!("{operation}{name}Body"),
                variants: groups
                    .iter()
                    .zip(&written)
                    .map(|(group, written)| ChoiceVariant {
                        docs: vec![group.media_types().map(docs::code).collect::<Vec<_>>().join(", ") + "."],
                        name: group.name.clone(),
                        ty: written.payload.clone(),
                    })
                    .collect(),
            };
            let enumeration = plan.name.clone();
            choice = Some(plan);
            Some(chosen(groups, written, &enumeration))
        }
    };
    let headers = headers(rust, &response.headers);
    let empty = format!("__rt::encode::empty({code})");
    ResponseVariant {
        name: name.to_owned(),
        docs: docs_or([response.docs.description.as_deref()], || format!("The answer `{name}`.")),
        payload: written.as_ref().map(|written| written.payload.clone()),
        from: written.as_ref().and_then(|written| written.from.clone()),
        is_struct: status.is_none() || !headers.is_empty(),
        has_status: status.is_none(),
        headers,
        encode_fails: written.as_ref().is_some_and(|written| written.fails),
        encode: written.map_or(empty, |written| written.encode),
        choice,
    }
}

/// A body of one type, and how it is sent.
struct Written {
    payload: String,
    from: Option<(String, String)>,
    encode: String,
    fails: bool,
}

fn write(rust: &RustApi<'_>, group: &Group<'_>, code: &str) -> Written {
    // Only writing values can fail: a map's key may be no text.
    let plain = |payload: &str, encode: String| Written {
        payload: payload.to_owned(),
        from: Some((payload.to_owned(), "body".to_owned())),
        encode,
        fails: false,
    };
    let stream = |name: &str, ty: String, encode: String| {
        let payload = format!("::planewright_server::{name}<{ty}>");
        Written { from: Some((payload.clone(), "body".to_owned())), payload, encode, fails: false }
    };
    match group.kind {
        GroupKind::Value(ty) => {
            let ty = rust.type_expr(ty, Scope::Outside);
            let media_type = group.only_media_type().or((group.contents.len() == 1).then_some("*/*"));
            let encode = match media_type {
                Some("application/json" | "*/*") if group.is_json() => {
                    format!("__rt::encode::json({code}, &__body, &LENGTH)")
                }
                _ => format!("__rt::encode::value(__context, {code}, &__body, &LENGTH, {})", group.media()),
            };
            let payload = format!("Reply<{ty}>");
            Written { payload, from: Some((ty, "Reply::Owned(body)".to_owned())), encode, fails: true }
        }
        GroupKind::Events(data) => {
            let (ty, function) = match data {
                Some(ty) => (rust.type_expr(ty, Scope::Outside), "events"),
                None => ("String".to_owned(), "text_events"),
            };
            stream("Events", ty, format!("__rt::encode::{function}({code}, __body)"))
        }
        GroupKind::Items(ty, sequence) => {
            let media_type = group.only_media_type().unwrap_or("application/x-ndjson");
            let framing = super::bodies::framing(sequence);
            let encode = format!("__rt::encode::items({code}, {media_type:?}, {framing}, __body)");
            stream("Items", rust.type_expr(ty, Scope::Outside), encode)
        }
        GroupKind::Text | GroupKind::Stream | GroupKind::Multipart(_) => match group.only_media_type() {
            Some(media_type) => {
                plain("ResponseBody", format!("__rt::encode::with_type({code}, {media_type:?}, __body)"))
            }
            None => plain("::planewright_server::TypedBody", format!("__rt::encode::typed({code}, __body)")),
        },
    }
}

/// One of several bodies: the handler chooses.
fn chosen(groups: &[Group<'_>], written: Vec<Written>, name: &str) -> Written {
    let fails = written.iter().any(|written| written.fails);
    let arms = groups.iter().zip(&written).map(|(group, written)| {
        let encode = &written.encode;
        let value = match (fails, written.fails) {
            (true, false) => format!("Ok({encode})"),
            _ => encode.clone(),
        };
        format!("{name}::{}(__body) => {value},", group.name)
    });
    let encode = format!("match __body {{ {} }}", arms.collect::<String>());
    let from = groups.iter().zip(written).next().and_then(|(group, written)| {
        let (ty, value) = written.from?;
        Some((ty, format!("{name}::{}({value})", group.name)))
    });
    Written { payload: name.to_owned(), from, encode, fails }
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
                let value = "&__rt::encode::header_list(__value)?".to_owned();
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
