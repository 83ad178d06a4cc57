//! Where things are: the workspace, its build output, the cache of fetched tools.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::{Context as _, Result};

/// The root of the workspace: the one that cargo runs this for, or else the one that it was built from.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&own).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
    });
    &ROOT
}

/// A folder under cargo's target directory for what a chore makes and may throw away.
pub(crate) fn scratch(name: &str) -> PathBuf {
    target().join("xtask").join(name)
}

/// The folders of living [`Temporary`] values.
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes what all [`Temporary`] values hold: for a process that ends without dropping them.
pub(crate) fn remove_temporary() {
    for folder in TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// A new folder like [`scratch`]'s, removed with all that is in it when this value is dropped.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// Makes a folder whose name starts with `purpose`.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn new(purpose: &str) -> Result<Self> {
        Self::within(&target().join("xtask"), purpose)
    }

    /// Makes such a folder in another place than cargo's target directory.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn within(place: &Path, purpose: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = place.join(format!("{purpose}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).push(folder.clone());
        Ok(Self(folder))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).retain(|folder| *folder != self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Cargo's target directory.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// What was fetched once and serves every checkout: `$XDG_CACHE_HOME/planewright`, by default
/// `~/.cache/planewright`; without a home, a folder under the target directory.
pub(crate) fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    base.map_or_else(|| scratch("cache"), |base| base.join("planewright"))
}

/// Observed answers and foreign documents that some checks read: `$PLANEWRIGHT_SHARED`, else a folder `shared`
/// beside the checkout, else nothing.
pub(crate) fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("PLANEWRIGHT_SHARED").map(PathBuf::from);
    let beside = || root().parent().map(|parent| parent.join("shared"));
    named.or_else(beside).filter(|dir| dir.is_dir()).and_then(|dir| dir.canonicalize().ok())
}
