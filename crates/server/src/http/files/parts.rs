//! A part of a file on its way from a request to the blobs.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::response::Response;
use futures_util::StreamExt as _;
use http::StatusCode;
use huis_blobs::{BlobError, PIECES_MAX, PieceWriter};
use huis_proto::{AccountId, BlobId, ErrorCode, limits};
use huis_store::{Arrived, Upload};
use tokio::time::{Instant, timeout_at};

use super::super::problem::Refusal;
use super::checksum::Checksum;
use super::tus;
use crate::files::Turn;
use crate::serve::in_ms;
use crate::state::App;

/// A body of which nothing comes for so long has broken off.
const SILENCE: Duration = Duration::from_secs(30);
/// A body that goes on for longer is taken as far as it came, before the request is given up.
const LONGEST: Duration = Duration::from_secs(240);

/// A part that is to be taken.
pub(super) struct Part {
    pub(super) app: App,
    pub(super) account: AccountId,
    pub(super) file: BlobId,
    pub(super) upload: Upload,
    pub(super) checksum: Option<Checksum>,
    /// How many bytes the request says that it brings, if it does.
    pub(super) announced: Option<usize>,
    pub(super) body: Body,
    pub(super) turn: Turn,
}

/// What came of a body.
struct Came {
    piece: PieceWriter,
    /// Whether it came to its end.
    whole: bool,
}

/// The most pieces that a file of this length is kept in: no more than are read and few enough for the storage, and enough
/// for who sends little at a time or is cut off.
pub(super) fn most_parts(length: u64) -> u64 {
    (limits::FILE_REQUESTS + length / limits::FILE_COUNTED).min(PIECES_MAX as u64)
}

impl Part {
    /// Takes it to its end, even if the client goes away meanwhile: what came is kept.
    pub(super) async fn taken(self) -> Result<Response, Refusal> {
        match tokio::spawn(self.take()).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "an upload did not end");
                Err(Refusal::internal())
            }
        }
    }

    async fn take(self) -> Result<Response, Refusal> {
        let Self { app, account, file, upload, mut checksum, announced, body, turn: _turn } = self;
        let left = upload.length.saturating_sub(upload.arrived);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(limits::FILE_REQUEST);
        // Others have written since the request began. One that does not say how much it brings may bring all that is left.
        let expected = announced.map_or(most, |announced| announced.min(most));
        let mut room = app.files.reserve(expected as u64).await?;
        let piece = app.files.blobs.piece(file, upload.arrived, expected);
        // Held until its bytes are with the blobs, for as long as it is there they count as memory that is taken.
        let mut body = body.into_data_stream();
        let Came { piece, whole } = came(&mut body, piece, most, checksum.as_mut()).await?;
        let length = piece.length();
        let is_kept = whole || length == most || length >= limits::FILE_PART_KEPT;
        if checksum.is_some() && !whole {
            return Err(broke_off_with_checksum());
        } else if !is_kept {
            return Err(broke_off());
        }
        if checksum.is_some_and(|checksum| !checksum.holds()) {
            let title = "What arrived is not what the checksum says, and was not kept; send it again.";
            return Err(Refusal::new(ErrorCode::ChecksumMismatch, title));
        }
        if length == 0 {
            return Ok(tus::standing(StatusCode::NO_CONTENT, &upload));
        }
        let count = length as u64;
        let expires_at_ms = app.clock.now_ms().saturating_add(in_ms(limits::FILE_UNREFERENCED));
        let mut arrived = Arrived { from: upload.arrived, to: upload.arrived + count, expires_at_ms };
        let put = piece.finish().await;
        if put.is_ok() {
            room.keeps(count);
        }
        drop((room, body));
        match put {
            Ok(()) => {}
            // Another request was faster, or an earlier one was cut off between the storage and the store: how much of it
            // is there counts.
            Err(BlobError::Occupied) => {
                arrived.to = app.files.blobs.length(file).await?.min(upload.length);
                if arrived.to > arrived.from {
                    app.store.advance_upload(account, file, arrived).await?;
                }
                let now = app.store.upload(account, file).await?.ok_or_else(unknown)?;
                return Ok(tus::elsewhere(now.arrived));
            }
            Err(error) => return Err(error.into()),
        }
        metrics::counter!("huis_file_bytes_total", "way" => "up").increment(count);
        if arrived.to == upload.length && app.files.blobs.length(file).await? < upload.length {
            tracing::error!("the parts of an upload are not all here; do all nodes keep files at one place?");
            let now_ms = app.clock.now_ms();
            app.store.let_go_of_file(account, file, None, now_ms).await?;
            return Err(Refusal::not_found("Not all that had been uploaded is here any more; begin the upload anew."));
        }
        match app.store.advance_upload(account, file, arrived).await? {
            // Further than this part goes where another request has gone on from here already.
            Some(now) if now.arrived >= arrived.to => Ok(tus::standing(StatusCode::NO_CONTENT, &now)),
            Some(now) => Ok(tus::elsewhere(now.arrived)),
            // Deleted meanwhile. What was written just now goes with the rest of it.
            None => Err(unknown()),
        }
    }
}

/// The body, or what came of it before it broke off.
async fn came(
    body: &mut BodyDataStream,
    mut piece: PieceWriter,
    most: usize,
    mut checksum: Option<&mut Checksum>,
) -> Result<Came, Refusal> {
    let end = Instant::now() + LONGEST;
    loop {
        let portion = match timeout_at(end.min(Instant::now() + SILENCE), body.next()).await {
            Ok(Some(Ok(portion))) => portion,
            Ok(None) => return Ok(Came { piece, whole: true }),
            Ok(Some(Err(_))) | Err(_) => return Ok(Came { piece, whole: false }),
        };
        if portion.len() > most - piece.length() {
            return Err(too_much(most));
        }
        if let Some(checksum) = &mut checksum {
            checksum.add(&portion);
        }
        piece.write(&portion).await?;
    }
}

/// The refusal of a part that is longer than one may be, or than what is left of the file.
pub(super) fn too_much(most: usize) -> Refusal {
    let title =
        format!("A part has at most {most} bytes here; send less at a time, and nothing behind the file's end.");
    Refusal::new(ErrorCode::TooLarge, title)
}

pub(super) fn unknown() -> Refusal {
    Refusal::not_found("There is no such file, or it is not for this account.")
}

fn broke_off() -> Refusal {
    Refusal::bad_request("The part broke off, and was not kept; ask where the upload is, and go on from there.")
}

/// Of such a part nothing can be kept, so a slow line never gets on with large ones.
fn broke_off_with_checksum() -> Refusal {
    Refusal::bad_request(
        "The part broke off or took too long, and with a checksum nothing of it is kept; send smaller parts from where the \
         upload is.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_gets_more_pieces_than_are_read() {
        for (length, most) in [(0, 64), (256 * 1024, 65), (8 << 30, 32_832), (1 << 40, 100_000), (u64::MAX, 100_000)] {
            assert_eq!(most_parts(length), most, "{length}");
        }
    }
}
