//! Histories of concurrent clients, watchers and killed processes: `planewright-histories` on every store that ships.

mod served;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::place::{self, Temporary};
use crate::process::{self, cargo};
use crate::servers::{self, Servers};

/// A store that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Memory,
    Redb,
    Postgres,
    Etcd,
}

/// Which histories.
#[derive(Args)]
pub(crate) struct Histories {
    /// A store; may be repeated. All by default.
    #[arg(long = "store", value_enum)]
    stores: Vec<Store>,
    /// How many histories of each store; by default 1,000 of stores without a server, 100 of the others, and 200 with
    /// watchers.
    #[arg(long)]
    histories: Option<usize>,
    /// The seed of the first history.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How often processes are killed, on which store.
#[derive(Args)]
pub(crate) struct Crash {
    /// A store; may be repeated. All by default.
    #[arg(long = "store", value_enum)]
    stores: Vec<Store>,
    /// How many processes are killed on each store; by default 500 on a file, 100 on PostgreSQL, 20 on etcd.
    #[arg(long)]
    cycles: Option<usize>,
    /// Kills `planewright serve` alone, 50 times by default, while callers work over HTTP.
    #[arg(long, conflicts_with = "stores")]
    served: bool,
    /// What chance depends on.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Store {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redb => "redb",
            Self::Postgres => "postgres",
            Self::Etcd => "etcd",
        }
    }

    fn server(self) -> Option<servers::Kind> {
        match self {
            Self::Memory | Self::Redb => None,
            Self::Postgres => Some(servers::Kind::Postgres),
            Self::Etcd => Some(servers::Kind::Etcd),
        }
    }

    /// How many histories show enough, and how many killed processes. What is in memory survives nobody.
    fn full(self) -> (usize, usize) {
        match self {
            Self::Memory => (1000, 0),
            Self::Redb => (1000, 500),
            Self::Postgres => (100, 100),
            Self::Etcd => (100, 20),
        }
    }
}

/// The program, its stores and the servers they need.
struct Judge {
    program: PathBuf,
    stores: Vec<Store>,
    servers: Servers,
    folder: Temporary,
}

impl Judge {
    fn new(stores: &[Store]) -> Result<Self> {
        process::run(cargo().args(["build", "--quiet", "--package", "planewright-histories"]))?;
        let name = format!("planewright-histories{}", std::env::consts::EXE_SUFFIX);
        let program = place::target().join("debug").join(name);
        let stores = if stores.is_empty() { Store::value_variants() } else { stores }.to_vec();
        let kinds: Vec<_> = stores.iter().filter_map(|store| store.server()).collect();
        Ok(Self { program, stores, servers: Servers::start(&kinds)?, folder: Temporary::new("histories")? })
    }

    fn run(&self, what: &str, store: Store, count: (&str, usize), seed: u64, more: &[&str]) -> Result<()> {
        let data = Temporary::within(self.folder.path(), what)?;
        let mut command = Command::new(&self.program);
        command.args([
            what,
            "--store",
            store.name(),
            count.0,
            &count.1.to_string(),
            "--seed",
            &seed.to_string(),
        ]);
        command.args(more).arg("--data").arg(data.path());
        process::run(self.servers.tell(&mut command))
    }
}

/// Lets clients and watchers work on stores, and judges what they saw.
pub(crate) fn histories(chosen: &Histories) -> Result<()> {
    let judge = Judge::new(&chosen.stores)?;
    for what in ["linearizability", "watching"] {
        for &store in &judge.stores {
            let full = if what == "watching" { 200 } else { store.full().0 };
            judge.run(what, store, ("--histories", chosen.histories.unwrap_or(full)), chosen.seed, &[])?;
        }
    }
    Ok(())
}

/// Kills processes that write, and judges what is left.
pub(crate) fn crash(chosen: &Crash) -> Result<()> {
    if chosen.served || chosen.stores.is_empty() {
        served::kill(chosen.cycles.unwrap_or(50), chosen.seed)?;
    }
    if chosen.served {
        return Ok(());
    }
    let judge = Judge::new(&chosen.stores)?;
    for &store in judge.stores.iter().filter(|store| store.full().1 > 0) {
        let count = ("--cycles", chosen.cycles.unwrap_or(store.full().1));
        judge.run("crash", store, count, chosen.seed, &[])?;
        if store.server().is_some() {
            judge.run("crash", store, count, chosen.seed, &["--server"])?;
        }
    }
    Ok(())
}

/// A part of the test run: few histories of each kind.
pub(crate) fn few_histories() -> Result<String> {
    let each = 25;
    histories(&Histories { stores: Vec::new(), histories: Some(each), seed: 1 })?;
    Ok(format!("{each} of clients and {each} of watchers on each store"))
}

/// A part of the test run: few killed processes.
pub(crate) fn few_crashes() -> Result<String> {
    let each = 20;
    crash(&Crash { stores: Vec::new(), cycles: Some(each), served: false, seed: 1 })?;
    Ok(format!("{each} killed processes on each store, and as many servers"))
}
