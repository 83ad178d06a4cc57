//! How a request's body is given and sent.

use super::super::docs;
use super::super::names::snake;
use super::super::{Presence, RustApi, Scope};
use super::arguments::{Inputs, UPLOAD, Value};
use super::docs_or;
use crate::ir::{Body, BodyKind, Content, Part, TypeId, TypeKind, TypeUse};

/// With more required inputs than this, the members of a body stay together.
const MOST_ARGUMENTS: usize = 4;

/// What the making of a call needs for its body.
#[derive(Default)]
pub(super) struct Sent {
    /// Statements that give the body to `__call`.
    pub(super) statements: Vec<String>,
    /// Whether something in it is streamed.
    pub(super) streams: bool,
}

/// The media type that a client sends, if it has a choice: what is easiest to give.
pub(super) fn chosen(body: &Body) -> Option<&Content> {
    let rank = |content: &Content| match content.kind {
        BodyKind::Json(_) => 0,
        BodyKind::Form(_) => 1,
        BodyKind::Multipart { .. } => 2,
        BodyKind::Text => 3,
        BodyKind::Stream => 4,
    };
    body.contents.iter().min_by_key(|content| rank(content))
}

pub(super) fn plan(rust: &RustApi<'_>, body: &Body, inputs: &mut Inputs) -> Sent {
    let Some(content) = chosen(body) else { return Sent::default() };
    match &content.kind {
        BodyKind::Json(ty) => {
            let media_type = concrete(&content.media_type, "application/json");
            let write = if media_type == "application/json" {
                "json(".to_owned()
            } else {
                format!("json_as({media_type:?}, ")
            };
            structured(rust, body, ty, &write, inputs)
        }
        BodyKind::Form(ty) => structured(rust, body, ty, "url_encoded(", inputs),
        BodyKind::Text => {
            let statements =
                whole(body, &Value::plain("String".into()), inputs, |value| format!("__call.text({value});"));
            Sent { statements, streams: false }
        }
        BodyKind::Stream => {
            let media_type = concrete(&content.media_type, "application/octet-stream");
            let statements = whole(body, &Value::plain(UPLOAD.into()), inputs, |value| {
                format!("__call.upload({media_type:?}, {value}, self.__on_progress);")
            });
            Sent { statements, streams: true }
        }
        BodyKind::Multipart { parts, .. } => multipart(rust, parts, inputs),
    }
}

/// A media type that can be sent: ranges such as `*/*` can't.
fn concrete(media_type: &str, otherwise: &str) -> String {
    if media_type.contains('*') { otherwise.to_owned() } else { media_type.to_owned() }
}

/// A body that is one value.
fn whole(body: &Body, value: &Value, inputs: &mut Inputs, write: impl Fn(&str) -> String) -> Vec<String> {
    if body.required {
        let argument = inputs.argument("body", value);
        inputs.body_field(value.kept.clone(), value.kept(&argument));
        vec![write("self.__body")]
    } else {
        inputs.body_field(format!("Option<{}>", value.kept), "None".into());
        inputs.body_setter(value, format!("self.__body = Some({});", value.kept("value")));
        vec![format!("if let Some(__body) = self.__body {{ {} }}", write("__body"))]
    }
}

/// A body with a type of the document: where it is a struct, its members are inputs.
fn structured(rust: &RustApi<'_>, body: &Body, ty: &TypeUse, write: &str, inputs: &mut Inputs) -> Sent {
    let value = Value::new(rust, ty);
    let Some(id) = rust.struct_of(ty).filter(|_| !rust.is_nullable(ty)) else {
        let write = |value: &str| format!("__call.{write}&{value});");
        return Sent { statements: whole(body, &value, inputs, write), streams: false };
    };
    let shapes = members(rust, id);
    let needed = shapes.iter().filter(|(shape, _)| shape.presence == Presence::Required).count();
    let target = if body.required {
        let initial = if inputs.arguments.len() + needed <= MOST_ARGUMENTS {
            literal(rust, id, inputs)
        } else {
            inputs.argument("body", &value)
        };
        inputs.body_field(value.kept.clone(), initial);
        Some("self.__body")
    } else {
        inputs.body_field(format!("Option<{}>", value.kept), "None".into());
        (needed == 0 && rust.type_has_default(id)).then_some("self.__body.get_or_insert_default()")
    };
    if let Some(target) = target {
        for (shape, docs) in &shapes {
            let value = Value::plain(shape.value.clone());
            let kept = value.kept("value");
            let kept = if shape.boxed { format!("Box::new({kept})") } else { kept };
            let kept = match shape.presence {
                Presence::Required => continue,
                Presence::Nullable | Presence::Optional => format!("Some({kept})"),
                Presence::OptionalNullable => format!("Some(::planewright_model::Nullable::Value({kept}))"),
            };
            let statement = format!("{target}.{} = {kept};", shape.name);
            inputs.member_setter(&shape.name, &value, statement, docs.clone());
        }
    }
    let statement = if body.required {
        if needed == 0 {
            inputs.body_setter(&value, "self.__body = value;".into());
        }
        format!("__call.{write}&self.__body);")
    } else {
        inputs.body_setter(&value, "self.__body = Some(value);".into());
        format!("if let Some(__body) = &self.__body {{ __call.{write}__body); }}")
    };
    Sent { statements: vec![statement], streams: false }
}

/// The members of a struct with their documentation.
fn members(rust: &RustApi<'_>, id: TypeId) -> Vec<(super::super::FieldShape, Vec<String>)> {
    let TypeKind::Struct { fields, .. } = &rust.api().types.get(id).kind else { return Vec::new() };
    let shape = |(index, field): (usize, &crate::ir::Field)| {
        let docs = docs_or(&field.docs, &format!("Sets {}.", docs::code(&field.name)));
        (rust.field(id, index, Scope::Outside), docs)
    };
    fields.iter().enumerate().map(shape).collect()
}

/// The struct with its required members as arguments and nothing else.
fn literal(rust: &RustApi<'_>, id: TypeId, inputs: &mut Inputs) -> String {
    let mut text = format!("{} {{ ", rust.path(id, Scope::Outside));
    for (shape, _) in members(rust, id) {
        let value = match shape.presence {
            Presence::Required => {
                let value = Value::plain(shape.value.clone());
                let kept = value.kept(&inputs.argument(&shape.name, &value));
                if shape.boxed { format!("Box::new({kept})") } else { kept }
            }
            _ => "None".to_owned(),
        };
        if value == shape.name {
            text.push_str(&format!("{value}, "));
        } else {
            text.push_str(&format!("{}: {value}, ", shape.name));
        }
    }
    let catch_all = &rust.type_names(id).catch_all;
    if !catch_all.is_empty() {
        text.push_str(&format!("{catch_all}: Default::default(), "));
    }
    text.push('}');
    text
}

fn multipart(rust: &RustApi<'_>, parts: &[Part], inputs: &mut Inputs) -> Sent {
    let form = "::planewright_client::Form::new()";
    let streams = parts.iter().any(|part| matches!(part.kind, BodyKind::Stream));
    let on_progress = if streams { "self.__on_progress" } else { "None" };
    if parts.is_empty() {
        return Sent { statements: vec![format!("__call.form({form}, None);")], streams };
    }
    let mut statements = vec![format!("let mut __form = {form};")];
    for part in parts {
        let (ty, add) = match &part.kind {
            BodyKind::Stream | BodyKind::Multipart { .. } => {
                let media_type =
                    concrete(part.media_type.as_deref().unwrap_or("*/*"), "application/octet-stream");
                (UPLOAD.to_owned(), format!("__form.file({:?}, {media_type:?}, __part)", part.name))
            }
            BodyKind::Text => ("String".to_owned(), format!("__form.text({:?}, __part)", part.name)),
            BodyKind::Json(ty) | BodyKind::Form(ty) => {
                let media_type = concrete(part.media_type.as_deref().unwrap_or("*/*"), "application/json");
                let add = format!("__form.json({:?}, {media_type:?}, &__part)", part.name);
                (rust.type_expr(ty, Scope::Outside), add)
            }
        };
        let ty = if part.repeated { format!("Vec<{ty}>") } else { ty };
        let docs = docs_or(&part.docs, &format!("Sends the part {}.", docs::code(&part.name)));
        let name = inputs.add(&snake(&part.name), &Value::plain(ty), part.required, docs);
        let add = format!("__form = {add};");
        statements.push(match (part.required, part.repeated) {
            (true, false) => format!("{{ let __part = self.{name}; {add} }}"),
            (false, false) => format!("if let Some(__part) = self.{name} {{ {add} }}"),
            (true, true) => format!("for __part in self.{name} {{ {add} }}"),
            (false, true) => format!("for __part in self.{name}.into_iter().flatten() {{ {add} }}"),
        });
    }
    statements.push(format!("__call.form(__form, {on_progress});"));
    Sent { statements, streams }
}
