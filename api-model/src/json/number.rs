//! Numbers as they are written.

/// The integer that a JSON number is: `1`, `1.0` and `1e2` are integers, `1.5` isn't. `None` also beyond 128 bits.
pub(super) fn integer(text: &str) -> Option<i128> {
    if let Ok(value) = text.parse::<i64>() {
        return Some(i128::from(value));
    }
    let (digits, exponent) = decimal(text)?;
    if digits == 0 {
        return Some(0);
    }
    match u32::try_from(exponent) {
        Ok(exponent) => digits.checked_mul(10_i128.checked_pow(exponent)?),
        Err(_) => {
            let divisor = 10_i128.checked_pow(u32::try_from(-exponent).ok()?)?;
            (digits % divisor == 0).then(|| digits / divisor)
        }
    }
}

/// Whether the text is a number in JSON.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
        && !text.ends_with(char::is_whitespace)
}

/// The number as digits and a power of ten.
fn decimal(text: &str) -> Option<(i128, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let fits_text = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !fits_text(fraction) {
        return None;
    }
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?))
}

/// The number such that equal ones are written alike.
pub(super) fn canonical(text: &str, out: &mut String) {
    match decimal(text) {
        Some((0, _)) => out.push('0'),
        Some((mut digits, mut exponent)) => {
            while digits % 10 == 0 {
                digits /= 10;
                exponent += 1;
            }
            out.push_str(&format!("{digits}e{exponent}"));
        }
        None => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_may_be_written_with_point_and_exponent() {
        for (text, value) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("12", Some(12)),
            ("-12.00", Some(-12)),
            ("1e3", Some(1000)),
            ("1.5e1", Some(15)),
            ("1500e-2", Some(15)),
            ("18446744073709551615", Some(u64::MAX.into())),
            ("1.5", None),
            ("15e-1", None),
            ("1e-1", None),
            ("1e999999999999", None),
            ("1e99999999999999999999", None),
            ("0e999999999999", Some(0)),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }

    #[test]
    fn equal_numbers_are_written_alike() {
        let canonical = |text| {
            let mut out = String::new();
            canonical(text, &mut out);
            out
        };
        assert_eq!(canonical("100"), canonical("1.0e2"));
        assert_eq!(canonical("-0.0"), canonical("0"));
        assert_eq!(canonical("0.10"), canonical("1e-1"));
        assert_ne!(canonical("1"), canonical("10"));
    }
}
