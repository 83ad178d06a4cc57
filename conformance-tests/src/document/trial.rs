//! One request that differs from a plain valid one in one way, and what its answer has to be.

use std::rc::Rc;

use planewright_sample::{Probe, Sampler, Size};
use serde_json::Value;

use super::answers::faults;
use super::cases::MOST;
use super::form;
use super::guide::{Ground, Guide, Purpose};
use super::operation::{Operation, Place};
use super::validity::Document;
use super::wire::Request;
use crate::{Answer, Context, Stop};

/// What is different.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Nothing.
    Nothing,
    /// A parameter has this value.
    Probe(usize, Probe),
    /// A parameter isn't there.
    Without(usize),
    /// The query has one more piece.
    Query(String),
    /// A parameter of the path has this text.
    Path(usize, String),
    /// The JSON body is this.
    Json(Probe),
    /// The bytes of the body are changed.
    Bytes(fn(&[u8]) -> Vec<u8>),
    /// The body has another media type.
    MediaType(&'static str),
    /// There is no body.
    NoBody,
}

/// What the answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The request is valid: it isn't refused as if it weren't.
    Accepted,
    /// The request isn't valid: a declared 4xx.
    Refused,
    /// The document says nothing about it: any declared answer.
    Answered,
}

/// One request, and what its answer has to be.
pub(crate) struct Trial {
    pub(crate) document: Rc<Document>,
    pub(crate) guide: Rc<dyn Guide>,
    pub(crate) operation: usize,
    pub(crate) change: Change,
    pub(crate) expected: Expected,
    /// Constraint and side that it covers.
    pub(crate) covers: (String, String),
}

impl Trial {
    fn operation(&self) -> &Operation {
        &self.document.operations[self.operation]
    }

    pub(crate) async fn run(&self, cx: &Context) -> Result<(), Stop> {
        let operation = self.operation();
        let purpose = match self.expected {
            Expected::Refused => Purpose::Refused,
            _ if operation.is_safe() => Purpose::Look,
            _ => Purpose::Change,
        };
        let mut ground = self.guide.ground(cx, operation, purpose).await?;
        let request = self.request(cx, &mut ground)?;
        let answer = request.call(cx, self.guide.prefix(), operation).send().await?;
        let judged = self.judge(cx, &ground, &answer);
        self.guide.after(cx, operation, &ground, &answer).await?;
        judged
    }

    /// The plain request with the change.
    pub(super) fn request(&self, cx: &Context, ground: &mut Ground) -> Result<Request, Stop> {
        let (document, operation) = (&self.document, self.operation());
        let mut request = ground.request.clone();
        let schemas = document.request_schemas();
        for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
            if request.get(parameter).is_some() {
                continue;
            }
            let drawn = drawn(document, &parameter.schema, cx, |value| {
                super::wire::is_valid(document, parameter, value) == Some(true)
            });
            let Some(drawn) = drawn else {
                return Err(Stop::Skip(format!(
                    "no valid value of parameter {} can be made",
                    parameter.name
                )));
            };
            ground.known &= parameter.place != Place::Path;
            request.set(parameter, drawn);
        }
        if let Some(body) = operation.body.as_ref().filter(|_| request.body.is_none()) {
            let wanted = body.required || ground.members.is_some() || !matches!(self.change, Change::Nothing);
            match body.json() {
                Some((media_type, schema)) => {
                    let value = match &self.change {
                        Change::Json(probe) => {
                            let probe = self.anew(cx, schema, probe);
                            Some(overlaid(probe.value, &probe.pointer, ground))
                        }
                        _ => drawn(document, schema, cx, |value| document.refuses(schema, value).is_none())
                            .map(|value| overlaid(value, "/", ground)),
                    };
                    if wanted {
                        let value =
                            value.ok_or_else(|| Stop::Skip("no valid body can be made".to_owned()))?;
                        let valid = document.refuses(schema, &value);
                        let expected = match self.expected {
                            Expected::Accepted => valid.is_none(),
                            Expected::Refused if matches!(self.change, Change::Json(_)) => valid.is_some(),
                            _ => true,
                        };
                        if !expected {
                            let reason = valid.unwrap_or_else(|| "it is valid".to_owned());
                            return Err(Stop::Error(format!("the body isn't what it should be: {reason}")));
                        }
                        request.json(media_type, &value);
                    }
                }
                None if wanted => request.body = form::made(schemas, body),
                None => {}
            }
        }
        match &self.change {
            Change::Nothing | Change::Json(_) => {}
            Change::Probe(index, probe) => {
                let parameter = &operation.parameters[*index];
                let anew = self.anew(cx, &parameter.schema, probe);
                let same = |probe: &Probe| super::wire::is_valid(document, parameter, &probe.value);
                let probe = if same(&anew) == same(probe) { &anew } else { probe };
                request.set(parameter, probe.value.clone());
                ground.known &= parameter.place != Place::Path;
            }
            Change::Without(index) => request.unset(&operation.parameters[*index]),
            Change::Query(piece) => request.query.push(piece.clone()),
            Change::Path(index, text) => {
                request.raw.push((operation.parameters[*index].name.clone(), text.clone()));
                ground.known = false;
            }
            Change::Bytes(change) => {
                let body = request.body.take().ok_or_else(|| Stop::Skip("there is no body".to_owned()))?;
                request.body = Some((body.0, change(&body.1)));
            }
            Change::MediaType(other) => {
                let body = request.body.take().ok_or_else(|| Stop::Skip("there is no body".to_owned()))?;
                request.body = Some(((*other).to_owned(), body.1));
            }
            Change::NoBody => request.body = None,
        }
        Ok(request)
    }

    /// The same probe with texts of this case's own, so that nothing has had them before.
    fn anew(&self, cx: &Context, schema: &str, probe: &Probe) -> Probe {
        let schemas = self.document.request_schemas();
        let seed = u64::from_str_radix(&cx.id()[..16], 16).unwrap_or_default();
        let Some(node) = schemas.pointer(schema) else { return probe.clone() };
        let same = |other: &Probe| {
            (&other.place, other.keyword, &other.side) == (&probe.place, probe.keyword, &probe.side)
        };
        let anew = Sampler::new(schemas).probes(node, seed, MOST).into_iter().find(same);
        anew.filter(|anew| {
            self.document.refuses(schema, &anew.value).is_none()
                == self.document.refuses(schema, &probe.value).is_none()
        })
        .unwrap_or_else(|| probe.clone())
    }

    fn judge(&self, cx: &Context, ground: &Ground, answer: &Answer) -> Result<(), Stop> {
        let operation = self.operation();
        let status = answer.status();
        if status == 501 {
            return Err(Stop::Skip(format!("the implementation can't do this: {}", told(answer))));
        }
        if status == 503 && operation.response(status).is_some() {
            return Err(Stop::Skip(format!("not available now: {}", told(answer))));
        }
        if operation.secured && matches!(status, 401 | 403) {
            return Err(Stop::Skip(format!("status {status}: it wants credentials")));
        }
        if status >= 500 {
            return Err(answer.unexpected("no status of 500 and above"));
        }
        match self.expected {
            Expected::Accepted => {
                let refused = [400, 405, 406, 413, 414, 415, 422, 431].contains(&status);
                let missing = matches!(status, 404 | 410) && ground.known;
                if refused || missing || status == 409 {
                    return Err(answer.unexpected("a valid request is accepted"));
                }
            }
            Expected::Refused => {
                if !(400..500).contains(&status) {
                    return Err(answer.unexpected("a request that isn't valid is refused with 4xx"));
                }
            }
            Expected::Answered => {}
        }
        if let Some(fault) = faults(&self.document, operation, answer.heard()).into_iter().next() {
            return Err(answer.unexpected(format!("an answer as declared ({fault})")));
        }
        // Where the path names nothing, an answer says little about the rest of the request.
        if !matches!(status, 404 | 410) || ground.known || self.covers.0.contains(".path.") {
            cx.covers(&self.covers.0, &self.covers.1);
        }
        Ok(())
    }
}

fn told(answer: &Answer) -> String {
    String::from_utf8_lossy(answer.bytes()).chars().take(120).collect()
}

/// A small valid value.
pub(crate) fn drawn(
    document: &Document,
    schema: &str,
    cx: &Context,
    is_valid: impl Fn(&Value) -> bool,
) -> Option<Value> {
    let schemas = document.request_schemas();
    let node = schemas.pointer(schema)?;
    let sampler = Sampler::new(schemas);
    (0..20).find_map(|_| {
        let seed = cx.random(|random| random.u64(..));
        sampler.draw(node, Size::Small, seed).map(|sample| sample.value).filter(|value| is_valid(value))
    })
}

/// A body with the members that make sense together, save the one that the change is about.
fn overlaid(mut body: Value, pointer: &str, ground: &Ground) -> Value {
    if let (Some(any), Value::Object(body)) = (&ground.any, &mut body)
        && let Some(value) = body.shift_remove("key")
    {
        body.insert(any.clone(), value);
    }
    let Some(Value::Object(members)) = &ground.members else { return body };
    let about = pointer.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let about = about.replace("~1", "/").replace("~0", "~");
    let about = if about == "key" { ground.any.clone().unwrap_or(about) } else { about };
    if let Value::Object(body) = &mut body {
        for (name, value) in members.iter().filter(|(name, _)| **name != about) {
            body.insert(name.clone(), value.clone());
        }
    }
    body
}
