//! Has this device's state parted from the others', or did somebody merely send garbage?

use super::*;

fn agrees(device: &Device, group_info: &[u8]) -> bool {
    device.group.as_ref().unwrap().agrees_with(&device.me, group_info).unwrap()
}

#[test]
fn garbage_does_not_make_a_state_another_one() {
    let (_, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let commit = alice.commits(Change::UpdateOwnLeaf);
    bob.merges(&Sent::commit(&commit));
    carol.merges(&Sent::commit(&commit));
    for _ in 0..3 {
        let mut garbage = carol.says("text");
        *garbage.bytes.last_mut().unwrap() ^= 1;
        assert!(bob.skips(&garbage).may_mean_parted());
    }
    assert!(agrees(&bob, &commit.group_info));
    // Nor does a restart, or who exports it.
    bob.restarts();
    assert!(agrees(&bob, &commit.group_info));
    let exported = carol.group.as_ref().unwrap().group_info(&carol.me).unwrap();
    assert!(agrees(&bob, &exported));
}

#[test]
fn states_of_one_epoch_that_were_reached_by_different_commits_do_not_agree() {
    let (accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    // The server shows each of two another commit in the same place.
    let one = alice.prepares(Change::Roles(vec![(accounts[1].id, Role::Admin)])).unwrap();
    let other = bob.prepares(Change::UpdateOwnLeaf).unwrap();
    alice.accepted(&one);
    carol.merges(&Sent::commit(&one));
    bob.accepted(&other);
    assert_eq!(alice.group().epoch(), bob.group().epoch());
    assert_eq!(alice.group().commit_counter(), bob.group().commit_counter());
    assert!(agrees(&carol, &one.group_info));
    assert!(!agrees(&carol, &other.group_info));
    assert!(!agrees(&bob, &one.group_info));
}

#[test]
fn an_earlier_or_a_later_state_does_not_agree() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let before = alice.group.as_ref().unwrap().group_info(&alice.me).unwrap();
    let commit = alice.commits(Change::UpdateOwnLeaf);
    assert!(agrees(&bob, &before));
    assert!(!agrees(&bob, &commit.group_info));
    bob.merges(&Sent::commit(&commit));
    assert!(!agrees(&bob, &before));
    assert!(agrees(&bob, &commit.group_info));
}

#[test]
fn another_group_of_the_same_id_does_not_agree() {
    let (_, [alice, _]) = group_of::<2>(ConversationKind::Group);
    let (accounts, [mut mallory, mut victim]) = people::<2>();
    mallory.creates(ConversationKind::Group, &[&accounts[1]]);
    let package = mallory.verified(&victim);
    let commit = mallory.commits(Change::Invite(vec![package]));
    victim.joins(&commit);
    assert!(agrees(&victim, &commit.group_info));
    assert!(!agrees(&alice, &commit.group_info));
}

#[test]
fn what_is_no_group_info_is_an_error() {
    let (_, [alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let group = alice.group.as_ref().unwrap();
    let message = bob.says("text").bytes;
    for bytes in [&b""[..], &[0; 64], &message] {
        assert!(group.agrees_with(&alice.me, bytes).is_err());
    }
    let whole = group.group_info(&alice.me).unwrap();
    for cut in [1, whole.len() / 2, whole.len() - 1] {
        assert!(group.agrees_with(&alice.me, &whole[..cut]).is_err());
    }
}
