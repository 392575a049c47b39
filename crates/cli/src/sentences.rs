//! What the engine noticed, as a person reads it.

use huis_views::{CountedFrom, Named, Notice, RepairReason, VanishTimer};

use crate::commands::at_name;

/// A notice in one sentence.
pub(crate) fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Repairing { reason } => {
            format!(
                "a conversation is joined anew, because {}; what was said meanwhile cannot be read here",
                repair(reason)
            )
        }
        Notice::Repaired { from_seq, to_seq } => {
            format!("the conversation was joined anew; entries {} to {to_seq} cannot be read here", from_seq + 1)
        }
        Notice::RepairDelayed { until_ms } => format!(
            "a conversation was joined anew too often; the next attempt follows at {}",
            huis_texts::readable(*until_ms)
        ),
        Notice::RepairCalledOff { reason } => format!(
            "{}; everything else is as the other members have it, so these were garbage and nothing is joined anew",
            repair(reason)
        ),
        Notice::Expired { seq } => {
            format!("messages up to entry {seq} expired on the server before this device fetched them")
        }
        Notice::Gap { from_seq, to_seq } => format!("the server did not deliver entries {from_seq} to {to_seq}"),
        Notice::MissingFrom { sender, count } => format!("{count} messages of {} are missing", at_name(sender)),
        Notice::CounterRepeated { sender } => format!(
            "a device of {} counts its messages anew: it runs from an old copy, or somebody replays old messages",
            at_name(sender)
        ),
        Notice::Forked { sender, seq } => format!(
            "{} saw another history than this device, from entry {seq} on: the server shows two",
            at_name(sender)
        ),
        Notice::Hole { sender, seq } => {
            format!("{} saw entry {seq}, which did not come here: the server may hold it back", at_name(sender))
        }
        Notice::Unreadable { seq, reason } => format!("entry {seq} could not be read and was passed over: {reason}"),
        Notice::InvalidCommit { seq, reason } => {
            format!("the change at entry {seq} broke a rule, and all members pass it over: {reason}")
        }
        Notice::ShutOut { seq } => format!(
            "by the change at entry {seq}, which broke a rule, the server shuts this device out of a conversation until others \
             contest it as well; if it stays silent, open another conversation with those whom you trust"
        ),
        Notice::IdentityChanged { account, handed_over, was_verified: true } => format!(
            "you had compared the safety number with {name}, and the identity key is another one since{how}; what is written to \
             {name}, in groups as well, waits here until you compare anew (`huis verify {name}`), or go on without by \
             `huis verify {name} --accept-change`",
            name = at_name(account),
            how = if *handed_over {
                ": the one before has signed the account over, which somebody who stole that one could do as well"
            } else {
                ": somebody may be between you"
            },
        ),
        Notice::IdentityChanged { account, handed_over: true, .. } => format!(
            "{name} has another identity key, to which the one before has signed the account over; somebody who stole that one \
             could do this as well, so nothing is sent to {name} alone before you compare the safety number (`huis verify {name}`), \
             or go on without by `huis verify {name} --accept-change`",
            name = at_name(account)
        ),
        Notice::TimerSet { by, timer: None } => format!("{} set messages to stay", at_name(by)),
        Notice::TimerSet { by, timer: Some(VanishTimer { after_s, from }) } => {
            let from = match from {
                CountedFrom::Reading => "read",
                CountedFrom::Sending => "sent",
            };
            format!(
                "{} set messages to vanish {after_s} s after they are {from}; whoever wants to keep a copy can",
                at_name(by)
            )
        }
        Notice::RecoveryKeyChanged => {
            "your account has another recovery key, which another one of your devices made; the one before opens nothing any \
             more; if that was not you, somebody knows your password: renew your identity by `huis identity renew`"
                .into()
        }
        Notice::SecondFactorChanged { enabled: true } => {
            "another one of your devices has turned the second factor on: signing in, and the recovery key, need a code as well \
             from now on; if that was not you, somebody knows your password and is signed in as you, which cannot be undone from \
             here: keep this device signed in, and tell your contacts and whoever looks after the server"
                .into()
        }
        Notice::SecondFactorChanged { enabled: false } => {
            "another one of your devices has turned the second factor off: the password alone is enough to sign in; if that was \
             not you, somebody knows your password and had a code: renew your identity by `huis identity renew`"
                .into()
        }
        Notice::IdentityRenewed => {
            "your account has the new identity key that you asked for, and this is its only device; if you were not shown the \
             new recovery key, `huis identity renew` shows it"
                .into()
        }
        Notice::OwnIdentityChanged => {
            "your account has another identity key, which this device did not ask for; if you did not renew it yourself, \
             somebody who stole the one before has taken your account: tell your contacts by another way"
                .into()
        }
        Notice::IdentityChanged { account, handed_over: false, .. } => format!(
            "the identity key of {name} has changed; nothing is sent to {name} before you compare the safety number \
             (`huis verify {name}`), or go on without by `huis verify {name} --accept-change`",
            name = at_name(account)
        ),
        Notice::DeviceListRefused { account, reason } => {
            format!("the server showed a list of the devices of {} that is not acceptable: {reason}", at_name(account))
        }
        Notice::AccountStateRefused { reason } => {
            format!("the server showed a state of your account that is not acceptable: {reason}")
        }
        Notice::ArchiveRefused { reason } => {
            format!("the server showed a history archive that is not acceptable: {reason}")
        }
        Notice::HistoryIncomplete { count } => {
            format!("{count} parts of your history archive could not be restored on this device")
        }
        Notice::UnexpectedMembers { accounts } => format!(
            "a conversation has members that your account does not know ({}) and was not joined; if that is right, join it \
             with `huis room join ID --anyway`",
            names(accounts)
        ),
        Notice::JoinFailed { failure } => format!("a conversation could not be joined: {failure}"),
        Notice::OwnDeviceAdded { count } => format!(
            "your account has {}; if you did not add {}, take it off by `huis devices revoke`, and renew your identity by \
             `huis identity renew`: somebody knows your password",
            if *count == 1 { "a new device".into() } else { format!("{count} new devices") },
            if *count == 1 { "it" } else { "them" },
        ),
        Notice::DeviceAdded { account, count } => match count {
            1 => format!("{} has a new device", at_name(account)),
            count => format!("{} has {count} new devices", at_name(account)),
        },
        Notice::Removed { by } => format!("{} removed this device from a conversation", at_name(by)),
        Notice::OldCopy => {
            "this profile is an old copy or runs twice; all conversations are joined anew before anything \
                            is sent"
                .into()
        }
        Notice::ServerRestored => "the server was restored from a backup; what it lost is offered again".into(),
        Notice::VaultSetBack => {
            "the restored server may have the account's password and vault of an earlier time; if that password is known \
             to somebody else, set another one with `huis password`"
                .into()
        }
        Notice::VersionsApart { failure } => failure.to_string(),
        Notice::LostByServer => {
            "the restored server does not know this conversation, or that you are in it, any more; \
                                 what was said can still be read here; ask a member to invite you, or make it anew"
                .into()
        }
        Notice::WillNotOpen { message, sender, reason } => {
            format!("the locked message {message} of {} does not open: {reason}", at_name(sender))
        }
        Notice::NotDone { message, failure } => {
            format!("what was to be done to message {message} was refused, and is undone: {failure}")
        }
        Notice::Unknown { what } => format!("the server spoke of \"{what}\", which this version does not know"),
    }
}

fn repair(reason: &RepairReason) -> String {
    match reason {
        RepairReason::Unreadable { seq, detail } => format!("entry {seq} cannot be read here ({detail})"),
        RepairReason::Expired => "entries expired before they were fetched".into(),
        RepairReason::TakenOut => "this device was not heard for so long that a member took it out".into(),
        RepairReason::StateLost => "its state here cannot be read".into(),
        RepairReason::OldCopy => "this profile is an old copy".into(),
        RepairReason::Welcome { detail } => format!("the invitation could not be used ({detail})"),
        RepairReason::Gap => "entries were not delivered".into(),
        RepairReason::ServerRestored => "the server was restored from a backup".into(),
    }
}

fn names(accounts: &[Named]) -> String {
    accounts.iter().map(at_name).collect::<Vec<_>>().join(", ")
}
