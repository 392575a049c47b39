//! What every storage does alike.

use bytes::Bytes;
use futures_util::future::join_all;
use huis_blobs::{BlobError, Blobs, PIECE_MAX};
use huis_proto::BlobId;

fn blob() -> BlobId {
    BlobId::random(&mut rand::thread_rng())
}

/// Bytes that tell their place.
fn bytes(from: usize, to: usize) -> Vec<u8> {
    (from..to).map(|place| (place % 251) as u8).collect()
}

async fn read(blobs: &Blobs, blob: BlobId, from: u64, to: u64) -> Vec<u8> {
    blobs.read(blob, from, to).await.expect("it is there").all().await.expect("it is read")
}

pub(crate) async fn what_is_stored_is_read_in_any_part(blobs: Blobs) {
    let blob = blob();
    // Stored in another order than it is read.
    for (from, to) in [(700, 1000), (0, 1), (1, 700)] {
        blobs.put(blob, from as u64, bytes(from, to).into()).await.expect("stored");
    }
    assert_eq!(blobs.length(blob).await.expect("its length"), 1000);
    for (from, to) in [(0, 1000), (0, 1), (0, 0), (1, 700), (699, 701), (999, 1000), (5, 995)] {
        assert_eq!(read(&blobs, blob, from as u64, to as u64).await, bytes(from, to), "{from}..{to}");
    }
    for (from, to) in [(0, 1001), (1000, 1001)] {
        assert!(matches!(blobs.read(blob, from, to).await, Err(BlobError::NotThere)), "{from}..{to}");
    }
}

pub(crate) async fn a_piece_may_be_repeated_and_never_replaced(blobs: Blobs) {
    let blob = blob();
    let piece = Bytes::from(bytes(0, 4096));
    blobs.put(blob, 0, piece.clone()).await.expect("stored");
    blobs.put(blob, 0, piece.clone()).await.expect("the same once more");
    let mut others = vec![Bytes::from(bytes(0, 4095)), Bytes::from(bytes(0, 4097))];
    let mut altered = bytes(0, 4096);
    altered[4095] ^= 1;
    others.push(altered.into());
    for other in others {
        assert!(matches!(blobs.put(blob, 0, other).await, Err(BlobError::Occupied)));
    }
    assert_eq!(read(&blobs, blob, 0, 4096).await, piece);
}

/// Writes a piece as it comes from a connection.
async fn comes(blobs: &Blobs, blob: BlobId, piece: &[u8]) -> Result<(), BlobError> {
    let mut writer = blobs.piece(blob, 0, piece.len());
    for portion in piece.chunks(100_003) {
        writer.write(portion).await?;
    }
    assert_eq!(writer.length(), piece.len());
    writer.finish().await
}

pub(crate) async fn a_piece_that_comes_in_portions_is_there_when_it_is_finished(blobs: Blobs) {
    const MIB: usize = 1024 * 1024;
    for length in [1, 100_003, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 500_000, PIECE_MAX] {
        let (blob, piece) = (blob(), bytes(0, length));
        let mut writer = blobs.piece(blob, 0, length);
        writer.write(&piece).await.expect("written");
        assert_eq!(blobs.length(blob).await.expect("nothing yet"), 0, "{length}");
        writer.finish().await.expect("stored");
        assert_eq!(blobs.length(blob).await.expect("its length"), length as u64);
        assert!(read(&blobs, blob, 0, length as u64).await == piece, "{length}");
        // Repeated it is well, and others are told.
        comes(&blobs, blob, &piece).await.expect("the same once more");
        blobs.put(blob, 0, piece.clone().into()).await.expect("the same in one");
        let mut altered = piece.clone();
        altered[length - 1] ^= 1;
        for other in [&altered[..], &[&piece[..], b"x"].concat()[..PIECE_MAX.min(length + 1)]] {
            if other != piece {
                assert!(matches!(comes(&blobs, blob, other).await, Err(BlobError::Occupied)), "{length}");
            }
        }
        assert!(read(&blobs, blob, 0, length as u64).await == piece, "{length}");
    }
    let mut writer = blobs.piece(blob(), 0, 0);
    writer.write(&vec![7; PIECE_MAX]).await.expect("the largest");
    assert!(matches!(writer.write(b"x").await, Err(BlobError::PieceSize)));
    assert!(matches!(blobs.piece(blob(), 0, 10).finish().await, Err(BlobError::PieceSize)));
}

pub(crate) async fn of_those_who_write_large_pieces_at_one_place_one_counts(blobs: Blobs) {
    let blob = blob();
    let pieces: Vec<Vec<u8>> = (0..4_u8).map(|writer| vec![writer; 2_500_000]).collect();
    let answers = join_all(pieces.iter().map(|piece| comes(&blobs, blob, piece))).await;
    let stored: Vec<usize> = (0..answers.len()).filter(|place| answers[*place].is_ok()).collect();
    assert_eq!(stored.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(BlobError::Occupied))), "{answers:?}");
    assert!(read(&blobs, blob, 0, 2_500_000).await == pieces[stored[0]]);
}

pub(crate) async fn of_writers_at_one_place_one_counts(blobs: Blobs) {
    let blob = blob();
    let writers = (0..8_u8).map(|writer| blobs.put(blob, 0, Bytes::from(vec![writer; 100_000])));
    let answers = join_all(writers).await;
    let stored: Vec<usize> = (0..answers.len()).filter(|place| answers[*place].is_ok()).collect();
    assert_eq!(stored.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(BlobError::Occupied))), "{answers:?}");
    assert_eq!(read(&blobs, blob, 0, 100_000).await, vec![stored[0] as u8; 100_000]);
}

pub(crate) async fn a_blob_ends_at_its_first_gap(blobs: Blobs) {
    let blob = blob();
    assert_eq!(blobs.length(blob).await.expect("nothing"), 0);
    blobs.put(blob, 100, bytes(100, 200).into()).await.expect("stored");
    assert_eq!(blobs.length(blob).await.expect("a gap at its beginning"), 0);
    blobs.put(blob, 0, bytes(0, 50).into()).await.expect("stored");
    assert_eq!(blobs.length(blob).await.expect("a gap"), 50);
    assert!(matches!(blobs.read(blob, 0, 200).await, Err(BlobError::NotThere)));
    assert_eq!(read(&blobs, blob, 120, 180).await, bytes(120, 180));
    blobs.put(blob, 50, bytes(50, 100).into()).await.expect("stored");
    assert_eq!(blobs.length(blob).await.expect("whole"), 200);
    assert_eq!(read(&blobs, blob, 0, 200).await, bytes(0, 200));
}

pub(crate) async fn what_is_deleted_is_gone_and_others_stay(blobs: Blobs) {
    let (one, other) = (blob(), blob());
    for blob in [one, other] {
        for place in 0..5 {
            blobs.put(blob, place * 10, bytes(0, 10).into()).await.expect("stored");
        }
    }
    let mut reading = blobs.read(one, 0, 50).await.expect("it is there");
    assert!(reading.next().await.expect("its first piece").is_some());
    blobs.delete(one).await.expect("deleted");
    assert!(matches!(reading.next().await, Err(BlobError::NotThere)));
    assert_eq!(blobs.length(one).await.expect("nothing"), 0);
    assert!(matches!(blobs.read(one, 0, 1).await, Err(BlobError::NotThere)));
    blobs.delete(one).await.expect("nothing to delete");
    assert_eq!(blobs.length(other).await.expect("the other"), 50);
    // Its place is free.
    blobs.put(one, 0, bytes(0, 3).into()).await.expect("stored anew");
    assert_eq!(read(&blobs, one, 0, 3).await, bytes(0, 3));
}

pub(crate) async fn a_blob_of_many_pieces_is_deleted_whole(blobs: Blobs) {
    let blob = blob();
    // More than a storage lists at once.
    for begin in (0..1050).step_by(50) {
        join_all((begin..begin + 50).map(|place| blobs.put(blob, place, Bytes::from_static(b"x"))))
            .await
            .into_iter()
            .for_each(|stored| stored.expect("stored"));
    }
    assert_eq!(blobs.length(blob).await.expect("its length"), 1050);
    blobs.delete(blob).await.expect("deleted");
    assert_eq!(blobs.length(blob).await.expect("nothing"), 0);
    assert!(matches!(blobs.read(blob, 1049, 1050).await, Err(BlobError::NotThere)));
}

pub(crate) async fn pieces_have_bounds(blobs: Blobs) {
    let blob = blob();
    for length in [0, PIECE_MAX + 1] {
        assert!(matches!(blobs.put(blob, 0, vec![7; length].into()).await, Err(BlobError::PieceSize)), "{length}");
    }
    blobs.put(blob, 0, vec![7; PIECE_MAX].into()).await.expect("the largest");
    assert_eq!(blobs.length(blob).await.expect("its length"), PIECE_MAX as u64);
    // A range looks for pieces no further back than one can reach.
    let border = PIECE_MAX as u64;
    blobs.put(blob, border, "the next one".into()).await.expect("stored");
    assert_eq!(read(&blobs, blob, border - 1, border + 3).await, b"\x07the");
    assert_eq!(read(&blobs, blob, border, border + 3).await, b"the");
    assert_eq!(read(&blobs, blob, border + 4, border + 12).await, b"next one");
}

pub(crate) async fn a_storage_that_works_passes_its_check(blobs: Blobs) {
    let probe = blob();
    blobs.check(probe).await.expect("it works");
    assert_eq!(blobs.length(probe).await.expect("nothing is left"), 0);
}
