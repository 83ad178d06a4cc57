//! What callers do meanwhile: they submit jobs and ask for them, and note how the servers answer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http;

/// How many callers submit jobs.
const SUBMITTERS: usize = 3;
/// Between two calls of one caller.
const PACE: Duration = Duration::from_millis(200);
/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The program: every fifth job takes longer than it takes to replace a server.
const PROGRAM: &str = "#!/bin/sh\necho $PLANEWRIGHT_JOB_ID >> \"$1\"\nsleep \"$2\"\n";

/// Callers at work.
pub(super) struct Load {
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<()>>,
}

struct Shared {
    urls: [String; 3],
    /// The path of the uploaded program at every server.
    jar: String,
    journal: String,
    over: AtomicBool,
    next: AtomicU64,
    notes: Mutex<Notes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Submit,
    Read,
}

#[derive(Default)]
struct Notes {
    accepted: BTreeSet<String>,
    /// How often each server has been killed or started: a call that saw this change says nothing about it.
    lives: [u32; 3],
    /// Since when each server's calls of one kind have failed.
    failing: BTreeMap<(usize, Kind), Instant>,
    longest_outage: Duration,
    reason: String,
}

/// What callers have seen in the end.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) accepted: BTreeSet<String>,
    /// The longest time for which all calls to a living server failed.
    pub(super) longest_outage: Duration,
    /// What the call said with which that ended.
    pub(super) reason: String,
}

impl Load {
    pub(super) fn start(urls: [String; 3], journal: &Path) -> Result<Self> {
        let jar = upload(&urls[0])?;
        let shared = Arc::new(Shared {
            urls,
            jar,
            journal: journal.display().to_string(),
            over: AtomicBool::new(false),
            next: AtomicU64::new(0),
            notes: Mutex::default(),
        });
        let mut callers = Vec::new();
        for caller in 0..SUBMITTERS {
            let shared = Arc::clone(&shared);
            callers.push(std::thread::spawn(move || submit_all(&shared, caller)));
        }
        for server in 0..3 {
            let shared = Arc::clone(&shared);
            callers.push(std::thread::spawn(move || ask_all(&shared, server)));
        }
        Ok(Self { shared, callers })
    }

    pub(super) fn accepted(&self) -> usize {
        self.shared.notes().accepted.len()
    }

    /// A server is about to be killed.
    pub(super) fn will_end(&self, server: usize) {
        self.shared.changes(server);
    }

    /// A server has been started and accepts calls.
    pub(super) fn is_there(&self, server: usize) {
        self.shared.changes(server);
    }

    /// Lets all callers come to their end: those who wait for a job to be accepted go on until it is.
    pub(super) fn finish(self) -> Result<Seen> {
        self.shared.over.store(true, Ordering::Relaxed);
        for caller in self.callers {
            ensure!(caller.join().is_ok(), "a caller has panicked");
        }
        let mut notes = self.shared.notes();
        Ok(Seen {
            accepted: std::mem::take(&mut notes.accepted),
            longest_outage: notes.longest_outage,
            reason: std::mem::take(&mut notes.reason),
        })
    }
}

impl Shared {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changes(&self, server: usize) {
        let mut notes = self.notes();
        // Odd lives are those in which nobody expects an answer.
        notes.lives[server] += 1;
        notes.failing.retain(|(failing, _), _| *failing != server);
    }

    /// Makes one call and notes how the server did.
    fn call(
        &self,
        server: usize,
        kind: Kind,
        call: impl FnOnce(&str) -> Result<(u16, String)>,
    ) -> Option<(u16, String)> {
        let life = self.notes().lives[server];
        let start = Instant::now();
        let answer = call(&self.urls[server]);
        let mut notes = self.notes();
        let alive = notes.lives[server] == life && life.is_multiple_of(2);
        let failure = match &answer {
            Ok((status, body)) if *status >= 500 => Some(format!("{status} {body}")),
            Ok(_) => None,
            Err(error) => Some(format!("{error:#}")),
        };
        match failure {
            _ if !alive => {}
            None => drop(notes.failing.remove(&(server, kind))),
            Some(reason) => {
                let since = *notes.failing.entry((server, kind)).or_insert(start);
                let lasted = since.elapsed();
                if lasted > notes.longest_outage {
                    notes.longest_outage = lasted;
                    notes.reason = format!("{kind:?} at server {server}: {reason}");
                }
            }
        }
        answer.ok().filter(|(status, _)| *status < 500)
    }
}

/// Submits one job after the other, each until it is accepted: at another server if one fails.
fn submit_all(shared: &Shared, caller: usize) {
    let client = http::client(LIMIT);
    while !shared.over.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let job = format!("{:032x}", 0x3000_0000 + number);
        let seconds = if number.is_multiple_of(5) { "7" } else { "0" };
        let body =
            json!({ "jobId": job, "entryClass": "main", "programArgsList": [shared.journal, seconds] });
        for turn in caller.. {
            let server = (turn + number as usize) % 3;
            let answer = shared.call(server, Kind::Submit, |url| {
                let mut answer = client.post(format!("{url}{}/run", shared.jar)).send_json(&body)?;
                Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
            });
            // A conflict is the answer to a repetition; whether the first try arrived, the job itself tells.
            let known = match answer {
                Some((200, _)) => true,
                Some((409, _)) => {
                    let found =
                        shared.call(server, Kind::Read, |url| get(&client, &format!("{url}/jobs/{job}")));
                    found.is_some_and(|(status, _)| status == 200)
                }
                _ => false,
            };
            if known {
                shared.notes().accepted.insert(job);
                break;
            }
            std::thread::sleep(PACE);
        }
        std::thread::sleep(PACE);
    }
}

/// Asks one server for all jobs, again and again.
fn ask_all(shared: &Shared, server: usize) {
    let client = http::client(LIMIT);
    while !shared.over.load(Ordering::Relaxed) {
        shared.call(server, Kind::Read, |url| get(&client, &format!("{url}/jobs/overview")));
        std::thread::sleep(PACE);
    }
}

fn get(client: &ureq::Agent, url: &str) -> Result<(u16, String)> {
    let mut answer = client.get(url).call()?;
    Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
}

/// Whether a server shows all these jobs as finished.
pub(super) fn ended(url: &str, jobs: &BTreeSet<String>) -> Result<bool> {
    let overview: Value = http::get(&http::client(LIMIT), &format!("{url}/jobs/overview"))?;
    let listed = overview["jobs"].as_array().context("the overview has no jobs")?;
    let states: BTreeMap<&str, &str> =
        listed.iter().filter_map(|job| Some((job["jid"].as_str()?, job["state"].as_str()?))).collect();
    for job in jobs {
        match states.get(job.as_str()) {
            Some(&"FINISHED") => {}
            Some(&("FAILED" | "CANCELED")) => anyhow::bail!("{url}: job {job} did not finish"),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Uploads the program and returns its path.
fn upload(url: &str) -> Result<String> {
    let boundary = "three-servers";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"append.jar\"\r\n\
         Content-Type: application/java-archive\r\n\r\n{PROGRAM}\r\n--{boundary}--\r\n"
    );
    let mut answer = http::client(LIMIT)
        .post(format!("{url}/jars/upload"))
        .content_type(format!("multipart/form-data; boundary={boundary}"))
        .send(body)?;
    let text = answer.body_mut().read_to_string()?;
    let answer: Value = serde_json::from_str(&text).with_context(|| format!("the upload answered {text}"))?;
    answer["filename"].as_str().map(str::to_owned).with_context(|| format!("the upload answered {answer}"))
}
