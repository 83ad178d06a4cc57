//! Our answers beside those of a real cluster: what it always sends, we send too.
//!
//! The recorded answers are found through `PLANEWRIGHT_SHARED`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::bench::Bench;

fn recorded() -> Option<PathBuf> {
    match std::env::var_os("PLANEWRIGHT_SHARED") {
        Some(shared) => Some(PathBuf::from(shared).join("flink/observed")),
        None => {
            assert!(std::env::var_os("CI").is_none(), "PLANEWRIGHT_SHARED must be set in CI");
            eprintln!(
                "not run: PLANEWRIGHT_SHARED is not set, so there are no recorded answers to compare with"
            );
            None
        }
    }
}

/// The members of objects that are the same in all recorded successes of an endpoint, as paths. Members of maps, whose names are
/// data, are left out by their form.
fn members(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let is_data = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
                if !is_data {
                    let path = format!("{path}/{name}");
                    found.insert(path.clone());
                    members(value, &path, found);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                members(item, &format!("{path}/*"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn we_send_what_flink_sends() {
    let Some(folder) = recorded() else { return };
    let bench = Bench::new().await;
    let job = bench.running().await;
    let details = bench.get(&format!("/jobs/{job}")).await.ok();
    let vertex = details["vertices"][0]["id"].as_str().unwrap();
    let workers = bench.get("/taskmanagers").await.ok();
    let worker = workers["taskmanagers"][0]["id"].as_str().unwrap();
    let statistics = bench.get(&format!("/jobs/{job}/checkpoints")).await.ok();
    let checkpoint = statistics["latest"]["completed"]["id"].to_string();
    let names = [
        ("{jobid}", job.as_str()),
        ("{vertexid}", vertex),
        ("{taskmanagerid}", worker),
        ("{checkpointid}", &checkpoint),
        ("{subtaskindex}", "0"),
        ("{attempt}", "0"),
        ("{applicationid}", &job),
    ];
    let mut compared = 0;
    let mut missing = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let record: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let Some(endpoint) = record["endpoint"].as_str().and_then(|endpoint| endpoint.strip_prefix("GET "))
        else {
            continue;
        };
        let first = record["observations"][0].clone();
        if first["status"] != 200 || !first["body"].is_object() && !first["body"].is_array() {
            continue;
        }
        let path = names.iter().fold(endpoint.to_owned(), |path, (name, value)| path.replace(name, value));
        if path.contains('{') || path.contains("rescales") || path.contains("profiler") {
            continue;
        }
        let ours = bench.get(&path).await.ok();
        let (mut theirs_found, mut ours_found) = (BTreeSet::new(), BTreeSet::new());
        members(&first["body"], "", &mut theirs_found);
        members(&ours, "", &mut ours_found);
        missing.extend(theirs_found.difference(&ours_found).map(|member| format!("{endpoint} {member}")));
        compared += 1;
    }
    assert!(compared > 30, "{compared} answers compared");
    let allowed: BTreeSet<&str> = ALLOWED.iter().copied().collect();
    missing.retain(|member| !allowed.contains(member.as_str()));
    assert!(missing.is_empty(), "{} missing:\n{}", missing.len(), missing.join("\n"));
}

/// Members whose names are data: states that occurred, and arguments of a program.
const ALLOWED: &[&str] = &[
    "/jobs/{jobid}/config /execution-config/user-config/sleep-ms",
    "/applications/overview /applications/*/jobs/CANCELED",
    "/applications/overview /applications/*/jobs/FAILED",
    "/applications/overview /applications/*/jobs/FINISHED",
];
