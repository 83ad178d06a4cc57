//! The form of the document: complete, well named, and each example true to its schema.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Operation, flink, operations};
use crate::json_schema::{validator, violations};

#[test]
fn an_independent_reader_finds_every_operation() {
    let read: openapiv3::OpenAPI = serde_json::from_value(flink()).expect("an OpenAPI document");
    assert_eq!(read.openapi, "3.0.3");
    assert_eq!(read.operations().count(), 88);
    assert_eq!(read.paths.paths.len(), 83);
    let servers: Vec<_> = read.servers.iter().map(|server| server.url.as_str()).collect();
    assert_eq!(servers, ["/", "/v1"]);
}

#[test]
fn every_operation_is_described() {
    let document = flink();
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| tag["name"].as_str().expect("a name"))
        .collect();
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let endpoint = operation.endpoint();
        let id = operation.id();
        assert!(ids.insert(id.to_owned()), "{endpoint}: operation id {id} is taken");
        assert!(
            id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_alphanumeric()),
            "{endpoint}: operation id {id} is not in camel case"
        );
        let tag = operation.value["tags"].as_array().expect("tags");
        assert!(
            tag.len() == 1 && tags.contains(tag[0].as_str().expect("a tag")),
            "{endpoint}: one declared tag"
        );
        let summary = operation.value["summary"].as_str().expect("a summary");
        assert!((5..=80).contains(&summary.len()) && !summary.ends_with('.'), "{endpoint}: {summary:?}");
        assert!(
            operation.value["description"].as_str().is_some_and(|text| text.ends_with('.')),
            "{endpoint}"
        );
        let responses = operation.value["responses"].as_object().expect("responses");
        for status in ["400", "500", "501", "503"] {
            assert!(responses.contains_key(status), "{endpoint}: {status} is not declared");
        }
        if operation.method == "GET" {
            assert!(operation.value.get("requestBody").is_none(), "{endpoint}: a body on GET");
            assert_eq!(operation.path.contains('{'), responses.contains_key("404") && !log_file(&operation));
        }
    }
}

/// The one kind of thing that may be missing without being named by the path.
fn log_file(operation: &Operation<'_>) -> bool {
    ["/jobmanager/log", "/jobmanager/stdout"].contains(&operation.path)
}

#[test]
fn every_example_is_there_and_fits_its_schema() {
    let document = flink();
    let mut checked = 0;
    let mut check = |place: String, media: &Value| {
        let example = media.get("example").unwrap_or_else(|| panic!("{place}: no example"));
        assert_eq!(violations(&validator(&document, &media["schema"]), example), [""; 0], "{place}");
        checked += 1;
    };
    for operation in operations(&document) {
        let (status, response) = operation.success();
        let (_, media) = Operation::content(response).expect("content");
        check(format!("{} {status}", operation.endpoint()), media);
        if let Some(("application/json", media)) =
            operation.value.get("requestBody").and_then(Operation::content)
        {
            check(format!("{} request", operation.endpoint()), media);
        }
    }
    for (name, response) in document["components"]["responses"].as_object().expect("responses") {
        check(name.clone(), Operation::content(response).expect("content").1);
    }
    assert_eq!(checked, 104);
}
