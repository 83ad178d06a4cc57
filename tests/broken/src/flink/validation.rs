//! What is wrong and accepted, or right and refused.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Answer, Broken, Call, Class};

/// Takes a member out of the body if it is wrong, so that the server doesn't notice.
fn overlook(call: &mut Call, member: &str, wrong: impl Fn(&Value) -> bool) {
    call.edit(|body| {
        if let Some(members) = body.as_object_mut().filter(|members| members.get(member).is_some_and(wrong)) {
            members.remove(member);
        }
    });
}

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Validation, name, wrong);
    vec![
        broken("zero-parallelism", "A parallelism of 0 is taken for the default.")
            .request("POST /jars/{jarid}/run", |call, _| {
                overlook(call, "parallelism", |parallelism| *parallelism == 0)
            }),
        broken("negative-parallelism", "Any negative parallelism is taken for the default.")
            .request("POST /jars/{jarid}/run", |call, _| {
                overlook(call, "parallelism", |parallelism| parallelism.as_i64() < Some(0))
            }),
        broken("unknown-claim-mode", "A claim mode that doesn't exist is taken for the default.").request(
            "POST /jars/{jarid}/run",
            |call, _| {
                let known = ["CLAIM", "NO_CLAIM", "LEGACY"].map(Value::from);
                overlook(call, "claimMode", |mode| !known.contains(mode));
            },
        ),
        broken("broken-json", "A body that isn't JSON is taken for an empty one.").request(
            "POST *",
            |call, _| {
                if call.part(0) == "jobs" && serde_json::from_slice::<Value>(&call.body).is_err() {
                    call.body = Bytes::new();
                }
            },
        ),
        broken("any-trigger-id", "A trigger id that isn't 32 hexadecimal digits is replaced by a new one.")
            .request("POST /jobs/{jobid}/savepoints", |call, _| {
                let is_id =
                    |text: &str| text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
                overlook(call, "triggerId", |id| !id.as_str().is_some_and(is_id));
            }),
        broken("malformed-job-is-unknown", "A job id that is none is 404, as if it might exist.").answer(
            "GET /jobs/{jobid}/exceptions",
            |_, answer, _| {
                if answer.status == 400 {
                    answer.status = 404;
                }
            },
        ),
        broken("upper-case-refused", "A job id in upper case is refused.").answer(
            "GET /jobs/{jobid}",
            |call, answer, _| {
                if call.part(1).bytes().any(|digit| digit.is_ascii_uppercase()) {
                    *answer = Answer::error(400, "Not a job id.");
                }
            },
        ),
        broken("any-file", "A file whose name doesn't end in .jar is accepted.").request(
            "POST /jars/upload",
            |call, _| {
                let text = String::from_utf8_lossy(&call.body);
                let name = text.split_once("filename=\"").and_then(|(_, rest)| rest.split_once('"'));
                if let Some((name, _)) = name.filter(|(name, _)| !name.ends_with(".jar") && !name.is_empty())
                {
                    let (old, new) = (format!("filename=\"{name}\""), format!("filename=\"{name}.jar\""));
                    call.body = text.replacen(&old, &new, 1).into();
                }
            },
        ),
        broken("no-path-to-dispose", "A disposal that names no savepoint is accepted.").request(
            "POST /savepoint-disposal",
            |call, _| {
                if call.json().get("savepoint-path").is_none() {
                    call.body = json!({ "savepoint-path": "file:///nowhere" }).to_string().into();
                }
            },
        ),
        broken("missing-savepoint", "A job whose savepoint doesn't exist begins without state.").around(
            "POST /jars/{jarid}/run",
            |mut call, server| {
                Box::pin(async move {
                    let answer = server.send(call.clone()).await;
                    if answer.status != 400 || call.json()["savepointPath"].is_null() {
                        return answer;
                    }
                    overlook(&mut call, "savepointPath", |_| true);
                    server.send(call).await
                })
            },
        ),
        broken("unknown-members-refused", "A member of the body that nobody knows is refused.").answer(
            "POST /jobs/{jobid}/stop",
            |call, answer, _| {
                let known = ["targetDirectory", "target-directory", "drain", "formatType", "triggerId"];
                let body = call.json();
                if body
                    .as_object()
                    .is_some_and(|body| body.keys().any(|name| !known.contains(&name.as_str())))
                {
                    *answer = Answer::error(400, "Unknown member.");
                }
            },
        ),
        broken("whole-number-with-point", "A parallelism of 2.0 is refused, which is an integer.").answer(
            "POST /jars/{jarid}/run",
            |call, answer, _| {
                if call.json()["parallelism"].is_f64() {
                    *answer = Answer::error(400, "Not an integer.");
                }
            },
        ),
        broken("wrong-type-overlooked", "Arguments that are no list are left out.")
            .request("POST /jars/{jarid}/run", |call, _| {
                overlook(call, "programArgsList", |list| !list.is_array())
            }),
        broken("upside-down-bounds", "Bounds of a parallelism that are upside down are accepted.").answer(
            "PUT /jobs/{jobid}/resource-requirements",
            |call, answer, _| {
                let body = call.json();
                let bounds = body.as_object().into_iter().flat_map(|body| body.values());
                let mut bounds = bounds.map(|vertex| &vertex["parallelism"]);
                let bound = |bounds: &Value, name: &str| bounds[name].as_i64();
                if bounds.any(|bounds| bound(bounds, "lowerBound") > bound(bounds, "upperBound")) {
                    *answer = Answer::json_of(200, &json!({}));
                }
            },
        ),
    ]
}
