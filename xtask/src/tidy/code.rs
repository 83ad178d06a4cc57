//! Rules about source files.

use super::{Tree, Violation, is_generated};

const LONGEST: usize = 800;

/// The first words of every generated file. Split so that this file doesn't hold them.
const MARK: &str = concat!("// @gene", "rated by ");

/// Names that say nothing about what a file holds.
const EMPTY_NAMES: [&str; 5] = ["util.rs", "utils.rs", "common.rs", "misc.rs", "helpers.rs"];

/// Generated files start with the mark and the command that makes them anew; no other file has the mark.
pub(super) fn generated_headers(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (name, text) in tree.files().filter(|(name, _)| name.ends_with(".rs")) {
        let header = text.lines().next().unwrap_or_default();
        let marked = header.starts_with(MARK);
        if is_generated(name)
            && !(marked && text.lines().take(5).any(|line| line.contains("cargo xtask codegen")))
        {
            found.push(Violation::new(
                name,
                1,
                format!("must start with `{MARK}…` and name `cargo xtask codegen`"),
            ));
        }
        if !is_generated(name) && marked && !name.contains("/golden/") && !name.contains("/expected/") {
            found.push(Violation::new(name, 1, "claims to be generated, but isn't under src/generated"));
        }
    }
    found
}

/// Hand-written files stay short enough to be read.
pub(super) fn length(tree: &Tree) -> Vec<Violation> {
    tree.hand_written()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(name, lines)| Violation::new(name, 0, format!("{lines} lines; {LONGEST} are the limit")))
        .collect()
}

/// No file has one of the [`EMPTY_NAMES`].
pub(super) fn names(tree: &Tree) -> Vec<Violation> {
    tree.hand_written()
        .filter(|(name, _)| EMPTY_NAMES.contains(&name.rsplit('/').next().unwrap_or(name)))
        .map(|(name, _)| Violation::new(name, 0, "name the file after what it holds"))
        .collect()
}

/// No stub is left, and no test is switched off.
pub(super) fn unfinished(tree: &Tree) -> Vec<Violation> {
    // Split so that this file doesn't hold them.
    let stubs = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[ig", "nore"),
        concat!("FIX", "ME"),
    ];
    let mut found = Vec::new();
    for (name, text) in tree.hand_written() {
        for (index, line) in text.lines().enumerate() {
            found.extend(
                stubs
                    .iter()
                    .filter(|stub| line.contains(**stub))
                    .map(|stub| Violation::new(name, index + 1, format!("`{stub}` is left"))),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_file_without_header_is_found() {
        let file = "api-model/src/generated/flink.rs";
        let whole = format!("{MARK}planewright 0.1\n// Made anew by `cargo xtask codegen`.\n");
        assert_eq!(generated_headers(&Tree::of(&[(file, &whole)])), []);
        assert_eq!(generated_headers(&Tree::of(&[(file, "struct A;")])).len(), 1);
        assert_eq!(generated_headers(&Tree::of(&[(file, &format!("{MARK}x\nstruct A;"))])).len(), 1);
    }

    #[test]
    fn a_written_file_that_claims_to_be_generated_is_found() {
        let tree = Tree::of(&[("api-model/src/id.rs", &format!("{MARK}hand; cargo xtask codegen"))]);
        assert_eq!(generated_headers(&tree).len(), 1);
    }

    #[test]
    fn a_file_over_the_limit_is_found_unless_generated() {
        let long = "\n".repeat(LONGEST + 1);
        assert_eq!(length(&Tree::of(&[("cli/src/main.rs", &long)])).len(), 1);
        assert_eq!(length(&Tree::of(&[("cli/src/main.rs", &long[1..])])), []);
        assert_eq!(length(&Tree::of(&[("api-model/src/generated/a.rs", &long)])), []);
    }

    #[test]
    fn an_empty_name_is_found() {
        assert_eq!(names(&Tree::of(&[("cli/src/util.rs", "")])).len(), 1);
        assert_eq!(names(&Tree::of(&[("cli/src/utility.rs", "")])), []);
    }

    #[test]
    fn a_stub_and_a_skipped_test_are_found() {
        let text = concat!("fn a() { todo", "!() }\n#[ig", "nore]\nfn b() {}\n");
        let found = unfinished(&Tree::of(&[("cli/src/main.rs", text)]));
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [1, 2]);
    }
}
