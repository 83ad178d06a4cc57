//! Checkpoints: those of a job's own, and those on request.

use serde_json::{Value, json};

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{Scene, items};
use crate::{Case, Context, Stop};

/// Runs a job that takes a checkpoint every so many milliseconds, and waits until all of its tasks are at work.
async fn every(cx: &Context, millis: u32) -> Result<String, Stop> {
    let arguments = ["--checkpoint-ms".to_owned(), millis.to_string()];
    let job = cx.run(json!({ "entryClass": "StreamingJob", "programArgsList": arguments })).await?;
    cx.at_work(&job).await?;
    Ok(job)
}

/// Waits until a job has completed this many checkpoints, and returns its statistics.
async fn completed(cx: &Context, job: &str, count: u64) -> Result<Value, Stop> {
    let path = format!("/v1/jobs/{job}/checkpoints");
    let enough = |statistics: &Value| statistics["counts"]["completed"].as_u64() >= Some(count);
    cx.shows(path, &format!("{count} completed checkpoints"), enough).await
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.checkpoints.come-by-themselves",
            "A job with an interval of checkpoints takes them without being asked, and its configuration names the interval.",
        )
        .source(format!("{REST}, /jobs/:jobid/checkpoints and /jobs/:jobid/checkpoints/config"))
        .proved_by(async |cx: Context| {
            let job = every(&cx, 200).await?;
            completed(&cx, &job, 2).await?;
            let config = cx.read(format!("/v1/jobs/{job}/checkpoints/config")).await?;
            config.check(config.member("/interval")? == 200, "interval 200")
        }),
        Case::must(
            "flink.checkpoints.counts-add-up",
            "All checkpoints are those in progress, completed and failed; their number doesn't fall.",
        )
        .source(format!("{REST}, /jobs/:jobid/checkpoints"))
        .proved_by(async |cx: Context| {
            let job = every(&cx, 200).await?;
            let mut before = 0;
            for completed_so_far in [1, 2, 3] {
                let statistics = completed(&cx, &job, completed_so_far).await?;
                let count = |name: &str| statistics["counts"][name].as_u64().unwrap_or(0);
                let total = count("in_progress") + count("completed") + count("failed");
                if count("total") != total || total < before {
                    return Err(Stop::fail(format!("{total} in all, {before} or more"), &statistics["counts"]));
                }
                before = total;
            }
            Ok(())
        }),
        Case::must(
            "flink.checkpoints.newest-first",
            "The history begins with the newest checkpoint, each id is in it once, and the latest completed one is the first \
             that is completed and no savepoint.",
        )
        .source(format!("{REST}, /jobs/:jobid/checkpoints"))
        .proved_by(async |cx: Context| {
            let job = every(&cx, 200).await?;
            let statistics = completed(&cx, &job, 3).await?;
            let history = items(&statistics["history"]);
            let ids: Vec<i64> = history.iter().filter_map(|entry| entry["id"].as_i64()).collect();
            let falling = ids.windows(2).all(|pair| pair[0] > pair[1]);
            let regular = |entry: &&Value| entry["status"] == "COMPLETED" && entry["is_savepoint"] == false;
            let latest = history.iter().find(regular).map(|entry| &entry["id"]);
            if ids.len() < 3 || !falling || latest != Some(&statistics["latest"]["completed"]["id"]) {
                return Err(Stop::fail("a history with the newest first, and the same as the latest", statistics));
            }
            Ok(())
        }),
        Case::must(
            "flink.checkpoints.details-are-those-of-the-history",
            "Each completed checkpoint of the history can be got by its id, and is the same there.",
        )
        .source(format!("{REST}, /jobs/:jobid/checkpoints/details/:checkpointid"))
        .proved_by(async |cx: Context| {
            // Without checkpoints of its own the job forgets none of those on request.
            let job = every(&cx, 0).await?;
            let path = format!("/v1/jobs/{job}/checkpoints");
            for _ in 0..2 {
                cx.operate(&path, &path, json!({})).await?;
            }
            let statistics = completed(&cx, &job, 2).await?;
            for entry in items(&statistics["history"]) {
                let answer = cx.read(format!("{path}/details/{}", entry["id"])).await?;
                let details = answer.json()?;
                for member in ["id", "status", "is_savepoint", "trigger_timestamp", "state_size", "num_subtasks", "external_path"] {
                    answer.check(details[member] == entry[member], format!("{member} {}", entry[member]))?;
                }
            }
            Ok(())
        }),
        Case::must(
            "flink.checkpoints.subtasks-acknowledge",
            "A completed checkpoint was acknowledged by all subtasks, and each of its tasks can be asked for.",
        )
        .source(format!("{REST}, /jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid"))
        .proved_by(async |cx: Context| {
            let options = json!({ "entryClass": "StreamingJob", "parallelism": 2, "programArgsList": ["--checkpoint-ms", "0"] });
            let job = cx.run(options).await?;
            cx.at_work(&job).await?;
            let path = format!("/v1/jobs/{job}/checkpoints");
            let id = cx.operate(&path, &path, json!({})).await?["checkpointId"].clone();
            let details = cx.read(format!("{path}/details/{id}")).await?;
            let (all, told) = (details.member("/num_subtasks")?, details.member("/num_acknowledged_subtasks")?);
            details.check(all == told && all == 4, "4 subtasks, all of which have acknowledged")?;
            for vertex in items(&cx.details(&job).await?["vertices"]) {
                let vertex = vertex["id"].as_str().unwrap_or_default();
                let answer = cx.read(format!("{path}/details/{id}/subtasks/{vertex}")).await?;
                answer.check(answer.member("/id")? == id, format!("checkpoint {id}"))?;
                answer.check(items(&answer.member("/subtasks")?).len() == 2, "2 subtasks")?;
            }
            Ok(())
        }),
        Case::must(
            "flink.checkpoints.on-request",
            "A checkpoint on request comes to be COMPLETED with an id, under which it is in the history.",
        )
        .source(format!("{REST}, POST /jobs/:jobid/checkpoints"))
        .proved_by(async |cx: Context| {
            let job = every(&cx, 0).await?;
            let path = format!("/v1/jobs/{job}/checkpoints");
            for kind in [json!({}), json!({ "checkpointType": "FULL" }), json!({ "checkpointType": "CONFIGURED" })] {
                let id = cx.operate(&path, &path, kind).await?["checkpointId"].clone();
                let awaited = format!("checkpoint {id} in the history, completed");
                cx.shows(&path, &awaited, |statistics| {
                    let is_it = |entry: &Value| entry["id"] == id && entry["status"] == "COMPLETED";
                    id.is_u64() && items(&statistics["history"]).iter().any(is_it)
                })
                .await?;
            }
            Ok(())
        }),
        Case::must(
            "flink.checkpoints.repeated-trigger",
            "A checkpoint that is triggered again under the same id is the same checkpoint.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = every(&cx, 0).await?;
            let (trigger, path) = (cx.id(), format!("/v1/jobs/{job}/checkpoints"));
            for _ in 0..3 {
                let answer = cx.post(&path).json(&json!({ "triggerId": trigger })).send().await?.expect(202)?;
                answer.check(answer.text("/request-id")? == trigger, format!("request-id {trigger}"))?;
            }
            cx.completed(format!("{path}/{trigger}")).await?;
            let statistics = completed(&cx, &job, 1).await?;
            if statistics["counts"]["total"] == 1 { Ok(()) } else { Err(Stop::fail("one checkpoint", statistics)) }
        }),
        Case::must(
            "flink.checkpoints.kind-must-be-known",
            "A kind of checkpoint that isn't known is refused with 400, and no checkpoint comes of it.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let job = every(&cx, 0).await?;
            let path = format!("/v1/jobs/{job}/checkpoints");
            cx.post(&path).json(&json!({ "checkpointType": "X" })).send().await?.expect(400)?;
            let answer = cx.read(&path).await?;
            answer.check(answer.member("/counts/total")? == 0, "no checkpoint")
        }),
        Case::must("flink.checkpoints.incremental", "An incremental checkpoint on request is refused with 400.")
            .source(format!("{DOCUMENT}, POST /jobs/:jobid/checkpoints"))
            .proved_by(async |cx: Context| {
                let job = every(&cx, 0).await?;
                let body = json!({ "checkpointType": "INCREMENTAL" });
                cx.post(format!("/v1/jobs/{job}/checkpoints")).json(&body).send().await?.expect(400)?;
                Ok(())
            }),
        Case::must("flink.checkpoints.unknown", "A checkpoint that isn't there is not found: 404; an id that is none: 400.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let job = every(&cx, 0).await?;
                let path = format!("/v1/jobs/{job}/checkpoints");
                cx.get(format!("{path}/details/999999")).send().await?.expect(404)?;
                cx.get(format!("{path}/details/xyz")).send().await?.expect(400)?;
                cx.get(format!("{path}/{}", cx.id())).send().await?.expect(404)?;
                Ok(())
            }),
        Case::must("flink.checkpoints.none-for-batch", "A batch job has no checkpoints to tell of: 404.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let job = cx.finished().await?;
                cx.get(format!("/v1/jobs/{job}/checkpoints")).send().await?.expect(404)?;
                cx.get(format!("/v1/jobs/{job}/checkpoints/config")).send().await?.expect(404)?;
                Ok(())
            }),
        Case::must(
            "flink.checkpoints.summary-is-ordered",
            "In the summary the minimum is at most the average, and the average at most the maximum.",
        )
        .source(format!("{REST}, /jobs/:jobid/checkpoints"))
        .proved_by(async |cx: Context| {
            let job = every(&cx, 200).await?;
            let statistics = completed(&cx, &job, 3).await?;
            for figure in ["checkpointed_size", "state_size", "end_to_end_duration", "processed_data", "persisted_data"] {
                let of = |name: &str| statistics["summary"][figure][name].as_f64().unwrap_or(f64::NAN);
                if !(of("min") <= of("avg") && of("avg") <= of("max")) {
                    return Err(Stop::fail(format!("{figure}: min <= avg <= max"), &statistics["summary"]));
                }
            }
            Ok(())
        }),
        Case::must(
            "flink.checkpoints.fail-without-a-job",
            "A checkpoint of a job that isn't there, or is over, is accepted and fails: COMPLETED with a failureCause.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            for job in [cx.id(), cx.finished().await?] {
                let path = format!("/v1/jobs/{job}/checkpoints");
                let operation = cx.operate(&path, &path, json!({})).await?;
                if !operation["failureCause"].is_object() || !operation["checkpointId"].is_null() {
                    return Err(Stop::fail("a failureCause and no checkpointId", operation));
                }
            }
            Ok(())
        }),
    ]
}
