//! Which vertices of a directed graph lie on a common cycle.

/// For each vertex the number of its strongly connected component, and for each component whether it has a cycle.
///
/// Without recursion, so that no document is too deep.
pub(super) fn components(edges: &[Vec<usize>]) -> Components {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for &to in targets {
            reversed[to].push(from);
        }
    }
    let mut numbers = vec![usize::MAX; edges.len()];
    let mut cyclic = Vec::new();
    for &root in finished(edges).iter().rev() {
        if numbers[root] != usize::MAX {
            continue;
        }
        let number = cyclic.len();
        let mut size = 0;
        let mut pending = vec![root];
        numbers[root] = number;
        while let Some(vertex) = pending.pop() {
            size += 1;
            for &next in &reversed[vertex] {
                if numbers[next] == usize::MAX {
                    numbers[next] = number;
                    pending.push(next);
                }
            }
        }
        cyclic.push(size > 1 || edges[root].contains(&root));
    }
    Components { numbers, cyclic }
}

/// The strongly connected components of a graph.
pub(super) struct Components {
    numbers: Vec<usize>,
    cyclic: Vec<bool>,
}

impl Components {
    /// Whether the vertex lies on a cycle.
    pub(super) fn on_cycle(&self, vertex: usize) -> bool {
        self.cyclic[self.numbers[vertex]]
    }

    /// Whether one cycle goes through both vertices.
    pub(super) fn share_cycle(&self, one: usize, other: usize) -> bool {
        self.numbers[one] == self.numbers[other] && self.on_cycle(one)
    }
}

/// The vertices in the order in which a depth-first search leaves them.
fn finished(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(edges.len());
    let mut seen = vec![false; edges.len()];
    for root in 0..edges.len() {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((vertex, next)) = path.last_mut() {
            match edges[*vertex].get(*next) {
                Some(&target) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[target], true) {
                        path.push((target, 0));
                    }
                }
                None => {
                    order.push(*vertex);
                    path.pop();
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_told_from_mere_paths() {
        // 0 → 1 → 2 → 1, 3 → 3, 4 → 0
        let found = components(&[vec![1], vec![2], vec![1], vec![3], vec![0]]);
        assert!(!found.on_cycle(0) && !found.on_cycle(4));
        assert!(found.share_cycle(1, 2) && found.on_cycle(3));
        assert!(!found.share_cycle(1, 3) && !found.share_cycle(0, 1));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Vec<_> =
            (0..1_000_000).map(|vertex| if vertex == 0 { vec![] } else { vec![vertex - 1] }).collect();
        assert!(!components(&edges).on_cycle(999_999));
    }
}
