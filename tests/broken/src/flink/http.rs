//! Statuses, headers, methods.

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use serde_json::json;

use crate::{Answer, Broken, Class};

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Http, name, wrong);
    vec![
        broken("no-content-type", "The list of jobs has no media type.").answer(
            "GET /jobs",
            |_, answer, _| {
                answer.headers.remove(CONTENT_TYPE);
            },
        ),
        broken("text-for-json", "The details of a job are called plain text.").answer(
            "GET /jobs/{jobid}",
            |_, answer, _| {
                answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            },
        ),
        broken("ok-for-accepted", "A savepoint that is triggered is answered with 200.").answer(
            "POST /jobs/{jobid}/savepoints",
            |_, answer, _| {
                if answer.status == 202 {
                    answer.status = 200;
                }
            },
        ),
        broken("created-for-ok", "An upload is answered with 201.").answer(
            "POST /jars/upload",
            |_, answer, _| {
                if answer.status == 200 {
                    answer.status = 201;
                }
            },
        ),
        broken("no-allow", "A wrong method is answered without the right ones.").answer(
            "* *",
            |_, answer, _| {
                answer.headers.remove(ALLOW);
            },
        ),
        broken("any-method", "A job is shown whatever the method.").request(
            "DELETE /jobs/{jobid}",
            |call, _| {
                call.method = http::Method::GET;
            },
        ),
        broken("no-version", "The overview of jobs is not there under /v1.").answer(
            "GET /jobs/overview",
            |call, answer, _| {
                if call.versioned {
                    *answer = Answer::error(404, "Not found: /v1/jobs/overview");
                }
            },
        ),
        broken("error-as-success", "What doesn't exist is answered with 200 and errors.").answer(
            "GET /jobs/{jobid}/vertices/{vertexid}",
            |_, answer, _| {
                if answer.status == 404 {
                    *answer = Answer::json_of(200, &json!({ "errors": ["not found"] }));
                }
            },
        ),
        broken("empty-for-unknown", "What doesn't exist is 404 without a body.").answer(
            "GET /jars/{jarid}/plan",
            |_, answer, _| {
                if answer.status == 404 {
                    answer.body = bytes::Bytes::new();
                }
            },
        ),
    ]
}
