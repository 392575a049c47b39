//! A server that lies. What it cannot be kept from doing is noticed, and nobody is talked into anything.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_engine::{HttpRequest, HttpResponse};
use huis_proto::frames::{EntryKind, LogEntry, ServerFrame};
use huis_proto::rest::{AccountCard, ClaimedKeyPackages, DeviceLists, GroupInfo, SubmitCommit};
use huis_proto::{Bytes, Bytes32};
use huis_testkit::{Device, Fate, World, story};
use huis_views::{Command, ConversationState, Failure, MemberRole, Notice, Target};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{nobody_is_alarmed, two_friends};

/// Device lists older than this are asked for before something is said.
const ASKED_ANEW: Duration = Duration::from_secs(2 * 3600);

#[test]
fn a_swapped_key_package_is_refused_before_anything_is_said() {
    story(async |world| {
        let (ann, bea, eve) = (world.account("ann").await, world.account("bea").await, world.account("eve").await);
        let of_eve: Rc<RefCell<Option<Bytes>>> = Rc::default();
        let taken = Rc::clone(&of_eve);
        ann.answers_pass(changing("/key-packages/claim", move |claimed: &mut ClaimedKeyPackages| {
            taken.replace(Some(claimed.packages[0].key_package.clone()));
        }));
        ann.says("@eve", "hello eve").await;
        ann.answers_pass(changing("/key-packages/claim", move |claimed: &mut ClaimedKeyPackages| {
            claimed.packages[0].key_package = of_eve.borrow().clone().unwrap();
        }));
        let failure = ann.tries_to_say("@bea", "for bea alone").await.unwrap_err();
        assert!(matches!(failure, Failure::BadAnswer { .. }), "{failure:?}");
        eve.hears("@ann", "hello eve").await;
        assert!(bea.looks_at("@ann").await.is_none());

        ann.nobody_meddles();
        ann.says("@bea", "now for bea").await;
        bea.hears("@ann", "now for bea").await;
    });
}

#[test]
fn an_older_device_list_is_never_accepted_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let stolen = world.another_device_of(&bea).await;
        let device = stolen.profile().await.device;
        let old = recorded_card(&world, &ann, &bea).await;
        bea.revokes(device).await;
        bea.says("@ann", "my tablet was stolen").await;
        ann.hears("@bea", "my tablet was stolen").await;

        let bea_account = bea.profile().await.account;
        let shown = Rc::new(Cell::new(false));
        let seen = Rc::clone(&shown);
        ann.answers_pass(move |request, response| {
            if request.path.contains(&format!("/accounts/{bea_account}/device-lists")) {
                seen.set(true);
                return Some(with(response, &DeviceLists { lists: vec![old.device_list.clone()] }));
            }
            let is_card = request.path.ends_with(&bea_account.to_string()) || request.path.ends_with("/by-name/bea");
            Some(if is_card { with(response, &old) } else { response })
        });
        world.passes(ASKED_ANEW).await;
        ann.says("@bea", "is that all?").await;
        assert!(shown.get());
        ann.notices("the old list", |notice| matches!(notice, Notice::DeviceListRefused { .. })).await;
        let contact = ann.tries(Command::Contact { name: "bea".into() }).await;
        assert!(!format!("{contact:?}").contains(&device.to_string()), "{contact:?}");
        ann.nobody_meddles();
        ann.says("@bea", "not for the thief").await;
        bea.hears("@ann", "not for the thief").await;
        assert!(ann.members("@bea").await.iter().all(|member| !member.devices.contains(&device)));
    });
}

#[test]
fn another_identity_key_of_a_known_account_is_shown_and_nothing_is_sent_to_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let eve = world.account("eve").await;
        let of_eve = recorded_card(&world, &ann, &eve).await;
        let (id_of_bea, of_bea) = (bea.profile().await.account, recorded_card(&world, &ann, &bea).await);
        ann.answers_pass(move |request, response| {
            let is_card = request.path.ends_with(&id_of_bea.to_string()) || request.path.ends_with("/by-name/bea");
            let forged = AccountCard { identity_key: of_eve.identity_key, ..of_bea.clone() };
            Some(if is_card { with(response, &forged) } else { response })
        });
        world.passes(ASKED_ANEW).await;
        let failure = ann.tries_to_say("@bea", "is it you?").await.unwrap_err();
        ann.notices("another identity", |notice| matches!(notice, Notice::IdentityChanged { .. })).await;
        assert!(matches!(failure, Failure::IdentityChanged { .. }), "{failure:?}");
        assert!(!bea.texts("@ann").await.contains(&"is it you?".to_owned()));
    });
}

#[test]
fn entries_in_another_order_are_noticed_and_shown_once() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        bea.stops().await;
        for text in ["one", "two", "three"] {
            ann.says("@bea", text).await;
        }
        let mut withheld = None;
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(entry) if withheld.is_none() => {
                withheld = Some(Some(entry));
                Fate::Becomes(vec![])
            }
            ServerFrame::Entry(entry) => {
                let mut frames = vec![ServerFrame::Entry(entry)];
                frames.extend(withheld.as_mut().and_then(Option::take).map(ServerFrame::Entry));
                Fate::Becomes(frames)
            }
            other => Fate::passes(other),
        });
        bea.start();
        bea.hears("@ann", "three").await;
        bea.notices("that one is missing", |notice| matches!(notice, Notice::Gap { .. })).await;
        let texts = bea.texts("@ann").await;
        for text in ["one", "two", "three"] {
            assert!(texts.iter().filter(|heard| *heard == text).count() <= 1, "{texts:?}");
        }
        ann.says("@bea", "four").await;
        bea.hears("@ann", "four").await;
    });
}

#[test]
fn a_hole_is_noticed_although_the_server_counts_over_it() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        ann.says("@bea", "one").await;
        bea.hears("@ann", "one").await;
        bea.received_frames_pass(dropping_the_next_message());
        ann.says("@bea", "two").await;
        ann.says("@bea", "three").await;
        bea.hears("@ann", "three").await;
        assert!(!bea.texts("@ann").await.contains(&"two".to_owned()));
        let ann_account = ann.profile().await.account;
        bea.notices(
            "that one is missing",
            |notice| matches!(notice, Notice::MissingFrom { sender, count: 1 } if sender.account == ann_account),
        )
        .await;
    });
}

#[test]
fn a_fork_is_noticed_when_somebody_who_saw_the_other_side_speaks() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        for each in [&bea, &cem] {
            each.hears_title("garden").await;
        }
        world.passes(Duration::from_secs(7200)).await;
        cem.stops().await;
        ann.says("#garden", "from ann").await;
        bea.hears("#garden", "from ann").await;
        bea.says("#garden", "from bea").await;
        ann.hears("#garden", "from bea").await;
        // cem is shown the two in the other order, under the numbers that make it look right.
        cem.received_frames_pass(swapping_the_next_two_messages());
        cem.start();
        cem.hears("#garden", "from bea").await;
        ann.says("#garden", "as I said").await;
        cem.hears("#garden", "as I said").await;
        cem.notices("a fork", |notice| matches!(notice, Notice::Forked { .. } | Notice::Hole { .. })).await;
    });
}

#[test]
fn a_repeated_entry_under_another_number_is_not_shown_twice() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut shift = 0;
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(entry) if entry.kind == EntryKind::Message && shift == 0 => {
                shift = 1;
                let again = LogEntry { seq: entry.seq + 1, ..entry.clone() };
                Fate::Becomes(vec![ServerFrame::Entry(entry), ServerFrame::Entry(again)])
            }
            ServerFrame::Entry(entry) => Fate::passes(ServerFrame::Entry(LogEntry { seq: entry.seq + shift, ..entry })),
            other => Fate::passes(other),
        });
        ann.says("@bea", "one").await;
        ann.says("@bea", "two").await;
        bea.reads_exactly("@ann", &["hello", "one", "two"]).await;
        bea.notices("a forged entry", |notice| matches!(notice, Notice::Unreadable { .. })).await;
    });
}

#[test]
fn a_message_under_another_authors_name_is_refused() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea, &cem]).await;
        bea.hears_title("garden").await;
        let cem_is = cem.profile().await;
        let cems_account = cem_is.account;
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(mut entry) if entry.kind == EntryKind::Message => {
                entry.author.account = cem_is.account;
                entry.author.device = cem_is.device;
                Fate::passes(ServerFrame::Entry(entry))
            }
            other => Fate::passes(other),
        });
        ann.says("#garden", "who said that?").await;
        bea.notices("a forged author", |notice| matches!(notice, Notice::Unreadable { .. })).await;
        let messages = bea.messages("#garden").await;
        assert!(messages.iter().all(|message| message.from.account != cems_account), "{messages:?}");
    });
}

#[test]
fn a_commit_whose_roster_the_server_forges_is_refused_and_its_victim_joins_anew_once_a_person_agrees() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        world.passes(Duration::from_secs(7200)).await;
        let cem_is = cem.profile().await;
        let account_of_cem = cem_is.account;
        let forged = Rc::new(Cell::new(false));
        let done = Rc::clone(&forged);
        // The authenticated data names who joins; a bit of it is turned.
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(mut entry) if entry.kind == EntryKind::Commit && !done.get() => {
                let place = position(&entry.payload, cem_is.account.as_bytes()).expect("the joiner is named");
                entry.payload.0[place] ^= 1;
                done.set(true);
                Fate::passes(ServerFrame::Entry(entry))
            }
            other => Fate::passes(other),
        });
        let id = ann.id_of("#garden").await;
        ann.invites("#garden", &[&cem]).await;
        bea.notices("a forged commit", |notice| matches!(notice, Notice::InvalidCommit { .. })).await;
        assert!(forged.get());
        // bea has parted from the others; three words in a row show it. What it would join has somebody in it whom it
        // has never seen come.
        for text in ["one", "two", "three", "four"] {
            ann.says("#garden", text).await;
        }
        bea.notices("who is too many", |notice| {
            matches!(notice, Notice::UnexpectedMembers { accounts } if accounts.iter().any(|one| one.account == account_of_cem))
        })
        .await;
        bea.command(Command::JoinAnyway { conversation: id }).await;
        bea.hears_title("garden").await;
        ann.says("#garden", "five").await;
        bea.hears("#garden", "five").await;
        bea.says("#garden", "six").await;
        cem.hears("#garden", "six").await;
        ann.agrees_with(&[&bea, &cem], "#garden").await;
    });
}

#[test]
fn an_invalid_commit_in_the_log_is_skipped_by_all_alike_and_the_group_goes_on() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (cem, dan) = (world.account("cem").await, world.account("dan").await);
        let id = ann.opens_a_group("garden", &[&bea, &cem]).await.to_string();
        for each in [&bea, &cem] {
            each.hears_title("garden").await;
        }
        world.passes(Duration::from_secs(7200)).await;
        // cem's client is not what it should be: its commit is garbage inside.
        let sent = Rc::new(Cell::new(false));
        let done = Rc::clone(&sent);
        cem.requests_pass(move |mut request| {
            if request.path.ends_with("/commits") {
                let mut body: SubmitCommit = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
                let last = body.commit.0.len() - 1;
                body.commit.0[last] ^= 1;
                request.body = Some(serde_json::to_vec(&body).unwrap());
                done.set(true);
            }
            Some(request)
        });
        bea.leaves("#garden").await;
        let _ = cem.writes(&id, "never heard").await;
        ann.notices("the garbage", |notice| matches!(notice, Notice::InvalidCommit { .. })).await;
        assert!(sent.get());
        cem.stops().await;
        ann.invites("#garden", &[&dan]).await;
        dan.hears_title("garden").await;
        ann.says("#garden", "we go on").await;
        dan.hears("#garden", "we go on").await;
        ann.agrees_with(&[&dan], "#garden").await;
    });
}

#[test]
fn a_conversation_that_the_account_does_not_know_as_it_is_is_not_joined_before_a_person_agrees() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let eve = world.account("eve").await;
        let id = bea.opens_a_group("garden", &[&ann]).await;
        ann.hears_title("garden").await;
        bea.says("#garden", "only us").await;
        let (target, names) = (Target::Room("garden".into()), vec!["ann".to_owned()]);
        bea.command(Command::SetRole { target, names, role: MemberRole::Admin }).await;
        bea.agrees_with(&[&ann], "#garden").await;
        bea.has_settled().await;
        bea.stops().await;
        // The account's sealed state does not know eve.
        ann.invites("#garden", &[&eve]).await;
        let tablet = world.blank_device(&bea, "tablet");
        tablet.start();
        tablet.tries_to_sign_in().await.unwrap();
        let notice =
            tablet.notices("an unexpected member", |notice| matches!(notice, Notice::UnexpectedMembers { .. })).await;
        let account_of_eve = eve.profile().await.account;
        assert!(matches!(&notice, Notice::UnexpectedMembers { accounts } if accounts[0].account == account_of_eve));
        assert_eq!(tablet.looks_at("#garden").await.unwrap().state, ConversationState::Held);
        assert!(tablet.tries_to_say("#garden", "hello?").await.is_err());

        tablet.command(Command::JoinAnyway { conversation: id }).await;
        tablet.hears_title("garden").await;
        tablet.says("#garden", "hello eve").await;
        eve.hears("#garden", "hello eve").await;
    });
}

#[test]
fn a_new_device_does_not_join_another_group_in_place_of_the_one_that_it_asked_for() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let eve = world.account("eve").await;
        let bait = eve.joins_room("bait").await;
        let garden = bea.opens_a_group("garden", &[&ann]).await;
        bea.has_settled().await;
        let info = recorded_group_info(&world, &eve, bait).await;
        let tablet = world.blank_device(&bea, "tablet");
        tablet.answers_pass(changing(&format!("/{garden}/group-info"), move |shown: &mut GroupInfo| {
            shown.group_info = info.group_info.clone();
        }));
        tablet.start();
        tablet.tries_to_sign_in().await.unwrap();
        tablet.notices("a join that failed", |notice| matches!(notice, Notice::JoinFailed { .. })).await;
        assert_ne!(tablet.looks_at("#garden").await.map(|view| view.state), Some(ConversationState::Joined));
        assert!(tablet.looks_at("#bait").await.is_none());
    });
}

#[test]
fn garbage_on_the_connection_does_no_harm() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let mut left = 3;
        bea.received_frames_pass(move |frame| match frame {
            ServerFrame::Entry(mut entry) if left > 0 => {
                left -= 1;
                entry.payload = Bytes(vec![left; 300]);
                entry.mac = Some(Bytes32([left; 32]));
                Fate::passes(ServerFrame::Entry(entry))
            }
            other => Fate::passes(other),
        });
        for text in ["one", "two", "three", "four"] {
            ann.says("@bea", text).await;
        }
        bea.hears("@ann", "four").await;
        bea.says("@ann", "what was that?").await;
        ann.hears("@bea", "what was that?").await;
        nobody_is_alarmed(&[&ann]).await;
    });
}

/// An answer whose path ends so is changed.
pub(crate) fn changing<T: Serialize + DeserializeOwned>(
    path_ends: &str,
    mut change: impl FnMut(&mut T) + 'static,
) -> impl FnMut(&HttpRequest, HttpResponse) -> Option<HttpResponse> + 'static {
    let path_ends = path_ends.to_owned();
    move |request, response| {
        if !request.path.ends_with(&path_ends) || response.status != 200 {
            return Some(response);
        }
        let Ok(mut body) = serde_json::from_slice(&response.body) else { return Some(response) };
        change(&mut body);
        Some(with(response, &body))
    }
}

pub(crate) fn with(response: HttpResponse, body: &impl Serialize) -> HttpResponse {
    HttpResponse { body: serde_json::to_vec(body).unwrap(), ..response }
}

/// What the server honestly shows of an account at this moment. The asker looks it up for the first time, or says
/// something to it after so long that it asks anew.
pub(crate) async fn recorded_card(world: &World, asker: &Device, account: &Device) -> AccountCard {
    let (id, by_name) = (account.profile().await.account, format!("/by-name/{}", account.name()));
    let found: Rc<RefCell<Option<AccountCard>>> = Rc::default();
    let kept = Rc::clone(&found);
    asker.answers_pass(move |request, response| {
        if request.path.ends_with(&format!("/accounts/{id}")) || request.path.ends_with(&by_name) {
            kept.replace(serde_json::from_slice(&response.body).ok());
        }
        Some(response)
    });
    if asker.looks_at(&account.address()).await.is_some() {
        world.passes(ASKED_ANEW).await;
        asker.says(&account.address(), "are you there?").await;
    } else {
        asker.command(Command::Contact { name: account.name().into() }).await;
    }
    asker.nobody_meddles();
    found.take().expect("the asker asked")
}

/// The GroupInfo of an open room.
async fn recorded_group_info(world: &World, owner: &Device, room: huis_proto::ConversationId) -> GroupInfo {
    let visitor = world.account("visitor").await;
    let found: Rc<RefCell<Option<GroupInfo>>> = Rc::default();
    let kept = Rc::clone(&found);
    visitor.answers_pass(changing(&format!("/{room}/group-info"), move |info: &mut GroupInfo| {
        kept.replace(Some(info.clone()));
    }));
    let name = owner.looks_at(&room.to_string()).await.unwrap().name;
    visitor.joins_room(&name).await;
    found.take().expect("the visitor joined by it")
}

/// The next message is dropped, and those behind it move up.
fn dropping_the_next_message() -> impl FnMut(ServerFrame) -> Fate<ServerFrame> + 'static {
    let mut dropped = None;
    move |frame| match frame {
        ServerFrame::Entry(entry) if dropped.is_none() && entry.kind == EntryKind::Message => {
            dropped = Some(entry.seq);
            Fate::Becomes(vec![])
        }
        ServerFrame::Entry(entry) if dropped.is_some() => {
            Fate::passes(ServerFrame::Entry(LogEntry { seq: entry.seq - 1, ..entry }))
        }
        other => Fate::passes(other),
    }
}

/// The next two messages come in the other order, with each other's numbers.
fn swapping_the_next_two_messages() -> impl FnMut(ServerFrame) -> Fate<ServerFrame> + 'static {
    let (mut first, mut swapped) = (None::<LogEntry>, false);
    move |frame| match frame {
        ServerFrame::Entry(entry) if !swapped && entry.kind == EntryKind::Message => match first.take() {
            None => {
                first = Some(entry);
                Fate::Becomes(vec![])
            }
            Some(before) => {
                swapped = true;
                let (one, two) = (before.seq, entry.seq);
                Fate::Becomes(vec![
                    ServerFrame::Entry(LogEntry { seq: one, ..entry }),
                    ServerFrame::Entry(LogEntry { seq: two, ..before }),
                ])
            }
        },
        other => Fate::passes(other),
    }
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
