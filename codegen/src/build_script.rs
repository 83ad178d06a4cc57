//! The front door for build scripts: a document of your own, generated whenever it changes.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     planewright_codegen::build_script::Builder::new("openapi.yaml").run()?;
//!     Ok(())
//! }
//! ```
//!
//! and, in the crate, which depends on `planewright-model` and on `planewright-server` or `planewright-client` as needed:
//!
//! ```text
//! pub mod pets {
//!     planewright_model::include_generated!("openapi");
//! }
//! ```
//!
//! The name is that of the document, without its extension. Renamed types, selected operations and the like stand in the
//! script ([`Builder::configure`]) or in a file ([`Builder::config`]), which `planewright --config` reads just so.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, ConfigFile, Parts, Replacement};
use crate::diagnostic::Diagnostics;
use crate::emit;
use crate::generate::{GenerateError, generate};
use crate::source::SourceSet;

/// Generates one document in a build script.
#[derive(Clone, Debug)]
pub struct Builder {
    document: PathBuf,
    overlays: Vec<PathBuf>,
    file: Option<PathBuf>,
    out: Option<PathBuf>,
    strict: bool,
    config: Config,
}

impl Builder {
    /// All parts of this document; a relative path counts from the package's folder.
    #[must_use]
    pub fn new(document: impl Into<PathBuf>) -> Self {
        let config = Config { remake: "cargo build".to_owned(), ..Config::tree() };
        Self { document: document.into(), overlays: Vec::new(), file: None, out: None, strict: false, config }
    }

    /// Also what this configuration file says, but for the document: [`ConfigFile`] has its keys.
    #[must_use]
    pub fn config(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Changes any choice: `.configure(|config| config.select.exclude_tags.push("admin".to_owned()))`.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Applies an overlay, after those that came before.
    #[must_use]
    pub fn overlay(mut self, overlay: impl Into<PathBuf>) -> Self {
        self.overlays.push(overlay.into());
        self
    }

    /// Fails where there would be a warning.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Only these parts.
    #[must_use]
    pub fn parts(mut self, parts: Parts) -> Self {
        self.config.parts = parts;
        self
    }

    /// Calls the type of a component by this Rust name.
    #[must_use]
    pub fn name(mut self, component: impl Into<String>, name: impl Into<String>) -> Self {
        self.config.names.types.insert(component.into(), name.into());
        self
    }

    /// Uses an existing Rust type for a component.
    #[must_use]
    pub fn replace(mut self, component: impl Into<String>, replacement: Replacement) -> Self {
        self.config.replace.insert(component.into(), replacement);
        self
    }

    /// Writes into this folder instead of one in `OUT_DIR` that is called like the document.
    #[must_use]
    pub fn out_dir(mut self, out: impl Into<PathBuf>) -> Self {
        self.out = Some(out.into());
        self
    }

    /// Generates, and tells Cargo to come back when the document changes. Warnings become Cargo's.
    ///
    /// # Errors
    /// If the document can't be used, or the folder can't be written.
    pub fn run(mut self) -> Result<(), BuildError> {
        let watch = |path: &Path| println!("cargo::rerun-if-changed={}", path.display());
        watch(&self.document);
        let mut overlays = Vec::new();
        if let Some(path) = &self.file {
            watch(path);
            let file = ConfigFile::load(path).map_err(BuildError::Config)?;
            overlays.clone_from(&file.overlays);
            file.apply(&mut self.config);
        }
        overlays.append(&mut self.overlays);
        overlays.iter().for_each(|overlay| watch(overlay));
        let out = match self.out {
            Some(out) => out,
            None => {
                let out = std::env::var_os("OUT_DIR").ok_or(BuildError::NoOutDir)?;
                Path::new(&out).join(self.document.file_stem().unwrap_or_default())
            }
        };
        let sources = SourceSet::load(&self.document)
            .and_then(|sources| sources.with_overlays(&overlays))
            .map_err(BuildError::Document)?;
        for file in sources.files() {
            watch(Path::new(file.name()));
        }
        let generated = generate(&self.config, &sources).map_err(|error| match error {
            GenerateError::Document(diagnostics) => BuildError::Document(diagnostics),
            other => BuildError::Generate(other),
        })?;
        if self.strict && !generated.diagnostics.is_empty() {
            return Err(BuildError::Document(generated.diagnostics));
        }
        for diagnostic in &generated.diagnostics {
            println!("cargo::warning={}", crate::diagnostic::render_line(diagnostic).replace('\n', " "));
        }
        emit::write(&out, &generated.files).map_err(BuildError::Write)?;
        Ok(())
    }
}

/// Why a build script can't generate.
#[non_exhaustive]
pub enum BuildError {
    /// Cargo sets `OUT_DIR`; this isn't a build script.
    NoOutDir,
    /// The configuration file can't be used.
    Config(ConfigError),
    /// The document can't be used.
    Document(Diagnostics),
    /// The generator has a fault.
    Generate(GenerateError),
    /// The folder can't be written.
    Write(io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOutDir => f.write_str("`OUT_DIR` isn't set: this is no build script"),
            Self::Config(_) => f.write_str("the configuration can't be used"),
            Self::Document(diagnostics) => write!(f, "the document can't be used\n{diagnostics}"),
            Self::Generate(_) => f.write_str("the generator can't go on"),
            Self::Write(_) => f.write_str("the generated files can't be written"),
        }
    }
}

/// As `Display` with the causes: `main` of a build script prints errors so.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoOutDir | Self::Document(_) => None,
            Self::Config(error) => Some(error),
            Self::Generate(error) => Some(error),
            Self::Write(error) => Some(error),
        }
    }
}
