use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::{Deserialize, Serialize};
use zip::ZipArchive;

/// The main section of a Java archive's manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The attributes; names are in lower case, since manifests don't distinguish.
    pub attributes: BTreeMap<String, String>,
}

impl Manifest {
    /// How much of a manifest is read; no honest one is longer, and a dishonest one may unpack to any size.
    const MAX_BYTES: u64 = 1 << 20;

    /// Reads the manifest of an archive; `None` if this is no archive, or one without a manifest.
    pub fn of_archive(archive: impl Read + Seek) -> Option<Self> {
        let mut archive = ZipArchive::new(archive).ok()?;
        let file = archive.by_name("META-INF/MANIFEST.MF").ok()?;
        let mut text = Vec::new();
        file.take(Self::MAX_BYTES).read_to_end(&mut text).ok()?;
        Some(Self::parse(&text))
    }

    /// Reads the text of a manifest. Lines that are none of a manifest are passed over.
    pub fn parse(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text).replace("\r\n", "\n");
        let mut lines: Vec<String> = Vec::new();
        for line in text.split(['\n', '\r']) {
            if line.is_empty() {
                // Sections about single files follow.
                break;
            }
            match (line.strip_prefix(' '), lines.last_mut()) {
                (Some(rest), Some(last)) => last.push_str(rest),
                _ => lines.push(line.to_owned()),
            }
        }
        let attributes = lines.iter().filter_map(|line| line.split_once(": "));
        Self {
            attributes: attributes
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
        }
    }

    /// The classes that can be started: those of `program-class`, separated by commas, or else that of `Main-Class`.
    pub fn entry_classes(&self) -> Vec<&str> {
        let of = |name| self.attributes.get(name).map(String::as_str).unwrap_or("");
        let classes = |list: &'static str| {
            of(list).split(',').map(str::trim).filter(|class| !class.is_empty()).collect::<Vec<_>>()
        };
        let program = classes("program-class");
        if program.is_empty() { classes("main-class") } else { program }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_lines_continue_after_a_space() {
        let manifest = Manifest::parse(
            b"Manifest-Version: 1.0\r\nMain-Class: com.example.ver\r\n y.Long\r\n\r\nName: other\r\nMain-Class: No\r\n",
        );
        assert_eq!(manifest.entry_classes(), ["com.example.very.Long"]);
    }

    #[test]
    fn program_class_goes_before_main_class() {
        let manifest = Manifest::parse(b"main-class: A\nProgram-Class: B, C\n");
        assert_eq!(manifest.entry_classes(), ["B", "C"]);
        assert!(Manifest::default().entry_classes().is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text: Vec<u8>) {
            let _ = Manifest::parse(&text).entry_classes();
            let _ = Manifest::of_archive(std::io::Cursor::new(text));
        }
    }
}
