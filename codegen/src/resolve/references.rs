use crate::diagnostic::{Problem, Reported, code};
use crate::openapi::{Reading, RefOr, Reference};
use crate::source::{FileId, Found, Lost, Node, Pointer, Tree};

/// Where a reference leads.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The node there; it may be a reference again.
    pub node: &'a Node,
    /// The file that it stands in.
    pub file: FileId,
    /// The way to it in that file.
    pub pointer: Pointer,
}

impl<'a> From<Found<'a>> for Target<'a> {
    fn from(Found { node, file, pointer }: Found<'a>) -> Self {
        Self { node, file, pointer }
    }
}

impl Target<'_> {
    /// Its name, if it is a component of the document.
    #[must_use]
    pub fn component(&self) -> Option<&str> {
        match self.pointer.tokens() {
            _ if self.file != FileId::ROOT => None,
            [root, _, name] if root == "components" => Some(name),
            [root, name] if root == "definitions" => Some(name),
            _ => None,
        }
    }

    /// Its name, if it is a component, or stands in another file: then the last word of the way to it, or the file's
    /// own name.
    #[must_use]
    pub fn name(&self, tree: &Tree<'_>) -> Option<String> {
        if self.file == FileId::ROOT {
            return self.component().map(str::to_owned);
        }
        let is_name = |token: &&String| token.parse::<usize>().is_err();
        let last = self.pointer.tokens().iter().rev().find(is_name).cloned();
        last.or_else(|| {
            let path = tree.sources().file(self.file)?.name();
            let file = path.rsplit(['/', '\\']).next()?;
            let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
            (!stem.is_empty()).then(|| stem.to_owned())
        })
    }
}

/// Takes one step.
///
/// # Errors
/// If it leads nowhere.
pub fn target<'a>(reading: Reading<'a>, reference: &Reference<'a>) -> Result<Target<'a>, Reported> {
    let text = &reference.target;
    let lost = match reading.tree.find(text.span.file, &text.value) {
        Ok(found) => return Ok(found.into()),
        Err(lost) => lost,
    };
    let problem = |code, message: String| Problem::new(code, text.span, message);
    let written = &text.value;
    let problem = match lost {
        // A bare name is how older documents referred to a schema.
        Lost::File(_) if !written.contains(['#', '/', '.']) => {
            problem(code::BAD_REFERENCE, format!("`{written}` isn't a reference"))
                .help(format!("perhaps `#/components/schemas/{written}` is meant"))
        }
        Lost::Remote => {
            return Err(problem(code::FOREIGN_REFERENCE, format!("`{written}` leads into the net"))
                .help("save the file beside the document and refer to that")
                .report_fatal(reading.sink));
        }
        Lost::File(reason) => {
            problem(code::UNREADABLE_REFERENCE, format!("`{written}` leads into a file that can't be read"))
                .help(reason)
        }
        Lost::NotAPointer => problem(
            code::BAD_REFERENCE,
            format!(
                "`{written}` is neither a JSON pointer, which begins with a slash, nor the name of an anchor"
            ),
        )
        .help("references look like `#/components/schemas/Name`"),
        Lost::Nowhere { file, pointer, depth } => {
            let problem = problem(code::DANGLING_REFERENCE, format!("`{written}` leads nowhere"));
            match suggestion(reading, file, &pointer, depth) {
                Some(other) => problem.help(format!("there is `{other}`")),
                None => problem.help(match pointer.tokens().get(depth) {
                    Some(token) => format!("there is no `{token}` there"),
                    None => "the file it leads into couldn't be read".to_owned(),
                }),
            }
        }
    };
    Err(problem.report(reading.sink))
}

/// As [`target`], without a word about what is wrong: for looking ahead at what is reported elsewhere.
#[must_use]
pub fn quiet_target<'a>(tree: &'a Tree<'a>, reference: &Reference<'_>) -> Option<Target<'a>> {
    let text = &reference.target;
    tree.find(text.span.file, &text.value).ok().map(Target::from)
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
fn suggestion(reading: Reading<'_>, file: FileId, pointer: &Pointer, depth: usize) -> Option<String> {
    let [root, heading, name] = pointer.tokens() else { return None };
    if root != "components" || depth == 0 || file != FileId::ROOT {
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
