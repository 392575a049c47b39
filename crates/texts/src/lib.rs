//! What a person reads and types, the same for all faces: texts of others made harmless, times, spans of time.

#![deny(missing_docs)]

mod safe;
mod times;

pub use safe::{safe_block, safe_line};
pub use times::{SpanError, readable, rfc3339, span};
