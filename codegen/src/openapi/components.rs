use indexmap::IndexMap;
use serde::Serialize;

use super::fields::entries;
use super::{Fields, Language, Reading, Text};
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::{ParameterLocation, SecurityScheme};
use crate::source::Node;

/// Reusable parts. Only what later stages walk through: everything else is found by reference.
#[derive(Debug, Default, Serialize)]
pub struct Components<'a> {
    /// `schemas` in document order.
    pub schemas: Vec<(Text, &'a Node)>,
    /// `securitySchemes` by name, those that are understood.
    pub security_schemes: IndexMap<String, SecurityScheme>,
}

impl<'a> Components<'a> {
    pub(super) fn read(reading: Reading<'a>, document: Fields<'a>) -> Self {
        let swagger = reading.language == Language::Swagger20;
        let (fields, schemas, schemes) = match document.get("components") {
            _ if swagger => (document, "definitions", "securityDefinitions"),
            None => return Self::default(),
            Some(node) => match Fields::of(reading, node, "`components`") {
                Ok(fields) => (fields, "schemas", "securitySchemes"),
                Err(_) => return Self::default(),
            },
        };
        // Names of schemas may begin with `x-`: only the specification's own objects are extensible.
        let schemas = fields.object(schemas).ok().flatten().into_iter().flat_map(|object| object.iter());
        let schemas =
            schemas.map(|member| (Text { value: member.key.clone(), span: member.key_span }, &member.value));
        let mut security_schemes = IndexMap::new();
        for (name, node) in fields.object(schemes).ok().flatten().into_iter().flat_map(entries) {
            let scheme = reading.sink.within(Cost::Nothing, || security_scheme(reading, node));
            if let Ok(scheme) = scheme {
                security_schemes.insert(name.value, scheme);
            }
        }
        Self { schemas: schemas.collect(), security_schemes }
    }
}

fn security_scheme(reading: Reading<'_>, node: &Node) -> Result<SecurityScheme, Reported> {
    let fields = Fields::of(reading, node, "a security scheme")?;
    let kind = fields.required_string("type")?;
    Ok(match kind.value.as_str() {
        "apiKey" => SecurityScheme::ApiKey {
            name: fields.required_string("name")?.value,
            location: match fields.required_string("in")?.value.as_str() {
                "query" => ParameterLocation::Query,
                "cookie" => ParameterLocation::Cookie,
                _ => ParameterLocation::Header,
            },
        },
        "basic" if reading.language == Language::Swagger20 => {
            SecurityScheme::Http { scheme: "basic".to_owned() }
        }
        "http" => {
            SecurityScheme::Http { scheme: fields.required_string("scheme")?.value.to_ascii_lowercase() }
        }
        "oauth2" => SecurityScheme::Oauth2,
        "openIdConnect" => SecurityScheme::OpenIdConnect,
        "mutualTLS" => SecurityScheme::MutualTls,
        other => {
            let message = format!("there is no type `{other}` of security schemes");
            return Err(Problem::new(code::BAD_SECURITY_SCHEME, kind.span, message).report(reading.sink));
        }
    })
}
