//! Savepoints and stops, and what their results are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{Scene, lies_under, texts};
use crate::{Case, Context, Stop};

/// Fails unless the operation ended with a cause of its failure.
fn failed(operation: &Value) -> Result<(), Stop> {
    let cause = &operation["failure-cause"];
    let told = ["class", "stack-trace", "serialized-throwable"]
        .iter()
        .all(|name| cause[*name].as_str().is_some_and(|text| !text.is_empty()));
    let awaited = "a failure-cause with class, stack-trace and serialized-throwable, and no location";
    if told && operation["location"].is_null() { Ok(()) } else { Err(Stop::fail(awaited, operation)) }
}

/// Fails unless the operation ended with a savepoint under this directory; returns where it is.
fn under(operation: &Value, directory: &str) -> Result<String, Stop> {
    match operation["location"].as_str() {
        Some(location) if lies_under(location, directory) => Ok(location.to_owned()),
        _ => Err(Stop::fail(format!("a location under {directory}"), operation)),
    }
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.savepoint.completes-with-a-location",
            "A savepoint that is triggered comes to be COMPLETED with a location under its target directory, and the job goes on.",
        )
        .source(format!("{REST}, /jobs/:jobid/savepoints"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let path = format!("/v1/jobs/{job}/savepoints");
            let directory = format!("{}/{}", cx.directory(), cx.name("target"));
            let answer = cx.post(&path).json(&json!({ "target-directory": directory })).send().await?.expect(202)?;
            let trigger = answer.text("/request-id")?;
            let is_id = trigger.len() == 32 && trigger.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
            answer.check(is_id, "a request-id of 32 hexadecimal digits")?;
            under(&cx.completed(format!("{path}/{trigger}")).await?, &directory)?;
            let status = cx.read(format!("/v1/jobs/{job}/status")).await?;
            status.check(status.text("/status")? == "RUNNING", "status RUNNING")
        }),
        Case::must(
            "flink.savepoint.progress",
            "As long as an operation isn't over its status is IN_PROGRESS and it has come to nothing; then it is COMPLETED.",
        )
        .source(format!("{REST}, Asynchronous operations"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let path = format!("/v1/jobs/{job}/savepoints");
            let body = json!({ "target-directory": cx.directory() });
            let trigger = cx.post(&path).json(&body).send().await?.expect(202)?.text("/request-id")?;
            cx.until("the operation is over", async || {
                let answer = cx.read(format!("{path}/{trigger}")).await?;
                if answer.text("/status/id")? == "COMPLETED" {
                    return Ok(Some(()));
                }
                let waiting = json!({ "status": { "id": "IN_PROGRESS" }, "operation": null });
                answer.check(answer.json()? == waiting, waiting)?;
                Ok(None)
            })
            .await
        }),
        Case::must(
            "flink.savepoint.repeated-trigger",
            "A savepoint that is triggered again under the same id is the same savepoint: the answer is 202 with that id, \
             and one location comes of it.",
        )
        .source(format!("FLINK-24208; {OBSERVED}"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let trigger = cx.id();
            let path = format!("/v1/jobs/{job}/savepoints");
            let body = json!({ "triggerId": trigger, "target-directory": cx.directory() });
            for _ in 0..2 {
                let answer = cx.post(&path).json(&body).send().await?.expect(202)?;
                answer.check(answer.text("/request-id")? == trigger, "the id of the trigger")?;
            }
            let first = cx.completed(format!("{path}/{trigger}")).await?;
            let answer = cx.post(&path).json(&body).send().await?.expect(202)?;
            let second = cx.completed(format!("{path}/{trigger}")).await?;
            answer.check(first == second, "the location of the first savepoint")?;
            cx.shows(format!("/v1/jobs/{job}/checkpoints"), "one savepoint in the history", |statistics| {
                let history = statistics["history"].as_array().into_iter().flatten();
                history.filter(|entry| entry["is_savepoint"] == true).count() == 1
            })
            .await?;
            Ok(())
        }),
        Case::must(
            "flink.savepoint.repeat-elsewhere",
            "A trigger that is repeated with another target directory is the first one still.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let (trigger, path) = (cx.id(), format!("/v1/jobs/{job}/savepoints"));
            let [first, second] = ["first", "second"].map(|word| format!("{}/{}", cx.directory(), cx.name(word)));
            for directory in [&first, &second] {
                let body = json!({ "triggerId": trigger, "target-directory": directory });
                cx.post(&path).json(&body).send().await?.expect(202)?;
            }
            under(&cx.completed(format!("{path}/{trigger}")).await?, &first)?;
            Ok(())
        }),
        Case::must("flink.savepoint.id-in-capitals", "An id means the same in capital letters.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let job = cx.running().await?;
                let (trigger, path) = (cx.id(), format!("/v1/jobs/{job}/savepoints"));
                for id in [trigger.to_uppercase(), trigger.clone()] {
                    let body = json!({ "triggerId": id, "target-directory": cx.directory() });
                    let answer = cx.post(&path).json(&body).send().await?.expect(202)?;
                    answer.check(answer.text("/request-id")? == trigger, format!("request-id {trigger}"))?;
                }
                let lower = cx.completed(format!("{path}/{trigger}")).await?;
                let upper = cx.completed(format!("{path}/{}", trigger.to_uppercase())).await?;
                if lower == upper { Ok(()) } else { Err(Stop::fail(lower, upper)) }
            }),
        Case::must(
            "flink.savepoint.ids-differ",
            "Triggers without an id of their own get ids that differ, and savepoints at different places.",
        )
        .source(format!("{REST}, /jobs/:jobid/savepoints"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let path = format!("/v1/jobs/{job}/savepoints");
            let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
            for trigger in [json!({}), json!({ "triggerId": null }), json!({})] {
                let mut body = trigger;
                body["target-directory"] = json!(cx.directory());
                let id = cx.post(&path).json(&body).send().await?.expect(202)?.text("/request-id")?;
                places.insert(under(&cx.completed(format!("{path}/{id}")).await?, &cx.directory())?);
                ids.insert(id);
            }
            if (ids.len(), places.len()) == (3, 3) {
                return Ok(());
            }
            Err(Stop::fail("three ids and three places", format!("{ids:?} {places:?}")))
        }),
        Case::must(
            "flink.savepoint.id-belongs-to-its-job",
            "The id of an operation is known under its own job and its own kind, and nowhere else: 404.",
        )
        .source(format!("{REST}, Asynchronous operations; {OBSERVED}"))
        .proved_by(async |cx: Context| {
            let (job, other) = (cx.running().await?, cx.running().await?);
            let trigger = cx.id();
            let path = format!("/v1/jobs/{job}/savepoints");
            let body = json!({ "triggerId": trigger, "target-directory": cx.directory() });
            cx.post(&path).json(&body).send().await?.expect(202)?;
            for elsewhere in [
                format!("/v1/jobs/{other}/savepoints"),
                format!("/v1/jobs/{job}/checkpoints"),
                "/v1/savepoint-disposal".to_owned(),
            ] {
                cx.get(format!("{elsewhere}/{trigger}")).send().await?.expect(404)?;
            }
            under(&cx.completed(format!("{path}/{trigger}")).await?, &cx.directory())?;
            Ok(())
        }),
        Case::must(
            "flink.savepoint.same-id-on-another-job",
            "The same id on another job is another operation, with a savepoint of its own.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let trigger = cx.id();
            let mut places = Vec::new();
            for job in [cx.running().await?, cx.running().await?] {
                let path = format!("/v1/jobs/{job}/savepoints");
                let body = json!({ "triggerId": trigger, "target-directory": cx.directory() });
                cx.post(&path).json(&body).send().await?.expect(202)?;
                places.push(under(&cx.completed(format!("{path}/{trigger}")).await?, &cx.directory())?);
            }
            if places[0] == places[1] { Err(Stop::fail("two places", &places[0])) } else { Ok(()) }
        }),
        Case::must("flink.savepoint.unknown-id", "An id that was never triggered is not found: 404; one that is none: 400.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let job = cx.running().await?;
                for path in [format!("/v1/jobs/{job}/savepoints"), "/v1/savepoint-disposal".to_owned()] {
                    cx.get(format!("{path}/{}", cx.id())).send().await?.expect(404)?;
                    cx.get(format!("{path}/xyz")).send().await?.expect(400)?;
                }
                Ok(())
            }),
        Case::must(
            "flink.savepoint.result-stays",
            "What an operation came to stays as it is, however often it is asked for, and after the end of its job.",
        )
        .source(format!("{REST}, Asynchronous operations"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let (trigger, path) = (cx.id(), format!("/v1/jobs/{job}/savepoints"));
            let body = json!({ "triggerId": trigger, "target-directory": cx.directory() });
            cx.post(&path).json(&body).send().await?.expect(202)?;
            let first = cx.completed(format!("{path}/{trigger}")).await?;
            let look = async || -> Result<(), Stop> {
                for _ in 0..3 {
                    let answer = cx.read(format!("{path}/{trigger}")).await?;
                    let same = answer.text("/status/id")? == "COMPLETED" && answer.member("/operation")? == first;
                    answer.check(same, format!("COMPLETED with {first}"))?;
                }
                Ok(())
            };
            look().await?;
            cx.savepoint(&job).await?;
            look().await?;
            cx.cancel(&job).await?;
            look().await
        }),
        Case::must(
            "flink.savepoint.unknown-job",
            "An operation on a job that isn't there is accepted, and fails: COMPLETED with a failure-cause.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = cx.id();
            let polled = format!("/v1/jobs/{job}/savepoints");
            for kind in ["savepoints", "stop"] {
                let options = json!({ "target-directory": cx.directory(), "targetDirectory": cx.directory() });
                failed(&cx.operate(&format!("/v1/jobs/{job}/{kind}"), &polled, options).await?)?;
            }
            Ok(())
        }),
        Case::must(
            "flink.savepoint.job-is-over",
            "An operation on a job that is over is accepted, and fails: COMPLETED with a failure-cause.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = cx.finished().await?;
            let polled = format!("/v1/jobs/{job}/savepoints");
            for kind in ["savepoints", "stop"] {
                let options = json!({ "target-directory": cx.directory(), "targetDirectory": cx.directory() });
                failed(&cx.operate(&format!("/v1/jobs/{job}/{kind}"), &polled, options).await?)?;
            }
            Ok(())
        }),
        Case::must(
            "flink.savepoint.is-in-the-history",
            "A savepoint is in the history of checkpoints, as a savepoint, and is the latest one, at its location.",
        )
        .source(format!("{REST}, /jobs/:jobid/checkpoints"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            cx.savepoint(&job).await?;
            let location = cx.savepoint(&job).await?;
            let awaited = format!("the savepoint at {location}");
            cx.shows(format!("/v1/jobs/{job}/checkpoints"), &awaited, |statistics| {
                let is_it = |entry: &Value| {
                    entry["is_savepoint"] == true
                        && entry["external_path"] == location
                        && entry["status"] == "COMPLETED"
                };
                let history = statistics["history"].as_array().is_some_and(|all| all.iter().any(is_it));
                history && is_it(&statistics["latest"]["savepoint"])
            })
            .await?;
            Ok(())
        }),
        Case::must(
            "flink.savepoint.and-cancel",
            "A savepoint with `cancel-job` ends with a location, and the job with CANCELED.",
        )
        .source(format!("{REST}, /jobs/:jobid/savepoints, cancel-job"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let path = format!("/v1/jobs/{job}/savepoints");
            let body = json!({ "cancel-job": true, "target-directory": cx.directory() });
            under(&cx.operate(&path, &path, body).await?, &cx.directory())?;
            cx.reaches(&job, "CANCELED").await
        }),
        Case::must(
            "flink.savepoint.options",
            "Both formats of savepoints are known; a format that isn't, or an id that is none, is refused with 400, and starts nothing.",
        )
        .source(format!("{REST}, /jobs/:jobid/savepoints, formatType; {OBSERVED}"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let path = format!("/v1/jobs/{job}/savepoints");
            for body in [r#"{"formatType":"X"}"#, r#"{"triggerId":"zz"}"#, r#"{"triggerId"#, "[]"] {
                cx.post(&path).body("application/json", body).send().await?.expect(400)?;
            }
            for format in ["CANONICAL", "NATIVE"] {
                let body = json!({ "formatType": format, "target-directory": cx.directory() });
                under(&cx.operate(&path, &path, body).await?, &cx.directory())?;
            }
            let awaited = "two savepoints, and no more";
            cx.shows(format!("/v1/jobs/{job}/checkpoints"), awaited, |statistics| {
                let history = statistics["history"].as_array().into_iter().flatten();
                history.filter(|entry| entry["is_savepoint"] == true).count() == 2
            })
            .await?;
            Ok(())
        }),
        Case::must(
            "flink.stop.finishes-with-a-savepoint",
            "A stop ends with a savepoint under its target directory, and the job with FINISHED.",
        )
        .source(format!("{REST}, /jobs/:jobid/stop"))
        .proved_by(async |cx: Context| {
            for drain in [false, true] {
                let job = cx.running().await?;
                let directory = format!("{}/{}", cx.directory(), cx.name("stop"));
                let body = json!({ "targetDirectory": directory, "drain": drain });
                let polled = format!("/v1/jobs/{job}/savepoints");
                under(&cx.operate(&format!("/v1/jobs/{job}/stop"), &polled, body).await?, &directory)?;
                cx.reaches(&job, "FINISHED").await?;
            }
            Ok(())
        }),
        Case::must("flink.stop.leaves-others", "A stop of one job leaves all others alone.")
            .source(format!("{REST}, /jobs/:jobid/stop"))
            .proved_by(async |cx: Context| {
                let (job, other) = (cx.running().await?, cx.running().await?);
                let (stop, polled) = (format!("/v1/jobs/{job}/stop"), format!("/v1/jobs/{job}/savepoints"));
                cx.operate(&stop, &polled, json!({ "targetDirectory": cx.directory() })).await?;
                cx.reaches(&job, "FINISHED").await?;
                let answer = cx.read(format!("/v1/jobs/{other}/status")).await?;
                answer.check(answer.text("/status")? == "RUNNING", "status RUNNING")
            }),
        Case::must(
            "flink.stop.repeated-trigger",
            "A stop that is repeated under the same id, also after the end of the job, is the same stop.",
        )
        .source(format!("FLINK-24208; {OBSERVED}"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let (trigger, path) = (cx.id(), format!("/v1/jobs/{job}/stop"));
            let polled = format!("/v1/jobs/{job}/savepoints/{trigger}");
            let body = json!({ "triggerId": trigger, "targetDirectory": cx.directory() });
            cx.post(&path).json(&body).send().await?.expect(202)?;
            cx.post(&path).json(&body).send().await?.expect(202)?;
            let first = cx.completed(polled.clone()).await?;
            under(&first, &cx.directory())?;
            cx.reaches(&job, "FINISHED").await?;
            cx.post(&path).json(&body).send().await?.expect(202)?;
            let second = cx.completed(polled).await?;
            if first == second { Ok(()) } else { Err(Stop::fail(first, second)) }
        }),
        Case::must(
            "flink.disposal.once",
            "A savepoint can be disposed of once; a second disposal is accepted and fails.",
        )
        .source(format!("{REST}, /savepoint-disposal"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let (kept, gone) = (cx.savepoint(&job).await?, cx.savepoint(&job).await?);
            let path = "/v1/savepoint-disposal";
            let first = cx.operate(path, path, json!({ "savepoint-path": gone })).await?;
            if first != json!({}) {
                return Err(Stop::fail("an operation that came to {}", first));
            }
            failed(&cx.operate(path, path, json!({ "savepoint-path": gone })).await?)?;
            let other = cx.operate(path, path, json!({ "savepoint-path": kept })).await?;
            if other == json!({}) { Ok(()) } else { Err(Stop::fail("the other savepoint there still", other)) }
        }),
        Case::must("flink.disposal.needs-a-path", "A disposal that names no savepoint is refused with 400.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                cx.post("/v1/savepoint-disposal").json(&json!({})).send().await?.expect(400)?;
                Ok(())
            }),
        Case::must("flink.disposal.is-final", "No job starts from a savepoint that was disposed of: 400.")
            .source(format!("{REST}, /savepoint-disposal; {DOCUMENT}"))
            .proved_by(async |cx: Context| {
                let job = cx.running().await?;
                let location = cx.savepoint(&job).await?;
                let path = "/v1/savepoint-disposal";
                cx.operate(path, path, json!({ "savepoint-path": location })).await?;
                let program = cx.program().await?;
                let options = json!({ "savepointPath": location });
                cx.post(format!("/v1/jars/{program}/run")).json(&options).send().await?.expect(400)?;
                let running = cx.read("/v1/jobs").await?.member("/jobs")?;
                let at_work = |job: &&Value| job["status"] == "RUNNING";
                let running = json!(running.as_array().into_iter().flatten().filter(at_work).collect::<Vec<_>>());
                if texts(&running, "id").contains(&job) { Ok(()) } else { Err(Stop::fail(job, running)) }
            }),
    ]
}
