//! From a path to an operation: one pass over the path, no allocation.
//!
//! A [`RouteTable`] is constant data that the generator writes: a tree with a node for each path segment.
//! At each node literal segments are tried before templates, and a literal never hides a template: with
//! `/a/b/c` and `/a/{x}/d` declared, `/a/b/d` names the second. Each node is reached by one path only, so
//! going back costs at most one visit of each node.
//!
//! Segments are split first and percent-decoded afterwards, so `%2F` stays inside its segment.

use http::Method;
use memchr::memchr;

use crate::rejection::RouteRejection;

/// The routes of one API. `O` names an operation; `N` is the largest number of parameters on one path.
#[derive(Debug)]
pub struct RouteTable<O: 'static, const N: usize> {
    /// Prefixes under which every path is served, split at their slashes, longest first. Without an empty one
    /// no path is served at the root.
    pub base_paths: &'static [&'static [&'static str]],
    /// The tree. The first node is the root.
    pub nodes: &'static [Node<O>],
}

/// A point in the tree of paths.
#[derive(Debug)]
pub struct Node<O: 'static> {
    /// The path so far, for whoever reads the table.
    pub path: &'static str,
    /// Fixed next segments, percent-decoded, in byte order, with the index of their node.
    pub literals: &'static [(&'static str, u16)],
    /// Templated next segments, those with the most fixed text first, with the index of their node.
    pub templates: &'static [(&'static [Piece], u16)],
    /// The operations of the path that ends here, by method; empty if none does.
    pub operations: &'static [(Method, O)],
    /// The value of `Allow` for the path that ends here.
    pub allow: &'static str,
}

/// A part of a templated segment: `{id}.json` has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Fixed text, compared as it stands in the request.
    Text(&'static str),
    /// The value of a parameter, at least one byte.
    Parameter,
}

/// Where the parameters of a path lie in it, in the order of the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captures<const N: usize> {
    ranges: [(u32, u32); N],
    escaped: bool,
}

/// Which operation a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<O: 'static> {
    /// This one; for HEAD, mostly the one for GET.
    Operation(O),
    /// None: the request asks what the path offers, which is this value of `Allow`.
    Options(&'static str),
}

impl<const N: usize> Captures<N> {
    /// Whether the path has a percent escape anywhere.
    #[must_use]
    pub fn are_escaped(&self) -> bool {
        self.escaped
    }

    /// The text of a parameter as it stands in `path`, the path that was matched; empty if there is no such
    /// parameter.
    #[must_use]
    pub fn get<'p>(&self, index: usize, path: &'p str) -> &'p str {
        self.ranges
            .get(index)
            .and_then(|&(start, end)| path.get(start as usize..end as usize))
            .unwrap_or_default()
    }

    fn set(&mut self, index: usize, start: usize, end: usize) -> bool {
        match (self.ranges.get_mut(index), u32::try_from(end)) {
            (Some(slot), Ok(end)) => {
                *slot = (start as u32, end);
                true
            }
            _ => false,
        }
    }
}

impl<O: Copy, const N: usize> RouteTable<O, N> {
    /// Finds the operation for a method and a path.
    ///
    /// With `ignore_empty_segments`, `/a//b/` is `/a/b`. HEAD falls back to GET; OPTIONS is answered for every
    /// path that exists.
    ///
    /// # Errors
    /// `Malformed` for a broken percent escape, `NotFound` if no template matches the path, and
    /// `MethodNotAllowed` if one does without this method.
    pub fn find(
        &self,
        method: &Method,
        path: &str,
        ignore_empty_segments: bool,
    ) -> Result<(Choice<O>, Captures<N>), RouteRejection> {
        let path = path.as_bytes();
        let escaped = memchr(b'%', path).is_some();
        if escaped && !escapes_are_valid(path) {
            return Err(RouteRejection::Malformed);
        }
        let mut walk = Walk {
            nodes: self.nodes,
            path,
            ignore_empty_segments,
            captures: Captures { ranges: [(0, 0); N], escaped },
        };
        let node = self
            .base_paths
            .iter()
            .find_map(|base| walk.after_base(base).and_then(|at| walk.descend(0, at, 0)))
            .ok_or(RouteRejection::NotFound)?;
        Ok((node.choose(method)?, walk.captures))
    }
}

impl<O: Copy> Node<O> {
    fn choose(&self, method: &Method) -> Result<Choice<O>, RouteRejection> {
        let named = |wanted: &Method| {
            self.operations.iter().find(|(declared, _)| declared == wanted).map(|&(_, operation)| operation)
        };
        if let Some(operation) = named(method) {
            return Ok(Choice::Operation(operation));
        }
        match *method {
            Method::HEAD => named(&Method::GET).map(Choice::Operation),
            Method::OPTIONS => Some(Choice::Options(self.allow)),
            _ => None,
        }
        .ok_or(RouteRejection::MethodNotAllowed { allow: self.allow })
    }
}

struct Walk<'p, O: 'static, const N: usize> {
    nodes: &'static [Node<O>],
    path: &'p [u8],
    ignore_empty_segments: bool,
    captures: Captures<N>,
}

impl<O, const N: usize> Walk<'_, O, N> {
    /// Where the path goes on after a base path, if it begins with it.
    fn after_base(&self, base: &[&str]) -> Option<usize> {
        let mut at = 0;
        for wanted in base {
            let (start, end) = self.segment(at)?;
            if !self.same(&self.path[start..end], wanted) {
                return None;
            }
            at = end;
        }
        // The path `/` of a document stands behind its base path as a slash, or as nothing.
        Some(if self.path.get(at..) == Some(b"/") { at + 1 } else { at })
    }

    fn descend(&mut self, node: u16, at: usize, captured: usize) -> Option<&'static Node<O>> {
        let nodes = self.nodes;
        let node = nodes.get(usize::from(node))?;
        let Some((start, end)) = self.segment(at) else {
            return (!node.operations.is_empty()).then_some(node);
        };
        if let Some(next) = self.literal(node, start, end)
            && let Some(found) = self.descend(next, end, captured)
        {
            return Some(found);
        }
        node.templates.iter().find_map(|&(pieces, next)| {
            let captured = self.capture(pieces, start, end, captured)?;
            self.descend(next, end, captured)
        })
    }

    /// The segment that follows the slash at `at`.
    fn segment(&self, mut at: usize) -> Option<(usize, usize)> {
        // `/` alone has no segments, unlike `/a/`, which ends in an empty one.
        if self.path.len() <= 1 {
            return None;
        }
        loop {
            let start = at + 1;
            let rest = self.path.get(start..)?;
            // Segments are short: a loop is done before a call to `memchr` has begun.
            let end = start + rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
            if start < end || !self.ignore_empty_segments {
                return Some((start, end));
            }
            at = end;
        }
    }

    fn literal(&self, node: &Node<O>, start: usize, end: usize) -> Option<u16> {
        let text = &self.path[start..end];
        if self.captures.escaped && memchr(b'%', text).is_some() {
            return node.literals.iter().find(|(wanted, _)| self.same(text, wanted)).map(|&(_, next)| next);
        }
        // Few: most differ in length already. Many: in byte order.
        if node.literals.len() <= 8 {
            return node.literals.iter().find(|(wanted, _)| wanted.as_bytes() == text).map(|&(_, next)| next);
        }
        let found = node.literals.binary_search_by(|(wanted, _)| wanted.as_bytes().cmp(text)).ok()?;
        Some(node.literals[found].1)
    }

    fn same(&self, text: &[u8], wanted: &str) -> bool {
        if self.captures.escaped {
            percent_encoding::percent_decode(text).eq(wanted.bytes())
        } else {
            text == wanted.as_bytes()
        }
    }

    /// Matches a templated segment and returns the new number of captures.
    fn capture(&mut self, pieces: &[Piece], start: usize, end: usize, mut captured: usize) -> Option<usize> {
        let mut at = start;
        for (index, piece) in pieces.iter().enumerate() {
            let rest = &self.path[at..end];
            match (piece, &pieces[index + 1..]) {
                (Piece::Text(text), _) => {
                    rest.strip_prefix(text.as_bytes())?;
                    at += text.len();
                    continue;
                }
                (Piece::Parameter, []) => at = end,
                // The last text ends the segment, so it is looked for from there.
                (Piece::Parameter, [Piece::Text(text)]) => {
                    at += rest.strip_suffix(text.as_bytes())?.len();
                }
                (Piece::Parameter, [Piece::Text(text), ..]) => {
                    at += 1 + memchr::memmem::find(rest.get(1..)?, text.as_bytes())?;
                }
                (Piece::Parameter, [Piece::Parameter, ..]) => at += 1,
            }
            let from = end - rest.len();
            if at <= from || at > end || !self.captures.set(captured, from, at) {
                return None;
            }
            captured += 1;
        }
        (at == end).then_some(captured)
    }
}

fn escapes_are_valid(path: &[u8]) -> bool {
    let mut rest = path;
    while let Some(at) = memchr(b'%', rest) {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[at + 3..],
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
