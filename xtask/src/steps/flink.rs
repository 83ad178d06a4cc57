//! A real Flink cluster as the judge.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::flink::{Cli, Cluster, Libraries, Options, test_jobs};
use crate::http;
use crate::place::Temporary;
use crate::process::Finished;
use crate::server::Server;

const UNKNOWN_JOB: &str = "00000000000000000000000000000001";

/// Commands that end otherwise against our server, and why.
const DIFFERENCES: [(&str, &str); 1] =
    [("run", "the plan is a serialized Java program, which only a real Flink can execute")];

/// Flink's command line against a real cluster and against our server: the exit codes agree.
pub(super) fn command_line() -> Result<String> {
    let libraries = Libraries::fetch()?;
    let jar = test_jobs(&libraries)?;
    let judge = {
        let cluster = Cluster::start(&libraries, Options::default())?;
        scenario(&libraries, cluster.url(), &jar, &cluster.folder().join("savepoints"))
            .context("against the cluster")?
    };
    let ours = {
        let server = Server::start()?;
        let savepoints = Temporary::new("savepoints")?;
        scenario(&libraries, server.url(), &jar, savepoints.path()).context("against our server")?
    };
    let mut complaints = Vec::new();
    for (judge, ours) in judge.iter().zip(&ours) {
        let complaint = compare(judge, ours);
        eprintln!("  {:<26}{:?}, ours {:?}", judge.name, judge.done.code, ours.done.code);
        complaints
            .extend(complaint.map(|why| format!("{}: {why}\n{}", ours.name, ours.done.stderr.trim_end())));
    }
    ensure!(complaints.is_empty(), "{} commands end otherwise\n{}", complaints.len(), complaints.join("\n"));
    Ok(format!("{} commands", ours.len()))
}

/// What is wrong with how a command ended against our server.
fn compare(judge: &Seen, ours: &Seen) -> Option<String> {
    let differs = DIFFERENCES.iter().any(|(name, _)| *name == ours.name);
    if (judge.done.code == ours.done.code) == differs {
        let expected = if differs { "another exit code than" } else { "exit code" };
        return Some(format!("expected {expected} {:?}, not {:?}", judge.done.code, ours.done.code));
    }
    // What a person reads must name the reason, not our failure to find one.
    let vague =
        ["Internal server error", "UnsupportedOperation", "NullPointer", "Response was not valid JSON"];
    let found = vague.iter().find(|words| ours.done.code != Some(0) && ours.done.stderr.contains(**words))?;
    Some(format!("the message says `{found}`"))
}

/// A command by its name in the scenario, and how it ended.
struct Seen {
    name: &'static str,
    done: Finished,
}

/// Runs two jobs on the server at `url`, then every command that speaks of jobs and savepoints, on jobs that exist,
/// that have ended, and that never were.
fn scenario(libraries: &Libraries, url: &str, jar: &Path, savepoints: &Path) -> Result<Vec<Seen>> {
    let cli = Cli::new(libraries, url)?;
    let mut seen = Vec::new();
    let mut run = |name, arguments: &[&str]| -> Result<String> {
        let done = cli.run(arguments)?;
        let stdout = done.stdout.clone();
        seen.push(Seen { name, done });
        Ok(stdout)
    };
    let target = format!("file://{}", savepoints.display());
    let program = upload(url, jar)?;
    let stopped = start_job(url, &program)?;
    let cancelled = start_job(url, &program)?;

    run("list", &["list", "-a"])?;
    let printed = run("savepoint", &["savepoint", &stopped, &target])?;
    run("savepoint detached", &["savepoint", &stopped, &target, "-detached"])?;
    run("checkpoint", &["checkpoint", &stopped])?;
    run("stop", &["stop", "-p", &target, &stopped])?;
    run("cancel", &["cancel", &cancelled])?;
    let location = printed
        .split_whitespace()
        .find(|word| word.starts_with("file:"))
        .context("no savepoint's path was printed")?;
    run("dispose", &["savepoint", "-d", location])?;
    run("dispose again", &["savepoint", "-d", location])?;

    run("savepoint, ended job", &["savepoint", &stopped, &target])?;
    run("stop, ended job", &["stop", "-p", &target, &stopped])?;
    run("cancel, ended job", &["cancel", &stopped])?;

    run("savepoint, unknown job", &["savepoint", UNKNOWN_JOB, &target])?;
    run("detached, unknown job", &["savepoint", UNKNOWN_JOB, &target, "-detached"])?;
    run("checkpoint, unknown job", &["checkpoint", UNKNOWN_JOB])?;
    run("stop, unknown job", &["stop", "-p", &target, UNKNOWN_JOB])?;
    run("cancel, unknown job", &["cancel", UNKNOWN_JOB])?;
    run("run", &["run", "-d", "-c", "BoundedJob", &jar.display().to_string()])?;
    Ok(seen)
}

/// Uploads a jar and returns its id.
pub(super) fn upload(url: &str, jar: &Path) -> Result<String> {
    let form =
        ureq::unversioned::multipart::Form::new().file("jarfile", jar).context("cannot read the jar")?;
    let mut answer = http::client(Duration::from_secs(60)).post(format!("{url}/jars/upload")).send(form)?;
    let answer: Value = answer.body_mut().read_json()?;
    let name = answer["filename"].as_str().and_then(|path| path.rsplit('/').next());
    Ok(name.with_context(|| format!("the upload was answered with {answer}"))?.to_owned())
}

/// Runs the streaming job of an uploaded jar, waits until all of its tasks run, and returns its id.
fn start_job(url: &str, program: &str) -> Result<String> {
    let client = http::client(Duration::from_secs(60));
    let mut answer = client.post(format!("{url}/jars/{program}/run")).send_json(serde_json::json!({}))?;
    let answer: Value = answer.body_mut().read_json()?;
    let job =
        answer["jobid"].as_str().with_context(|| format!("the run was answered with {answer}"))?.to_owned();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let details = http::get(&client, &format!("{url}/jobs/{job}"))?;
        let vertices = details["vertices"].as_array().map_or(&[][..], Vec::as_slice);
        if !vertices.is_empty() && vertices.iter().all(|vertex| vertex["status"] == "RUNNING") {
            return Ok(job);
        }
        ensure!(Instant::now() < deadline, "job {job} did not run within 60 s: {details}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &'static str, code: i32, stderr: &str) -> Seen {
        Seen { name, done: Finished { code: Some(code), stdout: String::new(), stderr: stderr.to_owned() } }
    }

    #[test]
    fn another_exit_code_is_a_complaint() {
        assert!(compare(&seen("list", 0, ""), &seen("list", 1, "no such job")).is_some());
        assert!(
            compare(&seen("list", 1, "Internal server error"), &seen("list", 1, "no such job")).is_none()
        );
    }

    #[test]
    fn a_known_difference_must_differ() {
        assert!(compare(&seen("run", 0, ""), &seen("run", 1, "needs a real Flink")).is_none());
        assert!(compare(&seen("run", 0, ""), &seen("run", 0, "")).is_some());
    }

    #[test]
    fn an_unreadable_message_is_a_complaint() {
        assert!(compare(&seen("stop", 1, ""), &seen("stop", 1, "Internal server error.")).is_some());
    }
}
