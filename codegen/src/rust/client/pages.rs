//! Lists that come in pages: which operations have them, and what asks for the next.
//!
//! Recognised are a text of the answer that a query parameter takes (`page_token` and `next_page_token`, `cursor` and
//! `next_cursor`, …), a number of the page, and an offset; the extension `x-planewright-pagination` says the rest. Where
//! answers declare a `Link` header, that says it.

use serde::Serialize;

use super::arguments::Inputs;
use crate::ir::{Operation, Parameter, ParameterLocation, Response, Status, Type, TypeKind, TypeUse};
use crate::rust::{Form, Presence, RustApi, Scope};

/// Query parameters that take what the last answer says comes next, in the order in which they are believed.
const TOKENS: &[&str] = &[
    "pagetoken",
    "nextpagetoken",
    "nexttoken",
    "continuationtoken",
    "cursor",
    "marker",
    "startingafter",
    "after",
];

/// Members of answers that say what comes next.
const NEXT: &[&str] = &[
    "nextpagetoken",
    "nextpage",
    "nexttoken",
    "continuationtoken",
    "nextcursor",
    "nextmarker",
    "nextafter",
    "cursor",
];

/// Query parameters that count pages.
const NUMBERS: &[&str] = &["page", "pagenumber", "pageindex", "pageno"];

/// Query parameters that count what is passed over.
const OFFSETS: &[&str] = &["offset", "skip", "startat", "startindex"];

/// How the next page is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct PagesPlan {
    /// The method for pages: `pages`.
    pub pages: String,
    /// A page.
    pub ty: String,
    /// The body of the function that changes `__call` so that it asks for what follows on `__page`, and says whether
    /// anything can; `None` if each page's `Link` header says where the next is.
    pub advance: Option<String>,
    /// The method for what stands on them, its type, and the expression that takes it out of `__page`.
    pub items: Option<(String, String, String)>,
}

/// The pages of an operation whose answer is of this type.
pub(super) fn plan(
    rust: &RustApi<'_>,
    operation: &Operation,
    names: &[String],
    inputs: &Inputs,
    answer: &TypeUse,
) -> Option<PagesPlan> {
    if rust.is_nullable(answer) || operation.body.is_some() {
        return None;
    }
    let items = items(rust, operation, answer);
    let is_linked = operation.pagination.is_none() && has_link(operation);
    let advance = match is_linked {
        true => None,
        false => Some(advance(rust, operation, names, answer, items.as_ref())?),
    };
    let free = |wanted: &str| match inputs.setters.iter().any(|setter| setter.name == wanted) {
        true => format!("all_{wanted}"),
        false => wanted.to_owned(),
    };
    Some(PagesPlan {
        pages: free("pages"),
        ty: rust.type_expr(answer, Scope::Outside),
        advance,
        items: items.map(|items| (free("items"), items.ty, items.take)),
    })
}

/// Whether all successes may say in a `Link` header where the next page is.
fn has_link(operation: &Operation) -> bool {
    let is_success =
        |response: &&Response| matches!(response.status, Status::Code(200..=299) | Status::Range(2));
    let mut successes = operation.responses.iter().filter(is_success).peekable();
    successes.peek().is_some()
        && successes.all(|response| response.headers.iter().any(|one| one.name.eq_ignore_ascii_case("link")))
}

/// What stands on a page.
struct Items {
    ty: String,
    /// How many, over `__page`.
    count: String,
    /// The list, out of an owned `__page`.
    take: String,
}

fn items(rust: &RustApi<'_>, operation: &Operation, answer: &TypeUse) -> Option<Items> {
    let declared = operation.pagination.as_ref().and_then(|pagination| pagination.items.as_deref());
    if let Type::Array(item) = &rust.resolve(answer).ty {
        let ty = rust.type_expr(item, Scope::Outside);
        return is_plain(rust, answer).then(|| Items {
            ty,
            count: "__page.len()".into(),
            take: "__page".into(),
        });
    }
    let id = rust.struct_of(answer)?;
    let TypeKind::Struct { fields, .. } = &rust.api().types.get(id).kind else { return None };
    let lists = fields.iter().enumerate().filter(|(_, field)| match declared {
        Some([name]) => field.name == *name,
        Some(_) => false,
        None => matches!(rust.resolve(&field.ty).ty, Type::Array(_)) && is_plain(rust, &field.ty),
    });
    let [(index, field)] = lists.collect::<Vec<_>>().try_into().ok()?;
    let Type::Array(item) = &rust.resolve(&field.ty).ty else { return None };
    let shape = rust.field(id, index, Scope::Outside);
    let name = &shape.name;
    let (count, take) = match shape.presence {
        _ if shape.boxed => return None,
        Presence::Required => (format!("__page.{name}.len()"), format!("__page.{name}")),
        Presence::Optional | Presence::Nullable => (
            format!("__page.{name}.as_ref().map_or(0, |__list| __list.len())"),
            format!("__page.{name}.unwrap_or_default()"),
        ),
        Presence::OptionalNullable => (
            format!(
                "__page.{name}.as_ref().and_then(|__list| __list.as_ref()).map_or(0, |__list| __list.len())"
            ),
            format!("__page.{name}.and_then(|__list| __list.into_option()).unwrap_or_default()"),
        ),
    };
    Some(Items { ty: rust.type_expr(item, Scope::Outside), count, take })
}

/// Whether a list is a `Vec`, not a type of its own.
fn is_plain(rust: &RustApi<'_>, ty: &TypeUse) -> bool {
    match ty.ty {
        Type::Named(id) => !matches!(rust.form(id), Form::Newtype | Form::Replaced(_)),
        _ => true,
    }
}

fn advance(
    rust: &RustApi<'_>,
    operation: &Operation,
    names: &[String],
    answer: &TypeUse,
    items: Option<&Items>,
) -> Option<String> {
    let parameters = || {
        let all = operation.parameters.iter().zip(names);
        all.filter(|(one, _)| {
            one.location == ParameterLocation::Query && !one.required && rust.is_scalar(&one.ty)
        })
    };
    if let Some(declared) = &operation.pagination {
        let (parameter, field) = parameters().find(|(one, _)| one.name == declared.parameter)?;
        return match &declared.next {
            Some(way) => token(rust, parameter, field, &member(rust, answer, way)?),
            None if OFFSETS.contains(&&*plain(&parameter.name)) => offset(rust, parameter, field, items?),
            None => number(rust, parameter, field, items?),
        };
    }
    let found = |wanted: &'static [&'static str]| {
        wanted.iter().find_map(|wanted| parameters().find(|(one, _)| plain(&one.name) == *wanted))
    };
    if let Some((parameter, field)) = found(TOKENS)
        && let Some(next) = next(rust, answer)
    {
        return token(rust, parameter, field, &next);
    }
    if let Some((parameter, field)) = found(NUMBERS) {
        return number(rust, parameter, field, items?);
    }
    let (parameter, field) = found(OFFSETS)?;
    offset(rust, parameter, field, items?)
}

/// A name without case and separators.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// The expression for what comes next, of type `Option<&_>`.
fn next(rust: &RustApi<'_>, answer: &TypeUse) -> Option<String> {
    let id = rust.struct_of(answer)?;
    let TypeKind::Struct { fields, .. } = &rust.api().types.get(id).kind else { return None };
    NEXT.iter().find_map(|wanted| {
        let field = fields.iter().find(|field| plain(&field.name) == *wanted && rust.is_scalar(&field.ty))?;
        member(rust, answer, std::slice::from_ref(&field.name))
    })
}

/// The expression for a member of `__page`, of type `Option<&_>`.
fn member(rust: &RustApi<'_>, answer: &TypeUse, way: &[String]) -> Option<String> {
    let mut ty = answer.clone();
    let mut expression = "Some(__page)".to_owned();
    for name in way {
        let id = rust.struct_of(&ty)?;
        let TypeKind::Struct { fields, .. } = &rust.api().types.get(id).kind else { return None };
        let index = fields.iter().position(|field| field.name == *name)?;
        let shape = rust.field(id, index, Scope::Outside);
        let step = &shape.name;
        expression.push_str(&match shape.presence {
            Presence::Required => format!(".map(|__value| &__value.{step})"),
            Presence::Optional | Presence::Nullable => {
                format!(".and_then(|__value| __value.{step}.as_ref())")
            }
            Presence::OptionalNullable => {
                format!(".and_then(|__value| __value.{step}.as_ref()).and_then(|__value| __value.as_ref())")
            }
        });
        ty = fields[index].ty.clone();
    }
    rust.is_scalar(&ty).then_some(expression)
}

fn token(rust: &RustApi<'_>, parameter: &Parameter, field: &str, next: &str) -> Option<String> {
    // What isn't a text of the parameter's type is no token; nor is one that was sent already.
    let ty = rust.value_expr(&parameter.ty, Scope::Outside);
    Some(format!(
        "let __next = {next}.map(::std::string::ToString::to_string).filter(|__next| !__next.is_empty()); \
         let __next = __next.and_then(|__next| __next.parse::<{ty}>().ok()); \
         if __next.is_none() || __next == __call.{field} {{ return false; }} __call.{field} = __next; true"
    ))
}

fn integer(rust: &RustApi<'_>, parameter: &Parameter) -> Option<String> {
    let resolved = rust.resolve(&parameter.ty);
    matches!(resolved.ty, Type::Integer(_)).then(|| rust.value_expr(resolved, Scope::Outside))
}

/// Counts pages from the document's default, or from 1.
fn number(rust: &RustApi<'_>, parameter: &Parameter, field: &str, items: &Items) -> Option<String> {
    integer(rust, parameter)?;
    let first = parameter.default.as_ref().and_then(serde_json::Value::as_i64).unwrap_or(1);
    let count = &items.count;
    Some(format!(
        "let __count = {count}; if __count == 0 {{ return false; }} \
         __call.{field} = __call.{field}.unwrap_or({first}).checked_add(1); __call.{field}.is_some()"
    ))
}

fn offset(rust: &RustApi<'_>, parameter: &Parameter, field: &str, items: &Items) -> Option<String> {
    let ty = integer(rust, parameter)?;
    let first = parameter.default.as_ref().and_then(serde_json::Value::as_i64).unwrap_or(0);
    let count = &items.count;
    Some(format!(
        "let __count = {count}; if __count == 0 {{ return false; }} \
         __call.{field} = {ty}::try_from(__count).ok().and_then(|__count| __call.{field}.unwrap_or({first}).checked_add(__count)); \
         __call.{field}.is_some()"
    ))
}
