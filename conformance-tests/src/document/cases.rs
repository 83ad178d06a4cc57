//! The cases of a document: what is different in each request, and what is expected of its answer.

use std::collections::BTreeSet;
use std::rc::Rc;

use planewright_sample::Sampler;
use serde_json::{Value, json};

use super::guide::{Guide, Part, Weight};
use super::operation::{Operation, Place};
use super::trial::{Change, Expected, Trial};
use super::validity::Document;
use super::wire;
use crate::{Case, Context, Coverage, Layer};

/// Probes of one body at most.
pub(super) const MOST: usize = 600;
/// What the texts that are seen in sentences and lists come from; those that are sent are drawn anew.
const SEED: u64 = 1;

/// Makes the cases of one document.
pub(super) struct Maker<'a> {
    pub(super) name: &'a str,
    pub(super) document: &'a Rc<Document>,
    pub(super) guide: &'a Rc<dyn Guide>,
    pub(super) cases: Vec<Case>,
    pub(super) coverage: Coverage,
    pub(super) ids: BTreeSet<String>,
}

impl Maker<'_> {
    pub(super) fn all(&mut self) {
        for index in 0..self.document.operations.len() {
            let operation = &self.document.operations[index];
            for response in &operation.responses {
                let key = (operation.id.clone(), response.status.clone());
                self.coverage.statuses.insert(key, false);
                let key = (operation.id.clone(), response.status.clone());
                let trouble = matches!(response.status.as_str(), "500" | "501" | "503" | "5XX");
                let trouble =
                    trouble.then_some("only a server in trouble, or without the feature, answers it");
                if let Some(reason) = self.guide.never(operation).or(trouble) {
                    self.coverage.unreachable.insert(key, reason.to_owned());
                }
            }
            if self.guide.never(operation).is_some() {
                continue;
            }
            self.plain(index, operation);
            self.parameters(index, operation);
            self.body(index, operation);
        }
    }

    fn add(
        &mut self,
        index: usize,
        (place, rule, side): (&str, &str, &str),
        change: Change,
        expected: Expected,
    ) {
        let operation = &self.document.operations[index];
        let valid = match expected {
            Expected::Accepted => Some(true),
            Expected::Refused => Some(false),
            Expected::Answered => None,
        };
        let place_and_rule: Vec<_> =
            [operation.id.as_str(), place, rule].into_iter().filter(|part| !part.is_empty()).collect();
        let constraint = place_and_rule.join(".");
        let weight = self.guide.weight(operation, &Part { place, rule, side, valid });
        let unmade = self.guide.unmade(operation).filter(|_| expected != Expected::Refused);
        let (expected, nothing) = match (weight, unmade) {
            (Weight::Nothing(reason), _) | (_, Some(reason)) => (expected, Some(reason)),
            (Weight::Open(_), None) => (Expected::Answered, None),
            (Weight::Must | Weight::Should, None) => (expected, None),
        };
        self.coverage.exists(&constraint, side);
        if let Some(reason) = nothing {
            self.coverage.unreachable.insert((constraint, side.to_owned()), reason.to_owned());
            return;
        }
        let id = plain_id(&format!("{}.document.{constraint}.{side}", self.name));
        let id = id.trim_end_matches('.').to_owned();
        if !self.ids.insert(id.clone()) {
            return;
        }
        let what = match (place, side) {
            ("", "") => "a plain valid request".to_owned(),
            (place, _) => format!("a request with `{place}` at `{rule}`, side `{side}`,"),
        };
        let why = match weight {
            Weight::Open(reason) => format!(" ({reason})"),
            _ => String::new(),
        };
        let sentence = match expected {
            Expected::Accepted => "is valid: it is accepted, and answered as declared.",
            Expected::Refused => "isn't valid: it is refused with a declared 4xx.",
            Expected::Answered => "has a declared answer, below 500.",
        };
        let trial = Trial {
            document: Rc::clone(self.document),
            guide: Rc::clone(self.guide),
            operation: index,
            change,
            expected,
            covers: (constraint, side.to_owned()),
        };
        let sentence = format!("{} {}: {what} {sentence}{why}", operation.method, operation.template);
        let mut case = match weight {
            Weight::Should => Case::should(id, sentence),
            _ => Case::must(id, sentence),
        };
        case.needs.extend(self.guide.needs(operation));
        let trial = Rc::new(trial);
        let case = case
            .layer(Layer::Document)
            .source(format!("the document, {}", operation.id))
            .proved_by(async move |cx: Context| trial.run(&cx).await);
        self.cases.push(case);
    }

    fn plain(&mut self, index: usize, _operation: &Operation) {
        self.add(index, ("", "plain", ""), Change::Nothing, Expected::Accepted);
    }

    fn parameters(&mut self, index: usize, operation: &Operation) {
        let document = Rc::clone(self.document);
        let schemas = document.request_schemas();
        for (at, parameter) in operation.parameters.iter().enumerate() {
            let place = format!("{}.{}", parameter.place.name(), parameter.name);
            let Some(schema) = schemas.pointer(&parameter.schema) else { continue };
            for probe in Sampler::new(schemas).probes(schema, SEED, MOST) {
                // A text can't say that it was meant as a fraction.
                if probe.side == "integral-fraction" && !parameter.json {
                    continue;
                }
                let Some(valid) = wire::is_valid(&document, parameter, &probe.value) else { continue };
                let expected = if valid { Expected::Accepted } else { Expected::Refused };
                let place =
                    if probe.place.is_empty() { place.clone() } else { format!("{place}.{}", probe.place) };
                let (rule, side) = (probe.keyword, probe.side.clone());
                let change = Change::Probe(at, probe);
                self.add(index, (&place, rule, &side), change, expected);
            }
            if parameter.required && parameter.place != Place::Path {
                let change = Change::Without(at);
                self.add(index, (&place, "required", "missing"), change, Expected::Refused);
            }
            match parameter.place {
                Place::Query if !parameter.json => {
                    let name = wire::encoded(&parameter.name);
                    let value =
                        Sampler::new(schemas).probes(schema, SEED, MOST).into_iter().find_map(|probe| {
                            let text =
                                probe.value.as_str().map_or_else(|| probe.value.to_string(), str::to_owned);
                            (wire::is_valid(&document, parameter, &probe.value) == Some(true)
                                && !probe.value.is_array()
                                && !probe.value.is_object())
                            .then(|| wire::encoded(&text))
                        });
                    if let Some(value) = value {
                        let twice = Change::Query(format!("{name}={value}&{name}={value}"));
                        self.add(index, (&place, "key", "twice"), twice, Expected::Answered);
                    }
                    let broken = Change::Query(format!("{name}=%ff%fe"));
                    self.add(index, (&place, "encoding", "no-utf-8"), broken, Expected::Answered);
                }
                Place::Path => {
                    for (side, text) in [("no-utf-8", "%ff%fe"), ("folder-above", "..%2f..%2fetc%2fpasswd")] {
                        let change = Change::Path(at, text.to_owned());
                        self.add(index, (&place, "encoding", side), change, Expected::Answered);
                    }
                }
                _ => {}
            }
        }
    }

    fn body(&mut self, index: usize, operation: &Operation) {
        let Some(body) = &operation.body else { return };
        let without = if body.required { Expected::Refused } else { Expected::Accepted };
        self.add(index, ("body", "required", "missing"), Change::NoBody, without);
        let Some((_, pointer)) = body.json() else {
            self.add(index, ("body", "encoding", "cut-off"), Change::Bytes(cut_off), Expected::Answered);
            self.add(
                index,
                ("body", "media-type", "other"),
                Change::MediaType("text/csv"),
                Expected::Refused,
            );
            return;
        };
        let document = Rc::clone(self.document);
        let schemas = document.request_schemas();
        let Some(schema) = schemas.pointer(pointer) else { return };
        for probe in Sampler::new(schemas).probes(schema, SEED, MOST) {
            // What is read-only isn't part of a request.
            let valid = document.refuses(pointer, &probe.value).is_none();
            let expected = if valid { Expected::Accepted } else { Expected::Refused };
            let place =
                if probe.place.is_empty() { "body".to_owned() } else { format!("body.{}", probe.place) };
            let (rule, side) = (probe.keyword, probe.side.clone());
            let change = Change::Json(probe);
            self.add(index, (&place, rule, &side), change, expected);
        }
        for (side, change) in [
            ("cut-off", cut_off as fn(&[u8]) -> Vec<u8>),
            ("no-utf-8", no_utf8),
            ("trailing", trailing),
            ("no-json", |_| b"{a: 1, 'b'}".to_vec()),
            ("deep", |_| [b"[".repeat(100_000), b"]".repeat(100_000)].concat()),
        ] {
            self.add(index, ("body", "encoding", side), Change::Bytes(change), Expected::Refused);
        }
        self.add(index, ("body", "key", "twice"), Change::Bytes(twice), Expected::Answered);
        self.add(index, ("body", "media-type", "other"), Change::MediaType("text/csv"), Expected::Refused);
    }
}

/// Letters and digits, hyphens, underscores and dots.
fn plain_id(text: &str) -> String {
    let plain = |one: char| if one.is_ascii_alphanumeric() || "-_.".contains(one) { one } else { '-' };
    let mut id: String = text.chars().map(plain).collect();
    while id.contains("..") {
        id = id.replace("..", ".");
    }
    id
}

fn cut_off(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len().saturating_sub(1)].to_vec()
}

fn trailing(bytes: &[u8]) -> Vec<u8> {
    [bytes, b" }garbage"].concat()
}

/// A member more, whose name is no text.
fn no_utf8(bytes: &[u8]) -> Vec<u8> {
    let rest = bytes.strip_prefix(b"{").unwrap_or(b"}");
    let comma: &[u8] = if rest.starts_with(b"}") { b"" } else { b"," };
    [b"{\"\xff\xfe\": 1", comma, rest].concat()
}

/// The first member twice; an object without members gets two.
fn twice(bytes: &[u8]) -> Vec<u8> {
    let parsed = serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let first = parsed.as_object().and_then(|members| members.iter().next());
    let (name, value) =
        first.map_or_else(|| ("twice".to_owned(), json!(1)), |(name, value)| (name.clone(), value.clone()));
    let member = format!("{}: {value}", json!(name));
    let rest = String::from_utf8_lossy(bytes.strip_prefix(b"{").unwrap_or(b"}")).into_owned();
    let between = if first.is_some() { format!("{member}, ") } else { format!("{member}, {member}") };
    format!("{{{between}{rest}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_broken_in_one_way_each() {
        let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes);
        for body in ["{}", "{\"a\":1}"] {
            assert!(parsed(&cut_off(body.as_bytes())).is_err());
            assert!(parsed(&trailing(body.as_bytes())).is_err());
            assert!(std::str::from_utf8(&no_utf8(body.as_bytes())).is_err());
            assert!(parsed(&twice(body.as_bytes())).is_ok());
        }
        assert_eq!(twice(b"{\"a\":1}"), b"{\"a\": 1, \"a\":1}");
        assert_eq!(twice(b"{}"), b"{\"twice\": 1, \"twice\": 1}");
    }
}
