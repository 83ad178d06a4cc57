//! The types on the wire, generated from the OpenAPI documents, and the runtime they share.
