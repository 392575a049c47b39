//! What a person reads and types, the same for all faces: the texts in the person's language, texts of others made
//! harmless, times, spans of time.

#![deny(missing_docs)]

mod addresses;
mod codes;
mod failures;
mod language;
mod moments;
mod notices;
mod pattern;
mod reasons;
mod safe;
mod sizes;
mod texts;
mod times;
#[cfg(test)]
mod used;

pub use addresses::{AddressError, is_unprotected, server_address, typed_address};
pub use codes::drawn_code;
pub use moments::{MomentError, moment};
pub use safe::{is_visible_name, safe_block, safe_line};
pub use sizes::size;
pub use texts::{Language, Texts, Value};
pub use times::{SpanError, readable, rfc3339, span};
