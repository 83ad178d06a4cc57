//! Fetched tools: each by package name through its registry's own client, unpacked into the cache once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{place, process};

/// The folder `name` of the cache, made by `fill` if it isn't there yet.
///
/// `fill` works in a folder beside it that takes the name only once it is whole, so that a broken download or
/// a second process never leaves half of one.
///
/// # Errors
/// Those of `fill`, and of the file system.
pub(crate) fn cached(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = place::cache().join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let draft = place::cache().join(format!("{name}.{}", std::process::id()));
    fs::create_dir_all(&draft).with_context(|| format!("cannot make {}", draft.display()))?;
    let filled = fill(&draft);
    if filled.is_err() || (fs::rename(&draft, &folder).is_err() && !folder.is_dir()) {
        let _ = fs::remove_dir_all(&draft);
        filled?;
        anyhow::bail!("cannot make {}", folder.display());
    }
    Ok(folder)
}

/// Python's own package client.
pub(crate) fn pip() -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip
}

/// Downloads the one wheel of `requirement` (`name==version`) and unpacks it into `folder`.
///
/// # Errors
/// If the client fails, or the wheel cannot be read.
pub(crate) fn unpack_wheel(requirement: &str, folder: &Path) -> Result<()> {
    eprintln!("fetching {requirement} from the Python package index");
    let wheels = folder.join("wheel");
    process::run(
        pip().args(["download", "--no-deps", "--only-binary=:all:", "--dest"]).arg(&wheels).arg(requirement),
    )?;
    let wheel = fs::read_dir(&wheels)?.next().context("pip downloaded nothing")??.path();
    process::run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(folder))?;
    fs::remove_dir_all(&wheels).context("cannot remove the unpacked wheel")
}
