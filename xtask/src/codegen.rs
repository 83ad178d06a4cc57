//! `cargo xtask codegen [--check]`: the generated modules of our own crates.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use planewright_codegen::workspace::{REMAKE, generate_workspace};
use planewright_codegen::{GeneratedFile, emit};

use crate::place;

/// Writes the generated modules.
///
/// # Errors
/// If a document is broken, or a file can't be written.
pub(crate) fn write() -> Result<()> {
    let (root, files) = generated()?;
    let done = emit::write(root, &files)?;
    println!(
        "wrote {}, removed {}, left {} as they were",
        done.written.len(),
        done.removed.len(),
        done.unchanged
    );
    Ok(())
}

/// Writes nothing.
///
/// # Errors
/// If a module isn't what the generator makes of its document; each is named first.
pub(crate) fn check() -> Result<String> {
    let (root, files) = generated()?;
    let drifts = emit::check(root, &files)?;
    for drift in &drifts {
        eprintln!("{drift}");
    }
    ensure!(
        drifts.is_empty(),
        "{} generated files are not what the documents say: run `{REMAKE}`",
        drifts.len()
    );
    Ok(format!("{} generated files are as they should be", files.len()))
}

fn generated() -> Result<(&'static Path, Vec<GeneratedFile>)> {
    let root = place::root();
    let workspace = generate_workspace(root).context("nothing was generated")?;
    for diagnostics in workspace.diagnostics.values() {
        eprint!("{diagnostics}");
    }
    Ok((root, workspace.files))
}
