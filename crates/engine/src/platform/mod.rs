//! What depends on the platform, and nothing else does.

mod names;
#[cfg(not(target_family = "wasm"))]
pub mod native;
#[cfg(target_family = "wasm")]
pub mod web;

#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{
    ACCESS, LARGEST_PICTURE, NativeClock as SystemClock, away, device_name, estimate, files_beside, gcm, open_by_round,
    seal_for_round, small_picture,
};
#[cfg(target_family = "wasm")]
pub(crate) use web::{
    ACCESS, LARGEST_PICTURE, WebClock as SystemClock, away, device_name, estimate, files_beside, gcm, open_by_round,
    seal_for_round, small_picture,
};
