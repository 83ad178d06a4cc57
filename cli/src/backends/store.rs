//! `--store` and `--data`: where state is kept.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use planewright_backend::memory::MemoryStore;
use planewright_backend::store::Store;

use crate::Failure;

/// The options that name a store: the same for every command that opens one.
#[derive(Debug, Args)]
pub(crate) struct StoreOptions {
    /// Where artifacts are kept
    #[arg(long, value_name = "DIR", default_value = "planewright-data")]
    pub(crate) data: PathBuf,
    /// Where state is kept: `memory` forgets it at the end
    #[arg(long, value_name = "memory|URL", default_value = "memory")]
    pub(crate) store: StoreName,
}

/// What `--store` names. Its text is fit for logs: it has no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreName {
    /// The memory of this process.
    Memory,
}

impl FromStr for StoreName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "memory" => Ok(Self::Memory),
            _ => Err("this version has the store `memory` only".to_owned()),
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
        open(&self.store, &self.folder()?).await
    }
}

async fn open(name: &StoreName, _data: &Path) -> Result<Arc<dyn Store>, Failure> {
    match name {
        StoreName::Memory => Ok(Arc::new(MemoryStore::default())),
    }
}
