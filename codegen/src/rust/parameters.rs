//! Which codec of the runtime a parameter has; server and client must agree.

use super::{Form, RustApi};
use crate::ir::{
    Additional, Operation, Parameter, ParameterLocation, Style, Type, TypeId, TypeKind, TypeUse,
};

/// How a parameter becomes text and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codec {
    /// By `Display` and `FromStr`.
    Scalar,
    /// As `Scalar`, for each element.
    List,
    /// By the codec of its type, as this `Styled` says.
    Styled(String),
}

/// Which names may be members of an object in a query or in cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// These.
    Only(Vec<String>),
    /// Any but those of other parameters.
    Except(Vec<String>),
}

impl Members {
    /// The expression for the runtime's type of this name.
    #[must_use]
    pub fn expr(&self) -> String {
        let (variant, names) = match self {
            Self::Only(names) => ("Only", names),
            Self::Except(names) => ("Except", names),
        };
        format!("{MODULE}::Members::{variant}(&{names:?})")
    }
}

const MODULE: &str = "::planewright_model::parameter";

impl RustApi<'_> {
    /// The codec of a parameter.
    #[must_use]
    pub fn codec(&self, parameter: &Parameter) -> Codec {
        let Parameter { ty, style, explode, location, .. } = parameter;
        let is_usual = match style {
            Style::Form | Style::Simple => true,
            Style::SpaceDelimited | Style::PipeDelimited => *explode,
            Style::DeepObject => self.is_scalar(ty),
            Style::Label | Style::Matrix => false,
        };
        if parameter.media_type.is_none() && is_usual {
            if self.is_scalar(ty) {
                return Codec::Scalar;
            }
            let is_list = self.scalar_items(ty).is_some_and(|item| !self.is_nullable(item));
            if is_list && *location != ParameterLocation::Cookie {
                return Codec::List;
            }
        }
        let style = match style {
            _ if parameter.media_type.is_some() => "Json",
            Style::Matrix => "Matrix",
            Style::Label => "Label",
            Style::Form => "Form",
            Style::Simple => "Simple",
            Style::SpaceDelimited => "SpaceDelimited",
            Style::PipeDelimited => "PipeDelimited",
            Style::DeepObject => "DeepObject",
        };
        let name = &parameter.name;
        Codec::Styled(format!(
            "{MODULE}::Styled {{ name: {name:?}, style: {MODULE}::Style::{style}, explode: {explode} }}"
        ))
    }

    /// Which names stand for its members, if it is an object that is exploded into a query or cookies.
    #[must_use]
    pub fn exploded_members(&self, operation: &Operation, parameter: &Parameter) -> Option<Members> {
        let has_members =
            matches!(parameter.style, Style::Form | Style::SpaceDelimited | Style::PipeDelimited);
        if !has_members || !parameter.explode || parameter.media_type.is_some() {
            return None;
        }
        let mut names = Vec::new();
        let mut is_open = false;
        self.collect_members(&parameter.ty, &mut Vec::new(), &mut names, &mut is_open);
        if is_open {
            let others = operation
                .parameters
                .iter()
                .filter(|other| other.location == parameter.location && other.name != parameter.name);
            return Some(Members::Except(others.map(|other| other.name.clone()).collect()));
        }
        (!names.is_empty()).then_some(Members::Only(names))
    }

    fn collect_members(
        &self,
        ty: &TypeUse,
        seen: &mut Vec<TypeId>,
        names: &mut Vec<String>,
        open: &mut bool,
    ) {
        let id = match &ty.ty {
            Type::Named(id) if !seen.contains(id) => *id,
            Type::Map(_) => {
                *open = true;
                return;
            }
            _ => return,
        };
        seen.push(id);
        if matches!(self.form(id), Form::Replaced(_)) {
            return;
        }
        match &self.api().types.get(id).kind {
            TypeKind::Struct { fields, additional, .. } => {
                *open |= matches!(additional, Additional::Typed(_)) || fields.is_empty();
                for field in fields {
                    if !names.contains(&field.name) {
                        names.push(field.name.clone());
                    }
                }
            }
            TypeKind::Alias(target) => self.collect_members(target, seen, names, open),
            TypeKind::Union(union) => {
                for variant in &union.variants {
                    self.collect_members(&variant.ty, seen, names, open);
                }
            }
            TypeKind::Enum { .. } => {}
        }
    }
}
