//! What operations demand of their callers, as data: for servers to check, and for clients to present.

use crate::ir::{Api, Operation, ParameterLocation, SecurityScheme};

/// The schemes that operations demand, in document order.
fn schemes(api: &Api) -> Vec<(&String, &SecurityScheme)> {
    let demanded = |name: &String| {
        let mut alternatives = api.operations.iter().flat_map(|operation| &operation.security);
        alternatives.any(|alternative| alternative.contains_key(name))
    };
    api.security_schemes.iter().filter(|(name, _)| demanded(name)).collect()
}

/// The schemes for servers: names, and what they are without the enumeration's name.
pub(super) fn kinds(api: &Api) -> Vec<(String, String)> {
    schemes(api).into_iter().map(|(name, scheme)| (name.clone(), kind(scheme))).collect()
}

fn kind(scheme: &SecurityScheme) -> String {
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

/// The alternatives of an operation for servers, as an expression over `SCHEMES`.
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

/// The schemes for clients: names, and where their credentials stand, without the enumeration's name.
pub(super) fn places(api: &Api) -> Vec<(String, String)> {
    schemes(api).into_iter().map(|(name, scheme)| (name.clone(), place(scheme))).collect()
}

fn place(scheme: &SecurityScheme) -> String {
    match scheme {
        SecurityScheme::ApiKey { name, location } => match location {
            ParameterLocation::Query => format!("Query({name:?})"),
            ParameterLocation::Cookie => format!("Cookie({name:?})"),
            ParameterLocation::Header | ParameterLocation::Path => format!("Header({name:?})"),
        },
        SecurityScheme::Http { scheme } => {
            let mut letters = scheme.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            format!("Authorization({:?})", first + letters.as_str())
        }
        SecurityScheme::Oauth2 | SecurityScheme::OpenIdConnect => "Authorization(\"Bearer\")".to_owned(),
        SecurityScheme::MutualTls => "Transport".to_owned(),
    }
}

/// The alternatives of an operation for clients, as an expression over `__SCHEMES` of the module above.
pub(super) fn schemes_of(api: &Api, operation: &Operation) -> String {
    let schemes = schemes(api);
    let alternatives = operation.security.iter().map(|alternative| {
        let places = alternative.keys().filter_map(|name| {
            let place = schemes.iter().position(|(known, _)| *known == name)?;
            Some(format!("&super::__SCHEMES[{place}]"))
        });
        format!("&[{}]", places.collect::<Vec<_>>().join(", "))
    });
    format!("&[{}]", alternatives.collect::<Vec<_>>().join(", "))
}
