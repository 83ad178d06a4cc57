//! Mistakes that show when several callers come at once.

use futures_util::FutureExt;
use http::Method;
use planewright_backend::store::{Precondition, Write};
use serde_json::json;

use crate::{Answer, Broken, Call, Class, Memory, Stored};

/// Counts those who are here at once; the first who comes is 0.
fn enter(memory: &Memory, door: &str) -> i64 {
    change(memory, door, 1) - 1
}

fn inside(memory: &Memory, door: &str) -> i64 {
    memory.get(door).and_then(|inside| inside.as_i64()).unwrap_or(0)
}

fn leave(memory: &Memory, door: &str) {
    change(memory, door, -1);
}

fn change(memory: &Memory, door: &str, by: i64) -> i64 {
    let now = inside(memory, door) + by;
    memory.replace(door, json!(now));
    now
}

/// Lets others go first, a few times.
async fn dawdle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Concurrency, name, wrong);
    vec![
        broken("taken-id-at-once", "Of several runs with one id at once each is told that it was the first.")
            .around("POST /jars/{jarid}/run", |call, server| {
                async move {
                    let id = call.json()["jobId"].clone();
                    let Some(door) = id.as_str().map(str::to_owned) else { return server.send(call).await };
                    let others = enter(&server.memory, &door);
                    dawdle().await;
                    let mut answer = server.send(call).await;
                    if answer.status == 409 && (others > 0 || inside(&server.memory, &door) > 1) {
                        answer = Answer::json_of(200, &json!({ "jobid": id, "applicationId": id }));
                    }
                    leave(&server.memory, &door);
                    answer
                }
                .boxed()
            }),
        broken(
            "trigger-race",
            "The same trigger id twice at once makes two savepoints, and the second wins.",
        )
        .around("POST /jobs/{jobid}/savepoints", |call, server| {
            async move {
                let trigger = call.json()["triggerId"].clone();
                let Some(door) = trigger.as_str().map(str::to_owned) else { return server.send(call).await };
                let others = enter(&server.memory, &door);
                dawdle().await;
                let mut second = call.clone();
                if others > 0 {
                    second.edit(|body| {
                        body.as_object_mut().map(|body| body.remove("triggerId"));
                    });
                }
                let answer = server.send(second).await;
                leave(&server.memory, &door);
                answer
            }
            .boxed()
        }),
        broken("uploads-collide", "Of jars that are uploaded at once one gets the id of another.").around(
            "POST /jars/upload",
            |call, server| {
                async move {
                    let others = enter(&server.memory, "door");
                    dawdle().await;
                    let mut answer = server.send(call).await;
                    let first = server.memory.replace("id", answer.json()["filename"].clone());
                    if let Some(first) = first.filter(|_| others > 0) {
                        answer.edit(|body| body["filename"] = first);
                    }
                    leave(&server.memory, "door");
                    answer
                }
                .boxed()
            },
        ),
        broken("answers-swapped", "Savepoints that are triggered at once are answered with each other's id.")
            .around("POST /jobs/{jobid}/savepoints", |call, server| {
                async move {
                    let answer = server.send(call).await;
                    server.memory.replace("buffer", answer.json());
                    dawdle().await;
                    let body = server.memory.get("buffer").unwrap_or_default();
                    if answer.is_ok() { Answer::json_of(answer.status, &body) } else { answer }
                }
                .boxed()
            }),
        broken("list-while-writing", "The list of jobs is empty while a job is being submitted.")
            .around("POST /jars/{jarid}/run", |call, server| {
                async move {
                    enter(&server.memory, "door");
                    dawdle().await;
                    let answer = server.send(call).await;
                    leave(&server.memory, "door");
                    answer
                }
                .boxed()
            })
            .answer("GET /jobs", |_, answer, memory| {
                if inside(memory, "door") > 0 {
                    answer.edit(|body| body["jobs"] = json!([]));
                }
            }),
        broken("busy-is-error", "Two cancels at once are an internal error for one of them.").around(
            "PATCH /jobs/{jobid}",
            |call, server| {
                async move {
                    let others = enter(&server.memory, "door");
                    dawdle().await;
                    let answer = server.send(call).await;
                    leave(&server.memory, "door");
                    if others > 0 { Answer::error(500, "Concurrent modification.") } else { answer }
                }
                .boxed()
            },
        ),
        broken("two-delete-one", "Of several who delete one jar at once each is told that it was deleted.")
            .around("DELETE /jars/{jarid}", |call, server| {
                async move {
                    let door = call.path.clone();
                    let others = enter(&server.memory, &door);
                    dawdle().await;
                    let answer = server.send(call).await;
                    leave(&server.memory, &door);
                    if others > 0 && answer.status == 404 { Answer::json_of(200, &json!({})) } else { answer }
                }
                .boxed()
            }),
        broken(
            "runs-collide",
            "Of jobs that are run at once one is lost, though each is answered with an id.",
        )
        .around("POST /jars/{jarid}/run", |call, server| {
            async move {
                let others = enter(&server.memory, "door");
                dawdle().await;
                let answer = server.send(call).await;
                leave(&server.memory, "door");
                if others > 0
                    && let Some(job) = answer.json()["jobid"].as_str()
                {
                    server.send(Call::new(Method::PATCH, format!("/jobs/{job}"))).await;
                }
                answer
            }
            .boxed()
        }),
        broken("blind-writes", "The store is written without a look at what stands there by now.").store(
            |stored, _| {
                if let Stored::Commit(transaction) = stored {
                    let trigger = |write: &Write| write.key().as_str().starts_with("operations/");
                    if transaction.writes.iter().any(trigger) {
                        transaction.preconditions.retain(|found| !matches!(found, Precondition::Absent(_)));
                    }
                }
            },
        ),
    ]
}
