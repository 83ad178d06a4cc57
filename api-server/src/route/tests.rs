use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A path template: literal segments, or pieces.
type Template = Vec<Vec<Piece>>;

/// The table of these templates, built as the generator builds it. The operation is the index of the template.
fn table(
    templates: &[(Method, Template)],
    bases: &'static [&'static [&'static str]],
) -> RouteTable<usize, 4> {
    #[derive(Default)]
    struct Draft {
        literals: BTreeMap<&'static str, u16>,
        templates: Vec<(&'static [Piece], u16)>,
        operations: Vec<(Method, usize)>,
    }
    let mut drafts = vec![Draft::default()];
    for (index, (method, template)) in templates.iter().enumerate() {
        let mut at = 0;
        for segment in template {
            let new = drafts.len() as u16;
            let draft = &mut drafts[at];
            let next = match segment.as_slice() {
                [Piece::Text(text)] => *draft.literals.entry(text).or_insert(new),
                pieces => match draft.templates.iter().find(|(known, _)| *known == pieces) {
                    Some(&(_, next)) => next,
                    None => {
                        draft.templates.push((Box::leak(pieces.to_vec().into_boxed_slice()), new));
                        new
                    }
                },
            };
            if next == new {
                drafts.push(Draft::default());
            }
            at = usize::from(next);
        }
        if !drafts[at].operations.iter().any(|(known, _)| known == method) {
            drafts[at].operations.push((method.clone(), index));
        }
    }
    let nodes: Vec<Node<usize>> = drafts
        .into_iter()
        .map(|mut draft| {
            draft.templates.sort_by_key(|(pieces, next)| (std::cmp::Reverse(fixed(pieces)), *next));
            Node {
                path: "",
                literals: Box::leak(draft.literals.into_iter().collect::<Vec<_>>().into_boxed_slice()),
                templates: Box::leak(draft.templates.into_boxed_slice()),
                operations: Box::leak(draft.operations.into_boxed_slice()),
                allow: "GET, HEAD, OPTIONS",
            }
        })
        .collect();
    RouteTable { base_paths: bases, nodes: Box::leak(nodes.into_boxed_slice()) }
}

fn fixed(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum()
}

/// The reference: splits, decodes and compares every template, then prefers literals from the left.
fn naive(templates: &[(Method, Template)], path: &str) -> Option<Template> {
    let segments: Vec<&str> = match path {
        "/" => Vec::new(),
        path => path[1..].split('/').collect(),
    };
    templates
        .iter()
        .map(|(_, template)| template)
        .filter(|template| {
            template.len() == segments.len()
                && template.iter().zip(&segments).all(|(pieces, segment)| match pieces.as_slice() {
                    [Piece::Text(text)] => {
                        percent_encoding::percent_decode_str(segment).collect::<Vec<_>>() == text.as_bytes()
                    }
                    [Piece::Parameter] => !segment.is_empty(),
                    [Piece::Parameter, Piece::Text(end)] => {
                        segment.len() > end.len() && segment.ends_with(end)
                    }
                    _ => unreachable!(),
                })
        })
        .min_by_key(|template| {
            template
                .iter()
                .map(|pieces| match pieces.as_slice() {
                    [Piece::Text(_)] => (0, 0),
                    pieces => (1, usize::MAX - fixed(pieces)),
                })
                .collect::<Vec<_>>()
        })
        .cloned()
}

fn segment() -> impl Strategy<Value = Vec<Piece>> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "c", "a.x"]).prop_map(|text| vec![Piece::Text(text)]),
        3 => Just(vec![Piece::Parameter]),
        1 => Just(vec![Piece::Parameter, Piece::Text(".x")]),
    ]
}

fn templates() -> impl Strategy<Value = Vec<(Method, Template)>> {
    prop::collection::vec(prop::collection::vec(segment(), 0..5), 1..12)
        .prop_map(|templates| templates.into_iter().map(|template| (Method::GET, template)).collect())
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec!["a", "b", "c", "d", "a.x", "d.x", ".x", "%61", "d%2Fd", ""]);
    prop::collection::vec(segment, 0..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn the_tree_agrees_with_a_naive_matcher(templates in templates(), path in path()) {
        let table = table(&templates, &[&[]]);
        let found = table.find(&Method::GET, &path, false).ok().map(|(choice, captures)| {
            let Choice::Operation(index) = choice else { panic!("{choice:?}") };
            let parameters = templates[index].1.iter().filter(|pieces| pieces.contains(&Piece::Parameter)).count();
            for capture in 0..parameters {
                assert!(!captures.get(capture, &path).is_empty());
            }
            templates[index].1.clone()
        });
        prop_assert_eq!(found, naive(&templates, &path));
    }

    #[test]
    fn no_path_makes_it_panic(templates in templates(), path: String, ignore: bool) {
        let _ = table(&templates, &[&["v1"], &[]]).find(&Method::GET, &path, ignore);
    }
}

#[test]
fn parameters_are_ranges_of_the_path() {
    let text = Piece::Text;
    let template =
        vec![vec![text("a")], vec![Piece::Parameter], vec![Piece::Parameter, text("..."), Piece::Parameter]];
    let table = table(&[(Method::GET, template)], &[&["v1"], &[]]);
    for path in ["/a/x%2Fy/main...dev", "/v1/a/x%2Fy/main...dev"] {
        let (_, captures) = table.find(&Method::GET, path, false).unwrap();
        assert_eq!([0, 1, 2].map(|index| captures.get(index, path)), ["x%2Fy", "main", "dev"]);
        assert_eq!(captures.get(9, path), "");
    }
}

#[test]
fn empty_segments_are_ignored_if_asked_for() {
    let template = vec![vec![Piece::Text("a")], vec![Piece::Parameter]];
    let table = table(&[(Method::GET, template)], &[&["v1"], &[]]);
    for path in ["/a/x/", "//a//x", "/v1//a/x//"] {
        assert!(table.find(&Method::GET, path, true).is_ok(), "{path}");
        assert_eq!(table.find(&Method::GET, path, false), Err(RouteRejection::NotFound), "{path}");
    }
    assert_eq!(table.find(&Method::GET, "/a//", true), Err(RouteRejection::NotFound));
}

#[test]
fn the_root_stands_behind_a_base_path() {
    let table = table(&[(Method::GET, vec![]), (Method::GET, vec![vec![Piece::Text("a")]])], &[&["v1"], &[]]);
    for path in ["/", "/v1", "/v1/"] {
        assert_eq!(table.find(&Method::GET, path, false).map(|(choice, _)| choice), Ok(Choice::Operation(0)));
    }
    for path in ["/v1//", "/v1/a/", "//"] {
        assert_eq!(table.find(&Method::GET, path, false), Err(RouteRejection::NotFound), "{path}");
    }
}

#[test]
fn bad_escapes_are_malformed() {
    let table = table(&[(Method::GET, vec![vec![Piece::Parameter]])], &[&[]]);
    for path in ["/%ZZ", "/%", "/a%2", "/x%G0"] {
        assert_eq!(table.find(&Method::GET, path, true), Err(RouteRejection::Malformed), "{path}");
    }
}

#[test]
fn methods_that_are_not_declared() {
    let table = table(&[(Method::GET, vec![vec![Piece::Text("a")]])], &[&[]]);
    let find = |method: &Method| table.find(method, "/a", false).map(|(choice, _)| choice);
    assert_eq!(find(&Method::HEAD), Ok(Choice::Operation(0)));
    assert_eq!(find(&Method::OPTIONS), Ok(Choice::Options("GET, HEAD, OPTIONS")));
    let brew = Method::from_bytes(b"BREW").unwrap();
    assert_eq!(find(&brew), Err(RouteRejection::MethodNotAllowed { allow: "GET, HEAD, OPTIONS" }));
}
