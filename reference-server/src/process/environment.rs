use super::masked;

/// How this process was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// What it is, in place of the version of a Java machine.
    pub version: String,
    /// The architecture of the processor in the names of the Java world, such as `amd64`.
    pub architecture: &'static str,
    /// The arguments after the name of the program. Secrets are masked.
    pub arguments: Vec<String>,
}

/// How this process was started.
pub fn environment() -> Environment {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        other => other,
    };
    let arguments = std::env::args_os().skip(1);
    Environment {
        version: format!("Planewright {} (no Java machine)", env!("CARGO_PKG_VERSION")),
        architecture,
        arguments: shown(arguments.map(|argument| argument.to_string_lossy().into_owned())),
    }
}

/// Masks secrets in `--name=value` and in `--name value`.
fn shown(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut name = String::new();
    arguments
        .map(|argument| match argument.split_once('=') {
            Some((name, value)) if name.starts_with('-') => {
                format!("{name}={}", masked(name, value))
            }
            _ if argument.starts_with('-') => {
                name.clone_from(&argument);
                argument
            }
            _ => masked(&std::mem::take(&mut name), &argument),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_among_the_arguments_are_masked() {
        let arguments = [
            "serve",
            "--store",
            "postgres://u:p@db/x",
            "--token",
            "abc",
            "--api-key=def",
            "--listen=127.0.0.1:0",
            "abc",
        ];
        assert_eq!(
            shown(arguments.into_iter().map(str::to_owned)),
            [
                "serve",
                "--store",
                "postgres://******@db/x",
                "--token",
                "******",
                "--api-key=******",
                "--listen=127.0.0.1:0",
                "abc",
            ]
        );
    }
}
