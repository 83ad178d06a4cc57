use std::error::Error;
use std::path::Path as FilePath;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use url::Url;

use super::ArtifactStore;

/// An [`ArtifactStore`] can't be opened at the place that was named.
#[derive(Debug, thiserror::Error)]
#[error("artifacts can't be kept at {place}: {reason}")]
pub struct OpenArtifactStoreError {
    place: String,
    reason: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl OpenArtifactStoreError {
    fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into(), source: None }
    }

    fn caused(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

impl ArtifactStore {
    /// Keeps artifacts at a URL.
    ///
    /// | URL | feature | place |
    /// |---|---|---|
    /// | `file:///folder` | | a directory; see [`in_directory`](ArtifactStore::in_directory) |
    /// | `s3://bucket/prefix` | `s3` | Amazon S3 and what speaks its protocol |
    /// | `gs://bucket/prefix` | `gs` | Google Cloud Storage |
    /// | `az://container/prefix` | `az` | Azure Blob Storage |
    ///
    /// `options` are the settings of the cloud's own tools by name, upper or lower case, others are passed over:
    /// `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME` and so on.
    /// The variables of the environment are what a server gives here.
    ///
    /// Nothing is called yet; a bucket that doesn't exist shows at the first use.
    ///
    /// # Errors
    ///
    /// [`OpenArtifactStoreError`] if the URL has another scheme, or the feature is off, or settings are missing.
    pub fn at(
        url: &Url,
        options: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OpenArtifactStoreError> {
        let error = |reason: &str| OpenArtifactStoreError::new(url.as_str(), reason);
        if url.scheme() == "file" {
            let directory =
                url.to_file_path().map_err(|()| error("the URL names no directory of this host"))?;
            return Self::in_directory(directory);
        }
        let compiled = match url.scheme() {
            "s3" => cfg!(feature = "s3"),
            "gs" => cfg!(feature = "gs"),
            "az" => cfg!(feature = "az"),
            _ => return Err(error("expected a URL that begins with file, s3, gs or az")),
        };
        if !compiled {
            return Err(error(&format!("this build has no {0}; build it with feature {0}", url.scheme())));
        }
        let (objects, prefix) = object_store::parse_url_opts(url, options)
            .map_err(|source| error("URL and settings don't suffice").caused(source))?;
        Ok(Self::new(Arc::new(PrefixStore::new(objects, prefix))))
    }

    /// Keeps artifacts in a directory, which is created if missing. What was stored survives a power cut.
    ///
    /// # Errors
    ///
    /// [`OpenArtifactStoreError`] if the directory can't be created.
    pub fn in_directory(directory: impl AsRef<FilePath>) -> Result<Self, OpenArtifactStoreError> {
        let directory = directory.as_ref();
        let error =
            || OpenArtifactStoreError::new(directory.display().to_string(), "no directory to work in");
        std::fs::create_dir_all(directory).map_err(|source| error().caused(source))?;
        let objects = LocalFileSystem::new_with_prefix(directory).map_err(|source| error().caused(source))?;
        Ok(Self::new(Arc::new(objects.with_fsync(true))))
    }
}
