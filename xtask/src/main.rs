//! The project's own chores: `cargo xtask test`, `tidy`, `lint-spec`, `flink`.
//!
//! Everything that a chore needs beyond Rust, Java and Python it fetches itself, by package name, into the
//! cache that [`place`] describes. What it cannot fetch it names.

mod flink;
mod http;
mod place;
mod process;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// A real Flink: a cluster in the foreground, its command line, the test jobs.
    #[command(subcommand)]
    Flink(flink::Command),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Flink(command) => flink::run(command),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(3)
        }
    }
}
