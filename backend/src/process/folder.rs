//! What is on the disk of a host: a folder for each job, and the start files that let each job start once.
//!
//! ```text
//! host              the id of this host
//! started/JOB       who starts the job, or that nobody does; made once, never removed
//! programs/…        programs, as they were uploaded
//! jobs/JOB/spec     what to run
//! jobs/JOB/running  the program's process id
//! jobs/JOB/exit     how the program ended
//! jobs/JOB/out …    what it printed
//! jobs/JOB/files    the folder that it runs in
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::JobId;
use crate::time::Timestamp;

use super::system::Identity;

/// The working folder of a host.
#[derive(Clone, Debug)]
pub(super) struct Work(PathBuf);

impl Work {
    /// Opens the folder, and makes it if it is missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        for name in ["started", "programs", "jobs"] {
            fs::create_dir_all(path.join(name))?;
        }
        Ok(Self(path))
    }

    /// The id of this host: the same for all servers that share the folder.
    pub(super) fn host(&self) -> io::Result<String> {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let name: String =
            name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).collect();
        // The name is in the name of the file, too: two machines that see one folder are two hosts.
        let path = self.0.join(format!("host-{name}"));
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let id = format!("{name}-{:08x}", u32::from_be_bytes(random));
        create_once(&path, &id)?;
        read(&path)?.ok_or_else(|| io::Error::other(format!("{} has gone", path.display())))
    }

    pub(super) fn job(&self, job: JobId) -> JobFolder {
        JobFolder {
            path: self.0.join("jobs").join(job.to_string()),
            started: self.0.join("started").join(job.to_string()),
        }
    }

    pub(super) fn jobs(&self) -> PathBuf {
        self.0.join("jobs")
    }

    pub(super) fn programs(&self) -> PathBuf {
        self.0.join("programs")
    }
}

/// What a supervisor is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Spec {
    /// The start file.
    pub(super) started: PathBuf,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// All of the program's environment.
    pub(super) environment: std::collections::BTreeMap<String, String>,
    /// Milliseconds between the request to end and the end.
    pub(super) grace: u64,
    /// Bytes after which a file of output is set aside.
    pub(super) log_bytes: u64,
    /// How many files set aside are kept.
    pub(super) log_files: u32,
}

/// Who has taken the right to start a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Start {
    /// This supervisor.
    By(Identity),
    /// Nobody: it must never start. The text says why, unless it was cancelled.
    Never(Option<String>),
}

/// A program at work.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) since: Timestamp,
}

/// How a program ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Exit {
    pub(super) at: Timestamp,
    /// Whether it was asked to.
    pub(super) asked: bool,
    pub(super) how: How,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum How {
    Code(i32),
    Signal(i32),
    /// It could not be started, for this reason.
    NotStarted(String),
}

/// What can be seen of a job on this host.
#[derive(Debug)]
pub(super) enum Sight {
    /// Nobody has started it.
    Nothing,
    /// It will never start.
    Never(Option<String>),
    /// Its supervisor lives; the program may not have started yet.
    Alive(Identity, Option<Running>),
    /// It has ended, and had begun unless it could not.
    Ended(Exit, Option<Running>),
    /// Its supervisor has gone without a word.
    Lost(Identity),
}

/// The folder of a job.
#[derive(Clone, Debug)]
pub(super) struct JobFolder {
    path: PathBuf,
    started: PathBuf,
}

impl JobFolder {
    /// Of a supervisor that was told so.
    pub(super) fn of_supervisor(path: &Path) -> io::Result<(Self, Spec)> {
        let spec: Spec = read(&path.join("spec"))?.ok_or_else(|| io::Error::other("there is no spec"))?;
        Ok((Self { path: path.to_owned(), started: spec.started.clone() }, spec))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn started(&self) -> &Path {
        &self.started
    }

    /// The folder that the program runs in.
    pub(super) fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    /// The file with what the program prints on its standard output.
    pub(super) fn out(&self) -> PathBuf {
        self.path.join("out")
    }

    /// The file with what the program prints on its standard error.
    pub(super) fn err(&self) -> PathBuf {
        self.path.join("err")
    }

    /// Makes everything ready for a supervisor. Doing so again changes nothing that matters.
    pub(super) fn prepare(&self, spec: &Spec) -> io::Result<()> {
        fs::create_dir_all(self.files())?;
        replace(&self.path.join("spec"), spec)
    }

    /// Takes the right to start the job. Whether nobody else had it.
    pub(super) fn take(&self, start: &Start) -> io::Result<bool> {
        create_once(&self.started, start)
    }

    pub(super) fn write_running(&self, running: &Running) -> io::Result<()> {
        replace(&self.path.join("running"), running)
    }

    pub(super) fn write_exit(&self, exit: &Exit) -> io::Result<()> {
        replace(&self.path.join("exit"), exit)
    }

    pub(super) fn look(&self) -> io::Result<Sight> {
        let supervisor = match read(&self.started)? {
            None => return Ok(Sight::Nothing),
            Some(Start::Never(reason)) => return Ok(Sight::Never(reason)),
            Some(Start::By(supervisor)) => supervisor,
        };
        // In this order: a supervisor that has gone since has left its last word before.
        let alive = supervisor.is_alive();
        let exit = read(&self.path.join("exit"))?;
        let running = read(&self.path.join("running"))?;
        Ok(match exit {
            Some(exit) => Sight::Ended(exit, running),
            None if alive => Sight::Alive(supervisor, running),
            None => Sight::Lost(supervisor),
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file in whole, so that it survives a power cut, under a name that nobody looks at.
fn write_aside<T: Serialize>(path: &Path, value: &T) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let aside = path.with_extension(format!("{:016x}", u64::from_be_bytes(random)));
    let mut file = File::create(&aside)?;
    let written = serde_json::to_vec(value).map_err(io::Error::other);
    match written.and_then(|bytes| file.write_all(&bytes)).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(aside),
        Err(error) => {
            let _ = fs::remove_file(aside);
            Err(error)
        }
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Makes a file with all of its content, unless there is one. Whether there was none.
fn create_once<T: Serialize>(path: &Path, value: &T) -> io::Result<bool> {
    let aside = write_aside(path, value)?;
    let linked = fs::hard_link(&aside, path);
    let _ = fs::remove_file(aside);
    match linked {
        Ok(()) => sync_parent(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn replace<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let aside = write_aside(path, value)?;
    fs::rename(&aside, path)?;
    sync_parent(path)
}
