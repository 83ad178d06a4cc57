//! The OpenAPI documents that Planewright implements, as constants.
