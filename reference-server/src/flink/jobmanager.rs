use planewright_backend::executor::Node;
use planewright_server::{RequestContext, ResponseBody};

use super::convert::worker;
use super::logs::{Stream, log_stream};
use super::{Answer, Flink, server::*, wire};
use crate::kernel::KernelError;
use crate::process::{self, LogRing, masked};

impl Flink {
    /// The settings of this process, then those of the executor. No secrets.
    pub(super) async fn settings(&self) -> Answer<Vec<wire::ConfigurationEntry>> {
        let theirs = self.kernel.executor.environment().await.map_err(KernelError::from)?;
        let cluster = self.cluster().await?;
        let ours = [
            ("planewright.version", env!("CARGO_PKG_VERSION").to_owned()),
            ("planewright.executor", cluster.executor),
            ("rest.async.store-duration", format!("{} ms", self.kernel.operation_ttl().as_millis())),
        ];
        let ours = ours.map(|(key, value)| (key.to_owned(), value));
        let settings = ours.into_iter().chain(theirs.settings);
        Ok(settings
            .map(|(key, value)| wire::ConfigurationEntry { value: masked(&key, &value), key })
            .collect())
    }

    /// How the process of the job manager was started: the executor's, if it has one, and else this one.
    pub(super) async fn environment(&self) -> Answer<wire::Environment> {
        let theirs = self.kernel.executor.environment().await.map_err(KernelError::from)?;
        if !theirs.jvm_version.is_empty() {
            let options = theirs.jvm_options.iter();
            return Ok(wire::Environment {
                jvm: wire::JvmInfo {
                    version: theirs.jvm_version,
                    arch: theirs.architecture,
                    options: options
                        .map(|option| match option.split_once('=') {
                            Some((name, value)) => format!("{name}={}", masked(name, value)),
                            None => option.clone(),
                        })
                        .collect(),
                },
                classpath: theirs.class_path,
            });
        }
        let ours = process::environment();
        Ok(wire::Environment {
            jvm: wire::JvmInfo {
                version: ours.version,
                arch: ours.architecture.to_owned(),
                options: ours.arguments,
            },
            classpath: Vec::new(),
        })
    }

    fn own_log(&self) -> ResponseBody {
        self.kernel.log.text().into()
    }
}

impl JobmanagerApi for Flink {
    async fn get_cluster_configuration_info(
        &self,
        _: &RequestContext,
        _: GetClusterConfigurationInfoRequest,
    ) -> Answer<GetClusterConfigurationInfoResponse> {
        Ok(self.settings().await?.into())
    }

    async fn get_job_manager_environment(
        &self,
        _: &RequestContext,
        _: GetJobManagerEnvironmentRequest,
    ) -> Answer<GetJobManagerEnvironmentResponse> {
        Ok(self.environment().await?.into())
    }

    async fn get_job_manager_log_list(
        &self,
        _: &RequestContext,
        _: GetJobManagerLogListRequest,
    ) -> Answer<GetJobManagerLogListResponse> {
        let (size, modified) = self.kernel.log.status();
        let ours = wire::LogFile {
            name: LogRing::NAME.to_owned(),
            size: super::convert::long(size),
            mtime: modified.0,
        };
        let theirs = self.kernel.executor.logs(&Node::Coordinator).await.map_err(KernelError::from)?;
        let logs = std::iter::once(ours).chain(theirs.iter().map(worker::log_file)).collect();
        Ok(wire::LogList { logs }.into())
    }

    async fn get_job_manager_log_file(
        &self,
        _: &RequestContext,
        request: GetJobManagerLogFileRequest,
    ) -> Answer<GetJobManagerLogFileResponse> {
        if request.filename == LogRing::NAME {
            return Ok(GetJobManagerLogFileResponse::Ok(self.own_log()));
        }
        let file = log_stream(&self.kernel, &Node::Coordinator, &request.filename).await?;
        Ok(GetJobManagerLogFileResponse::Ok(file))
    }

    async fn get_job_manager_log(
        &self,
        _: &RequestContext,
        _: GetJobManagerLogRequest,
    ) -> Answer<GetJobManagerLogResponse> {
        if self.cluster().await?.is_remote {
            let log = self.main_log(&Node::Coordinator, Stream::Log).await?;
            return Ok(GetJobManagerLogResponse::Ok(log));
        }
        Ok(GetJobManagerLogResponse::Ok(self.own_log()))
    }

    async fn get_job_manager_stdout(
        &self,
        _: &RequestContext,
        _: GetJobManagerStdoutRequest,
    ) -> Answer<GetJobManagerStdoutResponse> {
        let output = self.main_log(&Node::Coordinator, Stream::Output).await?;
        Ok(GetJobManagerStdoutResponse::Ok(output))
    }

    async fn get_job_manager_thread_dump(
        &self,
        _: &RequestContext,
        _: GetJobManagerThreadDumpRequest,
    ) -> Answer<GetJobManagerThreadDumpResponse> {
        if self.cluster().await?.is_remote {
            let threads = self.kernel.executor.thread_dump(&Node::Coordinator).await;
            let threads = threads.map_err(KernelError::from)?;
            let thread_infos = threads.iter().map(worker::thread_info).collect();
            return Ok(wire::ThreadDump { thread_infos }.into());
        }
        // The operating system is asked by way of files, one or two for each thread.
        let threads = tokio::task::spawn_blocking(process::threads).await;
        let threads = threads.map_err(planewright_server::ApiError::internal)?.into_iter();
        let thread_infos = threads.map(|thread| wire::ThreadInfo {
            thread_name: thread.name,
            stringified_thread_info: thread.description,
        });
        Ok(wire::ThreadDump { thread_infos: thread_infos.collect() }.into())
    }
}
