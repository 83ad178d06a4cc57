//! The conformance suite, against what it must pass and what it must fail.

mod flink;
mod foreign;
mod mutants;
mod ours;
mod schemathesis;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use flink::real as real_flink;
pub(crate) use foreign::shop as foreign_api;
pub(crate) use ours::few as our_server;

/// Runs the conformance suite.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Against a real Flink cluster, with the differences that are known by name.
    Flink {
        /// More arguments of `planewright conformance`, such as `--seed 7` or `--only 'flink.metrics.*'`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Against our server on each store: in process, by URL in HTTP/1.1 and HTTP/2, and as a command.
    Ours {
        /// How many seeds, from 0 on.
        #[arg(long, default_value_t = 20)]
        seeds: u64,
    },
    /// Against servers that are wrong in one way each, and prints by which case each is caught.
    Score,
    /// Schemathesis on the broken servers, beside our suite on the same, in one table.
    Schemathesis {
        /// Only servers whose name or class contains one of these words.
        words: Vec<String>,
        /// How long it may look at each server.
        #[arg(long, default_value_t = 25)]
        seconds: u32,
    },
    /// Changes the code of the reference server bit by bit, and counts the changes that the suite notices. Takes hours.
    Mutants {
        /// Which part of all changes, as `k/n` with k from 0 on.
        #[arg(long, default_value = "0/1")]
        shard: String,
        /// Only print the changes.
        #[arg(long)]
        list: bool,
    },
    /// Against a shop in Python, judged by its document alone: it passes, and each of its mistakes is found.
    Foreign,
    /// Against a mock of our documents, which keeps to them and remembers nothing.
    Prism,
}

/// Carries out the chore.
///
/// # Errors
/// If something can't be started, or the suite says something else than it should.
pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Flink { arguments } => flink::real_with(arguments).map(drop),
        Command::Ours { seeds } => ours::run(*seeds).map(drop),
        Command::Score => ours::score(),
        Command::Schemathesis { words, seconds } => schemathesis::run(words, *seconds),
        Command::Mutants { shard, list } => mutants::run(shard, *list),
        Command::Foreign => told(foreign::shop()),
        Command::Prism => told(foreign::mock()),
    }
}

fn told(done: Result<String>) -> Result<()> {
    println!("{}", done?);
    Ok(())
}
