//! Asynchronous operations that break the laws of their kind.

use std::time::Duration;

use futures_util::FutureExt;
use http::Method;
use planewright_backend::executor::{Operation, OperationStatus, Outcome};
use serde_json::{Value, json};

use crate::{Answer, Broken, Call, Class, Event};

const TRIGGER: &str = "POST /jobs/{jobid}/savepoints";
const POLL: &str = "GET /jobs/{jobid}/savepoints/{triggerid}";

fn in_progress() -> Answer {
    Answer::json_of(200, &json!({ "status": { "id": "IN_PROGRESS" }, "operation": null }))
}

fn is_over(answer: &Answer) -> bool {
    answer.json()["status"]["id"] == "COMPLETED"
}

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Operation, name, wrong);
    vec![
        broken("trigger-known-everywhere", "The savepoint of one job can be asked for under any other.")
            .around(POLL, |call, server| {
                async move {
                    let answer = server.send(call.clone()).await;
                    if is_over(&answer) {
                        server.memory.replace(call.part(3), answer.json());
                    }
                    match server.memory.get(call.part(3)).filter(|_| answer.status == 404) {
                        Some(kept) => Answer::json_of(200, &kept),
                        None => answer,
                    }
                }
                .boxed()
            }),
        broken("trigger-once-for-all", "A trigger id that was used for one job starts nothing for another.")
            .around(TRIGGER, |call, server| {
                async move {
                    let body = call.json();
                    let Some(trigger) = body["triggerId"].as_str() else {
                        return server.send(call).await;
                    };
                    let first = server.memory.first(trigger, json!(call.part(1)));
                    if first != call.part(1) {
                        return Answer::json_of(202, &json!({ "request-id": trigger }));
                    }
                    server.send(call).await
                }
                .boxed()
            }),
        broken("repeat-starts-second", "A repeated trigger id makes a second savepoint under a second id.")
            .request(TRIGGER, |call, memory| {
                let trigger = call.json()["triggerId"].as_str().unwrap_or_default().to_owned();
                if !trigger.is_empty() && memory.count(&trigger) > 0 {
                    overlook_trigger(call);
                }
            }),
        broken("repeat-is-conflict", "A repeated trigger id is refused.").answer(
            TRIGGER,
            |call, answer, memory| {
                let trigger = call.json()["triggerId"].as_str().unwrap_or_default().to_lowercase();
                if !trigger.is_empty() && memory.count(&format!("{} {trigger}", call.part(1))) > 0 {
                    *answer = Answer::error(409, "Already triggered.");
                }
            },
        ),
        broken("trigger-id-ignored", "A savepoint gets an id of the server's, though one was given.")
            .request(TRIGGER, |call, _| overlook_trigger(call)),
        broken("completed-without-location", "A savepoint is completed and doesn't say where it is.").answer(
            POLL,
            |_, answer, _| {
                if is_over(answer) {
                    answer.edit(|body| {
                        body["operation"].as_object_mut().map(|operation| operation.remove("location"));
                    });
                }
            },
        ),
        broken("completed-at-once", "A savepoint is completed, without a location, before it is.").answer(
            POLL,
            |_, answer, _| {
                answer.edit(|body| {
                    if body["status"]["id"] == "IN_PROGRESS" {
                        *body = json!({ "status": { "id": "COMPLETED" }, "operation": {} });
                    }
                });
            },
        ),
        broken("never-completes", "A savepoint is in progress for ever.").answer(POLL, |_, answer, _| {
            if is_over(answer) {
                *answer = in_progress();
            }
        }),
        broken("checkpoint-never-completes", "A checkpoint on request is in progress for ever.").answer(
            "GET /jobs/{jobid}/checkpoints/{triggerid}",
            |_, answer, _| {
                if is_over(answer) {
                    *answer = in_progress();
                }
            },
        ),
        broken("location-changes", "Each look at a completed savepoint shows another place.").answer(
            POLL,
            |_, answer, memory| {
                answer.edit(|body| {
                    if let Some(location) = body.pointer_mut("/operation/location") {
                        let text = location.as_str().unwrap_or_default().to_owned();
                        *location = json!(format!("{text}-{}", memory.count("looks")));
                    }
                });
            },
        ),
        broken("completed-reverts", "An operation that was completed is in progress at the next look.")
            .answer(POLL, |call, answer, memory| {
                if is_over(answer) && memory.count(call.part(3)) == 1 {
                    *answer = in_progress();
                }
            }),
        broken("read-once", "An outcome can be read once and is then unknown.").answer(
            POLL,
            |call, answer, memory| {
                if is_over(answer) && memory.count(&call.path) > 0 {
                    *answer = Answer::error(404, "No such operation.");
                }
            },
        ),
        broken("forgotten-soon", "An outcome is forgotten after ten seconds.").around(
            POLL,
            |call, server| {
                async move {
                    let answer = server.send(call.clone()).await;
                    let now = planewright_backend::time::Clock::now(&server.clock).0;
                    if is_over(&answer) {
                        let since = server.memory.first(&call.path, json!(now)).as_i64().unwrap_or(now);
                        if now - since > 10_000 {
                            return Answer::error(404, "No such operation.");
                        }
                    }
                    answer
                }
                .boxed()
            },
        ),
        broken("failure-as-success", "A savepoint that has failed is completed with a location.").executor(
            |event, _| {
                if let Event::Operation(_, Some(Operation { status, .. })) = event
                    && matches!(status, OperationStatus::Failed(_))
                {
                    let location = "file:///tmp/savepoint-000000-000000000000".to_owned();
                    *status = OperationStatus::Completed(Outcome::Savepoint { location });
                }
            },
        ),
        broken("failure-without-cause", "A savepoint that has failed doesn't say why.").answer(
            POLL,
            |_, answer, _| {
                if answer.json()["operation"].get("failure-cause").is_some() {
                    answer.edit(|body| body["operation"] = json!({}));
                }
            },
        ),
        broken("unknown-in-progress", "An operation that nobody has started is in progress.").answer(
            POLL,
            |_, answer, _| {
                if answer.status == 404 {
                    *answer = in_progress();
                }
            },
        ),
        broken("directory-ignored", "All savepoints are made in one place, whatever directory is named.")
            .executor(|event, _| match event {
                Event::Savepoint(_, request) if request.target_directory.is_some() => {
                    request.target_directory = Some("file:///tmp/all-savepoints".to_owned());
                }
                _ => {}
            }),
        broken("savepoint-cancels", "A savepoint cancels its job, though nobody asked for that.").executor(
            |event, _| {
                if let Event::Savepoint(_, request) = event {
                    request.cancel_job = true;
                }
            },
        ),
        broken("cancel-after-savepoint-ignored", "A savepoint that is to cancel its job leaves it running.")
            .executor(|event, _| {
                if let Event::Savepoint(_, request) = event {
                    request.cancel_job = false;
                }
            }),
        broken("savepoint-of-another", "A savepoint is made of the job that had the first one.").executor(
            |event, memory| {
                if let Event::Savepoint(job, _) = event {
                    let first = memory.first("job", json!(job.to_string()));
                    if let Some(Ok(first)) = first.as_str().map(str::parse) {
                        **job = first;
                    }
                }
            },
        ),
        broken("disposal-keeps", "A savepoint that was disposed of is still there.").executor(|event, _| {
            if let Event::Operation(planewright_backend::executor::OperationScope::SavepointDisposal, found) =
                event
                && let Some(Operation { status, .. }) = found
                && status.is_over()
            {
                *status = OperationStatus::Completed(Outcome::Done);
            }
            if let Event::Dispose(location) = event {
                location.push_str("-elsewhere");
            }
        }),
        broken(
            "checkpoint-id-of-last",
            "A checkpoint on request is completed with the id of the one before.",
        )
        .executor(|event, _| {
            if let Event::Operation(_, Some(operation)) = event
                && let OperationStatus::Completed(Outcome::Checkpoint { id }) = &mut operation.status
            {
                *id = id.saturating_sub(1);
            }
        }),
        broken("upper-case-is-another", "A trigger id in upper case is another one than in lower case.")
            .request(TRIGGER, |call, _| {
                call.edit(|body| {
                    let trigger = body["triggerId"].as_str().map(swapped);
                    if let Some(trigger) = trigger {
                        body["triggerId"] = trigger;
                    }
                });
            }),
        broken("slow-savepoint-ends-job", "A savepoint that takes longer than a second ends its job.")
            .around(POLL, |call, server| {
                async move {
                    let answer = server.send(call.clone()).await;
                    let now = planewright_backend::time::Clock::now(&server.clock).0;
                    let since = server.memory.first(&call.path, json!(now)).as_i64().unwrap_or(now);
                    let limit = Duration::from_secs(1).as_millis();
                    if answer.json()["status"]["id"] == "IN_PROGRESS"
                        && (now - since).unsigned_abs() > limit as u64
                    {
                        let cancel = Call::new(Method::PATCH, format!("/jobs/{}", call.part(1)));
                        server.send(cancel).await;
                    }
                    answer
                }
                .boxed()
            }),
    ]
}

fn overlook_trigger(call: &mut Call) {
    call.edit(|body| {
        body.as_object_mut().map(|body| body.remove("triggerId"));
    });
}

/// An id with capital letters becomes one that nobody else has.
fn swapped(id: &str) -> Value {
    if id.bytes().any(|digit| digit.is_ascii_uppercase()) {
        json!(id.chars().rev().collect::<String>())
    } else {
        json!(id)
    }
}
