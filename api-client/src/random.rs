use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

/// A number that differs from call to call, process to process and host to host.
///
/// It comes from the keyed hash of the standard library, whose key is the operating system's: good for names and
/// jitter, never for secrets.
pub(crate) fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// 32 hexadecimal digits in lower case.
pub(crate) fn random_hex() -> String {
    format!("{:016x}{:016x}", random_u64(), random_u64())
}

/// A new id of a type whose texts may be 32 hexadecimal digits or a UUID; nothing if they can't.
#[must_use]
pub fn fresh_id<T: FromStr>() -> Option<T> {
    let hex = random_hex();
    let uuid = || {
        let part = |range| hex.get(range).unwrap_or_default();
        // Version 4, variant 1: the two places that a UUID doesn't leave to chance.
        format!("{}-{}-4{}-8{}-{}", part(0..8), part(8..12), part(13..16), part(17..20), part(20..32))
    };
    uuid().parse().or_else(|_| hex.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_that_its_type_reads() {
        use planewright_model::id::TriggerId;
        use planewright_model::{Scalar, Uuid};
        fn fresh<T: Scalar>() -> String {
            fresh_id::<T>().map(|id| id.to_string()).unwrap_or_default()
        }
        assert_eq!(fresh::<TriggerId>().len(), 32);
        assert_eq!(fresh::<Uuid>().len(), 36);
        assert_eq!(fresh::<String>().len(), 36);
        assert_eq!(fresh::<bool>(), "");
    }

    #[test]
    fn names_differ_and_have_32_digits() {
        let names: std::collections::BTreeSet<_> = (0..1000).map(|_| random_hex()).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())));
    }
}
