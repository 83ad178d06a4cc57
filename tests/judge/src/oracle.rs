//! The generated types against a JSON Schema validator: both see the same values, drawn from each schema and next to it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use planewright_codegen::config::{Config, Layout, Parts, Runtime};
use planewright_codegen::generate_api;
use planewright_codegen::rust::RustApi;
use planewright_sample::{Sample, Sampler, Size};
use serde_json::Value;

use crate::document::Document;
use crate::harness::{Functions, Harness, Verdict, Workshop};
use crate::report::{Class, Report};
use crate::same::{Difference, difference};
use crate::subject::{Subject, subjects};
use crate::validators::{Validators, registry};

/// How much is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Samples of each schema.
    pub(crate) samples: usize,
    /// Misses of each sample.
    pub(crate) misses: usize,
    /// Where the numbers begin.
    pub(crate) seed: u64,
}

/// A value for both judges.
struct Case {
    subject: usize,
    /// `drawn`, `example`, or the keyword that it misses.
    origin: &'static str,
    value: Value,
}

/// Judges one document.
pub(crate) fn judge(document: &Document, workshop: &Workshop, effort: Effort) -> Result<Report> {
    let crate_name = format!("oracle-{}", document.name);
    let config = Config {
        parts: Parts { model: true, server: false, client: false },
        layout: Layout::Crate {
            name: crate_name.clone(),
            runtime: Runtime::Path(workshop.root.display().to_string()),
        },
        ..Config::tree()
    };
    let rust = RustApi::new(&document.api, &config);
    let subjects = subjects(document, &rust);
    let files = generate_api(&config, &document.api).context("the generator has a fault")?;
    let harness = Harness::build(workshop, &crate_name, &files, Functions::new(&subjects))?;
    let mut report = Report::new(&document.name);
    let registry = registry(document)?;
    let validators = Validators(&registry);
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        report.schemas += 1;
        let validator = match validators.of(&subject.pointer, subject.way) {
            Ok(validator) => validator,
            Err(error) => {
                report.unjudged(&subject.pointer, &error.to_string());
                continue;
            }
        };
        for case in draw(document, subject, index, effort) {
            // The first error that the validator names; none if the value is valid.
            let refused = validator
                .iter_errors(&case.value)
                .next()
                .map(|error| (error.kind().keyword().to_owned(), error.to_string()));
            expected.push(refused);
            cases.push(case);
        }
    }
    let texts: Vec<_> = cases.iter().map(|case| (case.subject, case.value.to_string())).collect();
    for ((case, refused), verdict) in cases.iter().zip(expected).zip(harness.judge(&texts)?) {
        let class = compare(case, refused, &verdict);
        report.count(&subjects[case.subject].pointer, case.origin, &case.value, class);
    }
    Ok(report)
}

/// The values for one subject.
fn draw(document: &Document, subject: &Subject, index: usize, effort: Effort) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |origin: &'static str, value: Value| {
        let sendable = !(subject.is_parameter && value.is_null());
        if sendable && seen.insert(value.to_string()) {
            cases.push(Case { subject: index, origin, value });
        }
    };
    for example in &subject.examples {
        add("example", example.clone());
    }
    let schemas = document.schemas_on(subject.way);
    let Some(schema) = schemas.pointer(&subject.pointer) else { return cases };
    let sampler = Sampler::new(schemas);
    for number in 0..effort.samples {
        let size = [Size::Large, Size::Small, Size::Medium, Size::Medium][number % 4];
        let seed = effort.seed.wrapping_add((index * 1_000 + number) as u64);
        let Some(Sample { value, misses }) = sampler.draw(schema, size, seed) else { continue };
        let sample = Sample { value, misses };
        let (examples, others): (Vec<_>, Vec<_>) =
            sample.misses.iter().partition(|miss| miss.keyword == "example");
        // Examples stand in the document, so once is enough.
        for miss in examples.into_iter().filter(|_| number == 0) {
            add("example", sample.with(miss));
        }
        let step = others.len().div_ceil(effort.misses.max(1)).max(1);
        for miss in others.into_iter().skip(number % step).step_by(step) {
            add(miss.keyword, sample.with(miss));
        }
        add("drawn", sample.value);
    }
    cases
}

fn compare(case: &Case, refused: Option<(String, String)>, verdict: &Verdict) -> Result<(), Class> {
    match (refused, verdict) {
        (_, Verdict::Died(how)) => Err(Class::new("dies", how, how)),
        (None, Verdict::Accepted(text)) => {
            let back = serde_json::from_str(text).unwrap_or(Value::Null);
            match difference(&case.value, &back) {
                None => Ok(()),
                // What a schema doesn't describe may be let go; what is drawn holds only what it describes.
                Some(Difference::Gone(_)) if case.origin != "drawn" => Ok(()),
                Some(difference) => Err(Class::new("changes", difference.kind(), &difference.to_string())),
            }
        }
        (None, Verdict::Undecodable(why)) => Err(Class::new("refuses valid: undecodable", &plain(why), why)),
        (None, Verdict::Violating(why)) => {
            let constraint = why.split(' ').next().unwrap_or_default();
            Err(Class::new("refuses valid: violates", constraint, why))
        }
        (Some((keyword, why)), Verdict::Accepted(_)) => Err(Class::new("accepts invalid", &keyword, &why)),
        (Some(_), Verdict::Undecodable(_) | Verdict::Violating(_)) => Ok(()),
    }
}

/// A message without what differs from value to value.
fn plain(message: &str) -> String {
    let message =
        message.strip_prefix('`').and_then(|rest| rest.split_once("`: ")).map_or(message, |(_, rest)| rest);
    let mut out = String::new();
    let mut quoted = None;
    for letter in message.chars() {
        match (quoted, letter) {
            (None, '`' | '"') => {
                quoted = Some(letter);
                out.push('\u{2026}');
            }
            (Some(quote), letter) if quote == letter => quoted = None,
            (Some(_), _) => {}
            (None, letter) if letter.is_ascii_digit() => {}
            (None, letter) => out.push(letter),
        }
    }
    if let Some((start, _)) = out.split_once("untagged enum ") {
        return start.trim_end().to_owned();
    }
    out.trim_end_matches(" (at byte )").chars().take(90).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(origin: &'static str, valid: bool, verdict: Verdict) -> Option<String> {
        let case = Case { subject: 0, origin, value: json!({"a": 1}) };
        let refused = (!valid).then(|| ("maximum".to_owned(), "too much".to_owned()));
        compare(&case, refused, &verdict).err().map(|class| class.name)
    }

    #[test]
    fn whoever_stands_alone_is_told() {
        let accepted = |text: &str| Verdict::Accepted(text.to_owned());
        assert_eq!(judged("drawn", true, accepted(r#"{"a":1.0}"#)), None);
        assert_eq!(judged("drawn", false, Verdict::Violating("maximum /a too much".to_owned())), None);
        assert_eq!(judged("drawn", false, accepted(r#"{"a":1}"#)).unwrap(), "accepts invalid: maximum");
        assert_eq!(judged("drawn", true, accepted(r#"{"a":2}"#)).unwrap(), "changes: another value");
        assert_eq!(judged("drawn", true, accepted("{}")).unwrap(), "changes: a member is gone");
        assert_eq!(judged("type", true, accepted("{}")), None);
        let refused = judged("drawn", true, Verdict::Violating("maximum /a too much".to_owned()));
        assert_eq!(refused.unwrap(), "refuses valid: violates: maximum");
        let died = judged("drawn", false, Verdict::Died("it panics".to_owned()));
        assert_eq!(died.unwrap(), "dies: it panics");
    }
}
