//! Log files of the executor's processes.

use planewright_backend::executor::Node;
use planewright_server::{ApiError, ResponseBody};

use super::{Answer, Flink};
use crate::kernel::{Kernel, KernelError};

/// One of the two files that every process of Flink has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// What it logs.
    Log,
    /// What it prints.
    Output,
}

impl Flink {
    /// The log, or the output, of a process: the first file with the ending that it has in Flink.
    pub(super) async fn main_log(&self, node: &Node, stream: Stream) -> Answer<ResponseBody> {
        let (ending, missing) = match stream {
            Stream::Log => (".log", "There is no file with the log of this process."),
            Stream::Output => (".out", "There is no file with the output of this process."),
        };
        let files = self.kernel.executor.logs(node).await.map_err(KernelError::from)?;
        let file = files.into_iter().find(|file| file.name.ends_with(ending));
        let file = file.ok_or_else(|| ApiError::not_found(missing))?;
        log_stream(&self.kernel, node, &file.name).await
    }
}

pub(super) async fn log_stream(kernel: &Kernel, node: &Node, name: &str) -> Answer<ResponseBody> {
    if name.contains(['/', '\\']) {
        return Err(ApiError::not_found("A log file has no folder in its name."));
    }
    let content = kernel.executor.log(node, name).await.map_err(KernelError::from)?;
    Ok(ResponseBody::stream(content))
}
