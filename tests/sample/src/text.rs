//! Texts for formats, and texts of a length.

use crate::random::Random;

/// A text in a format; none for formats that say nothing about the text.
pub(crate) fn of_format(format: &str, random: &mut Random) -> Option<String> {
    let two = |random: &mut Random, low, high| random.between(low, high);
    Some(match format {
        "date" => date(random),
        "date-time" => {
            let fraction = random.pick(&["", ".5", ".123", ".000000001"]).copied().unwrap_or_default();
            let zone = random.pick(&["Z", "+00:00", "-05:30", "+14:00"]).copied().unwrap_or_default();
            format!("{}T{}{fraction}{zone}", date(random), time(random))
        }
        "time" => format!("{}Z", time(random)),
        "duration" => random.pick(&["P1D", "PT5M", "P1Y2M3DT4H5M6S", "P2W"])?.to_string(),
        "uuid" => {
            let word = format!("{:016x}{:016x}", random.next(), random.next());
            format!("{}-{}-{}-{}-{}", &word[..8], &word[8..12], &word[12..16], &word[16..20], &word[20..])
        }
        "byte" | "base64" => {
            random.pick(&["", "AA==", "AAE=", "AAEC", "cGxhbmV3cmlnaHQ=", "+/+/", "////"])?.to_string()
        }
        "email" | "idn-email" => random.pick(&["a@b.example", "first.last+tag@example.org"])?.to_string(),
        "uri" | "url" | "iri" => random
            .pick(&[
                "https://example.org/",
                "http://a.example:8080/b?c=d#e",
                "urn:isbn:0451450523",
                "s3://bucket/key",
            ])?
            .to_string(),
        "uri-reference" | "iri-reference" => {
            random.pick(&["/a/b?c", "#d", "https://example.org/"])?.to_string()
        }
        "hostname" | "idn-hostname" => {
            random.pick(&["example.org", "a", "xn--nxasmq6b.example"])?.to_string()
        }
        "ipv4" => {
            let octet = |random: &mut Random| two(random, 0, 255);
            format!("{}.{}.{}.{}", octet(random), octet(random), octet(random), octet(random))
        }
        "ipv6" => {
            random.pick(&["::1", "2001:db8::8:800:200c:417a", "fe80::1", "::ffff:192.0.2.1"])?.to_string()
        }
        "ip" => random.pick(&["192.0.2.1", "::1"])?.to_string(),
        "json-pointer" => random.pick(&["", "/a~1b/0"])?.to_string(),
        "regex" => "^a+$".to_owned(),
        _ => return None,
    })
}

/// Texts that aren't in the format, some of them nearly.
pub(crate) fn not_of_format(format: &str) -> &'static [&'static str] {
    match format {
        "date" => {
            &["2024-02-30", "2024-13-01", "2024-1-01", "2023-02-29", "24-01-01", "", "2024-01-01T00:00:00Z"]
        }
        "date-time" => &[
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-02-30T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+25:00",
            "",
        ],
        "time" => &["24:00:00Z", "1:2:3", ""],
        "uuid" => &[
            "",
            "00000000-0000-0000-0000-00000000000",
            "g0000000-0000-0000-0000-000000000000",
            "00000000000000000000000000000000",
            "{00000000-0000-0000-0000-000000000000}",
        ],
        "byte" | "base64" => &["A", "AA=", "A===", "AA-_", "A A=", "\u{e4}AA="],
        "ipv4" => &["256.0.0.1", "1.2.3", "01.2.3.4", ""],
        "ipv6" => &["1::2::3", "12345::", ""],
        "email" => &["a", "@b", "a@"],
        "uri" | "url" => &["a b", "/relative", "://x"],
        _ => &[],
    }
}

/// A text of this many code points.
pub(crate) fn of_length(length: usize, random: &mut Random) -> String {
    // Beyond ASCII and beyond the basic plane too: lengths count code points.
    const LETTERS: [char; 16] =
        ['a', 'b', 'c', 'x', 'y', 'z', 'A', 'Q', '0', '9', '-', '_', ' ', '\u{e9}', '\u{4e2d}', '\u{1f600}'];
    let plain = !random.one_in(3);
    let letters = if plain { &LETTERS[..10] } else { &LETTERS[..] };
    (0..length).filter_map(|_| random.pick(letters)).collect()
}

fn date(random: &mut Random) -> String {
    let (year, month) = (random.between(1970, 2099), random.between(1, 12));
    let last = match month {
        2 if year % 4 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = if random.one_in(3) { last } else { random.between(1, last) };
    format!("{year:04}-{month:02}-{day:02}")
}

fn time(random: &mut Random) -> String {
    format!("{:02}:{:02}:{:02}", random.between(0, 23), random.between(0, 59), random.between(0, 59))
}
