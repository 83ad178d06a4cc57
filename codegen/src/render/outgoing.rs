use askama::Template;

use super::{Files, RenderFault, client, server};
use crate::config::{Config, Layout, Parts};
use crate::ir::{Api, Operation, PathTemplate, Tag};
use crate::rust::RustApi;

#[derive(Template)]
#[template(path = "crate/webhooks.rs.j2", escape = "none")]
struct Root {
    parts: Parts,
    gated: bool,
}

/// Whether there is something to render.
pub(super) fn exists(rust: &RustApi<'_>) -> bool {
    let parts = rust.config().parts;
    let stands_alone = !matches!(rust.config().layout, Layout::Modules { .. });
    stands_alone && (parts.server || parts.client) && !rust.api().outgoing.is_empty()
}

/// The files of webhooks and callbacks: a server for those who receive them, a client for the API that sends them. They are
/// planned as an API of their own that shares the types.
pub(super) fn render(rust: &RustApi<'_>, files: &mut Files) -> Result<(), RenderFault> {
    if !exists(rust) {
        return Ok(());
    }
    let (gated, folder) = match rust.config().layout {
        Layout::Crate { .. } => (true, "src/webhooks"),
        _ => (false, "webhooks"),
    };
    let parts = Parts { model: false, ..rust.config().parts };
    let layout = Layout::Modules {
        module: "webhooks".to_owned(),
        model: String::new(),
        server: format!("{folder}/server"),
        client: format!("{folder}/client"),
        model_path: "super::super::model".to_owned(),
    };
    let config = Config { layout, parts, ..rust.config().clone() };
    files.add(format!("{folder}/mod.rs"), "crate/webhooks.rs.j2", &Root { parts, gated })?;
    if parts.server {
        server::render(&RustApi::new(&api(rust.api(), |_| {}), &config), files)?;
    }
    if parts.client {
        // The receiver's URL is all there is: nothing is appended to it.
        let whole = |operation: &mut Operation| {
            operation.path = PathTemplate { text: String::new(), segments: Vec::new() };
        };
        client::render(&RustApi::new(&api(rust.api(), whole), &config), files)?;
    }
    Ok(())
}

fn api(of: &Api, change: impl Fn(&mut Operation)) -> Api {
    let mut operations = of.outgoing.clone();
    operations.iter_mut().for_each(change);
    let mut tags: Vec<Tag> = Vec::new();
    for operation in &operations {
        if !tags.iter().any(|tag| tag.name == operation.tag) {
            tags.push(Tag { name: operation.tag.clone(), description: None });
        }
    }
    Api {
        base_paths: vec![String::new()],
        servers: Vec::new(),
        tags,
        operations,
        outgoing: Vec::new(),
        ..of.clone()
    }
}
