//! The document as a JSON value, and its operations as a list.

use serde_json::Value;

/// One operation: a method on a path.
pub(crate) struct Operation<'a> {
    /// In upper case.
    pub(crate) method: String,
    pub(crate) path: &'a str,
    pub(crate) value: &'a Value,
}

impl Operation<'_> {
    /// How failed checks name the operation, and how recorded answers do.
    pub(crate) fn endpoint(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap_or_default()
    }

    /// The success response, with its status.
    pub(crate) fn success(&self) -> (&str, &Value) {
        let responses = self.value["responses"].as_object().expect("responses");
        let (status, response) =
            responses.iter().find(|(status, _)| status.starts_with('2')).expect("a success response");
        (status, response)
    }

    /// The only media type of a request body or response, if it has content.
    pub(crate) fn content(holder: &Value) -> Option<(&str, &Value)> {
        let content = holder.get("content")?.as_object()?;
        assert_eq!(content.len(), 1, "one media type each");
        content.iter().next().map(|(name, media)| (name.as_str(), media))
    }
}

/// Reads YAML of any document.
pub(crate) fn parse(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).expect("well-formed YAML")
}

pub(crate) fn flink() -> Value {
    parse(planewright_spec::FLINK)
}

/// All operations of a document, in its order.
pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, value) in item.as_object().expect("a path item") {
            if method != "parameters" {
                operations.push(Operation { method: method.to_uppercase(), path, value });
            }
        }
    }
    operations
}

/// Follows references to components until there is none.
pub(crate) fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(reference) = value.get("$ref") {
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
        value = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is missing"));
    }
    value
}
