//! Texts that a pattern matches.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

use crate::random::Random;

/// How often a part without an upper limit comes at most, beyond its lower one.
const MOST_MORE: u32 = 6;

/// A text that `pattern` matches; none if the pattern has parts that can't be built, such as looking ahead.
pub(crate) fn text(pattern: &str, random: &mut Random) -> Option<String> {
    let hir = ParserBuilder::new().nest_limit(100).build().parse(&in_our_dialect(pattern)).ok()?;
    let mut out = String::new();
    build(&hir, random, &mut out, 0)?;
    Some(out)
}

/// Escapes that ECMA allows and the parser doesn't know.
fn in_our_dialect(pattern: &str) -> String {
    pattern
        .replace("\\/", "/")
        .replace("\\_", "_")
        .replace("\\'", "'")
        .replace("\\\"", "\"")
        .replace("\\@", "@")
}

fn build(hir: &Hir, random: &mut Random, out: &mut String, depth: usize) -> Option<()> {
    if out.len() > 20_000 || depth > 60 {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => out.push(member(class, random)?),
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Capture(capture) => build(&capture.sub, random, out, depth + 1)?,
        HirKind::Concat(parts) => {
            for part in parts {
                build(part, random, out, depth + 1)?;
            }
        }
        HirKind::Alternation(parts) => build(random.pick(parts)?, random, out, depth + 1)?,
        HirKind::Repetition(repetition) => {
            let high = repetition.max.unwrap_or(repetition.min + MOST_MORE);
            let times = match random.below(3) {
                0 => repetition.min,
                1 => high.min(repetition.min + 40),
                _ => {
                    random.between(repetition.min.into(), high.min(repetition.min + MOST_MORE).into()) as u32
                }
            };
            for _ in 0..times {
                build(&repetition.sub, random, out, depth + 1)?;
            }
        }
    }
    Some(())
}

/// A member of a class; a plain visible one if there is any, since what `\d` means beyond ASCII depends on the dialect.
fn member(class: &ClassUnicode, random: &mut Random) -> Option<char> {
    let within = |low: char, high: char| -> Vec<(char, char)> {
        let each = class.ranges().iter();
        let cut = each.map(|range| (range.start().max(low), range.end().min(high)));
        cut.filter(|(start, end)| start <= end).collect()
    };
    let visible = within('!', '~');
    let ascii = within(' ', '~');
    let any = within('\0', char::MAX);
    let ranges = [visible, ascii, any].into_iter().find(|ranges| !ranges.is_empty())?;
    let &(start, end) = random.pick(&ranges)?;
    let code = random.between(u32::from(start).into(), u32::from(end).into()) as u32;
    Some(char::from_u32(code).unwrap_or(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_their_pattern() {
        for pattern in ["^[a-z]{3}-\\d+$", "^(a|bc)*x?$", "^\\w+\\/\\w+$", "[^a-z]", "^.{2,4}$", "^\\s\\S$"] {
            let schema = serde_json::json!({"pattern": pattern});
            let validator = jsonschema::validator_for(&schema).unwrap();
            for seed in 0..50 {
                let text = text(pattern, &mut Random::new(seed)).unwrap();
                assert!(validator.is_valid(&text.clone().into()), "{pattern} {text:?}");
            }
        }
    }

    #[test]
    fn looking_ahead_is_no_panic() {
        assert_eq!(text("^(?!a).*$", &mut Random::new(1)), None);
        assert_eq!(text("(", &mut Random::new(1)), None);
    }
}
