//! Jobs, from their start to their end and after.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{Scene, items, texts};
use crate::{Case, Context, Stop};

/// The id of a job that nobody has started.
const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";

/// The states in which a job stays.
const LAST: [&str; 3] = ["FINISHED", "CANCELED", "FAILED"];

/// The entry of a job in the overview.
async fn entry(cx: &Context, job: &str) -> Result<Value, Stop> {
    let jobs = cx.read("/v1/jobs/overview").await?.member("/jobs")?;
    let found = items(&jobs).iter().find(|entry| entry["jid"] == job);
    found.cloned().ok_or_else(|| Stop::fail(format!("job {job} in the overview"), jobs))
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.jobs.list-is-what-can-be-got",
            "Each job of the list can be got by its id and has the listed state; a job that was started is in the list.",
        )
        .source(format!("{REST}, /jobs and /jobs/:jobid"))
        .proved_by(async |cx: Context| {
            let (running, finished) = (cx.running().await?, cx.finished().await?);
            let listed = cx.read("/v1/jobs").await?;
            let jobs = listed.member("/jobs")?;
            for (job, state) in [(&running, "RUNNING"), (&finished, "FINISHED")] {
                let there = items(&jobs).contains(&json!({ "id": job, "status": state }));
                listed.check(there, format!("job {job} with status {state}"))?;
            }
            for job in items(&jobs) {
                let id = job["id"].as_str().unwrap_or_default();
                let details = cx.read(format!("/v1/jobs/{id}")).await?;
                details.check(details.text("/jid")? == id, format!("jid {id}"))?;
                // Another job may go on meanwhile; one that is over doesn't.
                if LAST.iter().any(|last| job["status"] == *last) {
                    let status = cx.read(format!("/v1/jobs/{id}/status")).await?;
                    status.check(status.member("/status")? == job["status"], &job["status"])?;
                }
            }
            Ok(())
        }),
        Case::must("flink.jobs.ids-are-unique", "No job is twice in the list or in the overview.")
            .source(format!("{REST}, /jobs and /jobs/overview"))
            .proved_by(async |cx: Context| {
                cx.running().await?;
                cx.finished().await?;
                for (path, id) in [("/v1/jobs", "id"), ("/v1/jobs/overview", "jid")] {
                    let answer = cx.read(path).await?;
                    let ids = texts(&answer.member("/jobs")?, id);
                    let distinct: BTreeSet<&String> = ids.iter().collect();
                    answer.check(distinct.len() == ids.len(), "each job once")?;
                }
                Ok(())
            }),
        Case::must(
            "flink.jobs.overview-has-the-same-jobs",
            "The overview of jobs has the same jobs as the list, in the same states.",
        )
        .source(format!("{REST}, /jobs/overview"))
        .proved_by(async |cx: Context| {
            cx.running().await?;
            cx.finished().await?;
            cx.failed().await?;
            let cancelled = cx.running().await?;
            cx.cancel(&cancelled).await?;
            cx.until("the list and the overview have the same jobs and states", async || {
                let list = cx.read("/v1/jobs").await?.member("/jobs")?;
                let overview = cx.read("/v1/jobs/overview").await?.member("/jobs")?;
                let pairs = |jobs: &Value, id: &str, state: &str| -> BTreeSet<(String, String)> {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    items(jobs).iter().map(|job| (text(&job[id]), text(&job[state]))).collect()
                };
                Ok((pairs(&list, "id", "status") == pairs(&overview, "jid", "state")).then_some(()))
            })
            .await
        }),
        Case::must(
            "flink.jobs.overview-says-what-details-say",
            "Name, kind, start and end of a job are the same in the overview and in its details.",
        )
        .source(format!("{REST}, /jobs/overview and /jobs/:jobid"))
        .proved_by(async |cx: Context| {
            for job in [cx.running().await?, cx.finished().await?] {
                let entry = entry(&cx, &job).await?;
                cx.shows(format!("/v1/jobs/{job}"), &format!("what the overview says: {entry}"), |details| {
                    ["name", "start-time", "end-time", "state"].iter().all(|name| details[*name] == entry[*name])
                        && details["job-type"] == entry["jobType"]
                })
                .await?;
            }
            Ok(())
        }),
        Case::must(
            "flink.jobs.overview-counts-tasks",
            "The tasks that the overview counts for a job are those of its vertices, and the counts by state add up.",
        )
        .source(format!("{REST}, /jobs/overview"))
        .proved_by(async |cx: Context| {
            let job = cx.run(json!({ "entryClass": "StreamingJob", "parallelism": 2 })).await?;
            cx.at_work(&job).await?;
            let entry = entry(&cx, &job).await?;
            let tasks = entry["tasks"].as_object().cloned().unwrap_or_default();
            let counted = |all: bool| -> u64 {
                let chosen = tasks.iter().filter(|(name, _)| (*name == "total") == all);
                chosen.filter_map(|(_, count)| count.as_u64()).sum()
            };
            let details = cx.details(&job).await?;
            let parallelism = items(&details["vertices"]).iter().filter_map(|vertex| vertex["parallelism"].as_u64());
            let expected: u64 = parallelism.sum();
            if expected > 0 && counted(true) == expected && counted(false) == expected {
                return Ok(());
            }
            Err(Stop::fail(format!("{expected} tasks in all"), json!(tasks)))
        }),
        Case::must("flink.jobs.without-end-keeps-running", "A job without end is RUNNING, has a start and no end.")
            .source(format!("{REST}, /jobs/:jobid"))
            .proved_by(async |cx: Context| {
                let job = cx.running().await?;
                let answer = cx.read(format!("/v1/jobs/{job}")).await?;
                answer.check(answer.text("/state")? == "RUNNING", "state RUNNING")?;
                answer.check(answer.member("/end-time")? == -1, "end-time -1")?;
                answer.check(answer.member("/start-time")?.as_i64() > Some(0), "a start-time")?;
                let started = answer.member("/timestamps/RUNNING")?.as_i64();
                answer.check(started > Some(0), "the moment since when it is RUNNING")
            }),
        Case::must("flink.jobs.bounded-finishes", "A job whose input ends finishes by itself.")
            .source(format!("{REST}, /jobs/:jobid"))
            .proved_by(async |cx: Context| {
                let job = cx.finished().await?;
                cx.shows(format!("/v1/jobs/{job}"), "a job that is FINISHED, with all of its tasks", |details| {
                    let vertices = items(&details["vertices"]);
                    let over = |vertex: &Value| vertex["tasks"]["FINISHED"] == vertex["parallelism"];
                    details["state"] == "FINISHED" && !vertices.is_empty() && vertices.iter().all(over)
                })
                .await?;
                Ok(())
            }),
        Case::must(
            "flink.jobs.cancel-ends-it",
            "A job that is cancelled comes to be CANCELED; the answer is 202 with an empty object.",
        )
        .source(format!("{REST}, PATCH /jobs/:jobid"))
        .proved_by(async |cx: Context| {
            for query in ["", "?mode=cancel"] {
                let job = cx.running().await?;
                let answer = cx.patch(format!("/v1/jobs/{job}{query}")).send().await?.expect(202)?;
                answer.check(answer.json()? == json!({}), "an empty object")?;
                cx.reaches(&job, "CANCELED").await?;
            }
            Ok(())
        }),
        Case::must("flink.jobs.cancel-leaves-others", "The cancellation of one job leaves all others alone.")
            .source(format!("{REST}, PATCH /jobs/:jobid"))
            .proved_by(async |cx: Context| {
                let (before, job, after) = (cx.running().await?, cx.running().await?, cx.running().await?);
                cx.cancel(&job).await?;
                for other in [before, after] {
                    let answer = cx.read(format!("/v1/jobs/{other}/status")).await?;
                    answer.check(answer.text("/status")? == "RUNNING", "status RUNNING")?;
                }
                Ok(())
            }),
        Case::must("flink.jobs.cancel-twice", "A job that was cancelled already can be cancelled again: 202.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let job = cx.running().await?;
                cx.cancel(&job).await?;
                cx.cancel(&job).await
            }),
        Case::must(
            "flink.jobs.cancel-finished",
            "A job that has finished can't be cancelled: 409, and it stays FINISHED.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = cx.finished().await?;
            cx.patch(format!("/v1/jobs/{job}")).send().await?.expect(409)?;
            cx.reaches(&job, "FINISHED").await
        }),
        Case::must(
            "flink.jobs.cancel-mode",
            "A mode of cancellation that isn't known is refused with 400, and the job goes on.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            cx.patch(format!("/v1/jobs/{job}?mode=bogus")).send().await?.expect(400)?;
            let answer = cx.read(format!("/v1/jobs/{job}/status")).await?;
            answer.check(answer.text("/status")? == "RUNNING", "status RUNNING")
        }),
        Case::must(
            "flink.jobs.the-end-stays",
            "The last state of a job, its start and its end are set once: nothing that comes later changes them.",
        )
        .source(format!("{REST}, /jobs/:jobid"))
        .proved_by(async |cx: Context| {
            let jobs = [cx.finished().await?, cx.failed().await?, {
                let job = cx.running().await?;
                cx.cancel(&job).await?;
                job
            }];
            let mut ends = Vec::new();
            for job in &jobs {
                ends.push(entry(&cx, job).await?);
            }
            // Later is: another job came and went, and time passed.
            cx.finished().await?;
            cx.pause(std::time::Duration::from_secs(1)).await;
            for (job, end) in jobs.iter().zip(ends) {
                let now = entry(&cx, job).await?;
                for member in ["state", "start-time", "end-time", "duration", "last-modification"] {
                    if now[member] != end[member] {
                        return Err(Stop::fail(format!("{member} {} as before", end[member]), now));
                    }
                }
            }
            Ok(())
        }),
        Case::must(
            "flink.jobs.moments-follow-each-other",
            "A job is created before it runs and runs before it ends; its duration is the time from its start to its end.",
        )
        .source(format!("{REST}, /jobs/:jobid"))
        .proved_by(async |cx: Context| {
            let job = cx.finished().await?;
            let path = format!("/v1/jobs/{job}");
            let details = cx.shows(path, "the end of the job", |job| job["end-time"] != -1).await?;
            let at = |state: &str| details["timestamps"][state].as_i64().unwrap_or(0);
            let of = |member: &str| details[member].as_i64().unwrap_or(0);
            let moments =
                [1, of("start-time"), at("CREATED"), at("RUNNING"), at("FINISHED"), of("end-time"), of("now")];
            if !moments.is_sorted() || at("FINISHED") != of("end-time") {
                let order = "start-time, CREATED, RUNNING, FINISHED = end-time, now, in this order";
                return Err(Stop::fail(order, details));
            }
            if of("duration") == of("end-time") - of("start-time") && at("FAILED") == 0 && at("CANCELED") == 0 {
                return Ok(());
            }
            Err(Stop::fail("the duration of the job, and 0 as the moment of states it never had", details))
        }),
        Case::must(
            "flink.jobs.time-goes-on",
            "As long as a job runs, its start stays and its duration doesn't fall.",
        )
        .source(format!("{REST}, /jobs/:jobid"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let first = entry(&cx, &job).await?;
            cx.pause(std::time::Duration::from_millis(50)).await;
            let second = entry(&cx, &job).await?;
            let later = second["duration"].as_i64() >= first["duration"].as_i64();
            if later && second["start-time"] == first["start-time"] && second["state"] == "RUNNING" {
                return Ok(());
            }
            Err(Stop::fail(format!("the same job, later than {first}"), second))
        }),
        Case::must("flink.jobs.status", "The status of a job is that of its entry in the list.")
            .source(format!("{REST}, /jobs/:jobid/status"))
            .proved_by(async |cx: Context| {
                let job = cx.running().await?;
                cx.cancel(&job).await?;
                let answer = cx.read("/v1/jobs").await?;
                let listed = items(&answer.member("/jobs")?).contains(&json!({ "id": job, "status": "CANCELED" }));
                answer.check(listed, format!("job {job} with status CANCELED"))
            }),
        Case::must("flink.jobs.unknown", "A job that isn't there is not found: 404.")
            .source(format!("{REST}, /jobs/:jobid; {OBSERVED}"))
            .proved_by(async |cx: Context| {
                for rest in ["", "/config", "/plan", "/exceptions", "/checkpoints", "/accumulators", "/execution-result"] {
                    cx.get(format!("/v1/jobs/{UNKNOWN}{rest}")).send().await?.expect(404)?;
                }
                cx.patch(format!("/v1/jobs/{UNKNOWN}")).send().await?.expect(404)?;
                Ok(())
            }),
        Case::must("flink.jobs.unknown-everywhere", "A job that isn't there is not found by any other path either: 404.")
            .source(format!("{DOCUMENT}, Errors"))
            .proved_by(async |cx: Context| {
                for rest in ["/status", "/metrics", "/resource-requirements", "/jobmanager/config"] {
                    cx.get(format!("/v1/jobs/{UNKNOWN}{rest}")).send().await?.expect(404)?;
                }
                Ok(())
            }),
        Case::must("flink.jobs.malformed-id", "An id that isn't 32 hexadecimal digits is refused with 400.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                for id in ["xyz", "0123", "0123456789abcdef0123456789abcdeg"] {
                    cx.get(format!("/v1/jobs/{id}")).send().await?.expect(400)?;
                    cx.patch(format!("/v1/jobs/{id}")).send().await?.expect(400)?;
                }
                Ok(())
            }),
        Case::must(
            "flink.jobs.result-in-progress",
            "The result of a job that runs is in progress and says nothing else.",
        )
        .source(format!("{REST}, /jobs/:jobid/execution-result"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let answer = cx.read(format!("/v1/jobs/{job}/execution-result")).await?;
            answer.check(answer.json()? == json!({ "status": { "id": "IN_PROGRESS" } }), "status IN_PROGRESS alone")
        }),
        Case::must(
            "flink.jobs.result-says-how-it-ended",
            "The result of a job that is over says how it ended, under its id and name.",
        )
        .source(format!("{REST}, /jobs/:jobid/execution-result"))
        .proved_by(async |cx: Context| {
            let cancelled = cx.running().await?;
            cx.cancel(&cancelled).await?;
            let ends = [
                (cx.finished().await?, "SUCCEEDED"),
                (cx.failed().await?, "FAILED"),
                (cancelled, "CANCELED"),
            ];
            for (job, status) in ends {
                let path = format!("/v1/jobs/{job}/execution-result");
                let name = entry(&cx, &job).await?["name"].clone();
                let awaited = format!("the result of job {job}, {name}: {status}");
                let over = cx.shows(path, &awaited, |answer| answer["status"]["id"] == "COMPLETED").await?;
                let result = &over["job-execution-result"];
                let same = result["id"] == job && result["name"] == name && result["application-status"] == status;
                let has_cause = result["failure-cause"].is_object();
                if !same || has_cause != (status == "FAILED") {
                    return Err(Stop::fail(awaited, over));
                }
            }
            Ok(())
        }),
        Case::must("flink.jobs.heartbeat", "A heartbeat of the client of a job is taken: 202.")
            .source(format!("{REST}, PATCH /jobs/:jobid/clientHeartbeat"))
            .proved_by(async |cx: Context| {
                let job = cx.running().await?;
                let beat = json!({ "expiredTimestamp": 4_102_444_800_000_i64 });
                cx.patch(format!("/v1/jobs/{job}/clientHeartbeat")).json(&beat).send().await?.expect(202)?;
                Ok(())
            }),
    ]
}
