use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::Reason;

/// The savepoints in a folder at one moment, to be compared with a later one.
pub(crate) struct Folder {
    seen: Option<(PathBuf, BTreeSet<OsString>)>,
}

impl Folder {
    /// Looks now. Without a folder, nothing will be found out.
    pub(crate) fn look(folder: Option<&Path>) -> Result<Self, Reason> {
        let seen =
            folder.map(|folder| Ok::<_, Reason>((folder.to_owned(), savepoints(folder)?))).transpose()?;
        Ok(Self { seen })
    }

    /// How many savepoints have come since.
    pub(crate) fn added(&self) -> Result<Option<usize>, Reason> {
        let Some((folder, before)) = &self.seen else { return Ok(None) };
        Ok(Some(savepoints(folder)?.difference(before).count()))
    }

    /// How many savepoints have gone since.
    pub(crate) fn removed(&self) -> Result<Option<usize>, Reason> {
        let Some((folder, before)) = &self.seen else { return Ok(None) };
        Ok(Some(before.difference(&savepoints(folder)?).count()))
    }
}

fn savepoints(folder: &Path) -> Result<BTreeSet<OsString>, Reason> {
    let failed =
        |error: io::Error| Reason::Finding(format!("cannot look into {}: {error}", folder.display()));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // A server makes the folder with its first savepoint.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if name.to_string_lossy().starts_with("savepoint-") {
            found.insert(name);
        }
    }
    Ok(found)
}
