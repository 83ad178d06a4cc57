use indexmap::IndexMap;

use super::operations::Lowered;
use crate::diagnostic::{Problem, code};
use crate::ir::{self, LinkTarget, RuntimeExpression};
use crate::openapi::{Link, Reading, Text};
use crate::source::{Pointer, Span};

/// A link whose target is still as written. `None`, with a warning, if it can't be understood.
pub(super) fn lower(reading: Reading<'_>, name: &Text, link: &Link) -> Option<ir::Link> {
    let target = match (&link.operation_id, &link.operation_ref) {
        (Some(id), _) => LinkTarget::Operation(id.value.clone()),
        (None, Some(reference)) => LinkTarget::Foreign(reference.value.clone()),
        (None, None) => return ignore(reading, name.span, "the link names no operation"),
    };
    let mut parameters = IndexMap::new();
    for (parameter, value) in &link.parameters {
        match expression(value) {
            Some(expression) => {
                parameters.insert(parameter.value.clone(), expression);
            }
            None => {
                let message = format!("the value of `{}` can't be understood", parameter.value);
                return ignore(reading, parameter.span, &message);
            }
        }
    }
    Some(ir::Link { target, parameters })
}

/// Finds the operations that links lead to, and drops links that lead to none.
///
/// `declared` are the operation ids of the document: one that was left out has its own diagnostic.
pub(super) fn check(reading: Reading<'_>, declared: &[String], operations: &mut [Lowered]) {
    let routes: Vec<(String, String)> = operations
        .iter()
        .map(|lowered| {
            let operation = &lowered.operation;
            let path = Pointer::of(&[
                "paths",
                &operation.path.text,
                &operation.method.as_str().to_ascii_lowercase(),
            ]);
            (path.to_string(), operation.id.clone())
        })
        .collect();
    for lowered in operations {
        for (index, name, span) in &lowered.links {
            let Some(response) = lowered.operation.responses.get_mut(*index) else { continue };
            let Some(link) = response.links.get_mut(name) else { continue };
            let found = match &link.target {
                LinkTarget::Operation(id) => routes.iter().find(|(_, other)| other == id),
                LinkTarget::Foreign(reference) => {
                    match reference.strip_prefix('#').and_then(Pointer::parse_fragment) {
                        Some(pointer) => routes.iter().find(|(path, _)| *path == pointer.to_string()),
                        // Into another document: kept as it is.
                        None => continue,
                    }
                }
            };
            match found {
                Some((_, id)) => link.target = LinkTarget::Operation(id.clone()),
                None => {
                    let target = match &link.target {
                        LinkTarget::Operation(target) | LinkTarget::Foreign(target) => target.clone(),
                    };
                    response.links.shift_remove(name);
                    let message = if declared.contains(&target) {
                        format!("the operation `{target}` is left out")
                    } else {
                        format!("there is no operation `{target}`")
                    };
                    let _: Option<()> = ignore(reading, *span, &message);
                }
            }
        }
    }
}

/// Reads a runtime expression; other values stand for themselves.
pub(super) fn expression(value: &serde_json::Value) -> Option<RuntimeExpression> {
    let Some(text) = value.as_str() else { return Some(RuntimeExpression::Constant(value.clone())) };
    let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    if !text.starts_with('$') {
        return Some(RuntimeExpression::Constant(value.clone()));
    }
    let pointer = |text: &str| match text {
        "" => Some(Vec::new()),
        _ => Some(Pointer::parse(text.strip_prefix('#')?)?.tokens().to_vec()),
    };
    if let Some(rest) = text.strip_prefix("$request.body") {
        return pointer(rest).map(RuntimeExpression::RequestBody);
    }
    if let Some(rest) = text.strip_prefix("$response.body") {
        return pointer(rest).map(RuntimeExpression::ResponseBody);
    }
    let named = |prefix: &str| text.strip_prefix(prefix).filter(|name| !name.is_empty()).map(str::to_owned);
    named("$request.path.")
        .map(RuntimeExpression::RequestPath)
        .or_else(|| named("$request.query.").map(RuntimeExpression::RequestQuery))
        .or_else(|| named("$request.header.").map(RuntimeExpression::RequestHeader))
        .or_else(|| named("$response.header.").map(RuntimeExpression::ResponseHeader))
}

fn ignore<T>(reading: Reading<'_>, span: Span, message: &str) -> Option<T> {
    Problem::new(code::BAD_LINK, span, format!("{message}; the link is ignored")).report(reading.sink);
    None
}

#[cfg(test)]
mod tests {
    use super::expression;
    use crate::ir::RuntimeExpression as E;

    #[test]
    fn reads_expressions() {
        let read = |text: &str| expression(&text.into());
        assert_eq!(read("$request.path.jobid"), Some(E::RequestPath("jobid".to_owned())));
        assert_eq!(
            read("{$response.body#/a~1b/c}"),
            Some(E::ResponseBody(vec!["a/b".to_owned(), "c".to_owned()]))
        );
        assert_eq!(read("$request.body"), Some(E::RequestBody(Vec::new())));
        assert_eq!(read("plain"), Some(E::Constant("plain".into())));
        assert_eq!(read("$method"), None);
        assert_eq!(read("$request.path."), None);
    }
}
