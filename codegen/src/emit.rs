//! Generated files and a directory: write them, or say where it differs. Everything before this stage is pure.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::{GeneratedFile, MARK};

/// What [`write()`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or have changed.
    pub written: Vec<String>,
    /// How many files were as they should be, and weren't touched.
    pub unchanged: usize,
    /// Generated files that nothing makes any more.
    pub removed: Vec<String>,
}

/// A file that isn't what would be generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Its path.
    pub path: String,
    /// How it differs.
    pub kind: DriftKind,
}

/// How a file differs from what would be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftKind {
    /// It isn't there.
    Missing,
    /// It has another text.
    Changed,
    /// Nothing makes it any more.
    Stale,
}

impl std::fmt::Display for Drift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            DriftKind::Missing => "is missing",
            DriftKind::Changed => "has another text",
            DriftKind::Stale => "is made by nothing any more",
        };
        write!(f, "`{}` {kind}", self.path)
    }
}

/// Writes the files under `root`. A file that is right already keeps its time stamp; a generated file that is not
/// among them, in a folder that one of them is in, is removed.
///
/// # Errors
/// If the directory can't be read or written. Some files may be written by then.
pub fn write(root: &Path, files: &[GeneratedFile]) -> io::Result<Written> {
    let mut done = Written::default();
    for drift in check(root, files)? {
        let path = root.join(&drift.path);
        match drift.kind {
            DriftKind::Stale => {
                fs::remove_file(&path).map_err(|error| at(&path, error))?;
                done.removed.push(drift.path);
            }
            DriftKind::Missing | DriftKind::Changed => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
                }
                let text = files.iter().find(|file| file.path == drift.path).map_or("", |file| &file.text);
                fs::write(&path, text).map_err(|error| at(&path, error))?;
                done.written.push(drift.path);
            }
        }
    }
    done.unchanged = files.len() - done.written.len();
    Ok(done)
}

/// Where the directory `root` differs from the files, in their order, stale ones last. Writes nothing.
///
/// # Errors
/// If the directory can't be read.
pub fn check(root: &Path, files: &[GeneratedFile]) -> io::Result<Vec<Drift>> {
    let mut drifts = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        let kind = match fs::read(&path) {
            Ok(found) if found == file.text.as_bytes() => continue,
            Ok(_) => DriftKind::Changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => DriftKind::Missing,
            Err(error) => return Err(at(&path, error)),
        };
        drifts.push(Drift { path: file.path.clone(), kind });
    }
    let known: BTreeSet<PathBuf> = files.iter().map(|file| root.join(&file.path)).collect();
    let folders: BTreeSet<&Path> = known.iter().filter_map(|path| path.parent()).collect();
    for folder in folders {
        let mut stale = generated_files(folder)?;
        stale.retain(|path| !known.contains(path));
        for path in stale {
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            drifts.push(Drift { path, kind: DriftKind::Stale });
        }
    }
    Ok(drifts)
}

/// The files directly in a folder that carry our mark, sorted.
fn generated_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| at(folder, error))?.path();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if is_rust && fs::read(&path).is_ok_and(|text| text.starts_with(MARK.as_bytes())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}
