//! Types of the document as Rust types.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::cycles::{Boxes, endless_aliases};
use super::modules::modules;
use super::names::{Names, OperationNames, TagNames, TypeNames};
use crate::config::{Config, Replacement};
use crate::ir::{
    Additional, Api, IntegerFormat, NumberFormat, StringFormat, Type, TypeId, TypeKind, TypeUse, UnionTag,
};

/// An API and everything decided about it: its names and what its types are in Rust.
pub struct RustApi<'a> {
    api: &'a Api,
    config: &'a Config,
    names: Names,
    forms: Vec<Form>,
    modules: Vec<String>,
    boxes: Option<Boxes>,
    validated: Vec<bool>,
    defaulted: Vec<bool>,
}

/// Where a type expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the model itself: `JobId`.
    Model,
    /// In the server or the client: `model::JobId`.
    Outside,
}

/// What becomes of a declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Form {
    /// A struct with fields.
    Struct,
    /// An open enumeration of strings.
    Enum,
    /// An enum with a type in each variant.
    Union,
    /// `pub type`. The `null` of a nullable alias belongs to its uses.
    Alias,
    /// `pub struct JarId(String)`: a constrained text, or an alias that would expand for ever.
    Newtype,
    /// A type that exists already.
    Replaced(Replacement),
}

/// Whether a member may be absent or null, and so how its Rust type wraps its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Presence {
    /// `T`.
    Required,
    /// Must be there, may be null: `Option<T>`, `None` is null.
    Nullable,
    /// `Option<T>`, `None` is absent.
    Optional,
    /// `Option<Nullable<T>>`.
    OptionalNullable,
}

/// A member of a struct in Rust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldShape {
    /// Its identifier.
    pub name: String,
    /// Its name on the wire.
    pub wire: String,
    /// Whether it may be absent or null.
    pub presence: Presence,
    /// The type of a value that is there and not null, unboxed: `model::JobId`.
    pub value: String,
    /// Whether the value stands in a `Box`.
    pub boxed: bool,
    /// The type of the field: `Option<Nullable<Box<model::JobId>>>`.
    pub ty: String,
}

impl<'a> RustApi<'a> {
    /// Decides names and types.
    #[must_use]
    pub fn new(api: &'a Api, config: &'a Config) -> Self {
        let names = Names::new(api, config);
        let endless = endless_aliases(api);
        let forms = api.types.iter().map(|(id, _)| form(api, config, id, &endless)).collect();
        let modules = modules(api, &names);
        let mut rust = Self {
            api,
            config,
            names,
            forms,
            modules,
            boxes: None,
            validated: vec![false; api.types.len()],
            defaulted: vec![true; api.types.len()],
        };
        rust.boxes = Some(Boxes::new(api, |ty| rust.by_value(ty)));
        rust.settle();
        rust
    }

    /// The document's side.
    #[must_use]
    pub fn api(&self) -> &'a Api {
        self.api
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &'a Config {
        self.config
    }

    /// All names, to print.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The identifier of a declared type.
    #[must_use]
    pub fn type_name(&self, id: TypeId) -> &str {
        &self.names.types[id.0 as usize].name
    }

    /// The identifiers of a declared type and its members.
    #[must_use]
    pub fn type_names(&self, id: TypeId) -> &TypeNames {
        &self.names.types[id.0 as usize]
    }

    /// The module of the model that holds a declared type.
    #[must_use]
    pub fn type_module(&self, id: TypeId) -> &str {
        &self.modules[id.0 as usize]
    }

    /// What becomes of a declaration.
    #[must_use]
    pub fn form(&self, id: TypeId) -> &Form {
        &self.forms[id.0 as usize]
    }

    /// The identifiers of the operation at this place of [`Api::operations`].
    #[must_use]
    pub fn operation(&self, index: usize) -> &OperationNames {
        &self.names.operations[index]
    }

    /// The place in [`Api::operations`] of the operation with this id.
    #[must_use]
    pub fn operation_index(&self, id: &str) -> Option<usize> {
        self.api.operations.iter().position(|operation| operation.id == id)
    }

    /// The identifiers of the tag with this name.
    ///
    /// # Panics
    /// If the API has no such tag; every operation's tag is one of its tags.
    #[must_use]
    pub fn tag(&self, name: &str) -> &TagNames {
        let index = self.api.tags.iter().position(|tag| tag.name == name);
        &self.names.tags
            [index.unwrap_or_else(|| panic!("the tag `{name}` of an operation is not one of the API's"))]
    }

    /// The type of a value: `Option<…>` if it may be null.
    #[must_use]
    pub fn type_expr(&self, ty: &TypeUse, scope: Scope) -> String {
        let value = self.value_expr(ty, scope);
        if self.is_nullable(ty) { format!("Option<{value}>") } else { value }
    }

    /// The type of a value that isn't null.
    #[must_use]
    pub fn value_expr(&self, ty: &TypeUse, scope: Scope) -> String {
        match &ty.ty {
            Type::Any => "::planewright_model::Any".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Integer(format) => integer(*format).to_owned(),
            Type::Number(format) => number(*format).to_owned(),
            Type::String(format) => string(*format).to_owned(),
            Type::Array(item) => format!("Vec<{}>", self.type_expr(item, scope)),
            Type::Tuple(tuple) => {
                let first: Vec<_> =
                    tuple.first.iter().map(|item| self.type_expr(item, scope) + ",").collect();
                let first = format!("({})", first.join(" "));
                match &tuple.rest {
                    Some(rest) => {
                        format!("::planewright_model::AtLeast<{first}, {}>", self.type_expr(rest, scope))
                    }
                    None => first,
                }
            }
            Type::Map(item) => format!("::planewright_model::Map<{}>", self.type_expr(item, scope)),
            Type::Named(id) => self.path(*id, scope),
        }
    }

    /// The path of a declared type.
    #[must_use]
    pub fn path(&self, id: TypeId, scope: Scope) -> String {
        match (self.form(id), scope) {
            (Form::Replaced(replacement), _) => replacement.path.clone(),
            (_, Scope::Model) => self.type_name(id).to_owned(),
            (_, Scope::Outside) => format!("model::{}", self.type_name(id)),
        }
    }

    /// A member of a struct.
    ///
    /// # Panics
    /// If the type is no struct, or has no such member.
    #[must_use]
    pub fn field(&self, id: TypeId, index: usize, scope: Scope) -> FieldShape {
        let TypeKind::Struct { fields, .. } = &self.api.types.get(id).kind else {
            panic!("`{}` is not a struct", self.type_name(id));
        };
        let field = &fields[index];
        let presence = match (field.required, self.is_nullable(&field.ty)) {
            (true, false) => Presence::Required,
            (true, true) => Presence::Nullable,
            (false, false) => Presence::Optional,
            (false, true) => Presence::OptionalNullable,
        };
        let value = self.value_expr(&field.ty, scope);
        let boxed = self.is_boxed(id, &field.ty);
        let held = if boxed { format!("Box<{value}>") } else { value.clone() };
        let ty = match presence {
            Presence::Required => held,
            Presence::Nullable | Presence::Optional => format!("Option<{held}>"),
            Presence::OptionalNullable => format!("Option<::planewright_model::Nullable<{held}>>"),
        };
        FieldShape {
            name: self.type_names(id).members[index].clone(),
            wire: field.name.clone(),
            presence,
            value,
            boxed,
            ty,
        }
    }

    /// Whether a member of `owner` with this type stands in a `Box`, because it may hold its owner.
    #[must_use]
    pub fn is_boxed(&self, owner: TypeId, ty: &TypeUse) -> bool {
        self.boxes
            .as_ref()
            .is_some_and(|boxes| self.by_value(ty).into_iter().any(|member| boxes.needed(owner, member)))
    }

    /// The type behind the names that are mere aliases.
    #[must_use]
    pub fn resolve<'t>(&'t self, ty: &'t TypeUse) -> &'t TypeUse {
        let mut ty = ty;
        while let Type::Named(id) = ty.ty
            && *self.form(id) == Form::Alias
            && let TypeKind::Alias(target) = &self.api.types.get(id).kind
        {
            ty = target;
        }
        ty
    }

    /// Whether `null` is a value of the type beside those of its Rust type; [`Type::Any`] holds it already.
    #[must_use]
    pub fn is_nullable(&self, ty: &TypeUse) -> bool {
        let mut nullable = ty.nullable;
        let mut ty = ty;
        while let Type::Named(id) = ty.ty
            && let TypeKind::Alias(target) = &self.api.types.get(id).kind
            && !nullable
            && matches!(self.form(id), Form::Alias | Form::Newtype)
        {
            nullable |= target.nullable;
            if *self.form(id) == Form::Newtype {
                break;
            }
            ty = target;
        }
        nullable && !matches!(self.resolve(ty).ty, Type::Any)
    }

    /// Whether null is a value of the Rust type without an `Option`.
    #[must_use]
    pub fn holds_null(&self, ty: &TypeUse) -> bool {
        self.holds_null_within(ty, 8)
    }

    fn holds_null_within(&self, ty: &TypeUse, depth: u8) -> bool {
        match self.resolve(ty).ty {
            Type::Any => true,
            Type::Named(id) if *self.form(id) == Form::Union && depth > 0 => {
                let TypeKind::Union(union) = &self.api.types.get(id).kind else { return false };
                let holds = |ty: &TypeUse| self.is_nullable(ty) || self.holds_null_within(ty, depth - 1);
                union.variants.iter().any(|variant| holds(&variant.ty))
            }
            _ => false,
        }
    }

    /// The struct that a value of this type is, with its id.
    #[must_use]
    pub fn struct_of(&self, ty: &TypeUse) -> Option<TypeId> {
        match self.resolve(ty).ty {
            Type::Named(id) if *self.form(id) == Form::Struct => Some(id),
            _ => None,
        }
    }

    /// The type of the elements, if it is a list of scalars.
    #[must_use]
    pub fn scalar_items<'t>(&'t self, ty: &'t TypeUse) -> Option<&'t TypeUse> {
        match &self.resolve(ty).ty {
            Type::Array(item) if self.is_scalar(item) => Some(item),
            _ => None,
        }
    }

    /// Whether the type has `FromStr` and `Display` in the form that it has in a parameter.
    #[must_use]
    pub fn is_scalar(&self, ty: &TypeUse) -> bool {
        self.is_scalar_within(ty, 8)
    }

    fn is_scalar_within(&self, ty: &TypeUse, depth: u8) -> bool {
        let ty = self.resolve(ty);
        match &ty.ty {
            Type::Boolean | Type::Integer(_) | Type::Number(_) | Type::String(_) => true,
            Type::Any | Type::Array(_) | Type::Tuple(_) | Type::Map(_) => false,
            Type::Named(id) => match (self.form(*id), &self.api.types.get(*id).kind) {
                (_, TypeKind::Enum { .. }) => true,
                (Form::Newtype, TypeKind::Alias(target)) => matches!(target.ty, Type::String(_)),
                (_, TypeKind::Alias(target)) => depth > 0 && self.is_scalar_within(target, depth - 1),
                (_, TypeKind::Union(union)) => {
                    depth > 0
                        && matches!(union.tag, UnionTag::Trial)
                        && union
                            .variants
                            .iter()
                            .all(|v| !self.is_nullable(&v.ty) && self.is_scalar_within(&v.ty, depth - 1))
                }
                (_, TypeKind::Struct { .. }) => false,
            },
        }
    }

    /// Whether the type is `Copy`.
    #[must_use]
    pub fn is_copy(&self, ty: &TypeUse) -> bool {
        match &self.resolve(ty).ty {
            Type::Boolean | Type::Integer(_) | Type::Number(NumberFormat::F64) => true,
            Type::Named(id) => matches!(self.form(*id), Form::Replaced(replacement) if replacement.copy),
            _ => false,
        }
    }

    /// Whether the type implements `Default`; an optional or nullable member does in any case.
    #[must_use]
    pub fn has_default(&self, ty: &TypeUse) -> bool {
        match &self.resolve(ty).ty {
            Type::Named(id) => self.defaulted[id.0 as usize],
            Type::Tuple(tuple) => {
                tuple.first.iter().all(|item| self.is_nullable(item) || self.has_default(item))
            }
            Type::String(format) => matches!(format, StringFormat::Plain | StringFormat::Binary),
            _ => true,
        }
    }

    /// Whether the declared type implements `Default`.
    #[must_use]
    pub fn type_has_default(&self, id: TypeId) -> bool {
        self.defaulted[id.0 as usize]
    }

    /// Whether there is something to check about a value that its Rust type doesn't guarantee.
    #[must_use]
    pub fn needs_validate(&self, ty: &TypeUse) -> bool {
        !ty.constraints.is_empty()
            || match &ty.ty {
                Type::Array(item) | Type::Map(item) => self.needs_validate(item),
                Type::Tuple(tuple) => tuple.elements().any(|item| self.needs_validate(item)),
                Type::Named(id) => self.validated[id.0 as usize],
                Type::String(format) => !matches!(format, StringFormat::Plain | StringFormat::Binary),
                _ => false,
            }
    }

    /// Whether the declared type has something to check.
    #[must_use]
    pub fn type_needs_validate(&self, id: TypeId) -> bool {
        self.validated[id.0 as usize]
    }

    /// An expression for a default value; `None` if there is none that needs no check at run time.
    #[must_use]
    pub fn default_expr(&self, ty: &TypeUse, value: &Value, scope: Scope) -> Option<String> {
        let nullable = self.is_nullable(ty);
        if value.is_null() && nullable {
            return Some("None".to_owned());
        }
        let expr = match (&ty.ty, value) {
            (Type::Boolean, Value::Bool(value)) => value.to_string(),
            (Type::Integer(format), Value::Number(value)) => {
                let value = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))?;
                integer_fits(*format, value).then(|| value.to_string())?
            }
            (Type::Number(NumberFormat::Decimal), Value::Number(value)) => {
                format!("::planewright_model::Decimal::from({}_i64)", value.as_i64()?)
            }
            (Type::Number(format), Value::Number(value)) => {
                format!("{:?}_{}", value.as_f64()?, number(*format))
            }
            (Type::String(StringFormat::Plain | StringFormat::Binary), Value::String(text)) => {
                format!("{text:?}.to_owned()")
            }
            (Type::String(format), Value::String(text)) => {
                format!("{}::unchecked({text:?})", string(*format))
            }
            (Type::Array(_), Value::Array(items)) if items.is_empty() => "Vec::new()".to_owned(),
            (Type::Array(item), Value::Array(items)) => {
                let items: Option<Vec<_>> =
                    items.iter().map(|value| self.default_expr(item, value, scope)).collect();
                format!("vec![{}]", items?.join(", "))
            }
            (Type::Map(_), Value::Object(members)) if members.is_empty() => {
                "::planewright_model::Map::new()".to_owned()
            }
            (Type::Named(id), value) => self.named_default(*id, value, scope)?,
            _ => return None,
        };
        Some(if nullable { format!("Some({expr})") } else { expr })
    }

    fn named_default(&self, id: TypeId, value: &Value, scope: Scope) -> Option<String> {
        match (self.form(id), &self.api.types.get(id).kind) {
            (Form::Enum, TypeKind::Enum { values }) => {
                let text = value.as_str()?;
                let index = values.iter().position(|known| known.value == text)?;
                Some(format!("{}::{}", self.path(id, scope), self.type_names(id).members[index]))
            }
            (Form::Newtype, TypeKind::Alias(target)) if matches!(target.ty, Type::String(_)) => {
                Some(format!("{}::unchecked({:?})", self.path(id, scope), value.as_str()?))
            }
            (Form::Union, TypeKind::Union(union)) if self.is_scalar(&TypeUse::plain(Type::Named(id))) => {
                let mut variants = union.variants.iter().zip(&self.type_names(id).members);
                variants.find_map(|(variant, name)| {
                    let value = self.default_expr(&variant.ty, value, scope)?;
                    Some(format!("{}::{name}({value})", self.path(id, scope)))
                })
            }
            (Form::Alias, TypeKind::Alias(target)) => {
                let target = TypeUse { nullable: false, ..target.clone() };
                self.default_expr(&target, value, scope)
            }
            _ => None,
        }
    }

    /// The declared types that a use holds by value.
    fn by_value(&self, ty: &TypeUse) -> Vec<TypeId> {
        match &self.resolve(ty).ty {
            Type::Named(id) if !matches!(self.form(*id), Form::Replaced(_)) => vec![*id],
            Type::Tuple(tuple) => tuple.first.iter().flat_map(|item| self.by_value(item)).collect(),
            _ => Vec::new(),
        }
    }

    /// Finds which types have something to check (once one has, so do its owners), and which have a default (once one
    /// has none, neither have those that require it).
    fn settle(&mut self) {
        loop {
            let mut changed = false;
            for (id, decl) in self.api.types.iter() {
                let index = id.0 as usize;
                let replaced = matches!(self.forms[index], Form::Replaced(_));
                let (validate, default) = match &decl.kind {
                    _ if replaced => (false, false),
                    TypeKind::Struct { fields, additional, constraints } => (
                        !constraints.is_empty()
                            || fields.iter().any(|field| self.needs_validate(&field.ty))
                            || matches!(additional, Additional::Typed(item) if self.needs_validate(item)),
                        fields.iter().all(|field| {
                            // A struct that requires itself can't be built at all, so neither by default.
                            let itself = self.is_boxed(id, &field.ty);
                            !field.required
                                || self.is_nullable(&field.ty)
                                || (self.has_default(&field.ty) && !itself)
                        }),
                    ),
                    // Of one value, such as the constant of a discriminator, there is but one choice.
                    TypeKind::Enum { values } => (true, values.len() == 1),
                    TypeKind::Union(union) => {
                        let variants = union.variants.iter().any(|v| self.needs_validate(&v.ty));
                        (variants || !union.constraints.is_empty(), false)
                    }
                    TypeKind::Alias(target) => {
                        let default = self.forms[index] == Form::Alias && self.has_default(target);
                        (self.needs_validate(target), default)
                    }
                };
                changed |= validate != self.validated[index] || default != self.defaulted[index];
                self.validated[index] |= validate;
                self.defaulted[index] &= default;
            }
            if !changed {
                return;
            }
        }
    }
}

fn form(api: &Api, config: &Config, id: TypeId, endless: &BTreeSet<TypeId>) -> Form {
    let decl = api.types.get(id);
    if let Some(name) = decl.component()
        && let Some(replacement) = config.replace.get(name)
    {
        return Form::Replaced(replacement.clone());
    }
    match &decl.kind {
        TypeKind::Struct { .. } => Form::Struct,
        TypeKind::Enum { .. } => Form::Enum,
        TypeKind::Union(_) => Form::Union,
        TypeKind::Alias(target) => {
            let text =
                matches!(target.ty, Type::String(StringFormat::Plain)) && !target.constraints.is_empty();
            if text || endless.contains(&id) { Form::Newtype } else { Form::Alias }
        }
    }
}

fn integer(format: IntegerFormat) -> &'static str {
    match format {
        IntegerFormat::I32 => "i32",
        IntegerFormat::I64 => "i64",
        IntegerFormat::U32 => "u32",
        IntegerFormat::U64 => "u64",
    }
}

fn integer_fits(format: IntegerFormat, value: i128) -> bool {
    match format {
        IntegerFormat::I32 => i32::try_from(value).is_ok(),
        IntegerFormat::I64 => i64::try_from(value).is_ok(),
        IntegerFormat::U32 => u32::try_from(value).is_ok(),
        IntegerFormat::U64 => u64::try_from(value).is_ok(),
    }
}

fn number(format: NumberFormat) -> &'static str {
    match format {
        NumberFormat::F64 => "f64",
        NumberFormat::Decimal => "::planewright_model::Decimal",
    }
}

fn string(format: StringFormat) -> &'static str {
    match format {
        StringFormat::Plain | StringFormat::Binary => "String",
        StringFormat::Date => "::planewright_model::Date",
        StringFormat::DateTime => "::planewright_model::DateTime",
        StringFormat::Uuid => "::planewright_model::Uuid",
        StringFormat::Byte => "::planewright_model::Base64",
    }
}
