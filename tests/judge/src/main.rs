//! Judges what the generator makes of documents.
//!
//! `planewright-judge oracle DOC…`: for every schema, values drawn from it and values next to those are read by the generated
//! types and by a JSON Schema validator. Both must agree, and what is accepted must come back equal.
//!
//! `planewright-judge round-trip DOC…`: for every operation, the generated client calls the generated server in one process, with
//! drawn parameters and bodies. The server must see what was sent, and the client receive what was answered.

mod document;
mod exchange;
mod harness;
mod oracle;
mod places;
mod readings;
mod report;
mod round_trip;
mod same;
mod subject;
mod validators;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use document::Document;
use harness::Workshop;
use oracle::Effort;
use report::Report;

/// Judges what the generator makes of documents.
///
/// Exit codes: 0 all is well, 1 something differs, 2 usage.
#[derive(Parser)]
#[command(name = "planewright-judge", version, disable_help_subcommand = true)]
struct Arguments {
    /// The workspace's root, where the runtime crates are.
    #[arg(long, global = true, default_value = ".")]
    root: PathBuf,
    /// Where programs are built.
    #[arg(long, global = true, default_value = "target")]
    target: PathBuf,
    #[command(subcommand)]
    judge: Judge,
}

#[derive(Subcommand)]
enum Judge {
    /// The types against a JSON Schema validator. All is well if they agree often enough, and what is left has a reason.
    Oracle {
        /// The documents.
        documents: Vec<PathBuf>,
        /// Samples of each schema.
        #[arg(long, default_value_t = 8)]
        samples: usize,
        /// Misses of each sample.
        #[arg(long, default_value_t = 10)]
        misses: usize,
        /// Where the numbers begin.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The least agreement that is well, in percent.
        #[arg(long, default_value_t = 99.9)]
        agreement: f64,
    },
    /// The generated client calls the generated server.
    RoundTrip {
        /// The documents.
        documents: Vec<PathBuf>,
        /// Calls of each operation.
        #[arg(long, default_value_t = 12)]
        calls: usize,
        /// Where the numbers begin.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    match carry_out(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(arguments: Arguments) -> Result<bool> {
    let root = arguments.root.canonicalize()?;
    let target = std::path::absolute(arguments.target)?;
    let workshop = Workshop { folder: target.join("judge"), root, target };
    match arguments.judge {
        Judge::Oracle { documents, samples, misses, seed, agreement } => {
            oracle(&workshop, &documents, Effort { samples, misses, seed }, agreement)
        }
        Judge::RoundTrip { documents, calls, seed } => round_trip(&workshop, &documents, calls, seed),
    }
}

fn oracle(workshop: &Workshop, documents: &[PathBuf], effort: Effort, agreement: f64) -> Result<bool> {
    let mut all = Report::new("all");
    let mut well = true;
    println!("{}", Report::heading());
    for path in documents {
        let judged = match Document::read(path) {
            Ok(Some(document)) => oracle::judge(&document, workshop, effort),
            Ok(None) => {
                println!("{:<30} refused by the generator", path.display());
                continue;
            }
            Err(error) => Err(error),
        };
        match judged {
            Ok(report) => {
                println!("{}", report.row());
                all.add(&report);
            }
            Err(error) => {
                println!("{}: {error:#}", path.display());
                well = false;
            }
        }
    }
    println!("{}", all.row());
    for line in &all.unjudged {
        println!("not judged: {line}");
    }
    print!("\n{}", all.classes());
    Ok(well && all.agreement() >= agreement && all.unexplained() == 0)
}

fn round_trip(workshop: &Workshop, documents: &[PathBuf], calls: usize, seed: u64) -> Result<bool> {
    let mut all = round_trip::Report::new("all");
    let mut well = true;
    println!("{}", round_trip::Report::heading());
    for path in documents {
        let judged = match Document::read(path) {
            Ok(Some(document)) => round_trip::judge(&document, workshop, calls, seed),
            Ok(None) => {
                println!("{:<30} refused by the generator", path.display());
                continue;
            }
            Err(error) => Err(error),
        };
        match judged {
            Ok(report) => {
                println!("{}", report.row());
                all.add(&report);
            }
            Err(error) => {
                println!("{}: {error:#}", path.display());
                well = false;
            }
        }
    }
    println!("{}", all.row());
    print!("\n{}", all.details());
    Ok(well && all.is_well())
}
