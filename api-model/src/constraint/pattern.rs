use std::sync::OnceLock;

/// An ECMA-262 expression, compiled when it is first used.
pub struct Pattern {
    text: &'static str,
    compiled: OnceLock<Option<regress::Regex>>,
}

impl Pattern {
    /// A pattern that isn't compiled yet.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// The expression.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.text
    }

    /// Whether it occurs in the text. One that doesn't compile occurs everywhere: the generator has reported it.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| {
            // JSON Schema recommends the `u` flag; patterns from before it, such as `[\w-.]`, only work without.
            regress::Regex::with_flags(self.text, "u").or_else(|_| regress::Regex::new(self.text)).ok()
        });
        compiled.as_ref().is_none_or(|regex| regex.find(text).is_some())
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}
