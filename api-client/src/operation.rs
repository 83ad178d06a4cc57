use http::Method;

use crate::server::ServerChange;

/// A way to prove who is calling, as the document declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityScheme {
    /// Its name in the document.
    pub name: &'static str,
    /// Where its credential stands in a request.
    pub place: CredentialPlace,
}

/// Where a credential stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialPlace {
    /// In this header.
    Header(&'static str),
    /// In this query parameter.
    Query(&'static str),
    /// In this cookie.
    Cookie(&'static str),
    /// In `Authorization`, behind this scheme: `Bearer`.
    Authorization(&'static str),
    /// In none: the transport shows a certificate.
    Transport,
}

/// What is known of an operation before it is called. Generated code holds one for each, as a static.
#[derive(Debug)]
pub struct Operation {
    /// `operationId` of the document.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The path template, such as `/jobs/{jobid}`.
    pub path: &'static str,
    /// What the `Accept` header says, if anything.
    pub accept: Option<&'static str>,
    /// Where it is served, if that isn't where the rest of the API is.
    pub server: Option<ServerChange>,
    /// What the server demands of its callers: alternatives, each of them schemes that are demanded together.
    pub security: &'static [&'static [&'static SecurityScheme]],
    /// Whether sending the request twice means no more than sending it once: true for safe methods.
    pub repeatable: bool,
}
