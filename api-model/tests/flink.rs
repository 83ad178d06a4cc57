//! The model of Flink against its document's examples and the recorded answers of a real cluster: everything
//! decodes into the declared type, and comes back equal.

#![cfg(feature = "flink")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use planewright_model::{Any, Json, StringEnum, Validate, flink};

/// Reads a value as a type and writes it again.
type RoundTrip = fn(&[u8]) -> Result<Any, String>;

fn round_trip<T: Json + Validate>(text: &[u8]) -> Result<Any, String> {
    let value = T::read_json(text).map_err(|error| error.to_string())?;
    value.check().map_err(|violations| violations.to_string())?;
    let mut out = Vec::new();
    value.write_json(&mut out).map_err(|error| error.to_string())?;
    Any::read_json(&out).map_err(|error| error.to_string())
}

macro_rules! types {
    ($($name:ident)*) => { &[$((stringify!($name), round_trip::<flink::$name>, round_trip::<Vec<flink::$name>>)),*] };
}

/// The types that bodies have: alone, and in a list.
const TYPES: &[(&str, RoundTrip, RoundTrip)] = types! {
    AggregatedMetric ApplicationDetails ApplicationExceptions ApplicationsOverview AttemptAccumulators
    CheckpointConfig CheckpointStatistics CheckpointTrigger CheckpointTriggerStatus CheckpointingStatistics
    ClientHeartbeat ClusterOverview ConfigurationEntry DashboardConfiguration DataSetDeletionStatus
    DataSetList EmptyObject Environment ErrorResponse FlameGraph JarApplicationOptions JarList JarPlanOptions
    JarRunOptions JobAccumulators JobConfig JobDetails JobExceptions JobExecutionResult JobIdsWithStatus
    JobPlan JobResourceRequirements JobStatusInfo JobsOverview LogList LogUrl Metric Rescale RescaleConfig
    RescalesOverview RescalesSummary RescalingStatus SavepointDisposal SavepointDisposalStatus SavepointStatus
    SavepointTrigger StopTrigger SubmittedApplication SubmittedJob SubmittedJobUrl SubtaskAttempt
    SubtasksAccumulators SubtasksTimes TaskCheckpointDetails TaskManagerDetails TaskManagers ThreadDump
    TriggeredOperation UploadedJar VertexAccumulators VertexBackPressure VertexDetails VertexTaskManagers
};

/// The document as a JSON value.
fn document() -> Any {
    serde_saphyr::from_str(planewright_spec::FLINK).unwrap()
}

/// The way from the document's `schema` to a Rust type, through the components that it names.
fn reader(schema: &Any, context: &str) -> RoundTrip {
    let name = |schema: &Any| {
        let reference =
            schema["$ref"].as_str().unwrap_or_else(|| panic!("{context}: a body without a component"));
        reference.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let (name, in_list) = match schema.get("items") {
        Some(items) => (name(items), true),
        None => (name(schema), false),
    };
    let found = TYPES.iter().find(|(known, ..)| *known == name);
    let (_, one, many) = found.unwrap_or_else(|| panic!("{context}: add `{name}` to TYPES"));
    if in_list { *many } else { *one }
}

/// A body of an operation: where it is declared, its type, its examples.
struct Body {
    place: String,
    status: String,
    round_trip: RoundTrip,
    examples: Vec<Any>,
}

/// The JSON bodies by endpoint, such as `GET /jobs/{jobid}`; the status of a request is empty.
fn bodies(document: &Any) -> BTreeMap<String, Vec<Body>> {
    let mut bodies: BTreeMap<String, Vec<Body>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in
            item.as_object().unwrap().iter().filter(|(_, value)| value["responses"].is_object())
        {
            let endpoint = format!("{} {path}", method.to_uppercase());
            let declared = bodies.entry(endpoint.clone()).or_default();
            let request = [(String::new(), &operation["requestBody"])];
            let responses = operation["responses"].as_object().unwrap().iter();
            for (status, body) in
                request.into_iter().chain(responses.map(|(status, body)| (status.clone(), body)))
            {
                let body = match body["$ref"].as_str() {
                    Some(reference) => document.pointer(&reference[1..]).unwrap(),
                    None => body,
                };
                let Some(media) = body["content"].get("application/json") else { continue };
                let place = format!("{endpoint} {status}");
                // Cancelling and its like answer an empty object, which has no component.
                if media["schema"].get("$ref").is_none() && media["schema"].get("items").is_none() {
                    continue;
                }
                let examples =
                    media["examples"].as_object().into_iter().flat_map(|examples| examples.values());
                let examples =
                    examples.map(|example| &example["value"]).chain(media.get("example")).cloned().collect();
                let round_trip = reader(&media["schema"], &place);
                declared.push(Body { place, status, round_trip, examples });
            }
        }
    }
    bodies
}

/// What a value loses or gains on its way through the type.
fn difference(body: &Body, value: &Any) -> Option<String> {
    match (body.round_trip)(value.to_string().as_bytes()) {
        Ok(back) if same(value, &back) => None,
        Ok(back) => Some(format!("{}: {value} came back as {back}", body.place)),
        Err(error) => Some(format!("{}: {error}: {value}", body.place)),
    }
}

/// Equality of JSON values, for which 1 and 1.0 are one number.
fn same(one: &Any, other: &Any) -> bool {
    match (one, other) {
        (Any::Number(one), Any::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Any::Array(one), Any::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Any::Object(one), Any::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

#[test]
fn every_example_decodes_and_comes_back_equal() {
    let document = document();
    let mut differences = Vec::new();
    let mut count = 0;
    for body in bodies(&document).values().flatten() {
        count += body.examples.len();
        differences.extend(body.examples.iter().filter_map(|example| difference(body, example)));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(count > 80, "only {count} examples");
}

#[test]
fn every_recorded_answer_decodes_and_loses_nothing() {
    let document = document();
    let bodies = bodies(&document);
    let mut differences = Vec::new();
    let (mut count, mut shortened) = (0, 0);
    for recorded in recordings() {
        // A list holds tries of the protocol beneath the operations; so do endpoints that aren't declared.
        let Some(declared) = recorded["endpoint"].as_str().and_then(|endpoint| bodies.get(endpoint)) else {
            continue;
        };
        for answer in recorded["observations"].as_array().into_iter().flatten() {
            let status = answer["status"].to_string();
            let Some(body) = declared.iter().find(|body| status == body.status) else {
                continue;
            };
            if !matches!(body.status.as_str(), "200" | "202") {
                continue;
            }
            count += 1;
            shortened += usize::from(answer["shortened"] == true);
            differences.extend(difference(body, &without_gaps(&answer["body"])));
        }
    }
    eprintln!("{count} recorded answers, {shortened} of them shortened by whoever recorded them");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The recordings: rare ones that stand beside the document, the others in `$PLANEWRIGHT_SHARED/flink/observed`.
fn recordings() -> Vec<Any> {
    let Some(shared) = std::env::var_os("PLANEWRIGHT_SHARED") else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "PLANEWRIGHT_SHARED must be set in continuous integration"
        );
        eprintln!("not checked: PLANEWRIGHT_SHARED is not set, so there are no recorded answers");
        return Vec::new();
    };
    let read = |path: &Path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let folder = Path::new(&shared).join("flink/observed");
    let recordings: Vec<Any> =
        fs::read_dir(folder).unwrap().map(|entry| read(&entry.unwrap().path())).collect();
    assert!(recordings.len() > 90, "only {} recordings", recordings.len());
    recordings
}

/// Recordings shorten long lists; the text that stands for the rest is no element.
fn without_gaps(value: &Any) -> Any {
    let is_gap = |value: &Any| {
        value.as_str().is_some_and(|text| text.starts_with("...<") && text.ends_with(" items>"))
    };
    match value {
        Any::Array(items) => items.iter().filter(|item| !is_gap(item)).map(without_gaps).collect(),
        Any::Object(members) => {
            Any::Object(members.iter().map(|(name, value)| (name.clone(), without_gaps(value))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn an_unknown_state_survives_and_is_reported() {
    let text = br#"{"status":"HIBERNATING"}"#;
    let info = flink::JobStatusInfo::read_json(text).unwrap();
    assert_eq!(info.status, flink::JobStatus::Unknown("HIBERNATING".to_owned()));
    assert!(!info.status.is_listed());
    let mut out = Vec::new();
    info.write_json(&mut out).unwrap();
    assert_eq!(out, text);
    let violations = info.check().unwrap_err();
    assert_eq!(violations.iter().next().unwrap().path, "/status");
}

#[test]
fn unknown_members_are_passed_over_and_absent_is_not_null() {
    let options = flink::SavepointTrigger::read_json(br#"{"no-such-member": 1, "triggerId": null}"#).unwrap();
    assert!(options.trigger_id.is_some_and(|id| id.is_null()));
    assert_eq!(flink::SavepointTrigger::read_json(b"{}").unwrap(), flink::SavepointTrigger::default());
}

#[test]
fn enumerations_pass_over_case_where_they_are_told_to() {
    assert_eq!(flink::AggregationMode::from_ignoring_case("MAX"), flink::AggregationMode::Max);
    assert_eq!(flink::AggregationMode::from("MAX"), flink::AggregationMode::Unknown("MAX".to_owned()));
}
