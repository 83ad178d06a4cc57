/// A media type without its parameters and the space around it.
///
/// ```
/// assert_eq!(planewright_model::media::essence("Text/CSV; charset=utf-8"), "Text/CSV");
/// ```
#[must_use]
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Which of the declared media types a `Content-Type` means: the same one, else a range such as `text/*`, else one
/// that is JSON too.
///
/// ```
/// use planewright_model::media::chosen;
///
/// let declared = ["application/json", "text/*"];
/// assert_eq!(chosen(declared, "application/json; charset=utf-8"), Some(0));
/// assert_eq!(chosen(declared, "text/csv"), Some(1));
/// assert_eq!(chosen(declared, "application/problem+json"), Some(0));
/// assert_eq!(chosen(declared, "image/png"), None);
/// ```
#[must_use]
pub fn chosen<'d>(
    declared: impl IntoIterator<Item = &'d str, IntoIter: Clone>,
    content_type: &str,
) -> Option<usize> {
    let declared = declared.into_iter();
    let given = essence(content_type);
    declared
        .clone()
        .position(|one| essence(one).eq_ignore_ascii_case(given))
        .or_else(|| declared.clone().position(|one| is_range(essence(one)) && covers(essence(one), given)))
        .or_else(|| declared.clone().position(|one| is_json(essence(one)) && is_json(given)))
}

fn is_range(media_type: &str) -> bool {
    media_type.ends_with("/*")
}

/// Whether a range holds a media type; a type without a star holds itself.
fn covers(range: &str, media_type: &str) -> bool {
    match range.strip_suffix("/*") {
        Some("*") => true,
        Some(kind) => {
            media_type.split('/').next().is_some_and(|other| other.trim().eq_ignore_ascii_case(kind))
        }
        None => range.eq_ignore_ascii_case(media_type),
    }
}

fn is_json(media_type: &str) -> bool {
    let ends_with = |suffix: &str| {
        media_type
            .len()
            .checked_sub(suffix.len())
            .and_then(|start| media_type.get(start..))
            .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    ends_with("/json") || ends_with("+json")
}

/// What a caller wants to have: the value of `Accept` (RFC 9110 §12.5.1).
///
/// ```
/// use planewright_model::media::Wanted;
///
/// let offered = ["application/json", "application/yaml"];
/// assert_eq!(Wanted::new("application/yaml, */*;q=0.1").best(offered), Some(1));
/// assert_eq!(Wanted::new("application/json;q=0, text/html").best(offered), None);
/// assert_eq!(Wanted::new("").best(offered), Some(0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a>(&'a str);

impl<'a> Wanted<'a> {
    /// The value of the header; several lines are joined by commas. An empty one wants anything.
    #[must_use]
    pub fn new(accept: &'a str) -> Self {
        Self(accept)
    }

    /// The place of the offered media type that is wanted most; of equals, the first. `None` if none is acceptable.
    #[must_use]
    pub fn best<'o>(self, offered: impl IntoIterator<Item = &'o str>) -> Option<usize> {
        let mut best = None;
        for (place, media_type) in offered.into_iter().enumerate() {
            let quality = self.quality(essence(media_type));
            if quality > best.map_or(0, |(_, quality)| quality) {
                best = Some((place, quality));
            }
        }
        best.map(|(place, _)| place)
    }

    /// How much it is wanted, in thousandths: what the most special of the ranges that hold it says.
    fn quality(self, media_type: &str) -> u16 {
        if self.0.trim().is_empty() {
            return 1000;
        }
        let mut found: Option<(u8, u16)> = None;
        for wanted in self.0.split(',') {
            let mut parts = wanted.split(';');
            let range = parts.next().unwrap_or_default().trim();
            // What a document leaves open may be anything.
            let fits = covers(range, media_type) || (is_range(media_type) && covers(media_type, range));
            if !fits {
                continue;
            }
            let special = match range.strip_suffix("/*") {
                Some("*") => 0,
                Some(_) => 1,
                None => 2,
            };
            let quality = parts
                .filter_map(|parameter| parameter.split_once('='))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
                .map_or(1000, |(_, value)| thousandths(value.trim()));
            if found.is_none_or(|(before, _)| special > before) {
                found = Some((special, quality));
            }
        }
        found.map_or(0, |(_, quality)| quality)
    }
}

/// A quality that can't be read says nothing against the type.
fn thousandths(text: &str) -> u16 {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => (value * 1000.0).round() as u16,
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_special_range_decides() {
        let offered = ["text/plain", "text/csv", "image/png"];
        for (accept, expected) in [
            ("text/csv", Some(1)),
            ("text/*", Some(0)),
            ("text/*, text/plain;q=0.5", Some(1)),
            ("text/*;q=0.3, image/png;q=0.4", Some(2)),
            ("*/*;q=0.1, text/plain;q=0, text/csv;q=0", Some(2)),
            ("application/json", None),
            ("TEXT/CSV;q=0.001", Some(1)),
            (";;,=,", None),
            ("text/csv;q=nonsense", Some(1)),
        ] {
            assert_eq!(Wanted::new(accept).best(offered), expected, "{accept}");
        }
        assert_eq!(Wanted::new("image/png").best(["image/*"]), Some(0));
    }
}
