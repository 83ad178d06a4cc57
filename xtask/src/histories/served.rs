//! The server as users run it, killed while sixteen callers work: what was answered must still be so afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::place::Temporary;
use crate::process::{self, Background};
use crate::{http, server};

const CALLERS: usize = 16;

/// How long the server may take to say its address, or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something that the server has answered for.
#[derive(Clone, Debug)]
enum Promise {
    /// The jar with this id is there.
    Jar(String),
    /// The job with this id is there.
    Job(String),
    /// The job was told to cancel.
    Cancelled(String),
    /// A savepoint of a job was triggered under this id.
    Savepoint { job: String, trigger: String },
}

/// What a caller tells the one who kills.
enum Told {
    Kept(Promise),
    /// A job that was asked for under this id, without an answer.
    Asked(String),
    /// An answer that no server should give.
    Wrong(String),
}

/// Kills the server so many times, and prints a row.
pub(super) fn kill(cycles: usize, seed: u64) -> Result<()> {
    let program = server::build()?;
    let data = Temporary::new("served")?;
    let mut dice = Rng::with_seed(seed);
    let start = Instant::now();
    let mut promises: Vec<Promise> = Vec::new();
    let (mut asked, mut happened) = (0, 0);
    let mut new: Vec<Told> = Vec::new();
    for cycle in 0..=cycles {
        let running = Running::start(&program, data.path())?;
        let agent = http::client(PATIENCE);
        // Of what is older a part: it was looked at before.
        let older = promises.iter().filter(|_| dice.u8(..10) == 0).cloned().collect::<Vec<_>>();
        for told in std::mem::take(&mut new) {
            match told {
                Told::Kept(promise) => {
                    running.keeps(&agent, &promise).with_context(|| format!("after kill {cycle}"))?;
                    promises.push(promise);
                }
                Told::Asked(job) => {
                    asked += 1;
                    happened += usize::from(running.may_have(&agent, &job)?);
                }
                Told::Wrong(what) => bail!("cycle {cycle}: {what}"),
            }
        }
        for promise in older {
            running
                .keeps(&agent, &promise)
                .with_context(|| format!("after kill {cycle}, of an older one"))?;
        }
        if cycle < cycles {
            new = running.work(&mut dice);
        }
    }
    println!(
        "crash             {:>6} {:>7} {:>13} {:>16} {:>20} {:>11} {:>8}",
        "cycles", "", "acknowledged", "in doubt: done", "in doubt: not done", "violations", "time"
    );
    println!(
        "  {:<15} {cycles:>6} {:>7} {:>13} {happened:>16} {:>20} {:>11} {:>6.0} s",
        "serve",
        "",
        promises.len(),
        asked - happened,
        0,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The server of the moment.
struct Running {
    url: String,
    process: Background,
}

impl Running {
    fn start(program: &PathBuf, data: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--operation-ttl", "86400", "--data"]).arg(data);
        command.env("RUST_LOG", "error");
        let (process, stdout) = Background::start_piped(&mut command)?;
        let url = process::told(stdout, server::url_in, PATIENCE).context("the server named no address")?;
        Ok(Self { url, process })
    }

    /// Lets callers work, kills the server at a moment of chance, and returns what they were told.
    fn work(self, dice: &mut Rng) -> Vec<Told> {
        let (send, receive) = mpsc::channel();
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let caller = Caller {
                    agent: http::client(PATIENCE),
                    url: self.url.clone(),
                    dice: dice.fork(),
                    jars: Vec::new(),
                    jobs: Vec::new(),
                    send: send.clone(),
                };
                std::thread::spawn(move || caller.run())
            })
            .collect();
        drop(send);
        let mut told: Vec<_> = receive.iter().take(dice.usize(CALLERS..100)).collect();
        // Somewhere between two answers.
        std::thread::sleep(Duration::from_micros(dice.u64(..12_000)));
        // With SIGKILL.
        drop(self.process);
        told.extend(receive.iter());
        for caller in callers {
            if caller.join().is_err() {
                told.push(Told::Wrong("a caller panicked".to_owned()));
            }
        }
        told
    }

    fn keeps(&self, agent: &ureq::Agent, promise: &Promise) -> Result<()> {
        let url = &self.url;
        match promise {
            Promise::Jar(id) => {
                let jars = http::get(agent, &format!("{url}/jars"))?;
                let there =
                    jars["files"].as_array().is_some_and(|files| files.iter().any(|file| file["id"] == **id));
                ensure!(there, "a jar is lost: {id}");
            }
            Promise::Job(id) => {
                let job = http::get(agent, &format!("{url}/jobs/{id}")).context("a job is lost")?;
                ensure!(job["jid"] == **id, "another job answers for {id}: {job}");
            }
            Promise::Cancelled(id) => {
                let job = http::get(agent, &format!("{url}/jobs/{id}")).context("a job is lost")?;
                let state = job["state"].as_str().unwrap_or_default();
                ensure!(["CANCELLING", "CANCELED"].contains(&state), "a cancelled job is {state}: {id}");
            }
            Promise::Savepoint { job, trigger } => {
                let operation = http::get(agent, &format!("{url}/jobs/{job}/savepoints/{trigger}"))
                    .context("an operation is lost")?;
                let state = operation["status"]["id"].as_str().unwrap_or_default();
                ensure!(["IN_PROGRESS", "COMPLETED"].contains(&state), "an operation is {operation}");
            }
        }
        Ok(())
    }

    /// Whether a job is there of which nobody knows. It is as a whole or not at all.
    fn may_have(&self, agent: &ureq::Agent, job: &str) -> Result<bool> {
        let url = format!("{}/jobs/{job}", self.url);
        let status = agent.get(&url).call()?.status().as_u16();
        match status {
            404 => Ok(false),
            _ => {
                http::get(agent, &url)?;
                http::get(agent, &format!("{url}/config"))?;
                Ok(true)
            }
        }
    }
}

/// Somebody who calls until nobody answers any more.
struct Caller {
    agent: ureq::Agent,
    url: String,
    dice: Rng,
    jars: Vec<String>,
    jobs: Vec<String>,
    send: Sender<Told>,
}

impl Caller {
    fn run(mut self) {
        while let Some(told) = self.step() {
            let wrong = matches!(told, Told::Wrong(_));
            if self.send.send(told).is_err() || wrong {
                break;
            }
        }
    }

    fn step(&mut self) -> Option<Told> {
        let choice = self.dice.u8(..10);
        let (jars, jobs) = (self.jars.len(), self.jobs.len());
        if jars == 0 || choice == 0 {
            let answer = self.upload()?;
            let Some(id) = answer["filename"].as_str().and_then(|path| path.rsplit('/').next()) else {
                return Some(Told::Wrong(format!("an upload was answered with {answer}")));
            };
            self.jars.push(id.to_owned());
            return Some(Told::Kept(Promise::Jar(id.to_owned())));
        }
        if jobs == 0 || choice < 5 {
            let jar = self.jars[self.dice.usize(..jars)].clone();
            let id = format!("{:032x}", self.dice.u128(..));
            let wish = json!({"jobId": id, "entryClass": "Job", "parallelism": 1});
            let Some(answer) = self.post(&format!("/jars/{jar}/run"), &wish) else {
                let _ = self.send.send(Told::Asked(id));
                return None;
            };
            if answer["jobid"] != *id {
                return Some(Told::Wrong(format!("a run was answered with {answer}")));
            }
            self.jobs.push(id.clone());
            return Some(Told::Kept(Promise::Job(id)));
        }
        let job = self.jobs[self.dice.usize(..jobs)].clone();
        if choice < 9 {
            let answer = self.post(&format!("/jobs/{job}/savepoints"), &json!({"cancel-job": false}))?;
            let Some(trigger) = answer["request-id"].as_str() else {
                return Some(Told::Wrong(format!("a trigger was answered with {answer}")));
            };
            return Some(Told::Kept(Promise::Savepoint { job, trigger: trigger.to_owned() }));
        }
        self.jobs.retain(|other| *other != job);
        let cancel = self.agent.patch(format!("{}/jobs/{job}?mode=cancel", self.url)).send_empty();
        match cancel.ok()?.status().as_u16() {
            202 => Some(Told::Kept(Promise::Cancelled(job))),
            status => Some(Told::Wrong(format!("a cancellation was answered with {status}"))),
        }
    }

    /// The answer to a jar of which no second one exists; `None` if there was none.
    fn upload(&mut self) -> Option<Value> {
        const EDGE: &str = "edge-of-a-part";
        let body = format!(
            "--{EDGE}\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"job.jar\"\r\n\
             Content-Type: application/x-java-archive\r\n\r\n{:032x}\r\n--{EDGE}--\r\n",
            self.dice.u128(..)
        );
        let request = self.agent.post(format!("{}/jars/upload", self.url));
        let answer = request.content_type(format!("multipart/form-data; boundary={EDGE}")).send(body);
        read(answer)
    }

    fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let request = self.agent.post(format!("{}{path}", self.url)).content_type("application/json");
        read(request.send(body.to_string()))
    }
}

/// The JSON of an answer; `None` if there was none. An error that the server tells is its JSON, too.
fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Value> {
    let text = answer.ok()?.body_mut().read_to_string().ok()?;
    Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
