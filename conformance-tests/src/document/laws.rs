//! Laws that hold for things of any kind: what is made can be read, is listed, and is gone once it is deleted.

use std::rc::Rc;

use http::Method;
use planewright_sample::{Sampler, Size};
use serde_json::{Map, Value, json};

use super::guide::Ground;
use super::learnt::{Learnt, Resource, items};
use super::operation::{Operation, Place};
use super::wire::{Request, encoded};
use crate::{Answer, Case, Context, Layer, Stop};

/// Pages that are followed at most.
const PAGES: usize = 200;

/// A way to prove a law of the things of one kind.
type Law = for<'a> fn(&'a Kind<'a>) -> futures_util::future::LocalBoxFuture<'a, Result<(), Stop>>;

/// The laws of all kinds of things that the document knows.
pub(super) fn cases(name: &str, learnt: &Rc<Learnt>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, resource) in learnt.resources.iter().enumerate() {
        let (Some(create), Some(_)) = (resource.create, resource.read) else { continue };
        if learnt.document.operations[create].body.as_ref().is_none_or(|body| body.json().is_none()) {
            continue;
        }
        let word: String = resource
            .collection
            .split('/')
            .filter(|part| !part.is_empty() && !part.contains('{'))
            .collect::<Vec<_>>()
            .join("-");
        let mut add = |law: &str, must: bool, sentence: &str, prove: Law| {
            let id = format!("{name}.document.{word}.law.{law}");
            let sentence = format!("{}: {sentence}", resource.collection);
            let learnt = Rc::clone(learnt);
            let case = if must { Case::must(id, sentence) } else { Case::should(id, sentence) };
            cases.push(
                case.layer(Layer::Document).source(format!("the document, {}", resource.item)).proved_by(
                    async move |cx: Context| {
                        let kind = Kind::new(&cx, &learnt, index).await?;
                        let proved = prove(&kind).await;
                        kind.put_away().await?;
                        proved
                    },
                ),
            );
        };
        add("readable", true, "what was made can be read.", |kind| Box::pin(kind.readable()));
        add("kept", false, "what is read is what was sent, member by member.", |kind| Box::pin(kind.kept()));
        add("made-twice", false, "what is made twice has two names, or is refused.", |kind| {
            Box::pin(kind.twice())
        });
        if resource.list.is_some() {
            add("listed", false, "what was made is in the list, once.", |kind| Box::pin(kind.listed()));
            add("no-trace", false, "a request that is refused leaves the list as it was.", |kind| {
                Box::pin(kind.no_trace())
            });
            if kind_of_paging(learnt, resource).is_some() {
                add(
                    "pages",
                    false,
                    "the pages of the list are the list: nothing is missing, nothing is there twice.",
                    |kind| Box::pin(kind.pages()),
                );
            }
            if !filters(learnt, resource).is_empty() {
                add("filter", false, "a filter leaves those that have the value, and no others.", |kind| {
                    Box::pin(kind.filter())
                });
            }
        }
        if resource.remove.is_some() {
            add("deleted", false, "what was deleted is gone, and nothing else is.", |kind| {
                Box::pin(kind.deleted())
            });
        }
        if resource.replace.is_some() {
            add("replaced", false, "what is read after PUT is what was sent, member by member.", |kind| {
                Box::pin(kind.replaced())
            });
            add("replaced-twice", false, "the same PUT twice is the same as once.", |kind| {
                Box::pin(kind.replaced_twice())
            });
        }
    }
    cases
}

/// Names of the parameters that say how many and from where, if a list has both.
fn kind_of_paging<'a>(learnt: &'a Learnt, resource: &Resource) -> Option<(&'a str, &'a str)> {
    let list = &learnt.document.operations[resource.list?];
    let named = |names: &[&str]| {
        let is = |name: &str| names.contains(&name.to_ascii_lowercase().replace(['_', '-'], "").as_str());
        let all = list.parameters.iter().filter(|one| one.place == Place::Query);
        all.map(|one| one.name.as_str()).find(|name| is(name))
    };
    Some((
        named(&["limit", "pagesize", "perpage", "size", "count", "top"])?,
        named(&["offset", "skip", "start"])?,
    ))
}

/// Parameters of a list that are named like a member of what is made, and have a few texts for values.
fn filters(learnt: &Learnt, resource: &Resource) -> Vec<(String, Vec<Value>)> {
    let (Some(list), Some(create)) = (resource.list, resource.create) else { return Vec::new() };
    let operations = &learnt.document.operations;
    let schemas = learnt.document.request_schemas();
    let Some((_, body)) = operations[create].body.as_ref().and_then(|body| body.json()) else {
        return Vec::new();
    };
    let Some(body) = schemas.pointer(body) else { return Vec::new() };
    let probes = Sampler::new(schemas).probes(body, 1, 1000);
    let queries = operations[list].parameters.iter().filter(|one| one.place == Place::Query);
    let of = |name: &str| -> Vec<Value> {
        let all = probes.iter().filter(|probe| probe.place == name && probe.keyword == "enum");
        let known = all.filter(|probe| !matches!(probe.side.as_str(), "none" | "other-case"));
        known.filter_map(|probe| probe.value.pointer(&probe.pointer).cloned()).collect()
    };
    let all = queries.map(|one| (one.name.clone(), of(&one.name)));
    all.filter(|(_, values)| values.len() > 1).collect()
}

/// Things of one kind, and those of them that a case has made.
struct Kind<'a> {
    cx: &'a Context,
    learnt: &'a Learnt,
    resource: &'a Resource,
    /// What the collection's path names.
    parents: Request,
    made: std::cell::RefCell<Vec<Value>>,
}

impl<'a> Kind<'a> {
    async fn new(cx: &'a Context, learnt: &'a Learnt, index: usize) -> Result<Self, Stop> {
        let resource = &learnt.resources[index];
        let mut parents = Request::default();
        if !learnt.parents(cx, &resource.collection, &mut parents).await? {
            return Err(Stop::Skip("nothing makes what its path names".to_owned()));
        }
        Ok(Self { cx, learnt, resource, parents, made: std::cell::RefCell::default() })
    }

    fn operation(&self, index: Option<usize>) -> Result<&Operation, Stop> {
        let operation = index.and_then(|index| self.learnt.document.operations.get(index));
        operation.ok_or_else(|| Stop::Error("the document lacks an operation".to_owned()))
    }

    /// The path of a thing.
    fn path(&self, name: &Value) -> Result<String, Stop> {
        let text = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        let path = self.parents.path("", self.operation(self.resource.read)?);
        Ok(path.replace(&format!("{{{}}}", self.resource.parameter), &encoded(&text)))
    }

    fn collection(&self) -> Result<String, Stop> {
        Ok(self.parents.path("", self.operation(self.resource.create)?))
    }

    /// A large valid body for an operation.
    async fn body(&self, index: Option<usize>) -> Result<Value, Stop> {
        let operation = self.operation(index)?;
        let none = || Stop::Skip("no valid body can be made".to_owned());
        let (_, pointer) = operation.body.as_ref().and_then(|body| body.json()).ok_or_else(none)?;
        let schemas = self.learnt.document.request_schemas();
        let node = schemas.pointer(pointer).ok_or_else(none)?;
        let members = self.learnt.members(self.cx, operation, &self.parents).await?;
        for _ in 0..30 {
            let seed = self.cx.random(|random| random.u64(..));
            let Some(sample) = Sampler::new(schemas).draw(node, Size::Large, seed) else { continue };
            let mut value = sample.value;
            if let (Value::Object(value), Some(Value::Object(members))) = (&mut value, &members) {
                value.extend(members.clone());
            }
            if self.learnt.document.refuses(pointer, &value).is_none() {
                return Ok(value);
            }
        }
        Err(none())
    }

    async fn make(&self, body: &Value) -> Result<(Value, Answer), Stop> {
        let answer = self.cx.post(self.collection()?).json(body).send().await?;
        if !(200..300).contains(&answer.status()) {
            return Err(Stop::Skip(format!("nothing can be made: status {}", answer.status())));
        }
        let operation = self.operation(self.resource.create)?;
        let name = self.learnt.name_in(self.resource, operation, &answer, Some(body));
        let name =
            name.ok_or_else(|| Stop::Skip("the answer doesn't say what the new thing is called".to_owned()))?;
        self.made.borrow_mut().push(name.clone());
        Ok((name, answer))
    }

    async fn new_one(&self) -> Result<(Value, Value, Answer), Stop> {
        let body = self.body(self.resource.create).await?;
        let (name, answer) = self.make(&body).await?;
        Ok((name, body, answer))
    }

    async fn read(&self, name: &Value) -> Result<Answer, Stop> {
        self.cx.get(self.path(name)?).send().await
    }

    /// Deletes what was made, as far as things can be.
    async fn put_away(&self) -> Result<(), Stop> {
        if self.resource.remove.is_some() {
            for name in self.made.take() {
                self.cx.delete(self.path(&name)?).send().await?;
            }
        }
        Ok(())
    }

    /// One page of the list, or all of it if it has none.
    async fn page(&self, query: &str) -> Result<(Answer, Vec<Value>), Stop> {
        let list = self.resource.list.ok_or_else(|| Stop::Error("there is no list".to_owned()))?;
        let mut ground = Ground { request: self.parents.clone(), known: true, ..Ground::default() };
        let mut request = self.learnt.plain(self.cx, list, &mut ground)?;
        if !query.is_empty() {
            request.query.push(query.to_owned());
        }
        let answer = request.call(self.cx, "", self.operation(Some(list))?).send().await?;
        let answer = answer.expect(200)?;
        let found = items(&answer.json()?).cloned();
        let found = found.ok_or_else(|| Stop::Skip("the answer has no list".to_owned()))?;
        Ok((answer, found))
    }

    /// The whole list, page by page.
    async fn all(&self, size: usize, filter: &str) -> Result<(Answer, Vec<Value>), Stop> {
        let Some((limit, offset)) = kind_of_paging(self.learnt, self.resource) else {
            return self.page(filter).await;
        };
        let mut all = Vec::new();
        for number in 0..PAGES {
            let paged = format!("{limit}={size}&{offset}={}", number * size);
            let query = if filter.is_empty() { paged } else { format!("{filter}&{paged}") };
            let (answer, page) = self.page(&query).await?;
            answer.check(page.len() <= size, format!("{size} items at most"))?;
            let last = page.len() < size;
            all.extend(page);
            if last {
                return Ok((answer, all));
            }
        }
        Err(Stop::Skip(format!("the list is longer than {PAGES} pages of {size}")))
    }

    /// The names of what is in a list.
    fn names(&self, all: &[Value]) -> Result<Vec<Value>, Stop> {
        let name = |item: &Value| match item {
            Value::Object(members) => self.learnt.own_name(self.resource, members),
            scalar => Some(scalar.clone()),
        };
        let names: Option<Vec<Value>> = all.iter().map(name).collect();
        names.ok_or_else(|| Stop::Skip("what is listed has no names".to_owned()))
    }

    async fn readable(&self) -> Result<(), Stop> {
        let (name, ..) = self.new_one().await?;
        self.read(&name).await?.expect(200)?;
        Ok(())
    }

    async fn kept(&self) -> Result<(), Stop> {
        let (name, body, _) = self.new_one().await?;
        let answer = self.read(&name).await?.expect(200)?;
        same_members(&answer, &body)
    }

    async fn twice(&self) -> Result<(), Stop> {
        let (name, body, _) = self.new_one().await?;
        let again = self.cx.post(self.collection()?).json(&body).send().await?;
        if (200..300).contains(&again.status()) {
            let operation = self.operation(self.resource.create)?;
            let other = self.learnt.name_in(self.resource, operation, &again, Some(&body));
            self.made.borrow_mut().extend(other.clone().filter(|other| *other != name));
            again.check(other.as_ref() != Some(&name), "another name than that of the first")?;
        }
        Ok(())
    }

    async fn listed(&self) -> Result<(), Stop> {
        let (name, ..) = self.new_one().await?;
        let (answer, all) = self.all(100, "").await?;
        let count = self.names(&all)?.iter().filter(|one| same(one, &name)).count();
        answer.check(count == 1, format!("{name} once in the list; it is there {count} times"))
    }

    async fn no_trace(&self) -> Result<(), Stop> {
        let mut body = self.body(self.resource.create).await?;
        let (_, before) = self.all(100, "").await?;
        let Value::Object(members) = &mut body else {
            return Err(Stop::Skip("its body is no object".to_owned()));
        };
        let Some(last) = members.values_mut().next_back() else { return Ok(()) };
        *last = json!([[{ "no": "such" }]]);
        let answer = self.cx.post(self.collection()?).json(&body).send().await?;
        if !(400..500).contains(&answer.status()) {
            return Err(Stop::Skip(format!("it isn't refused: status {}", answer.status())));
        }
        let (answer, after) = self.all(100, "").await?;
        answer.check(before == after, "the list as it was before a request that was refused")
    }

    async fn pages(&self) -> Result<(), Stop> {
        for _ in 0..3 {
            self.new_one().await?;
        }
        let whole = self.names(&self.all(100, "").await?.1)?;
        if whole.len() > PAGES {
            return Err(Stop::Skip("the list is long".to_owned()));
        }
        let (answer, pages) = self.all(2, "").await?;
        let pages = self.names(&pages)?;
        answer.check(
            pages == whole,
            format!("pages of two that are together {}; they are {}", told(&whole), told(&pages)),
        )
    }

    async fn filter(&self) -> Result<(), Stop> {
        for (member, values) in filters(self.learnt, self.resource) {
            let mut names = Vec::new();
            for value in values.iter().take(2) {
                let mut body = self.body(self.resource.create).await?;
                body[&member] = value.clone();
                names.push(self.make(&body).await?.0);
            }
            let value = values[0].as_str().map_or_else(|| values[0].to_string(), str::to_owned);
            let query = format!("{}={}", encoded(&member), encoded(&value));
            let (answer, found) = self.all(100, &query).await?;
            let only = found.iter().all(|item| item.get(&member).is_none_or(|other| *other == values[0]));
            answer.check(only, format!("only items whose {member} is {}", values[0]))?;
            let found = self.names(&found)?;
            answer
                .check(found.iter().any(|name| same(name, &names[0])), format!("{} among them", names[0]))?;
        }
        Ok(())
    }

    async fn deleted(&self) -> Result<(), Stop> {
        let (name, ..) = self.new_one().await?;
        let (other, ..) = self.new_one().await?;
        let answer = self.cx.delete(self.path(&name)?).send().await?;
        if !(200..300).contains(&answer.status()) {
            return Err(answer.unexpected("what was just made can be deleted"));
        }
        self.made.borrow_mut().retain(|made| *made != name);
        self.read(&name).await?.expect_one_of(&[404, 410])?;
        self.read(&other).await?.expect(200)?;
        if self.resource.list.is_some() {
            let (answer, all) = self.all(100, "").await?;
            let names = self.names(&all)?;
            answer
                .check(!names.iter().any(|one| same(one, &name)), format!("no {name}, which was deleted"))?;
            answer.check(
                names.iter().any(|one| same(one, &other)),
                format!("{other}, which was not deleted"),
            )?;
        }
        Ok(())
    }

    async fn put(&self, name: &Value, body: &Value) -> Result<Answer, Stop> {
        let answer = self.cx.call(Method::PUT, self.path(name)?).json(body).send().await?;
        if (200..300).contains(&answer.status()) {
            return Ok(answer);
        }
        Err(answer.unexpected("what was just made can be replaced"))
    }

    async fn replaced(&self) -> Result<(), Stop> {
        let (name, ..) = self.new_one().await?;
        let body = self.body(self.resource.replace).await?;
        self.put(&name, &body).await?;
        let answer = self.read(&name).await?.expect(200)?;
        same_members(&answer, &body)
    }

    async fn replaced_twice(&self) -> Result<(), Stop> {
        let (name, ..) = self.new_one().await?;
        let body = self.body(self.resource.replace).await?;
        self.put(&name, &body).await?;
        let once = self.read(&name).await?.expect(200)?;
        self.put(&name, &body).await?;
        let twice = self.read(&name).await?.expect(200)?;
        let (Ok(once), Ok(now)) = (once.json(), twice.json()) else { return Ok(()) };
        same_members(&twice, &without_times(&once, &now))
    }
}

/// Names compare as texts: a path has no numbers.
fn same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text(one) == text(other)
}

/// Whether each member that was sent, and is in the answer, is there as it was sent.
fn same_members(answer: &Answer, sent: &Value) -> Result<(), Stop> {
    let (Value::Object(sent), Value::Object(got)) = (sent, answer.json()?) else { return Ok(()) };
    for (name, value) in sent {
        if let Some(other) = got.get(name) {
            answer.check(equal(value, other), format!("{name} as it was sent, {value}; it is {other}"))?;
        }
    }
    Ok(())
}

/// Whether two values are the same, where an answer may have more members.
fn equal(sent: &Value, got: &Value) -> bool {
    match (sent, got) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.iter().all(|(name, value)| other.get(name).is_some_and(|other| equal(value, other)))
        }
        (one, other) => one == other,
    }
}

/// What is in `once`, without members that are times or versions in `now`: those may move on.
fn without_times(once: &Value, now: &Value) -> Value {
    const MOVING: [&str; 8] = ["time", "date", "updated", "modified", "version", "revision", "etag", "at"];
    let moves = |name: &str| {
        let name = name.to_ascii_lowercase();
        MOVING.iter().any(|word| if *word == "at" { name.ends_with("at") } else { name.contains(word) })
    };
    let (Value::Object(once), Value::Object(_)) = (once, now) else { return once.clone() };
    let kept = once.iter().filter(|(name, _)| !moves(name));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

fn told(names: &[Value]) -> String {
    let shown: Vec<_> = names.iter().take(20).map(Value::to_string).collect();
    shown.join(" ")
}
