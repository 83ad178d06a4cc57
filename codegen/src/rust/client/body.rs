//! How a request's body is given and sent.

use super::super::docs;
use super::super::names::snake;
use super::super::{Presence, RustApi, Scope};
use super::arguments::{Inputs, UPLOAD, Value};
use super::docs_or;
use crate::ir::{Body, BodyKind, Content, Header, Part, TypeId, TypeKind, TypeUse};
use crate::rust::bodies::{Group, GroupKind, concrete, rank};

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

/// The media type that a client sends if it isn't told otherwise: what is easiest to give.
pub(super) fn chosen(body: &Body) -> Option<&Content> {
    body.contents.iter().min_by_key(|content| rank(&content.kind))
}

pub(super) fn plan(rust: &RustApi<'_>, body: &Body, group: &Group<'_>, inputs: &mut Inputs) -> Sent {
    match group.kind {
        GroupKind::Value(ty) => {
            let write = match group.only_media_type().filter(|_| group.is_json()) {
                Some("application/json") => "json(".to_owned(),
                Some(media_type) => format!("json_as({media_type:?}, "),
                None => format!("value({}, {}, ", group.media(), media_field(group, inputs)),
            };
            structured(rust, body, ty, &write, inputs)
        }
        GroupKind::Text => {
            let media_type = group.only_media_type().filter(|media_type| *media_type != "text/plain");
            let statements = whole(body, &Value::plain("String".into()), inputs, |value| match media_type {
                Some(media_type) => format!("__call.text_as({media_type:?}, {value});"),
                None => format!("__call.text({value});"),
            });
            Sent { statements, streams: false }
        }
        GroupKind::Events(data) => {
            let (ty, method) = match data {
                Some(ty) => (rust.type_expr(ty, Scope::Outside), "into_events"),
                None => ("String".to_owned(), "into_text_events"),
            };
            let event = format!("::planewright_model::media::Event<{ty}>");
            let value = Value::into(format!("::planewright_client::Outgoing<{event}>"));
            let statements = whole(body, &value, inputs, |value| {
                format!("__call.upload(\"text/event-stream\", {value}.{method}(), self.__on_progress);")
            });
            Sent { statements, streams: true }
        }
        GroupKind::Stream => {
            let media_type = group.media_types().next().unwrap_or_default();
            let media_type = concrete(media_type, "application/octet-stream");
            let statements = whole(body, &Value::plain(UPLOAD.into()), inputs, |value| {
                format!("__call.upload({media_type:?}, {value}, self.__on_progress);")
            });
            Sent { statements, streams: true }
        }
        GroupKind::Items(ty, sequence) => {
            let media_type = group.media_types().next().unwrap_or_default();
            let media_type = concrete(media_type, "application/x-ndjson");
            let kept = format!("::planewright_client::Outgoing<{}>", rust.type_expr(ty, Scope::Outside));
            let value = Value::into(kept);
            let framing = if sequence { "Sequence" } else { "Lines" };
            let framing = format!("::planewright_model::media::Framing::{framing}");
            let statements = whole(body, &value, inputs, |value| {
                format!("__call.upload({media_type:?}, {value}.into_upload({framing}), self.__on_progress);")
            });
            Sent { statements, streams: true }
        }
        GroupKind::Multipart(parts) => multipart(rust, parts, inputs),
    }
}

/// Where the builder keeps which of several media types is sent, with a method for each but the first.
fn media_field(group: &Group<'_>, inputs: &mut Inputs) -> &'static str {
    if group.contents.len() < 2 {
        return "0";
    }
    inputs.media_field();
    for (place, media_type) in group.media_types().enumerate().skip(1) {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let subtype = essence.split_once('/').map_or(essence, |(_, subtype)| subtype);
        let name = match &group.contents[place].kind {
            BodyKind::Form { .. } => "as_form".to_owned(),
            _ => format!("as_{}", snake(subtype.trim_start_matches("x-"))),
        };
        let docs = vec![format!("Sends the body as {}.", docs::code(media_type))];
        inputs.flag(&name, format!("self.__media = {place};"), docs);
    }
    "self.__media"
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

/// The media type of a part, if its declaration has one that isn't a range.
fn sent<'p>(part: &'p Part, otherwise: &'p str) -> &'p str {
    part.media_types.iter().find(|media_type| !media_type.contains('*')).map_or(otherwise, String::as_str)
}

/// A text is in plain text unless it is declared otherwise.
fn text(part: &Part) -> String {
    match sent(part, "text/plain") {
        "text/plain" => format!("__form.text({:?}, __part)", part.name),
        other => format!("__form.bytes({:?}, {other:?}, __part.to_string())", part.name),
    }
}

/// The statement that gives the last part a header; its value is an input of its own.
fn part_header(rust: &RustApi<'_>, part: &str, header: &Header, inputs: &mut Inputs) -> String {
    let list = rust.scalar_items(&header.ty).filter(|_| !rust.is_scalar(&header.ty));
    let ty = match list {
        Some(item) => format!("Vec<{}>", rust.value_expr(item, Scope::Outside)),
        None if rust.is_scalar(&header.ty) => rust.value_expr(&header.ty, Scope::Outside),
        None => "String".to_owned(),
    };
    let docs = docs_or(&header.docs, &format!("Sets the part's header {}.", docs::code(&header.name)));
    let wanted = format!("{}_{}", part.trim_end_matches('_'), snake(&header.name));
    let name = inputs.add(&wanted, &Value::plain(ty), header.required, docs);
    let method = if list.is_some() { "header_list" } else { "header" };
    let write = |value: &str| format!("__form = __form.{method}({:?}, {value});", header.name);
    if header.required {
        write(&format!("&self.{name}"))
    } else {
        format!("if let Some(__value) = &self.{name} {{ {} }}", write("__value"))
    }
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
            BodyKind::Stream => {
                let media_type = sent(part, "application/octet-stream");
                (UPLOAD.to_owned(), format!("__form.file({:?}, {media_type:?}, __part)", part.name))
            }
            BodyKind::Scalar(ty) => (rust.value_expr(ty, Scope::Outside), text(part)),
            BodyKind::Json(ty) => {
                let json = part.media_types.iter().find(|media_type| media_type.contains("json"));
                let media_type = json.map_or("application/json", |json| concrete(json, "application/json"));
                let add = format!("__form.json({:?}, {media_type:?}, &__part)", part.name);
                (rust.type_expr(ty, Scope::Outside), add)
            }
            _ => ("String".to_owned(), text(part)),
        };
        let ty = if part.repeated { format!("Vec<{ty}>") } else { ty };
        let docs = docs_or(&part.docs, &format!("Sends the part {}.", docs::code(&part.name)));
        let name = inputs.add(&snake(&part.name), &Value::plain(ty), part.required, docs);
        let mut add = format!("__form = {add};");
        for header in &part.headers {
            add.push_str(&part_header(rust, &name, header, inputs));
        }
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
