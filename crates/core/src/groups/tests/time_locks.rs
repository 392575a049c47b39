//! Locked messages whose clear part says otherwise than the seal.

use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::{Bytes, Bytes32, TimeLock, TimeShare};

use super::*;
use crate::content::Envelope;
use crate::time_locks::Timed;

#[test]
fn a_message_whose_header_names_another_time_or_share_than_it_holds_is_skipped() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let lock = TimeLock { unlocks_at_ms: 1_900_000_000_000, share: Bytes32([5; 32]) };
    let sent = alice.seals_badly(|data, _| {
        let Act::Message { lock: named, .. } = &mut data.act else { panic!() };
        *named = Some(lock);
    });
    assert_eq!(bob.skips(&sent), Breach::TimeLock);
    let share = TimeShare(Bytes32([6; 32]));
    let locked = Content::Timed(Timed { lock, beacon: None, share, files: vec![], sealed: Bytes(vec![7; 99]) });
    let holds = |named: Option<TimeLock>| {
        let locked = locked.clone();
        move |data: &mut AuthenticatedData, envelope: &mut Envelope| {
            envelope.content_bytes = locked.to_bytes().unwrap();
            data.act = Act::Message { commitment: envelope.commitment(), files: vec![], lock: named };
        }
    };
    let sooner = TimeLock { unlocks_at_ms: 1, ..lock };
    let another = TimeLock { share: Bytes32([9; 32]), ..lock };
    for named in [None, Some(sooner), Some(another)] {
        let sent = alice.seals_badly(holds(named));
        assert_eq!(bob.skips(&sent), Breach::TimeLock);
    }
    let sent = alice.seals_badly(holds(Some(lock)));
    assert!(matches!(bob.tries(&sent).unwrap(), Opened::Message(message) if message.content == locked));
}
