//! Cases that follow from an OpenAPI document alone.
//!
//! - `read`, `operation`, `validity`: the document, its operations, and an independent validator for its schemas.
//! - `cases` says in which one way each request differs from a plain valid one; a `trial` makes the request and judges
//!   the answer. `wire` and `form` turn values into parameters and bodies.
//! - A `guide` knows what the document doesn't say: what there is to be named, and what must not be touched.
//! - `answers` judges every answer of a whole run, whatever it was asked for.

mod answers;
mod cases;
mod form;
mod guide;
mod laws;
mod learnt;
mod operation;
mod read;
mod trial;
mod validity;
mod wire;

use std::collections::BTreeSet;
use std::rc::Rc;

pub(crate) use guide::{Ground, Guide, Part, Purpose, Weight};
pub(crate) use operation::{Operation, Place};
pub use read::DocumentError;
use validity::Document;

use crate::{Api, Case, Coverage};

/// The cases of a document, and what there is to be tried of it. The last ones judge all answers of a run.
///
/// # Errors
///
/// If it is no OpenAPI document.
pub(crate) fn cases(
    name: &str,
    document: &str,
    guide: Rc<dyn Guide>,
) -> Result<(Vec<Case>, Coverage), DocumentError> {
    let document = Rc::new(Document::new(&read::read(document)?)?);
    Ok(of_read(name, &document, &guide, Vec::new()))
}

fn of_read(
    name: &str,
    document: &Rc<Document>,
    guide: &Rc<dyn Guide>,
    laws: Vec<Case>,
) -> (Vec<Case>, Coverage) {
    let (cases, coverage, ids) = (Vec::new(), Coverage::default(), BTreeSet::new());
    let mut maker = cases::Maker { name, document, guide, cases, coverage, ids };
    maker.all();
    let cases::Maker { mut cases, coverage, .. } = maker;
    cases.extend(laws);
    cases.extend(answers::cases(name, document, |operation| guide.never(operation).is_none()));
    (cases, coverage)
}

impl Api {
    /// What an OpenAPI document demands, in YAML or JSON: OpenAPI 3.0 and 3.1, Swagger 2.0. Its name is made of its title.
    ///
    /// ```
    /// use planewright_conformance::Api;
    ///
    /// let document = "
    /// openapi: 3.1.0
    /// info: {title: Pets, version: '1'}
    /// paths:
    ///   /pets:
    ///     get:
    ///       operationId: listPets
    ///       parameters: [{name: limit, in: query, schema: {type: integer, minimum: 1}}]
    ///       responses: {'200': {description: Pets.}, '400': {description: No.}}
    /// ";
    /// let api = Api::of_document(document).unwrap();
    /// assert!(api.cases.iter().any(|case| case.id == "pets.document.listPets.query.limit.minimum.outside"));
    /// ```
    ///
    /// # Errors
    ///
    /// If it is no OpenAPI document of a version that is known; with the place of what is wrong.
    pub fn of_document(text: &str) -> Result<Self, DocumentError> {
        let document = Rc::new(Document::new(&read::read(text)?)?);
        let small = |one: char| if one.is_ascii_alphanumeric() { one.to_ascii_lowercase() } else { '-' };
        let name: String = document.title.chars().map(small).collect();
        let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
        let name = if words.is_empty() { "api".to_owned() } else { words.join("-") };
        let learnt = Rc::new(learnt::Learnt::new(&document));
        let guide: Rc<dyn Guide> = learnt.clone();
        let (cases, coverage) = of_read(&name, &document, &guide, laws::cases(&name, &learnt));
        Ok(Self { name, document: text.to_owned().into(), features: Vec::new(), cases, coverage })
    }
}
