//! The plan of the model: what stands in each of its files, final down to the last identifier.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::SHARED;
use super::cycles::each_member;
use super::docs;
use super::types::{Form, Presence, RustApi, Scope};
use crate::ir::{Additional, NameHint, Type, TypeDecl, TypeId, TypeKind, UnionTag};

/// The files of the model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelPlan {
    /// Doc lines of the module that holds the others.
    pub docs: Vec<String>,
    /// In the order of the tags, [`SHARED`] last; none is empty.
    pub modules: Vec<ModulePlan>,
}

/// One file of types.
#[derive(Clone, Debug, Serialize)]
pub struct ModulePlan {
    /// Its name.
    pub name: String,
    /// Its doc lines.
    pub docs: Vec<String>,
    /// Types of other files that it names, sorted.
    pub imports: Vec<String>,
    /// Whether a type in it says how it is read and written.
    pub has_codec: bool,
    /// Its types, in document order.
    pub items: Vec<Item>,
}

/// A declaration.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// Its identifier.
    pub name: String,
    /// Its doc lines.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: ItemKind,
    /// The statements of `Validate::validate`.
    pub checks: Vec<String>,
    /// Traits that it derives because the user wants it to, separated by commas; may be empty.
    pub derives: String,
}

impl Item {
    /// The variant of a union that takes what the discriminator gives to no other.
    #[must_use]
    pub fn untagged(&self) -> Option<&str> {
        let ItemKind::Union { variants, tag: Some(_), .. } = &self.kind else { return None };
        variants.iter().find(|variant| variant.tag_values.is_empty()).map(|variant| variant.name.as_str())
    }
}

/// What a declaration is.
#[derive(Clone, Debug, Serialize)]
pub enum ItemKind {
    /// A struct.
    Struct {
        /// Its fields.
        fields: Vec<Member>,
        /// Whether members that it doesn't know are forbidden.
        closed: bool,
        /// Whether it derives `Default`.
        default: bool,
    },
    /// An open enumeration of strings.
    Enum {
        /// The listed values: `ty` is the wire value as a literal.
        values: Vec<Member>,
        /// The variant for the others.
        catch_all: String,
        /// Whether the only value is the default.
        default: bool,
    },
    /// One of several types.
    Union {
        /// The variants.
        variants: Vec<VariantPlan>,
        /// The discriminating member as a literal; none if they are tried.
        tag: Option<String>,
        /// Of variants that are tried, how many may fit: a variant of the runtime's `Fit`.
        fit: &'static str,
        /// The variants in the order in which a text is tried, if the union is a scalar.
        scalar: Vec<String>,
    },
    /// `pub type`.
    Alias {
        /// What it stands for.
        ty: String,
    },
    /// A checked text.
    Text,
    /// A type around another that would be endless as an alias.
    Wrapper {
        /// The other.
        ty: String,
    },
}

/// A field or a value.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// Its identifier.
    pub name: String,
    /// Its doc lines.
    pub docs: Vec<String>,
    /// The method of the runtime that takes it out of an object; empty for a value of an enumeration.
    pub read: &'static str,
    /// The method that writes it.
    pub write: &'static str,
    /// Its name on the wire as a literal; empty if it holds the other members.
    pub wire: String,
    /// Its type, or its value.
    pub ty: String,
}

/// A variant of a union.
#[derive(Clone, Debug, Serialize)]
pub struct VariantPlan {
    /// Its identifier.
    pub name: String,
    /// Its doc lines.
    pub docs: Vec<String>,
    /// What it holds, in a `Box` where needed.
    pub ty: String,
    /// Literals of the discriminator's values that choose it.
    pub tag_values: Vec<String>,
    /// The value to write when what it holds may not write the discriminator itself.
    pub write_tag: Option<String>,
    /// The type to convert from, where no other variant has it; empty otherwise.
    pub from: String,
    /// Whether it stands in a `Box`.
    pub boxed: bool,
}

/// Decides what stands in the files of the model.
#[must_use]
pub fn plan(rust: &RustApi<'_>) -> ModelPlan {
    let api = rust.api();
    let mut by_module: BTreeMap<&str, Vec<TypeId>> = BTreeMap::new();
    for (id, _) in api.types.iter() {
        if !matches!(rust.form(id), Form::Replaced(_)) {
            by_module.entry(rust.type_module(id)).or_default().push(id);
        }
    }
    let mut modules = Vec::new();
    for tag in &api.tags {
        let name = &rust.tag(&tag.name).module;
        if let Some(ids) = by_module.remove(name.as_str()) {
            let title = format!("Types of the tag {}.", docs::code(&tag.name));
            modules.push(module(
                rust,
                name,
                docs::lines([Some(title.as_str()), tag.description.as_deref()]),
                &ids,
            ));
        }
    }
    if let Some(ids) = by_module.remove(SHARED) {
        modules.push(module(rust, SHARED, vec!["Types that no tag has for itself.".to_owned()], &ids));
    }
    let title = format!("The types of {} {}.", api.title.trim(), api.version.trim());
    ModelPlan { docs: docs::lines([Some(title.as_str())]), modules }
}

fn module(rust: &RustApi<'_>, name: &str, docs: Vec<String>, ids: &[TypeId]) -> ModulePlan {
    let mut imports = BTreeSet::new();
    for &id in ids {
        each_member(&rust.api().types.get(id).kind, &mut |used| {
            if rust.type_module(used) != name && !matches!(rust.form(used), Form::Replaced(_)) {
                imports.insert(rust.type_name(used).to_owned());
            }
        });
    }
    let items: Vec<_> = ids.iter().map(|&id| item(rust, id)).collect();
    let has_codec = items.iter().any(|item| {
        matches!(item.kind, ItemKind::Struct { .. } | ItemKind::Union { .. } | ItemKind::Wrapper { .. })
    });
    ModulePlan { name: name.to_owned(), docs, imports: imports.into_iter().collect(), has_codec, items }
}

fn item(rust: &RustApi<'_>, id: TypeId) -> Item {
    let decl = rust.api().types.get(id);
    let names = rust.type_names(id);
    let mut checks = Vec::new();
    let kind = match &decl.kind {
        TypeKind::Struct { additional, .. } => {
            checks = rust.struct_checks(id);
            ItemKind::Struct {
                fields: fields(rust, id),
                closed: matches!(additional, Additional::Forbidden),
                default: rust.type_has_default(id),
            }
        }
        TypeKind::Enum { values } => ItemKind::Enum {
            values: values
                .iter()
                .zip(&names.members)
                .map(|(value, name)| {
                    let wire = docs::code(&value.value);
                    let wire = format!("{}{}.", wire[..1].to_uppercase(), &wire[1..]);
                    Member {
                        name: name.clone(),
                        docs: docs::lines([Some(value.description.as_deref().unwrap_or(&wire))]),
                        read: "",
                        write: "",
                        wire: String::new(),
                        ty: literal(&value.value),
                    }
                })
                .collect(),
            catch_all: names.catch_all.clone(),
            default: rust.type_has_default(id),
        },
        TypeKind::Union(union) => {
            let variants = variants(rust, id);
            checks = union_checks(rust, id);
            checks.extend(rust.json_checks(&union.constraints, "self"));
            let tag = match &union.tag {
                UnionTag::Property(member) => Some(literal(member)),
                UnionTag::Trial => None,
            };
            ItemKind::Union {
                variants,
                tag,
                fit: if union.exclusive { "One" } else { "Any" },
                scalar: scalar_order(rust, id),
            }
        }
        TypeKind::Alias(target) if *rust.form(id) == Form::Newtype => {
            checks = rust.newtype_checks(target);
            match target.ty {
                Type::String(_) => ItemKind::Text,
                _ if rust.is_boxed(id, target) => {
                    ItemKind::Wrapper { ty: format!("Box<{}>", rust.type_expr(target, Scope::Model)) }
                }
                _ => ItemKind::Wrapper { ty: rust.value_expr(target, Scope::Model) },
            }
        }
        TypeKind::Alias(target) => ItemKind::Alias { ty: rust.value_expr(target, Scope::Model) },
    };
    let derives = derives(rust, decl, &kind);
    Item { name: names.name.clone(), docs: decl_docs(decl), kind, checks, derives }
}

/// An enumeration and a checked text have what their one use needs; they take only what is asked of them by name.
fn derives(rust: &RustApi<'_>, decl: &TypeDecl, kind: &ItemKind) -> String {
    let config = &rust.config().derives;
    let own = decl.component().and_then(|name| config.types.get(name));
    let general = match kind {
        ItemKind::Alias { .. } => return String::new(),
        ItemKind::Enum { .. } | ItemKind::Text => None,
        _ => Some(&config.all),
    };
    let mut list: Vec<&str> = Vec::new();
    for name in general.into_iter().chain(own).flatten() {
        if !list.contains(&name.as_str()) {
            list.push(name);
        }
    }
    list.join(", ")
}

fn decl_docs(decl: &TypeDecl) -> Vec<String> {
    let lines = docs::lines([
        decl.docs.summary.as_deref(),
        decl.docs.description.as_deref(),
        decl.docs.deprecated.then_some("**Deprecated.**"),
    ]);
    if !lines.is_empty() {
        return lines;
    }
    vec![match &decl.name {
        NameHint::Component(name) => format!("The schema {}.", docs::code(name)),
        NameHint::Path(way) => format!("The schema at {}.", docs::code(&way.join("/"))),
    }]
}

fn fields(rust: &RustApi<'_>, id: TypeId) -> Vec<Member> {
    let TypeKind::Struct { fields, additional, .. } = &rust.api().types.get(id).kind else {
        return Vec::new();
    };
    let mut members = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let shape = rust.field(id, index, Scope::Model);
        // What holds null itself must be told apart from its absence as well.
        let keeps_null = rust.holds_null(&field.ty);
        let (read, write) = match shape.presence {
            Presence::Required => ("required", "member"),
            Presence::Nullable => ("nullable", "member"),
            Presence::Optional if keeps_null => ("present", "optional"),
            Presence::Optional => ("optional", "optional"),
            Presence::OptionalNullable => ("present", "optional"),
        };
        let wire = format!("{}.", docs::code(&field.name));
        let mut lines = docs::lines([
            field.docs.summary.as_deref(),
            field.docs.description.as_deref(),
            field.docs.deprecated.then_some("**Deprecated.**"),
        ]);
        if lines.is_empty() {
            lines = docs::lines([Some(wire.as_str())]);
        }
        if let Some(default) = &field.default {
            lines.extend([String::new(), format!("When absent, {}.", docs::code(&default.to_string()))]);
        }
        let wire = literal(&shape.wire);
        members.push(Member { name: shape.name, docs: lines, read, write, wire, ty: shape.ty });
    }
    if let Additional::Typed(item) = additional {
        members.push(Member {
            name: rust.type_names(id).catch_all.clone(),
            docs: vec!["The other members.".to_owned()],
            read: "others",
            write: "others",
            wire: String::new(),
            ty: format!("::planewright_model::Map<{}>", rust.type_expr(item, Scope::Model)),
        });
    }
    members
}

fn variants(rust: &RustApi<'_>, id: TypeId) -> Vec<VariantPlan> {
    let TypeKind::Union(union) = &rust.api().types.get(id).kind else {
        return Vec::new();
    };
    let behind = |index: usize| match rust.resolve(&union.variants[index].ty).ty {
        Type::Named(id) if !rust.is_nullable(&union.variants[index].ty) => Some(id),
        _ => None,
    };
    let mut plans = Vec::new();
    for (index, (variant, name)) in union.variants.iter().zip(&rust.type_names(id).members).enumerate() {
        let value = rust.type_expr(&variant.ty, Scope::Model);
        let boxed = rust.is_boxed(id, &variant.ty);
        let unique = behind(index)
            .is_some_and(|id| (0..union.variants.len()).filter(|&i| behind(i) == Some(id)).count() == 1);
        let write_tag = match &union.tag {
            UnionTag::Property(member) if !declares(rust, behind(index), member) => {
                variant.tag_values.first()
            }
            _ => None,
        };
        plans.push(VariantPlan {
            name: name.clone(),
            docs: match &union.tag {
                UnionTag::Property(member) if variant.tag_values.is_empty() => {
                    vec![format!("Of another {} than the others.", docs::code(member))]
                }
                _ => vec![format!("{}.", docs::code(&variant.name))],
            },
            ty: if boxed { format!("Box<{value}>") } else { value.clone() },
            tag_values: variant.tag_values.iter().map(|value| literal(value)).collect(),
            write_tag: write_tag.map(|value| literal(value)),
            from: if unique { value } else { String::new() },
            boxed,
        });
    }
    plans
}

/// Whether a struct always writes the member.
fn declares(rust: &RustApi<'_>, id: Option<TypeId>, member: &str) -> bool {
    id.is_some_and(|id| match &rust.api().types.get(id).kind {
        TypeKind::Struct { fields, .. } => fields.iter().any(|field| field.name == member && field.required),
        // A union inside a union writes its own.
        TypeKind::Union(_) => true,
        _ => false,
    })
}

fn union_checks(rust: &RustApi<'_>, id: TypeId) -> Vec<String> {
    let TypeKind::Union(union) = &rust.api().types.get(id).kind else {
        return Vec::new();
    };
    let mut arms = Vec::new();
    let mut rest = false;
    for (variant, name) in union.variants.iter().zip(&rust.type_names(id).members) {
        let body = rust.checks(&variant.ty, Scope::Model).join(" ");
        if body.is_empty() {
            rest = true;
        } else if rust.is_nullable(&variant.ty) {
            arms.push((format!("Self::{name}(Some(__value))"), body));
            rest = true;
        } else {
            arms.push((format!("Self::{name}(__value)"), body));
        }
    }
    match &arms[..] {
        [] => Vec::new(),
        [(pattern, body)] if rest => vec![format!("if let {pattern} = self {{ {body} }}")],
        [(pattern, body)] => vec![format!("let {pattern} = self;"), body.clone()],
        _ => {
            let arms: Vec<_> =
                arms.iter().map(|(pattern, body)| format!("{pattern} => {{ {body} }}")).collect();
            vec![format!("match self {{ {} {} }}", arms.join(" "), if rest { "_ => {}" } else { "" })]
        }
    }
}

/// The variants of a scalar union, the most particular first: a text that is a number shouldn't become a string.
fn scalar_order(rust: &RustApi<'_>, id: TypeId) -> Vec<String> {
    let decl = rust.api().types.get(id);
    let TypeKind::Union(union) = &decl.kind else { return Vec::new() };
    if !rust.is_scalar(&crate::ir::TypeUse::plain(Type::Named(id))) {
        return Vec::new();
    }
    let mut order: Vec<(u8, &String)> = union
        .variants
        .iter()
        .zip(&rust.type_names(id).members)
        .map(|(variant, name)| {
            let rank = match rust.resolve(&variant.ty).ty {
                Type::Boolean => 0,
                Type::Integer(_) => 1,
                Type::Number(_) => 2,
                Type::Named(id) if *rust.form(id) == Form::Enum => 4,
                Type::String(crate::ir::StringFormat::Plain) => 5,
                _ => 3,
            };
            (rank, name)
        })
        .collect();
    order.sort_by_key(|(rank, _)| *rank);
    order.into_iter().map(|(_, name)| name.clone()).collect()
}

/// A Rust string literal.
fn literal(text: &str) -> String {
    format!("{text:?}")
}
