//! Whether answers are what the document declares.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use super::operation::{Media, Operation, Response, essence, is_json};
use super::validity::Document;
use crate::exchange::{Exchange, Heard};
use crate::{Case, Context, Layer, Stop};

/// Statuses that speak of HTTP and not of the operation: a server may answer them undeclared.
const OF_HTTP: [u16; 10] = [405, 406, 408, 411, 413, 414, 415, 417, 429, 431];

/// What is wrong with an answer, as far as the document says.
pub(crate) fn faults(document: &Document, operation: &Operation, heard: &Heard) -> Vec<String> {
    let status = heard.status;
    let Some(response) = operation.response(status) else {
        let unauthorised = operation.secured && matches!(status, 401 | 403);
        if OF_HTTP.contains(&status) || unauthorised {
            return Vec::new();
        }
        let declared: Vec<_> = operation.responses.iter().map(|one| one.status.as_str()).collect();
        return vec![format!("status {status} isn't declared ({} are)", declared.join(", "))];
    };
    let mut faults = Vec::new();
    if status >= 500 && !matches!(status, 501 | 503) {
        faults.push(format!("status {status}"));
    }
    faults.extend(of_body(document, response, heard));
    for header in &response.headers {
        let value = heard.headers.get(&header.name).and_then(|value| value.to_str().ok());
        match (value, &header.schema) {
            (None, _) if header.required => faults.push(format!("header {} is missing", header.name)),
            (Some(text), Some(schema)) => {
                let parsed = serde_json::from_str::<Value>(text).ok();
                let mut readings = parsed.into_iter().chain([Value::String(text.to_owned())]);
                if !readings.any(|value| document.refuses_answer(schema, &value).is_none()) {
                    faults.push(format!("header {}: {text} isn't valid", header.name));
                }
            }
            _ => {}
        }
    }
    faults
}

fn of_body(document: &Document, response: &Response, heard: &Heard) -> Option<String> {
    if response.media.is_empty() || matches!(heard.status, 204 | 205 | 304) {
        return None;
    }
    let given = heard.headers.get("content-type").and_then(|value| value.to_str().ok());
    let Some(given) = given else {
        let empty = if heard.body.is_empty() { " and no body" } else { "" };
        return Some(format!("there is no media type{empty}"));
    };
    let Some(media) = declared(&response.media, given) else {
        let names: Vec<_> = response.media.iter().map(|media| media.name.as_str()).collect();
        return Some(format!("media type {given} isn't declared ({} is)", names.join(", ")));
    };
    let schema = media.schema.as_ref().filter(|_| is_json(given))?;
    match serde_json::from_slice::<Value>(&heard.body) {
        Ok(value) => {
            document.refuses_answer(schema, &value).map(|error| format!("the body isn't valid: {error}"))
        }
        Err(error) => Some(format!("the body is no JSON: {error}")),
    }
}

/// What is declared for a media type.
fn declared<'a>(media: &'a [Media], given: &str) -> Option<&'a Media> {
    let given = essence(given);
    let ranges =
        [given.clone(), format!("{}/*", given.split('/').next().unwrap_or_default()), "*/*".to_owned()];
    ranges.iter().find_map(|range| media.iter().find(|media| essence(&media.name) == *range))
}

/// What was found in the answers of a run so far.
#[derive(Default)]
struct Judged {
    upto: usize,
    /// For each operation: how many answers there were, and those that are wrong.
    operations: Vec<(usize, Vec<(Exchange, String)>)>,
}

/// One case for each operation that is called: all of its answers are as declared.
pub(super) fn cases(name: &str, document: &Rc<Document>, called: impl Fn(&Operation) -> bool) -> Vec<Case> {
    let all = document.operations.iter().enumerate().filter(|(_, operation)| called(operation));
    let case = |(index, operation): (usize, &Operation)| {
        let document = Rc::clone(document);
        Case::must(
            format!("{name}.document.{}.answers", operation.id),
            format!(
                "Every answer to {} {} has a declared status, media type, headers and a valid body.",
                operation.method, operation.template
            ),
        )
        .layer(Layer::Document)
        .source(format!("the document, {}", operation.id))
        .proved_by(async move |cx: Context| prove(&cx, &document, index))
    };
    all.map(case).collect()
}

fn prove(cx: &Context, document: &Rc<Document>, index: usize) -> Result<(), Stop> {
    let judged = cx.kept::<RefCell<Judged>>();
    let mut judged = judged.borrow_mut();
    judge(cx, document, &mut judged);
    let Some((count, wrong)) = judged.operations.get(index) else {
        return Err(Stop::Error("the operation isn't known".to_owned()));
    };
    if *count == 0 {
        return Err(Stop::Skip("no case that ran asked for it".to_owned()));
    }
    let Some((exchange, fault)) = wrong.first() else { return Ok(()) };
    cx.cite(exchange.clone());
    let others = match wrong.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more of {count} answers)"),
    };
    let said = format!("{} {}", exchange.said.method, exchange.said.path);
    Err(Stop::fail(format!("{said}: an answer as declared"), format!("{fault}{others}")))
}

fn judge(cx: &Context, document: &Rc<Document>, judged: &mut Judged) {
    /// Wrong answers that are remembered for each operation.
    const REMEMBERED: usize = 1000;
    judged.operations.resize_with(document.operations.len(), Default::default);
    let mut seen: Vec<(usize, u16)> = Vec::new();
    judged.upto = cx.history(judged.upto, |exchange| {
        let Ok(heard) = &exchange.heard else { return };
        let Some(index) = document.operation_of(&exchange.said.method, &exchange.said.path) else { return };
        let operation = &document.operations[index];
        let (count, wrong) = &mut judged.operations[index];
        *count += 1;
        seen.push((index, heard.status));
        if let Some(fault) = faults(document, operation, heard).into_iter().next()
            && wrong.len() < REMEMBERED
        {
            wrong.push((exchange.clone(), fault));
        }
    });
    seen.sort_unstable();
    seen.dedup();
    cx.coverage(|coverage| {
        for (index, status) in seen {
            let operation = &document.operations[index];
            let status =
                operation.response(status).map_or_else(|| status.to_string(), |one| one.status.clone());
            coverage.statuses.insert((operation.id.clone(), status), true);
        }
    });
}
