//! Types that contain themselves: which aliases can't be mere aliases, and which members need a `Box`.

use std::collections::BTreeSet;

use super::graph::{Components, components};
use crate::ir::{Additional, Api, Assertion, Constraints, Type, TypeId, TypeKind, TypeUse};

/// The aliases that would expand for ever: `Tree = [Tree]`. They become types of their own.
pub(super) fn endless_aliases(api: &Api) -> BTreeSet<TypeId> {
    let edges: Vec<Vec<usize>> = api
        .types
        .iter()
        .map(|(_, decl)| match &decl.kind {
            TypeKind::Alias(target) => {
                let mut named = Vec::new();
                each_named(target, &mut |id| named.push(id));
                named.retain(|&id| matches!(api.types.get(id).kind, TypeKind::Alias(_)));
                named.into_iter().map(|id| id.0 as usize).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let found = components(&edges);
    api.types.iter().map(|(id, _)| id).filter(|id| found.on_cycle(id.0 as usize)).collect()
}

/// Answers which members hold, by value, a type that holds them.
pub(super) struct Boxes(Components);

impl Boxes {
    /// `expand` gives the declared types behind a use by value, aliases removed: several if it is a tuple.
    pub(super) fn new(api: &Api, expand: impl Fn(&TypeUse) -> Vec<TypeId>) -> Self {
        let edges: Vec<Vec<usize>> = api
            .types
            .iter()
            .map(|(_, decl)| {
                let members: Vec<&TypeUse> = match &decl.kind {
                    TypeKind::Struct { fields, .. } => fields.iter().map(|field| &field.ty).collect(),
                    TypeKind::Union(union) => union.variants.iter().map(|variant| &variant.ty).collect(),
                    TypeKind::Alias(target) => vec![target],
                    TypeKind::Enum { .. } => Vec::new(),
                };
                members.into_iter().flat_map(&expand).map(|id| id.0 as usize).collect()
            })
            .collect();
        Self(components(&edges))
    }

    /// Whether a member of `owner` that is a `member` by value needs a `Box`.
    pub(super) fn needed(&self, owner: TypeId, member: TypeId) -> bool {
        self.0.share_cycle(owner.0 as usize, member.0 as usize)
    }
}

/// Calls `found` for each declared type that the use names.
pub(super) fn each_named(ty: &TypeUse, found: &mut dyn FnMut(TypeId)) {
    let mut ty = ty;
    loop {
        each_asserted(&ty.constraints, found);
        match &ty.ty {
            Type::Array(item) | Type::Map(item) => ty = item,
            Type::Tuple(tuple) => return tuple.elements().for_each(|element| each_named(element, found)),
            Type::Named(id) => return found(*id),
            _ => return,
        }
    }
}

fn each_asserted(constraints: &Constraints, found: &mut dyn FnMut(TypeId)) {
    let mut open: Vec<&TypeUse> = constraints.assertions.iter().flat_map(Assertion::types).collect();
    while let Some(ty) = open.pop() {
        open.extend(ty.constraints.assertions.iter().flat_map(Assertion::types));
        match &ty.ty {
            Type::Array(item) | Type::Map(item) => open.push(item),
            Type::Tuple(tuple) => open.extend(tuple.elements()),
            Type::Named(id) => found(*id),
            _ => {}
        }
    }
}

/// Calls `found` for each declared type that the declaration names itself.
pub(super) fn each_member(kind: &TypeKind, found: &mut impl FnMut(TypeId)) {
    match kind {
        TypeKind::Struct { fields, additional, constraints } => {
            for field in fields {
                each_named(&field.ty, found);
            }
            if let Additional::Typed(item) = additional {
                each_named(item, found);
            }
            each_asserted(constraints, found);
        }
        TypeKind::Union(union) => {
            for variant in &union.variants {
                each_named(&variant.ty, found);
            }
            each_asserted(&union.constraints, found);
        }
        TypeKind::Alias(target) => each_named(target, found),
        TypeKind::Enum { .. } => {}
    }
}
