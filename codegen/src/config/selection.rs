use serde::{Deserialize, Serialize};

/// Which operations are generated. Types that only the others use go with them.
///
/// An operation is generated if it has an included tag or is itself included (or nothing is included, which means all),
/// and is excluded by neither. It is named by its operation id, or as `GET /path`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Selection {
    /// Tags whose operations are generated.
    pub include_tags: Vec<String>,
    /// Tags whose operations aren't.
    pub exclude_tags: Vec<String>,
    /// Operations that are generated.
    pub include_operations: Vec<String>,
    /// Operations that aren't.
    pub exclude_operations: Vec<String>,
}

impl Selection {
    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an operation is generated; `names` are its id and `GET /path`.
    #[must_use]
    pub fn has(&self, names: &[&str], tags: &[&str]) -> bool {
        let any = |list: &[String], of: &[&str]| list.iter().any(|entry| of.contains(&entry.as_str()));
        let everything = self.include_tags.is_empty() && self.include_operations.is_empty();
        let included = everything || any(&self.include_tags, tags) || any(&self.include_operations, names);
        included && !any(&self.exclude_tags, tags) && !any(&self.exclude_operations, names)
    }

    /// Adds what another one says.
    pub fn extend(&mut self, other: Self) {
        self.include_tags.extend(other.include_tags);
        self.exclude_tags.extend(other.exclude_tags);
        self.include_operations.extend(other.include_operations);
        self.exclude_operations.extend(other.exclude_operations);
    }
}
