use std::cell::OnceCell;

use super::find::Names;
use super::kept::Kept;
use super::{FileId, Node, Pointer, SourceSet, Span, Value, json, yaml};
use crate::diagnostic::{Cost, Location, Problem, Sink, code};

/// The values of the files of a [`SourceSet`].
#[derive(Debug)]
pub struct Tree<'s> {
    sources: &'s SourceSet,
    roots: Vec<Option<Node>>,
    kept: Kept,
    names: OnceCell<Names>,
}

impl<'s> Tree<'s> {
    /// Reads every file, JSON or YAML. A file that is neither is reported and has no value.
    #[must_use]
    pub fn read(sources: &'s SourceSet, sink: &Sink) -> Self {
        let read = |(index, file): (usize, &super::SourceFile)| {
            let id = FileId(index as u32);
            if id == FileId::ROOT || sources.overlays().contains(&id) {
                return read_file(id, file.name(), file.text(), sink);
            }
            let cost = Cost::File(file.name().to_owned());
            sink.within(cost, || read_file(id, file.name(), file.text(), sink))
        };
        Self {
            sources,
            roots: sources.files().iter().enumerate().map(read).collect(),
            kept: Kept::default(),
            names: OnceCell::new(),
        }
    }

    /// The texts.
    #[must_use]
    pub fn sources(&self) -> &'s SourceSet {
        self.sources
    }

    /// The value of the root file, if it could be read.
    #[must_use]
    pub fn root(&self) -> Option<&Node> {
        self.roots.first()?.as_ref()
    }

    pub(super) fn names(&self) -> &Names {
        let roots = self.roots.iter().enumerate();
        let read = roots.filter_map(|(index, root)| Some((FileId(index as u32), root.as_ref()?)));
        self.names.get_or_init(|| Names::of(read))
    }

    /// What `make` makes of `node`, kept as long as the tree, and the same again when asked again. `what` tells things
    /// made of one node apart.
    pub(crate) fn made_of(
        &self,
        node: &Node,
        what: &'static str,
        make: impl FnOnce() -> Node,
    ) -> Option<&Node> {
        self.kept.get_or_make(node.identity(), what, make)
    }

    /// The value of the root file, to be changed.
    pub(crate) fn root_mut(&mut self) -> Option<&mut Node> {
        self.roots.first_mut()?.as_mut()
    }

    /// The value of a file, if it could be read.
    #[must_use]
    pub fn root_of(&self, file: FileId) -> Option<&Node> {
        self.roots.get(file.0 as usize)?.as_ref()
    }

    /// What stands at `pointer` in the file `file`. What an overlay brings refers to the root file.
    ///
    /// # Errors
    /// How many tokens led somewhere, if not all did.
    pub fn lookup(&self, file: FileId, pointer: &Pointer) -> Result<&Node, usize> {
        let file = if self.sources.overlays().contains(&file) { FileId::ROOT } else { file };
        let mut node = self.root_of(file).ok_or(0_usize)?;
        for (depth, token) in pointer.tokens().iter().enumerate() {
            let next = match &node.value {
                Value::Object(object) => object.get(token),
                Value::Array(nodes) => token.parse::<usize>().ok().and_then(|index| nodes.get(index)),
                _ => None,
            };
            node = next.ok_or(depth)?;
        }
        Ok(node)
    }

    /// File, line, column and pointer of these bytes. The pointer leads to the innermost value that holds them.
    #[must_use]
    pub fn location(&self, span: Span) -> Location {
        let Some(file) = self.sources.file(span.file) else { return Location::default() };
        let (line, column) = file.lines().position(file.text(), span.start);
        Location { file: file.name().to_owned(), line, column, pointer: self.pointer(span).to_string() }
    }

    /// The way to the innermost value whose text holds these bytes.
    #[must_use]
    pub fn pointer(&self, span: Span) -> Pointer {
        let mut pointer = Pointer::default();
        let mut node = self.roots.get(span.file.0 as usize).and_then(Option::as_ref);
        while let Some(current) = node {
            if current.span == span {
                break;
            }
            node = match &current.value {
                // What an alias added has its text before its key, so its range is empty: the search
                // ends at the anchor, where the text really stands.
                Value::Object(object) => object.iter().find_map(|member| {
                    let whole =
                        Span { end: member.value.span.end.max(member.key_span.end), ..member.key_span };
                    whole.contains(span).then(|| {
                        pointer.push(member.key.as_str());
                        &member.value
                    })
                }),
                Value::Array(nodes) => nodes.iter().enumerate().find_map(|(index, element)| {
                    element.span.contains(span).then(|| {
                        pointer.push(index.to_string());
                        element
                    })
                }),
                _ => None,
            };
        }
        pointer
    }
}

pub(super) fn read_file(file: FileId, name: &str, text: &str, sink: &Sink) -> Option<Node> {
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = &text[skipped..];
    let trimmed = body.trim_start();
    if trimmed.is_empty() {
        Problem::new(code::EMPTY_FILE, Span::new(file, 0, 0), "the file is empty").report(sink);
        return None;
    }
    let lower = name.to_ascii_lowercase();
    if !trimmed.starts_with(['{', '[']) && !lower.ends_with(".json") {
        return yaml::read(file, text, skipped, sink);
    }
    if !(lower.ends_with(".yaml") || lower.ends_with(".yml")) {
        return json::read(file, text, skipped, sink);
    }
    // A YAML file may begin with a flow mapping, which isn't always JSON.
    let before = sink.len();
    json::read(file, text, skipped, sink).or_else(|| {
        sink.truncate(before);
        yaml::read(file, text, skipped, sink)
    })
}
