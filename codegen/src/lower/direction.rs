//! Requests and answers where they differ: a required member that is read-only is absent from requests, and one that is
//! write-only from answers.
//!
//! A schema with such a member, and whatever holds one, gets a second declaration for the way on which the member may be
//! missing. All other schemas are the same type both ways.

use std::collections::{BTreeMap, BTreeSet};

use super::prune::{content_ids, each_id, kind_ids};
use crate::ir::{Field, NameHint, Operation, Type, TypeId, TypeKind, TypeTable, UnionTag};

/// Which way a value goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Answer,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "response",
        }
    }

    /// Whether a member that must be there need not be on this way.
    fn spares(self, field: &Field) -> bool {
        field.required
            && match self {
                Self::Request => field.read_only && !field.write_only,
                Self::Answer => field.write_only && !field.read_only,
            }
    }
}

/// Gives each operation the types of its own way.
pub(super) fn split(table: &mut TypeTable, operations: &mut [Operation]) {
    let tags = tags(table);
    for way in [Way::Request, Way::Answer] {
        let different = different(table, &tags, way);
        if different.is_empty() {
            continue;
        }
        let mut views = Views { table, tags: &tags, way, different, made: BTreeMap::new() };
        for operation in &mut *operations {
            let contents = match way {
                Way::Request => {
                    operation.body.iter_mut().flat_map(|body| &mut body.contents).collect::<Vec<_>>()
                }
                Way::Answer => {
                    operation.responses.iter_mut().flat_map(|response| &mut response.contents).collect()
                }
            };
            for content in contents {
                content_ids(content, &mut |id| *id = views.of(*id));
            }
        }
    }
}

/// The declarations that spare a member on this way, or hold one that does.
fn different(table: &TypeTable, tags: &BTreeSet<(TypeId, String)>, way: Way) -> BTreeSet<TypeId> {
    let mut users: BTreeMap<TypeId, Vec<TypeId>> = BTreeMap::new();
    let mut open = Vec::new();
    for (id, declaration) in table.iter() {
        each_id(&declaration.kind, &mut |used| users.entry(used).or_default().push(id));
        if let TypeKind::Struct { fields, .. } = &declaration.kind
            && fields.iter().any(|field| way.spares(field) && !tags.contains(&(id, field.name.clone())))
        {
            open.push(id);
        }
    }
    let mut different = BTreeSet::new();
    while let Some(id) = open.pop() {
        if different.insert(id) {
            open.extend(users.get(&id).into_iter().flatten());
        }
    }
    different
}

/// Members that choose a variant of a union, which can't do without.
fn tags(table: &TypeTable) -> BTreeSet<(TypeId, String)> {
    let mut tags = BTreeSet::new();
    for (_, declaration) in table.iter() {
        let TypeKind::Union(union) = &declaration.kind else { continue };
        let UnionTag::Property(property) = &union.tag else { continue };
        for variant in &union.variants {
            if let Type::Named(id) = variant.ty.ty {
                tags.insert((id, property.clone()));
            }
        }
    }
    tags
}

struct Views<'t> {
    table: &'t mut TypeTable,
    tags: &'t BTreeSet<(TypeId, String)>,
    way: Way,
    different: BTreeSet<TypeId>,
    made: BTreeMap<TypeId, TypeId>,
}

impl Views<'_> {
    /// The declaration that stands for this one on the way.
    fn of(&mut self, id: TypeId) -> TypeId {
        if !self.different.contains(&id) {
            return id;
        }
        if let Some(view) = self.made.get(&id) {
            return *view;
        }
        let mut open = Vec::new();
        let first = self.reserve(id, &mut open);
        while let Some((id, view)) = open.pop() {
            let mut kind = self.table.get(id).kind.clone();
            if let TypeKind::Struct { fields, .. } = &mut kind {
                for field in fields {
                    if self.way.spares(field) && !self.tags.contains(&(id, field.name.clone())) {
                        field.required = false;
                    }
                }
            }
            kind_ids(&mut kind, &mut |used| {
                if self.different.contains(used) {
                    *used = self.reserve(*used, &mut open);
                }
            });
            self.table.get_mut(view).kind = kind;
        }
        first
    }

    /// The id of a view, which is to be filled if it is new.
    fn reserve(&mut self, id: TypeId, open: &mut Vec<(TypeId, TypeId)>) -> TypeId {
        if let Some(view) = self.made.get(&id) {
            return *view;
        }
        let mut declaration = self.table.get(id).clone();
        let mut way = match declaration.name {
            NameHint::Component(name) => vec![name],
            NameHint::Path(way) => way,
        };
        way.push(self.way.word().to_owned());
        declaration.name = NameHint::Path(way);
        let view = self.table.add(declaration);
        self.made.insert(id, view);
        open.push((id, view));
        view
    }
}
