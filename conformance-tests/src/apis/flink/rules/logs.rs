//! Log files.

use std::collections::BTreeSet;

use super::{OBSERVED, REST};
use crate::apis::flink::scene::{Scene, encoded, items, texts};
use crate::{Case, Context, Stop};

/// Where log files are listed: under the job manager, and under each task manager.
async fn places(cx: &Context) -> Result<Vec<String>, Stop> {
    let managers = texts(&cx.read("/v1/taskmanagers").await?.member("/taskmanagers")?, "id");
    let managers = managers.iter().map(|id| format!("/v1/taskmanagers/{}", encoded(id)));
    Ok(managers.chain(["/v1/jobmanager".to_owned()]).collect())
}

pub(super) fn rules() -> Vec<Case> {
    vec![
        Case::must(
            "flink.logs.can-be-read",
            "Each log file of a list can be read by its name, as plain text.",
        )
        .source(format!("{REST}, /jobmanager/logs and /taskmanagers/:taskmanagerid/logs"))
        .proved_by(async |cx: Context| {
            for place in places(&cx).await? {
                let answer = cx.read(format!("{place}/logs")).await?;
                let logs = answer.member("/logs")?;
                let names: BTreeSet<String> = texts(&logs, "name").into_iter().collect();
                answer.check(names.len() == items(&logs).len(), "each name once")?;
                for name in names {
                    let file = cx.read(format!("{place}/logs/{}", encoded(&name))).await?;
                    let plain =
                        file.header("content-type").is_some_and(|kind| kind.starts_with("text/plain"));
                    file.check(plain, "content-type text/plain")?;
                }
            }
            Ok(())
        }),
        Case::must("flink.logs.have-no-folders", "No file outside the folder of log files can be read: 404.")
            .source(OBSERVED)
            .proved_by(async |cx: Context| {
                for place in places(&cx).await? {
                    for name in ["nope.log", "..%2Fconf%2Fconfig.yaml", "..%5Cconfig.yaml", "%2Fetc%2Fpasswd"]
                    {
                        let answer = cx.get(format!("{place}/logs/{name}")).send().await?;
                        answer.check(answer.status() >= 400, "a refusal")?;
                    }
                }
                cx.get("/v1/jobmanager/logs/nope.log").send().await?.expect(404)?;
                Ok(())
            }),
    ]
}
