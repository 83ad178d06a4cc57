//! What the generator writes must compile, whatever the document.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{self, cargo};
use crate::{place, server};

/// The exit code of a document with errors, or with constructs that aren't supported.
const REFUSED: i32 = 1;

/// The most lines of a foreign crate that a test run builds. The largest documents make crates that take minutes and
/// gigabytes: those are written, which must not fail, and not built.
const MOST_LINES: usize = 15_000;

/// Generates a crate from each of our documents and, where they are at hand, from foreign ones; checks each crate.
///
/// Ours and Flink's own must be accepted. Another may be refused with a diagnostic, but nothing may panic.
pub(super) fn crates() -> Result<String> {
    let planewright = server::build()?;
    let folder = place::scratch("generated");
    let (mut built, mut written, mut refused, mut complaints) = (0, 0, 0, Vec::new());
    for document in documents()? {
        let name =
            document.path.file_stem().and_then(|stem| stem.to_str()).context("a document without a name")?;
        let out = folder.join(name);
        match generate(&planewright, &document, &out) {
            Ok(true) => {
                if !document.must_be_accepted && lines(&out.join("src"))? > MOST_LINES {
                    written += 1;
                    continue;
                }
                built += 1;
                complaints.extend(check(&out).err().map(|error| format!("{name}: {error:#}")));
            }
            Ok(false) => refused += 1,
            Err(error) => complaints.push(format!("{name}: {error:#}")),
        }
    }
    ensure!(complaints.is_empty(), "{} documents\n{}", complaints.len(), complaints.join("\n"));
    Ok(format!(
        "{built} crates built, {written} large ones only written, {refused} documents refused with diagnostics"
    ))
}

struct Document {
    path: PathBuf,
    must_be_accepted: bool,
}

fn documents() -> Result<Vec<Document>> {
    let mut all = Vec::new();
    let mut add = |folder: &Path, must_be_accepted| -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json")
            {
                all.push(Document { path, must_be_accepted });
            }
        }
        Ok(())
    };
    add(&place::root().join("spec/openapi"), true)?;
    if let Some(shared) = place::shared() {
        add(&shared.join("corpus"), false)?;
        let flink = shared.join("flink/flink-2.3.0-own-openapi.yml");
        all.push(Document { path: flink, must_be_accepted: true });
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// Whether a crate was written; `false` if the document was refused and may be.
fn generate(planewright: &Path, document: &Document, out: &Path) -> Result<bool> {
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    let mut command = Command::new(planewright);
    command.arg("generate").arg(&document.path).arg("--out").arg(out).arg("--runtime").arg(place::root());
    let done = process::finish(&mut command)?;
    match done.code {
        Some(0) => Ok(true),
        Some(REFUSED) if !document.must_be_accepted => {
            ensure!(!done.stderr.trim().is_empty(), "refused without a diagnostic");
            Ok(false)
        }
        code => anyhow::bail!("the generator ended with {code:?}\n{}", done.stderr.trim_end()),
    }
}

/// The lines of all files in a folder and its folders.
fn lines(folder: &Path) -> Result<usize> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        sum += if path.is_dir() { lines(&path)? } else { fs::read_to_string(&path)?.lines().count() };
    }
    Ok(sum)
}

/// `cargo check` without a warning, in the workspace's own target folder, where the runtime crates are built already.
fn check(package: &Path) -> Result<()> {
    // The same versions as the workspace, and no search for newer ones.
    fs::copy(place::root().join("Cargo.lock"), package.join("Cargo.lock"))?;
    let mut command = cargo();
    command.current_dir(package).env("CARGO_TARGET_DIR", place::target()).args([
        "check",
        "--quiet",
        "--message-format=short",
    ]);
    let done = process::finish(&mut command)?;
    ensure!(done.code == Some(0) && done.stderr.trim().is_empty(), "{}", done.stderr.trim_end());
    Ok(())
}
