//! What the document doesn't say: which jobs, jars and task managers there are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::scene::Scene;
use crate::document::{Ground, Guide, Operation, Part, Place, Purpose, Weight};
use crate::{Answer, Case, Context, Coverage, Stop};

/// The cases of the document, and what there is to be tried.
pub(super) fn cases() -> (Vec<Case>, Coverage) {
    // The document of this API is always readable; a test says so.
    crate::document::cases("flink", planewright_spec::FLINK, Rc::new(Cluster)).unwrap_or_default()
}

struct Cluster;

/// Operations that end the job which they name.
const ENDING: [&str; 3] = ["cancelJob", "triggerStopWithSavepoint", "cancelApplication"];

/// Names of what is there, made once in a run.
#[derive(Default)]
struct There(RefCell<BTreeMap<&'static str, String>>);

impl Cluster {
    /// The value of a parameter: the same in all cases of a run, unless the case may change what it names.
    async fn name(
        &self,
        cx: &Context,
        operation: &Operation,
        wanted: &str,
        purpose: Purpose,
    ) -> Result<Option<String>, Stop> {
        let alone = purpose == Purpose::Change && operation.id == "deleteJar";
        let wanted: &'static str = match wanted {
            // A cluster forgets all but the last few.
            "checkpointid" => return Box::pin(self.made(cx, operation, wanted)).await,
            "jarid" if alone => return cx.program().await.map(Some),
            // So that a call that should be refused and isn't takes nothing from others.
            "jobid" if purpose == Purpose::Refused && !operation.is_safe() => "bystander",
            "jobid" => "jobid",
            "jarid" => "jarid",
            "applicationid" => "applicationid",
            "vertexid" => "vertexid",
            "taskmanagerid" => "taskmanagerid",
            "filename" if operation.id.contains("TaskManager") => "filename-worker",
            "filename" => "filename",
            "datasetid" | "rescaleuuid" => return Ok(None),
            "triggerid" => match operation.id.as_str() {
                "getSavepointStatus" => "savepoint",
                "getCheckpointStatus" => "checkpoint",
                "getSavepointDisposalStatus" => "disposal",
                "getClusterDataSetDeleteStatus" => "dataset",
                _ => return Ok(None),
            },
            "subtaskindex" | "attempt" => return Ok(Some("0".to_owned())),
            _ => return Ok(None),
        };
        let there = cx.kept::<There>();
        if let Some(known) = there.0.borrow().get(wanted) {
            return Ok(Some(known.clone()));
        }
        let made = Box::pin(cx.for_the_run(async || self.made(cx, operation, wanted).await)).await?;
        if let Some(made) = &made {
            there.0.borrow_mut().insert(wanted, made.clone());
        }
        Ok(made)
    }

    async fn made(&self, cx: &Context, operation: &Operation, wanted: &str) -> Result<Option<String>, Stop> {
        let job = async || {
            let job = self.name(cx, operation, "jobid", Purpose::Look).await?;
            job.ok_or_else(|| Stop::Error("there is no job".to_owned()))
        };
        let trigger = async |path: String, body: Value| {
            let answer = cx.post(path).json(&body).send().await?.expect_one_of(&[200, 202])?;
            answer.text("/request-id")
        };
        Ok(Some(match wanted {
            "jobid" | "bystander" => cx.running().await?,
            "jarid" => cx.program().await?,
            "applicationid" => application(cx, job().await?).await?,
            "vertexid" => {
                let answer = cx.get(format!("/v1/jobs/{}", job().await?)).send().await?.expect(200)?;
                answer.text("/vertices/0/id")?
            }
            "taskmanagerid" => {
                let answer = cx.get("/v1/taskmanagers").send().await?.expect(200)?;
                answer.text("/taskmanagers/0/id")?
            }
            "filename" => {
                let answer = cx.get("/v1/jobmanager/logs").send().await?.expect(200)?;
                return Ok(answer.text("/logs/0/name").ok());
            }
            "filename-worker" => {
                let worker =
                    self.name(cx, operation, "taskmanagerid", Purpose::Look).await?.unwrap_or_default();
                let answer = cx.get(format!("/v1/taskmanagers/{worker}/logs")).send().await?.expect(200)?;
                return Ok(answer.text("/logs/0/name").ok());
            }
            "savepoint" => {
                let body = json!({ "target-directory": cx.directory() });
                trigger(format!("/v1/jobs/{}/savepoints", job().await?), body).await?
            }
            "checkpoint" => trigger(format!("/v1/jobs/{}/checkpoints", job().await?), json!({})).await?,
            "checkpointid" => {
                let job = job().await?;
                let known = cx.get(format!("/v1/jobs/{job}/checkpoints")).send().await?.expect(200)?;
                if let Ok(Value::Number(last)) = known.member("/latest/completed/id") {
                    return Ok(Some(last.to_string()));
                }
                let id = trigger(format!("/v1/jobs/{job}/checkpoints"), json!({})).await?;
                let operation = cx.completed(format!("/v1/jobs/{job}/checkpoints/{id}")).await?;
                let id = operation["checkpointId"].to_string();
                // A real cluster tells about it some seconds later.
                let path = format!("/v1/jobs/{job}/checkpoints/details/{id}");
                cx.until("the checkpoint has details", async || {
                    Ok((cx.get(&path).send().await?.status() == 200).then_some(()))
                })
                .await?;
                id
            }
            "disposal" => {
                let body = json!({ "savepoint-path": format!("{}/none", cx.directory()) });
                trigger("/v1/savepoint-disposal".to_owned(), body).await?
            }
            "dataset" => {
                let answer = cx.delete(format!("/v1/datasets/{}", cx.id())).send().await?.expect(202)?;
                answer.text("/request-id")?
            }
            _ => return Ok(None),
        }))
    }
}

async fn application(cx: &Context, job: String) -> Result<String, Stop> {
    cx.get(format!("/v1/jobs/{job}")).send().await?.expect(200)?.text("/application-id")
}

impl Guide for Cluster {
    fn prefix(&self) -> &str {
        "/v1"
    }

    fn never(&self, operation: &Operation) -> Option<&'static str> {
        (operation.id == "shutdownCluster").then_some("it ends what is judged")
    }

    fn unmade(&self, operation: &Operation) -> Option<&'static str> {
        (operation.id == "submitJob").then_some("only Flink's own client can build what it takes")
    }

    fn needs(&self, operation: &Operation) -> Option<&'static str> {
        let ids = [
            "getJobRescaleConfig",
            "getJobRescalesHistory",
            "getJobRescalesOverview",
            "getJobRescalesSummary",
            "rescaleJob",
            "getRescalingStatus",
            "updateJobResourceRequirements",
            "getJobResourceRequirements",
        ];
        ids.contains(&operation.id.as_str()).then_some(super::RESCALING)
    }

    fn weight(&self, operation: &Operation, part: &Part<'_>) -> Weight {
        let Part { place, rule, side, valid } = *part;
        let valid = valid == Some(true);
        let id = operation.id.as_str();
        match (id, place, rule, side) {
            (_, "body", "media-type", _) => Weight::Open("bodies are read whatever their media type is"),
            (_, place, "enum", "other-case") if place.starts_with("query.") => {
                Weight::Open("names in a query are read in capitals and in small letters")
            }
            ("submitApplicationFromJar", place, ..) if of_program(place) => {
                Weight::Nothing("a program that fails at once ends a session cluster of Flink 2.3")
            }
            (_, place, ..) if valid && of_program(place) => Weight::Open("the program must understand it"),
            (_, place, ..) if valid && place.ends_with("savepointPath") => {
                Weight::Open("there must be a savepoint")
            }
            (_, "query.parallelism" | "body.parallelism", "minimum" | "maximum", _) if valid => {
                Weight::Open("0 and more than 32768 can be refused")
            }
            ("rescaleJob", "query.parallelism", ..) if valid => {
                Weight::Open("it is refused while the job changes")
            }
            ("getJobVertexFlameGraph", "query.subtaskindex", ..) if valid => {
                Weight::Open("there must be such a subtask")
            }
            ("triggerCheckpoint", "body.checkpointType", "enum", "INCREMENTAL") => {
                Weight::Open("no cluster has it yet")
            }
            (
                _,
                "body.target-directory" | "body.targetDirectory",
                "type",
                "valid" | "beyond-ascii" | "number" | "boolean",
            ) => Weight::Nothing("a folder would be made where the server runs"),
            ("triggerSavepoint" | "triggerStopWithSavepoint", "body", "required", _)
            | ("triggerSavepoint", "body.target-directory", "type", "null")
            | ("triggerStopWithSavepoint", "body.targetDirectory", "type", "null") => {
                Weight::Open("a directory may have to be given")
            }
            (
                "getJobManagerStdout" | "getTaskManagerStdout" | "getJobManagerLog" | "getTaskManagerLog",
                "",
                ..,
            ) => Weight::Open("there may be no such file"),
            ("updateJobResourceRequirements", place, ..) if valid && place.starts_with("body") => {
                Weight::Open("bounds must fit each other and the job")
            }
            _ => Weight::Must,
        }
    }

    fn ground<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a Operation,
        purpose: Purpose,
    ) -> LocalBoxFuture<'a, Result<Ground, Stop>> {
        Box::pin(async move {
            let mut ground = Ground { known: true, ..Ground::default() };
            if purpose == Purpose::Change && ENDING.contains(&operation.id.as_str()) {
                ground.made.push(cx.running().await?);
            }
            for parameter in operation.parameters.iter().filter(|one| one.place == Place::Path) {
                let own = ground.made.first().cloned();
                let name = match (parameter.name.as_str(), own) {
                    ("jobid", Some(job)) => Some(job),
                    ("applicationid", Some(job)) => Some(application(cx, job).await?),
                    (name, _) => self.name(cx, operation, name, purpose).await?,
                };
                match name {
                    Some(name) => ground.request.set(parameter, json!(name)),
                    None => ground.known = false,
                }
            }
            if let Some(parallelism) = operation
                .parameters
                .iter()
                .find(|one| operation.id == "rescaleJob" && one.name == "parallelism")
            {
                ground.request.set(parallelism, json!(2));
            }
            if operation.id == "uploadJar" {
                ground.request.body = Some(program(cx));
            }
            if operation.id == "updateJobResourceRequirements" {
                let job = self.name(cx, operation, "jobid", Purpose::Look).await?.unwrap_or_default();
                let path = format!("/v1/jobs/{job}/resource-requirements");
                let known = cx.get(path).send().await?.expect(200)?.json()?;
                ground.any = known.as_object().and_then(|members| members.keys().next().cloned());
                ground.members = Some(known);
                return Ok(ground);
            }
            ground.members = match operation.id.as_str() {
                "submitJobFromJar" | "submitApplicationFromJar" | "generatePlanFromJar" => {
                    Some(json!({ "entryClass": "StreamingJob" }))
                }
                "triggerSavepoint" => Some(json!({ "target-directory": cx.directory() })),
                "triggerStopWithSavepoint" => Some(json!({ "targetDirectory": cx.directory() })),
                "triggerSavepointDisposal" => {
                    Some(json!({ "savepoint-path": format!("{}/none", cx.directory()) }))
                }
                _ => None,
            };
            Ok(ground)
        })
    }

    fn after<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a Operation,
        ground: &'a Ground,
        answer: &'a Answer,
    ) -> LocalBoxFuture<'a, Result<(), Stop>> {
        Box::pin(async move {
            for job in &ground.made {
                cx.patch(format!("/v1/jobs/{job}")).send().await?;
            }
            match (operation.id.as_str(), answer.status()) {
                ("submitJobFromJar", 200) => {
                    // It may be over by itself: not every argument is to the taste of a program.
                    cx.patch(format!("/v1/jobs/{}", answer.text("/jobid")?)).send().await?;
                    Ok(())
                }
                ("triggerSavepoint", 202) => {
                    // It may have been asked to end the job.
                    let there = cx.kept::<There>();
                    let Some(job) = there.0.borrow().get("jobid").cloned() else { return Ok(()) };
                    let trigger = answer.text("/request-id")?;
                    let polled = cx.get(format!("/v1/jobs/{job}/savepoints/{trigger}"));
                    if polled.send().await?.status() == 200 {
                        cx.completed(format!("/v1/jobs/{job}/savepoints/{trigger}")).await?;
                    }
                    let status = cx.get(format!("/v1/jobs/{job}/status")).send().await?.expect(200)?;
                    if status.text("/status")? != "RUNNING" {
                        there.0.borrow_mut().remove("jobid");
                    }
                    Ok(())
                }
                ("submitApplicationFromJar", 202) => {
                    let path = format!("/v1/applications/{}", answer.text("/applicationid")?);
                    cx.until("the application has started", async || {
                        let application = cx.get(&path).send().await?;
                        Ok((application.status() == 200).then_some(()))
                    })
                    .await?;
                    cx.post(format!("{path}/cancel")).send().await?;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }
}

/// Whether a part of a request says what runs, and how.
fn of_program(place: &str) -> bool {
    let name = place.split('.').nth(1).unwrap_or_default();
    name.starts_with("programArg") || matches!(name, "entry-class" | "entryClass")
}

/// A form with the program of the suite.
fn program(cx: &Context) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "frontier-7c1f9a";
    let name = cx.name("upload");
    let mut form = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"jarfile\"; filename=\"{name}.jar\"\r\n\
         content-type: application/x-java-archive\r\n\r\n"
    )
    .into_bytes();
    form.extend_from_slice(b"PK\x05\x06");
    form.extend_from_slice(&[0; 18]);
    form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), form)
}
