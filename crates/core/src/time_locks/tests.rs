use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

const AT_MS: u64 = 1_900_000_000_000;

fn place() -> Place {
    Place {
        conversation: ConversationId::from_bytes([1; 16]),
        author: AccountId::from_bytes([2; 16]),
        message: MessageId::from_bytes([3; 16]),
    }
}

fn shares() -> Shares {
    Shares { members: TimeShare(Bytes32([4; 32])), server: TimeShare(Bytes32([5; 32])) }
}

fn timed(content: &Content) -> Timed {
    Timed::lock(&mut StdRng::seed_from_u64(1), &place(), AT_MS, (&shares(), None), content).unwrap()
}

/// The share that is missing is sealed for a beacon.
fn by_beacon(content: &Content) -> Timed {
    let beacon = BeaconLock { chain: Bytes32([8; 32]), sealed: [9; SEALED_SECRET] };
    Timed::lock(&mut StdRng::seed_from_u64(1), &place(), AT_MS, (&shares(), Some(beacon)), content).unwrap()
}

fn text() -> Content {
    Content::text("not before nine").unwrap()
}

fn opens(timed: &Timed) -> Result<Content, UnlockError> {
    timed.open(&place(), &shares().server).map(|(content, _)| content)
}

#[test]
fn locked_content_keeps_its_bytes_and_comes_back() {
    let content = Content::Timed(timed(&text()));
    let bytes = content.to_bytes().unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex);
    assert_eq!(Content::from_bytes(&bytes).unwrap(), content);
    let (inside, bytes) = timed(&text()).open(&place(), &shares().server).unwrap();
    assert_eq!((inside, bytes), (text(), text().to_bytes().unwrap()));
    assert!(!format!("{content:?}").contains("0404"), "{content:?}");
}

#[test]
fn it_opens_with_both_shares_at_its_place_and_for_its_time_alone() {
    let good = timed(&text());
    assert_eq!(opens(&good), Ok(text()));
    let other = TimeShare(Bytes32([6; 32]));
    assert_eq!(good.open(&place(), &other), Err(UnlockError::Share));
    assert_eq!(opens(&Timed { share: other, ..good.clone() }), Err(UnlockError::Sealed));
    let earlier = TimeLock { unlocks_at_ms: AT_MS - 1, ..good.lock };
    assert_eq!(opens(&Timed { lock: earlier, ..good.clone() }), Err(UnlockError::Sealed));
    for elsewhere in [
        Place { conversation: ConversationId::from_bytes([9; 16]), ..place() },
        Place { author: AccountId::from_bytes([9; 16]), ..place() },
        Place { message: MessageId::from_bytes([9; 16]), ..place() },
    ] {
        assert_eq!(good.open(&elsewhere, &shares().server), Err(UnlockError::Sealed), "{elsewhere:?}");
    }
}

#[test]
fn content_locked_by_a_beacon_keeps_its_bytes_and_comes_back() {
    let content = Content::Timed(by_beacon(&text()));
    let bytes = content.to_bytes().unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex);
    assert_eq!(Content::from_bytes(&bytes).unwrap(), content);
    assert_eq!(opens(&by_beacon(&text())), Ok(text()));
    assert_eq!(content.time_lock(), None, "the server is told nothing");
}

#[test]
fn what_a_beacon_locks_is_bound_to_its_chain_its_round_and_its_place() {
    let good = by_beacon(&text());
    let beacon = good.beacon.clone().unwrap();
    let mut flipped = beacon.sealed;
    flipped[0] ^= 1;
    let another_chain = BeaconLock { chain: Bytes32([7; 32]), ..beacon.clone() };
    for beacon in [None, Some(another_chain), Some(BeaconLock { sealed: flipped, ..beacon })] {
        assert_eq!(opens(&Timed { beacon, ..good.clone() }), Err(UnlockError::Sealed));
    }
    let earlier = TimeLock { unlocks_at_ms: AT_MS - 1, ..good.lock };
    assert_eq!(opens(&Timed { lock: earlier, ..good.clone() }), Err(UnlockError::Sealed));
    let elsewhere = Place { conversation: ConversationId::from_bytes([9; 16]), ..place() };
    assert_eq!(good.open(&elsewhere, &shares().server), Err(UnlockError::Sealed));
    // A member's share is needed as well: with what the beacon lets open alone nobody reads.
    let other = TimeShare(Bytes32([6; 32]));
    assert_eq!(opens(&Timed { share: other, ..good.clone() }), Err(UnlockError::Sealed));
    assert_eq!(good.open(&place(), &other), Err(UnlockError::Share));
    // What a server locks does not pass for what a beacon does.
    let as_a_beacons = Timed { beacon: good.beacon, ..timed(&text()) };
    assert_eq!(opens(&as_a_beacons), Err(UnlockError::Sealed));
}

#[test]
fn a_sealed_secret_of_another_length_is_refused() {
    let bytes = Content::Timed(by_beacon(&text())).to_bytes().unwrap();
    let sealed = [&[0x58, SEALED_SECRET as u8][..], &[9; SEALED_SECRET]].concat();
    let at = bytes.windows(sealed.len()).position(|window| window == sealed).unwrap();
    for length in [0, 1, SEALED_SECRET - 1] {
        let other = [&[0x58, length as u8][..], &vec![9; length]].concat();
        let forged = [&bytes[..at], &other, &bytes[at + sealed.len()..]].concat();
        assert_eq!(Content::from_bytes(&forged), Err(ContentError::NotSealedForABeacon), "{length}");
    }
}

#[test]
fn a_beacons_secret_makes_a_share_that_keeps_its_bytes_and_shows_nothing() {
    let secret = BeaconSecret::from_bytes([0xab; SECRET]);
    let hex: String = secret.share().0.0.iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex);
    assert_eq!(format!("{secret:?}"), "BeaconSecret(…)");
    assert_ne!(BeaconSecret::from_bytes([0xac; SECRET]).share(), secret.share());
}

/// AES-GCM alone lets who chooses keys make one ciphertext that opens to two texts: the commitment names one share.
#[test]
fn another_share_does_not_open_another_text_for_some() {
    let good = timed(&text());
    let other = Shares { server: TimeShare(Bytes32([6; 32])), ..shares() };
    let bound_to = bound_to(&good.lock, None, &place());
    let inside = Content::text("for you alone").unwrap().to_bytes().unwrap();
    let sealed = sealing::seal(&mut StdRng::seed_from_u64(2), &key(&other, &bound_to), &bound_to, &inside);
    let forged = Timed { sealed: Bytes(sealed), ..good };
    assert_eq!(forged.open(&place(), &other.server), Err(UnlockError::Share));
}

#[test]
fn files_are_announced_and_held_against_what_is_inside() {
    let blob = BlobId::from_bytes([7; 16]);
    let content = Content::a_file(blob);
    let good = timed(&content);
    assert_eq!(good.files, [blob]);
    assert_eq!(opens(&good), Ok(content));
    let more = Timed { files: vec![blob, BlobId::from_bytes([8; 16])], ..good.clone() };
    assert_eq!(opens(&more), Err(UnlockError::Inside));
    assert_eq!(opens(&Timed { files: vec![], ..good }), Err(UnlockError::Inside));
}

#[test]
fn nothing_but_text_and_files_is_locked() {
    let mut rng = StdRng::seed_from_u64(1);
    let settings = Content::Settings { title: Some("x".into()), topic: None, timer: None };
    let twice = Content::Timed(timed(&text()));
    for content in [&settings, &twice] {
        let locked = Timed::lock(&mut rng, &place(), AT_MS, (&shares(), None), content);
        assert_eq!(locked, Err(ContentError::NotLocked));
    }
    let bound_to = bound_to(&timed(&text()).lock, None, &place());
    let sealed = sealing::seal(&mut rng, &key(&shares(), &bound_to), &bound_to, &settings.to_bytes().unwrap());
    let hostile = Timed { sealed: Bytes(sealed), ..timed(&text()) };
    assert_eq!(opens(&hostile), Err(UnlockError::Inside));
}

#[test]
fn the_largest_locked_message_fits_into_the_log() {
    let body = "x".repeat(limits::MESSAGE_TEXT);
    let largest = Content::Timed(timed(&Content::text(body).unwrap()));
    assert!(largest.to_bytes().unwrap().len() + 256 <= 128 * 1024);
    // Of the room that is left files, their names and thumbnails may take so much.
    let most = Timed {
        files: (0..32).map(|number| BlobId::from_bytes([number; 16])).collect(),
        sealed: Bytes(vec![0; MOST_LOCKED + sealing::OVERHEAD]),
        ..by_beacon(&text())
    };
    let most = Content::Timed(most);
    assert!(most.to_bytes().unwrap().len() + 256 <= 128 * 1024);
}

proptest! {
    #[test]
    fn a_flipped_bit_anywhere_is_refused(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let good = timed(&text());
        let mut sealed = good.sealed.0.clone();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(opens(&Timed { sealed: Bytes(sealed), ..good }), Err(UnlockError::Sealed));
    }

    #[test]
    fn no_bytes_in_place_of_a_locked_content_make_its_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let timed = Timed { sealed: Bytes(bytes), ..timed(&text()) };
        prop_assert_eq!(opens(&timed), Err(UnlockError::Sealed));
    }
}
