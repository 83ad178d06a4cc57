//! The generated client against the shop, in one process.

use own_document::Shop;
use own_document::api::client::Client;
use own_document::api::model::Isbn;
use own_document::api::server::Service;
use planewright_client::{Transport, Upload};

fn open() -> (Shop, Client<impl Transport>) {
    let shop = Shop::default();
    (shop.clone(), Client::over(Service::all(shop).into_service()))
}

fn isbn() -> Isbn {
    "9783161484100".parse().expect("an ISBN")
}

#[tokio::test]
async fn a_book_is_kept_and_found() {
    let (_, client) = open();
    let book = client.books().add_book(isbn(), "The Plane", "A. Wright").pages(320).send().await.unwrap();
    assert_eq!(client.books().get_book(isbn()).send().await.unwrap(), book);
    assert_eq!(client.books().list_books().author("A. Wright").send().await.unwrap(), [book]);
    assert_eq!(client.books().list_books().author("Nobody").send().await.unwrap(), []);

    let again = client.books().add_book(isbn(), "Another", "B. Wright").send().await.unwrap_err();
    assert!(again.is_conflict(), "{again}");
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    let (_, client) = open();
    let error = client.books().add_book(isbn(), "", "Nobody").pages(0).send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(422));
    let problem = String::from_utf8_lossy(error.body());
    assert!(problem.contains("/title") && problem.contains("/pages"), "{problem}");
}

#[tokio::test]
async fn a_cover_comes_back_as_it_went() {
    let (_, client) = open();
    let cover = || Upload::bytes("cover.png", vec![7; 100_000]);
    assert!(client.books().put_cover(isbn(), cover()).send().await.unwrap_err().is_not_found());

    client.books().add_book(isbn(), "The Plane", "A. Wright").send().await.unwrap();
    client.books().put_cover(isbn(), cover()).send().await.unwrap();
    let picture = client.books().get_cover(isbn()).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(picture, vec![7; 100_000]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_order_is_printed_once() {
    let (shop, client) = open();
    client.books().add_book(isbn(), "The Plane", "A. Wright").send().await.unwrap();
    let order = || client.reprints().start_reprint(isbn(), 500).ticket("mine").send();
    let (first, second) = (order().await.unwrap(), order().await.unwrap());
    assert_eq!((first.trigger_id(), second.trigger_id()), ("mine", "mine"));
    assert_eq!(first.wait().await.unwrap().copies, 500);
    assert_eq!(shop.orders(), 1);

    // Without a ticket of its own, the client makes one up: two calls are two orders.
    client.reprints().start_reprint(isbn(), 1).send().await.unwrap();
    client.reprints().start_reprint(isbn(), 1).send().await.unwrap();
    assert_eq!(shop.orders(), 3);
}
