//! Messages that a public beacon lets open, and no server.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use huis_core::content::Content;
use huis_core::time_locks::{BeaconSecret, Place, Timed, UnlockError};
use huis_proto::frames::ServerFrame;
use huis_proto::{Bytes32, ErrorCode, TimeShare};
use huis_testkit::{ChainKey, Device, Fate, Relay, World, story};
use huis_views::{Failure, LockState, LockTrust, Sent};

use crate::time_locks::{TWO_MINUTES, contains, locked_file};
use crate::{nobody_is_alarmed, two_friends};

const SAID: &str = "the swift sleeps on the wing";

/// What a recipient holds of a locked message.
fn held(values: &[Vec<u8>]) -> Timed {
    let found = values.iter().find_map(|value| match Content::from_bytes(value) {
        Ok(Content::Timed(timed)) => Some(timed),
        _ => None,
    });
    found.expect("the locked message is in the database")
}

async fn place(ann: &Device, sent: &Sent) -> Place {
    Place { conversation: sent.conversation, author: ann.member().await.account, message: sent.id }
}

/// Opens the share with what the beacon says of a round.
fn share(key: &ChainKey, timed: &Timed, signature: &[u8]) -> Option<TimeShare> {
    let (chain, beacon) = (&key.chain, timed.beacon.as_ref().unwrap());
    let round = chain.round_at(timed.lock.unlocks_at_ms);
    let secret = huis_beacon::open(&chain.public_key, round, signature, &beacon.sealed).ok()?;
    Some(BeaconSecret::from_bytes(*secret).share())
}

/// Whether it waits still, on the only lock that there is.
async fn waits(device: &Device) -> bool {
    device.lists_locks().await[0].lock.unwrap().state == LockState::Waiting
}

/// A conversation in which something waits for the beacon's round on Bea's device.
async fn one_waits(world: &World) -> (Device, Device, Sent) {
    let (ann, bea) = two_friends(world).await;
    let sent = ann.locks_by_beacon("@bea", SAID, TWO_MINUTES).await;
    bea.sees_lock(sent.id, LockState::Waiting).await;
    (ann, bea, sent)
}

#[test]
fn a_message_opens_by_itself_on_every_device_and_not_before() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let tablet = world.another_device_of(&bea).await;
        let laptop = world.another_device_of(&ann).await;
        ann.has_settled().await;
        tablet.has_settled().await;
        tablet.stops().await;
        let asked = Rc::new(Cell::new(0));
        for device in [&ann, &bea, &laptop] {
            let count = Rc::clone(&asked);
            device.requests_pass(move |request| {
                count.set(count.get() + u32::from(request.path.contains("/time-locks/")));
                Some(request)
            });
        }
        let sent = ann.locks_by_beacon("@bea", SAID, TWO_MINUTES).await;
        for device in [&bea, &laptop] {
            let seen = device.sees_lock(sent.id, LockState::Waiting).await;
            assert_eq!((seen.kind.as_str(), seen.text.as_str()), ("timed", ""), "{device:?}");
            assert_eq!(seen.lock.map(|lock| lock.trust), Some(LockTrust::Drand), "{device:?}");
        }
        let unlocks_at_ms = ann.sees_lock(sent.id, LockState::Waiting).await.lock.unwrap().unlocks_at_ms;
        world.passes(TWO_MINUTES / 2).await;
        for device in [&ann, &bea, &laptop] {
            assert!(waits(device).await, "{device:?}");
        }
        assert_eq!(world.beacon_was_asked(), 0);
        for device in [&bea, &laptop, &ann] {
            assert_eq!(device.sees_lock(sent.id, LockState::Opened).await.text, SAID, "{device:?}");
        }
        // One that was away opens it when it is back.
        world.passes(Duration::from_secs(24 * 3600)).await;
        tablet.start();
        assert_eq!(tablet.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        // The server was asked for no share, and does not know when it opened.
        assert_eq!(asked.get(), 0);
        for value in world.everything_the_server_stores() {
            assert!(!contains(&value, &unlocks_at_ms.to_be_bytes()) && !contains(&value, b"drand"));
        }
        nobody_is_alarmed(&[&ann, &bea, &tablet, &laptop]).await;
    });
}

#[test]
fn nothing_that_the_recipient_and_the_server_have_together_opens_it_early() {
    story(async |world| {
        let (ann, bea, sent) = one_waits(&world).await;
        let place = place(&ann, &sent).await;
        let all = [bea.everything_stored(), world.everything_the_server_stores()].concat();
        let timed = held(&all);
        assert!(!all.iter().any(|value| contains(value, b"swift")));
        for value in &all {
            for window in value.windows(32) {
                let share = TimeShare(Bytes32(window.try_into().unwrap()));
                assert_eq!(timed.open(&place, &share).map(drop), Err(UnlockError::Share));
            }
            for window in value.windows(16) {
                let share = BeaconSecret::from_bytes(window.try_into().unwrap()).share();
                assert_eq!(timed.open(&place, &share).map(drop), Err(UnlockError::Share));
            }
        }
        // Nor what the beacon has published until then, nor the sealed secret's own parts.
        let key = world.beacon();
        let round = key.chain.round_at(timed.lock.unlocks_at_ms);
        for earlier in round - 60..round {
            assert_eq!(share(key, &timed, &key.signs(earlier)), None, "{earlier}");
        }
        let sealed = timed.beacon.as_ref().unwrap().sealed;
        for window in sealed.windows(48).chain(key.chain.public_key.windows(48)) {
            assert_eq!(share(key, &timed, window), None);
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

/// Said in the documentation: who trusts the beacon trusts that fewer of its members than its threshold do this.
#[test]
fn the_beacons_members_together_with_a_recipient_open_it_early_and_without_one_they_do_not() {
    story(async |world| {
        let (ann, bea, sent) = one_waits(&world).await;
        let (place, timed) = (place(&ann, &sent).await, held(&bea.everything_stored()));
        let key = world.beacon();
        let signature = key.signs(key.chain.round_at(timed.lock.unlocks_at_ms));
        let share = share(key, &timed, &signature).unwrap();
        assert_eq!(timed.open(&place, &share).unwrap().0, Content::text(SAID).unwrap());
        // The members' share and the sealed secret are within the outer seal, of which the server has the outside.
        let beacon = timed.beacon.as_ref().unwrap();
        for value in world.everything_the_server_stores() {
            assert!(!contains(&value, &timed.share.0.0) && !contains(&value, &beacon.sealed));
        }
        let without = Timed { share: TimeShare(Bytes32([0; 32])), ..timed };
        assert_eq!(without.open(&place, &share).map(drop), Err(UnlockError::Sealed));
    });
}

#[test]
fn who_passes_rounds_on_can_keep_it_closed_and_never_opens_it_wrongly() {
    for relay in
        [Relay::Unreachable, Relay::Silent, Relay::Garbage, Relay::Huge, Relay::RoundBefore, Relay::AnotherChain]
    {
        story(async move |world| {
            let (ann, bea, sent) = one_waits(&world).await;
            world.relay_is(relay);
            world.passes(TWO_MINUTES + TWO_MINUTES / 2).await;
            assert!(world.beacon_was_asked() > 0, "{relay:?}");
            assert!(waits(&bea).await, "{relay:?}");
            // The chat goes on meanwhile.
            ann.says("@bea", "is it open?").await;
            bea.hears("@ann", "is it open?").await;
            world.relay_is(Relay::Honest);
            assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID, "{relay:?}");
            nobody_is_alarmed(&[&ann, &bea]).await;
        });
    }
}

#[test]
fn a_device_that_is_told_a_later_time_asks_early_and_gets_nothing() {
    story(async |world| {
        let (ann, bea, sent) = one_waits(&world).await;
        bea.received_frames_pass(|frame| match frame {
            ServerFrame::Pong { server_time_ms } => {
                Fate::passes(ServerFrame::Pong { server_time_ms: server_time_ms + 86_400_000 })
            }
            other => Fate::passes(other),
        });
        world.passes(TWO_MINUTES - Duration::from_secs(10)).await;
        assert!(world.beacon_was_asked() > 0, "it asks before the time");
        assert!(waits(&bea).await);
        bea.nobody_meddles();
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn it_opens_where_the_server_is_gone_when_the_time_comes() {
    story(async |world| {
        let (_ann, bea, sent) = one_waits(&world).await;
        world.server_crashes().await;
        let opened = bea.sees_lock(sent.id, LockState::Opened).await;
        assert_eq!((opened.kind.as_str(), opened.text.as_str()), ("text", SAID));
    });
}

/// A member may send as many as it likes, also such as open at once.
#[test]
fn however_many_wait_the_device_goes_on_and_a_round_is_asked_for_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.has_settled().await;
        bea.stops().await;
        let many = Duration::from_secs(600);
        let mut last = None;
        for number in 0..150 {
            last = Some(ann.locks_by_beacon("@bea", &format!("{number}"), many).await);
        }
        world.passes(many + TWO_MINUTES).await;
        let asked = world.beacon_was_asked();
        bea.start();
        assert_eq!(bea.sees_lock(last.unwrap().id, LockState::Opened).await.text, "149");
        let waiting = async || {
            let locks = bea.lists_locks().await;
            locks.iter().filter(|message| message.lock.is_some_and(|lock| lock.state == LockState::Waiting)).count()
        };
        bea.until("all are open", async || waiting().await == 0).await;
        // They were locked within a few rounds.
        assert!(world.beacon_was_asked() - asked < 75, "{} questions", world.beacon_was_asked() - asked);
    });
}

#[test]
fn a_server_keeps_nothing_closed_by_what_it_says_of_the_time_or_by_saying_nothing_to_its_end() {
    story(async |world| {
        let (ann, bea, sent) = one_waits(&world).await;
        bea.received_frames_pass(|frame| match frame {
            ServerFrame::Pong { server_time_ms } => {
                Fate::passes(ServerFrame::Pong { server_time_ms: server_time_ms - 86_400_000 })
            }
            other => Fate::passes(other),
        });
        world.passes(TWO_MINUTES + TWO_MINUTES / 2).await;
        assert!(!waits(&bea).await);
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
    story(async |world| {
        let (_ann, bea, sent) = one_waits(&world).await;
        bea.received_frames_pass(|frame| match frame {
            ServerFrame::CaughtUp {} => Fate::Becomes(vec![]),
            other => Fate::passes(other),
        });
        bea.stops().await;
        bea.start();
        world.passes(TWO_MINUTES + TWO_MINUTES / 2).await;
        assert!(waits(&bea).await, "it may hear yet that the message was withdrawn");
        world.passes(Duration::from_secs(600)).await;
        assert!(!waits(&bea).await);
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
    });
}

#[test]
fn a_device_that_could_ask_nobody_for_long_opens_within_minutes_of_when_it_can() {
    story(async |world| {
        let (_ann, bea, sent) = one_waits(&world).await;
        world.relay_is(Relay::Unreachable);
        world.passes(Duration::from_secs(12 * 3600)).await;
        assert!(waits(&bea).await);
        world.relay_is(Relay::Honest);
        world.passes(Duration::from_secs(360)).await;
        assert!(!waits(&bea).await);
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
    });
}

#[test]
fn a_device_that_knows_another_chain_opens_nothing_until_it_is_told_of_the_right_one() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.stops().await;
        bea.knows_chain(ChainKey::made_of(9, 1_692_803_367, 3).chain);
        bea.start();
        bea.is_connected().await;
        let sent = ann.locks_by_beacon("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        world.passes(2 * TWO_MINUTES).await;
        assert!(waits(&bea).await);
        bea.stops().await;
        bea.knows_chain(world.beacon().chain.clone());
        bea.start();
        assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        assert_eq!(ann.sees_lock(sent.id, LockState::Opened).await.text, SAID);
    });
}

#[test]
fn it_can_be_withdrawn_before_its_time_and_not_behind_it() {
    story(async |world| {
        let (ann, bea, sent) = one_waits(&world).await;
        ann.withdraws(sent.id).await.unwrap();
        bea.until("it is withdrawn", async || bea.lists_locks().await.is_empty()).await;
        world.passes(2 * TWO_MINUTES).await;
        assert!(!bea.everything_stored().iter().any(|value| contains(value, b"swift")));
        assert_eq!(world.beacon_was_asked(), 0);
        // Where it can't be opened yet but its time is over, others may have opened it.
        world.relay_is(Relay::Unreachable);
        let late = ann.locks_by_beacon("@bea", SAID, TWO_MINUTES).await;
        world.passes(TWO_MINUTES + Duration::from_secs(5)).await;
        let refused = ann.withdraws(late.id).await;
        assert!(matches!(&refused, Err(Failure::Refused { code: ErrorCode::TimeLockOpened, .. })), "{refused:?}");
    });
}

#[test]
fn files_open_by_the_beacon_too_and_are_refused_where_the_server_would_not_keep_them() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let path = ann.has_a_file("plan.txt", b"the plan");
        let decade = Duration::from_secs(9 * 365 * 24 * 3600);
        let refused = ann.locks_files_by_beacon(locked_file("@bea", &path), decade).await;
        assert!(matches!(&refused, Err(Failure::Invalid { reason }) if reason.contains("keep files")), "{refused:?}");
        let sent = ann.locks_files_by_beacon(locked_file("@bea", &path), TWO_MINUTES).await.unwrap();
        let seen = bea.sees_lock(sent.id, LockState::Waiting).await;
        assert_eq!((seen.kind.as_str(), seen.files.len(), seen.lock.unwrap().files), ("timed", 0, 1));
        assert!(bea.begins_to_fetch(sent.id, 1).await.is_err());
        let opened = bea.sees_lock(sent.id, LockState::Opened).await;
        assert_eq!((opened.kind.as_str(), opened.text.as_str()), ("file", "look"));
        let fetched = bea.fetches(sent.id, 1).await;
        assert_eq!(std::fs::read(fetched).unwrap(), b"the plan");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}
