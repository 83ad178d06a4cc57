//! What a document doesn't say and its cases need: what there is to be named, and what must not be touched.

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use super::operation::Operation;
use super::wire::Request;
use crate::{Answer, Context, Stop};

/// What a call is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It changes nothing: what it names may be shared.
    Look,
    /// It may change what it names, so that it has that for itself.
    Change,
    /// It is to be refused.
    Refused,
}

/// What a call stands on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    /// Values of parameters; for bodies that aren't JSON, the body.
    pub(crate) request: Request,
    /// Members of the JSON body that make sense together.
    pub(crate) members: Option<Value>,
    /// Whether everything that the path names is there.
    pub(crate) known: bool,
    /// A name for a member whose name is data, at the top of the JSON body.
    pub(crate) any: Option<String>,
    /// What is to be deleted afterwards: paths.
    pub(crate) made: Vec<String>,
}

/// Knows what the document doesn't say.
pub(crate) trait Guide {
    /// What stands in front of all paths.
    fn prefix(&self) -> &str {
        ""
    }

    /// Why an operation is never called.
    fn never(&self, _operation: &Operation) -> Option<&'static str> {
        None
    }

    /// Why no valid request of an operation can be made.
    fn unmade(&self, _operation: &Operation) -> Option<&'static str> {
        None
    }

    /// How much weight it has that a request is answered as the document's schemas say.
    fn weight(&self, operation: &Operation, part: &Part<'_>) -> Weight;

    /// A feature without which an operation isn't there.
    fn needs(&self, _operation: &Operation) -> Option<&'static str> {
        None
    }

    /// What a call stands on.
    fn ground<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a Operation,
        purpose: Purpose,
    ) -> LocalBoxFuture<'a, Result<Ground, Stop>>;

    /// Puts away what a call has left behind.
    fn after<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a Operation,
        ground: &'a Ground,
        answer: &'a Answer,
    ) -> LocalBoxFuture<'a, Result<(), Stop>>;
}

/// The part of a request that a case is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    /// `body.parallelism`, `query.mode`, `path.jobid`, `body`, `method`.
    pub(crate) place: &'a str,
    /// The rule: `minimum`, `type`, `encoding`, …
    pub(crate) rule: &'a str,
    pub(crate) side: &'a str,
    /// Whether the document says that it is valid; none if it says nothing.
    pub(crate) valid: Option<bool>,
}

/// How much weight a case has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It decides.
    Must,
    /// It is told.
    Should,
    /// More is said about it than the schemas can: any declared answer below 500 will do. The reason.
    Open(&'static str),
    /// There is no case. The reason.
    Nothing(&'static str),
}
