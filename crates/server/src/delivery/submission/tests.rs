use huis_proto::aad::AuthenticatedData;
use huis_proto::{AccountId, Bytes32, DeviceId, MessageId};

use super::*;

const HERE: ConversationId = ConversationId::from_bytes([1; 16]);

fn member(account: u8, device: u8) -> Member {
    Member { account: AccountId::from_bytes([account; 16]), device: DeviceId::from_bytes([device; 16]) }
}

fn framed(content: u8, act: Act) -> Vec<u8> {
    const CONTENT_TYPE_AT: usize = 2 + 2 + 17 + 8;
    let mut bytes = mls::made_up_private_message(HERE, 3, &data(act), &[0; 64]);
    bytes[CONTENT_TYPE_AT] = content;
    bytes
}

/// A public message by a joiner (RFC 9420, section 6.2).
fn external(act: Act) -> Vec<u8> {
    let data = data(act).to_bytes();
    let mut bytes = vec![0, 1, 0, 1, 16];
    bytes.extend_from_slice(HERE.as_bytes());
    bytes.extend_from_slice(&3_u64.to_be_bytes());
    bytes.push(4);
    bytes.extend_from_slice(&(data.len() as u16 | 0x4000).to_be_bytes());
    bytes.extend_from_slice(&data);
    bytes.push(3);
    bytes
}

fn data(act: Act) -> AuthenticatedData {
    AuthenticatedData { id: MessageId::from_bytes([9; 16]), author: member(1, 1), follows: 3, act }
}

fn message_act() -> Act {
    Act::Message { commitment: Bytes32([5; 32]), files: vec![], lock: None }
}

fn commit_act(joins: Vec<Member>, leaves: Vec<Member>) -> Act {
    Act::Commit { joins, leaves, out: vec![] }
}

fn check(payload: Vec<u8>) -> Result<Append, ErrorCode> {
    check_message(member(1, 1), Some(HERE), 7, (payload.into(), None), 8).map_err(|problem| problem.code)
}

fn check_it(commit: Vec<u8>, welcome: bool) -> Result<AppendCommit, ErrorCode> {
    let submitted = SubmitCommit {
        submission: 7,
        commit: commit.into(),
        welcome: welcome.then(|| vec![1].into()),
        group_info: vec![2].into(),
        seen: 0,
    };
    check_commit(member(1, 1), HERE, submitted, 8).map_err(|problem| problem.code)
}

#[test]
fn a_message_is_appended_as_its_authenticated_data_says() {
    let append = check(framed(1, message_act())).unwrap();
    assert_eq!(append.conversation, HERE);
    assert_eq!((append.follows, append.submission), (3, 7));
    assert_eq!(append.kind(), EntryKind::Message);
}

#[test]
fn content_type_and_act_must_fit_together() {
    let leave = Act::Leave { leaves: vec![member(1, 1)] };
    for (content, act) in [
        (1, leave.clone()),
        (2, message_act()),
        (3, message_act()),
        (3, leave.clone()),
        (1, commit_act(vec![], vec![])),
        (3, commit_act(vec![], vec![])),
    ] {
        let refused = check(framed(content, act.clone())).err();
        assert_eq!(refused, Some(ErrorCode::BadMessage), "{content} {act:?}");
    }
    assert!(check(framed(2, leave)).is_ok());
    for (content, act) in [(1, commit_act(vec![], vec![])), (3, message_act())] {
        let refused = check_it(framed(content, act), false).err();
        assert_eq!(refused, Some(ErrorCode::BadMessage));
    }
}

#[test]
fn another_author_or_conversation_and_what_is_no_message_are_refused() {
    let payload: Bytes = framed(1, message_act()).into();
    let by_another = check_message(member(1, 2), Some(HERE), 7, (payload.clone(), None), 8);
    let elsewhere = ConversationId::from_bytes([2; 16]);
    let misaddressed = check_message(member(1, 1), Some(elsewhere), 7, (payload, None), 8);
    for refused in [by_another, misaddressed] {
        assert_eq!(refused.unwrap_err().code, ErrorCode::BadMessage);
    }
    assert_eq!(check(vec![0; 40]).err(), Some(ErrorCode::BadMessage));
    let large = vec![0; limits::LOG_PAYLOAD + 1];
    assert_eq!(check(large).err(), Some(ErrorCode::TooLarge));
}

#[test]
fn an_account_leaves_for_itself_alone() {
    for leaves in [vec![], vec![member(1, 2)], vec![member(1, 1), member(2, 1)]] {
        let refused = check(framed(2, Act::Leave { leaves })).err();
        assert_eq!(refused, Some(ErrorCode::BadMessage));
    }
}

#[test]
fn an_external_commit_brings_its_author_and_nobody_else() {
    let own = member(1, 1);
    assert!(check_it(external(commit_act(vec![own], vec![])), false).unwrap().external);
    assert!(check_it(external(commit_act(vec![own], vec![own])), false).is_ok());
    for (joins, leaves, welcome) in [
        (vec![], vec![], false),
        (vec![member(2, 1)], vec![], false),
        (vec![own, member(2, 1)], vec![], false),
        (vec![own], vec![member(2, 1)], false),
        (vec![own], vec![member(1, 2)], false),
        (vec![own], vec![], true),
    ] {
        let refused = check_it(external(commit_act(joins, leaves)), welcome).err();
        assert_eq!(refused, Some(ErrorCode::BadMessage));
    }
}

#[test]
fn a_members_commit_has_a_welcome_only_if_it_adds_somebody() {
    let other = member(2, 1);
    assert!(check_it(framed(3, commit_act(vec![other], vec![])), true).is_ok());
    assert!(check_it(framed(3, commit_act(vec![], vec![other])), false).is_ok());
    for (joins, leaves, welcome) in [
        (vec![other], vec![], false),
        (vec![], vec![other], true),
        (vec![member(1, 1)], vec![], true),
        (vec![], vec![member(1, 1)], false),
    ] {
        let refused = check_it(framed(3, commit_act(joins, leaves)), welcome).err();
        assert_eq!(refused, Some(ErrorCode::BadMessage));
    }
}

#[test]
fn a_commit_takes_out_neither_its_author_nor_who_comes() {
    let (own, other) = (member(1, 1), member(2, 1));
    let act = |joins: &[Member], out: &[Member]| Act::Commit {
        joins: joins.to_vec(),
        leaves: vec![],
        out: out.iter().map(|member| member.account).collect(),
    };
    assert_eq!(check_it(framed(3, act(&[], &[other])), false).unwrap().out, [other.account]);
    for (joins, out, welcome) in [(vec![], vec![own], false), (vec![other], vec![member(2, 2)], true)] {
        assert_eq!(check_it(framed(3, act(&joins, &out)), welcome).err(), Some(ErrorCode::BadMessage));
    }
    assert_eq!(check_it(external(act(&[own], &[other])), false).err(), Some(ErrorCode::BadMessage));
}

#[test]
fn a_conversations_kind_says_what_it_is_created_with() {
    let create = |kind, peer: Option<AccountId>, room: Option<&str>| {
        let submitted = CreateConversation {
            conversation: HERE,
            kind,
            peer,
            room: room.map(Into::into),
            group_info: vec![1].into(),
            submission: 1,
            first_commit: None,
        };
        check_create(member(1, 1), submitted, 8).map_err(|problem| problem.code)
    };
    let peer = Some(AccountId::from_bytes([2; 16]));
    assert!(create(ConversationKind::Direct, peer, None).is_ok());
    assert!(create(ConversationKind::Group, None, None).is_ok());
    let room = create(ConversationKind::Open, None, Some("Lobby")).unwrap().room;
    assert_eq!(room.as_deref(), Some("lobby"));
    for (kind, peer, room, code) in [
        (ConversationKind::Direct, None, None, ErrorCode::BadRequest),
        (ConversationKind::Direct, peer, Some("x"), ErrorCode::BadRequest),
        (ConversationKind::Group, peer, None, ErrorCode::BadRequest),
        (ConversationKind::Open, None, None, ErrorCode::BadRequest),
        (ConversationKind::Open, None, Some("a\u{7}b"), ErrorCode::NameRefused),
    ] {
        assert_eq!(create(kind, peer, room).err(), Some(code));
    }
}
