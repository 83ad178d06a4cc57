//! Opening and creating the file.

use std::fs::{self, OpenOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::redb::backends::FileBackend;
use ::redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageBackend, TableHandle};

use super::error::{Fault, OpenError};
use super::format::{self, FORMAT, LOG, META, META_COMPACTED, META_FORMAT, META_REVISION, OBJECTS};

/// How much of the file is kept in memory, in bytes.
const CACHE: usize = 64 << 20;

/// Opens the file; one that doesn't exist is created.
pub(super) fn open(path: &Path) -> Result<Database, OpenError> {
    let exists = path.try_exists().map_err(|error| OpenError::of_io(path, error))?;
    if exists { open_existing(path) } else { create(path) }
}

fn open_existing(path: &Path) -> Result<Database, OpenError> {
    let database = guarded(path, || builder().open(path))?;
    check_format(path, &database)?;
    Ok(database)
}

/// A file gets its name only when it is whole: one that was left half made would be refused for ever after.
fn create(path: &Path) -> Result<Database, OpenError> {
    let failed = |error| OpenError::of_io(path, error);
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(failed)?;
    let draft = draft(path);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&draft);
    let file = file.map_err(failed)?;
    if file.try_lock().is_err() {
        return Err(OpenError::InUse { path: path.to_owned() });
    }
    if path.try_exists().map_err(failed)? {
        // Somebody else was faster between our look and our lock, and the draft is a new file of our own.
        let _ = fs::remove_file(&draft);
        return open_existing(path);
    }
    // What an earlier process left half made.
    file.set_len(0).map_err(failed)?;
    let backend = FileBackend::new(file).map_err(|error| OpenError::of_database(path, error))?;
    let database = create_on(path, backend)?;
    fs::rename(&draft, path).map_err(failed)?;
    sync_folder(parent).map_err(failed)?;
    Ok(database)
}

fn draft(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// The new name is durable only when the folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// An empty store.
pub(super) fn create_on(path: &Path, backend: impl StorageBackend) -> Result<Database, OpenError> {
    let database = guarded(path, || builder().create_with_backend(backend))?;
    initialise(&database).map_err(|fault| OpenError::of_store(path, fault))?;
    Ok(database)
}

/// The store that a backend already holds.
#[cfg(test)]
pub(super) fn open_on(path: &Path, backend: impl StorageBackend) -> Result<Database, OpenError> {
    let database = guarded(path, || builder().create_with_backend(backend))?;
    check_format(path, &database)?;
    Ok(database)
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    // A damaged file is refused here, with a reason, and not found out about later.
    builder.set_check_integrity_on_open(true);
    builder
}

/// A file that is damaged badly enough makes the library panic.
fn guarded(
    path: &Path,
    open: impl FnOnce() -> Result<Database, DatabaseError>,
) -> Result<Database, OpenError> {
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(opened) => opened.map_err(|error| OpenError::of_database(path, error)),
        Err(_) => {
            let reason = "reading it ended in a panic".to_owned();
            Err(OpenError::Damaged { path: path.to_owned(), reason })
        }
    }
}

fn initialise(database: &Database) -> Result<(), Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_FORMAT, FORMAT)?;
        meta.insert(META_REVISION, 0)?;
        meta.insert(META_COMPACTED, 0)?;
        transaction.open_table(OBJECTS)?;
        transaction.open_table(LOG)?;
    }
    transaction.commit()?;
    Ok(())
}

fn check_format(path: &Path, database: &Database) -> Result<(), OpenError> {
    let read = || {
        let transaction = database.begin_read()?;
        let ours = transaction.list_tables()?.any(|table| table.name() == META.name());
        if !ours {
            return Ok(None);
        }
        let found = transaction.open_table(META)?.get(META_FORMAT)?.map(|found| found.value());
        Ok::<_, Fault>(found)
    };
    match read().map_err(|fault| OpenError::of_store(path, fault))? {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: format::FORMAT })
        }
        Some(found) => {
            Err(OpenError::Damaged { path: path.to_owned(), reason: format!("there is no format {found}") })
        }
        None => Err(OpenError::Foreign {
            path: path.to_owned(),
            reason: "another program has written this redb file".to_owned(),
        }),
    }
}
