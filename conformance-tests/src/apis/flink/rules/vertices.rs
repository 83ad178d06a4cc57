//! Inside a job: its plan, its vertices, their subtasks and attempts, what they count.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{OBSERVED, REST};
use crate::apis::flink::scene::{Scene, items, texts};
use crate::{Case, Context, Stop};

/// A job of two subtasks for each vertex, and its vertices as its details have them.
async fn two(cx: &Context) -> Result<(String, Vec<Value>), Stop> {
    let job = cx.run(json!({ "entryClass": "StreamingJob", "parallelism": 2 })).await?;
    cx.at_work(&job).await?;
    let vertices = cx.details(&job).await?["vertices"].clone();
    if items(&vertices).is_empty() {
        Err(Stop::fail("vertices", vertices))
    } else {
        Ok((job, items(&vertices).to_vec()))
    }
}

/// The path of a vertex of a job.
fn at(job: &str, vertex: &Value) -> String {
    format!("/v1/jobs/{job}/vertices/{}", vertex["id"].as_str().unwrap_or_default())
}

/// The values of accumulators that count, by their names.
fn counters(accumulators: &Value) -> BTreeMap<String, i64> {
    let counts = items(accumulators)
        .iter()
        .filter(|one| one["type"].as_str().is_some_and(|kind| kind.ends_with("Counter")));
    let mut sums = BTreeMap::new();
    for one in counts {
        let value = one["value"].as_str().and_then(|value| value.parse::<i64>().ok()).unwrap_or_default();
        *sums.entry(one["name"].as_str().unwrap_or_default().to_owned()).or_default() += value;
    }
    sums
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.plan.nodes-are-the-vertices",
            "The nodes of a job's plan are its vertices, with their parallelism; what a node takes as its input is a node.",
        )
        .source(format!("{REST}, /jobs/:jobid/plan"))
        .proved_by(async |cx: Context| {
            let (job, vertices) = two(&cx).await?;
            let answer = cx.read(format!("/v1/jobs/{job}/plan")).await?;
            let plan = answer.member("/plan")?;
            let pairs = |all: &[Value]| -> BTreeSet<String> {
                all.iter().map(|one| format!("{} {}", one["id"], one["parallelism"])).collect()
            };
            answer.check(pairs(items(&plan["nodes"])) == pairs(&vertices), json!(pairs(&vertices)))?;
            answer.check(plan["jid"] == job && plan["name"] == "streaming-job", format!("the plan of job {job}"))?;
            let ids: BTreeSet<String> = texts(&plan["nodes"], "id").into_iter().collect();
            let inputs = items(&plan["nodes"]).iter().flat_map(|node| texts(&node["inputs"], "id"));
            let inputs: Vec<String> = inputs.collect();
            answer.check(!inputs.is_empty() && inputs.iter().all(|input| ids.contains(input)), "inputs that are nodes")?;
            let details = cx.details(&job).await?;
            answer.check(details["plan"] == plan, "the plan of the details")
        }),
        Case::must("flink.plan.kind", "A plan says whether it is one of a batch or of a stream.")
            .source(format!("{REST}, /jobs/:jobid/plan"))
            .proved_by(async |cx: Context| {
                for (job, kind) in [(cx.finished().await?, "BATCH"), (cx.running().await?, "STREAMING")] {
                    let answer = cx.read(format!("/v1/jobs/{job}/plan")).await?;
                    answer.check(answer.text("/plan/type")? == kind, format!("type {kind}"))?;
                    answer.check(cx.details(&job).await?["job-type"] == kind, format!("job-type {kind}"))?;
                }
                Ok(())
            }),
        Case::must(
            "flink.vertices.can-be-got",
            "Each vertex of a job can be got by its id: the same name and parallelism, and a subtask for each, numbered from 0.",
        )
        .source(format!("{REST}, /jobs/:jobid/vertices/:vertexid"))
        .proved_by(async |cx: Context| {
            let (job, vertices) = two(&cx).await?;
            for vertex in &vertices {
                let answer = cx.read(at(&job, vertex)).await?;
                let found = answer.json()?;
                for member in ["id", "name", "parallelism", "maxParallelism"] {
                    answer.check(found[member] == vertex[member], format!("{member} {}", vertex[member]))?;
                }
                let indexes: Vec<i64> = items(&found["subtasks"]).iter().filter_map(|one| one["subtask"].as_i64()).collect();
                answer.check(indexes == [0, 1], "subtasks 0 and 1")?;
                let running = items(&found["subtasks"]).iter().all(|one| one["status"] == "RUNNING");
                answer.check(running, "subtasks that are RUNNING")?;
            }
            Ok(())
        }),
        Case::must(
            "flink.vertices.count-their-tasks",
            "The tasks that a vertex counts by state are as many as its parallelism; the job counts its vertices by state.",
        )
        .source(format!("{REST}, /jobs/:jobid"))
        .proved_by(async |cx: Context| {
            let (job, _) = two(&cx).await?;
            let answer = cx.read(format!("/v1/jobs/{job}")).await?;
            let details = answer.json()?;
            let sum = |counts: &Value| -> u64 {
                counts.as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum()
            };
            for vertex in items(&details["vertices"]) {
                answer.check(vertex["parallelism"] == sum(&vertex["tasks"]), "as many tasks as the parallelism")?;
            }
            let vertices = items(&details["vertices"]).len() as u64;
            answer.check(sum(&details["status-counts"]) == vertices, format!("status-counts of {vertices} vertices"))?;
            answer.check(details["status-counts"]["RUNNING"] == vertices, "vertices that are RUNNING")
        }),
        Case::must(
            "flink.vertices.subtasks-can-be-got",
            "Each subtask can be got by its number, and its attempt by its own: where it runs and since when are the same everywhere.",
        )
        .source(format!("{REST}, /jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex"))
        .proved_by(async |cx: Context| {
            let (job, vertices) = two(&cx).await?;
            for vertex in &vertices {
                let path = at(&job, vertex);
                for subtask in items(&cx.read(&path).await?.member("/subtasks")?) {
                    let (index, attempt) = (&subtask["subtask"], &subtask["attempt"]);
                    for path in [
                        format!("{path}/subtasks/{index}"),
                        format!("{path}/subtasks/{index}/attempts/{attempt}"),
                    ] {
                        let answer = cx.read(path).await?;
                        let found = answer.json()?;
                        for member in ["subtask", "attempt", "status", "endpoint", "start-time", "taskmanager-id"] {
                            answer.check(found[member] == subtask[member], format!("{member} {}", subtask[member]))?;
                        }
                    }
                }
            }
            Ok(())
        }),
        Case::must(
            "flink.vertices.run-on-task-managers",
            "The task managers of a vertex are in the list of all, and run as many of its tasks as it has.",
        )
        .source(format!("{REST}, /jobs/:jobid/vertices/:vertexid/taskmanagers"))
        .proved_by(async |cx: Context| {
            let (job, vertices) = two(&cx).await?;
            let known = texts(&cx.read("/v1/taskmanagers").await?.member("/taskmanagers")?, "id");
            for vertex in &vertices {
                let answer = cx.read(format!("{}/taskmanagers", at(&job, vertex))).await?;
                let managers = answer.member("/taskmanagers")?;
                let all = texts(&managers, "taskmanager-id");
                answer.check(all.iter().all(|id| known.contains(id)), format!("task managers of {}", known.join(", ")))?;
                let running: u64 =
                    items(&managers).iter().filter_map(|one| one["status-counts"]["RUNNING"].as_u64()).sum();
                answer.check(running == 2, "2 RUNNING in all")?;
            }
            Ok(())
        }),
        Case::must(
            "flink.vertices.times-of-subtasks",
            "The times of subtasks name each once, and no state begins before the one that leads to it.",
        )
        .source(format!("{REST}, /jobs/:jobid/vertices/:vertexid/subtasktimes"))
        .proved_by(async |cx: Context| {
            let (job, vertices) = two(&cx).await?;
            for vertex in &vertices {
                let answer = cx.read(format!("{}/subtasktimes", at(&job, vertex))).await?;
                let subtasks = answer.member("/subtasks")?;
                answer.check(items(&subtasks).len() == 2, "2 subtasks")?;
                for subtask in items(&subtasks) {
                    let states = ["CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING"];
                    let moments = states.map(|state| subtask["timestamps"][state].as_i64().unwrap_or(0));
                    answer.check(moments.is_sorted() && moments[0] > 0, format!("{} in this order", states.join(", ")))?;
                    answer.check(subtask["timestamps"]["FAILED"] == 0, "0 for a state that it never had")?;
                }
            }
            Ok(())
        }),
        Case::must(
            "flink.vertices.unknown",
            "A vertex, a subtask or an attempt that isn't there is not found: 404; an id or a number that is none: 400.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let (job, vertices) = two(&cx).await?;
            let vertex = at(&job, &vertices[0]);
            cx.get(format!("/v1/jobs/{job}/vertices/{}", cx.id())).send().await?.expect(404)?;
            cx.get(format!("{vertex}/subtasks/9")).send().await?.expect(404)?;
            cx.get(format!("{vertex}/subtasks/0/attempts/9")).send().await?.expect(404)?;
            cx.get(format!("/v1/jobs/{job}/vertices/xyz")).send().await?.expect(400)?;
            cx.get(format!("{vertex}/subtasks/xyz")).send().await?.expect(400)?;
            Ok(())
        }),
        Case::must("flink.vertices.belong-to-their-job", "A vertex is found under its own job alone.")
            .source(format!("{REST}, /jobs/:jobid/vertices/:vertexid"))
            .proved_by(async |cx: Context| {
                let (job, vertices) = two(&cx).await?;
                let batch = cx.finished().await?;
                let own: BTreeSet<String> = texts(&cx.details(&batch).await?["vertices"], "id").into_iter().collect();
                for vertex in &vertices {
                    // Ids come of the structure of a job, so that two jobs may have equal ones.
                    let there = vertex["id"].as_str().is_some_and(|id| own.contains(id));
                    cx.get(at(&batch, vertex)).send().await?.expect(if there { 200 } else { 404 })?;
                    cx.get(at(&job, vertex)).send().await?.expect(200)?;
                }
                Ok(())
            }),
        Case::must(
            "flink.vertices.back-pressure",
            "Back pressure is told for each subtask, between 0 and 1, or is said not to be measured.",
        )
        .source(format!("{REST}, /jobs/:jobid/vertices/:vertexid/backpressure"))
        .proved_by(async |cx: Context| {
            let (job, vertices) = two(&cx).await?;
            for vertex in &vertices {
                let answer = cx.read(format!("{}/backpressure", at(&job, vertex))).await?;
                if answer.text("/status")? == "deprecated" {
                    continue;
                }
                let subtasks = answer.member("/subtasks")?;
                answer.check(items(&subtasks).len() == 2, "2 subtasks")?;
                let share = |value: &Value| value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share));
                let shares = |one: &Value| ["ratio", "idleRatio", "busyRatio"].iter().all(|name| share(&one[*name]));
                answer.check(items(&subtasks).iter().all(shares), "ratios between 0 and 1")?;
            }
            Ok(())
        }),
        Case::must("flink.vertices.watermarks", "The watermarks of a vertex are a list of names and values.")
            .source(format!("{REST}, /jobs/:jobid/vertices/:vertexid/watermarks"))
            .proved_by(async |cx: Context| {
                let (job, vertices) = two(&cx).await?;
                for vertex in &vertices {
                    let answer = cx.read(format!("{}/watermarks", at(&job, vertex))).await?;
                    let marks = answer.json()?;
                    let named = texts(&marks, "id").len() == items(&marks).len();
                    answer.check(marks.is_array() && named, "a list of watermarks")?;
                }
                Ok(())
            }),
        Case::must(
            "flink.accumulators.add-up",
            "A counter of a job is the sum of those of its vertices, and a counter of a vertex the sum of those of its subtasks.",
        )
        .source(format!("{REST}, /jobs/:jobid/accumulators"))
        .proved_by(async |cx: Context| {
            let job = cx.run(json!({ "entryClass": "BoundedJob", "parallelism": 2 })).await?;
            cx.reaches(&job, "FINISHED").await?;
            cx.shows(format!("/v1/jobs/{job}"), "the end of the job", |job| job["end-time"] != -1).await?;
            let whole = cx.read(format!("/v1/jobs/{job}/accumulators")).await?;
            let whole = counters(&whole.member("/user-task-accumulators")?);
            if whole.is_empty() {
                return Err(Stop::fail("a counter", json!(whole)));
            }
            let mut sums: BTreeMap<String, i64> = BTreeMap::new();
            for vertex in items(&cx.details(&job).await?["vertices"]) {
                let path = at(&job, vertex);
                let own = counters(&cx.read(format!("{path}/accumulators")).await?.member("/user-accumulators")?);
                let answer = cx.read(format!("{path}/subtasks/accumulators")).await?;
                let subtasks = answer.member("/subtasks")?;
                let parts = items(&subtasks).iter().flat_map(|one| items(&one["user-accumulators"]).to_vec());
                answer.check(counters(&parts.collect()) == own, json!(own))?;
                for (name, count) in own {
                    *sums.entry(name).or_default() += count;
                }
            }
            if sums == whole { Ok(()) } else { Err(Stop::fail(json!(sums), json!(whole))) }
        }),
        Case::must(
            "flink.accumulators.serialized-on-request",
            "Serialized values of accumulators are sent if they are asked for, and only then, as Base64.",
        )
        .source(format!("{REST}, /jobs/:jobid/accumulators, includeSerializedValue"))
        .proved_by(async |cx: Context| {
            let job = cx.finished().await?;
            let path = format!("/v1/jobs/{job}/accumulators");
            let of = async |query: &str| -> Result<Value, Stop> {
                cx.read(format!("{path}{query}")).await?.member("/serialized-user-task-accumulators")
            };
            let (without, with) = (of("").await?, of("?includeSerializedValue=true").await?);
            let base64 = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            let values: Vec<&Value> = with.as_object().into_iter().flatten().map(|(_, value)| value).collect();
            let all = values.iter().all(|value| value.as_str().is_some_and(|text| !text.is_empty() && base64(text)));
            if without == json!({}) && !values.is_empty() && all {
                return Ok(());
            }
            Err(Stop::fail("nothing, and then values in Base64", json!([without, with])))
        }),
        Case::must(
            "flink.exceptions.say-why",
            "A job that has failed says why, when and with what trace; one that hasn't says nothing.",
        )
        .source(format!("{REST}, /jobs/:jobid/exceptions"))
        .proved_by(async |cx: Context| {
            let job = cx.failed().await?;
            let awaited = "an entry with exceptionName, stacktrace and timestamp";
            cx.shows(format!("/v1/jobs/{job}/exceptions"), awaited, |answer| {
                let entries = items(&answer["exceptionHistory"]["entries"]);
                let told = |name: &str| entries.iter().all(|entry| entry[name].as_str().is_some_and(|text| !text.is_empty()));
                let dated = entries.iter().all(|entry| entry["timestamp"].as_i64() > Some(0));
                !entries.is_empty() && told("exceptionName") && told("stacktrace") && dated
            })
            .await?;
            let healthy = cx.running().await?;
            let answer = cx.read(format!("/v1/jobs/{healthy}/exceptions")).await?;
            answer.check(answer.member("/exceptionHistory/entries")? == json!([]), "no entries")
        }),
        Case::must(
            "flink.exceptions.at-most-so-many",
            "No more exceptions are told than asked for, and it is said that there are more.",
        )
        .source(format!("{REST}, /jobs/:jobid/exceptions, maxExceptions"))
        .proved_by(async |cx: Context| {
            let job = cx.failed().await?;
            let path = format!("/v1/jobs/{job}/exceptions");
            let some = |answer: &Value| !items(&answer["exceptionHistory"]["entries"]).is_empty();
            cx.shows(&path, "an entry", some).await?;
            for (query, count, more) in [("?maxExceptions=0", 0, true), ("?maxExceptions=99", 1, false)] {
                let answer = cx.read(format!("{path}{query}")).await?;
                let history = answer.member("/exceptionHistory")?;
                answer.check(items(&history["entries"]).len() == count, format!("{count} entries"))?;
                answer.check(history["truncated"] == more, format!("truncated {more}"))?;
            }
            cx.get(format!("{path}?maxExceptions=x")).send().await?.expect(400)?;
            Ok(())
        }),
        Case::must(
            "flink.exceptions.filtered-by-label",
            "A filter by a label that no failure has leaves none; a filter that isn't `key:value` is refused with 400.",
        )
        .source(format!("{REST}, /jobs/:jobid/exceptions, failureLabelFilter"))
        .proved_by(async |cx: Context| {
            let job = cx.failed().await?;
            let path = format!("/v1/jobs/{job}/exceptions");
            let answer = cx.read(format!("{path}?failureLabelFilter=no:body")).await?;
            answer.check(answer.member("/exceptionHistory/entries")? == json!([]), "no entries")?;
            cx.get(format!("{path}?failureLabelFilter=nobody")).send().await?.expect(400)?;
            Ok(())
        }),
    ]
}
