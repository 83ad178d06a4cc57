//! Rules about what the project's texts say.

use super::{Tree, Violation};

/// Folders and hosts that exist on one machine or belong to a registry. Split so that this file doesn't hold them.
const PRIVATE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("registry.npm", "js.org"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("deb.", "debian.org"),
    concat!("arti", "factory"),
];

/// No text names a folder of one machine, or a registry's host.
pub(super) fn private(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            let hits = PRIVATE
                .iter()
                .filter(|word| line.match_indices(**word).any(|(at, _)| begins_there(line, at)));
            found.extend(hits.map(|word| {
                Violation::new(name, index + 1, format!("`{word}` belongs to one machine or registry"))
            }));
        }
    }
    found
}

/// Whether what starts at `at` isn't the middle of a longer path or name, such as `/api/work/1`.
fn begins_there(line: &str, at: usize) -> bool {
    let before = line.get(..at).and_then(|text| text.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '}' | '_' | '-'))
}

/// The command that runs all tests, and the one that runs the server.
const TEST: &str = "cargo xtask test";
const SERVE: &str = "cargo run --release -- serve";

/// README names both commands, and CI runs README's.
pub(super) fn commands(tree: &Tree) -> Vec<Violation> {
    let expected = [("README.md", SERVE), ("README.md", TEST), (".ci/run", TEST)];
    expected
        .iter()
        .filter(|(file, command)| !tree.get(file).is_some_and(|text| text.contains(command)))
        .map(|(file, command)| Violation::new(file, 0, format!("must name `{command}`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        let text = concat!("fine\nsee /wo", "rk/main and file:///ro", "ot/x\n");
        let found = private(&Tree::of(&[("README.md", text)]));
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn a_path_of_an_api_is_not() {
        assert_eq!(private(&Tree::of(&[("a.yaml", "/api/work/{id}:")])), []);
    }

    #[test]
    fn a_registry_host_is_found() {
        let text = concat!("https://registry.npm", "js.org/x");
        assert_eq!(private(&Tree::of(&[("a.json", text)])).len(), 1);
    }

    #[test]
    fn a_missing_command_is_found() {
        let readme = format!("`{SERVE}` and `{TEST}`");
        assert_eq!(commands(&Tree::of(&[("README.md", &readme), (".ci/run", TEST)])), []);
        assert_eq!(commands(&Tree::of(&[("README.md", &readme), (".ci/run", "cargo test")])).len(), 1);
        assert_eq!(commands(&Tree::of(&[("README.md", SERVE), (".ci/run", TEST)])).len(), 1);
    }
}
