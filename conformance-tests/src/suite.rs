//! Runs cases.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::context::Run;
use crate::report::{CaseReport, Failure, Outcome, Report};
use crate::{Api, Case, Context, Layer, Stop, Target};

/// How long a case may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// The cases of an API, those of them that are to run, and how.
#[derive(Clone, Debug)]
pub struct Suite {
    api: Api,
    seed: u64,
    salt: u64,
    token: Option<HeaderValue>,
    only: Vec<String>,
    skip: Vec<String>,
    without: Vec<String>,
    known: Vec<(String, String)>,
    stop_early: bool,
}

/// Why a run can't begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The target doesn't answer.
    #[error("{base} {reason}")]
    Unreachable {
        /// Where it should be.
        base: String,
        /// What is wrong.
        reason: String,
    },
}

impl Suite {
    /// All cases of an API, with seed 0.
    #[must_use]
    pub fn new(api: Api) -> Self {
        let (only, skip, without, known) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { api, seed: 0, salt: 0, token: None, only, skip, without, known, stop_early: false }
    }

    /// Everything that looks random comes from this number.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Names and ids come from this number too, and nothing else does: with another one the same run can be repeated on a
    /// server that remembers the first.
    #[must_use]
    pub fn salt(mut self, salt: u64) -> Self {
        self.salt = salt;
        self
    }

    /// Sends a bearer token with every request that doesn't ask to be without.
    #[must_use]
    pub fn token(mut self, token: HeaderValue) -> Self {
        self.token = Some(token);
        self
    }

    /// Leaves out cases whose id doesn't match this pattern; `*` stands for anything. Given several times, one must match.
    #[must_use]
    pub fn only(mut self, pattern: impl Into<String>) -> Self {
        self.only.push(pattern.into());
        self
    }

    /// Leaves out cases whose id matches this pattern.
    #[must_use]
    pub fn skip(mut self, pattern: impl Into<String>) -> Self {
        self.skip.push(pattern.into());
        self
    }

    /// Says that the implementation lacks a feature.
    #[must_use]
    pub fn without(mut self, feature: impl Into<String>) -> Self {
        self.without.push(feature.into());
        self
    }

    /// Says that cases whose id matches this pattern are known to fail, and why. If none of those that run does, the entry is
    /// stale, and fails the run.
    #[must_use]
    pub fn known(mut self, pattern: impl Into<String>, reason: impl Into<String>) -> Self {
        self.known.push((pattern.into(), reason.into()));
        self
    }

    /// Ends the run after the first case that fails and isn't known to. The cases after it aren't in the report.
    #[must_use]
    pub fn stop_at_first_failure(mut self) -> Self {
        self.stop_early = true;
        self
    }

    /// The cases that are to run.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        let any = |patterns: &[String], id: &str| patterns.iter().any(|pattern| matches(pattern, id));
        self.api.cases.iter().filter(move |case| {
            (self.only.is_empty() || any(&self.only, &case.id)) && !any(&self.skip, &case.id)
        })
    }

    /// Runs the cases, one after the other.
    ///
    /// # Errors
    ///
    /// [`RunError::Unreachable`] if the target answers nothing at all.
    pub async fn run(&self, target: &Target) -> Result<Report, RunError> {
        self.run_with(target, |_, _| {}).await
    }

    /// As [`run`](Self::run); `progress` hears of each case that has ended, and how many there are in all.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_with(
        &self,
        target: &Target,
        mut progress: impl FnMut(&CaseReport, usize),
    ) -> Result<Report, RunError> {
        let run = Rc::new(Run::new(self.api.coverage.clone()));
        let context = |case: &str, layer| {
            let seeds = (self.seed, self.salt);
            Context::new(target, self.token.clone(), seeds, (case, layer), Rc::clone(&run))
        };
        if let Err(Stop::Error(reason)) = context("", Layer::Rules).get("/").send().await {
            return Err(RunError::Unreachable { base: target.base().to_owned(), reason });
        }
        let total = self.cases().count();
        let mut cases = Vec::with_capacity(total);
        for case in self.cases() {
            let report = self.judge(case, &context(&case.id, case.layer)).await;
            progress(&report, total);
            let stop = self.stop_early && matches!(report.outcome, Outcome::Fail(_));
            let errs = matches!(report.outcome, Outcome::Error(_));
            cases.push(report);
            if stop {
                break;
            }
            if errs && let Err(Stop::Error(reason)) = context("", Layer::Rules).get("/").send().await {
                let left = total - cases.len();
                if let Some(CaseReport { outcome, .. }) = cases.last_mut() {
                    let told = format!("the target has gone, and {left} cases did not run: {reason}");
                    *outcome = Outcome::Error(told);
                }
                break;
            }
        }
        context("", Layer::Rules).end_run().await;
        let stale = self.known.iter().filter(|(pattern, _)| self.is_stale(pattern, &cases));
        let stale = stale.map(|(pattern, _)| pattern.clone()).collect();
        let document = Sha256::digest(self.api.document.as_bytes());
        Ok(Report {
            api: self.api.name.clone(),
            document: document.iter().map(|byte| format!("{byte:02x}")).collect(),
            target: target.base().to_owned(),
            seed: self.seed,
            cases,
            coverage: run.coverage.take(),
            stale,
        })
    }

    /// Whether nothing that ran and matches an entry of the known failures has failed.
    fn is_stale(&self, pattern: &str, cases: &[CaseReport]) -> bool {
        let failed = |case: &CaseReport| matches!(case.outcome, Outcome::Known(..));
        let silent = |case: &CaseReport| matches!(case.outcome, Outcome::Skip(_) | Outcome::Error(_));
        let mut ran = cases.iter().filter(|case| matches(pattern, &case.id)).peekable();
        if ran.peek().is_none() {
            return !self.api.cases.iter().any(|case| matches(pattern, &case.id));
        }
        !ran.any(|case| failed(case) || silent(case))
    }

    async fn judge(&self, case: &Case, context: &Context) -> CaseReport {
        let before = context.history(0, |_| {});
        let lacking = case.needs.iter().find(|feature| self.without.iter().any(|lacks| lacks == *feature));
        let ended = match lacking {
            Some(feature) => Err(Stop::Skip(format!("the implementation lacks {feature}"))),
            None => {
                let run = AssertUnwindSafe(case.run(context.clone())).catch_unwind();
                match tokio::time::timeout(PATIENCE, run).await {
                    Ok(Ok(ended)) => ended,
                    Ok(Err(_)) => Err(Stop::Error("the case panicked".to_owned())),
                    Err(_) => Err(Stop::Error(format!("the case took more than {} s", PATIENCE.as_secs()))),
                }
            }
        };
        let known = self.known.iter().find(|(pattern, _)| matches(pattern, &case.id));
        let outcome = match (ended, known) {
            (Ok(()), _) => Outcome::Pass,
            (Err(Stop::Fail { expected, came }), None) => Outcome::Fail(Failure { expected, came }),
            (Err(Stop::Fail { expected, came }), Some((_, reason))) => {
                Outcome::Known(Failure { expected, came }, reason.clone())
            }
            (Err(Stop::Skip(reason)), _) => Outcome::Skip(reason),
            (Err(Stop::Error(message)), _) => Outcome::Error(message),
        };
        let exchanges = context.take_log();
        if !matches!(outcome, Outcome::Pass) {
            context.forget_from(before);
        }
        context.tidy_up().await;
        CaseReport {
            id: case.id.clone(),
            layer: case.layer,
            level: case.level,
            requirement: case.requirement.to_string(),
            source: case.source.to_string(),
            outcome,
            exchanges,
        }
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    while let Some((part, more)) = rest.split_once('*') {
        let Some(place) = text.find(part) else { return false };
        text = &text[place + part.len()..];
        rest = more;
    }
    text.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("a.*", "a.b.c"), ("*.c", "a.b.c"), ("a*b*c", "a-b-bc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a.*", "ab"), ("a*b*c", "a-c"), ("*x*x", "x")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
