//! Every decoder of bytes that come from outside, as the function of a fuzz target, and seeds for each: a few sound
//! inputs from which the fuzzer goes on.
//!
//! A target fails by a panic (also of a debug assertion or an overflow), by memory without end, or by not ending. What
//! is decoded must come out the same once it was encoded and decoded again.

pub mod core;
pub mod proto;
pub mod rest;

/// The seeds of each target, by its name.
pub fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    vec![
        ("proto_frames", proto::frames_seeds()),
        ("proto_aad", proto::aad_seeds()),
        ("proto_mls_header", proto::mls_header_seeds()),
        ("proto_device_list", proto::device_list_seeds()),
        ("proto_names", proto::names_seeds()),
        ("core_content", core::content_seeds()),
        ("core_vault", core::vault_seeds()),
        ("core_account_state", core::account_state_seeds()),
        ("core_password", core::password_seeds()),
        ("core_directory", core::directory_seeds()),
        ("core_groups", core::groups_seeds()),
        ("core_safety_code", core::safety_code_seeds()),
        ("rest_bodies", rest::bodies_seeds()),
    ]
}
