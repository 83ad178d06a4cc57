//! Our server in front of a real Flink cluster, which it speaks to with our own client.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::flink::{self, Cli, Cluster, Libraries, Options, test_jobs};
use crate::http;
use crate::place::Temporary;
use crate::server::Server;

/// How long a job or an operation may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Every case of the contract of executors.
pub(super) fn contract() -> Result<String> {
    let libraries = Libraries::fetch()?;
    let cluster = Cluster::start(&libraries, Options::adaptive())?;
    flink::contract(&cluster, &test_jobs(&libraries)?, &[])?;
    Ok(format!("Flink {}", flink::VERSION))
}

/// Flink's own command line; our server killed in the middle of a savepoint; the cluster killed under a running job.
pub(super) fn behind_us() -> Result<String> {
    let libraries = Libraries::fetch()?;
    let jar = test_jobs(&libraries)?;
    let mut cluster = Cluster::start(&libraries, Options::default())?;
    let mut front = Front {
        server: Server::start_with(&["--executor", &format!("flink={}", cluster.url())])?,
        client: http::client(Duration::from_secs(60)),
    };
    command_line(&libraries, &cluster, &front, &jar).context("Flink's command line")?;
    let job = killed_in_a_savepoint(&mut front, &jar).context("our server killed in a savepoint")?;
    without_its_cluster(&libraries, &mut cluster, &front, &job).context("the cluster killed under a job")?;
    Ok("command line, kill -9 of server and of cluster".to_owned())
}

/// Our server, and a client for it.
struct Front {
    server: Server,
    client: ureq::Agent,
}

impl Front {
    fn get(&self, path: &str) -> Result<(u16, Value)> {
        let mut answer = self.client.get(format!("{}{path}", self.server.url())).call()?;
        Ok((answer.status().as_u16(), answer.body_mut().read_json()?))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let mut answer = self.client.post(format!("{}{path}", self.server.url())).send_json(body)?;
        let (status, body): (_, Value) = (answer.status(), answer.body_mut().read_json()?);
        ensure!(status.is_success(), "POST {path} answered {status}: {body}");
        Ok(body)
    }

    /// Asks until the answer is what is waited for.
    fn until(&self, path: &str, what: &str, is: impl Fn(u16, &Value) -> Result<bool>) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, body) = self.get(path)?;
            if is(status, &body)? {
                return Ok(body);
            }
            ensure!(Instant::now() < deadline, "{path}: not {what} in time: {status} {body}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until all subtasks of a job are at work.
    fn until_running(&self, job: &str) -> Result<()> {
        let running = |status, body: &Value| {
            ensure!(body["state"] != "FAILED", "job {job} failed");
            let vertices = body["vertices"].as_array().map_or(&[][..], Vec::as_slice);
            let all = vertices.iter().all(|vertex| vertex["status"] == "RUNNING");
            Ok(status == 200 && body["state"] == "RUNNING" && !vertices.is_empty() && all)
        };
        self.until(&format!("/jobs/{job}"), "running", running).map(drop)
    }
}

/// What Flink's client does with a job, from its serialized plan to its end.
fn command_line(libraries: &Libraries, cluster: &Cluster, front: &Front, jar: &Path) -> Result<()> {
    let cli = Cli::new(libraries, front.server.url())?;
    let savepoints = Temporary::new("savepoints")?;
    let target = format!("file://{}", savepoints.path().display());
    let jar = jar.display().to_string();
    let run = |arguments: &[&str]| -> Result<String> {
        let done = cli.run(arguments)?;
        ensure!(
            done.code == Some(0),
            "{arguments:?} ended with {:?}\n{}{}",
            done.code,
            done.stdout,
            done.stderr
        );
        Ok(done.stdout)
    };
    let submit = || -> Result<String> {
        let printed = run(&["run", "-d", "-c", "StreamingJob", &jar])?;
        let id = printed.lines().find_map(|line| line.split_once("JobID "));
        let job = id.with_context(|| format!("no job id was printed: {printed}"))?.1.trim().to_owned();
        front.until_running(&job)?;
        Ok(job)
    };
    let (stopped, cancelled) = (submit()?, submit()?);
    let listed = run(&["list", "-a"])?;
    for job in [&stopped, &cancelled] {
        ensure!(listed.contains(job), "job {job} is not in the list: {listed}");
    }
    let printed = run(&["savepoint", &stopped, &target])?;
    ensure!(printed.contains("file:"), "no savepoint's path was printed: {printed}");
    run(&["stop", "-p", &target, &stopped])?;
    run(&["cancel", &cancelled])?;
    ensure!(count(savepoints.path())? == 2, "expected two savepoints in {}", savepoints.path().display());
    // The cluster itself is asked: our server could say anything.
    for (job, state) in [(&stopped, "FINISHED"), (&cancelled, "CANCELED")] {
        let deadline = Instant::now() + PATIENCE;
        while http::get(&front.client, &format!("{}/jobs/{job}/status", cluster.url()))?["status"] != state {
            ensure!(Instant::now() < deadline, "job {job} did not become {state} on the cluster");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    eprintln!("  run, list, savepoint, stop and cancel of Flink's command line, on the cluster behind us");
    Ok(())
}

/// How many savepoints are in a folder.
fn count(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        count += usize::from(entry?.file_name().to_string_lossy().starts_with("savepoint-"));
    }
    Ok(count)
}

/// Kills our server while the cluster writes a savepoint. Returns the job, which goes on.
fn killed_in_a_savepoint(front: &mut Front, jar: &Path) -> Result<String> {
    const TRIGGER: &str = "5ab0e9017d9e4b6c9f6a3c2d1e0f4b5a";
    let folder = Temporary::new("savepoints")?;
    // As long as this file exists, the savepoint doesn't get done.
    let hold = folder.path().join("hold");
    let target = folder.path().join("target");
    fs::create_dir_all(&target)?;
    let arguments =
        ["--checkpoint-ms", "0", "--hold-snapshots", &hold.display().to_string()].map(str::to_owned);
    let program = super::flink::upload(front.server.url(), jar)?;
    let run = front.post(&format!("/jars/{program}/run"), &json!({ "programArgsList": arguments }))?;
    let job = run["jobid"].as_str().with_context(|| format!("no job id: {run}"))?.to_owned();
    front.until_running(&job)?;

    fs::write(&hold, "")?;
    let trigger = json!({ "target-directory": format!("file://{}", target.display()), "triggerId": TRIGGER });
    let (start, poll) = (format!("/jobs/{job}/savepoints"), format!("/jobs/{job}/savepoints/{TRIGGER}"));
    let begun = front.post(&start, &trigger)?;
    ensure!(begun["request-id"] == TRIGGER, "the trigger was answered with {begun}");
    let in_progress = |seen: &(u16, Value)| seen.0 == 200 && seen.1["status"]["id"] == "IN_PROGRESS";
    let seen = front.get(&poll)?;
    ensure!(in_progress(&seen), "before the kill: {seen:?}");

    front.server.kill();
    front.server.start_again()?;
    let seen = front.get(&poll)?;
    ensure!(in_progress(&seen), "after the restart: {seen:?}");
    // What a client does that got no answer.
    let again = front.post(&start, &trigger)?;
    ensure!(again["request-id"] == TRIGGER, "the repeated trigger was answered with {again}");
    fs::remove_file(&hold)?;
    let done = front.until(&poll, "completed", |_, body| Ok(body["status"]["id"] == "COMPLETED"))?;
    let location =
        done["operation"]["location"].as_str().with_context(|| format!("the savepoint failed: {done}"))?;
    let again = front.post(&start, &trigger)?;
    ensure!(again["request-id"] == TRIGGER, "the trigger after the end was answered with {again}");
    let savepoints = count(&target)?;
    ensure!(savepoints == 1, "{savepoints} savepoints are on disk, not one");
    front.until_running(&job)?;
    eprintln!(
        "  killed in the middle of a savepoint: the same trigger id completed with {location}, the only one on disk"
    );
    Ok(job)
}

/// Kills the cluster under a running job of our server, and starts it again without any memory of it.
fn without_its_cluster(libraries: &Libraries, cluster: &mut Cluster, front: &Front, job: &str) -> Result<()> {
    cluster.kill();
    for path in [format!("/jobs/{job}"), "/jobs/overview".to_owned(), format!("/jobs/{job}/status")] {
        let (status, body) = front.get(&path)?;
        ensure!(status == 503, "{path} without a cluster: {status} {body}");
    }
    cluster.start_again(libraries)?;
    // Whatever is said of the job on the way, it is never that it failed.
    front.until_running(job)?;
    eprintln!("  cluster killed: 503; cluster back: job {job} runs again");
    Ok(())
}
