//! Signs of presence: who may open them, and what is no sign.

use huis_proto::labels;

use super::*;
use crate::sealing;

const NOW: u64 = 1_700_000_000_000;

impl Device {
    fn signs(&mut self, sign: Sign) -> Vec<u8> {
        self.group.as_ref().unwrap().seal_sign(&self.me, &mut self.rng, sign, NOW).unwrap()
    }

    fn opens(&self, sender: Member, sealed: &[u8]) -> Result<(Sign, u64), SignError> {
        self.group.as_ref().unwrap().open_sign(&self.known, sender, sealed)
    }

    /// A sign that says it is of `claimed`, sealed under the key of `keyed`, signed by this device's key.
    fn forges(&mut self, claimed: Member, keyed: Member) -> Vec<u8> {
        let group = self.group.as_ref().unwrap();
        let signature = self.me.secret.sign(labels::PRESENCE, &group.signed(claimed, Sign::Here, NOW));
        let plain = [&[0], &NOW.to_be_bytes()[..], &signature, &[0; 55]].concat();
        let key = group.presence_key(keyed).unwrap();
        let sealed = sealing::seal(&mut self.rng, &key, &group.bound_to(claimed), &plain);
        [&[1], &sealed[..]].concat()
    }
}

#[test]
fn every_member_opens_a_sign_and_all_signs_look_alike() {
    let (_, [mut alice, bob, carol]) = group_of::<3>(ConversationKind::Group);
    for sign in [Sign::Here, Sign::Writing, Sign::Away] {
        let sealed = alice.signs(sign);
        assert_eq!(sealed.len(), SEALED_PRESENCE);
        assert_ne!(sealed, alice.signs(sign), "the nonce is random");
        assert_eq!(bob.opens(alice.member(), &sealed), Ok((sign, NOW)));
        assert_eq!(carol.opens(alice.member(), &sealed), Ok((sign, NOW)));
    }
}

#[test]
fn a_sign_touches_no_ratchet_and_writes_nothing() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let before = alice.says("before");
    let authenticator = alice.group().epoch_authenticator();
    let sign = alice.signs(Sign::Here);
    assert!(bob.opens(alice.member(), &sign).is_ok());
    let after = alice.says("after");
    assert_eq!((bob.hears(&before), bob.hears(&after)), ("before".into(), "after".into()));
    assert_eq!(alice.group().epoch_authenticator(), authenticator);
}

#[test]
fn a_member_does_not_sign_for_another_although_it_can_derive_the_key() {
    let (_, [alice, mut bob, carol]) = group_of::<3>(ConversationKind::Group);
    let forged = bob.forges(alice.member(), alice.member());
    assert_eq!(carol.opens(alice.member(), &forged), Err(SignError::Signature));
    let honest = bob.forges(bob.member(), bob.member());
    assert_eq!(carol.opens(bob.member(), &honest), Ok((Sign::Here, NOW)), "the forger's tools are good");
    let under_another_key = bob.forges(bob.member(), alice.member());
    assert_eq!(carol.opens(bob.member(), &under_another_key), Err(SignError::NotOpened));
}

#[test]
fn a_server_that_names_another_sender_or_a_stranger_is_not_believed() {
    let (accounts, [mut alice, bob, carol]) = group_of::<3>(ConversationKind::Group);
    let sign = alice.signs(Sign::Here);
    assert_eq!(bob.opens(carol.member(), &sign), Err(SignError::NotOpened));
    let stranger = Member { account: accounts[0].id, device: huis_proto::DeviceId::from_bytes([9; 16]) };
    assert_eq!(bob.opens(stranger, &sign), Err(SignError::Stranger));
}

#[test]
fn a_sign_of_another_epoch_or_conversation_does_not_open() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let (_, [_, elsewhere]) = group_of::<2>(ConversationKind::Group);
    let before = alice.signs(Sign::Here);
    assert_eq!(elsewhere.opens(alice.member(), &before), Err(SignError::NotOpened));
    let commit = alice.commits(Change::UpdateOwnLeaf);
    let ahead = alice.signs(Sign::Here);
    assert_eq!(bob.opens(alice.member(), &ahead), Err(SignError::NotOpened));
    bob.merges(&Sent::commit(&commit));
    assert_eq!(bob.opens(alice.member(), &before), Err(SignError::NotOpened));
    assert!(bob.opens(alice.member(), &ahead).is_ok());
}

#[test]
fn who_was_removed_neither_speaks_nor_hears() {
    let (accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let old = carol.signs(Sign::Here);
    let commit = alice.commits(Change::Remove { accounts: vec![accounts[2].id], devices: vec![] });
    bob.merges(&Sent::commit(&commit));
    assert_eq!(bob.opens(carol.member(), &old), Err(SignError::Stranger));
    let sign = alice.signs(Sign::Here);
    assert_eq!(carol.opens(alice.member(), &sign), Err(SignError::NotOpened));
}

#[test]
fn a_device_that_its_account_lists_no_more_is_not_believed() {
    let (mut accounts, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    accounts[0].revoke(alice.member());
    bob.learns(&[&accounts[0]]);
    assert_eq!(bob.opens(alice.member(), &alice.signs(Sign::Here)), Err(SignError::Signature));
}

#[test]
fn what_is_cut_or_changed_is_no_sign() {
    let (_, [mut alice, bob]) = group_of::<2>(ConversationKind::Group);
    let sign = alice.signs(Sign::Writing);
    for length in 0..sign.len() {
        assert_eq!(bob.opens(alice.member(), &sign[..length]), Err(SignError::Form));
    }
    for position in 0..sign.len() {
        let mut changed = sign.clone();
        changed[position] ^= 1;
        assert!(bob.opens(alice.member(), &changed).is_err(), "byte {position}");
    }
}

#[test]
fn the_signed_bytes_are_those_of_the_documentation() {
    let (_, [alice, _]) = group_of::<2>(ConversationKind::Group);
    let (group, me) = (alice.group.as_ref().unwrap(), alice.member());
    let documented = [
        &[1][..],
        ROOM.as_bytes(),
        &group.epoch().to_be_bytes(),
        me.account.as_bytes(),
        me.device.as_bytes(),
        &NOW.to_be_bytes(),
        &[2],
    ];
    assert_eq!(group.signed(me, Sign::Away, NOW), documented.concat());
}
