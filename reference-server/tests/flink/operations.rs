//! Every operation of the document, none forgotten: with valid input, and for things that don't exist.

use std::collections::BTreeMap;

use http::Method;
use planewright_server::ResponseBody;
use serde_json::{Value, json};

use crate::bench::{Answer, Bench, UNKNOWN};
use crate::document::{Operation, flink, operations};
use crate::json_schema::{validator, violations};

/// A control plane in which there is one of everything, and the names of it all.
struct Stage {
    bench: Bench,
    names: BTreeMap<&'static str, String>,
    /// The trigger id of an operation, by the operation that polls it.
    triggers: BTreeMap<&'static str, String>,
    savepoint: String,
}

impl Stage {
    async fn new() -> Self {
        let bench = Bench::new().await;
        bench.run("CacheJob", &[]).await;
        bench.advance(60_000);
        let job = bench.running().await;
        let jars = bench.get("/jars").await.ok();
        let data_sets = bench.get("/datasets").await.ok();
        let workers = bench.get("/taskmanagers").await.ok();
        let details = bench.get(&format!("/jobs/{job}")).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let worker = text(&workers["taskmanagers"][0]["id"]);
        let mut stage = Self {
            names: BTreeMap::from([
                ("jarid", text(&jars["files"][0]["id"])),
                ("datasetid", text(&data_sets["dataSets"][0]["id"])),
                ("taskmanagerid", worker.replace(':', "%3A")),
                ("vertexid", text(&details["vertices"][0]["id"])),
                ("applicationid", text(&details["application-id"])),
                ("subtaskindex", "0".to_owned()),
                ("attempt", "0".to_owned()),
                ("filename", "planewright.log".to_owned()),
                ("jobid", job.clone()),
            ]),
            triggers: BTreeMap::new(),
            savepoint: String::new(),
            bench,
        };
        stage.trigger("getSavepointStatus", Method::POST, &format!("/jobs/{job}/savepoints")).await;
        stage.trigger("getCheckpointStatus", Method::POST, &format!("/jobs/{job}/checkpoints")).await;
        // A change of parallelism would end them.
        stage.bench.advance(5000);
        stage
            .trigger("getRescalingStatus", Method::PATCH, &format!("/jobs/{job}/rescaling?parallelism=3"))
            .await;
        stage.trigger("getClusterDataSetDeleteStatus", Method::DELETE, &format!("/datasets/{UNKNOWN}")).await;
        let disposal = json!({ "savepoint-path": "memory://nowhere" });
        let answer = stage.bench.post("/savepoint-disposal", disposal).await.ok();
        stage.triggers.insert("getSavepointDisposalStatus", text(&answer["request-id"]));
        stage.bench.advance(10_000);
        let savepoint = &stage.triggers["getSavepointStatus"];
        let savepoint = stage.bench.outcome(&format!("/jobs/{job}/savepoints/{savepoint}")).await;
        stage.savepoint = text(&savepoint["location"]);
        let statistics = stage.bench.get(&format!("/jobs/{job}/checkpoints")).await.ok();
        stage.names.insert("checkpointid", statistics["latest"]["completed"]["id"].to_string());
        let rescales = stage.bench.get(&format!("/jobs/{job}/rescales/history")).await.ok();
        stage.names.insert("rescaleuuid", text(&rescales[0]["rescaleUuid"]));
        assert_eq!(stage.bench.status(&job).await, "RUNNING");
        stage
    }

    async fn trigger(&mut self, poll: &'static str, method: Method, path: &str) {
        let answer = self.bench.call(method, path, "").await.ok();
        self.triggers.insert(poll, answer["request-id"].as_str().unwrap().to_owned());
    }

    /// The path of an operation, with the names of what is there, but for those given.
    async fn path(&self, operation: &Operation<'_>, other: &BTreeMap<&str, &str>) -> String {
        let mut path = operation.path.to_owned();
        for name in parameters(operation) {
            let value = match (name, other.get(name)) {
                (_, Some(other)) => (*other).to_owned(),
                ("triggerid", None) => self.triggers[operation.id()].clone(),
                ("filename", None) if path.starts_with("/taskmanagers") => self.worker_log().await,
                (name, None) => self.names[name].clone(),
            };
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        if operation.id() == "rescaleJob" {
            path += "?parallelism=2";
        }
        path
    }

    async fn worker_log(&self) -> String {
        let worker = &self.names["taskmanagerid"];
        let logs = self.bench.get(&format!("/taskmanagers/{worker}/logs")).await.ok();
        logs["logs"][0]["name"].as_str().unwrap().to_owned()
    }

    /// The smallest valid body of an operation.
    fn body(&self, operation: &Operation<'_>) -> String {
        let body = match operation.id() {
            "triggerHeartbeat" => json!({ "expiredTimestamp": 1_795_262_999_000_i64 }),
            "triggerSavepointDisposal" => json!({ "savepoint-path": self.savepoint }),
            "updateJobResourceRequirements" => return self.requirements(),
            _ => return String::new(),
        };
        body.to_string()
    }

    fn requirements(&self) -> String {
        // Both vertices of the program, whose ids are those of Flink's own plan.
        let bounds = json!({ "parallelism": { "lowerBound": 1, "upperBound": 2 } });
        let vertices = ["ca88eee0095684d687a1b6495617f957", "bde003748507fe3676ee1553bea4cff0"];
        let members = vertices.map(|vertex| (vertex.to_owned(), bounds.clone()));
        Value::Object(members.into_iter().collect()).to_string()
    }

    async fn call(&self, operation: &Operation<'_>, path: &str) -> Answer {
        match operation.id() {
            "uploadJar" => {
                self.bench.multipart(path, &[("jarfile", Some("a.jar"), &crate::bench::jar())]).await
            }
            "submitJob" => {
                let request = json!({ "executionPlanFileName": "plan.bin" }).to_string();
                let parts =
                    [("request", None, request.as_bytes()), ("file_0", Some("plan.bin"), b"\xac\xed")];
                self.bench.multipart(path, &parts).await
            }
            _ => {
                let method = operation.method.parse().unwrap();
                self.bench.call(method, path, self.body(operation)).await
            }
        }
    }
}

fn parameters<'a>(operation: &Operation<'a>) -> Vec<&'a str> {
    let segments = operation.path.split('/');
    segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// What this server can't do over a simulated cluster: operation and status, as the page for users lists them.
fn unsupported() -> BTreeMap<String, u16> {
    let page = include_str!("../../docs/unsupported.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let operation = cells.next()?.trim_end_matches('`').to_owned();
        Some((operation, cells.next()?.parse().ok()?))
    });
    rows.collect()
}

#[tokio::test]
async fn every_operation_succeeds_with_valid_input() {
    let document = flink();
    let mut unsupported = unsupported();
    let mut wrong = Vec::new();
    for operation in operations(&document) {
        let stage = Stage::new().await;
        let path = stage.path(&operation, &BTreeMap::new()).await;
        let answer = stage.call(&operation, &path).await;
        let (status, response) = match unsupported.remove(operation.id()) {
            Some(status) => (status.to_string(), &document["components"]["responses"]["NotFound"]),
            None => {
                let (status, response) = operation.success();
                (status.to_owned(), response)
            }
        };
        let mut say = |what: String| wrong.push(format!("{} {path}: {what}", operation.endpoint()));
        if answer.status.to_string() != status {
            say(format!("{} instead of {status}: {:?}", answer.status, answer.bytes));
            continue;
        }
        let Some((media_type, media)) = Operation::content(response) else { continue };
        let found = answer.headers["content-type"].to_str().unwrap();
        if !found.starts_with(media_type) {
            say(format!("{found} instead of {media_type}"));
        }
        if media_type == "application/json" {
            for violation in violations(&validator(&document, &media["schema"]), &answer.json()) {
                say(violation);
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(unsupported.is_empty(), "listed, but not in the document: {unsupported:?}");
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    /// Operations on jobs that answer before they look, and whose operation then fails.
    const TRIGGERS: [&str; 3] = ["triggerSavepoint", "triggerCheckpoint", "triggerStopWithSavepoint"];
    /// A job that isn't there needs no heartbeat; a data set that isn't there is as good as deleted.
    const INDIFFERENT: [&str; 2] = ["triggerHeartbeat", "deleteClusterDataSet"];
    let document = flink();
    let stage = Stage::new().await;
    let mut wrong = Vec::new();
    for operation in operations(&document) {
        for name in parameters(&operation) {
            let other = match name {
                "jarid" => "00000000-0000-4000-8000-000000000000_x.jar",
                "subtaskindex" | "attempt" | "checkpointid" => "999",
                "filename" => "other.log",
                "taskmanagerid" => "nobody",
                _ => UNKNOWN,
            };
            let path = stage.path(&operation, &BTreeMap::from([(name, other)])).await;
            let answer = stage.call(&operation, &path).await;
            let id = operation.id();
            let expected = if TRIGGERS.contains(&id) || INDIFFERENT.contains(&id) { 202 } else { 404 };
            if answer.status != expected {
                wrong.push(format!("{} {path}: {} instead of {expected}", operation.method, answer.status));
            } else if expected == 404 {
                let message = answer.error(404);
                if message.len() > 200 || !message.ends_with('.') {
                    wrong.push(format!("{} {path}: {message}", operation.method));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(stage.bench.status(&stage.names["jobid"]).await, "RUNNING");
}

#[tokio::test]
async fn malformed_ids_are_bad_requests() {
    let document = flink();
    let stage = Stage::new().await;
    for operation in operations(&document) {
        for name in parameters(&operation) {
            if matches!(name, "filename" | "taskmanagerid") {
                continue;
            }
            let path = stage.path(&operation, &BTreeMap::from([(name, "xyz")])).await;
            stage.call(&operation, &path).await.error(400);
        }
    }
}

/// What the command line of Flink does: `/v1`, and `{}` as the body of every GET.
#[tokio::test]
async fn both_versions_of_a_path_and_a_body_on_get_are_fine() {
    let stage = Stage::new().await;
    for path in ["/v1/jobs/overview", "/jobs/overview", "/v1//jobs/overview/"] {
        let answer = stage.bench.call(Method::GET, path, "{}").await.ok();
        assert_eq!(answer["jobs"].as_array().unwrap().len(), 2, "{path}");
    }
    stage.bench.get("/v2/jobs/overview").await.error(404);
}

#[tokio::test]
async fn any_body_type_will_do() {
    use tower::ServiceExt;
    let plane = planewright_reference_server::ControlPlane::builder().build().await.unwrap();
    let service = plane.into_service::<String>();
    let request = http::Request::get("/overview").body(String::new()).unwrap();
    let response: http::Response<ResponseBody> = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
}
