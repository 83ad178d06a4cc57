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

use crate::{Case, Coverage};

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
    let (cases, coverage, ids) = (Vec::new(), Coverage::default(), BTreeSet::new());
    let mut maker = cases::Maker { name, document: &document, guide: &guide, cases, coverage, ids };
    maker.all();
    let cases::Maker { mut cases, coverage, .. } = maker;
    cases.extend(answers::cases(name, &document, |operation| guide.never(operation).is_none()));
    Ok((cases, coverage))
}
