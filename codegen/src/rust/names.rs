//! From the document's names to Rust identifiers: casing, reserved words, collisions.
//!
//! Every identifier is decided here, once, and depends on nothing but the document and the configuration, so that
//! the model, the server and the client agree. A name that is taken is given to the claimant whose wire name is
//! spelled that way, or else to the first; the others are numbered from 2: `start_time`, `start_time_2`.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToPascalCase, ToSnakeCase};
use serde::Serialize;
use unicode_ident::{is_xid_continue, is_xid_start};

use super::reserved;
use crate::config::Config;
use crate::ir::{Additional, Api, NameHint, Operation, Status, TypeDecl, TypeKind};

/// The identifiers of one API.
#[derive(Clone, Debug, Serialize)]
pub struct Names {
    /// By type id.
    pub types: Vec<TypeNames>,
    /// In the order of [`Api::operations`].
    pub operations: Vec<OperationNames>,
    /// In the order of [`Api::tags`].
    pub tags: Vec<TagNames>,
}

/// The identifiers of a declared type.
#[derive(Clone, Debug, Serialize)]
pub struct TypeNames {
    /// `JobDetails`; unique in the API.
    pub name: String,
    /// Fields of a struct (`start_time`), values of an enumeration or variants of a union (`Running`), in order.
    pub members: Vec<String>,
    /// The field that holds unknown members of a struct (`additional`) or the variant that holds unknown values of an
    /// enumeration (`Unknown`); empty for the rest.
    pub catch_all: String,
}

/// The identifiers of an operation.
#[derive(Clone, Debug, Serialize)]
pub struct OperationNames {
    /// The method: `cancel_job`; unique in the API.
    pub method: String,
    /// The stem of its types: `CancelJob`; unique in the API.
    pub pascal: String,
    /// Fields for its parameters, in order; unique in the operation, and never `body`.
    pub parameters: Vec<String>,
    /// Variants for its responses, in order: `Ok`, `NotFound`, `ClientError` (4XX), `Default`.
    pub responses: Vec<String>,
}

/// The identifiers of a tag.
#[derive(Clone, Debug, Serialize)]
pub struct TagNames {
    /// The module, and the field or accessor: `jobs`; unique in the API.
    pub module: String,
    /// `Jobs`.
    pub pascal: String,
    /// The server's trait: `JobsApi`.
    pub trait_name: String,
}

impl Names {
    /// Decides all identifiers.
    #[must_use]
    pub fn new(api: &Api, config: &Config) -> Self {
        let type_names = type_names(api, config);
        let types =
            api.types.iter().zip(type_names).map(|((_, decl), name)| members(decl, name, config)).collect();

        let called = |operation: &Operation| {
            config.names.operations.get(&operation.id).unwrap_or(&operation.id).clone()
        };
        let methods = claim(api.operations.iter().map(|it| (snake(&called(it)), called(it))), "_", &[]);
        let pascals = claim(api.operations.iter().map(|it| (pascal(&called(it)), called(it))), "", &[]);
        let operations = api
            .operations
            .iter()
            .zip(methods.into_iter().zip(pascals))
            .map(|(operation, (method, pascal))| OperationNames {
                method,
                pascal,
                parameters: claim(
                    operation.parameters.iter().map(|p| (snake(&p.name), p.name.clone())),
                    "_",
                    &["body", "send"],
                ),
                responses: claim(
                    operation
                        .responses
                        .iter()
                        .map(|response| (status_variant(response.status), String::new())),
                    "",
                    &[],
                ),
            })
            .collect();

        let modules = claim(api.tags.iter().map(|tag| (snake(&tag.name), tag.name.clone())), "_", MODULES);
        let tags = modules
            .into_iter()
            .map(|module| {
                let pascal = module.to_pascal_case();
                TagNames { trait_name: format!("{pascal}Api"), pascal, module }
            })
            .collect();
        Self { types, operations, tags }
    }
}

/// Modules that a part has beside those of its tags.
const MODULES: &[&str] = &["shared", "model", "server", "client", "routes", "service"];

/// `JobDetails` for every declared type, by id.
fn type_names(api: &Api, config: &Config) -> Vec<String> {
    let claims = api.types.iter().map(|(_, decl)| match &decl.name {
        NameHint::Component(name) => {
            let wanted = config.names.types.get(name).map_or_else(|| pascal(name), Clone::clone);
            (type_name(wanted), name.clone())
        }
        NameHint::Path(way) => (type_name(join(way)), String::new()),
    });
    let ranks = api.types.iter().map(|(_, decl)| match &decl.name {
        NameHint::Component(name) if config.names.types.contains_key(name) => 0,
        NameHint::Component(_) => 1,
        NameHint::Path(_) => 2,
    });
    claim_ranked(claims.zip(ranks).map(|((wanted, wire), rank)| (wanted, wire, rank)), "", &[])
}

/// A name that isn't one of Rust's own.
fn type_name(name: String) -> String {
    let name = name.trim_end_matches('_').to_owned();
    if reserved::is_prelude(&name) || reserved::is_keyword(&name) { format!("{name}Schema") } else { name }
}

fn members(decl: &TypeDecl, name: String, config: &Config) -> TypeNames {
    let renamed = decl.component().and_then(|component| config.names.members.get(component));
    let called =
        |member: &str| renamed.and_then(|names| names.get(member)).map_or(member, |name| name).to_owned();
    let (members, catch_all) = match &decl.kind {
        TypeKind::Struct { fields, additional, .. } => {
            let wanted = fields.iter().map(|field| called(&field.name));
            let members = claim(wanted.map(|name| (snake(&name), name)), "_", &[]);
            let catch_all = match additional {
                Additional::Typed(_) => free("additional", "_", &members),
                Additional::Ignored | Additional::Forbidden => String::new(),
            };
            (members, catch_all)
        }
        TypeKind::Enum { values } => {
            let wanted = values.iter().map(|value| called(&value.value));
            let members = claim(wanted.map(|name| (pascal(&name), name)), "", &[]);
            let catch_all = if members.iter().any(|name| name == "Unknown") { "Unlisted" } else { "Unknown" };
            let catch_all = free(catch_all, "", &members);
            (members, catch_all)
        }
        TypeKind::Union(union) => {
            let wanted = union.variants.iter().map(|variant| called(&variant.name));
            (claim(wanted.map(|name| (pascal(&name), name)), "", &[]), String::new())
        }
        TypeKind::Alias(_) => (Vec::new(), String::new()),
    };
    TypeNames { name, members, catch_all }
}

/// The identifier in snake case: of a field, a method, a module.
#[must_use]
pub fn snake(name: &str) -> String {
    let snake = words(name).to_snake_case();
    let snake = if snake.starts_with(is_xid_start) { snake } else { format!("n{snake}") };
    if reserved::is_keyword(&snake) { format!("{snake}_") } else { snake }
}

/// The identifier in Pascal case: of a type or a variant.
#[must_use]
pub fn pascal(name: &str) -> String {
    let pascal = words(name).to_pascal_case();
    let pascal = if pascal.starts_with(is_xid_start) { pascal } else { format!("N{pascal}") };
    if reserved::is_keyword(&pascal) { format!("{pascal}_") } else { pascal }
}

/// Pascal case of the way to a nameless schema. What a step repeats of the steps before it is left out:
/// `["JobVertex", "vertexStatus"]` is `JobVertexStatus`.
fn join(way: &[String]) -> String {
    let mut joined: Vec<String> = Vec::new();
    for step in way {
        let step: Vec<String> = words(step).to_snake_case().split('_').map(str::to_owned).collect();
        let overlap = (1..=step.len().min(joined.len()))
            .rev()
            .find(|&length| joined[joined.len() - length..] == step[..length])
            .unwrap_or(0);
        joined.extend(step.into_iter().skip(overlap));
    }
    pascal(&joined.join("_"))
}

/// The name with everything that can't stand in an identifier turned into spaces or words; never without a letter or a digit.
fn words(name: &str) -> String {
    let signed = name.starts_with(['+', '-', '<', '>', '=', '!']) && !name.starts_with("--");
    let mut words = String::with_capacity(name.len());
    for (index, character) in name.char_indices() {
        match character {
            _ if character.is_ascii_alphanumeric() => words.push(character),
            _ if !character.is_ascii() && is_xid_continue(character) => words.push(character),
            // Reactions are called `+1` and `-1`, orders `-created`, comparisons `<=`: the sign is the meaning.
            _ if signed && index < 2 => words.push_str(spelled(character)),
            _ => words.push(' '),
        }
    }
    if words.trim().is_empty() {
        words = name.chars().map(spelled).collect();
    }
    if words.trim().is_empty() { "empty".to_owned() } else { words }
}

/// A sign in words, with a space around it.
fn spelled(sign: char) -> &'static str {
    match sign {
        '!' => " not ",
        '#' => " hash ",
        '$' => " dollar ",
        '%' => " percent ",
        '&' => " and ",
        '*' => " star ",
        '+' => " plus ",
        ',' => " comma ",
        '-' => " minus ",
        '.' => " dot ",
        '/' => " slash ",
        ':' => " colon ",
        ';' => " semicolon ",
        '<' => " less ",
        '=' => " equal ",
        '>' => " greater ",
        '?' => " question ",
        '@' => " at ",
        '^' => " caret ",
        '_' => " underscore ",
        '|' => " or ",
        '~' => " tilde ",
        _ if sign.is_whitespace() => " space ",
        _ => " symbol ",
    }
}

/// The variant of a response enumeration for a status: `Ok`, `NotFound`, `Status299`, `ClientError`, `Default`.
#[must_use]
pub fn status_variant(status: Status) -> String {
    let name = match status {
        Status::Default => "Default",
        Status::Range(1) => "Informational",
        Status::Range(2) => "Success",
        Status::Range(3) => "Redirection",
        Status::Range(4) => "ClientError",
        Status::Range(_) => "ServerError",
        Status::Code(code) => match code {
            100 => "Continue",
            101 => "SwitchingProtocols",
            200 => "Ok",
            201 => "Created",
            202 => "Accepted",
            203 => "NonAuthoritative",
            204 => "NoContent",
            205 => "ResetContent",
            206 => "PartialContent",
            207 => "MultiStatus",
            300 => "MultipleChoices",
            301 => "MovedPermanently",
            302 => "Found",
            303 => "SeeOther",
            304 => "NotModified",
            307 => "TemporaryRedirect",
            308 => "PermanentRedirect",
            400 => "BadRequest",
            401 => "Unauthorized",
            402 => "PaymentRequired",
            403 => "Forbidden",
            404 => "NotFound",
            405 => "MethodNotAllowed",
            406 => "NotAcceptable",
            408 => "RequestTimeout",
            409 => "Conflict",
            410 => "Gone",
            411 => "LengthRequired",
            412 => "PreconditionFailed",
            413 => "PayloadTooLarge",
            414 => "UriTooLong",
            415 => "UnsupportedMediaType",
            416 => "RangeNotSatisfiable",
            417 => "ExpectationFailed",
            418 => "Teapot",
            421 => "MisdirectedRequest",
            422 => "UnprocessableContent",
            423 => "Locked",
            424 => "FailedDependency",
            425 => "TooEarly",
            426 => "UpgradeRequired",
            428 => "PreconditionRequired",
            429 => "TooManyRequests",
            431 => "RequestHeaderFieldsTooLarge",
            451 => "UnavailableForLegalReasons",
            500 => "InternalServerError",
            501 => "NotImplemented",
            502 => "BadGateway",
            503 => "ServiceUnavailable",
            504 => "GatewayTimeout",
            505 => "HttpVersionNotSupported",
            507 => "InsufficientStorage",
            508 => "LoopDetected",
            _ => return format!("Status{code}"),
        },
    };
    name.to_owned()
}

/// Gives each claimant `(wanted, wire name)` an identifier of its own, none of them in `taken`.
#[must_use]
pub fn claim(claims: impl Iterator<Item = (String, String)>, separator: &str, taken: &[&str]) -> Vec<String> {
    claim_ranked(claims.map(|(wanted, wire)| (wanted, wire, 0_u8)), separator, taken)
}

/// As [`claim`]; a lower rank chooses first, and within a rank whoever is spelled that way on the wire.
fn claim_ranked(
    claims: impl Iterator<Item = (String, String, u8)>,
    separator: &str,
    taken: &[&str],
) -> Vec<String> {
    let claims: Vec<_> = claims.collect();
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by_key(|&index| {
        let (wanted, wire, rank) = &claims[index];
        (*rank, wanted != wire)
    });
    let mut used: BTreeSet<String> = taken.iter().map(|&name| name.to_owned()).collect();
    // Whoever asks for `Foo2` gets it before a second `Foo` is numbered.
    let wanted: BTreeSet<&str> = claims.iter().map(|(wanted, ..)| wanted.as_str()).collect();
    let mut next: BTreeMap<&str, u32> = BTreeMap::new();
    let mut names = vec![String::new(); claims.len()];
    for index in order {
        let base = claims[index].0.as_str();
        let mut name = base.to_owned();
        while !used.insert(name.clone()) {
            loop {
                let number = next.entry(base).or_insert(1);
                *number += 1;
                name = numbered(base, separator, *number);
                if !wanted.contains(name.as_str()) {
                    break;
                }
            }
        }
        names[index] = name;
    }
    names
}

fn numbered(base: &str, separator: &str, number: u32) -> String {
    // `foo_` (a keyword made an identifier) and `sha256` would read badly, or wrongly, with a bare number behind.
    let base = base.trim_end_matches('_');
    let separator = if base.ends_with(|last: char| last.is_ascii_digit()) { "_" } else { separator };
    format!("{base}{separator}{number}")
}

fn free(wanted: &str, separator: &str, used: &[String]) -> String {
    let mut name = wanted.to_owned();
    let mut number = 1;
    while used.contains(&name) {
        number += 1;
        name = numbered(wanted, separator, number);
    }
    name
}
