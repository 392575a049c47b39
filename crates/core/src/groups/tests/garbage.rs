//! Bytes that mean nothing: every decoder of outside bytes gives an error, and the group lives on.

use std::cell::RefCell;

use proptest::prelude::*;

use super::*;
use crate::account_state::{AccountState, StateKey};
use crate::content::Envelope;
use crate::directory::AccountDevices;
use crate::password::{Identifiers, SignIn};
use crate::recovery::RecoveryKey;
use crate::vault;

thread_local! {
    static PAIR: RefCell<[Device; 2]> = RefCell::new(group_of::<2>(ConversationKind::Group).1);
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let versioned = [&[1], &bytes[..]].concat();
        for bytes in [&bytes, &versioned] {
            let _ = Content::from_bytes(bytes);
            let _ = Envelope::from_padded(bytes);
            let _ = AccountDevices::from_bytes(bytes);
            let _ = vault::number(bytes);
            let _ = vault::open_with_recovery_key(bytes, AccountId::from_bytes([1; 16]), 0, &RecoveryKey::from_bytes(&[1; 32]));
            let _ = AccountState::open(bytes, &StateKey::from_bytes(&[1; 32]), AccountId::from_bytes([1; 16]), 0);
            let _ = member_of_credential(bytes);
            let _ = RecoveryKey::parse(&String::from_utf8_lossy(bytes));
            let (sign_in, _) = SignIn::start(&mut rand::rngs::OsRng, b"password").unwrap();
            let stretch = huis_proto::opaque::StretchParameters { memory_kib: 1, passes: 1, lanes: 1 };
            let _ = sign_in.finish(&mut rand::rngs::OsRng, b"password", bytes, Identifiers::default(), stretch);
        }
    }

    #[test]
    fn a_message_with_changed_bytes_is_skipped_and_the_group_lives_on(
        position in 0_usize..400,
        flip in 1_u8..,
        cut in any::<bool>(),
    ) {
        PAIR.with_borrow_mut(|[alice, bob]| {
            let said = alice.says("text");
            let mut changed = said.clone();
            let position = position % changed.bytes.len();
            changed.bytes[position] ^= flip;
            if cut {
                changed.bytes.truncate(position);
            }
            if let Ok(opened) = bob.tries(&changed) {
                assert!(matches!(opened, Opened::Skipped(_)), "{opened:?}");
            }
            assert_eq!(bob.hears(&said), "text");
        });
    }
}
