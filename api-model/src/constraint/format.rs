//! The formats of texts that have a type of their own.

/// RFC 3339 `full-date`, in the Gregorian calendar.
pub(crate) fn is_date(text: &str) -> bool {
    let [year, month, day] = match numbers::<3>(text, &[4, 2, 2], b'-') {
        Some(parts) => parts,
        None => return false,
    };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// RFC 3339 `date-time`; leap seconds are accepted in any minute, as the tables of them aren't known here.
pub(crate) fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else { return false };
    let Some(time) = time.strip_prefix(['T', 't']) else { return false };
    let Some((clock, rest)) = time.split_at_checked(8) else { return false };
    let clock_is_right = numbers::<3>(clock, &[2, 2, 2], b':')
        .is_some_and(|[hour, minute, second]| hour < 24 && minute < 60 && second < 61);
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let zone_is_right = match zone.strip_prefix(['+', '-']) {
        Some(offset) => {
            numbers::<2>(offset, &[2, 2], b':').is_some_and(|[hour, minute]| hour < 24 && minute < 60)
        }
        None => matches!(zone, "Z" | "z"),
    };
    is_date(date) && clock_is_right && zone_is_right
}

/// RFC 4122, without braces.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    groups.iter().all(|&length| {
        parts
            .next()
            .is_some_and(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }) && parts.next().is_none()
}

/// RFC 4648 §4, with its padding.
pub(crate) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Decimal numbers of fixed widths with a separator between them.
fn numbers<const N: usize>(text: &str, widths: &[usize; N], separator: u8) -> Option<[u32; N]> {
    let mut values = [0; N];
    let mut parts = text.as_bytes().split(|&byte| byte == separator);
    for (value, &width) in values.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width && part.iter().all(u8::is_ascii_digit))?;
        *value = part.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    }
    parts.next().is_none().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for date in ["2024-02-29", "2000-02-29", "1999-12-31"] {
            assert!(is_date(date), "{date}");
        }
        for date in
            ["2023-02-29", "1900-02-29", "2024-13-01", "2024-04-31", "2024-00-10", "24-01-01", "2024-1-1", ""]
        {
            assert!(!is_date(date), "{date}");
        }
    }

    #[test]
    fn date_times_need_a_zone() {
        for time in ["2024-02-29T23:59:60Z", "2024-01-01t00:00:00.123456789z", "2024-01-01T00:00:00+05:30"] {
            assert!(is_date_time(time), "{time}");
        }
        for time in [
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+5",
            "é",
        ] {
            assert!(!is_date_time(time), "{time}");
        }
    }

    #[test]
    fn uuids_and_base64() {
        assert!(is_uuid("67e55044-10b1-426f-9247-BB680E5FE0C8"));
        assert!(!is_uuid("67e5504410b1426f9247bb680e5fe0c8"));
        assert!(is_base64("") && is_base64("Zm9v") && is_base64("Zm8=") && is_base64("Zg=="));
        assert!(!is_base64("Zg=") && !is_base64("Zm9_") && !is_base64("===="));
    }
}
