//! A session cluster: one JobManager and one TaskManager, on loopback, with a folder of its own.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Libraries;
use crate::http;
use crate::place::Temporary;
use crate::process::Background;

/// How long a cluster may take to answer; a cold start takes 10 to 25 seconds on two cores.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// What may be chosen about a cluster.
#[derive(Debug)]
pub(crate) struct Options {
    /// Port of the REST API; any free one if absent.
    pub(crate) port: Option<u16>,
    /// Task slots of the one TaskManager.
    pub(crate) slots: u32,
    /// Lines added to `config.yaml`, such as `jobmanager.scheduler: adaptive`.
    pub(crate) config: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: None, slots: 4, config: Vec::new() }
    }
}

impl Options {
    /// Jobs can be rescaled, without long rests in between, and there is room for several.
    pub(crate) fn adaptive() -> Self {
        let lines = [
            "jobmanager.scheduler: adaptive",
            "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 0s",
            "jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout: 0s",
            "jobmanager.adaptive-scheduler.rescale-trigger.max-delay: 0s",
            "web.adaptive-scheduler.rescale-history.size: 5",
        ];
        Self { slots: 16, config: lines.map(str::to_owned).into(), ..Self::default() }
    }
}

/// A running cluster. Dropping it kills both processes and removes its folder.
#[derive(Debug)]
pub(crate) struct Cluster {
    url: String,
    // Declared before the folder: fields are dropped in order, and the processes write into it.
    processes: Vec<(&'static str, Background)>,
    folder: Folder,
}

impl Cluster {
    /// Starts a cluster and waits until its TaskManager has registered.
    ///
    /// # Errors
    /// If a process cannot be started, ends early, or isn't ready in time; the error holds the end of its log.
    pub(crate) fn start(libraries: &Libraries, options: Options) -> Result<Self> {
        let folder = Folder::make()?;
        let [any, rpc] = http::free_ports()?;
        let port = options.port.unwrap_or(any);
        fs::write(folder.join("conf/config.yaml"), config(folder.0.path(), port, rpc, &options))?;
        fs::write(folder.join("conf/log4j.properties"), LOG4J)?;
        let url = format!("http://127.0.0.1:{port}");
        let mut cluster = Self { url, processes: Vec::new(), folder };
        cluster.start_again(libraries)?;
        Ok(cluster)
    }

    /// Kills all processes. What they have told nobody is lost; what is on disk stays.
    pub(crate) fn kill(&mut self) {
        self.processes.clear();
    }

    /// Starts the processes anew after [`kill`](Self::kill), at the same address, and waits until they are ready.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) fn start_again(&mut self, libraries: &Libraries) -> Result<()> {
        let folder = &self.folder;
        let start = |name, heap: &str, class: &str| -> Result<_> {
            let mut java = libraries.java(&folder.join("conf"));
            java.args([format!("-Xms{heap}"), format!("-Xmx{heap}")])
                .args(["-XX:MaxDirectMemorySize=256m", "-XX:MaxMetaspaceSize=256m"])
                .arg(format!("-Djava.io.tmpdir={}", folder.join("tmp").display()))
                .arg(format!("-Dlog.file={}", folder.log(name).display()))
                .arg(format!(
                    "-Dlog4j.configurationFile=file:{}",
                    folder.join("conf/log4j.properties").display()
                ))
                .args([class, "--configDir"])
                .arg(folder.join("conf"));
            Ok((name, Background::start(output_to(&mut java, &folder.out(name))?)?))
        };
        self.processes = vec![
            start(
                "jobmanager",
                "448m",
                "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
            )?,
            start("taskmanager", "384m", "org.apache.flink.runtime.taskexecutor.TaskManagerRunner")?,
        ];
        self.wait_until_ready()
    }

    /// Where its REST API answers, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The folder that holds its configuration, logs, savepoints and checkpoints.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.0.path()
    }

    /// Waits until one of the two processes ends.
    ///
    /// # Errors
    /// Always in the end: a cluster that ends by itself has failed, unless its API was asked to shut it down.
    pub(crate) fn wait(self) -> Result<()> {
        loop {
            self.check_alive()?;
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn wait_until_ready(&self) -> Result<()> {
        let client = http::client(Duration::from_secs(5));
        let overview = format!("{}/overview", self.url);
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            self.check_alive()?;
            let last = http::get(&client, &overview);
            if last.as_ref().is_ok_and(|seen| seen["taskmanagers"].as_u64() >= Some(1)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "the cluster was not ready within {} s; the last answer was {last:?}{}",
                    READY_WITHIN.as_secs(),
                    self.folder.logs()
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn check_alive(&self) -> Result<()> {
        for (name, process) in &self.processes {
            if let Some(status) = process.ended()? {
                bail!("the {name} ended with {status}{}", self.folder.logs());
            }
        }
        Ok(())
    }
}

/// The cluster's own folder.
#[derive(Debug)]
struct Folder(Temporary);

impl Folder {
    fn make() -> Result<Self> {
        let folder = Self(Temporary::new("flink")?);
        for part in ["conf/plugins", "log", "tmp", "upload", "savepoints", "checkpoints"] {
            fs::create_dir_all(folder.join(part))?;
        }
        Ok(folder)
    }

    fn join(&self, part: &str) -> PathBuf {
        self.0.path().join(part)
    }

    fn log(&self, process: &str) -> PathBuf {
        self.join("log").join(format!("{process}.log"))
    }

    fn out(&self, process: &str) -> PathBuf {
        self.join("log").join(format!("{process}.out"))
    }

    /// The last lines of every log file.
    fn logs(&self) -> String {
        let mut all = String::new();
        for name in ["jobmanager", "taskmanager"] {
            for file in [self.out(name), self.log(name)] {
                let text = fs::read_to_string(&file).unwrap_or_default();
                let skip = text.lines().count().saturating_sub(15);
                for line in text.lines().skip(skip) {
                    let _ = write!(all, "\n  {name}: {line}");
                }
            }
        }
        all
    }
}

fn output_to<'a>(command: &'a mut Command, file: &Path) -> Result<&'a mut Command> {
    let out = File::create(file)?;
    Ok(command.stderr(out.try_clone()?).stdout(out))
}

/// Small, but not too small: with less direct memory batch jobs run out of it.
fn config(folder: &Path, port: u16, rpc: u16, options: &Options) -> String {
    let folder = folder.display();
    let mut text = format!(
        r#"jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 1024m
blob.server.port: "0"
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: {port}
rest.bind-port: "{port}"
rest.flamegraph.enabled: true
web.upload.dir: {folder}/upload
web.tmpdir: {folder}/tmp
taskmanager.host: 127.0.0.1
taskmanager.bind-host: 127.0.0.1
taskmanager.rpc.port: "0"
taskmanager.data.port: 0
taskmanager.numberOfTaskSlots: {slots}
taskmanager.cpu.cores: 1.0
taskmanager.memory.task.heap.size: 256m
taskmanager.memory.task.off-heap.size: 0b
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.framework.off-heap.batch-shuffle.size: 32m
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
taskmanager.memory.managed.size: 64m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 128m
taskmanager.memory.jvm-overhead.max: 128m
parallelism.default: 1
execution.checkpointing.savepoint-dir: file://{folder}/savepoints
execution.checkpointing.dir: file://{folder}/checkpoints
io.tmp.dirs: {folder}/tmp
cluster.registration.error-delay: 500
"#,
        slots = options.slots,
    );
    for line in &options.config {
        text.push_str(line);
        text.push('\n');
    }
    text
}

const LOG4J: &str = "\
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = file
appender.file.name = file
appender.file.type = FILE
appender.file.append = false
appender.file.fileName = ${sys:log.file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{HH:mm:ss,SSS} %-5p %c - %m%n
";
