//! Where things are: the workspace, its build output, the cache of fetched tools.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

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
