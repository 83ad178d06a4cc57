use std::cell::RefCell;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use http::Request;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::url::Remote;
use super::{TargetError, Transport, Unanswered};
use crate::exchange::Heard;

/// A program that serves an API.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// Where it answers once it runs.
    pub url: String,
    /// A path whose `GET` is answered, with any status, as soon as it is ready.
    pub ready: String,
}

/// How long a program may take until it answers.
const START: Duration = Duration::from_secs(60);

/// A program that runs, until this is dropped.
pub(super) struct Running {
    program: Program,
    remote: Remote,
    child: RefCell<Option<Child>>,
}

impl Running {
    pub(super) async fn start(program: Program) -> Result<Self, TargetError> {
        let remote = Remote::new(&program.url, false)?;
        let running = Self { program, remote, child: RefCell::new(None) };
        running.launch().await?;
        Ok(running)
    }

    fn wrong(&self, reason: impl std::fmt::Display) -> TargetError {
        TargetError::Command { command: self.program.command.join(" "), reason: reason.to_string() }
    }

    async fn launch(&self) -> Result<(), TargetError> {
        let (name, arguments) =
            self.program.command.split_first().ok_or_else(|| self.wrong("there is no program to run"))?;
        let child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.wrong(error))?;
        *self.child.borrow_mut() = Some(child);
        let deadline = Instant::now() + START;
        loop {
            let request = Request::get(&self.program.ready).body(Bytes::new());
            match self.remote.send(request.map_err(|error| self.wrong(error))?).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(self.wrong(error)),
                Err(_) => {}
            }
            let ended = self.child.borrow_mut().as_mut().and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                return Err(self.wrong(format!("ended before it answered: {status}")));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Transport for Running {
    fn send(&self, request: Request<Bytes>) -> LocalBoxFuture<'_, Result<Heard, Unanswered>> {
        self.remote.send(request)
    }

    fn restart(&self) -> Option<LocalBoxFuture<'_, Result<(), TargetError>>> {
        Some(Box::pin(async {
            let child = self.child.borrow_mut().take();
            if let Some(mut child) = child {
                child.kill().await.map_err(|error| self.wrong(error))?;
            }
            self.launch().await
        }))
    }

    fn base(&self) -> &str {
        self.remote.base()
    }
}
