use std::future::Future;

use ::planewright_server::__private::{self as __rt, http};

use super::model;

/// Jars.
pub trait JarsApi: Send + Sync + 'static {
    /// Uploads a jar.
    fn upload_jar(
        &self,
        context: &::planewright_server::RequestContext,
        request: UploadJarRequest,
    ) -> impl Future<Output = Result<UploadJarResponse, ::planewright_server::ApiError>> + Send {
        let _ = request;
        __rt::not_implemented(context)
    }
}

#[derive(Debug)]
pub struct UploadJarRequest {
    pub body: UploadJarParts,
}

/// The parts of the body, in the order in which they come.
#[derive(Debug)]
pub struct UploadJarParts {
    multipart: ::planewright_server::multipart::Multipart,
    seen: [bool; 1],
}

/// A part.
#[derive(Debug)]
pub enum UploadJarPart<'m> {
    Jarfile(::planewright_server::multipart::Part<'m>),
    Comment(String),
    Other(::planewright_server::multipart::Part<'m>),
}

impl UploadJarParts {
    pub fn new(multipart: ::planewright_server::multipart::Multipart) -> Self {
        Self { multipart, seen: [false; 1] }
    }

    pub async fn next_part(
        &mut self,
    ) -> Result<Option<UploadJarPart<'_>>, ::planewright_server::rejection::BodyRejection> {
        let Some(mut part) = self.multipart.next_part().await? else {
            __rt::require_parts(&self.seen, &["jarfile"])?;
            return Ok(None);
        };
        Ok(Some(match part.name() {
            "jarfile" => {
                self.seen[0] = true;
                UploadJarPart::Jarfile(part)
            }
            "comment" => UploadJarPart::Comment(part.text().await?),
            _ => UploadJarPart::Other(part),
        }))
    }
}

#[derive(Debug)]
pub enum UploadJarResponse {
    Ok(::planewright_server::Reply<model::Uploaded>),
}

impl From<model::Uploaded> for UploadJarResponse {
    fn from(body: model::Uploaded) -> Self {
        Self::Ok(body.into())
    }
}

pub(super) fn decode_upload_jar<
    C: ::planewright_server::Conventions,
    B: ::planewright_server::RequestBody,
>(
    __context: &::planewright_server::RequestContext,
    _: &__rt::Captures<{ super::PARAMETERS }>,
    __body: B,
) -> Result<UploadJarRequest, ::planewright_server::Rejection> {
    Ok(UploadJarRequest { body: UploadJarParts::new(__rt::decode::multipart::<C, _>(__context, __body)?) })
}

pub(super) fn encode_upload_jar(
    __response: UploadJarResponse,
) -> Result<http::Response<::planewright_server::ResponseBody>, ::planewright_server::ApiError> {
    static LENGTH: __rt::LengthHint = __rt::LengthHint::new();
    match __response {
        UploadJarResponse::Ok(body) => __rt::encode::json(http::StatusCode::OK, &body, &LENGTH),
    }
}
