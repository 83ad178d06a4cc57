//! What was said to a target, and what was heard.

use bytes::Bytes;
use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};

/// A request and what became of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request.
    pub said: Said,
    /// The answer, or why there is none.
    pub heard: Result<Heard, String>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its method.
    pub method: Method,
    /// Path and query, in the form in which they were sent.
    pub path: String,
    /// Its headers, without those that the transport adds.
    pub headers: HeaderMap,
    /// Its body; empty if it has none.
    pub body: Bytes,
    /// The file that the body consists of, if it is a form with one.
    pub file: Option<FilePart>,
}

/// A file in a form.
#[derive(Clone, Debug)]
pub struct FilePart {
    /// The name of the part.
    pub part: String,
    /// The name that the file has in the form.
    pub name: String,
    /// What is in it.
    pub content: Bytes,
}

impl FilePart {
    /// The name under which [`Said::curl`] looks for the content in the folder `$FILES`.
    #[must_use]
    pub fn stored_as(&self) -> String {
        Sha256::digest(&self.content).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, in full.
    pub body: Bytes,
}

impl Said {
    /// A line for a shell that says the same again. `base` is where the target is: `http://host:port`.
    ///
    /// Credentials and files are left to the shell: `$TOKEN` stands for the bearer token, `$FILES` for a folder in which files
    /// are [stored](FilePart::stored_as).
    #[must_use]
    pub fn curl(&self, base: &str) -> String {
        let mut line = String::from("curl -sS");
        match self.method {
            Method::GET => {}
            Method::HEAD => line.push_str(" -I"),
            _ => line.push_str(&format!(" -X {}", self.method)),
        }
        line.push_str(&format!(" {}", quoted(&format!("{base}{}", self.path))));
        for (name, value) in &self.headers {
            if name == http::header::AUTHORIZATION {
                line.push_str(" -H \"authorization: Bearer $TOKEN\"");
            } else if self.file.is_none() || name != http::header::CONTENT_TYPE {
                line.push_str(&format!(" -H {}", quoted(&format!("{name}: {}", text(value.as_bytes())))));
            }
        }
        match (&self.file, std::str::from_utf8(&self.body)) {
            (Some(file), _) => {
                let (part, name) = (quoted(&file.part), quoted(&format!(";filename={}", file.name)));
                line.push_str(&format!(" -F {part}=@\"$FILES\"/{}{name}", file.stored_as()));
            }
            (None, Ok("")) => {}
            (None, Ok(body)) if !body.contains('\0') => {
                line.push_str(&format!(" --data-binary {}", quoted(body)));
            }
            (None, _) => {
                let escaped: String = self.body.iter().map(|byte| format!("\\{byte:03o}")).collect();
                line = format!("printf '{escaped}' | {line} --data-binary @-");
            }
        }
        line
    }
}

/// Bytes as text, with a sign in place of what isn't UTF-8.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A word for a shell, which takes nothing in it for its own.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(method: Method, body: &'static [u8]) -> Said {
        let body = Bytes::from_static(body);
        Said { method, path: "/jobs?x=1".to_owned(), headers: HeaderMap::new(), body, file: None }
    }

    #[test]
    fn a_curl_line_says_the_same_again() {
        let mut post = said(Method::POST, b"{\"it's\": 1}");
        post.headers.insert("content-type", "application/json".parse().unwrap());
        post.headers.insert("authorization", "Bearer secret".parse().unwrap());
        assert_eq!(
            post.curl("http://h:1"),
            "curl -sS -X POST 'http://h:1/jobs?x=1' -H 'content-type: application/json' \
             -H \"authorization: Bearer $TOKEN\" --data-binary '{\"it'\\''s\": 1}'"
        );
        assert_eq!(said(Method::GET, b"").curl(""), "curl -sS '/jobs?x=1'");
        assert_eq!(
            said(Method::PUT, b"\xff1").curl(""),
            "printf '\\377\\061' | curl -sS -X PUT '/jobs?x=1' --data-binary @-"
        );
    }

    #[test]
    fn a_file_is_named() {
        let mut upload = said(Method::POST, b"PK");
        upload.headers.insert("content-type", "multipart/form-data; boundary=x".parse().unwrap());
        let content = Bytes::from_static(b"PK");
        upload.file = Some(FilePart { part: "jarfile".to_owned(), name: "a b.jar".to_owned(), content });
        assert_eq!(
            upload.curl(""),
            "curl -sS -X POST '/jobs?x=1' -F 'jarfile'=@\"$FILES\"/fcab7fcc';filename=a b.jar'"
        );
    }
}
