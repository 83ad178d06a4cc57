//! Overlays: version 1.0 of the Overlay Specification, and of 1.1 `copy`, lists that are joined, and plain values that are
//! replaced.

use serde_json::Value as Json;
use serde_json_path::{JsonPath, NormalizedPath, PathElement};

use crate::diagnostic::{Problem, Sink, code};
use crate::source::{FileId, Node, Tree, Value};

/// What an action does to each of its targets.
enum Change {
    Remove,
    Update(Node),
}

/// Applies the overlay in `file` to the root document. What is wrong with it is reported; the rest of it is applied.
pub(super) fn apply(tree: &mut Tree<'_>, file: FileId, sink: &Sink) {
    let Some(overlay) = tree.root_of(file).cloned() else { return };
    let wrong = |at: &Node, message: String| {
        Problem::new(code::BAD_OVERLAY, at.span, message)
            .help("an overlay has `overlay: 1.0.0`, `info`, and a list of `actions`, each with a `target`")
            .report(sink);
    };
    let version = overlay.get("overlay").and_then(Node::as_str);
    let Some(version) = version.filter(|version| version.starts_with("1.")) else {
        return wrong(&overlay, "this isn't an overlay of version 1".to_owned());
    };
    let joins_lists = version != "1.0" && !version.starts_with("1.0.");
    let Some(actions) = overlay.get("actions").and_then(Node::as_array) else {
        return wrong(&overlay, "the overlay has no list of `actions`".to_owned());
    };
    let Some(root) = tree.root_mut() else { return };
    let mut plain = root.to_json();
    for action in actions {
        let Some(target) = action.get("target") else {
            wrong(action, "the action has no `target`".to_owned());
            continue;
        };
        let Some(paths) = find(target, &plain, sink) else { continue };
        let change = match (action.get("remove").map(|remove| &remove.value), action.get("update")) {
            (Some(Value::Bool(true)), _) => Change::Remove,
            (None | Some(Value::Bool(false)), Some(update)) => Change::Update(update.clone()),
            (None | Some(Value::Bool(false)), None) => match action.get("copy") {
                Some(from) => match copied(from, root, &plain, sink) {
                    Some(node) => Change::Update(node),
                    None => continue,
                },
                None => {
                    wrong(action, "the action has neither `update`, `remove` nor `copy`".to_owned());
                    continue;
                }
            },
            (Some(_), _) => {
                wrong(action, "`remove` is neither true nor false".to_owned());
                continue;
            }
        };
        // From the last to the first: what is removed from a list moves only what stands behind.
        for path in paths.iter().rev() {
            match &change {
                Change::Remove if path.is_empty() => {
                    wrong(target, "the document as a whole can't be removed".to_owned());
                }
                Change::Remove => remove(root, &mut plain, path),
                Change::Update(update) => {
                    let Some(node) = node_at(root, path) else { continue };
                    if let Err(message) = merge(node, update, joins_lists) {
                        Problem::new(code::BAD_OVERLAY, update.span, message).report(sink);
                    }
                    if let Some(place) = plain_at(&mut plain, path) {
                        *place = node.to_json();
                    }
                }
            }
        }
    }
}

/// A step down the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Member(String),
    Element(usize),
}

/// The ways to all that a target selects. A target that selects nothing is told, and so is one that is no path.
fn find(target: &Node, plain: &Json, sink: &Sink) -> Option<Vec<Vec<Step>>> {
    let bad = |message: String| {
        Problem::new(code::BAD_TARGET, target.span, message)
            .help("a target looks like `$.paths['/jobs'].get` (RFC 9535)")
            .report(sink);
    };
    let Some(text) = target.as_str() else {
        bad("a target is a text".to_owned());
        return None;
    };
    let path = match JsonPath::parse(text) {
        Ok(path) => path,
        Err(error) => {
            bad(format!("`{text}` isn't a JSONPath: {error}"));
            return None;
        }
    };
    let found = path.query_located(plain);
    if found.is_empty() {
        let message = format!("`{text}` selects nothing in the document");
        Problem::new(code::UNMATCHED_TARGET, target.span, message).report(sink);
    }
    let mut paths: Vec<_> = found.locations().map(steps).collect();
    paths.sort();
    paths.dedup();
    Some(paths)
}

fn steps(path: &NormalizedPath<'_>) -> Vec<Step> {
    let step = |element: &PathElement<'_>| match element {
        PathElement::Name(name) => Step::Member((*name).to_owned()),
        PathElement::Index(index) => Step::Element(*index),
    };
    path.iter().map(step).collect()
}

/// What `copy` names: exactly one value of the document.
fn copied(from: &Node, root: &mut Node, plain: &Json, sink: &Sink) -> Option<Node> {
    let paths = find(from, plain, sink)?;
    match &paths[..] {
        [] => None,
        [path] => node_at(root, path).cloned(),
        _ => {
            let message = format!("`copy` selects {} values; it must be one", paths.len());
            Problem::new(code::BAD_TARGET, from.span, message).report(sink);
            None
        }
    }
}

fn node_at<'n>(root: &'n mut Node, path: &[Step]) -> Option<&'n mut Node> {
    path.iter().try_fold(root, |node, step| match (&mut node.value, step) {
        (Value::Object(object), Step::Member(name)) => object.get_mut(name),
        (Value::Array(nodes), Step::Element(index)) => nodes.get_mut(*index),
        _ => None,
    })
}

fn plain_at<'v>(root: &'v mut Json, path: &[Step]) -> Option<&'v mut Json> {
    path.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.get_mut(name),
        Step::Element(index) => value.get_mut(*index),
    })
}

fn remove(root: &mut Node, plain: &mut Json, path: &[Step]) {
    let Some((last, parent)) = path.split_last() else { return };
    match (node_at(root, parent).map(|node| &mut node.value), plain_at(plain, parent), last) {
        (Some(Value::Object(object)), Some(Json::Object(map)), Step::Member(name)) => {
            object.retain(|member| member.key != *name);
            map.shift_remove(name);
        }
        (Some(Value::Array(nodes)), Some(Json::Array(list)), Step::Element(index))
            if *index < nodes.len() && *index < list.len() =>
        {
            nodes.remove(*index);
            list.remove(*index);
        }
        _ => {}
    }
}

/// Objects are merged member by member, lists grow, everything else is replaced.
fn merge(target: &mut Node, update: &Node, joins_lists: bool) -> Result<(), String> {
    match (&mut target.value, &update.value) {
        (Value::Object(_), Value::Object(_)) => merge_members(target, update),
        (Value::Object(_), _) => {
            return Err(format!("an object can't be updated with {}", update.kind()));
        }
        (Value::Array(nodes), Value::Array(more)) if joins_lists => nodes.extend(more.iter().cloned()),
        (Value::Array(nodes), _) => nodes.push(update.clone()),
        (_, Value::Object(_) | Value::Array(_)) => {
            return Err(format!("{} can't be updated with {}", target.kind(), update.kind()));
        }
        _ => *target = update.clone(),
    }
    Ok(())
}

fn merge_members(target: &mut Node, update: &Node) {
    let (Value::Object(object), Value::Object(changes)) = (&mut target.value, &update.value) else { return };
    for change in changes.iter() {
        match object.get_mut(&change.key) {
            Some(there) => match (&mut there.value, &change.value.value) {
                (Value::Object(_), Value::Object(_)) => merge_members(there, &change.value),
                (Value::Array(nodes), Value::Array(more)) => nodes.extend(more.iter().cloned()),
                _ => *there = change.value.clone(),
            },
            None => object.insert(change.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Selection;
    use crate::diagnostic::{Diagnostics, Sink};
    use crate::source::SourceSet;

    const SHOP: &str = "openapi: 3.0.3\n\
        tags: [{name: a}, {name: b}, {name: c}]\n\
        paths:\n  /x: {get: {summary: old, tags: [a]}, post: {deprecated: true}}\n";

    fn applied(overlay: &str) -> (serde_json::Value, Diagnostics) {
        let sources = SourceSet::from_text("shop.yaml", SHOP).with_overlay_text("fix.yaml", overlay);
        let sink = Sink::new();
        let tree = super::super::read(&sources, &Selection::default(), &sink);
        let value = tree.root().map_or(serde_json::Value::Null, |root| root.to_json());
        (value, sink.finish(&tree))
    }

    fn actions(version: &str, actions: &str) -> (serde_json::Value, Vec<String>) {
        let text = format!("overlay: {version}\ninfo: {{title: t, version: '1'}}\nactions:\n{actions}");
        let (value, diagnostics) = applied(&text);
        (value, diagnostics.iter().map(crate::diagnostic::render_line).collect())
    }

    #[test]
    fn updates_merge_and_removals_leave_the_rest() {
        let (value, told) = actions(
            "1.0.0",
            "- {target: $.paths.*.get, update: {summary: new, tags: [d], operationId: getX}}\n\
             - {target: '$.tags[?@.name != \"b\"]', remove: true}\n\
             - {target: $.tags, update: {name: e}}\n\
             - {target: $.paths.*.*.deprecated, remove: true}\n",
        );
        assert_eq!(told, [""; 0]);
        assert_eq!(
            value,
            serde_json::json!({
                "openapi": "3.0.3",
                "tags": [{"name": "b"}, {"name": "e"}],
                "paths": {"/x": {"get": {"summary": "new", "tags": ["a", "d"], "operationId": "getX"}, "post": {}}},
            })
        );
    }

    #[test]
    fn version_1_1_copies_joins_and_replaces() {
        let (value, told) = actions(
            "1.1.0",
            "- {target: $.paths, update: {/y: {}}}\n\
             - target: $.paths['/y']\n  copy: $.paths['/x']\n\
             - target: $.paths['/y'].get.summary\n  update: copied\n\
             - {target: $.tags, update: [{name: d}]}\n",
        );
        assert_eq!(told, [""; 0]);
        assert_eq!(value["paths"]["/y"]["get"]["summary"], "copied");
        assert_eq!(value["paths"]["/x"]["get"]["summary"], "old");
        assert_eq!(value["tags"][3]["name"], "d");
    }

    #[test]
    fn what_an_overlay_brings_refers_to_the_document_and_is_told_about_in_the_overlay() {
        let shop = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\n\
            components: {schemas: {Thing: {type: object, properties: {a: {type: string}}}}}\n";
        let overlay = "overlay: 1.0.0\nactions:\n- target: $.paths\n  update:\n    /x:\n      get:\n\
            \x20       operationId: getX\n        responses:\n          '200':\n            description: it\n\
            \x20           content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}\n\
            \x20   /y:\n      get: {operationId: getY, responses: {'200': {$ref: '#/components/responses/No'}}}\n";
        let sources = SourceSet::from_text("shop.yaml", shop).with_overlay_text("fix.yaml", overlay);
        let (api, diagnostics) = crate::lower::lower(&sources);
        let told: Vec<_> = diagnostics.iter().map(|it| (it.code.id, it.location.file.as_str())).collect();
        assert_eq!(told, [("E0301", "fix.yaml")], "{diagnostics}");
        let ids: Vec<_> = api.iter().flat_map(|api| &api.operations).map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["getX"]);
    }

    #[test]
    fn what_is_wrong_with_an_overlay_is_told_in_its_place() {
        for (text, expected) in [
            ("- {target: $.nothing, remove: true}", "fix.yaml:4:12: warning[W0802]"),
            ("- {target: '$[', remove: true}", "fix.yaml:4:12: error[E0803]"),
            ("- {remove: true}", "fix.yaml:4:3: error[E0801]"),
            ("- {target: $.tags}", "fix.yaml:4:3: error[E0801]"),
            ("- {target: $.paths, update: 1}", "fix.yaml:4:29: error[E0801]"),
            ("- {target: $, remove: true}", "fix.yaml:4:12: error[E0801]"),
        ] {
            let (value, told) = actions("1.0.0", text);
            assert!(told.len() == 1 && told[0].starts_with(expected), "{text}: {told:?}");
            assert_eq!(value["tags"][0]["name"], "a", "{text}");
        }
        let (_, diagnostics) = applied("openapi: 3.0.3");
        assert_eq!(diagnostics.iter().map(|it| it.code.id).collect::<Vec<_>>(), ["E0801"]);
    }
}
