//! Steps as they happen, one line each, on the standard error: `  read      OpenAPI 3.0.3, 88 operations`.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};

/// Prints one step.
pub(crate) fn step(verb: &str, what: impl Display) {
    clear();
    eprintln!("  {verb:<9} {what}");
}

/// Shows what is being done until the next step or message takes its place; only on a terminal.
pub(crate) fn doing(verb: &str, what: impl Display) {
    if stderr().is_terminal() {
        // It is only for show: a terminal that has gone is noticed by what must be told.
        let _ = write!(stderr(), "\r\x1b[2K  {verb:<9} {what} …").and_then(|()| stderr().flush());
    }
}

/// Takes away what [`doing`] shows.
pub(crate) fn clear() {
    if stderr().is_terminal() {
        let _ = write!(stderr(), "\r\x1b[2K");
    }
}

/// `1 file`, `2 files`, `1,223 operations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// A number with a comma at each thousand.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_223), "1,223");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }

    #[test]
    fn one_is_not_a_plural() {
        assert_eq!(count(1, "operation"), "1 operation");
        assert_eq!(count(0, "operation"), "0 operations");
    }
}
