/// The value of a setting as it may be shown: secrets become asterisks.
///
/// A setting is secret if its name says so, in the ways that Flink knows and some more. In other values, what stands between
/// `//` and `@` of a URL is hidden, since it may hold a password.
pub fn masked(name: &str, value: &str) -> String {
    const TELLTALES: [&str; 9] = [
        "password",
        "passwd",
        "secret",
        "token",
        "api-key",
        "apikey",
        "credential",
        "access-key",
        "access.key",
    ];
    let name = name.to_ascii_lowercase().replace('_', "-");
    if TELLTALES.iter().any(|telltale| name.contains(telltale)) {
        return "******".to_owned();
    }
    without_user_information(value)
}

fn without_user_information(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let authority = after
            .find(|character: char| matches!(character, '/' | '?' | '#') || character.is_whitespace())
            .unwrap_or(after.len());
        rest = match after[..authority].rfind('@') {
            Some(end) => {
                shown.push_str("******");
                &after[end..]
            }
            None => after,
        };
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_hidden_by_name() {
        for name in [
            "s3.secret-key",
            "security.ssl.rest.keystore-password",
            "API_TOKEN",
            "fs.azure.credentials",
            "aws.access_key_id",
        ] {
            assert_eq!(masked(name, "hunter2"), "******", "{name}");
        }
        assert_eq!(masked("rest.port", "8081"), "8081");
    }

    #[test]
    fn passwords_in_addresses_are_hidden() {
        assert_eq!(
            masked("store", "postgres://me:pa@ss@db:5432/x, http://a/b@c"),
            "postgres://******@db:5432/x, http://a/b@c"
        );
    }

    proptest! {
        #[test]
        fn nothing_panics_and_addresses_lose_their_user(name: String, value: String, user in "[a-z:]{1,9}") {
            let _ = masked(&name, &value);
            let address = format!("etcd://{user}@host/{value}");
            let prefix = format!("etcd://{user}");
            prop_assert!(!masked("store", &address).starts_with(&prefix));
        }
    }
}
