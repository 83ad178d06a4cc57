//! What the operating system tells about processes, and what it does to them.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// One process of one machine for all time: its number comes again, but not with the same start on the same boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// The kernel's id of the boot.
    boot: String,
    /// The process id.
    pub(super) pid: i32,
    /// When it started, in ticks of the clock since the boot.
    start: u64,
}

impl Identity {
    /// This process.
    pub(super) fn own() -> io::Result<Self> {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        Ok(Self { boot: boot()?, pid, start: Stat::of(pid)?.start })
    }

    /// Whether the process is still there and not only waits to be reaped.
    pub(super) fn is_alive(&self) -> bool {
        boot().is_ok_and(|boot| boot == self.boot)
            && Stat::of(self.pid).is_ok_and(|stat| stat.start == self.start && !stat.is_dead())
    }

    /// Asks the process to end. A process that is gone has ended.
    pub(super) fn terminate(&self) -> io::Result<()> {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return Ok(());
        };
        let process = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) => process,
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // Only now: what is open here stays the same process, whatever becomes of its number.
        if !self.is_alive() {
            return Ok(());
        }
        match pidfd_send_signal(process, Signal::TERM) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Kills what is left of the session that the process led. It must be dead itself.
    pub(super) fn kill_remains(&self) {
        if boot().is_ok_and(|boot| boot == self.boot) {
            // A number that is the session of somebody is not given away, so these can't be others' processes; whatever
            // leads a new session of this number has started anew.
            for (pid, stat) in session(self.pid) {
                if pid != self.pid && stat.start >= self.start {
                    let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
                }
            }
        }
    }

    /// What the session that the process leads uses, without the process itself.
    pub(super) fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for (_, stat) in session(self.pid).into_iter().filter(|(pid, _)| *pid != self.pid) {
            usage.processes += 1;
            usage.threads += stat.threads;
            usage.cpu += stat.cpu;
            usage.resident += stat.resident;
        }
        usage
    }
}

/// What some processes use.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) processes: u64,
    pub(super) threads: u64,
    /// Time on a processor so far.
    pub(super) cpu: Duration,
    /// Memory in bytes.
    pub(super) resident: u64,
}

fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// A part of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    session: i32,
    cpu: Duration,
    threads: u64,
    start: u64,
    resident: u64,
}

impl Stat {
    fn of(pid: i32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&text).ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is not understood")))
    }

    fn parse(text: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything; what follows the last one has a fixed form.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let ticks = number(11)? + number(12)?;
        let nanos =
            u128::from(ticks) * 1_000_000_000 / u128::from(rustix::param::clock_ticks_per_second().max(1));
        Some(Self {
            state: fields.first()?.chars().next()?,
            session: fields.get(3)?.parse().ok()?,
            cpu: Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)),
            threads: number(17)?,
            start: number(19)?,
            resident: number(21)? * rustix::param::page_size() as u64,
        })
    }

    fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// The living processes of a session.
fn session(id: i32) -> Vec<(i32, Stat)> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    // A process that ends while it is looked at isn't one of them any more.
    let stats = pids.filter_map(|pid| Some((pid, Stat::of(pid).ok()?)));
    stats.filter(|(_, stat)| stat.session == id && !stat.is_dead()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_anything() {
        let text =
            "12 (a) R 1) S 1 12 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 3 0 987 1000 2 18446744073709551615";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.state, stat.session, stat.threads, stat.start), ('S', 7, 3, 987));
        assert_eq!(stat.cpu, Duration::from_millis(11_000 / rustix::param::clock_ticks_per_second()));
        assert_eq!(Stat::parse("12 (a) S 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn the_same_number_at_another_time_is_another_process() {
        let own = Identity::own().unwrap();
        assert!(own.is_alive());
        assert!(!Identity { start: own.start + 1, ..own.clone() }.is_alive());
        assert!(!Identity { boot: "another".to_owned(), ..own }.is_alive());
    }
}
