//! Templates become text here. What a template places was decided in [`rust`](crate::rust).
//!
//! | Part | Template | Files |
//! |---|---|---|
//! | model | `model/mod.rs.j2` | `mod.rs` |
//! | model | `model/module.rs.j2` | one per module with types: `jobs.rs`, …, `shared.rs` |
//! | server | `server/mod.rs.j2` | `mod.rs` |
//! | server | `server/routes.rs.j2` | `routes.rs` |
//! | server | `server/tag.rs.j2` | one per tag: `jobs.rs`, … |
//! | client | `client/mod.rs.j2` | `mod.rs` |
//! | client | `client/tag.rs.j2` | one per tag |
//! | crate | `crate/Cargo.toml.j2` | `Cargo.toml` |
//! | crate | `crate/lib.rs.j2` | `src/lib.rs` |
//! | crate | `crate/README.md.j2` | `README.md` |
//! | tree | `crate/tree.rs.j2` | `mod.rs` |
//! | webhooks and callbacks | `crate/webhooks.rs.j2`, and those of server and client | `webhooks/mod.rs`, … |

mod client;
mod krate;
mod model;
mod outgoing;
mod server;

use serde::Serialize;

use crate::config::Layout;
use crate::rust::RustApi;

/// A template's output, not yet formatted.
#[derive(Clone, Debug, Serialize)]
pub struct RenderedFile {
    /// Where it goes, relative to the output's root.
    pub path: String,
    /// The template that it was made from.
    pub template: &'static str,
    /// The text.
    pub text: String,
}

/// Renders every file of the parts that the configuration asks for.
///
/// # Errors
/// If a template fails, which is a fault of ours.
pub fn render(rust: &RustApi<'_>) -> Result<Vec<RenderedFile>, RenderFault> {
    let parts = rust.config().parts;
    let mut files = Files::default();
    if parts.model {
        model::render(rust, &mut files)?;
    }
    if parts.server {
        server::render(rust, &mut files)?;
    }
    if parts.client {
        client::render(rust, &mut files)?;
    }
    outgoing::render(rust, &mut files)?;
    match &rust.config().layout {
        Layout::Crate { name, runtime } => krate::render(rust, name, runtime, &mut files)?,
        Layout::Tree => krate::render_tree(rust, &mut files)?,
        Layout::Modules { .. } => {}
    }
    Ok(files.files)
}

/// Where the renderers of the parts put their files.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<RenderedFile>,
}

impl Files {
    /// Renders a template into the file at `path`.
    ///
    /// # Errors
    /// If the template fails.
    pub fn add(
        &mut self,
        path: String,
        template: &'static str,
        values: &impl askama::Template,
    ) -> Result<(), RenderFault> {
        let text = values.render().map_err(|source| RenderFault { template, source })?;
        let text = format!("{}\n", text.trim());
        self.files.push(RenderedFile { path, template, text });
        Ok(())
    }
}

/// A template that fails: a fault of the generator.
#[derive(Debug)]
pub struct RenderFault {
    template: &'static str,
    source: askama::Error,
}

impl std::fmt::Display for RenderFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the template `{}` can't be rendered", self.template)
    }
}

impl std::error::Error for RenderFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
