use super::parameters::{Shape, shape};
use super::peek;
use super::schemas::{Schemas, joined, use_docs};
use super::view::View;
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{Body, BodyKind, Content, Part, StringFormat, Style, StyledField, Type, TypeUse};
use crate::openapi::{
    AdditionalProperties, Encoding, Header, MediaType, Reading, RequestBody, SchemaType, Text,
};
use crate::resolve::follow;
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
            Ok(kind) => list.push((Content { media_type: sent(&name.value), kind }, media)),
            Err(reported) => failed = Some(reported),
        }
    }
    if let Some(reported) = failed {
        return Err(reported);
    }
    one_type_each(reading, &mut list);
    Ok(list.into_iter().map(|(content, _)| content).collect())
}

/// Schemas that are written twice are one type, and octets with the schema of a sibling in JSON are JSON.
fn one_type_each<'a>(reading: Reading<'a>, list: &mut [(Content, &'a MediaType<'a>)]) {
    if list.len() < 2 {
        return;
    }
    let mut known: Vec<(serde_json::Value, TypeUse)> = Vec::new();
    for (content, media) in list.iter_mut() {
        let Some(schema) = media.schema.map(Node::to_json) else { continue };
        if let BodyKind::Json(ty) | BodyKind::Yaml(ty) | BodyKind::Form { ty, .. } = &mut content.kind {
            match known.iter().find(|(known, _)| *known == schema) {
                Some((_, known)) => *ty = known.clone(),
                None => known.push((schema, ty.clone())),
            }
        }
    }
    for (content, media) in list.iter_mut() {
        let Some(node) = media.schema else { continue };
        let schema = node.to_json();
        if matches!(content.kind, BodyKind::Stream)
            && !peek::is_binary(reading, node)
            && let Some((_, ty)) = known.iter().find(|(known, _)| *known == schema)
        {
            content.kind = BodyKind::Json(ty.clone());
        }
    }
}

/// A media type in lower case without its parameters.
fn essence(text: &str) -> Option<String> {
    // It is sent in a header as it stands.
    if text.contains(|character: char| !(character.is_ascii_graphic() || character == ' ')) {
        return None;
    }
    let essence = text.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let token = |text: &str| {
        !text.is_empty() && !text.contains(|character: char| character.is_whitespace() || character == '/')
    };
    (token(kind) && token(subtype)).then_some(essence)
}

/// A media type without `qs`: that says which of several a server likes best, and is no part of the type.
fn sent(text: &str) -> String {
    let parts = text.split(';').map(str::trim);
    let parts = parts.filter(|part| !part.is_empty() && !part.to_ascii_lowercase().starts_with("qs="));
    parts.collect::<Vec<_>>().join("; ")
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
    if let Some(sequence) = items(essence).filter(|_| !octets) {
        return Ok(BodyKind::Items { item: item(reading, schemas, media, owner)?, sequence });
    }
    Ok(match essence {
        _ if octets && !essence.starts_with("multipart/") => BodyKind::Stream,
        "application/x-www-form-urlencoded" => {
            BodyKind::Form { ty: form(reading, schemas, name, media, owner)?, styled: styled(reading, media) }
        }
        "multipart/form-data" => multipart(reading, schemas, name, media, owner)?,
        _ if essence.starts_with("multipart/") => {
            unsupported(code::MEDIA_TYPE_AS_STREAM, "bodies are handed on as octets");
            BodyKind::Stream
        }
        "text/event-stream" => BodyKind::Events(event_data(reading, schemas, media, owner)?),
        _ if is_json(subtype) => json(schemas, media, owner)?,
        // What a framework writes when it wasn't told: JSON if there is a schema.
        "*/*" | "application/*" if media.schema.is_some() => json(schemas, media, owner)?,
        _ if ["yaml", "x-yaml", "yml"].iter().any(|name| has_suffix(subtype, name)) => match media.schema {
            // A text that happens to be YAML.
            Some(node) if is_text(reading, node) => BodyKind::Text,
            _ => BodyKind::Yaml(value(schemas, media, owner)?),
        },
        _ if has_suffix(subtype, "xml") => {
            unsupported(code::MEDIA_TYPE_AS_TEXT, "bodies are handed on as texts");
            BodyKind::Text
        }
        _ if essence.starts_with("text/") || essence == "application/text" => BodyKind::Text,
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

/// Whether a value in this media type, not JSON, is a text that can stand in a URL or a header.
pub(super) fn is_text_type(reading: Reading<'_>, media_type: &str, media: &MediaType<'_>) -> bool {
    let octets = media.schema.is_some_and(|node| peek::is_binary(reading, node));
    let stream = |essence: &str| {
        essence.starts_with("multipart/") || essence == "text/event-stream" || items(essence).is_some()
    };
    !octets && essence(media_type).is_some_and(|essence| !stream(&essence))
}

/// Whether it is a media type of JSON values one after the other; if so, whether each stands behind a separator.
fn items(essence: &str) -> Option<bool> {
    const LINES: [&str; 8] = [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/jsonlines",
        "application/x-jsonl",
        "application/stream+json",
        "application/x-json-stream",
    ];
    match essence {
        "application/json-seq" => Some(true),
        _ => LINES.contains(&essence).then_some(false),
    }
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
    value(schemas, media, owner).map(BodyKind::Json)
}

/// The type of a body that is one value.
fn value<'a>(
    schemas: &mut Schemas<'a>,
    media: &MediaType<'a>,
    owner: &[String],
) -> Result<TypeUse, Reported> {
    match media.schema {
        Some(node) => schemas.type_use(node, owner),
        None => Ok(TypeUse { nullable: true, ..TypeUse::plain(Type::Any) }),
    }
}

fn is_text(reading: Reading<'_>, node: &Node) -> bool {
    peek::annotation(reading, node, "type").and_then(Node::as_str) == Some("string")
}

/// The schema of what stands in a stream: documents describe one value, or the list of all.
fn within<'a>(reading: Reading<'a>, media: &MediaType<'a>) -> Option<&'a Node> {
    let node = media.schema?;
    let resolved = peek::resolved(reading, node)?;
    let is_list = resolved.get("type").and_then(Node::as_str) == Some("array");
    if is_list { resolved.get("items").or(Some(node)) } else { Some(node) }
}

/// The type of the data of events; `None` if they are texts.
fn event_data<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    media: &MediaType<'a>,
    owner: &[String],
) -> Result<Option<TypeUse>, Reported> {
    let Some(mut node) = within(reading, media) else { return Ok(None) };
    // A schema of the whole event, as its fields.
    if let Some(resolved) = peek::resolved(reading, node)
        && let Some(properties) = resolved.get("properties").and_then(Node::as_object)
        && let Some(data) = properties.get("data")
        && properties.len() > 1
        && properties.iter().all(|member| ["data", "event", "id", "retry"].contains(&&*member.key))
    {
        node = data;
    }
    if is_text(reading, node) && peek::annotation(reading, node, "enum").is_none() {
        return Ok(None);
    }
    schemas.type_use(node, owner).map(Some)
}

fn item<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    media: &MediaType<'a>,
    owner: &[String],
) -> Result<TypeUse, Reported> {
    match within(reading, media) {
        // A text that holds all the lines.
        Some(node) if is_text(reading, node) => Ok(TypeUse { nullable: true, ..TypeUse::plain(Type::Any) }),
        Some(node) => schemas.type_use(node, owner),
        None => Ok(TypeUse { nullable: true, ..TypeUse::plain(Type::Any) }),
    }
}

/// Fields of a form with an encoding of their own.
fn styled(reading: Reading<'_>, media: &MediaType<'_>) -> Vec<StyledField> {
    let mut fields = Vec::new();
    for (name, encoding) in &media.encoding {
        let style = match &encoding.style {
            Some(text) => match text.value.as_str() {
                "form" => Some(Style::Form),
                "spaceDelimited" => Some(Style::SpaceDelimited),
                "pipeDelimited" => Some(Style::PipeDelimited),
                "deepObject" => Some(Style::DeepObject),
                other => {
                    let message = format!("`{other}` is no style of a form's field; it is ignored");
                    Problem::new(code::BAD_ENCODING, text.span, message).report(reading.sink);
                    continue;
                }
            },
            None if encoding.content_type.as_ref().is_some_and(|text| is_json_type(&text.value)) => None,
            None if encoding.explode.is_some() => Some(Style::Form),
            None => continue,
        };
        let explode = encoding.explode.unwrap_or(style == Some(Style::Form));
        fields.push(StyledField { name: name.value.clone(), style, explode });
    }
    fields
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
        Shape::Deep if !matches!(ty.ty, Type::Array(_) | Type::Tuple(_)) => Ok(ty),
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
        let encoding = media.encoding_of(&property.name.value);
        let media_types = media_types(encoding);
        let owner = joined(owner, &property.name.value);
        let (kind, repeated) = part(reading, schemas, node, &media_types, &owner)?;
        styles_of_part(reading, &kind, repeated, encoding);
        let mut headers = Vec::new();
        for (name, header) in encoding.iter().flat_map(|encoding| &encoding.headers) {
            headers.push((name.clone(), follow(reading, header, Header::read)?.0));
        }
        let headers = super::responses::headers(reading, schemas, &headers, &owner)?;
        parts.push(Part {
            name: property.name.value.clone(),
            required: view.required.iter().any(|required| required.value == property.name.value),
            repeated,
            kind,
            media_types,
            headers,
            docs: use_docs(node),
        });
    }
    Ok(BodyKind::Multipart { parts, open })
}

/// The media types that a part may be in.
fn media_types(encoding: Option<&Encoding<'_>>) -> Vec<String> {
    let text = encoding.and_then(|encoding| encoding.content_type.as_ref());
    let all = text.iter().flat_map(|text| text.value.split(',')).map(sent);
    all.filter(|media_type| essence(media_type).is_some()).collect()
}

/// Parts have the form that their kind has: a style that would write another is told.
fn styles_of_part(reading: Reading<'_>, kind: &BodyKind, repeated: bool, encoding: Option<&Encoding<'_>>) {
    let Some(style) = encoding.and_then(|encoding| encoding.style.as_ref()) else { return };
    let is_usual = match kind {
        _ if repeated => style.value == "form" && encoding.and_then(|one| one.explode) != Some(false),
        BodyKind::Json(_) => false,
        _ => style.value == "form",
    };
    if !is_usual {
        let message = format!("a part isn't written in the style `{}`; it is ignored", style.value);
        Problem::new(code::BAD_ENCODING, style.span, message).report(reading.sink);
    }
}

fn part<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    node: &'a Node,
    media_types: &[String],
    owner: &[String],
) -> Result<(BodyKind, bool), Reported> {
    let view = View::of(reading, node, owner)?;
    let json = media_types.iter().any(|media_type| is_json_type(media_type));
    if view.inferred_kind() == Some(SchemaType::Array)
        && !json
        && let Some((items, _)) = &view.items
        // A list of lists has no other form than JSON.
        && View::of(reading, items, owner)?.inferred_kind() != Some(SchemaType::Array)
    {
        let (kind, _) = part(reading, schemas, items, media_types, owner)?;
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
    let is_file = !media_types.is_empty()
        && media_types.iter().all(|media_type| !media_type.to_ascii_lowercase().starts_with("text/"));
    Ok((
        match shape(&schemas.table, &ty) {
            Shape::Scalar if !is_file && !is_plain_text(&ty) => BodyKind::Scalar(ty),
            Shape::Scalar | Shape::Mixed => {
                schemas.rewind(mark);
                if is_file { BodyKind::Stream } else { BodyKind::Text }
            }
            Shape::List | Shape::MixedList | Shape::Deep => BodyKind::Json(ty),
        },
        false,
    ))
}

/// Whether nothing is asserted of a text.
fn is_plain_text(ty: &TypeUse) -> bool {
    matches!(ty.ty, Type::String(StringFormat::Plain)) && ty.constraints.is_empty()
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
