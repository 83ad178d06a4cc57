//! `planewright-histories`: judges stores by histories.
//!
//! Exit codes: 0 all is well; 1 a history breaks the contract, or could not be decided; 2 usage; 3 could not run.

mod stores;
mod toy;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use planewright_backend::store::{Revision, Store, StoreExt as _};
use planewright_histories::crash::{child, parent};
use planewright_histories::registers::Finding;
use planewright_histories::watching;
use planewright_histories::workload::{self, Load};

use stores::Kind;

/// Judges stores by histories.
#[derive(Parser)]
#[command(name = "planewright-histories", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Concurrent clients: is there one order of all that they did?
    Linearizability(Selection),
    /// Watchers that come and go while clients write: is anything missing, twice, or out of order?
    Watching(Selection),
    /// Processes that are killed while they write: is everything there that was acknowledged, and nothing by halves?
    Crash(Crash),
    /// The process that is killed.
    #[command(hide = true)]
    Writers(Writers),
}

#[derive(Args)]
struct Selection {
    /// A store; may be repeated.
    #[arg(long = "store", value_enum, default_value = "memory")]
    stores: Vec<Kind>,
    /// How many histories of each store.
    #[arg(long, default_value_t = 100)]
    histories: u64,
    /// The seed of the first history; the next one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// An empty folder for stores that are files.
    #[arg(long, default_value = "histories-data")]
    data: PathBuf,
}

#[derive(Args)]
struct Crash {
    /// The store.
    #[arg(long, value_enum, default_value = "redb")]
    store: Kind,
    /// How many processes are killed.
    #[arg(long, default_value_t = 20)]
    cycles: usize,
    /// What chance depends on.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// An empty folder for a store that is a file.
    #[arg(long, default_value = "histories-data")]
    data: PathBuf,
    /// Kills the store's server each time, too.
    #[arg(long)]
    server: bool,
}

#[derive(Args)]
struct Writers {
    #[arg(long, value_enum)]
    store: Kind,
    #[arg(long)]
    prefix: String,
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    run: usize,
    #[arg(long)]
    after: Option<u64>,
    #[arg(long)]
    seed: u64,
}

fn main() -> ExitCode {
    let done = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(carry_out(Arguments::parse().command)));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("planewright-histories: {error:#}");
            ExitCode::from(3)
        }
    }
}

async fn carry_out(command: Command) -> Result<bool> {
    match command {
        Command::Linearizability(selection) => linearizability(&selection).await,
        Command::Watching(selection) => watching(&selection).await,
        Command::Crash(crash) => tokio::task::block_in_place(|| kill(&crash)),
        Command::Writers(writers) => write(&writers).await.map(|()| true),
    }
}

/// What was found in a store's histories.
#[derive(Default)]
struct Found {
    violations: usize,
    undecided: usize,
}

impl Found {
    fn add(&mut self, kind: Kind, seed: u64, finding: &Finding) {
        eprintln!("{kind}: history {seed}: {finding}");
        match finding {
            Finding::Violation(_) => self.violations += 1,
            Finding::Undecided(_) => self.undecided += 1,
        }
    }

    fn is_nothing(&self) -> bool {
        self.violations + self.undecided == 0
    }
}

impl Selection {
    fn seeds(&self) -> impl Iterator<Item = u64> {
        self.seed..self.seed.saturating_add(self.histories)
    }
}

async fn linearizability(selection: &Selection) -> Result<bool> {
    println!(
        "linearizability {:>9} {:>11} {:>8} {:>10} {:>8} {:>11} {:>10} {:>8}",
        "histories", "operations", "commits", "conflicts", "unknown", "violations", "undecided", "time"
    );
    let mut good = true;
    for kind in &selection.stores {
        let start = Instant::now();
        let stores = kind.open(&selection.data, "linearizability").await?;
        let (mut sum, mut found) = (workload::Tally::default(), Found::default());
        for seed in selection.seeds() {
            match workload::judge(&stores, &format!("linearizability/{seed}/"), &Load::of_seed(seed)).await {
                Ok(tally) => sum += tally,
                Err(finding) => found.add(*kind, seed, &finding),
            }
        }
        println!(
            "  {kind:<13} {:>9} {:>11} {:>8} {:>10} {:>8} {:>11} {:>10} {:>6.0} s",
            selection.histories,
            sum.operations,
            sum.committed,
            sum.conflicts,
            sum.unknown,
            found.violations,
            found.undecided,
            start.elapsed().as_secs_f64()
        );
        good &= found.is_nothing();
    }
    Ok(good)
}

async fn watching(selection: &Selection) -> Result<bool> {
    println!(
        "watching        {:>9} {:>11} {:>8} {:>10} {:>8} {:>11} {:>10} {:>8}",
        "histories", "items", "commits", "resumed", "lost", "violations", "undecided", "time"
    );
    let mut good = true;
    for kind in &selection.stores {
        let start = Instant::now();
        let stores = kind.open(&selection.data, "watching").await?;
        let (mut sum, mut found) = (watching::Tally::default(), Found::default());
        for seed in selection.seeds() {
            let load = Load { dropped: 0, ..Load::of_seed(seed) };
            match watching::judge(&stores, &format!("watching/{seed}/"), &load).await {
                Ok(tally) => sum += tally,
                Err(finding) => found.add(*kind, seed, &finding),
            }
        }
        println!(
            "  {kind:<13} {:>9} {:>11} {:>8} {:>10} {:>8} {:>11} {:>10} {:>6.0} s",
            selection.histories,
            sum.items,
            sum.commits,
            sum.resumed,
            sum.compacted,
            found.violations,
            found.undecided,
            start.elapsed().as_secs_f64()
        );
        good &= found.is_nothing();
    }
    Ok(good)
}

fn kill(crash: &Crash) -> Result<bool> {
    let Crash { store, cycles, seed, data, server } = crash;
    let start = Instant::now();
    let mut arguments =
        vec!["writers".to_owned(), "--store".to_owned(), store.to_string(), "--data".to_owned()];
    arguments.push(data.display().to_string());
    // The same store may be judged in both ways, one after the other.
    let prefix = if *server { "crash-server/" } else { "crash/" };
    arguments.extend(["--prefix".to_owned(), prefix.to_owned()]);
    let server = server.then(|| store.server()).transpose()?;
    let plan = parent::Plan {
        program: std::env::current_exe()?,
        arguments,
        cycles: *cycles,
        seed: *seed,
        server: server.clone(),
    };
    let what = format!("{store}{}", if server.is_some() { " (server)" } else { "" });
    println!(
        "crash             {:>6} {:>7} {:>13} {:>16} {:>20} {:>11} {:>8}",
        "cycles", "early", "acknowledged", "in doubt: done", "in doubt: not done", "violations", "time"
    );
    let judged = parent::run(&plan)?;
    let outcome = judged.as_ref().copied().unwrap_or_default();
    if let Err(finding) = &judged {
        eprintln!("{what}: {finding}");
    }
    println!(
        "  {what:<15} {cycles:>6} {:>7} {:>13} {:>16} {:>20} {:>11} {:>6.0} s",
        outcome.early,
        outcome.tally.acknowledged,
        outcome.tally.happened,
        outcome.tally.not_happened,
        usize::from(judged.is_err()),
        start.elapsed().as_secs_f64()
    );
    Ok(judged.is_ok())
}

async fn write(writers: &Writers) -> Result<()> {
    let stores = open_in_time(writers).await?;
    let after = match writers.after {
        Some(after) => Revision(after),
        None => stores[0].revision().await?,
    };
    let orders = child::Orders {
        prefix: writers.prefix.clone(),
        run: writers.run,
        load: Load { keys: 12, ..Load::of_seed(writers.seed) },
        after,
    };
    child::run(&stores, &orders).await.map_err(anyhow::Error::msg)
}

/// Opens the store; a server that was killed may not be back yet.
async fn open_in_time(writers: &Writers) -> Result<Vec<Arc<dyn Store>>> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let start = Instant::now();
    loop {
        match writers.store.open(&writers.data, "crash").await {
            Err(_) if writers.store.server().is_ok() && start.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            opened => return opened,
        }
    }
}
