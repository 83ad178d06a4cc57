//! Webhooks and callbacks: the requests that an API sends.

use super::follow;
use super::operations::{ResolvedOperation, operation};
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::openapi::{Document, Fields, Operation, Path, PathItem, Reading, RefOr, Text};
use crate::source::Node;

/// The tag of webhooks.
pub(super) const WEBHOOKS: &str = "webhooks";
/// The tag of callbacks.
pub(super) const CALLBACKS: &str = "callbacks";

/// The requests of `webhooks`.
pub(super) fn webhooks<'a>(reading: Reading<'a>, document: &Document<'a>) -> Vec<ResolvedOperation<'a>> {
    let mut list = Vec::new();
    for (name, node) in &document.webhooks {
        let sent = Sent { tag: WEBHOOKS, name, to: None };
        list.extend(item(reading, document, &sent, node));
    }
    list
}

/// The requests that an operation makes its server send later.
pub(super) fn callbacks<'a>(
    reading: Reading<'a>,
    document: &Document<'a>,
    source: &Operation<'a>,
) -> Vec<ResolvedOperation<'a>> {
    let mut list = Vec::new();
    for (name, node) in &source.callbacks {
        let cost = Cost::Operation(name.value.clone());
        let expressions = reading.sink.within(cost, || {
            let part = RefOr::read(reading, node, expressions)?;
            follow(reading, &part, expressions).map(|(expressions, _)| expressions)
        });
        for (expression, node) in expressions.into_iter().flatten() {
            let sent = Sent { tag: CALLBACKS, name, to: Some(&expression.value) };
            list.extend(item(reading, document, &sent, node));
        }
    }
    list
}

fn expressions<'a>(reading: Reading<'a>, node: &'a Node) -> Result<Vec<(Text, &'a Node)>, Reported> {
    Ok(Fields::of(reading, node, "a callback")?.all().collect())
}

/// What is sent, and whereto.
struct Sent<'s> {
    tag: &'static str,
    name: &'s Text,
    to: Option<&'s str>,
}

fn item<'a>(
    reading: Reading<'a>,
    document: &Document<'a>,
    sent: &Sent<'_>,
    node: &'a Node,
) -> Vec<ResolvedOperation<'a>> {
    // A receiver has one path for each; what can't stand in a path is a hyphen.
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.~".contains(character);
    let word: String = sent.name.value.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    let template = Text { value: format!("/{word}"), span: sent.name.span };
    let read = |reading, node| PathItem::read(reading, node, &template.value);
    let item = reading.sink.within(Cost::Operation(sent.name.value.clone()), || {
        let part = RefOr::read(reading, node, read)?;
        follow(reading, &part, read).map(|(item, _)| (part, item))
    });
    let Ok((part, item)) = item else { return Vec::new() };
    let path = Path { template, item: part };
    let mut list = Vec::new();
    for entry in &item.operations {
        if let Some((_, callbacks)) = entry.operation.callbacks.first() {
            let message = "callbacks of what an API sends itself aren't generated";
            Problem::new(code::CALLBACKS, callbacks.span, message).report(reading.sink);
        }
        let cost = Cost::Operation(sent.name.value.clone());
        let read = reading.sink.within(cost, || operation(reading, document, &path, &item, entry));
        let Ok(mut operation) = read else { continue };
        operation.tags = vec![Text { value: sent.tag.to_owned(), span: sent.name.span }];
        operation.is_outgoing = true;
        // Servers and credentials are those of the receiver, which no document knows.
        operation.servers.clear();
        if entry.operation.security.is_none() {
            operation.security.clear();
        }
        operation.id.get_or_insert_with(|| sent.name.clone());
        if let Some(to) = sent.to {
            let line = format!("Sent to `{to}`.");
            let description = operation.docs.description.take();
            operation.docs.description =
                Some(description.map_or_else(|| line.clone(), |text| format!("{text}\n\n{line}")));
        }
        list.push(operation);
    }
    list
}
