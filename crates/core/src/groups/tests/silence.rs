//! Devices that were not heard for long: removed, while their account keeps its seat, and back by themselves.

use huis_proto::aad::Act;

use super::forgeries::Forged;
use super::*;

fn silent(devices: &[Member]) -> Change {
    Change::Remove { accounts: vec![], devices: devices.to_vec() }
}

#[test]
fn a_silent_device_is_removed_its_account_keeps_the_seat_and_it_joins_again_by_itself() {
    for kind in [ConversationKind::Group, ConversationKind::Direct] {
        let (accounts, [mut alice, mut bob]) = group_of::<2>(kind);
        let commit = alice.commits(silent(&[bob.member()]));
        assert_eq!(commit.data.act, Act::Commit { joins: vec![], leaves: vec![bob.member()], out: vec![] });
        assert_eq!(commit.summary.accounts_left, []);
        assert!(alice.group().roster().holds(accounts[1].id));
        assert_eq!(alice.group().members(), [alice.member()]);

        let summary = bob.merges(&Sent::commit(&commit));
        assert!(summary.removed_me && summary.accounts_left.is_empty());
        let said = alice.says("while bob was away");
        assert_eq!(bob.tries(&said).unwrap_err(), OpenError::NotAMember);
        let join = bob.joins_externally(&commit.group_info, 2).unwrap();
        alice.merges(&Sent::commit(&join));
        bob.is_in(&join);
        let said = bob.says("I am back");
        assert_eq!(alice.hears(&said), "I am back");
        let said = alice.says("welcome back");
        assert_eq!(bob.hears(&said), "welcome back");
    }
}

#[test]
fn a_silent_device_of_an_account_that_has_another_in_the_group_leaves_it_in() {
    let (mut accounts, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let mut second = accounts[1].device(&mut StdRng::seed_from_u64(5));
    let [a, b] = &accounts;
    [&mut alice, &mut bob, &mut second].into_iter().for_each(|device| device.learns(&[a, b]));
    let commit = bob.commits(Change::Invite(vec![bob.verified(&second)]));
    alice.merges(&Sent::commit(&commit));
    second.joins(&commit);
    // bob is a plain member and removes what is his own.
    let commit = bob.commits(silent(&[second.member()]));
    let act = Act::Commit { joins: vec![], leaves: vec![second.member()], out: vec![] };
    assert_eq!(commit.data.act, act);
    alice.merges(&Sent::commit(&commit));
    assert_eq!(alice.group().members(), [alice.member(), bob.member()]);
}

#[test]
fn the_silent_are_removed_by_whoever_may_remove_a_device() {
    let (accounts, [mut alice, mut bob, carol]) = group_of::<3>(ConversationKind::Group);
    let commit = alice.commits(Change::Roles(vec![(accounts[1].id, Role::Admin)]));
    bob.merges(&Sent::commit(&commit));
    let refused = bob.prepares(silent(&[alice.member()])).unwrap_err();
    let breach = Breach::Role { role: Role::Admin, deed: Deed::RemoveDevice(Role::Owner) };
    assert_eq!(refused, PrepareError::NotAllowed(breach));
    let commit = bob.commits(silent(&[carol.member()]));
    assert_eq!(alice.merges(&Sent::commit(&commit)).left, [carol.member()]);
}

#[test]
fn a_silent_device_in_an_open_room_comes_back_like_anybody() {
    let ([_, _], [mut alice, mut bob]) = people::<2>();
    let info = alice.creates(ConversationKind::Open, &[]);
    let join = bob.joins_externally(&info, 0).unwrap();
    alice.merges(&Sent::commit(&join));
    bob.is_in(&join);
    let commit = alice.commits(silent(&[bob.member()]));
    assert_eq!(bob.merges(&Sent::commit(&commit)).accounts_left, []);
    let join = bob.joins_externally(&commit.group_info, 2).unwrap();
    assert_eq!(alice.merges(&Sent::commit(&join)).joined, [bob.member()]);
}

#[test]
fn a_commit_that_says_falsely_who_is_out_is_skipped() {
    let (accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let (id_of_bob, id_of_carol) = (accounts[1].id, accounts[2].id);
    let mut without_carol = alice.group().roster().clone();
    without_carol.unseat(id_of_carol);
    let removes_carol = |out| Act::Commit { joins: vec![], leaves: vec![carol.member()], out };
    let forged = [
        // Takes the account out, and the server goes on to let its devices in.
        (removes_carol(vec![]), vec![carol.member()], Some(without_carol.clone())),
        // The other way round: the members keep the seat, and the server would put the account out.
        (removes_carol(vec![id_of_carol]), vec![carol.member()], None),
        // Somebody who loses nothing.
        (Act::Commit { joins: vec![], leaves: vec![], out: vec![id_of_bob] }, vec![], None),
        (removes_carol(vec![id_of_bob, id_of_carol]), vec![carol.member()], Some(without_carol)),
    ];
    for (act, removes, roster) in forged {
        let mut commit = Forged::new(&mut alice);
        (commit.act, commit.removes, commit.roster) = (act, removes, roster);
        let sent = commit.build();
        assert_eq!(bob.skips(&sent), Breach::JoinsAndLeaves);
        assert_eq!(carol.skips(&sent), Breach::JoinsAndLeaves);
        alice.group().record.counter += 1;
    }
    let commit = alice.commits(silent(&[carol.member()]));
    bob.merges(&Sent::commit(&commit));
    assert_eq!(bob.group().epoch_authenticator(), alice.group().epoch_authenticator());
}

#[test]
fn an_account_without_a_device_in_the_group_is_taken_out_by_name_and_not_in_secret() {
    let (accounts, [mut alice, mut bob, carol]) = group_of::<3>(ConversationKind::Group);
    let id_of_carol = accounts[2].id;
    let commit = alice.commits(silent(&[carol.member()]));
    bob.merges(&Sent::commit(&commit));
    let mut without_carol = alice.group().roster().clone();
    without_carol.unseat(id_of_carol);
    let says = |out| Act::Commit { joins: vec![], leaves: vec![], out };
    for (act, roster) in [(says(vec![]), Some(without_carol)), (says(vec![id_of_carol]), None)] {
        let mut commit = Forged::new(&mut alice);
        (commit.act, commit.roster) = (act, roster);
        let sent = commit.build();
        assert_eq!(bob.skips(&sent), Breach::JoinsAndLeaves);
        alice.group().record.counter += 1;
    }
    let commit = alice.commits(Change::Remove { accounts: vec![id_of_carol], devices: vec![] });
    assert_eq!(commit.data.act, says(vec![id_of_carol]));
    assert_eq!(bob.merges(&Sent::commit(&commit)).accounts_left, [id_of_carol]);
    assert!(!bob.group().roster().holds(id_of_carol));
}

#[test]
fn who_came_into_an_open_room_without_a_role_is_taken_out_by_name() {
    let (accounts, [mut alice, mut bob]) = people::<2>();
    let info = alice.creates(ConversationKind::Open, &[]);
    let join = bob.joins_externally(&info, 0).unwrap();
    alice.merges(&Sent::commit(&join));
    let commit = alice.commits(Change::Remove { accounts: vec![accounts[1].id], devices: vec![] });
    let act = Act::Commit { joins: vec![], leaves: vec![bob.member()], out: vec![accounts[1].id] };
    assert_eq!(commit.data.act, act);
}
