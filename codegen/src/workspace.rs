//! The generated modules of this workspace's own crates, as `spec/codegen.toml` asks for them.
//!
//! ```toml
//! [api.flink]                                 # module `flink` of planewright-model, -server and -client
//! document = "openapi/flink.yaml"             # relative to this file
//! conventions = "::planewright_server::conventions::Flink"
//! replace = { JobId = "::planewright_model::id::JobId" }
//! ```
//!
//! Each table is a [`ConfigFile`].

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;

use crate::config::{Config, ConfigFile, Layout};
use crate::diagnostic::Diagnostics;
use crate::format::GeneratedFile;
use crate::generate::{GenerateError, generate};
use crate::source::SourceSet;

/// Where the choices stand, relative to the workspace's root.
pub const CONFIGURATION: &str = "spec/codegen.toml";

/// The command that remakes the files.
pub const REMAKE: &str = "cargo xtask codegen";

/// The generated files of the workspace, relative to its root, and what there is to say about the documents.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The files.
    pub files: Vec<GeneratedFile>,
    /// By the name of the API.
    pub diagnostics: IndexMap<String, Diagnostics>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    api: IndexMap<String, ConfigFile>,
}

/// Generates everything in memory, for [`emit::write`](crate::emit::write) or [`emit::check`](crate::emit::check).
///
/// # Errors
/// If the configuration or a document can't be read, or is broken.
pub fn generate_workspace(root: &Path) -> Result<Workspace, WorkspaceError> {
    let path = root.join(CONFIGURATION);
    let text = std::fs::read_to_string(&path)
        .map_err(|source| WorkspaceError::Read { path: path.clone(), source })?;
    let file: File = toml::from_str(&text)
        .map_err(|source| WorkspaceError::Configuration { path: path.clone(), source })?;
    let mut workspace = Workspace::default();
    for (api, entry) in file.api {
        let entry = entry.relative_to(path.parent().unwrap_or(root));
        let Some(document) = entry.document.clone() else { return Err(WorkspaceError::NoDocument { api }) };
        let overlays = entry.overlays.clone();
        let mut config = Config {
            layout: Layout::Modules {
                model: format!("api-model/src/generated/{api}"),
                server: format!("api-server/src/generated/{api}"),
                client: format!("api-client/src/generated/{api}"),
                model_path: format!("::planewright_model::{api}"),
                module: api.clone(),
            },
            remake: REMAKE.to_owned(),
            ..Config::tree()
        };
        entry.apply(&mut config);
        let failed = |source| WorkspaceError::Generate { api: api.clone(), source };
        let sources = SourceSet::load(&document)
            .and_then(|sources| sources.with_overlays(&overlays))
            .map_err(|diagnostics| failed(GenerateError::Document(diagnostics)))?;
        let generated = generate(&config, &sources).map_err(failed)?;
        workspace.files.extend(generated.files);
        workspace.diagnostics.insert(api, generated.diagnostics);
    }
    Ok(workspace)
}

/// Why the workspace's files can't be generated.
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// The configuration can't be read.
    Read {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The configuration isn't right.
    Configuration {
        /// Its path.
        path: PathBuf,
        /// What is wrong.
        source: toml::de::Error,
    },
    /// The configuration names no document for an API.
    NoDocument {
        /// The API.
        api: String,
    },
    /// An API can't be generated.
    Generate {
        /// The API.
        api: String,
        /// Why.
        source: GenerateError,
    },
}

impl fmt::Display for WorkspaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, .. } => write!(f, "`{}` can't be read", path.display()),
            Self::Configuration { path, .. } => write!(f, "`{}` isn't right", path.display()),
            Self::NoDocument { api } => write!(f, "`{api}` has no `document`"),
            Self::Generate { api, source: GenerateError::Document(diagnostics) } => {
                write!(f, "the document of `{api}` can't be used:\n{diagnostics}")
            }
            Self::Generate { api, .. } => write!(f, "`{api}` can't be generated"),
        }
    }
}

impl std::error::Error for WorkspaceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Configuration { source, .. } => Some(source),
            Self::NoDocument { .. } => None,
            Self::Generate { source, .. } => Some(source),
        }
    }
}
