//! Files and what they say: from bytes to values that know where they stand.
//!
//! [`SourceSet`] holds texts, [`Tree`] the values read from them. Everything later refers to a [`Span`] and asks
//! the tree for a [`Location`] when there is something to say.

mod find;
mod json;
mod kept;
mod line_index;
mod load;
mod node;
mod pointer;
mod tree;
mod yaml;

pub use find::{Found, Lost};
pub use line_index::LineIndex;
pub use node::{FileId, Member, Node, NodeIdentity, Object, Span, Value};
pub use pointer::Pointer;
pub(crate) use pointer::percent_decode;
pub use tree::Tree;

use std::path::Path;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Cost, Diagnostic, Diagnostics, Location, Severity, code};

/// The most bytes that a file may have.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// The most files that a document may have.
pub const MAX_FILES: usize = 10_000;

/// How deep values may be nested.
pub const MAX_DEPTH: usize = 192;

/// How many values the aliases of a YAML file may add.
pub const MAX_ALIASED_NODES: usize = 500_000;

/// The files of one document; the first is its root. The default is no file at all, and says nothing.
#[derive(Clone, Debug, Default)]
pub struct SourceSet {
    files: Vec<SourceFile>,
    overlays: Vec<FileId>,
    /// What the file part of a reference means in the file that it stands in, or why it can't be had.
    links: IndexMap<(FileId, String), Result<FileId, String>>,
}

/// A file with its text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    lines: LineIndex,
}

impl SourceSet {
    /// Reads a document from disk, with every file that its references lead to. Nothing is fetched from the net.
    ///
    /// # Errors
    /// One fatal diagnostic if the file can't be read, is too big or isn't UTF-8.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Diagnostics> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let fail = |code: Code, message: String, help: Option<&str>| {
            let location = Location { file: name.clone(), ..Location::default() };
            let help = help.map(str::to_owned);
            let diagnostic = Diagnostic {
                code,
                severity: Severity::Error,
                message,
                location,
                range: 0..0,
                help,
                related: Vec::new(),
                costs: Cost::Run,
            };
            Diagnostics::from(vec![diagnostic])
        };
        let unreadable = |error: std::io::Error| {
            fail(code::UNREADABLE_FILE, format!("the file can't be read: {error}"), None)
        };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > MAX_FILE_BYTES {
            let message = format!("the file has {size} bytes, more than the limit of {MAX_FILE_BYTES}");
            return Err(fail(code::FILE_TOO_BIG, message, None));
        }
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1;
            let message = format!("byte {offset}, in line {line}, isn't UTF-8");
            fail(code::NOT_UTF8, message, Some("save the file as UTF-8"))
        })?;
        let mut set = Self::of(name, text);
        set.follow(&mut load::read_text);
        Ok(set)
    }

    /// A document of one file, already read. `name` stands in messages, and its extension tells JSON from YAML
    /// where the text leaves it open.
    #[must_use]
    pub fn from_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::from_texts(name, text, &IndexMap::new())
    }

    /// A document of several files, already read: the root, and the others by name. References find them as they
    /// would find files: `types/pet.yaml` is `./pet.yaml` for `types/owner.yaml`. Files that no reference leads to
    /// aren't part of the set.
    #[must_use]
    pub fn from_texts(
        name: impl Into<String>,
        text: impl Into<String>,
        others: &IndexMap<String, String>,
    ) -> Self {
        let mut set = Self::of(name.into(), text.into());
        set.follow(&mut |name| {
            others.get(name).cloned().ok_or_else(|| format!("there is no `{name}` among the texts"))
        });
        set
    }

    fn of(name: String, text: String) -> Self {
        Self { files: vec![SourceFile::new(name, text)], overlays: Vec::new(), links: IndexMap::new() }
    }

    /// What the file part of a reference means in the file `from`; `None` if there was no such reference.
    pub(crate) fn linked(&self, from: FileId, reference: &str) -> Option<Result<FileId, &str>> {
        let link = self.links.get(&(from, reference.to_owned()))?;
        Some(link.as_ref().map(|file| *file).map_err(String::as_str))
    }

    /// Adds overlays, which are applied to the document in this order.
    ///
    /// # Errors
    /// As [`SourceSet::load`].
    pub fn with_overlays(mut self, paths: &[impl AsRef<Path>]) -> Result<Self, Diagnostics> {
        for path in paths {
            let loaded = Self::load(path)?;
            if let Some(file) = loaded.files.into_iter().next() {
                self = self.with_overlay_text(file.name, file.text);
            }
        }
        self.follow(&mut load::read_text);
        Ok(self)
    }

    /// Adds an overlay that has been read already.
    #[must_use]
    pub fn with_overlay_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.overlays.push(FileId(self.files.len() as u32));
        self.files.push(SourceFile::new(name.into(), text.into()));
        self
    }

    /// The overlays, in the order in which they are applied.
    #[must_use]
    pub fn overlays(&self) -> &[FileId] {
        &self.overlays
    }

    /// The files; the first is the root.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The file with this name.
    #[must_use]
    pub fn file_named(&self, name: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The file with this id, if it is one of this set.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text of these bytes; empty if there are no such bytes.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }
}

impl SourceFile {
    fn new(name: String, text: String) -> Self {
        let lines = LineIndex::new(&text);
        Self { name, text, lines }
    }

    /// Its name, as the user gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where its lines begin.
    #[must_use]
    pub fn lines(&self) -> &LineIndex {
        &self.lines
    }
}
