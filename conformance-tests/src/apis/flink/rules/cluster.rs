//! The cluster as a whole, its job manager and its task managers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{Scene, encoded, items, texts};
use crate::{Case, Context, Stop};

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.cluster.overview-counts-jobs",
            "The overview of the cluster counts as many running, finished, cancelled and failed jobs as the list of jobs has.",
        )
        .source(format!("{REST}, /overview"))
        .proved_by(async |cx: Context| {
            cx.running().await?;
            cx.finished().await?;
            let cancelled = cx.running().await?;
            cx.cancel(&cancelled).await?;
            cx.failed().await?;
            cx.until("the overview and the list agree on the number of jobs in each state", async || {
                let listed = cx.read("/v1/jobs").await?.member("/jobs")?;
                let overview = cx.read("/v1/overview").await?.json()?;
                let among = |states: &[&str]| {
                    let is_in = |job: &&Value| states.iter().any(|state| job["status"] == *state);
                    items(&listed).iter().filter(is_in).count()
                };
                let over = among(&["FINISHED", "CANCELED", "FAILED"]);
                let expected = [
                    ("jobs-running", items(&listed).len() - over),
                    ("jobs-finished", among(&["FINISHED"])),
                    ("jobs-cancelled", among(&["CANCELED"])),
                    ("jobs-failed", among(&["FAILED"])),
                ];
                Ok(expected.iter().all(|(name, count)| overview[*name] == *count).then_some(()))
            })
            .await
        }),
        Case::must(
            "flink.cluster.overview-counts-slots",
            "The overview of the cluster counts as many task managers, slots and free slots as the list of task managers has.",
        )
        .source(format!("{REST}, /overview"))
        .proved_by(async |cx: Context| {
            cx.running().await?;
            cx.until("the overview and the list agree on task managers and slots", async || {
                let managers = cx.read("/v1/taskmanagers").await?.member("/taskmanagers")?;
                let overview = cx.read("/v1/overview").await?.json()?;
                let sum = |name: &str| items(&managers).iter().filter_map(|one| one[name].as_u64()).sum::<u64>();
                let agree = overview["taskmanagers"] == items(&managers).len()
                    && overview["slots-total"] == sum("slotsNumber")
                    && overview["slots-available"] == sum("freeSlots");
                Ok(agree.then_some(()))
            })
            .await
        }),
        Case::must(
            "flink.cluster.a-job-takes-slots",
            "A running job takes as many slots as its parallelism, and gives them back when it ends.",
        )
        .source("Flink's documentation, Concepts, Task slots and resources")
        .proved_by(async |cx: Context| {
            let slots_of = async |job: &str| -> Result<usize, Stop> {
                let mut slots = 0;
                for manager in texts(&cx.read("/v1/taskmanagers").await?.member("/taskmanagers")?, "id") {
                    let details = cx.read(format!("/v1/taskmanagers/{}", encoded(&manager))).await?.json()?;
                    slots += items(&details["allocatedSlots"]).iter().filter(|slot| slot["jobId"] == job).count();
                }
                Ok(slots)
            };
            let job = cx.run(serde_json::json!({ "entryClass": "StreamingJob", "parallelism": 2 })).await?;
            cx.at_work(&job).await?;
            let two = "two slots belong to the job";
            cx.until(two, async || Ok((slots_of(&job).await? == 2).then_some(()))).await?;
            cx.cancel(&job).await?;
            let none = "no slot belongs to the job any more";
            cx.until(none, async || Ok((slots_of(&job).await? == 0).then_some(()))).await
        }),
        Case::must(
            "flink.cluster.one-version",
            "The overview and the configuration name the same version of Flink.",
        )
        .source(format!("{REST}, /overview and /config"))
        .proved_by(async |cx: Context| {
            let version = cx.read("/v1/overview").await?.text("/flink-version")?;
            let answer = cx.read("/v1/config").await?;
            answer.check(answer.text("/flink-version")? == version, format!("flink-version {version}"))
        }),
        Case::must(
            "flink.cluster.settings-have-names",
            "The settings of the job manager are a list of keys and values, each key once.",
        )
        .source(format!("{REST}, /jobmanager/config"))
        .proved_by(async |cx: Context| {
            let answer = cx.read("/v1/jobmanager/config").await?;
            let settings = answer.json()?;
            let keys = texts(&settings, "key");
            let distinct: BTreeSet<&String> = keys.iter().collect();
            let all = items(&settings).iter().all(|setting| setting["value"].is_string());
            answer.check(!keys.is_empty() && all, "a list of keys and values")?;
            answer.check(keys.len() == items(&settings).len() && distinct.len() == keys.len(), "each key once")
        }),
        Case::must(
            "flink.cluster.task-managers-can-be-got",
            "Each task manager of the list can be got by its id, and is the same there.",
        )
        .source(format!("{REST}, /taskmanagers/:taskmanagerid"))
        .proved_by(async |cx: Context| {
            let answer = cx.read("/v1/taskmanagers").await?;
            let managers = answer.member("/taskmanagers")?;
            answer.check(!items(&managers).is_empty(), "a task manager at least")?;
            for manager in items(&managers) {
                let id = manager["id"].as_str().unwrap_or_default();
                let details = cx.read(format!("/v1/taskmanagers/{}", encoded(id))).await?;
                for member in ["id", "path", "dataPort", "slotsNumber", "totalResource", "hardware"] {
                    let same = details.member(&format!("/{member}"))? == manager[member];
                    details.check(same, format!("{member} {}", manager[member]))?;
                }
            }
            Ok(())
        }),
        Case::must(
            "flink.cluster.unknown-task-manager",
            "A task manager that isn't there is not found: 404.",
        )
        .source(format!("{DOCUMENT}, Errors"))
        .proved_by(async |cx: Context| {
            for rest in ["", "/logs", "/metrics", "/thread-dump"] {
                cx.get(format!("/v1/taskmanagers/{}{rest}", cx.name("nobody"))).send().await?.expect(404)?;
            }
            Ok(())
        }),
        Case::must(
            "flink.cluster.threads",
            "A dump of threads names the threads of the job manager and of each task manager.",
        )
        .source(format!("{REST}, /jobmanager/thread-dump"))
        .proved_by(async |cx: Context| {
            let managers = texts(&cx.read("/v1/taskmanagers").await?.member("/taskmanagers")?, "id");
            let managers = managers.iter().map(|id| format!("/v1/taskmanagers/{}/thread-dump", encoded(id)));
            for path in managers.chain(["/v1/jobmanager/thread-dump".to_owned()]) {
                let answer = cx.read(path).await?;
                let threads = answer.member("/threadInfos")?;
                let named = texts(&threads, "threadName").len() == items(&threads).len();
                answer.check(!items(&threads).is_empty() && named, "threads with names")?;
            }
            Ok(())
        }),
        Case::must("flink.cluster.environment", "The job manager says on what it runs: version, architecture, options.")
            .source(format!("{REST}, /jobmanager/environment; {OBSERVED}"))
            .proved_by(async |cx: Context| {
                let answer = cx.read("/v1/jobmanager/environment").await?;
                answer.text("/jvm/version")?;
                answer.text("/jvm/arch")?;
                answer.check(answer.member("/jvm/options")?.is_array(), "options in /jvm/options")?;
                answer.check(answer.member("/classpath")?.is_array(), "paths in /classpath")
            }),
    ]
}
