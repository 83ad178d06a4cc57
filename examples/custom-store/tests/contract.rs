//! The contract suite on the journal: a line for each clause.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use custom_store::JournalStore;
use planewright_backend::contract;

/// A file that is removed at the end of a case.
struct Journal(PathBuf);

impl Drop for Journal {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn main() -> ExitCode {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    contract::store::run("journal", || async {
        let name = format!("journal-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let journal = Journal(std::env::temp_dir().join(name));
        let store = JournalStore::open(&journal.0).expect("the folder for temporary files is writable");
        (journal, store)
    })
}
