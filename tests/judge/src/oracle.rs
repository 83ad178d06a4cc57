//! The generated types against a JSON Schema validator: both see the same values, drawn from each schema and next to it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use jsonschema::Validator;
use planewright_codegen::config::{Config, Layout, Parts, Runtime};
use planewright_codegen::generate_api;
use planewright_codegen::rust::RustApi;
use planewright_sample::{Sample, Sampler, Size};
use serde_json::{Value, json};

use crate::document::Document;
use crate::harness::{Functions, Harness, Verdict, Workshop};
use crate::readings::{READINGS, Reading};
use crate::report::{Class, Report};
use crate::same::{Difference, difference};
use crate::subject::{Subject, subjects};
use crate::validators::{Validators, refusal, registry};

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
    let registry = registry(document, Value::clone)?;
    let validators = Validators(&registry);
    let mut differences = Vec::new();
    // One subject after the other: all values of a large document don't fit into memory.
    for (index, subject) in subjects.iter().enumerate() {
        report.schemas += 1;
        let validator = match validators.of(&subject.pointer, subject.way) {
            Ok(validator) => validator,
            Err(error) => {
                report.unjudged(&subject.pointer, &error.to_string());
                continue;
            }
        };
        let cases = draw(document, subject, index, effort);
        let texts: Vec<_> = cases.iter().map(|case| (index, case.value.to_string())).collect();
        for (case, verdict) in cases.into_iter().zip(harness.judge(&texts)?) {
            report.count(case.origin);
            if let Err(class) = compare(&case, refusal(&validator, &case.value), &verdict)
                && !may_be_let_go(&case.value, &verdict, &validator)
            {
                differences.push((case, verdict, class));
            }
        }
    }
    for reading in &READINGS {
        differences = explain(document, &subjects, reading, differences, &mut report)?;
    }
    for (case, _, class) in differences {
        report.differs(&subjects[case.subject].pointer, case.origin, &case.value, class, None);
    }
    Ok(report)
}

/// A case about which the judges differ, and how.
type Differing = (Case, Verdict, Class);

/// Reports the differences that a reading explains: with it, the judges agree. Returns the others.
fn explain(
    document: &Document,
    subjects: &[Subject],
    reading: &'static Reading,
    differences: Vec<Differing>,
    report: &mut Report,
) -> Result<Vec<Differing>> {
    if differences.is_empty() {
        return Ok(differences);
    }
    let registry = registry(document, reading.apply)?;
    let validators = Validators(&registry);
    let mut left = Vec::new();
    for (case, verdict, class) in differences {
        let Subject { pointer, way, .. } = &subjects[case.subject];
        let agrees =
            |validator: Validator| compare(&case, refusal(&validator, &case.value), &verdict).is_ok();
        if validators.of(pointer, *way).is_ok_and(agrees) {
            report.differs(pointer, case.origin, &case.value, class, Some(reading));
        } else {
            left.push((case, verdict, class));
        }
    }
    Ok(left)
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

/// Whether nothing is said of any member that didn't come back: then anything may stand in its place. So it is with a value
/// that was drawn from one alternative and is one of another.
fn may_be_let_go(sent: &Value, verdict: &Verdict, validator: &Validator) -> bool {
    let Verdict::Accepted(text) = verdict else { return false };
    let Ok(back) = serde_json::from_str(text) else { return false };
    let mut sent = sent.clone();
    while let Some(difference) = difference(&sent, &back) {
        let Difference::Gone(place) = difference else { return false };
        let Some((owner, name)) = place.rsplit_once('/') else { return false };
        for other in
            [json!(null), json!(true), json!(-0.5), json!("\u{2603}"), json!([[]]), json!({"\u{2603}": 1})]
        {
            let mut changed = sent.clone();
            changed.pointer_mut(&place).into_iter().for_each(|member| *member = other.clone());
            if !validator.is_valid(&changed) {
                return false;
            }
        }
        let name = name.replace("~1", "/").replace("~0", "~");
        match sent.pointer_mut(owner).and_then(Value::as_object_mut) {
            Some(members) => members.remove(&name),
            None => return false,
        };
    }
    true
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
