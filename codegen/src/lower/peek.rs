//! Single facts about a schema, looked up without reading it as a whole.

use super::unions::is_null;
use crate::openapi::{Reading, Reference, normal};
use crate::resolve::quiet_target;
use crate::source::{Node, NodeIdentity, Value};

/// How far references and `allOf` are followed; circles are reported elsewhere.
const DEPTH: usize = 24;

/// How many schemas are asked whether they admit null; the answer for one property never needs more.
const MOST_SEEN: usize = 96;

/// The node at the end of the references that begin at `node`. Broken ones are reported elsewhere.
pub(super) fn resolved<'a>(reading: Reading<'a>, node: &'a Node) -> Option<&'a Node> {
    let mut node = normal(reading, node);
    for _ in 0..DEPTH {
        match Reference::of(node) {
            None => return Some(node),
            Some(reference) => node = normal(reading, quiet_target(reading.tree, &reference)?.node),
        }
    }
    None
}

/// Whether `null` is a value of the schema.
pub(super) fn nullable<'a>(reading: Reading<'a>, node: &'a Node) -> bool {
    admits_null(reading, node, &mut Vec::new())
}

/// Whether the schema has no value but `null`.
pub(super) fn only_null(node: &Node) -> bool {
    let says_null = |kind: &Node| kind.as_str() == Some("null");
    let kind = node.get("type");
    kind.is_some_and(says_null)
        || kind.and_then(Node::as_array).is_some_and(|kinds| !kinds.is_empty() && kinds.iter().all(says_null))
        || listed(node).is_some_and(|values| !values.is_empty() && values.iter().all(Node::is_null))
}

/// The values of `enum`, or that of `const`.
pub(super) fn listed(node: &Node) -> Option<&[Node]> {
    match node.get("enum") {
        Some(values) => values.as_array(),
        None => node.get("const").map(std::slice::from_ref),
    }
}

/// Whether its values are raw octets.
pub(super) fn is_binary(reading: Reading<'_>, node: &Node) -> bool {
    let text = |key: &str| annotation(reading, node, key).and_then(Node::as_str);
    // Octets as such, not as a text that encodes them.
    let is_octets = |media: &str| !media.starts_with("text/") && !media.contains("json");
    let media = text("contentMediaType").filter(|_| text("contentEncoding").is_none());
    text("type") == Some("file")
        || (text("type") == Some("string")
            && (text("format") == Some("binary") || media.is_some_and(is_octets)))
}

/// A member that belongs to the use of a schema, such as `default` or `readOnly`: its own, or that of an inline
/// part of its `allOf`, or that of what it refers to.
pub(super) fn annotation<'n>(reading: Reading<'n>, node: &'n Node, key: &str) -> Option<&'n Node> {
    find(reading, node, key, DEPTH)
}

/// Whether such a member is `true`.
pub(super) fn flag<'a>(reading: Reading<'a>, node: &'a Node, key: &str) -> bool {
    annotation(reading, node, key).is_some_and(|node| matches!(node.value, Value::Bool(true)))
}

fn find<'a>(reading: Reading<'a>, node: &'a Node, key: &str, depth: usize) -> Option<&'a Node> {
    if depth == 0 {
        return None;
    }
    let node = normal(reading, node);
    if let Some(found) = node.get(key) {
        return Some(found);
    }
    if let Some(reference) = Reference::of(node) {
        return find(reading, quiet_target(reading.tree, &reference)?.node, key, depth - 1);
    }
    let parts = node.get("allOf").and_then(Node::as_array)?;
    // Only of a renamed schema: a base's default isn't that of everything that extends it.
    match parts {
        [only] => find(reading, only, key, depth - 1),
        _ => parts
            .iter()
            .filter(|part| Reference::of(part).is_none())
            .find_map(|part| find(reading, part, key, depth - 1)),
    }
}

fn admits_null<'a>(reading: Reading<'a>, node: &'a Node, seen: &mut Vec<NodeIdentity>) -> bool {
    if seen.contains(&node.identity()) || seen.len() > MOST_SEEN {
        return false;
    }
    seen.push(node.identity());
    let node = normal(reading, node);
    let is_set = |key: &str| node.get(key).is_some_and(|node| matches!(node.value, Value::Bool(true)));
    if is_set("nullable") || is_set("x-nullable") {
        return true;
    }
    if let Some(reference) = Reference::of(node) {
        return quiet_target(reading.tree, &reference)
            .is_some_and(|target| admits_null(reading, target.node, seen));
    }
    if let Some(values) = listed(node) {
        if values.iter().any(Node::is_null) {
            return true;
        }
    } else if let Some(kinds) = node.get("type").and_then(Node::as_array)
        && kinds.iter().any(|kind| kind.as_str() == Some("null"))
    {
        return true;
    }
    if only_null(node) {
        return true;
    }
    let parts = |key: &str| node.get(key).and_then(Node::as_array).unwrap_or_default();
    let mut alternatives = parts("oneOf").iter().chain(parts("anyOf"));
    if excludes_null(node) {
        // Unless it's plain that null was meant.
        return alternatives.any(is_null);
    }
    let mut asserting = parts("allOf").iter().filter(|part| asserts_type(part)).peekable();
    if asserting.peek().is_some() && asserting.all(|part| admits_null(reading, part, seen)) {
        return true;
    }
    alternatives.any(|alternative| admits_null(reading, alternative, seen))
}

/// Whether the schema says by itself what type its values have, and that isn't null.
fn excludes_null(node: &Node) -> bool {
    ["type", "properties", "required", "items", "prefixItems"].iter().any(|key| node.get(key).is_some())
}

/// Whether the schema says anything that null could be an exception from.
fn asserts_type(node: &Node) -> bool {
    let parts = ["$ref", "allOf", "oneOf", "anyOf", "enum", "const", "not", "additionalProperties"];
    excludes_null(node) || parts.iter().any(|key| node.get(key).is_some())
}
