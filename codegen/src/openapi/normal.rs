//! Schemas whose meaning is plainer in other words.

use super::{Language, Reading};
use crate::diagnostic::{Problem, code};
use crate::source::{Member, Node, Object, Span, Value};

/// What says something about a value's type, and for values of which types.
const OF_TYPE: [(&str, &[&str]); 27] = [
    ("minimum", NUMERIC),
    ("maximum", NUMERIC),
    ("exclusiveMinimum", NUMERIC),
    ("exclusiveMaximum", NUMERIC),
    ("multipleOf", NUMERIC),
    ("minLength", TEXT),
    ("maxLength", TEXT),
    ("pattern", TEXT),
    ("contentEncoding", TEXT),
    ("contentMediaType", TEXT),
    ("items", LIST),
    ("prefixItems", LIST),
    ("contains", LIST),
    ("minContains", LIST),
    ("maxContains", LIST),
    ("minItems", LIST),
    ("maxItems", LIST),
    ("uniqueItems", LIST),
    ("unevaluatedItems", LIST),
    ("properties", MEMBERS),
    ("required", MEMBERS),
    ("additionalProperties", MEMBERS),
    ("patternProperties", MEMBERS),
    ("propertyNames", MEMBERS),
    ("minProperties", MEMBERS),
    ("maxProperties", MEMBERS),
    ("unevaluatedProperties", MEMBERS),
];
const NUMERIC: &[&str] = &["integer", "number"];
const TEXT: &[&str] = &["string"];
const LIST: &[&str] = &["array"];
const MEMBERS: &[&str] = &["object"];

/// What may stand beside a `$ref` and says nothing about values.
const WORDS: [&str; 18] = [
    "$anchor",
    "$dynamicAnchor",
    "$schema",
    "summary",
    "description",
    "title",
    "deprecated",
    "default",
    "example",
    "examples",
    "readOnly",
    "writeOnly",
    "externalDocs",
    "xml",
    "nullable",
    "$comment",
    "$id",
    "$defs",
];

/// The schema in plainer words, if there are any; otherwise itself.
///
/// - `true` and `false` are `{}` and `{not: {}}`. A schema that was left blank is `{}` too.
/// - A `$ref` beside which something else is demanded is one more part of `allOf`. (Before 3.1, what stands beside a
///   `$ref` doesn't count.)
/// - Several types are as many alternatives, each with the demands that concern it.
#[must_use]
pub fn normal<'a>(reading: Reading<'a>, node: &'a Node) -> &'a Node {
    if node.is_null() {
        let message = "a schema must be an object, this is null; any value is taken";
        Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
    }
    let make: fn(&Node) -> Node = match &node.value {
        Value::Bool(true) | Value::Null => |node| object(Vec::new(), node.span),
        Value::Bool(false) => nothing,
        Value::Object(object) if is_extended_reference(reading, object) => reference_as_part,
        Value::Object(object) if object.get("type").is_some_and(|kind| several(kind).is_some()) => {
            types_as_alternatives
        }
        _ => return node,
    };
    reading.tree.made_of(node, "schema", || make(node)).unwrap_or(node)
}

/// The types of a list that names more than one, `null` excepted.
fn several(kind: &Node) -> Option<Vec<&Node>> {
    let kinds: Vec<&Node> = kind.as_array()?.iter().filter(|kind| kind.as_str() != Some("null")).collect();
    (kinds.len() > 1 && kinds.iter().all(|kind| kind.as_str().is_some())).then_some(kinds)
}

fn is_extended_reference(reading: Reading<'_>, object: &Object) -> bool {
    let says_nothing = |key: &str| key == "$ref" || WORDS.contains(&key) || key.starts_with("x-");
    reading.language >= Language::OpenApi31
        && object.get("$ref").is_some_and(|target| target.as_str().is_some())
        && object.iter().any(|member| !says_nothing(&member.key))
}

fn nothing(node: &Node) -> Node {
    object(vec![member("not", node.span, object(Vec::new(), node.span))], node.span)
}

fn reference_as_part(node: &Node) -> Node {
    let members = node.as_object().into_iter().flat_map(Object::iter);
    let (reference, mut rest): (Vec<Member>, Vec<Member>) =
        members.cloned().partition(|member| member.key == "$ref");
    let span = reference.first().map_or(node.span, |reference| reference.value.span);
    let mut parts = vec![object(reference, span)];
    if let Some(at) = rest.iter().position(|member| member.key == "allOf")
        && let Value::Array(others) = rest.remove(at).value.value
    {
        parts.extend(others);
    }
    rest.push(member("allOf", span, Node::new(Value::Array(parts), span)));
    object(rest, node.span)
}

fn types_as_alternatives(node: &Node) -> Node {
    let members: Vec<&Member> = node.as_object().into_iter().flat_map(Object::iter).collect();
    let Some(list) = node.get("type") else { return node.clone() };
    let kinds = list.as_array().unwrap_or_default();
    let concerns = |member: &Member, kind: &str| match member.key.as_str() {
        "enum" => true,
        "format" => (numeric_format(&member.value) == NUMERIC.contains(&kind)) && kind != "null",
        key => OF_TYPE.iter().any(|(keyword, kinds)| *keyword == key && kinds.contains(&kind)),
    };
    let alternative = |kind: &Node| {
        let name = kind.as_str().unwrap_or_default();
        let mut own = vec![member("type", kind.span, kind.clone())];
        for said in members.iter().filter(|member| concerns(member, name)) {
            let mut said = (*said).clone();
            if let (true, Value::Array(values)) = (said.key == "enum", &mut said.value.value) {
                values.retain(|value| has_type(value, name));
                // A type of which no value is listed has none.
                if values.is_empty() {
                    return None;
                }
            }
            own.push(said);
        }
        Some(object(own, kind.span))
    };
    let mut alternatives: Vec<Node> = kinds.iter().filter_map(alternative).collect();
    // An integer is a number already.
    let has_number = kinds.iter().any(|kind| kind.as_str() == Some("number"));
    alternatives.retain(|one| !has_number || one.get("type").and_then(Node::as_str) != Some("integer"));
    let concerned = |member: &Member| {
        matches!(member.key.as_str(), "type" | "enum" | "format")
            || OF_TYPE.iter().any(|(keyword, _)| *keyword == member.key)
    };
    let mut rest: Vec<Member> =
        members.iter().filter(|member| !concerned(member)).map(|member| (*member).clone()).collect();
    let union = Node::new(Value::Array(alternatives), list.span);
    if rest.iter().any(|member| member.key == "anyOf") {
        let part = object(vec![member("anyOf", list.span, union)], list.span);
        let own = object(rest, node.span);
        let parts = Node::new(Value::Array(vec![own, part]), list.span);
        return object(vec![member("allOf", list.span, parts)], node.span);
    }
    rest.push(member("anyOf", list.span, union));
    object(rest, node.span)
}

fn numeric_format(format: &Node) -> bool {
    let text = format.as_str().unwrap_or_default();
    text.starts_with("int") || text.starts_with("uint") || matches!(text, "float" | "double" | "decimal")
}

fn has_type(value: &Node, name: &str) -> bool {
    match &value.value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => name == "number" || (name == "integer" && !number.is_f64()),
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}

fn object(members: Vec<Member>, span: Span) -> Node {
    Node::new(Value::Object(Object::of(members)), span)
}

fn member(key: &str, span: Span, value: Node) -> Member {
    Member { key: key.to_owned(), key_span: span, value }
}
