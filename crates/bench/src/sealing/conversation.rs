//! A conversation of any size. Two of its members live: the founder, who speaks, and a reader. The others have an
//! account of their own each, with one device and one key package, and never do anything.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use huis_core::directory::{AccountDevices, KnownDevices};
use huis_core::groups::key_packages::{self, Use};
use huis_core::groups::{Change, Expectation, Group, PreparedCommit, VerifiedKeyPackage};
use huis_core::identity::{IdentitySecret, LocalDevice, next_device_list};
use huis_core::store::GroupStore;
use huis_proto::device_list::ListedDevice;
use huis_proto::{AccountId, ConversationId, ConversationKind, MessageId, limits};
use rand::rngs::OsRng;

use super::store::CountingStore;

/// A device that does something.
pub(super) struct Person {
    pub(super) me: LocalDevice,
    pub(super) store: CountingStore,
    pub(super) group: Group,
}

/// The conversation and how long it took to come about.
pub(super) struct Conversation {
    pub(super) id: ConversationId,
    pub(super) known: KnownDevices,
    /// The accounts of all members, with their device lists.
    pub(super) accounts: Vec<AccountId>,
    pub(super) founder: Person,
    pub(super) reader: Person,
    /// Adding all members to a group of one: commits of up to [`limits::JOINS_PER_COMMIT`] joins each, built and
    /// merged.
    pub(super) added_in: Duration,
    /// Checking their key packages before.
    pub(super) verified_in: Duration,
    /// Joining by the last welcome.
    pub(super) welcomed_in: Duration,
    pub(super) welcome_bytes: usize,
    /// The GroupInfo after the last commit, for joining by oneself.
    pub(super) group_info: Vec<u8>,
}

impl Conversation {
    /// A group with `leaves` members, at least two.
    pub(super) fn of(leaves: usize) -> anyhow::Result<Self> {
        ensure!(leaves >= 2, "a conversation has at least two members");
        let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let mut known = KnownDevices::default();
        let founder = register(&mut known)?;
        let (founder_store, reader_store) = (CountingStore::default(), CountingStore::default());
        let id = ConversationId::random(&mut OsRng);
        let (mut group, _) = Group::create(&founder_store, &founder, id, ConversationKind::Group, &[], &known)?;

        let mut accounts = vec![founder.member.account];
        let mut offered = Vec::with_capacity(leaves);
        for _ in 2..leaves {
            let device = register(&mut known)?;
            accounts.push(device.member.account);
            // Its private keys are lost at once: it never opens anything.
            let package = key_packages::make(&CountingStore::default(), &device, Use::Once, now_ms)?;
            offered.push((device.member, package));
        }
        // The last one, so that the last welcome is made for it.
        let reader = register(&mut known)?;
        accounts.push(reader.member.account);
        offered.push((reader.member, key_packages::make(&reader_store, &reader, Use::Once, now_ms)?));

        let began = Instant::now();
        let mut packages = Vec::with_capacity(offered.len());
        for (member, package) in &offered {
            packages.push(VerifiedKeyPackage::verify(package, *member, &known, now_ms)?);
        }
        let verified_in = began.elapsed();

        let began = Instant::now();
        let mut last = None;
        for portion in packages.chunks(limits::JOINS_PER_COMMIT) {
            let change = Change::Invite(portion.to_vec());
            let commit = group.prepare(&founder_store, &founder, &known, MessageId::random(&mut OsRng), change)?;
            group.accept_pending(&founder_store, commit.id, &commit.hash)?;
            last = Some(commit);
        }
        let added_in = began.elapsed();

        let commit = last.context("nobody was added")?;
        let welcome = commit.welcome.as_deref().context("a commit that adds members has a welcome")?;
        let began = Instant::now();
        let expectation = Expectation { conversation: id, kind: None, accounts: None, fetched: &[] };
        let joined =
            Group::join_from_welcome(&reader_store, &reader, &known, welcome, commit.follows + 1, &expectation)?;
        let welcomed_in = began.elapsed();
        ensure!(joined.group.members().len() == leaves, "the group has another size than was wanted");
        Ok(Self {
            id,
            known,
            accounts,
            founder: Person { me: founder, store: founder_store, group },
            reader: Person { me: reader, store: reader_store, group: joined.group },
            added_in,
            verified_in,
            welcomed_in,
            welcome_bytes: welcome.len(),
            group_info: commit.group_info,
        })
    }

    /// A further device of the founder's account joins by itself. Gives the time until the group is usable, and the
    /// commit.
    pub(super) fn join_externally(&mut self) -> anyhow::Result<(Duration, PreparedCommit)> {
        let store = CountingStore::default();
        let follows = self.founder.group.commit_counter();
        // The device takes the founder's place: its old leaf goes with the same commit.
        let me = &self.founder.me;
        let began = Instant::now();
        let expectation = Expectation { conversation: self.id, kind: None, accounts: None, fetched: &[] };
        let id = MessageId::random(&mut OsRng);
        let commit = Group::join_externally(&store, me, &self.known, &self.group_info, id, follows, &expectation)?;
        Group::accept_join(&store, self.id, commit.id, &commit.hash)?;
        Ok((began.elapsed(), commit))
    }

    /// What is known of all members' devices.
    pub(super) fn devices(&self) -> impl Iterator<Item = AccountDevices> + '_ {
        self.accounts.iter().filter_map(|account| self.known.get(*account).cloned())
    }
}

impl Person {
    /// The same device once more.
    pub(super) fn again(&self) -> LocalDevice {
        LocalDevice {
            member: self.me.member,
            secret: huis_core::identity::DeviceSecret::from_bytes(self.me.secret.expose()),
        }
    }

    /// Puts the group as it is into another store, and gives it from there.
    pub(super) fn copy_into(&self, store: &dyn GroupStore, id: ConversationId) -> anyhow::Result<Group> {
        self.store.copy_into(store)?;
        Group::load(store, id)?.context("the group was not copied")
    }
}

/// An account with one device, whose list is known.
fn register(known: &mut KnownDevices) -> anyhow::Result<LocalDevice> {
    let identity = IdentitySecret::random(&mut OsRng);
    let account = AccountId::random(&mut OsRng);
    let device = LocalDevice::generate(&mut OsRng, account);
    let listed = ListedDevice { device: device.member.device, signature_key: device.secret.public(), added_at_ms: 0 };
    let list = identity.sign_device_list(&next_device_list(account, identity.key(), None, 0, 1, vec![listed]));
    known.accept(account, &identity.key(), &[list])?;
    Ok(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_has_the_size_that_was_asked_for_and_can_be_joined() {
        let mut conversation = Conversation::of(3).unwrap();
        assert_eq!(conversation.accounts.len(), 3);
        assert_eq!(conversation.devices().count(), 3);
        assert_eq!(conversation.founder.group.members(), conversation.reader.group.members());
        let (_, commit) = conversation.join_externally().unwrap();
        assert_eq!(commit.data.author, conversation.founder.me.member);
        assert!(Conversation::of(1).is_err());
    }
}
