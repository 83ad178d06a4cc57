//! Prints what a client and the shop say to each other.

use own_document::Shop;
use own_document::api::{client, server};
use planewright_client::Upload;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = server::Service::all(Shop::default()).into_service();
    let shop = client::Client::over(service); // or `connect("https://…")`

    let isbn = "9783161484100".parse()?;
    let book = shop.books().add_book(isbn, "The Plane", "A. Wright").pages(320).send().await?;
    println!("added     {} by {}", book.title, book.author);

    let isbn = book.isbn;
    let cover = Upload::bytes("cover.png", &b"not really a picture"[..]);
    shop.books().put_cover(isbn.clone(), cover).send().await?;
    println!("cover     {} bytes", shop.books().get_cover(isbn.clone()).send().await?.bytes().await?.len());
    println!("listed    {} by A. Wright", shop.books().list_books().author("A. Wright").send().await?.len());

    let reprint = shop.reprints().start_reprint(isbn, 500).send().await?;
    println!("ordered   ticket {}", reprint.trigger_id());
    println!("delivered {} copies", reprint.wait().await?.copies);

    // All that breaks the document's rules is told at once, each with its place.
    if let Err(error) = shop.books().add_book("9780000000000".parse()?, "", "Nobody").pages(0).send().await {
        println!("refused   {}", String::from_utf8_lossy(error.body()));
    }
    Ok(())
}
