//! Where an API is served: the document's servers as data, and a builder of the URL of each that has variables.

use serde::Serialize;

use super::super::{docs, names};
use crate::ir::{Api, Operation, Server, ServerVariable};

/// A builder of a server's URL.
#[derive(Clone, Debug, Serialize)]
pub struct ServerUrl {
    /// The struct: `ServerUrl`.
    pub name: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The server, as an expression.
    pub server: String,
    /// Its variables.
    pub variables: Vec<Variable>,
}

/// A variable of a server's URL.
#[derive(Clone, Debug, Serialize)]
pub struct Variable {
    /// The field and the method: `region`.
    pub field: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The name in braces.
    pub wire: String,
    /// Its type.
    pub ty: String,
    /// Its default, as an expression.
    pub default: String,
    /// If the document lists its values, the enumeration's variants and their texts; the type is its name.
    pub values: Vec<(String, String)>,
}

/// The document's servers, as expressions.
pub(super) fn all(api: &Api) -> Vec<String> {
    api.servers.iter().map(expression).collect()
}

/// The operation's own server, as an expression over `SERVERS` of the module above.
pub(super) fn own(api: &Api, operation: &Operation) -> String {
    let Some(own) = operation.servers.first() else { return "None".to_owned() };
    let home = if api.servers.is_empty() { "&[]" } else { "super::SERVERS" };
    format!("Some(::planewright_client::ServerChange {{ home: {home}, own: &{} }})", expression(own))
}

/// A builder for each server that has variables, the document's own and those of operations, each once.
pub(super) fn urls(api: &Api) -> Vec<ServerUrl> {
    let mut servers: Vec<&Server> = Vec::new();
    let own = api.operations.iter().flat_map(|operation| &operation.servers);
    for server in api.servers.iter().chain(own).filter(|server| !server.variables.is_empty()) {
        if !servers.iter().any(|known| known.template == server.template) {
            servers.push(server);
        }
    }
    let claims = servers.iter().map(|_| ("ServerUrl".to_owned(), String::new()));
    let stems = names::claim(claims, "", &["Client"]);
    let wanted = servers.iter().zip(&stems).flat_map(|(server, stem)| {
        server.variables.iter().map(move |one| format!("{stem}{}", names::pascal(&one.name)))
    });
    let claims = stems.iter().cloned().chain(wanted).map(|name| (name, String::new()));
    let mut types = names::claim(claims, "", &["Client"]).into_iter().skip(stems.len());
    let mut plan = |(server, stem): (&&Server, &String)| {
        let claims = server.variables.iter().map(|one| (names::snake(&one.name), one.name.clone()));
        let fields = names::claim(claims, "_", &["new", "url", "clone", "default"]);
        let variables = server.variables.iter().zip(fields);
        ServerUrl {
            name: stem.clone(),
            docs: vec![format!("The URL of a server: {}.", docs::code(&server.template))],
            server: expression(server),
            variables: variables
                .map(|(one, field)| variable(one, field, types.next().unwrap_or_default()))
                .collect(),
        }
    };
    servers.iter().zip(&stems).map(&mut plan).collect()
}

fn variable(variable: &ServerVariable, field: String, enumeration: String) -> Variable {
    let lines = docs::lines([variable.description.as_deref()]);
    let docs = if lines.is_empty() { vec![format!("Sets {}.", docs::code(&variable.name))] } else { lines };
    let claims = variable.values.iter().map(|value| (names::pascal(value), value.clone()));
    let variants = names::claim(claims, "", &[]);
    let values: Vec<_> = variants.into_iter().zip(variable.values.iter().cloned()).collect();
    let default = values.iter().find(|(_, value)| *value == variable.default);
    let (ty, default) = match default {
        Some((variant, _)) => (enumeration.clone(), format!("{enumeration}::{variant}")),
        None => ("String".to_owned(), format!("{:?}.to_owned()", variable.default)),
    };
    Variable { field, docs, wire: variable.name.clone(), ty, default, values }
}

fn expression(server: &Server) -> String {
    let variables = server.variables.iter().map(|variable| {
        let ServerVariable { name, default, values, .. } = variable;
        format!(
            "::planewright_client::ServerVariable {{ name: {name:?}, default: {default:?}, values: &{values:?} }}"
        )
    });
    format!(
        "::planewright_client::Server {{ url: {:?}, template: {:?}, description: {:?}, variables: &[{}] }}",
        server.url,
        server.template,
        server.description.as_deref().unwrap_or_default(),
        variables.collect::<Vec<_>>().join(", ")
    )
}
