//! From a resolved document to the intermediate representation.
//!
//! Schemas of `components` become declarations first; then each operation is lowered in scratch space: what it
//! declared is taken back if it fails. At the end, what uses a broken schema is left out, and the types that are
//! left move together; of those written in place that are equal, one is kept.

mod assertions;
mod asynchronous;
mod bodies;
mod circles;
mod constraints;
mod defaults;
mod direction;
mod enums;
mod heirs;
mod links;
mod nullable;
mod operations;
mod parameters;
mod path_template;
mod peek;
mod placement;
mod prune;
mod responses;
mod routes;
mod scalars;
mod schemas;
mod servers;
mod share;
mod unions;
mod view;

pub(crate) use prune::types_of;

use crate::config::Config;
use crate::diagnostic::{Diagnostics, Sink};
use crate::edit;
use crate::ir::{Api, Tag};
use crate::openapi::{Document, Reading, parse};
use crate::resolve::{Resolved, resolve};
use crate::source::{Node, Object, SourceSet, Tree};

/// Every stage from texts to the intermediate representation. `None` if a diagnostic is fatal.
#[must_use]
pub fn lower(sources: &SourceSet) -> (Option<Api>, Diagnostics) {
    lower_with(&Config::tree(), sources)
}

/// As [`lower`], of the operations that are selected. What the configuration names in vain is told.
#[must_use]
pub fn lower_with(config: &Config, sources: &SourceSet) -> (Option<Api>, Diagnostics) {
    let sink = Sink::new();
    let tree = edit::read(sources, &config.select, &sink);
    let api = lower_tree(&tree, &sink);
    if let (Some(api), Some(root)) = (&api, tree.root()) {
        config.tell_unmatched(api, root.span, &sink);
    }
    (api, sink.finish(&tree))
}

fn lower_tree(tree: &Tree<'_>, sink: &Sink) -> Option<Api> {
    if sink.is_fatal() {
        return None;
    }
    let reading = Reading::new(tree, sink);
    let document = parse(reading)?;
    let resolved = resolve(reading, &document);
    let api = lower_document(reading, &resolved);
    (!sink.is_fatal()).then_some(api)
}

/// The stage itself: from resolved operations and the document's schemas to an [`Api`].
#[must_use]
pub fn lower_document<'a>(reading: Reading<'a>, resolved: &'a Resolved<'a>) -> Api {
    let document = resolved.document;
    let mut schemas = schemas::Schemas::of(reading, document);
    let operations = operations::lower(reading, &mut schemas, resolved);
    let mut operations = prune::without_broken(reading, &schemas, operations);
    routes::check(reading, &mut operations);
    links::check(reading, &declared_ids(document), &mut operations);
    asynchronous::attach(reading, &schemas.table, &mut operations);
    let sent: std::collections::BTreeSet<String> = operations
        .iter()
        .filter(|lowered| lowered.is_outgoing)
        .map(|lowered| lowered.operation.id.clone())
        .collect();
    let mut operations: Vec<_> = operations.into_iter().map(|lowered| lowered.operation).collect();
    operations.sort_by(|left, right| left.id.cmp(&right.id));
    let mut types = prune::types(&schemas, &mut operations);
    direction::split(&mut types, &mut operations, &sent);
    let types = share::share(types, &mut operations);
    let (outgoing, operations): (Vec<_>, Vec<_>) =
        operations.into_iter().partition(|operation| sent.contains(&operation.id));
    let tags = tags(resolved, &operations);
    Api {
        title: document.title.clone(),
        version: document.version.clone(),
        description: document.description.clone(),
        license: document.license.clone(),
        dialect: document.dialect.to_string(),
        base_paths: servers::base_paths(&document.servers, &operations),
        servers: servers::lower(&document.servers),
        tags,
        operations,
        outgoing,
        types,
        security_schemes: document.components.security_schemes.clone(),
    }
}

/// The operation ids that stand in the document, also of operations that are left out.
fn declared_ids(document: &Document<'_>) -> Vec<String> {
    let items = document.root.get("paths").and_then(Node::as_object).into_iter().flat_map(Object::iter);
    let members = items.filter_map(|item| item.value.as_object()).flat_map(Object::iter);
    let ids = members.filter_map(|member| member.value.get("operationId")?.as_str());
    ids.map(str::to_owned).collect()
}

fn tags(resolved: &Resolved<'_>, operations: &[crate::ir::Operation]) -> Vec<Tag> {
    let described = resolved
        .document
        .tags
        .iter()
        .map(|tag| Tag { name: tag.name.value.clone(), description: tag.description.clone() });
    let mut tags: Vec<Tag> =
        described.filter(|tag| operations.iter().any(|operation| operation.tag == tag.name)).collect();
    // In document order, which the sorted operations no longer have.
    let named = resolved.operations.iter().map(operations::tag_of);
    for name in named {
        let used = operations.iter().any(|operation| operation.tag == name);
        if used && !tags.iter().any(|tag| tag.name == name) {
            tags.push(Tag { name, description: None });
        }
    }
    tags
}
