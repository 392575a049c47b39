//! What depends on the platform, and nothing else does.

#[cfg(not(target_family = "wasm"))]
pub mod native;
#[cfg(target_family = "wasm")]
pub mod web;

#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{DATABASE_MODE, NativeClock as SystemClock, away, files_beside};
#[cfg(target_family = "wasm")]
pub(crate) use web::{DATABASE_MODE, WebClock as SystemClock, away, files_beside};
