//! Other programs: run one and judge its exit code, or keep one running until it is dropped.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// What a finished program left: its exit code and all that it printed.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output, undecodable bytes replaced.
    pub(crate) stdout: String,
    /// Standard error, undecodable bytes replaced.
    pub(crate) stderr: String,
}

/// Runs `command` to its end with its output on ours.
///
/// # Errors
/// If it cannot be started or does not end with code 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| cannot_start(command))?;
    judge(command, status, "")
}

/// Runs `command` to its end and returns what it printed on standard output.
///
/// # Errors
/// If it cannot be started or does not end with code 0; then the error holds what it printed.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let printed = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    judge(command, output.status, &printed)?;
    Ok(stdout)
}

/// Runs `command` to its end, whatever the exit code is.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn finish(command: &mut Command) -> Result<Finished> {
    let output = command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))?;
    Ok(Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn judge(command: &Command, status: ExitStatus, printed: &str) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let separator = if printed.is_empty() { "" } else { "\n" };
    bail!("`{}` ended with {status}{separator}{}", line(command), printed.trim_end())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", line(command))
}

/// The command as a person would type it, long arguments (class paths) cut.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let cut = |word: &OsStr| {
        let word = word.to_string_lossy();
        if word.chars().count() > 120 {
            word.chars().take(117).chain("...".chars()).collect()
        } else {
            word.into_owned()
        }
    };
    words.map(cut).collect::<Vec<_>>().join(" ")
}

/// The program `name` on the search path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// A program that runs until this value is dropped; then it is killed and waited for.
#[derive(Debug)]
pub(crate) struct Background(Child);

impl Background {
    /// Starts `command` with no standard input.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).spawn().map(Self).with_context(|| cannot_start(command))
    }

    /// How the program ended, if it has.
    ///
    /// # Errors
    /// If the operating system cannot say.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.0.try_wait()?)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Both fail only if the program has gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
