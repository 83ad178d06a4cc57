//! Typed asynchronous clients over any tower service, generated from the OpenAPI documents.
