//! The client calls the server, and each sees what the other sent.

use std::sync::{Arc, Mutex};

use golden_wire::client::Client;
use golden_wire::model::{
    ListAsDeclaredResponseBody, ListAsDeclaredResponseBodyMeta, ListByOffsetResponseBody, ListByTokenResponseBody, Thing, ThingSize,
};
use golden_wire::server::{self as api, Service};
use planewright_client::{BaseUrl, ErrorKind, Outgoing, Pages, Upload};
use planewright_client::{Credential, Settings};
use planewright_model::Nullable;
use planewright_model::media::Event;
use planewright_server::auth::{Authenticate, Denied, Presented, Verdict};
use planewright_server::{ApiError, BodyStream, Events, Items, RequestContext, TypedBody};

#[derive(Clone, Default)]
struct Echo {
    /// The media types of the requests.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    fn see(&self, context: &RequestContext) {
        let header = |name: &str| context.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("-");
        let media_type = header("content-type").split("; boundary").next().unwrap_or_default();
        self.seen.lock().unwrap().push(format!("{media_type} > {}", header("accept")));
    }
}

impl api::BodiesApi for Echo {
    async fn add_thing(&self, context: &RequestContext, request: api::AddThingRequest) -> Result<api::AddThingResponse, ApiError> {
        self.see(context);
        Ok(request.body.into())
    }

    async fn import_things(&self, context: &RequestContext, request: api::ImportThingsRequest) -> Result<api::ImportThingsResponse, ApiError> {
        self.see(context);
        Ok(match request.body {
            api::ImportThingsRequestBody::Json(things) => format!("{} things", things.len()),
            api::ImportThingsRequestBody::Csv(text) => format!("the text {text}"),
            api::ImportThingsRequestBody::Stream(body) => format!("{} octets", length(body).await?),
        }
        .into())
    }

    async fn change_things(&self, context: &RequestContext, request: api::ChangeThingsRequest) -> Result<api::ChangeThingsResponse, ApiError> {
        self.see(context);
        Ok(match request.body {
            None => "nothing".to_owned(),
            Some(api::ChangeThingsRequestBody::Json(thing)) => thing.name,
            Some(api::ChangeThingsRequestBody::Multipart(mut parts)) => {
                let mut seen = Vec::new();
                while let Some(part) = parts.next_part().await? {
                    seen.push(match part {
                        api::ChangeThingsPart::Count(count) => format!("count {count}"),
                        api::ChangeThingsPart::File(mut file) => format!("file {:?}", file.text().await?),
                        api::ChangeThingsPart::Other(part) => format!("other {}", part.name()),
                    });
                }
                seen.join(", ")
            }
        }
        .into())
    }

    async fn export_things(&self, context: &RequestContext, _: api::ExportThingsRequest) -> Result<api::ExportThingsResponse, ApiError> {
        self.see(context);
        let offered = ["application/json", "text/csv", "image/svg+xml"];
        Ok(api::ExportThingsResponse::Ok(match context.preferred(&offered) {
            Some(1) => api::ExportThingsOkBody::Csv("name\nRex\n".into()),
            Some(2) => api::ExportThingsOkBody::Image(TypedBody::new("image/svg+xml", "<svg/>")),
            _ => api::ExportThingsOkBody::Json(vec![thing()].into()),
        }))
    }

    async fn send_parts(&self, _: &RequestContext, request: api::SendPartsRequest) -> Result<api::SendPartsResponse, ApiError> {
        let (mut parts, mut seen) = (request.body, Vec::new());
        while let Some(part) = parts.next_part().await? {
            seen.push(match part {
                api::SendPartsPart::Picture { mut part, x_width, x_tags } => {
                    let content = part.text().await?;
                    format!("{:?} {content} {x_width} {x_tags:?}", part.content_type())
                }
                api::SendPartsPart::Table(text) => text,
                api::SendPartsPart::Thing(thing) => thing.name,
                api::SendPartsPart::Other(part) => format!("other {}", part.name()),
            });
        }
        Ok(seen.into())
    }

    async fn send_form(&self, context: &RequestContext, request: api::SendFormRequest) -> Result<api::SendFormResponse, ApiError> {
        self.see(context);
        Ok(request.body.into())
    }
}

impl api::StreamsApi for Echo {
    async fn watch_things(&self, _: &RequestContext, _: api::WatchThingsRequest) -> Result<api::WatchThingsResponse, ApiError> {
        let first = Event { id: Some("1".into()), event: Some("made".into()), ..Event::new(thing()) };
        Ok(api::WatchThingsResponse::Ok(vec![first, Event::new(thing())].into()))
    }

    async fn follow_log(&self, _: &RequestContext, _: api::FollowLogRequest) -> Result<api::FollowLogResponse, ApiError> {
        Ok(api::FollowLogResponse::Ok(vec![Event::new("one\ntwo".to_owned()), Event::new("[DONE]".to_owned())].into()))
    }

    async fn copy_things(&self, _: &RequestContext, request: api::CopyThingsRequest) -> Result<api::CopyThingsResponse, ApiError> {
        // What is read is sent, as it comes.
        let things: Items<Thing> = request.body;
        Ok(api::CopyThingsResponse::Ok(Items::new(things)))
    }

    async fn report(&self, _: &RequestContext, mut request: api::ReportRequest) -> Result<api::ReportResponse, ApiError> {
        let mut count = 0;
        while let Some(event) = request.body.next_event().await? {
            count += i32::from(event.data == thing() && event.id.as_deref() == Some("1"));
        }
        Ok(count.into())
    }

    async fn write_log(&self, _: &RequestContext, mut request: api::WriteLogRequest) -> Result<api::WriteLogResponse, ApiError> {
        let mut log = String::new();
        while let Some(event) = request.body.next_event().await? {
            log.push_str(&event.data);
        }
        Ok(log.into())
    }

    async fn complete(&self, context: &RequestContext, request: api::CompleteRequest) -> Result<api::CompleteResponse, ApiError> {
        Ok(api::CompleteResponse::Ok(match context.preferred(&["application/json", "text/event-stream"]) {
            Some(1) => api::CompleteOkBody::Events(Events::from(vec![Event::new(request.body)])),
            _ => api::CompleteOkBody::Json(request.body.into()),
        }))
    }
}

impl api::SecretsApi for Echo {
    async fn read_secret(&self, context: &RequestContext, _: api::ReadSecretRequest) -> Result<api::ReadSecretResponse, ApiError> {
        let body = context.principal::<Caller>().map_or("nobody".to_owned(), |caller| caller.0.clone());
        Ok(api::ReadSecretResponse::Ok {
            body: body.into(),
            x_total: 3,
            x_tags: Some(vec!["a".into(), "ä 日".into()]),
            location: None,
        })
    }

    async fn read_hint(&self, context: &RequestContext, _: api::ReadHintRequest) -> Result<api::ReadHintResponse, ApiError> {
        let etag = Some("x".to_owned());
        Ok(match context.principal::<Caller>() {
            Some(caller) => api::ReadHintResponse::Ok { body: caller.0.clone().into(), e_tag: etag },
            None => api::ReadHintResponse::NoContent { e_tag: etag },
        })
    }
}

/// Five names, two on a page.
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn some(from: usize) -> Vec<String> {
    NAMES.iter().skip(from).take(2).map(|&name| name.to_owned()).collect()
}

impl api::PagesApi for Echo {
    async fn list_by_token(&self, _: &RequestContext, request: api::ListByTokenRequest) -> Result<api::ListByTokenResponse, ApiError> {
        let from = request.page_token.map_or(0, |token| token.trim_start_matches('t').parse().unwrap());
        let next = (from + 2 < NAMES.len()).then(|| Nullable::Value(format!("t{}", from + 2)));
        Ok(ListByTokenResponseBody { names: some(from), next_page_token: next.or(Some(Nullable::Null)) }.into())
    }

    async fn list_by_number(&self, _: &RequestContext, request: api::ListByNumberRequest) -> Result<api::ListByNumberResponse, ApiError> {
        Ok(some(request.page as usize * 2).into())
    }

    async fn list_by_offset(&self, _: &RequestContext, request: api::ListByOffsetRequest) -> Result<api::ListByOffsetResponse, ApiError> {
        let from = request.offset.unwrap_or(0) as usize;
        Ok(ListByOffsetResponseBody { names: Some(some(from)), total: None }.into())
    }

    async fn list_by_link(&self, _: &RequestContext, request: api::ListByLinkRequest) -> Result<api::ListByLinkResponse, ApiError> {
        let next = request.page + 1;
        let link = match request.page {
            0 => Some(format!("</pages/linked>; rel=\"first\", <?page={next}>; rel=\"next\"")),
            1 => Some(format!("<https://api.example.org/pages/linked?page={next}>; rel=next")),
            _ => None,
        };
        Ok(api::ListByLinkResponse::Ok { body: some(request.page as usize * 2).into(), link })
    }

    async fn list_as_declared(&self, _: &RequestContext, request: api::ListAsDeclaredRequest) -> Result<api::ListAsDeclaredResponse, ApiError> {
        let from = request.from.unwrap_or(0);
        let next = (from < 4).then_some(from + 2);
        let meta = Some(ListAsDeclaredResponseBodyMeta { next });
        Ok(ListAsDeclaredResponseBody { names: Some(some(from as usize)), others: None, meta }.into())
    }
}

#[derive(Clone)]
struct Caller(String);

/// Tells what was presented, if no secret is `bad`.
struct Door;

impl Authenticate for Door {
    fn authenticate<'a>(&'a self, _: &'a RequestContext, presented: &'a [Presented]) -> Verdict<'a> {
        Box::pin(async move {
            let mut seen = Vec::new();
            for Presented { scheme, scopes, secret } in presented {
                let text = secret.user_and_password().map_or(secret.text().to_owned(), |(user, password)| format!("{user}/{password}"));
                match &*text {
                    "bad" => return Err(Denied::Unknown),
                    "poor" => return Err(Denied::Forbidden("not you".into())),
                    _ => seen.push(format!("{}={text}{scopes:?}", scheme.name)),
                }
            }
            let mut principal = http::Extensions::new();
            principal.insert(Caller(seen.join(" ")));
            Ok(principal)
        })
    }
}

async fn length(mut body: BodyStream) -> Result<usize, ApiError> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await? {
        length += chunk.len();
    }
    Ok(length)
}

fn thing() -> Thing {
    Thing {
        name: "a & b = \"c\": [ä]".into(),
        count: Some(-3),
        price: Some(2.5),
        live: Some(true),
        tags: Some(vec!["x y".into(), "1".into()]),
        size: Some(ThingSize { width: Some(4), height: None }),
    }
}

macro_rules! client {
    ($echo:expr) => {
        Client::over(Service::all($echo).into_service())
    };
}

#[tokio::test]
async fn one_type_travels_in_every_codec() {
    let echo = Echo::default();
    let client = client!(echo.clone());
    let add = || {
        let Thing { name, count, price, live, tags, size } = thing();
        let call = client.bodies().add_thing(name).count(count.unwrap()).price(price.unwrap());
        call.live(live.unwrap()).tags(tags.unwrap()).size(size.unwrap())
    };
    for call in [add(), add().as_yaml(), add().as_form(), add().as_vnd_thing_json()] {
        assert_eq!(call.send().await.unwrap(), thing());
    }
    let accept = "application/json, application/yaml;q=0.9";
    let expected = ["application/json", "application/yaml", "application/x-www-form-urlencoded", "application/vnd.thing+json"];
    assert_eq!(*echo.seen.lock().unwrap(), expected.map(|media_type| format!("{media_type} > {accept}")));
    assert_eq!(client.bodies().send_form("x").tags(["a", "b"]).send().await.unwrap().tags.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn an_answer_comes_as_the_caller_wants_it() {
    let client = client!(Echo::default());
    let call = client.bodies().add_thing("x").into_call().accepting("application/json;q=0.5, application/yaml");
    let reply = client.connection().fetch(call).await.unwrap();
    assert_eq!((&reply.headers()["content-type"], &reply.body()[..]), (&"application/yaml".parse().unwrap(), &b"name: x\n"[..]));
    let call = client.bodies().add_thing("x").into_call().accepting("text/html, image/*");
    let error = client.connection().fetch(call).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 406);
    assert!(error.to_string().contains("application/json, application/yaml"), "{error}");
}

#[tokio::test]
async fn several_types_are_told_apart() {
    let client = client!(Echo::default());
    let bodies = client.bodies();
    assert_eq!(bodies.import_things([thing(), thing()]).send().await.unwrap(), "2 things");
    assert_eq!(bodies.import_things_as_csv("a,b").send().await.unwrap(), "the text a,b");
    let upload = Upload::bytes("x", vec![0; 5]);
    assert_eq!(bodies.import_things_as_stream(upload).send().await.unwrap(), "5 octets");
    let html = Upload::bytes("x", "x").content_type("text/html");
    let error = bodies.import_things_as_stream(html).send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 415);
    assert!(error.to_string().contains("application/json, text/csv, application/octet-stream"), "{error}");
    assert_eq!(bodies.change_things().send().await.unwrap(), "nothing");
    assert_eq!(bodies.change_things().body(thing()).send().await.unwrap(), thing().name);
    let file = Upload::bytes("f", "text");
    assert_eq!(bodies.change_things_as_multipart(7).file(file).send().await.unwrap(), "count 7, file \"text\"");
}

#[tokio::test]
async fn parts_have_headers() {
    let client = client!(Echo::default());
    let picture = || Upload::bytes("p", "...");
    let parts = client.bodies().send_parts(picture(), 7, "a,b").picture_x_tags(["x", "ä y"]).thing(thing());
    assert_eq!(parts.send().await.unwrap(), ["Some(\"image/png\") ... 7 Some([\"x\", \"ä y\"])", "a,b", &thing().name]);
    let parts = client.bodies().send_parts(picture(), 7, "").picture_x_tags(["x,y"]);
    assert_eq!(parts.send().await.unwrap_err().kind(), ErrorKind::Request);
    let mut call = client.bodies().send_parts(picture(), 7, "").into_call();
    call.form(planewright_client::Form::new().file("picture", "image/png", picture()), None);
    let error = client.connection().fetch(call).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    assert!(error.to_string().contains("the part `picture` has no header `X-Width`"), "{error}");
}

#[tokio::test]
async fn constraints_hold_in_every_codec() {
    let client = client!(Echo::default());
    for call in [client.bodies().add_thing("").as_yaml(), client.bodies().add_thing("").as_form()] {
        assert_eq!(call.send().await.unwrap_err().status().unwrap(), 422);
    }
    // A form says one thing once, and nothing that isn't declared.
    for (form, answer) in [("name=x", 200), ("name=x&name=y", 400), ("tags=x", 400), ("name=x&tags=a&tags=b", 200)] {
        let mut call = client.bodies().send_form("").into_call();
        call.bytes("application/x-www-form-urlencoded", form);
        let status = client.connection().fetch(call).await.map_or_else(|error| error.status().unwrap(), |reply| reply.status());
        assert_eq!(status, answer, "{form}");
    }
}

#[tokio::test]
async fn several_answers_are_told_apart() {
    let client = client!(Echo::default());
    assert_eq!(client.bodies().export_things().send().await.unwrap(), [thing()]);
    assert_eq!(client.bodies().export_things().send_as_csv().await.unwrap(), "name\nRex\n");
    let image = client.bodies().export_things().send_as_image().await.unwrap();
    assert_eq!(image.content_type(), Some("image/svg+xml"));
}

#[tokio::test]
async fn events_and_lines_are_typed() {
    let client = client!(Echo::default());
    let mut events = client.streams().watch_things().send().await.unwrap();
    let first = events.next_event().await.unwrap().unwrap();
    assert_eq!((first.id.as_deref(), first.event.as_deref(), &first.data), (Some("1"), Some("made"), &thing()));
    assert_eq!(events.next_event().await.unwrap().unwrap().data, thing());
    assert!(events.next_event().await.unwrap().is_none());
    assert_eq!(events.last_event_id(), Some("1"));
    let mut log = client.streams().follow_log().send().await.unwrap();
    assert_eq!(log.next_event().await.unwrap().unwrap().data, "one\ntwo");
    assert_eq!(log.next_event().await.unwrap().unwrap().data, "[DONE]");
    let mut copies = client.streams().copy_things(vec![thing(), thing()]).send().await.unwrap();
    assert_eq!(copies.next_item().await.unwrap(), Some(thing()));
    assert_eq!(copies.next_item().await.unwrap(), Some(thing()));
    assert_eq!(copies.next_item().await.unwrap(), None);
    assert_eq!(client.streams().complete("x").send().await.unwrap().name, "x");
    let mut events = client.streams().complete("x").send_as_events().await.unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().data.name, "x");
}

#[tokio::test]
async fn events_are_sent_and_checked() {
    let client = client!(Echo::default());
    let event = |thing: Thing| Event { id: Some("1".into()), ..Event::new(thing) };
    assert_eq!(client.streams().report(vec![event(thing()), event(thing())]).send().await.unwrap(), 2);
    let one = Outgoing::stream(futures_util::stream::iter([Ok(event(thing()))]));
    assert_eq!(client.streams().report(one).send().await.unwrap(), 1);
    let lines = ["a", "b\nc"].map(|line| Event::new(line.to_owned()));
    assert_eq!(client.streams().write_log(lines.to_vec()).send().await.unwrap(), "ab\nc");
    // What a whole body may not hold, an element may not.
    let nameless = || Thing { name: String::new(), ..thing() };
    let error = client.streams().report(vec![event(nameless())]).send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 422);
    assert!(error.to_string().contains("at least 1 character"), "{error}");
    let mut copies = client.streams().copy_things(vec![thing(), nameless()]).send().await.unwrap();
    assert_eq!(copies.next_item().await.unwrap(), Some(thing()));
    assert_eq!(copies.next_item().await.unwrap_err().kind(), ErrorKind::Transport);
    let parts = client.bodies().send_parts(Upload::bytes("p", "."), 1, "longer than ten");
    assert_eq!(parts.send().await.unwrap_err().status().unwrap(), 422);
}

#[tokio::test]
async fn a_broken_stream_is_an_error_of_its_reader() {
    let client = client!(Echo::default());
    let failing = Outgoing::stream(futures_util::stream::iter([Ok(thing()), Err("no more".into())]));
    let mut copies = client.streams().copy_things(failing).send().await.unwrap();
    assert_eq!(copies.next_item().await.unwrap(), Some(thing()));
    assert_eq!(copies.next_item().await.unwrap_err().kind(), ErrorKind::Transport);
}

#[tokio::test]
async fn callers_present_what_is_demanded() {
    let client = Client::over(Service::all(Echo::default()).authenticate(Door).into_service());
    let with = |settings: Settings| client.with_settings(settings);
    let key = |text: &str| Settings::new().credentials_for("key", Credential::key(text));
    // No credentials, then half of an alternative.
    for client in [client.clone(), with(key("k"))] {
        let error = client.secrets().read_secret().send().await.unwrap_err();
        let challenges: Vec<_> = error.headers().unwrap().get_all("www-authenticate").iter().collect();
        assert_eq!(error.status().unwrap(), 401);
        assert_eq!(challenges, [r#"Bearer scope="read list""#, r#"ApiKey in="header", name="x-key""#, r#"Basic realm="api", charset="UTF-8""#]);
    }
    let both = with(key("k").credentials_for("token", Credential::key("t")));
    assert_eq!(both.secrets().read_secret().send().await.unwrap(), r#"token=t["read", "list"] key=k[]"#);
    let user = with(Settings::new().credentials_for("user", Credential::basic("u", "p:w").unwrap()));
    assert_eq!(user.secrets().read_secret().send().await.unwrap(), "user=u/p:w[]");
    for (secret, status) in [("bad", 401), ("poor", 403)] {
        let error = with(key(secret)).bodies().add_thing("x").send().await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
    }
    assert_eq!(with(key("k")).bodies().add_thing("x").send().await.unwrap().name, "x");
}

#[tokio::test]
async fn headers_are_typed_and_anyone_may_come_where_the_document_says_so() {
    let client = Client::over(Service::all(Echo::default()).authenticate(Door).into_service());
    let (hint, headers) = client.secrets().read_hint().send_with_headers().await.unwrap();
    assert!(matches!(hint, golden_wire::client::secrets::ReadHintResponse::NoContent));
    assert_eq!(headers.e_tag.as_deref(), Some("x"));
    for (scheme, secret) in [("ticket", "a&b"), ("session", "c;d")] {
        let client = client.with_settings(Settings::new().credentials_for(scheme, Credential::key(secret)));
        match client.secrets().read_hint().send().await.unwrap() {
            golden_wire::client::secrets::ReadHintResponse::Ok(body) => assert_eq!(body, format!("{scheme}={secret}[]")),
            other => panic!("{other:?}"),
        }
    }
    let open = client!(Echo::default());
    let (body, headers) = open.secrets().read_secret().send_with_headers().await.unwrap();
    assert_eq!((&*body, headers.x_total, headers.location), ("nobody", 3, None));
    assert_eq!(headers.x_tags.unwrap(), ["a", "ä 日"]);
}

#[test]
fn a_server_has_variables() {
    use golden_wire::client::{SERVERS, ServerUrl, ServerUrl2, ServerUrl2Where, ServerUrlRegion};
    use planewright_client::CallOptions;

    assert_eq!(ServerUrl::new().url(), SERVERS[0].url);
    let url = ServerUrl::new().region(ServerUrlRegion::Us).port("8443").url();
    assert_eq!(url, "https://us.example.org:8443/");
    let elsewhere = ServerUrl2::new().where_(ServerUrl2Where::Near).url();
    assert_eq!(elsewhere, "https://hints.eu.example.org/near");
    let options = CallOptions::new().server(BaseUrl::in_process("/near").unwrap());
    let client = client!(Echo::default());
    assert_eq!(client.secrets().read_hint().into_call().target(), "/far/hint");
    assert_eq!(client.secrets().read_hint().options(options).into_call().target(), "/near/hint");
}

async fn all<T>(mut pages: Pages<T>) -> Vec<T> {
    let mut list = Vec::new();
    while let Some(item) = pages.next().await.unwrap() {
        list.push(item);
    }
    list
}

#[tokio::test]
async fn pages_follow_each_other() {
    let client = client!(Echo::default());
    let pages = client.pages();
    assert_eq!(all(pages.list_by_token().pages()).await.len(), 3);
    assert_eq!(all(pages.list_by_token().items(7).all_items()).await, NAMES);
    assert_eq!(all(pages.list_by_token().page_token("t3").all_items()).await, ["d", "e"]);
    assert_eq!(all(pages.list_by_number().items()).await, NAMES);
    assert_eq!(all(pages.list_by_offset().items()).await, NAMES);
    assert_eq!(all(pages.list_as_declared().items()).await, NAMES);
    assert_eq!(all(pages.list_by_link().pages()).await.len(), 3);
    assert_eq!(all(pages.list_by_link().items()).await, NAMES);
    assert_eq!(all(pages.list_by_link().page(1).items()).await, ["c", "d", "e"]);
}
