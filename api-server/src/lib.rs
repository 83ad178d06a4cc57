//! From an HTTP request to a trait call and back: the generated server side and its runtime.
