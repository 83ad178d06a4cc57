//! What the Rust toolchain itself checks.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, cargo};

/// `cargo fmt --check`.
pub(super) fn fmt() -> Result<String> {
    process::run(cargo().args(["fmt", "--all", "--check"]))?;
    Ok(String::new())
}

/// Clippy, its warnings as errors, in libraries, programs, tests, examples and benches.
pub(super) fn clippy() -> Result<String> {
    process::run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(String::new())
}

/// Unit and integration tests: under nextest if it is installed, else under cargo's own runner.
pub(super) fn unit() -> Result<String> {
    let nextest = process::on_path("cargo-nextest").is_some();
    let mut command = cargo();
    if nextest {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--status-level=slow"]);
        command.args(["--final-status-level=fail", "--cargo-quiet", "--no-tests=fail"]);
    } else {
        command.args(["test", "--workspace", "--no-fail-fast", "--quiet"]);
    }
    process::run(&mut command)?;
    Ok(if nextest { "cargo nextest" } else { "cargo test" }.to_owned())
}

/// The examples in doc comments.
pub(super) fn doctest() -> Result<String> {
    process::run(cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    Ok(String::new())
}

/// `cargo doc`, its warnings as errors.
pub(super) fn doc() -> Result<String> {
    let mut command: Command = cargo();
    command.args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings");
    process::run(&mut command)?;
    Ok(String::new())
}
