//! The contract of `Store` on real database servers.

use anyhow::Result;

use crate::process::{self, cargo};
use crate::servers::{Kind, Servers};

/// Runs the tests of the stores that need a server.
pub(super) fn on_servers() -> Result<String> {
    let servers = Servers::start(&[Kind::Postgres, Kind::Etcd])?;
    let mut test = cargo();
    test.args(["test", "--quiet", "--package", "planewright-backend", "--features", "etcd,postgres"]);
    test.args(["--test", "servers", "--test", "server_faults", "--test", "broken_connections"]);
    process::run(servers.tell(&mut test))?;
    Ok("PostgreSQL and etcd".to_owned())
}
