//! Requests: what a handler gets and how it is read.

use serde::Serialize;

use super::docs_or;
use crate::ir::{Body, BodyKind, Content, Operation, Parameter, ParameterLocation, Part, Type, TypeUse};
use crate::rust::{Codec, Form, Members, OperationNames, RustApi, Scope, docs, names};

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

/// The body of a request.
#[derive(Clone, Debug, Serialize)]
pub struct BodyPlan {
    /// The type of the field.
    pub ty: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The expression that reads it.
    pub read: String,
    /// Whether reading waits for the body to arrive.
    pub waits: bool,
    /// For multipart bodies, the type of the parts.
    pub parts: Option<PartsPlan>,
}

/// The parts of a multipart body.
#[derive(Clone, Debug, Serialize)]
pub struct PartsPlan {
    /// The stream of parts: `UploadJarParts`.
    pub name: String,
    /// A part: `UploadJarPart`.
    pub part: String,
    /// The declared parts.
    pub parts: Vec<PartPlan>,
    /// Names of the parts that must be there.
    pub required: Vec<String>,
    /// The variant for parts that aren't declared.
    pub other: String,
    /// Whether a part is read before it is handed on.
    pub reads: bool,
}

/// A declared part.
#[derive(Clone, Debug, Serialize)]
pub struct PartPlan {
    /// The variant: `Jarfile`.
    pub name: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The name on the wire.
    pub wire: String,
    /// What the variant holds.
    pub ty: String,
    /// The expression that reads it from `__part`.
    pub read: String,
    /// Its place among the required parts.
    pub required: Option<usize>,
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
        if statements.is_empty() || parameter.location == ParameterLocation::Cookie {
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
    let Some(body) = &operation.body else { return checks };
    if let Some(Content { kind: BodyKind::Json(ty), .. }) = preferred(&body.contents) {
        let statements = rust.checks(ty, Scope::Outside).join(" ");
        if !statements.is_empty() {
            let wrapped = usize::from(!body.required) + usize::from(rust.is_nullable(ty));
            let pattern = (0..wrapped).fold("__value".to_owned(), |inner, _| format!("Some({inner})"));
            let check = closure(&statements);
            checks.push(if wrapped == 0 {
                format!("let __value = &__request.body; __rt::validate({check})?;")
            } else {
                format!("if let {pattern} = &__request.body {{ __rt::validate({check})?; }}")
            });
        }
    }
    checks
}

/// Whether `FromStr` refuses what `Validate` would report.
fn is_checked_by_parsing(rust: &RustApi<'_>, ty: &TypeUse) -> bool {
    let ty = rust.resolve(ty);
    ty.constraints.is_empty() && matches!(ty.ty, Type::Named(id) if *rust.form(id) == Form::Newtype)
}

fn closure(statements: &str) -> String {
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

/// The body's field.
pub(super) fn body(rust: &RustApi<'_>, body: &Body, operation: &str) -> BodyPlan {
    let docs = docs_or([body.docs.description.as_deref()], || "The request's body.".to_owned());
    let Some(content) = preferred(&body.contents) else {
        return stream(docs);
    };
    let optional = |ty: String| if body.required { ty } else { format!("Option<{ty}>") };
    let prefix = if body.required { "" } else { "optional_" };
    match &content.kind {
        BodyKind::Json(ty) => BodyPlan {
            ty: optional(rust.type_expr(ty, Scope::Outside)),
            docs,
            read: format!("__rt::decode::{prefix}json::<__C, _, _>(__context, __body).await?"),
            waits: true,
            parts: None,
        },
        BodyKind::Text => BodyPlan {
            ty: optional("String".to_owned()),
            docs,
            read: format!("__rt::decode::{prefix}text::<__C, _>(__body).await?"),
            waits: true,
            parts: None,
        },
        BodyKind::Form(_) => BodyPlan {
            ty: "Form".to_owned(),
            docs,
            read: "__rt::decode::form::<__C, _>(__body).await?".to_owned(),
            waits: true,
            parts: None,
        },
        BodyKind::Stream => stream(docs),
        BodyKind::Multipart { parts, .. } => {
            let parts = parts_plan(rust, parts, operation);
            BodyPlan {
                ty: parts.name.clone(),
                docs,
                read: format!(
                    "{}::__new(__rt::decode::multipart::<__C, _>(__context, __body)?, __C::REQUIRE_PARTS)",
                    parts.name
                ),
                waits: false,
                parts: Some(parts),
            }
        }
    }
}

fn stream(docs: Vec<String>) -> BodyPlan {
    BodyPlan {
        ty: "BodyStream".to_owned(),
        docs,
        read: "__rt::decode::stream(__body)".to_owned(),
        waits: false,
        parts: None,
    }
}

/// JSON if there is any, then what has named parts, otherwise the first.
fn preferred(contents: &[Content]) -> Option<&Content> {
    let rank = |content: &&Content| match content.kind {
        BodyKind::Json(_) => 0,
        BodyKind::Multipart { .. } => 1,
        BodyKind::Form(_) => 2,
        BodyKind::Text => 3,
        BodyKind::Stream => 4,
    };
    contents.iter().min_by_key(rank)
}

fn parts_plan(rust: &RustApi<'_>, parts: &[Part], operation: &str) -> PartsPlan {
    let mut claims: Vec<_> =
        parts.iter().map(|part| (names::pascal(&part.name), part.name.clone())).collect();
    claims.push(("Other".to_owned(), String::new()));
    let mut variants = names::claim(claims.into_iter(), "", &[]);
    let other = variants.pop().unwrap_or_default();
    let required: Vec<_> = parts.iter().filter(|part| part.required).map(|part| part.name.clone()).collect();
    let parts: Vec<_> = parts
        .iter()
        .zip(variants)
        .map(|(part, name)| {
            let (ty, read) = part_value(rust, &part.kind);
            PartPlan {
                name,
                docs: docs_or([part.docs.description.as_deref()], || {
                    format!("The part {}.", docs::code(&part.name))
                }),
                wire: part.name.clone(),
                ty,
                read,
                required: required.iter().position(|name| *name == part.name),
            }
        })
        .collect();
    PartsPlan {
        name: format!("{operation}Parts"),
        part: format!("{operation}Part"),
        reads: parts.iter().any(|part| part.read.contains("await")),
        parts,
        required,
        other,
    }
}

fn part_value(rust: &RustApi<'_>, kind: &BodyKind) -> (String, String) {
    match kind {
        BodyKind::Json(ty) if !matches!(ty.ty, Type::Any) => {
            (rust.type_expr(ty, Scope::Outside), "__part.json().await?".to_owned())
        }
        BodyKind::Text => ("String".to_owned(), "__part.text().await?".to_owned()),
        _ => ("Part<'p>".to_owned(), "__part".to_owned()),
    }
}
