//! Contenders as processes: this same program, started again with a name.

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// A server in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Contender {
    /// hyper, a hand-written match on method and path, serde_json.
    Hyper,
    /// axum with `Path` and `Json`.
    Axum,
    /// The generated server, nothing around it.
    Planewright,
    /// The generated server with all default layers.
    PlanewrightLayers,
}

impl Contender {
    /// The name on the command line and in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Axum => "axum",
            Self::Planewright => "planewright",
            Self::PlanewrightLayers => "planewright-layers",
        }
    }
}

/// A running contender.
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a contender behind `wrapper` (a program and its arguments, or nothing), on the given processors.
    pub(crate) async fn start(
        contender: Contender,
        wrapper: &[String],
        cpus: Option<&str>,
    ) -> io::Result<Self> {
        let mut line: Vec<String> = Vec::new();
        if let Some(cpus) = cpus {
            line.extend(["taskset".to_owned(), "-c".to_owned(), cpus.to_owned()]);
        }
        line.extend_from_slice(wrapper);
        line.push(std::env::current_exe()?.display().to_string());
        line.extend(["contender".to_owned(), contender.name().to_owned()]);
        let mut child = Command::new(&line[0])
            .args(&line[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("starting {}: {error}", line[0])))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the contender has no pipes"));
        };
        let mut said = String::new();
        BufReader::new(stdout).read_line(&mut said).await?;
        let address = said
            .trim()
            .parse()
            .map_err(|_| io::Error::other(format!("{} said {said:?}, not its address", contender.name())))?;
        Ok(Self { child, stdin, address })
    }

    /// Nanoseconds of CPU that all its threads have spent.
    pub(crate) fn cpu_nanos(&self) -> io::Result<u64> {
        let id = self.child.id().ok_or_else(|| io::Error::other("the contender has ended"))?;
        let mut sum = 0;
        for task in std::fs::read_dir(format!("/proc/{id}/task"))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            sum += text.split_whitespace().next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(sum)
    }

    /// Asks it to end, and waits until it has: a measuring wrapper writes its result then.
    pub(crate) async fn stop(mut self) -> io::Result<()> {
        self.stdin.write_all(b"stop\n").await?;
        self.stdin.flush().await?;
        self.child.wait().await?;
        Ok(())
    }
}
