//! Chance that is none: equal seeds give equal numbers.

/// A number that depends on all parts and looks random.
pub(super) fn number(seed: u64, parts: &[&[u8]]) -> u64 {
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    // The bytes of the last part have reached only the low bits so far.
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Sixteen bytes that depend on all parts and look random.
pub(super) fn bytes(seed: u64, parts: &[&[u8]]) -> [u8; 16] {
    let high = number(seed, parts).to_be_bytes();
    let low = number(!seed, parts).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high);
    bytes[8..].copy_from_slice(&low);
    bytes
}
