//! Measures the generated server beside a hand-written hyper server and axum, in one run.
//!
//! Two measures, and why not a third:
//!
//! - **Instructions and allocations per request**, counted by valgrind as the difference of a long and a short
//!   run on one connection. Start-up cancels, and whatever else the machine does makes no difference.
//! - **CPU time per request**, in short slices that visit the contenders in turn, as the median of paired ratios
//!   to the control. A second copy of the control is measured too: if *that* ratio is far from 1, the machine was
//!   too noisy, and the table says so.
//! - No requests per second: on a shared machine they say more about the neighbours than about the server.

mod contender;
mod count;
mod cpu;
mod derived;
mod load;
mod server;
mod workload;

/// What the build script made of `openapi.yaml`. A binary uses less of it than a library would show.
#[allow(unused_imports, dead_code, unreachable_pub)]
mod deployments {
    planewright_model::include_generated!("openapi");
}

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::server::{Contender, Process};
use crate::workload::Workload;

/// The generated server beside raw hyper and axum.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Count instructions and allocations (needs valgrind), then compare CPU time. The default.
    All {
        /// Rounds of 20 ms slices for the CPU comparison.
        #[arg(long, default_value_t = 90)]
        rounds: usize,
    },
    /// One request of each kind to each contender: do they all answer the same?
    Verify,
    /// Serve as one contender; used by the others.
    #[command(hide = true)]
    Contender {
        /// Which.
        contender: Contender,
    },
}

const CONTENDERS: [Contender; 4] =
    [Contender::Hyper, Contender::Axum, Contender::Planewright, Contender::PlanewrightLayers];

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command.unwrap_or(Command::All { rounds: 90 }) {
        Command::Contender { contender } => contender::run(contender),
        Command::Verify => drive(verify()),
        Command::All { rounds } => drive(all(rounds)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}

fn drive(work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

async fn verify() -> io::Result<()> {
    for workload in workload::all() {
        let mut expected: Option<serde_json::Value> = None;
        for contender in CONTENDERS {
            let process = Process::start(contender, &[], None).await?;
            let mut connection = load::Connection::open(process.address).await?;
            let (status, body) = connection.exchange(&workload.request).await?;
            let value: serde_json::Value = serde_json::from_slice(body).map_err(io::Error::other)?;
            println!("{:8} {:20} {status} {:7} bytes", workload.name, contender.name(), body.len());
            if status != workload.status || *expected.get_or_insert_with(|| value.clone()) != value {
                return Err(io::Error::other(format!("{} answers otherwise", contender.name())));
            }
            process.stop().await?;
        }
    }
    Ok(())
}

async fn all(rounds: usize) -> io::Result<()> {
    verify().await?;
    let workloads = workload::all();
    if has_valgrind() {
        let directory = std::env::temp_dir().join(format!("planewright-benches-{}", std::process::id()));
        std::fs::create_dir_all(&directory)?;
        for workload in &workloads {
            counts(workload, &directory).await?;
        }
        std::fs::remove_dir_all(&directory)?;
    } else {
        println!("\nvalgrind isn't installed: instructions and allocations were not counted");
    }
    for workload in &workloads {
        times(workload, rounds).await?;
    }
    Ok(())
}

fn has_valgrind() -> bool {
    std::process::Command::new("valgrind")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

async fn counts(workload: &Workload, directory: &std::path::Path) -> io::Result<()> {
    println!("\n{}", workload.title);
    println!("  {:20} {:>14} {:>6} {:>12}", "", "instructions", "ratio", "allocations");
    let mut control = None;
    for contender in CONTENDERS {
        let cost = count::count(contender, workload, directory).await?;
        let ratio = cost.instructions / *control.get_or_insert(cost.instructions);
        println!(
            "  {:20} {:>14.0} {:>6.2} {:>12.1}",
            contender.name(),
            cost.instructions,
            ratio,
            cost.allocations
        );
    }
    Ok(())
}

async fn times(workload: &Workload, rounds: usize) -> io::Result<()> {
    let ratios = cpu::compare(&CONTENDERS, workload, rounds).await?;
    println!("\n{}: CPU time per request (control {:.1} µs)", workload.title, ratios.control_micros);
    for (contender, ratio) in &ratios.cpu {
        println!("  {:20} {ratio:>6.2}", contender.name());
    }
    let verdict =
        if (0.96..=1.04).contains(&ratios.noise) { "" } else { "  inconclusive: the machine was too noisy" };
    println!("  {:20} {:>6.2}{verdict}", "copy of the control", ratios.noise);
    Ok(())
}
