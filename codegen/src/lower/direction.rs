//! Requests and answers where they differ: a required member that is read-only is absent from requests, and one that is
//! write-only from answers.
//!
//! A schema with such a member, and whatever holds one, gets a second declaration for the way on which the member may be
//! missing. All other schemas are the same type both ways.

use std::collections::{BTreeMap, BTreeSet};

use super::prune::{content_ids, each_id, kind_ids};
use crate::ir::{Field, NameHint, Operation, TypeId, TypeKind, TypeTable, UnionTag};

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

/// Gives each operation the types of its own way. What the API sends (`sent`, by id) goes the way of its answers, and what it
/// gets for that the way of requests.
pub(super) fn split(table: &mut TypeTable, operations: &mut [Operation], sent: &BTreeSet<String>) {
    for way in [Way::Request, Way::Answer] {
        let different = different(table, way);
        if different.is_empty() {
            continue;
        }
        let mut views = Views { table, way, different, made: BTreeMap::new() };
        for operation in &mut *operations {
            let to_the_api = (way == Way::Request) != sent.contains(&operation.id);
            let contents = match to_the_api {
                true => operation.body.iter_mut().flat_map(|body| &mut body.contents).collect::<Vec<_>>(),
                false => operation.responses.iter_mut().flat_map(|response| &mut response.contents).collect(),
            };
            for content in contents {
                content_ids(content, &mut |id| *id = views.of(*id));
            }
        }
    }
}

/// A declaration, where it is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    id: TypeId,
    /// Members that choose it among the variants of unions, which can't do without them.
    chosen_by: BTreeSet<String>,
}

impl Place {
    fn new(table: &TypeTable, id: TypeId, way: Way, chosen_by: &BTreeSet<String>) -> Self {
        let mut chosen_by = chosen_by.clone();
        match &table.get(id).kind {
            TypeKind::Struct { fields, .. } => {
                chosen_by.retain(|name| fields.iter().any(|field| field.name == *name && way.spares(field)));
            }
            TypeKind::Union(_) | TypeKind::Alias(_) => {}
            TypeKind::Enum { .. } => chosen_by.clear(),
        }
        Self { id, chosen_by }
    }

    /// What chooses the declarations that this one names.
    fn chosen_inside(&self, table: &TypeTable) -> BTreeSet<String> {
        let mut chosen_by = self.chosen_by.clone();
        match &table.get(self.id).kind {
            TypeKind::Union(union) => {
                if let UnionTag::Property(property) = &union.tag {
                    chosen_by.insert(property.clone());
                }
            }
            TypeKind::Alias(_) => {}
            TypeKind::Struct { .. } | TypeKind::Enum { .. } => chosen_by.clear(),
        }
        chosen_by
    }

    fn spares(&self, way: Way, field: &Field) -> bool {
        way.spares(field) && !self.chosen_by.contains(&field.name)
    }
}

/// The declarations that spare a member on this way, or hold one that does.
fn different(table: &TypeTable, way: Way) -> BTreeSet<Place> {
    let mut users: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    let mut open: Vec<_> = table.iter().map(|(id, _)| Place::new(table, id, way, &BTreeSet::new())).collect();
    let mut seen: BTreeSet<Place> = open.iter().cloned().collect();
    let mut sparing = Vec::new();
    while let Some(place) = open.pop() {
        let kind = &table.get(place.id).kind;
        let chosen_by = place.chosen_inside(table);
        each_id(kind, &mut |used| {
            let used = Place::new(table, used, way, &chosen_by);
            if seen.insert(used.clone()) {
                open.push(used.clone());
            }
            users.entry(used).or_default().push(place.clone());
        });
        if let TypeKind::Struct { fields, .. } = kind
            && fields.iter().any(|field| place.spares(way, field))
        {
            sparing.push(place);
        }
    }
    let mut different = BTreeSet::new();
    while let Some(place) = sparing.pop() {
        if !different.contains(&place) {
            sparing.extend(users.get(&place).into_iter().flatten().cloned());
            different.insert(place);
        }
    }
    different
}

struct Views<'t> {
    table: &'t mut TypeTable,
    way: Way,
    different: BTreeSet<Place>,
    made: BTreeMap<Place, TypeId>,
}

impl Views<'_> {
    /// The declaration that stands for this one on the way.
    fn of(&mut self, id: TypeId) -> TypeId {
        let mut open = Vec::new();
        let first = self.reserve(id, &BTreeSet::new(), &mut open);
        while let Some((place, view)) = open.pop() {
            let mut kind = self.table.get(place.id).kind.clone();
            if let TypeKind::Struct { fields, .. } = &mut kind {
                for field in fields {
                    if place.spares(self.way, field) {
                        field.required = false;
                    }
                }
            }
            let chosen_by = place.chosen_inside(self.table);
            kind_ids(&mut kind, &mut |used| *used = self.reserve(*used, &chosen_by, &mut open));
            self.table.get_mut(view).kind = kind;
        }
        first
    }

    /// The id of a view, which is to be filled if it is new; the declaration itself if it is the same on the way.
    fn reserve(
        &mut self,
        id: TypeId,
        chosen_by: &BTreeSet<String>,
        open: &mut Vec<(Place, TypeId)>,
    ) -> TypeId {
        let Some(place) = self.place(id, chosen_by) else { return id };
        if let Some(view) = self.made.get(&place) {
            return *view;
        }
        let mut declaration = self.table.get(id).clone();
        declaration.form_of = declaration.component().map(str::to_owned);
        let mut words = match declaration.name {
            NameHint::Component(name) => vec![name],
            NameHint::Path(words) => words,
        };
        if !place.chosen_by.is_empty() {
            words.push("variant".to_owned());
        }
        words.push(self.way.word().to_owned());
        declaration.name = NameHint::Path(words);
        let view = self.table.add(declaration);
        self.made.insert(place.clone(), view);
        open.push((place, view));
        view
    }

    fn place(&self, id: TypeId, chosen_by: &BTreeSet<String>) -> Option<Place> {
        let place = Place::new(self.table, id, self.way, chosen_by);
        self.different.contains(&place).then_some(place)
    }
}
