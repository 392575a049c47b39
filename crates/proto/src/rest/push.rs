//! Web Push (RFC 8030): how a browser that is closed learns that there is something.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Bytes;

/// `PUT /api/v1/push-subscription`: where the device is woken, as the browser's push service gave it for the server's key
/// ([`ServerInfo::push_key`](super::ServerInfo::push_key)). One for each session, with which it ends. Whoever has it can wake
/// the device, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PushSubscription {
    /// The URL at the push service; at most [`PUSH_ENDPOINT`](crate::limits::PUSH_ENDPOINT) bytes, of HTTPS.
    pub endpoint: String,
    /// The browser's public key (P-256, uncompressed: 65 bytes).
    pub p256dh: Bytes,
    /// The browser's secret of 16 bytes.
    pub auth: Bytes,
}

impl fmt::Debug for PushSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushSubscription(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_that_wakes_a_device() {
        let endpoint = "https://push.example/secret".to_owned();
        let subscription = PushSubscription { endpoint, p256dh: Bytes(vec![4; 65]), auth: Bytes(vec![9; 16]) };
        assert_eq!(format!("{subscription:?}"), "PushSubscription(…)");
    }
}
