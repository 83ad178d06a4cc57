//! Where savepoints are: on disk, or only on paper.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use crate::id::{JobId, TriggerId};

use super::seed;

/// The savepoints that exist.
#[derive(Debug)]
pub(super) struct Savepoints {
    seed: u64,
    /// Whether locations on this machine become directories.
    write: bool,
    known: BTreeSet<String>,
}

impl Savepoints {
    pub(super) fn new(seed: u64, write: bool) -> Self {
        Self { seed, write, known: BTreeSet::new() }
    }

    /// The location that a savepoint gets. It depends on the trigger id, so that a repetition can't make a second one.
    pub(super) fn location(&self, directory: &str, job: JobId, trigger: TriggerId) -> String {
        let unique = seed::number(self.seed, &[job.as_bytes(), trigger.as_bytes()]);
        let directory = match local_path(directory) {
            Some(path) => format!("file:{}", path.display()),
            None => directory.to_owned(),
        };
        let directory = directory.trim_end_matches('/');
        let job = job.to_string();
        format!("{directory}/savepoint-{}-{:012x}", &job[..6], unique >> 16)
    }

    pub(super) fn create(&mut self, location: &str) -> io::Result<()> {
        if self.write
            && let Some(path) = local_path(location)
        {
            std::fs::create_dir_all(&path)?;
            std::fs::write(path.join("_metadata"), "simulated savepoint\n")?;
        }
        self.known.insert(location.to_owned());
        Ok(())
    }

    pub(super) fn exists(&self, location: &str) -> bool {
        match local_path(location) {
            Some(path) if self.write => path.join("_metadata").is_file(),
            _ => self.known.contains(location),
        }
    }

    /// Deletes a savepoint; anything that isn't one stays.
    pub(super) fn dispose(&mut self, location: &str) -> io::Result<()> {
        if !self.exists(location) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("no savepoint exists at {location}"),
            ));
        }
        if self.write
            && let Some(path) = local_path(location)
        {
            std::fs::remove_file(path.join("_metadata"))?;
            // Only an empty directory goes: whatever else is in there is not ours.
            let _ = std::fs::remove_dir(path);
        }
        self.known.remove(location);
        Ok(())
    }
}

/// The path on this machine that a location stands for: a plain path, or a URL with the scheme `file`.
fn local_path(location: &str) -> Option<PathBuf> {
    match location.strip_prefix("file:") {
        Some(rest) => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            path.starts_with('/').then(|| PathBuf::from(path))
        }
        None if location.contains("://") => None,
        None => Some(std::path::absolute(location).ok()?),
    }
}
