//! Chains of lists, honest and forged.

use huis_proto::device_list::ListedDevice;

use super::*;
use crate::identity::{IdentitySecret, list_position, next_device_list};

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

fn identity() -> IdentitySecret {
    IdentitySecret::from_bytes(&[9; 32])
}

/// The identity to which the first one hands over, and the one behind that.
fn successor(number: u8) -> IdentitySecret {
    IdentitySecret::from_bytes(&[20 + number; 32])
}

fn device(byte: u8) -> ListedDevice {
    let device = DeviceId::from_bytes([byte; 16]);
    ListedDevice { device, signature_key: Bytes32([byte; 32]), added_at_ms: 0 }
}

/// A chain of lists, each with these devices.
fn chain(lists: &[&[u8]]) -> Vec<SignedDeviceList> {
    let mut chain = Vec::new();
    for devices in lists {
        chain.push(identity().sign_device_list(&next(&chain, &identity(), devices)));
    }
    chain
}

/// The list behind a chain, which names this identity.
fn next(chain: &[SignedDeviceList], identity: &IdentitySecret, devices: &[u8]) -> DeviceList {
    let previous = chain.last().map(|list| list_position(list).unwrap());
    let devices = devices.iter().map(|byte| device(*byte)).collect();
    next_device_list(ACCOUNT, identity.key(), previous, 0, 1, devices)
}

/// The chain, handed over to the identity `to` by `from` in a list with these devices.
fn over(
    chain: &[SignedDeviceList],
    from: &IdentitySecret,
    to: &IdentitySecret,
    devices: &[u8],
) -> Vec<SignedDeviceList> {
    [chain, &[from.hand_over(to, &next(chain, to, devices))]].concat()
}

fn pin(identity: &IdentitySecret, number: u64, list: &SignedDeviceList) -> Pin {
    Pin {
        identity: identity.key(),
        list_number: number,
        list_hash: list.hash(),
        compared: None,
        accepted: true,
        name: None,
    }
}

fn member(byte: u8) -> Member {
    Member { account: ACCOUNT, device: DeviceId::from_bytes([byte; 16]) }
}

#[test]
fn a_chain_is_followed_and_says_what_changed() {
    let mut known = KnownDevices::default();
    let lists = chain(&[&[1], &[1, 2], &[2, 3]]);
    let first = known.accept(ACCOUNT, &identity().key(), &lists[..2]).unwrap();
    let added = vec![member(1).device, member(2).device];
    assert_eq!(first, Accepted { number: 2, added, revoked: vec![], handed_over: false });
    let second = known.accept(ACCOUNT, &identity().key(), &lists[2..]).unwrap();
    let (added, revoked) = (vec![member(3).device], vec![member(1).device]);
    assert_eq!(second, Accepted { number: 3, added, revoked, handed_over: false });
    assert!(known.lists(member(2), &Bytes32([2; 32])));
    assert!(!known.lists(member(1), &Bytes32([1; 32])));
    let record = DeviceRecord { key: Bytes32([1; 32]), first: 1, last: 2 };
    assert_eq!(known.standing(member(1), &Bytes32([1; 32])), Standing::Listed(record));
    assert_eq!(known.standing(member(2), &Bytes32([7; 32])), Standing::OtherKey);
}

#[test]
fn an_older_list_is_never_accepted_again() {
    let mut known = KnownDevices::default();
    let lists = chain(&[&[1], &[1, 2]]);
    known.accept(ACCOUNT, &identity().key(), &lists).unwrap();
    let refused = known.accept(ACCOUNT, &identity().key(), &lists[..1]);
    assert_eq!(refused, Err(DirectoryError::Older { account: ACCOUNT, found: 1, known: 2 }));
    assert!(known.lists(member(2), &Bytes32([2; 32])));
}

#[test]
fn a_forked_or_broken_chain_is_refused_whole() {
    let mut known = KnownDevices::default();
    let lists = chain(&[&[1], &[1, 2], &[1, 2, 3]]);
    known.accept(ACCOUNT, &identity().key(), &lists[..2]).unwrap();
    let fork = chain(&[&[1], &[1, 4]]);
    let refused = known.accept(ACCOUNT, &identity().key(), &fork[1..]);
    assert_eq!(refused, Err(DirectoryError::Forked { account: ACCOUNT, number: 2 }));
    let fork = chain(&[&[1], &[1, 4], &[1, 4, 5]]);
    let refused = known.accept(ACCOUNT, &identity().key(), &fork[2..]);
    assert!(matches!(refused, Err(DirectoryError::List { error: DeviceListError::Chain { .. }, .. })));
    let mut fresh = KnownDevices::default();
    let gap = fresh.accept(ACCOUNT, &identity().key(), &lists[1..]);
    assert!(matches!(gap, Err(DirectoryError::List { .. })));
    assert!(fresh.get(ACCOUNT).is_none());
}

#[test]
fn another_identity_key_is_an_error_that_shows_both() {
    let mut known = KnownDevices::default();
    known.accept(ACCOUNT, &identity().key(), &chain(&[&[1]])).unwrap();
    let found = IdentitySecret::from_bytes(&[8; 32]).key();
    let refused = known.accept(ACCOUNT, &found, &[]);
    let pinned = identity().key();
    assert_eq!(refused, Err(DirectoryError::IdentityChanged { account: ACCOUNT, pinned, found }));
}

#[test]
fn a_revoked_device_or_its_key_never_comes_back() {
    let again = chain(&[&[1, 2], &[1], &[1, 2]]);
    let refused = KnownDevices::default().accept(ACCOUNT, &identity().key(), &again);
    assert_eq!(refused, Err(DirectoryError::Reused { account: ACCOUNT, device: member(2).device }));
    let mut stolen = device(3);
    stolen.signature_key = Bytes32([2; 32]);
    let lists = chain(&[&[1, 2], &[1]]);
    let list = DeviceList { devices: vec![device(1), stolen], ..next(&lists, &identity(), &[]) };
    let lists = [lists, vec![identity().sign_device_list(&list)]].concat();
    let refused = KnownDevices::default().accept(ACCOUNT, &identity().key(), &lists);
    assert_eq!(refused, Err(DirectoryError::Reused { account: ACCOUNT, device: member(3).device }));
}

#[test]
fn a_device_that_was_taken_off_is_known_still_and_one_that_never_was_is_not() {
    let mut known = KnownDevices::default();
    known.accept(ACCOUNT, &identity().key(), &chain(&[&[1, 2], &[1]])).unwrap();
    let account = known.get(ACCOUNT).unwrap();
    let lists = |number| account.was_listed(member(number).device).map(|record| (record.first, record.last));
    assert_eq!([lists(1), lists(2), lists(3)], [Some((1, 2)), Some((1, 1)), None]);
}

#[test]
fn a_new_device_refuses_lists_older_than_its_account_has_seen() {
    let lists = chain(&[&[1], &[1, 2], &[1, 2, 3]]);
    let mut known = KnownDevices::default();
    known.restore_pin(ACCOUNT, &pin(&identity(), 2, &lists[1])).unwrap();
    let refused = known.accept(ACCOUNT, &identity().key(), &lists[..1]);
    assert_eq!(refused, Err(DirectoryError::Older { account: ACCOUNT, found: 1, known: 2 }));
    let fork = chain(&[&[1], &[1, 4]]);
    let refused = known.accept(ACCOUNT, &identity().key(), &fork);
    assert_eq!(refused, Err(DirectoryError::Forked { account: ACCOUNT, number: 2 }));
    assert_eq!(known.accept(ACCOUNT, &identity().key(), &lists).unwrap().number, 3);
}

#[test]
fn a_handover_is_followed_and_the_chain_goes_on() {
    let mut known = KnownDevices::default();
    let lists = chain(&[&[1], &[1, 2]]);
    known.accept(ACCOUNT, &identity().key(), &lists).unwrap();
    let lists = over(&lists, &identity(), &successor(1), &[1]);
    let accepted = known.accept(ACCOUNT, &successor(1).key(), &lists[2..]).unwrap();
    assert_eq!(accepted, Accepted { number: 3, added: vec![], revoked: vec![member(2).device], handed_over: true });
    assert_eq!(known.get(ACCOUNT).unwrap().identity(), successor(1).key());
    let record = DeviceRecord { key: Bytes32([1; 32]), first: 1, last: 3 };
    assert_eq!(known.standing(member(1), &Bytes32([1; 32])), Standing::Listed(record));
    let again = known.accept(ACCOUNT, &successor(1).key(), &[]).unwrap();
    assert!(!again.handed_over, "once");
}

#[test]
fn the_identity_that_handed_over_signs_nothing_any_more() {
    let mut known = KnownDevices::default();
    let before = chain(&[&[1], &[1, 2]]);
    let lists = over(&before, &identity(), &successor(1), &[1]);
    known.accept(ACCOUNT, &identity().key(), &before).unwrap();
    known.accept(ACCOUNT, &successor(1).key(), &lists[2..]).unwrap();
    let before_this = known.get(ACCOUNT).unwrap().clone();
    let away = Err(DirectoryError::SignedAway { account: ACCOUNT });
    // Beside the handover, behind it, and a handover by somebody who has the old secret.
    let thief = successor(7);
    let beside = identity().sign_device_list(&next(&before, &identity(), &[1, 2, 3]));
    let behind = identity().sign_device_list(&next(&lists, &identity(), &[1, 3]));
    let back = over(&lists, &successor(1), &identity(), &[1]);
    for list in [&beside, &behind, &back[3]] {
        for shown in [&identity(), &successor(1)] {
            assert_eq!(known.accept(ACCOUNT, &shown.key(), std::slice::from_ref(list)), away);
        }
    }
    assert_eq!(known.accept(ACCOUNT, &identity().key(), &[]), away);
    let pinned = successor(1).key();
    let to_thief = DirectoryError::IdentityChanged { account: ACCOUNT, pinned, found: thief.key() };
    for stolen in [over(&before, &identity(), &thief, &[1, 3]), over(&lists, &identity(), &thief, &[1, 3])] {
        let last = stolen.last().unwrap().clone();
        assert_eq!(known.accept(ACCOUNT, &thief.key(), std::slice::from_ref(&last)), Err(to_thief.clone()));
        let refused = known.accept(ACCOUNT, &successor(1).key(), &[last]);
        assert!(matches!(refused, Err(DirectoryError::Forked { .. } | DirectoryError::List { .. })), "{refused:?}");
    }
    assert_eq!(known.get(ACCOUNT), Some(&before_this), "nothing of it was taken");
}

#[test]
fn a_handover_that_the_identity_before_has_not_signed_is_refused_whole() {
    let lists = chain(&[&[1], &[1, 2]]);
    let mut known = KnownDevices::default();
    known.accept(ACCOUNT, &identity().key(), &lists).unwrap();
    let thief = successor(7);
    let to_thief = next(&lists, &thief, &[1, 3]);
    let honest = over(&lists, &identity(), &successor(1), &[1]);
    let mut moved = thief.sign_device_list(&to_thief);
    moved.handover.clone_from(&honest[2].handover);
    let (pinned, found) = (identity().key(), thief.key());
    let changed = DirectoryError::IdentityChanged { account: ACCOUNT, pinned, found };
    for forged in [thief.sign_device_list(&to_thief), thief.hand_over(&thief, &to_thief), moved] {
        let refused = known.accept(ACCOUNT, &found, std::slice::from_ref(&forged));
        assert_eq!(refused, Err(changed.clone()));
        let refused = known.accept(ACCOUNT, &pinned, &[forged]);
        assert!(matches!(refused, Err(DirectoryError::List { .. })), "{refused:?}");
    }
    // A handover of its own that the server does not speak of.
    let refused = known.accept(ACCOUNT, &pinned, &honest[2..]);
    assert!(matches!(refused, Err(DirectoryError::List { error: DeviceListError::OtherIdentity, .. })));
    assert_eq!(known.newest_number(ACCOUNT), 2);
    assert!(known.accept(ACCOUNT, &successor(1).key(), &honest[2..]).unwrap().handed_over);
}

#[test]
fn at_first_contact_the_chain_must_end_in_the_identity_that_is_shown() {
    let lists = over(&chain(&[&[1], &[1, 2]]), &identity(), &successor(1), &[1]);
    let lists = over(&lists, &successor(1), &successor(2), &[1]);
    for shown in [identity(), successor(1), successor(7)] {
        let mut known = KnownDevices::default();
        let refused = known.accept(ACCOUNT, &shown.key(), &lists);
        assert!(refused.is_err(), "{refused:?}");
        assert!(known.get(ACCOUNT).is_none());
    }
    let mut known = KnownDevices::default();
    let accepted = known.accept(ACCOUNT, &successor(2).key(), &lists).unwrap();
    assert_eq!((accepted.number, accepted.handed_over), (4, false), "there was nothing to be handed over from");
    assert_eq!(known.accept(ACCOUNT, &identity().key(), &[]), Err(DirectoryError::SignedAway { account: ACCOUNT }));
    // A chain that is signed by others from its first list on is none of this identity.
    let own = successor(2).sign_device_list(&next(&[], &successor(2), &[5]));
    let mut known = KnownDevices::default();
    assert!(known.accept(ACCOUNT, &successor(1).key(), &[own]).is_err());
}

#[test]
fn a_pin_may_be_before_in_or_behind_a_handover() {
    let before = chain(&[&[1], &[1, 2]]);
    let lists = over(&before, &identity(), &successor(1), &[1]);
    let lists = over(&lists, &successor(1), &successor(2), &[1]);
    let other = over(&before, &identity(), &successor(3), &[1]);
    let newest = successor(2).key();
    // What a new device learns from its account: the key that the pin names was seen, and what came later was not.
    for (pinned, number, is_news) in [(identity(), 2, true), (successor(1), 3, true), (successor(2), 4, false)] {
        let mut known = KnownDevices::default();
        known.restore_pin(ACCOUNT, &pin(&pinned, number, &lists[number as usize - 1])).unwrap();
        assert_eq!(known.get(ACCOUNT).unwrap().identity(), pinned.key());
        assert_eq!(known.accept(ACCOUNT, &newest, &lists).unwrap().handed_over, is_news, "pinned at {number}");
    }
    let mut known = KnownDevices::default();
    known.restore_pin(ACCOUNT, &pin(&successor(1), 3, &lists[2])).unwrap();
    let forked = known.accept(ACCOUNT, &successor(3).key(), &other);
    assert!(matches!(forked, Err(DirectoryError::IdentityChanged { .. })), "{forked:?}");
    let stopped = known.accept(ACCOUNT, &identity().key(), &before);
    assert!(stopped.is_err(), "{stopped:?}");
    // A device that is behind takes the pin, and must come to it by the handovers.
    let mut behind = KnownDevices::default();
    behind.accept(ACCOUNT, &identity().key(), &before).unwrap();
    behind.restore_pin(ACCOUNT, &pin(&successor(2), 4, &lists[3])).unwrap();
    let refused = behind.accept(ACCOUNT, &successor(1).key(), &lists[2..3]);
    assert_eq!(refused, Err(DirectoryError::Older { account: ACCOUNT, found: 3, known: 4 }));
    assert!(behind.accept(ACCOUNT, &newest, &lists[2..]).unwrap().handed_over);
    // A pin of another device that is behind changes nothing; one of a key that never was is refused.
    let known = behind.get(ACCOUNT).cloned();
    behind.restore_pin(ACCOUNT, &pin(&identity(), 2, &lists[1])).unwrap();
    assert_eq!(behind.get(ACCOUNT).cloned(), known);
    let refused = behind.restore_pin(ACCOUNT, &pin(&successor(7), 2, &lists[1]));
    assert!(matches!(refused, Err(DirectoryError::IdentityChanged { .. })), "{refused:?}");
}

#[test]
fn a_stored_account_comes_back_and_keeps_its_bytes() {
    let mut known = KnownDevices::default();
    known.accept(ACCOUNT, &identity().key(), &chain(&[&[1], &[1, 2]])).unwrap();
    let account = known.get(ACCOUNT).unwrap();
    let bytes = account.to_bytes();
    assert_eq!(&AccountDevices::from_bytes(&bytes).unwrap(), account);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    insta::assert_snapshot!(hex);
}
