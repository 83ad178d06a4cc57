//! Metrics: names, values, aggregates.

use std::collections::BTreeSet;

use serde_json::json;

use super::OBSERVED;
use crate::apis::flink::scene::{Scene, encoded, items, texts};
use crate::{Case, Context, Stop};

const METRICS: &str = "Flink's documentation, Metrics, REST API integration";

/// A job of two subtasks for each vertex, and its first vertex.
async fn two(cx: &Context) -> Result<(String, String), Stop> {
    let job = cx.run(json!({ "entryClass": "StreamingJob", "parallelism": 2 })).await?;
    cx.at_work(&job).await?;
    let vertices = cx.details(&job).await?["vertices"].clone();
    let vertex = items(&vertices)
        .iter()
        .find(|vertex| vertex["name"].as_str().is_some_and(|name| name.starts_with("Source: ")));
    let vertex = vertex.and_then(|vertex| vertex["id"].as_str()).unwrap_or_default().to_owned();
    // Metrics are told from a copy that is fetched now and then.
    let path = format!("/v1/jobs/{job}/vertices/{vertex}/subtasks/metrics?get=numRecordsOut");
    cx.shows(path, "numRecordsOut of both subtasks", |metrics| metrics[0]["min"].as_f64() > Some(0.0))
        .await?;
    Ok((job, vertex))
}

/// The ids of metrics at `path`.
async fn ids(cx: &Context, path: &str) -> Result<BTreeSet<String>, Stop> {
    Ok(texts(&cx.read(path).await?.json()?, "id").into_iter().collect())
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.metrics.names-without-values",
            "Metrics that aren't asked for by name are listed with their names alone, each once.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let (job, _) = two(&cx).await?;
            for path in [format!("/v1/jobs/{job}/metrics"), "/v1/jobmanager/metrics".to_owned()] {
                let answer = cx.read(path).await?;
                let metrics = answer.json()?;
                let bare = items(&metrics).iter().all(|metric| metric.get("value").is_none());
                let names: BTreeSet<String> = texts(&metrics, "id").into_iter().collect();
                answer.check(!names.is_empty() && bare, "names without values")?;
                answer.check(names.len() == items(&metrics).len(), "each name once")?;
            }
            Ok(())
        }),
        Case::must(
            "flink.metrics.asked-for-is-returned",
            "The metrics that are returned are those that were asked for and exist, each with a value.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let path = "/v1/jobmanager/metrics";
            for query in ["get=taskSlotsTotal,numRunningJobs,nope", "get=taskSlotsTotal&get=numRunningJobs", "get=taskSlotsTotal%2CnumRunningJobs"] {
                let answer = cx.read(format!("{path}?{query}")).await?;
                let metrics = answer.json()?;
                let names: BTreeSet<String> = texts(&metrics, "id").into_iter().collect();
                answer.check(names == set(&["taskSlotsTotal", "numRunningJobs"]), "taskSlotsTotal and numRunningJobs")?;
                answer.check(texts(&metrics, "value").len() == 2, "a value for each")?;
            }
            for query in ["get=nope", "get="] {
                let answer = cx.read(format!("{path}?{query}")).await?;
                answer.check(answer.json()? == json!([]), "an empty list")?;
            }
            Ok(())
        }),
        Case::must("flink.metrics.every-name-has-a-value", "Each metric of the list can be asked for by its name.")
            .source(METRICS)
            .proved_by(async |cx: Context| {
                let path = "/v1/jobmanager/metrics";
                let names = ids(&cx, path).await?;
                let asked: Vec<String> = names.iter().map(|name| encoded(name)).collect();
                let found = ids(&cx, &format!("{path}?get={}", asked.join(","))).await?;
                if found == names { Ok(()) } else { Err(Stop::fail(format!("{names:?}"), format!("{found:?}"))) }
            }),
        Case::must(
            "flink.metrics.aggregates-are-consistent",
            "Over several subtasks the minimum is at most the average, that at most the maximum, and the sum is the average \
             times their number.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let (job, vertex) = two(&cx).await?;
            let path = format!("/v1/jobs/{job}/vertices/{vertex}/subtasks/metrics");
            let answer = cx.read(format!("{path}?get=numRecordsOut,numRecordsIn")).await?;
            let metrics = answer.json()?;
            answer.check(items(&metrics).len() == 2, "two metrics")?;
            for metric in items(&metrics) {
                let of = |name: &str| metric[name].as_f64().unwrap_or(f64::NAN);
                let ordered = of("min") <= of("avg") && of("avg") <= of("max");
                answer.check(ordered, "min <= avg <= max")?;
                answer.check((of("sum") - 2.0 * of("avg")).abs() < 1e-6, "sum = 2 * avg")?;
                answer.check((of("sum") - of("min") - of("max")).abs() < 1e-6, "sum = min + max")?;
            }
            Ok(())
        }),
        Case::must(
            "flink.metrics.only-the-aggregates-asked-for",
            "If aggregates are asked for, only they are returned; capital letters don't matter.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let (job, vertex) = two(&cx).await?;
            let path = format!("/v1/jobs/{job}/vertices/{vertex}/subtasks/metrics?get=numRecordsOut");
            for (query, names) in [
                ("", &["id", "min", "max", "avg", "sum", "skew"][..]),
                ("&agg=min,max", &["id", "min", "max"]),
                ("&agg=min&agg=max", &["id", "min", "max"]),
                ("&agg=SUM", &["id", "sum"]),
                ("&agg=avg", &["id", "avg"]),
            ] {
                let answer = cx.read(format!("{path}{query}")).await?;
                let found = answer.json()?;
                let members: BTreeSet<String> =
                    found[0].as_object().map(|metric| metric.keys().cloned().collect()).unwrap_or_default();
                answer.check(members == set(names), format!("one metric with {}", names.join(", ")))?;
            }
            cx.get(format!("{path}&agg=median")).send().await?.expect(400)?;
            Ok(())
        }),
        Case::must(
            "flink.metrics.chosen-subtasks",
            "Of chosen subtasks only they count: of one, all aggregates are its value; of none that is there, nothing is returned.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let (job, vertex) = two(&cx).await?;
            let path = format!("/v1/jobs/{job}/vertices/{vertex}/subtasks/metrics?get=numRecordsOut");
            for subtask in ["0", "1"] {
                let answer = cx.read(format!("{path}&subtasks={subtask}")).await?;
                let metric = answer.json()?[0].clone();
                let same = ["min", "avg", "sum"].iter().all(|name| metric[*name] == metric["max"]);
                answer.check(metric["max"].is_number() && same, "four equal numbers")?;
            }
            for none in ["7", "1-0", "x"] {
                let answer = cx.read(format!("{path}&subtasks={none}")).await?;
                answer.check(answer.json()? == json!([]), "an empty list")?;
            }
            let count = async |query: &str| -> Result<f64, Stop> {
                let metric = cx.read(format!("{path}&{query}")).await?.json()?[0].clone();
                let of = |name: &str| metric[name].as_f64().unwrap_or(f64::NAN);
                Ok((of("sum") / of("avg")).round())
            };
            for both in ["subtasks=0-1", "subtasks=0,1", "subtasks=0&subtasks=1"] {
                let found = count(both).await?;
                if found != 2.0 {
                    return Err(Stop::fail(format!("{both}: two subtasks"), found));
                }
            }
            Ok(())
        }),
        Case::must(
            "flink.metrics.subtask",
            "The records that a subtask counts don't become fewer, and lie within what is told of all subtasks.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let (job, vertex) = two(&cx).await?;
            let base = format!("/v1/jobs/{job}/vertices/{vertex}/subtasks");
            let value = async |index: u32| -> Result<f64, Stop> {
                let answer = cx.read(format!("{base}/{index}/metrics?get=numRecordsOut")).await?;
                let value = answer.text("/0/value")?.parse();
                value.map_err(|_| answer.unexpected("a number as a text"))
            };
            let before = [value(0).await?, value(1).await?];
            let all = cx.read(format!("{base}/metrics?get=numRecordsOut")).await?;
            let sum = all.member("/0/sum")?.as_f64().unwrap_or(f64::NAN);
            let after = [value(0).await?, value(1).await?];
            all.check(
                before[0] + before[1] <= sum && sum <= after[0] + after[1],
                format!("a sum between {} and {}", before[0] + before[1], after[0] + after[1]),
            )
        }),
        Case::must(
            "flink.metrics.chosen-jobs",
            "Of chosen jobs only they count; a job that isn't there has no metrics; an id that is none is refused with 400.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let (one, other) = (cx.running().await?, cx.running().await?);
            let path = "/v1/jobs/metrics?get=numRestarts";
            for jobs in [one.clone(), format!("{one},{other}")] {
                let awaited = format!("numRestarts of {jobs}");
                cx.shows(format!("{path}&jobs={jobs}"), &awaited, |found| found[0]["sum"] == 0.0).await?;
            }
            let of_one = cx.read(format!("/v1/jobs/metrics?get=uptime&jobs={one}")).await?;
            let same = of_one.member("/0/min")? == of_one.member("/0/max")?;
            of_one.check(same && of_one.member("/0/sum")? == of_one.member("/0/min")?, "the uptime of one job")?;
            let nobody = cx.read(format!("{path}&jobs={}", cx.id())).await?;
            nobody.check(nobody.json()? == json!([]), "an empty list")?;
            cx.get(format!("{path}&jobs=zz")).send().await?.expect(400)?;
            Ok(())
        }),
        Case::must(
            "flink.metrics.slots",
            "The job manager counts as many slots and task managers in its metrics as in the overview.",
        )
        .source(format!("{METRICS}; {OBSERVED}"))
        .proved_by(async |cx: Context| {
            let overview = cx.read("/v1/overview").await?.json()?;
            let metrics = cx.read("/v1/jobmanager/metrics?get=taskSlotsTotal,numRegisteredTaskManagers").await?;
            let found = metrics.json()?;
            let value = |id: &str| {
                let metric = items(&found).iter().find(|metric| metric["id"] == id);
                metric.and_then(|metric| metric["value"].as_str()).and_then(|text| text.parse::<u64>().ok())
            };
            let agree = value("taskSlotsTotal") == overview["slots-total"].as_u64()
                && value("numRegisteredTaskManagers") == overview["taskmanagers"].as_u64();
            metrics.check(agree, format!("what the overview says: {overview}"))
        }),
        Case::must(
            "flink.metrics.task-managers",
            "Task managers have metrics, one by one and together; one that isn't there has none.",
        )
        .source(METRICS)
        .proved_by(async |cx: Context| {
            let heap = "get=Status.JVM.Memory.Heap.Max";
            let managers = texts(&cx.read("/v1/taskmanagers").await?.member("/taskmanagers")?, "id");
            let mut sum = 0.0;
            for manager in &managers {
                let answer = cx.read(format!("/v1/taskmanagers/{}/metrics?{heap}", encoded(manager))).await?;
                sum += answer.text("/0/value")?.parse().unwrap_or(f64::NAN);
            }
            let all = cx.read(format!("/v1/taskmanagers/metrics?{heap}")).await?;
            all.check(all.member("/0/sum")?.as_f64() == Some(sum), format!("sum {sum}"))?;
            let nobody = cx.read(format!("/v1/taskmanagers/metrics?{heap}&taskmanagers=nobody")).await?;
            nobody.check(nobody.json()? == json!([]), "an empty list")
        }),
        Case::must(
            "flink.metrics.vertex",
            "The metrics of a vertex are those of its subtasks, each with the subtask's number in front.",
        )
        .source(format!("{METRICS}; {OBSERVED}"))
        .proved_by(async |cx: Context| {
            let (job, vertex) = two(&cx).await?;
            let path = format!("/v1/jobs/{job}/vertices/{vertex}/metrics");
            let answer = cx.read(format!("{path}?get=0.numRecordsOut,1.numRecordsOut,2.numRecordsOut")).await?;
            let found: BTreeSet<String> = texts(&answer.json()?, "id").into_iter().collect();
            answer.check(found == set(&["0.numRecordsOut", "1.numRecordsOut"]), "the metric of subtasks 0 and 1")
        }),
    ]
}
