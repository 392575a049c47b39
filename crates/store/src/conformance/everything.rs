//! A store with something in every table, for what is done with whole stores.

use huis_proto::rest::{BanTarget, InvitationInfo, PushSubscription, ReportOutcome, ServerRole};
use huis_proto::{Bytes, Bytes32, ConversationId, ConversationKind, InvitationId, Member, SessionId};

use super::administration::{act, ban};
use super::archives::brings;
use super::contests::{dissents, four, takes_out};
use super::files::upload;
use super::people::{People, stored};
use super::reports::{about, report};
use super::time_locks::locks;
use crate::{
    Act, Acted, Append, ArchiveChanged, Beginning, Creation, NewClosing, NewOverride, NewSuspension, NewVisitCode,
    Refresh, Release, ReportPut, Session, SharedStore, Withdrawal,
};

/// Ids and names of the people here begin far behind those of the stories, so that both can be told of one store.
const BEGINNING: u64 = 1 << 40;
const NOW_MS: u64 = 1_800_000_000_000;

/// What was left there.
pub struct Everything {
    /// The people, to go on with.
    pub people: People,
    /// A group of two, whose second commit added somebody; what was said in it was not fetched.
    pub group: ConversationId,
    /// Its founder.
    pub anna: Member,
    /// Its other first member.
    pub berta: Member,
    /// A message of hers that is in the log.
    pub said: Append,
    /// One of anna's that everybody has.
    pub forgotten: Append,
}

/// Leaves something in every table of a fresh store, and `messages` in one log.
pub async fn everything(store: SharedStore, messages: usize) -> Everything {
    let people = People::beginning_at(store.clone(), BEGINNING);
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    people.second_device(carla).await;
    people.second_device(berta).await;
    people.list(berta.account, &[berta]).await;
    let group = people.group(&[anna, berta]).await;
    let forgotten = people.message(group, anna, 1);
    stored(store.append(forgotten.clone()).await);
    for member in [anna, berta] {
        people.acks(group, member, 2).await;
    }
    let mut adds = people.commit(group, anna, 1);
    (adds.joins, adds.welcome) = (vec![carla], Some(Bytes(vec![7; 3000])));
    stored(store.append_commit(adds).await);
    let mut said = None;
    for number in 0..messages.max(1) {
        let mut message = people.message(group, if number % 3 == 0 { anna } else { berta }, 2);
        message.received_at_ms = NOW_MS + number as u64 / 4;
        if number % 3 == 1 {
            said = Some(message.clone());
        }
        stored(store.append(message).await);
    }
    let said = match said {
        Some(said) => said,
        None => {
            let message = people.message(group, berta, 2);
            stored(store.append(message.clone()).await);
            message
        }
    };
    conversations(&people, anna, berta, carla).await;
    contested(&people).await;
    // Drops key packages; what stands behind it are numbers that are not used again.
    let one_time = |count: u8| (0..count).map(|number| Bytes(vec![number; 40])).collect();
    store.put_key_packages(anna, one_time(3), None, false).await.expect("stocked");
    store.renew_incarnation().await.expect("renewed");
    store.put_key_packages(anna, one_time(2), Some(Bytes(vec![99; 40])), false).await.expect("stocked");
    signed_in(&people, anna).await;
    files(&people, group, anna).await;
    locked(&people, group, anna).await;
    let enabled = store.enable_second_factor(super::second_factors::second_factor(anna.account, 0, 7)).await;
    assert!(enabled.expect("an answer"));
    for number in 1..=3 {
        let changed = store.change_archive(brings(anna.account, number, 40)).await;
        assert_eq!(changed.expect("an answer"), ArchiveChanged::Stored);
    }
    let act = looked_after(&people).await;
    reported(&people, &act, anna, berta).await;
    let info = InvitationInfo {
        id: InvitationId::from_bytes(people.id()),
        uses: 3,
        uses_left: 3,
        made_by: "the-head".into(),
        made_at_ms: NOW_MS,
        expires_at_ms: NOW_MS + 1000,
    };
    let set = NewOverride { name: "registration".into(), value: "invite".into(), configured: "open".into() };
    assert_eq!(store.put_override(act.clone(), set).await.expect("set"), Acted::Done(()));
    assert_eq!(store.put_invitation(act, Bytes32([0x77; 32]), info, 5).await.expect("kept"), Acted::Done(()));
    Everything { people, group, anna, berta, said, forgotten }
}

async fn conversations(people: &People, anna: Member, berta: Member, carla: Member) {
    let mut direct = people.create(ConversationKind::Direct, &[anna, berta]);
    direct.peer = Some(berta.account);
    stored(people.store.create_conversation(direct).await);
    let mut room = people.create(ConversationKind::Open, &[carla, anna]);
    let lobby = room.conversation;
    room.room = Some("the-lobby".into());
    stored(people.store.create_conversation(room).await);
    stored(people.store.append(people.leave(lobby, &[anna], 1)).await);
    // And one in which a better GroupInfo is wanted.
    let group = people.group(&[anna, berta]).await;
    let second = people.second_device(anna).await;
    people.store.want_group_info(second, group, 1).await.expect("an answer");
}

/// A file that a message brings, and an upload that was begun.
async fn files(people: &People, group: ConversationId, anna: Member) {
    let mut brings = people.message(group, anna, 2);
    (brings.files, brings.files_end_at_ms) = (vec![upload(people, anna, 700, 700).await], NOW_MS);
    stored(people.store.append(brings).await);
    upload(people, anna, 900, 100).await;
}

/// Messages that open later: one that waits, one whose share was given, and one that was withdrawn.
async fn locked(people: &People, group: ConversationId, anna: Member) {
    locks(people, group, anna, 2, NOW_MS).await;
    let (given, withdrawn) = (locks(people, group, anna, 2, NOW_MS).await, locks(people, group, anna, 2, NOW_MS).await);
    let given = people.store.release(anna.account, group, anna.account, given, NOW_MS).await;
    assert!(matches!(given, Ok(Some(Release::Share(_)))));
    let withdrawn = people.store.withdraw(anna.account, group, withdrawn, 1).await;
    assert_eq!(withdrawn.expect("an answer"), Withdrawal::Done);
}

/// A super-administrator who has suspended and banned somebody.
async fn looked_after(people: &People) -> Act {
    let head = people.stranger();
    let mut new = people.new_account(head, "the-head");
    new.claims_super_administrator = true;
    assert_eq!(people.store.create_account(new).await.expect("made"), Creation::Created);
    let created = people.store.create_account(people.new_account(people.stranger(), "the-suspended")).await;
    assert_eq!(created.expect("made"), Creation::Created);
    let act = act(head, ServerRole::Moderator, "try");
    let new = NewSuspension { reason: "spam".into(), ends_at_ms: Some(NOW_MS) };
    let suspended = people.store.suspend(act.clone(), "the-suspended", new).await;
    assert!(matches!(suspended, Ok(Acted::Done(_))));
    for target in [BanTarget::Name("the-banned".into()), BanTarget::Network("198.51.100.0/24".into())] {
        let put = people.store.put_ban(act.clone(), ban(people, target, None), 5).await;
        assert!(matches!(put, Ok(Acted::Done(_))));
    }
    act
}

/// A report that reveals a message and is closed, and one on a person.
async fn reported(people: &People, act: &Act, anna: Member, berta: Member) {
    let revealing = about(people, report(people, anna, berta), berta);
    let id = revealing.id;
    for new in [revealing, report(people, berta, anna)] {
        assert_eq!(people.store.put_report(new, 5).await.expect("an answer"), ReportPut::Kept);
    }
    let closing = NewClosing { outcome: ReportOutcome::Acted, answer: "Thank you.".into() };
    let closed = people.store.close_report(act.clone(), id, closing).await;
    assert!(matches!(closed, Ok(Acted::Done(_))));
}

/// Commits that members contest, and one that most of them do.
async fn contested(people: &People) {
    let (group, [mallory, anna, berta, carla]) = four(people).await;
    takes_out(people, group, mallory, &[berta, carla, anna], 1).await;
    let dora = people.account().await;
    let mut adds = people.commit(group, mallory, 2);
    (adds.joins, adds.welcome) = (vec![dora], Some(Bytes(b"welcome".to_vec())));
    adds.received_at_ms = NOW_MS;
    stored(people.store.append_commit(adds).await);
    let (group, [mallory, anna, berta, _]) = four(people).await;
    let seq = takes_out(people, group, mallory, &[berta], 1).await;
    assert!(!dissents(people, group, berta, seq).await.undone);
    assert!(dissents(people, group, anna, seq).await.undone);
}

/// A session that was refreshed, and one that was begun.
async fn signed_in(people: &People, anna: Member) {
    let token = |number: u8| Bytes32([number; 32]);
    for (device, tokens, stays) in [(anna, [0xa1, 0xa2], true), (people.account().await, [0xb1, 0xb2], false)] {
        let session = Session {
            session: SessionId::from_bytes(people.id()),
            account: device.account,
            device: device.device,
            stays_signed_in: stays,
            began_at_ms: NOW_MS,
            used_at_ms: NOW_MS,
        };
        let id = session.session;
        let begun = people.store.begin_session(session, token(tokens[0]), 1).await;
        assert_eq!(begun.expect("begun"), Beginning::Begun { ended: None });
        let refreshed = people.store.refresh_session(token(tokens[0]), token(tokens[1]), NOW_MS + 1).await;
        assert!(matches!(refreshed.expect("an answer"), Refresh::Renewed(_)));
        let endpoint = format!("https://push.example/{id}");
        let subscription = PushSubscription { endpoint, p256dh: Bytes(vec![4; 65]), auth: Bytes(vec![7; 16]) };
        assert!(people.store.put_push_subscription(id, subscription).await.expect("kept"));
        let code = NewVisitCode { session: id, hash: token(tokens[0]), role: ServerRole::Moderator, at_ms: NOW_MS };
        assert!(people.store.put_visit_code(code).await.expect("kept"));
        people.store.note_away(vec![(id, stays)]).await.expect("noted");
    }
}
