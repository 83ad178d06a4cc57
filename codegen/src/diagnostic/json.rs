use serde_json::{Value, json};

use super::{Cost, Diagnostic, Location};
use crate::source::SourceSet;

/// A diagnostic for an editor: one object, whose members stay what they are.
///
/// | Member | What it is |
/// |---|---|
/// | `code`, `name` | `E0301`, `dangling-reference` |
/// | `severity` | `error` or `warning` |
/// | `message` | one sentence, without a full stop |
/// | `file` | as it was named on the command line, or as a reference leads to it from there |
/// | `line`, `column` | from 1, columns in characters; 0 if the message is about a file that can't be read |
/// | `end` | `{"line", "column"}` of the first character behind |
/// | `pointer` | JSON pointer (RFC 6901) from the root of the file |
/// | `help` | what to do, or null |
/// | `related` | other places: `message`, `file`, `line`, `column`, `end`, `pointer` |
/// | `costs` | `nothing`, `operation`, `component`, `file` or `run`: what isn't generated because of it |
/// | `subject` | the operation, the schema or the file that it costs, or null |
#[must_use]
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceSet) -> Value {
    let (costs, subject) = match &diagnostic.costs {
        Cost::Nothing => ("nothing", None),
        Cost::File(name) => ("file", Some(name)),
        Cost::Component(name) => ("component", Some(name)),
        Cost::Operation(id) => ("operation", Some(id)),
        Cost::Run => ("run", None),
    };
    let related = diagnostic.related.iter().map(|related| {
        let mut value = place(&related.location, related.range.end, sources);
        value["message"] = related.message.as_str().into();
        value
    });
    let mut value = place(&diagnostic.location, diagnostic.range.end, sources);
    value["code"] = diagnostic.code.id.into();
    value["name"] = diagnostic.code.name.into();
    value["severity"] = json!(diagnostic.severity);
    value["message"] = diagnostic.message.as_str().into();
    value["help"] = json!(diagnostic.help);
    value["related"] = related.collect();
    value["costs"] = costs.into();
    value["subject"] = json!(subject);
    value
}

fn place(location: &Location, end: u32, sources: &SourceSet) -> Value {
    let end = match sources.file_named(&location.file) {
        Some(file) if location.line > 0 => file.lines().position(file.text(), end),
        _ => (location.line, location.column),
    };
    json!({
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "end": { "line": end.0, "column": end.1 },
        "pointer": location.pointer,
    })
}

#[cfg(test)]
mod tests {
    use super::to_json;
    use crate::lower::lower;
    use crate::source::SourceSet;

    #[test]
    fn an_editor_finds_the_place_and_its_end() {
        let text =
            "openapi: 3.0.3\ninfo: {title: é, version: '1'}\npaths: {}\ntags: [{name: a}, {name: a}]\n";
        let sources = SourceSet::from_text("shop.yaml", text);
        let (_, diagnostics) = lower(&sources);
        let told: Vec<_> = diagnostics.iter().map(|diagnostic| to_json(diagnostic, &sources)).collect();
        assert_eq!(
            told,
            [serde_json::json!({
                "code": "W0210", "name": "duplicate-tag", "severity": "warning",
                "message": "the tag `a` is described twice; the first counts",
                "file": "shop.yaml", "line": 4, "column": 26, "end": {"line": 4, "column": 27},
                "pointer": "/tags/1/name", "help": null, "related": [], "costs": "nothing", "subject": null,
            })]
        );
    }
}
