//! One document into one crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use planewright_codegen::config::{Config, Layout, Runtime};
use planewright_codegen::diagnostic::{Cost, Diagnostics, Severity, Sink};
use planewright_codegen::lower::lower;
use planewright_codegen::source::{Node, SourceSet, Tree};
use planewright_codegen::{GeneratedFile, emit, generate_api};

use crate::place;

/// What became of a document.
#[derive(Debug, Default)]
pub(super) struct Generated {
    /// Such as `OpenAPI 3.0.3`.
    pub(super) dialect: String,
    /// How many operations were generated.
    pub(super) kept: usize,
    /// How many the document has.
    pub(super) declared: usize,
    /// How many are missing and named by no error.
    pub(super) unexplained: usize,
    /// How many schemas have a name.
    pub(super) schemas: usize,
    /// Messages that something isn't generated.
    pub(super) errors: usize,
    /// The other messages.
    pub(super) warnings: usize,
    /// How often which construct isn't supported.
    pub(super) unsupported: BTreeMap<&'static str, usize>,
    /// From the file to the last generated text.
    pub(super) seconds: f64,
    /// Of Rust.
    pub(super) lines: usize,
    /// Why there is no crate.
    pub(super) failure: Option<String>,
}

/// Writes the crate of the document at `path` into the folder `out`.
///
/// # Errors
/// If the folder can't be written.
pub(super) fn generate(path: &Path, name: &str, out: &Path) -> Result<Generated> {
    let start = Instant::now();
    let mut row = Generated::default();
    let sources = match SourceSet::load(path) {
        Ok(sources) => sources,
        Err(diagnostics) => {
            row.failure = Some(diagnostics.to_string());
            return Ok(row);
        }
    };
    let files = match catch_unwind(AssertUnwindSafe(|| make(&sources, name, &mut row))) {
        Ok(files) => files,
        Err(_) => {
            row.failure = Some("the generator panicked".to_owned());
            None
        }
    };
    row.seconds = start.elapsed().as_secs_f64();
    let Some(files) = files else { return Ok(row) };
    let rust = files.iter().filter(|file| file.path.ends_with(".rs"));
    row.lines = rust.map(|file| file.text.lines().count()).sum();
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    emit::write(out, &files).with_context(|| format!("cannot write {}", out.display()))?;
    Ok(row)
}

fn make(sources: &SourceSet, name: &str, row: &mut Generated) -> Option<Vec<GeneratedFile>> {
    let (api, diagnostics) = lower(sources);
    row.errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    row.warnings = diagnostics.len() - row.errors;
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.code.is_unsupported()) {
        *row.unsupported.entry(diagnostic.code.name).or_default() += 1;
    }
    let Some(api) = api else {
        row.failure = Some(format!("refused\n{}", diagnostics.to_string().trim_end()));
        return None;
    };
    row.dialect.clone_from(&api.dialect);
    row.kept = api.operations.len();
    count(sources, &diagnostics, row);
    let runtime = Runtime::Path(place::root().display().to_string());
    let layout = Layout::Crate { name: format!("corpus-{name}"), runtime };
    match generate_api(&Config { layout, ..Config::tree() }, &api) {
        Ok(files) => Some(files),
        Err(fault) => {
            let cause = std::error::Error::source(&fault).map(|cause| format!(": {cause}"));
            row.failure = Some(format!("{fault}{}", cause.unwrap_or_default()));
            None
        }
    }
}

/// Counts what stands in the document, without the generator's own reading of it.
fn count(sources: &SourceSet, diagnostics: &Diagnostics, row: &mut Generated) {
    let sink = Sink::new();
    let tree = Tree::read(sources, &sink);
    let Some(root) = tree.root() else { return };
    let of_path = |item: &Node| {
        let members = item.as_object().into_iter().flat_map(|object| object.iter());
        members.filter(|member| METHODS.contains(&member.key.as_str())).count()
    };
    let paths = root.get("paths").and_then(Node::as_object);
    let items = || paths.into_iter().flat_map(|paths| paths.iter());
    // What stands behind a reference isn't counted here, so there may be more than that.
    row.declared = items().map(|item| of_path(&item.value)).sum::<usize>().max(row.kept);
    let schemas = root.get("components").and_then(|it| it.get("schemas")).or_else(|| root.get("definitions"));
    row.schemas = schemas.and_then(Node::as_object).map_or(0, |schemas| schemas.len());
    let named: BTreeSet<&str> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .filter_map(|diagnostic| match &diagnostic.costs {
            Cost::Operation(label) => Some(label.as_str()),
            _ => None,
        })
        .collect();
    // A whole path may be named.
    let explained: usize = named
        .iter()
        .map(|label| items().find(|item| item.key == *label).map_or(1, |item| of_path(&item.value).max(1)))
        .sum();
    row.unexplained = (row.declared - row.kept).saturating_sub(explained);
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
