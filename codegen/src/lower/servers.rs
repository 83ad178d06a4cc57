use crate::ir;
use crate::openapi::Server;

pub(super) fn lower(servers: &[Server]) -> Vec<ir::Server> {
    let lower = |server: &Server| ir::Server {
        url: server.url.value.clone(),
        template: server.template.clone(),
        variables: server.variables.clone(),
        description: server.description.clone(),
    };
    servers.iter().map(lower).collect()
}

/// The path part of each URL, each once, those of the operations' own servers last. Without servers it is the root.
pub(super) fn base_paths(servers: &[Server], operations: &[ir::Operation]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut add = |url: &str| {
        let path = base_path(url);
        if !paths.contains(&path) {
            paths.push(path);
        }
    };
    servers.iter().for_each(|server| add(&server.url.value));
    if servers.is_empty() {
        add("");
    }
    operations.iter().flat_map(|operation| &operation.servers).for_each(|server| add(&server.url));
    paths
}

fn base_path(url: &str) -> String {
    let after_host = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url.strip_prefix("//").map_or(url, |rest| rest.find('/').map_or("", |at| &rest[at..])),
    };
    let path = after_host.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_matches('/').trim_start_matches("./");
    if path.is_empty() || path == "." { String::new() } else { format!("/{path}") }
}

#[cfg(test)]
mod tests {
    use super::base_path;

    #[test]
    fn keeps_the_path_alone() {
        for (url, path) in [
            ("https://api.example.com/v3/", "/v3"),
            ("https://api.example.com", ""),
            ("/", ""),
            ("/v1", "/v1"),
            ("api/v2", "/api/v2"),
            ("//host/base?x=1", "/base"),
            ("", ""),
        ] {
            assert_eq!(base_path(url), path, "{url}");
        }
    }
}
