//! Things that are created, listed and deleted.

use http::Method;
use serde_json::{Value, json};

use crate::{Answer, Broken, Call, Class};

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Crud, name, wrong);
    vec![
        broken("delete-deletes-nothing", "A deleted jar is still there.")
            .around("DELETE /jars/{jarid}", |_, _| Box::pin(async { Answer::json_of(200, &json!({})) })),
        broken("delete-deletes-all", "With one jar all are deleted.").around(
            "DELETE /jars/{jarid}",
            |call, server| {
                Box::pin(async move {
                    let answer = server.send(call).await;
                    let jars = server.send(Call::get("/jars")).await.json();
                    for jar in jars["files"].as_array().into_iter().flatten().filter(|_| answer.is_ok()) {
                        let path = format!("/jars/{}", jar["id"].as_str().unwrap_or_default());
                        server.send(Call::new(Method::DELETE, path)).await;
                    }
                    answer
                })
            },
        ),
        broken("delete-unknown-is-fine", "A jar that isn't there can be deleted.").answer(
            "DELETE /jars/{jarid}",
            |_, answer, _| {
                if answer.status == 404 {
                    *answer = Answer::json_of(200, &json!({}));
                }
            },
        ),
        broken("deleted-can-run", "A deleted jar isn't listed, and still runs.")
            .around("DELETE /jars/{jarid}", |call, server| {
                Box::pin(async move {
                    server.memory.replace(call.part(1), json!("deleted"));
                    Answer::json_of(200, &json!({}))
                })
            })
            .answer("GET /jars", |_, answer, memory| {
                answer.edit(|body| {
                    if let Some(files) = body["files"].as_array_mut() {
                        files.retain(|jar| memory.get(jar["id"].as_str().unwrap_or_default()).is_none());
                    }
                });
            }),
        broken("newest-jar-not-listed", "The newest jar is missing in the list.").answer(
            "GET /jars",
            |_, answer, _| {
                answer.edit(|body| {
                    body["files"]
                        .as_array_mut()
                        .filter(|files| !files.is_empty())
                        .map(|files| files.remove(0));
                });
            },
        ),
        broken("newest-job-not-listed", "The newest job is missing in the overview.").answer(
            "GET /jobs/overview",
            |_, answer, _| {
                answer.edit(|body| {
                    body["jobs"].as_array_mut().and_then(Vec::pop);
                });
            },
        ),
        broken("listed-twice", "The last job is listed twice.").answer("GET /jobs", |_, answer, _| {
            answer.edit(|body| {
                if let Some(jobs) = body["jobs"].as_array_mut() {
                    jobs.extend(jobs.last().cloned());
                }
            });
        }),
        broken("page-of-ten", "No more than ten jobs are listed.").answer("GET /jobs", |_, answer, _| {
            answer.edit(|body| {
                if let Some(jobs) = body["jobs"].as_array_mut() {
                    jobs.truncate(10);
                }
            });
        }),
        broken("upload-tells-last-id", "An upload is answered with the id of the upload before.").answer(
            "POST /jars/upload",
            |_, answer, memory| {
                answer.edit(|body| {
                    if let Some(before) = memory.replace("id", body["filename"].clone()) {
                        body["filename"] = before;
                    }
                });
            },
        ),
        broken("name-in-lower-case", "The name of a jar is kept in lower case.").answer(
            "GET /jars",
            |_, answer, _| {
                answer.edit(|body| {
                    for jar in body["files"].as_array_mut().into_iter().flatten() {
                        jar["name"] = json!(jar["name"].as_str().unwrap_or_default().to_lowercase());
                    }
                });
            },
        ),
        broken("equal-jars-are-one", "A jar with the name of another takes its place.").around(
            "POST /jars/upload",
            |call, server| {
                Box::pin(async move {
                    let answer = server.send(call).await;
                    let jars = server.send(Call::get("/jars")).await.json();
                    let files: Vec<Value> = jars["files"].as_array().cloned().unwrap_or_default();
                    let name = files.first().map(|newest| newest["name"].clone());
                    for jar in files.iter().skip(1).filter(|jar| Some(&jar["name"]) == name.as_ref()) {
                        let path = format!("/jars/{}", jar["id"].as_str().unwrap_or_default());
                        server.send(Call::new(Method::DELETE, path)).await;
                    }
                    answer
                })
            },
        ),
    ]
}
