//! What bodies are written in: media types, which of them is meant, and the codecs that read and write them.
//!
//! A value of the document has one Rust type, whatever it travels as: a [`Codec`] is chosen by `Content-Type` on the way in
//! and by `Accept` on the way out. [`Event`]s and [`Framing`] are for bodies that never end.

mod accept;
mod codec;
mod events;
mod items;
#[cfg(feature = "yaml")]
mod yaml;

pub use accept::{Wanted, chosen, essence};
pub use codec::Codec;
pub use events::{Event, EventDecoder, RawEvent, StreamFault, write_event};
pub use items::{Framing, ItemDecoder};

/// A media type that an operation takes or gives, and how it is read and written.
pub type Media = (&'static str, Codec);
