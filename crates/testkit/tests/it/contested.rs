//! Commits that members skip, and what the server had taken from them at their word.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_engine::{HttpRequest, HttpResponse, Method};
use huis_proto::aad::{Act, AuthenticatedData};
use huis_proto::frames::{EntryKind, ServerFrame};
use huis_proto::rest::{Dissent, Dissented, GroupInfo, SubmitCommit};
use huis_proto::{Bytes, ConversationId, ErrorCode, Member, MessageId, mls};
use huis_testkit::{Device, Fate, World, story};
use huis_views::{Command, Notice, RepairReason};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{is_alarming, nobody_is_alarmed};

#[test]
fn a_member_who_shuts_all_others_out_is_contradicted_and_they_stay() {
    story(async |world| {
        let (garden, [ann, bea, cem], mallory) = garden(&world).await;
        let victims = vec![ann.member().await, bea.member().await, cem.member().await];
        submits_garbage(&mallory, garden, victims).await;
        ann.says("#garden", "still here").await;
        for each in [&bea, &cem] {
            each.hears("#garden", "still here").await;
        }
        // The GroupInfo is a member's, not the garbage that came with the commit.
        let tablet = world.another_device_of(&bea).await;
        tablet.is_in("#garden").await;
        cem.says("#garden", "and here").await;
        for each in [&ann, &bea, &tablet] {
            each.hears("#garden", "and here").await;
        }
        ann.agrees_with(&[&bea, &cem, &tablet], "#garden").await;
        for each in [&ann, &bea, &cem, &tablet] {
            nothing_worse_than_a_contest(each).await;
        }
    });
}

#[test]
fn a_member_who_leaves_one_honest_account_in_is_contradicted_by_that_one() {
    story(async |world| {
        let (garden, [ann, bea, cem], mallory) = garden(&world).await;
        let victims = vec![bea.member().await, cem.member().await];
        // The victims are not there to say anything.
        bea.stops().await;
        cem.stops().await;
        submits_garbage(&mallory, garden, victims).await;
        ann.notices("the garbage", |notice| matches!(notice, Notice::InvalidCommit { .. })).await;
        ann.says("#garden", "are you there?").await;
        for each in [&bea, &cem] {
            each.start();
            each.hears("#garden", "are you there?").await;
        }
        cem.says("#garden", "we are").await;
        for each in [&ann, &bea] {
            each.hears("#garden", "we are").await;
        }
        let tablet = world.another_device_of(&cem).await;
        tablet.is_in("#garden").await;
        ann.agrees_with(&[&bea, &cem, &tablet], "#garden").await;
        for each in [&ann, &bea, &cem, &tablet] {
            nothing_worse_than_a_contest(each).await;
        }
    });
}

#[test]
fn one_who_was_rightly_removed_and_dissents_alone_is_delivered_nothing_more() {
    story(async |world| {
        let (garden, [ann, bea, cem], _mallory) = garden(&world).await;
        let delivered = Rc::new(RefCell::new(Vec::new()));
        let (heard, holds_back) = (Rc::clone(&delivered), Rc::new(Cell::new(true)));
        let held = Rc::clone(&holds_back);
        cem.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(_) if held.get() => Fate::Becomes(vec![]),
            ServerFrame::Entry(entry) => {
                heard.borrow_mut().push(entry.seq);
                Fate::passes(ServerFrame::Entry(entry))
            }
            other => Fate::passes(other),
        });
        ann.removes("#garden", &[&cem]).await;
        let info: GroupInfo = ask(&ann, Method::Get, &format!("{garden}/group-info"), &()).await.unwrap();
        let dissent = Dissent { seq: info.head };
        let dissents = format!("{garden}/dissents");
        let answer: Dissented = ask(&cem, Method::Post, &dissents, &dissent).await.unwrap();
        assert!(!answer.undone && !answer.seated, "{answer:?}");
        ann.says("#garden", "without cem").await;
        bea.hears("#garden", "without cem").await;

        holds_back.set(false);
        cem.loses_its_connection();
        cem.is_out_of("#garden").await;
        world.passes(Duration::from_secs(300)).await;
        ann.says("#garden", "still without").await;
        bea.hears("#garden", "still without").await;
        assert_eq!(delivered.take(), [info.head], "what the server gave");
        // By now it is settled.
        let late: Result<Dissented, _> = ask(&cem, Method::Post, &dissents, &dissent).await;
        assert!(late.is_err(), "{late:?}");
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn a_crash_between_skipping_a_commit_and_saying_so_loses_nothing() {
    story(async |world| {
        let (garden, [ann, bea, cem], mallory) = garden(&world).await;
        let victims = vec![ann.member().await, bea.member().await, cem.member().await];
        ann.stops().await;
        bea.requests_pass(|request| (!request.path.ends_with("/dissents")).then_some(request));
        submits_garbage(&mallory, garden, victims).await;
        bea.notices("the garbage", |notice| matches!(notice, Notice::InvalidCommit { .. })).await;
        // cem alone is not enough.
        cem.notices("that it is shut out", |notice| matches!(notice, Notice::ShutOut { .. })).await;
        world.passes(Duration::from_secs(60)).await;
        bea.crashes().await;
        bea.nobody_meddles();
        bea.start();
        bea.says("#garden", "I have seen it, too").await;
        cem.hears("#garden", "I have seen it, too").await;
        ann.start();
        ann.hears("#garden", "I have seen it, too").await;
        ann.agrees_with(&[&bea, &cem], "#garden").await;
    });
}

#[test]
fn who_is_shut_out_and_outnumbered_is_told() {
    story(async |world| {
        let (garden, [ann, bea, cem], mallory) = garden(&world).await;
        let victim = ann.member().await;
        // The others' clients are mallory's friends: they say nothing.
        for each in [&bea, &cem] {
            each.requests_pass(|request| (!request.path.ends_with("/dissents")).then_some(request));
        }
        submits_garbage(&mallory, garden, vec![victim]).await;
        ann.notices("that it is shut out", |notice| matches!(notice, Notice::ShutOut { .. })).await;
        let failure = ann.tries_to_say("#garden", "hello?").await.unwrap_err();
        assert_eq!(failure, huis_views::Failure::NotAMember);
        assert!(!bea.texts("#garden").await.contains(&"hello?".to_owned()));
    });
}

#[test]
fn a_joiner_that_is_given_a_bad_group_info_comes_in_after_a_member_brought_its_own() {
    story(async |world| {
        let (_, [ann, bea, cem], _mallory) = garden(&world).await;
        spoils_the_next_group_info(&ann);
        let dan = world.account("dan").await;
        ann.invites("#garden", &[&dan]).await;
        dan.hears_title("garden").await;
        let tablet = world.blank_device(&bea, "tablet");
        let asked = counts_requests(&tablet, "/group-info-requests");
        tablet.start();
        tablet.signs_in().await;
        tablet.is_in("#garden").await;
        assert_eq!(asked.get(), 1);
        tablet.says("#garden", "that was not easy").await;
        for each in [&ann, &bea, &cem, &dan] {
            each.hears("#garden", "that was not easy").await;
        }
        nobody_is_alarmed(&[&ann, &bea, &cem, &dan, &tablet]).await;
    });
}

#[test]
fn a_device_that_a_bad_commit_adds_once_more_comes_in_by_the_welcome_that_it_has_not_read() {
    story(async |world| {
        let (garden, [ann, bea, cem], mallory) = garden(&world).await;
        let dan = world.account("dan").await;
        let device_of_dan = dan.member().await;
        dan.has_settled().await;
        dan.stops().await;
        ann.invites("#garden", &[&dan]).await;
        ann.says("#garden", "come in, dan").await;
        for each in [&bea, &cem, &mallory] {
            each.hears("#garden", "come in, dan").await;
        }
        // Nobody is there to contest it before dan comes.
        for each in [&ann, &bea, &cem] {
            each.stops().await;
        }
        let again = Act::Commit { joins: vec![device_of_dan], leaves: vec![device_of_dan], out: vec![] };
        submits(&mallory, garden, again, Some(Bytes(vec![7; 500]))).await;

        let asked = counts_requests(&dan, "/group-info-requests");
        let welcomes: Rc<Cell<u32>> = Rc::default();
        let counted = Rc::clone(&welcomes);
        dan.received_frames_pass(move |frame| {
            counted.set(counted.get() + u32::from(matches!(frame, ServerFrame::Welcome(_))));
            Fate::passes(frame)
        });
        dan.start();
        dan.hears("#garden", "come in, dan").await;
        assert_eq!(welcomes.get(), 2);
        assert_eq!(asked.get(), 0);
        for each in [&ann, &bea, &cem] {
            each.start();
            each.has_settled().await;
        }
        dan.says("#garden", "here I am").await;
        for each in [&ann, &bea, &cem] {
            each.hears("#garden", "here I am").await;
        }
        ann.agrees_with(&[&bea, &cem, &dan], "#garden").await;
        for each in [&ann, &bea, &cem, &dan] {
            nothing_worse_than_a_contest(each).await;
        }
    });
}

#[test]
fn a_settled_member_to_whom_junk_is_sent_as_welcomes_stays_where_it_is() {
    story(async |world| {
        let (garden, [ann, bea, cem], mallory) = garden(&world).await;
        let device_of_cem = cem.member().await;
        let welcomes: Rc<Cell<u32>> = Rc::default();
        let counted = Rc::clone(&welcomes);
        cem.received_frames_pass(move |frame| {
            counted.set(counted.get() + u32::from(matches!(frame, ServerFrame::Welcome(_))));
            Fate::passes(frame)
        });
        for round in 1..=5 {
            let leaves = if round % 2 == 0 { vec![] } else { vec![device_of_cem] };
            let again = Act::Commit { joins: vec![device_of_cem], leaves, out: vec![] };
            submits(&mallory, garden, again, Some(Bytes(vec![7; 500]))).await;
            mallory.start();
            cem.until("the welcome is there", async || welcomes.get() == round).await;
            let text = format!("round {round}");
            bea.says("#garden", &text).await;
            cem.hears("#garden", &text).await;
        }
        cem.says("#garden", "still here").await;
        for each in [&ann, &bea] {
            each.hears("#garden", "still here").await;
        }
        ann.agrees_with(&[&bea, &cem], "#garden").await;
        for each in [&ann, &bea, &cem] {
            nothing_worse_than_a_contest(each).await;
        }
    });
}

/// The log says nothing of it: the seat begins anew, and what was before is not delivered any more.
#[test]
fn who_was_removed_and_invited_again_while_it_was_away_learns_it_by_the_welcome() {
    story(async |world| {
        let (_, [ann, bea, cem], _) = garden(&world).await;
        cem.stops().await;
        ann.removes("#garden", &[&cem]).await;
        ann.invites("#garden", &[&cem]).await;
        ann.says("#garden", "welcome back").await;
        bea.hears("#garden", "welcome back").await;
        cem.start();
        let repairs = |notice: &Notice| matches!(notice, Notice::Repairing { .. });
        let repair = cem.notices("that it has missed something", repairs).await;
        assert!(matches!(repair, Notice::Repairing { reason: RepairReason::Welcome { .. } }), "{repair:?}");
        cem.says("#garden", "thank you").await;
        ann.hears("#garden", "thank you").await;
        ann.agrees_with(&[&bea, &cem], "#garden").await;
    });
}

#[test]
fn members_that_connect_later_learn_that_a_group_info_is_wanted() {
    story(async |world| {
        let (_, [ann, bea, cem], mallory) = garden(&world).await;
        spoils_the_next_group_info(&ann);
        let dan = world.account("dan").await;
        ann.invites("#garden", &[&dan]).await;
        dan.hears_title("garden").await;
        for each in [&ann, &bea, &cem, &mallory, &dan] {
            each.stops().await;
        }
        let tablet = world.blank_device(&bea, "tablet");
        let asked = counts_requests(&tablet, "/group-info-requests");
        tablet.start();
        tablet.tries_to_sign_in().await.unwrap();
        tablet.until("it has asked", async || asked.get() > 0).await;
        let brought = counts_requests(&cem, "/group-info");
        cem.start();
        tablet.is_in("#garden").await;
        assert_eq!(brought.get(), 1);
        tablet.says("#garden", "thank you").await;
        cem.hears("#garden", "thank you").await;
    });
}

#[test]
fn a_commit_that_was_built_before_a_leave_was_seen_is_built_again_with_it() {
    story(async |world| {
        let (_, [ann, bea, cem], mallory) = garden(&world).await;
        let dan = world.account("dan").await;
        let conflicts = Rc::new(Cell::new(0));
        let (counted, released) = (Rc::clone(&conflicts), Rc::clone(&conflicts));
        ann.answers_pass(move |request, response| {
            let is_conflict = response.status == ErrorCode::CommitConflict.status();
            counted.set(counted.get() + u32::from(request.path.ends_with("/commits") && is_conflict));
            Some(response)
        });
        // ann hears nothing from the leave on before her commit was refused.
        let mut withheld = Vec::new();
        ann.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(entry)
                if released.get() == 0 && (entry.kind == EntryKind::Leave || !withheld.is_empty()) =>
            {
                withheld.push(ServerFrame::Entry(entry));
                Fate::Becomes(vec![])
            }
            other => {
                let mut frames = if released.get() > 0 { std::mem::take(&mut withheld) } else { Vec::new() };
                frames.push(other);
                Fate::Becomes(frames)
            }
        });
        bea.leaves("#garden").await;
        ann.invites("#garden", &[&dan]).await;
        assert_eq!(conflicts.get(), 1);
        dan.hears_title("garden").await;
        assert_eq!(ann.names_in("#garden").await, ["ann", "cem", "dan", "mallory"]);
        ann.agrees_with(&[&cem, &dan, &mallory], "#garden").await;
        nobody_is_alarmed(&[&ann, &cem, &dan, &mallory]).await;
    });
}

#[test]
fn a_leave_that_a_joiner_voids_is_carried_out_by_who_may() {
    story(async |world| {
        let (_, [ann, bea, cem], mallory) = garden(&world).await;
        bea.leaves("#garden").await;
        let tablet = world.another_device_of(&cem).await;
        tablet.is_in("#garden").await;
        ann.agrees_with(&[&tablet], "#garden").await;
        assert!(ann.names_in("#garden").await.contains(&"bea".to_owned()), "the join voided the leave");
        // A plain member may not; it speaks all the same.
        cem.says("#garden", "is bea gone?").await;
        ann.hears("#garden", "is bea gone?").await;
        ann.says("#garden", "she is now").await;
        for each in [&cem, &mallory, &tablet] {
            each.hears("#garden", "she is now").await;
        }
        assert_eq!(ann.names_in("#garden").await, ["ann", "cem", "mallory"]);
        ann.agrees_with(&[&cem, &mallory, &tablet], "#garden").await;
        nobody_is_alarmed(&[&ann, &cem, &mallory, &tablet]).await;
    });
}

/// #garden, which ann opened, with bea, cem and mallory in it, all with fresh leaves.
async fn garden(world: &World) -> (ConversationId, [Device; 3], Device) {
    let (ann, bea) = (world.account("ann").await, world.account("bea").await);
    let (cem, mallory) = (world.account("cem").await, world.account("mallory").await);
    let garden = ann.opens_a_group("garden", &[&bea, &cem, &mallory]).await;
    for each in [&bea, &cem, &mallory] {
        each.accepts("#garden").await;
    }
    // Leaves are updated soon after joining; what follows is about other commits.
    world.passes(Duration::from_secs(7200)).await;
    for each in [&ann, &bea, &cem, &mallory] {
        each.has_settled().await;
    }
    ann.agrees_with(&[&bea, &cem, &mallory], "#garden").await;
    (garden, [ann, bea, cem], mallory)
}

/// A member's client submits a commit that is garbage, with a garbage GroupInfo, and says in the clear that these leave
/// and are out. Nothing more is heard of it.
async fn submits_garbage(device: &Device, conversation: ConversationId, leaves: Vec<Member>) {
    let out = leaves.iter().map(|member| member.account).collect();
    submits(device, conversation, Act::Commit { joins: vec![], leaves, out }, None).await;
}

/// The same with another claim in the clear.
async fn submits(device: &Device, conversation: ConversationId, act: Act, welcome: Option<Bytes>) {
    device.received_frames_pass(|_| Fate::Becomes(vec![]));
    let info: GroupInfo = ask(device, Method::Get, &format!("{conversation}/group-info"), &()).await.unwrap();
    let author = device.member().await;
    let id = MessageId::from_bytes([info.commit_counter as u8; 16]);
    let data = AuthenticatedData { id, author, follows: info.commit_counter, act };
    let mut commit = mls::made_up_private_message(conversation, info.commit_counter, &data, &[7; 300]);
    // The content type, behind version, wire format, group id and epoch.
    commit[2 + 2 + 17 + 8] = 3;
    let body = SubmitCommit {
        submission: (1 << 40) + info.commit_counter,
        commit: Bytes(commit),
        welcome,
        group_info: Bytes(vec![7; 400]),
        seen: info.head,
    };
    let committed: Result<serde_json::Value, _> =
        ask(device, Method::Post, &format!("{conversation}/commits"), &body).await;
    committed.unwrap();
    device.crashes().await;
}

/// Asks the server something about a conversation in the device's name; the engine's own question goes under.
async fn ask<T: DeserializeOwned>(
    device: &Device,
    method: Method,
    path: &str,
    body: &impl Serialize,
) -> Result<T, HttpResponse> {
    let path = format!("/api/v1/conversations/{path}");
    let body = (method != Method::Get).then(|| serde_json::to_vec(body).unwrap());
    let answer: Rc<RefCell<Option<HttpResponse>>> = Rc::default();
    let kept = Rc::clone(&answer);
    device.requests_pass(move |request| {
        if !is_pretext(&request) {
            return Some(request);
        }
        Some(HttpRequest { method, path: path.clone(), body: body.clone(), token: request.token })
    });
    device.answers_pass(move |request, response| {
        if is_pretext(request) {
            kept.replace(Some(response.clone()));
        }
        Some(response)
    });
    // The engine cannot read the answer to another question than its own.
    let _ = device.tries(Command::Rooms).await;
    device.requests_pass(Some);
    device.answers_pass(|_, response| Some(response));
    let answer = answer.take().expect("an answer");
    match answer.status {
        200 => Ok(serde_json::from_slice(&answer.body).unwrap()),
        _ => Err(answer),
    }
}

fn is_pretext(request: &HttpRequest) -> bool {
    request.path == "/api/v1/rooms"
}

/// The GroupInfo of the device's next commit is garbage, the commit is not.
pub(crate) fn spoils_the_next_group_info(device: &Device) {
    let spoilt = Cell::new(false);
    device.requests_pass(move |mut request| {
        if request.path.ends_with("/commits") && !spoilt.replace(true) {
            let mut body: SubmitCommit = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
            body.group_info = Bytes(vec![7; 400]);
            request.body = Some(serde_json::to_vec(&body).unwrap());
        }
        Some(request)
    });
}

/// Counts what the device sends to a path that ends so.
pub(crate) fn counts_requests(device: &Device, path_ends: &'static str) -> Rc<Cell<u32>> {
    let count: Rc<Cell<u32>> = Rc::default();
    let counted = Rc::clone(&count);
    device.requests_pass(move |request| {
        if request.path.ends_with(path_ends) && request.method != Method::Get {
            counted.set(counted.get() + 1);
        }
        Some(request)
    });
    count
}

/// What a contest shows of itself, and nothing else: no hole, no repair, no message lost.
async fn nothing_worse_than_a_contest(device: &Device) {
    let worse = |notice: &Notice| {
        is_alarming(notice) && !matches!(notice, Notice::InvalidCommit { .. } | Notice::ShutOut { .. })
    };
    let worse: Vec<Notice> = device.noticed().await.into_iter().filter(worse).collect();
    assert_eq!(worse, [], "what {device:?} noticed");
}
