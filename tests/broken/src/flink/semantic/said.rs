//! Answers that don't say what is so.

use planewright_backend::executor::JobState;
use serde_json::{Value, json};

use super::broken;
use crate::{Broken, Event};

fn jobs(body: &mut Value) -> impl Iterator<Item = &mut Value> {
    body["jobs"].as_array_mut().into_iter().flatten()
}

pub(super) fn all() -> Vec<Broken> {
    vec![
        broken("end-before-start", "A job that has ended ended before it began.").executor(|event, _| {
            if let Event::Described(job) = event
                && let Some(ended) = &mut job.ended
            {
                *ended = job.started.plus_millis(-1);
            }
        }),
        broken("no-end", "A job that has ended has no end in the overview.")
            .answer("GET /jobs/overview", |_, answer, _| {
                answer.edit(|body| jobs(body).for_each(|job| job["end-time"] = json!(-1)))
            }),
        broken("duration-runs-on", "The duration of a job that has ended grows.").answer(
            "GET /jobs/{jobid}",
            |_, answer, memory| {
                answer.edit(|body| {
                    if body["end-time"].as_i64() > Some(0) {
                        let more =
                            body["duration"].as_i64().unwrap_or(0) + 1 + memory.count("asked").cast_signed();
                        body["duration"] = json!(more);
                    }
                });
            },
        ),
        broken(
            "stale-counts",
            "The counts of jobs on the overview stay as they were when somebody first asked.",
        )
        .answer("GET /overview", |_, answer, memory| {
            answer.edit(|body| {
                for count in ["jobs-running", "jobs-finished", "jobs-cancelled", "jobs-failed"] {
                    body[count] = memory.first(count, body[count].clone());
                }
            });
        }),
        broken("cancelled-count-as-failed", "On the overview cancelled jobs are counted as failed.").answer(
            "GET /overview",
            |_, answer, _| {
                answer.edit(|body| {
                    let sum = body["jobs-failed"].as_i64().unwrap_or(0)
                        + body["jobs-cancelled"].as_i64().unwrap_or(0);
                    body["jobs-failed"] = json!(sum);
                    body["jobs-cancelled"] = json!(0);
                });
            },
        ),
        broken("filter-ignored", "Metrics that weren't asked for are among the answer.").request(
            "GET /jobs/{jobid}/metrics",
            |call, _| {
                if call.query.starts_with("get=") {
                    call.query = String::new();
                }
            },
        ),
        broken("filter-takes-first", "Of several metrics that are asked for only the first is answered.")
            .request("GET /jobs/{jobid}/metrics", |call, _| {
                if let Some((first, _)) =
                    call.query.split_once(',').filter(|(first, _)| first.starts_with("get="))
                {
                    call.query = first.to_owned();
                }
            }),
        broken("max-exceptions-ignored", "All exceptions of a job are shown, however few are asked for.")
            .request("GET /jobs/{jobid}/exceptions", |call, _| {
                if call.query.contains("maxExceptions=") {
                    call.query = String::new();
                }
            }),
        broken("no-exceptions", "A job that has failed shows no exception.").answer(
            "GET /jobs/{jobid}/exceptions",
            |_, answer, _| {
                answer.edit(|body| body["exceptionHistory"]["entries"] = json!([]));
            },
        ),
        broken("failure-succeeds", "The result of a job that has failed is SUCCEEDED.").answer(
            "GET /jobs/{jobid}/execution-result",
            |_, answer, _| {
                answer.edit(|body| {
                    if let Some(status) = body.pointer_mut("/job-execution-result/application-status") {
                        *status = json!("SUCCEEDED");
                    }
                });
            },
        ),
        broken("result-before-end", "The result of a job that still runs is COMPLETED.")
            .answer("GET /jobs/{jobid}/execution-result", |_, answer, _| {
                answer.edit(|body| body["status"]["id"] = json!("COMPLETED"))
            }),
        broken("tasks-miscounted", "The tasks of a job that runs don't add up to their total.").answer(
            "GET /jobs/overview",
            |_, answer, _| {
                answer.edit(|body| {
                    for tasks in jobs(body).map(|job| &mut job["tasks"]) {
                        tasks["total"] = json!(tasks["total"].as_i64().unwrap_or(0) + 1);
                    }
                });
            },
        ),
        broken("plan-of-newest", "The plan of a job is that of the newest job.").around(
            "GET /jobs/{jobid}/plan",
            |call, server| {
                Box::pin(async move {
                    let answer = server.send(call.clone()).await;
                    let jobs = server.send(crate::Call::get("/jobs/overview")).await.json();
                    let newest =
                        jobs["jobs"].as_array().and_then(|jobs| jobs.last()).map(|job| job["jid"].clone());
                    let Some(newest) = newest.as_ref().and_then(Value::as_str).filter(|_| answer.is_ok())
                    else {
                        return answer;
                    };
                    server.send(crate::Call::get(format!("/jobs/{newest}/plan"))).await
                })
            },
        ),
        broken("list-and-job-disagree", "A job that was cancelled is listed as running.").answer(
            "GET /jobs",
            |_, answer, _| {
                answer.edit(|body| {
                    for job in jobs(body) {
                        if job["status"] == "CANCELED" {
                            job["status"] = json!("RUNNING");
                        }
                    }
                });
            },
        ),
        broken("savepoint-not-counted", "A savepoint isn't among the checkpoints of its job.").executor(
            |event, _| {
                if let Event::Described(job) = event
                    && let Some(checkpoints) = &mut job.checkpoints
                {
                    checkpoints.latest_savepoint = None;
                }
            },
        ),
        broken("start-moves", "The start of a job moves with the time.").executor(|event, _| match event {
            Event::Described(job) if job.state == JobState::Running => job.started = job.now,
            _ => {}
        }),
        broken("slots-ignored", "All slots are free, whatever runs.").executor(|event, _| {
            if let Event::Workers(workers) = event {
                workers.iter_mut().for_each(|worker| worker.free_slots = worker.slots);
            }
        }),
        broken("settings-of-default", "The parallelism in the settings of a job is always 1.").executor(
            |event, _| {
                if let Event::Described(job) = event {
                    job.configuration.parallelism = Some(1);
                }
            },
        ),
        broken("job-name-of-first", "Every job has the name of the first.")
            .answer("GET /jobs/{jobid}", |_, answer, memory| {
                answer.edit(|body| body["name"] = memory.first("name", body["name"].clone()))
            }),
    ]
}
