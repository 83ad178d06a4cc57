//! The page about what isn't supported says what the codes say: no more, no less, in their words.

use planewright_codegen::diagnostic::code;

const PAGE: &str = include_str!("../../docs/constructs.md");

#[test]
fn the_page_has_each_unsupported_construct() {
    let listed: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| `U")).collect();
    let expected: Vec<String> = code::ALL
        .iter()
        .filter(|code| code.is_unsupported())
        .map(|code| format!("| `{}` | `{}` | {} |", code.id, code.name, code.explanation.replace('|', "\\|")))
        .collect();
    assert_eq!(listed, expected, "docs/constructs.md should have these rows:\n{}", expected.join("\n"));
}
