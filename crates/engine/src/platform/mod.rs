//! What depends on the platform, and nothing else does.

pub mod native;
