use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Cost, Diagnostic, Location, Severity};
use crate::source::SourceSet;

/// A diagnostic with the lines of the document that it is about, over several lines, without colours.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &SourceSet) -> String {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.id);
    let mut group = Group::with_title(title);
    group = excerpt(group, sources, &diagnostic.location, &diagnostic.range, AnnotationKind::Primary, None);
    for related in &diagnostic.related {
        let label = Some(related.message.as_str());
        group = excerpt(group, sources, &related.location, &related.range, AnnotationKind::Context, label);
    }
    group = group.element(Level::NOTE.message(place(&diagnostic.location)));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    if diagnostic.code.is_unsupported() {
        group = group.element(Level::NOTE.message(format!("not supported: {}", diagnostic.code.name)));
    }
    if let Some(cost) = cost(&diagnostic.costs) {
        group = group.element(Level::NOTE.message(cost));
    }
    let mut text = Renderer::plain().render(&[group]);
    text.push('\n');
    text
}

/// A diagnostic in one line: `flink.yaml:12:7: error[E0301]: …`.
#[must_use]
pub fn render_line(diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let Location { file, line, column, pointer } = &diagnostic.location;
    let place = if *line == 0 { file.clone() } else { format!("{file}:{line}:{column}") };
    let pointer = if pointer.is_empty() { String::new() } else { format!(" (at {pointer})") };
    format!("{place}: {severity}[{}]: {}{pointer}", diagnostic.code.id, diagnostic.message)
}

fn place(location: &Location) -> String {
    if location.pointer.is_empty() { "at the root".to_owned() } else { format!("at {}", location.pointer) }
}

fn cost(cost: &Cost) -> Option<String> {
    match cost {
        Cost::Nothing => None,
        Cost::File(name) => Some(format!("the file `{name}` is left out, and what refers to it")),
        Cost::Component(name) => Some(format!("schema `{name}` is left out, and what uses it")),
        Cost::Operation(id) => Some(format!("operation `{id}` is left out")),
        Cost::Run => Some("nothing is generated".to_owned()),
    }
}

/// Only the lines around the place are handed to the renderer: a document may have thirteen megabytes.
fn excerpt<'a>(
    group: Group<'a>,
    sources: &'a SourceSet,
    location: &'a Location,
    range: &std::ops::Range<u32>,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Group<'a> {
    let Some(file) = sources.file_named(&location.file) else { return group };
    if location.line == 0 || file.text().is_empty() {
        return group;
    }
    let text = file.text();
    let (start, line_end) = file.lines().line_range(location.line, text);
    // A range over several lines is shown by its first: containers may be long.
    let mut end = (range.end as usize).clamp(range.start as usize, line_end);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let local = (range.start as usize).saturating_sub(start)..end.saturating_sub(start);
    let Some(source) = text.get(start..line_end) else { return group };
    // Minified documents have one line of megabytes.
    const WIDEST: usize = 400;
    if source.len() > WIDEST {
        return group.element(
            annotate_snippets::Origin::path(location.file.as_str())
                .line(location.line as usize)
                .char_column(location.column as usize),
        );
    }
    let annotation = kind.span(local);
    let annotation = match label {
        Some(label) => annotation.label(label),
        None => annotation,
    };
    group.element(
        Snippet::source(source)
            .path(location.file.as_str())
            .line_start(location.line as usize)
            .annotation(annotation),
    )
}
