//! Requests: what a handler gets and how it is read.

use serde::Serialize;

use super::{bodies, docs_or};
use crate::ir::{Operation, Parameter, ParameterLocation, Type, TypeUse};
use crate::rust::{Codec, Form, Members, OperationNames, RustApi, Scope, docs};

/// A field of a request for a parameter.
#[derive(Clone, Debug, Serialize)]
pub struct InputField {
    /// `job_id`.
    pub name: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// Its type.
    pub ty: String,
    /// The expression that reads it.
    pub read: String,
}

/// The fields for an operation's parameters.
pub(super) fn fields(rust: &RustApi<'_>, operation: &Operation, names: &OperationNames) -> Vec<InputField> {
    let mut path_index = 0;
    operation
        .parameters
        .iter()
        .zip(&names.parameters)
        .map(|(parameter, name)| {
            if parameter.location == ParameterLocation::Path {
                path_index += 1;
            }
            field(rust, operation, parameter, name, path_index)
        })
        .collect()
}

fn field(
    rust: &RustApi<'_>,
    operation: &Operation,
    parameter: &Parameter,
    name: &str,
    path_index: usize,
) -> InputField {
    let wire = &parameter.name;
    let value = rust.value_expr(&parameter.ty, Scope::Outside);
    let place = place(parameter.location);
    let members = rust.exploded_members(operation, parameter);
    let call = match (parameter.location, rust.codec(parameter)) {
        (ParameterLocation::Path, Codec::Scalar) => format!("path({}, {wire:?})?", path_index - 1),
        (ParameterLocation::Path, Codec::List) => format!("path_list({}, {wire:?})?", path_index - 1),
        (ParameterLocation::Path, Codec::Styled(styled)) => {
            format!("path_styled({}, {styled})?", path_index - 1)
        }
        (ParameterLocation::Query, Codec::List) => format!("query_list({wire:?}, {})?", parameter.explode),
        (ParameterLocation::Header, Codec::List) => format!("header_list({wire:?})?"),
        (ParameterLocation::Header, Codec::Styled(styled)) => format!("header_styled({styled})?"),
        (_, Codec::Styled(styled)) => {
            let members = members.clone().unwrap_or(Members::Only(Vec::new()));
            format!("{place}_styled({styled}, {})?", members.expr())
        }
        (_, _) => format!("{place}({wire:?})?"),
    };
    // An object without members leaves no trace in a query.
    let nothing = if members.is_some() { ".or_else(::planewright_model::parameter::nothing)" } else { "" };
    let default = parameter.default.as_ref().and_then(|value| default_expr(rust, &parameter.ty, value));
    let (ty, read) = if place == "path" {
        (value, format!("__parameters.{call}"))
    } else if let Some(default) = default {
        (value, format!("__parameters.{call}{}", or_else(&default)))
    } else if parameter.required {
        (value, format!("__rt::require(__parameters.{call}{nothing}, {place:?}, {wire:?})?"))
    } else {
        (format!("Option<{value}>"), format!("__parameters.{call}"))
    };
    let docs = docs_or([parameter.docs.summary.as_deref(), parameter.docs.description.as_deref()], || {
        format!("The {place} parameter {}.", docs::code(wire))
    });
    InputField { name: name.to_owned(), docs, ty, read }
}

/// A default that costs nothing needs no closure.
fn or_else(default: &str) -> String {
    match default {
        "Vec::new()" => ".unwrap_or_default()".to_owned(),
        _ if calls(default) => format!(".unwrap_or_else(|| {default})"),
        _ => format!(".unwrap_or({default})"),
    }
}

/// Whether the expression calls a function or a macro; variants with a value are no calls.
fn calls(expression: &str) -> bool {
    let mut heads = expression.split('(');
    // What follows the last parenthesis calls nothing.
    heads.next_back();
    expression.contains('!')
        || heads.any(|head| {
            let name = head.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            !name.starts_with(char::is_uppercase)
        })
}

fn default_expr(rust: &RustApi<'_>, ty: &TypeUse, value: &serde_json::Value) -> Option<String> {
    let ty = TypeUse { nullable: false, ..ty.clone() };
    rust.default_expr(&ty, value, Scope::Outside)
}

/// Query keys that the document declares; `None` if there may be any.
pub(super) fn query_names(rust: &RustApi<'_>, operation: &Operation) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for parameter in operation.parameters.iter().filter(|one| one.location == ParameterLocation::Query) {
        names.push(parameter.name.clone());
        match rust.exploded_members(operation, parameter) {
            Some(Members::Only(members)) => names.extend(members),
            Some(Members::Except(_)) => return None,
            None => {}
        }
    }
    Some(names)
}

/// Statements that check what was decoded, over `__request`.
pub(super) fn checks(rust: &RustApi<'_>, operation: &Operation, names: &OperationNames) -> Vec<String> {
    let mut checks = Vec::new();
    for (parameter, name) in operation.parameters.iter().zip(&names.parameters) {
        let is_parsed = rust.codec(parameter) == Codec::Scalar;
        let statements = if is_parsed && is_checked_by_parsing(rust, &parameter.ty) {
            String::new()
        } else {
            rust.checks(&parameter.ty, Scope::Outside).join(" ")
        };
        if statements.is_empty() {
            continue;
        }
        let field = format!("__request.{name}");
        let optional = parameter.location != ParameterLocation::Path
            && !parameter.required
            && parameter
                .default
                .as_ref()
                .is_none_or(|value| default_expr(rust, &parameter.ty, value).is_none());
        let place = place(parameter.location);
        let wire = &parameter.name;
        let check = closure(&statements);
        checks.push(if optional {
            format!(
                "if let Some(__value) = &{field} {{ __rt::validate_parameter({place:?}, {wire:?}, {check})?; }}"
            )
        } else {
            format!("let __value = &{field}; __rt::validate_parameter({place:?}, {wire:?}, {check})?;")
        });
    }
    if let Some(body) = &operation.body {
        checks.extend(bodies::checks(rust, body, &names.pascal));
    }
    checks
}

/// Whether `FromStr` refuses what `Validate` would report.
fn is_checked_by_parsing(rust: &RustApi<'_>, ty: &TypeUse) -> bool {
    let ty = rust.resolve(ty);
    ty.constraints.is_empty() && matches!(ty.ty, Type::Named(id) if *rust.form(id) == Form::Newtype)
}

pub(super) fn closure(statements: &str) -> String {
    format!("|__path, __violations| {{ {statements} }}")
}

fn place(location: ParameterLocation) -> &'static str {
    match location {
        ParameterLocation::Path => "path",
        ParameterLocation::Query => "query",
        ParameterLocation::Header => "header",
        ParameterLocation::Cookie => "cookie",
    }
}
