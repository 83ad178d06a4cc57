//! What a run found.

mod har;
mod html;
mod json;
mod junit;

use std::collections::BTreeMap;

use crate::exchange::Exchange;
use crate::{Layer, Level};

/// What a run found. The same seed against a deterministic server gives an equal report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Name of the API.
    pub api: String,
    /// SHA-256 of the document, in hexadecimal digits.
    pub document: String,
    /// Where the target is.
    pub target: String,
    /// From which everything was drawn.
    pub seed: u64,
    /// In the order in which they ran.
    pub cases: Vec<CaseReport>,
    /// What was tried of the document.
    pub coverage: Coverage,
    /// Entries of the list of known failures that no failure matches.
    pub stale: Vec<String>,
}

/// What became of a case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// As that of the case.
    pub id: String,
    /// Where it comes from.
    pub layer: Layer,
    /// How much weight it has.
    pub level: Level,
    /// The sentence that it proves.
    pub requirement: String,
    /// Where that is written.
    pub source: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Everything that was said and heard, in order.
    pub exchanges: Vec<Exchange>,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The sentence holds, as far as was tried.
    Pass,
    /// It doesn't.
    Fail(Failure),
    /// The case doesn't apply here, for this reason.
    Skip(String),
    /// It fails, and that is known, for this reason.
    Known(Failure, String),
    /// The suite is at fault, or its surroundings.
    Error(String),
}

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the case waited for.
    pub expected: String,
    /// What it got.
    pub came: String,
}

impl CaseReport {
    /// Lines for a shell that say again what the case said, in order; equal ones in a row, as of a poll, once.
    #[must_use]
    pub fn curl(&self, base: &str) -> Vec<String> {
        let mut lines: Vec<_> = self.exchanges.iter().map(|exchange| exchange.said.curl(base)).collect();
        lines.dedup();
        lines
    }
}

impl Outcome {
    /// In lower case, as reports have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Skip(_) => "skip",
            Self::Known(..) => "known failure",
            Self::Error(_) => "error",
        }
    }
}

/// What a run says in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every case with `MUST` passed, and none was left out.
    Conformant,
    /// No case with `MUST` failed, but some say nothing: they were skipped, not selected, or known to fail.
    Incomplete,
    /// A case with `MUST` failed, or the list of known failures is stale.
    NotConformant,
    /// The suite could not judge: a case ended in an error of its own.
    Undecided,
}

impl Verdict {
    /// In lower case, as reports have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Conformant => "conformant",
            Self::Incomplete => "incomplete",
            Self::NotConformant => "not conformant",
            Self::Undecided => "undecided",
        }
    }
}

impl Report {
    /// Cases that failed and are not known to.
    pub fn failures(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| matches!(case.outcome, Outcome::Fail(_)))
    }

    /// The files that `curl` lines of failures send from the folder `$FILES`, by name.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, bytes::Bytes> {
        let exchanges = self.failures().flat_map(|case| &case.exchanges);
        let files = exchanges.filter_map(|exchange| exchange.said.file.as_ref());
        files.map(|file| (file.stored_as(), file.content.clone())).collect()
    }

    /// How many cases there are of each outcome, those that there are none of left out.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let names = ["pass", "fail", "known failure", "skip", "error"];
        let count = |name: &str| self.cases.iter().filter(|case| case.outcome.name() == name).count();
        names.into_iter().map(|name| (name, count(name))).filter(|(_, count)| *count > 0).collect()
    }

    /// What the verdict means for this run.
    #[must_use]
    pub fn sentence(&self) -> String {
        let must = |test: fn(&Outcome) -> bool| {
            self.cases.iter().filter(|case| case.level == Level::Must && test(&case.outcome)).count()
        };
        let failed = must(|outcome| matches!(outcome, Outcome::Fail(_)));
        let stale = self.stale.len();
        let known = must(|outcome| matches!(outcome, Outcome::Known(..)));
        let skipped = must(|outcome| matches!(outcome, Outcome::Skip(_)));
        let errors = self.cases.iter().filter(|case| matches!(case.outcome, Outcome::Error(_))).count();
        match self.verdict() {
            Verdict::Conformant => format!("Every MUST holds, {} cases in all.", self.cases.len()),
            Verdict::Incomplete => format!(
                "No MUST is broken that isn't known to be; {skipped} were skipped and {known} are known failures."
            ),
            Verdict::NotConformant => {
                format!("{failed} MUST broken; {stale} entries of the known failures are stale.")
            }
            Verdict::Undecided => {
                format!("{errors} cases could not be judged: the suite or its surroundings are at fault.")
            }
        }
    }

    /// What `planewright conformance replay` takes to run this case again.
    #[must_use]
    pub fn replay_id(&self, case: &CaseReport) -> String {
        format!("{}@{}", case.id, self.seed)
    }

    /// The run in one word.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let some = |test: &dyn Fn(&CaseReport) -> bool| self.cases.iter().any(test);
        let must = |case: &CaseReport| case.level == Level::Must;
        if !self.stale.is_empty() || some(&|case| must(case) && matches!(case.outcome, Outcome::Fail(_))) {
            return Verdict::NotConformant;
        }
        if some(&|case| matches!(case.outcome, Outcome::Error(_))) {
            return Verdict::Undecided;
        }
        let silent = |case: &CaseReport| matches!(case.outcome, Outcome::Skip(_) | Outcome::Known(..));
        if self.cases.is_empty() || some(&|case| must(case) && silent(case)) {
            return Verdict::Incomplete;
        }
        Verdict::Conformant
    }
}

/// What was tried of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Sides of constraints, each with whether it was tried: `(constraint, side)`.
    pub constraints: BTreeMap<(String, String), bool>,
    /// Statuses of operations, each with whether it was seen: `(operation, status)`.
    pub statuses: BTreeMap<(String, String), bool>,
    /// Sides or statuses that can't be reached, with the reason.
    pub unreachable: BTreeMap<(String, String), String>,
}

impl Coverage {
    /// Counts a side of a constraint as there to be tried.
    pub fn exists(&mut self, constraint: &str, side: &str) {
        self.constraints.entry((constraint.to_owned(), side.to_owned())).or_insert(false);
    }

    /// Counts a side of a constraint as tried.
    pub fn tried(&mut self, constraint: &str, side: &str) {
        self.constraints.insert((constraint.to_owned(), side.to_owned()), true);
    }
}
