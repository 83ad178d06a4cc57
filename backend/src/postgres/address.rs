//! What a URL says about a database.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::OpenError;

/// Enough for reads beside each other; commits need one connection only.
const CONNECTIONS: usize = 10;
/// How long a connection may take to make, and a caller may wait for one.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of every session: no call hangs, and a server that vanished doesn't keep the head locked.
const SETTINGS: &str = "-c statement_timeout=30s -c idle_in_transaction_session_timeout=10s \
    -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

/// Where the tables are, and how to get there.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    /// A plain identifier: nothing to quote.
    pub(super) schema: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let (main, query) = url.split_once('?').unwrap_or((url, ""));
        let mut rest = Vec::new();
        let (mut schema, mut mode, mut authorities) = ("planewright".to_owned(), None, None);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| OpenError::address(format!("parameter {name} is not UTF-8")))?;
            match name {
                "schema" => schema = value.into_owned(),
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => authorities = Some(value.into_owned()),
                _ => rest.push(part),
            }
        }
        // The parser's own words name a parameter, never its value.
        let mut config: Config = format!("{main}?{}", rest.join("&"))
            .parse()
            .map_err(|error| OpenError::address(with_causes(&error)))?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::address("no host is named"));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if schema.is_empty() || schema.len() > 48 || !schema.chars().all(plain) {
            return Err(OpenError::address("a schema's name is 1 to 48 characters of a-z, 0-9 and _"));
        }
        config.ssl_mode(match mode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => SslMode::Disable,
            Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some(_) => return Err(OpenError::address("sslmode is not one of libpq's")),
        });
        let options = config.get_options().unwrap_or_default().to_owned();
        config.options(format!("{SETTINGS} {options} -c search_path={schema}"));
        // Of several hosts, the one that takes writes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("planewright");
        }
        config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(Duration::from_secs(20));
        Ok(Self { config, tls: MakeRustlsConnect::new(tls(authorities.as_deref())?), schema })
    }

    /// An empty pool of connections.
    pub(super) fn pool(&self) -> Result<Pool, OpenError> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), how);
        Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| OpenError::address(error.to_string()))
    }

    /// The name under which servers on these tables tell each other of commits.
    pub(super) fn channel(&self) -> String {
        format!("planewright_{}", self.schema)
    }
}

fn tls(authorities: Option<&str>) -> Result<ClientConfig, OpenError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let invalid = |error: &dyn std::error::Error| OpenError::address(format!("sslrootcert: {error}"));
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| invalid(&error))? {
                roots.add(certificate.map_err(|error| invalid(&error))?).map_err(|error| invalid(&error))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| OpenError::address(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_schema() {
        let address = Address::parse("postgres://u:p@h:1/d?schema=berlin_2&connect_timeout=7").unwrap();
        assert_eq!((address.schema.as_str(), address.config.get_ports()), ("berlin_2", &[1][..]));
        assert_eq!(address.config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(address.channel(), "planewright_berlin_2");
        let address = Address::parse("postgres://h").unwrap();
        assert_eq!(
            (address.schema.as_str(), address.config.get_ssl_mode()),
            ("planewright", SslMode::Disable)
        );
    }

    #[test]
    fn encryption_is_asked_for() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let address = Address::parse(&format!("postgres://h/?sslmode={mode}")).unwrap();
            assert_eq!(address.config.get_ssl_mode(), SslMode::Require, "{mode}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in [
            "postgres://u:hush@h/?schema=a%22b",
            "postgres://u:hush@h/?schema=",
            "postgres://u:hush@h/?sslmode=some",
            "postgres://u:hush@h/?sslrootcert=/no/such/file",
            "postgres://u:hush@h:port/",
            "postgres://u:hush@h/?connect_timeout=soon",
            "postgres:///d",
            "mysql://u:hush@h/",
            "",
        ] {
            match Address::parse(url) {
                Err(OpenError::Address { reason }) => assert!(!reason.contains("hush"), "{reason}"),
                other => panic!("{url}: {:?}", other.map(|address| address.schema)),
            }
        }
    }
}
