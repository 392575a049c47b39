//! Decoders of `huis-core`: what a client reads that a server or another member wrote.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use huis_core::account_state::{AccountState, StateKey};
use huis_core::annotations::MessageRef;
use huis_core::card::Card;
use huis_core::content::{Content, CountedFrom, Draft, Quote, Stay, Timer, TimerSetting};
use huis_core::directory::{AccountDevices, KnownDevices};
use huis_core::groups::key_packages::{self, Use};
use huis_core::groups::{Change, Entry, Expectation, Group, Roster, VerifiedKeyPackage};
use huis_core::identity::{
    IdentityKey, IdentitySecret, LocalDevice, credential_bytes, member_of_credential, next_device_list,
};
use huis_core::password::{ExportKey, Identifiers, Registration, SignIn};
use huis_core::recovery::RecoveryKey;
use huis_core::safety::{Pair, Side};
use huis_core::store::MemoryGroupStore;
use huis_core::time_locks::{Place, Shares, Timed};
use huis_core::vault::{self, VaultContents};
use huis_proto::device_list::{ListedDevice, SignedDeviceList};
use huis_proto::opaque::StretchParameters;
use huis_proto::{AccountId, Bytes32, ConversationId, ConversationKind, Member, MessageId, codec};
use rand::rngs::OsRng;

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const CONVERSATION: ConversationId = ConversationId::from_bytes([0xcc; 16]);

/// What members say: the content, and the padded envelope around it.
pub fn content(bytes: &[u8]) {
    huis_core::fuzzing::envelope(bytes);
    if let Ok(content) = Content::from_bytes(bytes) {
        // What is not known to this version cannot be written by it.
        if let Ok(again) = content.to_bytes() {
            assert_eq!(Content::from_bytes(&again).as_ref(), Ok(&content));
        }
    }
}

pub fn content_seeds() -> Vec<Vec<u8>> {
    let id = MessageId::from_bytes([3; 16]);
    let text = || "Did you see the draft?".to_owned();
    let target = MessageRef { message: id, author: ACCOUNT };
    let contents = [
        Content::text(text()).expect("a text"),
        Content::Text {
            body: text(),
            mentions: vec![ACCOUNT],
            reply_to: Some(Quote { target, excerpt: text() }),
            forwarded: true,
            stay: Stay { timer: Some(Timer { after_s: 30, from: CountedFrom::Sending }), once: true },
        },
        Content::Receipt { kind: huis_core::content::ReceiptKind::Delivered, messages: vec![id, id] },
        Content::Settings {
            title: Some(text()),
            topic: None,
            timer: Some(TimerSetting::On(Timer { after_s: 3600, from: CountedFrom::Reading })),
        },
        Content::Edit { target, body: text(), mentions: vec![ACCOUNT], vanishes: true },
        Content::Delete { target },
        Content::Reaction { target, emoji: Some("👍".into()) },
        Content::Reaction { target, emoji: None },
        Content::Pin { target, pinned: true },
        Content::Timed(
            Timed::lock(
                &mut OsRng,
                &Place { conversation: CONVERSATION, author: ACCOUNT, message: id },
                1_900_000_000_000,
                &Shares::random(&mut OsRng),
                &Content::text(text()).expect("a text"),
            )
            .expect("a locked text"),
        ),
        Content::Card(Card { version: 2, name: Some(text()), about: None, picture: None }),
    ];
    let contents = contents.iter().map(|content| content.to_bytes().expect("a content"));
    contents.chain(huis_core::fuzzing::envelope_seeds()).collect()
}

/// Vaults, and the recovery key as it is typed.
pub fn vault(bytes: &[u8]) {
    let recovery = RecoveryKey::from_bytes(&[1; 32]);
    let _ = vault::number(bytes);
    let _ = vault::open_with_recovery_key(bytes, ACCOUNT, 0, &recovery);
    let _ = vault::open_with_export_key(bytes, ACCOUNT, 0, &ExportKey::from_bytes(&[2; 64]));
    if let Ok(key) = RecoveryKey::parse(&String::from_utf8_lossy(bytes)) {
        assert!(RecoveryKey::parse(&key.to_text()).is_ok());
    }
}

pub fn vault_seeds() -> Vec<Vec<u8>> {
    let recovery = RecoveryKey::from_bytes(&[1; 32]);
    let export = ExportKey::from_bytes(&[2; 64]);
    let sealed = VaultContents::generate(&mut OsRng).seal(&mut OsRng, ACCOUNT, 1, Some(&export), &recovery);
    vec![sealed, recovery.to_text().as_bytes().to_vec()]
}

/// The account state: sealed, and inside the seal.
pub fn account_state(bytes: &[u8]) {
    let _ = AccountState::open(bytes, &StateKey::from_bytes(&[1; 32]), ACCOUNT, 0);
    if let Ok((state, _)) = codec::first_from_cbor::<AccountState>(bytes) {
        assert_eq!(codec::from_cbor::<AccountState>(&codec::to_cbor(&state)).as_ref(), Ok(&state));
    }
}

pub fn account_state_seeds() -> Vec<Vec<u8>> {
    let state = AccountState::default();
    let sealed = state.seal(&mut OsRng, &StateKey::from_bytes(&[1; 32]), ACCOUNT, 1).expect("a small state");
    vec![sealed, codec::to_cbor(&state)]
}

/// What a camera read, or somebody pasted, as the code of a safety number.
pub fn safety_code(bytes: &[u8]) {
    thread_local!(static PAIR: Pair = safety_pair());
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    PAIR.with(|pair| {
        let _ = pair.scan(text);
        let _ = pair.is_number(text);
    });
}

fn safety_pair() -> Pair {
    let side = |byte| Side { account: AccountId::from_bytes([byte; 16]), identity: IdentityKey(Bytes32([byte; 32])) };
    Pair::new(side(1), side(2))
}

pub fn safety_code_seeds() -> Vec<Vec<u8>> {
    let pair = safety_pair();
    vec![pair.code().into_bytes(), pair.number().into_bytes()]
}

/// The server's answers in OPAQUE.
pub fn password(bytes: &[u8]) {
    let stretch = StretchParameters { memory_kib: 8, passes: 1, lanes: 1 };
    let (registration, _) = Registration::start(&mut OsRng, b"password").expect("a password");
    let _ = registration.finish(&mut OsRng, b"password", bytes, Identifiers::default(), stretch);
    let (sign_in, _) = SignIn::start(&mut OsRng, b"password").expect("a password");
    let _ = sign_in.finish(&mut OsRng, b"password", bytes, Identifiers::default(), stretch);
}

pub fn password_seeds() -> Vec<Vec<u8>> {
    // Of the sizes of the two answers: RFC 9807 with ristretto255 and SHA-512.
    vec![vec![0; 64], vec![2; 320], vec![0; 32]]
}

/// Device lists as a client keeps them, credentials, rosters in the group context.
pub fn directory(bytes: &[u8]) {
    if let Ok(devices) = AccountDevices::from_bytes(bytes) {
        assert_eq!(AccountDevices::from_bytes(&devices.to_bytes()).map(|same| same.to_bytes()), Ok(devices.to_bytes()));
    }
    if let Ok(member) = member_of_credential(bytes) {
        assert_eq!(credential_bytes(member), bytes);
    }
    if let Ok(roster) = codec::from_versioned::<Roster>(1, bytes) {
        assert_eq!(codec::from_versioned::<Roster>(1, &codec::to_versioned(1, &roster)).as_ref(), Ok(&roster));
    }
}

pub fn directory_seeds() -> Vec<Vec<u8>> {
    let scene = Scene::begin();
    let devices = scene.bob.known.get(scene.alice.me.member.account).expect("a known account").to_bytes();
    let roster = codec::to_versioned(1, scene.alice.group.as_ref().expect("a group").roster());
    vec![devices, credential_bytes(scene.alice.me.member), roster]
}

struct Device {
    me: LocalDevice,
    store: MemoryGroupStore,
    known: KnownDevices,
    group: Option<Group>,
}

/// Two members of a group, somebody outside, and what was sent between them.
struct Scene {
    alice: Device,
    bob: Device,
    carol: Device,
    sound: Vec<Vec<u8>>,
}

thread_local! {
    static SCENE: RefCell<Scene> = RefCell::new(Scene::begin());
}

fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_millis() as u64
}

fn expectation() -> Expectation<'static> {
    Expectation { conversation: CONVERSATION, kind: None, accounts: None, fetched: &[] }
}

impl Scene {
    fn begin() -> Self {
        let identities: Vec<_> = (1..=3).map(|byte| IdentitySecret::from_bytes(&[byte; 32])).collect();
        let account = |number: usize| AccountId::from_bytes([number as u8 + 1; 16]);
        let mine: Vec<_> = (0..3).map(|number| LocalDevice::generate(&mut OsRng, account(number))).collect();
        let lists: Vec<SignedDeviceList> = mine
            .iter()
            .zip(&identities)
            .map(|(me, identity)| {
                let listed =
                    ListedDevice { device: me.member.device, signature_key: me.secret.public(), added_at_ms: 0 };
                identity.sign_device_list(&next_device_list(
                    me.member.account,
                    identity.key(),
                    None,
                    0,
                    1,
                    vec![listed],
                ))
            })
            .collect();
        let mut devices: Vec<Device> = mine
            .into_iter()
            .map(|me| {
                let mut known = KnownDevices::default();
                for (number, list) in lists.iter().enumerate() {
                    let list = std::slice::from_ref(list);
                    known.accept(account(number), &identities[number].key(), list).expect("a good list");
                }
                Device { me, store: MemoryGroupStore::default(), known, group: None }
            })
            .collect();
        let (carol, bob, alice) =
            (devices.pop().expect("three"), devices.pop().expect("three"), devices.pop().expect("three"));
        Self::together(alice, bob, carol)
    }

    fn together(mut alice: Device, mut bob: Device, carol: Device) -> Self {
        let kind = ConversationKind::Group;
        let others = [bob.me.member.account];
        let created = Group::create(&alice.store, &alice.me, CONVERSATION, kind, &others, &alice.known);
        let (mut group, first_info) = created.expect("a group");
        let package = key_packages::make(&bob.store, &bob.me, Use::Once, now_ms()).expect("a key package");
        let verified =
            VerifiedKeyPackage::verify(&package, bob.me.member, &alice.known, now_ms()).expect("it is bob's");
        let id = MessageId::random(&mut OsRng);
        let invite =
            group.prepare(&alice.store, &alice.me, &alice.known, id, Change::Invite(vec![verified])).expect("a commit");
        group.accept_pending(&alice.store, id, &invite.hash).expect("accepted");
        let welcome = invite.welcome.clone().expect("a welcome");
        let joined = Group::join_from_welcome(&bob.store, &bob.me, &bob.known, &welcome, 1, &expectation());
        bob.group = Some(joined.expect("joined").group);
        let content = Content::text("hello").expect("a text");
        let id = MessageId::random(&mut OsRng);
        let draft = Draft { id, content: &content, sent_at_ms: 5, counter: 1, last_seen: None };
        let said = group.seal(&alice.store, &alice.me, &mut OsRng, &draft).expect("sealed").bytes;
        let id = MessageId::random(&mut OsRng);
        let update = group.prepare(&alice.store, &alice.me, &alice.known, id, Change::UpdateOwnLeaf).expect("a commit");
        group.clear_pending(&alice.store).expect("cleared");
        let leave = group.leave(&alice.store, &alice.me, MessageId::random(&mut OsRng)).expect("a proposal").bytes;
        alice.group = Some(group);
        let sound =
            vec![said, update.commit, leave, package, welcome, first_info, invite.group_info, update.group_info];
        Self { alice, bob, carol, sound }
    }

    /// What a server may hand to bob, who is a member, and to carol, who is to join.
    fn gets(&mut self, bytes: &[u8]) {
        let Self { alice, bob, carol, .. } = self;
        let group = bob.group.as_mut().expect("bob's group");
        let epoch = group.epoch();
        // What is framed as a commit counts as one for all members, however bad it is.
        let follows = group.commit_counter();
        let id = MessageId::from_bytes([3; 16]);
        let entry = Entry { payload: bytes, sender: alice.me.member, id, follows, fetched: &[] };
        let _ = group.open(&bob.store, &bob.me, &bob.known, &entry);
        assert_eq!(group.epoch(), epoch, "no made-up bytes move a group");
        assert!(group.is_active() && group.members().len() == 2);
        let member: Member = carol.me.member;
        let _ = VerifiedKeyPackage::verify(bytes, member, &bob.known, now_ms());
        let joined = Group::join_from_welcome(&carol.store, &carol.me, &carol.known, bytes, 1, &expectation());
        assert!(joined.is_err(), "no welcome was made for carol");
        let id = MessageId::from_bytes([4; 16]);
        let _ = Group::join_externally(&carol.store, &carol.me, &carol.known, bytes, id, 1, &expectation());
    }
}

/// Everything of MLS that comes from a server: entries of a log, key packages, welcomes, GroupInfos. The input is such
/// bytes, or says how a sound message is changed.
pub fn groups(bytes: &[u8]) {
    SCENE.with_borrow_mut(|scene| {
        scene.gets(bytes);
        let Some((which, changes)) = bytes.split_first() else { return };
        let mut changed = scene.sound[usize::from(*which) % scene.sound.len()].clone();
        for change in changes.chunks_exact(3).take(16) {
            let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
            changed[place] ^= change[2];
        }
        // Unchanged it would be taken, as it should be.
        if !scene.sound.contains(&changed) {
            scene.gets(&changed);
        }
    });
}

pub fn groups_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Scene::begin().sound;
    seeds.extend((0..8).map(|which| vec![which, 0, 40, 1, 1, 0, 0x80]));
    seeds
}
