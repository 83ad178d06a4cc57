//! Applications, and results that are kept in the cluster.

use serde_json::json;

use super::{DOCUMENT, OBSERVED, REST};
use crate::apis::flink::scene::{Scene, items, texts};
use crate::{Case, Context, Stop};

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.applications.every-job-has-one",
            "A job names its application, which can be got, is in the overview, and has the job.",
        )
        .source(format!("{REST}, /applications/:applicationid"))
        .proved_by(async |cx: Context| {
            let job = cx.running().await?;
            let application = cx.read(format!("/v1/jobs/{job}")).await?.text("/application-id")?;
            let answer = cx.read(format!("/v1/applications/{application}")).await?;
            answer.check(answer.text("/id")? == application, format!("id {application}"))?;
            answer.check(texts(&answer.member("/jobs")?, "jid").contains(&job), format!("job {job}"))?;
            let overview = cx.read("/v1/applications/overview").await?;
            let all = texts(&overview.member("/applications")?, "id");
            overview.check(all.contains(&application), format!("application {application}"))
        }),
        Case::must(
            "flink.applications.run-and-cancel",
            "An application runs a job under the id that it asks for, and its cancellation cancels the job.",
        )
        .source(format!("{REST}, /jars/:jarid/run-application and /applications/:applicationid/cancel"))
        .proved_by(async |cx: Context| {
            let (program, id) = (cx.program().await?, cx.id());
            let path = format!("/v1/jars/{program}/run-application");
            let body = json!({ "entryClass": "StreamingJob", "applicationId": id });
            let answer = cx.post(&path).json(&body).send().await?.expect(202)?;
            cx.afterwards(cx.post(format!("/v1/applications/{id}/cancel")));
            answer.check(answer.json()? == json!({ "applicationid": id }), format!("applicationid {id}"))?;
            let at = format!("/v1/applications/{id}");
            let running = cx
                .shows(&at, "a job that is RUNNING", |answer| {
                    items(&answer["jobs"]).first().is_some_and(|job| job["state"] == "RUNNING")
                })
                .await?;
            let job = running["jobs"][0]["jid"].as_str().unwrap_or_default().to_owned();
            cx.post(format!("{at}/cancel")).send().await?.expect(202)?;
            cx.reaches(&job, "CANCELED").await?;
            cx.shows(&at, "status CANCELED", |answer| answer["status"] == "CANCELED").await?;
            cx.post(format!("{at}/cancel")).send().await?.expect(404)?;
            Ok(())
        }),
        Case::must(
            "flink.applications.id-is-taken-once",
            "An application whose id is taken is refused, and starts no job.",
        )
        .source(format!("{OBSERVED}: 400; {DOCUMENT}: 409"))
        .proved_by(async |cx: Context| {
            let (program, id) = (cx.program().await?, cx.id());
            let path = format!("/v1/jars/{program}/run-application");
            let body = json!({ "entryClass": "StreamingJob", "applicationId": id });
            cx.post(&path).json(&body).send().await?.expect(202)?;
            cx.afterwards(cx.post(format!("/v1/applications/{id}/cancel")));
            let at = format!("/v1/applications/{id}");
            cx.shows(&at, "one job", |answer| items(&answer["jobs"]).len() == 1).await?;
            cx.post(&path).json(&body).send().await?.expect_one_of(&[400, 409])?;
            let answer = cx.read(&at).await?;
            answer.check(items(&answer.member("/jobs")?).len() == 1, "one job")
        }),
        Case::must("flink.applications.unknown", "An application that isn't there is not found: 404.")
            .source(format!("{DOCUMENT}, Errors"))
            .proved_by(async |cx: Context| {
                let id = cx.id();
                cx.get(format!("/v1/applications/{id}")).send().await?.expect(404)?;
                cx.post(format!("/v1/applications/{id}/cancel")).send().await?.expect(404)?;
                Ok(())
            }),
        Case::must("flink.datasets.list", "The data sets that are kept are a list.")
            .source(format!("{REST}, /datasets"))
            .proved_by(async |cx: Context| {
                let answer = cx.read("/v1/datasets").await?;
                answer.check(answer.member("/dataSets")?.is_array(), "a list of dataSets")
            }),
        Case::must(
            "flink.datasets.delete-unknown",
            "The deletion of a data set that isn't there is accepted and comes to be COMPLETED: it is gone.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            let set = cx.id();
            let answer = cx.delete(format!("/v1/datasets/{set}")).send().await?.expect(202)?;
            let trigger = answer.text("/request-id")?;
            let operation = cx.completed(format!("/v1/datasets/delete/{trigger}")).await?;
            if operation == json!({}) { Ok(()) } else { Err(Stop::fail("{}", operation)) }
        }),
        Case::must(
            "flink.datasets.unknown-operation",
            "The deletion of a data set that was never triggered is not found: 404; an id that is none: 400.",
        )
        .source(OBSERVED)
        .proved_by(async |cx: Context| {
            cx.get(format!("/v1/datasets/delete/{}", cx.id())).send().await?.expect(404)?;
            cx.get("/v1/datasets/delete/xyz").send().await?.expect(400)?;
            cx.delete("/v1/datasets/xyz").send().await?.expect(400)?;
            Ok(())
        }),
    ]
}
