//! Members who say what no client of ours says: each is an engine of its own, whose seal is used past its judgement.

use std::time::{SystemTime, UNIX_EPOCH};

use huis_core::content::{Quote, Stay};
use huis_core::directory::KnownDevices;
use huis_core::groups::key_packages::{self, Use};
use huis_core::groups::{Change, Expectation, Group, VerifiedKeyPackage};
use huis_core::identity::{DeviceSecret, IdentitySecret, LocalDevice, next_device_list};
use huis_proto::ConversationKind;
use huis_proto::device_list::ListedDevice;
use huis_proto::frames::{EntryKind, LogEntry};
use huis_views::{ConversationView, MessageView};
use rand::SeedableRng;
use rand::rngs::{OsRng, StdRng};

use super::*;
use crate::config::DatabaseKey;
use crate::measuring::{StepError, Stepper};

mod vanishing;

const PLACE: ConversationId = ConversationId::from_bytes([9; 16]);

struct Person {
    stepper: Stepper,
    me: LocalDevice,
}

/// A group of three: ann, who owns it, bea and cem.
struct Garden {
    _folder: tempfile::TempDir,
    people: Vec<Person>,
    seq: u64,
}

const ANN: usize = 0;
const BEA: usize = 1;
const CEM: usize = 2;

fn again(me: &LocalDevice) -> LocalDevice {
    LocalDevice { member: me.member, secret: DeviceSecret::from_bytes(me.secret.expose()) }
}

fn id(number: u8) -> MessageId {
    MessageId::from_bytes([number; 16])
}

impl Garden {
    fn open(kind: ConversationKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut known = KnownDevices::default();
        let mut devices = Vec::new();
        let count = if kind == ConversationKind::Direct { 2 } else { 3 };
        for _ in 0..count {
            let identity = IdentitySecret::random(&mut OsRng);
            let account = AccountId::random(&mut OsRng);
            let device = LocalDevice::generate(&mut OsRng, account);
            let listed =
                ListedDevice { device: device.member.device, signature_key: device.secret.public(), added_at_ms: 0 };
            let list = identity.sign_device_list(&next_device_list(account, identity.key(), None, 0, 1, vec![listed]));
            known.accept(account, &identity.key(), &[list]).unwrap();
            devices.push(device);
        }
        let lists: Vec<_> = devices.iter().map(|device| known.get(device.member.account).unwrap().clone()).collect();
        let people: Vec<Person> = devices
            .into_iter()
            .enumerate()
            .map(|(number, me)| {
                let database = folder.path().join(format!("{number}.db"));
                let key = DatabaseKey::from_bytes([7; 32]);
                let random = StdRng::seed_from_u64(number as u64);
                let stepper = Stepper::sign_in(&database, &key, again(&me), lists.clone(), random).unwrap();
                Person { stepper, me }
            })
            .collect();
        let mut garden = Self { _folder: folder, people, seq: 1 };
        garden.come_together(kind, &known);
        garden
    }

    fn come_together(&mut self, kind: ConversationKind, known: &KnownDevices) {
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let mut packages = Vec::new();
        for person in &self.people[1..] {
            let package = person
                .stepper
                .client
                .step(|step| Ok::<_, StepError>(key_packages::make(&step.tables, &person.me, Use::Once, now_ms)?))
                .unwrap();
            packages.push(VerifiedKeyPackage::verify(&package, person.me.member, known, now_ms).unwrap());
        }
        let mut welcome = None;
        let ann = &self.people[ANN];
        let peer: Vec<_> = match kind {
            ConversationKind::Direct => vec![self.people[BEA].me.member.account],
            _ => vec![],
        };
        ann.stepper
            .enter(|store| {
                let (mut group, _) = Group::create(store, &ann.me, PLACE, kind, &peer, known)?;
                let change = Change::Invite(packages);
                let commit = group.prepare(store, &ann.me, known, id(99), change).unwrap();
                group.accept_pending(store, commit.id, &commit.hash)?;
                welcome = Some((commit.welcome.unwrap(), commit.follows + 1));
                Ok::<_, StepError>(group)
            })
            .unwrap();
        let (welcome, counter) = welcome.unwrap();
        for person in &self.people[1..] {
            let expectation = Expectation { conversation: PLACE, kind: None, accounts: None, fetched: &[] };
            person
                .stepper
                .enter(|store| {
                    let joined =
                        Group::join_from_welcome(store, &person.me, known, &welcome, counter, &expectation).unwrap();
                    Ok::<_, StepError>(joined.group)
                })
                .unwrap();
        }
        for person in &self.people {
            person
                .stepper
                .client
                .step(|step| {
                    let mut row = step.tables.conversation(PLACE)?.unwrap();
                    row.cursor = 1;
                    row.first = 1;
                    step.tables.put_conversation(&row)?;
                    step.read_roster(PLACE, 0)
                })
                .unwrap();
        }
    }

    fn account(&self, who: usize) -> AccountId {
        self.people[who].me.member.account
    }

    /// A message of somebody's.
    fn of(&self, who: usize, number: u8) -> MessageRef {
        MessageRef { message: id(number), author: self.account(who) }
    }

    /// Seals anything, as a client does that asks nobody, and puts it into the log.
    fn seals(&mut self, who: usize, message: MessageId, content: &Content) -> LogEntry {
        self.seq += 1;
        let person = &self.people[who];
        let payload = person
            .stepper
            .client
            .step(|step| {
                let tables = step.tables;
                let counter = tables.next_submission()?;
                let group = step.group(PLACE)?.unwrap();
                let draft = huis_core::content::Draft { id: message, content, sent_at_ms: 5, counter, last_seen: None };
                Ok::<_, StepError>(group.seal(&tables, &person.me, &mut OsRng, &draft).unwrap().bytes)
            })
            .unwrap();
        let commit_counter = person
            .stepper
            .client
            .step(|step| Ok::<_, StepError>(step.group(PLACE)?.unwrap().commit_counter()))
            .unwrap();
        LogEntry {
            conversation: PLACE,
            seq: self.seq,
            kind: EntryKind::Message,
            commit_counter,
            id: message,
            author: person.me.member,
            received_at_ms: 1_000 * self.seq,
            payload: Bytes(payload),
            mac: None,
        }
    }

    /// Seals anything, and all others take it.
    fn says(&mut self, who: usize, message: MessageId, content: &Content) {
        let entry = self.seals(who, message, content);
        for (number, person) in self.people.iter().enumerate() {
            if number != who {
                person.stepper.take(&entry).unwrap();
            }
        }
    }

    fn does(&mut self, who: usize, number: u8, content: &Content) {
        self.says(who, id(number), content);
    }

    /// What a person has of all that was said.
    fn reads(&self, who: usize) -> Vec<MessageView> {
        self.people[who].stepper.client.messages(PLACE, None, 100).unwrap()
    }

    fn texts(&self, who: usize) -> Vec<String> {
        self.reads(who).into_iter().map(|view| view.text).collect()
    }

    fn looks(&self, who: usize) -> ConversationView {
        self.people[who].stepper.client.conversation_of(PLACE).unwrap()
    }

    /// Everything that stands in a person's database, opened.
    fn stored(&self, who: usize) -> Vec<u8> {
        self.people[who].stepper.client.read(|tables| tables.everything()).unwrap()
    }
}

fn text(body: &str) -> Content {
    Content::text(body).unwrap()
}

fn edit(target: MessageRef, body: &str) -> Content {
    Content::Edit { target, body: body.into(), mentions: vec![], vanishes: false }
}

fn titled(title: Option<&str>, topic: Option<&str>) -> Content {
    Content::Settings { title: title.map(str::to_owned), topic: topic.map(str::to_owned), timer: None }
}

fn reaction(target: MessageRef, emoji: Option<&str>) -> Content {
    Content::Reaction { target, emoji: emoji.map(str::to_owned) }
}

fn holds(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

#[test]
fn who_may_not_do_it_is_not_heard() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &text("mine"));
    let target = garden.of(ANN, 1);
    garden.does(BEA, 2, &edit(target, "yours"));
    garden.does(BEA, 3, &Content::Delete { target });
    garden.does(BEA, 4, &Content::Pin { target, pinned: true });
    garden.does(BEA, 5, &titled(Some("Bea's"), Some("bea")));
    let view = garden.reads(CEM).remove(0);
    assert_eq!((view.text.as_str(), view.edited_at_ms, view.deleted_by, view.pinned), ("mine", None, None, false));
    assert_eq!((garden.looks(CEM).title, garden.looks(CEM).topic), (None, None));
    // An owner deletes and pins what others said, but does not put words into their mouths.
    garden.does(BEA, 6, &text("bea's own"));
    let target = garden.of(BEA, 6);
    garden.does(ANN, 7, &edit(target, "forged"));
    garden.does(ANN, 8, &Content::Pin { target, pinned: true });
    let view = garden.reads(CEM).remove(1);
    assert_eq!((view.text.as_str(), view.pinned), ("bea's own", true));
    assert_eq!(garden.looks(CEM).pins, 1);
    garden.does(ANN, 9, &Content::Delete { target });
    let view = garden.reads(CEM).remove(1);
    assert_eq!((view.text.as_str(), view.pinned), ("", false));
    assert_eq!(view.deleted_by.unwrap().account, garden.account(ANN));
}

#[test]
fn between_two_both_pin_and_each_deletes_what_is_its_own() {
    let mut garden = Garden::open(ConversationKind::Direct);
    garden.does(ANN, 1, &text("mine"));
    let target = garden.of(ANN, 1);
    garden.does(ANN, 2, &Content::Pin { target, pinned: true });
    assert!(garden.reads(BEA)[0].pinned);
    garden.does(BEA, 3, &text("bea's"));
    let hers = garden.of(BEA, 3);
    // A founder of a conversation of two is no more than the other.
    garden.does(ANN, 4, &Content::Delete { target: hers });
    garden.does(ANN, 5, &titled(None, Some("mine")));
    garden.does(ANN, 6, &Content::Delete { target });
    assert_eq!(garden.texts(BEA), [""]);
    assert_eq!(garden.looks(BEA).topic, None);
    // Who seals here keeps no row of it: what was done to it is looked for where it would be kept.
    let done = |target| garden.people[BEA].stepper.client.read(|tables| tables.marks(PLACE, target)).unwrap();
    assert!(done(target).is_some() && done(hers).is_none());
}

#[test]
fn an_id_that_is_used_again_does_not_lead_to_anothers_message() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &text("ann's"));
    garden.does(BEA, 1, &text("bea's under ann's id"));
    garden.does(BEA, 2, &edit(garden.of(BEA, 1), "changed"));
    garden.does(BEA, 3, &Content::Delete { target: garden.of(BEA, 1) });
    assert_eq!(garden.texts(CEM), ["ann's", ""]);
    // By its id alone neither is given for the other.
    assert!(matches!(garden.people[CEM].stepper.client.message(id(1)), Err(Failure::Invalid { .. })));
}

#[test]
fn annotations_that_come_before_their_message_or_twice_count_once_and_for_all() {
    let mut garden = Garden::open(ConversationKind::Group);
    let target = garden.of(BEA, 1);
    garden.does(CEM, 2, &reaction(target, Some("👍")));
    garden.does(BEA, 3, &edit(target, "second"));
    garden.does(ANN, 4, &Content::Pin { target, pinned: true });
    assert_eq!(garden.looks(ANN).pins, 0, "nothing is shown of what is not here");
    garden.does(BEA, 1, &text("first"));
    garden.does(BEA, 3, &edit(target, "second"));
    let view = garden.reads(ANN).remove(0);
    assert_eq!(
        (view.text.as_str(), view.pinned, view.reactions.len()),
        ("second", false, 1),
        "ann did not hear herself"
    );
    let view = garden.reads(CEM).remove(0);
    assert_eq!((view.text.as_str(), view.pinned), ("second", true));
    // Deleted before it was said: its text is never shown.
    garden.does(BEA, 6, &Content::Delete { target: garden.of(BEA, 5) });
    garden.does(BEA, 5, &text("quisquilious"));
    assert_eq!(garden.texts(CEM), ["second", ""]);
    assert_eq!(garden.looks(CEM).unread, 1);
    assert!(!holds(&garden.stored(CEM), "quisquilious"));
}

#[test]
fn nothing_is_left_of_a_deleted_message_in_the_database() {
    let mut garden = Garden::open(ConversationKind::Group);
    let words = ["xylophagous", "zugzwang", "quincunx", "yttrium"];
    garden.does(ANN, 1, &text("xylophagous beetles"));
    let target = garden.of(ANN, 1);
    garden.does(ANN, 2, &edit(target, "zugzwang, again"));
    garden.does(BEA, 3, &reaction(target, Some("🪲")));
    garden.does(ANN, 8, &text("yttrium"));
    let quoting = |target, excerpt: &str| Content::Text {
        body: "an answer".into(),
        mentions: vec![],
        reply_to: Some(Quote { target, excerpt: excerpt.into() }),
        forwarded: false,
        stay: Stay::default(),
    };
    garden.does(BEA, 4, &quoting(target, "xylophagous beetles"));
    garden.does(BEA, 5, &quoting(garden.of(ANN, 7), "quincunx, which never came"));
    for word in words {
        assert!(holds(&garden.stored(CEM), word), "{word} is there before");
    }
    assert_eq!(garden.reads(CEM)[2].reply_to.as_ref().unwrap().text, "zugzwang, again", "as it stands");

    garden.does(ANN, 6, &Content::Delete { target });
    garden.does(ANN, 9, &Content::Delete { target: garden.of(ANN, 7) });
    garden.does(ANN, 10, &Content::Delete { target: garden.of(ANN, 8) });
    // Quoted once more by somebody who had not heard of it yet.
    garden.does(BEA, 11, &quoting(target, "xylophagous beetles"));
    let stored = garden.stored(CEM);
    for word in words {
        assert!(!holds(&stored, word), "{word} is left");
    }
    assert!(!holds(&stored, "🪲"));
    let views = garden.reads(CEM);
    for answer in [&views[2], &views[3], &views[4]] {
        let quote = answer.reply_to.as_ref().unwrap();
        assert_eq!((quote.text.as_str(), quote.deleted, answer.text.as_str()), ("", true, "an answer"));
    }
}

#[test]
fn a_blocked_account_does_nothing_to_messages() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(BEA, 1, &text("before"));
    let (target, blocked) = (garden.of(BEA, 1), garden.account(BEA));
    garden.people[CEM].stepper.client.change_contact(blocked, |row| row.blocked = true).unwrap();
    garden.does(BEA, 2, &edit(target, "after"));
    garden.does(BEA, 3, &reaction(target, Some("👍")));
    let view = garden.reads(CEM).remove(0);
    assert_eq!((view.text.as_str(), view.reactions.len()), ("before", 0));
}

#[test]
fn what_a_member_did_without_the_right_stays_without_effect_once_it_has_the_right() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &text("mine"));
    let target = garden.of(ANN, 1);
    garden.does(BEA, 2, &Content::Pin { target, pinned: true });
    let roles = vec![(garden.account(BEA), Role::Admin)];
    let ann = &garden.people[ANN];
    let commit = ann
        .stepper
        .client
        .step(|step| {
            let (tables, known) = (step.tables, step.client.known());
            let group = step.group(PLACE)?.unwrap();
            let commit = group.prepare(&tables, &ann.me, &known, id(50), Change::Roles(roles)).unwrap();
            group.accept_pending(&tables, commit.id, &commit.hash)?;
            Ok::<_, StepError>(commit)
        })
        .unwrap();
    garden.seq += 1;
    let entry = LogEntry {
        conversation: PLACE,
        seq: garden.seq,
        kind: EntryKind::Commit,
        commit_counter: commit.follows + 1,
        id: id(50),
        author: ann.me.member,
        received_at_ms: 0,
        payload: Bytes(commit.commit),
        mac: None,
    };
    for who in [BEA, CEM] {
        garden.people[who].stepper.take(&entry).unwrap();
    }
    assert_eq!(garden.looks(BEA).role, Some(huis_views::MemberRole::Admin));
    garden.does(BEA, 3, &reaction(target, Some("👍")));
    assert!(!garden.reads(CEM)[0].pinned, "judged when it came");
    garden.does(BEA, 4, &Content::Pin { target, pinned: true });
    assert!(garden.reads(CEM)[0].pinned);
}

#[test]
fn a_place_that_never_came_or_could_not_be_read_is_a_hole_in_what_this_device_has() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &text("first"));
    garden.seq += 2;
    let mut garbage = garden.seals(ANN, id(2), &text("second"));
    garbage.payload = Bytes(vec![7; 64]);
    let client = &garden.people[BEA].stepper;
    client.take(&garbage).unwrap();
    let holes = client.client.read(|tables| tables.holes(PLACE)).unwrap();
    assert_eq!(holes, [3..=4, 5..=5]);
}

#[test]
fn annotations_are_no_messages_that_a_person_misses() {
    let mut garden = Garden::open(ConversationKind::Group);
    garden.does(ANN, 1, &text("first"));
    garden.does(BEA, 2, &text("second"));
    let before = garden.looks(CEM);
    let target = garden.of(ANN, 1);
    garden.does(ANN, 3, &edit(target, "changed"));
    garden.does(BEA, 4, &reaction(target, Some("👍")));
    garden.does(ANN, 5, &Content::Pin { target, pinned: true });
    let after = garden.looks(CEM);
    assert_eq!((after.unread, after.newest_ms), (before.unread, before.newest_ms));
    assert_eq!(garden.people[CEM].stepper.client.unprinted(10).unwrap().len(), 2);
    garden.does(ANN, 6, &Content::Delete { target });
    assert_eq!(garden.looks(CEM).unread, 1);
    let unprinted = garden.people[CEM].stepper.client.unprinted(10).unwrap();
    assert_eq!(unprinted.into_iter().map(|view| view.text).collect::<Vec<_>>(), ["second"]);
}

#[test]
fn who_is_named_or_answered_is_called() {
    let mut garden = Garden::open(ConversationKind::Group);
    let cem = garden.account(CEM);
    let naming = |mentions: Vec<AccountId>, reply_to: Option<MessageRef>| Content::Text {
        body: "text".into(),
        mentions,
        reply_to: reply_to.map(|target| Quote { target, excerpt: "x".into() }),
        forwarded: false,
        stay: Stay::default(),
    };
    garden.does(ANN, 1, &naming(vec![cem, AccountId::from_bytes([66; 16])], None));
    garden.does(ANN, 2, &naming(vec![], Some(garden.of(CEM, 80))));
    garden.does(ANN, 3, &naming(vec![], None));
    let views = garden.reads(CEM);
    assert_eq!(views.iter().map(|view| view.mentions_me).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(views[0].mentions.len(), 1, "who is not there is not shown as named");
    assert_eq!(garden.looks(CEM).mentions, 2);
    assert_eq!(garden.looks(BEA).mentions, 0);
    // An edit that names somebody newly calls, one that names nobody any more does not.
    let edit_naming =
        Content::Edit { target: garden.of(ANN, 3), body: "text".into(), mentions: vec![cem], vanishes: false };
    garden.does(ANN, 4, &edit_naming);
    assert_eq!(garden.looks(CEM).mentions, 3);
    garden.does(ANN, 5, &edit(garden.of(ANN, 1), "nobody"));
    assert_eq!(garden.looks(CEM).mentions, 2);
    let newest = views[2].position;
    garden.people[CEM].stepper.client.mark_read(PLACE, newest).unwrap();
    assert_eq!(garden.looks(CEM).mentions, 0);
}

#[test]
fn what_is_given_up_after_it_was_sealed_leaves_no_hole_for_others() {
    for later_is_on_its_way in [false, true] {
        let mut garden = Garden::open(ConversationKind::Group);
        garden.does(ANN, 1, &text("mine"));
        let target = garden.of(ANN, 1);
        let bea = &garden.people[BEA].stepper.client;
        let counted = bea.step(|step| {
            for number in [20, 21] {
                let content = reaction(target, Some("👍")).to_bytes().unwrap();
                step.tables.add_waiting_mark(PLACE, target, id(number), 1, &content)?;
                step.task(PLACE, id(number), &Task::Say { content: Bytes(content), shown: false })?;
            }
            let tasks = step.tables.tasks_of(PLACE)?;
            let mut counters = Vec::new();
            for task in &tasks {
                counters.push(step.seal(task.clone())?.unwrap().counter.unwrap());
            }
            assert_eq!(counters, [1, 2]);
            step.tables.unseal(tasks[0].position)?;
            if !later_is_on_its_way {
                step.tables.unseal(tasks[1].position)?;
            }
            step.fail_task(&tasks[0], Failure::NotAllowed)?;
            let later = step.tables.task(tasks[1].position)?.unwrap();
            Ok::<_, DbError>((later.counter, step.tables.conversation(PLACE)?.unwrap().counter))
        });
        let expected = if later_is_on_its_way { 2 } else { 1 };
        assert_eq!(counted.unwrap(), (Some(expected), expected));
    }
}

#[test]
fn what_was_sealed_once_and_is_held_back_since_can_be_dropped_and_leaves_no_hole() {
    let garden = Garden::open(ConversationKind::Group);
    let bea = &garden.people[BEA].stepper;
    let [dropped, kept] = ["for nobody", "for you"].map(|text| bea.write(PLACE, text).unwrap());
    for message in [dropped, kept] {
        bea.seal(PLACE, message).unwrap();
    }
    let position = |message| bea.client.read(|tables| tables.task_by_id(PLACE, message)).unwrap().unwrap().position;
    assert!(bea.client.discard(dropped).is_err(), "it may be on its way");
    // The server refused both, as others came first.
    for position in [dropped, kept].map(position) {
        bea.client.step(|step| step.tables.unseal_refused(position)).unwrap();
    }
    assert!(bea.client.discard(dropped).is_err(), "it is about to be");
    let held = position(dropped);
    bea.client.step(|step| step.tables.hold_task(held)).unwrap();
    bea.client.discard(dropped).unwrap();
    let (counter, left) =
        bea.client.read(|tables| Ok((tables.conversation(PLACE)?.unwrap().counter, tables.tasks_of(PLACE)?))).unwrap();
    assert_eq!(left.iter().map(|task| (task.id, task.counter)).collect::<Vec<_>>(), [(kept, Some(1))]);
    assert_eq!(counter, 1);
}

#[test]
fn what_others_may_have_cannot_be_dropped_though_it_is_held_back() {
    /// How it came about that nobody can say what became of what was sealed.
    type Doubt = fn(&mut Step<'_>) -> Result<(), DbError>;
    let doubts: [Doubt; 3] = [
        |step| step.old_copy(50),
        |step| step.offer_again(PLACE, 0, 0, step.client.me().unwrap().device.member.device, false),
        |step| step.offer_again(PLACE, 0, 0, step.client.me().unwrap().device.member.device, true),
    ];
    for (number, doubt) in doubts.into_iter().enumerate() {
        let garden = Garden::open(ConversationKind::Group);
        let bea = &garden.people[BEA].stepper;
        let device = garden.people[BEA].me.member.device;
        let written = ["sealed", "sent", "draft", "with files"].map(|text| bea.write(PLACE, text).unwrap());
        let [sealed, sent, draft, uploading] = written;
        for message in [sealed, sent] {
            bea.seal(PLACE, message).unwrap();
        }
        // What waits for its files has no place in the outbox yet.
        for message in [sent, uploading] {
            bea.settle(PLACE, message).unwrap();
        }
        let now_ms = bea.client.now_ms();
        bea.client.step(|step| step.tables.mark_sent(PLACE, device, sent, 2, now_ms)).unwrap();
        bea.client.step(doubt).unwrap();
        // An old copy may have sent what only waits here, and does not know what it has sent; a restored server has lost it.
        let waiting = if number == 0 { [sealed, draft] } else { [sealed, sent] };
        for message in waiting {
            let task = bea.client.read(|tables| tables.task_by_id(PLACE, message)).unwrap().unwrap();
            bea.client.step(|step| step.tables.hold_task(task.position)).unwrap();
            let refused = Failure::Invalid { reason: "this message may be on its way already".into() };
            assert_eq!(bea.client.discard(message), Err(refused.clone()), "{number}");
            // That the server refuses it later says nothing about what it took before.
            bea.client.step(|step| step.tables.unseal_refused(task.position)).unwrap();
            assert_eq!(bea.client.discard(message), Err(refused.clone()), "{number}");
            let stands = || bea.client.read(|tables| tables.own_message(message)).unwrap().unwrap().standing;
            assert_eq!(stands(), MessageStanding::Waiting);
            // Nor does it that it is given up.
            bea.client.step(|step| step.fail_task(&task, Failure::NotAllowed)).unwrap();
            assert_eq!(bea.client.discard(message), Err(refused), "{number}");
            assert_eq!(stands(), MessageStanding::Failed);
        }
        assert_eq!(bea.client.discard(uploading).is_err(), number == 0);
        if number > 0 {
            bea.client.discard(draft).unwrap();
        }
    }
}
