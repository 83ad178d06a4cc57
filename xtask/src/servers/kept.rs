//! A program that is started again whenever it ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::process::{self, Background};

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks at the program.
const LOOK: Duration = Duration::from_millis(20);

/// A program that runs, again and again, until this value is dropped.
#[derive(Debug)]
pub(super) struct Kept {
    over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
    pid_file: PathBuf,
}

impl Kept {
    /// Starts what `command` makes, its output appended to the file `log`, its process id in the file `pid_file`.
    ///
    /// # Errors
    /// If it cannot be started the first time.
    pub(super) fn start(
        command: impl Fn() -> Command + Send + 'static,
        log: &Path,
        pid_file: &Path,
    ) -> Result<Self> {
        let (log, file) = (log.to_owned(), pid_file.to_owned());
        let start = move || -> Result<Background> {
            let out = File::options().create(true).append(true).open(&log).context("log file")?;
            let running = Background::start(command().stderr(out.try_clone()?).stdout(out))?;
            // Never half written: somebody may be reading it.
            let draft = file.with_extension("new");
            fs::write(&draft, running.id().to_string())?;
            fs::rename(draft, &file)?;
            Ok(running)
        };
        let first = start()?;
        let over = Arc::new(AtomicBool::new(false));
        let keeper = std::thread::spawn({
            let over = Arc::clone(&over);
            move || keep(first, &over, start)
        });
        Ok(Self { over, keeper: Some(keeper), pid_file: pid_file.to_owned() })
    }

    /// Where the process id of the moment is.
    pub(super) fn pid_file(&self) -> &Path {
        &self.pid_file
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn keep(mut running: Background, over: &AtomicBool, start: impl Fn() -> Result<Background>) {
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        if !matches!(running.ended(), Ok(None)) {
            // A server may refuse to start while what its last process left still ends; then this comes round again.
            match start() {
                Ok(again) => running = again,
                Err(error) => {
                    eprintln!("cannot start a server again: {error:#}");
                    return;
                }
            }
        }
    }
    // Asked first: a killed PostgreSQL leaves shared memory behind.
    let asked = process::read(Command::new("kill").args(["-INT", &running.id().to_string()]));
    let start = Instant::now();
    while asked.is_ok() && matches!(running.ended(), Ok(None)) && start.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Temporary;

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("1000");
        command
    }

    fn runs(pid: &str) -> bool {
        Path::new("/proc").join(pid).exists()
    }

    #[test]
    fn what_was_killed_comes_back_and_what_was_dropped_does_not() -> Result<()> {
        let folder = Temporary::new("kept")?;
        let kept = Kept::start(sleeper, &folder.path().join("log"), &folder.path().join("pid"))?;
        let first = fs::read_to_string(kept.pid_file())?;
        process::run(Command::new("kill").args(["-9", &first]))?;
        let mut second = first.clone();
        while second == first {
            std::thread::yield_now();
            second = fs::read_to_string(kept.pid_file())?;
        }
        assert!(runs(&second));
        drop(kept);
        assert!(!runs(&first) && !runs(&second));
        Ok(())
    }
}
