//! `--store` and `--data`: where state is kept.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use planewright_backend::memory::MemoryStore;
use planewright_backend::redb::RedbStore;
use planewright_backend::store::Store;

use crate::Failure;

/// The file in the data folder.
const FILE: &str = "state.redb";

/// The options that name a store: the same for every command that opens one.
#[derive(Debug, Args)]
pub(crate) struct StoreOptions {
    /// The folder of state and artifacts
    #[arg(long, value_name = "DIR", default_value = "planewright-data")]
    pub(crate) data: PathBuf,
    /// Where state is kept: `redb` is a file in the data folder, `memory` forgets it at the end
    #[arg(long, value_name = "redb|memory|URL", default_value = "redb")]
    pub(crate) store: StoreName,
}

/// What `--store` names. Its text is fit for logs: it has no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreName {
    /// A file in the data folder.
    Redb,
    /// The memory of this process.
    Memory,
}

impl FromStr for StoreName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "redb" => Ok(Self::Redb),
            "memory" => Ok(Self::Memory),
            _ => Err("this version has the stores `redb` and `memory` only".to_owned()),
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redb => f.write_str("redb"),
            Self::Memory => f.write_str("memory"),
        }
    }
}

impl StoreOptions {
    /// The data folder with its whole path. It may not exist yet.
    pub(crate) fn folder(&self) -> Result<PathBuf, Failure> {
        std::path::absolute(&self.data).map_err(|error| Failure::could_not("--data names no folder", &error))
    }

    /// Opens the store. Needs a tokio runtime.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        match &self.store {
            StoreName::Redb => redb(self.folder()?.join(FILE)).await,
            StoreName::Memory => Ok(Arc::new(MemoryStore::default())),
        }
    }
}

async fn redb(path: PathBuf) -> Result<Arc<dyn Store>, Failure> {
    let opened = tokio::task::spawn_blocking(move || RedbStore::open(path)).await;
    let failed = |error: &dyn Error| Failure::could_not("opening the store", error);
    let store = opened.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(Arc::new(store))
}
