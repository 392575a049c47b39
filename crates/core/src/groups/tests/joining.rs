//! Joining by welcome and by oneself, and what is refused there.

use std::collections::BTreeSet;

use super::*;

fn expecting<'a>(accounts: Option<&'a BTreeSet<AccountId>>, fetched: &'a [AccountId]) -> Expectation<'a> {
    Expectation { conversation: ROOM, kind: Some(ConversationKind::Group), accounts, fetched }
}

/// A group of two, and a second device of the first account that is not in it yet.
fn with_a_second_device() -> ([Account; 2], [Device; 2], Device) {
    let (mut accounts, mut devices) = group_of::<2>(ConversationKind::Group);
    let mut second = accounts[0].device(&mut StdRng::seed_from_u64(9));
    let [a, b] = &accounts;
    devices.iter_mut().chain([&mut second]).for_each(|device| device.learns(&[a, b]));
    (accounts, devices, second)
}

#[test]
fn a_second_device_joins_by_itself() {
    let (_, [mut alice, mut bob], mut second) = with_a_second_device();
    let info = bob.group.as_ref().unwrap().group_info(&bob.me).unwrap();
    let join = second.joins_externally(&info, 1).unwrap();
    assert_eq!(Group::pending_join(&second.store, ROOM).unwrap().unwrap().hash, join.hash);
    assert!(Group::load(&second.store, ROOM).unwrap().is_none());
    let summary = alice.merges(&Sent::commit(&join));
    assert!(summary.external && summary.accounts_joined.is_empty());
    assert_eq!(summary.joined, [second.member()]);
    bob.merges(&Sent::commit(&join));
    second.is_in(&join);
    assert!(Group::pending_join(&second.store, ROOM).unwrap().is_none());
    let said = second.says("from my other device");
    assert_eq!((alice.hears(&said), bob.hears(&said)), ("from my other device".into(), "from my other device".into()));
    assert_eq!(second.group().epoch_authenticator(), bob.group().epoch_authenticator());
    second.restarts();
    let update = second.commits(Change::UpdateOwnLeaf);
    bob.merges(&Sent::commit(&update));
}

#[test]
fn a_lost_state_is_mended_by_joining_again_without_a_ghost_leaf() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let old = bob.store.snapshot();
    let said = alice.says("before");
    bob.hears(&said);
    bob.store = old;
    bob.restarts();
    let info = alice.group.as_ref().unwrap().group_info(&alice.me).unwrap();
    let join = bob.joins_externally(&info, 1).unwrap();
    // The live group stays as it is until the server accepted the join.
    assert_eq!(bob.hears(&said), "before");
    alice.merges(&Sent::commit(&join));
    bob.is_in(&join);
    assert_eq!(alice.group().members(), bob.group().members());
    assert_eq!(alice.group().members().len(), 2);
    let said = alice.says("after");
    assert_eq!(bob.hears(&said), "after");
}

#[test]
fn a_join_that_the_server_refused_leaves_no_trace() {
    let (_, [_, bob], mut second) = with_a_second_device();
    let info = bob.group.as_ref().unwrap().group_info(&bob.me).unwrap();
    let join = second.joins_externally(&info, 1).unwrap();
    let wrong = Group::accept_join(&second.store, ROOM, join.id, &Bytes32([0; 32]));
    assert_eq!(wrong.unwrap_err(), GroupError::NotPending);
    Group::abandon_join(&second.store, ROOM).unwrap();
    assert!(second.store.is_empty());
}

#[test]
fn anybody_joins_an_open_room_by_itself_and_nobody_joins_a_group_uninvited() {
    for (kind, open) in [(ConversationKind::Open, true), (ConversationKind::Group, false)] {
        let (_, [mut alice, mut stranger]) = people::<2>();
        let info = alice.creates(kind, &[]);
        let join = stranger.joins_externally(&info, 0);
        if open {
            let join = join.unwrap();
            assert_eq!(alice.merges(&Sent::commit(&join)).accounts_joined, [stranger.member().account]);
            stranger.is_in(&join);
            let account = stranger.member().account;
            assert_eq!(stranger.group().roster().role(account), Some(Role::Member));
            let said = stranger.says("is anybody here");
            assert_eq!(alice.hears(&said), "is anybody here");
        } else {
            assert_eq!(join.unwrap_err(), JoinError::NotInvited);
        }
    }
}

#[test]
fn a_welcome_into_a_group_with_a_leaf_on_no_device_list_is_refused_and_the_key_package_stays() {
    let (mut accounts, [mut alice, mut bob]) = people::<2>();
    alice.creates(ConversationKind::Group, &[]);
    let commit = alice.commits(Change::Invite(vec![alice.verified(&bob)]));
    // Alice's device has been revoked in a list that bob knows, and was never on the list that he is shown next.
    let mut other = KnownDevices::default();
    let mut impostor = Account::new(1);
    impostor.device(&mut StdRng::seed_from_u64(77));
    other.accept(impostor.id, &impostor.identity.key(), &impostor.lists).unwrap();
    other.accept(accounts[1].id, &accounts[1].identity.key(), &accounts[1].lists).unwrap();
    let honest = std::mem::replace(&mut bob.known, other);
    let refused = bob.joins_by(&commit).unwrap_err();
    assert_eq!(refused.disposition(), Disposition::FetchDeviceLists(vec![accounts[0].id]));
    let keys = bob.store.len();
    let fetched = [accounts[0].id];
    let refused = Group::join_from_welcome(
        &bob.store,
        &bob.me,
        &bob.known,
        commit.welcome.as_ref().unwrap(),
        1,
        &expecting(None, &fetched),
    );
    assert_eq!(refused.unwrap_err(), JoinError::Breach(Breach::UnlistedLeaf(alice.member())));
    assert_eq!(bob.store.len(), keys);
    bob.known = honest;
    bob.joins(&commit);
    accounts[0].sign();
}

#[test]
fn a_conversation_with_accounts_that_the_own_account_does_not_know_in_it_is_not_joined() {
    let (accounts, [_, bob], second) = with_a_second_device();
    let info = bob.group.as_ref().unwrap().group_info(&bob.me).unwrap();
    let join = |roster: &BTreeSet<AccountId>| {
        let id = MessageId::from_bytes([4; 16]);
        let expectation = expecting(Some(roster), &[]);
        Group::join_externally(&second.store, &second.me, &second.known, &info, id, 1, &expectation)
    };
    let alone = BTreeSet::from([accounts[0].id]);
    assert_eq!(join(&alone).unwrap_err(), JoinError::UnexpectedAccounts(BTreeSet::from([accounts[1].id])));
    assert!(second.store.is_empty());
    assert!(join(&BTreeSet::from([accounts[0].id, accounts[1].id])).is_ok());
}

#[test]
fn another_conversation_another_kind_or_garbage_is_not_joined() {
    let (_, [_, bob], second) = with_a_second_device();
    let info = bob.group.as_ref().unwrap().group_info(&bob.me).unwrap();
    let join = |info: &[u8], expectation: Expectation<'_>| {
        let id = MessageId::from_bytes([4; 16]);
        Group::join_externally(&second.store, &second.me, &second.known, info, id, 1, &expectation).unwrap_err()
    };
    let other = ConversationId::from_bytes([1; 16]);
    let refused = join(&info, Expectation { conversation: other, ..expecting(None, &[]) });
    assert!(matches!(refused, JoinError::OtherConversation { .. }));
    let refused = join(&info, Expectation { kind: Some(ConversationKind::Direct), ..expecting(None, &[]) });
    assert!(matches!(refused, JoinError::OtherKind { .. }));
    let mut changed = info.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(join(&changed, expecting(None, &[])), JoinError::Mls(_)));
    assert!(matches!(join(b"garbage", expecting(None, &[])), JoinError::Mls(_)));
    assert!(second.store.is_empty());
}

#[test]
fn a_welcome_for_a_conversation_that_one_is_in_is_refused() {
    let (_, [mut alice, mut bob]) = people::<2>();
    alice.creates(ConversationKind::Group, &[]);
    let commit = alice.commits(Change::Invite(vec![alice.verified(&bob)]));
    bob.joins(&commit);
    assert_eq!(bob.joins_by(&commit).unwrap_err(), JoinError::AlreadyMember);
}

#[test]
fn a_one_time_key_package_opens_one_welcome_and_a_last_resort_one_several() {
    for (usage, again) in [(Use::Once, false), (Use::LastResort, true)] {
        let (_, [mut alice, mut bob]) = people::<2>();
        let package = key_packages::make(&bob.store, &bob.me, usage, now_ms()).unwrap();
        let verified = VerifiedKeyPackage::verify(&package, bob.member(), &alice.known, now_ms()).unwrap();
        alice.creates(ConversationKind::Group, &[]);
        let commit = alice.commits(Change::Invite(vec![verified]));
        bob.joins(&commit);
        bob.group.take().unwrap().forget(&bob.store).unwrap();
        assert_eq!(bob.joins_by(&commit).is_ok(), again);
    }
}

#[test]
fn a_swapped_expired_or_unlisted_key_package_is_refused() {
    use key_packages::KeyPackageError;
    let (mut accounts, [mut alice, bob]) = people::<2>();
    let mut stranger = Device::new(LocalDevice::generate(&mut StdRng::seed_from_u64(5), accounts[1].id), 5);
    let verify = |bytes: &[u8], known: &KnownDevices, now: u64| {
        VerifiedKeyPackage::verify(bytes, bob.member(), known, now).map(|package| package.member())
    };
    let good = bob.key_package();
    assert_eq!(verify(&good, &alice.known, now_ms()), Ok(bob.member()));
    let swapped = verify(&stranger.key_package(), &alice.known, now_ms());
    assert_eq!(swapped, Err(KeyPackageError::OtherDevice(bob.member())));
    stranger.me.member = bob.member();
    let swapped = verify(&stranger.key_package(), &alice.known, now_ms());
    assert_eq!(swapped, Err(KeyPackageError::Unlisted(bob.member())));
    let late = now_ms() + 85 * 24 * 3600 * 1000;
    assert_eq!(verify(&good, &alice.known, late), Err(KeyPackageError::Lifetime));
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(verify(&changed, &alice.known, now_ms()), Err(KeyPackageError::Invalid(_))));
    accounts[1].revoke(bob.member());
    alice.learns(&[&accounts[1]]);
    assert_eq!(verify(&good, &alice.known, now_ms()), Err(KeyPackageError::Unlisted(bob.member())));
}
