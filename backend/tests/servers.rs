//! The contract suite on the stores that need a server, which environment variables name: `cargo xtask test stores` starts
//! the servers and sets them. Without a variable its cases are not there.

use std::fs::File;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use planewright_backend::contract::{self, CaseTrial};
use planewright_backend::etcd::EtcdStore;
use planewright_backend::postgres::PostgresStore;
use planewright_backend::store::Store;

fn main() -> ExitCode {
    let mut trials = Vec::new();
    match std::env::var("PLANEWRIGHT_POSTGRES") {
        Ok(url) => trials.extend(postgres(&url)),
        Err(_) => eprintln!("PLANEWRIGHT_POSTGRES is not set: nothing is tested on PostgreSQL"),
    }
    match std::env::var("PLANEWRIGHT_ETCD") {
        Ok(url) => trials.extend(etcd(&url)),
        Err(_) => eprintln!("PLANEWRIGHT_ETCD is not set: nothing is tested on etcd"),
    }
    contract::run_trials(trials)
}

fn postgres(url: &str) -> Vec<CaseTrial> {
    let connect = {
        let url = url.to_owned();
        move || {
            let url = format!("{url}?schema={}", unique());
            async move { PostgresStore::connect(&url).await.expect("PostgreSQL can be used") }
        }
    };
    let (boxed, shared) = (connect.clone(), connect.clone());
    let trials = [
        contract::store::trials("postgres", move || {
            let store = connect();
            async { ((), store.await) }
        }),
        contract::store::trials("postgres-box", move || {
            let store = boxed();
            async { ((), Box::new(store.await) as Box<dyn Store>) }
        }),
        contract::store::trials("postgres-arc", move || {
            let store = shared();
            async { ((), Arc::new(store.await) as Arc<dyn Store>) }
        }),
    ];
    trials.into_iter().flatten().collect()
}

fn etcd(url: &str) -> Vec<CaseTrial> {
    let connect = {
        let url = url.to_owned();
        move || {
            let url = format!("{url}/{}", unique());
            async move {
                // Revisions and compaction are those of the whole etcd, so one case has it for itself.
                let turn = tokio::task::spawn_blocking(take_turn).await.expect("no panic");
                (turn, EtcdStore::connect(&url).await.expect("etcd can be used"))
            }
        }
    };
    let (boxed, shared) = (connect.clone(), connect.clone());
    let trials = [
        contract::store::trials("etcd", connect),
        contract::store::trials("etcd-box", move || {
            let store = boxed();
            async {
                let (turn, store) = store.await;
                (turn, Box::new(store) as Box<dyn Store>)
            }
        }),
        contract::store::trials("etcd-arc", move || {
            let store = shared();
            async {
                let (turn, store) = store.await;
                (turn, Arc::new(store) as Arc<dyn Store>)
            }
        }),
    ];
    trials.into_iter().flatten().collect()
}

/// Waits until no other case, of this process or another, is on its turn. The turn ends when the file is closed.
fn take_turn() -> File {
    let file = std::env::temp_dir().join("planewright-etcd-turn");
    let file = File::options()
        .create(true)
        .append(true)
        .open(file)
        .expect("the folder for temporary files is writable");
    file.lock().expect("files can be locked");
    file
}

/// A name that nobody has used on this machine.
fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("case_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
