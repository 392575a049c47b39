//! Who tries to read a locked message before its time, and with what.

use ciborium::Value;
use huis_core::account_state::AccountState;
use huis_core::content::Content;
use huis_core::time_locks::{Place, Timed, UnlockError};
use huis_proto::frames::ServerFrame;
use huis_proto::rest::ReleasedShare;
use huis_proto::{Bytes32, ErrorCode, TimeShare, codec};
use huis_testkit::{Device, Fate, PASSWORD, story};
use huis_views::{Failure, LockState, Notice, Sent};

use crate::time_locks::{TWO_MINUTES, contains};
use crate::{nobody_is_alarmed, two_friends};

const SAID: &str = "the heron leaves at midnight";

/// What a recipient holds of a locked message.
fn held(values: &[Vec<u8>]) -> Timed {
    let found = values.iter().find_map(|value| match Content::from_bytes(value) {
        Ok(Content::Timed(timed)) => Some(timed),
        _ => None,
    });
    found.expect("the locked message is in the database")
}

/// Every run of 32 bytes, of every value.
fn shares(values: &[Vec<u8>]) -> impl Iterator<Item = TimeShare> {
    let windows = values.iter().flat_map(|value| value.windows(32));
    windows.filter_map(|window| window.try_into().ok()).map(|bytes| TimeShare(Bytes32(bytes)))
}

/// A value, and what is packed in it: OpenMLS keeps its secrets as CBOR, some of them as arrays of numbers, in which no run of
/// bytes is one of the secret.
fn unpacked(value: &[u8]) -> Vec<Vec<u8>> {
    let mut found = vec![value.to_vec()];
    // Before the form of some stands its version.
    for form in [value, value.get(1..).unwrap_or_default()] {
        if let Ok(form @ (Value::Array(_) | Value::Map(_))) = ciborium::from_reader(form) {
            unpack(&form, &mut found);
        }
    }
    found
}

fn unpack(form: &Value, found: &mut Vec<Vec<u8>>) {
    match form {
        Value::Bytes(bytes) => found.extend(unpacked(bytes)),
        Value::Array(items) => {
            let number = |item: &Value| u8::try_from(item.as_integer()?).ok();
            match items.iter().map(number).collect::<Option<Vec<u8>>>() {
                Some(bytes) => found.extend(unpacked(&bytes)),
                None => items.iter().for_each(|item| unpack(item, found)),
            }
        }
        Value::Map(entries) => entries.iter().for_each(|(name, value)| {
            unpack(name, found);
            unpack(value, found);
        }),
        Value::Tag(_, form) => unpack(form, found),
        _ => {}
    }
}

/// All that the vault gives to who knows the password: its secrets, the keys that open it, and what these open.
async fn vault_of(person: &Device) -> Vec<Vec<u8>> {
    let (signed_in, vault, export_key) = person.vault_by(PASSWORD).await;
    let contents = vault.contents;
    let state = AccountState::open(&signed_in.account_state, &contents.state_key, signed_in.account, 0);
    vec![
        contents.identity.expose().to_vec(),
        contents.archive_seed.expose().to_vec(),
        contents.state_key.expose().to_vec(),
        export_key.expose().to_vec(),
        person.recovery_key().expose().as_bytes().to_vec(),
        signed_in.vault.to_vec(),
        codec::to_cbor(&state.unwrap().0),
        serde_json::to_vec(&signed_in).unwrap(),
    ]
}

async fn place(ann: &Device, sent: &Sent) -> Place {
    Place { conversation: sent.conversation, author: ann.member().await.account, message: sent.id }
}

#[test]
fn nothing_that_the_recipient_has_and_nothing_that_the_server_has_opens_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        let place = place(&ann, &sent).await;
        // The whole database, decrypted: messages, keys, and MLS state with all that is packed in it.
        let database = bea.everything_stored();
        let timed = held(&database);
        let mut beas: Vec<Vec<u8>> = database.iter().flat_map(|value| unpacked(value)).collect();
        let group = sent.conversation.as_bytes();
        assert!(
            beas.iter().filter(|value| *value == group).count()
                > database.iter().filter(|value| *value == group).count()
        );
        beas.extend(vault_of(&bea).await);
        assert!(!beas.iter().any(|value| contains(value, b"heron")));
        for share in shares(&beas) {
            assert_ne!(timed.open(&place, &share).map(|_| ()), Ok(()));
        }
        // The commitment is no share, and neither is nothing.
        for guess in [timed.lock.share, timed.share.0, Bytes32([0; 32])] {
            assert_eq!(timed.open(&place, &TimeShare(guess)).unwrap_err(), UnlockError::Share);
        }
        // The server has its share and none of what it opens.
        let servers = world.everything_the_server_stores();
        assert!(shares(&servers).any(|share| share.commitment() == timed.lock.share));
        let secrets: [&[u8]; 3] = [b"heron", &timed.sealed, &timed.share.0.0];
        for value in &servers {
            assert!(secrets.iter().all(|secret| !contains(value, secret)));
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_recipient_and_the_server_together_open_it_early() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        let (place, timed) = (place(&ann, &sent).await, held(&bea.everything_stored()));
        let servers = world.everything_the_server_stores();
        let opened = shares(&servers).find_map(|share| timed.open(&place, &share).ok());
        assert_eq!(opened.unwrap().0, Content::text(SAID).unwrap());
    });
}

#[test]
fn who_asks_early_is_told_when_and_gets_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        // A device that takes the time for a day later than it is asks at once.
        bea.received_frames_pass(|frame| match frame {
            ServerFrame::Pong { server_time_ms } => {
                let server_time_ms = server_time_ms + 86_400_000;
                Fate::passes(ServerFrame::Pong { server_time_ms })
            }
            other => Fate::passes(other),
        });
        world.passes(TWO_MINUTES / 2).await;
        assert_eq!(bea.lists_locks().await[0].lock.unwrap().state, LockState::Waiting);
        assert!(!bea.everything_stored().iter().any(|value| contains(value, b"heron")));
        bea.nobody_meddles();
        bea.sees_lock(sent.id, LockState::Opened).await;
    });
}

#[test]
fn a_clock_that_jumps_opens_nothing_and_the_chat_goes_on() {
    for jump_ms in [86_400_000, -86_400_000] {
        story(async move |world| {
            let (ann, bea) = two_friends(&world).await;
            let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
            bea.sees_lock(sent.id, LockState::Waiting).await;
            world.server_clock_is_wrong_by_ms(jump_ms);
            bea.loses_its_connection();
            bea.is_connected().await;
            ann.says("@bea", "what time is it?").await;
            bea.hears("@ann", "what time is it?").await;
            world.passes(3 * TWO_MINUTES).await;
            assert_eq!(bea.lists_locks().await[0].lock.unwrap().state, LockState::Waiting, "{jump_ms}");
            if jump_ms > 0 {
                let refused = ann.withdraws(sent.id).await;
                assert!(matches!(&refused, Err(Failure::Refused { code: ErrorCode::TimeUnsure, .. })), "{refused:?}");
            }
            world.server_clock_is_wrong_by_ms(0);
            assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, SAID);
        });
    }
}

#[test]
fn a_server_that_gives_another_share_opens_nothing_and_it_is_said() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        bea.answers_pass(|request, mut answer| {
            if request.path.contains("/time-locks/") && answer.status == 200 {
                let share = TimeShare(Bytes32([7; 32]));
                answer.body = serde_json::to_vec(&ReleasedShare { share }).unwrap();
            }
            Some(answer)
        });
        bea.sees_lock(sent.id, LockState::Broken).await;
        bea.notices("the wrong share", |notice| matches!(notice, Notice::WillNotOpen { .. })).await;
        assert_eq!(bea.lists_locks().await[0].text, "");
        ann.sees_lock(sent.id, LockState::Opened).await;
    });
}

#[test]
fn a_restored_server_releases_what_its_backup_holds_and_gets_back_what_it_lost() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let kept = ann.locks("@bea", "in the backup", TWO_MINUTES).await;
        bea.sees_lock(kept.id, LockState::Waiting).await;
        let backup = world.server_is_backed_up();
        let lost = ann.locks("@bea", "behind the backup", TWO_MINUTES).await;
        bea.sees_lock(lost.id, LockState::Waiting).await;
        world.server_is_restored_from(&backup).await;
        for device in [&ann, &bea] {
            device.notices("the restore", |notice| *notice == Notice::ServerRestored).await;
            device.has_settled().await;
        }
        for (sent, text) in [(&kept, "in the backup"), (&lost, "behind the backup")] {
            assert_eq!(bea.lists_locks().await.len(), 2);
            assert_eq!(bea.sees_lock(sent.id, LockState::Opened).await.text, text);
        }
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_replayed_withdrawal_of_another_message_changes_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let first = ann.locks("@bea", "first", TWO_MINUTES).await;
        let second = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(second.id, LockState::Waiting).await;
        ann.withdraws(first.id).await.unwrap();
        ann.withdraws(first.id).await.unwrap_err();
        bea.sees("it was taken back", first.id, |seen| seen.deleted_by.is_some()).await;
        assert_eq!(bea.sees_lock(second.id, LockState::Opened).await.text, SAID);
        let eva = world.account("eva").await;
        assert!(matches!(eva.withdraws(second.id).await, Err(Failure::Unknown { .. })));
    });
}
