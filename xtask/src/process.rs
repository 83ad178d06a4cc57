//! Other programs: run one and judge its exit code, or keep one running until it is dropped.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::place;

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

/// A cargo command in the workspace, with the folder of observed answers made known to the tests.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(place::root());
    if let Some(shared) = place::shared() {
        cargo.env("PLANEWRIGHT_SHARED", shared);
    }
    cargo
}

/// The program `name` on the search path.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// What `read` makes of the first line of `stdout` that means something to it.
///
/// # Errors
/// If there is no such line within `patience`.
pub(crate) fn told<T: Send + 'static>(
    stdout: ChildStdout,
    read: fn(&str) -> Option<T>,
    patience: Duration,
) -> Result<T> {
    let (send, receive) = mpsc::channel();
    // Reads to the end: the program must never wait for somebody to take what else it has to say.
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(value) = read(&line) {
                let _ = send.send(value);
            }
        }
    });
    Ok(receive.recv_timeout(patience)?)
}

/// A program that runs until this value is dropped, or this process is told to end; then it is killed.
#[derive(Debug)]
pub(crate) struct Background(Arc<Mutex<Child>>);

/// What [`end_with_signal`] kills. An ended child in it does no harm: its process id isn't given away before it has
/// been waited for, and the standard library doesn't signal it after that.
static RUNNING: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

impl Background {
    /// Starts `command` with no standard input.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| cannot_start(command))?;
        let child = Arc::new(Mutex::new(child));
        locked(&RUNNING).push(Arc::clone(&child));
        Ok(Self(child))
    }

    /// Starts `command` and gives its standard output to the caller.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn start_piped(command: &mut Command) -> Result<(Self, ChildStdout)> {
        let started = Self::start(command.stdout(Stdio::piped()))?;
        let stdout = locked(&started.0).stdout.take().context("no standard output")?;
        Ok((started, stdout))
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        locked(&self.0).id()
    }

    /// How the program ended, if it has.
    ///
    /// # Errors
    /// If the operating system cannot say.
    pub(crate) fn ended(&self) -> Result<Option<ExitStatus>> {
        Ok(locked(&self.0).try_wait()?)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        locked(&RUNNING).retain(|child| !Arc::ptr_eq(child, &self.0));
        end(&mut locked(&self.0));
    }
}

/// Lets SIGINT, SIGTERM and SIGHUP end this process together with the programs that it has in the background,
/// and remove its temporary folders.
///
/// # Errors
/// If the operating system refuses the handler.
pub(crate) fn end_with_signal() -> Result<()> {
    Ok(ctrlc::set_handler(|| {
        for child in locked(&RUNNING).iter() {
            end(&mut locked(child));
        }
        place::remove_temporary();
        std::process::exit(130);
    })?)
}

fn end(child: &mut Child) {
    // Both fail only if the program has gone already.
    let _ = child.kill();
    let _ = child.wait();
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_carries_what_was_printed() {
        assert_eq!(read(&mut shell("echo fine")).ok().as_deref(), Some("fine\n"));
        let error = read(&mut shell("echo out; echo err >&2; exit 3")).unwrap_err().to_string();
        assert!(error.contains("exit status: 3\nout\nerr"), "{error}");
        assert_eq!(finish(&mut shell("exit 3")).ok().and_then(|done| done.code), Some(3));
    }

    #[test]
    fn what_runs_in_the_background_ends_with_its_owner() -> Result<()> {
        let running = Background::start(&mut shell("exec sleep 1000"))?;
        let child = Arc::clone(&running.0);
        assert_eq!(running.ended()?, None);
        drop(running);
        assert!(locked(&child).try_wait()?.is_some());
        Ok(())
    }

    #[test]
    fn the_first_line_that_means_something_is_told() -> Result<()> {
        let number = |line: &str| line.parse::<u16>().ok();
        let (_running, stdout) = Background::start_piped(&mut shell("echo starting; echo 80; echo 81"))?;
        assert_eq!(told(stdout, number, Duration::from_secs(60))?, 80);
        let (_running, stdout) = Background::start_piped(&mut shell("echo starting"))?;
        assert!(told(stdout, number, Duration::from_secs(60)).is_err());
        Ok(())
    }
}
