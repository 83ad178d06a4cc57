use std::fmt;

use crate::config::Config;
use crate::diagnostic::Diagnostics;
use crate::format::{FormatFault, GeneratedFile, format};
use crate::ir::Api;
use crate::lower::lower_with;
use crate::render::{RenderFault, render};
use crate::rust::RustApi;
use crate::source::SourceSet;

/// What became of a document.
#[derive(Debug)]
pub struct Generated {
    /// The files, relative to the output's root.
    pub files: Vec<GeneratedFile>,
    /// What the document means.
    pub api: Api,
    /// What there is to say about the document: warnings, and the operations that were left out.
    pub diagnostics: Diagnostics,
}

/// From texts to files, in memory: the whole generator.
///
/// # Errors
/// If the document is broken as a whole. A broken operation is left out instead, with a diagnostic.
pub fn generate(config: &Config, sources: &SourceSet) -> Result<Generated, GenerateError> {
    let (api, diagnostics) = lower_with(config, sources);
    match api {
        Some(api) => Ok(Generated { files: generate_api(config, &api)?, api, diagnostics }),
        None => Err(GenerateError::Document(diagnostics)),
    }
}

/// From a document's meaning to files: the back half.
///
/// # Errors
/// Only by a fault of the generator.
pub fn generate_api(config: &Config, api: &Api) -> Result<Vec<GeneratedFile>, Fault> {
    let rendered = render(&RustApi::new(api, config)).map_err(Fault::Render)?;
    format(rendered, &config.remake).map_err(Fault::Format)
}

/// Why nothing was generated.
#[derive(Debug)]
#[non_exhaustive]
pub enum GenerateError {
    /// The document is broken as a whole.
    Document(Diagnostics),
    /// The generator is.
    Fault(Fault),
}

/// A fault of the generator, whatever the document.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// A template failed.
    Render(RenderFault),
    /// A template made something that isn't Rust.
    Format(FormatFault),
}

impl From<Fault> for GenerateError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(_) => f.write_str("the document can't be used"),
            Self::Fault(_) => f.write_str("the generator has a fault; please report it with the document"),
        }
    }
}

impl std::error::Error for GenerateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Document(_) => None,
            Self::Fault(fault) => Some(fault),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Render(fault) => fault.fmt(f),
            Self::Format(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Render(fault) => fault.source(),
            Self::Format(fault) => fault.source(),
        }
    }
}
