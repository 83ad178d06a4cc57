//! What `generate`, `check` and `dump` have in common: which document, which choices, how messages are told.

use std::io::IsTerminal;
use std::path::PathBuf;

use planewright_codegen::config::{Config, ConfigFile};
use planewright_codegen::diagnostic::{Diagnostics, Severity, render, render_line, to_json};
use planewright_codegen::ir::Api;
use planewright_codegen::lower::lower_with;
use planewright_codegen::source::SourceSet;

use crate::Failure;
use crate::arguments::{Input, MessageFormat};
use crate::progress::{clear, count, doing, step};

/// A document with everything that was chosen about it.
pub(crate) struct Read {
    /// The document and its overlays.
    pub(crate) sources: SourceSet,
    /// The choices.
    pub(crate) config: Config,
    /// What the configuration calls the package.
    pub(crate) package: Option<String>,
    /// What the configuration says about where the runtime is.
    pub(crate) runtime: Option<PathBuf>,
    format: MessageFormat,
    strict: bool,
    errors: std::cell::Cell<usize>,
}

impl Read {
    /// Reads the files.
    pub(crate) fn new(input: &Input) -> Result<Self, Failure> {
        let mut file = match &input.config {
            Some(path) => {
                ConfigFile::load(path).map_err(|error| Failure::could_not("the configuration", &error))?
            }
            None => ConfigFile::default(),
        };
        let Some(document) = input.document.clone().or_else(|| file.document.take()) else {
            return Err(Failure::new(
                Failure::USAGE,
                "no document: the configuration doesn't name one either",
            ));
        };
        let overlays: Vec<PathBuf> = file.overlays.drain(..).chain(input.overlay.iter().cloned()).collect();
        let (package, runtime) = (file.package.take(), file.runtime.take());
        let mut config = Config::tree();
        file.apply(&mut config);
        config.select.include_tags.extend_from_slice(&input.include_tag);
        config.select.exclude_tags.extend_from_slice(&input.exclude_tag);
        config.select.include_operations.extend_from_slice(&input.include_operation);
        config.select.exclude_operations.extend_from_slice(&input.exclude_operation);
        let mut read = Self {
            sources: SourceSet::default(),
            config,
            package,
            runtime,
            format: input.message_format,
            strict: input.strict,
            errors: 0.into(),
        };
        doing("reading", document.display());
        match SourceSet::load(&document).and_then(|sources| sources.with_overlays(&overlays)) {
            Ok(sources) => read.sources = sources,
            Err(diagnostics) => {
                read.print(&diagnostics);
                return Err(Failure::said(Failure::COULD_NOT_RUN));
            }
        }
        Ok(read)
    }

    /// The file's name.
    pub(crate) fn name(&self) -> &str {
        self.sources.files().first().map_or("", |file| file.name())
    }

    /// Whether messages are for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.format == MessageFormat::Json
    }

    /// How many errors were told.
    pub(crate) fn errors(&self) -> usize {
        self.errors.get()
    }

    /// What the document means. Tells what was read and what there is to say about it.
    pub(crate) fn api(&self) -> Result<Api, Failure> {
        let (api, diagnostics) = lower_with(&self.config, &self.sources);
        if let Some(api) = api.as_ref().filter(|_| !self.is_json()) {
            let (operations, types) = (api.operations.len(), api.types.len());
            step(
                "read",
                format_args!("{}, {}, {}", api.dialect, count(operations, "operation"), count(types, "type")),
            );
        }
        self.tell(&diagnostics)?;
        api.ok_or(Failure::said(Failure::CHECKED))
    }

    /// Tells the messages. With `--strict` any is a failure.
    pub(crate) fn tell(&self, diagnostics: &Diagnostics) -> Result<(), Failure> {
        self.print(diagnostics);
        let errors = diagnostics.iter().filter(|diagnostic| self.is_error(diagnostic.severity)).count();
        self.errors.set(errors);
        if !diagnostics.is_empty() && !self.is_json() {
            let warnings = diagnostics.len() - errors;
            step("found", format_args!("{}, {}", count(errors, "error"), count(warnings, "warning")));
        }
        if self.strict && errors > 0 { Err(Failure::said(Failure::CHECKED)) } else { Ok(()) }
    }

    fn is_error(&self, severity: Severity) -> bool {
        self.strict || severity == Severity::Error
    }

    /// On a terminal each with its source line; in a pipe a line each.
    fn print(&self, diagnostics: &Diagnostics) {
        clear();
        let terminal = std::io::stderr().is_terminal();
        for diagnostic in diagnostics.iter() {
            let mut diagnostic = diagnostic.clone();
            if self.is_error(diagnostic.severity) {
                diagnostic.severity = Severity::Error;
            }
            match self.format {
                MessageFormat::Json => eprintln!("{}", to_json(&diagnostic, &self.sources)),
                MessageFormat::Human if terminal => eprintln!("{}\n", render(&diagnostic, &self.sources)),
                MessageFormat::Human => eprintln!("{}", render_line(&diagnostic)),
            }
        }
    }
}
