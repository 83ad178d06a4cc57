use std::cell::RefCell;

use super::{Code, Cost, Diagnostic, Diagnostics, Related, Severity};
use crate::source::{Span, Tree};

/// Proof that an error was reported. Only [`Problem::report`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// Collects the messages of a run.
///
/// Places stay byte ranges until [`Sink::finish`], because a line, a column and a pointer cost a search.
#[derive(Debug, Default)]
pub struct Sink {
    problems: RefCell<Vec<(Problem, Cost)>>,
    scope: RefCell<Option<Cost>>,
}

impl Sink {
    /// An empty one. Until [`Sink::within`] says otherwise, an error costs the run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work`; errors reported by it cost only `cost`.
    pub fn within<T>(&self, cost: Cost, work: impl FnOnce() -> T) -> T {
        let outer = self.scope.replace(Some(cost));
        let result = work();
        *self.scope.borrow_mut() = outer;
        result
    }

    /// How many messages there are; with [`Sink::truncate`], how an attempt is made and taken back.
    #[must_use]
    pub fn len(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Whether nothing was reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every message from `len` on.
    pub fn truncate(&self, len: usize) {
        self.problems.borrow_mut().truncate(len);
    }

    /// The place of the first error since `len`, if none of them costs what the scope says: then something else is to
    /// blame for a failure, and it needs words of its own.
    #[must_use]
    pub fn foreign_since(&self, len: usize) -> Option<Span> {
        let scope = self.scope.borrow().clone().unwrap_or(Cost::Run);
        let problems = self.problems.borrow();
        let mut errors = problems.get(len..)?.iter().filter(|(_, cost)| *cost != Cost::Nothing);
        let (first, cost) = errors.next()?;
        (*cost != scope && errors.all(|(_, cost)| *cost != scope)).then_some(first.span)
    }

    /// Whether an error that costs the run was reported.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.problems.borrow().iter().any(|(problem, cost)| problem.code.is_error() && *cost == Cost::Run)
    }

    /// The messages with their places; `tree` is what could be read of the documents.
    ///
    /// The same message about the same bytes is kept once: a shared part is read by each who refers to it.
    #[must_use]
    pub fn finish(self, tree: &Tree<'_>) -> Diagnostics {
        let mut seen = std::collections::BTreeSet::new();
        let mut list = Vec::new();
        for (problem, cost) in self.problems.into_inner() {
            let costs_something = cost != Cost::Nothing;
            let key = (
                problem.code.id,
                problem.span,
                problem.message.clone(),
                costs_something.then(|| format!("{cost:?}")),
            );
            if !seen.insert(key) {
                continue;
            }
            let severity = if costs_something { Severity::Error } else { Severity::Warning };
            list.push(Diagnostic {
                code: problem.code,
                severity,
                message: problem.message,
                location: tree.location(problem.span),
                range: problem.span.start..problem.span.end,
                help: problem.help,
                related: problem
                    .related
                    .into_iter()
                    .map(|(message, span)| Related {
                        message,
                        location: tree.location(span),
                        range: span.start..span.end,
                    })
                    .collect(),
                costs: cost,
            });
        }
        list.into()
    }
}

/// A message in the making.
#[derive(Debug)]
#[must_use = "say `.report(sink)`"]
pub struct Problem {
    code: Code,
    span: Span,
    message: String,
    help: Option<String>,
    related: Vec<(String, Span)>,
}

impl Problem {
    /// A message of this kind about these bytes.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None, related: Vec::new() }
    }

    /// Says what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at another place that has a part in it.
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push((message.into(), span));
        self
    }

    /// Reports it. An error costs what the sink's scope says.
    pub fn report(self, sink: &Sink) -> Reported {
        let cost = if self.code.is_error() {
            sink.scope.borrow().clone().unwrap_or(Cost::Run)
        } else {
            Cost::Nothing
        };
        sink.problems.borrow_mut().push((self, cost));
        Reported(())
    }

    /// Reports an unsupported construct that costs what the sink's scope says, instead of being left aside.
    pub fn report_fatal(self, sink: &Sink) -> Reported {
        let cost = sink.scope.borrow().clone().unwrap_or(Cost::Run);
        sink.problems.borrow_mut().push((self, cost));
        Reported(())
    }
}
