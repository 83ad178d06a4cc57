//! The Swagger page at `/swagger`, and the document it shows at `/swagger.json`.
//!
//! The page's assets come out of a registry package that is compiled in, so nothing is fetched from elsewhere
//! while the server runs. Only these paths are taken; every other request goes to the API unchanged.

use std::convert::Infallible;
use std::io::{Cursor, Read};
use std::sync::LazyLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::{Either, Ready, ready};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode};
use planewright_server::ResponseBody;
use tower_service::Service;

/// Answers `/swagger…` itself and hands everything else on.
#[derive(Clone)]
pub(crate) struct Swagger<S> {
    inner: S,
    document: Bytes,
}

impl<S> Swagger<S> {
    /// Puts the page in front of `inner`, showing `document`, an OpenAPI document in JSON.
    pub(crate) fn new(inner: S, document: Bytes) -> Self {
        Self { inner, document }
    }

    fn page(&self, method: &Method, path: &str) -> Option<Response<ResponseBody>> {
        let page = match path {
            "/swagger.json" => ok("application/json", self.document.clone()),
            // Relative links of the page need the slash at the end.
            "/swagger" => redirect("/swagger/"),
            "/swagger/" | "/swagger/index.html" => ok("text/html; charset=utf-8", Bytes::from_static(PAGE)),
            _ => {
                let name = path.strip_prefix("/swagger/")?;
                match ASSETS.iter().find(|asset| asset.name == name) {
                    Some(asset) => ok(asset.content_type, asset.bytes.clone()),
                    None => status(StatusCode::NOT_FOUND),
                }
            }
        };
        Some(match *method {
            Method::GET => page,
            Method::HEAD => page.map(|_| ResponseBody::empty()),
            _ => {
                let mut refused = status(StatusCode::METHOD_NOT_ALLOWED);
                refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                refused
            }
        })
    }
}

impl<S, B> Service<Request<B>> for Swagger<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody>, Error = Infallible>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Self::Response, Infallible>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.page(request.method(), request.uri().path()) {
            Some(page) => Either::Left(ready(Ok(page))),
            None => Either::Right(self.inner.call(request)),
        }
    }
}

const PAGE: &[u8] = br##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Planewright</title>
<link rel="stylesheet" href="swagger-ui.css">
<link rel="icon" type="image/png" href="favicon-32x32.png" sizes="32x32">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script>
window.ui = SwaggerUIBundle({
  url: "../swagger.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
</script>
</body>
</html>
"##;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: Bytes,
}

/// The three files that the page names, unpacked at the first request.
static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    [
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("favicon-32x32.png", "image/png"),
    ]
    .into_iter()
    .filter_map(|(name, content_type)| Some(Asset { name, content_type, bytes: unpack(name)? }))
    .collect()
});

fn unpack(name: &str) -> Option<Bytes> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED)).ok()?;
    let suffix = format!("/dist/{name}");
    let index = (0..archive.len()).find(|index| {
        archive.by_index(*index).is_ok_and(|file| file.name().is_ok_and(|path| path.ends_with(&suffix)))
    })?;
    let mut bytes = Vec::new();
    archive.by_index(index).ok()?.read_to_end(&mut bytes).ok()?;
    Some(Bytes::from(bytes))
}

fn ok(content_type: &'static str, bytes: Bytes) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn status(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    response
}

fn redirect(to: &'static str) -> Response<ResponseBody> {
    let mut response = status(StatusCode::PERMANENT_REDIRECT);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_in_the_package() {
        let names: Vec<_> = ASSETS.iter().map(|asset| asset.name).collect();
        assert_eq!(names, ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"]);
        assert!(ASSETS.iter().all(|asset| !asset.bytes.is_empty()));
    }

    #[test]
    fn only_its_own_paths_are_taken() {
        let swagger = Swagger::new((), Bytes::from_static(b"{}"));
        let answer = |path| swagger.page(&Method::GET, path).map(|page| page.status().as_u16());
        assert_eq!(answer("/swagger/"), Some(200));
        assert_eq!(answer("/swagger/swagger-ui.css"), Some(200));
        assert_eq!(answer("/swagger"), Some(308));
        assert_eq!(answer("/swagger/../Cargo.toml"), Some(404));
        assert_eq!(answer("/swaggers"), None);
        assert_eq!(answer("/jobs/overview"), None);
        assert_eq!(
            swagger.page(&Method::POST, "/swagger.json").map(|page| page.status().as_u16()),
            Some(405)
        );
    }
}
