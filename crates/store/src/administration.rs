//! What is done to others' accounts, and who may do it.
//!
//! Nobody acts on an account whose role is not below their own, and there is always a super-administrator once there was
//! one. That is looked at in the transaction of the act itself, which also writes it into the [audit log](crate::AuditLog):
//! of two who act on each other at once, one comes first. So is whether the actor's session is still there, for a request may
//! take long to come in.

use async_trait::async_trait;
use huis_proto::rest::{AdministeredAccount, ServerRole};
use huis_proto::{AccountId, SessionId};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{NewAccount, Noted, StoreResult};

/// What the audit log calls it when somebody becomes the super-administrator by the one-time code.
pub const CLAIM: &str = "super-administrator.claim";

/// Milliseconds of a day.
pub(crate) const DAY_MS: u64 = 24 * 3600 * 1000;

/// Who acts, and what the audit log says of it.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who.
    pub actor: AccountId,
    /// The session that it is asked in, which must be there still; none for what no request asks.
    pub session: Option<SessionId>,
    /// The role that it takes; looked at anew in the act's transaction.
    pub needs: ServerRole,
    /// The name of what is done.
    pub action: &'static str,
    /// The address that it is done from.
    pub address: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// What became of an act. Only what is done is in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted<T> {
    /// It is done.
    Done(T),
    /// It takes a role that the actor has not, or has no longer; or the session has ended, or the actor is barred.
    NotAllowed,
    /// There is nobody of this name, or there is no such thing.
    NotThere,
    /// The account's role, or that of who set the ban or suspension, is not below the actor's.
    Outranked(ServerRole),
    /// It would leave the server without a super-administrator who can sign in.
    LastSuperAdministrator,
    /// It would make a super-administrator of an account that is suspended or banned, which nobody could lift then.
    Barred,
    /// Everything is so already.
    Unchanged,
    /// There are as many as there may be.
    TooMany,
}

/// The sessions that an act ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The account.
    pub account: AccountId,
    /// Its sessions.
    pub sessions: Vec<SessionId>,
}

/// What keeps an account from being signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Whether it is a ban; otherwise it is a suspension of the account.
    pub is_ban: bool,
    /// Why.
    pub reason: String,
    /// Until when, in milliseconds since 1970; none if it has no end.
    pub ends_at_ms: Option<u64>,
}

/// A suspension to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSuspension {
    /// Why.
    pub reason: String,
    /// Until when, in milliseconds since 1970; none if it has no end.
    pub ends_at_ms: Option<u64>,
}

/// Which accounts are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsWanted {
    /// What their usernames begin with.
    pub search: String,
    /// Behind this username.
    pub after: Option<String>,
    /// All, or some of them.
    pub which: WhichAccounts,
    /// How many at most.
    pub most: usize,
    /// When, in milliseconds since 1970: suspensions end.
    pub now_ms: u64,
}

/// All accounts, or some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichAccounts {
    /// All of them.
    All,
    /// Those of this role, which is not that of members.
    OfRole(ServerRole),
    /// Those that are suspended.
    Suspended,
}

/// Administration of accounts.
#[async_trait]
pub trait Administration: Send + Sync {
    /// Accounts in the order of the bytes of their usernames, deleted ones among them.
    async fn accounts_page(&self, wanted: AccountsWanted) -> StoreResult<Vec<AdministeredAccount>>;

    /// An account by its username in its one form, also one that was deleted.
    async fn administered_account(&self, username: &str, now_ms: u64) -> StoreResult<Option<AdministeredAccount>>;

    /// What keeps the account from being signed in at this time.
    async fn bar_of(&self, account: AccountId, now_ms: u64) -> StoreResult<Option<Bar>>;

    /// Ends all sessions of an account.
    async fn end_sessions_of(&self, act: Act, username: &str) -> StoreResult<Acted<Ended>>;

    /// Suspends an account, in place of a suspension that there may be, and ends its sessions: none begins, and none of its
    /// key packages is handed out, until the suspension is lifted or has ended.
    async fn suspend(&self, act: Act, username: &str, new: NewSuspension) -> StoreResult<Acted<Ended>>;

    /// Lifts a suspension, unless who set it had a higher role.
    async fn lift_suspension(&self, act: Act, username: &str) -> StoreResult<Acted<()>>;

    /// Gives an account another role. Nobody gives a role that is not below their own, but for super-administrators, who
    /// give every one, but not that of super-administrators to an account that is barred; an account may lower its own.
    async fn set_role(&self, act: Act, username: &str, role: ServerRole) -> StoreResult<Acted<()>>;

    /// Deletes what an account signs in with, its vault, its state and the reports that it made, and takes all of its
    /// devices off. Its name, id, identity key and device lists stay, so that nobody takes its place and what it said is
    /// still checked.
    async fn delete_account(&self, act: Act, username: &str) -> StoreResult<Acted<Ended>>;
}

impl<T> Acted<T> {
    /// The same of something else, for what is not done.
    pub(crate) fn without_answer<U: Default>(self) -> Acted<U> {
        self.map(|_| U::default())
    }

    /// The same with another answer, where it is done.
    pub(crate) fn map<U>(self, answer: impl FnOnce(T) -> U) -> Acted<U> {
        match self {
            Self::Done(done) => Acted::Done(answer(done)),
            Self::NotAllowed => Acted::NotAllowed,
            Self::NotThere => Acted::NotThere,
            Self::Outranked(role) => Acted::Outranked(role),
            Self::LastSuperAdministrator => Acted::LastSuperAdministrator,
            Self::Barred => Acted::Barred,
            Self::Unchanged => Acted::Unchanged,
            Self::TooMany => Acted::TooMany,
        }
    }
}

impl AccountsWanted {
    /// The first username that may be on the page, and the first one behind all of them.
    pub(crate) fn bounds(&self) -> (String, String) {
        // No username holds either of these characters.
        let behind = format!("{}{}", self.search, char::MAX);
        let first = match &self.after {
            Some(after) if *after >= self.search => format!("{after}\u{1}"),
            _ => self.search.clone(),
        };
        (first, behind)
    }
}

/// The number of a day, from 1970 on.
pub(crate) fn day(ms: u64) -> u64 {
    ms / DAY_MS
}

/// The first millisecond of a day, if it is one.
pub(crate) fn seen_on_ms(day: u64) -> Option<u64> {
    (day > 0).then_some(day.saturating_mul(DAY_MS))
}

/// What the audit log says of a new super-administrator, who shows the one-time code and asks nobody.
pub(crate) fn claim(new: &NewAccount) -> (Act, Noted) {
    let act = Act {
        actor: new.account,
        session: None,
        needs: ServerRole::SuperAdministrator,
        action: CLAIM,
        address: String::new(),
        at_ms: new.created_at_ms,
    };
    let after = ServerRole::SuperAdministrator.to_string();
    (act, Noted { subject: new.username.clone(), before: String::new(), after })
}

/// How the audit log says when something ends: as RFC 3339 does, for people read it.
pub(crate) fn moment(ms: u64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| ms.to_string())
}

/// How the audit log says a suspension or ban.
pub(crate) fn said(reason: &str, ends_at_ms: Option<u64>) -> String {
    match ends_at_ms {
        Some(ends) => format!("until {}: {reason}", moment(ends)),
        None => format!("without end: {reason}"),
    }
}

/// An actor or the account acted on, as the transaction sees them.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    pub(crate) account: AccountId,
    pub(crate) username: String,
    pub(crate) role: ServerRole,
}

/// Whether one may act on the other.
pub(crate) fn may_act_on(actor: &Ranked, on: &Ranked) -> bool {
    on.role < actor.role
}

/// Whether one may give the other a role; the last super-administrator is another question.
pub(crate) fn may_give(actor: &Ranked, on: &Ranked, role: ServerRole) -> bool {
    if actor.account == on.account {
        return role < actor.role;
    }
    may_act_on(actor, on) && (role < actor.role || actor.role == ServerRole::SuperAdministrator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(search: &str, after: Option<&str>) -> AccountsWanted {
        AccountsWanted {
            search: search.into(),
            after: after.map(Into::into),
            which: WhichAccounts::All,
            most: 5,
            now_ms: 0,
        }
    }

    #[test]
    fn people_read_when_something_ends() {
        assert_eq!(said("spam", Some(1_796_383_636_109)), "until 2026-12-04T11:27:16.109Z: spam");
        assert_eq!(said("spam", None), "without end: spam");
        assert_eq!(moment(u64::MAX), u64::MAX.to_string(), "a time that no calendar has");
    }

    #[test]
    fn a_page_begins_behind_the_one_before_and_ends_with_what_is_searched_for() {
        let is_on = |wanted: &AccountsWanted, name: &str| {
            let (first, behind) = wanted.bounds();
            first.as_str() <= name && name < behind.as_str()
        };
        let all = wanted("", None);
        assert!(is_on(&all, "anna") && is_on(&all, "zoe"));
        let search = wanted("an", Some("anna"));
        assert!(is_on(&search, "anna-b") && is_on(&search, "anz"));
        assert!(!is_on(&search, "anna") && !is_on(&search, "an") && !is_on(&search, "ao"));
        // A place that is before what is searched for.
        assert!(is_on(&wanted("b", Some("a")), "b") && !is_on(&wanted("b", Some("a")), "aa"));
    }

    #[test]
    fn nobody_acts_on_an_equal_or_gives_what_is_not_below_their_own() {
        use ServerRole::{Administrator, Member, Moderator, SuperAdministrator};
        let ranked = |number: u8, role| Ranked {
            account: AccountId::from_bytes([number; 16]),
            username: format!("person-{number}"),
            role,
        };
        for actor in ServerRole::ALL {
            for on in ServerRole::ALL {
                let (actor, on) = (ranked(1, actor), ranked(2, on));
                assert_eq!(may_act_on(&actor, &on), on.role < actor.role);
                for role in ServerRole::ALL {
                    let gives = on.role < actor.role && (role < actor.role || actor.role == SuperAdministrator);
                    assert_eq!(may_give(&actor, &on, role), gives, "{actor:?} {on:?} {role}");
                }
            }
        }
        let own = |role, next| may_give(&ranked(1, role), &ranked(1, role), next);
        assert!(own(SuperAdministrator, Administrator) && own(Moderator, Member));
        assert!(!own(Administrator, SuperAdministrator) && !own(Moderator, Moderator));
    }
}
