use super::Code;

/// An example of each code, as the user sees it. `tests/explanations.rs` takes them from the fixtures.
const EXAMPLES: &str = include_str!("examples.txt");

/// What a code means, why it matters, an example, and what to do: several lines of text.
#[must_use]
pub fn explain(code: Code) -> String {
    let (kind, remedy) = if code.is_error() {
        (
            "An error: the document is wrong here. The operation, the schema or the document that it stands in isn't \
             generated; everything else is.",
            "Correct the document. If it isn't yours, correct it by an overlay: `--overlay FILE`.",
        )
    } else if code.is_unsupported() {
        (
            "Not supported: the document is right, and this construct of it isn't generated.",
            "Nothing needs to be done if you don't use what is left out. `docs/constructs.md` lists all that isn't \
             supported.",
        )
    } else {
        (
            "A warning: something was repaired or ignored, and what is generated is as the document means it.",
            "Correct the document for the sake of its other readers, or by an overlay. `--strict` makes it an error.",
        )
    };
    let mut text = format!("{}: {}\n\n", code.id, code.name);
    for paragraph in [code.explanation, kind, remedy] {
        text.push_str(&wrapped(paragraph));
        text.push('\n');
    }
    if let Some(example) = example(code) {
        text.push_str("For example:\n\n");
        text.push_str(example);
    }
    text
}

/// The example of a code, as `tests/explanations.rs` wrote it.
#[must_use]
pub fn example(code: Code) -> Option<&'static str> {
    let heading = format!("## {}\n", code.id);
    let start = EXAMPLES.find(&heading)? + heading.len();
    let rest = &EXAMPLES[start..];
    Some(&rest[..rest.find("\n## ").map_or(rest.len(), |end| end + 1)])
}

fn wrapped(paragraph: &str) -> String {
    const WIDTH: usize = 80;
    let (mut text, mut width) = (String::new(), 0);
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            text.push('\n');
            width = 0;
        } else if width > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += length;
    }
    text.push('\n');
    text
}
