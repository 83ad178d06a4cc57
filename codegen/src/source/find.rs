//! Where references lead.

use indexmap::IndexMap;

use super::load::is_remote;
use super::{FileId, Node, Pointer, Tree, Value, percent_decode};

/// What a reference leads to.
#[derive(Clone, Debug)]
pub struct Found<'t> {
    /// The value.
    pub node: &'t Node,
    /// The file that it stands in.
    pub file: FileId,
    /// The way to it from the root of that file.
    pub pointer: Pointer,
}

/// Why a reference leads nowhere.
#[derive(Clone, Debug)]
pub enum Lost {
    /// It names something in the net.
    Remote,
    /// The file can't be had, for this reason.
    File(String),
    /// What is behind `#` is neither a pointer nor an anchor's name.
    NotAPointer,
    /// Only so many members of the way are there.
    Nowhere {
        /// The file that it leads into.
        file: FileId,
        /// The way.
        pointer: Pointer,
        /// How many members of the way are there.
        depth: usize,
    },
}

/// Schemas by the names that they give themselves (`$id`, `$anchor`).
#[derive(Debug, Default)]
pub(super) struct Names {
    by_id: IndexMap<String, (FileId, Pointer)>,
    by_anchor: IndexMap<(FileId, String), Pointer>,
}

impl Tree<'_> {
    /// Follows a reference that stands in the file `from`.
    ///
    /// # Errors
    /// If it leads nowhere.
    pub fn find(&self, from: FileId, reference: &str) -> Result<Found<'_>, Lost> {
        let (name, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        // What an overlay brings refers to the document.
        let own = if self.sources().overlays().contains(&from) { FileId::ROOT } else { from };
        let (file, base) = match name {
            "" => (own, Pointer::default()),
            name => match self.sources().linked(from, name) {
                Some(Ok(file)) => (file, Pointer::default()),
                other => match (self.names().by_id.get(name), other) {
                    (Some((file, base)), _) => (*file, base.clone()),
                    (None, _) if is_remote(name) => return Err(Lost::Remote),
                    (None, Some(Err(reason))) => return Err(Lost::File(reason.to_owned())),
                    (None, _) => return Err(Lost::File(format!("`{name}` wasn't read"))),
                },
            },
        };
        if reference.is_empty() {
            return Err(Lost::NotAPointer);
        }
        let pointer = if fragment.is_empty() || fragment.starts_with('/') {
            let way = Pointer::parse_fragment(fragment).ok_or(Lost::NotAPointer)?;
            base.then(&way)
        } else {
            let anchor = percent_decode(fragment).ok_or(Lost::NotAPointer)?;
            match self.names().by_anchor.get(&(file, anchor)) {
                Some(pointer) => pointer.clone(),
                // Some begin with the name of a member at once.
                None => return Err(Lost::NotAPointer),
            }
        };
        match self.lookup(file, &pointer) {
            Ok(node) => Ok(Found { node, file, pointer }),
            Err(depth) => Err(Lost::Nowhere { file, pointer, depth }),
        }
    }
}

impl Names {
    pub(super) fn of<'n>(roots: impl Iterator<Item = (FileId, &'n Node)>) -> Self {
        let mut names = Self::default();
        for (file, root) in roots {
            names.collect(file, root, &mut Pointer::default());
        }
        names
    }

    fn collect(&mut self, file: FileId, node: &Node, at: &mut Pointer) {
        match &node.value {
            Value::Object(object) => {
                if let Some(id) = object.get("$id").and_then(Node::as_str) {
                    let id = id.trim_end_matches('#').to_owned();
                    self.by_id.entry(id).or_insert_with(|| (file, at.clone()));
                }
                for key in ["$anchor", "$dynamicAnchor"] {
                    if let Some(anchor) = object.get(key).and_then(Node::as_str) {
                        self.by_anchor.entry((file, anchor.to_owned())).or_insert_with(|| at.clone());
                    }
                }
                for member in object.iter() {
                    at.push(member.key.as_str());
                    self.collect(file, &member.value, at);
                    at.pop();
                }
            }
            Value::Array(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    at.push(index.to_string());
                    self.collect(file, node, at);
                    at.pop();
                }
            }
            _ => {}
        }
    }
}
