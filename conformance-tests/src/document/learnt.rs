//! What can be learnt about things and their names from a document and its server: which call makes one, what it is called
//! then, which other things it needs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use http::Method;
use planewright_sample::resolve;
use serde_json::{Map, Value, json};

use super::guide::{Ground, Guide, Part, Purpose, Weight};
use super::operation::{Operation, Place};
use super::trial::{Change, Expected, Trial};
use super::validity::Document;
use super::wire::{Request, encoded};
use crate::{Answer, Context, Stop};

/// Things of one kind: a collection and its items.
#[derive(Debug)]
pub(super) struct Resource {
    /// `/things/{thingId}`
    pub(super) item: String,
    /// `/things`
    pub(super) collection: String,
    /// `thingId`
    pub(super) parameter: String,
    pub(super) create: Option<usize>,
    pub(super) list: Option<usize>,
    pub(super) read: Option<usize>,
    pub(super) replace: Option<usize>,
    pub(super) remove: Option<usize>,
}

impl Resource {
    /// The collection's name in letters alone, without the sign of the plural.
    fn singular(&self) -> String {
        let name = self
            .collection
            .rsplit('/')
            .find(|part| !part.is_empty() && !part.contains('{'))
            .unwrap_or_default();
        let name = letters(name);
        let ies = name.strip_suffix("ies").map(|stem| format!("{stem}y"));
        ies.or_else(|| name.strip_suffix('s').map(str::to_owned)).unwrap_or(name)
    }
}

/// Letters and digits of a name, small.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect()
}

/// A guide that knows what the document and the answers of its server say.
pub(super) struct Learnt {
    pub(super) document: Rc<Document>,
    pub(super) resources: Vec<Resource>,
}

/// Names of things that are there, by the path of the item without its own name.
#[derive(Default)]
struct There(RefCell<BTreeMap<String, Value>>);

/// A thing: what its path is made of.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// Parameters of the path, the last of which is its name.
    pub(super) request: Request,
    /// What was answered when it was made.
    pub(super) made: Option<Answer>,
    /// What was sent to make it.
    pub(super) sent: Option<Value>,
}

/// Words in names of operations that nobody wants called.
const DESTRUCTIVE: [&str; 9] =
    ["shutdown", "reboot", "restart", "terminate", "wipe", "purge", "truncate", "reset", "deleteall"];

impl Learnt {
    pub(super) fn new(document: &Rc<Document>) -> Self {
        let mut resources: Vec<Resource> = Vec::new();
        let find = |method: Method, template: &str| {
            let is = |operation: &Operation| operation.method == method && operation.template == template;
            document.operations.iter().position(is)
        };
        for operation in &document.operations {
            let Some((collection, last)) = operation.template.rsplit_once('/') else { continue };
            let name = last.strip_prefix('{').and_then(|last| last.strip_suffix('}'));
            let (Some(parameter), item) = (name, operation.template.clone()) else { continue };
            if parameter.contains('{') || resources.iter().any(|known| known.item == item) {
                continue;
            }
            let slashed = format!("{collection}/");
            let of = |method: Method| find(method.clone(), collection).or_else(|| find(method, &slashed));
            resources.push(Resource {
                create: of(Method::POST),
                list: of(Method::GET),
                read: find(Method::GET, &item),
                replace: find(Method::PUT, &item),
                remove: find(Method::DELETE, &item),
                parameter: parameter.to_owned(),
                collection: collection.to_owned(),
                item,
            });
        }
        Self { document: Rc::clone(document), resources }
    }

    fn resource_of(&self, item: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.item == item)
    }

    /// The call that makes things: its collection, or the item itself.
    fn maker(&self, resource: &Resource) -> Option<usize> {
        resource.create.or(resource.replace)
    }

    /// Fills the parameters of a path, up to the given part of it. Returns whether all that it names is there.
    async fn named(
        &self,
        cx: &Context,
        template: &str,
        (alone, request): (bool, &mut Request),
        made: &mut Vec<String>,
    ) -> Result<bool, Stop> {
        let parts: Vec<&str> = template.split('/').collect();
        let names = parts.iter().filter(|part| part.contains('{')).count();
        let (mut known, mut seen) = (true, 0);
        for (index, part) in parts.iter().enumerate() {
            let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else { continue };
            seen += 1;
            let item = parts[..=index].join("/");
            let Some(resource) = self.resource_of(&item) else {
                known = false;
                continue;
            };
            let last = seen == names;
            let value = if alone && last {
                let thing = self.thing(cx, resource, request).await?;
                if let (Some(thing), Some(remove)) = (&thing, resource.remove) {
                    made.push(thing.request.path("", &self.document.operations[remove]));
                }
                thing.and_then(|thing| thing.name(name))
            } else {
                self.shared(cx, resource, request).await?
            };
            match value {
                Some(value) => request.values.push(((Place::Path, name.to_owned()), value)),
                None => known = false,
            }
        }
        Ok(known)
    }

    /// The name of a thing that all cases look at and none changes.
    async fn shared(
        &self,
        cx: &Context,
        resource: &Resource,
        parents: &Request,
    ) -> Result<Option<Value>, Stop> {
        let key = format!("{} {:?}", resource.item, parents.values);
        let there = cx.kept::<There>();
        if let Some(known) = there.0.borrow().get(&key) {
            return Ok(Some(known.clone()));
        }
        let made = cx
            .for_the_run(async || {
                let thing = Box::pin(self.thing(cx, resource, parents)).await?;
                if let (Some(thing), Some(remove)) = (&thing, resource.remove) {
                    let remove = &self.document.operations[remove];
                    cx.afterwards(thing.request.call(cx, "", remove));
                }
                Ok(thing.and_then(|thing| thing.name(&resource.parameter)))
            })
            .await?;
        let made = match made {
            Some(made) => Some(made),
            None => self.listed(cx, resource, parents).await?,
        };
        if let Some(made) = &made {
            there.0.borrow_mut().insert(key, made.clone());
        }
        Ok(made)
    }

    /// Makes a new thing. None if the document doesn't say how, or the server doesn't.
    pub(super) async fn thing(
        &self,
        cx: &Context,
        resource: &Resource,
        parents: &Request,
    ) -> Result<Option<Thing>, Stop> {
        let Some(index) = self.maker(resource) else { return Ok(None) };
        let operation = &self.document.operations[index];
        let mut ground = Ground { request: parents.clone(), known: true, ..Ground::default() };
        if resource.create.is_none() {
            let Some(parameter) = operation.parameters.iter().find(|one| one.name == resource.parameter)
            else {
                return Ok(None);
            };
            let Some(name) = self.fresh(cx, &parameter.schema, "thing") else { return Ok(None) };
            ground.request.set(parameter, name);
        }
        ground.members = Box::pin(self.members(cx, operation, &ground.request)).await?;
        let request = self.plain(cx, index, &mut ground)?;
        let answer = request.call(cx, "", operation).send().await?;
        if !(200..300).contains(&answer.status()) {
            return Ok(None);
        }
        let sent = request.body.as_ref().and_then(|(_, bytes)| serde_json::from_slice(bytes).ok());
        let mut thing = Thing { request: parents.clone(), made: None, sent };
        let name = if resource.create.is_none() {
            ground.request.values.last().map(|(_, value)| value.clone())
        } else {
            self.name_in(resource, operation, &answer, thing.sent.as_ref())
        };
        let Some(name) = name else { return Ok(None) };
        thing.request.values.push(((Place::Path, resource.parameter.clone()), name));
        thing.made = Some(answer);
        Ok(Some(thing))
    }

    /// The first thing of a list.
    async fn listed(
        &self,
        cx: &Context,
        resource: &Resource,
        parents: &Request,
    ) -> Result<Option<Value>, Stop> {
        let Some(index) = resource.list else { return Ok(None) };
        let mut ground = Ground { request: parents.clone(), known: true, ..Ground::default() };
        let request = self.plain(cx, index, &mut ground)?;
        let answer = request.call(cx, "", &self.document.operations[index]).send().await?;
        let Ok(body) = serde_json::from_slice::<Value>(answer.bytes()) else { return Ok(None) };
        let first = items(&body).and_then(|items| items.first());
        Ok(match first {
            Some(Value::Object(members)) => self.own_name(resource, members),
            Some(scalar @ (Value::String(_) | Value::Number(_))) => Some(scalar.clone()),
            _ => None,
        })
    }

    /// What a new thing is called: by a link, by `Location`, by the body of the answer, by that of the request.
    pub(super) fn name_in(
        &self,
        resource: &Resource,
        operation: &Operation,
        answer: &Answer,
        sent: Option<&Value>,
    ) -> Option<Value> {
        let body = serde_json::from_slice::<Value>(answer.bytes()).ok();
        let read = resource.read.map(|read| self.document.operations[read].id.as_str());
        let links = operation.response(answer.status()).map_or(&[][..], |response| &response.links);
        let linked =
            links.iter().filter(|(target, _)| Some(target.as_str()) == read).find_map(|(_, from)| {
                let (_, place) = from.iter().find(|(name, _)| *name == resource.parameter)?;
                body.as_ref()?.pointer(place).cloned()
            });
        let location = || {
            let path = answer.header("location")?;
            let path = path.split(['?', '#']).next()?.trim_end_matches('/');
            let (rest, name) = path.rsplit_once('/')?;
            // Only if it leads to the item.
            let literal = |template: &str| template.rsplit('/').next().map(str::to_owned);
            (literal(rest)? == literal(&resource.collection)?).then(|| json!(name))
        };
        let own = || body.as_ref()?.as_object().and_then(|members| self.own_name(resource, members));
        let asked = || sent?.as_object().and_then(|members| self.own_name(resource, members));
        linked.or_else(own).or_else(location).or_else(asked)
    }

    /// The member of a thing that is its name.
    pub(super) fn own_name(&self, resource: &Resource, members: &Map<String, Value>) -> Option<Value> {
        let singular = resource.singular();
        let wanted = [
            letters(&resource.parameter),
            "id".to_owned(),
            format!("{singular}id"),
            "uuid".to_owned(),
            "name".to_owned(),
            "key".to_owned(),
        ];
        wanted.iter().find_map(|wanted| {
            let (_, value) = members.iter().find(|(name, _)| letters(name) == *wanted)?;
            (value.is_string() || value.is_number()).then(|| value.clone())
        })
    }

    /// Members of a body that name things: others, which are there, and itself, which nothing else is called.
    pub(super) async fn members(
        &self,
        cx: &Context,
        operation: &Operation,
        request: &Request,
    ) -> Result<Option<Value>, Stop> {
        let Some((_, pointer)) = operation.body.as_ref().and_then(|body| body.json()) else {
            return Ok(None);
        };
        let schemas = self.document.request_schemas();
        let Some(schema) = schemas.pointer(pointer) else { return Ok(None) };
        let (mut properties, mut required) = (Vec::new(), Vec::new());
        collect(schemas, schema, pointer, 16, &mut properties, &mut required);
        let mut members = Map::new();
        for (name, at) in properties {
            if !required.contains(&name) {
                continue;
            }
            let plain = letters(&name);
            let own = request.values.iter().find(|((_, parameter), _)| letters(parameter) == plain);
            let other = self.other(operation, &plain);
            let value = match (own, other) {
                (Some((_, value)), _) => Some(value.clone()),
                (None, Some(resource)) => Box::pin(self.shared(cx, resource, &Request::default())).await?,
                (None, None) if NAMES.contains(&plain.as_str()) => self.fresh(cx, &at, &name),
                (None, None) => None,
            };
            if let Some(value) = value {
                members.insert(name, value);
            }
        }
        Ok((!members.is_empty()).then_some(Value::Object(members)))
    }

    /// What a member of a body names by its own name: `itemid` an item.
    fn other(&self, operation: &Operation, member: &str) -> Option<&Resource> {
        let stem = member.strip_suffix("id").filter(|stem| !stem.is_empty())?;
        let is = |resource: &&Resource| {
            resource.singular() == stem && !operation.template.starts_with(&resource.collection)
        };
        self.resources.iter().find(is)
    }

    /// Fills the parameters of a collection's path with things that all cases share.
    pub(super) async fn parents(
        &self,
        cx: &Context,
        collection: &str,
        request: &mut Request,
    ) -> Result<bool, Stop> {
        self.named(cx, collection, (false, request), &mut Vec::new()).await
    }

    /// A text that nothing else is called by, as far as the schema allows one.
    fn fresh(&self, cx: &Context, schema: &str, word: &str) -> Option<Value> {
        let word: String = letters(word).chars().take(8).collect();
        let id = cx.id();
        let uuid = format!("{}-{}-4{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..]);
        let small = format!("{word}{}", &id[..8]);
        let number = u32::from_str_radix(&id[..7], 16).unwrap_or_default();
        let tried = [
            json!(cx.name(&word)),
            json!(small),
            json!(small.to_uppercase()),
            json!(id),
            json!(uuid),
            json!(format!("{word}{}@example.org", &id[..8])),
            json!(number),
        ];
        tried.into_iter().find(|value| self.document.refuses(schema, value).is_none()).or_else(|| {
            super::trial::drawn(&self.document, schema, cx, |value| {
                self.document.refuses(schema, value).is_none()
            })
        })
    }

    /// A plain request for an operation, on the ground that is given.
    pub(super) fn plain(&self, cx: &Context, index: usize, ground: &mut Ground) -> Result<Request, Stop> {
        let trial = Trial {
            document: Rc::clone(&self.document),
            guide: Rc::new(Self { document: Rc::clone(&self.document), resources: Vec::new() }),
            operation: index,
            change: Change::Nothing,
            expected: Expected::Answered,
            covers: (String::new(), String::new()),
        };
        trial.request(cx, ground)
    }
}

impl Thing {
    fn name(&self, parameter: &str) -> Option<Value> {
        let is = |(place, name): &(Place, String)| *place == Place::Path && name == parameter;
        self.request.values.iter().find(|(key, _)| is(key)).map(|(_, value)| value.clone())
    }
}

/// Members that are often the name of a thing.
const NAMES: [&str; 10] = ["id", "name", "key", "slug", "code", "sku", "email", "username", "login", "uuid"];

/// The list in the body of an answer: itself, or its only member that is one.
pub(super) fn items(body: &Value) -> Option<&Vec<Value>> {
    match body {
        Value::Array(items) => Some(items),
        Value::Object(members) => members.values().find_map(Value::as_array),
        _ => None,
    }
}

/// The members that a schema and its parts name, with where their schemas are.
fn collect(
    root: &Value,
    schema: &Value,
    pointer: &str,
    depth: usize,
    properties: &mut Vec<(String, String)>,
    required: &mut Vec<String>,
) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
        && let (Some(target), Some(place)) = (resolve(root, reference), reference.strip_prefix('#'))
    {
        collect(root, target, place, depth, properties, required);
    }
    for (name, _) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let token = name.replace('~', "~0").replace('/', "~1");
        properties.push((name.clone(), format!("{pointer}/properties/{token}")));
    }
    let listed = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    required.extend(listed.filter_map(Value::as_str).map(str::to_owned));
    for (index, part) in schema.get("allOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        collect(root, part, &format!("{pointer}/allOf/{index}"), depth, properties, required);
    }
}

impl Guide for Learnt {
    fn never(&self, operation: &Operation) -> Option<&'static str> {
        let name = letters(&operation.id);
        if DESTRUCTIVE.iter().any(|word| name.contains(word)) {
            return Some("by its name it ends or empties what is judged");
        }
        let all = operation.method == Method::DELETE && !operation.template.contains('{');
        all.then_some("it deletes more than one thing")
    }

    fn weight(&self, operation: &Operation, part: &Part<'_>) -> Weight {
        let valid = part.valid == Some(true);
        let named = part.place.strip_prefix("body.").filter(|_| part.rule != "required");
        match (part.rule, part.side) {
            ("type", "integral-fraction")
                if named.is_some_and(|name| self.other(operation, &letters(name)).is_some()) =>
            {
                Weight::Open("there must be such a thing")
            }
            ("format", _) if valid => Weight::Open("the format may be checked"),
            ("additionalProperties", "unforeseen") | (_, "integral-fraction") if valid => Weight::Should,
            ("media-type", _) | ("method", _) => Weight::Should,
            _ if valid && named.is_some_and(|name| self.other(operation, &letters(name)).is_some()) => {
                Weight::Open("there must be such a thing")
            }
            _ => Weight::Must,
        }
    }

    fn ground<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a Operation,
        purpose: Purpose,
    ) -> LocalBoxFuture<'a, Result<Ground, Stop>> {
        Box::pin(async move {
            let mut ground = Ground { known: true, ..Ground::default() };
            let alone = purpose == Purpose::Change;
            let mut request = Request::default();
            ground.known =
                self.named(cx, &operation.template, (alone, &mut request), &mut ground.made).await?;
            ground.request = request;
            ground.members = self.members(cx, operation, &ground.request).await?;
            Ok(ground)
        })
    }

    fn after<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a Operation,
        ground: &'a Ground,
        answer: &'a Answer,
    ) -> LocalBoxFuture<'a, Result<(), Stop>> {
        Box::pin(async move {
            let done = (200..300).contains(&answer.status());
            if !(done && operation.method == Method::DELETE) {
                for path in &ground.made {
                    cx.delete(path).send().await?;
                }
            }
            let is = |resource: &&Resource| {
                resource
                    .create
                    .is_some_and(|create| std::ptr::eq(&self.document.operations[create], operation))
            };
            let Some(resource) = self.resources.iter().find(is).filter(|_| done) else { return Ok(()) };
            let name = self.name_in(resource, operation, answer, None);
            if let (Some(name), Some(remove)) = (name, resource.remove) {
                let text = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
                let path = ground.request.path("", &self.document.operations[remove]);
                let path = path.replace(&format!("{{{}}}", resource.parameter), &encoded(&text));
                cx.delete(path).send().await?;
            }
            Ok(())
        })
    }
}
