//! Conversations as they should go.

use super::*;

#[test]
fn two_people_speak_and_both_are_in_the_same_state() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Direct);
    assert_eq!(alice.group().epoch_authenticator(), bob.group().epoch_authenticator());
    assert_eq!(alice.group().epoch_authenticator().len(), 48);
    let hello = alice.says("hello");
    assert_eq!(bob.hears(&hello), "hello");
    let answer = bob.says("hello yourself");
    assert_eq!(alice.hears(&answer), "hello yourself");
    assert!(matches!(alice.tries(&hello).unwrap(), Opened::Own));
    assert_eq!(alice.group().commit_counter(), 1);
}

#[test]
fn a_restart_between_any_two_steps_changes_nothing() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    for round in 0..3 {
        alice.restarts();
        let said = alice.says(&format!("round {round}"));
        bob.restarts();
        assert_eq!(bob.hears(&said), format!("round {round}"));
        bob.restarts();
        let commit = bob.prepares(Change::UpdateOwnLeaf).unwrap();
        bob.restarts();
        assert_eq!(bob.group().pending().unwrap().hash, commit.hash);
        bob.accepted(&commit);
        alice.merges(&Sent::commit(&commit));
        alice.restarts();
        assert_eq!(alice.group().epoch_authenticator(), bob.group().epoch_authenticator());
    }
}

#[test]
fn three_people_add_remove_and_leave() {
    let (accounts, [mut alice, mut bob, mut carol]) = people::<3>();
    alice.creates(ConversationKind::Group, &[]);
    let invite = alice.commits(Change::Invite(vec![alice.verified(&bob)]));
    assert_eq!(invite.summary.accounts_joined, [accounts[1].id]);
    bob.joins(&invite);
    let invite = alice.commits(Change::Invite(vec![alice.verified(&carol)]));
    let summary = bob.merges(&Sent::commit(&invite));
    assert_eq!((summary.joined, summary.accounts_joined), (vec![carol.member()], vec![accounts[2].id]));
    carol.joins(&invite);
    let said = carol.says("I am here");
    assert_eq!((alice.hears(&said), bob.hears(&said)), ("I am here".into(), "I am here".into()));

    let leave = bob.leaves();
    for other in [&mut alice, &mut carol] {
        assert!(matches!(other.tries(&leave).unwrap(), Opened::Leaving { account } if account == accounts[1].id));
    }
    let refused = carol.sends(&Content::text("still here?").unwrap()).err();
    assert_eq!(refused, Some(SealError::PendingProposals));
    let commit = carol.commits(Change::PendingProposals);
    assert_eq!(
        commit.data.act,
        huis_proto::aad::Act::Commit { joins: vec![], leaves: vec![bob.member()], out: vec![accounts[1].id] }
    );
    assert_eq!(alice.merges(&Sent::commit(&commit)).accounts_left, [accounts[1].id]);
    assert!(bob.merges(&Sent::commit(&commit)).removed_me);
    assert!(!bob.group().is_active());
    assert!(!alice.group().roster().holds(accounts[1].id));
    let said = carol.says("two of us");
    assert_eq!(alice.hears(&said), "two of us");
    assert_eq!(bob.tries(&said).unwrap_err(), OpenError::NotAMember);

    let commit = alice.commits(Change::Remove { accounts: vec![accounts[2].id], devices: vec![] });
    assert!(carol.merges(&Sent::commit(&commit)).removed_me);
    assert_eq!(alice.group().members(), [alice.member()]);
}

#[test]
fn the_loser_of_a_race_throws_its_commit_away_and_tries_again() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let winner = alice.prepares(Change::UpdateOwnLeaf).unwrap();
    let loser = bob.prepares(Change::UpdateOwnLeaf).unwrap();
    assert_eq!(bob.prepares(Change::UpdateOwnLeaf), Err(PrepareError::Pending));
    assert_eq!(loser.follows, winner.follows);
    alice.accepted(&winner);
    bob.merges(&Sent::commit(&winner));
    assert!(bob.group().pending().is_none());
    let (id, hash) = (loser.id, loser.hash);
    assert_eq!(bob.group.as_mut().unwrap().accept_pending(&bob.store, id, &hash), Err(GroupError::NotPending));
    let again = bob.commits(Change::UpdateOwnLeaf);
    assert_eq!(again.follows, winner.follows + 1);
    alice.merges(&Sent::commit(&again));
    assert_eq!(alice.group().epoch_authenticator(), bob.group().epoch_authenticator());
}

#[test]
fn a_refused_commit_is_cleared_and_leaves_no_trace() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let before = alice.group().epoch_authenticator();
    alice.prepares(Change::UpdateOwnLeaf).unwrap();
    alice.group.as_mut().unwrap().clear_pending(&alice.store).unwrap();
    alice.restarts();
    assert_eq!(alice.group().epoch_authenticator(), before);
    let said = alice.says("nothing happened");
    assert_eq!(bob.hears(&said), "nothing happened");
}

#[test]
fn an_own_commit_that_comes_back_is_recognised_and_merged_once() {
    let (_, [mut alice, _]) = group_of::<2>(ConversationKind::Group);
    let commit = alice.prepares(Change::UpdateOwnLeaf).unwrap();
    assert!(matches!(alice.tries(&Sent::commit(&commit)).unwrap(), Opened::OwnCommit(_)));
    assert_eq!(alice.group().epoch(), 2);
    assert!(matches!(alice.tries(&Sent::commit(&commit)).unwrap(), Opened::Own));
    assert_eq!(alice.group().epoch(), 2);
}

#[test]
fn messages_of_one_sender_that_the_server_put_in_another_order_are_all_read() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let said: Vec<_> = (0..5).map(|n| alice.says(&n.to_string())).collect();
    for n in [3, 0, 4, 2, 1] {
        assert_eq!(bob.hears(&said[n]), n.to_string());
    }
}

#[test]
fn an_owner_gives_roles_and_a_leaving_owner_is_succeeded_by_an_admin() {
    let (accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let commit = alice.commits(Change::Roles(vec![(accounts[2].id, Role::Admin)]));
    assert_eq!(bob.merges(&Sent::commit(&commit)).roles, [(accounts[2].id, Role::Admin)]);
    carol.merges(&Sent::commit(&commit));
    let leave = alice.leaves();
    bob.tries(&leave).unwrap();
    carol.tries(&leave).unwrap();
    let commit = bob.commits(Change::PendingProposals);
    assert_eq!(carol.merges(&Sent::commit(&commit)).roles, [(accounts[2].id, Role::Owner)]);
    assert_eq!(bob.group().roster().role(accounts[2].id), Some(Role::Owner));
}

#[test]
fn a_revoked_device_is_noticed_and_removed_by_anybody_who_knows_the_newest_list() {
    let (mut accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let mut rng = StdRng::seed_from_u64(9);
    let mut second = accounts[0].device(&mut rng);
    let [a, b, c] = &accounts;
    [&mut alice, &mut bob, &mut carol, &mut second].into_iter().for_each(|device| device.learns(&[a, b, c]));
    let commit = alice.commits(Change::Invite(vec![alice.verified(&second)]));
    bob.merges(&Sent::commit(&commit));
    carol.merges(&Sent::commit(&commit));
    second.joins(&commit);
    assert!(carol.group.as_ref().unwrap().unlisted(&carol.known).is_empty());

    accounts[0].revoke(second.member());
    carol.learns(&[&accounts[0]]);
    assert_eq!(carol.group.as_ref().unwrap().unlisted(&carol.known), [second.member()]);
    let commit = carol.commits(Change::RemoveUnlisted);
    // Bob has not seen the newest list: he cannot judge before he fetched it.
    let unknown = bob.tries(&Sent::commit(&commit)).unwrap_err();
    assert_eq!(unknown.disposition(), Disposition::FetchDeviceLists(vec![accounts[0].id]));
    bob.learns(&[&accounts[0]]);
    assert_eq!(bob.merges(&Sent::commit(&commit)).left, [second.member()]);
    assert!(second.merges_or_is_told(&Sent::commit(&commit), &accounts[0]));
    assert!(bob.group().roster().holds(accounts[0].id));
}

#[test]
fn a_renewed_identity_takes_the_other_devices_out_by_a_commit_that_everybody_judges_alike() {
    let (mut accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let mut second = accounts[0].device(&mut StdRng::seed_from_u64(9));
    let [a, b, c] = &accounts;
    [&mut alice, &mut bob, &mut carol, &mut second].into_iter().for_each(|device| device.learns(&[a, b, c]));
    let commit = alice.commits(Change::Invite(vec![alice.verified(&second)]));
    bob.merges(&Sent::commit(&commit));
    carol.merges(&Sent::commit(&commit));
    second.joins(&commit);

    accounts[0].renews(alice.member());
    alice.learns(&[&accounts[0]]);
    let commit = alice.commits(Change::FollowOwnLists);
    let unknown = bob.tries(&Sent::commit(&commit)).unwrap_err();
    assert_eq!(unknown.disposition(), Disposition::FetchDeviceLists(vec![accounts[0].id]));
    for member in [&mut bob, &mut carol] {
        member.learns(&[&accounts[0]]);
        assert_eq!(member.merges(&Sent::commit(&commit)).left, [second.member()]);
        assert_eq!(member.group().roster().floor(accounts[0].id), 3);
    }
    let word = alice.says("still the same device");
    assert_eq!(bob.hears(&word), "still the same device");
    assert_eq!(carol.hears(&word), "still the same device");
}

#[test]
fn a_hundred_devices_are_added_at_once() {
    let mut rng = StdRng::seed_from_u64(3);
    let (mut accounts, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let mut crowd: Vec<_> = (0..100).map(|n| (Account::new(100 + n), n)).collect();
    let devices: Vec<_> = crowd.iter_mut().map(|(account, _)| account.device(&mut rng)).collect();
    let all: Vec<&Account> = crowd.iter().map(|(account, _)| account).chain(accounts.iter()).collect();
    let mut last = devices.into_iter().fold(Vec::new(), |mut devices, device| {
        devices.push(device);
        devices
    });
    alice.learns(&all);
    bob.learns(&all);
    let packages = last.iter().map(|device| alice.verified(device)).collect();
    let commit = alice.commits(Change::Invite(packages));
    assert!(commit.commit.len() < huis_proto::limits::COMMIT);
    assert_eq!(bob.merges(&Sent::commit(&commit)).joined.len(), 100);
    let newcomer = last.last_mut().unwrap();
    newcomer.learns(&all);
    newcomer.joins(&commit);
    assert_eq!(newcomer.group().members().len(), 102);
    let said = newcomer.says("crowded");
    assert_eq!(bob.hears(&said), "crowded");
    accounts[0].sign();
}

#[test]
fn a_message_of_256_bytes_stays_small_on_the_wire() {
    let (_, [mut alice, _]) = group_of::<2>(ConversationKind::Direct);
    let size = alice.says("a short text").bytes.len();
    assert!(size <= 600, "{size} bytes");
    let most = alice.says(&"x".repeat(huis_proto::limits::MESSAGE_TEXT)).bytes.len();
    assert!(most <= huis_proto::limits::LOG_PAYLOAD, "{most} bytes");
}

#[test]
fn the_server_reads_ids_and_counter_and_no_content() {
    let (_, [mut alice, _]) = group_of::<2>(ConversationKind::Direct);
    let said = alice.says("the quick brown fox");
    let header = huis_proto::mls::header(&said.bytes).unwrap();
    assert_eq!((header.conversation, header.data.id, header.data.follows), (ROOM, said.id, 1));
    assert!(!said.bytes.windows(5).any(|window| window == b"quick"));
}

impl Device {
    /// A device that its own account revoked learns of it, or is removed by the commit.
    fn merges_or_is_told(&mut self, sent: &Sent, account: &Account) -> bool {
        self.learns(&[account]);
        self.merges(sent).removed_me
    }
}

#[test]
fn an_account_that_leaves_takes_all_its_devices_along() {
    let (mut accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let mut second = accounts[1].device(&mut StdRng::seed_from_u64(9));
    let [a, b, c] = &accounts;
    [&mut alice, &mut bob, &mut carol, &mut second].into_iter().for_each(|device| device.learns(&[a, b, c]));
    let commit = bob.commits(Change::Invite(vec![bob.verified(&second)]));
    alice.merges(&Sent::commit(&commit));
    carol.merges(&Sent::commit(&commit));
    second.joins(&commit);

    let leave = bob.leaves();
    alice.tries(&leave).unwrap();
    carol.tries(&leave).unwrap();
    second.tries(&leave).unwrap();
    assert_eq!(second.prepares(Change::PendingProposals), Err(PrepareError::Leaving));
    let commit = alice.commits(Change::UpdateOwnLeaf);
    let summary = carol.merges(&Sent::commit(&commit));
    assert_eq!(summary.accounts_left, [accounts[1].id]);
    assert_eq!(summary.left.len(), 2);
    assert!(second.merges(&Sent::commit(&commit)).removed_me);
    assert_eq!(carol.group().members().len(), 2);
}
