//! Bodies of requests: what a handler gets of each and how it is read.

use serde::Serialize;

use super::docs_or;
use super::inputs::closure;
use crate::ir::{Body, BodyKind, Header, Part, Type, TypeUse};
use crate::rust::bodies::{Group, GroupKind, groups};
use crate::rust::{RustApi, Scope, docs, names};

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
    /// If there are several types of bodies, the enumeration of them.
    pub choice: Option<ChoicePlan>,
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
    /// The headers that it declares: fields beside it.
    pub headers: Vec<PartHeader>,
}

/// A header of a part.
#[derive(Clone, Debug, Serialize)]
pub struct PartHeader {
    /// The field.
    pub field: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// Its type.
    pub ty: String,
    /// The expression that reads it from `__part`.
    pub read: String,
}

/// An enumeration of bodies.
#[derive(Clone, Debug, Serialize)]
pub struct ChoicePlan {
    /// Its name: `ImportRequestBody`.
    pub name: String,
    /// The bodies.
    pub variants: Vec<ChoiceVariant>,
}

/// One of several bodies.
#[derive(Clone, Debug, Serialize)]
pub struct ChoiceVariant {
    /// Its documentation.
    pub docs: Vec<String>,
    /// Its name: `Json`.
    pub name: String,
    /// What it holds.
    pub ty: String,
}

/// A type of body, and how it is read.
struct Read {
    ty: String,
    expression: String,
    /// For those that can be absent, the expression that gives an option.
    optional: Option<String>,
    parts: Option<PartsPlan>,
}

/// The body's field.
pub(super) fn body(rust: &RustApi<'_>, body: &Body, operation: &str) -> BodyPlan {
    let docs = docs_or([body.docs.description.as_deref()], || "The request's body.".to_owned());
    let groups = groups(rust, &body.contents);
    let mut reads: Vec<Read> = groups.iter().map(|group| read(rust, group, operation)).collect();
    if let [_] = reads.as_slice()
        && let Some(only) = reads.pop()
    {
        let (ty, read) = match only.optional {
            Some(optional) if !body.required => (format!("Option<{}>", only.ty), optional),
            _ => (only.ty, only.expression),
        };
        return BodyPlan { ty, docs, waits: read.contains(".await"), read, parts: only.parts, choice: None };
    }
    let name = choice_name(operation);
    let media: Vec<&str> = groups.iter().flat_map(Group::media_types).collect();
    let mut next = 0;
    let mut arms = String::new();
    for (index, (group, read)) in groups.iter().zip(&reads).enumerate() {
        let places: Vec<String> = group
            .contents
            .iter()
            .map(|_| {
                next += 1;
                (next - 1).to_string()
            })
            .collect();
        let pattern = if index + 1 == groups.len() { "_".to_owned() } else { places.join(" | ") };
        let value = format!("{name}::{}({})", group.name, read.expression);
        arms.push_str(&if body.required {
            format!("{pattern} => {value}, ")
        } else {
            format!("Some({pattern}) => Some({value}), ")
        });
    }
    let read = if body.required {
        format!("match __rt::decode::choice::<__C, _>(__context, __body, &{media:?})? {{ {arms} }}")
    } else {
        format!(
            "match __rt::decode::optional_choice::<__C, _>(__context, __body, &{media:?})? {{ None => None, {arms} }}"
        )
    };
    let variants = groups.iter().zip(&reads).map(|(group, read)| ChoiceVariant {
        docs: vec![group.media_types().map(docs::code).collect::<Vec<_>>().join(", ") + "."],
        name: group.name.clone(),
        ty: read.ty.clone(),
    });
    let choice = ChoicePlan { name: name.clone(), variants: variants.collect() };
    let ty = if body.required { name } else { format!("Option<{name}>") };
    let parts = reads.into_iter().find_map(|read| read.parts);
    BodyPlan { ty, docs, waits: read.contains(".await"), read, parts, choice: Some(choice) }
}

fn choice_name(operation: &str) -> String {
    format!("{operation}RequestBody")
}

/// Statements that check the body, over `__request.body`.
pub(super) fn checks(rust: &RustApi<'_>, body: &Body, operation: &str) -> Vec<String> {
    let groups = groups(rust, &body.contents);
    let mut checks = Vec::new();
    for group in &groups {
        let GroupKind::Value(ty) = group.kind else { continue };
        let statements = rust.checks(ty, Scope::Outside).join(" ");
        if statements.is_empty() {
            continue;
        }
        let nullable = if rust.is_nullable(ty) { "Some(__value)" } else { "__value" };
        let pattern = match groups.len() {
            1 => nullable.to_owned(),
            _ => format!("{}::{}({nullable})", choice_name(operation), group.name),
        };
        let pattern = if body.required { pattern } else { format!("Some({pattern})") };
        let check = closure(&statements);
        checks.push(if pattern == "__value" {
            format!("let __value = &__request.body; __rt::validate({check})?;")
        } else {
            format!("if let {pattern} = &__request.body {{ __rt::validate({check})?; }}")
        });
    }
    checks
}

fn read(rust: &RustApi<'_>, group: &Group<'_>, operation: &str) -> Read {
    let plain = |ty: String, expression: String| Read { ty, expression, optional: None, parts: None };
    match group.kind {
        GroupKind::Value(ty) => {
            let ty = rust.type_expr(ty, Scope::Outside);
            let (function, more) = if group.is_json() {
                ("json", String::new())
            } else {
                ("value", format!(", {}", group.media()))
            };
            let call = |prefix: &str| {
                format!("__rt::decode::{prefix}{function}::<__C, _, _>(__context, __body{more}).await?")
            };
            Read { ty, expression: call(""), optional: Some(call("optional_")), parts: None }
        }
        GroupKind::Text => Read {
            ty: "String".to_owned(),
            expression: "__rt::decode::text::<__C, _>(__body).await?".to_owned(),
            optional: Some("__rt::decode::optional_text::<__C, _>(__body).await?".to_owned()),
            parts: None,
        },
        GroupKind::Multipart(parts) => {
            let parts = parts_plan(rust, parts, operation);
            let name = parts.name.clone();
            let multipart = "__rt::decode::multipart::<__C, _>(__context, __body)?";
            let expression = format!("{name}::__new({multipart}, __C::REQUIRE_PARTS)");
            Read { ty: name, expression, optional: None, parts: Some(parts) }
        }
        GroupKind::Items(ty, sequence) => plain(
            format!("::planewright_server::Items<{}>", rust.type_expr(ty, Scope::Outside)),
            format!(
                "__rt::decode::items::<__C, _, _>(__body, {}, {})",
                framing(sequence),
                check(rust, ty).unwrap_or_else(|| "|_, _, _| {}".to_owned())
            ),
        ),
        GroupKind::Events(None) => plain(
            "::planewright_server::Events<String>".to_owned(),
            "__rt::decode::text_events::<__C, _>(__body)".to_owned(),
        ),
        GroupKind::Events(Some(ty)) => plain(
            format!("::planewright_server::Events<{}>", rust.type_expr(ty, Scope::Outside)),
            format!(
                "__rt::decode::events::<__C, _, _>(__body, {})",
                check(rust, ty).unwrap_or_else(|| "|_, _, _| {}".to_owned())
            ),
        ),
        GroupKind::Stream => plain("BodyStream".to_owned(), "__rt::decode::stream(__body)".to_owned()),
    }
}

/// What is checked of a value in a stream or a part, as a closure; `None` for nothing.
fn check(rust: &RustApi<'_>, ty: &TypeUse) -> Option<String> {
    let statements = rust.checks(ty, Scope::Outside).join(" ");
    if statements.is_empty() {
        return None;
    }
    Some(match rust.is_nullable(ty) {
        true => {
            format!("|__value, __path, __violations| {{ if let Some(__value) = __value {{ {statements} }} }}")
        }
        false => format!("|__value, __path, __violations| {{ {statements} }}"),
    })
}

/// How values of a stream are told apart, as an expression.
pub(super) fn framing(sequence: bool) -> &'static str {
    if sequence {
        "::planewright_model::media::Framing::Sequence"
    } else {
        "::planewright_model::media::Framing::Lines"
    }
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
                headers: part_headers(rust, &part.headers),
            }
        })
        .collect();
    PartsPlan {
        name: format!("{operation}Parts"),
        part: format!("{operation}Part"),
        reads: parts.iter().any(|part| part.read.contains(".await")),
        parts,
        required,
        other,
    }
}

fn part_headers(rust: &RustApi<'_>, headers: &[Header]) -> Vec<PartHeader> {
    let claims = headers.iter().map(|header| (names::snake(&header.name), header.name.clone()));
    let fields = names::claim(claims, "_", &["part"]);
    let plan = |(header, field): (&Header, String)| {
        let (ty, list) = match rust.scalar_items(&header.ty) {
            _ if rust.is_scalar(&header.ty) => (rust.value_expr(&header.ty, Scope::Outside), ""),
            Some(item) => (format!("Vec<{}>", rust.value_expr(item, Scope::Outside)), "_list"),
            None => ("String".to_owned(), ""),
        };
        let wire = &header.name;
        let read = format!("__part.header{list}({wire:?})?");
        PartHeader {
            field,
            docs: docs_or([header.docs.description.as_deref()], || {
                format!("The header {}.", docs::code(wire))
            }),
            ty: if header.required { ty } else { format!("Option<{ty}>") },
            read: if header.required {
                format!("__part.required({wire:?}, {read})?", read = read)
            } else {
                read
            },
        }
    };
    headers.iter().zip(fields).map(plan).collect()
}

fn part_value(rust: &RustApi<'_>, kind: &BodyKind) -> (String, String) {
    let checked = |read: &str, check: Option<String>| match check {
        Some(check) => format!("__rt::decode::valid({read}, {check})?"),
        None => read.to_owned(),
    };
    match kind {
        BodyKind::Json(ty) if !matches!(ty.ty, Type::Any) => {
            (rust.type_expr(ty, Scope::Outside), checked("__part.json().await?", check(rust, ty)))
        }
        BodyKind::Scalar(ty) => {
            let statements = rust.checks(ty, Scope::Outside).join(" ");
            let check = format!("|__value, __path, __violations| {{ {statements} }}");
            let check = (!statements.is_empty()).then_some(check);
            (rust.value_expr(ty, Scope::Outside), checked("__part.scalar().await?", check))
        }
        BodyKind::Text => ("String".to_owned(), "__part.text().await?".to_owned()),
        _ => ("Part<'p>".to_owned(), "__part".to_owned()),
    }
}
