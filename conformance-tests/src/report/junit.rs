//! A report as JUnit's XML, which build servers read.

use std::fmt::Write as _;

use super::{Failure, Outcome, Report};

impl Report {
    /// The report as JUnit's XML: one suite for each layer. It has no times in it.
    ///
    /// A known failure is a case that was skipped; an entry of the list of known failures that is stale is a failure.
    #[must_use]
    pub fn to_junit(&self) -> String {
        let mut layers: Vec<_> = self.cases.iter().map(|case| case.layer).collect();
        layers.dedup();
        layers.sort_unstable();
        layers.dedup();
        let mut xml =
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name={}>\n", quoted(&self.api));
        for layer in layers {
            let cases: Vec<_> = self.cases.iter().filter(|case| case.layer == layer).collect();
            let count = |test: fn(&Outcome) -> bool| cases.iter().filter(|case| test(&case.outcome)).count();
            let _ = writeln!(
                xml,
                "  <testsuite name={} tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
                quoted(&format!("{}.{}", self.api, layer.name())),
                cases.len(),
                count(|outcome| matches!(outcome, Outcome::Fail(_))),
                count(|outcome| matches!(outcome, Outcome::Error(_))),
                count(|outcome| matches!(outcome, Outcome::Skip(_) | Outcome::Known(..))),
            );
            for case in cases {
                let _ = write!(
                    xml,
                    "    <testcase classname={} name={}",
                    quoted(&format!("{}.{}", self.api, layer.name())),
                    quoted(&case.id)
                );
                let failed = |failure: &Failure| {
                    format!(
                        "{}\n\nexpected: {}\ncame: {}\n\n{}\n\nreplay: {}",
                        case.requirement,
                        failure.expected,
                        failure.came,
                        case.curl(&self.target).join("\n"),
                        self.replay_id(case)
                    )
                };
                let inner = match &case.outcome {
                    Outcome::Pass => None,
                    Outcome::Fail(failure) => Some(format!(
                        "<failure type={} message={}>{}</failure>",
                        quoted(case.level.name()),
                        quoted(&failure.expected),
                        escaped(&failed(failure))
                    )),
                    Outcome::Skip(reason) => Some(format!("<skipped message={}/>", quoted(reason))),
                    Outcome::Known(_, reason) => {
                        Some(format!("<skipped message={}/>", quoted(&format!("known failure: {reason}"))))
                    }
                    Outcome::Error(reason) => Some(format!("<error message={}/>", quoted(reason))),
                };
                match inner {
                    None => xml.push_str("/>\n"),
                    Some(inner) => {
                        let _ = writeln!(xml, ">{inner}</testcase>");
                    }
                }
            }
            xml.push_str("  </testsuite>\n");
        }
        if !self.stale.is_empty() {
            let name = quoted(&format!("{}.known-failures", self.api));
            let count = self.stale.len();
            let _ = writeln!(xml, "  <testsuite name={name} tests=\"{count}\" failures=\"{count}\">");
            for pattern in &self.stale {
                let _ = writeln!(
                    xml,
                    "    <testcase classname={name} name={}><failure type=\"stale\" message=\"no failure matches this entry\"/></testcase>",
                    quoted(pattern)
                );
            }
            xml.push_str("  </testsuite>\n");
        }
        xml.push_str("</testsuites>\n");
        xml
    }
}

/// Text between tags. What XML can't hold is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The value of an attribute, on one line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('\n', "&#10;").replace('\t', "&#9;"))
}
