//! What a run of a jar is told reaches the job.

use serde_json::{Value, json};

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{Scene, items};
use crate::{Case, Context, Stop};

/// Runs a jar with these options in the query and in the body, and returns the plan of the job.
async fn plan(cx: &Context, query: &str, options: &Value) -> Result<Value, Stop> {
    let program = cx.program().await?;
    let path = format!("/v1/jars/{program}/run{query}");
    let job = cx.post(path).json(options).send().await?.expect(200)?.text("/jobid")?;
    cx.afterwards(cx.patch(format!("/v1/jobs/{job}")));
    cx.read(format!("/v1/jobs/{job}/plan")).await?.member("/plan")
}

/// Fails unless these members are so.
fn has(found: &Value, members: &[(&str, Value)]) -> Result<(), Stop> {
    for (name, value) in members {
        if found[*name] != *value {
            return Err(Stop::fail(format!("{name} {value}"), found));
        }
    }
    Ok(())
}

/// Sends options that must be refused with one of these statuses, and looks whether a job runs because of it.
async fn refused(cx: &Context, statuses: &[u16], body: &str, query: &str) -> Result<(), Stop> {
    let program = cx.program().await?;
    let path = format!("/v1/jars/{program}/run{query}");
    let answer = cx.post(path).body("application/json", body.to_owned()).send().await?;
    answer.expect_one_of(statuses)?;
    Ok(())
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.run.answers-with-the-job",
            "A run of a jar is answered with the id of the job, which can be got at once.",
        )
        .source(format!("{REST}, /jars/:jarid/run"))
        .proved_by(async |cx: Context| {
            let before = cx.jobs().await?;
            let job = cx.run(json!({ "entryClass": "StreamingJob" })).await?;
            let after = cx.jobs().await?;
            let new: Vec<&String> = after.iter().filter(|id| !before.contains(id)).collect();
            if new != [&job] {
                return Err(Stop::fail(format!("job {job} alone is new in the list"), json!(new)));
            }
            cx.read(format!("/v1/jobs/{job}")).await?;
            Ok(())
        }),
        Case::must(
            "flink.run.entry-class",
            "The class that a run names is the one that is run; without one it is that of the manifest.",
        )
        .source(format!("{REST}, /jars/:jarid/run, entryClass"))
        .proved_by(async |cx: Context| {
            let bounded = plan(&cx, "", &json!({ "entryClass": "BoundedJob" })).await?;
            has(&bounded, &[("type", json!("BATCH")), ("name", json!("bounded-job"))])?;
            let declared = plan(&cx, "", &json!({})).await?;
            has(&declared, &[("type", json!("STREAMING")), ("name", json!("streaming-job"))])?;
            let in_query = plan(&cx, "?entry-class=BoundedJob", &json!({})).await?;
            has(&in_query, &[("type", json!("BATCH")), ("name", json!("bounded-job"))])
        }),
        Case::must(
            "flink.run.arguments",
            "The arguments of a run reach the program, in their order and as they are.",
        )
        .source(format!("{REST}, /jars/:jarid/run, programArgsList"))
        .proved_by(async |cx: Context| {
            let name = format!("{} with, a comma", cx.name("job"));
            let arguments = ["--name", &name, "--sleep-ms", "20"];
            let options = json!({ "entryClass": "StreamingJob", "programArgsList": arguments });
            let job = cx.run(options).await?;
            has(&cx.details(&job).await?, &[("name", json!(name))])?;
            let config = cx.read(format!("/v1/jobs/{job}/config")).await?;
            has(&config.json()?, &[("jid", json!(job)), ("name", json!(name))])?;
            let seen = config.member("/execution-config/user-config")?;
            has(&seen, &[("name", json!(name)), ("sleep-ms", json!("20"))])
        }),
        Case::must(
            "flink.run.arguments-in-the-query",
            "Arguments may stand in the query, separated by commas.",
        )
        .source(format!("{REST}, /jars/:jarid/run, programArg"))
        .proved_by(async |cx: Context| {
            let name = cx.name("query");
            let found = plan(&cx, &format!("?programArg=--name,{name}%20x"), &json!({})).await?;
            has(&found, &[("name", json!(format!("{name} x")))])
        }),
        Case::must("flink.run.body-before-query", "What the body of a run says goes before what its query says.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let options = json!({ "entryClass": "StreamingJob", "programArgsList": ["--name", "body"] });
                let found = plan(&cx, "?entry-class=BoundedJob&programArg=--name,query", &options).await?;
                has(&found, &[("type", json!("STREAMING")), ("name", json!("body"))])
            }),
        Case::must(
            "flink.run.parallelism",
            "The parallelism of a run is that of its vertices, in the plan and in the details.",
        )
        .source(format!("{REST}, /jars/:jarid/run, parallelism"))
        .proved_by(async |cx: Context| {
            let job = cx.run(json!({ "entryClass": "StreamingJob", "parallelism": 3 })).await?;
            let details = cx.details(&job).await?;
            for vertices in [&details["vertices"], &details["plan"]["nodes"]] {
                let three = items(vertices).iter().all(|vertex| vertex["parallelism"] == 3);
                if items(vertices).is_empty() || !three {
                    return Err(Stop::fail("vertices with parallelism 3", vertices));
                }
            }
            let config = cx.read(format!("/v1/jobs/{job}/config")).await?;
            config.check(config.member("/execution-config/job-parallelism")? == 3, "job-parallelism 3")
        }),
        Case::must("flink.run.no-body", "A run needs no body: the manifest and the defaults are enough.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let program = cx.program().await?;
                let job = cx.post(format!("/v1/jars/{program}/run")).send().await?.expect(200)?.text("/jobid")?;
                cx.afterwards(cx.patch(format!("/v1/jobs/{job}")));
                cx.at_work(&job).await
            }),
        Case::must("flink.run.unknown-members", "Members of a body that aren't known are ignored.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let options = json!({ "entryClass": "StreamingJob", "unheardOf": [1], "another": null });
                cx.run(options).await?;
                Ok(())
            }),
        Case::must("flink.run.null-is-absent", "A member that is null is as good as absent.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                let options = json!({ "entryClass": null, "parallelism": null, "programArgsList": null, "jobId": null,
                    "savepointPath": null });
                let found = plan(&cx, "", &options).await?;
                has(&found, &[("name", json!("streaming-job"))])
            }),
        Case::must("flink.run.own-id", "A job has the id that its run asks for, in lower case.")
            .source(format!("{REST}, /jars/:jarid/run, jobId"))
            .proved_by(async |cx: Context| {
                let id = cx.id();
                let job = cx.run(json!({ "jobId": id.to_uppercase() })).await?;
                if job == id { Ok(()) } else { Err(Stop::fail(id, job)) }
            }),
        Case::must(
            "flink.run.id-is-taken-once",
            "A run that asks for the id of another job is refused, and the other job goes on.",
        )
        .source(format!("{OBSERVED}: 400; {DOCUMENT}: 409"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let started = cx.details(&job).await?["start-time"].clone();
            let program = cx.program().await?;
            let again = json!({ "jobId": job, "entryClass": "BoundedJob" });
            let answer = cx.post(format!("/v1/jars/{program}/run")).json(&again).send().await?;
            answer.expect_one_of(&[400, 409])?;
            let details = cx.details(&job).await?;
            has(&details, &[("state", json!("RUNNING")), ("start-time", started), ("name", json!("streaming-job"))])
        }),
        Case::must(
            "flink.run.malformed-options",
            "Options of the wrong form are refused with 400: broken JSON, a text for a number, an id that is none, a mode that \
             isn't known. No job comes of them.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let before = cx.jobs().await?;
            for body in ["{\"parall", "[]", r#"{"parallelism":"x"}"#, r#"{"jobId":"zz"}"#, r#"{"claimMode":"X"}"#] {
                refused(&cx, &[400], body, "").await?;
            }
            refused(&cx, &[400], "{}", "?parallelism=abc").await?;
            let after = cx.jobs().await?;
            if after == before { Ok(()) } else { Err(Stop::fail(json!(before), json!(after))) }
        }),
        Case::must("flink.run.impossible-parallelism", "A parallelism of 0, or below -1, is refused with 400.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                refused(&cx, &[400], r#"{"parallelism":0}"#, "").await?;
                refused(&cx, &[400], r#"{"parallelism":-2}"#, "").await
            }),
        Case::must(
            "flink.run.savepoint-that-is-not-there",
            "A run from a savepoint that isn't there is refused with 400.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let nowhere = json!({ "savepointPath": format!("{}/{}", cx.directory(), cx.name("nowhere")) });
            refused(&cx, &[400], &nowhere.to_string(), "").await
        }),
        Case::must(
            "flink.run.from-a-savepoint",
            "A run from a savepoint restores it: the statistics of checkpoints name it as the one restored.",
        )
        .source(format!("{REST}, /jars/:jarid/run, savepointPath"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let savepoint = cx.savepoint(&job).await?;
            cx.cancel(&job).await?;
            let options = json!({ "entryClass": "StreamingJob", "savepointPath": savepoint });
            let restored = cx.run(options).await?;
            cx.at_work(&restored).await?;
            let path = format!("/v1/jobs/{restored}/checkpoints");
            let awaited = format!("one restored, from {savepoint}");
            cx.shows(path, &awaited, |statistics| {
                statistics["counts"]["restored"] == 1
                    && statistics["latest"]["restored"]["external_path"] == savepoint
                    && statistics["latest"]["restored"]["is_savepoint"] == true
            })
            .await?;
            Ok(())
        }),
        Case::must(
            "flink.run.twice-is-two-jobs",
            "Two runs of one jar are two jobs with two ids, each with its own arguments.",
        )
        .source(format!("{REST}, /jars/:jarid/run"))
        .proved_by(async |cx: Context| {
            let program = cx.program().await?;
            let mut jobs = Vec::new();
            for name in ["one", "two"] {
                let options = json!({ "programArgsList": ["--name", name] });
                let answer = cx.post(format!("/v1/jars/{program}/run")).json(&options).send().await?.expect(200)?;
                let job = answer.text("/jobid")?;
                cx.afterwards(cx.patch(format!("/v1/jobs/{job}")));
                jobs.push((job, name));
            }
            if jobs[0].0 == jobs[1].0 {
                return Err(Stop::fail("two ids", &jobs[0].0));
            }
            for (job, name) in jobs {
                has(&cx.details(&job).await?, &[("jid", json!(job)), ("name", json!(name))])?;
            }
            Ok(())
        }),
    ]
}
