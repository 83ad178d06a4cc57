use serde::Serialize;

use super::{Fields, Reading, Text};
use crate::diagnostic::{Problem, Reported, code};
use crate::source::{Node, Span};

/// `x-planewright-async`: how work that an operation starts is followed to its end.
#[derive(Clone, Debug, Serialize)]
pub struct AsyncExtension {
    /// The link of the success response that polls.
    pub link: Text,
    /// Where the caller may choose the id, in the trigger's request body.
    pub trigger_id: Option<Text>,
    /// Where the state stands, in the poll's response body.
    pub state: Text,
    /// States that mean that the work goes on.
    pub pending: Vec<String>,
    /// Where the outcome stands.
    pub result: Option<Text>,
    /// What is present, and not null, if the work failed.
    pub failure: Option<Text>,
    /// Where it is written.
    #[serde(skip)]
    pub span: Span,
}

impl AsyncExtension {
    /// Reads it.
    ///
    /// # Errors
    /// If a member is missing or has the wrong type.
    pub fn read(reading: Reading<'_>, node: &Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "`x-planewright-async`")?;
        let mut pending = Vec::new();
        for state in fields.array("pending") {
            match state.as_str() {
                Some(state) => pending.push(state.to_owned()),
                None => {
                    let message = format!("a pending state must be a string, this is {}", state.kind());
                    return Err(Problem::new(code::BAD_ASYNC, state.span, message).report(reading.sink));
                }
            }
        }
        if pending.is_empty() {
            return Err(fields.missing("pending"));
        }
        Ok(Self {
            link: fields.required_string("link")?,
            trigger_id: fields.string("trigger-id")?,
            state: fields.required_string("state")?,
            pending,
            result: fields.string("result")?,
            failure: fields.string("failure")?,
            span: fields.span(),
        })
    }
}

/// `x-planewright-pagination`: how the next page of a list is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct PaginationExtension {
    /// The query parameter that differs from page to page.
    pub parameter: Text,
    /// Where its next value stands, in the response body; without, it counts pages or what is on them.
    pub next: Option<Text>,
    /// Where the list stands, in the response body.
    pub items: Option<Text>,
}

impl PaginationExtension {
    /// Reads it.
    ///
    /// # Errors
    /// If it is no object, or doesn't name its parameter.
    pub fn read(reading: Reading<'_>, node: &Node) -> Result<Self, Reported> {
        let fields = Fields::of(reading, node, "`x-planewright-pagination`")?;
        Ok(Self {
            parameter: fields.required_string("parameter")?,
            next: fields.string("next")?,
            items: fields.string("items")?,
        })
    }
}
