//! What is demanded of an implementation.

use std::borrow::Cow;

use crate::{Case, Coverage};

/// Something that an implementation may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name, as cases and command lines have it.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

/// An API: its document, and the cases that judge an implementation of it.
#[derive(Clone, Debug)]
pub struct Api {
    /// Short name, with which all ids of cases begin.
    pub name: String,
    /// The OpenAPI document, as it was read.
    pub document: Cow<'static, str>,
    /// What an implementation may lack.
    pub features: Vec<Feature>,
    /// In the order in which they run.
    pub cases: Vec<Case>,
    /// What there is to be tried of the document.
    pub coverage: Coverage,
}
