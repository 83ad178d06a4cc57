//! What most cases of this API need first: a program, a job at work; and what they ask again and again.

use std::cell::RefCell;

use serde_json::{Value, json};

use crate::{Answer, Context, Stop};

/// The jar of the suite. Its manifest names `StreamingJob`, which runs until somebody ends it; `BoundedJob` ends by itself.
pub(crate) const PROGRAM: &[u8] = include_bytes!("../../../assets/flink-jobs.jar");

/// What most cases of this API need first. All that is uploaded or started here goes away when the case ends.
pub(crate) trait Scene {
    /// Uploads the program of the suite and returns its id.
    async fn program(&self) -> Result<String, Stop>;

    /// Uploads these bytes under this name of a file and returns the id of the jar.
    async fn upload(&self, file: &str, content: &[u8]) -> Result<String, Stop>;

    /// Runs the program with these options, and returns the id of the job, which has got nowhere yet.
    async fn run(&self, options: Value) -> Result<String, Stop>;

    /// Runs a job without end and waits until all of its tasks are at work; returns its id.
    async fn running(&self) -> Result<String, Stop>;

    /// Runs a job that ends by itself and waits until it has; returns its id.
    async fn finished(&self) -> Result<String, Stop>;

    /// Runs a job that fails soon and waits until it has; returns its id.
    async fn failed(&self) -> Result<String, Stop>;

    /// Waits until all tasks of a job are at work.
    async fn at_work(&self, job: &str) -> Result<(), Stop>;

    /// Waits until a job has this state.
    async fn reaches(&self, job: &str, state: &str) -> Result<(), Stop>;

    /// Asks for `path`.
    async fn read(&self, path: impl Into<String>) -> Result<Answer, Stop>;

    /// Asks for `path` until the answer is as it should be, and returns its body. A real cluster answers some questions from
    /// a copy that is seconds old.
    async fn shows(
        &self,
        path: impl Into<String>,
        awaited: &str,
        test: impl Fn(&Value) -> bool,
    ) -> Result<Value, Stop>;

    /// The details of a job.
    async fn details(&self, job: &str) -> Result<Value, Stop>;

    /// Triggers an operation and waits until it is over; returns what it came to. `polled` is where it is asked for, without
    /// its id.
    async fn operate(&self, triggered: &str, polled: &str, options: Value) -> Result<Value, Stop>;

    /// Waits until the operation that is polled at `path` is over, and returns what it came to.
    async fn completed(&self, path: String) -> Result<Value, Stop>;

    /// Takes a savepoint and returns where it is.
    async fn savepoint(&self, job: &str) -> Result<String, Stop>;

    /// Cancels a job and waits until it is over.
    async fn cancel(&self, job: &str) -> Result<(), Stop>;

    /// The ids in the list of jobs.
    async fn jobs(&self) -> Result<Vec<String>, Stop>;

    /// The ids in the list of jars.
    async fn jars(&self) -> Result<Vec<String>, Stop>;

    /// Where savepoints may go that nobody needs.
    fn directory(&self) -> String;
}

impl Scene for Context {
    async fn program(&self) -> Result<String, Stop> {
        self.upload(&format!("{}.jar", self.name("jobs")), PROGRAM).await
    }

    async fn upload(&self, file: &str, content: &[u8]) -> Result<String, Stop> {
        let answer = self.post("/v1/jars/upload").file("jarfile", file, content).send().await?.expect(200)?;
        let place = answer.text("/filename")?;
        let id = place.rsplit('/').next().unwrap_or(&place).to_owned();
        self.afterwards(self.delete(format!("/v1/jars/{}", encoded(&id))));
        Ok(id)
    }

    async fn run(&self, options: Value) -> Result<String, Stop> {
        let program = self.program().await?;
        let answer = self.post(format!("/v1/jars/{program}/run")).json(&options).send().await?.expect(200)?;
        let job = answer.text("/jobid")?;
        self.afterwards(self.patch(format!("/v1/jobs/{job}")));
        Ok(job)
    }

    async fn running(&self) -> Result<String, Stop> {
        let job = self.run(json!({ "entryClass": "StreamingJob", "parallelism": 1 })).await?;
        self.at_work(&job).await?;
        Ok(job)
    }

    async fn finished(&self) -> Result<String, Stop> {
        let job = self.run(json!({ "entryClass": "BoundedJob", "parallelism": 1 })).await?;
        self.reaches(&job, "FINISHED").await?;
        Ok(job)
    }

    async fn failed(&self) -> Result<String, Stop> {
        let arguments = ["--fail-at", "5", "--sleep-ms", "1"];
        let job = self.run(json!({ "entryClass": "StreamingJob", "programArgsList": arguments })).await?;
        self.reaches(&job, "FAILED").await?;
        Ok(job)
    }

    async fn at_work(&self, job: &str) -> Result<(), Stop> {
        // The overview counts tasks as they are now, where a real cluster's details are a copy; but it is long.
        self.reaches(job, "RUNNING").await?;
        self.shows("/v1/jobs/overview", &format!("job {job} with all of its tasks at work"), |overview| {
            let found = items(&overview["jobs"]).iter().find(|entry| entry["jid"] == job);
            found.is_some_and(|entry| {
                let tasks = &entry["tasks"];
                entry["state"] == "RUNNING" && tasks["total"] != 0 && tasks["running"] == tasks["total"]
            })
        })
        .await?;
        Ok(())
    }

    async fn reaches(&self, job: &str, state: &str) -> Result<(), Stop> {
        let path = format!("/v1/jobs/{job}/status");
        self.shows(path, &format!("status {state}"), |answer| answer["status"] == state).await?;
        Ok(())
    }

    async fn read(&self, path: impl Into<String>) -> Result<Answer, Stop> {
        self.get(path).send().await?.expect(200)
    }

    async fn shows(
        &self,
        path: impl Into<String>,
        awaited: &str,
        test: impl Fn(&Value) -> bool,
    ) -> Result<Value, Stop> {
        let path = path.into();
        let last = RefCell::new(None);
        let look = async || {
            let answer = self.read(&path).await?;
            let body = answer.json()?;
            *last.borrow_mut() = Some(answer);
            Ok(test(&body).then_some(body))
        };
        let found = self.until(awaited, look).await;
        found.map_err(|stop| match (stop, last.take()) {
            (Stop::Fail { expected, .. }, Some(answer)) if expected == awaited => answer.unexpected(awaited),
            (stop, _) => stop,
        })
    }

    async fn details(&self, job: &str) -> Result<Value, Stop> {
        self.read(format!("/v1/jobs/{job}")).await?.json()
    }

    async fn operate(&self, triggered: &str, polled: &str, options: Value) -> Result<Value, Stop> {
        let answer = self.post(triggered).json(&options).send().await?.expect_one_of(&[200, 202])?;
        let trigger = answer.text("/request-id")?;
        self.completed(format!("{polled}/{trigger}")).await
    }

    async fn completed(&self, path: String) -> Result<Value, Stop> {
        let over =
            self.shows(path, "status COMPLETED", |answer| answer["status"]["id"] == "COMPLETED").await?;
        Ok(over["operation"].clone())
    }

    async fn savepoint(&self, job: &str) -> Result<String, Stop> {
        let path = format!("/v1/jobs/{job}/savepoints");
        let operation = self.operate(&path, &path, json!({ "target-directory": self.directory() })).await?;
        match operation["location"].as_str() {
            Some(location) => Ok(location.to_owned()),
            None => Err(Stop::fail("a savepoint with a location", operation)),
        }
    }

    async fn cancel(&self, job: &str) -> Result<(), Stop> {
        self.patch(format!("/v1/jobs/{job}")).send().await?.expect(202)?;
        self.reaches(job, "CANCELED").await
    }

    async fn jobs(&self) -> Result<Vec<String>, Stop> {
        Ok(texts(&self.read("/v1/jobs").await?.member("/jobs")?, "id"))
    }

    async fn jars(&self) -> Result<Vec<String>, Stop> {
        Ok(texts(&self.read("/v1/jars").await?.member("/files")?, "id"))
    }

    fn directory(&self) -> String {
        "file:///tmp/planewright-conformance".to_owned()
    }
}

/// The items of an array; none if it isn't one.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts that the objects of an array have as this member.
pub(crate) fn texts(array: &Value, member: &str) -> Vec<String> {
    items(array).iter().filter_map(|item| item[member].as_str()).map(str::to_owned).collect()
}

/// A text as a segment of a path.
pub(crate) fn encoded(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let write = |byte: u8| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(write).collect()
}

/// Whether a location lies under a directory. `file:/a` and `file:///a` are the same place.
pub(crate) fn lies_under(location: &str, directory: &str) -> bool {
    let path = |url: &str| {
        url.strip_prefix("file:")
            .map_or_else(|| url.to_owned(), |path| format!("/{}", path.trim_start_matches('/')))
    };
    let (location, directory) = (path(location), path(directory));
    location
        .strip_prefix(directory.trim_end_matches('/'))
        .is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}
