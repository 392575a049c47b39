//! Stories of whole worlds: engines, a server, and everything that can go wrong between them.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on should stop")]

mod annotated_under_faults;
mod annotations;
mod bad_networks;
mod bans;
mod cards;
mod competing;
mod contested;
mod copies;
mod crashes;
mod crowds;
mod engines;
mod expired_welcomes;
mod false_words;
mod files;
mod files_forged;
mod files_under_faults;
mod files_without_room;
mod full_servers;
mod history;
mod history_attacked;
mod hostile_servers;
mod kept_worlds;
mod key_packages;
mod old_states;
mod own_files;
mod passwords;
mod presence;
mod recovery_key_only;
mod recovery_keys;
mod registrations;
mod renewals;
mod repairs;
mod reports;
mod requests;
mod restored_servers;
mod rooms;
mod second_factors;
mod secrecy;
mod sessions;
mod settings;
mod short_runs;
mod silence;
mod stolen_identities;
mod sureness;
mod talking;
mod time_locks;
mod time_locks_attacked;
mod time_locks_by_beacon;
mod time_locks_vanishing;
mod vanishing;
mod vanishing_pictures;
mod vanishing_under_faults;
mod versions;

use huis_testkit::{Device, World};
use huis_views::Notice;

/// Two people who know each other: bea has accepted ann's request.
async fn two_friends(world: &World) -> (Device, Device) {
    let (ann, bea) = (world.account("ann").await, world.account("bea").await);
    ann.says("@bea", "hello").await;
    bea.accepts("@ann").await;
    ann.has_settled().await;
    bea.has_settled().await;
    (ann, bea)
}

/// Whether a notice says that something was lost, forged or cannot be read.
fn is_alarming(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::Gap { .. }
            | Notice::MissingFrom { .. }
            | Notice::CounterRepeated { .. }
            | Notice::Forked { .. }
            | Notice::Hole { .. }
            | Notice::Unreadable { .. }
            | Notice::InvalidCommit { .. }
            | Notice::ShutOut { .. }
            | Notice::Repairing { .. }
            | Notice::IdentityChanged { .. }
            | Notice::OwnIdentityChanged
            | Notice::DeviceListRefused { .. }
            | Notice::AccountStateRefused { .. }
            | Notice::ArchiveRefused { .. }
            | Notice::HistoryIncomplete { .. }
            | Notice::UnexpectedMembers { .. }
            | Notice::JoinFailed { .. }
            | Notice::OldCopy
            | Notice::Unknown { .. }
    )
}

/// Nothing alarming was noticed by any of these.
async fn nobody_is_alarmed(devices: &[&Device]) {
    for device in devices {
        let alarming: Vec<Notice> = device.noticed().await.into_iter().filter(is_alarming).collect();
        assert_eq!(alarming, [], "what {device:?} noticed");
    }
}
