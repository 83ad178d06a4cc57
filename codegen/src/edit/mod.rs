//! Changes to a document before anything reads it: overlays, then the selection of operations.
//!
//! Both work on the tree of values, whatever the dialect. What an overlay brings keeps its place in the overlay, so that
//! a message about it points there.

mod overlay;
mod select;

use crate::config::Selection;
use crate::diagnostic::Sink;
use crate::source::{SourceSet, Tree};

/// Reads the files, applies the overlays in their order, and leaves out what isn't selected.
#[must_use]
pub fn read<'s>(sources: &'s SourceSet, selection: &Selection, sink: &Sink) -> Tree<'s> {
    let mut tree = Tree::read(sources, sink);
    for overlay in sources.overlays() {
        overlay::apply(&mut tree, *overlay, sink);
    }
    if !selection.is_all() {
        select::apply(&mut tree, selection, sink);
    }
    tree
}
