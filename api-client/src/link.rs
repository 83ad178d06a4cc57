//! The `Link` header (RFC 8288): where the next page of a list is.

use http::{HeaderMap, Uri};
use planewright_model::parameter::header_text;

use crate::transport::BoxError;

/// The target of the link with the relation `next`, if there is one.
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(http::header::LINK).iter();
    lines.filter_map(|line| header_text(line.as_bytes()).ok()).find_map(next_in)
}

/// As [`next`], in one line.
fn next_in(line: &str) -> Option<String> {
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (target, after) = rest.strip_prefix('<')?.split_once('>')?;
        let (is_next, after) = parameters(after);
        if is_next {
            return Some(target.trim().to_owned());
        }
        rest = after;
    }
}

/// Whether these parameters make a link to the next page, and what stands behind them. The first `rel` counts; with an
/// `anchor`, it is another resource that the link is about.
fn parameters(mut rest: &str) -> (bool, &str) {
    let (mut relation, mut is_ours) = (None, true);
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(parameter) = rest.strip_prefix(';') else { break };
        let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
        let (name, after) = parameter.split_at(end);
        rest = after;
        let Some(after) = after.strip_prefix('=') else { continue };
        let (value, after) = value(after.trim_start_matches([' ', '\t']));
        rest = after;
        match name.trim().to_ascii_lowercase().as_str() {
            "rel" => relation = relation.or(Some(value)),
            "anchor" => is_ours = false,
            _ => {}
        }
    }
    let is_next = |value: String| value.split([' ', '\t']).any(|word| word.eq_ignore_ascii_case("next"));
    // What can't be understood ends with the next comma.
    let rest = rest.find(',').and_then(|at| rest.get(at..)).unwrap_or_default();
    (is_ours && relation.is_some_and(is_next), rest)
}

/// A token or a quoted text, and what stands behind it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([';', ',']).unwrap_or(text.len()));
        return (value.trim_end().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

/// Path and query of what a link on the answer from `from` leads to. Credentials are sent there, so it must be the same
/// host; a service in this process has none, and takes the path.
pub(crate) fn resolve(from: &Uri, target: &str) -> Result<String, BoxError> {
    let target = target.split('#').next().unwrap_or_default();
    let is_absolute = target.split(['/', '?']).next().is_some_and(|first| first.contains(':'));
    if is_absolute || target.starts_with("//") {
        let text = match target.starts_with("//") {
            true => format!("{}:{target}", from.scheme_str().unwrap_or("http")),
            false => target.to_owned(),
        };
        let uri: Uri = text.parse().map_err(|_| format!("the link to the next page is no URL: {target}"))?;
        if from.authority().is_some() && origin(&uri) != origin(from) {
            return Err(format!("the next page is on another host: {target}").into());
        }
        return Ok(uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string));
    }
    let path = from.path();
    Ok(match target.chars().next() {
        Some('/') => target.to_owned(),
        Some('?') => format!("{path}{target}"),
        None => from.path_and_query().map_or_else(String::new, ToString::to_string),
        Some(_) => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let (mut folder, mut rest) = (folder, target);
            loop {
                if let Some(after) = rest.strip_prefix("../") {
                    folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
                    rest = after;
                } else if let Some(after) = rest.strip_prefix("./") {
                    rest = after;
                } else {
                    break format!("{folder}/{rest}");
                }
            }
        }
    })
}

/// Scheme, host and port; the usual port is no other than none.
fn origin(uri: &Uri) -> (Option<String>, Option<String>, Option<u16>) {
    let usual = match uri.scheme_str() {
        Some("https") => Some(443),
        _ => Some(80),
    };
    let lower = |text: &str| text.to_ascii_lowercase();
    (uri.scheme_str().map(lower), uri.host().map(lower), uri.port_u16().or(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        for (line, expected) in [
            (r#"</a?page=2>; rel="next""#, Some("/a?page=2")),
            (r#"</a?x=1,2>; rel="prev", </b>; title="a, b; rel=next"; REL=next"#, Some("/b")),
            (r#"</a>; rel="last next""#, Some("/a")),
            (r#"</a>; rel=prev; rel=next"#, None),
            (r##"</a>; rel=next; anchor="#x", </b>; rel=last"##, None),
            (r#"</a>;rel = "n\ext""#, Some("/a")),
            ("</a>; rel", None),
            ("nonsense", None),
            ("<", None),
            ("", None),
        ] {
            assert_eq!(next_in(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_link_stays_on_its_host() {
        let from: Uri = "http://Host:80/v1/things?page=1".parse().expect("a URL");
        for (target, expected) in [
            ("http://host/v1/things?page=2#x", "/v1/things?page=2"),
            ("//host:80/things", "/things"),
            ("/things?at=http://b", "/things?at=http://b"),
            ("?page=2", "/v1/things?page=2"),
            ("others?page=2", "/v1/others?page=2"),
            ("../v2/things", "/v2/things"),
            ("", "/v1/things?page=1"),
        ] {
            assert_eq!(resolve(&from, target).expect(target), expected, "{target}");
        }
        for target in
            ["https://host/v1", "http://evil.example/v1", "//evil.example/", "http://host:81/", "http://["]
        {
            assert!(resolve(&from, target).is_err(), "{target}");
        }
        let inside: Uri = "/things".parse().expect("a path");
        assert_eq!(
            resolve(&inside, "https://api.example.org/things?page=2").expect("a link"),
            "/things?page=2"
        );
    }
}
