use std::collections::BTreeMap;

use huis_proto::codec;
use proptest::prelude::*;

use super::*;

const ANN: AccountId = AccountId::from_bytes([1; 16]);
const BEA: AccountId = AccountId::from_bytes([2; 16]);
const CEM: AccountId = AccountId::from_bytes([3; 16]);

fn id(number: u8) -> MessageId {
    MessageId::from_bytes([number; 16])
}

fn place(seq: u64) -> Place {
    Place { seq, id: id(9) }
}

fn target() -> MessageRef {
    MessageRef { message: id(1), author: ANN }
}

fn edit(body: &str) -> Mark {
    Mark::Edit { body: body.into(), mentions: vec![] }
}

fn reaction(emoji: &str) -> Mark {
    Mark::Reaction(Some(emoji.into()))
}

fn permitted(kind: ConversationKind, mark: &Mark, by: AccountId, role: Role) -> bool {
    Annotation { target: target(), mark: mark.clone() }.is_permitted(kind, by, Some(role))
}

#[test]
fn the_table_of_who_may_annotate() {
    use ConversationKind::{Direct, Group, Open};
    for kind in [Direct, Group, Open] {
        for role in [Role::Member, Role::Admin, Role::Owner] {
            let leads = kind != Direct && role >= Role::Admin;
            assert!(permitted(kind, &edit("x"), ANN, role));
            assert!(!permitted(kind, &edit("x"), BEA, role), "nobody edits what another one said");
            assert!(permitted(kind, &Mark::Delete, ANN, role));
            assert_eq!(permitted(kind, &Mark::Delete, BEA, role), leads, "{kind:?} {role:?}");
            assert!(permitted(kind, &reaction("👍"), BEA, role));
            assert_eq!(permitted(kind, &Mark::Pin(true), BEA, role), leads || kind == Direct, "{kind:?} {role:?}");
            assert_eq!(may_entitle(kind, Some(role)), leads);
        }
        let stranger = Annotation { target: target(), mark: reaction("👍") };
        assert!(!stranger.is_permitted(kind, BEA, None));
        assert!(!may_entitle(kind, None));
    }
}

#[test]
fn the_newest_edit_counts_whichever_comes_first() {
    let mut marks = Marks::default();
    marks.take(&edit("second"), ANN, place(5), 50);
    marks.take(&edit("first"), ANN, place(4), 40);
    let edited = marks.edited().unwrap();
    assert_eq!((edited.body.as_str(), edited.at_ms), ("second", 50));
    marks.take(&edit("third"), ANN, Place::waiting(1, id(7)), 60);
    assert_eq!(marks.edited().unwrap().body, "third", "what is on its way is newest");
    assert!(Place::waiting(1, id(7)).is_waiting() && !place(4).is_waiting());
}

#[test]
fn a_delete_is_final_and_undoes_everything_before_and_after() {
    let mut marks = Marks::default();
    marks.take(&edit("before"), ANN, place(2), 0);
    marks.take(&reaction("👍"), BEA, place(3), 0);
    marks.take(&Mark::Pin(true), ANN, place(4), 0);
    marks.take(&Mark::Delete, CEM, place(6), 0);
    marks.take(&Mark::Delete, ANN, place(5), 0);
    for mark in [edit("after"), reaction("👎"), Mark::Pin(true)] {
        marks.take(&mark, ANN, place(9), 0);
    }
    let mut alone = Marks::default();
    alone.take(&Mark::Delete, ANN, place(5), 0);
    assert_eq!(marks, alone);
    assert_eq!(marks.deleted().map(|deeded| deeded.by), Some(ANN), "who did it first");
}

#[test]
fn an_account_has_one_reaction_and_may_take_it_back() {
    let mut marks = Marks::default();
    marks.take(&reaction("👎"), ANN, place(2), 0);
    marks.take(&reaction("👍"), BEA, place(3), 0);
    marks.take(&reaction("👍"), CEM, place(4), 0);
    assert_eq!(marks.reactions(), [("👍", vec![BEA, CEM]), ("👎", vec![ANN])]);
    marks.take(&reaction("🎉"), CEM, place(5), 0);
    marks.take(&Mark::Reaction(None), BEA, place(6), 0);
    assert_eq!(marks.reactions(), [("👎", vec![ANN]), ("🎉", vec![CEM])]);
    marks.take(&reaction("👍"), BEA, place(3), 0);
    assert_eq!(marks.reaction_of(BEA), None, "a repeat from before changes nothing");
}

#[test]
fn title_and_topic_do_not_undo_each_other() {
    let mut settings = Settings::default();
    settings.take(Some("Garden"), None, place(2));
    settings.take(None, Some("who waters"), place(3));
    settings.take(Some(" "), None, place(4));
    settings.take(Some("Orchard"), None, place(1));
    assert_eq!((settings.title(), settings.topic()), (Some("Garden"), Some("who waters")));
    settings.take(None, Some(""), place(5));
    settings.take(None, Some("late"), place(4));
    assert_eq!((settings.title(), settings.topic()), (Some("Garden"), None));
    let timer = |after_s| crate::content::Timer { after_s, from: crate::content::CountedFrom::Sending };
    settings.take_timer(TimerSetting::On(timer(60)), place(6));
    settings.take_timer(TimerSetting::On(timer(90)), place(5));
    assert_eq!((settings.title(), settings.timer()), (Some("Garden"), Some(timer(60))));
    settings.take_timer(TimerSetting::Off, place(7));
    assert_eq!(settings.timer(), None);
}

#[test]
fn after_a_cut_what_comes_is_newer_than_what_was_lost() {
    let mut marks = Marks::default();
    marks.take(&edit("lost"), ANN, place(20), 0);
    marks.take(&reaction("👍"), BEA, place(21), 0);
    marks.cut(10);
    assert_eq!(marks.newest(), 10);
    marks.take(&edit("said after"), ANN, place(11), 0);
    assert_eq!(marks.edited().unwrap().body, "said after");
    let mut settings = Settings::default();
    settings.take(Some("lost"), None, place(20));
    settings.cut(10);
    settings.take(Some("given after"), None, place(11));
    assert_eq!(settings.title(), Some("given after"));
}

#[test]
fn stored_marks_keep_their_bytes_and_come_back() {
    let mut marks = Marks::default();
    assert_eq!(codec::to_cbor(&marks), [0xa0]);
    marks.take(&Mark::Edit { body: "x".into(), mentions: vec![BEA] }, ANN, place(2), 7);
    marks.take(&reaction("👍"), BEA, place(3), 0);
    marks.take(&Mark::Pin(true), ANN, place(4), 0);
    let mut deleted = Marks::default();
    deleted.take(&Mark::Delete, ANN, place(5), 0);
    let mut shown = String::new();
    for marks in [marks, deleted] {
        let bytes = codec::to_cbor(&marks);
        assert_eq!(codec::from_cbor::<Marks>(&bytes).unwrap(), marks);
        shown.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
        shown.push('\n');
    }
    insta::assert_snapshot!(shown);
}

/// An annotation as it stands in the log: whoever wrote it, permitted or not.
#[derive(Debug, Clone)]
struct Entry {
    annotation: Annotation,
    by: AccountId,
    role: Option<Role>,
    place: Place,
}

fn account() -> impl Strategy<Value = AccountId> {
    prop_oneof![Just(ANN), Just(BEA), Just(CEM)]
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let mark = prop_oneof![
        4 => "[a-c]{1,3}".prop_map(|body| Mark::Edit { body, mentions: vec![] }),
        1 => Just(Mark::Delete),
        4 => prop_oneof![Just(None), Just(Some("👍".to_owned())), Just(Some("👎".to_owned()))].prop_map(Mark::Reaction),
        2 => any::<bool>().prop_map(Mark::Pin),
    ];
    let role = prop_oneof![Just(None), Just(Some(Role::Member)), Just(Some(Role::Admin)), Just(Some(Role::Owner))];
    let entry = (mark, account(), account(), 0_u8..3, role);
    proptest::collection::vec(entry, 0..24).prop_map(|drawn| {
        let entries = drawn.into_iter().zip(1_u8..).map(|((mark, author, by, message, role), number)| Entry {
            annotation: Annotation { target: MessageRef { message: id(message), author }, mark },
            by,
            role,
            // Two in a row share a place, as after a cut of the log.
            place: Place { seq: u64::from(number / 2), id: id(number) },
        });
        entries.collect()
    })
}

/// What a device comes to that hears of these, as the engine does: judged, then taken.
fn heard<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<MessageRef, Marks> {
    let mut all: BTreeMap<MessageRef, Marks> = BTreeMap::new();
    for Entry { annotation, by, role, place } in entries {
        if annotation.is_permitted(ConversationKind::Group, *by, *role) {
            all.entry(annotation.target).or_default().take(&annotation.mark, *by, *place, place.seq);
        }
    }
    all
}

proptest! {
    #[test]
    fn all_devices_come_to_the_same_in_any_order_and_with_any_repeats(
        (entries, order) in entries().prop_flat_map(|entries| {
            let indices: Vec<usize> = (0..entries.len()).collect();
            let twice: Vec<usize> = indices.iter().chain(&indices).copied().collect();
            (Just(entries), Just(twice).prop_shuffle())
        }),
        cut in 0_usize..48,
    ) {
        let in_order = heard(&entries);
        let shuffled: Vec<&Entry> = order.iter().filter_map(|index| entries.get(*index)).collect();
        prop_assert_eq!(&heard(shuffled.iter().copied()), &in_order);

        // Two parts that were gathered apart come to the same when they meet, whichever takes the other in.
        let (one, other) = shuffled.split_at(cut.min(shuffled.len()));
        let (one, other) = (heard(one.iter().copied()), heard(other.iter().copied()));
        for (first, second) in [(&one, &other), (&other, &one)] {
            let mut merged = first.clone();
            for (target, marks) in second {
                merged.entry(*target).or_default().merge(marks.clone());
            }
            prop_assert_eq!(&merged, &in_order);
        }
    }

    #[test]
    fn a_title_and_a_topic_come_out_the_same_in_any_order(
        (given, order) in proptest::collection::vec((any::<Option<u8>>(), any::<Option<u8>>()), 0..12)
            .prop_flat_map(|given| {
                let indices: Vec<usize> = (0..given.len()).chain(0..given.len()).collect();
                (Just(given), Just(indices).prop_shuffle())
            }),
    ) {
        let taken = |order: &[usize]| {
            let mut settings = Settings::default();
            for index in order {
                let (title, topic) = given[*index];
                let text = |number: Option<u8>| number.map(|number| "x".repeat(usize::from(number % 3)));
                settings.take(text(title).as_deref(), text(topic).as_deref(), place(*index as u64));
            }
            settings
        };
        let in_order: Vec<usize> = (0..given.len()).collect();
        prop_assert_eq!(taken(&order), taken(&in_order));
    }
}
