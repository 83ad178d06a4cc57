//! Schemas that are only names or alternatives of themselves.

use super::schemas::Schemas;
use crate::diagnostic::{Cost, Problem, code};
use crate::ir::{Assertion, Constraints, NameHint, Type, TypeId, TypeKind, TypeUse};

impl Schemas<'_> {
    /// Finds schemas that are only names or alternatives of themselves, which have no values that could be read.
    pub(super) fn break_circles(&mut self) {
        let forward: Vec<Vec<usize>> = self
            .table
            .iter()
            .map(|(id, _)| self.same_value(id).iter().map(|id| id.0 as usize).collect())
            .collect();
        let mut backward: Vec<Vec<usize>> = vec![Vec::new(); forward.len()];
        for (from, targets) in forward.iter().enumerate() {
            targets.iter().for_each(|to| backward[*to].push(from));
        }
        // What leads nowhere is in no circle, and what is left then but nothing leads to isn't either.
        let mut left = vec![true; forward.len()];
        strip(&forward, &backward, &mut left);
        strip(&backward, &forward, &mut left);
        for (index, span) in self.places.clone().into_iter().enumerate().filter(|(index, _)| left[*index]) {
            let id = TypeId(index as u32);
            let NameHint::Component(name) = &self.table.get(id).name else { continue };
            if self.broken.contains_key(&id) {
                continue;
            }
            let message =
                format!("the schema `{name}` is an alternative of itself, or another name for itself");
            self.reading.sink.within(Cost::Component(name.clone()), || {
                Problem::new(code::REFERENCE_CYCLE, span, message).report(self.reading.sink)
            });
            self.broken.insert(id, span);
        }
    }

    /// The declarations whose values are values of this one as they stand.
    fn same_value(&self, id: TypeId) -> Vec<TypeId> {
        let (mut open, limits) = match &self.table.get(id).kind {
            TypeKind::Alias(ty) => (vec![ty], None),
            TypeKind::Union(union) => {
                (union.variants.iter().map(|variant| &variant.ty).collect(), Some(&union.constraints))
            }
            TypeKind::Struct { constraints, .. } => (Vec::new(), Some(constraints)),
            TypeKind::Enum { .. } => (Vec::new(), None),
        };
        open.extend(limits.into_iter().flat_map(of_the_value));
        let mut named = Vec::new();
        while let Some(ty) = open.pop() {
            open.extend(of_the_value(&ty.constraints));
            if let Type::Named(id) = ty.ty {
                named.push(id);
            }
        }
        named
    }
}

/// The types by which a value itself is judged.
fn of_the_value(constraints: &Constraints) -> impl Iterator<Item = &TypeUse> {
    let assertions = constraints.assertions.iter().filter(|assertion| {
        matches!(
            assertion,
            Assertion::Not(_)
                | Assertion::AnyOf(_)
                | Assertion::OneOf(_)
                | Assertion::If { .. }
                | Assertion::Dependent { .. }
        )
    });
    assertions.flat_map(Assertion::types)
}

/// Clears the mark of each node from which no edge leads to a marked one.
fn strip(forward: &[Vec<usize>], backward: &[Vec<usize>], left: &mut [bool]) {
    let mut degree: Vec<usize> =
        forward.iter().map(|targets| targets.iter().filter(|target| left[**target]).count()).collect();
    let mut open: Vec<usize> = (0..left.len()).filter(|node| left[*node] && degree[*node] == 0).collect();
    while let Some(node) = open.pop() {
        left[node] = false;
        for source in backward[node].iter().copied().filter(|source| left[*source]) {
            degree[source] -= 1;
            if degree[source] == 0 {
                open.push(source);
            }
        }
    }
}
