//! `--store` and `--data`: where state is kept.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use planewright_backend::etcd::EtcdStore;
use planewright_backend::memory::MemoryStore;
use planewright_backend::postgres::PostgresStore;
use planewright_backend::redb::RedbStore;
use planewright_backend::store::{OpenError, Store};

use crate::Failure;

/// The file in the data folder.
const FILE: &str = "state.redb";

/// The options that name a store: the same for every command that opens one.
#[derive(Debug, Args)]
pub(crate) struct StoreOptions {
    /// The folder of state and artifacts
    #[arg(long, value_name = "DIR", default_value = "planewright-data")]
    pub(crate) data: PathBuf,
    /// Where state is kept: `redb` is a file in the data folder, `memory` forgets it at the end; postgres://… and
    /// etcd://… are for several servers
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
    /// A PostgreSQL database.
    Postgres(Address),
    /// An etcd.
    Etcd(Address),
}

/// A URL, which may hold a password: its text leaves that out.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters may hold one, too.
        let url = self.0.split_once('?').map_or(self.0.as_str(), |(url, _)| url);
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        write!(f, "{scheme}://{place}")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for StoreName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = || Address(text.to_owned());
        match text.split_once("://").map_or(text, |(scheme, _)| scheme) {
            "redb" => Ok(Self::Redb),
            "memory" => Ok(Self::Memory),
            "postgres" | "postgresql" => Ok(Self::Postgres(address())),
            "etcd" | "etcds" => Ok(Self::Etcd(address())),
            _ => Err("a store is `redb`, `memory`, postgres://… or etcd://…".to_owned()),
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redb => f.write_str("redb"),
            Self::Memory => f.write_str("memory"),
            Self::Postgres(address) | Self::Etcd(address) => address.fmt(f),
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
            StoreName::Postgres(Address(url)) => opened(&self.store, PostgresStore::connect(url).await),
            StoreName::Etcd(Address(url)) => opened(&self.store, EtcdStore::connect(url).await),
        }
    }

    /// Opens a store that outlives this process.
    pub(crate) async fn open_kept(&self) -> Result<Arc<dyn Store>, Failure> {
        if self.store == StoreName::Memory {
            return Err(Failure::new(Failure::USAGE, "--store memory: nothing is kept there"));
        }
        self.open().await
    }

    /// Opens a store that is there already.
    pub(crate) async fn open_existing(&self) -> Result<Arc<dyn Store>, Failure> {
        if self.store == StoreName::Redb {
            let path = self.folder()?.join(FILE);
            if !path.exists() {
                let message = format!("there is no store in {}", path.display());
                return Err(Failure::new(Failure::COULD_NOT_RUN, message));
            }
        }
        self.open_kept().await
    }
}

async fn redb(path: PathBuf) -> Result<Arc<dyn Store>, Failure> {
    let opened = tokio::task::spawn_blocking(move || RedbStore::open(path)).await;
    let failed = |error: &dyn Error| Failure::could_not("opening the store", error);
    let store = opened.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(Arc::new(store))
}

fn opened<S: Store + 'static>(
    name: &StoreName,
    store: Result<S, OpenError>,
) -> Result<Arc<dyn Store>, Failure> {
    match store {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Failure::could_not(&format!("opening the store {name}"), &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_in_the_text() {
        for url in ["postgres://u:hu@sh@host:1/db?password=hush", "postgres://u:hu@sh@host:1/db"] {
            let name: StoreName = url.parse().unwrap();
            assert_eq!(
                (name.to_string(), format!("{name:?}")),
                ("postgres://host:1/db".into(), "Postgres(postgres://host:1/db)".into())
            );
        }
    }

    #[test]
    fn what_names_no_store_is_refused() {
        assert!("mysql://host".parse::<StoreName>().is_err());
    }
}
