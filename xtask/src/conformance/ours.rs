//! Our own server, which must conform with every seed, on every store, however it is reached.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::process::{self, cargo};
use crate::server::{self, Server};
use crate::servers::Postgres;
use crate::{http, place};

/// The variable that tells the tests of `tests/broken` how many seeds to try.
const SEEDS: &str = "PLANEWRIGHT_SEEDS";

/// A step of CI.
pub(crate) fn few() -> Result<String> {
    run(1)
}

/// All ways, with seeds from 0 on.
pub(super) fn run(seeds: u64) -> Result<String> {
    let postgres = Postgres::start()?;
    let mut test = cargo();
    test.args([
        "test",
        "--quiet",
        "--package",
        "planewright-broken",
        "--test",
        "conformant",
        "--",
        "--nocapture",
    ]);
    process::run(test.envs(postgres.environment()).env(SEEDS, seeds.to_string()))?;
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
