//! The headers of answers, as a struct beside the body.

use serde::Serialize;

use super::docs_or;
use crate::ir::{Header, Response};
use crate::rust::{RustApi, Scope, docs, names};

/// The declared headers of an operation's successes.
#[derive(Clone, Debug, Serialize)]
pub struct HeadersPlan {
    /// The struct: `ListDogsHeaders`.
    pub name: String,
    /// Its fields.
    pub fields: Vec<HeaderField>,
    /// The method of the connection that sends: `fetch`, or `open` if the body is read as it comes.
    pub send: &'static str,
    /// The expression that makes what `send` returns out of `__answer`.
    pub body: String,
}

/// A declared header.
#[derive(Clone, Debug, Serialize)]
pub struct HeaderField {
    /// Its documentation.
    pub docs: Vec<String>,
    /// The field: `x_total`.
    pub name: String,
    /// The header, in lower case.
    pub wire: String,
    /// Its type.
    pub ty: String,
    /// The expression that reads it out of `__answer`.
    pub read: String,
}

/// The headers that the successes declare; one that isn't in all of them is optional.
pub(super) fn fields(rust: &RustApi<'_>, successes: &[(usize, &Response)]) -> Vec<HeaderField> {
    let mut all: Vec<(&Header, usize)> = Vec::new();
    for header in successes.iter().flat_map(|(_, response)| &response.headers) {
        match all.iter_mut().find(|(known, _)| known.name.eq_ignore_ascii_case(&header.name)) {
            Some((_, count)) => *count += usize::from(header.required),
            None => all.push((header, usize::from(header.required))),
        }
    }
    let claims = all.iter().map(|(header, _)| (names::snake(&header.name), header.name.clone()));
    let fields = names::claim(claims, "_", &[]);
    all.iter()
        .zip(fields)
        .map(|((header, count), name)| {
            let required = *count == successes.len();
            let (ty, list) = match rust.scalar_items(&header.ty) {
                _ if rust.is_scalar(&header.ty) => (rust.value_expr(&header.ty, Scope::Outside), ""),
                Some(item) => (rust.value_expr(item, Scope::Outside), "_list"),
                None => ("String".to_owned(), ""),
            };
            let ty = if list.is_empty() { ty } else { format!("Vec<{ty}>") };
            let wire = header.name.to_ascii_lowercase();
            let prefix = if required { "" } else { "optional_" };
            HeaderField {
                docs: docs_or(&header.docs, &format!("The header {}.", docs::code(&header.name))),
                name,
                ty: if required { ty } else { format!("Option<{ty}>") },
                read: format!("__answer.{prefix}header{list}({wire:?})?"),
                wire,
            }
        })
        .collect()
}
