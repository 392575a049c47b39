//! Decoders of `huis-proto`: what servers and clients read of each other.

use ed25519_dalek::SigningKey;
use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::codec;
use huis_proto::device_list::{DeviceList, ListedDevice, SignedDeviceList};
use huis_proto::frames::{
    Accepted, ClientFrame, EntryKind, LogEntry, Ready, Received, ServerFrame, Submit, WelcomeEntry, first_frame,
    read_message,
};
use huis_proto::{
    AccountId, BlobId, Bytes, Bytes32, ConversationId, ConversationKind, DeviceId, ErrorCode, IncarnationId, Member,
    MessageId, Problem, TimeLock, TimeShare, labels, mls, names,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const CONVERSATION: ConversationId = ConversationId::from_bytes([0xcc; 16]);
const MEMBER: Member = Member { account: AccountId::from_bytes([0xaa; 16]), device: DeviceId::from_bytes([0xdd; 16]) };

/// WebSocket messages of either side.
pub fn frames(bytes: &[u8]) {
    of_one_side::<ClientFrame>(bytes);
    of_one_side::<ServerFrame>(bytes);
}

fn of_one_side<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    if let Ok((_, rest)) = first_frame::<T>(bytes) {
        assert!(rest.len() < bytes.len(), "a frame takes something");
    }
    let Ok(frames) = read_message::<T>(bytes) else { return };
    for frame in frames {
        if let Received::Frame(frame) = frame {
            let again = read_message::<T>(&codec::to_cbor(&frame)).expect("what was encoded is read");
            assert!(matches!(&again[..], [Received::Frame(same)] if *same == frame), "{frame:?}");
        }
    }
}

pub fn frames_seeds() -> Vec<Vec<u8>> {
    let payload = Bytes(mls_header_seeds().remove(0));
    let entry = LogEntry {
        conversation: CONVERSATION,
        seq: 7,
        kind: EntryKind::Message,
        commit_counter: 2,
        id: MessageId::from_bytes([3; 16]),
        author: MEMBER,
        received_at_ms: 1_800_000_000_000,
        payload: payload.clone(),
        mac: Some(Bytes32([5; 32])),
    };
    let welcome = WelcomeEntry {
        conversation: CONVERSATION,
        kind: ConversationKind::Group,
        seq: 1,
        commit_counter: 1,
        author: MEMBER,
        received_at_ms: 5,
        welcome: payload.clone(),
        seat: 1,
    };
    let ready = Ready {
        server_time_ms: 1_800_000_000_000,
        incarnation: IncarnationId::from_bytes([1; 16]),
        submission: 9,
        key_packages: 20,
        account_state: 3,
        server: "0.1.0".into(),
    };
    let problem = Problem::new(ErrorCode::Stale, "Process the newest commit first.");
    let client = [
        ClientFrame::Submit(Submit {
            request: 1,
            submission: 8,
            payload: payload.clone(),
            share: Some(TimeShare(Bytes32([7; 32]))),
        }),
        ClientFrame::Ack { conversation: CONVERSATION, seq: 300 },
        ClientFrame::AckWelcome { conversation: CONVERSATION, seq: 1 },
        ClientFrame::Ephemeral { conversation: CONVERSATION, payload: payload.clone() },
        ClientFrame::Ping {},
    ];
    let server = [
        ServerFrame::Ready(ready),
        ServerFrame::Accepted(Accepted { request: 1, seq: 7, received_at_ms: 5 }),
        ServerFrame::Refused { request: 1, problem },
        ServerFrame::Entry(entry),
        ServerFrame::Welcome(welcome),
        ServerFrame::Expired { conversation: CONVERSATION, seq: 6 },
        ServerFrame::CaughtUp {},
        ServerFrame::Ephemeral { conversation: CONVERSATION, from: MEMBER, payload },
        ServerFrame::KeyPackagesLow { remaining: 3 },
        ServerFrame::AccountStateChanged { version: 4 },
        ServerFrame::DeviceListChanged { number: 2 },
        ServerFrame::Pong { server_time_ms: 5 },
    ];
    let mut seeds: Vec<Vec<u8>> = client.iter().map(codec::to_cbor).collect();
    seeds.extend(server.iter().map(codec::to_cbor));
    seeds.push(client.iter().flat_map(codec::to_cbor).collect());
    seeds
}

/// What stands in the clear beside a sealed message.
pub fn aad(bytes: &[u8]) {
    if let Ok(data) = AuthenticatedData::from_bytes(bytes) {
        assert_eq!(AuthenticatedData::from_bytes(&data.to_bytes()).as_ref(), Ok(&data));
    }
}

fn data() -> Vec<AuthenticatedData> {
    [
        Act::Message { commitment: Bytes32([9; 32]), files: vec![], lock: None },
        Act::Message { commitment: Bytes32([9; 32]), files: vec![BlobId::from_bytes([8; 16])], lock: None },
        Act::Message {
            commitment: Bytes32([9; 32]),
            files: vec![],
            lock: Some(TimeLock { unlocks_at_ms: 1_900_000_000_000, share: Bytes32([7; 32]) }),
        },
        Act::Commit { joins: vec![MEMBER], leaves: vec![], out: vec![] },
        Act::Commit { joins: vec![], leaves: vec![MEMBER], out: vec![MEMBER.account] },
        Act::Leave { leaves: vec![MEMBER] },
    ]
    .into_iter()
    .map(|act| AuthenticatedData { id: MessageId::from_bytes([3; 16]), author: MEMBER, follows: 2, act })
    .collect()
}

pub fn aad_seeds() -> Vec<Vec<u8>> {
    data().iter().map(AuthenticatedData::to_bytes).collect()
}

/// The clear part of an MLS message.
pub fn mls_header(bytes: &[u8]) {
    let _ = mls::header(bytes);
}

pub fn mls_header_seeds() -> Vec<Vec<u8>> {
    data().iter().map(|data| mls::made_up_private_message(CONVERSATION, 5, data, &[0xee; 64])).collect()
}

/// Device lists: the signed form, and what is signed, which here is signed whatever it is.
pub fn device_list(bytes: &[u8]) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let identity = Bytes32(key.verifying_key().to_bytes());
    let _ = codec::from_cbor::<SignedDeviceList>(bytes);
    let _ = serde_json::from_slice::<SignedDeviceList>(bytes);
    let signature = labels::sign(&key, labels::DEVICE_LIST, bytes);
    let signed = SignedDeviceList { list: Bytes(bytes.to_vec()), signature, handover: None };
    if let Ok(list) = signed.open(MEMBER.account, &identity) {
        assert_eq!(list.sign(&key).open(MEMBER.account, &identity).as_ref(), Ok(&list));
    }
    let _ = signed.open_next(MEMBER.account, &identity, None);
    let over = SignedDeviceList { handover: Some(Bytes(bytes.to_vec())), ..signed };
    let taken = over.open_next(MEMBER.account, &Bytes32([4; 32]), Some((0, Bytes32([0; 32]))));
    assert!(taken.is_err(), "nobody has signed a handover");
}

pub fn device_list_seeds() -> Vec<Vec<u8>> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let device = ListedDevice { device: MEMBER.device, signature_key: Bytes32([4; 32]), added_at_ms: 5 };
    let list = DeviceList {
        account: MEMBER.account,
        number: 1,
        previous: Bytes32([0; 32]),
        identity: Bytes32(key.verifying_key().to_bytes()),
        signed_at_ms: 5,
        state_number: 1,
        devices: vec![device],
    };
    let signed = list.sign(&key);
    let json = serde_json::to_vec(&signed).expect("JSON");
    vec![signed.list.0.clone(), codec::to_cbor(&signed), json]
}

/// Names and identifiers, as people and requests give them.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for name in [names::username(&text), names::room_name(&text)].into_iter().flatten() {
        assert_eq!(names::username(&name).as_ref(), Ok(&name), "a name in its one form is in its one form");
        assert!(name.is_ascii() && name.len() <= 32);
        let _ = names::is_reserved(&name);
        assert!(!names::skeleton(&name).is_empty());
    }
    let _ = names::skeleton(&text);
    if let Ok(id) = text.parse::<AccountId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let _ = codec::from_cbor::<Member>(bytes);
    let _ = serde_json::from_slice::<Member>(bytes);
    let _ = serde_json::from_slice::<Bytes>(bytes);
    let _ = serde_json::from_slice::<Bytes32>(bytes);
}

pub fn names_seeds() -> Vec<Vec<u8>> {
    let json = serde_json::to_vec(&MEMBER).expect("JSON");
    let texts = ["anna", "Book-Club_2.0", "rn0vv1il5", "0123456789abcdef0123456789abcdef", "\"AAEC\""];
    texts.iter().map(|text| text.as_bytes().to_vec()).chain([codec::to_cbor(&MEMBER), json]).collect()
}
