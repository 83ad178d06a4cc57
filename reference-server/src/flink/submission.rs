//! The submission of Flink's own client: a plan that only Java can read, with the files that it needs.
//!
//! An executor that is Flink gets it as it came; all others refuse it, and then the caller hears what to do instead.

use bytes::Bytes;
use futures_util::stream;
use planewright_backend::executor::{ExecutorError, OpaqueSubmission};
use planewright_server::multipart::Part;
use planewright_server::{ApiError, RequestContext};
use tokio::sync::mpsc;

use super::server::{SubmitJobPart, SubmitJobParts};
use super::{Answer, Flink, wire};
use crate::kernel::{KernelError, random_bytes};

/// How many pieces of the request may wait for the executor.
const PIECES_IN_FLIGHT: usize = 4;

type Pieces = mpsc::Sender<std::io::Result<Bytes>>;

impl Flink {
    pub(super) async fn submit_plan(
        &self,
        _: &RequestContext,
        parts: SubmitJobParts,
    ) -> Answer<wire::SubmittedJobUrl> {
        let (pieces, received) = mpsc::channel(PIECES_IN_FLIGHT);
        let boundary = format!("planewright-{:032x}", u128::from_be_bytes(random_bytes()?));
        let submission = OpaqueSubmission {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            body: Box::pin(stream::unfold(received, |mut received| async move {
                Some((received.recv().await?, received))
            })),
        };
        let forwarding = forward(parts, boundary, pieces);
        let (answer, forwarded) = tokio::join!(self.kernel.executor.submit_opaque(submission), forwarding);
        let job = match answer {
            Ok(job) => job,
            Err(ExecutorError::Unsupported { .. }) => {
                return Err(ApiError::not_implemented(
                    "This server doesn't run Flink itself, so it can't read a plan that Java has serialized.",
                )
                .and("Upload the jar to /jars/upload and start it with /jars/{jarid}/run instead."));
            }
            Err(error) => {
                forwarded?;
                return Err(KernelError::from(error).into());
            }
        };
        let job_url = format!("/jobs/{job}");
        Ok(wire::SubmittedJobUrl { job_url })
    }
}

/// Writes the parts anew, since they were read by name. Ends early when nobody wants them any more.
async fn forward(mut parts: SubmitJobParts, boundary: String, pieces: Pieces) -> Answer<()> {
    let result = forward_parts(&mut parts, &boundary, &pieces).await;
    if let Err(error) = &result {
        let broken = std::io::Error::other(error.to_string());
        // The executor must not take what it has got so far for all there is; nobody there is fine too.
        let _ = pieces.send(Err(broken)).await;
    }
    result
}

async fn forward_parts(parts: &mut SubmitJobParts, boundary: &str, pieces: &Pieces) -> Answer<()> {
    while let Some(part) = parts.next_part().await? {
        let wanted = match part {
            SubmitJobPart::Request(request) => {
                let request = serde_json::to_vec(&request).map_err(ApiError::internal)?;
                let head =
                    "Content-Disposition: form-data; name=\"request\"\r\nContent-Type: application/json";
                send_all(pieces, [head_of(boundary, head), request.into()]).await
            }
            SubmitJobPart::File(part) | SubmitJobPart::Other(part) => {
                forward_file(part, boundary, pieces).await?
            }
        };
        if !wanted {
            return Ok(());
        }
    }
    send_all(pieces, [format!("\r\n--{boundary}--\r\n").into()]).await;
    Ok(())
}

async fn forward_file(mut part: Part<'_>, boundary: &str, pieces: &Pieces) -> Answer<bool> {
    let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n'], " ");
    let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(part.name()));
    if let Some(name) = part.file_name() {
        head += &format!("; filename=\"{}\"", quoted(name));
    }
    if let Some(content_type) = part.content_type() {
        head += &format!("\r\nContent-Type: {}", quoted(content_type));
    }
    let mut wanted = send_all(pieces, [head_of(boundary, &head)]).await;
    while wanted && let Some(chunk) = part.chunk().await? {
        wanted = send_all(pieces, [chunk]).await;
    }
    Ok(wanted)
}

fn head_of(boundary: &str, fields: &str) -> Bytes {
    format!("\r\n--{boundary}\r\n{fields}\r\n\r\n").into()
}

/// Whether somebody still wants more.
async fn send_all(pieces: &Pieces, bytes: impl IntoIterator<Item = Bytes>) -> bool {
    for piece in bytes {
        if pieces.send(Ok(piece)).await.is_err() {
            return false;
        }
    }
    true
}
