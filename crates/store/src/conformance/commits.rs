//! Stories of commits and joins, direct conversations and rooms.

use huis_proto::{Bytes, ConversationId, ConversationKind, DeviceId, Member, limits};

use super::people::{People, device_list, sorted, stored};
use crate::{Appended, Create, SharedStore, Swap};

pub(super) async fn three(people: &People) -> (Member, Member, Member) {
    (people.account().await, people.account().await, people.account().await)
}

pub(super) fn wrong(member: Member) -> Appended {
    Appended::WrongRoster(member)
}

/// The others learn the counter that they have to follow.
pub async fn of_many_commits_at_once_one_wins(store: SharedStore) {
    let people = People::new(store.clone());
    let mut members = Vec::new();
    for _ in 0..8 {
        members.push(people.account().await);
    }
    let group = people.group(&members).await;
    let commits: Vec<_> = members
        .iter()
        .map(|author| {
            let (store, commit) = (store.clone(), people.commit(group, *author, 1));
            tokio::spawn(async move { store.append_commit(commit).await })
        })
        .collect();
    let mut winners = 0;
    for commit in commits {
        match commit.await.expect("a task").expect("an answer") {
            Appended::Stored(entry) => {
                assert_eq!((entry.seq, entry.commit_counter), (2, 2));
                winners += 1;
            }
            other => assert_eq!(other, Appended::Behind { commit_counter: 2 }),
        }
    }
    assert_eq!(winners, 1);
}

/// Also when others committed since.
pub async fn a_repeated_commit_gets_the_same_answer(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let mut add = people.commit(group, anna, 1);
    add.joins = vec![carla];
    let first = stored(store.append_commit(add.clone()).await);
    stored(store.append_commit(people.commit(group, berta, 2)).await);
    let again = store.append_commit(add).await.expect("an answer");
    let same = Appended::Repeat { seq: first.seq, commit_counter: 2, received_at_ms: first.received_at_ms };
    assert_eq!(again, same);
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta, carla]));
}

/// All of it or nothing of it.
pub async fn a_commit_moves_counter_group_info_and_roster_together(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let info = |asker: Member| store.group_info(asker.account, group);
    assert_eq!(info(carla).await.expect("read"), None);
    let mut change = people.commit(group, anna, 1);
    change.joins = vec![carla];
    change.leaves = vec![berta];
    change.welcome = Some(Bytes(b"come in".to_vec()));
    let entry = stored(store.append_commit(change.clone()).await);
    assert_eq!((entry.seq, entry.commit_counter, entry.mac), (2, 2, None));
    let found = info(carla).await.expect("read").expect("a participant");
    assert_eq!((found.group_info, found.commit_counter, found.head), (change.group_info, 2, 2));
    assert_eq!(people.cursor(group, carla).await, Some((2, 2)));
    assert_eq!(store.welcomes(carla, 10).await.expect("read")[0].welcome.0, b"come in");
    // Refused for its roster, it changes neither counter nor GroupInfo.
    let mut again = people.commit(group, anna, 2);
    again.joins = vec![people.stranger()];
    let refused = wrong(again.joins[0]);
    assert_eq!(store.append_commit(again).await.expect("an answer"), refused);
    let found = info(carla).await.expect("read").expect("a participant");
    assert_eq!((found.commit_counter, found.head), (2, 2));
}

/// Two times in one commit.
pub async fn nobody_joins_twice(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let mut add = people.commit(group, anna, 1);
    add.joins = vec![carla, carla];
    assert_eq!(store.append_commit(add).await.expect("an answer"), wrong(carla));
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta]));
}

/// A commit that all members skipped may have seated it; the one that they take brings the welcome, and what the device
/// has not read stays to be read.
pub async fn a_device_that_is_added_again_keeps_its_place_and_gets_the_welcome(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let before = people.cursor(group, berta).await.expect("a seat").0;
    people.says(group, anna, 1).await;
    let mut add = people.commit(group, anna, 1);
    add.joins = vec![berta];
    add.welcome = Some(Bytes(b"come in again".to_vec()));
    let entry = stored(store.append_commit(add).await);
    assert_eq!(people.cursor(group, berta).await, Some((before, entry.seq)));
    // Which of the two commits the members took the server cannot know.
    assert_eq!(waiting(&store, berta).await, ["welcome", "come in again"]);
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta]));
}

async fn waiting(store: &SharedStore, device: Member) -> Vec<String> {
    let welcomes = store.welcomes(device, 100).await.expect("read");
    welcomes.into_iter().map(|waiting| String::from_utf8(waiting.welcome.0).expect("a text")).collect()
}

/// The first, which brought the seat, and the newest: whoever stuffs them pushes out none but its own.
pub async fn few_welcomes_wait_for_a_device_in_a_conversation(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let group = people.group(&[anna, berta, carla]).await;
    for follows in 1..=9 {
        let mut add = people.commit(group, anna, follows);
        add.joins = vec![berta];
        add.welcome = Some(Bytes(follows.to_string().into_bytes()));
        stored(store.append_commit(add).await);
    }
    assert_eq!(waiting(&store, berta).await, ["welcome", "7", "8", "9"]);
    assert_eq!(waiting(&store, carla).await, ["welcome"]);
    // Whose seat is another one has no use for what led to the one before.
    stored(store.append_commit(people.external(group, berta, 10)).await);
    assert_eq!(waiting(&store, berta).await, [""; 0]);
}

/// Nobody removes itself by its own commit, nor a device that does not exist; one without a seat may be named, for a
/// commit that all members skipped may have taken it.
pub async fn who_has_no_seat_may_be_named_as_leaving(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    for leaver in [people.stranger(), anna] {
        let mut remove = people.commit(group, anna, 1);
        remove.leaves = vec![leaver];
        assert_eq!(store.append_commit(remove).await.expect("an answer"), wrong(leaver));
    }
    for (follows, leaver) in [(1, berta), (2, berta), (3, carla)] {
        let mut remove = people.commit(group, anna, follows);
        remove.leaves = vec![leaver];
        stored(store.append_commit(remove).await);
    }
    assert_eq!(people.recipients(group).await, [anna]);
}

/// Neither one that was never listed, nor one that is not any more, nor another account's.
pub async fn nobody_joins_who_is_not_listed(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let lost = people.second_device(berta).await;
    people.list(berta.account, &[berta]).await;
    let group = people.group(&[anna]).await;
    let mixed = Member { account: anna.account, device: carla.device };
    for joiner in [lost, people.stranger(), mixed] {
        let mut add = people.commit(group, anna, 1);
        add.joins = vec![joiner];
        assert_eq!(store.append_commit(add).await.expect("an answer"), wrong(joiner));
    }
    let by_itself = store.append_commit(people.external(group, lost, 1)).await;
    assert_eq!(by_itself.expect("an answer"), Appended::NotAMember);
}

/// Out and in by one commit: it stays a member, and what it has not read stays to be read, for members may skip it.
pub async fn a_commit_can_replace_a_devices_leaf(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let before = people.cursor(group, berta).await.expect("a seat").0;
    people.says(group, anna, 1).await;
    let mut replace = people.commit(group, anna, 1);
    (replace.joins, replace.leaves) = (vec![berta], vec![berta]);
    replace.welcome = Some(Bytes(b"in place of it".to_vec()));
    let entry = stored(store.append_commit(replace).await);
    assert_eq!(people.cursor(group, berta).await, Some((before, entry.seq)));
    assert_eq!(waiting(&store, berta).await, ["welcome", "in place of it"]);
    assert!(people.accounts(group, anna).await.contains(&berta.account));
    // By itself it replaces its old leaf, whether the commit names that or not.
    for (follows, leaves) in [(2, vec![berta]), (3, vec![])] {
        let mut rejoin = people.external(group, berta, follows);
        rejoin.leaves = leaves;
        let entry = stored(store.append_commit(rejoin).await);
        assert_eq!(people.cursor(group, berta).await, Some((entry.seq, entry.seq)));
    }
    assert_eq!(people.recipients(group).await, sorted(vec![anna, berta]));
}

/// A new device of somebody who takes part.
pub async fn a_participants_other_device_joins_by_an_external_commit(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    let second = people.second_device(berta).await;
    let told = store.conversation(second, group).await.expect("read").expect("to be joined");
    assert!(!told.joined);
    let entry = stored(store.append_commit(people.external(group, second, 1)).await);
    assert_eq!(entry.author, second);
    assert!(store.conversation(second, group).await.expect("read").expect("joined").joined);
    assert_eq!(store.welcomes(second, 10).await.expect("read"), []);
    assert_eq!(people.reads(group, anna, 1).await, [entry.seq]);
}

/// The door of a room is open, the door of a group is not.
pub async fn a_stranger_joins_by_an_external_commit_in_an_open_room_alone(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let group = people.group(&[anna]).await;
    let refused = store.append_commit(people.external(group, berta, 1)).await;
    assert_eq!(refused.expect("an answer"), Appended::NotAMember);
    let room = open_room(&people, anna, "lobby").await;
    stored(store.append_commit(people.external(room, berta, 1)).await);
    assert_eq!(people.accounts(room, anna).await, both(anna, berta));
    // By a commit of another kind it may not come in even there.
    let carla = people.account().await;
    let refused = store.append_commit(people.commit(room, carla, 2)).await;
    assert_eq!(refused.expect("an answer"), Appended::NotAMember);
}

/// Only its own old leaf (PROTOCOL 3).
pub async fn an_external_commit_joins_its_author_and_removes_nobody_else(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let room = open_room(&people, anna, "lobby").await;
    let mut commit = people.external(room, berta, 1);
    commit.leaves = vec![anna];
    assert_eq!(store.append_commit(commit.clone()).await.expect("an answer"), wrong(anna));
    commit.leaves.clear();
    commit.joins = vec![berta, carla];
    assert_eq!(store.append_commit(commit.clone()).await.expect("an answer"), wrong(carla));
    commit.joins.clear();
    assert_eq!(store.append_commit(commit).await.expect("an answer"), wrong(berta));
}

/// Counted after removals.
pub async fn a_conversation_has_a_bound_of_members(store: SharedStore) {
    const DEVICES: usize = 500;
    let people = People::new(store.clone());
    let mut crowd = Vec::new();
    while crowd.len() <= limits::MEMBERS {
        let first = people.stranger();
        let devices: Vec<_> = (0..DEVICES)
            .map(|_| Member { account: first.account, device: DeviceId::from_bytes(people.id()) })
            .collect();
        let mut account = people.new_account(first, &format!("crowd-{}", people.next()));
        account.devices = devices.iter().map(|member| member.device).collect();
        store.create_account(account).await.expect("made");
        crowd.extend(devices);
    }
    let (inside, outside) = crowd.split_at(limits::MEMBERS);
    let group = people.group(inside).await;
    let mut add = people.commit(group, inside[0], 1);
    add.joins = vec![outside[0]];
    let refused = store.append_commit(add.clone()).await;
    assert_eq!(refused.expect("an answer"), Appended::TooManyMembers);
    add.leaves = vec![inside[1]];
    stored(store.append_commit(add).await);
    let create = people.create(ConversationKind::Group, &crowd);
    let refused = store.create_conversation(create).await;
    assert_eq!(refused.expect("an answer"), Appended::TooManyMembers);
}

/// The pair counts, not who asks first.
pub async fn a_direct_conversation_is_one_for_each_pair_until_somebody_leaves(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let (one, other) = (direct(&people, anna, berta), direct(&people, berta, anna));
    let (ids, (one, other)) = (
        [one.conversation, other.conversation],
        tokio::join!(store.create_conversation(one), store.create_conversation(other)),
    );
    let (first, second) = match (one.expect("an answer"), other.expect("an answer")) {
        (Appended::Stored(_), Appended::Exists(same)) => (ids[0], same),
        (Appended::Exists(same), Appended::Stored(_)) => (ids[1], same),
        both => panic!("{both:?}"),
    };
    assert_eq!(first, second);
    stored(store.create_conversation(direct(&people, anna, carla)).await);
    stored(store.append(people.leave(first, &[berta], 1)).await);
    stored(store.create_conversation(direct(&people, berta, anna)).await);
}

/// Also when none of its devices had a key package.
pub async fn the_other_of_a_direct_conversation_may_join_by_itself(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let mut create = direct(&people, anna, berta);
    create.first_commit = None;
    let conversation = create.conversation;
    let created = store.create_conversation(create.clone()).await;
    assert_eq!(created.expect("an answer"), Appended::Created);
    let again = store.create_conversation(create).await;
    assert_eq!(again.expect("an answer"), Appended::Created);
    let entry = stored(store.append_commit(people.external(conversation, berta, 0)).await);
    assert_eq!((entry.seq, entry.commit_counter), (1, 1));
    assert_eq!(people.recipients(conversation).await, sorted(vec![anna, berta]));
}

/// The two of the pair may be one.
pub async fn notes_to_oneself_are_a_direct_conversation(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let notes = || {
        let mut create = people.create(ConversationKind::Direct, &[anna]);
        create.peer = Some(anna.account);
        create
    };
    let first = notes();
    let conversation = first.conversation;
    stored(store.create_conversation(first).await);
    let second = store.create_conversation(notes()).await;
    assert_eq!(second.expect("an answer"), Appended::Exists(conversation));
    assert_eq!(people.accounts(conversation, anna).await, [anna.account]);
}

/// Not at the beginning and not later.
pub async fn a_third_account_never_joins_a_direct_conversation(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let mut create = direct(&people, anna, berta);
    create.first_commit.as_mut().expect("a commit").joins = vec![berta, carla];
    let refused = store.create_conversation(create).await;
    assert_eq!(refused.expect("an answer"), wrong(carla));
    let create = direct(&people, anna, berta);
    let conversation = create.conversation;
    stored(store.create_conversation(create).await);
    let mut add = people.commit(conversation, anna, 1);
    add.joins = vec![carla];
    assert_eq!(store.append_commit(add).await.expect("an answer"), wrong(carla));
    let by_itself = store.append_commit(people.external(conversation, carla, 1)).await;
    assert_eq!(by_itself.expect("an answer"), Appended::NotAMember);
}

/// The second learns where the first is.
pub async fn an_open_room_is_one_for_each_name(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let first = open_room(&people, anna, "lobby").await;
    let again = store.create_conversation(room(&people, berta, "lobby")).await;
    assert_eq!(again.expect("an answer"), Appended::Exists(first));
    assert_ne!(open_room(&people, berta, "garden").await, first);
}

/// Repeat, membership, existing one, submission, counter, roster.
pub async fn a_creation_is_checked_in_order_and_repeats_alike(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let create = people.create(ConversationKind::Group, &[anna, berta]);
    let entry = stored(store.create_conversation(create.clone()).await);
    let same = Appended::Repeat { seq: 1, commit_counter: 1, received_at_ms: entry.received_at_ms };
    let again = store.create_conversation(create.clone()).await;
    assert_eq!(again.expect("an answer"), same);
    let mut taken = people.create(ConversationKind::Group, &[carla]);
    taken.conversation = create.conversation;
    taken.first_commit.as_mut().expect("a commit").conversation = create.conversation;
    let refused = store.create_conversation(taken).await;
    assert_eq!(refused.expect("an answer"), Appended::Exists(create.conversation));
    let stranger = people.stranger();
    let mut wrong_all = people.create(ConversationKind::Group, &[stranger, stranger]);
    wrong_all.first_commit.as_mut().expect("a commit").follows = 3;
    let answer = |create: Create| {
        let store = store.clone();
        async move { store.create_conversation(create).await.expect("an answer") }
    };
    assert_eq!(answer(wrong_all.clone()).await, Appended::NotAMember);
    wrong_all.creator = anna;
    let commit = wrong_all.first_commit.as_mut().expect("a commit");
    (commit.author, commit.submission, wrong_all.submission) = (anna, 0, 0);
    let highest = create.submission;
    assert_eq!(answer(wrong_all.clone()).await, Appended::SubmissionBehind { highest });
    wrong_all.submission = people.next();
    let commit = wrong_all.first_commit.as_mut().expect("a commit");
    commit.submission = wrong_all.submission;
    assert_eq!(answer(wrong_all.clone()).await, Appended::Behind { commit_counter: 0 });
    wrong_all.first_commit.as_mut().expect("a commit").follows = 0;
    assert_eq!(answer(wrong_all.clone()).await, wrong(stranger));
    assert!(store.conversation(anna, wrong_all.conversation).await.expect("read").is_none());
    assert_eq!(store.highest_submission(anna).await.expect("read"), highest);
}

/// At most as many as asked for.
pub async fn rooms_are_listed_by_name_with_their_accounts(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, _) = three(&people).await;
    let lobby = open_room(&people, anna, "lobby").await;
    let attic = open_room(&people, anna, "attic").await;
    stored(store.append_commit(people.external(lobby, berta, 1)).await);
    let rooms = store.rooms(10).await.expect("read");
    let listed: Vec<_> = rooms.iter().map(|room| (room.name.as_str(), room.conversation, room.accounts)).collect();
    assert_eq!(listed, [("attic", attic, 1), ("lobby", lobby, 2)]);
    assert_eq!(store.rooms(1).await.expect("read").len(), 1);
    assert_eq!(store.room("lobby").await.expect("read").expect("a room").accounts, 2);
    assert!(store.room("cellar").await.expect("read").is_none());
    // Anybody may look into a room before joining.
    let carla = people.account().await;
    let told = store.conversation(carla, lobby).await.expect("read").expect("an open room");
    assert_eq!((told.joined, told.room.as_deref()), (false, Some("lobby")));
    assert!(store.group_info(carla.account, lobby).await.expect("read").is_some());
}

/// With head and counter as they are.
pub async fn conversations_are_shown_to_participants(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = three(&people).await;
    let group = people.group(&[anna, berta]).await;
    people.says(group, anna, 1).await;
    let shown = store.conversations(berta).await.expect("read");
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].conversation, shown[0].kind), (group, ConversationKind::Group));
    assert_eq!((shown[0].head, shown[0].commit_counter, shown[0].joined), (2, 1, true));
    assert_eq!((shown[0].room.as_deref(), shown[0].accounts.len()), (None, 2));
    assert_eq!(store.conversations(carla).await.expect("read"), []);
    assert!(store.conversation(carla, group).await.expect("read").is_none());
    let second = people.second_device(anna).await;
    assert!(!store.conversations(second).await.expect("read")[0].joined);
    let list = store.put_device_list(anna.account, 3, device_list(3), vec![anna.device]).await;
    assert_eq!(list.expect("an answer"), Swap::Stored);
}

fn direct(people: &People, creator: Member, peer: Member) -> Create {
    let mut create = people.create(ConversationKind::Direct, &[creator, peer]);
    create.peer = Some(peer.account);
    create
}

fn room(people: &People, creator: Member, name: &str) -> Create {
    let mut create = people.create(ConversationKind::Open, &[creator]);
    create.room = Some(name.into());
    create
}

async fn open_room(people: &People, creator: Member, name: &str) -> ConversationId {
    let create = room(people, creator, name);
    let conversation = create.conversation;
    stored(people.store.create_conversation(create).await);
    conversation
}

pub(super) fn both(one: Member, other: Member) -> Vec<huis_proto::AccountId> {
    let mut accounts = vec![one.account, other.account];
    accounts.sort_unstable();
    accounts
}
