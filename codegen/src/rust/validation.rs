//! Statements that check what a document asserts about a value.

use serde_json::Number;

use super::types::{Form, Presence, RustApi, Scope};
use crate::ir::{Additional, Constraints, Field, Tuple, Type, TypeId, TypeKind, TypeUse};

const RUNTIME: &str = "::planewright_model::constraint";

impl RustApi<'_> {
    /// Statements that check a value that isn't null.
    ///
    /// They expect `__value`, a reference to it, `__path`, a reference to its path, and `__violations`. Empty if there
    /// is nothing to check.
    #[must_use]
    pub fn checks(&self, ty: &TypeUse, scope: Scope) -> Vec<String> {
        self.checks_of(ty, "__value", "__path", scope)
    }

    fn checks_of(&self, ty: &TypeUse, value: &str, path: &str, scope: Scope) -> Vec<String> {
        let mut statements = Vec::new();
        let place = value.trim_start_matches('&');
        statements.extend(self.assertion(ty, value, path));
        statements.extend(self.assertions(ty, value, path, scope));
        match &ty.ty {
            Type::Array(item) if self.asserts(item) => {
                let body = self.item_checks(item, scope);
                statements.push(format!(
                    "for (__index, __value) in {place}.iter().enumerate() {{ let __path = &{path}.index(__index); {body} }}"
                ));
            }
            Type::Tuple(tuple) if tuple.elements().any(|item| self.asserts(item)) => {
                statements.extend(self.tuple_checks(tuple, place, path, scope));
            }
            Type::Map(item) if self.asserts(item) => {
                let body = self.item_checks(item, scope);
                statements.push(format!(
                    "for (__name, __value) in {place}.iter() {{ let __path = &{path}.member(__name); {body} }}"
                ));
            }
            Type::Named(id) => match (self.form(*id), &self.api().types.get(*id).kind) {
                (Form::Alias, TypeKind::Alias(target)) => {
                    statements.extend(self.checks_of(target, value, path, scope))
                }
                _ if self.type_needs_validate(*id) => statements.push(validate(value, path)),
                _ => {}
            },
            _ if self.needs_validate(&TypeUse::plain(ty.ty.clone())) => {
                statements.push(validate(value, path))
            }
            _ => {}
        }
        statements
    }

    fn tuple_checks(&self, tuple: &Tuple, place: &str, path: &str, scope: Scope) -> Vec<String> {
        let first = if tuple.rest.is_some() { format!("{place}.first") } else { place.to_owned() };
        let mut statements = Vec::new();
        for (index, item) in tuple.first.iter().enumerate() {
            let body = self.item_checks(item, scope);
            if !self.checks(item, scope).is_empty() {
                statements.push(format!(
                    "{{ let __value = &{first}.{index}; let __path = &{path}.index({index}); {body} }}"
                ));
            }
        }
        if let Some(item) = &tuple.rest
            && !self.checks(item, scope).is_empty()
        {
            let (body, count) = (self.item_checks(item, scope), tuple.first.len());
            statements.push(format!(
                "for (__index, __value) in {place}.rest.iter().enumerate() {{ let __path = &{path}.index({count} + __index); {body} }}"
            ));
        }
        statements
    }

    fn item_checks(&self, item: &TypeUse, scope: Scope) -> String {
        let body = self.checks(item, scope).join(" ");
        if self.is_nullable(item) { format!("if let Some(__value) = __value {{ {body} }}") } else { body }
    }

    /// Whether something is asserted at this use or at one inside it, so that `Validate` of the Rust type doesn't know.
    fn asserts(&self, ty: &TypeUse) -> bool {
        let inside = match &ty.ty {
            Type::Array(item) | Type::Map(item) => self.asserts(item),
            Type::Tuple(tuple) => tuple.elements().any(|item| self.asserts(item)),
            Type::Named(id) => match &self.api().types.get(*id).kind {
                TypeKind::Alias(target) if *self.form(*id) == Form::Alias => self.asserts(target),
                _ => false,
            },
            _ => false,
        };
        inside || !ty.constraints.is_empty()
    }

    /// Whether its checks need the value itself, so that an `Option` around it has to be opened first.
    fn loops(&self, ty: &TypeUse) -> bool {
        let looks_at_json = |ty: &TypeUse| {
            !ty.constraints.assertions.is_empty() || (ty.ty == Type::Any && !ty.constraints.one_of.is_empty())
        };
        let target = self.resolve(ty);
        looks_at_json(ty)
            || looks_at_json(target)
            || match &target.ty {
                Type::Array(item) | Type::Map(item) => self.asserts(item),
                Type::Tuple(tuple) => tuple.elements().any(|item| self.asserts(item)),
                _ => false,
            }
    }

    /// Statements that check a whole newtype, `self`, around `target`.
    pub(super) fn newtype_checks(&self, target: &TypeUse) -> Vec<String> {
        self.checks_of(target, "&self.0", "__path", Scope::Model)
    }

    /// Statements that check a whole struct, `self`.
    pub(super) fn struct_checks(&self, id: TypeId) -> Vec<String> {
        let TypeKind::Struct { fields, additional, constraints } = &self.api().types.get(id).kind else {
            return Vec::new();
        };
        let names = self.type_names(id);
        let mut statements = Vec::new();
        let counts = Constraints { assertions: Vec::new(), one_of: Vec::new(), ..constraints.clone() };
        if !counts.is_empty() {
            let count = self.member_count(id, fields, additional);
            let counts = literal(&counts);
            statements.push(format!("{RUNTIME}::members({count}, &{counts}, __path, __violations);"));
        }
        let Constraints { assertions, one_of, .. } = constraints.clone();
        statements
            .extend(self.json_checks(&Constraints { assertions, one_of, ..Constraints::default() }, "self"));
        for (index, field) in fields.iter().enumerate() {
            let shape = self.field(id, index, Scope::Model);
            let value = format!("self.{}", shape.name);
            let path = format!("__path.member({:?})", field.name);
            if !self.loops(&field.ty) {
                statements.extend(self.checks_of(
                    &field.ty,
                    &format!("&{value}"),
                    &format!("&{path}"),
                    Scope::Model,
                ));
                continue;
            }
            let body = self.checks(&field.ty, Scope::Model).join(" ");
            let body = format!("{{ let __path = &{path}; {body} }}");
            statements.push(match shape.presence {
                Presence::Required => format!("{{ let __value = &{value}; {body} }}"),
                Presence::Nullable | Presence::Optional => format!("if let Some(__value) = &{value} {body}"),
                Presence::OptionalNullable => {
                    format!("if let Some(::planewright_model::Nullable::Value(__value)) = &{value} {body}")
                }
            });
        }
        if let Additional::Typed(item) = additional
            && self.needs_validate(item)
        {
            let body = self.item_checks(item, Scope::Model);
            let name = &names.catch_all;
            statements.push(format!(
                "for (__name, __value) in &self.{name} {{ let __path = &__path.member(__name); {body} }}"
            ));
        }
        statements
    }

    /// An expression for how many members a struct would have on the wire.
    fn member_count(&self, id: TypeId, fields: &[Field], additional: &Additional) -> String {
        let names = self.type_names(id);
        let required = fields.iter().filter(|field| field.required).count();
        let mut terms: Vec<_> = (required > 0).then(|| required.to_string()).into_iter().collect();
        for (field, name) in fields.iter().zip(&names.members) {
            if !field.required {
                terms.push(format!("usize::from(self.{name}.is_some())"));
            }
        }
        if matches!(additional, Additional::Typed(_)) {
            terms.push(format!("self.{}.len()", names.catch_all));
        }
        if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") }
    }

    /// The statements for what is asserted at this use.
    fn assertion(&self, ty: &TypeUse, value: &str, path: &str) -> Option<String> {
        let target = match self.resolve(ty).ty {
            Type::Named(id) => match &self.api().types.get(id).kind {
                TypeKind::Alias(target) if *self.form(id) == Form::Newtype => target.ty.clone(),
                _ => return None,
            },
            ref other => other.clone(),
        };
        let constraints = applicable(&ty.constraints, &target);
        let mut statements = String::new();
        if !constraints.one_of.is_empty() {
            let values: Vec<_> =
                constraints.one_of.iter().map(|value| format!("{:?}", value.to_string())).collect();
            let values = values.join(", ");
            let check = if target == Type::Any { "listed_json" } else { "one_of" };
            statements.push_str(&format!("{RUNTIME}::{check}({value}, &[{values}], {path}, __violations);"));
        }
        let others = Constraints { one_of: Vec::new(), assertions: Vec::new(), ..constraints };
        if !others.is_empty() {
            let pattern = others.pattern.as_ref().map_or_else(String::new, |pattern| {
                format!("static __PATTERN: {RUNTIME}::Pattern = {RUNTIME}::Pattern::new({pattern:?});")
            });
            let constraints = literal(&others);
            let path = path.trim_start_matches('&');
            let check = format!("{path}.check({value}, &{constraints}, __violations);");
            statements.push_str(&if pattern.is_empty() { check } else { format!("{{ {pattern} {check} }}") });
        }
        (!statements.is_empty()).then_some(statements)
    }
}

fn validate(value: &str, path: &str) -> String {
    let path = path.trim_start_matches('&');
    format!("{path}.validate({value}, __violations);")
}

/// Those that say something about values of the type.
fn applicable(constraints: &Constraints, ty: &Type) -> Constraints {
    let any = matches!(ty, Type::Any);
    let number = any || matches!(ty, Type::Integer(_) | Type::Number(_));
    let text = any || matches!(ty, Type::String(_));
    let list = any || matches!(ty, Type::Array(_));
    let map = any || matches!(ty, Type::Map(_));
    let constraints = constraints.clone();
    Constraints {
        minimum: constraints.minimum.filter(|_| number),
        maximum: constraints.maximum.filter(|_| number),
        exclusive_minimum: constraints.exclusive_minimum.filter(|_| number),
        exclusive_maximum: constraints.exclusive_maximum.filter(|_| number),
        multiple_of: constraints.multiple_of.filter(|_| number),
        min_length: constraints.min_length.filter(|_| text),
        max_length: constraints.max_length.filter(|_| text),
        pattern: constraints.pattern.filter(|_| text),
        min_items: constraints.min_items.filter(|_| list),
        max_items: constraints.max_items.filter(|_| list),
        unique_items: constraints.unique_items && list,
        min_properties: constraints.min_properties.filter(|_| map),
        max_properties: constraints.max_properties.filter(|_| map),
        one_of: constraints.one_of,
        assertions: constraints.assertions,
    }
}

/// The runtime's form of the constraints.
fn literal(constraints: &Constraints) -> String {
    let mut members = Vec::new();
    let mut bound = |name: &str, value: &Option<Number>| {
        if let Some(value) = value {
            members.push(format!("{name}: Some({})", number(value)));
        }
    };
    bound("minimum", &constraints.minimum);
    bound("maximum", &constraints.maximum);
    bound("exclusive_minimum", &constraints.exclusive_minimum);
    bound("exclusive_maximum", &constraints.exclusive_maximum);
    bound("multiple_of", &constraints.multiple_of);
    let mut count = |name: &str, value: Option<u64>| {
        if let Some(value) = value {
            // What doesn't fit 32 bits is no bound that a value in memory could break, and must compile everywhere.
            members.push(format!("{name}: Some({})", value.min(u64::from(u32::MAX))));
        }
    };
    count("min_length", constraints.min_length);
    count("max_length", constraints.max_length);
    count("min_items", constraints.min_items);
    count("max_items", constraints.max_items);
    count("min_properties", constraints.min_properties);
    count("max_properties", constraints.max_properties);
    if constraints.pattern.is_some() {
        members.push("pattern: Some(&__PATTERN)".to_owned());
    }
    if constraints.unique_items {
        members.push("unique_items: true".to_owned());
    }
    format!("{RUNTIME}::Constraints {{ {}, ..{RUNTIME}::Constraints::NONE }}", members.join(", "))
}

fn number(value: &Number) -> String {
    match value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)) {
        Some(value) => format!("{RUNTIME}::Bound::Integer({value})"),
        None => format!("{RUNTIME}::Bound::Float({:?})", value.as_f64().unwrap_or(f64::MAX)),
    }
}
