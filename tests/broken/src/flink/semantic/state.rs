//! Cancels, stops and rescales that do something else.

use http::Method;
use planewright_backend::executor::JobState;
use serde_json::json;

use super::broken;
use crate::{Answer, Broken, Call, Event};

pub(super) fn all() -> Vec<Broken> {
    vec![
        broken("cancel-does-nothing", "A cancel is accepted, and the job goes on.").around(
            "PATCH /jobs/{jobid}",
            |call, server| {
                Box::pin(async move {
                    let known = server.send(Call::get(call.path.clone())).await;
                    if known.json()["state"] == "RUNNING" {
                        return Answer::json_of(202, &json!({}));
                    }
                    server.send(call).await
                })
            },
        ),
        broken("cancel-hits-oldest", "A cancel ends the oldest job that runs, not the one that is named.")
            .around("PATCH /jobs/{jobid}", |call, server| {
                Box::pin(async move {
                    let jobs = server.send(Call::get("/jobs")).await.json();
                    let mut jobs = jobs["jobs"].as_array().into_iter().flatten();
                    let oldest = jobs.find(|job| job["status"] == "RUNNING");
                    let oldest = oldest.and_then(|job| job["id"].as_str()).unwrap_or(call.part(1));
                    let path = format!("/jobs/{oldest}");
                    server.send(Call { path, ..call }).await
                })
            }),
        broken("cancel-hits-all", "A cancel ends every job that runs.").around(
            "PATCH /jobs/{jobid}",
            |call, server| {
                Box::pin(async move {
                    let answer = server.send(call).await;
                    let jobs = server.send(Call::get("/jobs")).await.json();
                    for job in jobs["jobs"].as_array().into_iter().flatten().filter(|_| answer.is_ok()) {
                        let path = format!("/jobs/{}", job["id"].as_str().unwrap_or_default());
                        server.send(Call::new(Method::PATCH, path)).await;
                    }
                    answer
                })
            },
        ),
        broken("ended-can-be-cancelled", "A job that has finished can be cancelled, which does nothing.")
            .answer("PATCH /jobs/{jobid}", |_, answer, _| {
                if answer.status == 409 {
                    *answer = Answer::json_of(202, &json!({}));
                }
            }),
        broken("cancel-is-failure", "A job that was cancelled has failed.").executor(|event, _| {
            if let Event::Described(job) = event
                && job.state == JobState::Canceled
            {
                job.state = JobState::Failed;
            }
        }),
        broken("terminal-state-reverts", "A job that was cancelled runs again after a few looks at it.")
            .answer("GET /jobs/{jobid}/status", |call, answer, memory| {
                if answer.json()["status"] == "CANCELED" && memory.count(call.part(1)) > 2 {
                    answer.edit(|body| body["status"] = json!("RUNNING"));
                }
            }),
        broken("status-flaps", "Every other look at a job that runs shows it as created.").answer(
            "GET /jobs/{jobid}/status",
            |call, answer, memory| {
                if answer.json()["status"] == "RUNNING" && memory.count(call.part(1)) % 2 == 1 {
                    answer.edit(|body| body["status"] = json!("CREATED"));
                }
            },
        ),
        broken("failure-is-finish", "A job that has failed is shown as finished.").executor(|event, _| {
            if let Event::Described(job) = event
                && job.state == JobState::Failed
            {
                job.state = JobState::Finished;
            }
        }),
        broken("stop-leaves-running", "A job that was stopped has made its savepoint, and runs on.").around(
            "POST /jobs/{jobid}/stop",
            |call, server| {
                Box::pin(async move {
                    let path = format!("/jobs/{}/savepoints", call.part(1));
                    let mut call = Call { path, ..call };
                    call.edit(|body| {
                        if let Some(directory) = body.get("targetDirectory").cloned() {
                            body["target-directory"] = directory;
                        }
                    });
                    server.send(call).await
                })
            },
        ),
        broken("finish-is-cancel", "A job that has finished is shown as cancelled.").answer(
            "GET /jobs/{jobid}/status",
            |_, answer, _| {
                answer.edit(|body| {
                    if body["status"] == "FINISHED" {
                        body["status"] = json!("CANCELED");
                    }
                });
            },
        ),
        broken("slots-leak", "A job that has ended keeps its slots.").answer(
            "GET /overview",
            |_, answer, memory| {
                answer.edit(|body| {
                    let free = body["slots-available"].as_i64();
                    let least = memory.get("free").and_then(|kept| kept.as_i64()).or(free).min(free);
                    memory.replace("free", json!(least));
                    body["slots-available"] = json!(least);
                });
            },
        ),
        broken("requirements-forgotten", "New bounds of a job's parallelism are accepted and forgotten.")
            .around("PUT /jobs/{jobid}/resource-requirements", |call, server| {
                Box::pin(async move {
                    let path = call.path.clone();
                    let before = server.send(Call::get(path.clone())).await;
                    let answer = server.send(call).await;
                    if answer.is_ok() {
                        let again = Call { body: before.body, ..Call::new(Method::PUT, path) };
                        server.send(again).await;
                    }
                    answer
                })
            }),
        broken("rescale-off-by-one", "A job is rescaled to one more than was asked for.").executor(
            |event, _| {
                if let Event::Rescale(request) = event {
                    for bounds in request.vertices.values_mut().chain(&mut request.all) {
                        bounds.upper += 1;
                    }
                }
            },
        ),
    ]
}
