//! The jar of jobs that tests run on a cluster.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::Libraries;
use crate::{place, process, tools};

/// Compiles `tests/flink-jobs` into one jar and returns its path. The entry class is `StreamingJob`.
///
/// # Errors
/// If the Java compiler is missing or refuses a source.
pub(crate) fn test_jobs(libraries: &Libraries) -> Result<PathBuf> {
    let compiler = tools::needed("javac", "the test jobs need a JDK 17")?;
    let mut sources = Vec::new();
    for entry in
        fs::read_dir(place::root().join("tests/flink-jobs")).context("cannot list tests/flink-jobs")?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "java") {
            sources.push(path);
        }
    }
    sources.sort();
    let folder = place::scratch("flink-jobs");
    let classes = folder.join("classes");
    if classes.exists() {
        fs::remove_dir_all(&classes)?;
    }
    fs::create_dir_all(&classes)?;
    process::run(
        Command::new(compiler)
            .args(["--release", "17", "-Werror", "-cp", &libraries.class_path, "-d"])
            .arg(&classes)
            .args(&sources),
    )?;
    let jar = folder.join("test-jobs.jar");
    process::run(
        Command::new("jar")
            .args(["--create", "--main-class", "StreamingJob", "--file"])
            .arg(&jar)
            .arg("-C")
            .arg(&classes)
            .arg("."),
    )?;
    Ok(jar)
}
