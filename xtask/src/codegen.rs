//! `cargo xtask codegen [--check]`: the generated modules of our own crates.

use std::process::ExitCode;

use anyhow::{Context, Result};
use planewright_codegen::emit;
use planewright_codegen::workspace::{REMAKE, generate_workspace};

use crate::place;

/// Writes the generated modules, or, with `check`, says where they differ and writes nothing.
pub(crate) fn run(check: bool) -> Result<ExitCode> {
    let root = place::root();
    let workspace = generate_workspace(root).context("nothing was generated")?;
    for diagnostics in workspace.diagnostics.values() {
        eprint!("{diagnostics}");
    }
    if check {
        let drifts = emit::check(root, &workspace.files)?;
        for drift in &drifts {
            eprintln!("{drift}");
        }
        if drifts.is_empty() {
            println!("{} generated files are as they should be", workspace.files.len());
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("generated files are not what the documents say: run `{REMAKE}`");
        return Ok(ExitCode::FAILURE);
    }
    let done = emit::write(root, &workspace.files)?;
    println!("wrote {}, removed {}, left {} as they were", done.written.len(), done.removed.len(), done.unchanged);
    Ok(ExitCode::SUCCESS)
}
