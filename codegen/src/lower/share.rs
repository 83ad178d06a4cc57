//! One declaration for schemas that are written in place and say the same.
//!
//! Documents that a program wrote repeat a schema wherever it is used. What is equal in structure and in words becomes
//! one type: the component that it is equal to, or else the first one in document order. Components stay what they are:
//! their names are the document's own.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::prune::{each_id, kind_ids, operation_ids, reachable};
use crate::ir::{Docs, Field, NameHint, Operation, TypeDecl, TypeId, TypeKind, TypeTable};

/// Replaces each declaration that equals an earlier one by that.
pub(super) fn share(table: TypeTable, operations: &mut [Operation]) -> TypeTable {
    let mut sharing = Sharing::of(table);
    let mut open: BTreeSet<TypeId> = sharing.table.iter().map(|(id, _)| id).collect();
    // What becomes one may make those equal that use it: each round looks at the users of what the last one replaced.
    while !open.is_empty() {
        let mut users = BTreeSet::new();
        for id in open {
            if sharing.kept(id) == id {
                sharing.look_at(id, &mut users);
            }
        }
        open = users;
    }
    let Sharing { table, replaced, .. } = sharing;
    if replaced.is_empty() {
        return table;
    }
    let kept = |id: &mut TypeId| *id = follow(&replaced, *id);
    let mut open = Vec::new();
    for operation in &mut *operations {
        operation_ids(operation, &mut { kept });
        operation_ids(operation, &mut |id| open.push(*id));
    }
    open.extend(table.iter().filter(|(_, declaration)| is_component(declaration)).map(|(id, _)| id));
    reachable(&table, open, operations)
}

struct Sharing {
    table: TypeTable,
    /// Which declarations name each.
    users: Vec<Vec<TypeId>>,
    /// The declarations that are kept, by the hash of what they say.
    known: BTreeMap<u64, Vec<TypeId>>,
    hashes: Vec<Option<u64>>,
    /// What stands for a declaration that isn't kept.
    replaced: BTreeMap<TypeId, TypeId>,
}

impl Sharing {
    fn of(table: TypeTable) -> Self {
        let mut users = vec![Vec::new(); table.len()];
        for (user, declaration) in table.iter() {
            each_id(&declaration.kind, &mut |id| users[id.0 as usize].push(user));
        }
        let hashes = vec![None; table.len()];
        Self { table, users, known: BTreeMap::new(), hashes, replaced: BTreeMap::new() }
    }

    fn kept(&self, id: TypeId) -> TypeId {
        follow(&self.replaced, id)
    }

    /// Compares a declaration with those that are known; who uses what is replaced goes to `users`.
    fn look_at(&mut self, id: TypeId, users: &mut BTreeSet<TypeId>) {
        let replaced = &self.replaced;
        kind_ids(&mut self.table.get_mut(id).kind, &mut |id| *id = follow(replaced, *id));
        if let Some(known) = self.hashes[id.0 as usize].and_then(|hash| self.known.get_mut(&hash)) {
            known.retain(|other| *other != id);
        }
        let declaration = self.table.get(id);
        let hash = hash(declaration);
        let rank = |id: TypeId| (!is_component(self.table.get(id)), id);
        let known = self.known.entry(hash).or_default();
        let equal = known
            .iter()
            .copied()
            .filter(|other| same(self.table.get(*other), declaration))
            .min_by_key(|other| rank(*other));
        self.hashes[id.0 as usize] = Some(hash);
        let Some(other) = equal else { return known.push(id) };
        let (first, second) = if rank(other) < rank(id) { (other, id) } else { (id, other) };
        if is_component(self.table.get(second)) {
            return known.push(id);
        }
        if second == other {
            known.retain(|known| *known != other);
            known.push(id);
        }
        self.replaced.insert(second, first);
        let of_second = std::mem::take(&mut self.users[second.0 as usize]);
        users.extend(of_second.iter().copied());
        self.users[first.0 as usize].extend(of_second);
    }
}

fn follow(replaced: &BTreeMap<TypeId, TypeId>, mut id: TypeId) -> TypeId {
    while let Some(other) = replaced.get(&id) {
        id = *other;
    }
    id
}

fn is_component(declaration: &TypeDecl) -> bool {
    matches!(declaration.name, NameHint::Component(_))
}

/// Whether two declarations say the same; examples don't count, for nothing is made of them.
fn same(left: &TypeDecl, right: &TypeDecl) -> bool {
    let kind = match (&left.kind, &right.kind) {
        (
            TypeKind::Struct { fields: left, additional: left_rest, constraints: left_limits },
            TypeKind::Struct { fields: right, additional: right_rest, constraints: right_limits },
        ) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| {
                    facts(left) == facts(right) && words(&left.docs) == words(&right.docs)
                })
                && left_rest == right_rest
                && left_limits == right_limits
        }
        (left, right) => left == right,
    };
    // What is configured for a component isn't for another's.
    kind && left.form_of == right.form_of && words(&left.docs) == words(&right.docs)
}

fn hash(declaration: &TypeDecl) -> u64 {
    let mut hasher = DefaultHasher::new();
    words(&declaration.docs).hash(&mut hasher);
    match &declaration.kind {
        TypeKind::Struct { fields, additional, constraints } => {
            fields.len().hash(&mut hasher);
            for field in fields {
                facts(field).hash(&mut hasher);
                words(&field.docs).hash(&mut hasher);
            }
            (additional, constraints).hash(&mut hasher);
        }
        TypeKind::Enum { values } => values.hash(&mut hasher),
        TypeKind::Union(union) => union.hash(&mut hasher),
        TypeKind::Alias(ty) => ty.hash(&mut hasher),
    }
    hasher.finish()
}

fn facts(field: &Field) -> impl Eq + Hash + '_ {
    let Field { name, ty, required, default, read_only, write_only, docs: _ } = field;
    (name, ty, *required, default, *read_only, *write_only)
}

fn words(docs: &Docs) -> impl Eq + Hash + '_ {
    let Docs { summary, description, deprecated, example: _, external_url } = docs;
    (summary, description, *deprecated, external_url)
}
