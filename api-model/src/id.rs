//! Identifiers that are 16 octets and travel as 32 hexadecimal digits.
//!
//! Either case is read, lower case is written, so that two spellings of one id are one value.

use std::fmt;
use std::str::FromStr;

use crate::json::{Node, Refusal, Writer};
use crate::{Json, Scalar, Validate};

/// A text that isn't 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id has 32 hexadecimal digits")
    }
}

impl std::error::Error for InvalidId {}

fn parse(text: &str) -> Result<[u8; 16], InvalidId> {
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return Err(InvalidId);
    }
    let mut octets = [0; 16];
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(octets)
}

fn digit(byte: u8) -> Result<u8, InvalidId> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(InvalidId),
    }
}

/// The digits, on the stack.
struct Digits([u8; 32]);

impl Digits {
    fn of(octets: [u8; 16]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 32];
        for (pair, octet) in text.chunks_exact_mut(2).zip(octets) {
            pair[0] = DIGITS[usize::from(octet >> 4)];
            pair[1] = DIGITS[usize::from(octet & 15)];
        }
        Self(text)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $ty:ident,)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $ty([u8; 16]);

        impl $ty {
            /// The id with these octets.
            #[must_use]
            pub const fn from_bytes(octets: [u8; 16]) -> Self {
                Self(octets)
            }

            /// Its octets.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// An id that nobody has had before.
            ///
            /// # Panics
            /// If the operating system has no randomness to give.
            #[cfg(feature = "random")]
            #[must_use]
            pub fn random() -> Self {
                Self(random_octets())
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(Digits::of(self.0).as_str())
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($ty), "({})"), Digits::of(self.0).as_str())
            }
        }

        impl FromStr for $ty {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }
        }

        impl Json for $ty {
            fn read(node: Node<'_>) -> Result<Self, Refusal> {
                parse(node.text()?).map(Self).map_err(|error| Refusal::new(error.to_string()))
            }

            fn write(&self, out: &mut Writer<'_>) {
                out.text(Digits::of(self.0).as_str());
            }
        }

        crate::__private::serde_by_json!($ty);
        impl Scalar for $ty {}
        impl Validate for $ty {}
    )* };
}

#[cfg(feature = "random")]
fn random_octets() -> [u8; 16] {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets)
        .unwrap_or_else(|error| panic!("the operating system has no randomness: {error}"));
    octets
}

ids! {
    /// Names an application: a program that may run several jobs.
    ApplicationId,
    /// Names a data set that a job has left in the cluster.
    DataSetId,
    /// Names a job.
    JobId,
    /// Names one rescale of a job.
    RescaleId,
    /// Names one version of a job's resource requirements.
    ResourceRequirementsId,
    /// Names a group of vertices that share slots.
    SlotSharingGroupId,
    /// Names an asynchronous operation. Its maker may choose it, and so ask twice without starting twice.
    TriggerId,
    /// Names a vertex of a job's graph.
    VertexId,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text_in_either_case(octets: [u8; 16]) {
            let id = JobId::from_bytes(octets);
            let text = id.to_string();
            prop_assert_eq!(text.parse::<JobId>(), Ok(id));
            prop_assert_eq!(text.to_uppercase().parse::<JobId>(), Ok(id));
            prop_assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
            prop_assert_eq!(JobId::read_json(format!("\"{text}\"").as_bytes()), Ok(id));
        }

        #[test]
        fn any_other_text_is_refused(text in ".{0,40}") {
            let right = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            prop_assert_eq!(text.parse::<TriggerId>().is_ok(), right);
        }
    }

    #[cfg(feature = "random")]
    #[test]
    fn random_ids_differ() {
        assert_ne!(JobId::random(), JobId::random());
    }
}
