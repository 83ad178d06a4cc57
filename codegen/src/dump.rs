//! What a stage makes of a document, as JSON: for those who want to know why the generated code is as it is.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::config::Config;
use crate::diagnostic::{Diagnostics, Sink};
use crate::edit;
use crate::format::format;
use crate::ir::Api;
use crate::lower::{lower_document, types_of};
use crate::openapi::{Document, Reading, RefOr, parse};
use crate::render::render;
use crate::resolve::{Resolved, resolve};
use crate::rust::{RustApi, SHARED, client, model, server};
use crate::source::SourceSet;

/// A stage whose result can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The values of the root file.
    Source,
    /// The objects of the specification, with their references.
    Document,
    /// Operations with everything that belongs to them.
    Resolved,
    /// The intermediate representation.
    Ir,
    /// Every Rust name and type, and what stands in each file.
    Plan,
    /// What the templates make of the plan, by path.
    Rendered,
    /// The files, by path.
    Formatted,
}

impl Stage {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 7] =
        [Self::Source, Self::Document, Self::Resolved, Self::Ir, Self::Plan, Self::Rendered, Self::Formatted];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Document => "document",
            Self::Resolved => "resolved",
            Self::Ir => "ir",
            Self::Plan => "plan",
            Self::Rendered => "rendered",
            Self::Formatted => "formatted",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The text names no stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStageError(String);

impl fmt::Display for UnknownStageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Stage::ALL.iter().map(|stage| stage.name()).collect();
        write!(formatter, "there is no stage `{}`; there are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownStageError {}

impl FromStr for Stage {
    type Err = UnknownStageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|stage| stage.name() == text);
        known.ok_or_else(|| UnknownStageError(text.to_owned()))
    }
}

/// Runs the stages up to `stage` and shows what it made. With `operation`, an operation id or `GET /path`, only what
/// belongs to that operation. `None` if a fatal diagnostic or the lack of such an operation leaves nothing to show.
#[must_use]
pub fn dump(
    config: &Config,
    sources: &SourceSet,
    stage: Stage,
    operation: Option<&str>,
) -> (Option<Value>, Diagnostics) {
    let sink = Sink::new();
    let tree = edit::read(sources, &config.select, &sink);
    let shown = show(config, Reading::new(&tree, &sink), stage, operation);
    (shown, sink.finish(&tree))
}

fn show(config: &Config, reading: Reading<'_>, stage: Stage, operation: Option<&str>) -> Option<Value> {
    if stage == Stage::Source && operation.is_none() {
        return reading.tree.root().map(|root| root.to_json());
    }
    let document = parse(reading)?;
    let resolved = resolve(reading, &document);
    let found = match operation {
        Some(wanted) => {
            let named = |method: &str, path: &str, id: Option<&str>| {
                id == Some(wanted) || format!("{method} {path}") == wanted
            };
            let position = resolved.operations.iter().position(|operation| {
                let id = operation.id.as_ref().map(|id| id.value.as_str());
                named(operation.method.as_str(), &operation.path.value, id)
            });
            Some(position?)
        }
        None => None,
    };
    match stage {
        Stage::Source => node_of(&document, &resolved, found?),
        Stage::Document => match found {
            Some(index) => written(&document, &resolved, index),
            None => serde_json::to_value(&document).ok(),
        },
        Stage::Resolved => match found {
            Some(index) => serde_json::to_value(&resolved.operations[index]).ok(),
            None => serde_json::to_value(&resolved).ok(),
        },
        Stage::Ir => {
            let api = lower_document(reading, &resolved);
            let Some(index) = found else { return serde_json::to_value(&api).ok() };
            let source = &resolved.operations[index];
            let mut operations = api.operations.iter();
            let operation = operations.find(|operation| {
                operation.method == source.method && operation.path.text == source.path.value
            })?;
            let types = types_of(&api.types, operation);
            Some(json!({ "operation": operation, "types": types }))
        }
        Stage::Plan | Stage::Rendered | Stage::Formatted => {
            let mut api = lower_document(reading, &resolved);
            if let Some(index) = found {
                let source = &resolved.operations[index];
                api.operations.retain(|operation| {
                    operation.method == source.method && operation.path.text == source.path.value
                });
            }
            back_half(config, &api, stage, found.is_some())
        }
    }
}

/// What the stages behind the intermediate representation make of it, as one tree of modules. Of a lone operation
/// without the types that it doesn't use, all of which are shared ones.
fn back_half(config: &Config, api: &Api, stage: Stage, lone: bool) -> Option<Value> {
    let rust = RustApi::new(api, config);
    if stage == Stage::Plan {
        let (mut model, server, client) = (model::plan(&rust), server::plan(&rust), client::plan(&rust));
        model.modules.retain(|module| !lone || module.name != SHARED);
        return Some(json!({ "names": rust.names(), "model": model, "server": server, "client": client }));
    }
    let mut rendered = render(&rust).ok()?;
    rendered.retain(|file| !lone || file.path != format!("model/{SHARED}.rs"));
    let by_path = |(path, text): (String, String)| (path, Value::String(text));
    Some(if stage == Stage::Rendered {
        rendered.into_iter().map(|file| by_path((file.path, file.text))).collect()
    } else {
        format(rendered, &config.remake)
            .ok()?
            .into_iter()
            .map(|file| by_path((file.path, file.text)))
            .collect()
    })
}

fn node_of(document: &Document<'_>, resolved: &Resolved<'_>, index: usize) -> Option<Value> {
    let operation = resolved.operations.get(index)?;
    let item = document.root.get("paths")?.get(&operation.path.value)?;
    item.get(&operation.method.as_str().to_ascii_lowercase()).map(|node| node.to_json())
}

fn written(document: &Document<'_>, resolved: &Resolved<'_>, index: usize) -> Option<Value> {
    let operation = resolved.operations.get(index)?;
    let path = document.paths.iter().find(|path| path.template.value == operation.path.value)?;
    let RefOr::Value(item) = &path.item else { return serde_json::to_value(&path.item).ok() };
    let entry = item.operations.iter().find(|entry| entry.method == operation.method)?;
    serde_json::to_value(entry).ok()
}
