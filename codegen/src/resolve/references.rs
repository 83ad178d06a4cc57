use crate::diagnostic::{Problem, Reported, code};
use crate::openapi::{Reading, RefOr, Reference};
use crate::source::{Node, Pointer, Tree};

/// Where a reference leads.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The node there; it may be a reference again.
    pub node: &'a Node,
    /// The way to it.
    pub pointer: Pointer,
}

impl Target<'_> {
    /// Its name, if it is a component.
    #[must_use]
    pub fn component(&self) -> Option<&str> {
        match self.pointer.tokens() {
            [root, _, name] if root == "components" => Some(name),
            [root, name] if root == "definitions" => Some(name),
            _ => None,
        }
    }
}

/// Takes one step.
///
/// # Errors
/// If it leads nowhere, or into another file.
pub fn target<'a>(reading: Reading<'a>, reference: &Reference<'a>) -> Result<Target<'a>, Reported> {
    let text = &reference.target;
    let Some((file, fragment)) = text.value.split_once('#') else {
        let message = format!("`{}` leads into another file", text.value);
        // A bare name is how older documents referred to a schema.
        let problem = if text.value.contains(['/', '.']) {
            Problem::new(code::FOREIGN_REFERENCE, text.span, message)
        } else {
            let message = format!("`{}` isn't a reference", text.value);
            Problem::new(code::BAD_REFERENCE, text.span, message)
                .help(format!("perhaps `#/components/schemas/{}` is meant", text.value))
        };
        return Err(problem.report_fatal(reading.sink));
    };
    if !file.is_empty() {
        let message = format!("`{}` leads into another file", text.value);
        return Err(Problem::new(code::FOREIGN_REFERENCE, text.span, message)
            .help("bundle the document into one file")
            .report_fatal(reading.sink));
    }
    let Some(pointer) = Pointer::parse_fragment(fragment) else {
        let message = format!("`{}` isn't a JSON pointer: it doesn't begin with a slash", text.value);
        return Err(Problem::new(code::BAD_REFERENCE, text.span, message)
            .help("references look like `#/components/schemas/Name`")
            .report(reading.sink));
    };
    match reading.tree.lookup(text.span.file, &pointer) {
        Ok(node) => Ok(Target { node, pointer }),
        Err(depth) => {
            let message = format!("`{}` leads nowhere", text.value);
            let problem = Problem::new(code::DANGLING_REFERENCE, text.span, message);
            let problem = match suggestion(reading, &pointer, depth) {
                Some(other) => problem.help(format!("there is `{other}`")),
                None => problem.help(match pointer.tokens().get(depth) {
                    Some(token) => format!("there is no `{token}` there"),
                    None => "the file it leads into couldn't be read".to_owned(),
                }),
            };
            Err(problem.report(reading.sink))
        }
    }
}

/// As [`target`], without a word about what is wrong: for looking ahead at what is reported elsewhere.
#[must_use]
pub fn quiet_target<'a>(tree: &'a Tree<'a>, reference: &Reference<'_>) -> Option<Target<'a>> {
    let text = &reference.target;
    let (file, fragment) = text.value.split_once('#')?;
    let pointer = Pointer::parse_fragment(fragment).filter(|_| file.is_empty())?;
    let node = tree.lookup(text.span.file, &pointer).ok()?;
    Some(Target { node, pointer })
}

/// Follows references to their end and reads what is there. Also tells the name of the first component on the way.
///
/// # Errors
/// If they lead nowhere or in a circle, or what is there is broken.
pub fn follow<'a, T: Clone>(
    reading: Reading<'a>,
    part: &RefOr<'a, T>,
    read: impl FnOnce(Reading<'a>, &'a Node) -> Result<T, Reported>,
) -> Result<(T, Option<String>), Reported> {
    let first = match part {
        RefOr::Value(value) => return Ok((value.clone(), None)),
        RefOr::Reference(reference) => reference,
    };
    let mut reference = first.clone();
    let mut component = None;
    let mut seen = vec![first.node.identity()];
    loop {
        let target = target(reading, &reference)?;
        component = component.or_else(|| target.component().map(str::to_owned));
        match Reference::of(target.node) {
            None => return Ok((read(reading, target.node)?, component)),
            Some(_) if seen.contains(&target.node.identity()) => {
                let message = format!("`{}` leads back to itself", first.target.value);
                return Err(
                    Problem::new(code::REFERENCE_CYCLE, first.target.span, message).report(reading.sink)
                );
            }
            Some(next) => {
                seen.push(target.node.identity());
                reference = next;
            }
        }
    }
}

/// A component that the reference may mean: of this name but for case, or of this name under another heading.
fn suggestion(reading: Reading<'_>, pointer: &Pointer, depth: usize) -> Option<String> {
    let [root, heading, name] = pointer.tokens() else { return None };
    if root != "components" || depth == 0 {
        return None;
    }
    let components = reading.tree.root()?.get("components")?.as_object()?;
    let found = components.iter().flat_map(|group| {
        let members = group.value.as_object().into_iter().flat_map(|object| object.iter());
        members.map(|member| (group.key.as_str(), member.key.as_str()))
    });
    let alike = |left: &str, right: &str| {
        let plain = |text: &str| text.replace(['_', '-', '.'], "").to_ascii_lowercase();
        plain(left) == plain(right)
    };
    let best = found
        .filter(|(group, other)| other == name || (group == heading && alike(other, name)))
        .max_by_key(|(group, _)| group == heading);
    best.map(|(group, other)| format!("#/components/{group}/{other}"))
}
