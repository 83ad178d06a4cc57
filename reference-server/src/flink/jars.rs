use futures_util::stream;
use planewright_backend::artifact::{Artifact, ArtifactId};
use planewright_backend::executor::{ClaimMode, Restore};
use planewright_server::multipart::Part;
use planewright_server::{ApiError, RequestContext};

use super::convert::{self, job};
use super::{Answer, Flink, backend_job, own_address, present, server::*, wire};
use crate::kernel::KernelError;
use crate::kernel::job::{Application, ApplicationId, NewJob};
use crate::kernel::random_bytes;

impl Flink {
    async fn jar(&self, id: &wire::JarId) -> Answer<Artifact> {
        let unknown = || super::missing(format!("jar {id}"));
        let id: ArtifactId = id.to_string().parse().map_err(|_| unknown())?;
        match self.kernel.artifacts.get(&id).await {
            Ok(artifact) => Ok(artifact),
            Err(error) if error.is_not_found() => Err(unknown()),
            Err(error) => Err(KernelError::from(error).into()),
        }
    }

    /// What to run of a jar, and how.
    async fn program(&self, jar: &wire::JarId, options: Options) -> Answer<NewJob> {
        let artifact = self.jar(jar).await?;
        let entry_class = match options.entry_class.filter(|class| !class.is_empty()) {
            Some(class) => class,
            None => entry_classes(&artifact).into_iter().next().ok_or_else(|| {
                ApiError::bad_request(format!(
                    "Jar {jar} has no manifest that names its main class; name one as entryClass."
                ))
            })?,
        };
        let parallelism = match options.parallelism {
            None | Some(-1) => None,
            Some(parallelism) => match u32::try_from(parallelism) {
                Ok(parallelism) if parallelism > 0 => Some(parallelism),
                _ => {
                    return Err(ApiError::bad_request(
                        "The parallelism is at least 1, or -1 for the default.",
                    ));
                }
            },
        };
        Ok(NewJob {
            id: options.job_id.map(backend_job),
            application: None,
            artifact: Some(artifact.id),
            entry_class: Some(entry_class),
            arguments: options.arguments.unwrap_or_default(),
            parallelism,
            restore: options.restore,
            configuration: options.configuration.unwrap_or_default().into_iter().collect(),
        })
    }

    async fn plan_of(&self, jar: &wire::JarId, options: Options) -> Answer<wire::JobPlan> {
        let program = self.program(jar, options).await?;
        let (id, plan) = self.kernel.plan(program).await?;
        Ok(job::job_plan(id, &plan))
    }
}

/// What a request says about running a jar; what its body says goes before what its query says.
struct Options {
    job_id: Option<wire::JobId>,
    entry_class: Option<String>,
    arguments: Option<Vec<String>>,
    parallelism: Option<i32>,
    restore: Option<Restore>,
    configuration: Option<wire::Map<String>>,
}

fn restore(
    location: Option<String>,
    allow_non_restored: Option<bool>,
    claim: Option<wire::ClaimMode>,
) -> Option<Restore> {
    Some(Restore {
        location: location.filter(|location| !location.is_empty())?,
        allow_non_restored: allow_non_restored.unwrap_or(false),
        claim: match claim {
            Some(wire::ClaimMode::Claim) => ClaimMode::Claim,
            Some(wire::ClaimMode::Legacy) => ClaimMode::Legacy,
            _ => ClaimMode::NoClaim,
        },
    })
}

fn entry_classes(artifact: &Artifact) -> Vec<String> {
    let manifest = artifact.manifest.as_ref();
    let classes = manifest.map(|manifest| manifest.entry_classes()).unwrap_or_default();
    classes.into_iter().map(str::to_owned).collect()
}

fn jar_file(artifact: &Artifact) -> Option<wire::JarFile> {
    let entries = entry_classes(artifact).into_iter();
    Some(wire::JarFile {
        id: artifact.id.as_str().parse().ok()?,
        name: artifact.name.clone(),
        uploaded: artifact.uploaded.0,
        entry: entries.map(|name| wire::JarEntry { name, description: None }).collect(),
    })
}

/// The name of a class without its package.
fn simple_name(class: &str) -> &str {
    class.rsplit(['.', '$']).next().unwrap_or(class)
}

impl JarsApi for Flink {
    async fn get_jar_list(
        &self,
        context: &RequestContext,
        _: GetJarListRequest,
    ) -> Answer<GetJarListResponse> {
        let artifacts = self.kernel.artifacts.list().await.map_err(KernelError::from)?;
        Ok(wire::JarList {
            address: own_address(context),
            // The newest first, as in Flink.
            files: artifacts.iter().rev().filter_map(jar_file).collect(),
        }
        .into())
    }

    async fn upload_jar(
        &self,
        _: &RequestContext,
        mut request: UploadJarRequest,
    ) -> Answer<UploadJarResponse> {
        let mut stored: Option<Artifact> = None;
        let result = self.receive(&mut request.body, &mut stored).await;
        match (result, stored) {
            (Ok(()), Some(artifact)) => Ok(wire::UploadedJar {
                filename: format!("/jars/{}", artifact.id),
                status: wire::UploadStatus::Success,
            }
            .into()),
            (Ok(()), None) => Err(ApiError::bad_request("Exactly one file must be sent; there was none.")),
            (Err(error), Some(artifact)) => {
                // Nobody has heard of its id; a failure to delete it leaves a file that no one asked for, and no harm.
                if let Err(error) = self.kernel.artifacts.delete(&artifact.id).await {
                    tracing::warn!(id = %artifact.id, %error, "a refused upload could not be deleted");
                }
                Err(error)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn delete_jar(&self, _: &RequestContext, request: DeleteJarRequest) -> Answer<DeleteJarResponse> {
        let artifact = self.jar(&request.jarid).await?;
        self.kernel.artifacts.delete(&artifact.id).await.map_err(KernelError::from)?;
        Ok(wire::EmptyObject::default().into())
    }

    async fn get_jar_plan(
        &self,
        _: &RequestContext,
        request: GetJarPlanRequest,
    ) -> Answer<GetJarPlanResponse> {
        let options = Options {
            job_id: None,
            entry_class: request.entry_class,
            arguments: request.program_arg,
            parallelism: request.parallelism,
            restore: None,
            configuration: None,
        };
        Ok(self.plan_of(&request.jarid, options).await?.into())
    }

    async fn generate_plan_from_jar(
        &self,
        _: &RequestContext,
        request: GeneratePlanFromJarRequest,
    ) -> Answer<GeneratePlanFromJarResponse> {
        let body = request.body.unwrap_or_default();
        let options = Options {
            job_id: present(body.job_id),
            entry_class: present(body.entry_class).or(request.entry_class),
            arguments: present(body.program_args_list).or(request.program_arg),
            parallelism: present(body.parallelism).or(request.parallelism),
            restore: None,
            configuration: present(body.flink_configuration),
        };
        Ok(self.plan_of(&request.jarid, options).await?.into())
    }

    async fn submit_job_from_jar(
        &self,
        _: &RequestContext,
        request: SubmitJobFromJarRequest,
    ) -> Answer<SubmitJobFromJarResponse> {
        let body = request.body.unwrap_or_default();
        let options = Options {
            job_id: present(body.job_id),
            entry_class: present(body.entry_class).or(request.entry_class),
            arguments: present(body.program_args_list).or(request.program_arg),
            parallelism: present(body.parallelism).or(request.parallelism),
            restore: restore(
                present(body.savepoint_path).or(request.savepoint_path),
                present(body.allow_non_restored_state).or(request.allow_non_restored_state),
                present(body.claim_mode).or(present(body.restore_mode)),
            ),
            configuration: present(body.flink_configuration),
        };
        let program = self.program(&request.jarid, options).await?;
        let job = self.kernel.submit(program).await?;
        Ok(wire::SubmittedJob { jobid: convert::job_id(job), application_id: convert::application_id(job) }
            .into())
    }

    async fn submit_application_from_jar(
        &self,
        _: &RequestContext,
        request: SubmitApplicationFromJarRequest,
    ) -> Answer<SubmitApplicationFromJarResponse> {
        let body = request.body.unwrap_or_default();
        let options = Options {
            job_id: present(body.job_id),
            entry_class: present(body.entry_class).or(request.entry_class),
            arguments: present(body.program_args_list).or(request.program_arg),
            parallelism: present(body.parallelism).or(request.parallelism),
            restore: restore(
                present(body.savepoint_path).or(request.savepoint_path),
                present(body.allow_non_restored_state).or(request.allow_non_restored_state),
                present(body.claim_mode),
            ),
            configuration: present(body.flink_configuration),
        };
        let mut program = self.program(&request.jarid, options).await?;
        let id = match present(body.application_id) {
            Some(id) => ApplicationId::from_bytes(*id.as_bytes()),
            None => ApplicationId::from_bytes(random_bytes()?),
        };
        let name = simple_name(program.entry_class.as_deref().unwrap_or_default()).to_owned();
        self.kernel.require_free_application(id).await?;
        program.application = Some(Application { id, name });
        self.kernel.submit(program).await?;
        Ok(wire::SubmittedApplication { applicationid: convert::application_id(id) }.into())
    }
}

impl Flink {
    /// Stores the one file of an upload. What has been stored when a second one comes is in `stored` nevertheless.
    async fn receive(&self, parts: &mut UploadJarParts, stored: &mut Option<Artifact>) -> Answer<()> {
        while let Some(part) = parts.next_part().await? {
            // Neither the name of the part nor its media type matters; what isn't a file is passed over.
            let (UploadJarPart::Jarfile(mut part) | UploadJarPart::Other(mut part)) = part;
            let Some(name) = part.file_name().map(str::to_owned) else {
                continue;
            };
            if stored.is_some() {
                return Err(ApiError::bad_request("Exactly one file must be sent; there were more."));
            }
            if !name.ends_with(".jar") {
                return Err(ApiError::bad_request("The name of the file must end in .jar."));
            }
            let content = stream::unfold(&mut part, |part: &mut Part<'_>| async move {
                let chunk = part.chunk().await.map_err(std::io::Error::other).transpose()?;
                Some((chunk, part))
            });
            let artifact = self.kernel.artifacts.put(&name, content).await;
            *stored = Some(artifact.map_err(KernelError::from)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_lose_their_package() {
        assert_eq!(simple_name("org.example.Outer$Word"), "Word");
        assert_eq!(simple_name("Word"), "Word");
        assert_eq!(simple_name(""), "");
    }
}
