//! Names of things: sixteen bytes, written as thirty-two lower-case hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text is not thirty-two hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 hexadecimal digits")]
pub struct ParseIdError;

fn parse(text: &str) -> Result<[u8; 16], ParseIdError> {
    let digits: &[u8; 32] = text.as_bytes().try_into().map_err(|_| ParseIdError)?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |d: u8| (d as char).to_digit(16).ok_or(ParseIdError);
        // Two digits below sixteen each always fit a byte.
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Ok(bytes)
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Parsing takes digits of either case; printing and serializing use lower case.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id made of these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bytes of the id, most significant first.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; 16] {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

hex_id! {
    /// Names one job of an executor for ever. The submitter chooses it, so that a repeated submission is recognised.
    JobId
}

hex_id! {
    /// Names one vertex (a chain of operators) inside a job. Equal programs give equal vertex ids.
    VertexId
}

hex_id! {
    /// Names one asynchronous operation. The caller chooses it, so that a repeated trigger is recognised.
    TriggerId
}

hex_id! {
    /// Names a data set that a finished job left behind in the cluster.
    DataSetId
}

hex_id! {
    /// Names one attempt to change the parallelism of a running job.
    RescaleId
}

hex_id! {
    /// Names a group of vertices whose subtasks share slots.
    SlotSharingGroupId
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn upper_case_is_read_and_lower_case_is_written() {
        let id: JobId = "DF9C573A0C8506BC11A2B73160637F03".parse().unwrap();
        assert_eq!(id.to_string(), "df9c573a0c8506bc11a2b73160637f03");
    }

    #[test]
    fn anything_but_32_digits_is_refused() {
        for text in [
            "",
            "0",
            "df9c573a0c8506bc11a2b73160637f0",
            "df9c573a0c8506bc11a2b73160637f033",
            "zf9c573a0c8506bc11a2b73160637f03",
            "+f9c573a0c8506bc11a2b73160637f03",
            "ééééééééééééééééé",
        ] {
            assert_eq!(text.parse::<JobId>(), Err(ParseIdError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(bytes: [u8; 16]) {
            let id = VertexId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<VertexId>(&json).unwrap(), id);
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = text.parse::<TriggerId>();
        }
    }
}
