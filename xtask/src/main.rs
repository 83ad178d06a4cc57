//! The project's own chores: `cargo xtask test`, `ci`, `codegen`, `tidy`, `lint-spec`, `flink`, `servers`.
//!
//! Everything that a chore needs beyond Rust, Java and Python it fetches itself, by package name, into the
//! folder that [`place::cache`] tells. What it cannot fetch it names.

mod browser;
mod codegen;
mod conformance;
mod corpus;
mod flink;
mod histories;
mod http;
mod judge;
mod lint_spec;
mod place;
mod process;
mod server;
mod servers;
mod steps;
mod three_servers;
mod tidy;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own chores.
///
/// Exit codes: 0 all is well, 1 something checked has failed, 2 usage.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Runs all checks and tests, or those named. With CI=true, what could not run counts as failed.
    Test {
        /// Steps to run; all by default.
        steps: Vec<String>,
        /// Shows the steps instead.
        #[arg(long)]
        list: bool,
    },
    /// Runs all checks and tests as CI does: what could not run counts as failed.
    Ci {
        /// Steps to run; all by default.
        steps: Vec<String>,
    },
    /// Writes the generated modules of our own crates.
    Codegen {
        /// Says where they differ from what the documents say instead, and writes nothing.
        #[arg(long)]
        check: bool,
    },
    /// Judges generated types by drawn values, against a JSON Schema validator.
    Oracle(judge::Selection),
    /// Generates a crate from each document of a folder, checks it, and prints a table.
    ///
    /// Exit code 1 if a document can't be generated, if an operation is missing that no message names, or if a crate
    /// has an error or a warning.
    Corpus(corpus::Arguments),
    /// Judges generated clients and servers by calls between them.
    RoundTrip(judge::Selection),
    /// Plays 10,000 power cuts on the embedded store; the unit tests play a tenth of them.
    PowerCut,
    /// Runs the conformance suite against what it must pass, and what it must fail.
    #[command(subcommand)]
    Conformance(conformance::Command),
    /// Checks the house rules.
    Tidy,
    /// Lints our OpenAPI documents.
    LintSpec,
    /// A real Flink: a cluster in the foreground, its command line, the test jobs.
    #[command(subcommand)]
    Flink(flink::Command),
    Servers(servers::Arguments),
    /// Judges stores by histories of concurrent clients and of watchers, and prints a table.
    Histories(histories::Histories),
    /// Kills processes that write to a store, judges what is left, and prints a table.
    Crash(histories::Crash),
    /// Kills three servers on one PostgreSQL in turn, and counts how often each job ran.
    ThreeServers(three_servers::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = process::end_with_signal().and_then(|()| carry_out(arguments.chore));
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn carry_out(chore: Chore) -> Result<ExitCode> {
    match chore {
        Chore::Test { list: true, .. } => {
            steps::list();
            Ok(ExitCode::SUCCESS)
        }
        Chore::Test { steps, list: false } => {
            let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
            steps::run(&steps, strict).map(|()| ExitCode::SUCCESS)
        }
        Chore::Ci { steps } => steps::run(&steps, true).map(|()| ExitCode::SUCCESS),
        Chore::Codegen { check: true } => {
            println!("{}", codegen::check()?);
            Ok(ExitCode::SUCCESS)
        }
        Chore::Codegen { check: false } => codegen::write().map(|()| ExitCode::SUCCESS),
        Chore::RoundTrip(selection) => judge::round_trip(&selection).map(|()| ExitCode::SUCCESS),
        Chore::Oracle(selection) => judge::oracle(&selection).map(|()| ExitCode::SUCCESS),
        Chore::Corpus(arguments) => corpus::run(&arguments),
        Chore::PowerCut => power_cut().map(|()| ExitCode::SUCCESS),
        Chore::Conformance(command) => conformance::run(&command).map(|()| ExitCode::SUCCESS),
        Chore::Tidy => tidy::run().map(|_| ExitCode::SUCCESS),
        Chore::LintSpec => lint_spec::run().map(|_| ExitCode::SUCCESS),
        Chore::Flink(command) => flink::run(command),
        Chore::Servers(arguments) => servers::run(&arguments),
        Chore::Histories(chosen) => histories::histories(&chosen).map(|()| ExitCode::SUCCESS),
        Chore::Crash(chosen) => histories::crash(&chosen).map(|()| ExitCode::SUCCESS),
        Chore::ThreeServers(arguments) => three_servers::run(&arguments).map(|()| ExitCode::SUCCESS),
    }
}

/// The test of the unit tests, with more disks drawn.
fn power_cut() -> Result<()> {
    let arguments = ["test", "--package", "planewright-backend", "--lib", "power_cut", "--", "--nocapture"];
    process::run(process::cargo().args(arguments).env("PLANEWRIGHT_POWER_CUTS", "19"))
}
