//! A document: as JSON, as JSON Schema, and as the generator understands it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use planewright_codegen::diagnostic::Sink;
use planewright_codegen::ir::Api;
use planewright_codegen::lower::lower;
use planewright_codegen::source::{SourceSet, Tree};
use planewright_sample::openapi::{self, Way, on_way};
use serde_json::Value;

/// A document, read.
pub(crate) struct Document {
    /// The file's name without its extension, or that of its folder.
    pub(crate) name: String,
    /// Its schemas in JSON Schema, everything where it was.
    pub(crate) schemas: Value,
    /// The same for requests, and for answers, where that makes a difference.
    request: Option<Value>,
    answer: Option<Value>,
    /// Where the named schemas stand.
    pub(crate) components: &'static str,
    /// What the generator makes of it.
    pub(crate) api: Api,
}

impl Document {
    /// Reads a file. `None` if the generator refuses the document as a whole.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        let stem = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        // Many are called `openapi`; then the folder says more.
        let folder = path.parent().and_then(stem).filter(|_| stem(path).as_deref() == Some("openapi"));
        let name = folder.or_else(|| stem(path)).context("a file without a name")?;
        let Ok(sources) = SourceSet::load(path) else { bail!("{} can't be read", path.display()) };
        let sink = Sink::new();
        let tree = Tree::read(&sources, &sink);
        let written = tree.root().with_context(|| format!("{} has no value", path.display()))?.to_json();
        let (Some(api), _) = lower(&sources) else { return Ok(None) };
        let components = openapi::named_schemas(&written);
        let schemas = openapi::json_schemas(&written);
        let (request, answer) = (on_way(&schemas, Way::Request), on_way(&schemas, Way::Answer));
        Ok(Some(Self { name, schemas, request, answer, components, api }))
    }

    /// Its schemas for values that go this way; none are those of components, which are whole.
    pub(crate) fn schemas_on(&self, way: Option<Way>) -> &Value {
        let other = match way {
            Some(Way::Request) => self.request.as_ref(),
            Some(Way::Answer) => self.answer.as_ref(),
            None => None,
        };
        other.unwrap_or(&self.schemas)
    }

    /// Follows references from the value at `pointer`: where it really stands.
    pub(crate) fn followed(&self, pointer: &str) -> Option<(String, &Value)> {
        let mut pointer = pointer.to_owned();
        for _ in 0..32 {
            let value = self.schemas.pointer(&pointer)?;
            match value.get("$ref").and_then(Value::as_str) {
                Some(reference) => pointer = reference.strip_prefix('#')?.to_owned(),
                None => return Some((pointer, value)),
            }
        }
        None
    }
}

/// A pointer with one more token.
pub(crate) fn deeper(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}
