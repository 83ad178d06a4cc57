//! The contracts of `Store` and `Executor`: each numbered clause in a trait's docs has one case that tests it.

use std::collections::BTreeMap;

use super::{Tree, Violation};

const SOURCES: &str = "backend/src/";
const CASES: &str = "backend/src/contract/";
const CONTRACTS: [&str; 2] = ["store", "executor"];

/// Clauses `[store.commit.1]` in doc comments and cases `"store.commit.1"` of the suites are the same set.
pub(super) fn ids(tree: &Tree) -> Vec<Violation> {
    let mut clauses = BTreeMap::new();
    let mut cases = BTreeMap::new();
    let mut found = Vec::new();
    for (name, text) in tree.files().filter(|(name, _)| name.starts_with(SOURCES) && name.ends_with(".rs")) {
        for (index, line) in text.lines().enumerate() {
            let place = (name, index + 1);
            if name.starts_with(CASES) {
                for id in enclosed(line, '"', '"') {
                    if cases.insert(id, place).is_some() {
                        found.push(Violation::new(name, index + 1, format!("a second case for `{id}`")));
                    }
                }
            } else if let Some(doc) = doc_comment(line) {
                // A clause is stated where a list item begins with its id; elsewhere it is only cited.
                let item =
                    doc.strip_prefix(['-', '*']).map_or("", |item| item.trim_start().trim_start_matches('`'));
                if let Some(id) = item.starts_with('[').then(|| enclosed(item, '[', ']').next()).flatten()
                    && clauses.insert(id, place).is_some()
                {
                    found.push(Violation::new(name, index + 1, format!("clause `{id}` is stated twice")));
                }
            }
        }
    }
    let lacking =
        |these: &BTreeMap<&str, (&str, usize)>, those: &BTreeMap<&str, (&str, usize)>, message: &str| {
            let missing = these.iter().filter(|(id, _)| !those.contains_key(*id));
            missing
                .map(|(id, (file, line))| Violation::new(file, *line, format!("`{id}` {message}")))
                .collect::<Vec<_>>()
        };
    found.extend(lacking(&clauses, &cases, "has no case in backend/src/contract"));
    found.extend(lacking(&cases, &clauses, "is no clause of a trait's docs"));
    found
}

fn doc_comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim_start)
}

/// The clause ids in `line` that stand between `open` and `close`.
fn enclosed(line: &str, open: char, close: char) -> impl Iterator<Item = &str> {
    line.split(open).skip(1).filter_map(move |rest| rest.split(close).next()).filter(|word| is_id(word))
}

fn is_id(word: &str) -> bool {
    let mut parts = word.split('.');
    let (contract, topic, number) = (parts.next(), parts.next(), parts.next());
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_')
    };
    contract.is_some_and(|part| CONTRACTS.contains(&part))
        && topic.is_some_and(plain)
        && number.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(docs: &str, cases: &str) -> Vec<String> {
        let tree = Tree::of(&[("backend/src/store.rs", docs), ("backend/src/contract/store.rs", cases)]);
        ids(&tree).into_iter().map(|violation| violation.to_string()).collect()
    }

    const CLAUSE: &str = "/// - [store.commit.1] All writes or none.\n";
    const CASE: &str = "case!(\"store.commit.1\", |store| async {});\n";

    #[test]
    fn equal_sets_are_fine() {
        assert_eq!(found(CLAUSE, CASE), Vec::<String>::new());
        assert_eq!(found("    /// - `[store.commit.1]` All writes or none.", CASE), Vec::<String>::new());
    }

    #[test]
    fn a_clause_without_case_is_found() {
        assert_eq!(
            found(CLAUSE, ""),
            ["backend/src/store.rs:1: `store.commit.1` has no case in backend/src/contract"]
        );
    }

    #[test]
    fn a_case_without_clause_is_found() {
        assert_eq!(
            found("", CASE),
            ["backend/src/contract/store.rs:1: `store.commit.1` is no clause of a trait's docs"]
        );
    }

    #[test]
    fn a_second_clause_or_case_is_found() {
        assert_eq!(found(&CLAUSE.repeat(2), CASE).len(), 1);
        assert_eq!(found(CLAUSE, &CASE.repeat(2)).len(), 1);
    }

    #[test]
    fn citing_a_clause_states_none() {
        assert_eq!(
            found(
                &format!(
                    "{CLAUSE}/// As [store.commit.1] says,\n/// [store.commit.1].\n// [store.commit.1]\n"
                ),
                CASE
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn only_ids_are_ids() {
        for word in [
            "store.commit",
            "store.commit.x",
            "stone.commit.1",
            "store..1",
            "store.commit.1.2",
            "store.Commit.1",
        ] {
            assert!(!is_id(word), "{word}");
        }
        assert!(is_id("executor.stop-with-savepoint.12"));
    }
}
