//! Parameters of every style: what a generated client sends is what a generated server of the same document reads.
//!
//! Both are the generator's golden case `parameters`, in one process.

#[path = "../../codegen/tests/golden/parameters/expected/src/client/mod.rs"]
#[rustfmt::skip]
pub mod client;
#[path = "../../codegen/tests/golden/parameters/expected/src/model/mod.rs"]
#[rustfmt::skip]
pub mod model;
#[path = "../../codegen/tests/golden/parameters/expected/src/server/mod.rs"]
#[rustfmt::skip]
pub mod server;

use std::sync::{Arc, Mutex};

use client::Client;
use model::{Flat, IdOrName, Nested, Page, PutObjectsInQueryKind as Kind, PutObjectsInQueryRange as Range};
use planewright_client::Transport;
use planewright_server::{ApiError, RequestContext};
use server::*;

/// Keeps the last request, as its `Debug` shows it, with its target.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<(String, String)>>);

impl Recorder {
    fn keep(&self, context: &RequestContext, request: &impl std::fmt::Debug) {
        *self.0.lock().unwrap() = (context.uri().to_string(), format!("{request:?}"));
    }

    /// The last request's target and what was read.
    fn last(&self) -> (String, String) {
        self.0.lock().unwrap().clone()
    }
}

macro_rules! record {
    ($($method:ident $request:ident $response:ident;)*) => {
        impl StylesApi for Recorder {
            $(async fn $method(&self, context: &RequestContext, request: $request) -> Result<$response, ApiError> {
                self.keep(context, &request);
                Ok($response::NoContent)
            })*
        }
    };
}

record! {
    put_objects_in_path PutObjectsInPathRequest PutObjectsInPathResponse;
    put_lists_in_path PutListsInPathRequest PutListsInPathResponse;
    put_objects_in_query PutObjectsInQueryRequest PutObjectsInQueryResponse;
    put_lists_in_query PutListsInQueryRequest PutListsInQueryResponse;
    put_anything_in_query PutAnythingInQueryRequest PutAnythingInQueryResponse;
    put_in_headers PutInHeadersRequest PutInHeadersResponse;
}

fn open() -> (Recorder, Client<impl Transport>) {
    let recorder = Recorder::default();
    (recorder.clone(), Client::over(Service::all(recorder).into_service()))
}

/// Every kind of scalar, and every character that separates something somewhere.
fn flat(text: &str) -> Flat {
    Flat { text: text.to_owned(), number: -4, real: Some(2.5), flag: Some(true) }
}

const HARD: &str = "a,b=c;d.e/f&g h|i%+";

#[tokio::test]
async fn objects_in_the_path() {
    let (recorder, client) = open();
    let one = || flat(HARD);
    let call = client.styles().put_objects_in_path(one(), one(), one(), one(), one(), one());
    call.send().await.unwrap();
    let expected = PutObjectsInPathRequest {
        simple: one(),
        simple_exploded: one(),
        label: one(),
        label_exploded: one(),
        matrix: one(),
        matrix_exploded: one(),
    };
    assert_eq!(recorder.last().1, format!("{expected:?}"));
}

#[tokio::test]
async fn lists_in_the_path() {
    let (recorder, client) = open();
    let list = || vec![3, -4];
    client.styles().put_lists_in_path(list(), list(), list(), list(), list(), "a.b").send().await.unwrap();
    let (target, read) = recorder.last();
    assert_eq!(target, "/lists/3,-4/.3,-4/.3.-4/;matrix=3,-4/;matrixExploded=3;matrixExploded=-4/.a.b");
    let expected = PutListsInPathRequest {
        simple: list(),
        label: list(),
        label_exploded: list(),
        matrix: list(),
        matrix_exploded: list(),
        id: "a.b".to_owned(),
    };
    assert_eq!(read, format!("{expected:?}"));
}

#[tokio::test]
async fn objects_in_the_query() {
    let (recorder, client) = open();
    let page = || Page { offset: Some(3), limit: None };
    let nested = || Nested {
        flat: flat(HARD),
        texts: Some(vec!["x[y]".to_owned(), String::new()]),
        more: Some(Box::new(Nested { flat: flat("7"), texts: None, more: None })),
    };
    let spaceless = || flat("a,b=c");
    let call = client.styles().put_objects_in_query(flat(HARD), page());
    let call = call.space(spaceless()).pipe(spaceless()).deep(nested()).json(nested());
    let call = call.text("ä & b").count(5).query("{ a }");
    let call =
        call.range(page()).filters([flat(HARD), flat("")]).id(IdOrName::Integer(7)).kind(Kind::Integer(5));
    call.send().await.unwrap();
    let mut expected = PutObjectsInQueryRequest {
        form: flat(HARD),
        page: page(),
        space: Some(spaceless()),
        pipe: Some(spaceless()),
        deep: Some(nested()),
        range: Some(page().into()),
        json: Some(nested()),
        text: Some("ä & b".to_owned()),
        count: Some(5),
        query: Some("{ a }".to_owned()),
        filters: Some(vec![flat(HARD), flat("")]),
        id: Some(IdOrName::Integer(7)),
        kind: Kind::Integer(5),
    };
    assert_eq!(recorder.last().1, format!("{expected:?}"));

    let call = client.styles().put_objects_in_query(flat("x"), Page::default());
    call.range(Range::Integer(9)).id(IdOrName::String("seven".to_owned())).send().await.unwrap();
    expected = PutObjectsInQueryRequest {
        form: flat("x"),
        page: Page::default(),
        space: None,
        pipe: None,
        deep: None,
        range: Some(Range::Integer(9)),
        json: None,
        text: None,
        count: None,
        query: None,
        filters: None,
        id: Some(IdOrName::String("seven".to_owned())),
        kind: model::PutObjectsInQueryKindString::Big.into(),
    };
    let (target, read) = recorder.last();
    assert_eq!(target, "/query/objects?form=text,x,number,-4,real,2.5,flag,true&range=9&id=seven");
    assert_eq!(read, format!("{expected:?}"));
}

#[tokio::test]
async fn lists_in_the_query() {
    let (recorder, client) = open();
    let list = || vec![3, -4];
    let call = client.styles().put_lists_in_query(list()).form(list()).form_exploded(list());
    let call = call.space(list()).pipe_exploded(list()).deep(list()).way("a/b?c");
    let named = || planewright_model::Map::from_iter([("a=b".to_owned(), "c/d=&".to_owned())]);
    let call = call.ways(["a/b,c", "&"]).joined_ways(["a/b,c", "d"]).named(named());
    call.one_or_many(model::PutListsInQueryOneOrMany::Array(list())).send().await.unwrap();
    let (target, read) = recorder.last();
    assert_eq!(
        target,
        "/query/lists?form=3,-4&formExploded=3&formExploded=-4&space=3%20-4&pipe=3%7C-4\
         &pipeExploded=3&pipeExploded=-4&deep[]=3&deep[]=-4&way=a/b?c\
         &ways=a/b,c&ways=%26&joinedWays=a/b%2Cc,d&named[a%3Db]=c/d=%26&oneOrMany=3&oneOrMany=-4"
    );
    let some = || Some(list());
    let expected = PutListsInQueryRequest {
        form: some(),
        form_exploded: some(),
        space: some(),
        pipe: list(),
        pipe_exploded: some(),
        deep: some(),
        way: Some("a/b?c".to_owned()),
        ways: Some(vec!["a/b,c".to_owned(), "&".to_owned()]),
        joined_ways: Some(vec!["a/b,c".to_owned(), "d".to_owned()]),
        named: Some(named()),
        one_or_many: Some(model::PutListsInQueryOneOrMany::Array(list())),
    };
    assert_eq!(read, format!("{expected:?}"));
    let one = model::PutListsInQueryOneOrMany::String(model::PutListsInQueryOneOrManyString::All);
    client.styles().put_lists_in_query(list()).one_or_many(one.clone()).send().await.unwrap();
    let (target, read) = recorder.last();
    assert_eq!(target, "/query/lists?pipe=3%7C-4&oneOrMany=all");
    assert!(read.contains(&format!("{one:?}")), "{read}");
}

#[tokio::test]
async fn names_that_nobody_declared() {
    let (recorder, client) = open();
    let labels: planewright_model::Map<i64> =
        [("é".to_owned(), 1), ("b".to_owned(), 2)].into_iter().collect();
    client.styles().put_anything_in_query().known("k").labels(labels.clone()).send().await.unwrap();
    let expected = PutAnythingInQueryRequest { known: Some("k".to_owned()), labels: Some(labels) };
    assert_eq!(recorder.last().1, format!("{expected:?}"));
}

#[tokio::test]
async fn headers_and_cookies() {
    let (recorder, client) = open();
    let page = || Page { offset: Some(3), limit: Some(-4) };
    let call = client.styles().put_in_headers(page()).x_exploded(page()).x_list([3, -4]).x_json(page());
    call.flat(flat(HARD)).page(page()).numbers([3, -4]).send().await.unwrap();
    let expected = PutInHeadersRequest {
        x_flat: page(),
        x_exploded: Some(page()),
        x_list: Some(vec![3, -4]),
        x_json: Some(page()),
        flat: Some(flat(HARD)),
        page: Some(page()),
        numbers: Some(vec![3, -4]),
    };
    assert_eq!(recorder.last().1, format!("{expected:?}"));
}

#[tokio::test]
async fn members_are_checked() {
    let (_, client) = open();
    let long = || flat("a text of more than twenty characters");
    let error = client.styles().put_objects_in_query(long(), Page::default()).send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert!(error.to_string().contains("/text"), "{error}");
    let page = Page { offset: Some(-1), limit: None };
    assert!(client.styles().put_in_headers(page).send().await.is_err());
}
