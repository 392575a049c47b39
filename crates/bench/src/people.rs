//! The people who talk: registered like anybody else, with the real stretching of their passwords.

use anyhow::{Context as _, anyhow};
use ed25519_dalek::SigningKey;
use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::device_list::{DeviceList, ListedDevice};
use huis_proto::opaque::{self, Suite};
use huis_proto::rest::{
    Admission, Committed, CreateConversation, FinishRegistration, RegistrationStarted, Secret, SessionGrant,
    StartRegistration, SubmitCommit,
};
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, ConversationKind, DeviceId, Member, MessageId, mls};
use opaque_ke::{ClientRegistration, ClientRegistrationFinishParameters, Identifiers, RegistrationResponse};
use rand::rngs::OsRng;
use rand::{Rng as _, RngCore as _};

use crate::line::Server;

/// A signed-in device.
pub(crate) struct Person {
    pub(crate) member: Member,
    pub(crate) token: String,
    username: String,
}

/// Two people and their conversation, in which the sender speaks.
pub(crate) struct Pair {
    pub(crate) sender: Person,
    pub(crate) receiver: Person,
    pub(crate) conversation: ConversationId,
    /// The sender's highest submission counter.
    pub(crate) submission: u64,
    /// The newest entry.
    pub(crate) head: u64,
    pub(crate) commit_counter: u64,
}

/// Registers `count` pairs and makes their conversations.
pub(crate) async fn pairs(server: &Server, passphrase: &str, count: u32) -> anyhow::Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for _ in 0..count {
        let sender = register(server, passphrase).await?;
        let receiver = register(server, passphrase).await?;
        pairs.push(pair(server, sender, receiver).await?);
    }
    Ok(pairs)
}

async fn register(server: &Server, passphrase: &str) -> anyhow::Result<Person> {
    let username = format!("bench-{:012x}", OsRng.r#gen::<u64>() >> 16);
    let admission = Admission { access_passphrase: Some(Secret::new(passphrase)), ..Admission::default() };
    let password = b"nobody needs to remember this";
    let start = ClientRegistration::<Suite>::start(&mut OsRng, password).map_err(|error| anyhow!("OPAQUE: {error}"))?;
    let started: RegistrationStarted = server
        .post(
            "/api/v1/registrations/start",
            None,
            &StartRegistration {
                username: username.clone(),
                admission: admission.clone(),
                opaque: start.message.serialize().to_vec().into(),
            },
        )
        .await?;
    let response = RegistrationResponse::deserialize(&started.opaque).map_err(|error| anyhow!("OPAQUE: {error}"))?;
    let stretch = started.stretch.argon2()?;
    let identifiers =
        Identifiers { client: Some(opaque::client_identifier(&username)), server: Some(opaque::SERVER_IDENTIFIER) };
    let parameters = ClientRegistrationFinishParameters::new(identifiers, Some(&stretch));
    let finish =
        start.state.finish(&mut OsRng, password, response, parameters).map_err(|error| anyhow!("OPAQUE: {error}"))?;

    let member = Member { account: AccountId::random(&mut OsRng), device: DeviceId::random(&mut OsRng) };
    let (identity, device_key, recovery) = (key(), key(), key());
    let list = DeviceList {
        account: member.account,
        number: 1,
        previous: Bytes32([0; 32]),
        identity: public(&identity),
        signed_at_ms: 1,
        state_number: 1,
        devices: vec![ListedDevice { device: member.device, signature_key: public(&device_key), added_at_ms: 1 }],
    };
    let grant: SessionGrant = server
        .post(
            "/api/v1/registrations/finish",
            None,
            &FinishRegistration {
                username: username.clone(),
                email: None,
                admission,
                opaque: finish.message.serialize().to_vec().into(),
                stretch: started.stretch,
                account: member.account,
                device: member.device,
                identity_key: public(&identity),
                recovery_key: public(&recovery),
                device_list: list.sign(&identity),
                vault: Bytes(vec![1; 512]),
                account_state: Bytes(vec![1; 512]),
                stay_signed_in: true,
            },
        )
        .await
        .with_context(|| format!("cannot register {username}"))?;
    Ok(Person { member, token: grant.access_token.expose().to_owned(), username })
}

async fn pair(server: &Server, sender: Person, receiver: Person) -> anyhow::Result<Pair> {
    let conversation = ConversationId::random(&mut OsRng);
    let data = AuthenticatedData {
        id: MessageId::random(&mut OsRng),
        author: sender.member,
        follows: 0,
        act: Act::Commit { joins: vec![receiver.member], leaves: Vec::new(), out: Vec::new() },
    };
    let submission = 1;
    let create = CreateConversation {
        conversation,
        kind: ConversationKind::Direct,
        peer: Some(receiver.member.account),
        room: None,
        group_info: Bytes(vec![1; 4096]),
        submission,
        first_commit: Some(SubmitCommit {
            submission,
            commit: commit(conversation, &data).into(),
            welcome: Some(Bytes(vec![1; 4096])),
            group_info: Bytes(vec![1; 4096]),
            seen: 0,
        }),
    };
    let committed: Committed = server
        .post("/api/v1/conversations", Some(&sender.token), &create)
        .await
        .with_context(|| format!("{} cannot talk to {}", sender.username, receiver.username))?;
    Ok(Pair {
        sender,
        receiver,
        conversation,
        submission,
        head: committed.seq,
        commit_counter: committed.commit_counter,
    })
}

/// A private message whose framing says that it is a commit (RFC 9420, section 6.3).
fn commit(conversation: ConversationId, data: &AuthenticatedData) -> Vec<u8> {
    const CONTENT_TYPE_AT: usize = 2 + 2 + 17 + 8;
    const COMMIT: u8 = 3;
    let mut message = mls::made_up_private_message(conversation, 0, data, &[0; 1024]);
    if let Some(content_type) = message.get_mut(CONTENT_TYPE_AT) {
        *content_type = COMMIT;
    }
    message
}

fn key() -> SigningKey {
    let mut seed = [0; 32];
    OsRng.fill_bytes(&mut seed);
    SigningKey::from_bytes(&seed)
}

fn public(key: &SigningKey) -> Bytes32 {
    Bytes32(key.verifying_key().to_bytes())
}
