//! What one device gathers, and another one takes in, without a server between them.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use huis_core::account_state::AccountState;
use huis_core::annotations::{Annotation, Mark, Marks, Place};
use huis_core::archive::{ArchiveAgreement, KnownHead, Opened, OpeningKey, Outline, Record, SealedSegment, Slot, Span};
use huis_core::content::{Content, CountedFrom, Quote, Stay, Timer};
use huis_core::identity::LocalDevice;
use huis_core::secret::Secret32;
use huis_proto::rest::ArchiveSegment;
use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, DeviceId, IncarnationId, Member, MessageId};
use huis_views::{Event, Notice};
use rand::SeedableRng;
use rand::rngs::{OsRng, StdRng};

use super::agreement::put_history;
use super::gathering::{Gathered, Holdings, Pending, gather, pending};
use super::leaving::{OF_A_LIFE_BEFORE, leaves};
use super::looking::{Shown, rows};
use super::restoring::Restore;
use super::writing::Draft;
use super::{Known, coverage, known_segments};
use crate::client::Client;
use crate::config::DatabaseKey;
use crate::db::{
    ConversationRow, Keeper, Life, MessageRow, MessageStanding, RestoreStanding, SegmentRow, State, Wanted,
    search_query,
};
use crate::measuring::Stepper;

const ME: AccountId = AccountId::from_bytes([1; 16]);
const BEA: Member = Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes([2; 16]) };
const PLACE: ConversationId = ConversationId::from_bytes([9; 16]);
const LIFE: IncarnationId = IncarnationId::from_bytes([4; 16]);
const NEXT_LIFE: IncarnationId = IncarnationId::from_bytes([5; 16]);
/// When the first message came.
const BEGAN_MS: u64 = 1_700_000_000_000;

fn seed() -> Secret32 {
    Secret32::from_bytes(&[7; 32])
}

/// A device of the account, in a conversation that it has read up to here.
struct Desk {
    client: Client,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new(cursor: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let device = LocalDevice::generate(&mut OsRng, ME);
        let key = DatabaseKey::from_bytes([7; 32]);
        // The same draws make the same state key.
        let stepper = Stepper::sign_in(&folder.path().join("db"), &key, device, [], StdRng::seed_from_u64(1)).unwrap();
        let desk = Self { client: stepper.client, _folder: folder };
        desk.client
            .step(|step| {
                let mut row = ConversationRow::new(PLACE, ConversationKind::Group);
                (row.state, row.cursor) = (State::Joined, cursor);
                step.tables.put_conversation(&row)?;
                step.tables.put_fact("incarnation", &LIFE)?;
                step.tables.put_fact("history", &true)
            })
            .unwrap();
        desk
    }

    fn read_up_to(&self, cursor: u64) {
        self.client
            .step(|step| {
                let mut row = step.tables.conversation(PLACE)?.unwrap();
                row.cursor = cursor;
                step.tables.put_conversation(&row)
            })
            .unwrap();
    }

    fn hears(&self, seq: u64, content: &Content) -> MessageRow {
        self.hears_from(BEA, seq, content)
    }

    fn hears_from(&self, author: Member, seq: u64, content: &Content) -> MessageRow {
        self.hears_as("text", author, seq, content)
    }

    fn hears_as(&self, kind: &str, author: Member, seq: u64, content: &Content) -> MessageRow {
        let mut row = MessageRow::waiting(PLACE, message_id(seq), author, BEGAN_MS + seq);
        row.own = author.account == ME;
        row.seq = Some(seq);
        row.received_ms = Some(BEGAN_MS + seq);
        row.kind = kind.into();
        row.set_text(content, ME);
        row.content = content.to_bytes().unwrap();
        row.opening = Some([3; 32]);
        row.mac = Some(Bytes32([4; 32]));
        row.standing = if row.own { MessageStanding::Sent } else { MessageStanding::Received };
        row.position = self.client.step(|step| step.tables.add_message(&row)).unwrap().unwrap();
        row
    }

    fn says(&self, seq: u64, text: &str) -> MessageRow {
        self.hears(seq, &Content::text(text).unwrap())
    }

    fn marks(&self, target: &MessageRow, mark: Mark, seq: u64) {
        self.client
            .step(|step| {
                let place = Place { seq, id: MessageId::from_bytes([seq as u8 + 100; 16]) };
                let annotation = Annotation { target: target.as_target(), mark };
                step.settle_mark(PLACE, &annotation, BEA.account, place, BEGAN_MS)
            })
            .unwrap();
    }

    fn known(&self) -> Vec<Known> {
        let me = self.client.me().unwrap();
        self.client.read(|tables| known_segments(tables, &me)).unwrap()
    }

    fn pending(&self) -> Option<Pending> {
        self.client.read(|tables| pending(tables, LIFE, &coverage(&self.known()), 0)).unwrap()
    }

    fn gathers(&self) -> Gathered {
        self.client.read(|tables| gather(tables, LIFE, &coverage(&self.known()), &[], 0)).unwrap()
    }

    /// Seals what is gathered, and has it in its archive.
    fn writes(&self, number: u64) -> (Outline, SealedSegment) {
        self.seals(number, self.gathers())
    }

    fn seals(&self, number: u64, Gathered { outline, records, .. }: Gathered) -> (Outline, SealedSegment) {
        let me = self.client.me().unwrap();
        let key = OpeningKey::of(&seed(), 1).public().unwrap();
        let slot = Slot { account: ME, number };
        let sealed = SealedSegment::seal(&mut OsRng, &me.state_key, &key, slot, &outline, &records).unwrap();
        self.lists(number, &outline, &sealed);
        (outline, sealed)
    }

    /// The segments that may hold what was taken back.
    fn leaving(&self) -> Vec<u64> {
        let found = self.client.read(|tables| leaves(tables, &self.known())).unwrap();
        let numbers: BTreeSet<u64> = found.into_iter().map(|(_, number)| number).collect();
        numbers.into_iter().collect()
    }

    fn drafts(&self) -> Draft {
        let newest = KnownHead { number: 0, hash: Bytes32([0; 32]) };
        let shown = Shown { newest, kept_from_ms: 0, foreign: None };
        self.client.draft(&self.client.me().unwrap(), &shown).unwrap().expect("there is something to be written")
    }

    fn lists(&self, number: u64, outline: &Outline, sealed: &SealedSegment) {
        let row = SegmentRow {
            number,
            outline: sealed.outline.clone(),
            body_hash: sealed.entry(number).body,
            bytes: 1,
            to_ms: outline.to_ms,
            held: false,
            restore: RestoreStanding::Due,
        };
        self.client.step(|step| step.tables.put_segment(&row)).unwrap();
    }

    fn restores(&self, number: u64, (outline, sealed): &(Outline, SealedSegment)) {
        self.lists(number, outline, sealed);
        let opened = sealed.open(&OpeningKey::of(&seed(), 1), Slot { account: ME, number }).unwrap();
        self.takes(number, outline, opened);
    }

    fn takes(&self, number: u64, outline: &Outline, opened: Opened) {
        self.client.step(|step| step.take_segment(number, outline, opened)).unwrap();
    }

    fn begins_to_restore(&self) {
        self.began_to_restore(BEGAN_MS);
    }

    fn began_to_restore(&self, begun_ms: u64) {
        let restore = Restore::wished(&agreed_on(), &seed(), begun_ms).unwrap();
        self.client.step(|step| step.begin_restore(&restore)).unwrap();
    }

    /// How many segments a notice says were not restored, the newest notice first.
    fn is_told_to_lack(&self) -> Vec<u32> {
        let notices = self.client.read(|tables| tables.notices(100)).unwrap();
        let lacks = |notice: &Notice| match notice {
            Notice::HistoryIncomplete { count } => Some(*count),
            _ => None,
        };
        notices.iter().filter_map(|view| lacks(&view.notice)).collect()
    }

    fn texts(&self) -> Vec<String> {
        let rows = self.client.read(|tables| tables.messages(PLACE, None, 1000)).unwrap();
        rows.into_iter().map(|row| row.body).collect()
    }

    fn finds(&self, words: &str) -> usize {
        let wanted = Wanted { query: search_query(words), ..Wanted::default() };
        self.client.read(|tables| tables.search(&wanted, 100)).unwrap().len()
    }

    fn everything(&self) -> Vec<u8> {
        self.client.read(|tables| tables.everything()).unwrap()
    }
}

fn agreed_on() -> AccountState {
    let mut archive = ArchiveAgreement::default();
    archive.fill(&seed(), BEGAN_MS).unwrap();
    let mut state = AccountState { archive: Some(archive), ..AccountState::default() };
    state.settings.insert("history-archive".into(), huis_core::account_state::Setting::Flag(true));
    state
}

fn message_id(number: u64) -> MessageId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MessageId::from_bytes(id)
}

fn places(outline: &Outline) -> Vec<RangeInclusive<u64>> {
    outline.spans.iter().map(|span| span.from..=span.to).collect()
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

fn texts_of(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| match record {
        Record::Message(message) => Content::from_bytes(&message.content).unwrap().body().map(str::to_owned),
        _ => None,
    };
    records.iter().filter_map(text).collect()
}

#[test]
fn a_later_device_restores_what_another_one_has_before_what_came_since() {
    let writer = Desk::new(8);
    let first = writer.says(2, "the first rose");
    writer.hears_from(writer.client.me().unwrap().device.member, 3, &Content::text("mine").unwrap());
    writer.marks(&first, Mark::Edit { body: "the very first rose".into(), mentions: vec![] }, 4);
    writer.marks(&first, Mark::Reaction(Some("🌹".into())), 5);
    writer.says(7, "a third one");
    writer.client.step(|step| step.tables.put_read_seq(PLACE, 2)).unwrap();
    let segment = writer.writes(1);
    assert_eq!(places(&segment.0), [1..=8]);
    assert_eq!((segment.0.from_ms, segment.0.to_ms), (BEGAN_MS + 2, BEGAN_MS + 7));

    let later = Desk::new(10);
    later.begins_to_restore();
    let mut told = later.client.told();
    later.says(9, "said since");
    later.restores(1, &segment);
    assert_eq!(later.texts(), ["the very first rose", "mine", "a third one", "said since"]);
    assert_eq!((later.finds("rose"), later.finds("very first"), later.finds("since")), (1, 1, 1));
    let rows = later.client.read(|tables| tables.messages(PLACE, None, 10)).unwrap();
    assert_eq!(rows.iter().map(|row| row.own).collect::<Vec<_>>(), [false, true, false, false]);
    assert_eq!((rows[0].opening, rows[0].mac, rows[0].seq), (Some([3; 32]), Some(Bytes32([4; 32])), Some(2)));
    let marks = later.client.read(|tables| tables.marks(PLACE, rows[0].as_target())).unwrap().unwrap();
    assert_eq!(marks.reaction_of(BEA.account), Some("🌹"));
    // What was shown elsewhere is not printed, and what was read there is read.
    let unprinted = later.client.read(|tables| tables.unprinted(10)).unwrap();
    assert_eq!(unprinted.into_iter().map(|row| row.body).collect::<Vec<_>>(), ["said since"]);
    let row = later.client.read(|tables| tables.conversation(PLACE)).unwrap().unwrap();
    assert_eq!(row.read_up_to, rows[0].position);
    let mut calls = 0;
    while let Ok(event) = told.try_recv() {
        calls += u32::from(matches!(event, Event::Messages { .. }));
    }
    assert_eq!(calls, 0, "nobody is called for what is old");
}

#[test]
fn a_segment_that_is_taken_twice_or_after_a_later_one_changes_nothing() {
    let writer = Desk::new(4);
    let first = writer.says(1, "one");
    writer.says(2, "two");
    let older = writer.writes(1);
    writer.read_up_to(9);
    writer.says(5, "three");
    writer.marks(&first, Mark::Reaction(Some("👍".into())), 6);
    let newer = writer.writes(2);
    assert_eq!(places(&newer.0), [5..=9]);
    assert_eq!(newer.0.spans[0].as_of, 9);

    let later = Desk::new(0);
    later.begins_to_restore();
    for (number, segment) in [(2, &newer), (1, &older), (2, &newer), (1, &older)] {
        later.restores(number, segment);
        assert_eq!(later.client.read(|tables| tables.count_segments(RestoreStanding::Due)).unwrap(), 0);
    }
    assert_eq!(later.texts(), ["one", "two", "three"]);
    let marks = later.client.read(|tables| tables.marks(PLACE, first.as_target())).unwrap().unwrap();
    assert_eq!(marks.reaction_of(BEA.account), Some("👍"));
}

#[test]
fn what_does_not_stay_or_was_deleted_is_not_gathered() {
    let desk = Desk::new(9);
    let timer = Some(Timer { after_s: 60, from: CountedFrom::Reading });
    let said = |text: &str, stay| Content::text(text).unwrap().staying(stay);
    let timed = desk.hears(1, &said("with a timer", Stay { timer, once: false }));
    desk.hears(2, &said("opened once", Stay { timer: None, once: true }));
    let deleted = desk.says(3, "taken back");
    desk.says(4, "stays");
    desk.marks(&timed, Mark::Reaction(Some("👍".into())), 5);
    desk.marks(&deleted, Mark::Delete, 6);
    let gathered = desk.gathers();
    assert_eq!(texts_of(&gathered.records), ["stays"]);
    // That it was deleted goes along, in case that it stands in another segment.
    let marked = gathered.records.iter().filter(|record| matches!(record, Record::Marks(_))).count();
    assert_eq!((gathered.records.len(), marked), (2, 1));
    assert_eq!(places(&gathered.outline), [1..=9]);
}

#[test]
fn a_request_is_not_archived_before_it_is_accepted() {
    let desk = Desk::new(3);
    desk.says(2, "who are you?");
    let accepted = |accepted| {
        desk.client
            .step(|step| {
                let mut row = step.tables.conversation(PLACE)?.unwrap();
                row.accepted = accepted;
                step.tables.put_conversation(&row)
            })
            .unwrap();
    };
    accepted(false);
    assert!(desk.pending().is_none() && desk.gathers().records.is_empty());
    accepted(true);
    assert_eq!(desk.pending().map(|pending| pending.count), Some(1));
}

#[test]
fn what_is_locked_leaves_its_place_open_until_it_has_opened() {
    let desk = Desk::new(6);
    desk.says(1, "before");
    let mut locked = desk.hears_as("timed", BEA, 3, &Content::text("to be opened later").unwrap());
    desk.says(5, "behind");
    desk.client.step(|step| step.tables.add_lock(locked.position, 5_000, (None, Keeper::Server), 5_000)).unwrap();
    let (outline, _) = desk.writes(1);
    assert_eq!(places(&outline), [1..=2, 4..=6]);
    assert_eq!(desk.pending(), None);
    (locked.kind, locked.opening, locked.mac) = ("text".into(), None, None);
    let share = huis_proto::TimeShare(Bytes32([1; 32]));
    desk.client.step(|step| step.tables.put_unlocked(&locked, &share, 5_000)).unwrap();
    let gathered = desk.gathers();
    assert_eq!(
        (places(&gathered.outline), texts_of(&gathered.records)),
        (vec![3..=3], vec!["to be opened later".into()])
    );
    let Record::Message(message) = &gathered.records[0] else { panic!("{gathered:?}") };
    assert_eq!((message.opening, message.mac), (None, None), "what proves it is not here");
}

#[test]
fn places_of_which_this_device_has_nothing_are_left_to_others() {
    let desk = Desk::new(9);
    desk.says(2, "before");
    desk.says(7, "behind");
    desk.client
        .step(|step| {
            step.tables.add_hole(PLACE, &(4..=5))?;
            step.tables.add_hole(PLACE, &(8..=8))
        })
        .unwrap();
    let (outline, _) = desk.writes(1);
    assert_eq!(places(&outline), [1..=3, 6..=7, 9..=9]);
    assert_eq!(desk.pending(), None);
    let holdings = desk.client.read(|tables| Holdings::of(tables, LIFE)).unwrap();
    let has = |from, to| holdings.have(&[Span { conversation: PLACE, incarnation: LIFE, from, to, as_of: 9 }]);
    assert!(has(1, 3) && has(6, 7) && has(9, 9) && !has(1, 4) && !has(3, 6) && !has(8, 8) && !has(1, 9));
    // Behind a cut other things stand there.
    desk.client.step(|step| step.tables.forget_holes_behind(PLACE, 4)).unwrap();
    assert_eq!(desk.client.read(|tables| tables.holes(PLACE)).unwrap(), [4..=4]);
}

#[test]
fn a_segment_of_which_not_everything_is_here_is_not_held() {
    let writer = Desk::new(4);
    writer.says(2, "something");
    let (outline, sealed) = writer.writes(1);
    let holds_after = |later: &Desk, skipped| {
        later.lists(1, &outline, &sealed);
        let mut opened = sealed.open(&OpeningKey::of(&seed(), 1), Slot { account: ME, number: 1 }).unwrap();
        opened.skipped = skipped;
        later.takes(1, &outline, opened);
        let rows = later.client.read(|tables| tables.archive_segments()).unwrap();
        (rows[0].held, rows[0].restore)
    };
    let later = Desk::new(0);
    assert_eq!(holds_after(&later, 1), (false, RestoreStanding::Done), "a later version has put something there");
    assert_eq!(holds_after(&later, 0), (true, RestoreStanding::Done));
    later.client.step(|step| step.tables.delete_conversation(PLACE)).unwrap();
    assert_eq!(holds_after(&later, 0), (false, RestoreStanding::Done), "it was passed over");
}

#[test]
fn a_full_segment_ends_where_the_next_one_begins() {
    let desk = Desk::new(40);
    let long = "x".repeat(huis_proto::limits::MESSAGE_TEXT);
    for seq in 1..=20 {
        desk.says(seq, &long);
    }
    let (mut covered, mut number) = (Vec::new(), 1);
    while desk.pending().is_some() {
        let (outline, sealed) = desk.writes(number);
        assert!(sealed.body.len() <= huis_proto::limits::ARCHIVE_BODY);
        covered.extend(places(&outline));
        number += 1;
    }
    assert!(covered.len() > 2, "{covered:?}");
    assert_eq!((*covered[0].start(), *covered.last().unwrap().end()), (1, 40));
    assert!(covered.windows(2).all(|two| two[0].end() + 1 == *two[1].start()), "{covered:?}");
}

#[test]
fn what_no_segment_takes_keeps_nothing_else_back() {
    let desk = Desk::new(4);
    let large = desk.says(2, "much was done to it");
    desk.says(3, "small");
    let mut marks = Marks::default();
    let place = Place { seq: 4, id: message_id(4) };
    for by in 0..60 {
        marks.take(&Mark::Reaction(Some("x".repeat(10_000))), AccountId::from_bytes([by; 16]), place, 0);
    }
    desk.client.step(|step| step.tables.put_marks(PLACE, large.as_target(), &marks, true)).unwrap();
    let gathered = desk.gathers();
    assert!(!gathered.more);
    assert_eq!((texts_of(&gathered.records), places(&gathered.outline)), (vec!["small".into()], vec![1..=4]));
    desk.seals(1, gathered);
    assert_eq!(desk.pending(), None);
}

#[test]
fn a_size_that_no_segment_has_is_not_believed() {
    let desk = Desk::new(4);
    desk.says(2, "something");
    let (_, sealed) = desk.writes(1);
    let body_hash = sealed.entry(1).body;
    let listed = [ArchiveSegment { number: 1, outline: sealed.outline, body_hash, bytes: u64::MAX }];
    let rows = rows(&desk.client.me().unwrap(), &listed, false).unwrap();
    assert!(rows[0].bytes < 600 * 1024);
}

#[test]
fn what_a_restored_server_is_given_again_is_waited_for() {
    let desk = Desk::new(4);
    let me = desk.client.me().unwrap().device.member;
    let said = desk.hears_from(me, 2, &Content::text("lost by the server").unwrap());
    let waits = || desk.client.read(|tables| tables.waits_again()).unwrap();
    desk.client.step(|step| step.tables.wait_again(said.position)).unwrap();
    assert!(!waits(), "the server has had but one life");
    let life = Life { incarnation: NEXT_LIFE, from_seq: 2, behind: said.position };
    desk.client.step(|step| step.tables.put_life(PLACE, life)).unwrap();
    assert!(waits());
    desk.client.step(|step| step.tables.set_standing(said.id, MessageStanding::Sent, None)).unwrap();
    assert!(!waits());
}

#[test]
fn what_was_here_was_deleted_or_has_vanished_is_not_touched() {
    let writer = Desk::new(9);
    let [kept, deleted, vanished] =
        [(1, "kept words"), (2, "deleted words"), (3, "vanished words")].map(|(seq, text)| writer.says(seq, text));
    let segment = writer.writes(1);

    let later = Desk::new(9);
    later.begins_to_restore();
    let here = later.says(1, "kept words");
    later.marks(&deleted, Mark::Delete, 8);
    later.client.step(|step| step.tables.put_vanished(PLACE, vanished.as_target(), BEGAN_MS, false)).unwrap();
    later.restores(1, &segment);
    assert_eq!(later.texts(), ["kept words"]);
    let row = later.client.read(|tables| tables.message(kept.id)).unwrap().unwrap();
    assert_eq!(row.position, here.position);
    let stored = later.everything();
    assert!(holds(&stored, "kept words") && !holds(&stored, "deleted words") && !holds(&stored, "vanished words"));
}

#[test]
fn a_deletion_that_comes_with_another_segment_takes_the_quote_away_as_well() {
    let writer = Desk::new(5);
    let said = writer.says(1, "regrettable words");
    let older = writer.writes(1);
    let quote = Quote { target: said.as_target(), excerpt: "regrettable words".into() };
    let mut answer = Content::text("really?").unwrap();
    if let Content::Text { reply_to, .. } = &mut answer {
        *reply_to = Some(quote);
    }
    writer.read_up_to(7);
    writer.hears(6, &answer);
    let newer = writer.writes(2);
    writer.read_up_to(8);
    writer.marks(&said, Mark::Delete, 8);
    let newest = writer.writes(3);

    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let later = Desk::new(0);
        later.begins_to_restore();
        for number in order {
            later.restores(number as u64 + 1, [&older, &newer, &newest][number]);
        }
        assert_eq!(later.finds("really"), 1);
        assert!(!holds(&later.everything(), "regrettable"), "{order:?}");
        assert_eq!(later.leaving(), [1, 2], "it may be the only device that is left: {order:?}");
    }
}

#[test]
fn what_was_taken_back_leaves_the_segments_of_the_message_its_edits_and_its_answers() {
    let desk = Desk::new(3);
    let said = desk.says(1, "one");
    let edited = desk.says(2, "two");
    desk.writes(1);
    desk.read_up_to(5);
    desk.marks(&edited, Mark::Edit { body: "two, again".into(), mentions: vec![] }, 4);
    desk.writes(2);
    desk.read_up_to(7);
    let quote = Quote { target: said.as_target(), excerpt: "one".into() };
    let mut answer = Content::text("an answer").unwrap();
    if let Content::Text { reply_to, .. } = &mut answer {
        *reply_to = Some(quote);
    }
    desk.hears(6, &answer);
    desk.writes(3);
    assert_eq!(desk.leaving(), Vec::<u64>::new());
    desk.read_up_to(8);
    desk.marks(&said, Mark::Delete, 8);
    assert_eq!(desk.leaving(), [1, 3]);
    desk.read_up_to(9);
    desk.marks(&edited, Mark::Delete, 9);
    assert_eq!(desk.leaving(), [1, 2, 3], "earlier edits may stand anywhere behind it");
    // Sealed anew from what is here, without them: all that is left is the answer, and it quotes nothing.
    for number in 1..=3 {
        desk.client.step(|step| step.tables.delete_segment(number)).unwrap();
    }
    let (outline, sealed) = desk.writes(4);
    assert_eq!((places(&outline), outline.spans[0].as_of), (vec![1..=9], 9));
    assert_eq!(desk.leaving(), Vec::<u64>::new());
    let opened = sealed.open(&OpeningKey::of(&seed(), 1), Slot { account: ME, number: 4 }).unwrap();
    assert_eq!(texts_of(&opened.records), ["an answer"]);
    let Some(Record::Message(answer)) = opened.records.first() else { panic!("{opened:?}") };
    assert_eq!(Content::from_bytes(&answer.content).unwrap().reply_to().unwrap().excerpt, "");
}

#[test]
fn the_words_of_an_edit_leave_as_well_where_the_message_is_of_an_earlier_life_of_the_store() {
    let desk = Desk::new(4);
    let said = desk.says(2, "one");
    desk.writes(1);
    desk.client
        .step(|step| {
            step.tables.put_life(PLACE, Life { incarnation: LIFE, from_seq: 0, behind: 0 })?;
            step.tables.put_life(PLACE, Life { incarnation: NEXT_LIFE, from_seq: 5, behind: said.position })?;
            step.tables.put_fact("incarnation", &NEXT_LIFE)
        })
        .unwrap();
    desk.read_up_to(6);
    desk.marks(&said, Mark::Edit { body: "one, again".into(), mentions: vec![] }, 6);
    let gathered = desk.client.read(|tables| gather(tables, NEXT_LIFE, &coverage(&desk.known()), &[], 0)).unwrap();
    assert_eq!((places(&gathered.outline), gathered.records.len()), (vec![5..=6], 1));
    desk.seals(2, gathered);
    desk.read_up_to(7);
    desk.marks(&said, Mark::Delete, 7);
    assert_eq!(desk.leaving(), [1, 2]);
}

#[test]
fn what_this_device_cannot_seal_anew_is_no_reason_to_look() {
    let desk = Desk::new(4);
    let said = desk.says(2, "one");
    desk.writes(1);
    desk.read_up_to(5);
    desk.marks(&said, Mark::Delete, 5);
    desk.writes(2);
    assert_eq!((desk.pending(), desk.leaving()), (None, vec![1]));
    assert!(desk.client.archive_is_due(true).unwrap());
    desk.client.step(|step| step.tables.add_hole(PLACE, &(3..=3))).unwrap();
    assert_eq!(desk.leaving(), [1]);
    assert!(!desk.client.archive_is_due(true).unwrap());
}

#[test]
fn what_nobody_has_written_yet_comes_before_what_is_sealed_anew() {
    let desk = Desk::new(4);
    let said = desk.says(2, "one");
    desk.says(3, "two");
    desk.writes(1);
    let long = "x".repeat(huis_proto::limits::MESSAGE_TEXT);
    for seq in 5..=24 {
        desk.says(seq, &long);
    }
    desk.read_up_to(25);
    desk.marks(&said, Mark::Delete, 25);
    let mut number = 2;
    while desk.pending().is_some() {
        let draft = desk.drafts();
        if draft.gathered.more {
            assert!(draft.drops.is_empty() && *places(&draft.gathered.outline)[0].start() >= 5);
        } else {
            assert_eq!(draft.drops.into_iter().collect::<Vec<_>>(), [1]);
        }
        desk.writes(number);
        number += 1;
    }
    assert!(number > 3, "it takes more than one");
    let last = desk.drafts();
    assert_eq!(
        (last.drops.into_iter().collect::<Vec<_>>(), texts_of(&last.gathered.records)),
        (vec![1], vec!["two".into()])
    );
}

#[test]
fn what_was_done_meanwhile_shows_where_the_message_is_here_already() {
    let writer = Desk::new(5);
    let said = writer.says(2, "one");
    writer.marks(&said, Mark::Edit { body: "one, again".into(), mentions: vec![] }, 4);
    let segment = writer.writes(1);
    let later = Desk::new(3);
    later.begins_to_restore();
    later.says(2, "one");
    later.restores(1, &segment);
    assert_eq!(later.texts(), ["one, again"]);
}

#[test]
fn places_of_two_lives_of_the_store_are_told_apart() {
    let desk = Desk::new(4);
    desk.says(2, "in both");
    desk.says(3, "lost by the server");
    let behind = desk.says(4, "lost as well").position;
    desk.client
        .step(|step| {
            // The log was cut behind the second place.
            step.tables.put_life(PLACE, Life { incarnation: LIFE, from_seq: 0, behind: 0 })?;
            step.tables.put_life(PLACE, Life { incarnation: NEXT_LIFE, from_seq: 3, behind })?;
            step.tables.put_fact("incarnation", &NEXT_LIFE)
        })
        .unwrap();
    desk.read_up_to(3);
    let mut row = MessageRow::waiting(PLACE, message_id(99), BEA, BEGAN_MS + 99);
    (row.own, row.seq, row.received_ms) = (false, Some(3), Some(BEGAN_MS + 99));
    let content = Content::text("said since").unwrap();
    row.set_text(&content, ME);
    row.content = content.to_bytes().unwrap();
    desk.client.step(|step| step.tables.add_message(&row)).unwrap();
    let gathered = desk.client.read(|tables| gather(tables, NEXT_LIFE, &coverage(&desk.known()), &[], 0)).unwrap();
    let span = |incarnation, from, to, as_of| Span { conversation: PLACE, incarnation, from, to, as_of };
    let expected = [span(LIFE, 2, 4, OF_A_LIFE_BEFORE + 3), span(NEXT_LIFE, 3, 3, 3)];
    assert_eq!(gathered.outline.spans, expected);
    let texts = ["in both", "lost by the server", "lost as well", "said since"];
    assert_eq!(texts_of(&gathered.records), texts);

    let key = OpeningKey::of(&seed(), 1).public().unwrap();
    let (slot, me) = (Slot { account: ME, number: 1 }, desk.client.me().unwrap());
    let (outline, records) = (&gathered.outline, &gathered.records);
    let sealed = SealedSegment::seal(&mut OsRng, &me.state_key, &key, slot, outline, records).unwrap();
    let later = Desk::new(3);
    later
        .client
        .step(|step| {
            // It came in behind all of that.
            let mut row = step.tables.conversation(PLACE)?.unwrap();
            row.first = 4;
            step.tables.put_conversation(&row)?;
            step.tables.put_fact("incarnation", &NEXT_LIFE)
        })
        .unwrap();
    later.begins_to_restore();
    later.restores(1, &(outline.clone(), sealed));
    assert_eq!(later.texts(), texts);
    // Whoever restored it can write it again, where the server loses it once more.
    later.client.step(|step| step.tables.forget_segments()).unwrap();
    let again = later.client.read(|tables| gather(tables, NEXT_LIFE, &coverage(&[]), &[], 0)).unwrap();
    assert_eq!(texts_of(&again.records), texts);
    assert_eq!(again.outline.spans, expected);
}

#[test]
fn what_the_devices_agree_on_is_kept_with_the_account_state_and_off_it_leaves_no_trace() {
    let desk = Desk::new(0);
    let state = || {
        let mut state = AccountState::default();
        desk.client.read(|tables| put_history(&mut state, tables)).unwrap();
        state
    };
    desk.client.step(|step| step.tables.put_fact("history", &false)).unwrap();
    assert_eq!(state(), AccountState::default());
    // Another device turns it on, and brings the keys along.
    let base = AccountState::default();
    desk.client.step(|step| step.merge_history(&agreed_on(), &base)).unwrap();
    assert_eq!(state(), agreed_on());
    // An older version that knows nothing of it takes nothing away but what it was told.
    let without = AccountState { archive: None, ..agreed_on() };
    desk.client.step(|step| step.merge_history(&without, &agreed_on())).unwrap();
    assert_eq!(state(), agreed_on());
    let is_emptied = || desk.client.read(|tables| tables.archive_is_to_be_emptied()).unwrap();
    assert!(!is_emptied());
    let off = AccountState { settings: Default::default(), ..agreed_on() };
    desk.client.step(|step| step.merge_history(&off, &agreed_on())).unwrap();
    assert!(is_emptied());
    assert!(state().settings.is_empty());
}

#[test]
fn what_opens_segments_is_there_for_a_restore_alone() {
    assert!(Restore::wished(&AccountState::default(), &seed(), 0).is_none());
    let off = AccountState { settings: Default::default(), ..agreed_on() };
    assert!(Restore::wished(&off, &seed(), 0).is_none());
    let desk = Desk::new(0);
    desk.begins_to_restore();
    let material = *OpeningKey::of(&seed(), 1).expose();
    let is_there = || desk.everything().windows(32).any(|window| window == material);
    assert!(is_there());
    desk.client.step(super::restoring::forget_restore).unwrap();
    assert!(!is_there());
    assert!(desk.client.log_tells.get(), "the log of transactions is emptied as well");
}

#[test]
fn what_opens_segments_is_forgotten_after_a_week_whatever_the_server_does() {
    const DAY_MS: u64 = 24 * 3_600_000;
    let desk = Desk::new(0);
    let material = *OpeningKey::of(&seed(), 1).expose();
    let is_there = || desk.everything().windows(32).any(|window| window == material);
    let now_ms = desk.client.clock.now_ms();
    desk.began_to_restore(now_ms - 6 * DAY_MS);
    desk.client.restore_ends_in_time().unwrap();
    assert!(is_there() && desk.is_told_to_lack().is_empty());
    desk.began_to_restore(now_ms - 7 * DAY_MS);
    desk.client.restore_ends_in_time().unwrap();
    assert!(!is_there() && desk.client.log_tells.get());
    assert_eq!(desk.is_told_to_lack(), [1], "nobody knows what there would have been");
    desk.client.restore_ends_in_time().unwrap();
    assert_eq!(desk.is_told_to_lack(), [1]);
}

#[test]
fn what_opens_segments_is_forgotten_where_it_was_off_before_the_device_heard_of_it() {
    let desk = Desk::new(0);
    desk.client.step(|step| step.tables.put_fact("history", &false)).unwrap();
    desk.begins_to_restore();
    let off = AccountState { settings: Default::default(), ..agreed_on() };
    desk.client.step(|step| step.merge_history(&off, &AccountState::default())).unwrap();
    assert!(!desk.client.read(|tables| tables.restores()).unwrap());
}

#[test]
fn a_generation_beyond_all_that_are_used_makes_no_endless_work() {
    let mut state = agreed_on();
    let mut archive = serde_json::to_value(state.archive.take().unwrap()).unwrap();
    archive["keys"][0]["generation"] = u64::MAX.into();
    state.archive = Some(serde_json::from_value(archive).unwrap());
    let restore = Restore::wished(&state, &seed(), 0).unwrap();
    assert!(restore.opens(u64::MAX).is_some() && restore.opens(u64::MAX - 1023).is_some());
    assert!(restore.opens(u64::MAX - 1024).is_none() && restore.opens(1).is_none());
}

#[test]
fn room_for_a_restore_is_left_once_and_what_is_restored_stands_before() {
    let desk = Desk::new(0);
    desk.begins_to_restore();
    let first = desk.says(1, "since").position;
    desk.begins_to_restore();
    let second = desk.says(2, "since, too").position;
    assert_eq!(second, first + 1);
    let position =
        |received_ms, seq| desk.client.read(|tables| tables.restored_position(received_ms, seq, BEGAN_MS)).unwrap();
    assert!(position(1, 1) < position(1, 2) && position(1, 2) < position(2, 1));
    // A time that cannot be is no reason to stand behind what came since.
    assert!(position(u64::MAX, u64::MAX) < first && position(0, 0) > 0);
    assert!(position(BEGAN_MS, 5) < (1 << 53), "a browser counts as far");
}
