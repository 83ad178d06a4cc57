//! The three servers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::http;
use crate::process::{self, Background};
use crate::server;

/// How long a server may take to say its address.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one server does for all of them, while it holds the lease for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Looks after the processes of the host.
    Processes,
    /// Does the background work of the control plane.
    Control,
}

impl Duty {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Control => "background work",
        }
    }

    /// What a server logs when it begins.
    fn words(self) -> &'static str {
        match self {
            Self::Processes => "this server looks after the processes",
            Self::Control => "this server does the background work",
        }
    }
}

/// Three servers with one store and one data folder.
#[derive(Debug)]
pub(super) struct Fleet {
    program: PathBuf,
    store: String,
    data: PathBuf,
    servers: [Server; 3],
}

#[derive(Debug)]
struct Server {
    port: u16,
    log: PathBuf,
    process: Option<Background>,
}

impl Fleet {
    pub(super) fn start(store: &str, data: &Path, logs: &Path) -> Result<Self> {
        let program = server::build()?;
        let ports: [u16; 3] = http::free_ports()?;
        let mut index = 0;
        let servers = ports.map(|port| {
            let log = logs.join(format!("server-{index}.log"));
            index += 1;
            Server { port, log, process: None }
        });
        let mut fleet = Self { program, store: store.to_owned(), data: data.to_owned(), servers };
        for index in 0..fleet.servers.len() {
            fleet.restart(index)?;
        }
        Ok(fleet)
    }

    pub(super) fn urls(&self) -> [String; 3] {
        [0, 1, 2].map(|index: usize| format!("http://127.0.0.1:{}", self.servers[index].port))
    }

    /// Starts a server that doesn't run, and waits until it accepts calls.
    pub(super) fn restart(&mut self, index: usize) -> Result<()> {
        let server = &mut self.servers[index];
        let log = File::options().create(true).append(true).open(&server.log)?;
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--executor", "process", "--log-format", "json", "--store", &self.store])
            .args(["--listen", &format!("127.0.0.1:{}", server.port), "--data"])
            .arg(&self.data)
            .env("RUST_LOG", "info")
            .stderr(log);
        let (process, stdout) = Background::start_piped(&mut command)?;
        let said = process::told(stdout, |line| line.contains("http://").then_some(()), PATIENCE);
        said.with_context(|| {
            let log = fs::read_to_string(&server.log).unwrap_or_default();
            format!("server {index} named no address: {}", log.lines().next_back().unwrap_or_default())
        })?;
        server.process = Some(process);
        Ok(())
    }

    /// Ends a server without a word.
    pub(super) fn kill(&mut self, index: usize) {
        self.servers[index].process = None;
    }

    /// The server that took up a duty last.
    pub(super) fn holder(&self, duty: Duty) -> Result<Option<usize>> {
        let mut latest: Option<(String, usize)> = None;
        for (index, server) in self.servers.iter().enumerate() {
            let log = fs::read_to_string(&server.log)?;
            let Some(line) = log.lines().rfind(|line| line.contains(duty.words())) else {
                continue;
            };
            let line: serde_json::Value = serde_json::from_str(line).context("a line of the log")?;
            let at = line["timestamp"].as_str().context("a line of the log has no time")?.to_owned();
            latest = latest.max(Some((at, index)));
        }
        Ok(latest.map(|(_, index)| index))
    }
}
