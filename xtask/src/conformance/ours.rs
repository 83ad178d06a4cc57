//! Our own server, which must conform with every seed, on every store, however it is reached.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::process::{self, cargo};
use crate::server::{self, Server};
use crate::servers::Postgres;
use crate::{http, place};

/// The variable that tells the tests of `tests/broken` how many seeds to try.
const SEEDS: &str = "PLANEWRIGHT_SEEDS";

/// A step of CI: what the unit tests leave out, PostgreSQL, HTTP/2 and a program that is killed.
pub(crate) fn few() -> Result<String> {
    let postgres = Postgres::start()?;
    in_process(&postgres, 1, "postgresql")?;
    {
        let server = Server::start_with(&[])?;
        judge(0, &["--url", server.url(), "--http2"])?;
    }
    command(0, &["--store", postgres.url()])?;
    Ok("on PostgreSQL in process, by URL in HTTP/2, as a command".to_owned())
}

/// All ways, with seeds from 0 on.
pub(super) fn run(seeds: u64) -> Result<String> {
    let postgres = Postgres::start()?;
    in_process(&postgres, seeds, "conforms")?;
    let mut runs = 0;
    for seed in 0..seeds {
        for store in [None, Some("memory"), Some(postgres.url())] {
            let arguments: Vec<_> = store.into_iter().flat_map(|store| ["--store", store]).collect();
            {
                let server = Server::start_with(&arguments)?;
                judge(seed, &["--url", server.url()])?;
                judge(seed, &["--url", server.url(), "--http2", "--salt", "1"])?;
            }
            runs += 3;
            command(seed, &arguments)?;
        }
    }
    ensure!(runs > 0, "no seed was tried");
    Ok(format!("{seeds} seeds in process on three stores, {runs} runs by URL and command"))
}

/// Runs the tests of our server whose names have `word` in them.
fn in_process(postgres: &Postgres, seeds: u64, word: &str) -> Result<()> {
    let mut test = cargo();
    test.args(["test", "--quiet", "--package", "planewright-broken", "--test", "conformant", word]);
    test.args(["--", "--nocapture"]);
    process::run(test.envs(postgres.environment()).env(SEEDS, seeds.to_string()))
}

/// How many of the broken servers the suite catches, with optimisation: a hundred runs take their time.
pub(super) fn score() -> Result<()> {
    let mut test = cargo();
    test.args(["test", "--release", "--quiet", "--package", "planewright-broken", "--test", "score"]);
    process::run(test.args(["broken_servers", "--", "--nocapture"]).env("PLANEWRIGHT_SCORE", "1"))
}

fn judge(seed: u64, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(server::build()?);
    process::run(command.args(["conformance", "flink", "--seed", &seed.to_string()]).args(arguments))
}

/// The suite starts the server itself, and may kill it.
fn command(seed: u64, arguments: &[&str]) -> Result<()> {
    let [port, _] = http::free_ports()?;
    let address = format!("127.0.0.1:{port}");
    let data = place::Temporary::new("judged")?;
    let program = server::build()?;
    let line = format!(
        "{} serve --listen {address} --data {} {}",
        program.display(),
        data.path().display(),
        arguments.join(" ")
    );
    judge(seed, &["--url", &format!("http://{address}"), "--salt", "2", "--command", &line])
}
