//! A private etcd.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::kept::Kept;
use super::wait_until;
use crate::http;
use crate::place::Temporary;
use crate::tools;

/// A running etcd of one member, empty, on loopback. Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub(crate) struct Etcd {
    url: String,
    // Declared before the folder: fields are dropped in order, and the server writes into it.
    server: Kept,
    _folder: Temporary,
}

impl Etcd {
    /// Starts a server with an empty folder.
    ///
    /// # Errors
    /// [`Missing`](crate::tools::Missing) if etcd is not installed and cannot be; if the server doesn't start.
    pub(crate) fn start() -> Result<Self> {
        tools::debian(&["etcd"], &["etcd-server"])?;
        let folder = Temporary::new("etcd")?;
        let [port, peers] = http::free_ports()?;
        let log = folder.path().join("log");
        let data = folder.path().join("data");
        let server = move || {
            let (clients, peers) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peers}"));
            let mut command = Command::new("etcd");
            command.args(["--name", "one", "--log-level", "warn", "--data-dir"]).arg(&data);
            command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
            command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
            command.args(["--initial-cluster", &format!("one={peers}")]);
            // A member alone has nobody to wait for.
            command.args(["--heartbeat-interval", "20", "--election-timeout", "100"]);
            command
        };
        let server = Kept::start(server, &log, &folder.path().join("pid"))?;
        let client = http::client(Duration::from_secs(1));
        let health = format!("http://127.0.0.1:{port}/health");
        wait_until("etcd", &log, || {
            http::get(&client, &health).is_ok_and(|answer| answer["health"] == "true")
        })?;
        Ok(Self { url: format!("etcd://127.0.0.1:{port}"), server, _folder: folder })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What tells a program where it is, and how to kill it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        let pid = self.server.pid_file().display().to_string();
        [("PLANEWRIGHT_ETCD", self.url().to_owned()), ("PLANEWRIGHT_ETCD_PID", pid)]
    }
}
