//! The tree of paths.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ir::{Method, SegmentPart};
use crate::rust::RustApi;

/// The routes of an API.
#[derive(Clone, Debug, Serialize)]
pub struct RoutePlan {
    /// Base paths, longest first, split at their slashes.
    pub base_paths: Vec<Vec<String>>,
    /// The largest number of parameters on one path.
    pub parameters: usize,
    /// The tree; the first node is the root.
    pub nodes: Vec<RouteNode>,
}

/// A point in the tree of paths.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RouteNode {
    /// The path so far, for the reader.
    pub path: String,
    /// Fixed next segments in byte order, with their nodes.
    pub literals: Vec<(String, usize)>,
    /// Templated next segments as expressions, those with the most fixed text first, with their nodes.
    pub templates: Vec<(Vec<String>, usize)>,
    /// Methods and the variants of their operations.
    pub operations: Vec<(&'static str, String)>,
    /// The value of `Allow`.
    pub allow: String,
}

/// The tree while it grows.
#[derive(Default)]
struct Draft {
    path: String,
    literals: BTreeMap<String, usize>,
    templates: Vec<(Vec<Piece>, usize)>,
    operations: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Parameter,
}

/// Decides the routes.
pub(super) fn plan(rust: &RustApi<'_>) -> RoutePlan {
    let api = rust.api();
    let mut drafts = vec![Draft::default()];
    let mut parameters = 0;
    for (index, operation) in api.operations.iter().enumerate() {
        if operation.shadowed_by.is_some() {
            continue;
        }
        let mut at = 0;
        let mut count = 0;
        for segment in &operation.path.segments {
            let pieces: Vec<_> = segment
                .iter()
                .map(|part| match part {
                    SegmentPart::Literal(text) => Piece::Text(text.clone()),
                    SegmentPart::Parameter(_) => Piece::Parameter,
                })
                .collect();
            count += pieces.iter().filter(|piece| **piece == Piece::Parameter).count();
            at = next(&mut drafts, at, pieces);
        }
        parameters = parameters.max(count);
        drafts[at].operations.insert(operation.method.as_str(), rust.operation(index).pascal.clone());
    }
    let mut base_paths: Vec<Vec<String>> = api.base_paths.iter().map(|base| segments(base)).collect();
    base_paths.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    base_paths.dedup();
    RoutePlan { base_paths, parameters, nodes: drafts.into_iter().map(finish).collect() }
}

fn next(drafts: &mut Vec<Draft>, at: usize, pieces: Vec<Piece>) -> usize {
    let new = drafts.len();
    let path = format!("{}/{}", drafts[at].path, shown(&pieces));
    let draft = &mut drafts[at];
    let found = match pieces.as_slice() {
        [] => *draft.literals.entry(String::new()).or_insert(new),
        [Piece::Text(text)] => *draft.literals.entry(text.clone()).or_insert(new),
        _ => match draft.templates.iter().find(|(known, _)| *known == pieces) {
            Some(&(_, node)) => node,
            None => {
                draft.templates.push((pieces, new));
                new
            }
        },
    };
    if found == new {
        drafts.push(Draft { path, ..Draft::default() });
    }
    found
}

fn finish(mut draft: Draft) -> RouteNode {
    draft.templates.sort_by_key(|(pieces, node)| (std::cmp::Reverse(fixed(pieces)), *node));
    let mut allow: Vec<&str> = draft.operations.keys().copied().collect();
    if !allow.is_empty() {
        allow.push(Method::Options.as_str());
        if allow.contains(&Method::Get.as_str()) {
            allow.push(Method::Head.as_str());
        }
        allow.sort_unstable();
        allow.dedup();
    }
    RouteNode {
        path: if draft.path.is_empty() { "/".to_owned() } else { draft.path },
        literals: draft.literals.into_iter().collect(),
        templates: draft
            .templates
            .into_iter()
            .map(|(pieces, node)| (pieces.iter().map(expression).collect(), node))
            .collect(),
        allow: allow.join(", "),
        operations: draft.operations.into_iter().collect(),
    }
}

fn fixed(pieces: &[Piece]) -> usize {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Parameter => 0,
        })
        .sum()
}

fn expression(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => format!("__rt::Piece::Text({text:?})"),
        Piece::Parameter => "__rt::Piece::Parameter".to_owned(),
    }
}

fn shown(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Parameter => "{}",
        })
        .collect()
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}
