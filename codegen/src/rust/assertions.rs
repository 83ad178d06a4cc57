//! Statements for what is told by looking at a value as JSON.

use super::types::{RustApi, Scope};
use crate::ir::{Assertion, Constraints, Type, TypeUse};

const RUNTIME: &str = "::planewright_model::constraint";

impl RustApi<'_> {
    /// A block that checks the assertions of a value that isn't null; none if there are none.
    ///
    /// Like all statements of validation it expects `__violations`.
    pub(super) fn assertions(&self, ty: &TypeUse, value: &str, path: &str, scope: Scope) -> Option<String> {
        if ty.constraints.assertions.is_empty() {
            return None;
        }
        let json = match ty.ty {
            Type::Any => value.to_owned(),
            _ => format!("&{RUNTIME}::json({value})"),
        };
        let mut block = format!("{{ let __json = {json};");
        if path != "__path" {
            block.push_str(&format!("let __path = {path};"));
        }
        for assertion in &ty.constraints.assertions {
            block.push_str(&self.asserted(assertion, scope));
        }
        block.push('}');
        Some(block)
    }

    /// A block that checks, on its JSON form, what is asserted about a value whatever type it is.
    pub(super) fn json_checks(&self, constraints: &Constraints, value: &str) -> Option<String> {
        let any = TypeUse { constraints: constraints.clone(), ..TypeUse::plain(Type::Any) };
        let body = self.checks(&any, Scope::Model).join(" ");
        (!body.is_empty()).then(|| format!("{{ let __value = &{RUNTIME}::json({value}); {body} }}"))
    }

    fn asserted(&self, assertion: &Assertion, scope: Scope) -> String {
        let call = |name: &str, arguments: &str| {
            format!("{RUNTIME}::{name}(__json, {arguments}, __path, __violations);")
        };
        let all = |types: &[TypeUse]| {
            let fits: Vec<_> = types.iter().map(|ty| self.fits(ty, scope)).collect();
            fits.join(", ")
        };
        let optional =
            |ty: Option<&TypeUse>| ty.as_ref().map_or_else(|| "true".to_owned(), |ty| self.fits(ty, scope));
        match assertion {
            Assertion::Not(ty) => format!("{RUNTIME}::not({}, __path, __violations);", self.fits(ty, scope)),
            Assertion::AnyOf(types) => format!("{RUNTIME}::any_of(&[{}], __path, __violations);", all(types)),
            Assertion::OneOf(types) => {
                format!("{RUNTIME}::exactly_one(&[{}], __path, __violations);", all(types))
            }
            Assertion::If { condition, then, otherwise } => format!(
                "{RUNTIME}::conditional(if {} {{ {} }} else {{ {} }}, __path, __violations);",
                self.fits(condition, scope),
                optional(then.as_deref()),
                optional(otherwise.as_deref()),
            ),
            Assertion::Required(names) => call("required", &names_literal(names)),
            Assertion::Dependent { member, required, schema } => {
                let fits = schema.as_ref().map_or_else(|| "true".to_owned(), |ty| self.fits(ty, scope));
                call("dependent", &format!("{member:?}, {}, |__json| {fits}", names_literal(required)))
            }
            Assertion::Members { named, patterns, others } => {
                let patterns: Vec<_> =
                    patterns.iter().map(|(pattern, ty)| (pattern.as_str(), self.fits(ty, scope))).collect();
                let named: Vec<_> =
                    named.iter().map(|(name, ty)| (name.as_str(), self.fits(ty, scope))).collect();
                call("members_fit", &members(&named, &patterns, &optional(others.as_ref())))
            }
            Assertion::MemberNames(ty) => call("member_names", &format!("|__json| {}", self.fits(ty, scope))),
            Assertion::Items { first, rest } => {
                let mut arms: Vec<_> = first
                    .iter()
                    .enumerate()
                    .map(|(index, ty)| format!("{index} => {}", self.fits(ty, scope)))
                    .collect();
                arms.push(format!("_ => {}", optional(rest.as_ref())));
                call("items_fit", &format!("|__index, __json| match __index {{ {} }}", arms.join(", ")))
            }
            Assertion::Contains { item, least, most } => {
                let most = most.map_or_else(|| "None".to_owned(), |most| format!("Some({most})"));
                call("contains", &format!("|__json| {}, {least}, {most}", self.fits(item, scope)))
            }
        }
    }

    /// An expression: whether `__json` is a value of the type.
    fn fits(&self, ty: &TypeUse, scope: Scope) -> String {
        let body = self.checks(&TypeUse { nullable: false, ..ty.clone() }, scope).join(" ");
        let test = match (&ty.ty, body.is_empty()) {
            (Type::Any, true) => return "true".to_owned(),
            (Type::Any, false) => {
                format!("{RUNTIME}::holds(__json, |__value, __path, __violations| {{ {body} }})")
            }
            (_, true) => format!("{RUNTIME}::is::<{}>(__json, |_, _, _| {{}})", self.value_expr(ty, scope)),
            (_, false) => format!(
                "{RUNTIME}::is::<{}>(__json, |__value, __path, __violations| {{ {body} }})",
                self.value_expr(ty, scope)
            ),
        };
        if ty.nullable { format!("(__json.is_null() || {test})") } else { test }
    }
}

fn names_literal(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("&[{}]", names.join(", "))
}

/// A closure that says whether a member fits what is said of its name.
fn members(named: &[(&str, String)], patterns: &[(&str, String)], others: &str) -> String {
    if patterns.is_empty() && named.is_empty() {
        return format!("|_, __json| {others}");
    }
    let mut arms: Vec<_> = named.iter().map(|(name, fits)| format!("{name:?} => {fits}")).collect();
    if patterns.is_empty() {
        arms.push(format!("_ => {others}"));
        return format!("|__name, __json| match __name {{ {} }}", arms.join(", "));
    }
    let mut body = String::new();
    if named.is_empty() {
        body.push_str("let mut __fits = None;");
    } else {
        let mut arms: Vec<_> = named.iter().map(|(name, fits)| format!("{name:?} => Some({fits})")).collect();
        arms.push("_ => None".to_owned());
        body.push_str(&format!("let mut __fits = match __name {{ {} }};", arms.join(", ")));
    }
    for (pattern, fits) in patterns {
        body.push_str(&format!(
            "{{ static __PATTERN: {RUNTIME}::Pattern = {RUNTIME}::Pattern::new({pattern:?});
            if __PATTERN.matches(__name) {{ __fits = Some(__fits.unwrap_or(true) && {fits}); }} }}"
        ));
    }
    format!("|__name, __json| {{ {body} match __fits {{ Some(__fits) => __fits, None => {others} }} }}")
}
