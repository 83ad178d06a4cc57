//! Inputs that bring it down.

use serde_json::json;

use crate::{Answer, Broken, Class};

fn crash() -> Answer {
    Answer::error(500, "Internal server error.")
}

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Crash, name, wrong);
    vec![
        broken("max-parallelism-crashes", "A job with the greatest parallelism is an internal error.")
            .answer("POST /jars/{jarid}/run", |call, answer, _| {
                if call.json()["parallelism"].as_i64() >= Some(128) {
                    *answer = crash();
                }
            }),
        broken("long-name-crashes", "The name of a jar with more than 63 characters is an internal error.")
            .answer("POST /jars/upload", |_, answer, _| {
                let body = answer.json();
                let id = body["filename"].as_str().and_then(|place| place.rsplit('/').next());
                // In front of the name stand 36 characters and an underscore.
                if id.is_some_and(|id| id.chars().count() > 37 + 63) {
                    *answer = crash();
                }
            }),
        broken("empty-body-crashes", "A savepoint that is triggered without a body is an internal error.")
            .answer("POST /jobs/{jobid}/savepoints", |call, answer, _| {
                if call.body.is_empty() {
                    *answer = crash();
                }
            }),
        broken(
            "null-trigger-crashes",
            "A trigger id that is null, as Flink's command line sends it, is an internal error.",
        )
        .answer("POST /jobs/{jobid}/{kind}", |call, answer, _| {
            if call.json().get("triggerId") == Some(&json!(null)) {
                *answer = crash();
            }
        }),
        broken("unicode-crashes", "An argument of a program that isn't ASCII is an internal error.").answer(
            "POST /jars/{jarid}/run",
            |call, answer, _| {
                if !call.body.is_ascii() {
                    *answer = crash();
                }
            },
        ),
        broken("last-subtask-crashes", "The last subtask of a vertex is an internal error.").around(
            "GET /jobs/{jobid}/vertices/{vertexid}/subtasks/{subtaskindex}",
            |call, server| {
                Box::pin(async move {
                    let next = call.part(5).parse::<u32>().map_or(0, |index| index + 1);
                    let path = format!("/jobs/{}/vertices/{}/subtasks/{next}", call.part(1), call.part(3));
                    let beyond = !server.send(crate::Call::get(path)).await.is_ok();
                    let answer = server.send(call).await;
                    if beyond && answer.is_ok() { crash() } else { answer }
                })
            },
        ),
        broken("unknown-job-crashes", "The checkpoints of a job that doesn't exist are an internal error.")
            .answer("GET /jobs/{jobid}/checkpoints", |_, answer, _| {
                if answer.status == 404 {
                    *answer = crash();
                }
            }),
    ]
}
