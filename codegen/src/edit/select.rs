//! Leaving out operations that aren't selected, and the components that only they use.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Selection;
use crate::diagnostic::{Problem, Sink, code};
use crate::source::{Node, Pointer, Tree, Value};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A component: `["components", "schemas", "Job"]`, or, before version 3, `["definitions", "Job"]`.
type Way = Vec<String>;

/// Removes from the tree what isn't selected.
pub(super) fn apply(tree: &mut Tree<'_>, selection: &Selection, sink: &Sink) {
    let Some(root) = tree.root_mut() else { return };
    let (mut tags, mut names) = (BTreeSet::new(), BTreeSet::new());
    for section in ["paths", "webhooks"] {
        let Some(Value::Object(items)) = root.get_mut(section).map(|node| &mut node.value) else { continue };
        items.retain_mut(|item| {
            let path = item.key.clone();
            let Value::Object(members) = &mut item.value.value else { return true };
            let mut left = members.get("$ref").is_some();
            members.retain(|member| {
                if !METHODS.contains(&member.key.as_str()) {
                    return true;
                }
                let own: Vec<_> = tags_of(&member.value).collect();
                let id = member.value.get("operationId").and_then(Node::as_str);
                let place = format!("{} {path}", member.key.to_ascii_uppercase());
                let called: Vec<_> = id.into_iter().chain([place.as_str()]).collect();
                tags.extend(own.iter().map(|tag| (*tag).to_owned()));
                names.extend(called.iter().map(|name| (*name).to_owned()));
                let kept = selection.has(&called, &own);
                left |= kept;
                kept
            });
            left
        });
    }
    prune(root);
    let span = root.span;
    for (key, wanted, known, what) in [
        ("include-tags", &selection.include_tags, &tags, "tag"),
        ("exclude-tags", &selection.exclude_tags, &tags, "tag"),
        ("include-operations", &selection.include_operations, &names, "operation"),
        ("exclude-operations", &selection.exclude_operations, &names, "operation"),
    ] {
        for name in wanted.iter().filter(|name| !known.contains(*name)) {
            let message = format!("`{key}` names the {what} `{name}`, which the document doesn't have");
            Problem::new(code::UNMATCHED_CHOICE, span, message).report(sink);
        }
    }
}

/// An operation without tags has the one under which it is generated.
fn tags_of(operation: &Node) -> impl Iterator<Item = &str> {
    let own = operation.get("tags").and_then(Node::as_array).unwrap_or_default();
    let none = own.iter().all(|tag| tag.as_str().is_none());
    own.iter().filter_map(Node::as_str).chain(none.then_some("default"))
}

/// Removes the components that nothing refers to any more.
fn prune(root: &mut Node) {
    let mut heirs: BTreeMap<Way, Vec<Way>> = BTreeMap::new();
    for way in components(root) {
        let bases = at(root, &way).and_then(|node| node.get("allOf")).and_then(Node::as_array);
        for base in bases.unwrap_or_default().iter().filter_map(|part| part.get("$ref")) {
            if let Some(base) = base.as_str().and_then(target) {
                heirs.entry(base).or_default().push(way.clone());
            }
        }
    }
    let mut open = Vec::new();
    for member in root.as_object().into_iter().flat_map(|object| object.iter()) {
        if !matches!(member.key.as_str(), "components" | "definitions" | "parameters" | "responses") {
            references(&member.value, &mut open);
        }
    }
    let mut used = BTreeSet::new();
    while let Some(way) = open.pop() {
        let Some(node) = at(root, &way) else { continue };
        references(node, &mut open);
        // Whatever refers to a schema with a discriminator may stand where that schema is expected.
        if node.get("discriminator").is_some() {
            let heirs = heirs.get(&way).into_iter().flatten();
            open.extend(heirs.filter(|heir| !used.contains(*heir)).cloned());
        }
        used.insert(way);
        open.retain(|way| !used.contains(way));
    }
    for way in components(root) {
        if !used.contains(&way)
            && let Some((last, parent)) = way.split_last()
            && let Some(Value::Object(group)) = at_mut(root, parent).map(|node| &mut node.value)
        {
            group.retain(|member| member.key != *last);
        }
    }
}

/// Everything that can be referred to, but security schemes, which are used by name.
fn components(root: &Node) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut add = |group: &Node, way: &[&str]| {
        for member in group.as_object().into_iter().flat_map(|object| object.iter()) {
            ways.push(way.iter().copied().chain([member.key.as_str()]).map(str::to_owned).collect());
        }
    };
    for group in root.get("components").and_then(Node::as_object).into_iter().flat_map(|it| it.iter()) {
        if group.key != "securitySchemes" && !group.key.starts_with("x-") {
            add(&group.value, &["components", &group.key]);
        }
    }
    for name in ["definitions", "parameters", "responses"] {
        if let Some(group) = root.get(name) {
            add(group, &[name]);
        }
    }
    ways
}

/// The components that a value refers to: by `$ref`, or by the values of a discriminator.
fn references(node: &Node, found: &mut Vec<Way>) {
    match &node.value {
        Value::Object(object) => {
            for member in object.iter() {
                match (member.key.as_str(), &member.value.value) {
                    ("$ref", Value::String(text)) => found.extend(target(text)),
                    ("mapping", Value::Object(mapping)) => {
                        for text in mapping.iter().filter_map(|entry| entry.value.as_str()) {
                            let bare =
                                || vec!["components".to_owned(), "schemas".to_owned(), text.to_owned()];
                            found.push(target(text).unwrap_or_else(bare));
                        }
                    }
                    _ => references(&member.value, found),
                }
            }
        }
        Value::Array(nodes) => nodes.iter().for_each(|node| references(node, found)),
        _ => {}
    }
}

/// The component in which a reference of this file ends.
fn target(reference: &str) -> Option<Way> {
    let pointer = Pointer::parse_fragment(reference.strip_prefix('#')?)?;
    let tokens = pointer.tokens();
    let depth = if tokens.first()? == "components" { 3 } else { 2 };
    tokens.get(..depth).map(<[String]>::to_vec)
}

fn at<'n>(root: &'n Node, way: &[String]) -> Option<&'n Node> {
    way.iter().try_fold(root, |node, key| node.get(key))
}

fn at_mut<'n>(root: &'n mut Node, way: &[String]) -> Option<&'n mut Node> {
    way.iter().try_fold(root, |node, key| node.get_mut(key))
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Selection};
    use crate::lower::lower_with;
    use crate::source::SourceSet;

    const SHOP: &str = r##"{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {
        "/a": {"get": {"operationId": "getA", "tags": ["a"], "responses": {"200": {"$ref": "#/components/responses/A"}}},
               "put": {"operationId": "putA", "tags": ["a", "b"], "responses": {"204": {"description": ""}}}},
        "/b": {"get": {"responses": {"200": {"description": "", "content": {"application/json": {
               "schema": {"$ref": "#/components/schemas/B"}}}}}}}},
        "components": {
            "responses": {"A": {"description": "", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/A"}}}}},
            "schemas": {
                "A": {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"],
                      "discriminator": {"propertyName": "kind"}},
                "AHeir": {"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]},
                "B": {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/C"}}},
                "C": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
                "Unused": {"type": "what is this"}}}}"##;

    fn left(selection: Selection) -> (Vec<String>, Vec<String>, Vec<String>) {
        let config = Config { select: selection, ..Config::tree() };
        let (api, diagnostics) = lower_with(&config, &SourceSet::from_text("shop.json", SHOP));
        let api = api.expect("nothing fatal");
        let operations = api.operations.iter().map(|operation| operation.id.clone()).collect();
        let types = api.types.iter().filter_map(|(_, declaration)| match &declaration.name {
            crate::ir::NameHint::Component(name) => Some(name.clone()),
            crate::ir::NameHint::Path(_) => None,
        });
        (operations, types.collect(), diagnostics.iter().map(|it| it.code.id.to_owned()).collect())
    }

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_isnt_selected_goes_with_what_only_it_uses() {
        let (operations, types, told) =
            left(Selection { include_tags: list(&["a"]), ..Selection::default() });
        assert_eq!((operations, types), (list(&["getA", "putA"]), list(&["A", "AHeir"])));
        assert!(!told.contains(&"E0601".to_owned()), "{told:?}");

        let excluded = Selection {
            exclude_tags: list(&["b"]),
            exclude_operations: list(&["GET /b"]),
            ..Selection::default()
        };
        assert_eq!(left(excluded).0, ["getA"]);

        let untagged = Selection { include_tags: list(&["default"]), ..Selection::default() };
        assert_eq!(left(untagged).1, ["B", "C"]);
    }

    #[test]
    fn a_name_that_selects_nothing_is_told() {
        let wrong = Selection { include_operations: list(&["getB", "getA"]), ..Selection::default() };
        let (operations, _, told) = left(wrong);
        assert_eq!(operations, ["getA"]);
        assert!(told.contains(&"W0804".to_owned()), "{told:?}");
    }
}
