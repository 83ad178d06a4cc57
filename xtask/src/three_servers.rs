//! Three servers on one PostgreSQL, of which those that do the work are killed again and again.

mod fleet;
mod load;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::place::Temporary;
use crate::servers::Postgres;

use fleet::{Duty, Fleet};
use load::{Load, Seen};

/// The time of the servers' leases: within it another server has taken over.
const LEASE: Duration = Duration::from_secs(5);
/// What a busy machine may add to it.
const SLACK: Duration = Duration::from_secs(5);
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many jobs each round waits for before somebody is killed.
const JOBS: usize = 8;

/// Starts a PostgreSQL and three servers whose jobs are processes, submits jobs all the time, and kills (-9) the server that
/// holds a lease, round after round.
///
/// A job appends its id to a file. In the end each accepted one must stand there once, every server must show all of them as
/// finished, and no server that was alive may have failed calls for longer than the lease takes.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How often somebody is killed.
    #[arg(long, default_value_t = 30)]
    rounds: u32,
}

/// Carries out the chore.
///
/// # Errors
/// If something could not run, or did what it must not.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    println!("{}", with_rounds(arguments.rounds)?);
    Ok(())
}

/// A few rounds, for the test run.
///
/// # Errors
/// As [`run`].
pub(crate) fn step() -> Result<String> {
    with_rounds(3)
}

fn with_rounds(rounds: u32) -> Result<String> {
    let postgres = Postgres::start()?;
    let folder = Temporary::new("three-servers")?;
    let mut fleet = Fleet::start(postgres.url(), &folder.path().join("data"), folder.path())?;
    let journal = folder.path().join("ran");
    fs::write(&journal, "")?;
    let load = Load::start(fleet.urls(), &journal)?;
    println!(
        "{:<7}{:<10}{:<19}{:>14}{:>10}{:>10}",
        "round", "killed", "which did", "taken over in", "accepted", "ran"
    );
    let mut slowest = Duration::ZERO;
    for round in 1..=rounds {
        let before = load.accepted();
        until("jobs are accepted", || Ok(load.accepted() >= before + JOBS))?;
        let duty = if round % 2 == 1 { Duty::Processes } else { Duty::Control };
        let victim = fleet.holder(duty)?.context("nobody holds the lease")?;
        let start = Instant::now();
        load.will_end(victim);
        fleet.kill(victim);
        until("another server takes over", || {
            Ok(fleet.holder(duty)?.is_some_and(|holder| holder != victim))
        })?;
        let took = start.elapsed();
        slowest = slowest.max(took);
        fleet.restart(victim)?;
        load.is_there(victim);
        println!(
            "{round:<7}{:<10}{:<19}{:>12.1} s{:>10}{:>10}",
            format!("server {victim}"),
            duty.name(),
            took.as_secs_f64(),
            load.accepted(),
            fs::read_to_string(&journal)?.lines().count(),
        );
    }
    let seen = load.finish()?;
    if !seen.longest_outage.is_zero() {
        println!("longest outage: {:.1} s: {}", seen.longest_outage.as_secs_f64(), seen.reason);
    }
    until("all jobs have ended on all servers", || {
        for url in fleet.urls() {
            if !load::ended(&url, &seen.accepted)? {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    judge(&seen, &fs::read_to_string(&journal)?)?;
    ensure!(slowest <= LEASE + SLACK, "taking over took {:.1} s", slowest.as_secs_f64());
    Ok(format!(
        "{} jobs ran once each, {rounds} kills, taken over in {:.1} s at most, calls to a living server failed for {:.1} s \
         at most",
        seen.accepted.len(),
        slowest.as_secs_f64(),
        seen.longest_outage.as_secs_f64()
    ))
}

/// Whether each accepted job ran once, and the living answered.
fn judge(seen: &Seen, journal: &str) -> Result<()> {
    let mut runs: BTreeMap<&str, usize> = BTreeMap::new();
    for line in journal.lines() {
        *runs.entry(line).or_default() += 1;
    }
    let twice: Vec<_> = runs.iter().filter(|(_, runs)| **runs > 1).map(|(job, _)| *job).collect();
    ensure!(twice.is_empty(), "jobs ran more than once: {}", twice.join(" "));
    let never: Vec<_> =
        seen.accepted.iter().filter(|job| !runs.contains_key(job.as_str())).cloned().collect();
    ensure!(never.is_empty(), "accepted jobs never ran: {}", never.join(" "));
    ensure!(
        seen.longest_outage <= LEASE + SLACK,
        "calls to a living server failed for {:.1} s: {}",
        seen.longest_outage.as_secs_f64(),
        seen.reason
    );
    Ok(())
}

fn until(what: &str, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !done()? {
        if start.elapsed() > PATIENCE {
            bail!("not in {} s: {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(accepted: &[&str], longest_outage: Duration) -> Seen {
        let accepted = accepted.iter().map(|&job| job.to_owned()).collect();
        Seen { accepted, longest_outage, reason: String::new() }
    }

    #[test]
    fn each_accepted_job_must_run_once() {
        let none = Duration::ZERO;
        assert!(judge(&seen(&["a", "b"], none), "b\na\n").is_ok());
        // Nobody was told of `c`, so it may have run.
        assert!(judge(&seen(&["a"], none), "a\nc\n").is_ok());
        assert!(judge(&seen(&["a", "b"], none), "a\n").is_err());
        assert!(judge(&seen(&["a"], none), "a\na\n").is_err());
        assert!(judge(&seen(&["a"], none), "a\nc\nc\n").is_err());
    }

    #[test]
    fn a_living_server_must_answer() {
        assert!(judge(&seen(&[], Duration::from_secs(60)), "").is_err());
    }
}
