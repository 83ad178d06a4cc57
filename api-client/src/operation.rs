use http::Method;

/// What is known of an operation before it is called. Generated code holds one for each, as a static.
#[derive(Debug)]
pub struct Operation {
    /// `operationId` of the document.
    pub id: &'static str,
    /// The method.
    pub method: Method,
    /// The path template, such as `/jobs/{jobid}`.
    pub path: &'static str,
    /// What the `Accept` header says, if anything.
    pub accept: Option<&'static str>,
    /// Whether sending the request twice means no more than sending it once: true for safe methods.
    pub repeatable: bool,
}
