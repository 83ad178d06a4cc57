//! The process between a server and a program: it outlives the server, and knows how the program ended.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, setsid, waitid};

use crate::time::{Clock, SystemClock};

use super::capture::Rotating;
use super::folder::{Exit, How, JobFolder, Running, Spec, Start};
use super::system::Identity;

/// How long the last words of a program may take after its end.
const LAST_WORDS: Duration = Duration::from_secs(1);

enum Event {
    /// Somebody wants the program to end.
    Asked,
    /// The program has ended.
    Ended,
}

/// Runs the program of one job to its end, and writes down how it ended: what a supervisor's `main` is made of.
///
/// `folder` is the only argument that a [`ProcessExecutor`](super::ProcessExecutor) gives to the command in
/// [`ProcessOptions::supervisor`](super::ProcessOptions::supervisor). A second supervisor of the same job returns at once and
/// runs nothing. A request to end (`SIGTERM`) is passed on to the program, which is killed when its grace is over.
///
/// This process becomes the leader of a new session, so that what ends a server's session doesn't end the program.
///
/// # Errors
///
/// If the folder can't be read or written. What is wrong with the program is no error, but written into the folder.
pub fn supervise(folder: &Path) -> io::Result<()> {
    let (send, events) = mpsc::channel();
    let asked = send.clone();
    // Before the job is taken, so that nothing ends this process between that and the program's end.
    let handled = ctrlc::set_handler(move || {
        let _ = asked.send(Event::Asked);
    });
    handled.map_err(io::Error::other)?;
    // Fails only for who leads a session already, which is as good.
    let _ = setsid();
    let (folder, spec) = JobFolder::of_supervisor(folder)?;
    if !folder.take(&Start::By(Identity::own()?))? {
        return Ok(());
    }
    let (asked, how) = match start(&folder, &spec) {
        Ok(child) => {
            let since = SystemClock.now();
            folder.write_running(&Running { pid: child.id(), since })?;
            attend(child, &folder, &spec, send, &events)?
        }
        Err(error) => (false, How::NotStarted(error.to_string())),
    };
    folder.write_exit(&Exit { at: SystemClock.now(), asked, how })
}

fn start(folder: &JobFolder, spec: &Spec) -> io::Result<Child> {
    /// Another thread's fork may hold the program open for writing until it has become another program.
    const BUSY: i32 = 26;
    const TRIES: u32 = 50;
    let mut command = Command::new(&spec.program);
    command
        .args(&spec.arguments)
        .env_clear()
        .envs(&spec.environment)
        .current_dir(folder.files())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut result = command.spawn();
    for _ in 1..TRIES {
        match &result {
            Err(error) if error.raw_os_error() == Some(BUSY) => thread::sleep(Duration::from_millis(20)),
            _ => break,
        }
        result = command.spawn();
    }
    result
}

/// Waits for the end of a program, and says whether it was asked to end, and how it did.
fn attend(
    mut child: Child,
    folder: &JobFolder,
    spec: &Spec,
    send: mpsc::Sender<Event>,
    events: &mpsc::Receiver<Event>,
) -> io::Result<(bool, How)> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let group = group.ok_or_else(|| io::Error::other("a process id is out of range"))?;
    let (done, readers) = mpsc::channel();
    let rotating = |path| Rotating::open(path, spec.log_bytes, spec.log_files);
    if let Some(stdout) = child.stdout.take() {
        let (out, done) = (rotating(folder.out())?, done.clone());
        thread::spawn(move || {
            out.copy(stdout);
            drop(done);
        });
    }
    if let Some(stderr) = child.stderr.take() {
        let err = rotating(folder.err())?;
        thread::spawn(move || {
            err.copy(stderr);
            drop(done);
        });
    }
    thread::spawn(move || {
        // It is not reaped yet, so its number stays that of its group until the group is gone.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(group), options) {}
        let _ = send.send(Event::Ended);
    });

    let mut asked = false;
    let mut kill_at: Option<Instant> = None;
    loop {
        let patience = match kill_at {
            Some(at) => at.saturating_duration_since(Instant::now()),
            None => Duration::from_secs(3600),
        };
        match events.recv_timeout(patience) {
            Ok(Event::Ended) => break,
            Ok(Event::Asked) if !asked => {
                asked = true;
                kill_at = Instant::now().checked_add(Duration::from_millis(spec.grace));
                let _ = kill_process_group(group, Signal::TERM);
            }
            Ok(Event::Asked) => {}
            Err(RecvTimeoutError::Timeout) => {
                if kill_at.is_some_and(|at| at <= Instant::now()) {
                    kill_at = None;
                    let _ = kill_process_group(group, Signal::KILL);
                }
            }
            // The handler of signals holds a sender for ever.
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // A job ends as a whole: what the program has left running in its group goes with it.
    let _ = kill_process_group(group, Signal::KILL);
    let status = child.wait()?;
    // Both readers have ended when their senders are gone; what has left the group may keep them open.
    let _: Result<(), _> = readers.recv_timeout(LAST_WORDS);
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => How::Code(code),
        (None, signal) => How::Signal(signal.unwrap_or(0)),
    };
    Ok((asked, how))
}
