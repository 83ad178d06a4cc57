//! Answers that aren't what the document says.

use serde_json::{Value, json};

use crate::{Answer, Broken, Class, each};

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Schema, name, wrong);
    vec![
        broken("numbers-as-text", "The slots of the cluster are texts.").answer(
            "GET /overview",
            |_, answer, _| {
                answer.edit(|body| body["slots-total"] = json!(body["slots-total"].to_string()));
            },
        ),
        broken("member-missing", "Jobs are listed without their duration.").answer(
            "GET /jobs/overview",
            |_, answer, _| {
                answer.edit(|body| {
                    for job in body["jobs"].as_array_mut().into_iter().flatten() {
                        job.as_object_mut().map(|job| job.remove("duration"));
                    }
                });
            },
        ),
        broken("member-renamed", "The id of a job in its details is called `jobId`.").answer(
            "GET /jobs/{jobid}",
            |_, answer, _| {
                answer.edit(|body| {
                    if let Some(job) = body.as_object_mut() {
                        let id = job.remove("jid").unwrap_or_default();
                        job.insert("jobId".to_owned(), id);
                    }
                });
            },
        ),
        broken("null-name", "A job without a name of its own has the name null.")
            .answer("GET /jobs/{jobid}/config", |_, answer, _| {
                answer.edit(|body| body["name"] = Value::Null)
            }),
        broken("other-spelling", "A cancelled job is CANCELLED, with two L.").answer(
            "GET /jobs/{jobid}/status",
            |_, answer, _| {
                answer.edit(|body| {
                    if body["status"] == "CANCELED" {
                        body["status"] = json!("CANCELLED");
                    }
                });
            },
        ),
        broken("object-for-list", "The metrics of a job are an object that holds the list.")
            .answer("GET /jobs/{jobid}/metrics", |_, answer, _| {
                answer.edit(|body| *body = json!({ "metrics": body.take() }))
            }),
        broken("error-shape", "The error for an unknown job has one `error` in place of `errors`.").answer(
            "GET /jobs/{jobid}",
            |_, answer, _| {
                if answer.status == 404 {
                    *answer = Answer::json_of(404, &json!({ "error": "no such job" }));
                }
            },
        ),
        broken("times-in-seconds-as-fraction", "Times are seconds with a fraction.").answer(
            "GET /jobs/overview",
            |_, answer, _| {
                answer.edit(|body| {
                    each(body, "start-time", &mut |time| {
                        *time = json!(time.as_f64().unwrap_or_default() / 1000.0 + 0.0005);
                    });
                });
            },
        ),
    ]
}
