//! A report as one page for people.

use askama::Template;

use super::{CaseReport, Failure, Outcome, Report};
use crate::exchange::Exchange;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    verdict: &'static str,
    sentence: String,
    counts: Vec<(&'static str, usize)>,
    shares: Vec<Share>,
    failures: Vec<Shown<'a>>,
    groups: Vec<Group<'a>>,
    version: &'static str,
}

/// A bar: what of how much.
struct Share {
    name: &'static str,
    hit: usize,
    total: usize,
}

impl Share {
    fn percent(&self) -> usize {
        (self.hit * 100).checked_div(self.total).unwrap_or(100)
    }
}

/// Cases whose ids begin alike.
struct Group<'a> {
    name: String,
    passed: usize,
    cases: Vec<Shown<'a>>,
}

/// A case, ready to be shown.
struct Shown<'a> {
    case: &'a CaseReport,
    outcome: &'static str,
    failure: Option<&'a Failure>,
    reason: Option<&'a str>,
    replay: String,
    curl: String,
    exchanges: Vec<(String, String, String)>,
}

/// Exchanges of a failed case that are shown; the archive has them all.
const SHOWN: usize = 12;
/// Characters of a body that are shown.
const CHARACTERS: usize = 2_000;

impl Report {
    /// The report as one page of HTML, which needs no other file.
    ///
    /// # Errors
    ///
    /// None that has been seen: writing into memory doesn't fail.
    pub fn to_html(&self) -> Result<String, std::fmt::Error> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for case in &self.cases {
            let name = case.id.rsplit_once('.').map_or(case.id.as_str(), |(group, _)| group);
            let name = name.split('.').take(3).collect::<Vec<_>>().join(".");
            let place = groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
                groups.push(Group { name, passed: 0, cases: Vec::new() });
                groups.len() - 1
            });
            groups[place].passed += usize::from(case.outcome == Outcome::Pass);
            groups[place].cases.push(self.shown(case));
        }
        let share = |name, hits: Vec<bool>| Share {
            name,
            hit: hits.iter().filter(|hit| **hit).count(),
            total: hits.len(),
        };
        let page = Page {
            report: self,
            verdict: self.verdict().name(),
            sentence: self.sentence(),
            counts: self.counts(),
            shares: vec![
                share("sides of constraints tried", self.coverage.constraints.values().copied().collect()),
                share("documented statuses seen", self.coverage.statuses.values().copied().collect()),
            ],
            failures: self.failures().map(|case| self.shown(case)).collect(),
            groups,
            version: env!("CARGO_PKG_VERSION"),
        };
        page.render().map_err(|_| std::fmt::Error)
    }

    fn shown<'a>(&self, case: &'a CaseReport) -> Shown<'a> {
        let (failure, reason) = match &case.outcome {
            Outcome::Pass => (None, None),
            Outcome::Fail(failure) => (Some(failure), None),
            Outcome::Known(failure, reason) => (Some(failure), Some(reason.as_str())),
            Outcome::Skip(reason) | Outcome::Error(reason) => (None, Some(reason.as_str())),
        };
        let told = if failure.is_some() {
            &case.exchanges[case.exchanges.len().saturating_sub(SHOWN)..]
        } else {
            &[]
        };
        Shown {
            case,
            outcome: case.outcome.name(),
            failure,
            reason,
            replay: self.replay_id(case),
            curl: if failure.is_some() { case.curl(&self.target).join("\n") } else { String::new() },
            exchanges: told.iter().map(exchange).collect(),
        }
    }
}

/// What was said, and what was heard: the first line and the rest.
fn exchange(exchange: &Exchange) -> (String, String, String) {
    let said = &exchange.said;
    let (status, body) = match &exchange.heard {
        Ok(heard) => (heard.status.to_string(), cut(&heard.body)),
        Err(reason) => ("no answer".to_owned(), reason.clone()),
    };
    let asked = if let Some(file) = &said.file {
        format!("{}: the file {}", file.part, file.name)
    } else {
        cut(&said.body)
    };
    (format!("{} {} → {status}", said.method, said.path), asked, body)
}

/// A class of the style sheet.
fn class(name: &str) -> String {
    name.replace(' ', "-")
}

fn cut(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut shown: String = text.chars().take(CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push_str(" …");
    }
    shown
}
