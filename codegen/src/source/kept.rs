use std::cell::{Cell, OnceCell, RefCell};

use indexmap::IndexMap;

use super::{Node, NodeIdentity};

/// Nodes that a reader makes out of those of a file, each kept as long as the tree.
///
/// They stand in chunks that double in size and are never moved, so that what is handed out stays where it is.
#[derive(Debug, Default)]
pub(super) struct Kept {
    chunks: [OnceCell<Vec<OnceCell<Node>>>; 24],
    length: Cell<usize>,
    /// Which node was made of which.
    made: RefCell<IndexMap<(NodeIdentity, &'static str), usize>>,
}

impl Kept {
    /// What `make` makes of the node `of`; once made, the same again. `what` tells things made of one node apart.
    pub(super) fn get_or_make(
        &self,
        of: NodeIdentity,
        what: &'static str,
        make: impl FnOnce() -> Node,
    ) -> Option<&Node> {
        let known = self.made.borrow().get(&(of, what)).copied();
        if let Some(at) = known {
            return self.cell(at)?.get();
        }
        let node = make();
        let at = self.length.get();
        let kept = self.cell(at)?.get_or_init(|| node);
        self.length.set(at + 1);
        self.made.borrow_mut().insert((of, what), at);
        Some(kept)
    }

    /// The place with this number; `None` beyond sixteen million.
    fn cell(&self, at: usize) -> Option<&OnceCell<Node>> {
        let chunk = (at + 1).ilog2() as usize;
        let size = 1_usize << chunk;
        let cells = self.chunks.get(chunk)?.get_or_init(|| (0..size).map(|_| OnceCell::new()).collect());
        cells.get(at + 1 - size)
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::source::{Node, Span, Value};

    #[test]
    fn keeps_each_where_it_is() {
        let kept = Kept::default();
        let origins: Vec<Node> =
            (0..100).map(|_| Node { value: Value::Null, span: Span::default() }).collect();
        let make = |number: usize| Node { value: Value::String(number.to_string()), span: Span::default() };
        let first: Vec<&Node> = origins
            .iter()
            .enumerate()
            .map(|(number, origin)| kept.get_or_make(origin.identity(), "test", || make(number)).unwrap())
            .collect();
        for (number, origin) in origins.iter().enumerate() {
            let again = kept.get_or_make(origin.identity(), "test", || make(0)).unwrap();
            assert_eq!(again.identity(), first[number].identity());
            assert_eq!(again.as_str(), Some(number.to_string().as_str()));
        }
    }
}
