//! Where the schemas of an operation stand in its document.

use planewright_codegen::ir::{Operation, Parameter, ParameterLocation, Response, Status};
use serde_json::{Value, json};

use crate::document::{Document, deeper};

/// The places of one operation.
pub(crate) struct Places<'a> {
    document: &'a Document,
    item: String,
    own: String,
}

impl<'a> Places<'a> {
    /// None if the operation isn't found.
    pub(crate) fn of(document: &'a Document, operation: &Operation) -> Option<Self> {
        let (item, _) = document.followed(&deeper("/paths", &operation.path.text))?;
        let own = deeper(&item, &operation.method.as_str().to_ascii_lowercase());
        Some(Self { document, item, own })
    }

    /// The parameter.
    pub(crate) fn parameter(&self, parameter: &Parameter) -> Option<String> {
        let location = match parameter.location {
            ParameterLocation::Path => "path",
            ParameterLocation::Query => "query",
            ParameterLocation::Header => "header",
            ParameterLocation::Cookie => "cookie",
        };
        let wanted = (json!(parameter.name), json!(location));
        self.find(|found| found.get("name") == Some(&wanted.0) && found.get("in") == Some(&wanted.1))
    }

    /// The schema of a parameter: its own, or that of its only media type.
    pub(crate) fn parameter_schema(&self, parameter: &Parameter) -> Option<String> {
        let place = self.parameter(parameter)?;
        match &parameter.media_type {
            Some(media_type) => Some(deeper(&deeper(&deeper(&place, "content"), media_type), "schema")),
            None => self.there(deeper(&place, "schema")).or_else(|| {
                // Texts in a media type of their own.
                let content = deeper(&place, "content");
                let (media_type, _) = self.document.schemas.pointer(&content)?.as_object()?.iter().next()?;
                self.there(deeper(&deeper(&content, media_type), "schema"))
            }),
        }
    }

    /// The schema of the request's body in a media type.
    pub(crate) fn body_schema(&self, media_type: &str) -> Option<String> {
        self.media_type(&deeper(&self.own, "requestBody"), media_type).or_else(|| {
            let place = self.find(|found| found.get("in") == Some(&json!("body")))?;
            self.there(deeper(&place, "schema"))
        })
    }

    /// The schema of a response's body in a media type.
    pub(crate) fn response_schema(&self, response: &Response, media_type: &str) -> Option<String> {
        let place = self.response(response)?;
        self.media_type(&place, media_type).or_else(|| self.there(deeper(&place, "schema")))
    }

    /// The schema of a response's header.
    pub(crate) fn header_schema(&self, response: &Response, name: &str) -> Option<String> {
        let headers = deeper(&self.response(response)?, "headers");
        let (place, _) = self.document.followed(&deeper(&headers, name))?;
        self.there(deeper(&place, "schema"))
    }

    fn response(&self, response: &Response) -> Option<String> {
        let status = match response.status {
            Status::Code(code) => code.to_string(),
            Status::Range(digit) => format!("{digit}XX"),
            Status::Default => "default".to_owned(),
        };
        let place = deeper(&deeper(&self.own, "responses"), &status);
        self.document.followed(&place).map(|(place, _)| place)
    }

    fn media_type(&self, owner: &str, media_type: &str) -> Option<String> {
        let (owner, _) = self.document.followed(owner)?;
        let (place, _) = self.document.followed(&deeper(&deeper(&owner, "content"), media_type))?;
        self.there(deeper(&place, "schema"))
    }

    fn there(&self, pointer: String) -> Option<String> {
        self.document.schemas.pointer(&pointer).is_some().then_some(pointer)
    }

    fn find(&self, is: impl Fn(&Value) -> bool) -> Option<String> {
        [&self.own, &self.item].into_iter().find_map(|owner| {
            let list = deeper(owner, "parameters");
            let count = self.document.schemas.pointer(&list)?.as_array()?.len();
            let places = (0..count).map(|index| deeper(&list, &index.to_string()));
            let mut found = places.filter_map(|place| self.document.followed(&place));
            found.find(|(_, found)| is(found)).map(|(place, _)| place)
        })
    }
}
