//! What is tried while a call to the store or to the executor goes wrong.

use std::rc::Rc;

use serde_json::{Value, json};

use super::scene::{PROGRAM, Scene, items};
use crate::fault::{Faulty, Scenario, cases};
use crate::{Answer, Call, Case, Context, Stop};

/// The fault layer of this API, for a server that can be made to fail and is the target of the run.
#[must_use]
pub fn faults(server: &Rc<dyn Faulty>) -> Vec<Case> {
    let all = [
        cases::<Upload>("flink", server),
        cases::<Run>("flink", server),
        cases::<Savepoint>("flink", server),
        cases::<StopJob>("flink", server),
        cases::<Cancel>("flink", server),
        cases::<DeleteJar>("flink", server),
    ];
    all.concat()
}

/// Whether a jar is listed. Fails if it is listed and can't be used, or the other way round.
async fn usable(cx: &Context, jar: &str) -> Result<bool, Stop> {
    let listed = cx.jars().await?.iter().any(|id| id == jar);
    let plan = cx.post(format!("/v1/jars/{jar}/plan")).json(&json!({})).send().await?;
    plan.check(
        (plan.status() == 200) == listed,
        if listed { "a plan of a jar that is listed" } else { "a refusal" },
    )?;
    Ok(listed)
}

/// The savepoints in the history of a job.
async fn savepoints(cx: &Context, job: &str) -> Result<Vec<Value>, Stop> {
    let history = cx.read(format!("/v1/jobs/{job}/checkpoints")).await?.member("/history")?;
    Ok(items(&history).iter().filter(|entry| entry["is_savepoint"] == true).cloned().collect())
}

/// An upload of a jar.
struct Upload {
    file: String,
    id: Option<String>,
}

impl Upload {
    async fn uploaded(&self, cx: &Context) -> Result<Vec<String>, Stop> {
        let end = format!("_{}", self.file);
        Ok(cx.jars().await?.into_iter().filter(|id| id.ends_with(&end)).collect())
    }
}

impl Scenario for Upload {
    const NAME: &'static str = "upload";

    async fn prepare(cx: &Context) -> Result<Self, Stop> {
        Ok(Self { file: format!("{}.jar", cx.name("fault")), id: None })
    }

    fn request(&self, cx: &Context) -> Call {
        cx.post("/v1/jars/upload").file("jarfile", &self.file, PROGRAM)
    }

    fn acknowledged(&mut self, answer: &Answer) -> Result<(), Stop> {
        let place = answer.text("/filename")?;
        self.id = Some(place.rsplit('/').next().unwrap_or(&place).to_owned());
        Ok(())
    }

    fn look(&self, _: &Context) -> Option<Call> {
        None
    }

    async fn whole(&self, cx: &Context) -> Result<(), Stop> {
        let uploaded = self.uploaded(cx).await?;
        for id in &uploaded {
            usable(cx, id).await?;
        }
        if uploaded.len() < 2 { Ok(()) } else { Err(Stop::fail("one jar at most", json!(uploaded))) }
    }

    async fn happened(&self, cx: &Context) -> Result<(), Stop> {
        let id = self.id.as_deref().unwrap_or_default();
        let there = usable(cx, id).await?;
        if there { Ok(()) } else { Err(Stop::fail(format!("{id} in the list"), json!(cx.jars().await?))) }
    }
}

/// A run of a jar.
struct Run {
    program: String,
    job: String,
}

impl Scenario for Run {
    const NAME: &'static str = "run";

    async fn prepare(cx: &Context) -> Result<Self, Stop> {
        Ok(Self { program: cx.program().await?, job: cx.id() })
    }

    fn request(&self, cx: &Context) -> Call {
        cx.afterwards(cx.patch(format!("/v1/jobs/{}", self.job)));
        let options = json!({ "entryClass": "StreamingJob", "jobId": self.job });
        cx.post(format!("/v1/jars/{}/run", self.program)).json(&options)
    }

    fn already(&self) -> &'static [u16] {
        &[400, 409]
    }

    async fn is_there(&self, cx: &Context) -> Result<bool, Stop> {
        Ok(cx.jobs().await?.contains(&self.job))
    }

    fn look(&self, cx: &Context) -> Option<Call> {
        Some(cx.get(format!("/v1/jobs/{}", self.job)))
    }

    async fn whole(&self, cx: &Context) -> Result<(), Stop> {
        if cx.jobs().await?.contains(&self.job) {
            return cx.at_work(&self.job).await;
        }
        cx.get(format!("/v1/jobs/{}", self.job)).send().await?.expect(404)?;
        Ok(())
    }

    async fn happened(&self, cx: &Context) -> Result<(), Stop> {
        let jobs = cx.jobs().await?;
        if jobs.iter().filter(|id| **id == self.job).count() != 1 {
            return Err(Stop::fail(format!("job {} once in the list", self.job), json!(jobs)));
        }
        cx.at_work(&self.job).await
    }
}

/// A savepoint.
struct Savepoint {
    job: String,
    trigger: String,
}

impl Savepoint {
    fn path(&self) -> String {
        format!("/v1/jobs/{}/savepoints", self.job)
    }
}

impl Scenario for Savepoint {
    const NAME: &'static str = "savepoint";

    async fn prepare(cx: &Context) -> Result<Self, Stop> {
        Ok(Self { job: cx.running().await?, trigger: cx.id() })
    }

    fn request(&self, cx: &Context) -> Call {
        let body = json!({ "triggerId": self.trigger, "target-directory": cx.directory() });
        cx.post(self.path()).json(&body)
    }

    fn look(&self, cx: &Context) -> Option<Call> {
        Some(cx.get(format!("{}/{}", self.path(), self.trigger)))
    }

    async fn whole(&self, cx: &Context) -> Result<(), Stop> {
        cx.get(format!("{}/{}", self.path(), self.trigger)).send().await?.expect_one_of(&[200, 404])?;
        cx.reaches(&self.job, "RUNNING").await
    }

    async fn happened(&self, cx: &Context) -> Result<(), Stop> {
        let operation = cx.completed(format!("{}/{}", self.path(), self.trigger)).await?;
        let taken = savepoints(cx, &self.job).await?;
        let completed = taken.iter().filter(|entry| entry["status"] == "COMPLETED").count();
        if operation["location"].is_string() && completed == 1 {
            return cx.cancel(&self.job).await;
        }
        Err(Stop::fail("one savepoint, with its location", json!([operation, taken])))
    }
}

/// A stop with a savepoint.
struct StopJob {
    job: String,
    trigger: String,
}

impl Scenario for StopJob {
    const NAME: &'static str = "stop";

    async fn prepare(cx: &Context) -> Result<Self, Stop> {
        Ok(Self { job: cx.running().await?, trigger: cx.id() })
    }

    fn request(&self, cx: &Context) -> Call {
        let body = json!({ "triggerId": self.trigger, "targetDirectory": cx.directory() });
        cx.post(format!("/v1/jobs/{}/stop", self.job)).json(&body)
    }

    fn look(&self, cx: &Context) -> Option<Call> {
        Some(cx.get(format!("/v1/jobs/{}/savepoints/{}", self.job, self.trigger)))
    }

    async fn whole(&self, cx: &Context) -> Result<(), Stop> {
        let path = format!("/v1/jobs/{}/savepoints/{}", self.job, self.trigger);
        cx.get(path).send().await?.expect_one_of(&[200, 404])?;
        Ok(())
    }

    async fn happened(&self, cx: &Context) -> Result<(), Stop> {
        let path = format!("/v1/jobs/{}/savepoints/{}", self.job, self.trigger);
        let operation = cx.completed(path).await?;
        if !operation["location"].is_string() {
            return Err(Stop::fail("a savepoint with its location", operation));
        }
        cx.reaches(&self.job, "FINISHED").await
    }
}

/// The cancellation of a job.
struct Cancel {
    job: String,
}

impl Scenario for Cancel {
    const NAME: &'static str = "cancel";

    async fn prepare(cx: &Context) -> Result<Self, Stop> {
        Ok(Self { job: cx.running().await? })
    }

    fn request(&self, cx: &Context) -> Call {
        cx.patch(format!("/v1/jobs/{}", self.job))
    }

    fn look(&self, cx: &Context) -> Option<Call> {
        Some(cx.get(format!("/v1/jobs/{}/status", self.job)))
    }

    async fn whole(&self, cx: &Context) -> Result<(), Stop> {
        let answer = cx.read(format!("/v1/jobs/{}/status", self.job)).await?;
        let state = answer.text("/status")?;
        answer.check(
            ["RUNNING", "CANCELLING", "CANCELED"].contains(&state.as_str()),
            "RUNNING, or on its way to CANCELED",
        )
    }

    async fn happened(&self, cx: &Context) -> Result<(), Stop> {
        cx.reaches(&self.job, "CANCELED").await
    }
}

/// The deletion of a jar.
struct DeleteJar {
    jar: String,
    other: String,
}

impl Scenario for DeleteJar {
    const NAME: &'static str = "delete-jar";

    async fn prepare(cx: &Context) -> Result<Self, Stop> {
        Ok(Self { jar: cx.program().await?, other: cx.program().await? })
    }

    fn request(&self, cx: &Context) -> Call {
        cx.delete(format!("/v1/jars/{}", self.jar))
    }

    fn already(&self) -> &'static [u16] {
        &[400, 404]
    }

    fn look(&self, _: &Context) -> Option<Call> {
        None
    }

    async fn whole(&self, cx: &Context) -> Result<(), Stop> {
        usable(cx, &self.jar).await?;
        Ok(())
    }

    async fn happened(&self, cx: &Context) -> Result<(), Stop> {
        let (gone, left) = (!usable(cx, &self.jar).await?, usable(cx, &self.other).await?);
        if gone && left {
            Ok(())
        } else {
            Err(Stop::fail("this jar gone and the other there", json!([gone, left])))
        }
    }
}
