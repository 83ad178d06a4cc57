//! Real database servers on this machine: PostgreSQL and etcd from Debian's packages, each a private instance with
//! an empty folder and a free port.

mod etcd;
mod kept;
mod postgres;

use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use etcd::Etcd;
pub(crate) use postgres::Postgres;

/// Starts PostgreSQL and etcd, runs a command with their addresses in its environment, and stops them.
///
/// PLANEWRIGHT_POSTGRES and PLANEWRIGHT_ETCD hold the URLs as `--store` takes them. A server that is killed is started again
/// on the same data and port; PLANEWRIGHT_POSTGRES_PID and PLANEWRIGHT_ETCD_PID name the files that hold the process id of the
/// moment. The exit code is the command's.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Starts these servers alone; may be repeated.
    #[arg(long = "only", value_enum)]
    only: Vec<Kind>,
    /// What to run; without it the addresses are printed and the servers stay until this command is interrupted.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Postgres,
    Etcd,
}

/// Carries out the chore.
///
/// # Errors
/// If a server or the command cannot be started.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let all = [Kind::Postgres, Kind::Etcd];
    let servers = Servers::start(if arguments.only.is_empty() { &all } else { &arguments.only })?;
    let Some((program, rest)) = arguments.command.split_first() else {
        for (name, value) in servers.environment() {
            println!("{name}={value}");
        }
        eprintln!("they end with this command");
        loop {
            std::thread::park();
        }
    };
    let mut command = Command::new(program);
    let status =
        servers.tell(command.args(rest)).status().with_context(|| format!("cannot start {program}"))?;
    Ok(exit_code(status))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(u8::MAX))
}

/// Running servers. Dropping the value stops them and removes their folders.
#[derive(Debug)]
pub(crate) struct Servers {
    postgres: Option<Postgres>,
    etcd: Option<Etcd>,
}

impl Servers {
    /// Starts one of each of these kinds.
    ///
    /// # Errors
    /// [`Missing`](crate::tools::Missing) if a server is not installed and cannot be; if one doesn't start.
    pub(crate) fn start(kinds: &[Kind]) -> Result<Self> {
        Ok(Self {
            postgres: kinds.contains(&Kind::Postgres).then(Postgres::start).transpose()?,
            etcd: kinds.contains(&Kind::Etcd).then(Etcd::start).transpose()?,
        })
    }

    /// Gives the command the variables that tell where the servers are.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(self.environment())
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let postgres = self.postgres.iter().flat_map(Postgres::environment);
        postgres.chain(self.etcd.iter().flat_map(Etcd::environment)).collect()
    }
}

/// The end of a log file, for an error.
fn log_end(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let skip = text.lines().count().saturating_sub(15);
    text.lines().skip(skip).map(|line| format!("\n  {line}")).collect()
}

/// Waits until `ready` says so.
fn wait_until(what: &str, log: &Path, ready: impl Fn() -> bool) -> Result<()> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
    let start = std::time::Instant::now();
    while !ready() {
        if start.elapsed() > PATIENCE {
            bail!("{what} was not ready within {} s{}", PATIENCE.as_secs(), log_end(log));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_to_its_end() -> Result<()> {
        let folder = crate::place::Temporary::new("log")?;
        let file = folder.path().join("log");
        std::fs::write(&file, (0..100).map(|line| format!("{line}\n")).collect::<String>())?;
        let end = log_end(&file);
        assert!(end.starts_with("\n  85") && end.ends_with("\n  99"), "{end}");
        assert_eq!(log_end(Path::new("/no/such/file")), "");
        Ok(())
    }
}
