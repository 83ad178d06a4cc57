//! What a URL says about an etcd.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::store::OpenError;

/// How long a connection may take to make.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may be silent before it is asked for a sign of life, and then.
const SILENCE: Duration = Duration::from_secs(10);
/// The longest prefix: with it a transaction of the greatest size still fits into one request of etcd.
const PREFIX_MAX: usize = 64;

/// Where the keys are, and how to get there.
pub(super) struct Address {
    pub(super) endpoints: Vec<Channel>,
    pub(super) credentials: Option<Credentials>,
    pub(super) prefix: String,
}

/// A user of etcd.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) name: String,
    pub(super) password: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let (scheme, rest) =
            url.split_once("://").ok_or_else(|| OpenError::address("it does not begin with etcd://"))?;
        let secure = match scheme {
            "etcd" => false,
            "etcds" => true,
            _ => return Err(OpenError::address("its scheme is not etcd or etcds")),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let credentials = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            Ok::<_, OpenError>(Credentials { name: decoded(name)?, password: decoded(password)? })
        });
        let mut tls = ClientTlsConfig::new();
        let mut trusted = false;
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("ca", file)) if secure => {
                    let file = decoded(file)?;
                    let pem = std::fs::read(&file)
                        .map_err(|error| OpenError::address(format!("ca: {file}: {error}")))?;
                    tls = tls.ca_certificate(Certificate::from_pem(pem));
                    trusted = true;
                }
                _ => return Err(OpenError::address("the one parameter is ca=FILE, with the scheme etcds")),
            }
        }
        if !trusted {
            tls = tls.with_webpki_roots();
        }
        let endpoints = hosts.split(',').map(|host| endpoint(host, secure.then_some(&tls)));
        let prefix = match path.trim_end_matches('/') {
            "" => "planewright".to_owned(),
            path => decoded(path)?,
        };
        if prefix.len() > PREFIX_MAX {
            return Err(OpenError::address(format!("the prefix is longer than {PREFIX_MAX} bytes")));
        }
        Ok(Self {
            endpoints: endpoints.collect::<Result<_, _>>()?,
            credentials: credentials.transpose()?,
            prefix,
        })
    }
}

fn endpoint(host: &str, tls: Option<&ClientTlsConfig>) -> Result<Channel, OpenError> {
    let invalid = |_| OpenError::address(format!("`{host}` is not a host with a port"));
    if host.is_empty() {
        return Err(OpenError::address("a host is missing"));
    }
    // etcd's port, if none is named. An IPv6 address stands in brackets.
    let port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host_port = if port { host.to_owned() } else { format!("{host}:2379") };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut endpoint = Endpoint::from_shared(format!("{scheme}://{host_port}")).map_err(invalid)?;
    if let Some(tls) = tls {
        endpoint = endpoint.tls_config(tls.clone()).map_err(invalid)?;
    }
    let endpoint = endpoint
        .connect_timeout(CONNECT_WITHIN)
        .http2_keep_alive_interval(SILENCE)
        .keep_alive_timeout(SILENCE)
        .tcp_nodelay(true);
    Ok(endpoint.connect_lazy())
}

fn decoded(text: &str) -> Result<String, OpenError> {
    let text = percent_decode_str(text).decode_utf8();
    Ok(text.map_err(|_| OpenError::address("a part of it is not UTF-8"))?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_parts_of_a_url_are_told_apart() {
        let address = Address::parse("etcd://me:p%40ss@a:1,b,[::1]:2/planes/berlin/").unwrap();
        let credentials = address.credentials.unwrap();
        assert_eq!((credentials.name.as_str(), credentials.password.as_str()), ("me", "p@ss"));
        assert_eq!((address.endpoints.len(), address.prefix.as_str()), (3, "planes/berlin"));
        let address = Address::parse("etcds://a").unwrap();
        assert!(address.credentials.is_none());
        assert_eq!(address.prefix, "planewright");
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused_without_its_password() {
        for url in [
            "a:2379",
            "http://u:hush@a",
            "etcd://",
            "etcd://u:hush@a,",
            "etcd://u:hush@a b",
            "etcd://u:hush@a?ca=/file",
            "etcds://u:hush@a?ca=/no/such/file",
            "etcd://u:hush@a?tls=true",
            &format!("etcd://u:hush@a/{}", "x".repeat(65)),
        ] {
            match Address::parse(url) {
                Err(OpenError::Address { reason }) => assert!(!reason.contains("hush"), "{reason}"),
                _ => panic!("{url} was taken"),
            }
        }
    }
}
