//! The contract suite on the store in memory, on the value itself and behind pointers.

use std::process::ExitCode;
use std::sync::Arc;

use planewright_backend::contract;
use planewright_backend::memory::MemoryStore;
use planewright_backend::store::Store;

fn main() -> ExitCode {
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
    ];
    contract::run_trials(trials.into_iter().flatten())
}
