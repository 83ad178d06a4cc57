//! `planewright`: serves the control-plane APIs, and turns OpenAPI documents into Rust.
//!
//! Exit codes: 0 ok; 1 the thing checked failed; 2 usage; 3 could not run.

mod arguments;
mod backends;
mod conformance;
mod document;
mod explain;
mod input;
mod progress;
mod serve;
mod store;
mod swagger;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Generate(arguments) => document::generate(&arguments),
        Command::Check(arguments) => document::check(&arguments),
        Command::Dump(arguments) => document::dump(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Store(command) => store::run(&command),
        Command::Supervise(arguments) => supervise(&arguments.folder),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message {
                eprintln!("planewright: {message}");
            }
            ExitCode::from(failure.code)
        }
    }
}

#[cfg(target_os = "linux")]
fn supervise(folder: &std::path::Path) -> Result<(), Failure> {
    planewright_backend::process::supervise(folder)
        .map_err(|error| Failure::could_not("supervising a job", &error))
}

#[cfg(not(target_os = "linux"))]
fn supervise(_: &std::path::Path) -> Result<(), Failure> {
    Err(Failure::new(Failure::USAGE, "jobs are supervised on Linux only"))
}

/// Why a command ends badly.
struct Failure {
    code: u8,
    /// What is left to say; the rest was printed as it came up.
    message: Option<String>,
}

impl Failure {
    /// The thing checked failed.
    const CHECKED: u8 = 1;
    /// The command line asks for something that there isn't.
    const USAGE: u8 = 2;
    /// The command could not run.
    const COULD_NOT_RUN: u8 = 3;

    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// All of it has been printed.
    fn said(code: u8) -> Self {
        Self { code, message: None }
    }

    /// An error with what caused it.
    fn could_not(what: &str, error: &dyn std::error::Error) -> Self {
        let mut message = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self::new(Self::COULD_NOT_RUN, message)
    }
}
