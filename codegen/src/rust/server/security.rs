//! What operations demand of their callers, as data.

use crate::ir::{Api, Operation, ParameterLocation, SecurityScheme};

/// The schemes that operations demand, in document order.
pub(super) fn schemes(api: &Api) -> Vec<(&String, &SecurityScheme)> {
    let demanded = |name: &String| {
        let mut alternatives = api.operations.iter().flat_map(|operation| &operation.security);
        alternatives.any(|alternative| alternative.contains_key(name))
    };
    api.security_schemes.iter().filter(|(name, _)| demanded(name)).collect()
}

/// What a scheme is, without the enumeration's name.
pub(super) fn kind(scheme: &SecurityScheme) -> String {
    match scheme {
        SecurityScheme::ApiKey { name, location } => match location {
            ParameterLocation::Query => format!("QueryKey({name:?})"),
            ParameterLocation::Cookie => format!("CookieKey({name:?})"),
            ParameterLocation::Header | ParameterLocation::Path => {
                format!("HeaderKey({:?})", name.to_ascii_lowercase())
            }
        },
        SecurityScheme::Http { scheme } => format!("Http({scheme:?})"),
        SecurityScheme::Oauth2 => "OAuth2".to_owned(),
        SecurityScheme::OpenIdConnect => "OpenIdConnect".to_owned(),
        SecurityScheme::MutualTls => "MutualTls".to_owned(),
    }
}

/// The alternatives of an operation, as an expression over `SCHEMES`.
pub(super) fn demands(api: &Api, operation: &Operation) -> String {
    let schemes = schemes(api);
    let alternatives = operation.security.iter().map(|alternative| {
        let demands = alternative.iter().filter_map(|(name, scopes)| {
            let place = schemes.iter().position(|(known, _)| *known == name)?;
            Some(format!("__rt::Demand {{ scheme: &SCHEMES[{place}], scopes: &{scopes:?} }}"))
        });
        format!("&[{}]", demands.collect::<Vec<_>>().join(", "))
    });
    format!("&[{}]", alternatives.collect::<Vec<_>>().join(", "))
}
