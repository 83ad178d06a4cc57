use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{PathSegment, PathTemplate, SegmentPart};
use crate::openapi::{Reading, Text};
use crate::source::percent_decode;

/// Splits a template at its slashes and braces.
pub(super) fn read(reading: Reading<'_>, path: &Text) -> Result<PathTemplate, Reported> {
    let text = &path.value;
    if let Some(mark) = text.chars().find(|character| matches!(character, '?' | '#')) {
        let becomes = if mark == '#' { "isn't sent" } else { "becomes parameters with one value" };
        let message = format!("a path can't have a `{mark}`; what follows it {becomes}");
        Problem::new(code::PATH_SUFFIX, path.span, message).report(reading.sink);
    }
    let route = text.split(['?', '#']).next().unwrap_or_default();
    let rest = route.strip_prefix('/').unwrap_or(route);
    let mut segments = Vec::new();
    if !rest.is_empty() {
        for part in rest.split('/') {
            segments.push(segment(reading, path, part)?);
        }
    }
    let template = PathTemplate { text: text.clone(), segments };
    let mut names: Vec<&str> = Vec::new();
    for name in parameters(&template) {
        if names.contains(&name) {
            return Err(bad(reading, path, &format!("the path has the parameter `{name}` twice")));
        }
        names.push(name);
    }
    Ok(template)
}

/// The names in braces, from left to right.
pub(super) fn parameters(template: &PathTemplate) -> impl Iterator<Item = &str> {
    template.segments.iter().flatten().filter_map(|part| match part {
        SegmentPart::Parameter(name) => Some(name.as_str()),
        SegmentPart::Literal(_) => None,
    })
}

/// Names and values behind the `?` of a path. Values in braces belong to declared parameters.
pub(super) fn query(path: &str) -> impl Iterator<Item = (String, String)> {
    let (path, _) = path.split_once('#').unwrap_or((path, ""));
    let (_, query) = path.split_once('?').unwrap_or((path, ""));
    query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = !name.is_empty() && !pair.contains(['{', '}']);
        plain.then(|| Some((percent_decode(name)?, percent_decode(value)?))).flatten()
    })
}

fn segment(reading: Reading<'_>, path: &Text, text: &str) -> Result<PathSegment, Reported> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (literal, after) = match rest.split_once('{') {
            Some((literal, after)) => (literal, Some(after)),
            None => (rest, None),
        };
        if literal.contains('}') {
            return Err(bad(reading, path, "the path has a closing brace without an opening one"));
        }
        if !literal.is_empty() {
            let Some(decoded) = percent_decode(literal) else {
                return Err(bad(reading, path, "the path isn't UTF-8 once it is percent-decoded"));
            };
            parts.push(SegmentPart::Literal(decoded));
        }
        let Some(after) = after else { break };
        let Some((name, after)) = after.split_once('}') else {
            return Err(bad(reading, path, "the path has an opening brace without a closing one"));
        };
        if name.is_empty() || name.contains('{') {
            return Err(bad(reading, path, "a name is expected between the braces"));
        }
        if let Some(SegmentPart::Parameter(previous)) = parts.last() {
            let message = format!("the path parameters `{previous}` and `{name}` touch");
            return Err(
                Problem::new(code::ADJACENT_PARAMETERS, path.span, message).report_fatal(reading.sink)
            );
        }
        parts.push(SegmentPart::Parameter(name.to_owned()));
        rest = after;
    }
    Ok(parts)
}

fn bad(reading: Reading<'_>, path: &Text, message: &str) -> Reported {
    Problem::new(code::BAD_PATH, path.span, message).report(reading.sink)
}
