//! Where an API is served, as its document says.

/// Where an API is served, as the document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// The URL, variables replaced by their defaults; a path, if it is where the document is.
    pub url: &'static str,
    /// The URL with its variables in braces.
    pub template: &'static str,
    /// What the document says about it; may be empty.
    pub description: &'static str,
    /// Its variables.
    pub variables: &'static [ServerVariable],
}

/// What stands in braces in a server's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerVariable {
    /// Its name.
    pub name: &'static str,
    /// Its value if nobody says another.
    pub default: &'static str,
    /// The values that it may have; none if it may have any.
    pub values: &'static [&'static str],
}

/// An operation that is served elsewhere than the rest of its API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerChange {
    /// Where the rest is, as the document says.
    pub home: &'static [Server],
    /// The operation's own server; its URL is a path, if it is on the same host.
    pub own: &'static Server,
}

impl Server {
    /// The URL with these values of its variables, by name; the others have their defaults.
    ///
    /// ```
    /// use planewright_client::{Server, ServerVariable};
    ///
    /// const SERVER: Server = Server {
    ///     url: "https://eu.example.org/v1",
    ///     template: "https://{region}.example.org/{base}",
    ///     description: "",
    ///     variables: &[
    ///         ServerVariable { name: "region", default: "eu", values: &["eu", "us"] },
    ///         ServerVariable { name: "base", default: "v1", values: &[] },
    ///     ],
    /// };
    /// assert_eq!(SERVER.url_with(&[("region", "us")]), "https://us.example.org/v1");
    /// ```
    #[must_use]
    pub fn url_with(&self, values: &[(&str, &str)]) -> String {
        self.variables.iter().fold(self.template.to_owned(), |url, variable| {
            let given = values.iter().find(|(name, _)| *name == variable.name);
            let value = given.map_or(variable.default, |(_, value)| value);
            url.replace(&format!("{{{}}}", variable.name), value)
        })
    }

    /// The values of its variables in a URL, if that is one of this server.
    pub(crate) fn values_in<'u>(&self, url: &'u str) -> Option<Vec<(&'static str, &'u str)>> {
        let mut values = Vec::new();
        self.matches(self.template.trim_end_matches('/'), url.trim_end_matches('/'), &mut values)
            .then_some(values)
    }

    fn matches<'u>(
        &self,
        template: &'static str,
        url: &'u str,
        values: &mut Vec<(&'static str, &'u str)>,
    ) -> bool {
        let Some((literal, rest)) = template.split_once('{') else { return template == url };
        let (Some(url), Some((name, template))) = (url.strip_prefix(literal), rest.split_once('}')) else {
            return false;
        };
        let Some(variable) = self.variables.iter().find(|variable| variable.name == name) else {
            return false;
        };
        // The shortest value first: a port has no path in it.
        let mut ends = (0..=url.len()).filter(|end| url.is_char_boundary(*end));
        ends.any(|end| {
            let (value, behind) = url.split_at(end);
            let is_listed = variable.values.is_empty() || variable.values.contains(&value);
            let is_same = values.iter().all(|(known, other)| *known != name || *other == value);
            let known = values.len();
            values.push((variable.name, value));
            let fits = is_listed && is_same && self.matches(template, behind, values);
            if !fits {
                values.truncate(known);
            }
            fits
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Server = Server {
        url: "https://eu.example.org:443/v1",
        template: "https://{region}.example.org:{port}/{base}/",
        description: "",
        variables: &[
            ServerVariable { name: "region", default: "eu", values: &["eu", "us"] },
            ServerVariable { name: "port", default: "443", values: &[] },
            ServerVariable { name: "base", default: "v1", values: &[] },
        ],
    };

    #[test]
    fn what_is_filled_in_is_found_again() {
        let url = SERVER.url_with(&[("region", "us"), ("base", "a/b")]);
        assert_eq!(url, "https://us.example.org:443/a/b/");
        let expected = [("region", "us"), ("port", "443"), ("base", "a/b")];
        assert_eq!(SERVER.values_in(&url).expect("one of its URLs"), expected);
        for other in ["https://de.example.org:443/v1", "https://eu.example.com:443/v1", "http://eu", ""] {
            assert_eq!(SERVER.values_in(other), None, "{other}");
        }
    }
}
