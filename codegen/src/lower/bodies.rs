use super::parameters::{Shape, shape};
use super::peek;
use super::schemas::{Schemas, joined, use_docs};
use super::view::View;
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{Body, BodyKind, Content, Part, Type, TypeUse};
use crate::openapi::{AdditionalProperties, MediaType, Reading, RequestBody, SchemaType, Text};
use crate::source::Node;

/// The request body of an operation; `None` if it declares no media type that is one.
pub(super) fn request<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    body: &'a RequestBody<'a>,
    id: &str,
) -> Result<Option<Body>, Reported> {
    let contents = contents(reading, schemas, &body.content, &[id.to_owned(), "body".to_owned()])?;
    if contents.is_empty() {
        let message = "this request body has no media type; it is ignored";
        Problem::new(code::EMPTY_CONTENT, body.node.span, message).report(reading.sink);
        return Ok(None);
    }
    Ok(Some(Body { required: body.required, contents, docs: body.docs.clone() }))
}

/// Media types with how they are read and written.
pub(super) fn contents<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    content: &'a [(Text, MediaType<'a>)],
    owner: &[String],
) -> Result<Vec<Content>, Reported> {
    let mut list = Vec::new();
    let mut failed = None;
    for (name, media) in content {
        let Some(essence) = essence(&name.value) else {
            let message = format!("`{}` isn't a media type; it is ignored", name.value);
            Problem::new(code::BAD_MEDIA_TYPE, name.span, message).report(reading.sink);
            continue;
        };
        match kind(reading, schemas, name, &essence, media, owner) {
            Ok(kind) => list.push(Content { media_type: name.value.clone(), kind }),
            Err(reported) => failed = Some(reported),
        }
    }
    failed.map_or(Ok(list), Err)
}

/// A media type in lower case without its parameters.
fn essence(text: &str) -> Option<String> {
    let essence = text.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let token = |text: &str| {
        !text.is_empty() && !text.contains(|character: char| character.is_whitespace() || character == '/')
    };
    (token(kind) && token(subtype)).then_some(essence)
}

fn kind<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    name: &Text,
    essence: &str,
    media: &'a MediaType<'a>,
    owner: &[String],
) -> Result<BodyKind, Reported> {
    let unsupported = |code, message: &str| {
        Problem::new(code, name.span, format!("`{}` {message}", name.value)).report(reading.sink);
    };
    let (_, subtype) = essence.split_once('/').unwrap_or(("", essence));
    let octets = media.schema.is_some_and(|node| peek::is_binary(reading, node));
    Ok(match essence {
        _ if octets && !essence.starts_with("multipart/") => BodyKind::Stream,
        "application/x-www-form-urlencoded" => BodyKind::Form(form(reading, schemas, name, media, owner)?),
        "multipart/form-data" => multipart(reading, schemas, name, media, owner)?,
        _ if essence.starts_with("multipart/") => {
            unsupported(code::MEDIA_TYPE_AS_STREAM, "bodies are handed on as octets");
            BodyKind::Stream
        }
        "text/event-stream"
        | "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/stream+json"
        | "application/json-seq" => {
            unsupported(code::MEDIA_TYPE_AS_STREAM, "bodies are handed on as octets");
            BodyKind::Stream
        }
        _ if is_json(subtype) => json(schemas, media, owner)?,
        // What a framework writes when it wasn't told: JSON if there is a schema.
        "*/*" | "application/*" if media.schema.is_some() => json(schemas, media, owner)?,
        _ if has_suffix(subtype, "xml") || has_suffix(subtype, "yaml") || has_suffix(subtype, "x-yaml") => {
            unsupported(code::MEDIA_TYPE_AS_TEXT, "bodies are handed on as texts");
            BodyKind::Text
        }
        _ if essence.starts_with("text/") => BodyKind::Text,
        _ => BodyKind::Stream,
    })
}

/// Whether it is `application/json` or one of its like.
pub(super) fn is_json_type(media_type: &str) -> bool {
    essence(media_type)
        .as_deref()
        .and_then(|essence| essence.split_once('/'))
        .is_some_and(|(_, subtype)| is_json(subtype))
}

fn is_json(subtype: &str) -> bool {
    has_suffix(subtype, "json")
}

fn has_suffix(subtype: &str, name: &str) -> bool {
    subtype == name || subtype.strip_suffix(name).is_some_and(|rest| rest.ends_with('+'))
}

fn json<'a>(
    schemas: &mut Schemas<'a>,
    media: &MediaType<'a>,
    owner: &[String],
) -> Result<BodyKind, Reported> {
    Ok(BodyKind::Json(match media.schema {
        Some(node) => schemas.type_use(node, owner)?,
        None => TypeUse { nullable: true, ..TypeUse::plain(Type::Any) },
    }))
}

fn form<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    name: &Text,
    media: &MediaType<'a>,
    owner: &[String],
) -> Result<TypeUse, Reported> {
    let Some(node) = media.schema else {
        return Ok(TypeUse::plain(Type::Map(Box::new(TypeUse::plain(Type::Any)))));
    };
    let ty = schemas.type_use(node, owner)?;
    match shape(&schemas.table, &ty) {
        Shape::Deep if !matches!(ty.ty, Type::Array(_)) => Ok(ty),
        _ => Err(not_an_object(reading, name, node)),
    }
}

fn multipart<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    name: &Text,
    media: &'a MediaType<'a>,
    owner: &[String],
) -> Result<BodyKind, Reported> {
    let Some(node) = media.schema else { return Ok(BodyKind::Multipart { parts: Vec::new(), open: true }) };
    let view = View::of(reading, node, owner)?;
    match view.inferred_kind() {
        Some(SchemaType::Object) => {}
        None if view.unions.is_empty() => {}
        _ => return Err(not_an_object(reading, name, node)),
    }
    if let Some(union) = view.unions.first() {
        let message = "alternatives of multipart bodies aren't told apart; other parts are handed on";
        Problem::new(code::REQUIRED_ALTERNATIVES, union.span, message).report(reading.sink);
    }
    let open = match view.additional {
        Some((AdditionalProperties::Allowed(allowed), _)) => allowed,
        Some((AdditionalProperties::Schema(_), _)) => true,
        None => view.properties.is_empty() || !view.unions.is_empty(),
    };
    let mut parts = Vec::new();
    for property in &view.properties {
        let Some(node) = property.nodes.last().copied() else { continue };
        let encoding = media.encoding.iter().find(|(name, _)| name.value == property.name.value);
        let media_type =
            encoding.and_then(|(_, encoding)| encoding.content_type.as_ref()).map(|text| text.value.clone());
        let owner = joined(owner, &property.name.value);
        let (kind, repeated) = part(reading, schemas, node, media_type.as_deref(), &owner)?;
        parts.push(Part {
            name: property.name.value.clone(),
            required: view.required.iter().any(|required| required.value == property.name.value),
            repeated,
            kind,
            media_type,
            docs: use_docs(node),
        });
    }
    Ok(BodyKind::Multipart { parts, open })
}

fn part<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    node: &'a Node,
    media_type: Option<&str>,
    owner: &[String],
) -> Result<(BodyKind, bool), Reported> {
    let view = View::of(reading, node, owner)?;
    let json = media_type.is_some_and(is_json_type);
    if view.inferred_kind() == Some(SchemaType::Array)
        && !json
        && let Some((items, _)) = &view.items
        // A list of lists has no other form than JSON.
        && View::of(reading, items, owner)?.inferred_kind() != Some(SchemaType::Array)
    {
        let (kind, _) = part(reading, schemas, items, media_type, owner)?;
        return Ok((kind, true));
    }
    if peek::is_binary(reading, node) {
        return Ok((BodyKind::Stream, false));
    }
    if json {
        return Ok((BodyKind::Json(schemas.type_use(node, owner)?), false));
    }
    let mark = schemas.mark();
    let ty = schemas.type_use(node, owner)?;
    Ok((
        match shape(&schemas.table, &ty) {
            Shape::Scalar | Shape::Mixed => {
                schemas.rewind(mark);
                let file = media_type.is_some_and(|media_type| !media_type.starts_with("text/"));
                if file { BodyKind::Stream } else { BodyKind::Text }
            }
            Shape::List | Shape::MixedList | Shape::Deep => BodyKind::Json(ty),
        },
        false,
    ))
}

fn not_an_object(reading: Reading<'_>, name: &Text, node: &Node) -> Reported {
    let message = format!("a body of type `{}` must be an object", name.value);
    Problem::new(code::BODY_NOT_OBJECT, node.span, message)
        .related(name.span, "the media type")
        .report(reading.sink)
}

#[cfg(test)]
mod tests {
    use super::{essence, has_suffix};

    #[test]
    fn knows_media_types() {
        assert_eq!(essence("Application/JSON; charset=utf-8").as_deref(), Some("application/json"));
        for text in ["", "json", "application/", "a/b/c", "not a/type"] {
            assert_eq!(essence(text), None, "{text}");
        }
        assert!(
            has_suffix("vnd.api+json", "json") && has_suffix("json", "json") && !has_suffix("xjson", "json")
        );
    }
}
