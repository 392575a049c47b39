//! Stories of bad commits that build on each other, and of what they must not leave behind.

use huis_proto::{Bytes, ConversationId, ConversationKind, DeviceId, Member};

use super::contests::{dissents, four, takes_out};
use super::people::{People, sorted, stored};
use crate::{Appended, Reseeding, SharedStore, Wanting};

/// A commit by which `author` adds `joiner` with this welcome; its place.
async fn adds(
    people: &People,
    group: ConversationId,
    author: Member,
    joiner: Member,
    welcome: &str,
    follows: u64,
) -> u64 {
    let mut commit = people.commit(group, author, follows);
    commit.joins = vec![joiner];
    commit.welcome = Some(Bytes(welcome.as_bytes().to_vec()));
    stored(people.store.append_commit(commit).await).seq
}

/// The first takes all seats, so that the second finds nobody to say anything against it.
pub async fn who_is_put_out_when_nobody_else_is_seated_takes_part_again(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let others = [anna, berta, carla];
    let mut silent = people.commit(group, mallory, 1);
    silent.leaves = others.to_vec();
    let first = stored(store.append_commit(silent).await).seq;
    let mut out = people.commit(group, mallory, 2);
    out.out = others.iter().map(|other| other.account).collect();
    let second = stored(store.append_commit(out).await).seq;
    assert_eq!(people.accounts(group, mallory).await, [mallory.account]);
    for other in others {
        dissents(&people, group, other, first).await;
    }
    let asked = [(anna, None), (berta, None), (carla, Some(3))];
    for (other, wanted) in asked {
        let taken = dissents(&people, group, other, second).await;
        assert!(taken.undone);
        assert_eq!(taken.group_info_wanted, wanted);
    }
    assert_eq!(people.accounts(group, anna).await.len(), 4);
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
}

/// Neither at its creation, nor while it has no device there. Who left is not put out by being named.
pub async fn nobody_puts_the_other_of_a_direct_conversation_out(store: SharedStore) {
    let people = People::new(store.clone());
    let (mallory, anna, stranger) = (people.account().await, people.account().await, people.account().await);
    let refusal = |member: Member| {
        let device = DeviceId::from_bytes([0; 16]);
        Appended::WrongRoster(Member { account: member.account, device })
    };
    let mut create = people.create(ConversationKind::Direct, &[mallory, anna]);
    create.peer = Some(anna.account);
    let mut without = create.clone();
    without.first_commit.as_mut().expect("a commit").out = vec![anna.account];
    assert_eq!(store.create_conversation(without).await.expect("an answer"), refusal(anna));
    let conversation = create.conversation;
    stored(store.create_conversation(create.clone()).await);
    let exists = async || {
        let mut again = create.clone();
        again.conversation = ConversationId::from_bytes(people.id());
        (again.submission, again.first_commit) = (people.next(), None);
        store.create_conversation(again).await.expect("an answer") == Appended::Exists(conversation)
    };
    // A third is named who never was in.
    let mut out = people.commit(conversation, mallory, 1);
    out.out = vec![stranger.account];
    stored(store.append_commit(out).await);
    assert!(exists().await);
    let mut silent = people.commit(conversation, mallory, 2);
    silent.leaves = vec![anna];
    stored(store.append_commit(silent).await);
    let mut out = people.commit(conversation, mallory, 3);
    out.out = vec![anna.account];
    assert_eq!(store.append_commit(out).await.expect("an answer"), refusal(anna));
    assert!(exists().await);
    stored(store.append_commit(people.external(conversation, anna, 3)).await);
    stored(store.append(people.leave(conversation, &[anna], 4)).await);
    assert!(!exists().await);
    let mut tidy = people.commit(conversation, mallory, 4);
    (tidy.leaves, tidy.out) = (vec![anna], vec![anna.account]);
    stored(store.append_commit(tidy).await);
}

/// In whatever order the others speak against the one that brought it and the one that took it out.
pub async fn an_outsider_whom_bad_commits_brought_and_took_out_stays_out(store: SharedStore) {
    let people = People::new(store.clone());
    for brought_falls_first in [false, true] {
        let (group, [mallory, anna, berta, carla]) = four(&people).await;
        let eve = people.account().await;
        let brought = adds(&people, group, mallory, eve, "junk", 1).await;
        let taken = takes_out(&people, group, mallory, &[eve], 2).await;
        dissents(&people, group, anna, brought).await;
        if !brought_falls_first {
            dissents(&people, group, anna, taken).await;
        }
        for device in [berta, carla] {
            dissents(&people, group, device, brought).await;
        }
        dissents(&people, group, anna, taken).await;
        assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
        assert_eq!(people.accounts(group, anna).await.len(), 4, "{brought_falls_first}");
        let back = store.append_commit(people.external(group, eve, 3)).await;
        assert_eq!(back.expect("an answer"), Appended::NotAMember);
    }
}

/// The bad one came first, and the seat with it.
pub async fn who_is_added_by_a_bad_commit_and_then_by_a_good_one_keeps_the_seat(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let dana = people.account().await;
    let bad = adds(&people, group, mallory, dana, "junk", 1).await;
    let good = adds(&people, group, anna, dana, "welcome", 2).await;
    let seats = async || {
        let welcomes = store.welcomes(dana, 10).await.expect("read");
        welcomes.into_iter().map(|welcome| (welcome.seq, welcome.seat)).collect::<Vec<_>>()
    };
    assert_eq!(seats().await, [(bad, bad), (good, bad)]);
    for device in [anna, berta, carla] {
        assert_eq!(dissents(&people, group, device, bad).await.revoked, []);
    }
    assert_eq!(seats().await, [(good, good)]);
    assert_eq!(people.cursor(group, dana).await, Some((good, good)));
    assert_eq!(people.accounts(group, anna).await.len(), 5);
    let said = people.says(group, anna, 3).await.seq;
    assert_eq!(people.reads(group, dana, good).await, [said]);
    // If the second falls as well nothing is left.
    for (device, revoked) in [(berta, vec![]), (carla, vec![]), (mallory, vec![dana])] {
        assert_eq!(dissents(&people, group, device, good).await.revoked, revoked);
    }
    assert_eq!(people.recipients(group).await, sorted(vec![mallory, anna, berta, carla]));
    assert_eq!(people.accounts(group, anna).await.len(), 4);
}

/// A later bad commit that names it once more takes nothing from it, and gives nothing back.
pub async fn who_was_rightly_taken_out_stays_out_when_a_later_commit_is_undone(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [anna, mallory, berta, troll]) = four(&people).await;
    let right = takes_out(&people, group, anna, &[troll], 1).await;
    let bad = takes_out(&people, group, mallory, &[troll], 2).await;
    for device in [anna, mallory, berta, troll] {
        people.acks(group, device, right).await;
    }
    assert!(dissents(&people, group, berta, bad).await.undone);
    assert_eq!(people.recipients(group).await, sorted(vec![anna, mallory, berta]));
    assert_eq!(people.accounts(group, anna).await.len(), 3);
    let back = store.append_commit(people.external(group, troll, 3)).await;
    assert_eq!(back.expect("an answer"), Appended::NotAMember);
}

/// Otherwise who complains itself could put in what it likes. Where there are only those two nobody else could help.
pub async fn who_complains_and_who_brought_the_bad_group_info_put_none_in_its_place(store: SharedStore) {
    let people = People::new(store.clone());
    let (group, [mallory, anna, berta, carla]) = four(&people).await;
    let tablet = people.second_device(anna).await;
    stored(store.append_commit(people.commit(group, mallory, 1)).await);
    for (asker, refused, helps) in [(tablet, [anna, mallory], berta), (mallory, [mallory, berta], carla)] {
        assert_eq!(store.want_group_info(asker, group, 2).await.expect("an answer"), Wanting::Asked);
        for device in refused {
            let put = store.reseed_group_info(device, group, 2, Bytes(b"bad".to_vec())).await;
            assert_eq!(put.expect("an answer"), Reseeding::NotWanted);
        }
        let put = store.reseed_group_info(helps, group, 2, Bytes(b"good".to_vec())).await;
        assert_eq!(put.expect("an answer"), Reseeding::Stored);
    }
    let pair = people.group(&[berta, carla]).await;
    // Of two, one brought it or complains: the other helps, and where that is both, either.
    for (asker, helps) in [(carla, berta), (berta, carla)] {
        assert_eq!(store.want_group_info(asker, pair, 1).await.expect("an answer"), Wanting::Asked);
        let put = store.reseed_group_info(helps, pair, 1, Bytes(b"good".to_vec())).await;
        assert_eq!(put.expect("an answer"), Reseeding::Stored);
    }
}
