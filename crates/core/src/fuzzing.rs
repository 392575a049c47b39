//! For the fuzz targets alone (`--cfg fuzzing`): decoders of what members write that are no part of the crate's face.

use crate::content::{Content, Draft, Envelope};

/// Reads a padded envelope, and again what was read.
#[expect(clippy::expect_used, clippy::panic, reason = "a broken promise is what the fuzzer looks for")]
pub fn envelope(bytes: &[u8]) {
    let Ok(envelope) = Envelope::from_padded(bytes) else { return };
    let again = Envelope::from_padded(&envelope.to_padded()).expect("what was padded is read");
    if (again.id, &again.content_bytes) != (envelope.id, &envelope.content_bytes) {
        panic!("another envelope came back");
    }
    let _ = Content::from_bytes(&envelope.content_bytes);
}

/// Sound padded envelopes.
pub fn envelope_seeds() -> Vec<Vec<u8>> {
    let Ok(content) = Content::text("Did you see the draft?") else { return Vec::new() };
    let id = huis_proto::MessageId::from_bytes([3; 16]);
    let draft = Draft { id, content: &content, sent_at_ms: 5, counter: 1, last_seen: None };
    let sound = Envelope::new(&mut rand::rngs::OsRng, &draft);
    sound.iter().map(|envelope| envelope.to_padded().to_vec()).collect()
}
