use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use planewright_server::{ApiError, Reply, RequestContext, ResponseBody};

use crate::api::model::{Book, Delivery, Isbn, Reprint, ReprintState, Ticket};
use crate::api::server::*;

/// The longest cover that is kept, in bytes.
const COVER_LIMIT: u64 = 1 << 20;

/// A bookshop that keeps its books in memory. Clones are the same shop.
#[derive(Clone, Debug, Default)]
pub struct Shop(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    books: BTreeMap<Isbn, Book>,
    covers: BTreeMap<Isbn, Bytes>,
    orders: BTreeMap<String, Order>,
}

#[derive(Debug)]
struct Order {
    copies: i32,
    /// The printer is done by the second look: enough for an example.
    looks: u32,
}

impl Shop {
    /// How many orders the printer has got.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.state().orders.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_book(isbn: &Isbn) -> ApiError {
    ApiError::not_found(format!("there is no book {isbn}"))
}

impl BooksApi for Shop {
    async fn list_books(
        &self,
        _context: &RequestContext,
        request: ListBooksRequest,
    ) -> Result<ListBooksResponse, ApiError> {
        let state = self.state();
        let wanted = |book: &&Book| request.author.as_ref().is_none_or(|author| book.author == *author);
        Ok(state.books.values().filter(wanted).cloned().collect::<Vec<_>>().into())
    }

    async fn add_book(
        &self,
        _context: &RequestContext,
        request: AddBookRequest,
    ) -> Result<AddBookResponse, ApiError> {
        let book = request.body;
        let mut state = self.state();
        if state.books.contains_key(&book.isbn) {
            return Err(ApiError::conflict(format!("there is a book {} already", book.isbn)));
        }
        state.books.insert(book.isbn.clone(), book.clone());
        Ok(book.into())
    }

    async fn get_book(
        &self,
        _context: &RequestContext,
        request: GetBookRequest,
    ) -> Result<GetBookResponse, ApiError> {
        let book = self.state().books.get(&request.isbn).cloned();
        book.map(Into::into).ok_or_else(|| no_book(&request.isbn))
    }

    async fn put_cover(
        &self,
        _context: &RequestContext,
        mut request: PutCoverRequest,
    ) -> Result<PutCoverResponse, ApiError> {
        let mut picture = Bytes::new();
        // Parts are pulled one at a time. Whoever keeps them in a file reads them with `chunk` instead.
        while let Some(part) = request.body.next_part().await? {
            if let PutCoverPart::Picture(mut part) = part {
                picture = part.bytes(COVER_LIMIT).await?;
            }
        }
        let mut state = self.state();
        if !state.books.contains_key(&request.isbn) {
            return Err(no_book(&request.isbn));
        }
        state.covers.insert(request.isbn, picture);
        Ok(PutCoverResponse::NoContent)
    }

    async fn get_cover(
        &self,
        _context: &RequestContext,
        request: GetCoverRequest,
    ) -> Result<GetCoverResponse, ApiError> {
        let cover = self.state().covers.get(&request.isbn).cloned();
        let cover =
            cover.ok_or_else(|| ApiError::not_found(format!("book {} has no cover", request.isbn)))?;
        Ok(ResponseBody::from(cover).into())
    }
}

impl ReprintsApi for Shop {
    async fn start_reprint(
        &self,
        _context: &RequestContext,
        request: StartReprintRequest,
    ) -> Result<StartReprintResponse, ApiError> {
        let order = request.body;
        let mut state = self.state();
        if !state.books.contains_key(&order.isbn) {
            return Err(no_book(&order.isbn));
        }
        let ticket = order.ticket.unwrap_or_else(|| format!("order-{}", state.orders.len() + 1));
        // The same ticket again is the same order: that is what lets a client repeat it.
        state.orders.entry(ticket.clone()).or_insert(Order { copies: order.copies, looks: 0 });
        Ok(Ticket { ticket }.into())
    }

    async fn get_reprint(
        &self,
        _context: &RequestContext,
        request: GetReprintRequest,
    ) -> Result<GetReprintResponse, ApiError> {
        let mut state = self.state();
        let order = state.orders.get_mut(&request.ticket);
        let order = order.ok_or_else(|| ApiError::not_found(format!("no ticket {}", request.ticket)))?;
        order.looks += 1;
        let reprint = if order.looks < 2 {
            Reprint { state: ReprintState::Printing, delivery: None, failure: None }
        } else {
            let delivery = Some(Delivery { copies: order.copies });
            Reprint { state: ReprintState::Done, delivery, failure: None }
        };
        Ok(GetReprintResponse::Ok(Reply::Owned(reprint)))
    }
}
