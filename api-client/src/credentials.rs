use std::fmt;
use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use crate::error::Error;
use crate::transport::BoxError;

/// The future of [`Credentials::credential`].
pub type CredentialFuture<'a> = Pin<Box<dyn Future<Output = Result<Credential, BoxError>> + Send + 'a>>;

/// Gives what proves who is calling, at each attempt: a place to keep a token and to renew it.
pub trait Credentials: Send + Sync {
    /// The credential for the next attempt.
    ///
    /// # Contract
    /// - `refused` is true after the server answered 401 to the last one: a kept token must then be renewed. It
    ///   is asked for once in a call; a second 401 is returned to the caller.
    /// - It may be asked by many calls at once.
    ///
    /// # Errors
    /// If there is none to be had; the call then fails without anything being sent.
    ///
    /// # Cancellation
    /// The future is dropped when the call's deadline passes.
    fn credential(&self, refused: bool) -> CredentialFuture<'_>;
}

/// A header that proves who is calling. Its value is never printed.
#[derive(Clone)]
pub struct Credential {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

impl Credential {
    /// `Authorization: Bearer …`.
    ///
    /// # Errors
    /// If the token holds what a header can't.
    pub fn bearer(token: &str) -> Result<Self, Error> {
        Self::header(AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// `Authorization: Basic …`.
    ///
    /// # Errors
    /// If the user's name holds a colon.
    pub fn basic(user: &str, password: &str) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::request("a user's name can't hold a colon"));
        }
        Self::header(AUTHORIZATION, &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    /// A header of the API's own, such as an API key.
    ///
    /// # Errors
    /// If the value holds what a header can't.
    pub fn header(name: HeaderName, value: &str) -> Result<Self, Error> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Error::request(format!("the credential can't stand in the header {name}")))?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Credential({})", self.name)
    }
}

/// A credential that never changes.
impl Credentials for Credential {
    fn credential(&self, _refused: bool) -> CredentialFuture<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}
