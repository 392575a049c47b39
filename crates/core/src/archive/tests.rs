use huis_proto::codec;
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, DeviceId, IncarnationId, Member, MessageId, limits};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::account_state::StateKey;
use crate::annotations::{Mark, Marks, MessageRef, Place};
use crate::content::{Content, CountedFrom, Stay, Timer};
use crate::identity::DeviceSecret;
use crate::secret::Secret32;

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const OTHER_ACCOUNT: AccountId = AccountId::from_bytes([2; 16]);
const CONVERSATION: ConversationId = ConversationId::from_bytes([3; 16]);
const LIFE: IncarnationId = IncarnationId::from_bytes([4; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([5; 16]);
const SLOT: Slot = Slot { account: ACCOUNT, number: 7 };

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

fn state_key() -> StateKey {
    StateKey::from_bytes(&[6; 32])
}

fn opening(generation: u64) -> OpeningKey {
    OpeningKey::of(&Secret32::from_bytes(&[7; 32]), generation)
}

fn text(seq: u64, content: &Content) -> ArchivedMessage {
    ArchivedMessage {
        conversation: CONVERSATION,
        id: MessageId::from_bytes([8; 16]),
        author: Member { account: OTHER_ACCOUNT, device: DEVICE },
        seq,
        sent_ms: 1_000,
        received_ms: 1_001,
        content: Bytes(content.to_bytes().unwrap()),
        opening: Some(Bytes32([9; 32])),
        mac: Some(Bytes32([10; 32])),
        author_listed: true,
        marks: Marks::default(),
    }
}

fn message(seq: u64, content: &Content) -> Record {
    Record::Message(Box::new(text(seq, content)))
}

fn marks(mark: &Mark, seq: u64) -> Marks {
    let mut marks = Marks::default();
    marks.take(mark, OTHER_ACCOUNT, Place { seq, id: MessageId::from_bytes([11; 16]) }, 1_002);
    marks
}

fn marked(marks: Marks) -> Record {
    let target = MessageRef { message: MessageId::from_bytes([8; 16]), author: OTHER_ACCOUNT };
    Record::Marks(Box::new(ArchivedMarks { conversation: CONVERSATION, target, marks }))
}

fn records() -> Vec<Record> {
    vec![
        message(20, &Content::text("Did you see the draft?").unwrap()),
        marked(marks(&Mark::Delete, 21)),
        marked(marks(&Mark::Edit { body: "Did you read it?".into(), mentions: vec![] }, 22)),
        Record::Read(ArchivedReading { conversation: CONVERSATION, up_to: 20, at_ms: 1_003 }),
    ]
}

fn span(from: u64, to: u64) -> Span {
    Span { conversation: CONVERSATION, incarnation: LIFE, from, to, as_of: 25 }
}

fn outline() -> Outline {
    Outline { from_ms: 1_001, to_ms: 1_003, records: 0, spans: vec![span(20, 22)] }
}

fn sealed(slot: Slot, records: &[Record]) -> Result<SealedSegment, ArchiveError> {
    let key = opening(3).public().unwrap();
    SealedSegment::seal(&mut rng(), &state_key(), &key, slot, &outline(), records)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_segment_comes_back_with_its_outline_and_its_records() {
    let segment = sealed(SLOT, &records()).unwrap();
    assert_eq!(segment.generation(), Ok(3));
    let found = open_outline(&segment.outline, &state_key(), SLOT).unwrap();
    assert_eq!(found, Outline { records: 4, ..outline() });
    assert_eq!(segment.open(&opening(3), SLOT), Ok(Opened { records: records(), skipped: 0 }));
}

#[test]
fn a_segment_opens_nowhere_but_at_its_number_in_its_account() {
    let segment = sealed(SLOT, &records()).unwrap();
    for other in [Slot { number: 8, ..SLOT }, Slot { number: 6, ..SLOT }, Slot { account: OTHER_ACCOUNT, ..SLOT }] {
        let refused = ArchiveError::NotOpened { number: other.number };
        assert_eq!(open_outline(&segment.outline, &state_key(), other), Err(refused.clone()));
        assert_eq!(segment.open(&opening(3), other), Err(refused));
    }
}

#[test]
fn a_segment_opens_by_its_generations_key_and_by_no_other_one() {
    let segment = sealed(SLOT, &records()).unwrap();
    let refused = ArchiveError::NotOpened { number: SLOT.number };
    let of_another_vault = OpeningKey::of(&Secret32::from_bytes(&[99; 32]), 3);
    assert_eq!(segment.open(&of_another_vault, SLOT), Err(refused.clone()));
    let other = Err(ArchiveError::OtherGeneration { found: 3, known: 2 });
    assert_eq!(segment.open(&opening(2), SLOT), other);
    // Under the right generation's name with another one's key.
    let misnamed = OpeningKey::from_bytes(3, opening(2).expose());
    assert_eq!(segment.open(&misnamed, SLOT), Err(refused.clone()));
    let other_state_key = StateKey::from_bytes(&[99; 32]);
    assert_eq!(open_outline(&segment.outline, &other_state_key, SLOT), Err(refused));
    let kept = OpeningKey::from_bytes(3, opening(3).expose());
    assert!(segment.open(&kept, SLOT).is_ok(), "what a device keeps while it restores opens it");
}

#[test]
fn a_flipped_bit_anywhere_and_a_cut_anywhere_is_refused() {
    let segment = sealed(SLOT, &records()).unwrap();
    for place in 0..segment.outline.len() {
        let mut outline = segment.outline.clone();
        outline.0[place] ^= 0x10;
        assert!(open_outline(&outline, &state_key(), SLOT).is_err(), "outline, byte {place}");
    }
    // Each byte of what frames it and of the encapsulated key, and some of the rest.
    for place in (0..1200).chain((1200..segment.body.len()).step_by(61)) {
        let mut other = segment.clone();
        other.body.0[place] ^= 0x10;
        assert!(other.open(&opening(3), SLOT).is_err(), "body, byte {place}");
    }
    for length in [0, 1, 20, 1100, segment.body.len() - 1] {
        let cut = |bytes: &Bytes| Bytes(bytes[..length.min(bytes.len() - 1)].to_vec());
        assert!(open_outline(&cut(&segment.outline), &state_key(), SLOT).is_err(), "outline of {length}");
        let other = SealedSegment { body: cut(&segment.body), ..segment.clone() };
        assert!(other.open(&opening(3), SLOT).is_err(), "body of {length}");
        let longer = SealedSegment { body: Bytes([&segment.body[..], &[0]].concat()), ..segment.clone() };
        assert!(longer.open(&opening(3), SLOT).is_err());
    }
}

#[test]
fn a_body_stands_beside_no_other_outline() {
    let segment = sealed(SLOT, &records()).unwrap();
    let key = opening(3).public().unwrap();
    let wider = Outline { spans: vec![span(1, 22)], ..outline() };
    let other = SealedSegment::seal(&mut rng(), &state_key(), &key, SLOT, &wider, &records()).unwrap();
    let mixed = SealedSegment { outline: other.outline, body: segment.body };
    assert_eq!(mixed.open(&opening(3), SLOT), Err(ArchiveError::NotOpened { number: SLOT.number }));
}

#[test]
fn each_generation_has_a_key_of_its_own() {
    let publics: Vec<_> = (1..4).map(|generation| opening(generation).public().unwrap()).collect();
    assert!(publics[0].public != publics[1].public && publics[1].public != publics[2].public);
    assert_eq!(opening(2).public().unwrap(), publics[1]);
    assert_eq!(publics[0].public.len(), 1216);
    let none = ArchiveKey { generation: 4, public: Bytes(vec![0; 9]) };
    let refused = SealedSegment::seal(&mut rng(), &state_key(), &none, SLOT, &outline(), &records());
    assert_eq!(refused, Err(ArchiveError::NoKey(4)));
}

#[test]
fn what_does_not_stay_or_was_deleted_is_neither_sealed_nor_taken() {
    let timer = Timer { after_s: 60, from: CountedFrom::Reading };
    let said = |stay| Content::text("x").unwrap().staying(stay);
    let deleted = ArchivedMessage { marks: marks(&Mark::Delete, 21), ..text(20, &Content::text("x").unwrap()) };
    let reaction = Content::Reaction {
        target: MessageRef { message: MessageId::from_bytes([8; 16]), author: ACCOUNT },
        emoji: Some("👍".into()),
    };
    let waiting = Place::waiting(1, MessageId::from_bytes([1; 16])).seq;
    for (record, why) in [
        (message(20, &said(Stay { timer: Some(timer), once: false })), RecordError::DoesNotStay),
        (message(20, &said(Stay { timer: None, once: true })), RecordError::DoesNotStay),
        (Record::Message(Box::new(deleted)), RecordError::Deleted),
        (message(20, &reaction), RecordError::NoMessage),
        (marked(marks(&Mark::Pin(true), waiting)), RecordError::NotInLog),
    ] {
        assert_eq!(sealed(SLOT, std::slice::from_ref(&record)), Err(ArchiveError::Record(why)));
        // As a device that errs seals it: the others take the rest.
        let with_others = [vec![record], records()].concat();
        let key = opening(3).public().unwrap();
        let segment =
            SealedSegment::seal_unchecked(&mut rng(), &state_key(), &key, SLOT, &outline(), &with_others).unwrap();
        assert_eq!(segment.open(&opening(3), SLOT), Ok(Opened { records: records(), skipped: 1 }));
    }
    let large = ArchivedMessage { content: Bytes(vec![1; limits::LOG_PAYLOAD + 1]), ..text(1, &said(Stay::default())) };
    assert_eq!(Record::Message(Box::new(large)).check(), Err(RecordError::TooLarge(limits::LOG_PAYLOAD + 1)));
}

#[test]
fn a_record_of_a_later_version_is_skipped() {
    let later = std::collections::BTreeMap::from([("a-kind-to-come", 1)]);
    assert_eq!(Record::from_bytes(&codec::to_cbor(&later)), Ok(None));
    assert!(Record::from_bytes(b"\xff").is_err());
}

#[test]
fn a_segment_has_its_bounds() {
    let long = Content::text("x".repeat(limits::MESSAGE_TEXT)).unwrap();
    let many: Vec<_> = (1..=7).map(|seq| message(seq, &long)).collect();
    let full = sealed(SLOT, &many).unwrap();
    assert!(full.body.len() <= limits::ARCHIVE_BODY, "{}", full.body.len());
    let more: Vec<_> = (1..=8).map(|seq| message(seq, &long)).collect();
    assert!(matches!(sealed(SLOT, &more), Err(ArchiveError::TooMuch { most: RECORDS_BYTES, .. })));

    let key = opening(3).public().unwrap();
    let with = |spans: Vec<Span>| {
        let outline = Outline { spans, ..outline() };
        SealedSegment::seal(&mut rng(), &state_key(), &key, SLOT, &outline, &records())
    };
    let conversation = |number: usize| ConversationId::from_bytes((number as u128 + (1 << 120)).to_be_bytes());
    let spans: Vec<_> = (0..=MOST_SPANS)
        .map(|number| Span { conversation: conversation(number), from: u64::MAX - 1, to: u64::MAX, ..span(1, 1) })
        .collect();
    let largest = with(spans[1..].to_vec()).unwrap();
    assert!(largest.outline.len() <= limits::ARCHIVE_OUTLINE, "{}", largest.outline.len());
    assert!(matches!(with(spans), Err(ArchiveError::TooMuch { most: MOST_SPANS, .. })));
}

#[test]
fn sizes_tell_little() {
    let one = sealed(SLOT, &records()[..1]).unwrap();
    let four = sealed(SLOT, &records()).unwrap();
    assert_eq!((one.outline.len(), one.body.len()), (four.outline.len(), four.body.len()));
}

#[test]
fn spans_that_overlap_or_go_back_are_refused() {
    let key = opening(3).public().unwrap();
    for spans in [vec![span(2, 1)], vec![span(1, 5), span(5, 6)], vec![span(4, 9), span(1, 4)]] {
        let outline = Outline { spans, ..outline() };
        let refused = SealedSegment::seal(&mut rng(), &state_key(), &key, SLOT, &outline, &records());
        assert!(matches!(refused, Err(ArchiveError::Form(_))), "{refused:?}");
    }
    let other_life = Span { incarnation: IncarnationId::from_bytes([5; 16]), ..span(1, 5) };
    let outline = Outline { spans: vec![span(1, 5), other_life, span(6, 7)], ..outline() };
    assert!(SealedSegment::seal(&mut rng(), &state_key(), &key, SLOT, &outline, &records()).is_ok());
    assert!(outline.covers(CONVERSATION, LIFE, 5, 25));
    assert!(!outline.covers(CONVERSATION, LIFE, 5, 26), "what was done later is not in it");
    assert!(!outline.covers(CONVERSATION, LIFE, 8, 1));
    assert!(!outline.covers(CONVERSATION, IncarnationId::from_bytes([6; 16]), 5, 1));
}

fn device() -> DeviceSecret {
    DeviceSecret::from_bytes(&[12; 32])
}

fn entries() -> Vec<Entry> {
    [3, 5, 7].map(|number| sealed(Slot { number, ..SLOT }, &records()).unwrap().entry(number)).to_vec()
}

/// Entries that are the same in every run.
fn fixed_entries() -> Vec<Entry> {
    let entry =
        |number: u8| Entry { number: number.into(), outline: Bytes32([number; 32]), body: Bytes32([number + 100; 32]) };
    [3, 5, 7].map(entry).to_vec()
}

fn head(entries: &[Entry]) -> Head {
    Head {
        account: ACCOUNT,
        number: 7,
        previous: Bytes32([13; 32]),
        segments: entries.len() as u64,
        digest: digest(entries),
        generation: 3,
        list: 2,
        device: DEVICE,
        at_ms: 1_004,
        kept_from_ms: 0,
    }
}

fn shown(bytes: &[u8]) -> Result<ShownHead, ArchiveError> {
    open_head(bytes, ACCOUNT, |device_id| (device_id == DEVICE).then(|| device().public()))
}

#[test]
fn a_head_names_its_segments_and_no_others() {
    let entries = entries();
    let head = shown(&head(&entries).sign(&device())).unwrap().head;
    assert_eq!(check_entries(&head, &entries), Ok(()));
    let refused = Err(ArchiveError::OtherSegments { number: 7 });
    let mut swapped_parts = entries.clone();
    (swapped_parts[0].outline, swapped_parts[0].body) = (entries[0].body, entries[0].outline);
    let mut mixed = entries.clone();
    (mixed[0].body, mixed[1].body) = (entries[1].body, entries[0].body);
    let mut moved = entries.clone();
    moved[0].number = 4;
    for (what, others) in [
        ("the newest left out", entries[..2].to_vec()),
        ("the oldest left out", entries[1..].to_vec()),
        ("none", vec![]),
        ("one twice", [&entries[..], &entries[2..]].concat()),
        ("in another order", vec![entries[1], entries[0], entries[2]]),
        ("two of the newest", vec![entries[0], entries[2], entries[2]]),
        ("parts of one exchanged", swapped_parts),
        ("parts of two mixed", mixed),
        ("another number", moved),
    ] {
        assert_eq!(check_entries(&head, &others), refused, "{what}");
    }
}

#[test]
fn a_head_counts_from_its_device_for_its_account_alone() {
    let signed = head(&fixed_entries()).sign(&device());
    assert_eq!(shown(&signed).unwrap().known(), head(&fixed_entries()).known());
    let mine = |_| Some(device().public());
    let foreign = Head { account: OTHER_ACCOUNT, ..head(&fixed_entries()) }.sign(&device());
    assert_eq!(open_head(&foreign, ACCOUNT, mine), Err(ArchiveError::OtherAccount(OTHER_ACCOUNT)));
    assert_eq!(open_head(&signed, ACCOUNT, |_| None), Err(ArchiveError::UnknownDevice(DEVICE)));
    let forger = DeviceSecret::from_bytes(&[14; 32]);
    let forged = head(&fixed_entries()).sign(&forger);
    assert!(matches!(shown(&forged), Err(ArchiveError::Signature(_))));
    for place in 0..signed.len() {
        let mut other = signed.clone();
        other.0[place] ^= 0x10;
        assert!(shown(&other).is_err(), "byte {place}");
    }
    assert!(signed.len() <= limits::ARCHIVE_HEAD);
    assert!(matches!(shown(&[1; limits::ARCHIVE_HEAD + 1]), Err(ArchiveError::TooMuch { .. })));
}

#[test]
fn a_signature_of_a_device_for_something_else_makes_no_head() {
    let bytes = codec::to_versioned(1, &head(&fixed_entries()));
    let signature = device().sign(huis_proto::labels::SESSION, &bytes);
    let signed = std::collections::BTreeMap::from([("head", Bytes(bytes)), ("signature", signature)]);
    assert!(matches!(shown(&codec::to_versioned(1, &signed)), Err(ArchiveError::Signature(_))));
}

#[test]
fn an_older_head_and_a_second_one_of_a_number_are_refused() {
    let seen = head(&fixed_entries());
    let show = |head: &Head| shown(&head.sign(&device())).unwrap();
    assert_eq!(show(&seen).check_follows(seen.known()), Ok(()));
    let older = Head { number: 6, ..seen.clone() };
    assert_eq!(show(&older).check_follows(seen.known()), Err(ArchiveError::Rollback { found: 6, known: 7 }));
    let second = Head { at_ms: 9, ..seen.clone() };
    assert_eq!(show(&second).check_follows(seen.known()), Err(ArchiveError::Forked { number: 7 }));
    let next = Head { number: 8, previous: seen.known().hash, ..seen.clone() };
    assert_eq!(show(&next).check_follows(seen.known()), Ok(()));
    let of_another = Head { number: 8, ..seen.clone() };
    assert_eq!(show(&of_another).check_follows(seen.known()), Err(ArchiveError::Forked { number: 8 }));
    let later = Head { number: 9, ..seen.clone() };
    assert_eq!(show(&later).check_follows(seen.known()), Ok(()), "what was between the two is not known");
}

#[test]
fn the_forms_of_an_archive_keep_their_bytes() {
    let records: Vec<_> = records().iter().map(|record| hex(&record.to_bytes())).collect();
    let outline = hex(&codec::to_cbor(&outline()));
    let sealed_outline = sealed(SLOT, &[]).unwrap().outline;
    let sealed_outline = open_outline(&sealed_outline, &state_key(), SLOT).map(|_| sealed_outline.len());
    let public = hex(&opening(3).public().unwrap().public[..32]);
    let signed = hex(&head(&fixed_entries()).sign(&device()));
    let known = hex(&head(&fixed_entries()).known().hash.0);
    insta::assert_snapshot!(format!(
        "records {records:#?}\noutline {outline}\nsealed outline {sealed_outline:?} bytes\n\
         begin of generation 3's key {public}\nhead {signed}\nits hash {known}"
    ));
}

/// Sealing draws its own randomness, so the bytes of one are kept instead. `UPDATE_ARCHIVE_VECTOR=1` writes them anew.
#[test]
fn a_segment_that_was_sealed_once_opens_for_good() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/archive/segment-1.hex");
    if std::env::var_os("UPDATE_ARCHIVE_VECTOR").is_some() {
        let SealedSegment { outline, body } = sealed(SLOT, &records()).unwrap();
        std::fs::write(file, format!("{}\n{}\n", hex(&outline), hex(&body))).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap();
    let bytes = |line: &str| -> Bytes {
        let pairs = (0..line.len()).step_by(2);
        Bytes(pairs.map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()).collect())
    };
    let mut lines = kept.lines().map(bytes);
    let segment = SealedSegment { outline: lines.next().unwrap(), body: lines.next().unwrap() };
    let found = open_outline(&segment.outline, &state_key(), SLOT).unwrap();
    assert_eq!(found, Outline { records: 4, ..outline() });
    assert_eq!(segment.open(&opening(3), SLOT), Ok(Opened { records: records(), skipped: 0 }));
}

#[test]
fn nothing_secret_shows() {
    let said = records();
    let key = opening(3);
    let shown = format!("{said:?} {key:?}");
    let hex: String = key.expose().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let numbers = format!("{:?}", &key.expose()[..4]);
    // What the openings of the franking are made of, as bytes are shown, and as numbers.
    for secret in ["draft", "read it", "09090909", "9, 9, 9", &hex, numbers.trim_matches(['[', ']'])] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

/// A device that was taken over seals what it likes; the others go on.
#[test]
fn whatever_was_sealed_reading_it_ends_in_an_answer() {
    let sound = [codec::to_versioned(1, &outline()), codec::to_versioned(1, &vec![records()[0].to_bytes()])];
    for sound in &sound {
        for place in 0..sound.len() {
            for change in [0x01, 0x20, 0x80, 0xff] {
                let mut other = sound.clone();
                other[place] ^= change;
                let _ = (Outline::from_plain(&other), Opened::from_plain(&other));
            }
            let cut = &sound[..place];
            assert!(Outline::from_plain(cut).is_err() && Opened::from_plain(cut).is_err(), "cut at {place}");
        }
        let other_padding = [&sound[..], &[0, 1]].concat();
        assert!(Outline::from_plain(&other_padding).is_err() && Opened::from_plain(&other_padding).is_err());
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let versioned = [&[1], &bytes[..]].concat();
        for bytes in [&bytes, &versioned] {
            let _ = (Outline::from_plain(bytes), Opened::from_plain(bytes), Record::from_bytes(bytes), shown(bytes));
        }
    }
}

#[test]
fn garbage_is_refused() {
    for garbage in [&b""[..], &[1], &[2; 40], &[1; 4096], &[0xa1; 64]] {
        assert!(open_outline(garbage, &state_key(), SLOT).is_err());
        let segment = SealedSegment { outline: Bytes(vec![]), body: Bytes(garbage.to_vec()) };
        assert!(segment.open(&opening(3), SLOT).is_err());
        assert!(shown(garbage).is_err());
    }
    let long = SealedSegment { outline: Bytes(vec![]), body: Bytes(vec![1; limits::ARCHIVE_BODY + 1]) };
    assert!(matches!(long.open(&opening(3), SLOT), Err(ArchiveError::TooMuch { .. })));
}
