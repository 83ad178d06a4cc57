//! Every code, with what it means. A code keeps its number and its meaning for ever; a retired one isn't reused.
//!
//! `E` says that the document is wrong, `W` that something was repaired or ignored, `U` that the document is right
//! and the generator doesn't support a construct, which has the code's name as its stable feature name.

use serde::Serialize;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The letter and number: `E0301`.
    pub id: &'static str,
    /// The same in words: `dangling-reference`.
    pub name: &'static str,
    /// What it means and what to do, in a few sentences.
    #[serde(skip)]
    pub explanation: &'static str,
}

impl Code {
    /// The code with this id, in any case, or with this name.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        ALL.iter().find(|code| code.id.eq_ignore_ascii_case(text) || code.name == text).copied()
    }

    /// Whether it says that the document is wrong.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.id.starts_with('E')
    }

    /// Whether it says that the generator doesn't support a construct.
    #[must_use]
    pub fn is_unsupported(self) -> bool {
        self.id.starts_with('U')
    }
}

macro_rules! codes {
    ($($constant:ident = $id:literal, $name:literal, $explanation:literal;)*) => {
        $(
            #[doc = concat!("`", $id, "` ", $name, ". ", $explanation)]
            pub const $constant: Code = Code { id: $id, name: $name, explanation: $explanation };
        )*

        /// All of them, sorted by area.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    // Files.
    UNREADABLE_FILE = "E0101", "unreadable-file",
        "The file doesn't exist or may not be read.";
    FILE_TOO_BIG = "E0102", "file-too-big",
        "The file is bigger than the generator reads. No real document comes near; probably it is something else.";
    NOT_UTF8 = "E0103", "not-utf8",
        "Documents are UTF-8 texts. Convert the file, or check that it is a document at all.";
    INVALID_JSON = "E0105", "invalid-json",
        "The text isn't JSON. The place is where reading had to stop; the cause may stand a little before it.";
    INVALID_YAML = "E0106", "invalid-yaml",
        "The text isn't YAML 1.2, or uses what has no meaning as JSON, such as a list as a key.";
    EMPTY_FILE = "E0107", "empty-file",
        "There is nothing in the file.";
    SEVERAL_DOCUMENTS = "E0108", "several-documents",
        "A YAML file may hold several documents, separated by `---`. An OpenAPI document is one.";
    NESTED_TOO_DEEP = "E0109", "nested-too-deep",
        "Values are nested deeper than any real document has them.";
    TOO_MANY_ALIASES = "E0110", "too-many-aliases",
        "The aliases of a YAML file, written out, make an enormous document. Use `$ref` instead.";
    REPEATED_KEY = "W0111", "repeated-key",
        "An object has one key twice. Equal values are one, and objects without a common member are taken together; \
         otherwise the last one counts, as most readers have it.";

    // Documents and objects.
    NO_DIALECT = "E0201", "no-dialect",
        "An OpenAPI document says so: `openapi: 3.0.3` at its root.";
    UNSUPPORTED_DIALECT = "U0202", "dialect",
        "OpenAPI 3.0 and 3.1 and Swagger 2.0 are read. Of later versions, what they have in common with 3.1.";
    WRONG_TYPE = "E0203", "wrong-type",
        "A member that carries meaning has the wrong type, so that its meaning can't be guessed.";
    MISSING_MEMBER = "E0204", "missing-member",
        "A member that the specification requires isn't there, and nothing can stand in for it.";
    IGNORED_MEMBER = "W0205", "ignored-member",
        "A member that only documents has the wrong type. It is taken as absent.";
    REPAIRED_TYPE = "W0206", "repaired-type",
        "A member has the wrong type, but what is meant is plain. Correct it for the sake of other readers.";
    NO_INFO = "W0207", "no-info",
        "`info` with `title` and `version` is required by the specification. The generator does without.";
    NO_PATHS = "W0208", "no-paths",
        "`paths` is required by the specification, though it may be empty. Only types are generated.";
    BAD_SERVER = "W0209", "bad-server",
        "An entry of `servers` can't be understood. It is left out; clients are given a URL anyway.";
    BAD_SERVER_VARIABLE = "W0213", "bad-server-variable",
        "The default of a server's variable isn't among the values that it may have. It is taken as one of them.";
    DUPLICATE_TAG = "W0210", "duplicate-tag",
        "Two entries of `tags` have one name. The first counts.";
    BAD_SECURITY_SCHEME = "W0211", "bad-security-scheme",
        "A security scheme has an unknown type. It is left out; requirements that name it are ignored.";
    UNKNOWN_SECURITY_SCHEME = "W0212", "unknown-security-scheme",
        "A security requirement names a scheme that `components.securitySchemes` doesn't have. It is ignored.";

    // References.
    DANGLING_REFERENCE = "E0301", "dangling-reference",
        "A `$ref` leads nowhere. Often a name is misspelt, or the part stands under another heading of `components`.";
    BAD_REFERENCE = "E0302", "bad-reference",
        "A `$ref` isn't a reference: it must be a URL, with a JSON pointer behind `#`.";
    REFERENCE_CYCLE = "E0303", "reference-cycle",
        "References lead in a circle, so that there is no object at their end. Schemas may contain themselves, \
         but not be themselves.";
    FOREIGN_REFERENCE = "U0304", "foreign-reference",
        "A `$ref` leads into the net, of which nothing is fetched. Save the file beside the document and refer to that.";
    UNREADABLE_REFERENCE = "E0305", "unreadable-reference",
        "A `$ref` leads into a file that can't be read. Files are found relative to the file that the reference stands \
         in.";

    // Paths, operations, parameters.
    BAD_PATH = "E0401", "bad-path",
        "A path template can't be understood: it begins with a slash, and its braces are in pairs, around a name.";
    ADJACENT_PARAMETERS = "U0403", "adjacent-path-parameters",
        "Two parameters touch in one path segment; no rule says where the first one ends.";
    NO_OPERATION_ID = "W0405", "no-operation-id",
        "Methods and types are named after `operationId`. Without one, a name is made from method and path.";
    DUPLICATE_OPERATION_ID = "W0406", "duplicate-operation-id",
        "`operationId` must be unique. The later operation gets a number behind its name.";
    BAD_PARAMETER = "E0407", "bad-parameter",
        "A parameter's place or style is unknown, or they don't go together.";
    DUPLICATE_PARAMETER = "E0408", "duplicate-parameter",
        "An operation has two parameters with one name in one place, and they differ.";
    UNDECLARED_PATH_PARAMETER = "W0410", "undeclared-path-parameter",
        "The path template has a name in braces that no parameter declares. It is taken as a string.";
    OPTIONAL_PATH_PARAMETER = "W0411", "optional-path-parameter",
        "A path parameter must say `required: true`; it can't be left out.";
    RESERVED_HEADER = "W0412", "reserved-header",
        "`Accept`, `Content-Type` and `Authorization` aren't parameters: media types and security say what they hold. \
         The parameter is ignored.";
    PARAMETER_WITHOUT_SCHEMA = "W0413", "parameter-without-schema",
        "A parameter has neither `schema` nor `content`. It is taken as a string.";
    PARAMETER_AS_TEXT = "W0414", "parameter-as-text",
        "A parameter may be anything, or is an object or a list in a media type that isn't read, such as XML. Its text is \
         handed on as it is, unchecked.";
    PARAMETER_SHAPE = "U0415", "parameter-shape",
        "A parameter is written in a media type that has no text, such as octets, parts or a stream. An optional \
         parameter is left out; with a required one, the operation.";
    CALLBACKS = "U0416", "callbacks",
        "A webhook or a callback has callbacks itself. Nothing is generated for those.";
    REPAIRED_PATH_PARAMETER = "W0417", "repaired-path-parameter",
        "A path parameter's name differs from the name in braces only in case or separators, or they are the only two \
         without a counterpart. They are taken as one. So are `/:id` and `/{id}`.";
    NO_RESPONSES = "W0418", "no-responses",
        "An operation must have a response. Any status with an empty body is assumed.";
    BAD_STATUS = "W0419", "bad-status",
        "A key of `responses` is neither a status from 100 to 599, nor `4XX` and its like, nor `default`. It is ignored.";
    PARAMETER_WITH_JSON = "W0420", "parameter-with-json",
        "A parameter holds objects or lists in a list or an object. Its style has no form for that, so they are \
         written as JSON; other programs may do otherwise.";
    COLLECTION_FORMAT = "U0422", "collection-format",
        "A list of Swagger 2.0 is written with tabs between its values (`tsv`). The operation is left out.";
    PATH_SUFFIX = "W0423", "path-suffix",
        "A path has a `?` or a `#`, which it can't have. What follows `#` is never sent and only tells operations apart; \
         what follows `?` becomes query parameters with one value.";
    SHARED_ROUTE = "U0424", "shared-route",
        "Two operations have the same method and templates that differ only in the names of parameters, or behind a `?` \
         or `#`. A server can't tell their requests apart: only clients have the second.";
    PARAMETER_NOT_IN_PATH = "W0425", "parameter-not-in-path",
        "A path parameter is declared, but the path template has no such name in braces. It is ignored.";
    REPEATED_PARAMETER = "W0426", "repeated-parameter",
        "An operation has the same parameter twice, in the same words. One is enough.";
    PATH_WITHOUT_SLASH = "W0427", "path-without-slash",
        "A path doesn't begin with a slash. One is put before it.";
    UNKNOWN_METHOD = "W0428", "unknown-method",
        "A path has a member that is neither a method nor anything else that belongs there. It is ignored.";

    // Bodies.
    BAD_MEDIA_TYPE = "W0501", "bad-media-type",
        "A key of `content` isn't a media type such as `application/json`. It is ignored.";
    MEDIA_TYPE_AS_TEXT = "U0502", "media-type-as-text",
        "XML bodies are handed on as texts: nothing reads or writes them as the type of their schema.";
    MEDIA_TYPE_AS_STREAM = "U0503", "media-type-as-stream",
        "Bodies of several parts that aren't forms are handed on as octets.";
    BODY_NOT_OBJECT = "E0504", "body-not-object",
        "Forms and multipart bodies consist of named parts, so their schema must be an object.";
    BODY_ON_READ = "W0505", "body-on-read",
        "A request body on GET, HEAD or DELETE has no defined meaning in HTTP; many servers and proxies drop it.";
    EMPTY_CONTENT = "W0506", "empty-content",
        "A request body has no media type. It is ignored.";
    BAD_ENCODING = "W0507", "bad-encoding",
        "An `encoding` of a form's field has a style that forms don't have, or that of a part another than its kind has. It is \
         ignored.";

    // Schemas.
    BAD_SCHEMA_TYPE = "E0601", "bad-schema-type",
        "`type` is one of boolean, integer, number, string, array, object.";
    BROKEN_SCHEMA = "E0602", "broken-schema",
        "An operation uses a schema that has an error of its own.";
    EMPTY_ENUM = "W0603", "empty-enum",
        "An enumeration without values allows nothing. It is ignored.";
    ENUM_TYPE = "W0604", "enum-type",
        "Values of an enumeration don't have the type of their schema, or break what it asserts beside them. Texts are made \
         of them where that is plain; otherwise they are ignored.";
    DUPLICATE_ENUM_VALUE = "W0605", "duplicate-enum-value",
        "A value stands twice in an enumeration.";
    BAD_DEFAULT = "W0606", "bad-default",
        "A `default` isn't a value of its schema. It is ignored.";
    BAD_CONSTRAINT = "W0607", "bad-constraint",
        "A constraint such as `maximum` has the wrong type or contradicts another. It is ignored.";
    BAD_PATTERN = "W0608", "bad-pattern",
        "A `pattern` isn't a regular expression as ECMA-262 defines them. It is ignored.";
    MISPLACED_CONSTRAINT = "W0609", "misplaced-constraint",
        "A constraint doesn't apply to the type that the schema has, so it asserts nothing.";
    CONFLICTING_ALL_OF = "W0610", "conflicting-all-of",
        "The parts of an `allOf` contradict each other, such as one string and one object. The last one counts.";
    REQUIRED_ALTERNATIVES = "U0612", "required-alternatives",
        "Alternatives of a multipart body aren't told apart: the parts of all are optional.";
    UNDECLARED_REQUIRED = "W0614", "undeclared-required",
        "`required` names a member that `properties` doesn't have. It is taken as any value.";
    BAD_MAPPING = "W0615", "bad-mapping",
        "A `discriminator.mapping` entry leads to no alternative. It is ignored.";
    DISCRIMINATOR_UNUSED = "W0616", "discriminator-unused",
        "A discriminator can't choose: an alternative is no object, has no value of its own, or shares one. \
         Alternatives are tried in turn instead.";
    EMPTY_UNION = "W0617", "empty-union",
        "`oneOf` or `anyOf` without alternatives allows nothing. It is ignored.";
    TUPLE_ITEMS = "E0619", "items-list",
        "`items` is one schema for all elements, not a list of schemas.";
    NO_ITEMS = "W0620", "no-items",
        "An array must say what it holds: `items`. Any values are assumed.";
    UNEVALUATED = "U0626", "unevaluated",
        "`unevaluatedProperties` and `unevaluatedItems` aren't checked beside alternatives; the rest of the schema is.";
    NULLABLE_ASIDE = "W0628", "nullable-aside",
        "`nullable` stands where the language gives it no meaning: beside a `$ref`, or in OpenAPI 3.1. What is meant is \
         plain, so null is taken.";

    // Links and asynchronous operations.
    BAD_LINK = "W0701", "bad-link",
        "A link names no operation of this document, or an expression in it can't be understood. It is ignored.";
    BAD_ASYNC = "E0702", "bad-async",
        "`x-planewright-async` doesn't fit the operation: its link or a member that it points at doesn't exist.";
    BAD_PAGINATION = "W0704", "bad-pagination",
        "`x-planewright-pagination` names no query parameter of the operation, or no member of its response's body. It is \
         ignored.";
    ASYNC_WITHOUT_POLL = "W0703", "async-without-poll",
        "The operation that polls is left out, so the trigger is generated as an ordinary operation.";

    // Overlays and choices.
    BAD_OVERLAY = "E0801", "bad-overlay",
        "An overlay, or an action in it, doesn't have the form that the Overlay Specification gives it.";
    UNMATCHED_TARGET = "W0802", "unmatched-target",
        "The target of an overlay's action selects nothing. Probably the document has changed; correct the target, or \
         remove the action.";
    BAD_TARGET = "E0803", "bad-target",
        "The target of an overlay's action isn't a JSONPath (RFC 9535), or selects another number of values than it must.";
    UNMATCHED_CHOICE = "W0804", "unmatched-choice",
        "The configuration or the command line names something that the document doesn't have. Probably it is misspelt, \
         or the document has changed.";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn ids_and_names_are_unique() {
        let ids: std::collections::BTreeSet<_> = ALL.iter().map(|code| code.id[1..].to_owned()).collect();
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|code| code.name).collect();
        assert_eq!((ids.len(), names.len()), (ALL.len(), ALL.len()));
        assert!(ALL.iter().all(|code| code.id.len() == 5 && code.id.starts_with(['E', 'W', 'U'])));
    }
}
