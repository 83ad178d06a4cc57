//! The contract suite on the stores that ship, on the values themselves and behind pointers.

mod folder;

use std::process::ExitCode;
use std::sync::Arc;

use planewright_backend::contract;
use planewright_backend::memory::MemoryStore;
use planewright_backend::redb::RedbStore;
use planewright_backend::store::Store;

use folder::Folder;

fn main() -> ExitCode {
    let redb = || {
        let folder = Folder::new("store-contract");
        let store = RedbStore::open(folder.path().join("state.redb")).expect("a new file opens");
        (folder, store)
    };
    let trials = [
        contract::store::trials("memory", || async { ((), MemoryStore::new()) }),
        contract::store::trials("box", || async {
            let store: Box<dyn Store> = Box::new(MemoryStore::new());
            ((), store)
        }),
        contract::store::trials("arc", || async {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
            ((), store)
        }),
        contract::store::trials("redb", move || async move { redb() }),
        contract::store::trials("redb-box", move || async move {
            let (folder, store) = redb();
            let store: Box<dyn Store> = Box::new(store);
            (folder, store)
        }),
        contract::store::trials("redb-arc", move || async move {
            let (folder, store) = redb();
            let store: Arc<dyn Store> = Arc::new(store);
            (folder, store)
        }),
    ];
    contract::run_trials(trials.into_iter().flatten())
}
