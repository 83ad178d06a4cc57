//! Savepoints and stops.

use serde_json::json;

use crate::apis::flink::scene::Scene;
use crate::{Case, Context};

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.savepoint.repeated-trigger",
            "A savepoint that is triggered again under the same id is the same savepoint: the answer is 202 with that id, \
             and one location comes of it.",
        )
        .source("FLINK-24208; observed on 2.3.0")
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
            cx.cancel(&job).await
        }),
    ]
}
