//! Stories of those who look after the server.

use huis_proto::rest::{AuditChain, AuditEntry, BanTarget, ServerRole};
use huis_proto::{BanId, Bytes, Bytes32, Member, SessionId};

use super::people::People;
use crate::{
    AccountsWanted, Act, Acted, ArchiveChanged, Beginning, CLAIM, Creation, EndedSessions, NewBan, NewOverride,
    NewPassword, NewSuspension, Noted, Numbered, Override, PasswordChange, Refresh, Session, SharedStore, Swap,
    WhichAccounts,
};

const DAY_MS: u64 = 24 * 3600 * 1000;
pub(super) const NOW_MS: u64 = 20_000 * DAY_MS + 5;

/// An act that takes this role.
pub(super) fn act(actor: Member, needs: ServerRole, action: &'static str) -> Act {
    Act { actor: actor.account, session: None, needs, action, address: "192.0.2.1".into(), at_ms: NOW_MS }
}

/// Whoever has the role can do what is tried here.
pub(super) fn by(actor: Member) -> Act {
    act(actor, ServerRole::Moderator, "try")
}

/// The account that showed the one-time code.
pub(super) async fn head(people: &People) -> Member {
    let head = people.stranger();
    let mut new = people.new_account(head, "head");
    new.claims_super_administrator = true;
    assert_eq!(people.store.create_account(new).await.expect("made"), Creation::Created);
    head
}

pub(super) async fn named(people: &People, name: &str) -> Member {
    let member = people.stranger();
    let created = people.store.create_account(people.new_account(member, name)).await;
    assert_eq!(created.expect("made"), Creation::Created);
    member
}

/// A person of this role and name.
pub(super) async fn of_role(people: &People, head: Member, name: &str, role: ServerRole) -> Member {
    let member = named(people, name).await;
    let set = people.store.set_role(by(head), name, role).await;
    assert_eq!(set.expect("an answer"), if role == ServerRole::Member { Acted::Unchanged } else { Acted::Done(()) });
    member
}

/// Begins a session; what became of it.
async fn begins(people: &People, device: Member, at_ms: u64) -> (SessionId, Beginning) {
    let session = Session {
        session: SessionId::from_bytes(people.id()),
        account: device.account,
        device: device.device,
        stays_signed_in: true,
        began_at_ms: at_ms,
        used_at_ms: at_ms,
    };
    let (id, number) = (session.session, people.next());
    let mut hash = [0xcc; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    (id, people.store.begin_session(session, Bytes32(hash), 1).await.expect("an answer"))
}

pub(super) async fn audit(store: &SharedStore) -> Vec<AuditEntry> {
    store.audit_page(0, 1000).await.expect("read")
}

fn suspension(ends_at_ms: Option<u64>) -> NewSuspension {
    NewSuspension { reason: "spam".into(), ends_at_ms }
}

/// What keeps a name, or a network, out.
pub(super) fn ban(people: &People, target: BanTarget, ends_at_ms: Option<u64>) -> NewBan {
    let skeleton = match &target {
        BanTarget::Name(name) => name.clone(),
        BanTarget::Network(_) => String::new(),
    };
    NewBan { id: BanId::from_bytes(people.id()), target, skeleton, reason: "flood".into(), ends_at_ms }
}

fn wanted(search: &str, which: WhichAccounts, most: usize) -> AccountsWanted {
    AccountsWanted { search: search.into(), after: None, which, most, now_ms: NOW_MS }
}

async fn names(store: &SharedStore, wanted: AccountsWanted) -> Vec<String> {
    let page = store.accounts_page(wanted).await.expect("read");
    page.into_iter().map(|account| account.username).collect()
}

/// For each role that acts, and each that is acted on.
pub async fn nobody_acts_on_an_account_whose_role_is_not_below_their_own(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let mut everybody = vec![(head, "head".to_owned(), ServerRole::SuperAdministrator)];
    for role in ServerRole::ALL {
        for number in 0..2 {
            let name = format!("{role}-{number}");
            let member = of_role(&people, head, &name, role).await;
            everybody.push((member, name, role));
        }
    }
    for (actor, _, role) in &everybody {
        for (_, name, other) in &everybody {
            let may = role >= &ServerRole::Moderator && other < role;
            let ended = store.end_sessions_of(by(*actor), name).await.expect("an answer");
            let suspended = store.suspend(by(*actor), name, suspension(Some(NOW_MS + 9))).await.expect("an answer");
            let lifted = store.lift_suspension(by(*actor), name).await.expect("an answer");
            let banned = ban(&people, BanTarget::Name(name.clone()), None);
            let id = banned.id;
            let banned = store.put_ban(by(*actor), banned, 5).await.expect("an answer");
            let answers = [
                matches!(ended, Acted::Done(_)),
                matches!(suspended, Acted::Done(_)),
                matches!(lifted, Acted::Done(())),
                matches!(banned, Acted::Done(_)),
            ];
            assert_eq!(answers, [may; 4], "{role} on {other}: {ended:?} {suspended:?} {lifted:?} {banned:?}");
            if may {
                assert!(matches!(store.lift_ban(by(*actor), id).await, Ok(Acted::Done(_))));
            } else {
                let refused = if role < &ServerRole::Moderator { Acted::NotAllowed } else { Acted::Outranked(*other) };
                assert_eq!(ended, refused);
                assert_eq!(store.delete_account(by(*actor), name).await.expect("an answer"), refused);
            }
        }
    }
    let missing = store.suspend(by(head), "nobody", suspension(None)).await;
    assert_eq!(missing.expect("an answer"), Acted::NotThere);
}

/// They may give their place away as soon as another has it too, and never leave it empty.
pub async fn the_last_super_administrator_stays(store: SharedStore) {
    use ServerRole::{Administrator, Member as NoRole, SuperAdministrator};
    let people = People::new(store.clone());
    let head = head(&people).await;
    named(&people, "anna").await;
    let set = |actor: Member, name: &'static str, role| store.set_role(by(actor), name, role);
    assert_eq!(set(head, "head", NoRole).await.expect("an answer"), Acted::LastSuperAdministrator);
    assert_eq!(set(head, "anna", SuperAdministrator).await.expect("an answer"), Acted::Done(()));
    // Neither of them acts on the other.
    assert_eq!(set(head, "anna", NoRole).await.expect("an answer"), Acted::Outranked(SuperAdministrator));
    let deleted = store.delete_account(by(head), "anna").await;
    assert_eq!(deleted.expect("an answer"), Acted::Outranked(SuperAdministrator));
    assert_eq!(set(head, "head", Administrator).await.expect("an answer"), Acted::Done(()));
    assert_eq!(set(head, "head", SuperAdministrator).await.expect("an answer"), Acted::Outranked(SuperAdministrator));
    let account = store.account(head.account).await.expect("read").expect("an account");
    assert_eq!(account.role, Administrator);
}

/// Of two who step down at once, one stays.
pub async fn two_super_administrators_cannot_both_step_down_at_once(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let anna = of_role(&people, head, "anna", ServerRole::SuperAdministrator).await;
    let one = store.set_role(by(head), "head", ServerRole::Member);
    let other = store.set_role(by(anna), "anna", ServerRole::Member);
    let (one, other) = tokio::join!(one, other);
    let mut answers = [one.expect("an answer"), other.expect("an answer")];
    answers.sort_by_key(|answer| *answer != Acted::Done(()));
    assert_eq!(answers, [Acted::Done(()), Acted::LastSuperAdministrator]);
    assert!(store.super_administrator_exists().await.expect("read"));
}

/// A suspended account has no session, gets none, and nobody gets a key package of it; until it is over.
pub async fn a_suspension_ends_sessions_and_lets_none_begin_until_it_is_over(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna) = (head(&people).await, named(&people, "anna").await);
    store.put_key_packages(anna, vec![Bytes(vec![1])], Some(Bytes(vec![2])), false).await.expect("stocked");
    let (session, begun) = begins(&people, anna, NOW_MS).await;
    assert_eq!(begun, Beginning::Begun { ended: None });
    let suspended = store.suspend(by(head), "anna", suspension(Some(NOW_MS + 1000))).await.expect("an answer");
    assert!(matches!(suspended, Acted::Done(ended) if ended.sessions == [session]));
    assert!(store.session(session).await.expect("read").is_none());
    let bar = store.bar_of(anna.account, NOW_MS + 999).await.expect("read").expect("a bar");
    assert_eq!((bar.is_ban, bar.reason.as_str(), bar.ends_at_ms), (false, "spam", Some(NOW_MS + 1000)));
    assert_eq!(begins(&people, anna, NOW_MS + 999).await.1, Beginning::Barred(bar));
    let claimed = store.claim_key_packages(anna.account, None, NOW_MS + 999).await.expect("read").expect("an account");
    assert_eq!((claimed.packages.len(), claimed.devices_without), (0, vec![anna.device]));
    // By itself.
    assert_eq!(store.bar_of(anna.account, NOW_MS + 1000).await.expect("read"), None);
    assert!(matches!(begins(&people, anna, NOW_MS + 1000).await.1, Beginning::Begun { .. }));
    let claimed = store.claim_key_packages(anna.account, None, NOW_MS + 1000).await.expect("read");
    assert_eq!(claimed.expect("an account").packages.len(), 1);
    // And by whoever lifts it.
    store.suspend(by(head), "anna", suspension(None)).await.expect("an answer");
    assert!(store.bar_of(anna.account, u64::MAX >> 1).await.expect("read").is_some());
    assert_eq!(store.lift_suspension(by(head), "anna").await.expect("an answer"), Acted::Done(()));
    assert_eq!(store.lift_suspension(by(head), "anna").await.expect("an answer"), Acted::Unchanged);
    assert!(matches!(begins(&people, anna, NOW_MS).await.1, Beginning::Begun { .. }));
}

/// A suspension and a ban are kept from those whose role is below that of who set them.
pub async fn what_somebody_of_a_higher_role_has_set_is_not_lifted_from_below(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let moderator = of_role(&people, head, "mod", ServerRole::Moderator).await;
    let administrator = of_role(&people, head, "admin", ServerRole::Administrator).await;
    named(&people, "anna").await;
    store.suspend(by(administrator), "anna", suspension(None)).await.expect("an answer");
    let outranked = || Acted::Outranked(ServerRole::Administrator);
    assert_eq!(store.lift_suspension(by(moderator), "anna").await.expect("an answer"), outranked());
    let shorter = store.suspend(by(moderator), "anna", suspension(Some(NOW_MS + 1))).await;
    assert!(matches!(shorter, Ok(Acted::Outranked(ServerRole::Administrator))));
    assert_eq!(store.lift_suspension(by(head), "anna").await.expect("an answer"), Acted::Done(()));
    for target in [BanTarget::Name("carla".into()), BanTarget::Network("198.51.100.0/24".into())] {
        let set = ban(&people, target.clone(), None);
        let id = set.id;
        assert!(matches!(store.put_ban(by(administrator), set, 5).await, Ok(Acted::Done(_))));
        assert!(matches!(store.lift_ban(by(moderator), id).await, Ok(Acted::Outranked(ServerRole::Administrator))));
        let anew = store.put_ban(by(moderator), ban(&people, target, None), 5).await;
        assert!(matches!(anew, Ok(Acted::Outranked(ServerRole::Administrator))));
        assert!(matches!(store.lift_ban(by(head), id).await, Ok(Acted::Done(_))));
        assert!(matches!(store.lift_ban(by(head), id).await, Ok(Acted::NotThere)));
    }
}

/// A ban of a name keeps an account of it out, and everybody from it and what looks like it; until it is over.
pub async fn a_ban_of_a_name_keeps_out_who_has_it_and_who_would(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna) = (head(&people).await, named(&people, "anna").await);
    let (session, _) = begins(&people, anna, NOW_MS).await;
    let set = ban(&people, BanTarget::Name("anna".into()), Some(NOW_MS + 1000));
    let put = store.put_ban(by(head), set, 5).await.expect("an answer");
    let Acted::Done(put) = put else { panic!("{put:?}") };
    assert_eq!((put.ban.set_by.as_str(), put.ban.since_ms), ("head", NOW_MS));
    assert_eq!(put.ended.expect("an account").sessions, [session]);
    assert_eq!(store.bans(NOW_MS).await.expect("read"), [put.ban]);
    let bar = store.bar_of_name("anna", NOW_MS + 999).await.expect("read").expect("a bar");
    assert!(bar.is_ban);
    assert_eq!(begins(&people, anna, NOW_MS + 999).await.1, Beginning::Barred(bar));
    assert_eq!(store.bar_of_name("berta", NOW_MS).await.expect("read"), None);
    assert_eq!(store.bar_of_name("anna", NOW_MS + 1000).await.expect("read"), None);
    assert_eq!(store.bans(NOW_MS + 1000).await.expect("read"), []);
    assert!(matches!(begins(&people, anna, NOW_MS + 1000).await.1, Beginning::Begun { .. }));
}

/// Those that are over leave their place, and one of the same target takes it.
pub async fn bans_are_bounded_in_number(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let network = |number: u8| BanTarget::Network(format!("198.51.100.{number}"));
    let put = async |target, ends| {
        let put = store.put_ban(by(head), ban(&people, target, ends), 2).await.expect("an answer");
        matches!(put, Acted::Done(_))
    };
    assert!(put(network(1), Some(NOW_MS)).await && put(network(2), None).await);
    // The first one is over by now.
    assert!(put(network(3), None).await);
    assert!(!put(network(4), None).await);
    assert!(put(network(2), Some(NOW_MS + 5)).await);
    let bans = store.bans(NOW_MS).await.expect("read");
    assert_eq!(bans.len(), 2);
    assert!(bans.iter().any(|ban| ban.target == network(2) && ban.ends_at_ms == Some(NOW_MS + 5)));
}

/// It can't be signed in or found by its name any more; what it said can still be checked, and nobody takes its place.
pub async fn a_deleted_account_is_out_and_its_name_stays_taken(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna, berta) = (head(&people).await, named(&people, "anna").await, named(&people, "berta").await);
    let second = people.second_device(anna).await;
    let group = people.group(&[berta, anna, second]).await;
    store.put_key_packages(anna, vec![Bytes(vec![1])], None, false).await.expect("stocked");
    let (session, _) = begins(&people, anna, NOW_MS).await;
    store.suspend(by(head), "anna", suspension(None)).await.expect("an answer");
    let archived = store.change_archive(super::archives::brings(anna.account, 1, 10)).await.expect("an answer");
    assert_eq!(archived, ArchiveChanged::Stored);
    let deleted = store.delete_account(by(head), "anna").await.expect("an answer");
    assert!(matches!(deleted, Acted::Done(ended) if ended.account == anna.account));
    assert!(store.session(session).await.expect("read").is_none());
    assert!(store.account_by_name("anna").await.expect("read").is_none());
    assert!(store.password_record("anna").await.expect("read").is_none());
    assert!(store.vault(anna.account).await.expect("read").is_none());
    assert!(store.account_state(anna.account).await.expect("read").is_none());
    assert!(store.archive(anna.account).await.expect("read").is_none());
    assert!(store.archive_segments(anna.account, 0, 10).await.expect("read").is_empty());
    let late = store.change_archive(super::archives::brings(anna.account, 2, 10)).await.expect("an answer");
    assert_eq!(late, ArchiveChanged::NoAccount);
    assert_eq!(store.name_state("anna", "anna").await.expect("read"), Creation::NameTaken);
    let kept = store.account(anna.account).await.expect("read").expect("an account");
    assert_eq!((kept.role, kept.password_number), (ServerRole::Member, 2));
    // Nothing is delivered to it, and others go on.
    people.says(group, berta, 1).await;
    assert_eq!(people.recipients(group).await, [berta]);
    // None of its devices is listed again, not even by a list that was on its way.
    let next = kept.device_list_number + 1;
    let listed = store.put_device_list(anna.account, next, kept.device_list, vec![anna.device]).await;
    assert_eq!(listed.expect("an answer"), Swap::Conflict(0));
    assert_eq!(people.recipients(group).await, [berta]);
    let claimed = store.claim_key_packages(anna.account, None, NOW_MS).await.expect("read").expect("an account");
    assert_eq!((claimed.packages.len(), claimed.devices_without.len()), (0, 0));
    // What was proved by its password before is of no use.
    let change = NewPassword {
        account: anna.account,
        follows: 1,
        opaque: Bytes(vec![1]),
        stretch: huis_proto::opaque::StretchParameters::NEW_ACCOUNTS,
        vault: Numbered { number: 2, sealed: Bytes(vec![1]) },
        ends: EndedSessions::None,
    };
    assert_eq!(store.change_password(change).await.expect("an answer"), PasswordChange::Conflict);
    let found = store.administered_account("anna", NOW_MS).await.expect("read").expect("an account");
    assert_eq!((found.deleted_at_ms, found.suspension, found.devices), (Some(NOW_MS), None, 0));
    for again in [
        store.delete_account(by(head), "anna").await.expect("an answer"),
        store.suspend(by(head), "anna", suspension(None)).await.expect("an answer"),
    ] {
        assert_eq!(again, Acted::NotThere);
    }
}

/// By name, page by page; those with a role and those that are suspended alone as well.
pub async fn accounts_are_listed_by_name_page_by_page(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    for name in ["anna", "anna-b", "anton", "berta", "zoe", "éva"] {
        named(&people, name).await;
    }
    of_role(&people, head, "mona", ServerRole::Moderator).await;
    let all = ["anna", "anna-b", "anton", "berta", "head", "mona", "zoe", "éva"];
    assert_eq!(names(&store, wanted("", WhichAccounts::All, 100)).await, all);
    let mut paged = Vec::new();
    let mut page = wanted("", WhichAccounts::All, 3);
    loop {
        let next = names(&store, page.clone()).await;
        page.after = next.last().cloned();
        if next.is_empty() {
            break;
        }
        paged.extend(next);
    }
    assert_eq!(paged, all);
    assert_eq!(names(&store, wanted("an", WhichAccounts::All, 9)).await, ["anna", "anna-b", "anton"]);
    assert_eq!(names(&store, wanted("anna", WhichAccounts::All, 9)).await, ["anna", "anna-b"]);
    assert_eq!(names(&store, wanted("x", WhichAccounts::All, 9)).await, [""; 0]);
    let moderators = wanted("", WhichAccounts::OfRole(ServerRole::Moderator), 9);
    assert_eq!(names(&store, moderators).await, ["mona"]);
    let heads = wanted("he", WhichAccounts::OfRole(ServerRole::SuperAdministrator), 9);
    assert_eq!(names(&store, heads).await, ["head"]);
    store.suspend(by(head), "zoe", suspension(None)).await.expect("an answer");
    store.suspend(by(head), "berta", suspension(Some(NOW_MS))).await.expect("an answer");
    // Hers is over.
    assert_eq!(names(&store, wanted("", WhichAccounts::Suspended, 9)).await, ["zoe"]);
    let zoe = store.administered_account("zoe", NOW_MS).await.expect("read").expect("an account");
    let suspended = zoe.suspension.expect("a suspension");
    assert_eq!((suspended.reason.as_str(), suspended.set_by.as_str()), ("spam", "head"));
    let berta = store.administered_account("berta", NOW_MS).await.expect("read").expect("an account");
    assert_eq!((berta.suspension, berta.role), (None, ServerRole::Member));
}

/// Of when somebody was there last, the day alone is kept.
pub async fn when_an_account_was_there_is_known_by_the_day(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = named(&people, "anna").await;
    let seen = async || {
        let found = store.administered_account("anna", NOW_MS).await.expect("read").expect("an account");
        (found.seen_on_ms, found.devices, found.sessions)
    };
    assert_eq!(seen().await, (None, 1, 0));
    let session = Session {
        session: SessionId::from_bytes(people.id()),
        account: anna.account,
        device: anna.device,
        stays_signed_in: true,
        began_at_ms: NOW_MS,
        used_at_ms: NOW_MS,
    };
    let token = |number: u8| Bytes32([number; 32]);
    store.begin_session(session, token(1), 1).await.expect("begun");
    assert_eq!(seen().await, (Some(20_000 * DAY_MS), 1, 1));
    store.refresh_session(token(1), token(2), NOW_MS + DAY_MS).await.expect("refreshed");
    assert_eq!(seen().await.0, Some(20_001 * DAY_MS));
    // A clock that was set back changes nothing.
    store.refresh_session(token(2), token(3), NOW_MS).await.expect("refreshed");
    assert_eq!(seen().await.0, Some(20_001 * DAY_MS));
    // Nor does a token that was used up, which ends the session.
    let reused = store.refresh_session(token(1), token(4), NOW_MS + 2 * DAY_MS).await.expect("an answer");
    assert!(matches!(reused, Refresh::Reused(_)));
    assert_eq!(seen().await, (Some(20_001 * DAY_MS), 1, 0));
}

/// What is done is written down in a chain; what is refused is not.
pub async fn every_act_is_in_the_audit_log_and_no_refused_one(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let anna = named(&people, "anna").await;
    let administrators = |action| act(head, ServerRole::Administrator, action);
    store.set_role(administrators("set-role"), "anna", ServerRole::Moderator).await.expect("an answer");
    store.set_role(administrators("set-role"), "anna", ServerRole::Moderator).await.expect("unchanged");
    store.suspend(administrators("suspend"), "anna", suspension(Some(NOW_MS + 7))).await.expect("an answer");
    store.lift_suspension(administrators("lift"), "anna").await.expect("an answer");
    let network = ban(&people, BanTarget::Network("2001:db8::/32".into()), None);
    let id = network.id;
    store.put_ban(administrators("ban"), network, 5).await.expect("an answer");
    store.lift_ban(administrators("unban"), id).await.expect("an answer");
    store.end_sessions_of(administrators("end"), "anna").await.expect("an answer");
    let noted = Noted { subject: "x".into(), before: "y".into(), after: "z".into() };
    assert_eq!(store.note(administrators("note"), noted.clone()).await.expect("an answer"), Acted::Done(()));
    store.delete_account(administrators("delete"), "anna").await.expect("an answer");
    // Neither of these has the role; and there is nobody of the name.
    let refused = store.note(act(anna, ServerRole::Moderator, "note"), noted.clone()).await;
    assert_eq!(refused.expect("an answer"), Acted::NotAllowed);
    let refused = store.note(act(people.stranger(), ServerRole::Member, "note"), noted).await;
    assert_eq!(refused.expect("an answer"), Acted::NotAllowed);
    store.suspend(administrators("suspend"), "nobody", suspension(None)).await.expect("an answer");

    let log = audit(&store).await;
    let told: Vec<[&str; 4]> = log
        .iter()
        .map(|entry| [entry.action.as_str(), entry.subject.as_str(), entry.before.as_str(), entry.after.as_str()])
        .collect();
    let until = format!("until {}: spam", crate::administration::moment(NOW_MS + 7));
    assert_eq!(
        told,
        [
            [CLAIM, "head", "", "super-administrator"],
            ["set-role", "anna", "member", "moderator"],
            ["suspend", "anna", "", &until],
            ["lift", "anna", &until, ""],
            ["ban", "network 2001:db8::/32", "", "without end: flood"],
            ["unban", "network 2001:db8::/32", "without end: flood", ""],
            ["end", "anna", "0", "0"],
            ["note", "x", "y", "z"],
            ["delete", "anna", "moderator", "deleted"],
        ]
    );
    let mut chain = AuditChain::default();
    for entry in &log {
        chain.follow(entry).expect("a whole chain");
    }
    assert!(log[1..].iter().all(|entry| entry.address == "192.0.2.1" && entry.at_ms == NOW_MS));
    assert!(log.iter().all(|entry| entry.actor == head.account && entry.actor_name == "head"));
    let page = store.audit_page(3, 2).await.expect("read");
    assert_eq!(page, log[3..5]);
}

/// As whoever looks at what was done last turns the pages.
pub async fn the_audit_log_is_read_backwards_page_by_page(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    for number in 2..=7 {
        let noted = Noted { subject: number.to_string(), ..Noted::default() };
        assert_eq!(store.note(by(head), noted).await.expect("an answer"), Acted::Done(()));
    }
    let back = async |before, most| store.newest_audit(before, most).await.expect("read");
    let mut all = audit(&store).await;
    all.reverse();
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = back(before, 3).await;
        before = page.last().map(|entry| entry.number);
        paged.extend(page);
        if before.is_none_or(|number| number == 1) {
            break;
        }
    }
    assert_eq!(paged, all);
    assert_eq!(back(Some(3), 9).await, all[5..]);
    assert_eq!(back(Some(1), 9).await, []);
    assert_eq!(back(Some(u64::MAX), 1).await, all[..1]);
}

/// A change counts until the next one or until it is taken back, and both are written down.
pub async fn a_changed_setting_is_kept_until_it_is_given_back(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let adam = of_role(&people, head, "adam", ServerRole::Administrator).await;
    let new = |name: &str, value: &str| NewOverride {
        name: name.into(),
        value: value.into(),
        configured: "configured".into(),
    };
    let put = async |actor: Member, name: &str, value: &str| {
        store.put_override(by(actor), new(name, value)).await.expect("an answer")
    };
    let dropped = async |name: &str| store.drop_override(by(head), name, "configured").await.expect("an answer");
    assert_eq!(store.overrides().await.expect("read"), []);
    assert_eq!(dropped("registration").await, Acted::NotThere);
    assert_eq!(put(head, "registration", "open").await, Acted::Done(()));
    assert_eq!(put(adam, "guesses", "7").await, Acted::Done(()));
    assert_eq!(put(adam, "registration", "open").await, Acted::Unchanged);
    assert_eq!(put(people.stranger(), "registration", "closed").await, Acted::NotAllowed);
    let set = |name: &str, value: &str, set_by: &str| Override {
        name: name.into(),
        value: value.into(),
        set_by: set_by.into(),
        since_ms: NOW_MS,
    };
    let both = [set("guesses", "7", "adam"), set("registration", "open", "head")];
    assert_eq!(store.overrides().await.expect("read"), both);
    assert_eq!(put(adam, "registration", "closed").await, Acted::Done(()));
    assert_eq!(dropped("guesses").await, Acted::Done(()));
    assert_eq!(store.overrides().await.expect("read"), [set("registration", "closed", "adam")]);
    let log = audit(&store).await;
    let told: Vec<[&str; 3]> = log
        .iter()
        .filter(|entry| entry.subject.starts_with("setting "))
        .map(|entry| [entry.subject.as_str(), entry.before.as_str(), entry.after.as_str()])
        .collect();
    assert_eq!(
        told,
        [
            ["setting registration", "configured", "open"],
            ["setting guesses", "configured", "7"],
            ["setting registration", "open", "closed"],
            ["setting guesses", "7", "configured"],
        ]
    );
}

/// Numbers and hashes follow each other, whoever acts at the same moment.
pub async fn many_acts_at_once_make_one_chain(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let all: Vec<_> = (0..12)
        .map(|number: usize| {
            let store = store.clone();
            let noted = Noted { subject: number.to_string(), ..Noted::default() };
            tokio::spawn(async move { store.note(by(head), noted).await.expect("an answer") })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.expect("a task"), Acted::Done(()));
    }
    let mut chain = AuditChain::default();
    for entry in audit(&store).await {
        chain.follow(&entry).expect("a whole chain");
    }
    assert_eq!(chain.number, 13);
}

/// Somebody who has just lost the role can't do what they were about to.
pub async fn an_act_looks_at_the_role_anew(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let moderator = of_role(&people, head, "mod", ServerRole::Moderator).await;
    let anna = named(&people, "anna").await;
    let (session, _) = begins(&people, anna, NOW_MS).await;
    store.set_role(by(head), "mod", ServerRole::Member).await.expect("an answer");
    let refused = store.suspend(by(moderator), "anna", suspension(None)).await;
    assert_eq!(refused.expect("an answer"), Acted::NotAllowed);
    assert!(store.session(session).await.expect("read").is_some());
    assert_eq!(store.bar_of(anna.account, NOW_MS).await.expect("read"), None);
}

/// Whoever is signed out, suspended or banned while a request of theirs comes in does nothing by it.
pub async fn an_act_looks_at_the_session_anew(store: SharedStore) {
    let people = People::new(store.clone());
    let head = head(&people).await;
    let moderator = of_role(&people, head, "mod", ServerRole::Moderator).await;
    named(&people, "anna").await;
    let (session, _) = begins(&people, moderator, NOW_MS).await;
    let (others, _) = begins(&people, head, NOW_MS).await;
    let suspends = async |session| {
        let act = Act { session, ..by(moderator) };
        store.suspend(act, "anna", suspension(None)).await.expect("an answer")
    };
    assert!(matches!(suspends(Some(session)).await, Acted::Done(_)));
    assert_eq!(suspends(Some(others)).await, Acted::NotAllowed);
    store.end_sessions_of(by(head), "mod").await.expect("an answer");
    assert_eq!(suspends(Some(session)).await, Acted::NotAllowed);
    let (session, _) = begins(&people, moderator, NOW_MS).await;
    assert!(matches!(suspends(Some(session)).await, Acted::Done(_)));
    store.suspend(by(head), "mod", suspension(Some(NOW_MS + 1))).await.expect("an answer");
    for session in [Some(session), None] {
        assert_eq!(suspends(session).await, Acted::NotAllowed);
    }
    store.lift_suspension(by(head), "mod").await.expect("an answer");
    assert!(matches!(suspends(None).await, Acted::Done(_)));
    store.put_ban(by(head), ban(&people, BanTarget::Name("mod".into()), None), 5).await.expect("an answer");
    assert_eq!(suspends(None).await, Acted::NotAllowed);
}

/// Nobody could lift it from them, and a server could have no other.
pub async fn who_is_barred_becomes_no_super_administrator_and_counts_as_none(store: SharedStore) {
    use ServerRole::{Administrator, SuperAdministrator};
    let people = People::new(store.clone());
    let head = head(&people).await;
    of_role(&people, head, "anna", Administrator).await;
    let at = |at_ms| Act { at_ms, ..by(head) };
    let raise = async |at_ms| store.set_role(at(at_ms), "anna", SuperAdministrator).await.expect("an answer");
    let banned = ban(&people, BanTarget::Name("anna".into()), None);
    let id = banned.id;
    assert!(matches!(store.put_ban(by(head), banned, 5).await, Ok(Acted::Done(_))));
    assert_eq!(raise(NOW_MS).await, Acted::Barred);
    assert!(matches!(store.lift_ban(by(head), id).await, Ok(Acted::Done(_))));
    let suspended = store.suspend(by(head), "anna", suspension(Some(NOW_MS + 1000))).await;
    assert!(matches!(suspended, Ok(Acted::Done(_))));
    assert_eq!(raise(NOW_MS + 999).await, Acted::Barred);
    assert_eq!(raise(NOW_MS + 1000).await, Acted::Done(()));
    // A clock that was set back: she is suspended once more, and cannot be the only one.
    let steps_down = async |at_ms| store.set_role(at(at_ms), "head", Administrator).await.expect("an answer");
    assert_eq!(steps_down(NOW_MS + 999).await, Acted::LastSuperAdministrator);
    assert_eq!(steps_down(NOW_MS + 1000).await, Acted::Done(()));
}
