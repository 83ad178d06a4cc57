//! What no Rust type says by itself: `not`, `if`, `contains` and their like, and alternatives that only demand something.
//!
//! A schema that only tells values apart is lowered to a type and to assertions, and declares nothing: an object written
//! in place is any map with [`Assertion::Members`]. A value is judged by it in its JSON form.

use super::schemas::{Schemas, joined};
use super::view::{Demand, Property, UnionView, View};
use super::{constraints, peek, scalars};
use crate::diagnostic::Reported;
use crate::ir::{Assertion, Constraints, StringFormat, Type, TypeUse};
use crate::openapi::{AdditionalProperties, Reference, SchemaType, normal};
use crate::source::Node;

const STRING: Type = Type::String(StringFormat::Plain);

impl<'a> Schemas<'a> {
    /// What the demands of a schema assert about its values.
    pub(super) fn demanded(&mut self, view: &View<'a>, owner: &[String]) -> Result<Vec<Assertion>, Reported> {
        let mut assertions = Vec::new();
        for demand in &view.demands {
            let assertion = self.demand(demand, owner)?;
            // Every name is a text.
            let says_nothing = matches!(&assertion, Assertion::MemberNames(ty) if *ty == TypeUse::plain(STRING) || *ty == TypeUse::plain(Type::Any));
            if !says_nothing {
                assertions.push(assertion);
            }
        }
        Ok(assertions)
    }

    /// Alternatives as an assertion.
    pub(super) fn asserted_union(
        &mut self,
        union: &UnionView<'a>,
        owner: &[String],
    ) -> Result<Assertion, Reported> {
        let mut alternatives = Vec::new();
        for node in union.alternatives {
            alternatives.push(self.asserted(node, owner)?);
        }
        Ok(if union.exclusive { Assertion::OneOf(alternatives) } else { Assertion::AnyOf(alternatives) })
    }

    /// The members that match patterns, and what the others may be; `named` are those that fields describe.
    pub(super) fn asserted_patterns(
        &mut self,
        view: &View<'a>,
        named: impl Iterator<Item = String>,
        owner: &[String],
    ) -> Result<Option<Assertion>, Reported> {
        if view.patterns.is_empty() {
            return Ok(None);
        }
        let mut patterns = self.patterns(view, owner)?;
        let others = self.others(view, owner)?;
        if view.only_pattern().is_some() && view.properties.is_empty() {
            // That is the type of all members.
            patterns.iter_mut().for_each(|(_, ty)| *ty = TypeUse::plain(Type::Any));
        }
        // What the others may be doesn't concern those that are described.
        let named = match &others {
            Some(_) => named.map(|name| (name, TypeUse::plain(Type::Any))).collect(),
            None => Vec::new(),
        };
        Ok(Some(Assertion::Members { named, patterns, others }))
    }

    pub(super) fn demand(&mut self, demand: &Demand<'a>, owner: &[String]) -> Result<Assertion, Reported> {
        Ok(match demand {
            Demand::Not(node) => Assertion::Not(self.asserted(node, owner)?),
            Demand::If { condition, then, otherwise } => Assertion::If {
                condition: Box::new(self.asserted(condition, owner)?),
                then: self.asserted_option(*then, owner)?.map(Box::new),
                otherwise: self.asserted_option(*otherwise, owner)?.map(Box::new),
            },
            Demand::Contains { item, least, most } => {
                Assertion::Contains { item: self.asserted(item, owner)?, least: *least, most: *most }
            }
            Demand::MemberNames(node) => Assertion::MemberNames(self.asserted(node, owner)?),
            Demand::Dependent { member, required, schema } => Assertion::Dependent {
                member: member.clone(),
                required: required.clone(),
                schema: self.asserted_option(*schema, owner)?,
            },
            Demand::Union(union) => self.asserted_union(union, owner)?,
        })
    }

    fn asserted_option(
        &mut self,
        node: Option<&'a Node>,
        owner: &[String],
    ) -> Result<Option<TypeUse>, Reported> {
        node.map(|node| self.asserted(node, owner)).transpose()
    }

    /// A schema that only tells values apart.
    pub(super) fn asserted(&mut self, node: &'a Node, owner: &[String]) -> Result<TypeUse, Reported> {
        if peek::only_null(node) {
            return Ok(null());
        }
        self.deeper(node, |schemas| {
            let nullable = peek::nullable(schemas.reading, node);
            let node = normal(schemas.reading, node);
            let ty = match Reference::of(node) {
                Some(reference) => schemas.reference(&reference, owner)?,
                None => {
                    let view = View::of(schemas.reading, node, owner)?;
                    schemas.asserted_view(view, owner)?
                }
            };
            Ok(TypeUse { nullable: ty.nullable || nullable, ..ty })
        })
    }

    fn asserted_view(&mut self, mut view: View<'a>, owner: &[String]) -> Result<TypeUse, Reported> {
        if let Some(reference) = &view.alias {
            return self.reference(reference, owner);
        }
        let kind = view.kind;
        let mut limits = constraints::applicable(std::mem::take(&mut view.constraints), kind);
        if let Some(values) = &view.values {
            let listed = values.iter().filter(|value| kind.is_none() || !value.is_null());
            limits.one_of = listed.map(|value| value.to_json()).collect();
        }
        limits.assertions.extend(self.demanded(&view, owner)?);
        for union in &view.unions {
            limits.assertions.push(self.asserted_union(union, owner)?);
        }
        if !view.required.is_empty() {
            let names = view.required.iter().map(|name| name.value.clone()).collect();
            limits.assertions.push(Assertion::Required(names));
        }
        limits.assertions.extend(self.asserted_members(&view, owner)?);
        limits.assertions.extend(self.asserted_items(&view, owner)?);
        let any = || Box::new(TypeUse::plain(Type::Any));
        let ty = match kind {
            None => Type::Any,
            Some(SchemaType::Null) => return Ok(null()),
            Some(SchemaType::Boolean) => Type::Boolean,
            Some(SchemaType::Integer) => return Ok(scalars::integer(view.format.as_deref(), limits)),
            Some(SchemaType::Number) => Type::Number(scalars::number_format(view.format.as_deref())),
            Some(SchemaType::String) => Type::String(scalars::string_format(view.format.as_deref())),
            Some(SchemaType::Array) => Type::Array(any()),
            Some(SchemaType::Object) => Type::Map(any()),
        };
        Ok(TypeUse { ty, nullable: false, constraints: limits })
    }

    fn asserted_members(&mut self, view: &View<'a>, owner: &[String]) -> Result<Option<Assertion>, Reported> {
        let mut named = Vec::new();
        for property in &view.properties {
            named.push((property.name.value.clone(), self.asserted_property(property)?));
        }
        let patterns = self.patterns(view, owner)?;
        let others = self.others(view, owner)?;
        let nothing = named.is_empty() && patterns.is_empty() && others.is_none();
        Ok((!nothing).then_some(Assertion::Members { named, patterns, others }))
    }

    fn asserted_property(&mut self, property: &Property<'a>) -> Result<TypeUse, Reported> {
        let owner = joined(&property.owner, &property.name.value);
        let mut types = Vec::new();
        for node in &property.nodes {
            types.push(self.asserted(node, &owner)?);
        }
        Ok(all_of(types))
    }

    fn patterns(&mut self, view: &View<'a>, owner: &[String]) -> Result<Vec<(String, TypeUse)>, Reported> {
        let mut patterns = Vec::new();
        for (pattern, node) in &view.patterns {
            patterns.push((pattern.clone(), self.asserted(node, owner)?));
        }
        Ok(patterns)
    }

    fn others(&mut self, view: &View<'a>, owner: &[String]) -> Result<Option<TypeUse>, Reported> {
        Ok(match &view.additional {
            None | Some((AdditionalProperties::Allowed(true), _)) => None,
            Some((AdditionalProperties::Allowed(false), _)) => Some(never()),
            Some((AdditionalProperties::Schema(node), _)) => Some(self.asserted(node, owner)?),
        })
    }

    /// What the elements of a list must be, one by one.
    pub(super) fn asserted_items(
        &mut self,
        view: &View<'a>,
        owner: &[String],
    ) -> Result<Option<Assertion>, Reported> {
        let mut first = Vec::new();
        for node in view.first_items {
            first.push(self.asserted(node, owner)?);
        }
        let rest = match &view.items {
            Some((node, _)) if node.as_array().is_none() => {
                let mut types = vec![self.asserted(node, owner)?];
                for node in &view.more_items {
                    types.push(self.asserted(node, owner)?);
                }
                Some(all_of(types))
            }
            _ => None,
        };
        let nothing = first.is_empty() && rest.is_none();
        Ok((!nothing).then_some(Assertion::Items { first, rest }))
    }
}

/// All of them at once.
fn all_of(mut types: Vec<TypeUse>) -> TypeUse {
    if types.len() == 1 {
        return types.remove(0);
    }
    let assertions = types.into_iter().map(|ty| Assertion::AnyOf(vec![ty])).collect();
    TypeUse { constraints: Constraints { assertions, ..Constraints::default() }, ..TypeUse::plain(Type::Any) }
}

/// No value at all.
pub(super) fn never() -> TypeUse {
    let assertions = vec![Assertion::Not(TypeUse::plain(Type::Any))];
    TypeUse { constraints: Constraints { assertions, ..Constraints::default() }, ..TypeUse::plain(Type::Any) }
}

/// No value but null.
pub(super) fn null() -> TypeUse {
    TypeUse {
        nullable: true,
        constraints: Constraints { one_of: vec![serde_json::Value::Null], ..Constraints::default() },
        ..TypeUse::plain(Type::Any)
    }
}
