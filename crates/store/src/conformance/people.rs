//! Accounts, devices and conversations to tell stories with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use huis_proto::device_list::SignedDeviceList;
use huis_proto::frames::LogEntry;
use huis_proto::opaque::StretchParameters;
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, ConversationKind, DeviceId, Member, MessageId};

use crate::{Append, AppendCommit, Appended, Create, Creation, Franking, NewAccount, SharedStore, Swap};

/// A MAC that shows what it was made over.
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingFranking;

impl Franking for CountingFranking {
    fn mac(
        &self,
        commitment: &Bytes32,
        conversation: ConversationId,
        author: Member,
        seq: u64,
        received_at_ms: u64,
    ) -> Bytes32 {
        let mut mac = [0; 32];
        for (place, byte) in mac.iter_mut().enumerate() {
            *byte = commitment.0[place] ^ conversation.as_bytes()[place % 16] ^ author.device.as_bytes()[place % 16];
        }
        mac[..8].copy_from_slice(&seq.to_be_bytes());
        mac[8..16].copy_from_slice(&received_at_ms.to_be_bytes());
        Bytes32(mac)
    }
}

/// A store with people in it. Ids are counted, so that a failing story reads the same each time.
#[derive(Clone)]
pub struct People {
    /// The store.
    pub store: SharedStore,
    counter: Arc<AtomicU64>,
}

impl People {
    /// Nobody yet.
    pub fn new(store: SharedStore) -> Self {
        Self::beginning_at(store, 1)
    }

    /// Nobody yet, whose ids and names are counted from here on.
    pub fn beginning_at(store: SharedStore, number: u64) -> Self {
        Self { store, counter: Arc::new(AtomicU64::new(number)) }
    }

    /// The next number, for ids and submission counters.
    pub fn next(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// An id that was not there before.
    pub fn id(&self) -> [u8; 16] {
        let mut id = [0xa5; 16];
        id[8..].copy_from_slice(&self.next().to_be_bytes());
        id
    }

    /// An account with one device.
    pub async fn account(&self) -> Member {
        let member = self.stranger();
        let account = self.new_account(member, &format!("name-{}", self.next()));
        let created = self.store.create_account(account).await;
        assert_eq!(created.expect("an answer"), Creation::Created);
        member
    }

    /// A device of an account, neither of which exists.
    pub fn stranger(&self) -> Member {
        Member { account: AccountId::from_bytes(self.id()), device: DeviceId::from_bytes(self.id()) }
    }

    /// What the account with this one device begins with.
    pub fn new_account(&self, member: Member, name: &str) -> NewAccount {
        NewAccount {
            account: member.account,
            username: name.into(),
            skeleton: name.into(),
            email: None,
            claims_super_administrator: false,
            opaque: Bytes(b"opaque".to_vec()),
            stretch: StretchParameters::NEW_ACCOUNTS,
            identity_key: Bytes32([1; 32]),
            recovery_key: Bytes32([2; 32]),
            device_list: device_list(1),
            devices: vec![member.device],
            vault: Bytes(b"vault 1".to_vec()),
            account_state: Bytes(b"state 1".to_vec()),
            created_at_ms: 1,
        }
    }

    /// Publishes the account's next device list.
    pub async fn list(&self, account: AccountId, devices: &[Member]) {
        let found = self.store.account(account).await.expect("an answer");
        let number = found.expect("the account").device_list_number + 1;
        let devices = devices.iter().map(|member| member.device).collect();
        let list = device_list(number);
        let put = self.store.put_device_list(account, number, list, devices);
        assert_eq!(put.await.expect("an answer"), Swap::Stored);
    }

    /// A second device of the account, listed beside those.
    pub async fn second_device(&self, of: Member) -> Member {
        let second = Member { account: of.account, device: DeviceId::from_bytes(self.id()) };
        self.list(of.account, &[of, second]).await;
        second
    }

    /// A group with these members, the first of whom made it by one commit.
    pub async fn group(&self, members: &[Member]) -> ConversationId {
        let create = self.create(ConversationKind::Group, members);
        let conversation = create.conversation;
        stored(self.store.create_conversation(create).await);
        conversation
    }

    /// What creates a conversation of these members.
    pub fn create(&self, kind: ConversationKind, members: &[Member]) -> Create {
        let (creator, others) = members.split_first().expect("a creator");
        let conversation = ConversationId::from_bytes(self.id());
        let mut first = self.commit(conversation, *creator, 0);
        first.joins = others.to_vec();
        first.welcome = Some(Bytes(b"welcome".to_vec()));
        Create {
            conversation,
            kind,
            creator: *creator,
            peer: None,
            room: None,
            group_info: Bytes(b"group info 0".to_vec()),
            submission: first.submission,
            first_commit: Some(first),
            created_at_ms: 5,
        }
    }

    /// A commit that changes nobody.
    pub fn commit(&self, conversation: ConversationId, author: Member, follows: u64) -> AppendCommit {
        AppendCommit {
            conversation,
            id: MessageId::from_bytes(self.id()),
            author,
            submission: self.next(),
            follows,
            external: false,
            joins: Vec::new(),
            leaves: Vec::new(),
            out: Vec::new(),
            commit: Bytes(b"commit".to_vec()),
            welcome: None,
            group_info: Bytes(format!("group info {}", follows + 1).into_bytes()),
            seen: u64::MAX,
            received_at_ms: 10,
        }
    }

    /// A commit by which a device joins alone.
    pub fn external(&self, conversation: ConversationId, author: Member, follows: u64) -> AppendCommit {
        AppendCommit { external: true, joins: vec![author], ..self.commit(conversation, author, follows) }
    }

    /// A message of 7 bytes.
    pub fn message(&self, conversation: ConversationId, author: Member, follows: u64) -> Append {
        Append {
            conversation,
            id: MessageId::from_bytes(self.id()),
            author,
            submission: self.next(),
            follows,
            commitment: Some(Bytes32([9; 32])),
            leaves: Vec::new(),
            files: Vec::new(),
            files_end_at_ms: 0,
            lock: None,
            payload: Bytes(b"message".to_vec()),
            received_at_ms: 20,
        }
    }

    /// A leave proposal of these devices, the first of whom sends it.
    pub fn leave(&self, conversation: ConversationId, leaves: &[Member], follows: u64) -> Append {
        let author = *leaves.first().expect("a leaver");
        Append { commitment: None, leaves: leaves.to_vec(), ..self.message(conversation, author, follows) }
    }

    /// Says something, which must be stored.
    pub async fn says(&self, conversation: ConversationId, author: Member, follows: u64) -> LogEntry {
        let message = self.message(conversation, author, follows);
        stored(self.store.append(message).await)
    }

    /// The places of the entries that the device can read behind `after`.
    pub async fn reads(&self, conversation: ConversationId, device: Member, after: u64) -> Vec<u64> {
        let page = self.store.log_page(device, conversation, after, 1000, 1 << 20).await.expect("a page");
        page.entries.iter().map(|entry| entry.seq).collect()
    }

    /// Acknowledges up to `seq`.
    pub async fn acks(&self, conversation: ConversationId, device: Member, seq: u64) {
        let acked = self.store.acknowledge(device, vec![(conversation, seq)]);
        acked.await.expect("acknowledged");
    }

    /// Where the device stands: acknowledged, and last that it may have.
    pub async fn cursor(&self, conversation: ConversationId, device: Member) -> Option<(u64, u64)> {
        let cursors = self.store.cursors(device).await.expect("cursors");
        cursors.iter().find(|cursor| cursor.conversation == conversation).map(|cursor| (cursor.acked, cursor.last))
    }

    /// The accounts that take part, as one of them is told.
    pub async fn accounts(&self, conversation: ConversationId, asker: Member) -> Vec<AccountId> {
        let info = self.store.conversation(asker, conversation).await;
        let mut accounts = info.expect("an answer").map(|info| info.accounts).unwrap_or_default();
        accounts.sort_unstable();
        accounts
    }

    /// Who may have the newest entries, in order.
    pub async fn recipients(&self, conversation: ConversationId) -> Vec<Member> {
        sorted(self.store.recipients(conversation).await.expect("an answer"))
    }
}

/// A device list with made-up bytes.
pub(super) fn device_list(number: u64) -> SignedDeviceList {
    SignedDeviceList {
        list: Bytes(format!("list {number}").into_bytes()),
        signature: Bytes(format!("signature {number}").into_bytes()),
        handover: None,
    }
}

/// The entry of what must have been stored.
pub(super) fn stored(answer: crate::StoreResult<Appended>) -> LogEntry {
    match answer.expect("an answer") {
        Appended::Stored(entry) => entry,
        other => panic!("not stored, but {other:?}"),
    }
}

/// The members in order.
pub(super) fn sorted(mut members: Vec<Member>) -> Vec<Member> {
    members.sort_unstable();
    members
}
