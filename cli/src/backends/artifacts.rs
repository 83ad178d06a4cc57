//! `--artifacts`: where programs and other files of jobs are kept.

use std::ffi::OsString;
use std::path::Path;

use clap::Args;
use planewright_backend::artifact::ArtifactStore;
use url::Url;

use crate::Failure;

/// The option that names the object storage.
#[derive(Debug, Args)]
pub(crate) struct ArtifactOptions {
    /// Where programs are kept: file:///folder, s3://bucket/prefix, gs://… or az://…, with the settings of the cloud's own
    /// tools from the environment [default: the folder `artifacts` in --data]
    #[arg(long, value_name = "URL")]
    pub(crate) artifacts: Option<Url>,
}

impl ArtifactOptions {
    /// Opens the storage.
    pub(crate) fn open(&self, data: &Path) -> Result<ArtifactStore, Failure> {
        let opened = match &self.artifacts {
            Some(url) => {
                let text = |(name, value): (OsString, OsString)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                };
                ArtifactStore::at(url, std::env::vars_os().filter_map(text))
            }
            None => ArtifactStore::in_directory(data.join("artifacts")),
        };
        opened.map_err(|error| Failure::could_not("opening the artifacts", &error))
    }
}
