use std::fmt;
use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, HeaderValue, Request, Uri};
use planewright_model::parameter::push_path;

use crate::error::{Error, Failure};
use crate::operation::{CredentialPlace, SecurityScheme};
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

/// What proves who is calling. Its value is never printed.
#[derive(Clone)]
pub struct Credential(Kind);

#[derive(Clone)]
enum Kind {
    Header(HeaderName, HeaderValue),
    Key(String),
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

    /// A key or a token, which stands where its scheme has it: give it to
    /// [`Settings::credentials_for`](crate::Settings::credentials_for).
    #[must_use]
    pub fn key(key: impl Into<String>) -> Self {
        Self(Kind::Key(key.into()))
    }

    /// A header of the API's own, such as an API key.
    ///
    /// # Errors
    /// If the value holds what a header can't.
    pub fn header(name: HeaderName, value: &str) -> Result<Self, Error> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Error::request(format!("the credential can't stand in the header {name}")))?;
        value.set_sensitive(true);
        Ok(Self(Kind::Header(name, value)))
    }
}

impl Credential {
    /// Puts it into a request; a key, where its scheme has it, or else as a bearer's token.
    #[expect(clippy::result_large_err, reason = "a failure is moved once, into the error that is returned")]
    pub(crate) fn place<B>(
        &self,
        scheme: Option<&SecurityScheme>,
        request: &mut Request<B>,
    ) -> Result<(), Failure> {
        let key = match &self.0 {
            Kind::Header(name, value) => {
                request.headers_mut().insert(name.clone(), value.clone());
                return Ok(());
            }
            Kind::Key(key) => key,
        };
        let failed = |source: BoxError| Failure::Credentials { source };
        let place = scheme.map_or(CredentialPlace::Authorization("Bearer"), |scheme| scheme.place);
        let mut escaped = String::new();
        push_path(&mut escaped, key);
        let (name, text) = match place {
            CredentialPlace::Transport => return Ok(()),
            CredentialPlace::Query(name) => {
                let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
                let mark = if target.contains('?') { '&' } else { '?' };
                let mut target = format!("{target}{mark}");
                push_path(&mut target, &name);
                target.push('=');
                target.push_str(&escaped);
                let mut parts = request.uri().clone().into_parts();
                parts.path_and_query = Some(target.parse().map_err(|error| failed(Box::new(error)))?);
                *request.uri_mut() = Uri::from_parts(parts).map_err(|error| failed(Box::new(error)))?;
                return Ok(());
            }
            CredentialPlace::Cookie(name) => {
                let others = request.headers().get(COOKIE).and_then(|value| value.to_str().ok());
                let others = others.map_or(String::new(), |others| format!("{others}; "));
                (COOKIE, format!("{others}{name}={escaped}"))
            }
            CredentialPlace::Header(name) => {
                (name.parse().map_err(|_| failed(format!("`{name}` is no header").into()))?, key.clone())
            }
            CredentialPlace::Authorization(scheme) => (AUTHORIZATION, format!("{scheme} {key}")),
        };
        let mut value = HeaderValue::try_from(text)
            .map_err(|_| failed(format!("the credential can't stand in the header {name}").into()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Header(name, _) => write!(out, "Credential({name})"),
            Kind::Key(_) => out.write_str("Credential(key)"),
        }
    }
}

/// A credential that never changes.
impl Credentials for Credential {
    fn credential(&self, _refused: bool) -> CredentialFuture<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}
