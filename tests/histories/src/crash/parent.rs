//! The one who kills.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use planewright_backend::store::Revision;

use crate::history::{Answer, Call, Changed, Event};
use crate::registers::Finding;

use super::judge::{Contents, Tally, judge};
use super::{INSPECTOR, Line, NUMBERS};

/// How long a process may take to tell something.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is killed, and how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program of the process, and its arguments but for those that change: `--run N --seed N --after REVISION`, the last
    /// one not for the first process.
    pub program: PathBuf,
    /// The arguments.
    pub arguments: Vec<String>,
    /// How many processes are killed in the middle of their writing.
    pub cycles: usize,
    /// What chance depends on.
    pub seed: u64,
    /// The file with the process id of the store's server, which is to be killed as well, and is started again by somebody
    /// who then writes the new one.
    pub server: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was in the histories.
    pub tally: Tally,
    /// The processes that were killed before they could tell what they found.
    pub early: usize,
    /// The servers that were killed.
    pub servers: usize,
}

/// Kills processes until as many have written as the plan says, and judges what they left.
///
/// # Errors
///
/// If a process can't be started or ends by itself; if the server can't be killed. What is wrong with the store is the inner
/// error.
pub fn run(plan: &Plan) -> Result<Result<Outcome, Finding>> {
    let mut dice = Rng::with_seed(plan.seed);
    let mut outcome = Outcome::default();
    let (mut before, mut looked) = (Contents::default(), false);
    let mut events: Vec<Event> = Vec::new();
    let mut carried = HashSet::new();
    let mut cycle = 0;
    // The last process only looks.
    for process in 0.. {
        let mut running = Running::start(plan, process, looked.then_some(before.revision), dice.u64(..))?;
        let early = dice.u8(..10) == 0 && cycle < plan.cycles;
        if early {
            std::thread::sleep(Duration::from_micros(dice.u64(..30_000)));
            running.kill()?;
        }
        let Some(found) = running.look(process, &mut events)? else {
            outcome.early += 1;
            continue;
        };
        let since = events.split_off(found.listed);
        match judge(&before, &events, &found.log, &found.contents) {
            Ok((tally, left)) => {
                outcome.tally += tally;
                // A server is not busy for two histories with what one client had asked.
                let mut is_new = |event: &Event| match event {
                    Event::Called(_, Call::Commit { word, .. }) => carried.insert(word.clone()),
                    _ => false,
                };
                events = left.into_iter().filter(|event| is_new(event)).chain(since).collect();
            }
            Err(finding) => return Ok(Err(finding)),
        }
        (before, looked) = (found.contents, true);
        if cycle == plan.cycles {
            running.kill()?;
            break;
        }
        cycle += 1;
        if !early {
            running.write(dice.usize(..800), &mut events)?;
            if let Some(pid_file) = &plan.server {
                kill_server(pid_file)?;
                outcome.servers += 1;
                running.write_on(dice.usize(1..200), &mut events)?;
            } else {
                // Somewhere between the answers of one commit and of the next.
                std::thread::sleep(Duration::from_micros(dice.u64(..12_000)));
            }
            running.kill()?;
        }
        events.extend(running.rest());
    }
    Ok(Ok(outcome))
}

/// What a process found when it had opened the store.
struct Found {
    /// How many events there are up to the list of the keys, that one included.
    listed: usize,
    contents: Contents,
    log: Vec<(Revision, Changed)>,
}

/// The process of the moment.
struct Running {
    child: Child,
    lines: Receiver<Line>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(plan: &Plan, run: usize, after: Option<Revision>, seed: u64) -> Result<Self> {
        let mut command = Command::new(&plan.program);
        command.args(&plan.arguments);
        command.args(["--run", &run.to_string(), "--seed", &seed.to_string()]);
        if let Some(after) = after {
            command.args(["--after", &after.to_string()]);
        }
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.with_context(|| format!("cannot start {}", plan.program.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        // A bound, so that a process does not run far ahead of the one who will kill it.
        let (send, lines) = mpsc::sync_channel(100);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The last line of a killed process may be cut: it was not told.
                let Ok(line) = serde_json::from_str(&line) else { break };
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines })
    }

    fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// The next line; `None` if the process was killed.
    fn line(&mut self) -> Result<Option<Line>> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Timeout) => bail!("the process tells nothing any more"),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait()?;
                match status.code() {
                    None => Ok(None),
                    Some(code) => bail!("the process ended by itself, with {code}"),
                }
            }
        }
    }

    /// What the process finds; `None` if it was killed before it had told. What happens meanwhile is added to `events`.
    fn look(&mut self, run: usize, events: &mut Vec<Event>) -> Result<Option<Found>> {
        let inspector = run * NUMBERS + INSPECTOR;
        let mut found = Found { listed: 0, contents: Contents::default(), log: Vec::new() };
        loop {
            match self.line()? {
                None => return Ok(None),
                Some(Line::Ready) => return Ok(Some(found)),
                Some(Line::Logged(part)) => found.log.extend(part),
                Some(Line::Happened(event)) => {
                    if let Event::Answered(client, Answer::Page(entries, revision)) = &event
                        && *client == inspector
                    {
                        let entries = entries.iter().cloned().collect();
                        found.contents = Contents { entries, revision: *revision };
                        found.listed = events.len() + 1;
                    }
                    events.push(event);
                }
            }
        }
    }

    /// Lets the clients go on for so many events.
    fn write(&mut self, count: usize, events: &mut Vec<Event>) -> Result<()> {
        for _ in 0..count {
            match self.line()? {
                Some(Line::Happened(event)) => events.push(event),
                Some(_) => {}
                None => bail!("the process was killed by somebody else"),
            }
        }
        Ok(())
    }

    /// Lets the clients go on for so many acknowledged commits.
    fn write_on(&mut self, count: usize, events: &mut Vec<Event>) -> Result<()> {
        for _ in 0..count {
            loop {
                self.write(1, events)?;
                if let Some(Event::Answered(_, Answer::Committed(_))) = events.last() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// What else the killed process had told.
    fn rest(&mut self) -> Vec<Event> {
        let event = |line| if let Line::Happened(event) = line { Some(event) } else { None };
        self.lines.iter().filter_map(event).collect()
    }
}

/// Kills a server and its children, and waits until another one has taken its place.
fn kill_server(pid_file: &PathBuf) -> Result<()> {
    let read =
        || std::fs::read_to_string(pid_file).with_context(|| format!("cannot read {}", pid_file.display()));
    let pid = read()?;
    let pid = pid.trim();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    // Without a shell in between: all of them at once.
    Command::new("kill")
        .arg("-9")
        .arg(pid)
        .args(children.split_whitespace())
        .stderr(Stdio::null())
        .status()?;
    let start = std::time::Instant::now();
    while read()?.trim() == pid {
        if start.elapsed() > PATIENCE {
            bail!("no server took the place of {pid}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
