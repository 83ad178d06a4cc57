use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use planewright_model::Json;

use crate::call::Call;
use crate::connection::Connection;
use crate::error::Error;
use crate::transport::Transport;

/// The pages of a list, one after the other. The next is fetched when it is asked for.
pub struct Pages<T> {
    inner: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
}

impl<T: Json + Send + 'static> Pages<T> {
    /// The pages that `builder` asks for: `call` makes its call, and `advance` changes it so that it asks for what follows
    /// on a page, and says whether anything can.
    pub fn new<S: Transport, B: Clone + Send + 'static>(
        connection: Connection<S>,
        builder: B,
        call: fn(B) -> Call,
        advance: fn(&mut B, &T) -> bool,
    ) -> Self {
        Self { inner: Box::pin(Walk { connection, builder: Some(builder), call, advance, under_way: None }) }
    }

    /// The pages that `builder` asks for, where each says in its `Link` header where the next is (RFC 8288, `rel="next"`).
    pub fn linked<S: Transport, B: Clone + Send + 'static>(
        connection: Connection<S>,
        builder: B,
        call: fn(B) -> Call,
    ) -> Self {
        let next = Some(String::new());
        Self { inner: Box::pin(Linked { connection, builder, call, next, under_way: None }) }
    }

    /// What stands on the pages, one after the other.
    #[must_use]
    pub fn items<I: Send + Unpin + 'static>(self, list: fn(T) -> Vec<I>) -> Pages<I> {
        Pages { inner: Box::pin(Flat { pages: self.inner, list, ready: VecDeque::new() }) }
    }
}

impl<T> Pages<T> {
    /// The next, or nothing after the last.
    ///
    /// # Errors
    /// If the call fails; nothing comes after that.
    ///
    /// # Cancellation
    /// Nothing is lost.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        std::future::poll_fn(|context| self.inner.as_mut().poll_next(context)).await.transpose()
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pages")
    }
}

/// A page on its way.
type Page<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

struct Walk<S, B, T> {
    connection: Connection<S>,
    /// What asks for the next page; nothing after the last.
    builder: Option<B>,
    call: fn(B) -> Call,
    advance: fn(&mut B, &T) -> bool,
    under_way: Option<Page<T>>,
}

// Nothing in it is pinned in place.
impl<S, B, T> Unpin for Walk<S, B, T> {}

impl<S: Transport, B: Clone + Send + 'static, T: Json + Send + 'static> Stream for Walk<S, B, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(builder) = &mut this.builder else { return Poll::Ready(None) };
        let under_way = this.under_way.get_or_insert_with(|| {
            let (connection, call) = (this.connection.clone(), (this.call)(builder.clone()));
            Box::pin(async move { connection.fetch(call).await?.json() })
        });
        let page = ready!(under_way.as_mut().poll(context));
        this.under_way = None;
        let goes_on = page.as_ref().is_ok_and(|page| (this.advance)(builder, page));
        if !goes_on {
            this.builder = None;
        }
        Poll::Ready(Some(page))
    }
}

/// A page on its way, and where the next is.
type LinkedPage<T> = Pin<Box<dyn Future<Output = Result<(T, Option<String>), Error>> + Send>>;

struct Linked<S, B, T> {
    connection: Connection<S>,
    builder: B,
    call: fn(B) -> Call,
    /// Path and query of the next page; empty for the first, nothing after the last.
    next: Option<String>,
    under_way: Option<LinkedPage<T>>,
}

// Nothing in it is pinned in place.
impl<S, B, T> Unpin for Linked<S, B, T> {}

impl<S: Transport, B: Clone + Send + 'static, T: Json + Send + 'static> Stream for Linked<S, B, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(next) = &this.next else { return Poll::Ready(None) };
        let under_way = this.under_way.get_or_insert_with(|| {
            let call = (this.call)(this.builder.clone());
            let call = if next.is_empty() { call } else { call.at(next) };
            let connection = this.connection.clone();
            Box::pin(async move {
                let reply = connection.fetch(call).await?;
                let next = reply.next_page()?;
                Ok((reply.json()?, next))
            })
        });
        let page = ready!(under_way.as_mut().poll(context));
        this.under_way = None;
        this.next = page.as_ref().ok().and_then(|(_, next)| next.clone());
        Poll::Ready(Some(page.map(|(page, _)| page)))
    }
}

struct Flat<T, I> {
    pages: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
    list: fn(T) -> Vec<I>,
    ready: VecDeque<I>,
}

impl<T, I: Unpin> Stream for Flat<T, I> {
    type Item = Result<I, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.as_mut().poll_next(context)) {
                Some(Ok(page)) => self.ready = (self.list)(page).into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
