//! The document's Markdown as rustdoc: nothing in it is run as a test, taken for HTML, or linked to nowhere.

/// The lines of a doc comment for these paragraphs; empty and missing ones are left out.
#[must_use]
pub fn lines<'a>(paragraphs: impl IntoIterator<Item = Option<&'a str>>) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in paragraphs.into_iter().flatten() {
        let more = rustdoc(paragraph);
        if !lines.is_empty() && !more.is_empty() {
            lines.push(String::new());
        }
        lines.extend(more);
    }
    lines
}

/// A text as a code span.
#[must_use]
pub fn code(text: &str) -> String {
    let text: String =
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.trim().is_empty() {
        return "the empty string".to_owned();
    }
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn rustdoc(markdown: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut item: Option<usize> = None;
    let mut quote = false;
    for line in markdown.lines() {
        let line: String =
            line.replace('\t', "    ").chars().filter(|&character| !is_invisible(character)).collect();
        let line = line.trim_end();
        let text = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| text.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => {
                fence = Some(mark);
                // Anything else than `text` might be taken for Rust and run.
                lines.push(format!("{mark}text"));
            }
            (Some(open), Some(mark)) if open == mark && text.trim_start_matches(['`', '~']).is_empty() => {
                fence = None;
                lines.push(open.to_owned());
            }
            (Some(_), _) => lines.push(line.to_owned()),
            (None, None) => {
                // Four spaces would make it a block of Rust.
                let mut indent = (line.len() - text.len()).min(3);
                if let Some(marker) = list_marker(text) {
                    item = Some(indent + marker);
                } else if text.is_empty() {
                    item = None;
                } else if let Some(item) = item {
                    // A line that goes on with a list's item stands under its text, or clippy takes it for a slip.
                    indent = item;
                }
                // So does a line that goes on with a quotation.
                let lazy = quote && !text.is_empty() && !text.starts_with('>');
                quote = lazy || text.starts_with('>');
                let mark = if lazy { "> " } else { "" };
                lines.push(format!("{:indent$}{mark}{}", "", inline(text)));
            }
        }
    }
    if let Some(open) = fence {
        lines.push(open.to_owned());
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    lines.drain(..first);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The width of a list item's marker with the space behind it.
fn list_marker(text: &str) -> Option<usize> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = &text[digits..];
    let marker = if digits > 0 { rest.starts_with(['.', ')']) } else { rest.starts_with(['-', '*', '+']) };
    let spaces = rest.get(1..)?.len() - rest.get(1..)?.trim_start().len();
    (marker && spaces > 0 && digits < 10).then_some(digits + 1 + spaces)
}

/// Control characters, and those that turn the direction of text: rustc refuses the latter in comments.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '`' => code_span(rest, &mut out),
            '\\' => escape(rest, &mut out),
            '<' => angle(rest, &mut out),
            '[' => link(rest, &mut out),
            ']' => {
                out.push_str("\\]");
                1
            }
            'h' if !out.ends_with(|before: char| before.is_alphanumeric()) => bare_url(rest, &mut out),
            _ => 0,
        };
        if taken == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            rest = &rest[taken..];
        }
    }
    out
}

/// Each of these writes what stands at the start of `text` and returns its length, or 0 if it is nothing special.
fn code_span(text: &str, out: &mut String) -> usize {
    let ticks = text.len() - text.trim_start_matches('`').len();
    let (mark, rest) = text.split_at(ticks);
    match closing(rest, mark) {
        Some(end) => {
            out.push_str(&text[..ticks + end + ticks]);
            ticks + end + ticks
        }
        None => {
            out.push_str(&"\\`".repeat(ticks));
            ticks
        }
    }
}

/// Where a run of exactly these ticks starts.
fn closing(text: &str, mark: &str) -> Option<usize> {
    let mut start = 0;
    while let Some(found) = text[start..].find('`') {
        let at = start + found;
        let run = text[at..].len() - text[at..].trim_start_matches('`').len();
        if run == mark.len() {
            return Some(at);
        }
        start = at + run;
    }
    None
}

fn escape(text: &str, out: &mut String) -> usize {
    match text[1..].chars().next() {
        Some(next) if next.is_ascii_punctuation() => {
            out.push('\\');
            out.push(next);
            2
        }
        _ => {
            out.push_str("\\\\");
            1
        }
    }
}

fn angle(text: &str, out: &mut String) -> usize {
    match text.find('>') {
        Some(end) if is_url(&text[1..end]) => {
            out.push_str(&text[..=end]);
            end + 1
        }
        _ => {
            out.push_str("\\<");
            1
        }
    }
}

fn link(text: &str, out: &mut String) -> usize {
    let parts = || {
        let close = text.find(']')?;
        let target = text[close + 1..].strip_prefix('(')?;
        let end = target.find(')')?;
        let label = &text[1..close];
        (!label.contains(['[', '`'])).then_some((label, &target[..end], close + 2 + end + 1))
    };
    match parts() {
        Some((label, target, length)) => {
            let url = target.split_whitespace().next().unwrap_or_default().trim_matches(['<', '>']);
            let label = inline(label);
            // A relative link leads somewhere in the document's home, not here.
            if is_url(url) && !label.contains("<http") {
                out.push_str(&format!("[{label}](<{url}>)"));
            } else if is_url(url) {
                out.push_str(&format!("<{url}>"));
            } else {
                out.push_str(&label);
            }
            length
        }
        None => {
            out.push_str("\\[");
            1
        }
    }
}

fn bare_url(text: &str, out: &mut String) -> usize {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return 0;
    }
    let end = text.find(|c: char| c.is_whitespace() || "<>\"'`()[]{}|\\^*".contains(c)).unwrap_or(text.len());
    let url = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '_', '~']);
    if !is_url(url) {
        return 0;
    }
    out.push_str(&format!("<{url}>"));
    url.len()
}

fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "<>()".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_somewhere_or_are_text() {
        assert_eq!(
            inline("see [docs](https://a.b/c) and [here](../x#y)"),
            "see [docs](<https://a.b/c>) and here"
        );
        assert_eq!(inline("[Option] or a[0]"), "\\[Option\\] or a\\[0\\]");
        assert_eq!(inline("at https://a.b/c. Or <http://d>"), "at <https://a.b/c>. Or <http://d>");
        assert_eq!(inline("[https://a.b](https://a.b)"), "<https://a.b>");
        assert_eq!(inline("https://, (https://a.b)"), "https://, (<https://a.b>)");
    }

    #[test]
    fn html_is_shown_and_code_is_left_alone() {
        assert_eq!(inline("<b>x</b> `Vec<T>[0]` a\\<b"), "\\<b>x\\</b> `Vec<T>[0]` a\\<b");
        assert_eq!(inline("an `open tick"), "an \\`open tick");
        assert_eq!(inline("``a`b`` c"), "``a`b`` c");
        assert_eq!(inline(r"C:\dir"), r"C:\\dir");
    }

    #[test]
    fn no_block_is_taken_for_rust() {
        assert_eq!(
            rustdoc("a\n\n    fn main() {\n\n```json\n{[\n```\n"),
            ["a", "", "   fn main() {", "", "```text", "{[", "```"]
        );
        assert_eq!(
            rustdoc("- a\nb\n      c\n\nd\n10. e\nf"),
            ["- a", "  b", "  c", "", "d", "10. e", "    f"]
        );
        assert_eq!(rustdoc("> a\nb\n\nc"), ["> a", "> b", "", "c"]);
        assert_eq!(rustdoc("~~~\n```\nopen"), ["~~~text", "```", "open", "~~~"]);
        assert_eq!(rustdoc("\n\n\r\n"), [""; 0]);
        assert_eq!(rustdoc("a\u{202e}b\rc"), ["abc"]);
    }
}
