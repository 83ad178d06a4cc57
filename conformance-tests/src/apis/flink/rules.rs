//! The numbered rules of the API, one file for each part of it.

mod savepoints;

use crate::Case;

pub(super) fn all() -> Vec<Case> {
    [savepoints::rules()].into_iter().flatten().collect()
}
