//! What most cases of this API need first: a program, a job at work.

use serde_json::{Value, json};

use crate::{Context, Stop};

/// What most cases of this API need first.
pub(crate) trait Scene {
    /// Uploads the program of the suite and returns its id.
    async fn program(&self) -> Result<String, Stop>;

    /// Runs a job without end and waits until all of its tasks are at work; returns its id.
    async fn running(&self) -> Result<String, Stop>;

    /// Waits until a job has this state.
    async fn reaches(&self, job: &str, state: &str) -> Result<(), Stop>;

    /// Waits until the operation that is polled at `path` is over, and returns what it came to.
    async fn completed(&self, path: String) -> Result<Value, Stop>;

    /// Cancels a job and waits until it is over.
    async fn cancel(&self, job: &str) -> Result<(), Stop>;

    /// Where savepoints may go that nobody needs.
    fn directory(&self) -> String;
}

impl Scene for Context {
    async fn program(&self) -> Result<String, Stop> {
        const PROGRAM: &[u8] = include_bytes!("../../../assets/flink-jobs.jar");
        let name = format!("{}.jar", self.name("jobs"));
        let answer =
            self.post("/v1/jars/upload").file("jarfile", &name, PROGRAM).send().await?.expect(200)?;
        let place = answer.text("/filename")?;
        Ok(place.rsplit('/').next().unwrap_or(&place).to_owned())
    }

    async fn running(&self) -> Result<String, Stop> {
        let program = self.program().await?;
        let run = json!({ "entryClass": "StreamingJob", "parallelism": 1 });
        let answer = self.post(format!("/v1/jars/{program}/run")).json(&run).send().await?.expect(200)?;
        let job = answer.text("/jobid")?;
        self.until(&format!("job {job} is at work with all of its tasks"), async || {
            let details = self.get(format!("/v1/jobs/{job}")).send().await?.expect(200)?.json()?;
            let at_work = |vertex: &Value| vertex["status"] == "RUNNING";
            let all =
                details["vertices"].as_array().is_some_and(|all| !all.is_empty() && all.iter().all(at_work));
            Ok((details["state"] == "RUNNING" && all).then_some(()))
        })
        .await?;
        Ok(job)
    }

    async fn reaches(&self, job: &str, state: &str) -> Result<(), Stop> {
        self.until(&format!("job {job} is {state}"), async || {
            let answer = self.get(format!("/v1/jobs/{job}/status")).send().await?.expect(200)?;
            Ok((answer.text("/status")? == state).then_some(()))
        })
        .await
    }

    async fn completed(&self, path: String) -> Result<Value, Stop> {
        self.until(&format!("{path} is completed"), async || {
            let answer = self.get(&path).send().await?.expect(200)?;
            let over = answer.text("/status/id")? == "COMPLETED";
            if over { answer.member("/operation").map(Some) } else { Ok(None) }
        })
        .await
    }

    async fn cancel(&self, job: &str) -> Result<(), Stop> {
        self.patch(format!("/v1/jobs/{job}")).send().await?.expect(202)?;
        self.reaches(job, "CANCELED").await
    }

    fn directory(&self) -> String {
        "file:///tmp/planewright-conformance".to_owned()
    }
}
