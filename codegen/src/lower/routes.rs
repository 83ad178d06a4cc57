//! Which operations can be told apart.
//!
//! Two templates of one method that differ only in the names of their parameters, or behind a `?` or `#`, are one
//! template twice: a server has only the first of the two operations, a client both. Everything else can be told apart
//! by a rule that the server's router follows: segments are compared from left to right, and a literal goes before a
//! template, which goes before none. So `/jobs/overview` wins over `/jobs/{jobid}`, and `/a/{x}` over `/{y}/b` for the
//! path `/a/b`.

use super::operations::Lowered;
use crate::diagnostic::{Problem, code};
use crate::ir::{Method, Operation, SegmentPart};
use crate::openapi::Reading;
use crate::source::Span;

/// Marks each operation whose route an earlier one has. A path without `?` and `#` comes before one with them.
pub(super) fn check(reading: Reading<'_>, operations: &mut [Lowered]) {
    let mut taken: std::collections::BTreeMap<(bool, Method, String), (String, Span)> =
        std::collections::BTreeMap::new();
    let mut order: Vec<usize> = (0..operations.len()).collect();
    order.sort_by_key(|index| operations[*index].operation.path.text.contains(['?', '#']));
    for index in order {
        let Lowered { operation, span, is_outgoing, .. } = &mut operations[index];
        let key = (*is_outgoing, operation.method, shape(operation));
        let Some((other, place)) = taken.get(&key) else {
            taken.insert(key, (operation.id.clone(), *span));
            continue;
        };
        let method = operation.method.as_str();
        let message =
            format!("a server can't tell {method} {} from the operation `{other}`", operation.path.text);
        Problem::new(code::SHARED_ROUTE, *span, message)
            .related(*place, "the other operation")
            .help(format!("`{}` is generated for clients alone", operation.id))
            .report(reading.sink);
        operation.shadowed_by = Some(other.clone());
    }
}

/// The template without the names of its parameters. Braces can't stand in literals.
fn shape(operation: &Operation) -> String {
    let mut shape = String::new();
    for segment in &operation.path.segments {
        shape.push('/');
        for part in segment {
            match part {
                SegmentPart::Literal(text) => shape.push_str(text),
                SegmentPart::Parameter(_) => shape.push_str("{}"),
            }
        }
    }
    shape
}
