//! Stories of commits that members contest, and of GroupInfos that they replace.

use huis_proto::{Bytes, ConversationId, ConversationKind, Member};

use super::people::{People, sorted, stored};
use crate::{Appended, DissentTaken, Dissenting, Reseeding, SharedStore, Wanting};

/// A group of four; the first one is who gets the others out.
pub(super) async fn four(people: &People) -> (ConversationId, [Member; 4]) {
    let mut members = Vec::new();
    for _ in 0..4 {
        members.push(people.account().await);
    }
    let group = people.group(&members).await;
    (group, [members[0], members[1], members[2], members[3]])
}

/// A commit by which `author` takes out these; its place.
pub(super) async fn takes_out(
    people: &People,
    group: ConversationId,
    author: Member,
    leaves: &[Member],
    follows: u64,
) -> u64 {
    let mut commit = people.commit(group, author, follows);
    commit.leaves = leaves.to_vec();
    commit.out = leaves.iter().map(|member| member.account).collect();
    stored(people.store.append_commit(commit).await).seq
}

pub(super) async fn dissents(people: &People, group: ConversationId, device: Member, seq: u64) -> DissentTaken {
    match people.store.dissent(device, group, seq).await.expect("an answer") {
        Dissenting::Taken(taken) => taken,
        other => panic!("{other:?}"),
    }
}

/// One is enough, whoever it is: in doubt the server delivers.
pub async fn one_who_kept_its_seat_and_dissents_gives_the_others_theirs_back(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let seq = takes_out(&people, group, mallory, &[berta, carla], 1).await;
    let said = people.says(group, anna, 2).await.seq;
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna]));
    // Who acknowledged its removal meanwhile is given its seat back all the same.
    people.acks(group, carla, seq).await;
    assert_eq!(people.cursor(group, carla).await, None);

    let taken = dissents(&people, group, anna, seq).await;
    assert!(taken.undone && taken.seated);
    assert_eq!((sorted(taken.restored), taken.revoked), (sorted(vec![berta, carla]), vec![]));
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
    assert_eq!(people.accounts(group, berta).await.len(), 4);
    assert_eq!(people.cursor(group, berta).await, Some((1, said)));
    assert_eq!(people.reads(group, berta, 1).await, [seq, said]);
    assert_eq!(people.cursor(group, carla).await, Some((seq, said)));
    assert_eq!(people.reads(group, carla, seq).await, [said]);
    stored(store.append(people.message(group, berta, 2)).await);
}

/// As many as are left are not enough: a removed account and its removers would be even.
pub async fn those_who_lost_their_seats_have_to_outnumber_those_who_kept_one(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let seq = takes_out(&people, group, mallory, &[berta, carla, anna], 1).await;
    let first = dissents(&people, group, berta, seq).await;
    assert_eq!((first.undone, first.seated), (false, false));
    people.acks(group, berta, seq).await;
    // The same account once more is no second one.
    assert!(!dissents(&people, group, berta, seq).await.undone);
    people.says(group, mallory, 2).await;
    assert_eq!(people.recipients(group).await, [mallory]);
    let second = dissents(&people, group, carla, seq).await;
    assert!(second.undone && second.seated);
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
    let third = dissents(&people, group, anna, seq).await;
    assert_eq!((third.undone, third.seated, third.restored), (true, true, vec![]));
}

/// Once all others have taken the commit it is settled.
pub async fn one_who_was_rightly_removed_and_dissents_alone_gets_nothing_more(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [anna, berta, carla, troll]) = four(&people).await;
    let seq = takes_out(&people, group, anna, &[troll], 1).await;
    let taken = dissents(&people, group, troll, seq).await;
    assert_eq!((taken.undone, taken.seated), (false, false));
    people.says(group, anna, 2).await;
    assert_eq!(people.reads(group, troll, 0).await, [seq]);
    for member in [anna, berta, carla, troll] {
        people.acks(group, member, seq).await;
    }
    assert_eq!(people.cursor(group, troll).await, None);
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta, carla]));
    for device in [troll, berta] {
        let late = store.dissent(device, group, seq).await.expect("an answer");
        assert!(matches!(late, Dissenting::NotAMember | Dissenting::NoSuchCommit), "{late:?}");
    }
    let refused = store.append(people.message(group, troll, 2)).await;
    assert_eq!(refused.expect("an answer"), Appended::NotAMember);
}

/// Not for who would come in by its word; nor does its own other device speak for the others.
pub async fn the_authors_account_neither_contests_nor_undoes(store: SharedStore) {
    let people = People::new(store.clone());
    let (mallory, anna) = (people.account().await, people.account().await);
    let second = people.second_device(mallory).await;
    let group = people.group(&[mallory, second, anna]).await;
    let seq = takes_out(&people, group, mallory, &[anna], 1).await;
    for device in [mallory, second] {
        assert!(!dissents(&people, group, device, seq).await.undone);
    }
    people.says(group, mallory, 2).await;
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, second]));
}

/// Neither strangers, nor who came later, nor anybody of what is no commit.
pub async fn only_who_could_have_a_commit_dissents_from_it(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, _]) = four(&people).await;
    let seq = takes_out(&people, group, mallory, &[berta], 1).await;
    let message = people.says(group, anna, 2).await.seq;
    let late = people.account().await;
    let mut add = people.commit(group, anna, 2);
    add.joins = vec![late];
    let joined = stored(store.append_commit(add).await).seq;
    for (device, place, expected) in [
        (people.account().await, seq, Dissenting::NotAMember),
        (people.stranger(), seq, Dissenting::NotAMember),
        (late, seq, Dissenting::NoSuchCommit),
        (late, joined, Dissenting::NoSuchCommit),
        (berta, joined, Dissenting::NoSuchCommit),
        (anna, message, Dissenting::NoSuchCommit),
        (anna, joined + 1, Dissenting::NoSuchCommit),
        (anna, u64::MAX, Dissenting::NoSuchCommit),
    ] {
        assert_eq!(store.dissent(device, group, place).await.expect("an answer"), expected);
    }
    let elsewhere = store.dissent(anna, ConversationId::from_bytes(people.id()), seq).await;
    assert_eq!(elsewhere.expect("an answer"), Dissenting::NotAMember);
}

/// Otherwise the second commit would hide behind the first.
pub async fn who_was_taken_out_twice_comes_back_when_both_are_undone(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let first = takes_out(&people, group, mallory, &[berta], 1).await;
    let second = takes_out(&people, group, mallory, &[berta, carla], 2).await;
    assert!(dissents(&people, group, anna, first).await.undone);
    people.says(group, anna, 3).await;
    assert_eq!(people.reads(group, berta, 1).await, [first, second]);
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna]));
    assert!(!people.accounts(group, anna).await.contains(&berta.account));
    // It is asked about the second as well.
    assert!(!dissents(&people, group, berta, second).await.undone);
    assert!(dissents(&people, group, anna, second).await.undone);
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
    assert_eq!(people.accounts(group, anna).await.len(), 4);
}

/// An account may be out without a device that could say anything.
pub async fn who_was_taken_out_without_a_device_takes_part_again_once_that_is_undone(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, _]) = four(&people).await;
    let mut silent = people.commit(group, mallory, 1);
    silent.leaves = vec![berta];
    stored(store.append_commit(silent).await);
    assert_eq!(people.accounts(group, anna).await.len(), 4);
    let mut places = Vec::new();
    for follows in [2, 3] {
        let mut out = people.commit(group, mallory, follows);
        out.out = vec![berta.account];
        places.push(stored(store.append_commit(out).await).seq);
        assert_eq!(people.accounts(group, anna).await.len(), 3);
    }
    // Each of the two stands in the way until it is undone, in whatever order.
    let order = [places[1], places[0]];
    for (seq, accounts) in order.into_iter().zip([3, 4]) {
        assert!(dissents(&people, group, anna, seq).await.undone);
        assert_eq!(people.accounts(group, anna).await.len(), accounts);
    }
    stored(store.append_commit(people.external(group, berta, 4)).await);
    assert!(people.recipients(group).await.contains(&berta));
}

/// What stood before it came in again is settled and does not count.
pub async fn who_came_in_again_and_was_taken_out_once_more_gets_that_seat_back(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [anna, mallory, berta, carla]) = four(&people).await;
    takes_out(&people, group, anna, &[berta], 1).await;
    let mut add = people.commit(group, anna, 2);
    add.joins = vec![berta];
    let again = stored(store.append_commit(add).await).seq;
    let seq = takes_out(&people, group, mallory, &[berta], 3).await;
    let said = people.says(group, anna, 4).await.seq;
    assert_eq!(dissents(&people, group, carla, seq).await.restored, [berta]);
    assert_eq!(people.recipients(group).await, sorted(vec![anna, mallory, berta, carla]));
    assert_eq!(people.accounts(group, anna).await.len(), 4);
    assert_eq!(people.reads(group, berta, again).await, [seq, said]);
}

/// A joiner is not put out by the word of one; and the others' seats do not depend on it.
pub async fn more_than_half_take_back_a_seat_that_a_commit_gave(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let eve = people.account().await;
    let mut commit = people.commit(group, mallory, 1);
    commit.joins = vec![eve];
    commit.welcome = Some(Bytes(b"come in".to_vec()));
    let seq = stored(store.append_commit(commit).await).seq;
    for dissenter in [anna, berta] {
        assert_eq!(dissents(&people, group, dissenter, seq).await.revoked, []);
    }
    assert!(people.recipients(group).await.contains(&eve));
    assert_eq!(dissents(&people, group, carla, seq).await.revoked, [eve]);
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
    assert_eq!(store.welcomes(eve, 10).await.expect("read"), []);
    assert_eq!(people.cursor(group, eve).await, None);
    assert!(!people.accounts(group, anna).await.contains(&eve.account));
    let back = store.append_commit(people.external(group, eve, 2)).await;
    assert_eq!(back.expect("an answer"), Appended::NotAMember);
}

/// The earlier one stays, with the seat that it led to.
pub async fn more_than_half_take_back_the_welcome_of_a_commit_that_added_a_member_once_more(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let mut commit = people.commit(group, mallory, 1);
    (commit.joins, commit.leaves) = (vec![berta], vec![berta]);
    commit.welcome = Some(Bytes(b"junk".to_vec()));
    let seq = stored(store.append_commit(commit).await).seq;
    for (dissenter, waiting) in [(anna, 2), (carla, 2), (berta, 1)] {
        let taken = dissents(&people, group, dissenter, seq).await;
        assert_eq!((taken.restored, taken.revoked), (vec![], vec![]));
        assert_eq!(store.welcomes(berta, 10).await.expect("read").len(), waiting);
    }
    assert_eq!(store.welcomes(berta, 10).await.expect("read")[0].welcome.0, b"welcome");
    assert_eq!(people.cursor(group, berta).await, Some((1, seq)));
}

/// There nobody takes the other out.
pub async fn in_a_direct_conversation_the_others_word_is_enough(store: SharedStore) {
    let people = People::new(store.clone());
    let (mallory, anna) = (people.account().await, people.account().await);
    let mut create = people.create(ConversationKind::Direct, &[mallory, anna]);
    create.peer = Some(anna.account);
    let conversation = create.conversation;
    stored(store.create_conversation(create.clone()).await);
    let mut removes = people.commit(conversation, mallory, 1);
    removes.leaves = vec![anna];
    let seq = stored(store.append_commit(removes).await).seq;
    assert!(dissents(&people, conversation, anna, seq).await.undone);
    assert_eq!(people.recipients(conversation).await, sorted(vec![mallory, anna]));
    assert_eq!(people.accounts(conversation, anna).await.len(), 2);
    // It is the one of the pair again.
    create.conversation = ConversationId::from_bytes(people.id());
    create.submission = people.next();
    create.first_commit = None;
    let exists = store.create_conversation(create).await;
    assert_eq!(exists.expect("an answer"), Appended::Exists(conversation));
}

/// And then its seat is no matter of the contest any more.
pub async fn who_came_in_again_since_keeps_that_seat(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, _]) = four(&people).await;
    let seq = takes_out(&people, group, mallory, &[berta], 1).await;
    let mut add = people.commit(group, anna, 2);
    add.joins = vec![berta];
    let again = stored(store.append_commit(add).await).seq;
    assert_eq!(dissents(&people, group, anna, seq).await.restored, []);
    assert_eq!(people.cursor(group, berta).await, Some((again, again)));
}

/// In whatever order the others speak against the two.
pub async fn who_is_taken_out_and_seated_again_by_bad_commits_keeps_the_first_seat(store: SharedStore) {
    let people = People::new(store.clone());
    for takes_back_first in [false, true] {
        let (group, [mallory, anna, berta, carla]) = four(&people).await;
        let taken = takes_out(&people, group, mallory, &[berta], 1).await;
        let mut add = people.commit(group, mallory, 2);
        add.joins = vec![berta];
        add.welcome = Some(Bytes(b"junk".to_vec()));
        let given = stored(store.append_commit(add).await).seq;
        let order = if takes_back_first { [given, taken] } else { [taken, given] };
        for seq in order {
            for device in [anna, carla] {
                dissents(&people, group, device, seq).await;
            }
        }
        assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
        assert!(people.accounts(group, anna).await.contains(&berta.account));
        assert_eq!(store.welcomes(berta, 10).await.expect("read"), []);
        let said = people.says(group, anna, 3).await.seq;
        assert!(people.reads(group, berta, given).await.contains(&said));
        assert_eq!(people.says(group, berta, 3).await.seq, said + 1);
    }
}

/// And a device that its account has revoked meanwhile gets no seat back.
pub async fn a_contest_ends_with_the_retention_of_its_commit(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let seq = takes_out(&people, group, mallory, &[berta, carla], 1).await;
    let fresh = people.second_device(berta).await;
    people.list(berta.account, &[fresh]).await;
    assert_eq!(dissents(&people, group, anna, seq).await.restored, [carla]);
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, carla]));

    let seq = takes_out(&people, group, mallory, &[carla], 2).await;
    store.expire(11, 0, 100).await.expect("swept");
    let late = store.dissent(anna, group, seq).await.expect("an answer");
    assert_eq!(late, Dissenting::NoSuchCommit);
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna]));
}

/// Of the newest commit, by more than half, from a device that has a seat, and once.
pub async fn dissents_of_most_make_the_group_info_wanted_once(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let old = stored(store.append_commit(people.commit(group, mallory, 1)).await).seq;
    let seq = takes_out(&people, group, mallory, &[berta], 2).await;
    for device in [anna, berta, carla] {
        assert_eq!(dissents(&people, group, device, old).await.group_info_wanted, None, "there is a newer one");
    }
    assert_eq!(dissents(&people, group, berta, seq).await.group_info_wanted, None);
    assert_eq!(dissents(&people, group, anna, seq).await.group_info_wanted, None, "a device may have parted");
    assert_eq!(dissents(&people, group, carla, seq).await.group_info_wanted, Some(3));
    assert_eq!(dissents(&people, group, berta, seq).await.group_info_wanted, None, "it is wanted already");
    let wanted = store.group_infos_wanted(carla, 10).await.expect("read");
    assert_eq!(wanted, [(group, 3)]);
    assert_eq!(store.group_info_wanted(carla, group).await.expect("read"), Some(Some(3)));

    let fresh = Bytes(b"a good one".to_vec());
    let put = |device, counter| store.reseed_group_info(device, group, counter, fresh.clone());
    assert_eq!(put(people.account().await, 3).await.expect("an answer"), Reseeding::NotAMember);
    assert_eq!(put(carla, 2).await.expect("an answer"), Reseeding::Behind { commit_counter: 3 });
    assert_eq!(put(carla, 3).await.expect("an answer"), Reseeding::Stored);
    let found = store.group_info(anna.account, group).await.expect("read").expect("a participant");
    assert_eq!((found.group_info, found.commit_counter), (fresh, 3));
    assert_eq!(store.group_infos_wanted(carla, 10).await.expect("read"), []);
    assert_eq!(store.group_info_wanted(carla, group).await.expect("read"), Some(None));
    assert_eq!(dissents(&people, group, carla, seq).await.group_info_wanted, None);
}

/// By who may join, until the next one comes.
pub async fn a_joiner_asks_for_a_better_group_info_and_members_learn_of_it(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [anna, berta, carla, _]) = four(&people).await;
    let second = people.second_device(anna).await;
    let stranger = people.account().await;
    let want = |device, counter| store.want_group_info(device, group, counter);
    assert_eq!(want(stranger, 1).await.expect("an answer"), Wanting::NotAMember);
    assert_eq!(want(second, 0).await.expect("an answer"), Wanting::Settled, "another GroupInfo is there");
    assert_eq!(want(second, 1).await.expect("an answer"), Wanting::Asked);
    assert_eq!(want(second, 1).await.expect("an answer"), Wanting::Settled, "it is asked for already");
    assert_eq!(store.group_infos_wanted(berta, 10).await.expect("read"), [(group, 1)]);
    for outsider in [second, stranger] {
        assert_eq!(store.group_infos_wanted(outsider, 10).await.expect("read"), []);
        assert_eq!(store.group_info_wanted(outsider, group).await.expect("read"), None);
    }
    stored(store.append_commit(people.commit(group, berta, 1)).await);
    assert_eq!(store.group_infos_wanted(berta, 10).await.expect("read"), []);
    // Nobody puts another one in the place of one that nobody complains of, or that was put anew.
    let put = |text: &str| store.reseed_group_info(carla, group, 2, Bytes(text.as_bytes().to_vec()));
    assert_eq!(put("unasked").await.expect("an answer"), Reseeding::NotWanted);
    assert_eq!(want(second, 2).await.expect("an answer"), Wanting::Asked);
    assert_eq!(put("no better").await.expect("an answer"), Reseeding::Stored);
    assert_eq!(put("late").await.expect("an answer"), Reseeding::NotWanted);
    let found = store.group_info(anna.account, group).await.expect("read").expect("a participant");
    assert_eq!(found.group_info.0, b"no better");
    // One that was put anew may be bad again.
    assert_eq!(want(second, 2).await.expect("an answer"), Wanting::Asked);
}

/// It would void the leave (PROTOCOL 17). One that came after the author had looked is as it judged it.
pub async fn a_commit_that_was_built_before_a_leave_was_seen_is_refused(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [anna, berta, carla, dana]) = four(&people).await;
    let leave = stored(store.append(people.leave(group, &[berta], 1)).await);
    let mut commit = people.commit(group, anna, 1);
    commit.seen = leave.seq - 1;
    let refused = store.append_commit(commit.clone()).await;
    assert_eq!(refused.expect("an answer"), Appended::LeaveUnseen { seq: leave.seq });
    commit.seen = leave.seq;
    commit.leaves = vec![berta];
    stored(store.append_commit(commit).await);
    // A joiner by itself cannot carry it out, and is not held up.
    let second = people.second_device(carla).await;
    let leave = stored(store.append(people.leave(group, &[dana], 2)).await);
    let mut join = people.external(group, second, 2);
    join.seen = 0;
    stored(store.append_commit(join).await);
    let mut behind = people.commit(group, anna, 3);
    behind.seen = leave.seq + 1;
    stored(store.append_commit(behind).await);
}
