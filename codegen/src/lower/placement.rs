//! Which of a path template's parameters each declared one is.

use super::path_template;
use crate::diagnostic::{Problem, code};
use crate::ir::{ParameterLocation, PathTemplate, SegmentPart};
use crate::openapi::{Parameter, Reading};
use crate::resolve::ResolvedOperation;

/// For each parameter of the operation its position among the template's; `None` if it isn't in the path, or is said to
/// be and isn't. Where the two differ and it is plain what is meant, the document is repaired.
pub(super) fn places(
    reading: Reading<'_>,
    source: &ResolvedOperation<'_>,
    template: &mut PathTemplate,
) -> Vec<Option<usize>> {
    let in_path = |one: &Parameter<'_>| one.location == ParameterLocation::Path;
    let declared: Vec<&Parameter<'_>> = source.parameters.iter().filter(|one| in_path(one)).collect();
    for parameter in &declared {
        read_colon(reading, source, template, parameter);
    }
    let names: Vec<String> = path_template::parameters(template).map(str::to_owned).collect();
    let exact = |parameter: &Parameter<'_>| names.iter().position(|name| *name == parameter.name.value);
    let mut taken: Vec<bool> =
        names.iter().map(|name| declared.iter().any(|one| one.name.value == *name)).collect();
    let mut places: Vec<Option<usize>> = Vec::new();
    for parameter in &source.parameters {
        let place = if in_path(parameter) { exact(parameter) } else { None };
        let alike = |at: &usize| !taken[*at] && plain(&names[*at]) == plain(&parameter.name.value);
        let repaired = (0..names.len()).find(|at| in_path(parameter) && place.is_none() && alike(at));
        if let Some(at) = repaired {
            taken[at] = true;
            tell(reading, source, parameter, &names[at]);
        }
        places.push(place.or(repaired));
    }
    // One is left over on either side: they are each other.
    let left: Vec<usize> = (0..names.len()).filter(|at| !taken[*at]).collect();
    let lost: Vec<usize> =
        (0..places.len()).filter(|at| places[*at].is_none() && in_path(&source.parameters[*at])).collect();
    if let ([at], [index]) = (left.as_slice(), lost.as_slice()) {
        tell(reading, source, &source.parameters[*index], &names[*at]);
        places[*index] = Some(*at);
        return places;
    }
    for index in lost {
        let name = &source.parameters[index].name;
        let message =
            format!("the path `{}` has no parameter `{}`; it is ignored", source.path.value, name.value);
        Problem::new(code::PARAMETER_NOT_IN_PATH, name.span, message)
            .related(source.path.span, "the path")
            .help(format!("write `{{{}}}` in the path, or remove the parameter", name.value))
            .report(reading.sink);
    }
    places
}

/// `/:id` is how other languages write `/{id}`.
fn read_colon(
    reading: Reading<'_>,
    source: &ResolvedOperation<'_>,
    template: &mut PathTemplate,
    parameter: &Parameter<'_>,
) {
    let name = &parameter.name.value;
    let has_colon = |segment: &&mut Vec<SegmentPart>| match segment.as_slice() {
        [SegmentPart::Literal(text)] => text.strip_prefix(':') == Some(name),
        _ => false,
    };
    if path_template::parameters(template).any(|other| other == name) {
        return;
    }
    if let Some(segment) = template.segments.iter_mut().find(has_colon) {
        *segment = vec![SegmentPart::Parameter(name.clone())];
        let message = format!("the path says `:{name}`; `{{{name}}}` is taken");
        Problem::new(code::REPAIRED_PATH_PARAMETER, parameter.name.span, message)
            .related(source.path.span, "the path")
            .report(reading.sink);
    }
}

fn tell(reading: Reading<'_>, source: &ResolvedOperation<'_>, parameter: &Parameter<'_>, name: &str) {
    let message = format!("the path says `{{{name}}}`, not `{{{}}}`", parameter.name.value);
    Problem::new(code::REPAIRED_PATH_PARAMETER, parameter.name.span, message)
        .related(source.path.span, "the path")
        .report(reading.sink);
}

fn plain(text: &str) -> String {
    text.replace(['_', '-', '.'], "").to_ascii_lowercase()
}
