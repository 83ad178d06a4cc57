//! A private PostgreSQL.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::kept::Kept;
use super::{log_end, wait_until};
use crate::http;
use crate::place::Temporary;
use crate::process;
use crate::tools::{self, Missing};

const USER: &str = "planewright";
const PASSWORD: &str = "not-secret";
/// The server certifies itself: nobody else knows its port.
const CERTIFICATE: &str = "\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = planewright
[extensions]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1
";

/// A running PostgreSQL with an empty database, on loopback. Dropping it stops the server and removes its folder.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: String,
    certificate: PathBuf,
    // Declared before the folder: fields are dropped in order, and the server writes into it.
    server: Kept,
    _folder: Temporary,
}

impl Postgres {
    /// Makes a cluster and starts its server.
    ///
    /// # Errors
    /// [`Missing`] if PostgreSQL is not installed and cannot be; if the server doesn't start.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs()?;
        let account = Account::find()?;
        // Not under the target directory: an account of its own may not be able to reach that.
        let folder = Temporary::within(&std::env::temp_dir(), "planewright-postgres")?;
        account.own(folder.path())?;
        let data = folder.path().join("data");
        let log = folder.path().join("log");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD)?;
        account.own(&password)?;
        let mut init = Command::new(programs.join("initdb"));
        init.arg("-D").arg(&data).arg("--pwfile").arg(&password);
        init.args(["--username", USER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        process::read(account.runs(&mut init).current_dir(folder.path()))?;

        let certificate = folder.path().join("certificate");
        certify(account, folder.path())?;
        let [port] = http::free_ports()?;
        let server = {
            let (program, folder) = (programs.join("postgres"), folder.path().to_owned());
            move || {
                let mut command = Command::new(&program);
                command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
                for setting in
                    ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"]
                {
                    command.args(["-c", setting]);
                }
                command.args(["-c", "ssl=on"]);
                command.arg("-c").arg(format!("ssl_cert_file={}", folder.join("certificate").display()));
                command.arg("-c").arg(format!("ssl_key_file={}", folder.join("key").display()));
                account.runs(&mut command).current_dir(&folder);
                command
            }
        };
        let server = Kept::start(server, &log, &folder.path().join("pid"))?;
        let ready = programs.join("pg_isready");
        wait_until("PostgreSQL", &log, || {
            let asked = ["-q", "-h", "127.0.0.1", "-p", &port.to_string(), "-d", "postgres"];
            process::finish(Command::new(&ready).args(asked)).is_ok_and(|done| done.code == Some(0))
        })
        .with_context(|| format!("PostgreSQL{}", log_end(&log)))?;
        let url = format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres");
        Ok(Self { url, certificate, server, _folder: folder })
    }

    /// Where it is, with user, password and database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What tells a program where it is, and how to kill it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("PLANEWRIGHT_POSTGRES", self.url().to_owned()),
            ("PLANEWRIGHT_POSTGRES_PID", self.server.pid_file().display().to_string()),
            ("PLANEWRIGHT_POSTGRES_CA", self.certificate.display().to_string()),
        ]
    }
}

/// Makes a key and a certificate in the folder.
fn certify(account: Account, folder: &Path) -> Result<()> {
    let (config, key) = (folder.join("certificate.conf"), folder.join("key"));
    fs::write(&config, CERTIFICATE)?;
    let mut request = Command::new("openssl");
    request.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-config",
    ]);
    request.arg(config).arg("-keyout").arg(&key).arg("-out").arg(folder.join("certificate"));
    process::read(&mut request)?;
    account.own(&key)
}

/// The folder of the server's programs: Debian keeps them off the search path, one folder per release.
fn programs() -> Result<PathBuf> {
    let installed = || {
        let releases = fs::read_dir("/usr/lib/postgresql").ok()?;
        let folders = releases.filter_map(|release| Some(release.ok()?.path().join("bin")));
        let debian = folders.filter(|folder| folder.join("initdb").is_file()).max();
        debian.or_else(|| Some(process::on_path("initdb")?.parent()?.to_owned()))
    };
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    // It fails if the program is not on the search path afterwards, which says nothing here.
    let asked = tools::debian(&["initdb"], &["postgresql"]);
    match (installed(), asked) {
        (Some(folder), _) => Ok(folder),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Missing("no PostgreSQL; install postgresql".to_owned()).into()),
    }
}

/// Who runs the server: it refuses to be root's.
#[derive(Clone, Copy, Debug)]
struct Account(Option<(u32, u32)>);

impl Account {
    fn find() -> Result<Self> {
        let id = |what: &str, of: Option<&str>| -> Result<u32> {
            let text = process::read(Command::new("id").arg(what).args(of))?;
            text.trim().parse().with_context(|| format!("id {what}: {text}"))
        };
        if id("-u", None)? != 0 {
            return Ok(Self(None));
        }
        Ok(Self(Some((id("-u", Some("postgres"))?, id("-g", Some("postgres"))?))))
    }

    fn own(self, path: &Path) -> Result<()> {
        if let Self(Some((user, group))) = self {
            std::os::unix::fs::chown(path, Some(user), Some(group))?;
        }
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
    }

    fn runs(self, command: &mut Command) -> &mut Command {
        match self {
            Self(Some((user, group))) => command.uid(user).gid(group),
            Self(None) => command,
        }
    }
}
