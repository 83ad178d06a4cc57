//! Operations of Swagger 2.0 in the words of OpenAPI 3: value in, value out, and every part keeps its place.
//!
//! Only what stands in a path item has another shape there; schemas are the same, and the few members of the root
//! are read where those of OpenAPI 3 are. References to parameters and responses are followed on the way, because
//! a body among the parameters has to become the operation's, and media types are said by the operation.

use super::Reading;
use crate::diagnostic::{Problem, Reported, code};
use crate::source::{Member, Node, Object, Span, Value};

/// What of a parameter or header describes its values.
const OF_SCHEMA: [&str; 20] = [
    "type",
    "format",
    "items",
    "default",
    "enum",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "multipleOf",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "x-nullable",
    "x-enum-varnames",
    "x-example",
    "example",
];

/// The parameters that all operations of a path item share, without those that make a body.
pub(super) fn shared_parameters<'a>(
    reading: Reading<'a>,
    item: &'a Node,
) -> Result<Option<&'a Node>, Reported> {
    let Some(list) = item.get("parameters") else { return Ok(None) };
    let mut parameters = Vec::new();
    for node in self::list(Some(item), "parameters") {
        let found = found(reading, node);
        if !is_body(found) {
            parameters.push(parameter(reading, found)?);
        }
    }
    let make = || Node::new(Value::Array(parameters), list.span);
    Ok(reading.tree.made_of(list, "parameters", make))
}

/// An operation; `item` is the path item that it stands in.
pub(super) fn operation<'a>(
    reading: Reading<'a>,
    item: &'a Node,
    node: &'a Node,
) -> Result<&'a Node, Reported> {
    let Some(object) = node.as_object() else { return Ok(node) };
    let mut members: Vec<Member> = Vec::new();
    let rewritten = ["parameters", "responses", "consumes", "produces", "schemes", "requestBody"];
    members.extend(object.iter().filter(|member| !rewritten.contains(&member.key.as_str())).cloned());
    let mut parameters = Vec::new();
    let mut parts = Vec::new();
    for node in list(Some(node), "parameters") {
        let found = found(reading, node);
        if is_body(found) {
            parts.push(found);
        } else {
            parameters.push(parameter(reading, found)?);
        }
    }
    // What makes the body and is shared by all operations, unless the operation has its own.
    let shared = list(Some(item), "parameters").iter().map(|node| self::found(reading, node));
    for other in shared.filter(|node| is_body(node)) {
        let same = |one: &&Node| text(one, "name") == text(other, "name") || text(one, "in") == Some("body");
        if !parts.iter().any(same) {
            parts.push(other);
        }
    }
    if let Some(given) = object.get("parameters") {
        members.push(member("parameters", given.span, Node::new(Value::Array(parameters), given.span)));
    }
    let consumes = media_types(reading, node, "consumes");
    if let Some(body) = body(reading, &parts, &consumes)? {
        members.push(member("requestBody", body.span, body));
    }
    if let Some(responses) = object.get("responses") {
        let produces = media_types(reading, node, "produces");
        let written = responses.as_object().into_iter().flat_map(Object::iter).map(|one| {
            let value = response(reading, found(reading, &one.value), &produces);
            Member { value, ..one.clone() }
        });
        let value = Value::Object(Object::of(written.collect()));
        members.push(member("responses", responses.span, Node::new(value, responses.span)));
    }
    Ok(reading.tree.made_of(node, "operation", || object_of(members, node.span)).unwrap_or(node))
}

/// What is at the end of references; a broken one stays, and is reported where it is read.
fn found<'a>(reading: Reading<'a>, node: &'a Node) -> &'a Node {
    let mut end = node;
    for _ in 0..16 {
        let Some(target) = end.get("$ref") else { return end };
        let Some(text) = target.as_str() else { return end };
        match reading.tree.find(target.span.file, text) {
            Ok(next) => end = next.node,
            Err(_) => return end,
        }
    }
    node
}

fn is_body(node: &Node) -> bool {
    matches!(text(node, "in"), Some("body" | "formData"))
}

/// `consumes` or `produces` of the operation, or else of the document.
fn media_types(reading: Reading<'_>, operation: &Node, key: &str) -> Vec<(String, Span)> {
    let holder = if operation.get(key).is_some() { Some(operation) } else { reading.tree.root() };
    let mut types: Vec<(String, Span)> = Vec::new();
    for node in list(holder, key) {
        if let Some(text) = node.as_str().filter(|text| types.iter().all(|(other, _)| other != text)) {
            types.push((text.to_owned(), node.span));
        }
    }
    types
}

fn parameter(reading: Reading<'_>, node: &Node) -> Result<Node, Reported> {
    let Some(object) = node.as_object() else { return Ok(node.clone()) };
    if object.get("$ref").is_some() || object.get("schema").is_some() || object.get("content").is_some() {
        return Ok(node.clone());
    }
    let mut members: Vec<Member> = object
        .iter()
        .filter(|member| !OF_SCHEMA.contains(&member.key.as_str()) && member.key != "collectionFormat")
        .cloned()
        .collect();
    let in_query = text(node, "in") == Some("query");
    members.extend(collection(reading, node, in_query)?);
    if object.get("type").is_some() || object.get("enum").is_some() {
        members.push(member("schema", node.span, schema(object, node.span)));
    }
    Ok(object_of(members, node.span))
}

/// `style` and `explode` of a parameter or of a part of a form.
fn collection(reading: Reading<'_>, node: &Node, form: bool) -> Result<Vec<Member>, Reported> {
    if text(node, "type") != Some("array") {
        return Ok(Vec::new());
    }
    let format = node.get("collectionFormat");
    let span = format.map_or(node.span, |format| format.span);
    let style = match format.and_then(Node::as_str) {
        None | Some("csv") => None,
        Some("multi") => {
            return Ok(vec![member("explode", span, Node::new(Value::Bool(true), span))]);
        }
        Some("ssv") => Some("spaceDelimited"),
        Some("pipes") => Some("pipeDelimited"),
        Some("tsv") => {
            let message = "values separated by tabs aren't supported";
            return Err(Problem::new(code::COLLECTION_FORMAT, span, message).report_fatal(reading.sink));
        }
        Some(other) => {
            let message = format!("there is no collection format `{other}`; `csv` is taken");
            Problem::new(code::REPAIRED_TYPE, span, message).report(reading.sink);
            None
        }
    };
    let mut members = Vec::new();
    if let Some(style) = style.filter(|_| form) {
        members.push(member("style", span, Node::new(Value::String(style.to_owned()), span)));
    }
    members.push(member("explode", span, Node::new(Value::Bool(false), span)));
    Ok(members)
}

/// The schema that a parameter, header or part of a form is.
fn schema(object: &Object, span: Span) -> Node {
    let members = object.iter().filter(|member| OF_SCHEMA.contains(&member.key.as_str())).cloned();
    let renamed = members.map(|mut member| {
        if member.key == "x-example" {
            "example".clone_into(&mut member.key);
        }
        member
    });
    object_of(renamed.collect(), span)
}

fn body(
    reading: Reading<'_>,
    parts: &[&Node],
    consumes: &[(String, Span)],
) -> Result<Option<Node>, Reported> {
    let Some(first) = parts.first() else { return Ok(None) };
    if let Some(whole) = parts.iter().find(|part| text(part, "in") == Some("body")) {
        let Some(object) = whole.as_object() else { return Ok(None) };
        let mut members: Vec<Member> = object
            .iter()
            .filter(|one| matches!(one.key.as_str(), "description" | "required"))
            .cloned()
            .collect();
        let content = content(reading, object.get("schema"), None, consumes, whole.span);
        members.push(member("content", whole.span, content));
        return Ok(Some(object_of(members, whole.span)));
    }
    let mut properties = Vec::new();
    let mut required = Vec::new();
    let mut encoding = Vec::new();
    for part in parts {
        let (Some(object), Some(name)) = (part.as_object(), part.get("name").and_then(Node::as_str)) else {
            continue;
        };
        let mut value = schema(object, part.span);
        if let (Some(description), Value::Object(own)) = (object.member("description"), &value.value) {
            value.value = Value::Object(Object::of(own.iter().chain([description]).cloned().collect()));
        }
        let key_span = part.get("name").map_or(part.span, |name| name.span);
        properties.push(member(name, key_span, value));
        if part.get("required").is_some_and(|required| matches!(required.value, Value::Bool(true))) {
            required.push(Node::new(Value::String(name.to_owned()), key_span));
        }
        let style = collection(reading, part, true)?;
        if !style.is_empty() {
            encoding.push(member(name, key_span, object_of(style, part.span)));
        }
    }
    let span = first.span;
    let has_required = !required.is_empty();
    let text_node = Node::new(Value::String("object".to_owned()), span);
    let mut members =
        vec![member("type", span, text_node), member("properties", span, object_of(properties, span))];
    if has_required {
        members.push(member("required", span, Node::new(Value::Array(required), span)));
    }
    let schema = object_of(members, span);
    let has_file = parts.iter().any(|part| text(part, "type") == Some("file"));
    let is_form = |name: &str| match essence(name).as_str() {
        "multipart/form-data" => true,
        "application/x-www-form-urlencoded" => !has_file,
        _ => false,
    };
    let mut names: Vec<(String, Span)> = consumes.iter().filter(|(name, _)| is_form(name)).cloned().collect();
    if names.is_empty() {
        let name = if has_file { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
        names.push((name.to_owned(), span));
    }
    let media = |(name, at): &(String, Span)| {
        let mut members = vec![member("schema", span, schema.clone())];
        if !encoding.is_empty() {
            members.push(member("encoding", span, object_of(encoding.clone(), span)));
        }
        member(name, *at, object_of(members, span))
    };
    let content = object_of(names.iter().map(media).collect(), span);
    let required = Node::new(Value::Bool(has_required), span);
    Ok(Some(object_of(vec![member("required", span, required), member("content", span, content)], span)))
}

fn response(reading: Reading<'_>, node: &Node, produces: &[(String, Span)]) -> Node {
    let Some(object) = node.as_object() else { return node.clone() };
    if object.get("$ref").is_some() || object.get("content").is_some() {
        return node.clone();
    }
    let rewritten = ["schema", "headers", "examples"];
    let mut members: Vec<Member> =
        object.iter().filter(|member| !rewritten.contains(&member.key.as_str())).cloned().collect();
    if let Some(headers) = object.get("headers").filter(|headers| headers.as_object().is_some()) {
        let written = headers.as_object().into_iter().flat_map(Object::iter).map(|one| {
            let value = header(&one.value);
            Member { value, ..one.clone() }
        });
        members.push(member("headers", headers.span, object_of(written.collect(), headers.span)));
    }
    if let Some(schema) = object.get("schema").filter(|schema| !schema.is_null()) {
        let content = content(reading, Some(schema), object.get("examples"), produces, schema.span);
        members.push(member("content", schema.span, content));
    }
    object_of(members, node.span)
}

fn header(node: &Node) -> Node {
    let Some(object) = node.as_object() else { return node.clone() };
    if object.get("schema").is_some() || object.get("type").is_none() {
        return node.clone();
    }
    let mut members: Vec<Member> =
        object.iter().filter(|member| !OF_SCHEMA.contains(&member.key.as_str())).cloned().collect();
    members.push(member("schema", node.span, schema(object, node.span)));
    object_of(members, node.span)
}

/// A body with this schema in each of these media types.
fn content(
    reading: Reading<'_>,
    schema: Option<&Node>,
    examples: Option<&Node>,
    names: &[(String, Span)],
    span: Span,
) -> Node {
    let shape = schema.map(|schema| found(reading, schema));
    let is_file = shape.is_some_and(|shape| text(shape, "type") == Some("file"));
    let is_scalar = shape.is_some_and(|shape| {
        matches!(text(shape, "type"), Some("string" | "integer" | "number" | "boolean" | "file"))
    });
    let is_json = |name: &str| essence(name) == "application/json" || essence(name).ends_with("+json");
    let has_json = names.iter().any(|(name, _)| is_json(name));
    let mut names = names.to_vec();
    // Media types are said once for all operations. Where JSON is among them, the plain texts are other operations'.
    names.retain(|(name, _)| is_scalar || !has_json || !essence(name).starts_with("text/plain"));
    if is_file {
        names.retain(|(name, _)| !is_json(name));
    }
    if names.is_empty() {
        let usual = if is_file { "application/octet-stream" } else { "application/json" };
        names.push((usual.to_owned(), span));
    }
    let media = |(name, at): &(String, Span)| {
        let mut members: Vec<Member> = Vec::new();
        members.extend(schema.map(|schema| member("schema", schema.span, schema.clone())));
        let example = examples.and_then(|examples| examples.get(name));
        members.extend(example.map(|example| member("example", example.span, example.clone())));
        member(name, *at, object_of(members, span))
    };
    object_of(names.iter().map(media).collect(), span)
}

fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.as_str()
}

/// The elements of a list, or the one value that stands in its place.
fn list<'n>(node: Option<&'n Node>, key: &str) -> &'n [Node] {
    let Some(node) = node.and_then(|node| node.get(key)).filter(|node| !node.is_null()) else { return &[] };
    node.as_array().unwrap_or(std::slice::from_ref(node))
}

fn object_of(members: Vec<Member>, span: Span) -> Node {
    Node::new(Value::Object(Object::of(members)), span)
}

fn member(key: &str, span: Span, value: Node) -> Member {
    Member { key: key.to_owned(), key_span: span, value }
}
