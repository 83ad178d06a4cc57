//! The stores that are judged, by name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use planewright_backend::etcd::EtcdStore;
use planewright_backend::memory::MemoryStore;
use planewright_backend::postgres::PostgresStore;
use planewright_backend::redb::RedbStore;
use planewright_backend::store::Store;

use crate::toy::{Fault, Toy};

/// An implementation that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The memory of this process.
    Memory,
    /// A file in the data folder.
    Redb,
    /// The database that PLANEWRIGHT_POSTGRES names.
    Postgres,
    /// The cluster that PLANEWRIGHT_ETCD names.
    Etcd,
    /// A text file: what the judge of killed processes is tried on.
    #[value(hide = true)]
    Toy,
    /// The same with faults.
    #[value(hide = true)]
    ToyLate,
    #[value(hide = true)]
    ToyTorn,
    #[value(hide = true)]
    ToyEarly,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Redb => "redb",
            Self::Postgres => "postgres",
            Self::Etcd => "etcd",
            Self::Toy => "toy",
            Self::ToyLate => "toy-late",
            Self::ToyTorn => "toy-torn",
            Self::ToyEarly => "toy-early",
        })
    }
}

impl Kind {
    /// The file with the process id of the store's server.
    pub(crate) fn server(self) -> Result<PathBuf> {
        match self {
            Self::Postgres => Ok(variable("PLANEWRIGHT_POSTGRES_PID")?.into()),
            Self::Etcd => Ok(variable("PLANEWRIGHT_ETCD_PID")?.into()),
            _ => bail!("{self} has no server"),
        }
    }

    /// Opens the store of this `purpose`: several values of the same store if that can be.
    pub(crate) async fn open(self, data: &Path, purpose: &str) -> Result<Vec<Arc<dyn Store>>> {
        let file = || -> Result<PathBuf> {
            std::fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
            Ok(data.join(purpose))
        };
        match self {
            Self::Memory => Ok(vec![Arc::new(MemoryStore::new())]),
            Self::Redb => {
                let file = file()?.with_extension("redb");
                let opened = tokio::task::spawn_blocking(move || RedbStore::open(file)).await?;
                Ok(vec![Arc::new(opened?)])
            }
            Self::Toy => toy(&file()?, None).await,
            Self::ToyLate => toy(&file()?, Some(Fault::Late)).await,
            Self::ToyTorn => toy(&file()?, Some(Fault::Torn)).await,
            Self::ToyEarly => toy(&file()?, Some(Fault::Early)).await,
            Self::Postgres => {
                let url = variable("PLANEWRIGHT_POSTGRES")?;
                several(async || Ok(Arc::new(PostgresStore::connect(&url).await?))).await
            }
            Self::Etcd => {
                let url = variable("PLANEWRIGHT_ETCD")?;
                several(async || Ok(Arc::new(EtcdStore::connect(&url).await?))).await
            }
        }
    }
}

async fn toy(file: &Path, fault: Option<Fault>) -> Result<Vec<Arc<dyn Store>>> {
    Ok(vec![Arc::new(Toy::open(file, fault).await?)])
}

/// As many values of a store as a small cluster has servers.
async fn several<S: Store + 'static>(
    connect: impl AsyncFn() -> Result<Arc<S>>,
) -> Result<Vec<Arc<dyn Store>>> {
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..3 {
        stores.push(connect().await?);
    }
    Ok(stores)
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
