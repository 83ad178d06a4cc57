//! Which operations can be told apart.
//!
//! Two templates of one method that differ only in the names of their parameters are one template twice: the later
//! operation is left out. Everything else can be told apart by a rule that the server's router follows: segments are
//! compared from left to right, and a literal goes before a template, which goes before none. So `/jobs/overview`
//! wins over `/jobs/{jobid}`, and `/a/{x}` over `/{y}/b` for the path `/a/b`.

use super::operations::Lowered;
use crate::diagnostic::{Cost, Problem, code};
use crate::ir::{Method, Operation, SegmentPart};
use crate::openapi::Reading;
use crate::source::Span;

/// Leaves out each operation whose route an earlier one has.
pub(super) fn check(reading: Reading<'_>, operations: &mut Vec<Lowered>) {
    let mut taken: std::collections::BTreeMap<(Method, String), (String, Span)> =
        std::collections::BTreeMap::new();
    operations.retain(|lowered| {
        let operation = &lowered.operation;
        let key = (operation.method, shape(operation));
        match taken.get(&key) {
            None => {
                taken.insert(key, (operation.id.clone(), lowered.span));
                true
            }
            Some((other, span)) => {
                let message = format!(
                    "{} {} can't be told from the operation `{other}`",
                    operation.method.as_str(),
                    operation.path.text
                );
                reading.sink.within(Cost::Operation(operation.id.clone()), || {
                    Problem::new(code::DUPLICATE_ROUTE, lowered.span, message)
                        .related(*span, "the other operation")
                        .report(reading.sink)
                });
                false
            }
        }
    });
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
