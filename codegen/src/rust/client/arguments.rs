//! What a caller gives: required inputs are arguments of the operation's method, the rest are the builder's methods.

use super::super::{Form, RustApi, Scope};
use super::{Argument, BUILDER, Field, Setter};
use crate::ir::{Parameter, Type, TypeUse};

/// How a value is given, and how it is kept.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// The type of the argument.
    pub(super) given: String,
    /// The type of the field.
    pub(super) kept: String,
    /// What turns the one into the other, behind its name.
    conversion: &'static str,
}

impl Value {
    /// Texts and lists are taken in any form that becomes them.
    pub(super) fn new(rust: &RustApi<'_>, ty: &TypeUse) -> Self {
        let kept = rust.type_expr(ty, Scope::Outside);
        if rust.is_nullable(ty) {
            Self { given: format!("impl Into<{kept}>"), kept, conversion: ".into()" }
        } else {
            Self::plain(kept)
        }
    }

    /// As [`new`](Self::new), for a parameter: there is no null in a URL or a header.
    pub(super) fn of_parameter(rust: &RustApi<'_>, parameter: &Parameter) -> Self {
        let kept = rust.value_expr(&parameter.ty, Scope::Outside);
        match &rust.resolve(&parameter.ty).ty {
            Type::Array(item) => Self::plain(format!("Vec<{}>", rust.type_expr(item, Scope::Outside))),
            Type::Named(id) if *rust.form(*id) == Form::Union => {
                Self { given: format!("impl Into<{kept}>"), kept, conversion: ".into()" }
            }
            _ => Self::plain(kept),
        }
    }

    /// As [`new`](Self::new), for the type of a value that isn't null.
    pub(super) fn plain(kept: String) -> Self {
        if kept == "String" || kept == UPLOAD {
            return Self { given: format!("impl Into<{kept}>"), kept, conversion: ".into()" };
        }
        match kept.strip_prefix("Vec<").and_then(|rest| rest.strip_suffix('>')) {
            Some(item) if item == "String" || item == UPLOAD => Self {
                given: format!("impl IntoIterator<Item = impl Into<{item}>>"),
                kept,
                conversion: ".into_iter().map(Into::into).collect()",
            },
            Some(item) => Self {
                given: format!("impl IntoIterator<Item = {item}>"),
                kept,
                conversion: ".into_iter().collect()",
            },
            None => Self { given: kept.clone(), kept, conversion: "" },
        }
    }

    /// For a type that others become.
    pub(super) fn into(kept: String) -> Self {
        Self { given: format!("impl Into<{kept}>"), kept, conversion: ".into()" }
    }

    /// The kept value of the argument with this name.
    pub(super) fn kept(&self, name: &str) -> String {
        format!("{name}{}", self.conversion)
    }
}

/// The type of something that is streamed.
pub(super) const UPLOAD: &str = "::planewright_client::Upload";

/// The inputs of an operation, collected.
#[derive(Default)]
pub(super) struct Inputs {
    pub(super) arguments: Vec<Argument>,
    pub(super) fields: Vec<Field>,
    pub(super) setters: Vec<Setter>,
}

impl Inputs {
    /// Adds an input that is a field of its own, and returns the field's name.
    pub(super) fn add(&mut self, wanted: &str, value: &Value, required: bool, docs: Vec<String>) -> String {
        let name = unique(wanted, |name| self.fields.iter().any(|field| field.name == name));
        if required {
            let argument = self.argument(wanted, value);
            let initial = value.kept(&argument);
            self.fields.push(Field { name: name.clone(), ty: value.kept.clone(), initial });
        } else {
            self.fields.push(Field {
                name: name.clone(),
                ty: format!("Option<{}>", value.kept),
                initial: "None".into(),
            });
            let statement = format!("self.{name} = Some({});", value.kept("value"));
            self.setter(wanted, value, statement, docs);
        }
        name
    }

    /// Adds an argument and returns its name.
    pub(super) fn argument(&mut self, wanted: &str, value: &Value) -> String {
        let name = unique(wanted, |name| self.arguments.iter().any(|argument| argument.name == name));
        self.arguments.push(Argument { name: name.clone(), ty: value.given.clone() });
        name
    }

    /// Adds a method that keeps `value` as a member of the body. A parameter of the same name has the shorter name.
    pub(super) fn member_setter(
        &mut self,
        wanted: &str,
        value: &Value,
        statement: String,
        docs: Vec<String>,
    ) {
        let longer = format!("body_{wanted}");
        self.setter(if self.is_setter(wanted) { &longer } else { wanted }, value, statement, docs);
    }

    fn is_setter(&self, name: &str) -> bool {
        BUILDER.contains(&name) || self.setters.iter().any(|setter| setter.name == name)
    }

    /// Adds a method that keeps `value` by this statement.
    fn setter(&mut self, wanted: &str, value: &Value, statement: String, docs: Vec<String>) {
        let name = unique(wanted, |name| self.is_setter(name));
        self.setters.push(Setter { docs, name, ty: value.given.clone(), statement });
    }

    /// Adds the method that gives the body as a whole.
    pub(super) fn body_setter(&mut self, value: &Value, statement: String) {
        let docs = vec!["Sends this body.".to_owned()];
        self.setters.push(Setter { docs, name: "body".into(), ty: value.given.clone(), statement });
    }

    /// Adds the field that holds which media type is sent.
    pub(super) fn media_field(&mut self) {
        self.fields.push(Field { name: "__media".into(), ty: "usize".into(), initial: "0".into() });
    }

    /// Adds a method without an argument.
    pub(super) fn flag(&mut self, wanted: &str, statement: String, docs: Vec<String>) {
        let name = unique(wanted, |name| self.is_setter(name));
        self.setters.push(Setter { docs, name, ty: String::new(), statement });
    }

    /// Adds the field that holds the body.
    pub(super) fn body_field(&mut self, ty: String, initial: String) {
        self.fields.push(Field { name: "__body".into(), ty, initial });
    }
}

/// The name, numbered if it is taken.
fn unique(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.to_owned();
    let mut number = 1;
    while is_taken(&name) {
        number += 1;
        name = format!("{}_{number}", wanted.trim_end_matches('_'));
    }
    name
}
