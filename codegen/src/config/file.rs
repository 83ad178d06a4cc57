use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;

use super::{Config, Derives, Parts, Replacement, Selection};

/// The choices as they stand in a file: what `planewright --config`, build scripts and this workspace read alike.
///
/// `docs/configuration.md` explains each key. An unknown one is an error, with its place.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    /// The document; a relative path counts from the file's folder.
    pub document: Option<PathBuf>,
    /// Overlays, in the order in which they are applied; relative paths count from the file's folder.
    pub overlays: Vec<PathBuf>,
    /// The name of the generated package.
    pub package: Option<String>,
    /// A checkout of Planewright to depend on; a relative path counts from the file's folder.
    pub runtime: Option<PathBuf>,
    /// Which parts are generated; all if not given.
    pub emit: Option<Vec<Part>>,
    /// See [`Config::conventions`].
    pub conventions: Option<String>,
    /// See [`Names::types`](super::Names::types).
    pub names: IndexMap<String, String>,
    /// See [`Names::operations`](super::Names::operations).
    pub operations: IndexMap<String, String>,
    /// See [`Names::members`](super::Names::members).
    pub members: IndexMap<String, IndexMap<String, String>>,
    /// See [`Config::replace`].
    pub replace: IndexMap<String, Replacement>,
    /// See [`Config::derives`].
    pub derives: Derives,
    /// See [`Config::select`].
    pub select: Selection,
}

/// A part by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The types on the wire.
    Model,
    /// The traits, and the way from a request to them.
    Server,
    /// The typed client.
    Client,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// If it can't be read, isn't TOML, or has a key that there isn't.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let file: Self = toml::from_str(&text)
            .map_err(|source| ConfigError::Wrong { path: path.to_owned(), source: Box::new(source) })?;
        Ok(file.relative_to(path.parent().unwrap_or(Path::new(""))))
    }

    /// The same with every relative path counted from `folder`.
    #[must_use]
    pub fn relative_to(mut self, folder: &Path) -> Self {
        let paths = self.document.iter_mut().chain(&mut self.overlays).chain(&mut self.runtime);
        for path in paths {
            *path = folder.join(&*path);
        }
        self
    }

    /// Sets what the file chooses about the output. What it says about the input, and about the package, is left to
    /// the caller.
    pub fn apply(self, config: &mut Config) {
        if let Some(parts) = self.emit {
            config.parts = Parts::of(&parts);
        }
        if self.conventions.is_some() {
            config.conventions = self.conventions;
        }
        config.names.types.extend(self.names);
        config.names.operations.extend(self.operations);
        for (component, members) in self.members {
            config.names.members.entry(component).or_default().extend(members);
        }
        config.replace.extend(self.replace);
        config.derives.all.extend(self.derives.all);
        config.derives.types.extend(self.derives.types);
        config.select.extend(self.select);
    }
}

impl Parts {
    /// The parts in the list.
    #[must_use]
    pub fn of(parts: &[Part]) -> Self {
        Self {
            model: parts.contains(&Part::Model),
            server: parts.contains(&Part::Server),
            client: parts.contains(&Part::Client),
        }
    }
}

/// Why a configuration file can't be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// It can't be read.
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It isn't TOML, or not what is expected in one.
    Wrong {
        /// Its path.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, .. } => write!(f, "`{}` can't be read", path.display()),
            Self::Wrong { path, .. } => write!(f, "`{}` isn't right", path.display()),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            Self::Wrong { source, .. } => Some(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        for (text, place) in [
            ("document = 'a.yaml'\ndocumnet = 1\n", "line 2, column 1"),
            ("[select]\nexclude-tag = ['a']\n", "line 2, column 1"),
            ("[derives]\nevery = ['Eq']\n", "line 2, column 1"),
            ("emit = ['models']\n", "line 1"),
        ] {
            let error = toml::from_str::<ConfigFile>(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
        }
    }

    #[test]
    fn paths_count_from_the_file() {
        let file: ConfigFile =
            toml::from_str("document = 'a.yaml'\noverlays = ['b.yaml', '/c.yaml']").unwrap();
        let file = file.relative_to(Path::new("apis"));
        assert_eq!(file.document, Some("apis/a.yaml".into()));
        assert_eq!(file.overlays, [PathBuf::from("apis/b.yaml"), "/c.yaml".into()]);
    }
}
