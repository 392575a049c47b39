//! Stories of conversations, told with a made-up server: a log, a commit counter, and what it hands out.

mod ageing;
mod comparing;
mod forgeries;
mod garbage;
mod joining;
mod presence;
mod silence;
mod stories;
mod time_locks;

use huis_proto::device_list::{ListedDevice, SignedDeviceList};
use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, Member, MessageId};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};

use super::key_packages::{self, Use};
use super::*;
use crate::content::{Content, Draft};
use crate::identity::{IdentitySecret, list_position, next_device_list};
use crate::store::MemoryGroupStore;

/// Key packages carry lifetimes that OpenMLS compares with the real clock.
fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

const ROOM: ConversationId = ConversationId::from_bytes([0xcc; 16]);

/// An account with its chain of device lists.
struct Account {
    id: AccountId,
    identity: IdentitySecret,
    listed: Vec<ListedDevice>,
    lists: Vec<SignedDeviceList>,
}

impl Account {
    fn new(byte: u8) -> Self {
        let identity = IdentitySecret::from_bytes(&[byte; 32]);
        Self { id: AccountId::from_bytes([byte; 16]), identity, listed: vec![], lists: vec![] }
    }

    fn device(&mut self, rng: &mut StdRng) -> Device {
        let me = LocalDevice::generate(rng, self.id);
        let listed = ListedDevice { device: me.member.device, signature_key: me.secret.public(), added_at_ms: 0 };
        self.listed.push(listed);
        self.sign();
        Device::new(me, rng.next_u64())
    }

    fn revoke(&mut self, member: Member) {
        self.listed.retain(|listed| listed.device != member.device);
        self.sign();
    }

    /// Hands over to another identity, and leaves this device alone on the list.
    fn renews(&mut self, keeps: Member) {
        let to = IdentitySecret::from_bytes(&[self.id.as_bytes()[0] ^ 0x80; 32]);
        self.listed.retain(|listed| listed.device == keeps.device);
        let previous = self.lists.last().map(|list| list_position(list).unwrap());
        let list = next_device_list(self.id, to.key(), previous, 0, 1, self.listed.clone());
        self.lists.push(self.identity.hand_over(&to, &list));
        self.identity = to;
    }

    fn sign(&mut self) {
        let previous = self.lists.last().map(|list| list_position(list).unwrap());
        let list = next_device_list(self.id, self.identity.key(), previous, 0, 1, self.listed.clone());
        self.lists.push(self.identity.sign_device_list(&list));
    }
}

/// A device with all that it keeps.
struct Device {
    me: LocalDevice,
    store: MemoryGroupStore,
    known: KnownDevices,
    rng: StdRng,
    counter: u64,
    group: Option<Group>,
}

impl Device {
    fn new(me: LocalDevice, seed: u64) -> Self {
        let (store, known) = (MemoryGroupStore::default(), KnownDevices::default());
        Self { me, store, known, rng: StdRng::seed_from_u64(seed), counter: 0, group: None }
    }

    fn learns(&mut self, accounts: &[&Account]) {
        for account in accounts {
            let from = self.known.newest_number(account.id) as usize;
            self.known.accept(account.id, &account.identity.key(), &account.lists[from..]).unwrap();
        }
    }

    fn member(&self) -> Member {
        self.me.member
    }

    fn group(&mut self) -> &mut Group {
        self.group.as_mut().unwrap()
    }

    fn key_package(&self) -> Vec<u8> {
        key_packages::make(&self.store, &self.me, Use::Once, now_ms()).unwrap()
    }

    fn verified(&self, other: &Self) -> VerifiedKeyPackage {
        VerifiedKeyPackage::verify(&other.key_package(), other.member(), &self.known, now_ms()).unwrap()
    }

    fn id(&mut self) -> MessageId {
        MessageId::random(&mut self.rng)
    }

    fn creates(&mut self, kind: ConversationKind, others: &[&Account]) -> Vec<u8> {
        let others: Vec<_> = others.iter().map(|account| account.id).collect();
        let (group, info) = Group::create(&self.store, &self.me, ROOM, kind, &others, &self.known).unwrap();
        self.group = Some(group);
        info
    }

    fn prepares(&mut self, change: Change) -> Result<PreparedCommit, PrepareError> {
        let id = self.id();
        self.group.as_mut().unwrap().prepare(&self.store, &self.me, &self.known, id, change)
    }

    fn accepted(&mut self, commit: &PreparedCommit) -> CommitSummary {
        self.group.as_mut().unwrap().accept_pending(&self.store, commit.id, &commit.hash).unwrap()
    }

    /// Builds a commit, which the server accepts.
    fn commits(&mut self, change: Change) -> PreparedCommit {
        let commit = self.prepares(change).unwrap();
        self.accepted(&commit);
        commit
    }

    fn says(&mut self, text: &str) -> Sent {
        let content = Content::text(text).unwrap();
        self.sends(&content).unwrap()
    }

    fn sends(&mut self, content: &Content) -> Result<Sent, SealError> {
        let id = self.id();
        self.counter += 1;
        let draft = Draft { id, content, sent_at_ms: 5, counter: self.counter, last_seen: None };
        let outgoing = self.group.as_mut().unwrap().seal(&self.store, &self.me, &mut self.rng, &draft)?;
        Ok(Sent::new(outgoing.bytes, self.member(), id, outgoing.data.follows))
    }

    fn leaves(&mut self) -> Sent {
        let id = self.id();
        let outgoing = self.group.as_mut().unwrap().leave(&self.store, &self.me, id).unwrap();
        Sent::new(outgoing.bytes, self.member(), id, outgoing.data.follows)
    }

    fn tries(&mut self, sent: &Sent) -> Result<Opened, OpenError> {
        self.tries_having_fetched(sent, &[])
    }

    fn tries_having_fetched(&mut self, sent: &Sent, fetched: &[AccountId]) -> Result<Opened, OpenError> {
        let entry = Entry { payload: &sent.bytes, sender: sent.sender, id: sent.id, follows: sent.follows, fetched };
        self.group.as_mut().unwrap().open(&self.store, &self.me, &self.known, &entry)
    }

    fn hears(&mut self, sent: &Sent) -> String {
        match self.tries(sent).unwrap() {
            Opened::Message(message) => match message.content {
                Content::Text { body, .. } => body,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn merges(&mut self, sent: &Sent) -> CommitSummary {
        match self.tries(sent).unwrap() {
            Opened::Commit(summary) => summary,
            other => panic!("{other:?}"),
        }
    }

    fn skips(&mut self, sent: &Sent) -> Breach {
        match self.tries(sent).unwrap() {
            Opened::Skipped(breach) => breach,
            other => panic!("{other:?}"),
        }
    }

    fn joins_by(&mut self, commit: &PreparedCommit) -> Result<JoinedGroup, JoinError> {
        let expectation = Expectation { conversation: ROOM, kind: None, accounts: None, fetched: &[] };
        let welcome = commit.welcome.as_ref().unwrap();
        Group::join_from_welcome(&self.store, &self.me, &self.known, welcome, commit.follows + 1, &expectation)
    }

    fn joins(&mut self, commit: &PreparedCommit) {
        self.group = Some(self.joins_by(commit).unwrap().group);
    }

    fn joins_externally(&mut self, info: &[u8], follows: u64) -> Result<PreparedCommit, JoinError> {
        let id = self.id();
        let expectation = Expectation { conversation: ROOM, kind: None, accounts: None, fetched: &[] };
        Group::join_externally(&self.store, &self.me, &self.known, info, id, follows, &expectation)
    }

    fn is_in(&mut self, commit: &PreparedCommit) {
        self.group = Some(Group::accept_join(&self.store, ROOM, commit.id, &commit.hash).unwrap());
    }

    /// The device starts again and reads everything from its store.
    fn restarts(&mut self) {
        self.group = Group::load(&self.store, ROOM).unwrap();
    }
}

/// An entry of the log.
#[derive(Clone)]
struct Sent {
    bytes: Vec<u8>,
    sender: Member,
    id: MessageId,
    follows: u64,
}

impl Sent {
    fn new(bytes: Vec<u8>, sender: Member, id: MessageId, follows: u64) -> Self {
        Self { bytes, sender, id, follows }
    }

    fn commit(commit: &PreparedCommit) -> Self {
        Self::new(commit.commit.clone(), commit.data.author, commit.id, commit.follows)
    }
}

/// Accounts, each with one device that knows all accounts.
fn people<const N: usize>() -> ([Account; N], [Device; N]) {
    let mut rng = StdRng::seed_from_u64(7);
    let mut accounts: [Account; N] = std::array::from_fn(|n| Account::new(n as u8 + 1));
    let mut devices: [Device; N] = std::array::from_fn(|n| accounts[n].device(&mut rng));
    let all: Vec<&Account> = accounts.iter().collect();
    devices.iter_mut().for_each(|device| device.learns(&all));
    (accounts, devices)
}

/// A group of these people, all of them in it, created by the first.
fn group_of<const N: usize>(kind: ConversationKind) -> ([Account; N], [Device; N]) {
    let (accounts, mut devices) = people::<N>();
    let others: Vec<&Account> = accounts[1..].iter().collect();
    let (founder, rest) = devices.split_first_mut().unwrap();
    founder.creates(kind, &others);
    let packages = rest.iter().map(|device| founder.verified(device)).collect();
    let commit = founder.commits(Change::Invite(packages));
    rest.iter_mut().for_each(|device| device.joins(&commit));
    (accounts, devices)
}
