//! The generated client against the generated server, in one process.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use planewright_codegen::config::{Config, Layout, Parts, Runtime};
use planewright_codegen::generate_api;
use planewright_codegen::ir::{
    BodyKind, Content, Method, Operation, ParameterLocation, Part, Response, Status,
};
use planewright_sample::openapi::Way;
use planewright_sample::{Sampler, Size};
use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::exchange::{Exchange, sent as sent_content, vanishes};
use crate::harness::{Answer, Workshop};
use crate::places::Places;
use crate::same::difference;
use crate::validators::{Validators, registry};

/// What the programs need beside the generated crate.
const DEPENDENCIES: &str = "\
http = \"1\"\nserde_json = \"1\"\ntokio = { version = \"1\", features = [\"rt\", \"time\", \"net\", \"fs\", \"io-util\"] }\n";

/// What was found out about a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    name: String,
    operations: usize,
    /// Operations of which at least one call was made.
    called: usize,
    calls: usize,
    equal: usize,
    /// Calls with a value that the type refuses, which is the oracle's to judge, or that the client has no arguments for.
    unfit: usize,
    /// Operations that weren't called, by reason.
    skipped: BTreeMap<String, Vec<String>>,
    /// What differs, by operation.
    differs: BTreeMap<String, Vec<String>>,
}

/// Judges one document.
pub(crate) fn judge(document: &Document, workshop: &Workshop, calls: usize, seed: u64) -> Result<Report> {
    if document.api.operations.is_empty() {
        return Ok(Report::new(&document.name));
    }
    let name = format!("round-trip-{}", document.name);
    let config = Config {
        parts: Parts::ALL,
        layout: Layout::Crate {
            name: name.clone(),
            runtime: Runtime::Path(workshop.root.display().to_string()),
        },
        ..Config::tree()
    };
    let exchange = Exchange::new(&document.api, &config);
    let mut files = generate_api(&config, &document.api).context("the generator has a fault")?;
    for file in files.iter_mut().filter(|file| file.path == "Cargo.toml") {
        file.text = file.text.replace("[dependencies]\n", &format!("[dependencies]\n{DEPENDENCIES}"));
    }
    let (text, skipped) = exchange.program(&name);
    let program = workshop.build(&name, &files, &text)?;
    let registry = registry(document, Value::clone)?;
    let drawer = Drawer { document, validators: Validators(&registry) };
    let mut report = Report::new(&document.name);
    let mut lines = Vec::new();
    let mut inputs = Vec::new();
    for (index, (operation, skipped)) in document.api.operations.iter().zip(skipped).enumerate() {
        report.operations += 1;
        if let Some(reason) = skipped {
            report.skip(operation, reason);
            continue;
        }
        let before = lines.len();
        for number in 0..calls {
            let seed = seed.wrapping_add((index * 10_007 + number * 97) as u64);
            match drawer.call(&exchange, operation, number, seed) {
                Ok(input) => {
                    lines.push((index, input.to_string()));
                    inputs.push(input);
                }
                Err(reason) if number + 1 == calls && lines.len() == before => {
                    report.skip(operation, &reason)
                }
                Err(_) => {}
            }
        }
        report.called += usize::from(lines.len() > before);
    }
    let answers = program.answers(&lines)?;
    for (((index, _), input), answer) in lines.iter().zip(&inputs).zip(answers) {
        let operation = &document.api.operations[*index];
        report.calls += 1;
        if answer.0 == "unfit" || lacks_null(input, &answer.1) {
            report.unfit += 1;
            continue;
        }
        match compare(operation, input, answer) {
            Ok(()) => report.equal += 1,
            Err(why) => {
                let found = report.differs.entry(format!("{} {}", document.name, operation.id)).or_default();
                found.push(format!("{why}\n          {}", short(&input.to_string())));
            }
        }
    }
    Ok(report)
}

struct Drawer<'a> {
    document: &'a Document,
    validators: Validators<'a>,
}

impl Drawer<'_> {
    /// What to send and to answer.
    fn call(
        &self,
        exchange: &Exchange<'_>,
        operation: &Operation,
        number: usize,
        seed: u64,
    ) -> Result<Value, String> {
        let places = Places::of(self.document, operation).ok_or("its place isn't found")?;
        let mut send = Map::new();
        for (index, parameter) in operation.parameters.iter().enumerate() {
            let wanted = parameter.required || [true, false, (seed >> index) & 1 == 0][number.min(2)];
            let schema = places.parameter_schema(parameter).filter(|_| wanted);
            let in_path = parameter.location == ParameterLocation::Path;
            let in_header = parameter.location == ParameterLocation::Header;
            let fits = |value: &Value| {
                !has_null(value) && (!in_path || fits_path(value)) && (!in_header || fits_header(value))
            };
            let drawn = schema
                .and_then(|schema| self.value(&schema, None, number, seed.wrapping_add(index as u64), fits));
            match drawn {
                Some(value) => drop(send.insert(format!("p{index}"), value)),
                None if parameter.required => {
                    return Err(format!("no value for the parameter {}", parameter.name));
                }
                None => {}
            }
        }
        if let Some(body) = &operation.body {
            let content = sent_content(body).ok_or("the body has no media type")?;
            let schema = places.body_schema(&content.media_type);
            if let BodyKind::Multipart { parts, .. } = &content.kind {
                let whole = schema.and_then(|schema| {
                    self.value(&schema, Some(Way::Request), number, seed, |value| !has_null(value))
                });
                for (index, part) in parts.iter().enumerate() {
                    let value = whole.as_ref().and_then(|whole| whole.get(&part.name));
                    let value = value.cloned().or_else(|| part.required.then(|| json!("text")));
                    send.insert(format!("f{index}"), part_values(part, value));
                }
            } else if body.required || number != 1 || !matches!(content.kind, BodyKind::Json(_)) {
                let value = self.body(content, schema, Way::Request, (number, seed));
                let value = value.ok_or("no value for the body")?;
                send.insert("body".to_owned(), value);
            }
        }
        let answer = self.answer(exchange, operation, &places, number, seed)?;
        Ok(json!({"send": send, "answer": answer}))
    }

    fn answer(
        &self,
        exchange: &Exchange<'_>,
        operation: &Operation,
        places: &Places<'_>,
        number: usize,
        seed: u64,
    ) -> Result<Value, String> {
        let served = exchange.served(&operation.id).ok_or("the server doesn't have it")?;
        let succeeds =
            |response: &&Response| matches!(response.status, Status::Code(200..=299) | Status::Range(2));
        let has_success = operation.responses.iter().any(|response| succeeds(&response));
        let mut candidates = Vec::new();
        for (index, response) in operation.responses.iter().enumerate() {
            let (status, is_error) = match response.status {
                Status::Code(code) => (code, !(200..=299).contains(&code)),
                Status::Range(digit) => (u16::from(digit) * 100 + 7, digit != 2),
                Status::Default if has_success => (418, true),
                Status::Default => (200, false),
            };
            // Those that a client tries again would only be sent again.
            if !matches!(status, 0..=199 | 408 | 425 | 429 | 500..) {
                candidates.push((index, status, is_error, response));
            }
        }
        let Some((index, status, is_error, response)) = candidates.get(number % candidates.len().max(1))
        else {
            return Err("none of its answers can be given".to_owned());
        };
        let mut answer = json!({"variant": index, "status": status, "error": is_error});
        let variant = &served.variants[*index];
        let is_json = |content: &&Content| matches!(content.kind, BodyKind::Json(_));
        if let Some(content) = response.contents.iter().find(is_json).or(response.contents.first()) {
            let schema = places.response_schema(response, &content.media_type);
            answer["body"] =
                self.body(content, schema, Way::Answer, (number, seed)).ok_or("no value for an answer")?;
        }
        for header in variant.headers.iter().filter(|header| !header.optional || number != 1) {
            let declared = response.headers.iter().find(|one| one.name.eq_ignore_ascii_case(&header.wire));
            let schema = declared.and_then(|one| places.header_schema(response, &one.name));
            // What has no scalars in it is handed on as a text.
            let as_text = header.ty == "String" || header.ty == "Option<String>";
            let value = schema.and_then(|schema| {
                self.value(&schema, None, number, seed, |value| {
                    !has_null(value) && fits_header(value) && (!as_text || value.is_string())
                })
            });
            match value {
                Some(value) => answer["headers"][&header.wire] = value,
                None if as_text && !header.optional => answer["headers"][&header.wire] = json!("\u{e9} x"),
                None if !header.optional => return Err(format!("no value for the header {}", header.wire)),
                None => {}
            }
        }
        Ok(answer)
    }

    fn body(
        &self,
        content: &Content,
        schema: Option<String>,
        way: Way,
        (number, seed): (usize, u64),
    ) -> Option<Value> {
        match (&content.kind, schema) {
            // A form's empty field is a text, and a missing one is absent: there is no null.
            (BodyKind::Form { .. }, Some(schema)) => {
                self.value(&schema, Some(way), number, seed, |value| !has_null(value))
            }
            (BodyKind::Json(_) | BodyKind::Yaml(_), Some(schema)) => {
                self.value(&schema, Some(way), number, seed, |_| true)
            }
            (BodyKind::Json(_) | BodyKind::Yaml(_) | BodyKind::Form { .. }, None) => {
                Some(json!({"anything": [1]}))
            }
            _ => Some(json!(format!("text {seed} \u{e9}"))),
        }
    }

    /// A value of the schema at a pointer that the validator finds valid, too.
    fn value(
        &self,
        pointer: &str,
        way: Option<Way>,
        number: usize,
        seed: u64,
        fits: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        let schemas = self.document.schemas_on(way);
        let (schema, sampler) = (schemas.pointer(pointer)?, Sampler::new(schemas));
        let validator = self.validators.of(pointer, way).ok()?;
        (0..20).find_map(|attempt| {
            let size = [Size::Large, Size::Small, Size::Medium][if attempt > 10 { 1 } else { number.min(2) }];
            let sample = sampler.draw(schema, size, seed.wrapping_add(attempt * 7919))?;
            (validator.is_valid(&sample.value) && fits(&sample.value)).then_some(sample.value)
        })
    }
}

/// Whether the server has refused a body for the want of a member that was to be null. The client's arguments for optional
/// members have no null, so the member wasn't sent.
fn lacks_null(input: &Value, told: &str) -> bool {
    let told: Value = serde_json::from_str(told).unwrap_or_default();
    let unseen = told["seen"].as_object().is_some_and(Map::is_empty);
    let drawn = input["send"]["body"].as_object().into_iter().flatten();
    let is_sent = |name: &str| told["sent"]["body"].get(name).is_some();
    unseen && drawn.into_iter().any(|(name, value)| value.is_null() && !is_sent(name))
}

/// Whether both sides saw the same.
fn compare(operation: &Operation, input: &Value, (word, rest): Answer) -> Result<(), String> {
    if word != "exchanged" {
        return Err(format!("{word}: {rest}"));
    }
    let told: Value = serde_json::from_str(&rest).map_err(|error| error.to_string())?;
    let members = |of: &str| told[of].as_object().cloned().unwrap_or_default();
    let (sent, seen) = (members("sent"), members("seen"));
    for (index, parameter) in operation.parameters.iter().enumerate() {
        let name = format!("p{index}");
        let (Some(sent), Some(seen)) = (sent.get(&name), seen.get(&name)) else {
            return Err(format!("the server didn't see {}", parameter.name));
        };
        // What isn't sent has its default at the server; an empty list or object leaves no trace.
        let is_default = sent.is_null() && parameter.default.is_some();
        let vanished = vanishes(parameter.location) && nothing(sent) && nothing(seen);
        // Joined, a list of one empty text is the same text as an empty list.
        let vanished = vanished || (*sent == json!([""]) && *seen == json!([]) && !parameter.explode);
        // Of a union of texts and numbers, `9` is the number: nothing on the wire says that it was meant as a text.
        let as_json = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value == *seen);
        let same_text = sent.as_str().is_some_and(|text| !seen.is_string() && as_json(text));
        let excused = is_default || vanished || same_text;
        if let Some(difference) = difference(sent, seen).filter(|_| !excused) {
            return Err(format!("the parameter {}: {difference}", parameter.name));
        }
    }
    if let (Some(sent), Some(seen)) = (sent.get("body"), seen.get("body")) {
        let (mut sent, mut seen) = (sent.clone(), seen.clone());
        let content = operation.body.as_ref().and_then(sent_content);
        if content.is_some_and(|content| matches!(content.kind, BodyKind::Form { .. })) {
            // As in a query.
            for body in [&mut sent, &mut seen] {
                body.as_object_mut().into_iter().for_each(|body| body.retain(|_, value| !nothing(value)));
            }
        }
        let trigger_id = operation.async_operation.as_ref().and_then(|work| work.trigger_id.as_deref());
        if let Some([name]) = trigger_id
            && sent.get(name).is_none_or(Value::is_null)
        {
            // The client chooses one where its caller doesn't.
            for body in [&mut sent, &mut seen] {
                body.as_object_mut().and_then(|body| body.shift_remove(name));
            }
        }
        let chosen = trigger_id.is_some() && nothing(&sent) && nothing(&seen);
        if let Some(difference) = difference(&sent, &seen).filter(|_| !chosen) {
            return Err(format!("the body: {difference}"));
        }
    }
    for (name, sent) in sent.iter().filter(|(name, _)| name.starts_with('f')) {
        let seen = seen.get(name).cloned().unwrap_or_else(|| json!([]));
        if let Some(difference) = difference(sent, &seen) {
            return Err(format!("the part {name}: {difference}"));
        }
    }
    let (answered, received) = (members("answered"), members("received"));
    let answer = &input["answer"];
    if answer["error"] == json!(true) && received.get("status") != answer.get("status") {
        return Err(format!("the status {} becomes {:?}", answer["status"], received.get("status")));
    }
    let headers = |of: &Map<String, Value>| of.get("headers").cloned().unwrap_or_else(|| json!({}));
    let (answered_headers, received_headers) = (headers(&answered), headers(&received));
    for (name, answered) in answered_headers.as_object().into_iter().flatten() {
        if operation.async_operation.is_some() {
            break;
        }
        let Some(received) = received_headers.get(name).filter(|received| !received.is_null()) else {
            return Err(format!("the client doesn't receive the header {name}"));
        };
        // An error has them as they are.
        let excused = answer["error"] == json!(true) || (nothing(answered) && nothing(received));
        if let Some(difference) = difference(answered, received).filter(|_| !excused) {
            return Err(format!("the header {name}: {difference}"));
        }
    }
    let bodiless =
        operation.method == Method::Head || matches!(answer["status"].as_u64(), Some(204 | 205 | 304));
    if bodiless || operation.async_operation.is_some() {
        return Ok(());
    }
    match (answered.get("body"), received.get("body")) {
        (Some(answered), Some(received)) => difference(answered, received)
            .map_or(Ok(()), |difference| Err(format!("the answer: {difference}"))),
        (Some(_), None) => Err("the client receives no body".to_owned()),
        (None, _) => Ok(()),
    }
}

/// The values of a part: as many as there are, those of files and texts as texts.
fn part_values(part: &Part, value: Option<Value>) -> Value {
    let values = match value {
        None => Vec::new(),
        Some(Value::Array(items)) if part.repeated => items,
        Some(other) => vec![other],
    };
    let as_text = |value: Value| if value.is_string() { value } else { json!(value.to_string()) };
    let is_text = matches!(part.kind, BodyKind::Stream | BodyKind::Text);
    values.into_iter().map(|value| if is_text { as_text(value) } else { value }).collect()
}

fn nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(nothing),
        _ => false,
    }
}

/// Whether it can stand in a path: what is empty, or a step of its own, can't.
fn fits_path(value: &Value) -> bool {
    !nothing(value) && !matches!(value.as_str(), Some("" | "." | ".."))
}

/// Whether every text in it can stand in a header: no control characters, no space at its ends, and no comma in a list.
fn fits_header(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.trim_matches([' ', '\t']) == text && !text.chars().any(|char| char.is_ascii_control())
        }
        Value::Array(items) => {
            let is_one =
                |item: &Value| item.as_str().is_none_or(|text| !text.is_empty() && !text.contains(','));
            items.iter().all(|item| is_one(item) && fits_header(item))
        }
        Value::Object(members) => members.values().all(fits_header),
        _ => true,
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

impl Report {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn skip(&mut self, operation: &Operation, reason: &str) {
        let id = format!("{} {}", self.name, operation.id);
        self.skipped.entry(reason.to_owned()).or_default().push(id);
    }

    /// Adds another document's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.called += other.called;
        self.calls += other.calls;
        self.equal += other.equal;
        self.unfit += other.unfit;
        for (reason, operations) in &other.skipped {
            self.skipped.entry(reason.clone()).or_default().extend(operations.iter().cloned());
        }
        self.differs.extend(other.differs.clone());
    }

    /// Whether nothing differs.
    pub(crate) fn is_well(&self) -> bool {
        self.calls == self.equal + self.unfit && self.equal > 0
    }

    /// The heading of the table.
    pub(crate) fn heading() -> String {
        format!(
            "{:<30} {:>10} {:>7} {:>7} {:>7} {:>7} {:>9}",
            "document", "operations", "called", "calls", "equal", "unfit", "differ in"
        )
    }

    /// One line of the table.
    pub(crate) fn row(&self) -> String {
        format!(
            "{:<30} {:>10} {:>7} {:>7} {:>7} {:>7} {:>9}",
            self.name,
            self.operations,
            self.called,
            self.calls,
            self.equal,
            self.unfit,
            self.differs.len()
        )
    }

    /// What differs and what wasn't called.
    pub(crate) fn details(&self) -> String {
        let mut out = String::new();
        for (operation, found) in &self.differs {
            let _ = writeln!(out, "{:>5}  {operation}", found.len());
            for why in found.iter().take(2) {
                let _ = writeln!(out, "       {why}");
            }
        }
        for (reason, operations) in &self.skipped {
            let _ = writeln!(out, "not called, {reason}: {} ({}, …)", operations.len(), operations[0]);
        }
        out
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= 400 {
        text.to_owned()
    } else {
        text.chars().take(400).collect::<String>() + "\u{2026}"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_null_that_was_not_sent_excuses_a_refusal() {
        let input = json!({"send": {"body": {"a": 1, "b": null}}});
        let told = |body: Value, seen: Value| json!({"sent": {"body": body}, "seen": seen}).to_string();
        assert!(lacks_null(&input, &told(json!({"a": 1}), json!({}))));
        assert!(!lacks_null(&input, &told(json!({"a": 1, "b": null}), json!({}))));
        assert!(!lacks_null(&input, &told(json!({"a": 1}), json!({"body": {"a": 1}}))));
    }
}
