//! Against a real cluster: answers of Flink 2.3.0, and Flink's own list of operations. The rare answers are recorded in
//! `recorded.json` beside this file, all others in `$PLANEWRIGHT_SHARED/flink/observed`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::document::{Operation, flink, operations, parse};
use crate::json_schema::{validator, violations};

/// Recorded, and left out of the document on purpose; `SOURCES.md` says why.
const LEFT_OUT: [&str; 5] = [
    "GET /jobmanager/profiler",
    "GET /jobs/{jobid}/yarn-cancel",
    "GET /taskmanagers/{taskmanagerid}/profiler",
    "POST /jobmanager/profiler",
    "POST /taskmanagers/{taskmanagerid}/profiler",
];

/// Where the recordings are. Without them there is nothing to check, which only continuous integration can't accept.
fn recordings() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("PLANEWRIGHT_SHARED") {
        return Some(Path::new(&folder).join("flink"));
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "PLANEWRIGHT_SHARED must be set in continuous integration"
    );
    eprintln!("not checked: PLANEWRIGHT_SHARED is not set, so there are no recorded answers");
    None
}

#[test]
fn every_recorded_answer_fits_and_loses_nothing() {
    let Some(folder) = recordings() else { return };
    let document = flink();
    let judge = Judge::new(&document);
    let mut left_out = BTreeSet::new();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder.join("observed")).expect("the recordings") {
        let recorded: Value =
            serde_json::from_slice(&fs::read(entry.expect("an entry").path()).expect("a file"))
                .expect("JSON");
        // A list holds tries of the protocol beneath the operations.
        let Some(endpoint) = recorded.get("endpoint").and_then(Value::as_str) else { continue };
        let answers = recorded["observations"].as_array().expect("observations");
        for answer in answers.iter().filter(|answer| [200, 202].map(Value::from).contains(&answer["status"]))
        {
            if endpoint.starts_with("PROTO ") {
                continue;
            }
            let Some(operation) = judge.operation(endpoint) else {
                left_out.insert(endpoint.to_owned());
                continue;
            };
            let declared = Operation::content(operation.success().1).expect("content").0;
            let sent = answer["response_headers"]["content-type"].as_str().unwrap_or_default();
            assert!(sent.starts_with(declared), "{endpoint}: {sent} is not declared");
            if declared == "application/json" {
                checked += 1;
                wrong.extend(judge.violations(operation, answer));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(left_out.iter().map(String::as_str).collect::<Vec<_>>(), LEFT_OUT);
    assert!(checked >= 276, "only {checked} answers were found");
}

#[test]
fn every_rare_answer_fits_and_loses_nothing() {
    let recorded: Vec<Value> = serde_json::from_str(include_str!("recorded.json")).expect("JSON");
    assert_eq!(recorded.len(), 20);
    let document = flink();
    let judge = Judge::new(&document);
    for answer in &recorded {
        let endpoint = answer["endpoint"].as_str().expect("an endpoint");
        let operation = judge.operation(endpoint).unwrap_or_else(|| panic!("{endpoint} is not declared"));
        assert_eq!(judge.violations(operation, answer), [""; 0]);
    }
}

/// Compares recorded answers with what the document declares.
struct Judge<'a> {
    document: &'a Value,
    operations: Vec<Operation<'a>>,
}

impl<'a> Judge<'a> {
    fn new(document: &'a Value) -> Self {
        Self { document, operations: operations(document) }
    }

    fn operation(&self, endpoint: &str) -> Option<&Operation<'a>> {
        self.operations.iter().find(|operation| operation.endpoint() == endpoint)
    }

    fn violations(&self, operation: &Operation<'_>, answer: &Value) -> Vec<String> {
        let place = format!("{} ({})", operation.endpoint(), answer["label"]);
        let (status, response) = operation.success();
        assert_eq!(answer["status"].to_string(), status, "{place}");
        let media = Operation::content(response).expect("content").1;
        let validator = validator(self.document, &media["schema"]);
        let found = violations(&validator, &without_gaps(&answer["body"]));
        found.into_iter().map(|violation| format!("{place}: {violation}")).collect()
    }
}

/// Recordings shorten long lists; the text that stands for the rest is no element.
fn without_gaps(value: &Value) -> Value {
    let is_gap = |value: &Value| {
        value.as_str().is_some_and(|text| text.starts_with("...<") && text.ends_with(" items>"))
    };
    match value {
        Value::Array(items) => items.iter().filter(|item| !is_gap(item)).map(without_gaps).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), without_gaps(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn every_operation_of_flinks_own_document_is_there() {
    let Some(folder) = recordings() else { return };
    let own = parse(&fs::read_to_string(folder.join("flink-2.3.0-own-openapi.yml")).expect("the document"));
    let document = flink();
    let endpoints = |document| operations(document).iter().map(Operation::endpoint).collect::<BTreeSet<_>>();
    let (ours, theirs) = (endpoints(&document), endpoints(&own));
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(
        ours.difference(&theirs).map(String::as_str).collect::<Vec<_>>(),
        [
            "GET /jars/{jarid}/plan",
            "GET /jobmanager/log",
            "GET /jobmanager/logs/{filename}",
            "GET /jobmanager/stdout",
            "GET /taskmanagers/{taskmanagerid}/log",
            "GET /taskmanagers/{taskmanagerid}/logs/{filename}",
            "GET /taskmanagers/{taskmanagerid}/stdout",
            "POST /jobs",
        ]
    );
}
