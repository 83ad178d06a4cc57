//! Other parallelisms while a job runs. A cluster can do so if its scheduler is the adaptive one.

use serde_json::{Value, json};

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::RESCALING;
use crate::apis::flink::scene::{Scene, items};
use crate::{Case, Context, Stop};

/// Requirements for each of these vertices.
fn between<'a>(vertices: impl Iterator<Item = &'a String>, lower: i64, upper: i64) -> Value {
    let bounds = json!({ "parallelism": { "lowerBound": lower, "upperBound": upper } });
    Value::Object(vertices.map(|vertex| (vertex.clone(), bounds.clone())).collect())
}

/// The requirements of a job.
async fn requirements(cx: &Context, job: &str) -> Result<serde_json::Map<String, Value>, Stop> {
    let answer = cx.read(format!("/v1/jobs/{job}/resource-requirements")).await?;
    let found = answer.json()?.as_object().cloned();
    found.ok_or_else(|| answer.unexpected("an object with a member for each vertex"))
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.rescaling.requirements-name-the-vertices",
            "The requirements of a job name each of its vertices, with bounds between which its parallelism lies.",
        )
        .source("Flink's documentation, Elastic scaling, Externalized declarative resource management")
        .needs(RESCALING)
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let found = requirements(&cx, &job).await?;
            let vertices = cx.details(&job).await?["vertices"].clone();
            for vertex in items(&vertices) {
                let bounds = &found.get(vertex["id"].as_str().unwrap_or_default()).unwrap_or(&Value::Null)["parallelism"];
                let bound = |name: &str| bounds[name].as_i64();
                let parallelism = vertex["parallelism"].as_i64();
                if bound("lowerBound").is_none() || bound("lowerBound") > parallelism || parallelism > bound("upperBound") {
                    return Err(Stop::fail(format!("bounds around {vertex}"), json!(found)));
                }
            }
            if found.len() == items(&vertices).len() { Ok(()) } else { Err(Stop::fail(vertices, json!(found))) }
        }),
        Case::must(
            "flink.rescaling.requirements-are-met",
            "Requirements that were put are those that are got, and the job comes to have a parallelism within them.",
        )
        .source("Flink's documentation, Elastic scaling, Externalized declarative resource management")
        .needs(RESCALING)
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let wanted = between(requirements(&cx, &job).await?.keys(), 2, 2);
            let path = format!("/v1/jobs/{job}/resource-requirements");
            let answer = cx.put(&path).json(&wanted).send().await?.expect(200)?;
            answer.check(answer.json()? == json!({}), "an empty object")?;
            cx.shows(&path, &format!("{wanted}"), |found| *found == wanted).await?;
            cx.shows(format!("/v1/jobs/{job}"), "vertices with parallelism 2", |details| {
                let vertices = items(&details["vertices"]);
                !vertices.is_empty() && vertices.iter().all(|vertex| vertex["parallelism"] == 2)
            })
            .await?;
            Ok(())
        }),
        Case::must(
            "flink.rescaling.senseless-requirements",
            "Requirements that leave a vertex out, or whose lower bound is above the upper one, are refused with 400 and change nothing.",
        )
        .source(OBSERVED)
        .needs(RESCALING)
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let before = requirements(&cx, &job).await?;
            let path = format!("/v1/jobs/{job}/resource-requirements");
            for body in [between(before.keys().take(1), 1, 1), between(before.keys(), 3, 1), json!({})] {
                cx.put(&path).json(&body).send().await?.expect(400)?;
            }
            let after = requirements(&cx, &job).await?;
            if after == before { Ok(()) } else { Err(Stop::fail(json!(before), json!(after))) }
        }),
        Case::must(
            "flink.rescaling.patch",
            "A job that is told another parallelism comes to have it.",
        )
        .source(format!("{REST}, PATCH /jobs/:jobid/rescaling"))
        .needs(RESCALING)
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let path = format!("/v1/jobs/{job}/rescaling");
            let answer = cx.patch(format!("{path}?parallelism=2")).send().await?.expect(200)?;
            let trigger = answer.text("/request-id")?;
            cx.completed(format!("{path}/{trigger}")).await?;
            cx.shows(format!("/v1/jobs/{job}"), "vertices with parallelism 2", |details| {
                let vertices = items(&details["vertices"]);
                !vertices.is_empty() && vertices.iter().all(|vertex| vertex["parallelism"] == 2)
            })
            .await?;
            for query in ["", "?parallelism=0", "?parallelism=x"] {
                cx.patch(format!("{path}{query}")).send().await?.expect(400)?;
            }
            Ok(())
        }),
        Case::must("flink.rescaling.job-is-over", "A job that is over isn't given another parallelism: 409.")
            .source(format!("{DOCUMENT}, PATCH /jobs/:jobid/rescaling"))
            .needs(RESCALING)
            .proved_by(async |cx: Context| {
                let job = cx.finished().await?;
                cx.patch(format!("/v1/jobs/{job}/rescaling?parallelism=2")).send().await?.expect(409)?;
                Ok(())
            }),
    ]
}
