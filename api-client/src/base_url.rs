use std::fmt;
use std::str::FromStr;

use http::Uri;

use crate::error::Error;
use crate::server::ServerChange;

/// Where an API is served: scheme, host, port, and the path that stands before every path of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Without a slash at the end; empty for a service in this process.
    text: String,
    authority_end: usize,
}

impl BaseUrl {
    /// The base of a service in this process: no host, and this path, such as `/v1`, before every path.
    ///
    /// # Errors
    /// If it isn't a path.
    pub fn in_process(path: &str) -> Result<Self, Error> {
        let text = path.trim_end_matches('/');
        let uri = text.parse::<Uri>();
        if !text.is_empty() && (!text.starts_with('/') || !uri.is_ok_and(|uri| uri.query().is_none())) {
            return Err(Error::request(format!("`{path}` is not a path")));
        }
        Ok(Self { text: text.to_owned(), authority_end: 0 })
    }

    pub(crate) fn none() -> Self {
        Self { text: String::new(), authority_end: 0 }
    }

    /// With host and path.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// How many bytes of it are scheme and authority.
    pub(crate) fn authority_end(&self) -> usize {
        self.authority_end
    }
}

/// Reads `http://host:8081` or `https://host/flink/v1`.
impl BaseUrl {
    /// The base of an operation that has a server of its own. Its host counts only for a client of the document's own
    /// servers: one of a proxy or of a test stays where it is, and takes the path. A variable that both have has the value
    /// of the client's URL.
    pub(crate) fn moved(&self, change: ServerChange) -> Self {
        let values = change.home.iter().find_map(|home| home.values_in(&self.text));
        let own = change.own.url_with(values.as_deref().unwrap_or_default());
        let own = own.trim_end_matches('/');
        if values.is_some()
            && let Ok(base) = own.parse()
        {
            return base;
        }
        let path = match own.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
            None => own,
        };
        let authority = self.text.get(..self.authority_end).unwrap_or_default();
        Self { text: format!("{authority}{path}"), authority_end: self.authority_end }
    }
}

impl FromStr for BaseUrl {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::request(format!("`{url}` is not a base URL: {why}"));
        let trimmed = url.trim_end_matches('/');
        let uri: Uri = trimmed.parse().map_err(|_| wrong("it can't be read"))?;
        let scheme = uri.scheme_str().ok_or_else(|| wrong("it has no scheme, such as http://"))?;
        match scheme {
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => return Err(wrong("https needs the feature `tls`")),
            _ => return Err(wrong("its scheme is neither http nor https")),
        }
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(Error::request(
                "credentials don't belong into a base URL: they go into the settings",
            ));
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(wrong("it has a query or a fragment"));
        }
        let authority_end = scheme.len() + "://".len() + authority.as_str().len();
        Ok(Self { text: trimmed.to_owned(), authority_end })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Server, ServerVariable};

    #[test]
    fn a_path_is_kept_and_a_slash_at_the_end_is_not() {
        for (given, kept) in [
            ("http://host:8081", "http://host:8081"),
            ("http://host:8081/", "http://host:8081"),
            ("http://host/flink/v1/", "http://host/flink/v1"),
            ("http://[::1]:8081/v1", "http://[::1]:8081/v1"),
        ] {
            let base: BaseUrl = given.parse().expect(given);
            assert_eq!(base.as_str(), kept);
        }
        assert_eq!(
            "http://host:1/v1".parse::<BaseUrl>().expect("a URL").authority_end(),
            "http://host:1".len()
        );
    }

    #[test]
    fn what_is_no_base_url_is_refused_with_the_reason() {
        for (given, reason) in [
            ("localhost:8081", "no scheme"),
            ("/v1", "no scheme"),
            ("ftp://host", "neither http nor https"),
            ("http://host/?a=b", "query"),
            ("http://host/#a", "fragment"),
            ("http://me:secret@host", "settings"),
            ("http://", "not a base URL"),
            ("", "can't be read"),
        ] {
            let error = given.parse::<BaseUrl>().expect_err(given).to_string();
            assert!(error.contains(reason), "{given}: {error}");
            assert!(!error.contains("secret"));
        }
    }

    #[test]
    fn a_server_of_its_own_counts_where_the_client_is_at_home() {
        const PLAIN: Server = Server { url: "", template: "", description: "", variables: &[] };
        const REGION: &[ServerVariable] = &[ServerVariable { name: "region", default: "eu", values: &[] }];
        const HOME: &[Server] = &[
            Server { template: "http://api.example.org/v1/", ..PLAIN },
            Server { template: "http://{region}.example.net/v1", variables: REGION, ..PLAIN },
        ];
        const UPLOADS: &Server = &Server { template: "http://uploads.example.org/u/", ..PLAIN };
        const PATH: &Server = &Server { template: "/v2", ..PLAIN };
        const HOST: &Server = &Server { template: "http://uploads.example.org", ..PLAIN };
        const REGIONAL: &Server =
            &Server { template: "http://uploads.{region}.example.net", variables: REGION, ..PLAIN };
        let moved =
            |base: &str, own| base.parse::<BaseUrl>().expect(base).moved(ServerChange { home: HOME, own });
        for (base, own, expected) in [
            ("http://api.example.org/v1", UPLOADS, "http://uploads.example.org/u"),
            ("http://api.example.org/v1", PATH, "http://api.example.org/v2"),
            ("http://127.0.0.1:80/v1", UPLOADS, "http://127.0.0.1:80/u"),
            ("http://127.0.0.1:80/v1", HOST, "http://127.0.0.1:80"),
            ("http://us.example.net/v1", REGIONAL, "http://uploads.us.example.net"),
            ("http://api.example.org/v1", REGIONAL, "http://uploads.eu.example.net"),
        ] {
            assert_eq!(moved(base, own).as_str(), expected, "{base} {}", own.template);
        }
        let change = ServerChange { home: HOME, own: UPLOADS };
        assert_eq!(BaseUrl::none().moved(change).as_str(), "/u");
    }

    #[test]
    fn in_process_takes_a_path_only() {
        assert_eq!(BaseUrl::in_process("/v1/").expect("a path").as_str(), "/v1");
        assert_eq!(BaseUrl::in_process("").expect("no path").as_str(), "");
        assert!(BaseUrl::in_process("v1").is_err());
        assert!(BaseUrl::in_process("/a?b").is_err());
    }
}
