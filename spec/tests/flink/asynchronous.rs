//! `x-planewright-async`: what it names exists. `EXTENSIONS.md` describes it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Operation, flink, operations, resolve};

#[test]
fn every_trigger_is_tied_to_its_poll() {
    let document = flink();
    let all = operations(&document);
    let mut triggers = Vec::new();
    for trigger in &all {
        let (_, response) = trigger.success();
        let Some(extension) = trigger.value.get("x-planewright-async") else {
            assert!(response.get("links").is_none(), "{}: a link without the extension", trigger.endpoint());
            continue;
        };
        triggers.push(trigger.id());
        let link = &response["links"][text(extension, "link")];
        let poll =
            all.iter().find(|operation| operation.id() == text(link, "operationId")).expect("the poll");
        assert_parameters(trigger, link, poll, &document);

        if extension.get("trigger-id").is_some() {
            let body = Operation::content(&trigger.value["requestBody"]).expect("a body").1;
            at(&document, &body["schema"], text(extension, "trigger-id"), "$request.body#");
        }
        let answer = &Operation::content(poll.success().1).expect("content").1["schema"];
        let state = at(&document, answer, text(extension, "state"), "$response.body#");
        for pending in extension["pending"].as_array().expect("a list") {
            assert!(
                state["enum"].as_array().expect("an enumeration").contains(pending),
                "{}",
                trigger.endpoint()
            );
        }
        at(&document, answer, text(extension, "result"), "$response.body#");
        at(&document, answer, text(extension, "failure"), "$response.body#");
    }
    triggers.sort_unstable();
    assert_eq!(
        triggers,
        [
            "deleteClusterDataSet",
            "rescaleJob",
            "triggerCheckpoint",
            "triggerSavepoint",
            "triggerSavepointDisposal",
            "triggerStopWithSavepoint",
        ]
    );
}

/// The link gives each path parameter of the poll, and each from something that the trigger has.
fn assert_parameters(trigger: &Operation<'_>, link: &Value, poll: &Operation<'_>, document: &Value) {
    let given = link["parameters"].as_object().expect("parameters");
    let given_names: BTreeSet<_> = given.keys().map(String::as_str).collect();
    let wanted: BTreeSet<_> =
        poll.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    assert_eq!(given_names, wanted, "{}", trigger.endpoint());
    for expression in given.values().map(|value| value.as_str().expect("an expression")) {
        if let Some(name) = expression.strip_prefix("$request.path.") {
            assert!(trigger.path.contains(&format!("{{{name}}}")), "{}: {expression}", trigger.endpoint());
        } else {
            let answer = Operation::content(trigger.success().1).expect("content").1;
            at(document, &answer["schema"], expression, "$response.body#");
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text member {name}"))
}

/// The schema of what a runtime expression points to.
fn at<'a>(document: &'a Value, schema: &'a Value, expression: &str, prefix: &str) -> &'a Value {
    let pointer =
        expression.strip_prefix(prefix).unwrap_or_else(|| panic!("{expression} is not in {prefix}"));
    let mut schema = bare(document, schema);
    for name in pointer.split('/').skip(1) {
        schema = bare(
            document,
            schema["properties"].get(name).unwrap_or_else(|| panic!("{expression} leads nowhere")),
        );
    }
    schema
}

/// Without references, also without the `allOf` around one that lets it be nullable.
fn bare<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolve(document, schema);
    match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) => bare(document, only),
        _ => schema,
    }
}
